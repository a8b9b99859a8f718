"""MLX: lazy arrays, which hide their values from mx.compile and mx.vmap.

Some of its functions have seven digits in float64 too; those that the kernel needs get the others.
"""

from __future__ import annotations

import math
from typing import Any

# It need not be installed where types are checked.
import mlx.core as _mx  # pyright: ignore[reportMissingImports]

from .library import Library

mx: Any = _mx  # of which a type checker sees too little

_LACK = 6.123233995736766e-17  # a quarter of a turn less the float64 next to it


class _Namespace:
    """MLX's functions, with the few that it lacks or that differ from the standard."""

    bool = mx.bool_

    def __getattr__(self, name: str) -> Any:
        return getattr(mx, name)

    @staticmethod
    def sum(x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over axes; of a CPU, MLX's stands still at some 2**24 of the addends."""
        kept = x.dtype
        if dtype is not None:
            x, kept = mx.astype(x, dtype), dtype
        if kept == mx.float32 and _has_float64():
            x = mx.astype(x, mx.float64)
        found = mx.sum(x, axis=axis, keepdims=keepdims)
        return mx.astype(found, kept) if kept == mx.float32 else found

    @staticmethod
    def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        """Return the order of x along an axis; it is stable whatever is asked for."""
        # Flipped twice equal elements of a falling order keep theirs.
        if not descending:
            return _signed(mx.argsort(x, axis=axis))
        order = mx.argsort(mx.flip(x, axis=axis), axis=axis)
        return x.shape[axis] - 1 - mx.flip(_signed(order), axis=axis)

    @classmethod
    def sort(cls, x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        """Return x in order along an axis."""
        found = mx.sort(x, axis=axis)
        return mx.flip(found, axis=axis) if descending else found

    @staticmethod
    def searchsorted(x: Any, y: Any, *, side: str = "left", sorter: Any = None) -> Any:
        """Return the places that keep a 1-D array in order."""
        x = x if sorter is None else mx.take(x, sorter, axis=0)
        return _signed(mx.searchsorted(x, y, side=side))

    @staticmethod
    def argmax(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the place of the largest element."""
        return _signed(mx.argmax(x, axis=axis, keepdims=keepdims))

    @staticmethod
    def argmin(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
        """Return the place of the smallest element."""
        return _signed(mx.argmin(x, axis=axis, keepdims=keepdims))

    @staticmethod
    def exp(x: Any) -> Any:
        """Return e ** x: MLX's own has in float64 the digits, and the range, of float32."""
        return mx.power(mx.array(math.e, dtype=x.dtype), x) if x.dtype == mx.float64 else mx.exp(x)

    @staticmethod
    def sin(x: Any) -> Any:
        """Return the sine, in float64 to all digits."""
        return _sine(x, 0) if x.dtype == mx.float64 else mx.sin(x)

    @staticmethod
    def cos(x: Any) -> Any:
        """Return the cosine, in float64 to all digits."""
        return _sine(x, 1) if x.dtype == mx.float64 else mx.cos(x)

    @staticmethod
    def nextafter(x: Any, y: Any) -> Any:
        """Return the number next to x on the way to y, by counting its bits on."""
        integer = mx.int64 if x.dtype == mx.float64 else mx.int32
        away = (y > x) == (x > 0)
        beside = mx.view(mx.view(x, integer) + mx.where(away, 1, -1).astype(integer), x.dtype)
        least = mx.view(mx.ones_like(x, dtype=integer), x.dtype)
        beside = mx.where(x == 0, mx.where(y > 0, least, -least), beside)
        beside = mx.where(x == y, y, beside)
        return mx.where((x == x) & (y == y), beside, mx.nan)


def _signed(place: Any) -> Any:
    """Return places as integers from which one may be subtracted; MLX's have no sign."""
    return mx.stop_gradient(mx.astype(place, mx.int32))


def _sine(x: Any, quarters: int) -> Any:
    """Return the sine of x and so many quarters of a turn, by the series about the nearest one.

    MLX's own has seven digits in float64.
    """
    whole = mx.round(mx.stop_gradient(x) * (2 / math.pi))
    rest = (x - whole * (math.pi / 2)) - whole * _LACK
    square, sine, cosine = rest * rest, 1.0, 1.0
    for n in range(20, 0, -2):
        sine, cosine = 1 - square * sine / (n * (n + 1)), 1 - square * cosine / (n * (n - 1))
    place = mx.remainder(whole + quarters, 4)
    found = mx.where(mx.remainder(place, 2) == 0, rest * sine, cosine)
    return mx.where(place < 2, found, -found)


def _has_float64() -> bool:
    return mx.default_device().type == mx.cpu


class MLX(Library):
    """MLX's arrays."""

    moveaxis = "mlx.core.moveaxis"

    @property
    def has_float64(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether there is one: on the CPU only."""
        return _has_float64()

    @property
    def sums_stand_still(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether sums in float32 do: a GPU's are of many parts."""
        return self.has_float64

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square, as MLX has it."""
        return isinstance(y, mx.array)

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted: MLX does not tell."""
        return isinstance(x, mx.array)

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return mx.stop_gradient(x) if isinstance(x, mx.array) else x

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place."""
        return mx.zeros(size, dtype=x.dtype).at[place].add(x)


LIBRARY = MLX(_Namespace())


def recognises(x: Any) -> bool:
    """Tell whether x is an MLX array."""
    return isinstance(x, mx.array)
