"""Where a metric across groups may stand in another metric, and how many groups it needs."""

from __future__ import annotations

from .._options import whole
from .._types import Confusion, Metric
from ..metrics.options import Bound, Directed, Wrapped, freeze, kind_of, name_of


def of_a_group(metric: Metric) -> Metric:
    """Return a metric as `freeze` does, refusing one across groups."""
    frozen = inner = freeze(metric)
    while isinstance(inner, Wrapped):
        if isinstance(inner, Directed):
            raise ValueError(f"`metric` must be that of one group, got {name_of(frozen)}")
        inner = inner.metric
    return frozen


def across_of(metric: Metric) -> Directed | None:
    """Return the metric across groups under fixed options, None of another one."""
    while isinstance(metric, Bound):
        metric = metric.metric
    return metric if isinstance(metric, Directed) else None


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
        if isinstance(metric, Directed):
            raise ValueError(
                f"`metric` must have {metric.called} outermost, as in "
                f"{metric.called}(macro(recall)), got it inside of an average"
            )
    return num_groups
