"""Intervals of what compares groups: their largest gap, their smallest ratio, the worst of them.

All are of `values` of shape (G,) and of `draws` (R, G), the values in resamples of each group by
itself, nan where a resample has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .quantiles import ends


def percentiles(draws: Any, confidence: float) -> tuple[float, float]:
    """Return the interval that holds a share of draws, of those that there are."""
    found = draws[draws == draws]
    if not found.size:
        return np.nan, np.nan
    low, high = ends(found, confidence)
    return float(low), float(high)


def largest_difference(values: Any, draws: Any, confidence: float) -> tuple[float, float]:
    """Return the interval of the largest difference of two values, from those of all pairs."""
    deviations = draws - values
    if not np.all(np.any(np.isfinite(deviations), axis=0)) or np.any(np.isinf(deviations)):
        return np.nan, np.nan
    # Groups are drawn apart, so the variance of a difference is the sum of two.
    variance = np.nanmean(deviations**2, axis=0)
    largest = np.zeros(len(draws))
    for i in range(len(values) - 1):
        error = np.sqrt(variance[i] + variance[i + 1 :])
        per_error = np.divide(1.0, error, out=np.zeros_like(error), where=error > 0)
        apart = deviations[:, i, None] - deviations[:, i + 1 :]
        np.multiply(np.abs(apart, out=apart), per_error, out=apart)
        largest = np.fmax(largest, np.fmax.reduce(apart, axis=1))
    first, second = np.triu_indices(len(values), 1)
    differences = np.abs(values[first] - values[second])
    reach = np.quantile(largest, confidence) * np.sqrt(variance[first] + variance[second])
    return max(0.0, float(np.max(differences - reach))), float(np.max(differences + reach))


def smallest_quotient(values: Any, draws: Any, confidence: float) -> tuple[float, float]:
    """Return the interval of the smallest quotient of two values, all of them above 0."""
    if np.any(values <= 0) or np.any(draws <= 0):
        return np.nan, np.nan
    low, high = largest_difference(np.log(values), np.log(draws), confidence)
    return float(np.exp(-high)), float(np.exp(-low))


def extreme(draws: Any, confidence: float, *, largest: bool) -> tuple[float, float]:
    """Return the interval of the largest or the smallest value, from those that hold at once."""
    each = confidence ** (1 / draws.shape[1])
    found = np.asarray([percentiles(x, each) for x in draws.T])
    low, high = (found.max if largest else found.min)(axis=0)
    return float(low), float(high)
