"""Thresholds: the best one of data, and the one that costs imply."""

from .best import BestThreshold, best_threshold, threshold_at
from .cost import cost_threshold

__all__ = ["BestThreshold", "best_threshold", "cost_threshold", "threshold_at"]
