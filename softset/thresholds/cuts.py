"""The thresholds that data can be cut at, and the counts there."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.values import checking, truth
from .._counting.arguments import Arguments, arrive, check, in_range, prepare
from .._counting.checks import axes
from .._counting.logits import logits_of
from .._counting.names import NAMES
from .._counting.pieces import count_pass
from .._counting.sweep import sorted_counts
from .._types import Confusion, Metric
from ..across.checks import across_of
from ..metrics.guarded import absent
from ..steps import Hard


class Cuts(NamedTuple):
    """Where scores can be cut, which of these places separate two of them, and the counts there.

    `seen` says whether values are looked at. A cut is above `low` and up to `high`, or else at a
    given threshold, which is both. The counts are in float64 where there is one; `dtype` is what
    they come in elsewhere, and what weights have been rounded to. Of so many groups they have an
    axis before the last, and so have the others if `own` says that each group is cut by itself.
    """

    lib: Library
    seen: bool
    low: Any
    high: Any
    possible: Any
    counts: Confusion
    dtype: Any
    weighted: bool
    given: bool
    from_logits: bool
    num_groups: int | None = None
    own: bool = False


def cut(
    y_true: Any,
    y_prob: Any,
    *,
    thresholds: Any,
    sample_weight: Any,
    where: Any,
    axis: Any,
    from_logits: bool,
    groups: Any,
    num_groups: int | None,
    by_group: bool,
) -> Cuts:
    """Count at the given thresholds, or else at every cut between two scores, or two of a group."""
    if by_group and groups is None:
        raise ValueError(
            "`groups` must be given for a threshold of each group, got None; pass the number of "
            "each score's group, from 0 on, and num_groups"
        )
    options = (sample_weight, where, axis, from_logits, NAMES, groups, num_groups)
    call = arrive(y_true, y_prob, 0.5, thresholds, Hard(), *options)
    lib = call.lib
    seen, known = bool(checking(lib)), None
    if thresholds is None:
        if by_group:
            call, known = _a_row_for_each_group(call)
        scores, c = sorted_counts(prepare(call, seen=known), call.where)
        cuts = _between(lib, seen, scores, c, from_logits)
    else:
        c = Confusion(*count_pass(call))
        cuts = _at(lib, seen, call.thresholds, c, from_logits, num_groups is not None, by_group)
    cuts = cuts._replace(num_groups=num_groups, own=by_group, weighted=sample_weight is not None)
    if by_group and seen:
        _require_members(cuts)
    return cuts


def pooled(cuts: Cuts) -> Confusion:
    """Return the counts of all groups together."""
    if cuts.num_groups is None:
        return cuts.counts
    return Confusion(*(cuts.lib.xp.sum(x, axis=-2) for x in cuts.counts))


def counts_at(cuts: Cuts, place: Any) -> Confusion:
    """Return the counts at a place, along an axis of length 1; of each group at its own."""
    lib = cuts.lib
    if cuts.num_groups is not None and not cuts.own:
        place = lib.xp.stack([place] * cuts.num_groups, axis=-2)
    return Confusion(*(pick(lib, x, place) for x in cuts.counts))


def named(cuts: Cuts, place: int, number: int) -> str:
    """Return the words for one of several cuts, by its place in their flat order."""
    words, groups = "", cuts.num_groups if cuts.own and cuts.num_groups else 1
    if number > groups:
        words = f" of class {place // groups}"
    return words + (f" of group {place % groups}" if groups > 1 else "")


def first(lib: Library, marked: Any) -> Any:
    """Return the first place that is marked, along an axis of length 1."""
    xp = lib.xp
    return xp.expand_dims(xp.argmax(xp.astype(marked, xp.int32), axis=-1), axis=-1)


def pick(lib: Library, x: Any, place: Any) -> Any:
    """Return the entry at a place of the last axis, which stays, of length 1."""
    xp = lib.xp
    if lib.can_sort:
        return xp.take_along_axis(x, place, axis=-1)
    here = lib.running(xp.ones_like(x, dtype=place.dtype)) - 1 == place
    return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1, keepdims=True)


def read_off(metric: Metric, cuts: Cuts, place: Any) -> tuple[Any, Any]:
    """Return the threshold and the value at a place, nan if no probability is a threshold there."""
    lib, xp = cuts.lib, cuts.lib.xp
    threshold, value = _threshold_of(cuts, place), _value_at(metric, cuts, place)
    if not cuts.seen:
        known = _only(lib, counts_at(cuts, place).tp)
        if cuts.num_groups is not None and not cuts.own:
            known = xp.sum(known, axis=-1)
        threshold = xp.where(known == known, threshold, xp.full_like(threshold, xp.nan))
    if cuts.given or not cuts.from_logits:
        return threshold, value
    exists = threshold == threshold
    if cuts.seen:
        _require_threshold(exists, cuts, place)
    exists = xp.all(exists, axis=-1) if cuts.own else exists
    return threshold, xp.where(exists, value, xp.full_like(value, xp.nan))


def _require_threshold(exists: Any, cuts: Cuts, place: Any) -> None:
    """Require a probability between the logits on both sides, where that can be seen."""
    lib, xp = cuts.lib, cuts.lib.xp
    if truth(xp.all(exists)) is not False:
        return
    low, high = pick(lib, cuts.low, place), pick(lib, cuts.high, place)
    exists, low, high = (xp.reshape(x, (-1,)) for x in (exists, low, high))
    i = next(i for i in range(exists.shape[0]) if not truth(exists[i]))
    which = named(cuts, i, exists.shape[0])
    raise ValueError(
        f"`y_prob` must hold logits{which} that a probability tells apart at the best cut, got "
        f"{float(low[i])} and {float(high[i])}; divide all logits by a constant, here and in use, "
        "which keeps their order"
    )


def _require_members(cuts: Cuts) -> None:
    """Require that each group has members to choose its threshold from."""
    lib, xp = cuts.lib, cuts.lib.xp
    members = xp.reshape(sum(x[..., 0] for x in cuts.counts), (-1,))
    none = absent(lib, members)
    if truth(xp.any(none)):
        i = next(i for i in range(none.shape[0]) if truth(none[i]))
        raise ValueError(
            "`groups` must have members of every group that gets a threshold of its own, got none"
            f"{named(cuts, i, none.shape[0])}; leave the group out of `num_groups`, or give it the "
            "threshold of all"
        )


def _value_at(metric: Metric, cuts: Cuts, place: Any) -> Any:
    """Return the metric of the counts at a place, as it is where it is reported."""
    lib, grouped = cuts.lib, cuts.num_groups is not None
    across = across_of(metric) is not None
    there = counts_at(cuts, place)
    if grouped:
        there = Confusion(*(x[..., 0] if across else lib.xp.sum(x, axis=-2) for x in there))
    values: Any = metric(Confusion(*(lib.cast(x, cuts.dtype) for x in there)))
    return values if across else _only(lib, values)


def _threshold_of(cuts: Cuts, place: Any) -> Any:
    """Return the threshold of the cut at a place; nan if no probability is between its logits."""
    lib, xp = cuts.lib, cuts.lib.xp
    low = pick(lib, cuts.low, place)
    if cuts.given:
        return _only(lib, low)
    high = pick(lib, cuts.high, place)
    if cuts.from_logits:
        return _between_logits(lib, low, high)
    return _only(lib, xp.where(low < 1, _middle(lib, low, high), xp.full_like(low, xp.inf)))


def _only(lib: Library, x: Any) -> Any:
    """Return the one entry of the last axis, as the number that NumPy makes of a sum."""
    return lib.xp.sum(x, axis=-1)


def _a_row_for_each_group(call: Arguments) -> tuple[Arguments, int]:
    """Return a call with an axis of groups, in which the others' scores are masked."""
    lib, number, seen = call.lib, call.num_groups or 0, check(call)
    groups, where = in_range(call, seen)
    groups, several = groups[..., None], lib.plain.numbers(tuple(range(number)), groups)
    mine = groups == several
    y_true, y_prob = (lib.xp.stack([x] * number, axis=-1) for x in (call.y_true, call.y_prob))
    weights = call.sample_weight
    own = call._replace(
        y_true=y_true,
        y_prob=y_prob,
        sample_weight=None if weights is None else weights[..., None],
        where=mine if where is None else mine & where[..., None],
        axis=axes(call.axis, len(call.y_prob.shape)),
        groups=None,
        num_groups=None,
    )
    return own, seen


def _at(
    lib: Library,
    seen: bool,
    thresholds: Any,
    c: Confusion,
    from_logits: bool,
    grouped: bool,
    by_group: bool,
) -> Cuts:
    """Return the cuts at given thresholds."""
    like = c.tp[..., 0, :] if grouped and not by_group else c.tp
    always = lib.xp.ones_like(like) > 0
    # The logit of a probability near 1 is that of all its digits.
    like = lib.wide(like) if from_logits else like
    values = thresholds
    values = lib.numbers(values, like) if isinstance(values, tuple) else values
    candidates = lib.cast(values, like.dtype) + lib.xp.zeros_like(like)
    wide = Confusion(*map(lib.wide, c))
    return Cuts(
        lib, seen, candidates, candidates, always, wide, c.tp.dtype, False, True, from_logits
    )


def _between(lib: Library, seen: bool, scores: Any, c: Confusion, from_logits: bool) -> Cuts:
    """Return the cuts between sorted scores; the first is below all, the last above them."""
    xp = lib.xp
    ends = (-xp.inf, xp.inf) if from_logits else (0.0, 1.0)
    low, high = (xp.full_like(scores[..., :1], end) for end in ends)
    below = xp.concat([low, scores], axis=-1)
    above = xp.concat([scores, high], axis=-1)
    always = xp.ones_like(low) > 0
    possible = xp.concat([always, scores[..., 1:] > scores[..., :-1], always], axis=-1)
    positives, negatives = c.tp[..., :1], c.fp[..., :1]
    none = Confusion(xp.zeros_like(positives), xp.zeros_like(negatives), positives, negatives)
    c = Confusion(*(xp.concat(pair, axis=-1) for pair in zip(c, none, strict=True)))
    return Cuts(lib, seen, below, above, possible, c, scores.dtype, False, False, from_logits)


def _middle(lib: Library, low: Any, high: Any) -> Any:
    """Return a number above `low` and up to `high`, halfway unless these are neighbours."""
    middle = low + (high - low) / 2
    return lib.where(middle > low, middle, high)


def _between_logits(lib: Library, low: Any, high: Any) -> Any:
    """Return a probability whose logit is between two others, nan if there is none."""
    xp = lib.xp
    bottom, top = (lib.logistic(lib.wide(x)) for x in (low, high))
    middle = _middle(lib, bottom, top)
    epsilon = 2.0**-52 if middle.dtype == xp.float64 else 2.0**-23
    # Where rounding has put it on the wrong side, a neighbour may be on the right one; between
    # neighbouring logits the middle is rounded down to the lower one.
    steps = lib.numbers((0, -1, 1, -2, 2, -3, 3), middle) * (epsilon / 2)
    places = (middle, _middle(lib, middle, top))
    several = xp.concat([x + x * steps for x in places], axis=-1)
    several = xp.where(several < 1, several, xp.full_like(several, 1 - epsilon / 2))
    logits = logits_of(lib, several)
    # Another logarithm may round in another way.
    less, more = logits * (1 - 4 * epsilon), logits * (1 + 4 * epsilon)
    least, most = xp.where(logits < 0, more, less), xp.where(logits < 0, less, more)
    above = (lib.cast(least, low.dtype) > low) | (low == -xp.inf)
    fits = above & (lib.cast(most, low.dtype) <= high)
    threshold = pick(lib, several, first(lib, fits))[..., 0]
    # Above all logits anything from 1 on will do.
    ends = xp.where(high[..., 0] < xp.inf, xp.full_like(threshold, xp.nan), xp.inf)
    return xp.where(xp.any(fits, axis=-1), threshold, ends)
