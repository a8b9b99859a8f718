"""The dtypes, their limits, and which dtype holds the values of several."""

from __future__ import annotations

import builtins
from types import SimpleNamespace
from typing import Any

import tensorflow as _tf

tf: Any = _tf  # its stubs lack most operations
# The operations themselves: tf.add and the operators make ten times as many calls around them.
raw: Any = tf.raw_ops
Tensor, Eager = tf.Tensor, tf.__internal__.EagerTensor

bool, complex64, complex128 = tf.bool, tf.complex64, tf.complex128
int8, int16, int32, int64 = tf.int8, tf.int16, tf.int32, tf.int64
uint8, uint16, uint32, uint64 = tf.uint8, tf.uint16, tf.uint32, tf.uint64
float16, bfloat16, float32, float64 = tf.float16, tf.bfloat16, tf.float32, tf.float64

# Each by kind_of.
NUMBERS = (builtins.bool, int, float, complex)
DEFAULTS = (bool, int64, float32, complex64)
WIDEST = (bool, int64, float64, complex128)

# The bits of the mantissa, and the exponent of the first power of two that is too large.
_DIGITS = {float16: (10, 16), bfloat16: (7, 128), float32: (23, 128), float64: (52, 1024)}
_LETTERS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def as_dtype(x: Any) -> Any:
    """Return the dtype of an array, or the one that a name, a class or another library means."""
    return tf.as_dtype(x if isinstance(x, type) else getattr(x, "dtype", x))


def kind_of(x: Any) -> int:
    """Return 0, 1, 2 or 3 for a boolean, integer, real or complex dtype or number."""
    if isinstance(x, NUMBERS):
        return next(i for i, kind in enumerate(NUMBERS) if isinstance(x, kind))
    return 0 if x.is_bool else 1 if x.is_integer else 2 if x.is_floating else 3


def floating(x: Any) -> Any:
    """Return x, or raise where TensorFlow would compute with integers."""
    dtype = x.dtype
    if not (dtype.is_floating or dtype.is_complex):
        raise TypeError(f"a floating-point array is needed, got {dtype.name}; use astype")
    return x


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Tell whether a dtype is of a kind, of one of several, or equal to another."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    dtype = tf.as_dtype(dtype)
    if kind not in _LETTERS:
        return dtype == as_dtype(kind)
    letter = "u" if dtype.is_unsigned else "bifc"[kind_of(dtype)]
    return letter in _LETTERS[kind]


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Tell whether every value of a dtype, or of an array's, fits the dtype `to`."""
    a, b = as_dtype(from_), as_dtype(to)
    if a.is_integer and b.is_integer:
        return b.min <= a.min and a.max <= b.max
    if not {kind_of(a), kind_of(b)} <= {2, 3}:
        return a == b
    few, many = _DIGITS[a.real_dtype], _DIGITS[b.real_dtype]
    return kind_of(a) <= kind_of(b) and few[0] <= many[0] and few[1] <= many[1]


def result_type(*arrays_and_dtypes: Any) -> Any:
    """Return the narrowest dtype that holds them all; different kinds have none."""
    numbers = [kind_of(x) for x in arrays_and_dtypes if isinstance(x, NUMBERS)]
    dtypes = [as_dtype(x) for x in arrays_and_dtypes if not isinstance(x, NUMBERS)]
    wider = (int16, int32, int64, float32, complex64, complex128)
    for dtype in (*dtypes, *wider) if dtypes else DEFAULTS:
        fits = (n <= kind_of(dtype) and (n == 0) == dtype.is_bool for n in numbers)
        if all(d == dtype or can_cast(d, dtype) for d in dtypes) and all(fits):
            return dtype
    names = [d.name for d in dtypes] + [NUMBERS[n].__name__ for n in numbers]
    raise TypeError(f"{' and '.join(names)} have no common dtype; convert one with astype")


def finfo(type: Any, /) -> SimpleNamespace:
    """Return the limits of a floating-point dtype as numbers."""
    dtype = as_dtype(type).real_dtype
    digits, exponent = _DIGITS[dtype]
    eps, top = 2.0**-digits, 2.0 ** (exponent - 1)
    return SimpleNamespace(
        bits=8 * dtype.size,
        dtype=dtype,
        smallest_normal=2 / top,
        eps=eps,
        max=(2 - eps) * top,
        min=(eps - 2) * top,
    )


def iinfo(type: Any, /) -> SimpleNamespace:
    """Return the limits of an integer dtype as numbers."""
    dtype = as_dtype(type)
    return SimpleNamespace(bits=8 * dtype.size, dtype=dtype, max=int(dtype.max), min=int(dtype.min))
