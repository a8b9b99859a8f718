"""Metrics with options fixed, comparable and picklable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ._checks import function
from ._typing import Metric


@dataclass(frozen=True)
class Bound:
    """What functools.partial is, but equal to its copies and hashable by value."""

    metric: Callable[..., Any]
    args: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...]

    def __call__(self, c: Any, **options: Any) -> Any:
        return self.metric(*self.args, c, **{**dict(self.options), **options})


def freeze(metric: Any) -> Metric:
    """Return the metric, a partial one in a form that losses can be compared by."""
    function("metric", metric, "a function of a Confusion such as softset.f1")
    if isinstance(metric, partial):
        return Bound(metric.func, metric.args, tuple(sorted(metric.keywords.items())))
    return metric
