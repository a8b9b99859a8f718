"""From a metric to a loss to train on, and to a score to report."""

from __future__ import annotations

from typing import Any

from ._options import axis_or_axes, step_function
from ._types import Array, ConfusionTable, Metric, Step, Threshold
from .across.checks import require_groups
from .averages.axes import is_average
from .curves import is_area
from .metrics import direction
from .metrics.options import core, freeze, kind_of
from .scores import Loss, Score
from .steps import ArgMax, Hard, Linear, Softmax, TopK


def as_loss(
    metric: Metric,
    *,
    step: Step | None = None,
    threshold: Threshold = 0.5,
    thresholds: tuple[float, ...] | Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    maximize: bool | None = None,
    num_groups: int | None = None,
) -> Loss:
    """Turn a metric into a loss.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`: a built-in, one with options fixed by functools.partial,
        an average such as ``macro(f1)``, or your own. Or of a `ConfusionTable`, as
        `multiclass_matthews_corrcoef` or ``one_vs_rest(macro(f1))``.
    step : callable, optional
        The step function that replaces the hard one: Linear() by default, and for a metric of a
        table Softmax(), whose `axis` is that of the classes.
    threshold : float, tuple of floats or array, default 0.5
        The operating point, a probability; several broadcast against the scores, as for one
        per class.
    thresholds : tuple of floats or 1-D array, optional
        A grid over which the metric is averaged.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` counts each class by itself.
    from_logits : bool, default False
        Whether the loss will be called with logits.
    maximize : bool, optional
        Whether larger values of the metric are better. Known for the built-ins, True for a
        function of your own.
    num_groups : int, optional
        How many groups to count by themselves; every call then takes `groups`, as `confusion`
        does. For a metric across groups, such as ``largest_gap(recall)``; of another one the loss
        is that of the plain mean over all groups.

    Returns
    -------
    callable
        ``loss(y_true, y_prob, *, sample_weight=None, where=None, groups=None, reduce=None)``
        gives a scalar: 1 - metric, or the metric where smaller is better, averaged over whatever
        axes the metric leaves. `reduce` is applied to the counts before the metric, to sum them
        over machines; with it a batch without rows counts zeros. ``loss.values(...)`` takes no
        mean, and ``loss.confusion(...)`` stops at the counts. It is frozen, and hashable and
        picklable as far as its options are.

    Raises
    ------
    TypeError
        If `metric` or `step` is not callable.
    ValueError
        If the metric has no better direction, as prevalence, and `maximize` is not given; if
        the metric is an area under a curve and `thresholds` is not given; if it is one across
        groups and `num_groups` is not given. What is wrong with the other options is said when
        the loss is called.

    Notes
    -----
    Differentiable in `y_prob` and finite on every batch, but for likelihood and odds ratios
    that divide by 0. On some batches the gradient is 0, and nothing is learned: F-beta,
    precision, recall and Jaccard without positives, MCC, informedness and the geometric mean
    with one class only. With a `zero_division` of nan what is undefined is left out of averages
    and means; where nothing is left the loss is nan, and its gradient 0. Source: Tsoi et al.
    2022, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> loss = ss.as_loss(ss.f1)
    >>> y_true = np.asarray([1, 0, 1, 0])
    >>> print(round(float(loss(y_true, np.asarray([0.9, 0.6, 0.4, 0.2]))), 4))
    0.3627
    """
    frozen = freeze(metric)
    if thresholds is None and is_area(core(frozen)):
        raise ValueError(
            "`thresholds` must be given for a loss of an area under a curve, whose exact counts "
            "have no slope; pass thresholds=grid(99), or take pairwise_loss"
        )
    num_groups = require_groups(frozen, num_groups)
    if step is None:
        step = Softmax() if kind_of(frozen) is ConfusionTable else Linear()
    step_function(step)
    larger, axis = direction(frozen, maximize), axis_or_axes(axis)
    return Loss(frozen, step, threshold, thresholds, axis, from_logits, num_groups, larger)


def as_score(
    metric: Metric,
    *,
    step: Step | None = None,
    threshold: Threshold | None = None,
    thresholds: tuple[float, ...] | Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    num_groups: int | None = None,
) -> Score:
    """Turn a metric into the number to report: the metric of hard counts.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` or of a `ConfusionTable`, as for `as_loss`.
    step : Hard(), ArgMax(axis) or TopK(k, axis), optional
        How scores become decisions: `Hard` says yes or no to each, by a threshold, and ties are
        positive; `ArgMax` decides for one of the classes, and `TopK` for k. `Hard` by default,
        and for a metric of a `ConfusionTable` `ArgMax`.
    threshold : float, tuple of floats or array, optional
        The operating point, a probability; several broadcast against the scores. 0.5 by default.
    thresholds : tuple of floats or 1-D array, optional
        A grid over which the metric is averaged. Without one the areas under curves, `auroc` and
        `average_precision`, are exact, by a sort of the scores.
    axis : int, tuple of ints, optional
        The axes to count over, all by default. Of classes one may be true, or each by itself: for
        an average over them, `step` or a threshold has to be given.
    from_logits : bool, default False
        Whether the score will be called with logits.
    num_groups : int, optional
        How many groups to count by themselves, as for `as_loss`.

    Returns
    -------
    callable
        ``score(y_true, y_prob, *, sample_weight=None, where=None, groups=None, reduce=None)``
        gives a scalar, the metric itself in its own direction. Its gradient is 0. Decisions are
        scores too: booleans, or integers 0 and 1, beside labels of such a dtype.
        ``score.values(...)`` gives the metric of each class, example and threshold, of which the
        scalar is the mean, and ``score.confusion(...)`` the counts.

    Raises
    ------
    TypeError
        If `metric` is not callable; if `step` is none of `Hard`, `ArgMax` and `TopK`.
    ValueError
        If the metric is an average over classes and nothing says how to decide; if it is an area
        under a curve, which belongs to no decision, and a threshold or a step is given; if it is
        one across groups and `num_groups` is not given.

    Notes
    -----
    The mean of areas, as of one for each label with ``axis=0``, is that over the labels which have
    one: those of one class have no `auroc`, those without a positive no `average_precision`. An
    area with a `zero_division` of its own counts.

    Examples
    --------
    Two classes, and three of which one is true:

    >>> import numpy as np
    >>> import softset as ss
    >>> score = ss.as_score(ss.f1)
    >>> print(score(np.asarray([1, 0, 1, 0]), np.asarray([0.9, 0.6, 0.4, 0.2])))
    0.5
    >>> score = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0)
    >>> y_true = ss.one_hot(np.asarray([0, 1, 2]), 3)
    >>> y_prob = np.asarray([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]])
    >>> print(score(y_true, y_prob), score.values(y_true, y_prob))
    1.0 [1. 1. 1.]
    """
    frozen = freeze(metric)
    num_groups = require_groups(frozen, num_groups)
    if thresholds is None and is_area(core(frozen)):
        _require_all_thresholds(frozen, threshold, step)
    if step is None:
        if is_average(frozen) and threshold is None and thresholds is None:
            raise ValueError(
                "`step` or `threshold` must be given for an average over classes: if one of them "
                "is true, step=ArgMax(axis) takes the one with the largest score; if each is true "
                "or not, threshold=0.5 decides for each by itself"
            )
        step = ArgMax() if kind_of(frozen) is ConfusionTable else Hard()
    if not isinstance(step, (Hard, ArgMax, TopK)):
        raise TypeError(
            f"`step` of a score must be Hard(), ArgMax(axis) or TopK(k, axis), which decide, got "
            f"{step!r}; as_loss takes the soft ones"
        )
    threshold = 0.5 if threshold is None else threshold
    axis = axis_or_axes(axis)
    return Score(frozen, step, threshold, thresholds, axis, from_logits, num_groups)


def _require_all_thresholds(area: Metric, threshold: Any, step: Any) -> None:
    """Require that an area, which is one of all thresholds, is not given a single one."""
    if is_average(area):
        raise ValueError(
            "`metric` must be the area of each class, got an average of such; as_score(auroc, "
            "axis=0) is the mean over the classes"
        )
    for name, value in (("threshold", threshold), ("step", step)):
        if value is not None and not isinstance(value, Hard):
            raise ValueError(
                f"`{name}` must be left out for an area under a curve, got {value!r}; it is one of "
                "all thresholds: exact, or that over a grid with thresholds=grid(99)"
            )
