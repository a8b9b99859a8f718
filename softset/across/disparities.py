"""How far the groups are apart: the largest gap between them, and their smallest ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._arrays import Library
from .._types import Metric
from ..metrics.guarded import ratio_of_rates
from .base import Across
from .checks import of_a_group
from .groups_left import extreme


def largest_gap(metric: Metric) -> Metric:
    """Take the difference between the largest and the smallest value of a metric over groups.

    Smaller is better: at 0 all groups have one value. Also: between-group difference; of
    `predicted_positive_rate` the demographic parity difference, of `recall` the equal opportunity
    difference.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` that is elementwise over its shape, an average over classes
        or an area under a curve; one without a better direction too.

    Returns
    -------
    callable
        A metric of counts by group, hashable and picklable if `metric` is: 0 where fewer than two
        groups are left. Options are handed on to `metric`, but for `zero_division`, which is the
        value where no group is left.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        If `metric` is one across groups itself; when called, if the counts have not two groups
        or more along their last axis, or `metric` does not keep that axis.

    Notes
    -----
    Differentiable: the slope is that of the two extreme groups, which equal ones share. A group
    that has no members, or of which the metric is undefined, is left out and gets no gradient.
    Source: Hardt, Price and Srebro 2016, section 2; Agarwal et al. 2018, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [2.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.recall(c), round(float(ss.largest_gap(ss.recall)(c)), 4))
    [0.8  0.25] 0.55
    """
    return LargestGap(of_a_group(metric))


def smallest_ratio(metric: Metric) -> Metric:
    """Divide the smallest value of a metric over groups by the largest.

    In [0, 1], larger is better: at 1 all groups have one value. Also: between-group ratio; of
    `predicted_positive_rate` the disparate impact, which the four-fifths rule wants above 0.8.

    Parameters
    ----------
    metric : callable
        As for `largest_gap`; a metric that is never negative.

    Returns
    -------
    callable
        A metric of counts by group, as of `largest_gap`: 1 where fewer than two groups are left,
        and where the largest value is 0.

    Raises
    ------
    TypeError, ValueError
        As `largest_gap` does.

    Notes
    -----
    Differentiable as `largest_gap` is, but where the smallest value is 0 or no gradient of a step
    reaches the largest one. Source: Feldman et al. 2015, definition 1.1.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [2.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.smallest_ratio(ss.recall)(c))
    0.3125
    """
    return SmallestRatio(of_a_group(metric))


@dataclass(frozen=True)
class LargestGap(Across):
    """What `largest_gap` returns."""

    called = "largest_gap"

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        return False

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        smallest = extreme(lib, values, left, axis, largest=False)
        return extreme(lib, values, left, axis, largest=True) - smallest


@dataclass(frozen=True)
class SmallestRatio(Across):
    """What `smallest_ratio` returns."""

    called, empty = "smallest_ratio", 1.0

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        return True

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        smallest = extreme(lib, values, left, axis, largest=False)
        return ratio_of_rates(lib, smallest, extreme(lib, values, left, axis, largest=True), 1.0)
