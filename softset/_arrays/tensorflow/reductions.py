"""Sums, moments, extremes and truths along axes."""

from __future__ import annotations

import math
from typing import Any

from .creation import asarray, cast, integers
from .dtypes import (
    as_dtype,
    bfloat16,
    float16,
    float32,
    float64,
    floating,
    int64,
    raw,
    tf,
    uint64,
)
from .dtypes import (
    bool as boolean,
)
from .pairs import where
from .shapes import Axis


def reduced(x: Any, axis: Axis) -> Any:
    """Return the axes that a reduction goes over, as its operation takes them."""
    if isinstance(axis, int):
        return axis
    if axis is None:
        rank = x.shape.rank
        if rank == 1:
            return 0  # TensorFlow takes half as long
        axis = tf.range(tf.rank(x)) if rank is None else tuple(range(rank))
    return axis[0] if isinstance(axis, tuple) and len(axis) == 1 else integers(axis)


def widened(x: Any, dtype: Any) -> tuple[Any, Any]:
    """Return an array in what it is summed in, and the dtype of the sum.

    By default that is the standard's; half precision computes in float32 and is rounded once.
    """
    x = asarray(x)
    own = x.dtype
    if dtype is None:
        if own is float32 or own is float64:
            return x, own
        whole = own.is_integer or own.is_bool
        dtype = uint64 if own.is_unsigned else int64 if whole else own
    else:
        dtype = as_dtype(dtype)
    half = dtype is float16 or dtype is bfloat16
    return cast(x, float32 if half else dtype), dtype


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the sum; of integers and booleans in 64 bits."""
    x, dtype = widened(x, dtype)
    return cast(raw.Sum(input=x, axis=reduced(x, axis), keep_dims=keepdims), dtype)


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the product; of integers and booleans in 64 bits."""
    x, dtype = widened(x, dtype)
    return cast(raw.Prod(input=x, axis=reduced(x, axis), keep_dims=keepdims), dtype)


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the mean."""
    x, dtype = widened(floating(asarray(x)), None)
    return cast(raw.Mean(input=x, axis=reduced(x, axis), keep_dims=keepdims), dtype)


def _variance(x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    axes = reduced(x, axis)
    centred = raw.Sub(x=x, y=raw.Mean(input=x, axis=axes, keep_dims=True))
    squares = raw.Square(x=centred)
    if not correction:
        return raw.Mean(input=squares, axis=axes, keep_dims=keepdims)
    total = raw.Sum(input=squares, axis=axes, keep_dims=keepdims)
    count = tf.size(x, int64) // tf.maximum(tf.size(total, int64), 1)
    return total / tf.maximum(tf.cast(count, x.dtype) - correction, 0)


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Return the mean squared distance from the mean."""
    x, dtype = widened(floating(asarray(x)), None)
    return cast(_variance(x, axis, correction, keepdims), dtype)


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Return the root of the variance, with slope 0 where that is 0."""
    x, dtype = widened(floating(asarray(x)), None)
    v = _variance(x, axis, correction, keepdims)
    spread = raw.Greater(x=v, y=raw.ZerosLike(x=v))
    return cast(where(spread, raw.Sqrt(x=where(spread, v, 1.0)), v), dtype)


def _extreme(op: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Reduce by TensorFlow's own max or min, which drop NaN under XLA, and put NaN back."""
    x = asarray(x)
    axes = reduced(x, axis)
    found = op(input=x, axis=axes, keep_dims=keepdims)
    if x.dtype.is_integer:
        return found
    gap = raw.Any(input=raw.IsNan(x=x), axis=axes, keep_dims=keepdims)
    return where(gap, math.nan, found)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the largest element, or NaN if there is one."""
    return _extreme(raw.Max, x, axis, keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the smallest element, or NaN if there is one."""
    return _extreme(raw.Min, x, axis, keepdims)


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether an element is true, or not 0."""
    x = asarray(x, dtype=boolean)
    return raw.Any(input=x, axis=reduced(x, axis), keep_dims=keepdims)


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Tell whether every element is true, or not 0."""
    x = asarray(x, dtype=boolean)
    return raw.All(input=x, axis=reduced(x, axis), keep_dims=keepdims)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return how many elements are true, or not 0."""
    return sum(asarray(x, dtype=boolean), axis=axis, keepdims=keepdims)
