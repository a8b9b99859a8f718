"""The interval that holds a share of numbers, some of which may be infinite."""

from __future__ import annotations

from typing import Any

import numpy as np


def ends(draws: Any, confidence: float) -> Any:
    """Return the two ends, (2, ...), of numbers along the first axis, none of which is nan.

    Between a finite number and an infinite one nothing can be interpolated: the end is the number
    on the outer side, so that the interval holds no less than the share.
    """
    tail = (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        found = np.quantile(draws, (tail, 1 - tail), axis=0)
    if np.all(np.isfinite(found)):
        return found
    low = np.quantile(draws, tail, axis=0, method="lower")
    high = np.quantile(draws, 1 - tail, axis=0, method="higher")
    return np.where(np.isfinite(found), found, np.stack([low, high]))
