"""Numbers that carry their slopes, for definitions written one score at a time."""

from __future__ import annotations

from typing import Any

import numpy as np


class Forward:
    """A float and its slopes in all scores; a division by zero raises, as that of floats does."""

    def __init__(self, value: float, slopes: Any) -> None:
        self.value, self.slopes = float(value), slopes

    def __add__(self, other: Any) -> Forward:
        value, slopes = _parts(other)
        return Forward(self.value + value, self.slopes + slopes)

    def __sub__(self, other: Any) -> Forward:
        value, slopes = _parts(other)
        return Forward(self.value - value, self.slopes - slopes)

    def __rsub__(self, other: Any) -> Forward:
        return Forward(other - self.value, -self.slopes)

    def __mul__(self, other: Any) -> Forward:
        value, slopes = _parts(other)
        return Forward(self.value * value, self.slopes * value + self.value * slopes)

    def __truediv__(self, other: Any) -> Forward:
        value, slopes = _parts(other)
        ratio = self.value / value
        return Forward(ratio, (self.slopes - ratio * slopes) / value)

    def __rtruediv__(self, other: Any) -> Forward:
        return Forward(other, 0 * self.slopes) / self

    def __pow__(self, power: float) -> Forward:
        if not self.value and power < 1:  # a root has no slope there
            return Forward(0.0, self.slopes * np.nan)
        value = self.value**power
        return Forward(value, power * self.value ** (power - 1) * self.slopes)

    __radd__, __rmul__ = __add__, __mul__


def _parts(x: Any) -> tuple[float, Any]:
    return (x.value, x.slopes) if isinstance(x, Forward) else (float(x), 0.0)
