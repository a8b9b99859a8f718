"""scikit-learn's scorers and thresholds, and objectives for XGBoost and LightGBM."""

from __future__ import annotations

from .objective import boosting_objective
from .scoring import scorer
from .thresholds import ThresholdClassifier

__all__ = ["ThresholdClassifier", "boosting_objective", "scorer"]
