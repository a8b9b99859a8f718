"""Cross-entropy, the loss that metric losses are compared with and added to."""

from __future__ import annotations

from .loss import CrossEntropy, cross_entropy

__all__ = ["CrossEntropy", "cross_entropy"]
