"""Which threshold a metric is best at."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._batch import cast, prepare
from ._bound import freeze
from ._namespace import array_namespace, full_like_number, running_sum, unwrap
from ._typing import Array, Metric
from .confusion import Confusion, confusion
from .curves import sorted_counts
from .losses import direction
from .steps import Hard, logistic


class BestThreshold(NamedTuple):
    """What `best_threshold` returns: the threshold, and the metric of hard counts there."""

    threshold: Any
    value: Any


def best_threshold(
    metric: Metric,
    y_true: Array,
    y_prob: Array,
    *,
    thresholds: tuple[float, ...] | Array | None = None,
    sample_weight: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    maximize: bool | None = None,
) -> BestThreshold:
    """Return the threshold at which the metric of the hard counts is best.

    Choose it on data that neither trained the model nor will report the score.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` that is elementwise over its shape.
    y_true, y_prob : arrays
        As for `confusion`.
    thresholds : tuple of floats or 1-D array, optional
        Candidates. By default every cut between two scores is one, which needs a sort, in
        O(n log n); with candidates the data are only counted, so that Dask arrays larger than
        memory will do.
    sample_weight, where, axis, from_logits
        As for `confusion`; with ``axis=0`` each class gets its own threshold.
    maximize : bool, optional
        Whether larger values of the metric are better, as for `as_loss`.

    Returns
    -------
    BestThreshold
        ``(threshold, value)``, two arrays of the shape of the counts. A threshold is a
        probability, midway between the scores that it separates, the lowest where several are
        best; inf where it is best to predict no positive and there are scores of 1. Not
        differentiable.

    Raises
    ------
    TypeError
        If `metric` is not callable, or as `confusion` does.
    ValueError
        If `metric` mixes thresholds or has no better direction, or as `confusion` does.

    Notes
    -----
    For F-beta of calibrated probabilities the best threshold is F* / (1 + beta^2), with F* the
    best value (Lipton, Elkan and Narayanaswamy 2014).

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 0, 1, 1]), np.asarray([0.1, 0.2, 0.4, 0.6])
    >>> threshold, value = ss.best_threshold(ss.f1, y_true, y_prob)
    >>> print(round(float(threshold), 4), value)
    0.3 1.0
    """
    frozen = freeze(metric)
    largest = direction(frozen, maximize)
    if thresholds is None:
        batch = prepare(
            y_true,
            y_prob,
            threshold=0.5,
            thresholds=None,
            step=Hard(),
            sample_weight=sample_weight,
            where=where,
            axis=axis,
            from_logits=from_logits,
        )
        xp = batch.xp
        if from_logits:
            batch = batch._replace(scores=logistic(batch.scores))
        candidates, possible, c = _cuts(xp, *sorted_counts(batch, where))
    else:
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
        possible = xp.ones_like(c.tp) > 0
    values = frozen(c)
    if tuple(getattr(values, "shape", ())) != tuple(c.tp.shape):
        raise ValueError(
            "`metric` must give one value for each threshold, got the shape "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(c.tp.shape)}; for one "
            "threshold per class pass the metric of a single class and axis=0"
        )
    worst = xp.full_like(values, -xp.inf)
    order = xp.where(possible & (values == values), values if largest else -values, worst)
    best = xp.expand_dims(xp.astype(xp.argmax(order, axis=-1), xp.int32), axis=-1)
    places = running_sum(xp.ones_like(values, dtype=xp.int32)) - 1
    return BestThreshold(*(_pick(xp, x, places == best) for x in (candidates, values)))


def _cuts(xp: Any, scores: Any, c: Confusion) -> tuple[Any, Any, Confusion]:
    """Return a threshold for every cut, which of them separate two scores, and the counts.

    The first cut is below all scores, the last above them.
    """
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
    return thresholds, possible, c


def _pick(xp: Any, x: Any, here: Any) -> Any:
    # Not take_along_axis, which Dask lacks.
    return xp.sum(xp.where(here, x, xp.zeros_like(x)), axis=-1)
