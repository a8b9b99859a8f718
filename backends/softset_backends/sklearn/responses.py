"""What estimators say of the positives, a column for each label, whatever form it comes in."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit


def method_of(estimator: Any) -> str:
    """Return the method that an estimator scores rows by."""
    for name in ("predict_proba", "decision_function"):
        if hasattr(estimator, name):
            return name
    raise TypeError(
        "`estimator` must have predict_proba or decision_function, got "
        f"{type(estimator).__name__}; for scores that you have, as a Booster's, take "
        "softset.best_threshold(metric, y_true, scores), with from_logits=True if they are raw"
    )


def two_columns(probability: Any) -> Any:
    """Return probabilities, of raw scores in one dimension too, in a column for each class."""
    if isinstance(probability, list):  # one array for each label
        return [two_columns(p) for p in probability]
    if np.ndim(probability) == 1:
        logits = np.asarray(probability, dtype=np.float64)
        return np.stack([expit(-logits), expit(logits)], axis=1)
    return probability


def of_positives(scores: Any, method: str, labels: int) -> Any:
    """Return what a method gave of the positives, one column for each label."""
    if method == "decision_function":
        return _margins(scores, labels)
    probability = two_columns(scores)
    if isinstance(probability, list):
        found = np.stack([p[:, 1] for p in probability], axis=1)
    else:
        columns = 2 if labels == 1 else labels
        _require_columns("probabilities", probability, columns)
        found = probability if labels > 1 else probability[:, 1:]
    if not np.all((found >= 0) & (found <= 1)):
        raise ValueError(
            "`estimator` must give probabilities in [0, 1], got values from "
            f"{np.min(found)} to {np.max(found)}; XGBoost gives them with binary:logistic"
        )
    return found


def _margins(scores: Any, labels: int) -> Any:
    margins = np.asarray(scores, dtype=np.float64)
    margins = margins[:, None] if margins.ndim == 1 else margins
    _require_columns("a decision function", margins, labels)
    if not np.all(np.isfinite(margins)):
        raise ValueError("`estimator` must give finite values of its decision function, got others")
    return margins


def _require_columns(what: str, found: Any, columns: int) -> None:
    if np.shape(found)[1:] != (columns,):
        raise ValueError(
            f"`estimator` must give {what} of shape (n, {columns}), got {np.shape(found)}"
        )
