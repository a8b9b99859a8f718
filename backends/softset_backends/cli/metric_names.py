"""Metrics by what they are called on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from softset import at_least, at_most
from softset._types import Metric
from softset.constraints.bounds import Constraint
from softset.metrics.options import name_of

from ..metric_names import NAMES, is_number, metric_named


def named(names: Sequence[str]) -> list[Metric]:
    """Return metrics, each once, by their names."""
    found = [metric_named(name, "--metric") for name in names]
    return list({name_of(metric): metric for metric in found}.values())


def bound(text: str) -> Constraint:
    """Return a constraint from a text such as precision >= 0.9."""
    found = re.fullmatch(r"\s*(\S+?)\s*(>=|<=)\s*(\S+)\s*", text)
    if not found or not is_number(found[3]):
        raise ValueError(f"`--subject-to` must be a bound such as 'precision >= 0.9', got {text!r}")
    kind = at_least if found[2] == ">=" else at_most
    return kind(metric_named(found[1], "--subject-to"), float(found[3]))


def complete(incomplete: str) -> list[str]:
    """Return the names that begin so, for the completion of a shell."""
    return [name for name in NAMES if name.startswith(incomplete)]
