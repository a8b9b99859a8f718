"""Metrics made of other metrics: with options fixed, comparable and picklable."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

from .._options import function
from .._types import Confusion, ConfusionTable, Metric


@dataclass(frozen=True)
class Wrapped:
    """A metric made of another one."""

    metric: Callable[..., Any]


class Directed(Wrapped):
    """A metric whose better direction is its own, whatever that of the other one."""

    @property
    def larger_is_better(self) -> bool | None:
        """Whether larger values are better."""
        raise NotImplementedError

    @property
    def called(self) -> str:
        """The function that makes it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Bound(Wrapped):
    """What functools.partial is, but equal to its copies and hashable by value."""

    args: tuple[Any, ...]
    options: tuple[tuple[str, Any], ...]

    def __post_init__(self) -> None:
        # Tuples compare by identity first: with this one object, metrics of a nan are equal.
        same = tuple((k, math.nan if is_nan(x) else x) for k, x in self.options)
        object.__setattr__(self, "options", same)

    def __reduce__(self) -> tuple[Any, ...]:
        """Make copies by the constructor."""
        return type(self), (self.metric, self.args, self.options)

    def __call__(self, c: Any, **options: Any) -> Any:
        """Return the metric with the options that are fixed, unless they are given again."""
        return self.metric(*self.args, c, **{**dict(self.options), **options})

    def holds_numbers(self) -> bool:
        """Tell whether all that is fixed are plain numbers, words, and tuples of them."""
        return _is_plain((*self.args, *(value for _, value in self.options)))


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (int, float, str))


def freeze(metric: Any) -> Metric:
    """Return the metric, a partial one in a form that losses can be compared by."""
    function("metric", metric, "a function of a Confusion such as softset.f1")
    if isinstance(metric, partial):
        return Bound(metric.func, metric.args, tuple(sorted(metric.keywords.items())))
    return metric


def kind_of(metric: Any) -> Any:
    """Return the kind of counts that a metric is one of."""
    while not getattr(metric, "_of_table", False):
        if isinstance(metric, partial):
            metric = metric.func
        elif isinstance(metric, Wrapped):
            metric = metric.metric
        else:
            return Confusion
    return ConfusionTable


def core(metric: Any) -> Any:
    """Return the metric under averages and fixed options."""
    while isinstance(metric, partial) or hasattr(metric, "metric"):
        metric = metric.func if isinstance(metric, partial) else metric.metric
    return metric


def is_across(metric: Any) -> bool:
    """Tell whether a metric has a direction of its own, as one across groups has."""
    while isinstance(metric, Bound):
        metric = metric.metric
    return isinstance(metric, Directed)


def fixed_options(metric: Any) -> dict[str, Any]:
    """Return the options that are fixed by name, those of the outermost before others."""
    options: dict[str, Any] = {}
    while hasattr(metric, "metric"):
        options = {**dict(getattr(metric, "options", ())), **options}
        metric = metric.metric
    return options


def zero_division_of(metric: Any, options: dict[str, Any]) -> Any:
    """Return the zero_division of a call with options: theirs, else the fixed one, else 0."""
    if "zero_division" in options:
        return options["zero_division"]
    return fixed_options(metric).get("zero_division", 0.0)


def is_nan(option: Any) -> bool:
    """Tell whether an option is the number nan; an array is not."""
    return isinstance(option, Real) and option != option


def name_of(metric: Any) -> str:
    """Return a metric's name with its options, such as macro(fbeta(beta=2.0))."""
    if isinstance(metric, Bound):
        options = [repr(x) for x in metric.args] + [f"{k}={v!r}" for k, v in metric.options]
        return f"{name_of(metric.metric)}({', '.join(options)})"
    if isinstance(metric, Directed):
        return f"{metric.called}({name_of(metric.metric)})"
    if hasattr(metric, "metric"):  # an average, focal, or one against the rest
        given = {name: getattr(metric, name, None) for name in ("axis", "power")}
        more = "".join(f", {name}={x}" for name, x in given.items() if x is not None)
        return f"{wrapper_name(metric)}({name_of(metric.metric)}{more})"
    return getattr(metric, "__name__", None) or repr(metric)


def wrapper_name(metric: Any) -> str:
    """Return what the function is called that made a metric of another one."""
    name = type(metric).__name__
    return "".join(f"_{x.lower()}" if x.isupper() else x for x in name).removeprefix("_")
