"""The best threshold of a file's predictions, and what is to be said of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import softset as ss
from softset._types import Metric
from softset.constraints.bounds import Constraint

from ..optimism import threshold_interval
from .evaluation import CONFIDENCE, DIGITS, number
from .predictions import Predictions

# Of more rows the value is known to all digits shown, and resamples of them take long.
_RESAMPLES, _ROWS = 200, 100_000


class Tuned(NamedTuple):
    """A threshold, the value there, and the interval and the corrected value if there are some.

    `confidence` is that of the bounds, of which there are some if `bounded`.
    """

    threshold: float
    value: float
    interval: tuple[float, float] | None
    corrected: float | None
    confidence: float | None
    bounded: bool

    def numbers(self) -> dict[str, Any]:
        """Return what there is, by its name."""
        found = {"threshold": self.threshold, "value": self.value}
        if self.interval is not None and self.corrected is not None:
            low, high = self.interval
            found |= {"low": low, "high": high, "corrected": self.corrected}
        if self.confidence is not None:
            found["confidence"] = self.confidence
        return {name: number(x) for name, x in found.items()}

    def cells(self, name: str) -> list[tuple[str, ...]]:
        """Return the header and the row of the metric; without an interval they have 3 cells."""
        value = f"{self.value:.{DIGITS}f}"
        if self.interval is None:
            return [("", "threshold", "value"), (name, repr(self.threshold), value)]
        low, high = (f"{x:.{DIGITS}f}" for x in self.interval)
        return [
            ("", "threshold", f"{CONFIDENCE:.0%} interval", "value", "corrected"),
            (name, repr(self.threshold), f"[{low}, {high}]", value, f"{self.corrected:.{DIGITS}f}"),
        ]

    def said(self) -> str:
        """Return what the numbers mean."""
        others = "evaluate it on a file of others."
        if self.interval is not None:
            return (
                "The value is of the rows that the threshold was chosen on, where it tends to be "
                "too good; the corrected one is what resamples say of others. To report a value, "
                + others
            )
        if self.confidence is not None:
            return (
                f"With a confidence of {self.confidence:g} the bounds hold where these rows come "
                f"from. The values are of these rows; to report some, {others}"
            )
        more = " With --confidence the bounds hold where the rows come from." * self.bounded
        return (
            "The values are of the rows that the threshold was chosen on, where they tend to be "
            f"too good; {others}{more}"
        )


def tuned(
    predictions: Predictions,
    metric: Metric,
    constraints: tuple[Constraint, ...],
    confidence: float | None,
    *,
    logits: bool,
) -> Tuned:
    """Return the best threshold within bounds; without bounds also its interval."""
    labels, scores, _ = predictions
    options: dict[str, Any] = {"from_logits": logits}
    if constraints or len(scores) > _ROWS:
        options |= {"subject_to": constraints, "confidence": confidence}
        at, value = ss.best_threshold(metric, labels, scores, **options)
        return Tuned(float(at), float(value), None, None, confidence, bool(constraints))
    options |= {"confidence": CONFIDENCE, "resamples": _RESAMPLES}
    found = threshold_interval(metric, labels, scores, **options)
    at, low, high, value, corrected = map(float, found)
    return Tuned(at, value, (low, high), corrected, None, False)
