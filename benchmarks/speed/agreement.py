"""Whether candidates compute the same: checked before anything is timed."""

from __future__ import annotations

from typing import Any

import numpy as np

# float32 sums of 10^7 terms; bfloat16 has eight bits, and so have sums that are rounded to it.
TOLERANCES = {"float32": 1e-4, "bfloat16": 2e-2}


def to_numpy(x: Any) -> np.ndarray:
    """Return an array of any framework, in float32 if it is a bfloat16."""
    if hasattr(x, "detach"):  # NumPy has no bfloat16
        x = x.detach().cpu()
        x = x.float() if x.is_floating_point() else x
    x = np.asarray(x)
    return x if x.dtype == np.float64 else x.astype(np.float32)


def fingerprint(result: Any) -> tuple[float, np.ndarray | None]:
    """Return the value, and the gradient where there is one."""
    value, gradient = result if isinstance(result, tuple) else (result, None)
    return float(to_numpy(value)), None if gradient is None else to_numpy(gradient)


def difference(found: tuple[float, Any], expected: tuple[float, Any]) -> float:
    """Return how far apart two results are, relative to the second.

    Gradients are compared by the length of their difference: where two lines of a step meet the
    slope is a matter of convention, and a grid of thresholds has many such places.
    """
    gap = abs(found[0] - expected[0]) / abs(expected[0])
    if found[1] is not None and expected[1] is not None:
        whole = expected[1].ravel().astype(np.float64)
        gap = max(gap, float(np.linalg.norm(found[1].ravel() - whole) / np.linalg.norm(whole)))
    return gap if np.isfinite(gap) else float("inf")
