"""How many rows of so many may be bad for a share to be shown: exact binomial tails, on numbers.

Shown is that a row is bad with a probability of at most `bad`, if the few that were found have a
probability of at most `level` where it is just that (Clopper and Pearson 1934). `good` is 1 - bad,
which whoever has a bound on good rows knows to more digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

# To take up a new number of rows costs as much as so many steps, or more.
_FAR = 256
# What a tail may be above the level by rounding.
_ROUNDING = 1 + 1e-9


class _Tail(NamedTuple):
    """The most bad rows that may be among so many, the probability of no more, and of as many."""

    rows: int
    most: int
    below: float
    here: float


def least_rows(good: float, level: float) -> int:
    """Return how many rows it takes at least: all of them good."""
    rows = max(1, math.ceil(math.log(level) / math.log(good)) - 1)
    while good**rows > level * _ROUNDING:
        rows += 1
    return rows


def tolerated(numbers: Iterable[int], bad: float, good: float, level: float) -> list[int]:
    """Return the most bad rows that may be among so many, -1 where none may; numbers increase."""
    least, found = least_rows(good, level), []
    tail: _Tail | None = None
    for rows in numbers:
        if rows < least:
            found.append(-1)
            continue
        if tail is None or rows - tail.rows > _FAR:
            tail = _among(rows, bad, good, level)
        while tail.rows < rows:
            tail = _with_one_more(tail, bad, good, level)
        found.append(tail.most)
    return found


def shown(rows: int, number: int, level: float) -> float:
    """Return the largest share of bad rows that so many of them do not speak against."""
    if number >= rows:
        return 1.0
    low, high = number / rows, 1.0
    while low < (middle := (low + high) / 2) < high:
        few = _below(rows, number, middle, 1 - middle)[0] <= level
        low, high = (low, middle) if few else (middle, high)
    return high


def _among(rows: int, bad: float, good: float, level: float) -> _Tail:
    """Return the tail of so many rows, by bisection."""
    most, more = 0, math.ceil(rows * bad) + 1
    while more - most > 1:
        middle = (most + more) // 2
        fits = _below(rows, middle, bad, good)[0] <= level * _ROUNDING
        most, more = (middle, more) if fits else (most, middle)
    return _Tail(rows, most, *_below(rows, most, bad, good))


def _with_one_more(tail: _Tail, bad: float, good: float, level: float) -> _Tail:
    """Return the tail of one row more, of which none or one more may be bad."""
    rows, most = tail.rows + 1, tail.most
    below = tail.below - bad * tail.here
    here = tail.here * good * rows / (rows - most)
    following = here * (rows - most) / (most + 1) * bad / good
    if below + following <= level * _ROUNDING:
        return _Tail(rows, most + 1, below + following, following)
    return _Tail(rows, most, below, here)


def _below(rows: int, number: int, bad: float, good: float) -> tuple[float, float]:
    """Return the probability of up to so many bad rows, and of as many."""
    if number == 0:
        return good**rows, good**rows
    ways = math.lgamma(rows + 1) - math.lgamma(number + 1) - math.lgamma(rows - number + 1)
    here = math.exp(ways + number * math.log(bad) + (rows - number) * math.log(good))
    total, term = 1.0, 1.0
    for i in range(number, 0, -1):
        term *= i * good / ((rows - i + 1) * bad)
        total += term
        if term < 1e-17 * total:
            break
    return here * total, here
