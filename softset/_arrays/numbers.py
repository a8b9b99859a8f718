"""Plain numbers, and numbers with their slopes in four counts: a library without arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from .._types import Confusion
from .library import Library

Slopes: TypeAlias = "tuple[float, float, float, float]"

SMALLEST = 2.0**-100  # what is less is near what float32 takes for 0

_NONE: Slopes = (0.0, 0.0, 0.0, 0.0)
_UNITS: tuple[Slopes, ...] = (
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.0, 1.0),
)


class Number:
    """A number and its slopes in tp, fp, fn and tn."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: float, slopes: Slopes) -> None:
        self.value = value
        self.slopes = slopes

    def __add__(self, other: Any) -> Number:
        if type(other) is not Number:
            return Number(self.value + other, self.slopes)
        a, b, c, d = self.slopes
        e, f, g, h = other.slopes
        return Number(self.value + other.value, (a + e, b + f, c + g, d + h))

    def __sub__(self, other: Any) -> Number:
        if type(other) is not Number:
            return Number(self.value - other, self.slopes)
        a, b, c, d = self.slopes
        e, f, g, h = other.slopes
        return Number(self.value - other.value, (a - e, b - f, c - g, d - h))

    def __rsub__(self, other: float) -> Number:
        return self._along(other - self.value, -1.0)

    def __mul__(self, other: Any) -> Number:
        if type(other) is not Number:
            return self._along(self.value * other, other)
        return self._with(other, self.value * other.value, other.value, self.value)

    def __truediv__(self, other: Any) -> Number:
        if type(other) is not Number:
            return self._along(self.value / other, 1 / other)
        value = self.value / other.value
        return self._with(other, value, 1 / other.value, -value / other.value)

    def __rtruediv__(self, other: float) -> Number:
        value = other / self.value
        return self._along(value, -value / self.value)

    def __pow__(self, power: float) -> Number:
        return self._along(self.value**power, power * self.value ** (power - 1))

    def __neg__(self) -> Number:
        return self._along(-self.value, -1.0)

    __radd__, __rmul__ = __add__, __mul__

    def __le__(self, other: float) -> bool:
        return self.value <= other

    def root(self) -> Number:
        """Return the square root."""
        value = math.sqrt(self.value)
        return self._along(value, 0.5 / value)

    def _along(self, value: float, rise: float) -> Number:
        a, b, c, d = self.slopes
        return Number(value, (a * rise, b * rise, c * rise, d * rise))

    def _with(self, other: Number, value: float, x: float, y: float) -> Number:
        a, b, c, d = self.slopes
        e, f, g, h = other.slopes
        return Number(value, (a * x + e * y, b * x + f * y, c * x + g * y, d * x + h * y))


class _Functions:
    """The functions that a metric needs beside arithmetic."""

    @staticmethod
    def sqrt(x: Any) -> Any:
        return x.root() if type(x) is Number else math.sqrt(x)

    @staticmethod
    def full_like(x: Any, value: Any) -> float:
        return float(value)


class Numbers(Library):
    """The library of numbers."""

    def least(self, x: Any) -> float:
        """Return the smallest number that may be divided by; these are of float64."""
        return 2.0**-1000

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Return x where the condition holds, else y."""
        found = x if condition else y
        return float(found) if type(found) is int else found


LIBRARY = Numbers(_Functions())
KINDS = (float, int, bool, Number)


def value_and_slopes(metric: Callable[[Confusion], Any], counts: Confusion) -> tuple[float, Slopes]:
    """Return a metric of four counts that are numbers, and its slope in each of them."""
    found = metric(Confusion(*map(Number, counts, _UNITS)))
    return (found.value, found.slopes) if type(found) is Number else (float(found), _NONE)
