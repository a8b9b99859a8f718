"""What only a framework can do for softset: gradients, compilation, training, checking."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .registry import Backend as Backend
from .registry import available as available
from .registry import get as get

if TYPE_CHECKING:
    from .bootstrap import bootstrap_interval as bootstrap_interval
    from .check.diagnosis import Diagnosis as Diagnosis
    from .check.diagnosis import diagnose as diagnose
    from .check.gradients import check_gradients as check_gradients
    from .check.loss import check_loss as check_loss
    from .check.report import TOLERANCES as TOLERANCES
    from .check.report import GradientReport as GradientReport
    from .classification import ClassificationReport as ClassificationReport
    from .classification import classification_report as classification_report
    from .decision import DecisionRule as DecisionRule
    from .frames import FrameCounts as FrameCounts
    from .frames import count_table as count_table
    from .group_table import GroupReport as GroupReport
    from .groups import group_report as group_report
    from .optimism import ThresholdInterval as ThresholdInterval
    from .optimism import threshold_interval as threshold_interval

__all__ = [
    "Backend",
    "ClassificationReport",
    "DecisionRule",
    "Diagnosis",
    "FrameCounts",
    "GradientReport",
    "GroupReport",
    "TOLERANCES",
    "ThresholdInterval",
    "available",
    "bootstrap_interval",
    "check_gradients",
    "check_loss",
    "classification_report",
    "count_table",
    "diagnose",
    "get",
    "group_report",
    "threshold_interval",
]

# Loaded when asked for: they need NumPy, which softset does not.
_MODULES = {
    "ClassificationReport": "classification",
    "DecisionRule": "decision",
    "Diagnosis": "check.diagnosis",
    "FrameCounts": "frames",
    "GradientReport": "check.report",
    "GroupReport": "group_table",
    "TOLERANCES": "check.report",
    "ThresholdInterval": "optimism",
    "bootstrap_interval": "bootstrap",
    "check_gradients": "check.gradients",
    "check_loss": "check.loss",
    "classification_report": "classification",
    "count_table": "frames",
    "diagnose": "check.diagnosis",
    "group_report": "groups",
    "threshold_interval": "optimism",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        hint = ""
        if name in ("MetricLoss", "MetricScore"):
            hint = f"; it is {__name__}.torch.{name}, or {__name__}.keras.{name}"
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
