"""Functions of each element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from .creation import asarray, cast, pair
from .dtypes import Tensor, floating, int8, int16, int32, int64, raw, tf

# By the bytes of an element.
SIGNED = {1: int8, 2: int16, 4: int32, 8: int64}

Function: TypeAlias = Callable[..., Any]


def _unary(name: str, doc: str, op: Any) -> Function:
    """Return an operation as a function of one array."""

    def function(x: Any, /) -> Any:
        return op(x=x if isinstance(x, Tensor) else asarray(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


sqrt = _unary("sqrt", "Return the square root.", raw.Sqrt)
square = _unary("square", "Return the square.", raw.Square)
exp = _unary("exp", "Return e to the power of x.", raw.Exp)
expm1 = _unary("expm1", "Return exp(x) - 1, without cancellation.", raw.Expm1)
log = _unary("log", "Return the natural logarithm.", raw.Log)
log1p = _unary("log1p", "Return log(1 + x), without cancellation.", raw.Log1p)
sin = _unary("sin", "Return the sine.", raw.Sin)
cos = _unary("cos", "Return the cosine.", raw.Cos)
tan = _unary("tan", "Return the tangent.", raw.Tan)
asin = _unary("asin", "Return the inverse sine.", raw.Asin)
acos = _unary("acos", "Return the inverse cosine.", raw.Acos)
atan = _unary("atan", "Return the inverse tangent.", raw.Atan)
sinh = _unary("sinh", "Return the hyperbolic sine.", raw.Sinh)
cosh = _unary("cosh", "Return the hyperbolic cosine.", raw.Cosh)
tanh = _unary("tanh", "Return the hyperbolic tangent.", raw.Tanh)
asinh = _unary("asinh", "Return the inverse hyperbolic sine.", raw.Asinh)
acosh = _unary("acosh", "Return the inverse hyperbolic cosine.", raw.Acosh)
atanh = _unary("atanh", "Return the inverse hyperbolic tangent.", raw.Atanh)
logical_not = _unary("logical_not", "Tell where x is false.", raw.LogicalNot)


def positive(x: Any, /) -> Any:
    """Return x."""
    return asarray(x)


def stop_gradient(x: Any, /) -> Any:
    """Return x as a constant that no gradient flows through."""
    return raw.StopGradient(input=asarray(x))


def abs(x: Any, /) -> Any:
    """Return the absolute value."""
    x = asarray(x)
    dtype = x.dtype
    if dtype.is_complex:
        return tf.abs(x)
    return x if dtype.is_unsigned else raw.Abs(x=x)


def negative(x: Any, /) -> Any:
    """Return -x; unsigned integers wrap around."""
    x = asarray(x)
    if not x.dtype.is_unsigned:
        return raw.Neg(x=x)
    # Not 0 - x, of which the optimizer of graphs makes the operation that takes no such integers.
    bits = raw.Bitcast(input=x, type=SIGNED[x.dtype.size])
    return raw.Bitcast(input=raw.Neg(x=bits), type=x.dtype)


def sign(x: Any, /) -> Any:
    """Return -1, 0 or 1, and NaN for NaN."""
    x = asarray(x)
    if x.dtype.is_unsigned:
        return cast(raw.NotEqual(x=x, y=raw.ZerosLike(x=x)), x.dtype)
    return raw.Sign(x=x)


def signbit(x: Any, /) -> Any:
    """Tell where x has a minus sign, also that of -0.0."""
    x = floating(asarray(x))
    bits = raw.Bitcast(input=x, type=SIGNED[x.dtype.size])
    return raw.Less(x=bits, y=raw.ZerosLike(x=bits))


def reciprocal(x: Any, /) -> Any:
    """Return 1 / x."""
    x = floating(asarray(x))
    return raw.RealDiv(x=raw.OnesLike(x=x), y=x)  # tf.math.reciprocal is less exact


def _divided(x: Any, number: float) -> Any:
    x, divisor = pair(x, number)
    return raw.RealDiv(x=x, y=divisor)


def log2(x: Any, /) -> Any:
    """Return the logarithm to base 2."""
    return _divided(log(x), math.log(2))


def log10(x: Any, /) -> Any:
    """Return the logarithm to base 10."""
    return _divided(log(x), math.log(10))


def _rounding(name: str, doc: str, op: Function) -> Function:
    """Return a function that leaves integers as they are."""

    def function(x: Any, /) -> Any:
        x = asarray(x)
        return x if x.dtype.is_integer else op(x=x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _toward_zero(x: Any) -> Any:
    return raw.SelectV2(
        condition=raw.Less(x=x, y=raw.ZerosLike(x=x)), t=raw.Ceil(x=x), e=raw.Floor(x=x)
    )


floor = _rounding("floor", "Return the largest integer that is not above x.", raw.Floor)
ceil = _rounding("ceil", "Return the smallest integer that is not below x.", raw.Ceil)
round = _rounding("round", "Return the nearest integer, the even one of two.", raw.Round)
trunc = _rounding("trunc", "Return the nearest integer towards zero.", _toward_zero)


def isnan(x: Any, /) -> Any:
    """Tell where x is NaN."""
    x = asarray(x)
    return raw.IsNan(x=x) if x.dtype.is_floating else raw.NotEqual(x=x, y=x)


def isinf(x: Any, /) -> Any:
    """Tell where x is infinite."""
    x = asarray(x)
    return raw.IsInf(x=x) if x.dtype.is_floating else raw.NotEqual(x=x, y=x)


def isfinite(x: Any, /) -> Any:
    """Tell where x is neither infinite nor NaN."""
    x = asarray(x)
    return raw.IsFinite(x=x) if x.dtype.is_floating else raw.Equal(x=x, y=x)
