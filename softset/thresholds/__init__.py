"""Thresholds: the best one of data, what it is chosen by, and the one that costs imply."""

from .best import BestThreshold, best_threshold, threshold_at
from .cost import cost_threshold
from .expected import expected_labels

__all__ = [
    "BestThreshold",
    "best_threshold",
    "cost_threshold",
    "expected_labels",
    "threshold_at",
]
