"""What only a framework can do for softset: gradients, compilation, training, checking."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._registry import Backend as Backend
from ._registry import available as available
from ._registry import get as get

if TYPE_CHECKING:
    from .bootstrap import bootstrap_interval as bootstrap_interval
    from .checker import check_gradients as check_gradients
    from .diagnosis import Diagnosis as Diagnosis
    from .diagnosis import diagnose as diagnose
    from .report import TOLERANCES as TOLERANCES
    from .report import GradientReport as GradientReport

__all__ = [
    "Backend",
    "Diagnosis",
    "GradientReport",
    "TOLERANCES",
    "available",
    "bootstrap_interval",
    "check_gradients",
    "diagnose",
    "get",
]

# Loaded when asked for: they need NumPy, which softset does not.
_MODULES = {
    "Diagnosis": "diagnosis",
    "GradientReport": "report",
    "TOLERANCES": "report",
    "bootstrap_interval": "bootstrap",
    "check_gradients": "checker",
    "diagnose": "diagnosis",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
