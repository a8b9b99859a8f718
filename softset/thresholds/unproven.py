"""What to say if no threshold shows a bound: too few rows, or what the first cut has."""

from __future__ import annotations

from typing import Any

from .._arrays.values import truth
from ..metrics.proportions import ALL, CALLED_NEGATIVE, CALLED_POSITIVE, NEGATIVES, POSITIVES
from .binomial import least_rows, shown
from .cuts import Cuts, first, named, pick
from .guarantee import Proof, Test, rows_at_first, shown_at, tested_at

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
    xp, groups = cuts.lib.xp, cuts.num_groups or 1
    tested, rows, bad = (
        xp.reshape(xp.broadcast_to(x, cuts.counts.tp.shape), (number, groups, -1))[place, ...]
        for x in tested_at(test, level, cuts)
    )
    start = xp.reshape(rows_at_first(test, level, cuts), (number, groups))[place, ...]
    least, words, told = least_rows(test.good, level), _ROWS[test.rows], []
    for group in range(groups):
        where = f" in group {group}" if groups > 1 else ""
        most = int(xp.max(rows[group, ...]))
        needed = max(least, int(start[group]))
        if most < needed:
            return (
                f"{test.constraint} of {most} {words}{where}, and it takes {needed} at least; take "
                "more rows, or loosen the bound"
            )
        marked = tested[group : group + 1, :]
        at = first(cuts.lib, xp.flip(marked, axis=-1) if test.from_top else marked)
        at = marked.shape[-1] - 1 - at if test.from_top else at
        of, wrong = (int(pick(cuts.lib, x[group : group + 1, :], at)[0, 0]) for x in (rows, bad))
        share = shown(of, wrong, level)
        value = share if test.constraint.is_upper else 1 - share
        told.append(
            (share, f"{test.constraint}, against which {wrong} of {of} {words}{where}", value)
        )
    _, text, value = max(told)
    kind = "at most" if test.constraint.is_upper else "at least"
    return (
        f"{text} speak at the first cut that is tested: they show {kind} {value:.4g}; loosen the "
        "bound, or take more rows"
    )
