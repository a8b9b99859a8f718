"""The thresholds that data can be cut at, the counts there, and the best of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._batch import Arguments, cast, prepare
from ._bound import Bound
from ._logits import logits_of
from ._namespace import array_namespace, full_like_number, unwrap
from ._operations import running_sum
from ._sorting import can_sort
from ._sums import widened
from ._typing import Metric
from ._visible import truth
from .averages import Macro, Micro, Weighted
from .confusion import Confusion, confusion
from .metrics import expected_cost, is_built_in
from .steps import Hard, logistic
from .sweep import sorted_counts

# So many times the distance from 1 to the next number may lie between equal values: the sums of
# a few dozen weights and the arithmetic of a metric round about as often.
_ROUNDINGS = 8


class Cuts(NamedTuple):
    """Where scores can be cut, which of these places separate two of them, and the counts there.

    A cut is above `low` and up to `high`, or else at a given threshold, which is both. The counts
    are in float64 where there is one; `dtype` is what they come in elsewhere, and what weights
    have been rounded to.
    """

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
    arguments = Arguments(
        y_true, y_prob, 0.5, None, Hard(), sample_weight, where, axis, from_logits
    )
    if thresholds is None:
        batch = prepare(arguments)
        scores, c = sorted_counts(batch, where)
        return _between(batch.xp, scores, c, sample_weight is not None, from_logits)
    names = ("y_true", "y_prob", "step", "sample_weight", "where", "axis", "from_logits")
    options = {name: getattr(arguments, name) for name in names}
    c = confusion(**options, thresholds=thresholds)
    xp, dtype = array_namespace(c.tp), c.tp.dtype
    # The logit of a probability near 1 is that of all its digits.
    like = widened(c.tp) if from_logits else c.tp
    values = full_like_number(thresholds, like) if isinstance(thresholds, tuple) else thresholds
    candidates = cast(xp, unwrap(values), like.dtype) + xp.zeros_like(like)
    always, wide = xp.ones_like(c.tp) > 0, Confusion(*map(widened, c))
    weighted = sample_weight is not None
    return Cuts(candidates, candidates, always, wide, dtype, weighted, True, from_logits)


def rank(name: str, metric: Metric, larger: bool, cuts: Cuts) -> Ranked:
    """Return a metric at every cut, in which undefined values do not compete.

    A `zero_division` that was chosen is a value like others. A metric of one's own gets counts of
    the dtype that it would get elsewhere.
    """
    core = metric.metric if isinstance(metric, Bound) else metric
    if isinstance(core, (Macro, Micro, Weighted)):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got an average over classes; for "
            "one threshold per class pass the metric of a single class and axis=0"
        )
    c, known = cuts.counts, is_built_in(metric)
    if known and not (isinstance(metric, Bound) and "zero_division" in dict(metric.options)):
        values: Any = metric(c, zero_division=float("nan"))  # pyright: ignore[reportCallIssue]
    else:
        xp = array_namespace(*c)
        values = metric(c if known else Confusion(*(cast(xp, x, cuts.dtype) for x in c)))
    if tuple(getattr(values, "shape", ())) != tuple(c.tp.shape):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got the shape "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(c.tp.shape)}; for one "
            "threshold per class pass the metric of a single class and axis=0"
        )
    # The terms of a built-in are shares, whose differences round as numbers near 1 do; but what
    # an error costs may be of any size, as may the values of a metric of one's own.
    size = 1.0 if known and core is not expected_cost else 0.0
    xp = array_namespace(values)
    single = values.dtype != xp.float64 or (cuts.weighted and cuts.dtype != xp.float64)
    return Ranked(values, larger, size, _ROUNDINGS * (2.0**-23 if single else 2.0**-52))


def meets(xp: Any, ranked: Ranked, bound: float) -> Any:
    """Mark the values that keep to a bound, but for rounding; an undefined one does not."""
    values, slack = ranked.values, ranked.rounding * max(abs(bound), ranked.size)
    wall = full_like_number(bound, values)
    return values >= wall - slack if ranked.larger else values <= wall + slack


def best(xp: Any, ranked: Ranked, allowed: Any) -> Any:
    """Mark the best of the values that are allowed, equal ones but for rounding as well.

    Where none of these is defined all that are allowed are marked.
    """
    values = ranked.values if ranked.larger else -ranked.values
    valid = allowed & (values == values)
    order = xp.where(valid, values, xp.full_like(values, -xp.inf))
    top = xp.max(order, axis=-1, keepdims=True)
    size = xp.abs(top)
    size = xp.where((size > ranked.size) & (size < xp.inf), size, xp.full_like(size, ranked.size))
    return (valid & (order >= top - size * ranked.rounding)) | (
        allowed & ~xp.any(valid, axis=-1, keepdims=True)
    )


def first(xp: Any, marked: Any) -> Any:
    """Return the first place that is marked, along an axis of length 1."""
    return xp.expand_dims(xp.argmax(xp.astype(marked, xp.int32), axis=-1), axis=-1)


def pick(xp: Any, x: Any, place: Any) -> Any:
    """Return the entry at a place of the last axis, which stays, of length 1."""
    if can_sort(xp):
        return xp.take_along_axis(x, place, axis=-1)
    here = running_sum(xp.ones_like(x, dtype=place.dtype)) - 1 == place
    return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1, keepdims=True)


def read_off(xp: Any, metric: Metric, cuts: Cuts, place: Any, *, seen: bool) -> tuple[Any, Any]:
    """Return the threshold and the value at a place, nan if no probability is a threshold there."""
    threshold, value = _threshold_of(xp, cuts, place), _value_at(xp, metric, cuts, place)
    if not seen:
        known = _only(xp, pick(xp, cuts.counts.tp, place))
        threshold = xp.where(known == known, threshold, xp.full_like(threshold, xp.nan))
    if cuts.given or not cuts.from_logits:
        return threshold, value
    exists = threshold == threshold
    if seen:
        _require_threshold(xp, exists, cuts, place)
    return threshold, xp.where(exists, value, xp.full_like(value, xp.nan))


def _require_threshold(xp: Any, exists: Any, cuts: Cuts, place: Any) -> None:
    """Require a probability between the logits on both sides, where that can be seen."""
    if truth(xp.all(exists)) is not False:
        return
    low, high = pick(xp, cuts.low, place), pick(xp, cuts.high, place)
    exists, low, high = (xp.reshape(x, (-1,)) for x in (exists, low, high))
    i = next(i for i in range(exists.shape[0]) if not truth(exists[i]))
    which = f" of class {i}" if exists.shape[0] > 1 else ""
    raise ValueError(
        f"`y_prob` must hold logits{which} that a probability tells apart at the best cut, got "
        f"{float(low[i])} and {float(high[i])}; divide all logits by a constant, here and in use, "
        "which keeps their order"
    )


def _value_at(xp: Any, metric: Metric, cuts: Cuts, place: Any) -> Any:
    """Return the metric of the counts at a place, as it is where it is reported."""
    there = (cast(xp, pick(xp, x, place), cuts.dtype) for x in cuts.counts)
    values: Any = metric(Confusion(*there))
    return _only(xp, values)


def _threshold_of(xp: Any, cuts: Cuts, place: Any) -> Any:
    """Return the threshold of the cut at a place; nan if no probability is between its logits."""
    low = pick(xp, cuts.low, place)
    if cuts.given:
        return _only(xp, low)
    high = pick(xp, cuts.high, place)
    if cuts.from_logits:
        return _between_logits(xp, low, high)
    return _only(xp, xp.where(low < 1, _middle(xp, low, high), xp.full_like(low, xp.inf)))


def _only(xp: Any, x: Any) -> Any:
    """Return the one entry of the last axis, as the number that NumPy makes of a sum."""
    return xp.sum(x, axis=-1)


def _between(xp: Any, scores: Any, c: Confusion, weighted: bool, from_logits: bool) -> Cuts:
    """Return the cuts between sorted scores; the first is below all, the last above them."""
    ends = (-xp.inf, xp.inf) if from_logits else (0.0, 1.0)
    low, high = (xp.full_like(scores[..., :1], end) for end in ends)
    below = xp.concat([low, scores], axis=-1)
    above = xp.concat([scores, high], axis=-1)
    always = xp.ones_like(low) > 0
    possible = xp.concat([always, scores[..., 1:] > scores[..., :-1], always], axis=-1)
    positives, negatives = c.tp[..., :1], c.fp[..., :1]
    none = Confusion(xp.zeros_like(positives), xp.zeros_like(negatives), positives, negatives)
    c = Confusion(*(xp.concat(pair, axis=-1) for pair in zip(c, none, strict=True)))
    return Cuts(below, above, possible, c, scores.dtype, weighted, False, from_logits)


def _middle(xp: Any, low: Any, high: Any) -> Any:
    """Return a number above `low` and up to `high`, halfway unless these are neighbours."""
    middle = low + (high - low) / 2
    return xp.where(middle > low, middle, high)


def _between_logits(xp: Any, low: Any, high: Any) -> Any:
    """Return a probability whose logit is between two others, nan if there is none."""
    bottom, top = (logistic(widened(x)) for x in (low, high))
    middle = _middle(xp, bottom, top)
    epsilon = 2.0**-52 if middle.dtype == xp.float64 else 2.0**-23
    # Where rounding has put it on the wrong side, a neighbour may be on the right one; between
    # neighbouring logits the middle is rounded down to the lower one.
    steps = full_like_number((0, -1, 1, -2, 2, -3, 3), middle) * (epsilon / 2)
    places = (middle, _middle(xp, middle, top))
    several = xp.concat([x + x * steps for x in places], axis=-1)
    several = xp.where(several < 1, several, xp.full_like(several, 1 - epsilon / 2))
    logits = logits_of(several)
    # Another logarithm may round in another way.
    less, more = logits * (1 - 4 * epsilon), logits * (1 + 4 * epsilon)
    least, most = xp.where(logits < 0, more, less), xp.where(logits < 0, less, more)
    above = (cast(xp, least, low.dtype) > low) | (low == -xp.inf)
    fits = above & (cast(xp, most, low.dtype) <= high)
    threshold = pick(xp, several, first(xp, fits))[..., 0]
    # Above all logits anything from 1 on will do.
    ends = xp.where(high[..., 0] < xp.inf, xp.full_like(threshold, xp.nan), xp.inf)
    return xp.where(xp.any(fits, axis=-1), threshold, ends)
