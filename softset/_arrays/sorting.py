"""Arrays in the order of their scores."""

from __future__ import annotations

import math
from typing import Any

from .library import Library

# Up to so many knots, fewer than a byte counts, each is compared with all elements.
_FEW = 64


def sort_by_score(lib: Library, axes: tuple[int, ...], scores: Any, *others: Any) -> list[Any]:
    """Return the scores in increasing order and the others beside them.

    The axes become one, the last.
    """
    return lib.in_order(*[to_rows(lib, x, axes) for x in (scores, *others)])


def to_rows(lib: Library, x: Any, axes: tuple[int, ...]) -> Any:
    """Make one last axis of the axes."""
    if len(axes) == len(x.shape) == 1:
        return x
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    xp = lib.xp
    return xp.reshape(xp.permute_dims(x, kept + axes), (*(x.shape[i] for i in kept), -1))


def from_rows(lib: Library, rows: Any, axes: tuple[int, ...], like: Any) -> Any:
    """Give an array that `to_rows` made the axes of `like` back."""
    if len(axes) == len(like.shape) == 1:
        return rows
    shape = [-1 if length is None else length for length in lib.shape(like)]
    order = [i for i in range(len(shape)) if i not in axes] + list(axes)
    xp = lib.xp
    x = xp.reshape(rows, tuple(shape[i] for i in order))
    return xp.permute_dims(x, tuple(order.index(i) for i in range(len(shape))))


def rank(lib: Library, knots: Any, x: Any) -> Any:
    """Return how many of the increasing knots are at most x, for each element of x in turn.

    As `searchsorted` with side="right", but all of x takes each step at once: there is no branch
    to mispredict, which for scores in any order costs NumPy six times as much.
    """
    xp = lib.xp
    flat = xp.reshape(x, (-1,))
    # NumPy and PyTorch turn the indices that they take into 64 bits; JAX may have 32 only.
    integer = xp.int64 if lib.free else xp.int32
    count = knots.shape[0]
    if count <= _FEW and lib.free:
        found = xp.zeros_like(flat, dtype=xp.uint8)
        for i in range(count):
            found = found + xp.astype(flat >= knots[i], xp.uint8)
        return xp.astype(found, integer)
    step = 2 ** (count.bit_length() - 1)
    padded = xp.concat([knots, xp.full_like(knots, math.inf)])
    found = xp.zeros_like(flat, dtype=integer)
    while step:
        passed = lib.look_up(padded, found + (step - 1)) <= flat
        found = found + xp.astype(passed, integer) * step
        step //= 2
    return found
