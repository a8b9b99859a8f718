"""PyTorch: autograd, torch.compile, native objects, and processes that share counts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .backend import (
    MODES,
    asarray,
    compile,
    device,
    double_precision,
    fit_mlp,
    synchronize,
    to_numpy,
    value_and_grad,
)
from .collectives import all_reduce
from .decision import Decision
from .loss import MetricLoss
from .parts import backward_in_parts

if TYPE_CHECKING:
    from .score import MetricScore

__all__ = [
    "Decision",
    "MODES",
    "MetricLoss",
    "MetricScore",
    "all_reduce",
    "asarray",
    "backward_in_parts",
    "compile",
    "device",
    "double_precision",
    "fit_mlp",
    "synchronize",
    "to_numpy",
    "value_and_grad",
]


def __getattr__(name: str) -> Any:
    if name == "MetricScore":  # loaded when asked for: torchmetrics takes a second or two
        return import_module(".score", __name__).MetricScore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
