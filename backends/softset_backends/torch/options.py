"""What MetricLoss and MetricScore share: options in a module, in words, and names for errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import torch

from softset._counting.names import Names
from softset._types import Step
from softset.metrics.options import name_of
from softset.scores import Score
from softset.steps import class_axis

_S = TypeVar("_S", bound=Score)

# What errors speak of, as PyTorch's losses and torchmetrics' metrics are called.
LOSS_NAMES = Names("target", "input", order="MetricLoss takes (input, target)")
SCORE_NAMES = Names("target", "input", order="MetricScore takes (input, target)")


def hold(module: torch.nn.Module, name: str, value: Any) -> None:
    """Set an option; a tensor moves with the module and is saved with it."""
    if isinstance(value, torch.nn.Parameter):
        module.register_parameter(name, value)
    elif isinstance(value, torch.Tensor):
        module.register_buffer(name, value)
    else:
        setattr(module, name, value)


def at(options: _S, threshold: Any, thresholds: Any) -> _S:
    """Return a loss or a score with these thresholds, itself if it has them."""
    same = threshold is options.threshold
    if type(threshold) is float:  # a copy of a module has another object of the same value
        same = threshold == options.threshold
    if same and thresholds is options.thresholds:
        return options
    return replace(options, threshold=threshold, thresholds=thresholds)


def describe(options: Score, *shown: str) -> str:
    """Return the options of a loss or a score in words, defaults left out."""
    parts = [name_of(options.metric), *filter(None, shown)]
    if options.num_groups is not None:
        parts.append(f"num_groups={options.num_groups}")
    if options.axis is not None:
        parts.append(f"axis={options.axis}")
    if options.from_logits:
        parts.append("from_logits=True")
    return ", ".join(parts)


def describe_thresholds(step: Step, threshold: Any, thresholds: Any) -> str:
    """Return the thresholds in words; a step that looks along the class axis has none."""
    if class_axis(step) is not None:
        return ""
    name, value = ("threshold", threshold) if thresholds is None else ("thresholds", thresholds)
    if isinstance(value, torch.Tensor):
        return f"{name}=tensor of shape {tuple(value.shape)}"
    return f"{name}={value}"
