"""MLX: lazy arrays, which hide their values from mx.compile and mx.vmap.

Its sin and cos have seven digits in float64 too, and so has the Cosine step on it.
"""

from __future__ import annotations

from typing import Any

# It need not be installed where types are checked.
import mlx.core as _mx  # pyright: ignore[reportMissingImports]

from .library import Library

mx: Any = _mx  # of which a type checker sees too little


class _Namespace:
    """MLX's functions, with the few that it lacks or that differ from the standard."""

    bool = mx.bool_

    def __getattr__(self, name: str) -> Any:
        return getattr(mx, name)

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
        """Return e ** x; MLX has it to seven digits in float64 too, and its logarithm to all."""
        found = mx.exp(x)
        if x.dtype != mx.float64:
            return found
        known = mx.stop_gradient(found)
        usual = (known > 0) & (known < mx.inf)
        rest = mx.stop_gradient(x) - mx.log(mx.where(usual, known, 1.0))
        return mx.where(usual, found * (1 + rest * (1 + rest / 2)), found)

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
    return mx.astype(place, mx.int32)


class MLX(Library):
    """MLX's arrays."""

    moveaxis = "mlx.core.moveaxis"

    @property
    def has_float64(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether there is one: on the CPU only."""
        return mx.default_device().type == mx.cpu

    @property
    def sums_stand_still(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether sums in float32 do: a GPU's are of many parts."""
        return self.has_float64

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return mx.stop_gradient(x) if isinstance(x, mx.array) else x


LIBRARY = MLX(_Namespace())


def recognises(x: Any) -> bool:
    """Tell whether x is an MLX array."""
    return isinstance(x, mx.array)
