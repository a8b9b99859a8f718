"""Keras: a loss and a metric for compile and fit, on each of its backends."""

from __future__ import annotations

from .loss import CompoundLoss, MetricLoss
from .score import MetricScore

__all__ = ["CompoundLoss", "MetricLoss", "MetricScore"]
