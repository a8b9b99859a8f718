"""Metrics across groups: each turns a metric of one group into one of the counts of several."""

from .aggregates import group_mean, worst_group
from .disparities import largest_gap, smallest_ratio

__all__ = ["group_mean", "largest_gap", "smallest_ratio", "worst_group"]
