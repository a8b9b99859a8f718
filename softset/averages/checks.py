"""What an average asks of its metric, of the counts' axes, and of what the metric returns."""

from __future__ import annotations

from typing import Any

from .._types import Confusion, Metric
from ..metrics.guarded import require_four
from ..metrics.options import freeze, kind_of, name_of


def of_four(metric: Metric) -> Metric:
    """Return the metric, refusing one of a table, which has no counts of a class."""
    if kind_of(metric) is not Confusion:
        raise TypeError(
            f"`metric` to be averaged over classes must be one of a Confusion, got "
            f"{name_of(metric)}, which takes the whole ConfusionTable; use it as it is"
        )
    return freeze(metric)


def class_axis(c: Confusion, axis: int | None) -> int:
    """Return the axis of the classes; which of several it is, nothing here could tell."""
    if len(c) != 4:
        require_four(c)
    # NumPy sums a number over its last axis without complaint: micro for macro.
    shape = tuple(getattr(c.tp, "shape", ()))
    ndim = len(shape)
    if axis is None and ndim > 1:
        raise ValueError(
            f"`axis` of the average must say which axis holds the classes, got counts of shape "
            f"{shape}; sum over the others, as in as_loss(macro(f1), axis=(0, 2, 3)) "
            "for scores of (N, C, H, W), or name it, as in macro(f1, axis=0)"
        )
    axis = -1 if axis is None else axis
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`axis` must be an axis of the counts, got {axis} for counts of {ndim} dimensions; "
            "count each class by itself, as in as_loss(macro(f1), axis=0)"
        )
    return axis


def require_elementwise(c: Confusion, values: Any) -> None:
    """Refuse values that have not the axes of the counts."""
    # An area over thresholds, say, which would broadcast against the counts.
    if hasattr(values, "shape") and len(values.shape) != len(c.tp.shape):
        raise ValueError(
            "`metric` must be elementwise over the counts to be averaged, got "
            f"{tuple(values.shape)} for counts of {tuple(c.tp.shape)}; as_loss and as_score take "
            "the plain mean over whatever axes a metric leaves"
        )
