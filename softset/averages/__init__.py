"""Averages over classes, and over examples: each turns a metric into a metric."""

from .over_classes import macro, micro, weighted
from .over_examples import samples

__all__ = ["macro", "micro", "samples", "weighted"]
