"""Sums of rows in NumPy: in float64, by products of short matrices that stay in the cache.

Rows are added up at few places by a product with ones at these places. What is multiplied by is
one array of zeros, in which ones are put for some rows and taken out again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_SIZE = 2**16  # the numbers of a short matrix: half a megabyte
_FEW = 40  # from so many places on it is faster to add each number up at its own
_MANY = 200  # and from so many on to sort the rows


def add_rows(x: Any, place: Any, size: int) -> Any:
    """Add the rows of (k, n, m) up at places of (k, n), as (k, size, m)."""
    found = np.zeros((x.shape[0], size, x.shape[2]), _wide(x))
    few = _FEW if found.dtype == np.float64 else _MANY + 1  # bincount takes no longdouble
    add = _multiplied if size < few else _counted if size <= _MANY else _sorted
    for table, rows, places in zip(found, x, place, strict=True):
        add(table, rows, places)
    return found


def outer_sums(x: Any, y: Any) -> Any:
    """Sum the outer products of the rows of (k, n, a) and (k, n, b), as (k, a, b)."""
    dtype = np.result_type(_wide(x), y.dtype)
    found = np.zeros((x.shape[0], x.shape[2], y.shape[2]), dtype)
    step = _rows_of(x.shape[2] + y.shape[2])
    for table, a, b in zip(found, x, y, strict=True):
        for i in range(0, len(a), step):
            table += a[i : i + step].astype(dtype).T @ b[i : i + step].astype(dtype)
    return found


def _multiplied(table: Any, rows: Any, places: Any) -> None:
    size, dtype = len(table), table.dtype
    step = min(_rows_of(size + rows.shape[1]), max(len(rows), 1))
    ones = np.zeros((step, size), dtype)
    flat, first = ones.reshape(-1), np.arange(step) * size
    for i in range(0, len(rows), step):
        some = rows[i : i + step].astype(dtype, copy=False)
        at = first[: len(some)] + places[i : i + step]
        flat[at] = 1
        table += ones[: len(some)].T @ some
        flat[at] = 0


def _counted(table: Any, rows: Any, places: Any) -> None:
    step, columns = _rows_of(rows.shape[1]), np.arange(rows.shape[1])
    for i in range(0, len(rows), step):
        at = (places[i : i + step] * len(columns))[:, None] + columns
        some = np.bincount(at.reshape(-1), rows[i : i + step].reshape(-1), table.size)
        table += some.reshape(table.shape)


def _sorted(table: Any, rows: Any, places: Any) -> None:
    step = _rows_of(rows.shape[1])
    for i in range(0, len(rows), step):
        some = places[i : i + step]
        order = np.argsort(some, kind="stable")
        some = some[order]
        starts = np.flatnonzero(np.concatenate(([True], some[1:] != some[:-1])))
        sums = np.add.reduceat(rows[i : i + step][order], starts, axis=0, dtype=table.dtype)
        table[some[starts]] += sums


def _wide(x: Any) -> Any:
    return np.result_type(x.dtype, np.float64)


def _rows_of(width: int) -> int:
    return max(1, _SIZE // width)
