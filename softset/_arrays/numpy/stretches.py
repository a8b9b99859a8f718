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
_LONGEST = 2**8  # and so many where that saves time: with 32 sums, as of most processors, exactly
_LONG_ROW = 2**10  # from where on it does, and what is left over is little
_FEW = 6  # up to so many columns it is faster to multiply by zeros than to add short rows


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x over the axes."""
    return _summed(row_totals, _column_totals, axes, x)


def dot(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x * y, which have one shape, over the axes."""
    return _summed(row_dots, _column_dots, axes, x, y)


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


def row_totals(x: Any) -> Any:
    """Return the sums along the last axis."""
    length = _LONGEST if x.shape[-1] >= _LONG_ROW else _SHORT
    size, body = _cut(x, length, -1)
    ones = _ones(length, x.dtype)
    parts = np.vecdot(body, ones) if length == _LONGEST else body @ ones
    found = np.add.reduce(parts, axis=-1, dtype=np.float64)
    return found + np.add.reduce(x[..., size:], axis=-1, dtype=np.float64)


def row_dots(x: Any, y: Any) -> Any:
    """Return the sums of x * y along the last axis."""
    length = _LONGEST if x.shape[-1] >= _LONG_ROW else _LONG
    (size, x_body), (_, y_body) = _cut(x, length, -1), _cut(y, length, -1)
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
