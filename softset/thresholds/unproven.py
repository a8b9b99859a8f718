"""What to say if no threshold shows a bound: too few rows, or what the first cut has."""

from __future__ import annotations

from typing import Any

from .._arrays.values import truth
from ..metrics.proportions import ALL, CALLED_NEGATIVE, CALLED_POSITIVE, NEGATIVES, POSITIVES
from .binomial import least_rows, shown
from .cuts import Cuts, first, named, pick
from .guarantee import Proof, Test, shown_at, starts, tested_at

_ROWS = {
    POSITIVES: "positives",
    NEGATIVES: "negatives",
    CALLED_POSITIVE: "rows that are called positive",
    CALLED_NEGATIVE: "rows that are called negative",
    ALL: "rows",
}


def refusal(name: str, proof: Proof, cuts: Cuts, found: Any) -> ValueError:
    """Return what to raise where no cut shows all bounds."""
    xp, (tests, confidence, level) = cuts.lib.xp, proof
    flat = xp.reshape(found, (-1,))
    number = flat.shape[0]
    place = next(i for i in range(number) if not truth(flat[i]))
    which = named(cuts._replace(own=False), place, number)
    start = f"`{name}` must be shown with a confidence of {confidence}{which}, got"
    for test in tests:
        if not truth(xp.any(xp.reshape(shown_at(test, level, cuts), (number, -1))[place, ...])):
            return ValueError(f"{start} {_why(test, level, cuts, number, place)}")
    bounds = " and ".join(str(test.constraint) for test in tests)
    return ValueError(
        f"{start} {bounds}, each of which can be shown, but at no common threshold; loosen a bound"
    )


def _why(test: Test, level: float, cuts: Cuts, number: int, place: int) -> str:
    """Return why a bound is shown nowhere, in the group that is furthest from it."""
    groups, told = cuts.num_groups or 1, []
    for group in range(groups):
        where, words = f" in group {group}" if groups > 1 else "", _ROWS[test.rows]
        needed, most, found = _first_cuts(test, level, cuts, number, place, group)
        if not found:
            return (
                f"{test.constraint} of {most} {words}{where}, and it takes {needed} at least; take "
                "more rows, or loosen the bound"
            )
        share, of, wrong = min((shown(of, wrong, level), of, wrong) for of, wrong in found)
        value = share if test.constraint.is_upper else 1 - share
        text = f"{test.constraint}, against which {wrong} of {of} {words}{where}"
        told.append((share, text, value))
    _, text, value = max(told)
    kind = "at most" if test.constraint.is_upper else "at least"
    return (
        f"{text} speak at the first cut that is tested: they show {kind} {value:.4g}; loosen the "
        "bound, or take more rows"
    )


def _first_cuts(
    test: Test, level: float, cuts: Cuts, number: int, place: int, group: int
) -> tuple[int, int, list[tuple[int, int]]]:
    """Return the rows needed, the most that there are, and those of each first cut with the bad."""
    lib, xp = cuts.lib, cuts.lib.xp
    found, needed, most = [], [], 0
    for start in starts(test, level, cuts):
        tested, rows, bad, least = (
            xp.reshape(
                xp.broadcast_to(x, cuts.counts.tp.shape), (number, cuts.num_groups or 1, -1)
            )[place, group : group + 1, :]
            for x in (*tested_at(test, cuts, start), start)
        )
        needed.append(max(least_rows(test.good, level), int(least[0, 0])))
        most = int(xp.max(rows))
        if most >= needed[-1]:
            at = first(lib, xp.flip(tested, axis=-1) if test.from_top else tested)
            at = tested.shape[-1] - 1 - at if test.from_top else at
            of, wrong = (pick(lib, x, at) for x in (rows, bad))
            found.append((int(of[0, 0]), int(wrong[0, 0])))
    return needed[0], most, found
