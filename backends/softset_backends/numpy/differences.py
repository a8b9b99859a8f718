"""Central differences, which know nothing of how a function was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def central_differences(
    fn: Callable[..., Any], *, argnum: int = 1, step: float = 1e-5
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient by central differences.

    Parameters
    ----------
    fn : callable
        A function of NumPy arrays to a number or an array.
    argnum : int, default 1
        Which of the arrays the slopes are of, counted from 0.
    step : float, default 1e-5
        How far a number is moved. 1e-5 is the best step in float64: 1e-10 relative on losses of
        order 1.

    Returns
    -------
    callable
        It takes what fn takes and returns fn's value and its slopes, in float64, of the shape of
        the value followed by that of the array. Within a step of 0 or 1 two steps are taken
        inwards: fn may have no value beyond. At a kink, where the differences on two sides
        disagree, the slope is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends.numpy import central_differences
    >>> y_true, y_prob = np.asarray([1, 0, 1]), np.asarray([0.9, 0.6, 0.4])
    >>> value, gradient = central_differences(ss.as_loss(ss.f1))(y_true, y_prob)
    >>> print(gradient.round(4))
    [-0.2728  0.203  -0.4092]
    """
    both = slopes_of_sides(fn, argnum=argnum, step=step)

    def call(*arrays: Any) -> tuple[Any, Any]:
        value, low, high = both(*arrays)
        return value, np.where(low == high, low, np.nan)

    return call


def slopes_of_sides(
    fn: Callable[..., Any], *, argnum: int = 1, step: float = 1e-5
) -> Callable[..., tuple[Any, Any, Any]]:
    """Return a function that gives fn's value and its least and its largest slope by each number.

    They are the same, those of `central_differences`, but for kinks, where every number between
    the slopes of the two sides is a right one.

    Parameters
    ----------
    fn : callable
        A function of NumPy arrays to a number or an array.
    argnum : int, default 1
        Which of the arrays the slopes are of, counted from 0.
    step : float, default 1e-5
        How far a number is moved, as for `central_differences`.

    Returns
    -------
    callable
        It takes what fn takes and returns fn's value, the least and the largest slopes, in float64
        and of the shape of the value followed by that of the array. They are -inf and inf where
        the step is too coarse to tell.

    Examples
    --------
    >>> import numpy as np
    >>> from softset_backends.numpy import slopes_of_sides
    >>> both = slopes_of_sides(lambda x: abs(x).sum(), argnum=0)
    >>> value, low, high = both(np.asarray([-3.0, 0.0]))
    >>> print(low.round(4), high.round(4))
    [-1. -1.] [-1.  1.]
    """

    def call(*arrays: Any) -> tuple[Any, Any, Any]:
        x = np.array(arrays[argnum], dtype=np.float64)
        value = np.asarray(fn(*arrays))
        low, high = (np.zeros(value.shape + x.shape) for _ in range(2))
        usual = np.maximum(1, np.abs(value)) / x.size
        for index in np.ndindex(x.shape):

            def difference(move: float, index: Any = index) -> Any:
                moved = x.copy()
                moved[index] += move
                found = fn(*arrays[:argnum], moved, *arrays[argnum + 1 :])
                return (np.asarray(found) - value) / move

            at = (..., *index)
            low[at], high[at] = _sides(difference, float(x[index]), step, usual)
        return value, low, high

    return call


def _sides(difference: Callable[[float], Any], x: float, step: float, usual: Any) -> Any:
    """Return the slopes of the two sides to second order, equal where there is no kink."""
    if 0 <= x < step:
        return _at_end(difference, x, step, usual)
    if 1 - step < x <= 1:
        return _at_end(difference, x - 1, -step, usual)
    near = difference(step), difference(-step)
    slope, kink = _known(0.5 * (near[0] + near[1])), _is_kink(near, usual)
    if not np.any(kink):
        return slope, slope
    far = difference(2 * step), difference(-2 * step)
    sides = [2 * d - e for d, e in zip(near, far, strict=True)]
    coarse = [_is_kink(pair, usual) for pair in zip(near, far, strict=True)]
    return _between(slope, kink, sides, np.any(coarse, axis=0))


def _at_end(difference: Callable[[float], Any], x: float, step: float, usual: Any) -> Any:
    """Return the slopes at a distance x from an end of the range; `step` goes inwards."""
    # What has no value beyond an end, or another curve, has the slope of what is inside.
    near, far = difference(step), difference(2 * step)
    slope, beyond = _known(2 * near - far), _beyond(difference, -step)
    sides = [slope] if beyond is None else [slope, beyond]
    inside = [near, far, difference(0.5 * abs(x) * np.sign(step))] if x else [near, far]
    coarse = _is_kink(inside, usual)
    return _between(slope, _is_kink([near, *sides[1:]], usual) | coarse, sides, coarse)


def _is_kink(sides: Sequence[Any], usual: Any) -> Any:
    """Tell whether differences are further apart than a curve makes them."""
    low, high = np.min(sides, axis=0), np.max(sides, axis=0)
    return high - low > 1e-2 * np.maximum(-low, high) + 1e-3 * usual


def _between(slope: Any, kink: Any, sides: Sequence[Any], coarse: Any) -> Any:
    """Return the least and the largest slope, which may be any where the steps are too coarse.

    They are where differences of one side are far apart: close to a knot, or at a logarithm of 0.
    """
    low = np.where(coarse, -np.inf, np.min(sides, axis=0))
    high = np.where(coarse, np.inf, np.max(sides, axis=0))
    return np.where(kink, low, slope), np.where(kink, high, slope)


def _known(slope: Any) -> Any:
    """Return infinity for a slope that is NaN, which is no kink: it has to be seen."""
    return np.where(np.isnan(slope), np.inf, slope)


def _beyond(difference: Callable[[float], Any], move: float) -> Any:
    """Return a difference beyond an end, or None if there is nothing."""
    try:
        with np.errstate(all="ignore"):
            found = difference(move)
    except Exception:  # whatever a user's function says to it
        return None
    return found if np.all(np.isfinite(found)) else None
