"""Averages within a metric: whether there is one, and which axis of the counts it takes.

Where the counts have other axes beside that of the classes, an average has to be told which it is,
but for a grid of thresholds, which losses and scores keep apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._types import Metric
from ..metrics.options import Bound, Wrapped
from .over_classes import Macro, Micro, Weighted
from .over_examples import Samples

AVERAGES = (Micro, Macro, Weighted, Samples)


def is_average(metric: Metric) -> bool:
    """Tell whether a metric is an average over classes or examples."""
    while isinstance(metric, Wrapped):
        if isinstance(metric, AVERAGES):
            return True
        metric = metric.metric
    return False


def is_by_weight(metric: Metric) -> bool:
    """Tell whether a metric is the mean over examples by their weights."""
    while isinstance(metric, Bound):
        metric = metric.metric
    return isinstance(metric, Samples)


def unaveraged(metric: Metric) -> Metric:
    """Return the metric that is averaged, with the options that are fixed for the average."""
    if isinstance(metric, Bound):
        return replace(metric, metric=unaveraged(metric.metric))
    return unaveraged(metric.metric) if isinstance(metric, AVERAGES) else metric


def averaged_axis(metric: Metric, kept: list[int]) -> int | None:
    """Return which of the axes that counts keep an average takes for that of the classes."""
    while isinstance(metric, Wrapped):
        if isinstance(metric, (Micro, Macro, Weighted)):
            place = 0 if metric.axis is None and len(kept) == 1 else metric.axis
            return kept[place] if place is not None and -len(kept) <= place < len(kept) else None
        metric = metric.metric
    return None


def on_axis(metric: Any, axis: int) -> Any:
    """Return the metric with this class axis for an average that was not told of one."""
    if not isinstance(metric, Wrapped):
        return metric
    if not isinstance(metric, AVERAGES):
        return replace(metric, metric=on_axis(metric.metric, axis))
    inner = on_axis(metric.metric, axis)
    return replace(metric, metric=inner, axis=axis if metric.axis is None else metric.axis)


def over_grid(metric: Any, ndim: int) -> Any:
    """Return the metric for counts of so many axes, the last of them a grid of thresholds."""
    if not isinstance(metric, Wrapped):
        return metric
    if not isinstance(metric, AVERAGES):
        return replace(metric, metric=over_grid(metric.metric, ndim))
    axis = -2 if metric.axis is None and ndim <= 2 else metric.axis
    if axis in (-1, ndim - 1):
        raise ValueError(
            f"`axis` must be that of the classes, got {axis} for counts whose last axis is that of "
            f"`thresholds`; pass {type(metric).__name__.lower()}(...) without it, or axis=-2"
        )
    inner = over_grid(metric.metric, ndim - isinstance(metric, Micro))
    return replace(metric, metric=inner, axis=axis)
