"""Sums of many numbers in NumPy: of short stretches first, and of these in float64.

A stretch hardly rounds. Products of matrices sum it as fast as memory is read. What is left at the
end of an axis is summed in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

_SHORT = 2**5  # so many numbers can be added up one after another
_LONG = 2**7  # and so many by a dot product, which has four sums at least
_FEW = 6  # up to so many columns it is faster to multiply by zeros than to add short rows


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x over the axes."""
    return _summed(_row_totals, _column_totals, axes, x)


def dot(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x * y, which have one shape, over the axes."""
    return _summed(_row_dots, _column_dots, axes, x, y)


def _summed(
    of_rows: Callable[..., Any], of_columns: Callable[..., Any], axes: tuple[int, ...], *arrays: Any
) -> Any:
    """Sum over the axes: along rows where they are the last ones, down columns where the first."""
    shape = arrays[0].shape
    last = len(shape)
    while last - 1 in axes:
        last -= 1
    if last < len(shape):
        sums = of_rows(*(x.reshape(*shape[:last], -1) for x in arrays))
        others = tuple(axis for axis in axes if axis < last)
        return np.add.reduce(sums, axis=others) if others else sums
    if axes and axes == tuple(range(len(axes))):
        kept = shape[len(axes) :]
        rows = (math.prod(shape[: len(axes)]), math.prod(kept))
        return of_columns(*(x.reshape(rows) for x in arrays)).reshape(kept)
    return np.add.reduce(math.prod(arrays[1:], start=arrays[0]), axis=axes, dtype=np.float64)


def _row_totals(x: Any) -> Any:
    size, body = _cut(x, _SHORT, -1)
    found = np.add.reduce(body @ _ones(_SHORT, x.dtype), axis=-1, dtype=np.float64)
    return found + np.add.reduce(x[..., size:], axis=-1, dtype=np.float64)


def _row_dots(x: Any, y: Any) -> Any:
    (size, x_body), (_, y_body) = _cut(x, _LONG, -1), _cut(y, _LONG, -1)
    found = np.add.reduce(np.vecdot(x_body, y_body), axis=-1, dtype=np.float64)
    return found + np.vecdot(x[..., size:].astype(np.float64), y[..., size:])


def _column_totals(x: Any) -> Any:
    size, body = _cut(x, _SHORT, 0)
    columns = x.shape[1]
    if columns <= _FEW:
        parts = body.reshape(-1, _SHORT * columns) @ _every(columns, x.dtype)
    else:
        parts = _ones(_SHORT, x.dtype) @ body
    return np.add.reduce(parts, axis=0, dtype=np.float64) + np.add.reduce(
        x[size:], axis=0, dtype=np.float64
    )


def _column_dots(x: Any, y: Any) -> Any:
    if x.shape[1] <= _FEW:
        return _column_totals(x * y)
    (size, x_body), (_, y_body) = _cut(x, _SHORT, 0), _cut(y, _SHORT, 0)
    parts = np.einsum("...ij,...ij->...j", x_body, y_body)
    rest = np.einsum("ij,ij->j", x[size:].astype(np.float64), y[size:])
    return np.add.reduce(parts, axis=0, dtype=np.float64) + rest


def _cut(x: Any, length: int, axis: int) -> tuple[int, Any]:
    """Cut an axis into stretches, without a copy; return how much of it they make up."""
    size = x.shape[axis] - x.shape[axis] % length
    if axis == 0:
        return size, x[:size].reshape(size // length, length, *x.shape[1:])
    return size, x[..., :size].reshape(*x.shape[:-1], size // length, length)


@lru_cache
def _ones(length: int, dtype: Any) -> Any:
    return np.ones(length, dtype)


@lru_cache
def _every(columns: int, dtype: Any) -> Any:
    """Return what sums each column of stretches that are laid out as one row."""
    return np.tile(np.eye(columns, dtype=dtype), (_SHORT, 1))
