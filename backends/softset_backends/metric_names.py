"""Metrics by their names: as text that a file or a command line holds, and back."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from softset import metrics
from softset._types import Metric
from softset.metrics.options import Bound, core, freeze, name_of

_AREAS = ("auroc", "average_precision")
NAMES = tuple(name for name in metrics.__all__ if name != "larger_is_better")


def metric_named(text: str, option: str = "metric") -> Metric:
    """Return the metric that a text such as f1, fbeta:2 or expected_cost:fp=1,fn=5 names."""
    name, colon, given = text.partition(":")
    if name in _AREAS:
        more = "; `softset evaluate --plots` draws its curve" if option[0] == "-" else ""
        raise ValueError(
            f"`{option}` must be of decisions at one threshold, got the area {name}{more}"
        )
    if name not in NAMES:
        raise ValueError(f"`{option}` must name a metric, got {name!r}; {_meant(name)}")
    function = getattr(metrics, name)
    options = _options(text, function, given if colon else None)
    return freeze(partial(function, **options)) if options else function


def text_of(metric: Any) -> str:
    """Return the text that `metric_named` makes a metric of."""
    metric = freeze(metric)
    try:
        found = metric_named(_written(metric))  # whose options are floats
    except ValueError:
        found = None
    if found != metric:
        raise ValueError(
            "`metric` must be one of softset's, of one class and with numbers for options, to be "
            f"written down, got {name_of(metric)}; leave it out, and keep it in code"
        )
    return _written(found)


def _written(metric: Any) -> str:
    options = metric.options if isinstance(metric, Bound) else ()
    given = ",".join(f"{name}={value}" for name, value in options)
    return getattr(core(metric), "__name__", "") + (f":{given}" if given else "")


def _meant(name: str) -> str:
    """Return what a metric that is called otherwise is here, or all that there are."""
    try:
        getattr(metrics, name)
    except AttributeError as error:
        # The kernel knows other names, and says what they are here.
        found = str(error).partition("it is softset.")[2].partition(",")[0]
        if found in NAMES:
            return f"it is {found}"
    return f"there are {', '.join(NAMES)}"


def _options(text: str, function: Callable[..., object], given: str | None) -> dict[str, float]:
    """Return the options in a text such as fbeta:2 or expected_cost:fp=1,fn=5."""
    known = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.name != "zero_division"
    ]
    names = [parameter.name for parameter in known]
    needed = {parameter.name for parameter in known if parameter.default is parameter.empty}
    options: dict[str, float] = {}
    for part in [] if given is None else given.split(","):
        name, equals, value = part.rpartition("=")
        if not equals and len(names) == 1:
            name = names[0]
        if name not in names or name in options or not is_number(value):
            _refuse(text, function.__name__, names)
        options[name] = float(value)
    if needed - set(options):
        _refuse(text, function.__name__, names)
    return options


def is_number(value: str) -> bool:
    """Tell whether a text is a finite number."""
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _refuse(text: str, name: str, names: Sequence[str]) -> None:
    if not names:
        raise ValueError(f"metric {name} takes no options, got {text!r}")
    example = "2" if len(names) == 1 else ",".join(f"{option}=2" for option in names)
    raise ValueError(
        f"metric {name} takes {', '.join(names)}, as in {name}:{example}, got {text!r}"
    )
