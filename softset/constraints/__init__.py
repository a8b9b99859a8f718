"""Constraints in training: bounds on metrics, and losses that keep them."""

from __future__ import annotations

from .bounds import at_least, at_most
from .training import constrained, raise_multipliers

__all__ = ["at_least", "at_most", "constrained", "raise_multipliers"]
