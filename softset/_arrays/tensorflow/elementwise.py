"""Functions of each element, and of pairs of elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from .creation import asarray, promote
from .dtypes import floating, kind_of, tf

Function: TypeAlias = Callable[..., Any]


def _lift(op: Function) -> Function:
    """Let an operation accept whatever asarray does, in the common dtype."""
    return lambda *xs: op(*promote(*xs))


def _inexact(op: Function, otherwise: Function) -> Function:
    """Apply an operation that has no kernel for integers and booleans to the other dtypes only."""
    return lambda x: op(asarray(x)) if kind_of(asarray(x).dtype) > 1 else otherwise(asarray(x))


positive = _lift(lambda x: x)
stop_gradient = _lift(tf.stop_gradient)
abs = _lift(lambda x: x if x.dtype.is_unsigned else tf.abs(x))
negative, square, sqrt, sign = map(_lift, (tf.negative, tf.square, tf.sqrt, tf.sign))
exp, expm1, log, log1p = map(_lift, (tf.exp, tf.math.expm1, tf.math.log, tf.math.log1p))
log2 = _lift(lambda x: tf.math.log(x) / math.log(2))
log10 = _lift(lambda x: tf.math.log(x) / math.log(10))
reciprocal = _lift(lambda x: 1 / floating(x))  # tf.math.reciprocal is less exact
sin, cos, tan, atan = map(_lift, (tf.sin, tf.cos, tf.tan, tf.atan))
sinh, cosh, tanh = map(_lift, (tf.sinh, tf.cosh, tf.tanh))

floor = _inexact(tf.floor, positive)
ceil = _inexact(tf.math.ceil, positive)
round = _inexact(tf.round, positive)
trunc = _inexact(lambda x: tf.where(x < 0, tf.math.ceil(x), tf.floor(x)), positive)
isnan = _inexact(tf.math.is_nan, lambda x: x != x)
isinf = _inexact(tf.math.is_inf, lambda x: x != x)
isfinite = _inexact(tf.math.is_finite, lambda x: x == x)

nextafter = _lift(tf.math.nextafter)
add, subtract, multiply, pow = map(_lift, (tf.add, tf.subtract, tf.multiply, tf.pow))
divide = _lift(lambda x1, x2: floating(x1) / x2)
equal, not_equal = _lift(tf.equal), _lift(tf.not_equal)
less, less_equal = _lift(tf.less), _lift(tf.less_equal)
greater, greater_equal = _lift(tf.greater), _lift(tf.greater_equal)
logical_and, logical_or = _lift(tf.logical_and), _lift(tf.logical_or)
logical_not, logical_xor = _lift(tf.logical_not), _lift(tf.math.logical_xor)
# TensorFlow's own minimum and maximum drop NaN under XLA.
minimum = _lift(lambda x1, x2: tf.where((x1 <= x2) | (x1 != x1), x1, x2))
maximum = _lift(lambda x1, x2: tf.where((x1 >= x2) | (x1 != x1), x1, x2))


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    return tf.where(asarray(condition), *promote(x1, x2))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Return x held between min and max; at a bound the slope is 1."""
    x = asarray(x) if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def logaddexp(x1: Any, x2: Any, /) -> Any:
    """Return log(exp(x1) + exp(x2)), with the slope 1/2 at ties."""
    x1, x2 = promote(x1, x2)
    high, low = tf.where(x1 > x2, x1, x2), tf.where(x1 > x2, x2, x1)
    # Two equal infinities have no difference.
    return high + tf.nn.softplus(where(tf.math.is_inf(high) & (high == low), 0.0, low - high))
