"""Steps that are made of three lines: which one a score is on, and its slope."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce
from typing import Any, NamedTuple

from ._namespace import NUMBERS, array_namespace
from ._operations import in_place, indicator
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
        # What NumPy makes of an array without axes is a number, which nothing can be written to.
        if y_prob.shape and self._is_between() and in_memory(y_prob):
            return self._held(y_prob)
        lines = (self._first_line, self._middle_line, self._last_line)
        return self._chosen(y_prob, (line(y_prob) for line in lines))

    def slope(self, y_prob: Any) -> Any:
        """Return the slopes."""
        slopes = (self.first, self.middle, self.last)
        if self._is_even() and products_are_faster(y_prob):
            add, multiply = in_place(y_prob)
            outside = add(indicator(y_prob, "<", self.low), indicator(y_prob, ">", self.high))
            return add(multiply(1 - outside, self.middle), multiply(outside, self.first))
        if not products_are_faster(y_prob):
            zeros = array_namespace(y_prob).zeros_like(y_prob)
            slopes = (zeros + x for x in slopes)
        return self._chosen(y_prob, slopes)

    def _first_line(self, y_prob: Any) -> Any:
        return y_prob * self.first

    def _middle_line(self, y_prob: Any) -> Any:
        add, multiply = in_place(y_prob, self.threshold, self.middle)
        return add(multiply(y_prob - self.threshold, self.middle), self.centre)

    def _last_line(self, y_prob: Any) -> Any:
        add, _ = in_place(y_prob, self.last)
        return add((y_prob - 1) * self.last, 1)

    def _held(self, y_prob: Any) -> Any:
        """Return the middle line, held between the other two, with two arrays in use at a time."""
        xp, value = array_namespace(y_prob), self._middle_line(y_prob)
        if self.last <= 1:
            value = xp.maximum(value, self._first_line(y_prob), out=value)
            return xp.minimum(value, self._last_line(y_prob), out=value)
        value = xp.minimum(value, self._last_line(y_prob), out=value)
        return xp.maximum(value, self._first_line(y_prob), out=value)

    def _is_even(self) -> bool:
        """Tell whether the first and the last line have one slope, as at a threshold of 0.5."""
        return type(self.threshold) in NUMBERS and self.first == self.last

    def _is_between(self) -> bool:
        """Tell whether the step is the middle line, held between the other two.

        So it is where the middle line is the steepest. The others cannot both be steeper than
        the diagonal then, and one that is not stays on its side of the other.
        """
        if type(self.threshold) not in NUMBERS:
            return False
        return max(0, self.first, self.last) < self.middle

    def _chosen(self, y_prob: Any, parts: Iterable[Any]) -> Any:
        """Return, of three finite numbers, the one whose line a score is on."""
        if not products_are_faster(y_prob):
            xp = array_namespace(y_prob, self.threshold)
            first, middle, last = parts
            return xp.where(y_prob < self.low, first, xp.where(y_prob > self.high, last, middle))
        first, last = indicator(y_prob, "<", self.low), indicator(y_prob, ">", self.high)
        add, multiply = in_place(y_prob, self.threshold, self.first, self.middle, self.last)
        return reduce(add, map(multiply, (first, 1 - first - last, last), parts))


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
