"""The array-API functions that softset uses, on TensorFlow operations: the module is a namespace.

They hold eagerly, in tf.function with unknown lengths and under XLA, and patch nothing. A function
without a docstring does what https://data-apis.org/array-api/2024.12 says. A Python number takes
the dtype of the array beside it; alone it becomes float32 or int64.
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import tensorflow as _tf

tf: Any = _tf  # its stubs lack most operations
Axis: TypeAlias = "int | tuple[int, ...] | None"
Function: TypeAlias = "Callable[..., Any]"

__array_api_version__ = "2024.12"
bool, complex64, complex128 = tf.bool, tf.complex64, tf.complex128
int8, int16, int32, int64 = tf.int8, tf.int16, tf.int32, tf.int64
uint8, uint16, uint32, uint64 = tf.uint8, tf.uint16, tf.uint32, tf.uint64
float16, bfloat16, float32, float64 = tf.float16, tf.bfloat16, tf.float32, tf.float64
e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi

_NUMBERS = (builtins.bool, int, float, complex)
_DEFAULTS, _WIDEST = (bool, int64, float32, complex64), (bool, int64, float64, complex128)
# The bits of the mantissa, and the exponent of the first power of two that is too large.
_DIGITS = {float16: (10, 16), bfloat16: (7, 128), float32: (23, 128), float64: (52, 1024)}
_KINDS = {"bool": "b", "signed integer": "i", "unsigned integer": "u", "integral": "iu"}
_KINDS |= {"real floating": "f", "complex floating": "c", "numeric": "iufc"}

# A table from here on, which the formatter would make half as long again.
# fmt: off

def __getattr__(name: str) -> Any:
    only = "softset's TensorFlow namespace has only the functions listed in _tensorflow.py"
    raise AttributeError(f"{only}, and {name!r} is not one of them")

def _dtype(x: Any) -> Any: return tf.as_dtype(x if isinstance(x, type) else getattr(x, "dtype", x))
def _kind(x: Any) -> int:
    """Return 0, 1, 2 or 3 for a boolean, integer, real or complex dtype or number."""
    if isinstance(x, _NUMBERS):
        return next(i for i, kind in enumerate(_NUMBERS) if isinstance(x, kind))
    return 0 if x.is_bool else 1 if x.is_integer else 2 if x.is_floating else 3

def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, k) for k in kind)
    letter = "u" if _dtype(dtype).is_unsigned else "bifc"[_kind(_dtype(dtype))]
    return letter in _KINDS[kind] if kind in _KINDS else _dtype(dtype) == _dtype(kind)
def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Tell whether every value of a dtype, or of an array's, fits the dtype `to`."""
    a, b = _dtype(from_), _dtype(to)
    if a.is_integer and b.is_integer:
        return b.min <= a.min and a.max <= b.max
    if not {_kind(a), _kind(b)} <= {2, 3}:
        return a == b
    few, many = _DIGITS[a.real_dtype], _DIGITS[b.real_dtype]
    return _kind(a) <= _kind(b) and few[0] <= many[0] and few[1] <= many[1]

def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the narrowest dtype that holds them all; different kinds have none."""
    numbers = [_kind(x) for x in arrays_and_dtypes if isinstance(x, _NUMBERS)]
    dtypes = [_dtype(x) for x in arrays_and_dtypes if not isinstance(x, _NUMBERS)]
    wider = (int16, int32, int64, float32, complex64, complex128)
    for dtype in (*dtypes, *wider) if dtypes else _DEFAULTS:
        fits = (n <= _kind(dtype) and (n == 0) == dtype.is_bool for n in numbers)
        if builtins.all(d == dtype or can_cast(d, dtype) for d in dtypes) and builtins.all(fits):
            return dtype
    names = [d.name for d in dtypes] + [_NUMBERS[n].__name__ for n in numbers]
    raise TypeError(f"{' and '.join(names)} have no common dtype; convert one with astype")

def finfo(type: Any, /) -> SimpleNamespace:
    dtype = _dtype(type).real_dtype
    eps, top = 2.0 ** -_DIGITS[dtype][0], 2.0 ** (_DIGITS[dtype][1] - 1)
    limits = {"eps": eps, "max": (2 - eps) * top, "min": (eps - 2) * top}
    return SimpleNamespace(bits=8 * dtype.size, dtype=dtype, smallest_normal=2 / top, **limits)
def iinfo(type: Any, /) -> SimpleNamespace:
    dtype = _dtype(type)
    return SimpleNamespace(bits=8 * dtype.size, dtype=dtype, max=int(dtype.max), min=int(dtype.min))

def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """Return numbers, nested lists, arrays or variables as a tensor, which needs no copies."""
    if isinstance(obj, tf.Tensor) and (dtype is None or obj.dtype == dtype) and not device:
        return obj
    leaves = tf.nest.flatten(obj)
    if builtins.all(isinstance(leaf, _NUMBERS) for leaf in leaves):
        kind = builtins.max(map(_kind, leaves), default=2)
        own = getattr(leaves[0], "dtype", None) if leaves else None  # NumPy's float64 is a float
        dtype = _dtype(dtype or own or _DEFAULTS[kind])
        wide = dtype if kind <= _kind(dtype) else _WIDEST[kind]
        # At once, not by way of float32, where 0.3 loses digits; and a zero in a list, because
        # TensorFlow's cache of scalars mixes up 0.0 and -0.0.
        x = tf.squeeze(tf.constant([obj], wide), 0) if leaves == [0] else tf.constant(obj, wide)
    else:
        value = getattr(obj, "value", None)  # a Keras variable holds its TensorFlow variable there
        x = tf.convert_to_tensor(obj if value is None or callable(value) else value)
    x = x if dtype is None else tf.cast(x, dtype)
    if not device:
        return x
    with tf.device(device):
        return tf.identity(x)

def astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    return asarray(x, dtype=dtype, device=device)
def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    shape = [shape] if isinstance(shape, int) else shape
    return asarray(tf.fill(shape, asarray(fill_value, dtype=dtype)), device=device)
def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    x = asarray(x)
    return full(tf.shape(x), fill_value, dtype=dtype or x.dtype, device=device)
zeros, ones = (functools.partial(full, fill_value=value) for value in (0.0, 1.0))
def _like(op: Function, x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    return asarray(op(asarray(x), dtype), device=device)
zeros_like, ones_like = (functools.partial(_like, op) for op in (tf.zeros_like, tf.ones_like))
def arange(start: Any, /, stop: Any = None, step: Any = 1, **options: Any) -> Any:
    """Return start, start + step, ... without stop; the options are those of asarray."""
    start, stop = (0, start) if stop is None else (start, stop)
    steps = tf.range(builtins.max(math.ceil((stop - start) / step), 0), dtype=int64)
    dtype = options.pop("dtype", None) or result_type(start, stop, step)
    return asarray(tf.cast(steps, dtype) * step + start, **options)
def linspace(start: Any, stop: Any, /, num: int, *, endpoint: Any = True, **options: Any) -> Any:
    """Return num numbers from start to stop; the options are those of asarray."""
    step = (stop - start) / builtins.max(num - builtins.bool(endpoint), 1)
    values = [float(start + step * i) for i in range(num)]
    return asarray([*values[:-1], float(stop)] if endpoint and num > 1 else values, **options)
def _promote(*xs: Any) -> list[Any]:
    dtype = result_type(*xs) if len(xs) > 1 else None
    return [asarray(x, dtype=dtype) for x in xs]
def _lift(op: Function) -> Function:
    """Let an operation accept whatever asarray does, in the common dtype."""
    return lambda *xs: op(*_promote(*xs))
def _inexact(op: Function, otherwise: Function) -> Function:
    return lambda x: op(asarray(x)) if _kind(asarray(x).dtype) > 1 else otherwise(asarray(x))
def _floating(x: Any) -> Any:
    if _kind(x.dtype) < 2:
        raise TypeError(f"a floating-point array is needed, got {x.dtype.name}; use astype")
    return x

positive, stop_gradient = _lift(lambda x: x), _lift(tf.stop_gradient)
abs = _lift(lambda x: x if x.dtype.is_unsigned else tf.abs(x))
negative, square, sqrt, sign = map(_lift, (tf.negative, tf.square, tf.sqrt, tf.sign))
exp, expm1, log, log1p = map(_lift, (tf.exp, tf.math.expm1, tf.math.log, tf.math.log1p))
log2, log10 = (_lift(lambda x, b=b: tf.math.log(x) / math.log(b)) for b in (2, 10))
sin, cos, tan, atan = map(_lift, (tf.sin, tf.cos, tf.tan, tf.atan))
sinh, cosh, tanh = map(_lift, (tf.sinh, tf.cosh, tf.tanh))
floor, ceil, round = (_inexact(op, positive) for op in (tf.floor, tf.math.ceil, tf.round))
trunc = _inexact(lambda x: tf.where(x < 0, tf.math.ceil(x), tf.floor(x)), positive)
isnan, isinf = (_inexact(op, lambda x: x != x) for op in (tf.math.is_nan, tf.math.is_inf))
isfinite = _inexact(tf.math.is_finite, lambda x: x == x)

add, subtract, multiply, pow = map(_lift, (tf.add, tf.subtract, tf.multiply, tf.pow))
divide = _lift(lambda x1, x2: _floating(x1) / x2)
reciprocal = _lift(lambda x: 1 / _floating(x))  # tf.math.reciprocal is less exact
equal, not_equal, less = map(_lift, (tf.equal, tf.not_equal, tf.less))
less_equal, greater, greater_equal = map(_lift, (tf.less_equal, tf.greater, tf.greater_equal))
logical_and, logical_or = _lift(tf.logical_and), _lift(tf.logical_or)
logical_not, logical_xor = _lift(tf.logical_not), _lift(tf.math.logical_xor)
# TensorFlow's own minimum, maximum, max and min drop NaN under XLA.
minimum = _lift(lambda x1, x2: tf.where((x1 <= x2) | (x1 != x1), x1, x2))
maximum = _lift(lambda x1, x2: tf.where((x1 >= x2) | (x1 != x1), x1, x2))

def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    return tf.where(asarray(condition), *_promote(x1, x2))
def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Return x held between min and max; at a bound the slope is 1."""
    x = asarray(x) if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)
def logaddexp(x1: Any, x2: Any, /) -> Any:
    """Return log(exp(x1) + exp(x2)), with the slope 1/2 at ties."""
    x1, x2 = _promote(x1, x2)
    high, low = tf.where(x1 > x2, x1, x2), tf.where(x1 > x2, x2, x1)
    # Two equal infinities have no difference.
    return high + tf.nn.softplus(where(tf.math.is_inf(high) & (high == low), 0.0, low - high))

def _total(op: Function, x: Any, /, *, axis: Axis = None, dtype: Any = None, **options: Any) -> Any:
    """Reduce in the standard's dtype; half precision computes in float32 and is rounded once."""
    x = asarray(x)
    default = uint64 if x.dtype.is_unsigned else int64 if _kind(x.dtype) < 2 else x.dtype
    dtype = default if dtype is None else _dtype(dtype)
    wide = float32 if dtype in (float16, bfloat16) else dtype
    return tf.cast(op(tf.cast(x, wide), axis, **options), dtype)
def _mean(x: Any, axis: Axis, keepdims: Any = False) -> Any:
    return tf.reduce_mean(_floating(x), axis, keepdims)
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
    padding = [[int(include_initial and a in _axes(x, axis)), 0] for a in range(x.shape.rank)]
    return tf.cumsum(tf.pad(x, padding), axis or 0)

def _extreme(op: Function, x: Any, /, *, axis: Axis = None, keepdims: Any = False) -> Any:
    x = asarray(x)
    gap = tf.reduce_any(x != x, axis, keepdims)
    return tf.where(gap, tf.cast(nan, x.dtype), op(x, axis, keepdims))
def _position(op: Function, x: Any, /, *, axis: int | None = None, keepdims: Any = False) -> Any:
    x = asarray(x)
    found = op(_flat(x, axis), axis or 0)
    return tf.reshape(found, tf.shape(tf.reduce_max(x, axis, True))) if keepdims else found
def _truth(op: Function, x: Any, /, *, axis: Axis = None, keepdims: Any = False) -> Any:
    return op(tf.cast(asarray(x), bool), axis=axis, keepdims=keepdims)
sum, prod, mean = (functools.partial(_total, op) for op in (tf.reduce_sum, tf.reduce_prod, _mean))
var, std, cumulative_sum = (functools.partial(_total, op) for op in (_var, _std, _cumsum))
max, min = (functools.partial(_extreme, op) for op in (tf.reduce_max, tf.reduce_min))
argmax, argmin = (functools.partial(_position, op) for op in (tf.argmax, tf.argmin))
any, all = (functools.partial(_truth, op) for op in (tf.reduce_any, tf.reduce_all))
count_nonzero = functools.partial(_truth, sum)
def _flat(x: Any, axis: Axis) -> Any: return tf.reshape(x, [-1]) if axis is None else x
def _axes(x: Any, axis: Axis) -> list[int]:
    axes = range(len(x.shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    return [a % len(x.shape) for a in axes]
def moveaxis(x: Any, source: Axis, destination: Axis, /) -> Any:
    x = asarray(x)
    moves = dict(zip(_axes(x, destination), _axes(x, source), strict=True))
    rest = iter([a for a in range(x.shape.rank) if a not in moves.values()])
    order = [moves[a] if a in moves else next(rest) for a in range(x.shape.rank)]
    return x if order == sorted(order) else tf.transpose(x, order)
def _gather(x: Any, indices: Any, axis: int, batch_dims: int = 0) -> Any:
    indices = tf.where(indices < 0, indices + tf.shape(x, int64)[axis], indices)
    # Through reshape the gradient is a tensor, not IndexedSlices.
    return tf.gather(tf.reshape(x, tf.shape(x)), indices, axis=axis, batch_dims=batch_dims)
def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    return _gather(asarray(x), asarray(indices, dtype=int64), axis or 0)
def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    x, indices = moveaxis(x, axis, -1), moveaxis(asarray(indices, dtype=int64), axis, -1)
    if not x.shape[:-1].is_fully_defined() or x.shape[:-1] != indices.shape[:-1]:
        lead = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
        x = tf.broadcast_to(x, tf.concat([lead, tf.shape(x)[-1:]], 0))
        indices = tf.broadcast_to(indices, tf.concat([lead, tf.shape(indices)[-1:]], 0))
    return moveaxis(_gather(x, indices, -1, x.shape.rank - 1), -1, axis)

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
    x1, x2 = _promote(x1, x2)
    x1 = x1 if sorter is None else take(x1, sorter)
    found = tf.searchsorted(_key(x1), tf.reshape(_key(x2), [-1]), side, int64)
    return tf.reshape(found, tf.shape(x2))
def reshape(x: Any, /, shape: Any, *, copy: Any = None) -> Any: return tf.reshape(asarray(x), shape)
def expand_dims(x: Any, /, *, axis: int = 0) -> Any: return tf.expand_dims(asarray(x), axis)
def squeeze(x: Any, /, axis: Axis) -> Any:
    return asarray(x) if axis == () else tf.squeeze(asarray(x), axis)
def permute_dims(x: Any, /, axes: Sequence[int]) -> Any: return tf.transpose(asarray(x), axes)
def broadcast_to(x: Any, /, shape: Any) -> Any: return tf.broadcast_to(asarray(x), shape)
def flip(x: Any, /, *, axis: Axis = None) -> Any: return tf.reverse(asarray(x), _axes(x, axis))
def matrix_transpose(x: Any, /) -> Any: return tf.linalg.matrix_transpose(asarray(x))
def stack(arrays: Any, /, *, axis: int = 0) -> Any: return tf.stack(_promote(*arrays), axis)
def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    return tf.concat([_flat(x, axis) for x in _promote(*arrays)], axis or 0)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(tf.unstack(asarray(x), axis=axis))
def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    return tf.repeat(asarray(x), repeats, axis)
def roll(x: Any, /, shift: Any, *, axis: Axis = None) -> Any:
    x = asarray(x)
    return tf.reshape(tf.roll(_flat(x, axis), shift, axis or 0), tf.shape(x))
def tile(x: Any, repetitions: tuple[int, ...], /) -> Any:
    x, new = asarray(x), len(repetitions) - len(x.shape)
    return tf.tile(x[(None,) * new + (...,)], (1,) * -new + tuple(repetitions))
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tf.tensordot(*_promote(x1, x2), axes)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = _promote(x1, x2)
    return sum(tf.math.conj(x1) * x2, axis=axis, dtype=x1.dtype)
def broadcast_arrays(*arrays: Any) -> list[Any]:
    xs = [asarray(x) for x in arrays]
    shape = functools.reduce(tf.broadcast_dynamic_shape, map(tf.shape, xs))
    return [tf.broadcast_to(x, shape) for x in xs]
def matmul(x1: Any, x2: Any, /) -> Any:
    x1, x2 = _promote(x1, x2)
    row, column = x1.shape.rank == 1, x2.shape.rank == 1
    x = tf.matmul(x1[None] if row else x1, x2[:, None] if column else x2)
    return squeeze(x, (-2,) * row + (-1,) * column)
