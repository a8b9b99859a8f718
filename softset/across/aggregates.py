"""One value for all groups: that of the worst of them, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._arrays import Library
from .._types import Metric
from ..metrics import direction, larger_is_better
from .base import Across
from .checks import of_a_group
from .groups_left import extreme, mean


def worst_group(metric: Metric, *, maximize: bool | None = None) -> Metric:
    """Take the worst value of a metric over groups: the smallest, or of a cost the largest.

    Parameters
    ----------
    metric : callable
        As for `largest_gap`, with a better direction, which is that of the result.
    maximize : bool, optional
        Whether larger values of the metric are better, as for `as_loss`.

    Returns
    -------
    callable
        A metric of counts by group, as of `largest_gap`; without any group left it is
        `zero_division`, which is 0 by default.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        As `largest_gap` does; if the metric has no better direction and `maximize` is not given.

    Notes
    -----
    Differentiable as `largest_gap` is; all other groups get no gradient. Source: Sagawa et al.
    2020, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [2.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.worst_group(ss.recall)(c), round(float(ss.worst_group(ss.error_rate)(c)), 4))
    0.25 0.2667
    """
    inner = of_a_group(metric)
    return WorstGroup(inner, direction(inner, maximize))


def group_mean(metric: Metric) -> Metric:
    """Take the mean of a metric over groups, each of which weighs as much as the others.

    Parameters
    ----------
    metric : callable
        As for `largest_gap`; its better direction is that of the result.

    Returns
    -------
    callable
        A metric of counts by group, as of `largest_gap`; without any group left it is
        `zero_division`, which is 0 by default.

    Raises
    ------
    TypeError, ValueError
        As `largest_gap` does.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [2.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.group_mean(ss.recall)(c))
    0.525
    """
    return GroupMean(of_a_group(metric))


@dataclass(frozen=True)
class WorstGroup(Across):
    """What `worst_group` returns."""

    called = "worst_group"
    maximize: bool

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        return self.maximize

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        return extreme(lib, values, left, axis, largest=not self.maximize)


@dataclass(frozen=True)
class GroupMean(Across):
    """What `group_mean` returns."""

    called = "group_mean"

    @property
    def larger_is_better(self) -> bool | None:
        """Whether larger values are better, as of the metric."""
        return larger_is_better(self.metric)

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        return mean(lib, values, left, axis)
