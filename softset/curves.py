"""Curves over a grid of thresholds, and their areas: functions of a Confusion.

The counts' last axis runs over increasing thresholds, as `confusion` makes it from `thresholds`
and `sweep` from all scores. Every curve gets its two ends: below the lowest threshold all are
positive, above the highest none is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ._arrays import Library
from ._options import positive_share, whole
from ._types import Confusion
from .metrics.guarded import absent, counts, defined, ratio, ratio_of_rates


class RocCurve(NamedTuple):
    """What `roc_curve` returns: two arrays with T + 2 points along their last axis."""

    false_positive_rate: Any
    true_positive_rate: Any


class PrecisionRecallCurve(NamedTuple):
    """What `precision_recall_curve` returns: two arrays with T + 2 points along the last axis."""

    precision: Any
    recall: Any


def grid(n: int, *, log_odds: float | None = None) -> tuple[float, ...]:
    """Return n thresholds strictly between 0 and 1, equally spaced.

    Parameters
    ----------
    n : int
        How many, at least 1; at least 2 with `log_odds`.
    log_odds : float, optional
        Space them equally in log odds instead, from ``-log_odds`` to ``log_odds``, at most 36:
        for scores that may lie anywhere, as those of rare events. 14 is odds of a million to one.

    Returns
    -------
    tuple of floats
        The numbers i / (n + 1) for i = 1, ..., n, or 1 / (1 + exp(-z)) for n equally spaced z: what
        `thresholds` takes.

    Raises
    ------
    ValueError
        If `n` is not an integer that is large enough, or `log_odds` not in (0, 36].

    Notes
    -----
    Between two thresholds `auroc` takes scores for equal. So it is off by at most half of the
    sum, over the gaps between thresholds, of the share of the positives times that of the negatives
    in the gap; if their log odds are spread over a few units with steps h between thresholds, by
    the order of h squared. With ``grid(199, log_odds=14)``, h is 0.14.

    Examples
    --------
    >>> import softset as ss
    >>> ss.grid(3)
    (0.25, 0.5, 0.75)
    >>> print(*(f"{t:.4f}" for t in ss.grid(5, log_odds=8.0)))
    0.0003 0.0180 0.5000 0.9820 0.9997
    """
    if log_odds is None:
        n = whole("n", n, 1)
        return tuple(i / (n + 1) for i in range(1, n + 1))
    n = whole("n", n, 2)
    if isinstance(log_odds, bool) or not (
        isinstance(log_odds, (int, float)) and 0 < log_odds <= 36
    ):
        raise ValueError(f"`log_odds` must lie in (0, 36], got {log_odds!r}")
    logits = (log_odds * (2 * i / (n - 1) - 1) for i in range(n))
    return tuple(1 / (1 + math.exp(-z)) for z in logits)


def roc_curve(c: Confusion, *, zero_division: float = 0.0) -> RocCurve:
    """Return the false and the true positive rate at every threshold.

    Parameters
    ----------
    c : Confusion
        Counts of shape (..., T) at T increasing thresholds.
    zero_division : float, default 0.0
        The rate where undefined: the true one without positives, the false one without
        negatives.

    Returns
    -------
    RocCurve
        ``(false_positive_rate, true_positive_rate)`` of shape (..., T + 2), from (1, 1) to
        (0, 0), in the order of the thresholds, which is the reverse of scikit-learn's.
        Differentiable in the counts.

    Raises
    ------
    ValueError
        If the counts have no axis of thresholds.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9])
    >>> c = ss.confusion(y_true, y_prob, thresholds=(0.3, 0.5), step=ss.Hard())
    >>> for rate in ss.roc_curve(c):
    ...     print(rate)
    [1.  0.5 0.5 0. ]
    [1.  1.  0.5 0. ]
    """
    lib, *four = counts(c)
    tp, fp, positives, negatives = _with_ends(lib, *four)
    return RocCurve(
        ratio(lib, fp, _like(lib, negatives, fp), zero_division),
        ratio(lib, tp, _like(lib, positives, tp), zero_division),
    )


def precision_recall_curve(c: Confusion, *, zero_division: float = 0.0) -> PrecisionRecallCurve:
    """Return the precision and the recall at every threshold.

    Parameters
    ----------
    c : Confusion
        Counts of shape (..., T) at T increasing thresholds.
    zero_division : float, default 0.0
        The value where undefined: the recall without positives, the precision where nothing is
        predicted positive. Beyond the highest threshold the precision is 1 by convention.

    Returns
    -------
    PrecisionRecallCurve
        ``(precision, recall)`` of shape (..., T + 2), from (prevalence, 1) to (1, 0), in the
        order of the thresholds, as in scikit-learn. Differentiable in the counts.

    Raises
    ------
    ValueError
        If the counts have no axis of thresholds.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9])
    >>> c = ss.confusion(y_true, y_prob, thresholds=(0.5, 0.8), step=ss.Hard())
    >>> for rate in ss.precision_recall_curve(c):
    ...     print(rate)
    [0.5 0.5 1.  1. ]
    [1.  0.5 0.5 0. ]
    """
    lib, *four = counts(c)
    tp, fp, positives, _ = _with_ends(lib, *four)
    precision = ratio(lib, tp, tp + fp, zero_division)
    one = lib.xp.ones_like(precision[..., -1:])
    return PrecisionRecallCurve(
        lib.xp.concat([precision[..., :-1], one], axis=-1),
        ratio(lib, tp, _like(lib, positives, tp), zero_division),
    )


def auroc(c: Confusion, *, max_fpr: float | None = None, zero_division: float = 0.0) -> Any:
    """Return the area under the ROC curve, by the trapezoidal rule.

    In [0, 1], larger is better; undefined with one class only. Of the counts of `sweep` it is
    the exact area, the probability that a positive scores above a negative. Over a grid of
    thresholds it is the area under the chords, and a soft step, which blurs every count, draws
    it towards 1/2.

    Parameters
    ----------
    c : Confusion
        Counts of shape (..., T) at T increasing thresholds.
    max_fpr : float, optional
        In (0, 1]: only the part up to this false positive rate, standardised to 1/2 for chance
        and 1 for a perfect ranking (McClish 1989), as in scikit-learn.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Shape (...), the dtype of the counts; differentiable in them.

    Raises
    ------
    ValueError
        If the counts have no axis of thresholds, or if `max_fpr` is not in (0, 1].

    Notes
    -----
    Source: Tsoi et al. 2022, section 3; here with the curve's ends, without which a perfect
    separation scores far below 1.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9])
    >>> print(ss.auroc(ss.sweep(y_true, y_prob).confusion))
    0.75
    >>> loss = ss.as_loss(ss.auroc, thresholds=ss.grid(99))
    >>> print(round(float(loss(y_true, y_prob)), 4))
    0.2802
    """
    if max_fpr is not None:
        positive_share("max_fpr", max_fpr)
    return _area(c, _auroc, max_fpr, zero_division)


def _auroc(lib: Library, four: tuple[Any, ...], max_fpr: float | None, zero_division: float) -> Any:
    tp, fp, positives, negatives = _with_ends(lib, *four)
    positives, negatives = positives[..., 0], negatives[..., 0]
    if max_fpr is None:
        # One class after the other: the product of both weights may be out of range.
        safe = lib.where(absent(lib, negatives), 1.0, negatives)
        steps = lib.divided(fp[..., :-1] - fp[..., 1:], safe[..., None])
        area = lib.xp.sum(steps * (tp[..., :-1] + tp[..., 1:]), axis=-1) / 2
        value = ratio(lib, area, positives, zero_division)
        return defined(lib, value, zero_division, negatives)
    x, y = roc_curve(Confusion(*four))
    right, left, top, bottom = x[..., :-1], x[..., 1:], y[..., :-1], y[..., 1:]
    limit = lib.xp.full_like(right, max_fpr)
    beyond = left > limit
    right_end = lib.where(beyond, left, lib.where(right > limit, limit, right))
    top_end = bottom + (top - bottom) * ratio_of_rates(lib, right_end - left, right - left, 0.0)
    area = lib.xp.sum((right_end - left) * (top_end + bottom), axis=-1) / 2
    chance, perfect = max_fpr**2 / 2, max_fpr
    value = (1 + (area - chance) / (perfect - chance)) / 2
    return defined(lib, value, zero_division, positives, negatives)


def average_precision(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return the average precision, the mean of the precision over the steps of the recall.

    In [0, 1], larger is better; undefined without positives. It is the sum over thresholds of
    (recall here - recall at the next higher one) x precision here, as in scikit-learn.

    Parameters
    ----------
    c : Confusion
        Counts of shape (..., T) at T increasing thresholds.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Shape (...), the dtype of the counts; differentiable in them.

    Raises
    ------
    ValueError
        If the counts have no axis of thresholds.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9])
    >>> print(round(float(ss.average_precision(ss.sweep(y_true, y_prob).confusion)), 4))
    0.8333
    """
    return _area(c, _average_precision, zero_division)


def _average_precision(lib: Library, four: tuple[Any, ...], zero_division: float) -> Any:
    tp, fp, positives, _ = _with_ends(lib, *four)
    precision = ratio(lib, tp, tp + fp, 0.0)[..., :-1]
    total = lib.xp.sum((tp[..., :-1] - tp[..., 1:]) * precision, axis=-1)
    return ratio(lib, total, positives[..., 0], zero_division)


def is_area(metric: Any) -> bool:
    """Tell whether a metric is an area over thresholds."""
    return metric is auroc or metric is average_precision


def is_defined(metric: Any, c: Confusion) -> Any:
    """Tell where an area of counts is defined."""
    lib, tp, fp, fn, tn = counts(c)
    known = ~absent(lib, tp[..., 0] + fn[..., 0])
    return known & ~absent(lib, fp[..., 0] + tn[..., 0]) if metric is auroc else known


def _area(c: Confusion, area: Callable[..., Any], *options: Any) -> Any:
    """Return what an area makes of counts, by the library that is quickest with them."""
    lib, *four = counts(c)
    found = None
    if lib.lends:
        found = lib.quicker(lambda lib, *four: area(lib, four, *options), tuple(four))
    return area(lib, tuple(four), *options) if found is None else found


def _with_ends(lib: Library, tp: Any, fp: Any, fn: Any, tn: Any) -> tuple[Any, Any, Any, Any]:
    """Return tp and fp with both ends, and the positives and negatives."""
    if not getattr(tp, "shape", ()):
        raise ValueError(
            "`c` must have a last axis of thresholds, got counts of no dimensions; count with "
            "confusion(..., thresholds=grid(99)) or take sweep(...).confusion"
        )
    positives, negatives = tp[..., :1] + fn[..., :1], fp[..., :1] + tn[..., :1]
    nothing = lib.xp.zeros_like(positives)
    return (
        lib.xp.concat([positives, tp, nothing], axis=-1),
        lib.xp.concat([negatives, fp, nothing], axis=-1),
        positives,
        negatives,
    )


def _like(lib: Library, x: Any, like: Any) -> Any:
    """Repeat a last axis of length 1."""
    return x + lib.xp.zeros_like(like)
