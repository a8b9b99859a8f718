"""Central differences, which know nothing of how a function was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def central_differences(
    fn: Callable[..., Any], *, argnum: int = 1, step: float = 1e-5
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient by central differences.

    The step of 1e-5 is the best one in float64: 1e-10 relative on losses of order 1. Within a step
    of 0 or 1 two steps are taken inwards: fn may have no value beyond. At a kink, where the
    differences on two sides disagree, the slope is NaN.
    """

    def call(*arrays: Any) -> tuple[Any, Any]:
        x = np.array(arrays[argnum], dtype=np.float64)
        value = np.asarray(fn(*arrays))
        gradient = np.zeros(value.shape + x.shape)
        usual = np.maximum(1, np.abs(value)) / x.size
        for index in np.ndindex(x.shape):

            def difference(move: float, index: Any = index) -> Any:
                moved = x.copy()
                moved[index] += move
                found = fn(*arrays[:argnum], moved, *arrays[argnum + 1 :])
                return (np.asarray(found) - value) / move

            end = float(0 <= x[index] < step) - float(1 - step < x[index] <= 1)
            gradient[(..., *index)] = _limit(difference, step, end * step, usual)
        return value, gradient

    return call


def _limit(difference: Callable[[float], Any], step: float, inwards: float, usual: Any) -> Any:
    """Return the slope to second order; `inwards` is a step away from an end, 0 elsewhere."""
    if not inwards:
        sides = difference(step), difference(-step)
        return _unless_kink(0.5 * (sides[0] + sides[1]), sides, usual)
    # What has no value beyond an end, or another curve, has the slope of what is inside.
    near, far = difference(inwards), difference(2 * inwards)
    return _unless_kink(2 * near - far, (near, far, _beyond(difference, -inwards)), usual)


def _unless_kink(slope: Any, sides: Sequence[Any], usual: Any) -> Any:
    """Return NaN for a slope if some differences are further apart than a curve makes them."""
    known = [x for x in sides if x is not None]
    low, high = np.min(known, axis=0), np.max(known, axis=0)
    kink = high - low > 1e-2 * np.maximum(-low, high) + 1e-3 * usual
    # A slope that is NaN is no kink: it has to be seen.
    return np.where(np.isnan(slope), np.inf, np.where(kink, np.nan, slope))


def _beyond(difference: Callable[[float], Any], move: float) -> Any:
    """Return a difference beyond an end, or None if there is nothing."""
    try:
        with np.errstate(all="ignore"):
            found = difference(move)
    except Exception:  # whatever a user's function says to it
        return None
    return found if np.all(np.isfinite(found)) else None
