"""Arrays in the order of their scores."""

from __future__ import annotations

import math
from typing import Any

from ._namespace import static_shape, stop_gradient
from ._operations import look_up
from ._visible import in_memory

# Up to so many knots, fewer than a byte counts, each is compared with all elements.
_FEW = 64


def can_sort(xp: Any) -> bool:
    """Tell whether a namespace has what sorting arrays together takes; Dask's has not."""
    return hasattr(xp, "take_along_axis")


def sort_by_score(xp: Any, axes: tuple[int, ...], scores: Any, *others: Any) -> list[Any]:
    """Return the scores in increasing order and the others beside them.

    The axes become one, the last.
    """
    arrays = [to_rows(xp, x, axes) for x in (scores, *others)]
    # Between equal scores no order matters, and one that need not be stable is found faster.
    order = xp.argsort(stop_gradient(arrays[0]), axis=-1, stable=False)
    return [xp.take_along_axis(x, order, axis=-1) for x in arrays]


def to_rows(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Make one last axis of the axes."""
    if len(axes) == len(x.shape) == 1:
        return x
    kept = tuple(i for i in range(len(x.shape)) if i not in axes)
    return xp.reshape(xp.permute_dims(x, kept + axes), (*(x.shape[i] for i in kept), -1))


def from_rows(xp: Any, rows: Any, axes: tuple[int, ...], like: Any) -> Any:
    """Give an array that `to_rows` made the axes of `like` back."""
    if len(axes) == len(like.shape) == 1:
        return rows
    shape = [-1 if length is None else length for length in static_shape(like)]
    order = [i for i in range(len(shape)) if i not in axes] + list(axes)
    x = xp.reshape(rows, tuple(shape[i] for i in order))
    return xp.permute_dims(x, tuple(order.index(i) for i in range(len(shape))))


def rank(xp: Any, knots: Any, x: Any) -> Any:
    """Return how many of the increasing knots are at most x, for each element of x in turn.

    As `searchsorted` with side="right", but all of x takes each step at once: there is no branch
    to mispredict, which for scores in any order costs NumPy six times as much.
    """
    flat = xp.reshape(x, (-1,))
    # NumPy and PyTorch turn the indices that they take into 64 bits; JAX may have 32 only.
    integer = xp.int64 if in_memory(flat) else xp.int32
    count = knots.shape[0]
    if count <= _FEW and in_memory(flat):
        found = xp.zeros_like(flat, dtype=xp.uint8)
        for i in range(count):
            found = found + xp.astype(flat >= knots[i], xp.uint8)
        return xp.astype(found, integer)
    step = 2 ** (count.bit_length() - 1)
    padded = xp.concat([knots, xp.full_like(knots, math.inf)])
    found = xp.zeros_like(flat, dtype=integer)
    while step:
        passed = look_up(padded, found + (step - 1)) <= flat
        found = found + xp.astype(passed, integer) * step
        step //= 2
    return found
