"""Steps that are made of three lines: which one a score is on, and its slope."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ._namespace import array_namespace
from ._operations import indicator
from ._visible import in_memory

_MANY = 2**12  # scores from which on `where` is the slower choice


class Lines(NamedTuple):
    """A step made of three lines, at given thresholds: where they meet, and their slopes.

    The first passes through (0, 0), the last through (1, 1), the middle one, which holds from
    `low` to `high` with both ends, through (threshold, centre). A slope that is always 0 is the
    integer 0.
    """

    threshold: Any
    low: Any
    high: Any
    first: Any
    middle: Any
    last: Any
    centre: float

    def __call__(self, y_prob: Any) -> Any:
        """Return the memberships."""
        values = self._values(y_prob)
        if products_are_faster(y_prob):
            return _chosen(self._on(y_prob), values)
        return self._where(y_prob, *values)

    def slope(self, y_prob: Any) -> Any:
        """Return the slopes alone."""
        slopes = self.first, self.middle, self.last
        if products_are_faster(y_prob):
            return _chosen(self._on(y_prob), slopes)
        zeros = array_namespace(y_prob).zeros_like(y_prob)
        return self._where(y_prob, *(zeros + x for x in slopes))

    def with_slope(self, y_prob: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        if not in_memory(y_prob):
            return self(y_prob), self.slope(y_prob)
        on, slopes = self._on(y_prob), (self.first, self.middle, self.last)
        return _chosen(on, self._values(y_prob)), _chosen(on, slopes)

    def _values(self, y_prob: Any) -> tuple[Any, Any, Any]:
        """Return what the first, the middle and the last line say."""
        return (
            y_prob * self.first,
            (y_prob - self.threshold) * self.middle + self.centre,
            (y_prob - 1) * self.last + 1,
        )

    def _where(self, y_prob: Any, first: Any, middle: Any, last: Any) -> Any:
        """Return, of three, the one whose line a score is on."""
        xp = array_namespace(y_prob, self.threshold)
        return xp.where(y_prob < self.low, first, xp.where(y_prob > self.high, last, middle))

    def _on(self, y_prob: Any) -> tuple[Any, Any, Any]:
        """Return 1 where a score is on the first, the middle and the last line, else 0."""
        first, last = indicator(y_prob, "<", self.low), indicator(y_prob, ">", self.high)
        return first, 1 - first - last, last


def is_ours(step: Any) -> bool:
    """Tell whether a step's class is one of softset's; one derived from it may do otherwise."""
    return type(step).__module__.rpartition(".")[0] == __name__.rpartition(".")[0]


def has_lines(step: Any) -> bool:
    """Tell whether a step is made of lines."""
    return hasattr(step, "lines") and is_ours(step)


def products_are_faster(y_prob: Any) -> bool:
    """Tell whether to choose between finite numbers by products with 0 and 1.

    That is exact too, and faster than `where` for many scores in no order, which leave a
    processor guessing at every one; a compiler makes `where` fast itself.
    """
    return in_memory(y_prob) and math.prod(y_prob.shape) > _MANY


def _chosen(on: tuple[Any, Any, Any], parts: tuple[Any, Any, Any]) -> Any:
    """Return, of three finite numbers, the one where the flag is 1."""
    return on[0] * parts[0] + on[1] * parts[1] + on[2] * parts[2]
