"""The thresholds that data can be cut at, the counts there, and the best of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.values import checking, truth
from .._counting.arguments import arrive, prepare
from .._counting.logits import logits_of
from .._counting.pieces import count_pass
from .._counting.sweep import sorted_counts
from .._types import Confusion, Metric
from ..averages import is_average
from ..metrics import expected_cost, is_built_in
from ..metrics.options import core, fixed_options
from ..steps import Hard

# So many times the distance from 1 to the next number may lie between equal values: the sums of
# a few dozen weights and the arithmetic of a metric round about as often.
_ROUNDINGS = 8


class Cuts(NamedTuple):
    """Where scores can be cut, which of these places separate two of them, and the counts there.

    `seen` says whether values are looked at. A cut is above `low` and up to `high`, or else at a
    given threshold, which is both. The counts are in float64 where there is one; `dtype` is what
    they come in elsewhere, and what weights have been rounded to.
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


class Ranked(NamedTuple):
    """A metric at every cut, nan where undefined, and whether larger is better.

    Values are equal if no more than `rounding` times their size apart, which is `size` at least.
    """

    values: Any
    larger: bool
    size: float
    rounding: float


def cut(
    y_true: Any,
    y_prob: Any,
    *,
    thresholds: Any,
    sample_weight: Any,
    where: Any,
    axis: Any,
    from_logits: bool,
) -> Cuts:
    """Count at the given thresholds, or else at every cut between two scores."""
    call = arrive(y_true, y_prob, 0.5, thresholds, Hard(), sample_weight, where, axis, from_logits)
    lib, weighted = call.lib, sample_weight is not None
    seen = bool(checking(lib))
    if thresholds is None:
        batch = prepare(call)
        scores, c = sorted_counts(batch, call.where)
        return _between(lib, seen, scores, c, weighted, from_logits)
    c = Confusion(*count_pass(call))
    # The logit of a probability near 1 is that of all its digits.
    like = lib.wide(c.tp) if from_logits else c.tp
    values = call.thresholds
    values = lib.numbers(values, like) if isinstance(values, tuple) else values
    candidates = lib.cast(values, like.dtype) + lib.xp.zeros_like(like)
    always, wide = lib.xp.ones_like(c.tp) > 0, Confusion(*map(lib.wide, c))
    dtype = c.tp.dtype
    return Cuts(lib, seen, candidates, candidates, always, wide, dtype, weighted, True, from_logits)


def rank(name: str, metric: Metric, larger: bool, cuts: Cuts) -> Ranked:
    """Return a metric at every cut, in which undefined values do not compete.

    A `zero_division` that was chosen is a value like others. A metric of one's own gets counts of
    the dtype that it would get elsewhere.
    """
    if is_average(metric):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got an average over classes; for "
            "one threshold per class pass the metric of a single class and axis=0"
        )
    lib, c, known = cuts.lib, cuts.counts, is_built_in(core(metric))
    if known and "zero_division" not in fixed_options(metric):
        values: Any = metric(c, zero_division=float("nan"))  # pyright: ignore[reportCallIssue]
    else:
        values = metric(c if known else Confusion(*(lib.cast(x, cuts.dtype) for x in c)))
    if tuple(getattr(values, "shape", ())) != tuple(c.tp.shape):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got the shape "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(c.tp.shape)}; for one "
            "threshold per class pass the metric of a single class and axis=0"
        )
    # The terms of a built-in are shares, whose differences round as numbers near 1 do; but what
    # an error costs may be of any size, as may the values of a metric of one's own.
    size = 1.0 if known and core(metric) is not expected_cost else 0.0
    double = lib.xp.float64
    single = values.dtype != double or (cuts.weighted and cuts.dtype != double)
    return Ranked(values, larger, size, _ROUNDINGS * (2.0**-23 if single else 2.0**-52))


def meets(lib: Library, ranked: Ranked, bound: float) -> Any:
    """Mark the values that keep to a bound, but for rounding; an undefined one does not."""
    values, slack = ranked.values, ranked.rounding * max(abs(bound), ranked.size)
    wall = lib.numbers(bound, values)
    return values >= wall - slack if ranked.larger else values <= wall + slack


def best(lib: Library, ranked: Ranked, allowed: Any) -> Any:
    """Mark the best of the values that are allowed, equal ones but for rounding as well.

    Where none of these is defined all that are allowed are marked.
    """
    xp, values = lib.xp, ranked.values if ranked.larger else -ranked.values
    valid = allowed & (values == values)
    order = xp.where(valid, values, xp.full_like(values, -xp.inf))
    top = xp.max(order, axis=-1, keepdims=True)
    size = xp.abs(top)
    size = xp.where((size > ranked.size) & (size < xp.inf), size, xp.full_like(size, ranked.size))
    return (valid & (order >= top - size * ranked.rounding)) | (
        allowed & ~xp.any(valid, axis=-1, keepdims=True)
    )


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
        known = _only(lib, pick(lib, cuts.counts.tp, place))
        threshold = xp.where(known == known, threshold, xp.full_like(threshold, xp.nan))
    if cuts.given or not cuts.from_logits:
        return threshold, value
    exists = threshold == threshold
    if cuts.seen:
        _require_threshold(exists, cuts, place)
    return threshold, xp.where(exists, value, xp.full_like(value, xp.nan))


def _require_threshold(exists: Any, cuts: Cuts, place: Any) -> None:
    """Require a probability between the logits on both sides, where that can be seen."""
    lib, xp = cuts.lib, cuts.lib.xp
    if truth(xp.all(exists)) is not False:
        return
    low, high = pick(lib, cuts.low, place), pick(lib, cuts.high, place)
    exists, low, high = (xp.reshape(x, (-1,)) for x in (exists, low, high))
    i = next(i for i in range(exists.shape[0]) if not truth(exists[i]))
    which = f" of class {i}" if exists.shape[0] > 1 else ""
    raise ValueError(
        f"`y_prob` must hold logits{which} that a probability tells apart at the best cut, got "
        f"{float(low[i])} and {float(high[i])}; divide all logits by a constant, here and in use, "
        "which keeps their order"
    )


def _value_at(metric: Metric, cuts: Cuts, place: Any) -> Any:
    """Return the metric of the counts at a place, as it is where it is reported."""
    lib = cuts.lib
    there = (lib.cast(pick(lib, x, place), cuts.dtype) for x in cuts.counts)
    values: Any = metric(Confusion(*there))
    return _only(lib, values)


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


def _between(
    lib: Library, seen: bool, scores: Any, c: Confusion, weighted: bool, from_logits: bool
) -> Cuts:
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
    return Cuts(lib, seen, below, above, possible, c, scores.dtype, weighted, False, from_logits)


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
