"""Whether a function jumps, which no gradient shows, on the way from some scores to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

_POINTS = 100
_HALVINGS = 40
_PLACES = 6  # how many of the intervals that look most like it are halved


class Jump(NamedTuple):
    """A jump: by how much, and which score passes what."""

    size: float
    index: int
    score: float


def find_jump(fn: Callable[..., Any], arrays: Sequence[Any], argnum: int) -> Jump | None:
    """Return a jump of fn on the way from each score to the next one, or None.

    Halving an interval takes the change of a function to 0, but for one that jumps in it.
    """
    x = np.asarray(arrays[argnum], "float64")
    finite = np.isfinite(x)
    target = np.array(x)
    target[finite] = np.roll(x[finite], 1)

    def at(moved: Any) -> Any:
        return np.ravel(fn(*arrays[:argnum], moved, *arrays[argnum + 1 :]))

    def along(t: float) -> Any:
        return at((1 - t) * x + t * target)

    try:
        with np.errstate(all="ignore"):
            return _find(along, at, x, target)
    except Exception:  # whatever a user's function says to other scores
        return None


def _find(along: Callable[[float], Any], at: Callable[[Any], Any], x: Any, target: Any) -> Any:
    times = np.linspace(0, 1, _POINTS + 1)
    values = np.asarray([along(t) for t in times])
    usual = np.maximum(1, np.abs(values[0])) / x.size
    changes = np.diff(values, axis=0) / usual
    padded = np.pad(changes, ((1, 1), (0, 0)), mode="reflect")
    # What the neighbours change as well is a slope.
    odd = np.max(np.abs(changes - 0.5 * (padded[:-2] + padded[2:])), axis=1)
    odd = np.where(np.isfinite(odd), odd, 0)
    for i in np.argsort(-odd, kind="stable")[:_PLACES]:
        found = _halve(along, times[i : i + 2], values[i : i + 2], usual)
        # At the very scores that it starts with a logarithm of 0 looks like a jump.
        if found is not None and found[0] > 0 and found[1] < 1:
            start, end = ((1 - t) * x + t * target for t in found)
            return _of_one_score(at, start, end, usual)
    return None


def _halve(along: Callable[[float], Any], times: Any, values: Any, usual: Any) -> Any:
    """Return the two ends of a short interval in which there is a jump, or None."""
    (start, end), (low, high) = times, values
    for _ in range(_HALVINGS):
        if not np.max(np.abs(high - low) / usual) > 1e-3:  # NaN is no jump
            return None
        half = 0.5 * (start + end)
        middle = along(half)
        left, right = (np.max(np.abs(a) / usual) for a in (middle - low, high - middle))
        if left > right:
            end, high = half, middle
        else:
            start, low = half, middle
    return start, end


def _of_one_score(at: Callable[[Any], Any], start: Any, end: Any, usual: Any) -> Jump:
    """Return the jump by the score that makes most of it alone."""
    before = at(start)
    sizes = []
    for index in np.ndindex(start.shape):
        moved = start.copy()
        moved[index] = end[index]
        sizes.append(np.max(np.abs(at(moved) - before)))
    index = int(np.argmax(sizes))
    return Jump(float(sizes[index]), index, float(np.ravel(end)[index]))
