"""Which metrics are shares of rows: of so many rows so many are counted, each as one."""

from __future__ import annotations

from typing import Any, NamedTuple

from .marginals import predicted_positive_rate
from .options import Bound
from .rates import (
    false_discovery_rate,
    false_negative_rate,
    false_omission_rate,
    false_positive_rate,
    negative_predictive_value,
    precision,
    recall,
    specificity,
)

POSITIVES = frozenset({"tp", "fn"})
NEGATIVES = frozenset({"fp", "tn"})
CALLED_POSITIVE = frozenset({"tp", "fp"})
CALLED_NEGATIVE = frozenset({"fn", "tn"})
ALL = POSITIVES | NEGATIVES


class Proportion(NamedTuple):
    """The counts whose sum is divided, and those of the rows that it is a share of."""

    counted: frozenset[str]
    rows: frozenset[str]


# Accuracy is one too, but no end of the thresholds is on the safe side of a bound on it; and
# prevalence does not depend on a threshold.
_PROPORTIONS = (
    (recall, Proportion(frozenset({"tp"}), POSITIVES)),
    (false_negative_rate, Proportion(frozenset({"fn"}), POSITIVES)),
    (specificity, Proportion(frozenset({"tn"}), NEGATIVES)),
    (false_positive_rate, Proportion(frozenset({"fp"}), NEGATIVES)),
    (precision, Proportion(frozenset({"tp"}), CALLED_POSITIVE)),
    (false_discovery_rate, Proportion(frozenset({"fp"}), CALLED_POSITIVE)),
    (negative_predictive_value, Proportion(frozenset({"tn"}), CALLED_NEGATIVE)),
    (false_omission_rate, Proportion(frozenset({"fn"}), CALLED_NEGATIVE)),
    (predicted_positive_rate, Proportion(CALLED_POSITIVE, ALL)),
)
NAMES = tuple(metric.__name__ for metric, _ in _PROPORTIONS)


def proportion_of(metric: Any) -> Proportion | None:
    """Return what a metric is a share of, whatever it is fixed to be where there are no rows."""
    while isinstance(metric, Bound):
        metric = metric.metric
    # By identity: a callable need not be hashable.
    return next((found for known, found in _PROPORTIONS if known is metric), None)
