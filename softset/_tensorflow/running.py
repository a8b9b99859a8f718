"""Sums and products up to each element, and differences from one element to the next."""

from __future__ import annotations

from typing import Any

from .creation import cast
from .dtypes import int64, raw, tf
from .reductions import widened
from .shapes import axes_of


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return the sums of the elements up to each one."""
    x, dtype = widened(x, dtype)
    return cast(raw.Cumsum(x=_started(x, axis, include_initial, 0), axis=axis or 0), dtype)


def _started(x: Any, axis: int | None, include_initial: bool, value: int) -> Any:
    """Return x in what XLA sums it in, with a first value if one is to be included."""
    rank = x.shape.rank
    if axis is None and rank != 1:
        raise ValueError("`axis` is needed unless the array has one dimension")
    if (x.dtype.is_integer and x.dtype.size < 8) or x.dtype.is_unsigned:
        x = cast(x, int64)  # the same, up to what wraps around
    if not include_initial:
        return x
    (place,) = axes_of(x, axis)
    return tf.pad(x, [[int(a == place), 0] for a in range(rank)], constant_values=value)
