"""Sums, moments, extremes and truths along axes, and sums up to each element."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from .creation import asarray
from .dtypes import as_dtype, bfloat16, float16, float32, floating, int64, kind_of, tf, uint64
from .elementwise import where
from .shapes import Axis, axes_of, flat

Reduction: TypeAlias = Callable[..., Any]


def _total(
    op: Reduction, x: Any, /, *, axis: Axis = None, dtype: Any = None, **options: Any
) -> Any:
    """Reduce in the standard's dtype; half precision computes in float32 and is rounded once."""
    x = asarray(x)
    default = uint64 if x.dtype.is_unsigned else int64 if kind_of(x.dtype) < 2 else x.dtype
    dtype = default if dtype is None else as_dtype(dtype)
    wide = float32 if dtype in (float16, bfloat16) else dtype
    if x.shape.rank == 1 and axis in (None, (0,)):
        axis = 0  # TensorFlow takes half as long
    return tf.cast(op(tf.cast(x, wide), axis, **options), dtype)


def _mean(x: Any, axis: Axis, keepdims: Any = False) -> Any:
    return tf.reduce_mean(floating(x), axis, keepdims)


def _var(x: Any, axis: Axis, keepdims: Any = False, correction: Any = 0.0) -> Any:
    squares = tf.reduce_sum(tf.square(x - _mean(x, axis, True)), axis, keepdims)
    count = tf.size(x, int64) // tf.maximum(tf.size(squares, int64), 1)
    return squares / tf.maximum(tf.cast(count, x.dtype) - correction, 0)


def _std(x: Any, axis: Axis, **options: Any) -> Any:
    """Return the root of the variance, with slope 0 where that is 0."""
    v = _var(x, axis, **options)
    return tf.where(v > 0, tf.sqrt(where(v > 0, v, 1.0)), v)


def _cumsum(x: Any, axis: int | None, include_initial: Any = False) -> Any:
    if axis is None and x.shape.rank != 1:
        raise ValueError("`axis` is needed unless the array has one dimension")
    padding = [[int(include_initial and a in axes_of(x, axis)), 0] for a in range(x.shape.rank)]
    return tf.cumsum(tf.pad(x, padding), axis or 0)


sum = functools.partial(_total, tf.reduce_sum)
prod = functools.partial(_total, tf.reduce_prod)
mean = functools.partial(_total, _mean)
var = functools.partial(_total, _var)
std = functools.partial(_total, _std)
cumulative_sum = functools.partial(_total, _cumsum)


def _extreme(op: Reduction, x: Any, /, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Reduce by TensorFlow's own max or min, which drop NaN under XLA, and put NaN back."""
    x = asarray(x)
    gap = tf.reduce_any(x != x, axis, keepdims)
    return tf.where(gap, tf.cast(math.nan, x.dtype), op(x, axis, keepdims))


max = functools.partial(_extreme, tf.reduce_max)
min = functools.partial(_extreme, tf.reduce_min)


def _position(op: Reduction, x: Any, /, *, axis: int | None = None, keepdims: Any = False) -> Any:
    x = asarray(x)
    found = op(flat(x, axis), axis or 0)
    return tf.reshape(found, tf.shape(tf.reduce_max(x, axis, True))) if keepdims else found


argmax = functools.partial(_position, tf.argmax)
argmin = functools.partial(_position, tf.argmin)


def _truth(op: Reduction, x: Any, /, *, axis: Axis = None, keepdims: Any = False) -> Any:
    return op(tf.cast(asarray(x), tf.bool), axis=axis, keepdims=keepdims)


any = functools.partial(_truth, tf.reduce_any)
all = functools.partial(_truth, tf.reduce_all)
count_nonzero = functools.partial(_truth, sum)
