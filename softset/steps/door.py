"""The door of a step that is called by itself."""

from __future__ import annotations

from typing import Any

from .._arrays import Library, arrive


def arrived(y_prob: Any, threshold: Any) -> tuple[Library, Any, Any]:
    """Return the library of the scores and of thresholds that are an array, and both."""
    if isinstance(threshold, (int, float)):
        lib, (y_prob,) = arrive(("y_prob",), (y_prob,))
        return lib, y_prob, threshold
    lib, (y_prob, threshold) = arrive(("y_prob", "threshold"), (y_prob, threshold))
    return lib, y_prob, threshold
