"""Which threshold a metric is best at, also within bounds of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .._options import finite, function
from .._types import Array, Metric
from ..across.checks import require_groups
from ..constraints.bounds import Constraint, require_constraints
from ..metrics import direction, larger_is_better
from ..metrics.options import freeze
from .cuts import cut
from .guarantee import proof_of, tests_of
from .search import search


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
    subject_to: Sequence[Constraint] = (),
    groups: Array | None = None,
    num_groups: int | None = None,
    by_group: bool = False,
    confidence: float | None = None,
) -> BestThreshold:
    """Return the threshold at which the metric of the hard counts is best, also within bounds.

    Choose it on data that neither trained the model nor will report the score.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` that is elementwise over its shape. With groups it is that of
        all together, or else one across groups, such as ``worst_group(f1)``.
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
    subject_to : sequence of Constraint, default ()
        Bounds that the hard counts have to keep, as `at_most` and `at_least` return them: on
        metrics across groups, or on others, which then hold in each group.
    groups, num_groups
        The number of each score's group, and how many there are, as for `confusion`.
    by_group : bool, default False
        Whether each group gets a threshold of its own, instead of one for all. Without candidates
        it sorts a row of all scores for each, in memory that grows with their product.
    confidence : float, optional
        The probability with which all of `subject_to` hold in the population, see `threshold_at`.

    Returns
    -------
    BestThreshold
        ``(threshold, value)``, two arrays of the shape of the counts of all groups together; with
        `by_group` the thresholds have a last axis of length G more, for
        ``y_prob >= threshold[groups]``. A threshold is a probability, midway between those that
        it separates, the lowest where several are best; of several that are best within bounds
        it is that with the best value of the first bounded metric, and so on, and then the
        lowest; inf where it is best to predict no positive and there are scores of 1. For logits
        it is in float64 where the library has it. Where no probability is between two large logits,
        and that cannot be seen, as under a compiler's tracer, both are nan; and so they are where
        nothing keeps the bounds, under a tracer, for Dask arrays and with ``checks(False)``. Not
        differentiable.

    Raises
    ------
    TypeError
        If `metric` is not callable, if `subject_to` holds what is no constraint, if `by_group` is
        asked for where values are hidden, or as `confusion` does.
    ValueError
        If nothing that was tried keeps all bounds: it says which are broken at the closest
        threshold, and their values; if a metric across groups has not two groups or more, or a
        group that gets a threshold of its own has no members; if `metric` mixes thresholds or has
        no better direction, if no probability separates the logits where the metric is best, or
        as `confusion` does.

    Notes
    -----
    A built-in metric that is undefined at a cut, as precision where nothing is predicted
    positive, does not compete there, unless a `zero_division` is fixed by functools.partial. If
    it is undefined at every cut the first one is returned. Values no further apart than eight
    units in the last place are equal: they may be the same sums in another order. The unit is
    that of the weights' dtype, without weights of float64 where the library has it.

    In bounds an undefined value keeps none, but of a group where the metric is undefined at every
    cut, as a recall without positives, nothing is asked.

    One threshold is searched for exactly, by trying all. Thresholds of groups that are bounded
    each by itself depend on one another only by the metric of all, and give each group in turn
    its best cut beside those of the others; of a ratio of sums of counts, such as accuracy,
    F-beta or a cost, no other cuts are better. Under a bound on a gap or a ratio this is done
    within each of up to 512 bands of rates, with up to 1024 cuts of all groups, and again around
    what was found until it is down to single cuts. That too is exact for such metrics while the
    groups have no more different rates, and cuts, than that, and there is one such bound. For
    others, and for more scores, it is a search, which may miss the best.

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

    Alarms as frequent in both groups, by one threshold and by one for each:

    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.2, 0.6, 0.1, 0.4])
    >>> given = {"groups": np.asarray([0, 0, 1, 1]), "num_groups": 2}
    >>> given["subject_to"] = (ss.at_most(ss.largest_gap(ss.predicted_positive_rate), 0.1),)
    >>> threshold, value = ss.best_threshold(ss.accuracy, y_true, y_prob, **given)
    >>> print(round(float(threshold), 4), value)
    0.3 1.0
    >>> threshold, value = ss.best_threshold(ss.accuracy, y_true, y_prob, by_group=True, **given)
    >>> print(threshold, value)
    [0.4  0.25] 1.0
    """
    frozen = freeze(metric)
    larger = direction(frozen, maximize)
    constraints, num_groups = require_constraints("subject_to", subject_to, num_groups)
    num_groups = require_groups(frozen, num_groups)
    tests = tests_of("subject_to", confidence, constraints, sample_weight, by_group)
    cuts = cut(
        y_true,
        y_prob,
        thresholds=thresholds,
        sample_weight=sample_weight,
        where=where,
        axis=axis,
        from_logits=from_logits,
        groups=groups,
        num_groups=num_groups,
        by_group=by_group,
    )
    proof = proof_of(tests, confidence, cuts, y_true, where)
    return BestThreshold(*search("subject_to", frozen, larger, constraints, cuts, proof))


def threshold_at(
    metric: Metric,
    constraint: Metric,
    bound: float,
    y_true: Array,
    y_prob: Array,
    *,
    thresholds: tuple[float, ...] | Array | None = None,
    sample_weight: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    confidence: float | None = None,
) -> BestThreshold:
    """Return the threshold at which a metric is best while another one keeps to a bound.

    Such as the highest recall at a precision of at least 0.9, or the highest true positive rate
    at a false positive rate of at most 0.01. It is `best_threshold` within one bound, whose side
    follows from the better direction of its metric. Choose it on data that neither trained the
    model nor will report the score.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` that is elementwise over its shape.
    constraint : callable
        Another one. It has to be at least `bound`, or at most where smaller is better, as of
        `false_positive_rate`; of a function of your own larger is better, for both.
    bound : float
        What `constraint` has to reach; meeting it exactly is enough.
    y_true, y_prob, thresholds, sample_weight, where, axis, from_logits
        As for `best_threshold`.
    confidence : float, optional
        The probability, from 0.5 on, that `constraint` keeps to its bound in the population which
        the rows are drawn from, and not only on them; in each class by itself. It takes a rate of
        rows: `recall`, `specificity`, `precision`, `negative_predictive_value`, one less one of
        these, or `predicted_positive_rate`; labels of 0 and 1, no weights, and values that can
        be seen.

    Returns
    -------
    BestThreshold
        ``(threshold, value)`` as of `best_threshold`, with the value of `metric`. Of several
        best thresholds it is the one with the best `constraint`, and then the lowest; both are
        compared as by `best_threshold`. Both are nan where no threshold meets the bound and that
        cannot be seen: under a compiler's tracer, for Dask arrays and with ``checks(False)``.
        Not differentiable.

    Raises
    ------
    TypeError
        If `metric` or `constraint` is not callable, or as `confusion` does.
    ValueError
        If `bound` is not a finite number, if no threshold meets it, or as `best_threshold`
        does, of `constraint` too; with `confidence`, if it is shown at no threshold, as of too
        few rows, or if it cannot be, of this constraint or of these labels.

    Notes
    -----
    Predicting no positive is a cut as well. A rate that is 0 of something is 0 there, as the
    false positive rate, and meets a bound; one that is 0 of nothing is undefined, as precision
    and the false discovery rate, and meets none.

    With a `confidence` the cuts are tested in turn, from strict to loose, by exact binomial
    bounds at the level 1 - confidence, until one fails; the best of those before it is returned
    (fixed-sequence testing). A rate of the rows that are called positive, as precision, or
    negative, takes log(1 - confidence) / log(bound) of them; its tests begin with four times as
    many, or with 5 % of all rows if these are fewer, or else half of the error goes to a second
    search, from the geometric mean of both numbers on.
    The guarantee is exact where rows are independent and the model did not see them; for these
    rates where scores have no ties, and no way to exceed it was found where they have. Several
    bounds share 1 - confidence equally, in each group, but those on rates of the rows of one class
    count as one if they are strict on one side.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true = np.asarray([0, 1, 0, 0, 1, 1])
    >>> y_prob = np.asarray([0.1, 0.3, 0.4, 0.6, 0.7, 0.9])
    >>> threshold, value = ss.threshold_at(ss.recall, ss.precision, 0.9, y_true, y_prob)
    >>> print(round(float(threshold), 4), round(float(value), 4))
    0.65 0.6667
    >>> threshold, value = ss.threshold_at(ss.recall, ss.false_positive_rate, 0.7, y_true, y_prob)
    >>> print(round(float(threshold), 4), value)
    0.2 1.0

    With a probability of 95 % at least 60 % of the positives of the population are found:

    >>> y_true, y_prob = np.arange(40) % 2, np.linspace(0.1, 0.9, 40)
    >>> given = (ss.precision, ss.recall, 0.6, y_true, y_prob)
    >>> for confidence in (None, 0.95):
    ...     print(round(float(ss.threshold_at(*given, confidence=confidence).threshold), 2))
    0.44
    0.23
    """
    frozen, larger = _directed("metric", metric)
    limited, upward = _directed("constraint", constraint)
    finite("bound", bound)
    constraints = (Constraint(limited, bound, not upward),)
    tests = tests_of("bound", confidence, constraints, sample_weight, each=False)
    cuts = cut(
        y_true,
        y_prob,
        thresholds=thresholds,
        sample_weight=sample_weight,
        where=where,
        axis=axis,
        from_logits=from_logits,
        groups=None,
        num_groups=None,
        by_group=False,
    )
    proof = proof_of(tests, confidence, cuts, y_true, where)
    return BestThreshold(*search("bound", frozen, larger, constraints, cuts, proof))


def _directed(name: str, metric: Metric) -> tuple[Metric, bool]:
    """Return a metric, and whether larger values of it are better."""
    function(name, metric, "a function of a Confusion such as softset.f1")
    larger = larger_is_better(metric)
    if larger is None:
        known = getattr(metric, "__name__", metric)
        raise ValueError(
            f"`{name}` {known} is neither better when larger nor when smaller; pass a function "
            f"that is larger where it is better, as in lambda c: -{known}(c)"
        )
    return freeze(metric), larger
