"""Functions of pairs of elements, and the choice between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from .creation import asarray, cast, pair, promote
from .dtypes import Tensor, floating, int64, raw
from .elementwise import abs, signbit, square, stop_gradient

Function: TypeAlias = Callable[..., Any]


def _binary(name: str, doc: str, op: Any) -> Function:
    """Return an operation as a function of two arrays, or of an array and a number."""

    def function(x1: Any, x2: Any, /) -> Any:
        x1, x2 = pair(x1, x2)
        return op(x=x1, y=x2)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


add = _binary("add", "Return x1 + x2.", raw.AddV2)
subtract = _binary("subtract", "Return x1 - x2.", raw.Sub)
multiply = _binary("multiply", "Return x1 * x2.", raw.Mul)
equal = _binary("equal", "Tell where x1 == x2.", raw.Equal)
not_equal = _binary("not_equal", "Tell where x1 != x2.", raw.NotEqual)
less = _binary("less", "Tell where x1 < x2.", raw.Less)
less_equal = _binary("less_equal", "Tell where x1 <= x2.", raw.LessEqual)
greater = _binary("greater", "Tell where x1 > x2.", raw.Greater)
greater_equal = _binary("greater_equal", "Tell where x1 >= x2.", raw.GreaterEqual)
logical_and = _binary("logical_and", "Tell where both are true.", raw.LogicalAnd)
logical_or = _binary("logical_or", "Tell where one or both are true.", raw.LogicalOr)


def logical_xor(x1: Any, x2: Any, /) -> Any:
    """Tell where one is true and the other is not."""
    x1, x2 = promote(x1, x2)
    return raw.NotEqual(x=raw.LogicalAnd(x=x1, y=x1), y=raw.LogicalAnd(x=x2, y=x2))


def atan2(x1: Any, x2: Any, /) -> Any:
    """Return the angle of the point (x2, x1), with slope 0 where both are 0."""
    x1, x2 = promote(x1, x2)
    zero = raw.LogicalAnd(x=equal(floating(x1), 0), y=equal(x2, 0))
    known = raw.Atan2(y=stop_gradient(x1), x=stop_gradient(x2))
    return where(zero, known, raw.Atan2(y=x1, x=where(zero, 1.0, x2)))


def hypot(x1: Any, x2: Any, /) -> Any:
    """Return the root of the sum of the squares, which may overflow; slope 0 where both are 0."""
    x1, x2 = promote(x1, x2)
    x1, x2 = abs(floating(x1)), abs(x2)
    first = raw.LogicalOr(x=greater_equal(x1, x2), y=raw.IsNan(x=x1))
    high, low = where(first, x1, x2), where(first, x2, x1)
    plain = raw.LogicalOr(x=equal(high, 0), y=raw.IsInf(x=high))
    ratio = where(plain, 0.0, divide(low, where(plain, 1.0, high)))
    length = multiply(high, raw.Sqrt(x=add(square(ratio), 1)))
    infinite = raw.LogicalOr(x=raw.IsInf(x=x1), y=raw.IsInf(x=x2))  # also beside NaN
    return where(infinite, math.inf, length)


def copysign(x1: Any, x2: Any, /) -> Any:
    """Return the size of x1 with the sign of x2; the slope in x1 is 0 at 0."""
    x1, x2 = promote(x1, x2)
    size = abs(x1)
    return where(signbit(x2), raw.Neg(x=size), size)


def remainder(x1: Any, x2: Any, /) -> Any:
    """Return x1 - x2 * floor(x1 / x2), with the sign of x2."""
    x1, x2 = promote(x1, x2)
    rest = raw.FloorMod(x=x1, y=x2)
    if rest.dtype.is_integer:
        return rest
    # TensorFlow's zeros have the sign of x1; these have that of x2, and keep the slope.
    zero = where(signbit(x2), raw.Neg(x=_plus_zero(raw.Neg(x=rest))), _plus_zero(rest))
    return where(equal(rest, 0), zero, rest)


def _plus_zero(zero: Any) -> Any:
    return raw.Sub(x=raw.AddV2(x=zero, y=zero), y=zero)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    """Return floor(x1 / x2), where that is rounded as the remainder says."""
    x1, x2 = promote(x1, x2)
    if x1.dtype.is_integer:
        return raw.FloorDiv(x=x1, y=x2)
    x1, x2 = stop_gradient(x1), stop_gradient(x2)
    size1, size2 = abs(x1), abs(x2)
    rest = raw.FloorMod(x=size1, y=size2)
    count = raw.Round(x=divide(subtract(size1, rest), size2))
    below = where(greater(rest, 0), add(count, 1), count)
    opposite = raw.NotEqual(x=signbit(x1), y=signbit(x2))
    whole = where(opposite, raw.Neg(x=below), count)
    return where(equal(x2, 0), divide(x1, x2), whole)


def nextafter(x1: Any, x2: Any, /) -> Any:
    """Return the number next to x1 in the direction of x2."""
    x1, x2 = promote(x1, x2)
    return raw.NextAfter(x1=x1, x2=x2)


def divide(x1: Any, x2: Any, /) -> Any:
    """Return x1 / x2 of floating-point arrays."""
    x1, x2 = pair(x1, x2)
    floating(x1 if isinstance(x1, Tensor) else x2)
    return raw.RealDiv(x=x1, y=x2)


def pow(x1: Any, x2: Any, /) -> Any:
    """Return x1 to the power of x2."""
    x1, x2 = pair(x1, x2)
    dtype = (x1 if isinstance(x1, Tensor) else x2).dtype
    if dtype.is_unsigned:  # whole powers are the same in all integers, up to what wraps around
        return cast(raw.Pow(x=asarray(x1, dtype=int64), y=asarray(x2, dtype=int64)), dtype)
    return raw.Pow(x=x1, y=x2)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """Return x1 where the condition is true, and x2 elsewhere."""
    x1, x2 = pair(x1, x2)
    return raw.SelectV2(condition=asarray(condition), t=x1, e=x2)


# TensorFlow's own minimum and maximum drop NaN under XLA.
def minimum(x1: Any, x2: Any, /) -> Any:
    """Return the smaller one, the first of equal ones, or NaN if there is one."""
    x1, x2 = pair(x1, x2)
    first = raw.LogicalOr(x=raw.LessEqual(x=x1, y=x2), y=raw.NotEqual(x=x1, y=x1))
    return raw.SelectV2(condition=first, t=x1, e=x2)


def maximum(x1: Any, x2: Any, /) -> Any:
    """Return the larger one, the first of equal ones, or NaN if there is one."""
    x1, x2 = pair(x1, x2)
    first = raw.LogicalOr(x=raw.GreaterEqual(x=x1, y=x2), y=raw.NotEqual(x=x1, y=x1))
    return raw.SelectV2(condition=first, t=x1, e=x2)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Return x held between min and max; at a bound the slope is 1."""
    x = asarray(x) if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def logaddexp(x1: Any, x2: Any, /) -> Any:
    """Return log(exp(x1) + exp(x2)), with the slope 1/2 at ties."""
    x1, x2 = pair(x1, x2)
    above = raw.Greater(x=x1, y=x2)
    high, low = raw.SelectV2(condition=above, t=x1, e=x2), raw.SelectV2(condition=above, t=x2, e=x1)
    # Two equal infinities have no difference.
    level = raw.LogicalAnd(x=raw.IsInf(x=high), y=raw.Equal(x=high, y=low))
    gap = where(level, 0.0, raw.Sub(x=low, y=high))
    return raw.AddV2(x=high, y=raw.Softplus(features=gap))
