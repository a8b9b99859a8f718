"""Arrays from numbers, lists, variables and other arrays."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from .. import unwrap
from ..duals.dual import Dual
from .dtypes import (
    DEFAULTS,
    NUMBERS,
    WIDEST,
    as_dtype,
    float32,
    float64,
    int64,
    kind_of,
    result_type,
    tf,
)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return numbers, nested lists, arrays or variables as a tensor, which needs no copies."""
    if isinstance(obj, tf.Tensor) and (dtype is None or obj.dtype == dtype) and not device:
        return obj
    if type(obj) is float and dtype in (float32, float64) and not device and str(obj) != "-0.0":
        # At once, since it is so common; 0 for 0.0, as the cache of scalars tells it from -0.0.
        return tf.constant(obj or 0, dtype)
    leaves = tf.nest.flatten(obj)
    if all(isinstance(leaf, NUMBERS) for leaf in leaves):
        kind = max(map(kind_of, leaves), default=2)
        own = getattr(leaves[0], "dtype", None) if leaves else None  # NumPy's float64 is a float
        dtype = as_dtype(dtype or own or DEFAULTS[kind])
        wide = dtype if kind <= kind_of(dtype) else WIDEST[kind]
        # At once, not by way of float32, where 0.3 loses digits; and a zero in a list, because
        # TensorFlow's cache of scalars mixes up 0.0 and -0.0.
        x = tf.squeeze(tf.constant([obj], wide), 0) if leaves == [0] else tf.constant(obj, wide)
    elif any(isinstance(leaf, Dual) for leaf in leaves):
        raise TypeError("a dual number is no TensorFlow tensor; use the functions of its namespace")
    else:
        x = tf.convert_to_tensor(unwrap(obj))
    x = x if dtype is None else tf.cast(x, dtype)
    if not device:
        return x
    with tf.device(device):
        return tf.identity(x)


def promote(*xs: Any) -> list[Any]:
    """Return arrays and numbers as tensors of their common dtype."""
    if all(isinstance(x, tf.Tensor) and x.dtype is xs[0].dtype for x in xs):
        return list(xs)
    dtype = result_type(*xs) if len(xs) > 1 else None
    return [asarray(x, dtype=dtype) for x in xs]


def astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    return asarray(x, dtype=dtype, device=device)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    shape = [shape] if isinstance(shape, int) else shape
    return asarray(tf.fill(shape, asarray(fill_value, dtype=dtype)), device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    x = asarray(x)
    shape = x.shape if x.shape.is_fully_defined() else tf.shape(x)
    return full(shape, fill_value, dtype=dtype or x.dtype, device=device)


def _like(op: Callable[..., Any], x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    return asarray(op(asarray(x), dtype), device=device)


zeros = functools.partial(full, fill_value=0.0)
ones = functools.partial(full, fill_value=1.0)
zeros_like = functools.partial(_like, tf.zeros_like)
ones_like = functools.partial(_like, tf.ones_like)


def arange(start: Any, /, stop: Any = None, step: Any = 1, **options: Any) -> Any:
    """Return start, start + step, ... without stop; the options are those of asarray."""
    start, stop = (0, start) if stop is None else (start, stop)
    steps = tf.range(max(math.ceil((stop - start) / step), 0), dtype=int64)
    dtype = options.pop("dtype", None) or result_type(start, stop, step)
    return asarray(tf.cast(steps, dtype) * step + start, **options)


def linspace(start: Any, stop: Any, /, num: int, *, endpoint: Any = True, **options: Any) -> Any:
    """Return num numbers from start to stop; the options are those of asarray."""
    step = (stop - start) / max(num - bool(endpoint), 1)
    values = [float(start + step * i) for i in range(num)]
    return asarray([*values[:-1], float(stop)] if endpoint and num > 1 else values, **options)
