"""Bounds at every cut: which cuts keep them, how far the others are, and what to say if none does.

A group of which a metric is undefined at every cut, as a recall without positives, has no bound to
keep; at a cut where it is undefined of another group the bound is not kept.
"""

from __future__ import annotations

import math
from typing import Any

from .._arrays import Library
from .._arrays.values import truth
from ..across.checks import across_of
from ..constraints.bounds import Constraint
from .cuts import Cuts, counts_at, first, named
from .ranks import Ranked, meets, rank


def limit(name: str, constraint: Constraint, cuts: Cuts) -> Ranked:
    """Return a bounded metric at every cut; of one that is bounded in each group the worst."""
    ranked = of_each(name, constraint, cuts)
    if not _is_by_group(constraint, cuts):
        return ranked
    lib, xp = cuts.lib, cuts.lib.xp
    values = ranked.values if ranked.larger else -ranked.values
    says_nothing = _says_nothing(lib, values, cuts.possible[..., None, :])
    undefined = (values != values) & ~says_nothing
    worst = xp.min(lib.where(values == values, values, xp.inf), axis=-2)
    worst = lib.where(xp.any(undefined, axis=-2) | (worst == xp.inf), xp.nan, worst)
    return ranked._replace(values=worst if ranked.larger else -worst)


def of_each(name: str, constraint: Constraint, cuts: Cuts) -> Ranked:
    """Return a bounded metric at every cut, in each group if it is not one across groups."""
    by_group = _is_by_group(constraint, cuts)
    return rank(name, constraint.metric, not constraint.is_upper, cuts, by_group=by_group)


def shortfall(lib: Library, ranked: Ranked, bound: float) -> Any:
    """Return how far values are from a bound: 0 if they keep it, infinite if undefined."""
    values, xp = ranked.values, lib.xp
    missing = bound - values if ranked.larger else values - bound
    missing = lib.where(values == values, missing, xp.inf)
    return lib.wide(lib.where(meets(lib, ranked, bound), 0.0, missing))


def shortfall_of_each(name: str, constraint: Constraint, cuts: Cuts) -> Any:
    """Return the shortfall of each group at each of its own cuts."""
    lib, ranked = cuts.lib, of_each(name, constraint, cuts)
    says_nothing = _says_nothing(lib, ranked.values, cuts.possible)
    return lib.where(says_nothing, 0.0, shortfall(lib, ranked, constraint.bound))


def closest(name: str, constraints: tuple[Constraint, ...], cuts: Cuts) -> Any:
    """Return the place where the sum of what bounds are broken by is smallest."""
    lib, xp = cuts.lib, cuts.lib.xp
    several = [shortfall(lib, limit(name, one, cuts), one.bound) for one in constraints]
    short = lib.where(cuts.possible, sum(several[1:], several[0]), xp.inf)
    return first(lib, cuts.possible & (short <= xp.min(short, axis=-1, keepdims=True)))


def refusal(
    name: str, constraints: tuple[Constraint, ...], cuts: Cuts, found: Any, place: Any
) -> ValueError:
    """Return what to raise where no thresholds keep all bounds; those at a place come closest."""
    xp = cuts.lib.xp
    flat = xp.reshape(found, (-1,))
    missing = [i for i in range(flat.shape[0]) if not truth(flat[i])]
    there = cuts._replace(counts=counts_at(cuts, place))
    pairs = [(one, of_each(name, one, there)) for one in constraints]
    words = [_what_is_wrong(cuts.lib, *pair, missing[0], flat.shape[0]) for pair in pairs]
    broken = [x for x in words if x] or [("what is undefined", "look for a class that is absent")]
    which = named(cuts._replace(own=False), missing[0], flat.shape[0])
    more = f"; {len(missing) - 1} more classes fail" if len(missing) > 1 else ""
    where = "the closest thresholds that were found" if cuts.own else "the closest threshold"
    return ValueError(
        f"`{name}` must be met at some threshold{which}, got "
        f"{' and '.join(value for value, _ in broken)} at {where}"
        f"{more}; {' and '.join(dict.fromkeys(way for _, way in broken))}"
    )


def _what_is_wrong(
    lib: Library, constraint: Constraint, ranked: Ranked, place: int, number: int
) -> tuple[str, str] | None:
    """Return what breaks a constraint at the closest cut, and the way out."""
    xp = lib.xp
    short = xp.reshape(shortfall(lib, ranked, constraint.bound), (number, -1))[place, ...]
    values = xp.reshape(ranked.values, (number, -1))[place, ...]
    far = [float(short[i]) for i in range(short.shape[0])]
    known = [x for x in far if x < math.inf]
    if not known:
        return f"{constraint}, which is undefined", "look for a class that is absent"
    if not max(known):
        return None
    worst = far.index(max(known))
    group = f" in group {worst}" if len(far) > 1 else ""
    way = "lower the bound" if ranked.larger else "raise the bound"
    return f"{constraint}, which is {float(values[worst]):.6g}{group}", way


def _says_nothing(lib: Library, values: Any, possible: Any) -> Any:
    """Mark the groups of which values are undefined at every cut, if there are others."""
    defined = lib.xp.any((values == values) & possible, axis=-1, keepdims=True)
    return lib.xp.any(defined, axis=-2, keepdims=True) & ~defined


def _is_by_group(constraint: Constraint, cuts: Cuts) -> bool:
    return cuts.num_groups is not None and across_of(constraint.metric) is None
