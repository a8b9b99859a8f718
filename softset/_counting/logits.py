"""Thresholds on the scale of logits, where a hard decision about logits is made.

The sigmoids of large logits are 1, and equal, in every dtype; the logits themselves keep their
order. So a hard step compares them with the logit of the threshold.
"""

from __future__ import annotations

import math
from typing import Any

from .._arrays import Library


def logit_of(threshold: float) -> float:
    """Return log(t / (1 - t)) of a number; what no probability is above is minus infinity."""
    if threshold <= 0:
        return -math.inf
    if threshold >= 1:
        return math.inf
    less = min(threshold, 1 - threshold)
    # As in `logits_of`.
    size = math.log1p((1 - 2 * less) / less) if less > 0.25 else math.log1p(-less) - math.log(less)
    return -size if threshold < 0.5 else size


def logits_of(lib: Library, threshold: Any) -> Any:
    """Return log(t / (1 - t)) of an array, as `logit_of` does."""
    xp = lib.xp
    outside = (threshold <= 0) | (threshold >= 1)
    inside = xp.where(outside, 0.5, threshold)
    less = xp.where(inside < 0.5, inside, 1 - inside)
    # Near 1/2 the two logarithms cancel, and might not do so exactly at 1/2.
    middle = less > 0.25
    near = xp.where(middle, less, 0.5)
    size = xp.where(middle, xp.log1p((1 - 2 * near) / near), xp.log1p(-less) - xp.log(less))
    value = xp.where(inside < 0.5, -size, size)
    value = xp.where(threshold <= 0, -math.inf, value)
    return xp.where(threshold >= 1, math.inf, value)
