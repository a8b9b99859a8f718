"""Functions of the bits of integers, and of booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .creation import asarray, promote
from .dtypes import raw

Function: TypeAlias = Callable[..., Any]


def _bitwise(name: str, doc: str, op: Any, logical: Any) -> Function:
    """Return a function of two arrays that has an operation of its own for booleans."""

    def function(x1: Any, x2: Any, /) -> Any:
        x1, x2 = promote(x1, x2)
        return (logical if x1.dtype.is_bool else op)(x=x1, y=x2)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


bitwise_and = _bitwise(
    "bitwise_and", "Return the bits that are set in both.", raw.BitwiseAnd, raw.LogicalAnd
)
bitwise_or = _bitwise(
    "bitwise_or", "Return the bits that are set in one or both.", raw.BitwiseOr, raw.LogicalOr
)
bitwise_xor = _bitwise(
    "bitwise_xor", "Return the bits that are set in one only.", raw.BitwiseXor, raw.NotEqual
)


def bitwise_invert(x: Any, /) -> Any:
    """Return x with every bit inverted."""
    x = asarray(x)
    return raw.LogicalNot(x=x) if x.dtype.is_bool else raw.Invert(x=x)


def bitwise_left_shift(x1: Any, x2: Any, /) -> Any:
    """Return x1 with its bits moved x2 places up."""
    x1, x2 = promote(x1, x2)
    return _held(raw.LeftShift(x=x1, y=x2), x2)


def bitwise_right_shift(x1: Any, x2: Any, /) -> Any:
    """Return x1 with its bits moved x2 places down."""
    x1, x2 = promote(x1, x2)
    shifted = raw.RightShift(x=x1, y=x2)
    return _held(shifted, x2) if x1.dtype.is_unsigned else shifted


def _held(shifted: Any, places: Any) -> Any:
    """Return 0 where no bit is left: TensorFlow moves by one place less than there are bits."""
    inside = raw.Less(x=places, y=asarray(8 * places.dtype.size, dtype=places.dtype))
    return raw.SelectV2(condition=inside, t=shifted, e=raw.ZerosLike(x=shifted))
