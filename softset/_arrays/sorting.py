"""Arrays in the order of their scores."""

from __future__ import annotations

import math
from typing import Any

from .library import Library


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
    # Of rows whose number only running tells, TensorFlow's, the length is known.
    hidden = [i for i in kept if x.shape[i] is None]
    length = math.prod([x.shape[i] for i in axes]) if hidden else -1
    lengths = [-1 if i in hidden else x.shape[i] for i in kept]
    return xp.reshape(xp.permute_dims(x, kept + axes), (*lengths, length))


def from_rows(lib: Library, rows: Any, axes: tuple[int, ...], like: Any) -> Any:
    """Give an array that `to_rows` made the axes of `like` back."""
    if len(axes) == len(like.shape) == 1:
        return rows
    shape = [-1 if length is None else length for length in lib.shape(like)]
    order = [i for i in range(len(shape)) if i not in axes] + list(axes)
    xp = lib.xp
    x = xp.reshape(rows, tuple(shape[i] for i in order))
    return xp.permute_dims(x, tuple(order.index(i) for i in range(len(shape))))
