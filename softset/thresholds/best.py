"""Which threshold a metric is best at, also within bounds of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .._arrays.values import truth
from .._options import finite, function
from .._types import Array, Metric
from ..across import require_groups
from ..constraints.bounds import Constraint, require_constraints
from ..metrics import direction, larger_is_better
from ..metrics.options import freeze
from . import by_group as of_groups
from .cuts import Cuts, cut, first, read_off
from .limits import closest, limit, refusal
from .ranks import best, meets, rank

# Which argument holds a metric whose bound another one holds.
_ARGUMENT = {"bound": "constraint", "subject_to": "subject_to"}


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
    return _search("subject_to", frozen, larger, constraints, cuts)


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
        does, of `constraint` too.

    Notes
    -----
    Predicting no positive is a cut as well. A rate that is 0 of something is 0 there, as the
    false positive rate, and meets a bound; one that is 0 of nothing is undefined, as precision
    and the false discovery rate, and meets none.

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
    """
    frozen, larger = _directed("metric", metric)
    limited, upward = _directed("constraint", constraint)
    finite("bound", bound)
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
    return _search("bound", frozen, larger, (Constraint(limited, bound, not upward),), cuts)


def _search(
    name: str, metric: Metric, larger: bool, constraints: tuple[Constraint, ...], cuts: Cuts
) -> BestThreshold:
    """Return the best of the thresholds that keep all bounds, which `name` gave."""
    xp = cuts.lib.xp
    if cuts.own:
        place, found = of_groups.search(metric, larger, constraints, cuts)
    else:
        place, found = _one_for_all(name, metric, larger, constraints, cuts)
    if cuts.seen and truth(xp.all(found)) is False and constraints:
        nearest = place if cuts.own else closest(name, constraints, cuts)
        raise refusal(name, constraints, cuts, found, nearest)
    threshold, value = read_off(metric, cuts, place)
    if not constraints:
        return BestThreshold(threshold, value)
    all_found = found[..., None] if cuts.own else found
    return BestThreshold(
        xp.where(all_found, threshold, xp.full_like(threshold, xp.nan)),
        xp.where(found, value, xp.full_like(value, xp.nan)),
    )


def _one_for_all(
    name: str, metric: Metric, larger: bool, constraints: tuple[Constraint, ...], cuts: Cuts
) -> tuple[Any, Any]:
    """Return the best place, and whether it keeps all bounds."""
    lib = cuts.lib
    values = rank("metric", metric, larger, cuts)
    limits = [limit(_ARGUMENT[name], one, cuts) for one in constraints]
    allowed = cuts.possible
    for ranked, one in zip(limits, constraints, strict=True):
        allowed = allowed & meets(lib, ranked, one.bound)
    marked = best(lib, values, allowed)
    for ranked in limits:
        marked = best(lib, ranked, marked)
    return first(lib, marked), lib.xp.any(allowed, axis=-1)


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
