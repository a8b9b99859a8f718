"""A metric for counts with an axis of groups, beside which averages have that of the classes.

Counts have it as `confusion` gives them for its `groups`: the last one, or under a loss or a score
over a grid of thresholds, and of an area, the last but one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..averages.axes import AVERAGES, over_grid
from ..averages.over_classes import Micro
from ..metrics.options import Bound, Directed, name_of


def over_groups(metric: Any, ndim: int, *, grid: bool) -> Any:
    """Return the metric for counts of so many axes, of which one is that of groups.

    An average over classes takes them where they are in the counts of each group.
    """
    if isinstance(metric, Bound):
        return replace(metric, metric=over_groups(metric.metric, ndim, grid=grid))
    if isinstance(metric, Directed):
        return replace(metric, grid=grid)
    one = over_grid(metric, ndim - 1) if grid else metric
    return _beside_groups(one, ndim - 1 - grid, grid)


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
