"""Orders along an axis: always stable, and with NaN last."""

from __future__ import annotations

from typing import Any

from .creation import promote
from .dtypes import float32, float64, int32, int64, tf
from .elementwise import isnan, where
from .shapes import moveaxis, take, take_along_axis


def _key(x: Any, gap: str = "max") -> Any:
    """Return integers in the order of x with NaN at one end: TensorFlow's sort misplaces it."""
    if x.dtype.is_integer:
        return x
    whole, real = (int64, float64) if x.dtype == float64 else (int32, float32)
    bits = tf.bitcast(tf.cast(x, real), whole)
    return where(isnan(x), int(getattr(whole, gap)), tf.where(bits < 0, whole.min - bits, bits))


def argsort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    """Return the indices that sort x along an axis, always stable and with NaN last."""
    x = moveaxis(x, axis, -1)
    key = _key(x, "min") if descending else tf.bitwise.invert(_key(x))
    return moveaxis(tf.cast(tf.math.top_k(key, tf.shape(key)[-1]).indices, int64), -1, axis)


def sort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    return take_along_axis(x, argsort(x, axis=axis, descending=descending), axis=axis)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Return where to insert x2 into the sorted x1; NaN counts as the largest number."""
    x1, x2 = promote(x1, x2)
    x1 = x1 if sorter is None else take(x1, sorter)
    found = tf.searchsorted(_key(x1), tf.reshape(_key(x2), [-1]), side, int64)
    return tf.reshape(found, tf.shape(x2))
