"""scikit-learn's scorers, and objectives for XGBoost and LightGBM."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import make_scorer

import softset as ss
from softset._typing import Metric
from softset.losses import Loss

# Boosters divide by sums of Hessians, in float32; 1e-16 is what XGBoost keeps its own above.
_SMALLEST = 1e-16


def boosting_objective(loss: Loss) -> Callable[..., tuple[Any, Any]]:
    """Turn a loss into an objective for XGBoost and LightGBM.

    Parameters
    ----------
    loss : what `as_loss` returned
        With ``from_logits=True``: boosters hand over raw scores.

    Returns
    -------
    callable
        ``objective(y_true, y_pred, sample_weight=None)`` as the scikit-learn classes of both
        call it, or ``objective(y_pred, data)`` as ``xgboost.train(obj=...)`` and
        ``lightgbm.train({"objective": ...})`` do. It returns the gradient and the Hessian's
        diagonal in float64, in the shape of `y_pred`: (n,), or (n, k) for k classes, where
        integer labels of shape (n,) become one-vs-rest by `one_hot`. Picklable.

    Raises
    ------
    TypeError
        If `loss` does not come from `as_loss`.
    ValueError
        If the loss takes probabilities; when called, if the labels are not class numbers from 0
        to k - 1, and for all that the loss itself refuses.

    Notes
    -----
    Both are those of the loss **times the number of scores**, or their total weight: a metric
    has gradients of order 1/n, and what boosters add to sums of Hessians or compare with them
    (``min_child_weight``, ``lambda``, ``gamma``, ``min_sum_hessian_in_leaf``) is made for
    losses that are sums over examples.

    The Hessian is **half the size of the gradient**, and at least 1e-16. The exact one is
    g (1 - 2p) for a score of slope g, up to terms of order 1/n and the step's own curvature, so
    it is negative for every score on the wrong side of the threshold. With |g| / 2 a score by
    itself moves by 2, as by a Newton step of the log loss from p = 0.5.

    Start at a raw score of 0: the objective's slopes vanish far from the threshold.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends.sklearn import boosting_objective
    >>> objective = boosting_objective(ss.as_loss(ss.f1, from_logits=True))
    >>> gradient, hessian = objective(np.asarray([1, 0]), np.asarray([0.0, 0.0]))
    >>> print(gradient, hessian)
    [-0.45  0.15] [0.225 0.075]
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"`loss` must be what as_loss returned, got {loss!r}")
    if not loss.from_logits:
        raise ValueError(
            "`loss` must take raw scores, which is what boosters give, got one that takes "
            "probabilities; pass from_logits=True to as_loss"
        )
    return partial(_derivatives, loss)


def _derivatives(
    loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any = None
) -> tuple[Any, Any]:
    if hasattr(y_pred, "get_label"):  # XGBoost's and LightGBM's own interface
        data, y_pred = y_pred, y_true
        y_true, sample_weight = data.get_label(), data.get_weight()
    # In float64 whatever the booster counts in: the sums run over all data.
    scores = np.asarray(y_pred, dtype=np.float64)
    labels = np.asarray(y_true)
    if labels.ndim < scores.ndim:
        labels = ss.one_hot(_class_numbers(labels, scores.shape[-1]), scores.shape[-1])
    weights = None
    if sample_weight is not None and np.size(sample_weight):  # XGBoost's "none" is empty
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = np.reshape(weights, weights.shape + (1,) * (scores.ndim - weights.ndim))
    _, slope = ss.value_and_grad(loss)(labels, scores, sample_weight=weights)
    total = scores.size if weights is None else np.sum(np.broadcast_to(weights, scores.shape))
    gradient = total * slope
    return gradient, np.maximum(0.5 * np.abs(gradient), _SMALLEST)


def _class_numbers(labels: Any, num_classes: int) -> Any:
    """Return labels, which boosters keep as float32, as integers."""
    numbers = labels.astype(np.int64)
    if np.any((numbers != labels) | (numbers < 0) | (numbers >= num_classes)):
        raise ValueError(
            f"`y_true` must hold class numbers from 0 to {num_classes - 1} for scores of "
            f"{num_classes} classes, got values from {labels.min()} to {labels.max()}"
        )
    return numbers


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
        are more than two classes without an `axis`, or `pos_label` is none of them.

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
    score = ss.as_score(metric, axis=axis)
    return float(score(positive, predicted.astype(np.float64), sample_weight=weights))


def _check_two_classes(found: Any, pos_label: Any) -> None:
    if len(found) > 2:
        raise ValueError(
            f"`axis` must be given for {len(found)} classes; count each by itself, as in "
            "scorer(macro(f1), axis=0)"
        )
    if len(found) == 2 and pos_label not in found.tolist():
        raise ValueError(f"`pos_label` must be one of {found.tolist()}, got {pos_label!r}")
