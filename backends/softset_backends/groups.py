"""Metrics and counts of groups, their gap and the worst of them, with intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

import softset as ss
from softset._options import whole
from softset._types import Metric, Threshold
from softset.across.groups_left import values_left
from softset.averages.axes import is_average
from softset.constraints.bounds import value_range
from softset.curves import is_area
from softset.metrics import is_built_in, larger_is_better
from softset.metrics.options import core, freeze, is_across, kind_of, name_of

from .bootstrap import Interval, require_confidence, resampled
from .comparisons import extreme, largest_difference, percentiles, smallest_quotient
from .group_table import ALL, GAP, RATIO, ROWS, WORST, GroupReport
from .in_numpy import in_numpy

_COUNTS = ("n", "positives", "tp", "fp", "fn", "tn")
_NOTHING = Interval(np.nan, np.nan, np.nan)


def group_report(
    metrics: Metric | Sequence[Metric],
    y_true: Any,
    y_prob: Any,
    *,
    groups: Any,
    threshold: Threshold = 0.5,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    sample_weight: Any = None,
    from_logits: bool = False,
    digits: int = 3,
) -> GroupReport:
    """Return metrics of hard counts by group, their gaps and ratios, all with intervals.

    Parameters
    ----------
    metrics : callable or list of callables
        Functions of a `Confusion` that are elementwise over its shape.
    y_true, y_prob : arrays of shape (n,)
        As for `softset.confusion`, of any framework; also what ``numpy.asarray`` takes.
    groups : array of shape (n,) or (n, k)
        The label of each example's group: integers, strings or booleans. Of k columns, one for
        each of several attributes, the groups are the combinations that occur, and their labels
        tuples.
    threshold : float or array, default 0.5
        The operating point, a probability; an array has one for each example, such as that of its
        group.
    confidence : float, default 0.95
        The share of resamples inside an interval.
    resamples : int, default 2000
        How often as many examples as there are in a group get drawn from it with replacement.
    seed : int, default 0
        Of the random numbers: the same seed gives the same intervals.
    sample_weight : array of shape (n,), optional
        As for `softset.confusion`; an example is drawn together with its weight, and the counts
        are sums of weights.
    from_logits : bool, default False
        Whether `y_prob` holds logits.
    digits : int, default 3
        How many decimals the table has.

    Returns
    -------
    GroupReport
        ``str(report)`` is the table, ``report.to_pandas()`` a DataFrame, ``report.data`` has the
        numbers, and ``report.worst`` tells which group is the worst.

    Raises
    ------
    TypeError
        If a metric is not callable, `groups` holds no labels, or as `softset.confusion` does.
    ValueError
        If there is no metric, two have one name, or one is an average, an area, across groups or
        of a table; if `groups` has another length than `y_prob`, fewer than two groups, or one
        that is called like a row; if `confidence` or `resamples` is out of range, or as
        `softset.confusion` does.

    Notes
    -----
    **Left out** is a group of which a metric is undefined, as a recall is without positives: its
    cell is nan, and blank in the table, and it has no part in the gap, the ratio and the worst
    group, as in `softset.largest_gap`. So it is in a resample. With fewer than two groups left
    there is no gap. The worst group is known for built-in metrics with a better direction.

    **Intervals.** Examples are drawn within each group, so that every group keeps its number; a
    group, and all, have percentiles of their resamples. The gap has not: the gap of a resample is
    never below 0 and mostly above that of the data, so that percentiles would never hold a gap
    of 0. Its interval is that of the largest difference of two groups where the intervals of all
    pairs hold at once: the differences, give or take the same number of standard errors, which is
    the quantile of the largest error of any pair in a resample. It holds 0 where no pair differs.
    The ratio has the same of logarithms, and none where a rate is 0 in a resample. The worst group
    has the worst of the groups' intervals at ``confidence ** (1 / G)``, which hold at once too.

    Intervals are too short for groups with few positives, see `bootstrap_interval`. Without
    weights the time hardly depends on n beyond one sort; the pairs of G groups take O(G**2).
    Source: Efron and Tibshirani 1993, chapters 8 and 13; Tukey 1953 for all pairs at once.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends import group_report
    >>> number = [80, 20, 40, 160, 30, 20, 10, 140]
    >>> y_true = np.repeat([1, 1, 0, 0, 1, 1, 0, 0], number)
    >>> y_prob = np.repeat([0.9, 0.2, 0.7, 0.1, 0.9, 0.2, 0.7, 0.1], number)
    >>> site = np.repeat(["north", "south"], [300, 200])
    >>> report = group_report(ss.recall, y_true, y_prob, groups=site)
    >>> print(report)
                      n  positives                recall
    <BLANKLINE>
             north  300        100  0.800 [0.713, 0.878]
             south  200         50  0.600 [0.462, 0.740]
    <BLANKLINE>
               all  500        150  0.733 [0.660, 0.804]
       largest gap                  0.200 [0.039, 0.361]
    smallest ratio                  0.750 [0.584, 0.964]
       worst group                  0.600 [0.445, 0.759]
             which                                 south
    >>> gap = report.data["largest gap"]["recall"]
    >>> print(round(gap.value, 2), round(gap.low, 2), round(gap.high, 2), report.worst["recall"])
    0.2 0.04 0.36 south
    """
    named = _by_name(metrics)
    require_confidence(confidence)
    resamples = whole("resamples", resamples, 1)
    scores = in_numpy("y_prob", y_prob)
    if scores.ndim != 1:
        raise ValueError(
            f"`y_prob` must have shape (n,), got {scores.shape}; take one column after the other"
        )
    labels, numbers = _numbered(groups, len(scores))
    options = {
        "threshold": in_numpy("threshold", threshold) if hasattr(threshold, "shape") else threshold,
        "step": ss.Hard(),
        "sample_weight": in_numpy("sample_weight", sample_weight),
        "from_logits": from_logits,
    }
    y_true = in_numpy("y_true", y_true)
    counts = ss.confusion(y_true, scores, groups=numbers, num_groups=len(labels), **options)
    rows = np.stack([numbers, *ss.confusion(y_true, scores, axis=(), **options)], axis=-1)
    counts = ss.Confusion(*(np.asarray(x, dtype=np.float64) for x in counts))
    draws = _drawn(rows, len(labels), resamples, np.random.default_rng(seed))

    every = _with_all(counts)
    columns = (every.tp + every.fp + every.fn + every.tn, every.tp + every.fn, *every)
    data: dict[Hashable, dict[str, Any]] = {
        label: {name: float(x[i]) for name, x in zip(_COUNTS, columns, strict=True)}
        for i, label in enumerate((*labels, ALL))
    }
    data |= {row: {} for row in (GAP, RATIO, WORST)}
    worst: dict[str, Hashable] = {}
    for name, metric in named.items():
        values, drawn = (_values(metric, _with_all(c)) for c in (counts, draws))
        for i, label in enumerate((*labels, ALL)):
            data[label][name] = _cell(values[i], percentiles(drawn[:, i], confidence))
        left = np.flatnonzero(values[:-1] == values[:-1])
        found = _compared(metric, values[left], drawn[:, left], confidence)
        data[GAP][name], data[RATIO][name], data[WORST][name], place = found
        worst[name] = None if place is None else labels[left[place]]
    return GroupReport(data, worst, digits)


def _by_name(metrics: Any) -> dict[str, Metric]:
    """Return the metrics by their names."""
    several = metrics if isinstance(metrics, (list, tuple)) else [metrics]
    frozen = [freeze(metric) for metric in several]
    found = {name_of(metric): metric for metric in frozen}
    if not frozen or len(found) < len(frozen) or set(found) & set(_COUNTS):
        raise ValueError(
            "`metrics` must hold at least one, with names that differ from each other and from "
            f"{', '.join(_COUNTS)}, got {[name_of(metric) for metric in frozen]}"
        )
    for name, metric in found.items():
        many = is_average(metric) or is_across(metric) or is_area(core(metric))
        if many or kind_of(metric) is not ss.Confusion:
            raise ValueError(
                f"`metrics` must be of the four counts of one group each, such as recall, got "
                f"{name}"
            )
    return found


def _numbered(groups: Any, length: int) -> tuple[list[Hashable], Any]:
    """Return the labels of the groups, and each example's place among them."""
    given = in_numpy("groups", groups)
    if given.ndim not in (1, 2) or len(given) != length or not given.size:
        raise ValueError(
            f"`groups` must have shape ({length},) or ({length}, k), a label for each example, got "
            f"{given.shape}"
        )
    numbers = _places(given.reshape(length, -1))
    _, first = np.unique(numbers, return_index=True)
    labels: list[Hashable] = [tuple(x) if isinstance(x, list) else x for x in given[first].tolist()]
    if len(labels) < 2 or set(labels) & set(ROWS):
        raise ValueError(
            f"`groups` must hold two groups or more, none of them called {', '.join(ROWS)}, got "
            f"{labels[0]!r}" + " alone" * (len(labels) == 1)
        )
    return labels, numbers


def _places(given: Any) -> Any:
    """Return the number of each row of labels."""
    kind = given.dtype.kind
    try:
        # Of missing labels, nan and None, there is no order, or not even equality.
        if kind in "iubU" or (kind == "O" and not any(x is None or x != x for x in given.flat)):
            return _numbers_of(given)
    except TypeError:  # of kinds without a common order, or pandas.NA
        pass
    raise TypeError(
        f"`groups` must hold integers, strings or booleans, none of them missing, got dtype "
        f"{given.dtype}; numpy.digitize makes classes of numbers"
    )


def _numbers_of(rows: Any) -> Any:
    """Return the place of each row among the different ones."""
    # numpy.unique takes no rows of objects.
    numbers = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        values, places = np.unique(column, return_inverse=True)
        _, numbers = np.unique(numbers * len(values) + places, return_inverse=True)
    return numbers


def _drawn(rows: Any, number: int, resamples: int, rng: Any) -> ss.Confusion:
    """Return the counts of resamples of each group by itself, of shape (resamples, groups)."""
    # Examples that count alike are one multinomial number. The group comes first, so that its kinds
    # lie side by side.
    kinds, copies = np.unique(rows, axis=0, return_counts=True)
    places = np.searchsorted(kinds[:, 0], np.arange(1, number))
    groups = zip(np.split(kinds[:, 1:], places), np.split(copies, places), strict=True)
    sums = [np.concatenate(list(resampled(*group, resamples, rng))) for group in groups]
    return ss.Confusion(*np.moveaxis(np.stack(sums, axis=1), -1, 0))


def _with_all(c: ss.Confusion) -> ss.Confusion:
    """Return counts of the groups and, behind them, of all."""
    return ss.Confusion(*(np.concatenate([x, x.sum(-1, keepdims=True)], axis=-1) for x in c))


def _values(metric: Metric, c: ss.Confusion) -> Any:
    """Return a metric of each group, nan where it says nothing of one."""
    _, values, left = values_left(metric, c)
    return np.where(left, values, np.nan)


def _cell(value: Any, ends: tuple[float, float]) -> Interval:
    """Return a value with its interval, neither where there is no value."""
    return Interval(float(value), *ends) if value == value else _NOTHING


# Infinite values, as an odds ratio has, have no gap.
@np.errstate(invalid="ignore")
def _compared(metric: Any, values: Any, draws: Any, confidence: float) -> tuple[Any, ...]:
    """Return the gap, the ratio, the worst, and where that is, of the groups that are left."""
    if len(values) < 2:
        return _NOTHING, _NOTHING, _NOTHING, None
    least, most = values.min(), values.max()
    low, high = largest_difference(values, draws, confidence)
    _, widest = value_range(ss.largest_gap(metric))
    gap = Interval(float(most - least), low, min(high, widest))
    quotient = 1.0 if most == 0 else least / most if least >= 0 else np.nan
    ratio = _cell(quotient, smallest_quotient(values, draws, confidence))
    upwards = larger_is_better(metric)
    if upwards is None or not is_built_in(core(metric)):
        return gap, ratio, _NOTHING, None
    place = int(np.argmin(values) if upwards else np.argmax(values))
    worst = _cell(values[place], extreme(draws, confidence, largest=not upwards))
    return gap, ratio, worst, place
