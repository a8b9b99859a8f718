"""Bounds that hold in the population, with a confidence: the cuts at which they are shown.

A rate at a cut is shown to keep its bound by an exact binomial test. To look for such a cut among
many costs nothing if they are tested in an order that the labels had no say in, and the search
ends at the first that fails: the first cut in this order that does not keep the bound is the only
one that is wrongly passed, and it is with a probability of 1 - confidence (fixed-sequence testing:
Maurer, Hothorn and Lehmacher 1995; for thresholds Angelopoulos et al. 2025, Learn then test).

The order goes from strict to loose: where fewer rows are called positive first, for a bound on
false alarms and for precision, else where more are. Of a rate of rows of one class it begins at the
end, where nothing can be wrong. Precision has few rows there, and is begun where it has enough:
twice, with half of the error each, since what few rows show is chance. A search that arrives where
the other begins hands its half on (Wiens and Dmitrienko 2005).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.values import all_are, compiling, truth
from .._types import Confusion
from ..constraints.bounds import Constraint
from ..metrics.options import name_of
from ..metrics.proportions import ALL, CALLED_NEGATIVE, CALLED_POSITIVE, NAMES, proportion_of
from .binomial import least_rows, tolerated
from .cuts import Cuts

# A rate of the rows that are called positive is begun with this many times the rows that it takes
# at least, lest one bad row end the search, or with one in so many of all if these are fewer. If
# they are more, half of the level goes to a second search, from the geometric mean of both on.
_TIMES, _ONE_IN = 4, 20
# Up to so many numbers are read one by one.
_FEW = 4096


class Test(NamedTuple):
    """What has to be shown of one bound: at most a share of some rows is bad."""

    constraint: Constraint
    counted: frozenset[str]
    rows: frozenset[str]
    bad: float
    good: float

    @property
    def grows(self) -> bool:
        """Whether its rows are those that are called positive, or negative."""
        return self.rows in (CALLED_POSITIVE, CALLED_NEGATIVE)

    @property
    def from_top(self) -> bool:
        """Whether it is stricter to call fewer rows positive."""
        return (self.rows if self.grows else self.counted) <= CALLED_POSITIVE


class Proof(NamedTuple):
    """What has to be shown, and the level that each test is made at.

    Bounds with a search of their own share 1 - confidence: each one on rows that are called
    positive, or negative, in each group. The others of one side fail from one cut on, so that only
    the strictest of them can be wrongly passed: they count as one.
    """

    tests: tuple[Test, ...]
    confidence: float
    level: float


def tests_of(
    name: str, confidence: Any, constraints: tuple[Constraint, ...], sample_weight: Any, each: bool
) -> tuple[Test, ...]:
    """Return what has to be shown of bounds that `name` gave, none without a confidence."""
    if confidence is None:
        return ()
    if isinstance(confidence, bool) or not (
        isinstance(confidence, (int, float)) and 0.5 <= confidence < 1
    ):
        raise ValueError(f"`confidence` must lie in [0.5, 1), as 0.95, got {confidence!r}")
    if not constraints:
        raise ValueError(
            "`confidence` is that of the bounds of `subject_to`, got none; for an interval of the "
            "threshold and of its value see softset_backends.threshold_interval"
        )
    if sample_weight is not None:
        raise ValueError(
            "`confidence` counts rows, each as one, got `sample_weight`, by which a row is no toss "
            "of a coin any more; leave the weights out"
        )
    if each:
        raise ValueError(
            "`confidence` is that of one threshold, got by_group=True; choose each group's from "
            "its own rows, at a confidence of 1 - (1 - confidence) / num_groups if all are to hold"
        )
    return tuple(_test(name, one) for one in constraints)


def _test(name: str, constraint: Constraint) -> Test:
    found, bound = proportion_of(constraint.metric), constraint.bound
    if found is None:
        raise ValueError(
            f"`{name}` with `confidence` takes bounds on {', '.join(NAMES)}, which are shares of "
            "rows with one end of the thresholds on the safe side, got "
            f"{name_of(constraint.metric)}; bound some of them in its place, or leave `confidence` "
            "out"
        )
    if not (bound > 0 and 0 < 1 - bound < 1):  # 1 less what is hardly any is 1
        raise ValueError(
            f"`{name}` must lie strictly between 0 and 1 with `confidence`, got {constraint}; no "
            "number of rows shows that none is bad"
        )
    if constraint.is_upper:
        return Test(constraint, *found, bound, 1 - bound)
    return Test(constraint, found.rows - found.counted, found.rows, 1 - bound, bound)


def proof_of(
    tests: tuple[Test, ...], confidence: Any, cuts: Cuts, y_true: Any, where: Any
) -> Proof | None:
    """Return the tests with their level, once the rows are such that they can be tested."""
    if not tests:
        return None
    lib = cuts.lib
    if not lib.visible or compiling() or truth(lib.xp.all(cuts.possible)) is None:
        raise TypeError(
            "`confidence` needs values that can be seen, got hidden ones; choose the threshold "
            "outside of compiled code, and of arrays in memory"
        )
    if not (lib.is_bool(y_true.dtype) or all_are(lib, y_true, _is_hard, where)):
        raise ValueError(
            "`y_true` must hold labels of 0 or 1 with `confidence`, got others: what is expected "
            "of a row is no observation of it"
        )
    if cuts.given and truth(lib.xp.any(cuts.low[..., 1:] < cuts.low[..., :-1])):
        raise ValueError("`thresholds` must increase with `confidence`, which tests them in order")
    growing = sum(test.grows for test in tests) * (cuts.num_groups or 1)
    sides = {test.from_top for test in tests if not test.grows}
    return Proof(tests, confidence, (1 - confidence) / (growing + len(sides)))


def shown_at(test: Test, level: float, cuts: Cuts) -> Any:
    """Mark the cuts at which a bound is shown, in every group."""
    xp = cuts.lib.xp
    first, second = starts(test, level, cuts)
    passed = _passed(test, level, cuts, second)
    if test.grows:
        early, late = (_passed(test, level / 2, cuts, start) for start in (first, second))
        tested, rows, _ = tested_at(test, cuts, first)
        arrived = ~xp.any(tested & (rows < second) & ~early, axis=-1, keepdims=True)
        passed = early | late | (passed & arrived)
    return passed if cuts.num_groups is None else xp.all(passed, axis=-2)


def _passed(test: Test, level: float, cuts: Cuts, start: Any) -> Any:
    """Mark the cuts before the first that fails, of those with so many rows or more."""
    lib, xp = cuts.lib, cuts.lib.xp
    tested, rows, bad = tested_at(test, cuts, start)
    most = _most(lib, rows if test.grows else rows[..., :1], test, level)
    wrong = xp.astype(tested & (bad > most), xp.int32)
    failed = lib.running(wrong)
    if test.from_top:  # those from here on
        failed = failed[..., -1:] - failed + wrong
    return tested & (failed == 0)


def tested_at(test: Test, cuts: Cuts, start: Any) -> tuple[Any, Any, Any]:
    """Return which cuts are tested, the rows that the rate is of there, and the bad ones."""
    rows, bad = _sum(cuts.counts, test.rows), _sum(cuts.counts, test.counted)
    possible = cuts.possible if cuts.num_groups is None else cuts.possible[..., None, :]
    # No number is what a check that is off lets through.
    return possible & (rows >= start), cuts.lib.where(rows == rows, rows, 0.0), bad


def starts(test: Test, level: float, cuts: Cuts) -> tuple[Any, Any]:
    """Return how many rows the first cuts of both searches have at least."""
    lib, xp, number = cuts.lib, cuts.lib.xp, _sum(cuts.counts, ALL)[..., :1]
    if not test.grows:
        return (lib.where(number == number, 0.0, number),) * 2
    least, some = float(least_rows(test.good, level)), xp.floor(number / _ONE_IN)
    first = lib.where(some > _TIMES * least, _TIMES * least, some)
    first = lib.where(first < least, least, first)
    second = xp.floor(xp.sqrt(first * some))
    return first, lib.where(second > first, second, first)


def _most(lib: Library, rows: Any, test: Test, level: float) -> Any:
    """Return how many of so many rows may be bad."""
    xp, options = lib.xp, (test.bad, test.good, level)
    flat = xp.reshape(rows, (-1,))
    if flat.shape[0] <= _FEW:
        numbers = [int(x) for x in _listed(flat)]
        known = sorted(set(numbers))
        most = dict(zip(known, tolerated(known, *options), strict=True))
        return xp.reshape(lib.numbers(tuple(most[x] for x in numbers), rows), rows.shape)
    table = tolerated(range(int(xp.max(flat)) + 1), *options)
    found = lib.look_up(lib.numbers(tuple(table), rows), xp.astype(flat, xp.int32))
    return xp.reshape(found, rows.shape)


def _listed(x: Any) -> list[Any]:
    """Return the numbers of an array; one by one only where the library has no quicker way."""
    return x.tolist() if hasattr(x, "tolist") else [x[i] for i in range(x.shape[0])]


def _sum(c: Confusion, names: frozenset[str]) -> Any:
    first, *others = (x for name, x in zip(c._fields, c, strict=True) if name in names)
    return sum(others, first)


def _is_hard(x: Any) -> Any:
    return (x == 0) | (x == 1)
