"""Scorers for scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import make_scorer

import softset as ss
from softset._types import Metric


def scorer(
    metric: Metric,
    *,
    axis: int | None = None,
    pos_label: Any = 1,
    maximize: bool | None = None,
) -> Any:
    """Turn a metric into a scikit-learn scorer of predicted labels.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, as for `as_score`.
    axis : int, optional
        ``axis=0`` counts each class by itself, one against the rest, as ``macro(f1)`` needs;
        the classes are those that occur among the labels and the predictions. By default the
        labels are those of two classes, or an indicator matrix.
    pos_label : optional, default 1
        The label of the positives among two classes and in an indicator matrix.
    maximize : bool, optional
        Whether larger values of the metric are better; known for the built-ins, True for a
        function of your own.

    Returns
    -------
    scorer
        What ``sklearn.metrics.make_scorer`` returns: for ``scoring`` in cross_val_score,
        GridSearchCV and TunedThresholdClassifierCV. It is negated where smaller is better, as
        all of scikit-learn's. `sample_weight` enters the counts; ask for it by
        ``.set_score_request(sample_weight=True)``.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        If the metric has no better direction and `maximize` is not given; when called, if there
        are more than two classes without an `axis`, `pos_label` is none of them, or the model
        predicts scores instead of labels, as LightGBM does with an objective of your own.

    Examples
    --------
    >>> import softset as ss
    >>> from softset_backends.sklearn import scorer
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> x, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y)
    >>> round(scorer(ss.f1, pos_label=0)(tree, x, y), 4)
    0.8905
    """
    larger = ss.as_loss(metric, axis=axis, maximize=maximize).maximize
    return make_scorer(
        _of_labels, greater_is_better=larger, metric=metric, axis=axis, pos_label=pos_label
    )


def _of_labels(
    y_true: Any,
    y_pred: Any,
    *,
    metric: Metric,
    axis: int | None,
    pos_label: Any,
    sample_weight: Any = None,
) -> float:
    """Return the metric of labels: a function of the module, so that scorers are picklable."""
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.ndim == 1 and y_pred.shape[1:] == (1,):  # as CatBoost's of several classes
        y_pred = y_pred[:, 0]
    _check_labels(y_true, y_pred)
    found = np.union1d(y_true, y_pred)
    if axis is None or y_true.ndim == 2:
        _check_two_classes(found, pos_label)
        positive, predicted = y_true == pos_label, y_pred == pos_label
    else:
        positive, predicted = y_true[:, None] == found, y_pred[:, None] == found
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight)
        weights = np.reshape(weights, weights.shape + (1,) * (positive.ndim - 1))
    score = ss.as_score(metric, threshold=0.5, axis=axis)
    return float(score(positive, predicted.astype(np.float64), sample_weight=weights))


def _check_labels(y_true: Any, y_pred: Any) -> None:
    """Refuse scores, of which each would count as a class of its own."""
    if y_pred.ndim != y_true.ndim:
        raise ValueError(
            f"`y_pred` must hold one label for each of `y_true`, of shape {y_true.shape}, got "
            f"shape {y_pred.shape}; of a column for each class take the arg max"
        )
    if y_pred.dtype.kind == "f" and not np.all(y_pred == np.floor(y_pred)):
        raise ValueError(
            "`y_pred` must hold labels, got scores from "
            f"{np.min(y_pred):.4g} to {np.max(y_pred):.4g}; wrap a classifier that predicts raw "
            "scores, as LightGBM's with an objective of your own, in ThresholdClassifier, or "
            "write a scorer that calls as_score(metric, from_logits=True)"
        )


def _check_two_classes(found: Any, pos_label: Any) -> None:
    if len(found) > 2:
        raise ValueError(
            f"`axis` must be given for {len(found)} classes; count each by itself, as in "
            "scorer(macro(f1), axis=0)"
        )
    if len(found) == 2 and pos_label not in found.tolist():
        raise ValueError(f"`pos_label` must be one of {found.tolist()}, got {pos_label!r}")
