"""Sums and products up to each element, and differences from one element to the next."""

from __future__ import annotations

from typing import Any

from .creation import cast
from .dtypes import int64, raw, tf
from .pairs import where
from .reductions import widened
from .shapes import axes_of, concat, moveaxis


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return the sums of the elements up to each one."""
    x, dtype = widened(x, dtype)
    return cast(raw.Cumsum(x=_started(x, axis, include_initial, 0), axis=axis or 0), dtype)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Return the products of the elements up to each one."""
    x, dtype = widened(x, dtype)
    x, place = _started(x, axis, include_initial, 1), axis or 0
    if x.dtype.is_integer:
        return cast(raw.Cumprod(x=x, axis=place), dtype)
    return cast(moveaxis(_products(moveaxis(x, place, -1)), -1, place), dtype)


def _products(x: Any) -> Any:
    """Multiply along the last axis; the slope of TensorFlow's own is nan where an element is 0."""
    length, found = x.shape.as_list()[-1], x
    for step in [2**i for i in range(31) if length is None or 2**i < length]:
        found = raw.Mul(x=found, y=_shifted(found, step, 1.0))
    # The values are those of one element after the other, also where that overflows.
    known = raw.Cumprod(x=raw.StopGradient(input=x), axis=-1)
    gap = raw.Sub(x=known, y=raw.StopGradient(input=found))
    near = where(raw.IsFinite(x=gap), raw.AddV2(x=found, y=gap), known)
    return where(raw.Equal(x=known, y=found), found, near)


def _shifted(x: Any, places: int, value: float) -> Any:
    """Return x moved up along its last axis, with a value where nothing moves to."""
    length = tf.shape(x)[-1]
    index = tf.range(length) - places
    moved = raw.GatherV2(params=x, indices=tf.maximum(index, 0), axis=x.shape.rank - 1)
    return where(index >= 0, moved, value)


def diff(
    x: Any,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: Any = None,
    append: Any = None,
) -> Any:
    """Return the differences from each element to the next, n times over."""
    parts = [part for part in (prepend, x, append) if part is not None]
    x = moveaxis(concat(parts, axis=axis), axis, -1)
    for _ in range(n):
        minus = raw.NotEqual if x.dtype.is_bool else raw.Sub
        x = minus(x=x[..., 1:], y=x[..., :-1])
    return moveaxis(x, -1, axis)


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
