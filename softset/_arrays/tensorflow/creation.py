"""Arrays from numbers, lists, variables and other arrays."""

from __future__ import annotations

import math
from typing import Any

from .. import unwrap
from ..duals.dual import Dual
from .dtypes import (
    DEFAULTS,
    NUMBERS,
    WIDEST,
    Eager,
    Tensor,
    as_dtype,
    float32,
    int64,
    kind_of,
    raw,
    result_type,
    tf,
    uint32,
    uint64,
)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return numbers, nested lists, arrays or variables as a tensor, which needs no copies."""
    if isinstance(obj, Tensor) and not device:
        return obj if dtype is None or obj.dtype is dtype else cast(obj, dtype)
    if (type(obj) is float or type(obj) is int) and not device:
        dtype = as_dtype(dtype) if dtype else DEFAULTS[kind_of(obj)]
        if takes(dtype, obj):
            return tf.constant(obj or 0, dtype)
    x = _converted(obj, dtype)
    x = x if dtype is None else cast(x, dtype)
    if not device:
        return x
    with tf.device(device):
        return tf.identity(x)


def _converted(obj: Any, dtype: Any) -> Any:
    """Return anything as a tensor; a number or a list may become one of the dtype at once."""
    leaves = tf.nest.flatten(obj)
    if not all(isinstance(leaf, NUMBERS) for leaf in leaves):
        if any(isinstance(leaf, Dual) for leaf in leaves):
            raise TypeError("a dual number is no TensorFlow tensor; use its namespace's functions")
        return tf.convert_to_tensor(unwrap(obj))
    kind = max(map(kind_of, leaves), default=2)
    own = getattr(leaves[0], "dtype", None) if leaves else None  # NumPy's float64 is a float
    dtype = as_dtype(dtype or own or DEFAULTS[kind])
    wide = dtype if kind <= kind_of(dtype) else WIDEST[kind]
    # At once, not by way of float32, where 0.3 loses digits; and a zero in a list, because
    # TensorFlow's cache of scalars mixes up 0.0 and -0.0.
    x = tf.squeeze(tf.constant([obj], wide), 0) if leaves == [0] else tf.constant(obj, wide)
    return cast(x, dtype)


def takes(dtype: Any, number: float) -> bool:
    """Tell whether an operation on a dtype makes the right tensor of a number by itself.

    As a float, not as 0, a zero comes from a cache of scalars that mixes up 0.0 and -0.0.
    """
    if dtype.is_floating:
        return bool(number) or str(number) != "-0.0"
    return dtype.is_integer and type(number) is int


def cast(x: Any, dtype: Any) -> Any:
    """Return a tensor in a dtype."""
    if type(dtype) is not tf.DType:
        dtype = as_dtype(dtype)
    return x if x.dtype is dtype else raw.Cast(x=x, DstT=dtype)


def integers(values: Any) -> Any:
    """Return a list of lengths or axes as a tensor, which operations take faster than a list."""
    if isinstance(values, Tensor):
        return values
    try:
        return tf.constant(values, tf.int32)
    except (
        TypeError,
        ValueError,
    ):  # a shape of TensorFlow's, or a list that holds a length as a tensor
        return tf.convert_to_tensor(values, tf.int32)


def promote(*xs: Any) -> list[Any]:
    """Return arrays and numbers as tensors of their common dtype."""
    dtypes = {x.dtype if isinstance(x, Tensor) else None for x in xs}
    if len(dtypes) == 1 and None not in dtypes:
        return list(xs)
    dtype = result_type(*xs) if len(xs) > 1 else None
    return [asarray(x, dtype=dtype) for x in xs]


def pair(x1: Any, x2: Any) -> Any:
    """Return two arrays in their common dtype; beside an eager tensor a number stays a number.

    An operation makes a tensor of it in the right dtype by itself.
    """
    kind1, kind2 = type(x1), type(x2)
    if kind2 is float or kind2 is int:
        if kind1 is Eager and takes(x1.dtype, x2):
            return x1, x2 or 0
    elif kind1 is float or kind1 is int:
        if kind2 is Eager and takes(x2.dtype, x1):
            return x1 or 0, x2
    elif isinstance(x1, Tensor) and isinstance(x2, Tensor) and x1.dtype is x2.dtype:
        return x1, x2
    return promote(x1, x2)


def astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    """Return an array in another dtype."""
    return asarray(x, dtype=dtype, device=device)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array that holds one value everywhere."""
    shape = integers([shape] if isinstance(shape, int) else shape)
    return asarray(raw.Fill(dims=shape, value=asarray(fill_value, dtype=dtype)), device=device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of zeros."""
    return full(shape, 0.0, dtype=dtype, device=device)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of ones."""
    return full(shape, 1.0, dtype=dtype, device=device)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of any values, which are zeros."""
    return full(shape, 0.0, dtype=dtype, device=device)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of the shape of x that holds one value everywhere."""
    x = asarray(x)
    value = asarray(fill_value, dtype=dtype or x.dtype)
    if x.shape.is_fully_defined():
        return full(x.shape.as_list(), value, device=device)
    return full(raw.Shape(input=x), value, device=device)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of zeros of the shape of x."""
    return asarray(raw.ZerosLike(x=asarray(x)), dtype=dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of ones of the shape of x."""
    x = asarray(x)
    if x.dtype in (uint32, uint64):  # the optimizer of graphs takes a single one of these for 0
        return asarray(full_like(x, 1), dtype=dtype, device=device)
    return asarray(raw.OnesLike(x=x), dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Return an array of any values, which are zeros, of the shape of x."""
    return zeros_like(x, dtype=dtype, device=device)


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """Return a matrix with ones on its diagonal, or on the k-th one above it."""
    rows, columns = tf.range(n_rows), tf.range(n_rows if n_cols is None else n_cols)
    return asarray(columns - rows[:, None] == k, dtype=dtype or float32, device=device)


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Any:
    """Return start, start + step, ... without stop."""
    start, stop = (0, start) if stop is None else (start, stop)
    steps = tf.range(max(math.ceil((stop - start) / step), 0), dtype=int64)
    dtype = dtype or result_type(start, stop, step)
    return asarray(cast(steps, dtype) * step + start, device=device)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """Return num numbers from start to stop, which only `endpoint` includes."""
    step = (stop - start) / max(num - bool(endpoint), 1)
    values = [float(start + step * i) for i in range(num)]
    values = [*values[:-1], float(stop)] if endpoint and num > 1 else values
    return asarray(values, dtype=dtype, device=device)
