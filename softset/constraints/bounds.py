"""Bounds on metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .. import metrics as m
from .._options import finite
from .._types import ConfusionTable, Metric
from ..across.checks import require_groups
from ..across.disparities import LargestGap, SmallestRatio
from ..curves import is_area
from ..metrics.options import Wrapped, core, freeze, kind_of, name_of
from ..powers import Focal

_SHARES = (
    *(m.accuracy, m.balanced_accuracy, m.error_rate, m.geometric_mean, m.precision, m.recall),
    *(m.specificity, m.negative_predictive_value, m.false_discovery_rate, m.false_negative_rate),
    *(m.false_omission_rate, m.false_positive_rate, m.predicted_positive_rate, m.prevalence),
    *(m.f1, m.fbeta, m.jaccard, m.tversky, m.fowlkes_mallows, m.negative_f1, m.p4),
)
_AGREEMENTS = (
    *(m.bennett_s, m.cohen_kappa, m.gilbert_skill_score, m.gwet_ac1, m.informedness),
    *(m.markedness, m.matthews_corrcoef, m.scott_pi, m.yule_q),
)


@dataclass(frozen=True)
class Constraint:
    """What `at_most` and `at_least` return: a bound on a metric."""

    metric: Metric
    bound: float
    is_upper: bool

    def __str__(self) -> str:
        return f"{name_of(self.metric)} {'<=' if self.is_upper else '>='} {self.bound}"


def at_most(metric: Metric, bound: float) -> Constraint:
    """Say that a metric should not be above a bound.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` that is elementwise over its shape, an average over classes,
        or a metric across groups, such as ``largest_gap(recall)``.
    bound : float
        The largest value that is allowed, in the range of the metric.

    Returns
    -------
    Constraint
        For `constrained`: frozen, and hashable and picklable if `metric` is.

    Raises
    ------
    TypeError
        If `metric` is not callable, or one of a table.
    ValueError
        If `metric` is an area under a curve; if `bound` is not finite, or outside the range of a
        built-in metric.

    Examples
    --------
    >>> import softset as ss
    >>> print(ss.at_most(ss.largest_gap(ss.recall), 0.02))
    largest_gap(recall) <= 0.02
    """
    return _constraint(metric, bound, is_upper=True)


def at_least(metric: Metric, bound: float) -> Constraint:
    """Say that a metric should not be below a bound.

    Parameters
    ----------
    metric : callable
        As for `at_most`.
    bound : float
        The smallest value that is allowed, in the range of the metric.

    Returns
    -------
    Constraint
        As of `at_most`.

    Raises
    ------
    TypeError, ValueError
        As `at_most` does.

    Examples
    --------
    >>> import softset as ss
    >>> print(ss.at_least(ss.precision, 0.9))
    precision >= 0.9
    """
    return _constraint(metric, bound, is_upper=False)


def require_constraints(
    name: str, constraints: Any, num_groups: int | None
) -> tuple[tuple[Constraint, ...], int | None]:
    """Return constraints as a tuple, and how many groups there are, which some of them need."""
    if not isinstance(constraints, (tuple, list)):
        hint = "; put it into one, as (constraint,)" if isinstance(constraints, Constraint) else ""
        raise TypeError(f"`{name}` must be a tuple of constraints, got {constraints!r}{hint}")
    for i, one in enumerate(constraints):
        if not isinstance(one, Constraint):
            raise TypeError(
                f"`{name}[{i}]` must be at_most(metric, bound) or at_least(metric, bound), "
                f"got {one!r}"
            )
        num_groups = require_groups(one.metric, num_groups)
    return tuple(constraints), num_groups


def _constraint(metric: Any, bound: float, *, is_upper: bool) -> Constraint:
    frozen = freeze(metric)
    if kind_of(frozen) is ConfusionTable:
        raise TypeError(
            f"`metric` must be one of four counts, got {name_of(frozen)} of a table; take an "
            "average over classes such as macro(recall)"
        )
    if is_area(core(frozen)):
        raise ValueError(
            f"`metric` must be one of decisions at a threshold, got the area {name_of(frozen)}"
        )
    finite("bound", bound)
    low, high = value_range(frozen)
    if not low <= bound <= high:
        raise ValueError(
            f"`bound` must lie in [{low}, {high}], the range of {name_of(frozen)}, got {bound}"
        )
    return Constraint(frozen, float(bound), is_upper)


def value_range(metric: Any) -> tuple[float, float]:
    """Return the least and the largest value of a metric as far as they are known."""
    if isinstance(metric, SmallestRatio):
        return 0.0, 1.0
    if isinstance(metric, LargestGap):
        low, high = value_range(metric.metric)
        return 0.0, high - low
    if isinstance(metric, Wrapped) and not isinstance(metric, Focal):
        return value_range(metric.metric)
    if any(metric is one for one in _SHARES):
        return 0.0, 1.0
    if any(metric is one for one in _AGREEMENTS):
        return -1.0, 1.0
    return -math.inf, math.inf
