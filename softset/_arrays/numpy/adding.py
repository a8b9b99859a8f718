"""Sums of arrays in memory, piece by piece: what a processor's cache holds is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def added_up(
    function: Callable[..., Any], size: int, axes: tuple[int, ...], *arrays: Any
) -> tuple[Any, ...] | None:
    """Return the sums, over the last axis and others, of what a function sums of rows of pieces.

    It is called with pieces of all arrays, of so many elements or one row, and returns three sums
    along the last axis, or None to stop.
    """
    shape = arrays[0].shape
    length = shape[-1]
    rows = [x.reshape(-1, length) for x in arrays]
    many, some = len(rows[0]), max(1, size // length)
    found = np.zeros((3, many))
    for i in range(0, many, some):
        for j in range(0, length, size):
            sums = function(*[x[i : i + some, j : j + size] for x in rows])
            if sums is None:
                return None
            for row, one in zip(found, sums, strict=True):
                row[i : i + some] += one
    if len(axes) == len(shape):
        return tuple(found.sum(axis=1).tolist())
    found = found.reshape(3, *shape[:-1])
    return tuple(found.sum(axis=tuple([1 + i for i in axes[:-1]])) if len(axes) > 1 else found)
