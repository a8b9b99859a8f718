"""What MetricLoss and MetricScore share: options in a module, and errors in PyTorch's order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import torch

from softset.averages import Macro, Micro, Weighted
from softset.losses import Score
from softset.metrics.options import Bound

_S = TypeVar("_S", bound=Score)

_KERNEL_NAMES = re.compile(r"\by_true comes first\b|\by_true\b|\by_prob\b")


def hold(module: torch.nn.Module, name: str, value: Any) -> None:
    """Set an option; a tensor moves with the module and is saved with it."""
    if isinstance(value, torch.nn.Parameter):
        module.register_parameter(name, value)
    elif isinstance(value, torch.Tensor):
        module.register_buffer(name, value)
    else:
        setattr(module, name, value)


def at(options: _S, threshold: Any, thresholds: Any) -> _S:
    """Return a loss or a score with these thresholds."""
    return replace(options, threshold=threshold, thresholds=thresholds)


@contextmanager
def errors_in_order_of(module: torch.nn.Module) -> Iterator[None]:
    """Let the kernel's errors speak of the module's arguments, `input` and `target`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if not torch.compiler.is_compiling():  # a compiler does not trace regular expressions
            names = {
                "y_true comes first": f"{type(module).__name__} takes (input, target)",
                "y_prob": "input",
                "y_true": "target",
            }
            error.args = tuple(
                _KERNEL_NAMES.sub(lambda found: names[found[0]], x) if isinstance(x, str) else x
                for x in error.args
            )
        raise


def describe(options: Score, *shown: str) -> str:
    """Return the options of a loss or a score in words, defaults left out."""
    parts = [name_of(options.metric), *shown]
    if options.axis is not None:
        parts.append(f"axis={options.axis}")
    if options.from_logits:
        parts.append("from_logits=True")
    return ", ".join(parts)


def describe_thresholds(threshold: Any, thresholds: Any) -> str:
    """Return the thresholds in words."""
    name, value = ("threshold", threshold) if thresholds is None else ("thresholds", thresholds)
    if isinstance(value, torch.Tensor):
        return f"{name}=tensor of shape {tuple(value.shape)}"
    return f"{name}={value}"


def name_of(metric: Any) -> str:
    """Return a metric's name with its options, such as macro(fbeta(beta=2.0))."""
    if isinstance(metric, Bound):
        options = [repr(x) for x in metric.args] + [f"{k}={v!r}" for k, v in metric.options]
        return f"{name_of(metric.metric)}({', '.join(options)})"
    if isinstance(metric, (Macro, Micro, Weighted)):
        axis = "" if metric.axis is None else f", axis={metric.axis}"
        return f"{type(metric).__name__.lower()}({name_of(metric.metric)}{axis})"
    return getattr(metric, "__name__", None) or repr(metric)
