"""Metrics across groups: each turns a metric of one group into one of the counts of several.

The counts have an axis of groups, as `confusion` gives them for its `groups`: the last one, or
under a loss or a score over a grid of thresholds, and of an area, the last but one.

One policy for groups that a metric says nothing of: a group without members is left out, and so is
one of which the metric is undefined, as a recall is without positives; but where a `zero_division`
was fixed by functools.partial it is a value like others. A metric of one's own is undefined where
it is nan. An average over classes has a policy of its own, and leaves out groups without members.

Where several groups are the extreme ones they share the slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ._arrays import Library, library
from ._options import whole
from ._types import Confusion, Metric
from .averages import AVERAGES, Macro, Micro, Weighted, over_grid
from .curves import is_area
from .metrics import direction, is_built_in, larger_is_better
from .metrics.guarded import absent, ratio, ratio_of_rates
from .metrics.options import (
    Bound,
    Directed,
    Wrapped,
    core,
    fixed_options,
    freeze,
    is_across,
    kind_of,
    name_of,
)


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
    return LargestGap(_of_a_group(metric))


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
    return SmallestRatio(_of_a_group(metric))


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
    inner = _of_a_group(metric)
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
    return GroupMean(_of_a_group(metric))


@dataclass(frozen=True)
class Across(Directed):
    """A metric across groups; `grid` says that the last axis of the counts is that of a grid."""

    called: ClassVar[str] = ""  # pyright: ignore[reportIncompatibleMethodOverride]
    empty: ClassVar[float] = 0.0

    grid: bool = field(default=False, kw_only=True, repr=False)

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return what is made of the metric's values in the groups."""
        zero_division = options.pop("zero_division", self.empty)
        area, ndim = is_area(core(self.metric)), len(getattr(c.tp, "shape", ()))
        self._require_groups(c, area or self.grid)
        inner = over_groups(self.metric, ndim, grid=area or self.grid)
        lib, values, left = values_left(inner, c, **options)
        axis = -1 if area or not self.grid else -2
        found = self._of_groups(lib, values, left, axis)
        some = lib.xp.any(left, axis=axis)
        return lib.where(some, found, zero_division)

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        """Return what is made of the values of the groups that are left."""
        raise NotImplementedError

    def _require_groups(self, c: Confusion, grid: bool) -> None:
        shape, place = tuple(getattr(c.tp, "shape", ())), -2 if grid else -1
        number = shape[place] if len(shape) >= -place else 0
        if number is not None and number < 2:
            raise ValueError(
                f"`c` must hold the counts of two groups or more for {self.called}, got counts of "
                f"shape {shape}; count with confusion(..., groups=groups, num_groups=2)"
            )


@dataclass(frozen=True)
class LargestGap(Across):
    """What `largest_gap` returns."""

    called = "largest_gap"

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        return False

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        smallest = _extreme(lib, values, left, axis, largest=False)
        return _extreme(lib, values, left, axis, largest=True) - smallest


@dataclass(frozen=True)
class SmallestRatio(Across):
    """What `smallest_ratio` returns."""

    called, empty = "smallest_ratio", 1.0

    @property
    def larger_is_better(self) -> bool:
        """Whether larger values are better."""
        return True

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        smallest = _extreme(lib, values, left, axis, largest=False)
        return ratio_of_rates(lib, smallest, _extreme(lib, values, left, axis, largest=True), 1.0)


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
        return _extreme(lib, values, left, axis, largest=not self.maximize)


@dataclass(frozen=True)
class GroupMean(Across):
    """What `group_mean` returns."""

    called = "group_mean"

    @property
    def larger_is_better(self) -> bool | None:
        """Whether larger values are better, as of the metric."""
        return larger_is_better(self.metric)

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        return _mean(lib, values, left, axis)


def values_left(metric: Metric, c: Confusion, **options: Any) -> tuple[Library, Any, Any]:
    """Return the library, a metric's values, and where they say something: the policy above."""
    told = {"zero_division": math.nan} if _skips_undefined(metric) else {}
    values = metric(c, **options, **told)
    members = _members(metric, c)
    members = members[..., 0] if is_area(core(metric)) else members
    _require_kept_axis(values, members)
    lib = library(("metric", *c._fields), (values, *c))
    undefined = (values != values) & (members == members)  # a nan that was counted comes through
    return lib, values, ~(absent(lib, members) | undefined)


def over_groups(metric: Metric, ndim: int, *, grid: bool) -> Metric:
    """Return the metric for counts of so many axes, of which one is that of groups.

    An average over classes takes them where they are in the counts of each group.
    """
    if isinstance(metric, Bound):
        return replace(metric, metric=over_groups(metric.metric, ndim, grid=grid))
    if isinstance(metric, Across):
        return replace(metric, grid=grid)
    one = over_grid(metric, ndim - 1) if grid else metric
    return _beside_groups(one, ndim - 1 - grid, grid)


def across_of(metric: Metric) -> Across | None:
    """Return the metric across groups under fixed options, None of another one."""
    while isinstance(metric, Bound):
        metric = metric.metric
    return metric if isinstance(metric, Across) else None


def require_groups(metric: Metric, num_groups: int | None) -> int | None:
    """Return how many groups there are, which a metric across groups needs, itself outermost."""
    if num_groups is not None:
        num_groups = whole("num_groups", num_groups, 1)
        if kind_of(metric) is not Confusion:
            raise ValueError(
                "`num_groups` must be left out for a metric of a table, which has no groups; take "
                "macro(...) of four counts by class and by group"
            )
    across = across_of(metric)
    if across is not None:
        if num_groups is None or num_groups < 2:
            raise ValueError(
                f"`num_groups` must be at least 2 for {across.called}, got {num_groups}; pass how "
                "many groups there are, and their numbers as `groups` to every call"
            )
        return num_groups
    while isinstance(metric, Wrapped):
        metric = metric.metric
        if isinstance(metric, Across):
            raise ValueError(
                f"`metric` must have {metric.called} outermost, as in "
                f"{metric.called}(macro(recall)), got it inside of an average"
            )
    return num_groups


def _of_a_group(metric: Metric) -> Metric:
    """Return a metric as `freeze` does, refusing one across groups."""
    frozen = inner = freeze(metric)
    while isinstance(inner, Wrapped):
        if isinstance(inner, Across):
            raise ValueError(f"`metric` must be that of one group, got {name_of(frozen)}")
        inner = inner.metric
    return frozen


def _beside_groups(metric: Any, kept: int, grid: bool) -> Any:
    """Return the metric with the axes of averages counted past that of the groups.

    `kept` is how many axes the counts of one group have, without that of a grid.
    """
    if isinstance(metric, Bound):
        return replace(metric, metric=_beside_groups(metric.metric, kept, grid))
    if not isinstance(metric, AVERAGES):
        return metric
    ndim = kept + grid
    axis = 0 if metric.axis is None and ndim <= 1 else metric.axis
    if axis is not None:  # else the average says that it has to be told
        axis = axis + ndim if axis < 0 else axis
        if not 0 <= axis < kept:
            raise ValueError(
                f"`axis` must leave the classes to {name_of(metric)} in every group, got counts of "
                f"{kept} other axes; count each class by itself, as in "
                "as_loss(largest_gap(macro(recall)), axis=0, num_groups=2)"
            )
    inner = _beside_groups(metric.metric, kept - isinstance(metric, Micro), grid)
    return replace(metric, metric=inner, axis=axis)


def _skips_undefined(metric: Metric) -> bool:
    """Tell whether a metric can be told to be nan where it is undefined, and was told nothing."""
    if "zero_division" in fixed_options(metric):
        return False
    if is_across(metric):
        return True
    if not (is_built_in(core(metric)) or is_area(core(metric))):
        return False
    while isinstance(metric, Wrapped):
        if isinstance(metric, (Macro, Weighted)):
            return False
        metric = metric.metric
    return True


def _members(metric: Any, c: Confusion) -> Any:
    """Return the weight of the members, summed over the axes that averages and groups have."""
    lib = library(c._fields, c)
    members = lib.constant(c.tp + c.fp + c.fn + c.tn)
    while isinstance(metric, Wrapped):
        if isinstance(metric, Across):
            members = lib.xp.sum(members, axis=-1)
        elif isinstance(metric, AVERAGES):
            members = lib.xp.sum(members, axis=metric.axis)
        metric = metric.metric
    return members


def _require_kept_axis(values: Any, members: Any) -> None:
    if not hasattr(values, "shape") or len(values.shape) != len(members.shape):
        raise ValueError(
            "`metric` must be elementwise over the counts to be compared between groups, got "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(members.shape)}"
        )


def _extreme(lib: Library, values: Any, left: Any, axis: int, *, largest: bool) -> Any:
    """Return the extreme value of the groups that are left; equal ones share the slope."""
    xp, known = lib.xp, lib.constant(values)
    bound = -math.inf if largest else math.inf
    known_left = xp.where(left, known, xp.full_like(known, bound))
    found = (xp.max if largest else xp.min)(known_left, axis=axis, keepdims=True)
    value = _mean(lib, values, left & (known == found), axis)
    # Of a nan no library says for certain that it is the largest.
    return lib.where(xp.any(left & (known != known), axis=axis), math.nan, value)


def _mean(lib: Library, values: Any, left: Any, axis: int) -> Any:
    xp = lib.xp
    number = xp.sum(xp.astype(left, values.dtype), axis=axis)
    return ratio(lib, xp.sum(lib.kept(values, left), axis=axis), number, 0.0)
