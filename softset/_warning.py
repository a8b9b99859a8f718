"""Warnings that point at whoever called the kernel."""

from __future__ import annotations

import sys
import warnings
from typing import Any


def warn(message: str) -> None:
    """Warn whoever called the kernel."""
    level, frame = 1, sys._getframe()
    while frame is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _is_inside(frame: Any) -> bool:
    """Tell whether a frame is of the kernel, or of the backends, which begin with its name."""
    return (frame.f_globals.get("__name__") or "").startswith(__name__.rpartition(".")[0])
