"""Shares that change while a model is trained."""

from __future__ import annotations

from typing import Any

from ._arrays import arrive
from ._options import finite
from ._types import Array


def linear_schedule(count: float | Array, start: float, stop: float) -> Any:
    """Return a share that is 0 up to a number of steps, 1 from another on, and a line between.

    It is meant for the weights of a `compound_loss`: cross-entropy first, then the metric.

    Parameters
    ----------
    count : number or array
        How many updates or epochs are done. Traced arrays do not compile again.
    start, stop : float
        Where the share leaves 0, and where it reaches 1; not less than `start`. If they are equal
        it is a switch: 1 from `stop` on.

    Returns
    -------
    float or array
        ``(count - start) / (stop - start)`` within [0, 1]: a float of a number; of an array its
        shape, in its dtype, or float32 of an integer dtype. Not differentiable.

    Raises
    ------
    ValueError
        If `start` or `stop` is not finite, or `stop` less than `start`.

    Examples
    --------
    >>> import softset as ss
    >>> [ss.linear_schedule(epoch, 2, 6) for epoch in range(8)]
    [0.0, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    finite("start", start)
    finite("stop", stop)
    if stop < start:
        raise ValueError(f"`stop` must not be less than `start`, got {stop} and {start}")
    length = (stop - start) or 1.0
    if isinstance(count, (int, float)):
        finite("count", count)
        return 1.0 if count >= stop else max(0.0, (count - start) / length)
    lib, (done,) = arrive(("count",), (count,))
    done = lib.constant(done if lib.is_real(done.dtype) else lib.cast(done, lib.xp.float32))
    share = lib.where(done < start, 0.0, (done - start) / length)
    return lib.where(done >= stop, 1.0, share)
