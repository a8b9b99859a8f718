"""Pictures of steps, curves, metrics, groups and losses, with matplotlib."""

from __future__ import annotations

try:
    from .curves import plot_precision_recall, plot_roc
    from .groups import plot_groups
    from .metrics import plot_metric
    from .steps import plot_steps
    from .surface import plot_loss_surface
except ModuleNotFoundError as error:
    raise ImportError(
        f"plots need matplotlib and NumPy, and {error.name} is not installed; "
        "pip install 'softset[plot]'"
    ) from error

__all__ = [
    "plot_groups",
    "plot_loss_surface",
    "plot_metric",
    "plot_precision_recall",
    "plot_roc",
    "plot_steps",
]
