"""Sums of arrays in memory, piece by piece: what a processor's cache holds is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def added_up(
    function: Callable[[Any, Any], Any], size: int, x: Any, y: Any, axes: tuple[int, ...]
) -> tuple[Any, ...] | None:
    """Return the sums, over the last axis and others, of what a function sums of rows of pieces.

    It is called with pieces of both arrays, of so many elements or one row, and returns sums along
    the last axis, or None to stop.
    """
    length = x.shape[-1]
    x_rows, y_rows = x.reshape(-1, length), y.reshape(-1, length)
    many, some = len(x_rows), max(1, size // length)
    found = np.zeros((3, many))
    for i in range(0, many, some):
        for j in range(0, length, size):
            sums = function(x_rows[i : i + some, j : j + size], y_rows[i : i + some, j : j + size])
            if sums is None:
                return None
            for row, one in zip(found, sums, strict=True):
                row[i : i + some] += one
    if len(axes) == x.ndim:
        return tuple(found.sum(axis=1).tolist())
    found = found.reshape(3, *x.shape[:-1])
    return tuple(found.sum(axis=tuple([1 + i for i in axes[:-1]])) if len(axes) > 1 else found)
