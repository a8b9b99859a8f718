"""Metrics by what they are called on the command line."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from functools import partial

from softset import at_least, at_most, metrics
from softset._types import Metric
from softset.constraints.bounds import Constraint
from softset.metrics.options import freeze, name_of

_AREAS = ("auroc", "average_precision")
NAMES = tuple(name for name in metrics.__all__ if name != "larger_is_better")


def named(names: Sequence[str]) -> list[Metric]:
    """Return metrics, each once, by their names."""
    found = [_metric(name) for name in names]
    return list({name_of(metric): metric for metric in found}.values())


def bound(text: str) -> Constraint:
    """Return a constraint from a text such as precision >= 0.9."""
    found = re.fullmatch(r"\s*(\S+?)\s*(>=|<=)\s*(\S+)\s*", text)
    if not found or not _is_number(found[3]):
        raise ValueError(f"`--subject-to` must be a bound such as 'precision >= 0.9', got {text!r}")
    kind = at_least if found[2] == ">=" else at_most
    return kind(_metric(found[1], "--subject-to"), float(found[3]))


def complete(incomplete: str) -> list[str]:
    """Return the names that begin so, for the completion of a shell."""
    return [name for name in NAMES if name.startswith(incomplete)]


def _metric(text: str, option: str = "--metric") -> Metric:
    name, colon, given = text.partition(":")
    if name in _AREAS:
        raise ValueError(
            f"`{option}` must be of decisions at one threshold, got the area {name}; it is in the "
            "picture that --plots draws of its curve"
        )
    if name not in NAMES:
        raise ValueError(f"`{option}` must name a metric, got {name!r}; {_meant(name)}")
    function = getattr(metrics, name)
    options = _options(text, function, given if colon else None)
    return freeze(partial(function, **options)) if options else function


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
        if name not in names or name in options or not _is_number(value):
            _refuse(text, function.__name__, names)
        options[name] = float(value)
    if needed - set(options):
        _refuse(text, function.__name__, names)
    return options


def _is_number(value: str) -> bool:
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
