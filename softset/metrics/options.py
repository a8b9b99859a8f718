"""Metrics made of other metrics: with options fixed, comparable and picklable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._options import function
from .._types import Metric


@dataclass(frozen=True)
class Wrapped:
    """A metric made of another one."""

    metric: Callable[..., Any]


@dataclass(frozen=True)
class Bound(Wrapped):
    """What functools.partial is, but equal to its copies and hashable by value."""

    args: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...]

    def __call__(self, c: Any, **options: Any) -> Any:
        """Return the metric with the options that are fixed, unless they are given again."""
        return self.metric(*self.args, c, **{**dict(self.options), **options})

    def holds_numbers(self) -> bool:
        """Tell whether all that is fixed are plain numbers."""
        fixed = [*self.args, *(value for _, value in self.options)]
        return all(value is None or isinstance(value, (int, float)) for value in fixed)


def freeze(metric: Any) -> Metric:
    """Return the metric, a partial one in a form that losses can be compared by."""
    function("metric", metric, "a function of a Confusion such as softset.f1")
    if isinstance(metric, partial):
        return Bound(metric.func, metric.args, tuple(sorted(metric.keywords.items())))
    return metric


def core(metric: Any) -> Any:
    """Return the metric under averages and fixed options."""
    while isinstance(metric, partial) or hasattr(metric, "metric"):
        metric = metric.func if isinstance(metric, partial) else metric.metric
    return metric


def fixed_options(metric: Any) -> dict[str, Any]:
    """Return the options that are fixed by name, those of the outermost before others."""
    options: dict[str, Any] = {}
    while hasattr(metric, "metric"):
        options = {**dict(getattr(metric, "options", ())), **options}
        metric = metric.metric
    return options


def name_of(metric: Any) -> str:
    """Return a metric's name with its options, such as macro(fbeta(beta=2.0))."""
    if isinstance(metric, Bound):
        options = [repr(x) for x in metric.args] + [f"{k}={v!r}" for k, v in metric.options]
        return f"{name_of(metric.metric)}({', '.join(options)})"
    if isinstance(metric, Wrapped):  # an average, or focal
        given = {name: getattr(metric, name, None) for name in ("axis", "power")}
        more = "".join(f", {name}={x}" for name, x in given.items() if x is not None)
        return f"{type(metric).__name__.lower()}({name_of(metric.metric)}{more})"
    return getattr(metric, "__name__", None) or repr(metric)
