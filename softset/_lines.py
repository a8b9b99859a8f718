"""Steps that are made of three lines: which one a score is on, and its slope."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
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
        parts = self._values(y_prob)
        if self._is_between() and in_memory(y_prob):
            first, middle, last = parts
            xp = array_namespace(y_prob)
            if self.last <= 1:
                return xp.minimum(xp.maximum(middle, first), last)
            return xp.maximum(xp.minimum(middle, last), first)
        return self._chosen(y_prob, parts)

    def slope(self, y_prob: Any) -> Any:
        """Return the slopes."""
        slopes = (self.first, self.middle, self.last)
        if not products_are_faster(y_prob):
            zeros = array_namespace(y_prob).zeros_like(y_prob)
            slopes = (zeros + x for x in slopes)
        return self._chosen(y_prob, slopes)

    def _values(self, y_prob: Any) -> Iterator[Any]:
        """Give what the first, the middle and the last line say, one after another."""
        add, _ = in_place(y_prob, self.threshold)
        yield y_prob * self.first
        yield add((y_prob - self.threshold) * self.middle, self.centre)
        yield add((y_prob - 1) * self.last, 1)

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
