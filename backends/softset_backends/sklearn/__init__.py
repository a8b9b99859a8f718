"""For scikit-learn scorers, calibration and thresholds; for XGBoost and LightGBM objectives too."""

from __future__ import annotations

from .calibration import recalibrated
from .evaluation import lightgbm_metric, xgboost_metric
from .objective import boosting_objective
from .scoring import scorer
from .thresholds import ThresholdClassifier

__all__ = [
    "ThresholdClassifier",
    "boosting_objective",
    "lightgbm_metric",
    "recalibrated",
    "scorer",
    "xgboost_metric",
]
