"""The thresholds that data can be cut at, the counts there, and the best of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._batch import Arguments, cast, prepare
from ._namespace import array_namespace, full_like_number, unwrap
from ._operations import running_sum
from ._typing import Metric
from .confusion import Confusion, confusion
from .steps import Hard, logistic
from .sweep import sorted_counts


class Cuts(NamedTuple):
    """Increasing thresholds, which of them separate two scores, and the hard counts there."""

    thresholds: Any
    possible: Any
    counts: Confusion


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
    if thresholds is not None:
        c = confusion(
            y_true,
            y_prob,
            thresholds=thresholds,
            step=Hard(),
            sample_weight=sample_weight,
            where=where,
            axis=axis,
            from_logits=from_logits,
        )
        xp = array_namespace(c.tp)
        values = full_like_number(thresholds, c.tp) if isinstance(thresholds, tuple) else thresholds
        candidates = cast(xp, unwrap(values), c.tp.dtype) + xp.zeros_like(c.tp)
        return Cuts(candidates, xp.ones_like(c.tp) > 0, c)
    batch = prepare(
        Arguments(y_true, y_prob, 0.5, None, Hard(), sample_weight, where, axis, from_logits)
    )
    if from_logits:
        batch = batch._replace(scores=logistic(batch.scores))
    return _between(batch.xp, *sorted_counts(batch, where))


def values_at(name: str, metric: Metric, c: Confusion) -> Any:
    """Return a metric at every cut."""
    values = metric(c)
    if tuple(getattr(values, "shape", ())) != tuple(c.tp.shape):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got the shape "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(c.tp.shape)}; for one "
            "threshold per class pass the metric of a single class and axis=0"
        )
    return values


def best(xp: Any, values: Any, larger: bool, allowed: Any) -> Any:
    """Mark the first of the best values that are allowed; a nan is never best."""
    worst = xp.full_like(values, -xp.inf)
    order = xp.where(allowed & (values == values), values if larger else -values, worst)
    first = xp.expand_dims(xp.astype(xp.argmax(order, axis=-1), xp.int32), axis=-1)
    places = running_sum(xp.ones_like(values, dtype=xp.int32)) - 1
    return places == first


def pick(xp: Any, x: Any, here: Any) -> Any:
    """Return the one entry of the last axis that is marked."""
    # Not take_along_axis, which Dask lacks.
    return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1)


def _between(xp: Any, scores: Any, c: Confusion) -> Cuts:
    """Return the cuts between sorted scores; the first is below all, the last above them."""
    low, high = xp.zeros_like(scores[..., :1]), xp.ones_like(scores[..., :1])
    below = xp.concat([low, scores], axis=-1)
    above = xp.concat([scores, high], axis=-1)
    middle = below + (above - below) / 2
    # Between neighbours in floating point there is no number; ties are positive.
    middle = xp.where(middle > below, middle, above)
    inner = scores[..., 1:] > scores[..., :-1]
    possible = xp.concat([low == 0, inner, high == 1], axis=-1)
    beyond = xp.where(scores[..., -1:] < high, middle[..., -1:], xp.full_like(high, xp.inf))
    thresholds = xp.concat([middle[..., :-1], beyond], axis=-1)
    positives, negatives = c.tp[..., :1], c.fp[..., :1]
    none = Confusion(xp.zeros_like(positives), xp.zeros_like(negatives), positives, negatives)
    c = Confusion(*(xp.concat(pair, axis=-1) for pair in zip(c, none, strict=True)))
    return Cuts(thresholds, possible, c)
