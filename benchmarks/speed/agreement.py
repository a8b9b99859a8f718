"""How far results are from the exact ones: found before anything is timed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .exact import Exact

# float32 sums of 10^7 terms; bfloat16 has eight bits, and so have sums that are rounded to it.
TOLERANCES = {"float32": 1e-4, "bfloat16": 2e-2}


class Errors(NamedTuple):
    """Differences from the exact result, relative to it; None where a call gives no gradient.

    `gradient` is the largest difference over the largest slope; `distance` compares lengths, of
    the difference and of the gradient: where two lines of a step meet the slope is a matter of
    convention, and a grid of thresholds has many such places.
    """

    value: float
    gradient: float | None
    distance: float | None


def to_numpy(x: Any) -> np.ndarray:
    """Return an array of any framework, in float32 if it is a bfloat16."""
    if hasattr(x, "detach"):  # NumPy has no bfloat16
        x = x.detach().cpu()
        x = x.float() if x.is_floating_point() else x
    x = np.asarray(x)
    return x if x.dtype == np.float64 else x.astype(np.float32)


def errors(result: Any, exact: Exact) -> Errors:
    """Return how far a value, a value and its gradient, or four counts are from exact ones."""
    values, gradient = (result, None) if not isinstance(result, tuple) else result[:2]
    if isinstance(result, tuple) and len(result) == 4:
        values, gradient = [to_numpy(x) for x in result], None
    gap = np.abs(to_numpy(values).astype(np.float64) - exact.value) / np.abs(exact.value)
    value = _finite(np.max(gap))
    if gradient is None:
        return Errors(value, None, None)
    found = to_numpy(gradient)
    largest = most = squares = length = 0.0
    for rows, part in exact.gradient():
        difference = np.abs(found[rows] - part)
        largest = np.maximum(largest, difference.max())  # max() would lose a NaN
        most = max(most, np.abs(part).max())
        squares += np.vdot(difference, difference)
        length += np.vdot(part, part)
    return Errors(value, _finite(largest / most), _finite(np.sqrt(squares / length)))


def _finite(x: Any) -> float:
    return float(x) if np.isfinite(x) else float("inf")
