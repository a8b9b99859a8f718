"""Steps that are made of three lines: which one a score is on, and its slope."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._arrays import NUMBERS, Library

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

    def at(self, lib: Library, y_prob: Any) -> Any:
        """Return the memberships."""
        number = type(self.threshold) in NUMBERS
        several = () if number else (self.threshold, self.first, self.middle, self.last)
        add, multiply = lib.in_place(y_prob, *several)
        # What NumPy makes of an array without axes is a number, which nothing can be written to.
        held = lib.free and number and self._is_between() and y_prob.shape
        value = add(multiply(y_prob - self.threshold, self.middle), self.centre)
        if held and self.last <= 1:
            value = lib.larger(value, y_prob * self.first)
            return lib.smaller(value, add((y_prob - 1) * self.last, 1))
        last = add((y_prob - 1) * self.last, 1)
        if held:
            return lib.larger(lib.smaller(value, last), y_prob * self.first)
        return self._chosen(lib, y_prob, y_prob * self.first, value, last)

    def slope_at(self, lib: Library, y_prob: Any) -> Any:
        """Return the slopes."""
        slopes = (self.first, self.middle, self.last)
        if not products_are_faster(lib, y_prob):
            if lib.free and self._is_even() and y_prob.shape:
                return self._two_slopes(lib, y_prob)
            zeros = lib.xp.zeros_like(y_prob)
            slopes = tuple([zeros + x for x in slopes])
        elif self._is_even():
            return self._two_slopes(lib, y_prob)
        return self._chosen(lib, y_prob, *slopes)

    def _two_slopes(self, lib: Library, y_prob: Any) -> Any:
        return lib.within(y_prob, self.low, self.high, self.middle, self.first)

    def _is_even(self) -> bool:
        """Tell whether the first and the last line have one slope, as at a threshold of 0.5.

        And that is at most the middle one's.
        """
        if type(self.threshold) not in NUMBERS:
            return False
        return self.first == self.last and 0 <= self.first <= self.middle

    def _is_between(self) -> bool:
        """Tell whether a step at one threshold is the middle line, held between the other two.

        So it is where the middle line is the steepest. The others cannot both be steeper than
        the diagonal then, and one that is not stays on its side of the other.
        """
        if type(self.threshold) not in NUMBERS:
            return False
        return self.middle > 0 and self.first < self.middle and self.last < self.middle

    def _chosen(self, lib: Library, y_prob: Any, first: Any, middle: Any, last: Any) -> Any:
        """Return, of three finite numbers, the one whose line a score is on."""
        if not products_are_faster(lib, y_prob):
            outer = lib.where(y_prob > self.high, last, middle)
            return lib.where(y_prob < self.low, first, outer)
        below, above = lib.below(y_prob, self.low), lib.above(y_prob, self.high)
        add, multiply = lib.in_place(y_prob, *self[:1], *self[3:6])
        between = 1 - below - above
        value = multiply(below, first)
        return add(add(value, multiply(between, middle)), multiply(above, last))


def products_are_faster(lib: Library, y_prob: Any) -> bool:
    """Tell whether to choose between finite numbers by products with 0 and 1.

    That is exact too, and faster than `where` for many scores in no order, which leave a
    processor guessing at every one; a compiler makes `where` fast itself.
    """
    return lib.free and math.prod(y_prob.shape) > _MANY
