"""How far a threshold is to be trusted, and how much better it looks where it was tuned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import softset as ss
from softset._options import whole
from softset._types import Metric
from softset.metrics import is_built_in
from softset.metrics.options import core, fixed_options, freeze, name_of

from .bootstrap import require_confidence
from .in_numpy import in_numpy

# How many scores of resamples are sorted at once.
_BLOCK = 2**20
# Of n rows so many are drawn at least once, as n grows: 1 - 1 / e.
_DRAWN = -math.expm1(-1)


class ThresholdInterval(NamedTuple):
    """What `threshold_interval` returns: the best threshold, its interval, and what it is worth.

    Attributes
    ----------
    threshold : float
        The best threshold.
    low, high : float
        The interval of the threshold.
    value : float
        The metric at the threshold, on the rows that it was chosen on.
    corrected : float
        The value without its optimism.
    """

    threshold: Any
    low: Any
    high: Any
    value: Any
    corrected: Any


def threshold_interval(
    metric: Metric,
    y_true: Any,
    y_prob: Any,
    *,
    confidence: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
    sample_weight: Any = None,
    from_logits: bool = False,
    maximize: bool | None = None,
) -> ThresholdInterval:
    """Return the best threshold with an interval, and its value without the luck of the choice.

    The best of many cuts is best partly by luck, so the value at it is too good. Every resample of
    the rows chooses its own threshold, and those that it left out say what that is worth.

    Parameters
    ----------
    metric : callable
        As for `softset.best_threshold`.
    y_true, y_prob : arrays of shape (n,)
        As for `softset.confusion`, of any framework; also what ``numpy.asarray`` takes.
    confidence : float, default 0.95
        The share of the resamples' thresholds inside the interval.
    resamples : int, default 500
        How often as many rows as there are get drawn with replacement.
    seed : int, default 0
        Of the random numbers: the same seed gives the same interval.
    sample_weight : array of shape (n,), optional
        As for `softset.confusion`; a row is drawn together with its weight.
    from_logits, maximize
        As for `softset.best_threshold`.

    Returns
    -------
    ThresholdInterval
        ``(threshold, low, high, value, corrected)``: the threshold and the value of
        `softset.best_threshold`, the interval of the threshold, and what the value is without its
        optimism.

    Raises
    ------
    TypeError
        If `metric` is not callable, or as `softset.confusion` does.
    ValueError
        If `confidence` or `resamples` is out of range, if the scores are not of shape (n,), if the
        metric is undefined for every set of rows that was left out, as recall is where
        there are no positives, or as `softset.best_threshold` does.

    Notes
    -----
    The corrected value is Efron's .632 estimate: 0.368 times the value and 0.632 times the mean
    over the resamples of the metric at their threshold on the rows that they did not draw. Sets of
    rows on which the metric is undefined are left out. It says what the threshold is worth on
    rows like these; that of a resample's own optimism, which the bootstrap is also used for, keeps
    about a third of the luck. A threshold is known far less well than its value: where the
    metric is flat the interval is wide, and it is no more than a rule of thumb, since the
    bootstrap is not exact for where something is largest (Abrevaya and Huang 2005).

    Each resample is sorted: 500 of 1e4 rows take some seconds.

    Sources: Efron 1983, Estimating the error rate of a prediction rule, section 6 of which has the
    .632 estimate; Efron and Tibshirani 1993, chapter 17.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends import threshold_interval
    >>> rng = np.random.default_rng(0)
    >>> y_prob = rng.beta(0.5, 2.0, size=200)
    >>> y_true = rng.uniform(size=200) < y_prob
    >>> found = threshold_interval(ss.f1, y_true, y_prob, resamples=100)
    >>> print(*(round(float(x), 2) for x in found))
    0.26 0.21 0.54 0.57 0.51
    """
    metric = freeze(metric)
    require_confidence(confidence)
    resamples = whole("resamples", resamples, 1)
    labels, scores = in_numpy("y_true", y_true), in_numpy("y_prob", y_prob)
    if scores.ndim != 1:
        raise ValueError(
            f"`y_prob` must have the shape (n,), got {scores.shape}; call it for each class"
        )
    weights = in_numpy("sample_weight", sample_weight)
    best = partial(ss.best_threshold, metric, from_logits=from_logits, maximize=maximize)
    threshold, value = best(labels, scores, sample_weight=weights)
    if weights is None:
        weights = np.ones(scores.shape)
    defined = metric
    if is_built_in(core(metric)) and "zero_division" not in fixed_options(metric):
        function: Any = metric
        defined = freeze(partial(function, zero_division=math.nan))
    thresholds, left_out = [], []
    for drawn in _drawn(len(scores), resamples, np.random.default_rng(seed)):
        y, p, w = (np.repeat(x[:, None], drawn.shape[1], axis=1) for x in (labels, scores, weights))
        at = best(y, p, sample_weight=w * drawn, where=drawn > 0, axis=0).threshold
        options = {"sample_weight": w, "where": drawn == 0, "axis": 0, "from_logits": from_logits}
        c = ss.confusion(y, p, threshold=at, step=ss.Hard(), **options)
        thresholds.append(at)
        left_out.append(defined(c))
    values = np.concatenate(left_out)
    values = values[~np.isnan(values)]
    if not len(values):
        if np.all(labels == labels[0]):
            raise ValueError(
                f"`y_true` must hold both classes for {name_of(metric)} to be defined, got "
                f"{labels[0]} alone"
            )
        raise ValueError(
            f"`metric` must be defined on rows that a resample leaves out, got {name_of(metric)}, "
            f"which is on none of {resamples}; pass more rows or resamples"
        )
    tail = (1 - confidence) / 2
    # No mean of two: a threshold may be infinite.
    of_all = np.concatenate(thresholds)
    low, high = np.quantile(of_all, (tail, 1 - tail), method="inverted_cdf")
    corrected = (1 - _DRAWN) * value + _DRAWN * np.mean(values)
    return ThresholdInterval(threshold, low, high, value, corrected)


def _drawn(number: int, resamples: int, rng: Any) -> Iterator[Any]:
    """Yield how often each row is drawn, (rows, resamples), a block of resamples at a time."""
    size = max(1, _BLOCK // number)
    for start in range(0, resamples, size):
        several = range(min(size, resamples - start))
        drawn = [np.bincount(rng.integers(number, size=number), minlength=number) for _ in several]
        yield np.stack(drawn, axis=1)
