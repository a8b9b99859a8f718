"""A threshold for each group: a search that couples them by their sum and by bounds across groups.

Coordinate ascent: each group in turn gets the cut that is best beside those of the others. Where
the groups' cuts may be chosen freely no more is needed for a metric that is a ratio of sums of
counts, as accuracy, F-beta or a cost: it is above a value where a sum over groups is above 0, and
a sum is largest where each of its terms is. A bound on a gap, or on a ratio, forbids free choice
but within a band of rates. So the ascent is made within each of many bands, one of which holds the
best cuts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.values import compiling, truth
from .._types import Confusion, Metric
from ..across.checks import across_of
from ..across.disparities import LargestGap, SmallestRatio
from ..constraints.bounds import Constraint
from .cuts import Cuts, first, pick
from .limits import shortfall, shortfall_of_each
from .ranks import Ranked, best, rank

_CUTS = 1024  # of all groups, at a time
_BANDS = 512
_FREE = 8  # starts of groups that are cut at one share of their cuts
_ROUNDS = 100


class _Search(NamedTuple):
    """What is looked for: a metric, the bounds across groups, and the cuts of each group.

    The counts have the shape (groups, cuts). So many cuts of each group, the first in its `order`,
    keep the bounds on the group itself, or come closest.
    """

    metric: Metric
    larger: bool
    across: tuple[Constraint, ...]
    cuts: Cuts
    order: Any
    numbers: list[int]


def search(
    metric: Metric, larger: bool, constraints: tuple[Constraint, ...], cuts: Cuts
) -> tuple[Any, Any]:
    """Return a place for each group, along a last axis of length 1, and where bounds are kept."""
    lib, xp = cuts.lib, cuts.lib.xp
    if not lib.visible or compiling() or truth(xp.all(cuts.possible)) is None:
        raise TypeError(
            "`by_group` needs values that can be seen, got hidden ones; look for the thresholds "
            "outside of compiled code"
        )
    shape = tuple(cuts.counts.tp.shape)
    flat = [xp.reshape(x, (-1, *shape[-2:])) for x in (*cuts.counts, cuts.possible)]
    found = []
    for i in range(flat[0].shape[0]):
        *counts, possible = (x[i, ...] for x in flat)
        one = cuts._replace(counts=Confusion(*counts), possible=possible)
        found.append(_search(metric, larger, constraints, one))
    places, kept = (xp.stack(list(side)) for side in zip(*found, strict=True))
    return xp.reshape(places, (*shape[:-1], 1)), xp.reshape(kept, shape[:-2])


def _search(
    metric: Metric, larger: bool, constraints: tuple[Constraint, ...], cuts: Cuts
) -> tuple[Any, Any]:
    """Return the places of one class, of shape (groups,), and whether all bounds are kept."""
    lib, xp = cuts.lib, cuts.lib.xp
    across = tuple(one for one in constraints if across_of(one.metric) is not None)
    short = lib.wide(xp.zeros_like(cuts.counts.tp))
    for one in constraints:
        if one not in across:
            short = short + shortfall_of_each("subject_to", one, cuts)
    short = lib.where(cuts.possible, short, xp.inf)
    least = xp.min(short, axis=-1, keepdims=True)
    allowed = cuts.possible & (short <= least)
    numbers = [int(xp.sum(xp.astype(row, xp.int32))) for row in _rows(allowed)]
    order = xp.argsort(xp.astype(~allowed, xp.int32), axis=-1, stable=True)
    job = _Search(metric, larger, across, cuts, order, numbers)
    low, high, middle = [0] * len(numbers), [n - 1 for n in numbers], [n // 2 for n in numbers]
    while True:
        number = min(
            _CUTS // len(numbers) + 1, 1 + max(b - a for a, b in zip(low, high, strict=True))
        )
        tried = [_spread(*ends, number) for ends in zip(low, high, middle, strict=True)]
        chosen, kept = _best_of(job, tried)
        middle = [of[i] for of, i in zip(tried, chosen, strict=True)]
        steps = [-(-(b - a) // max(1, number - 1)) for a, b in zip(low, high, strict=True)]
        if max(steps) <= 1:
            break
        low = [max(0, m - 2 * step) for m, step in zip(middle, steps, strict=True)]
        high = [min(n - 1, m + 2 * step) for n, m, step in zip(numbers, middle, steps, strict=True)]
    places = xp.stack([row[m] for row, m in zip(_rows(order), middle, strict=True)])
    return places, kept & xp.all(least == 0)


def _spread(low: int, high: int, middle: int, number: int) -> list[int]:
    """Return so many numbers from one to another, and last one of one's own."""
    last = max(1, number - 1)
    return [low + j * (high - low) // last for j in range(number)] + [middle]


def _best_of(job: _Search, tried: list[list[int]]) -> tuple[list[int], Any]:
    """Return which of the cuts that are tried is best for each group, and if bounds are kept."""
    lib, xp = job.cuts.lib, job.cuts.lib.xp
    c = _counts(job, tried)
    bands = [_bands(job, c, one, _BANDS // len(job.across)) for one in job.across]
    starts, masks = _free_starts(job, c.tp)
    for mask in bands:
        if mask is not None:
            own = xp.argmax(xp.astype(mask, xp.int32), axis=-1)
            starts, masks = xp.concat([starts, own]), xp.concat([masks, mask])
    places = _ascend(job, c, [starts[:, g] for g in range(len(tried))], masks)
    one = _first_of_best(lib, *_judge(job, _chosen(lib, c, places, axis=0)))
    ends = [lib.look_up(place, one) for place in places]
    ends = _ascend(job, c, ends, None)
    short = _judge(job, _chosen(lib, c, ends, axis=0))[1]
    return [int(place[0]) for place in ends], short[0] == 0


def _counts(job: _Search, tried: list[list[int]]) -> Confusion:
    """Return the counts at the cuts that are tried, of shape (groups, cuts)."""
    lib, xp = job.cuts.lib, job.cuts.lib.xp
    places = [
        lib.look_up(row, lib.plain.numbers(tuple(of), row))
        for row, of in zip(_rows(job.order), tried, strict=True)
    ]
    return Confusion(
        *(
            xp.stack([lib.look_up(row, at) for row, at in zip(_rows(x), places, strict=True)])
            for x in job.cuts.counts
        )
    )


def _free_starts(job: _Search, like: Any) -> tuple[Any, Any]:
    """Return starts at shares of the groups' cuts, with masks that allow every cut."""
    xp, (groups, number) = job.cuts.lib.xp, like.shape
    at = (*(j * (number - 2) // (_FREE - 1) for j in range(_FREE)), number - 1)
    starts = xp.stack([job.cuts.lib.plain.numbers(at, job.order)] * groups, axis=-1)
    return starts, xp.stack([like == like] * len(at))


def _bands(job: _Search, c: Confusion, one: Constraint, number: int) -> Any:
    """Return masks of the cuts within bands of rates that keep a gap or a ratio, or None."""
    lib, xp, across = job.cuts.lib, job.cuts.lib.xp, across_of(one.metric)
    is_gap = one.is_upper and isinstance(across, LargestGap)
    is_ratio = one.bound > 0 and not one.is_upper and isinstance(across, SmallestRatio)
    if across is None or not (is_gap or is_ratio):
        return None
    here = job.cuts._replace(counts=c)
    ranked = rank("subject_to", across.metric, True, here, by_group=True)
    rates = ranked.values
    known = rates == rates
    count = int(xp.sum(xp.astype(known, xp.int32)))
    if not count:
        return None
    rising = xp.sort(xp.reshape(lib.where(known, rates, xp.inf), (-1,)))
    number = min(number, count)
    at = tuple(j * (count - 1) // max(1, number - 1) for j in range(number))
    low = lib.look_up(rising, lib.plain.numbers(at, job.order))[:, None, None]
    slack = ranked.rounding * max(1.0, one.bound)
    high = low + one.bound if is_gap else low / one.bound
    inside = ((rates >= low - slack) & (rates <= high + slack)) | ~known
    return inside | ~xp.any(inside, axis=-1, keepdims=True)


def _ascend(job: _Search, c: Confusion, places: list[Any], masks: Any) -> list[Any]:
    """Give each group in turn its best cut, from many starts, until nothing changes."""
    lib, xp = job.cuts.lib, job.cuts.lib.xp
    for _ in range(_ROUNDS):
        moved = False
        for g in range(len(places)):
            ranked, short = _judge(job, _beside(job, c, places, g))
            if masks is not None:
                short = lib.where(masks[:, g, :], short, xp.inf)
            new = _first_of_best(lib, ranked, short, places[g][:, None])[..., 0]
            moved = moved or truth(xp.any(new != places[g]))
            places = [*places[:g], new, *places[g + 1 :]]
        if not moved:
            break
    return places


def _chosen(lib: Library, c: Confusion, places: list[Any], axis: int) -> Confusion:
    """Return the counts of each group at its place, of all starts."""
    return Confusion(
        *(
            lib.xp.stack(
                [lib.look_up(row, at) for row, at in zip(_rows(x), places, strict=True)], axis=axis
            )
            for x in c
        )
    )


def _beside(job: _Search, c: Confusion, places: list[Any], g: int) -> Confusion:
    """Return counts of (starts, groups, cuts): one group's at every cut, the others' as chosen."""
    lib, xp = job.cuts.lib, job.cuts.lib.xp
    mine = lib.plain.numbers(tuple(range(len(places))), job.order)[:, None] == g
    fixed = _chosen(lib, c, places, axis=1)
    return Confusion(*(xp.where(mine, x, of[..., None]) for x, of in zip(c, fixed, strict=True)))


def _judge(job: _Search, c: Confusion) -> tuple[Ranked, Any]:
    """Return the metric, and how far the bounds across groups are from being kept."""
    lib, here = job.cuts.lib, job.cuts._replace(counts=c)
    ranked = rank("metric", job.metric, job.larger, here)
    short = lib.wide(lib.xp.zeros_like(ranked.values))
    for one in job.across:
        of_one = rank("subject_to", one.metric, not one.is_upper, here)
        short = short + shortfall(lib, of_one, one.bound)
    return ranked, short


def _first_of_best(lib: Library, ranked: Ranked, short: Any, now: Any = None) -> Any:
    """Return the first best place of those that fall least short; the one of now if it is one."""
    xp = lib.xp
    marked = best(lib, ranked, short <= xp.min(short, axis=-1, keepdims=True))
    new = first(lib, marked)
    if now is None:
        return new
    return xp.where(pick(lib, xp.astype(marked, xp.int32), now) > 0, now, lib.cast(new, now.dtype))


def _rows(x: Any) -> list[Any]:
    return [x[g, ...] for g in range(x.shape[0])]
