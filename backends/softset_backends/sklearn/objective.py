"""Objectives for XGBoost and LightGBM."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import softset as ss
from softset.compound import CompoundLoss, as_part
from softset.entropy import CrossEntropy
from softset.scores import Score

# Boosters divide by sums of Hessians, in float32; 1e-16 is what XGBoost keeps its own above.
_SMALLEST = 1e-16


def boosting_objective(
    loss: Callable[..., Any], *, groups: Any = None
) -> Callable[..., tuple[Any, Any]]:
    """Turn a loss into an objective for XGBoost and LightGBM.

    Parameters
    ----------
    loss : what `as_loss` or `compound_loss` returned, or `cross_entropy`
        With ``from_logits=True``: boosters hand over raw scores. Or the loss of `constrained`, by
        its ``penalty`` or its ``lagrangian``.
    groups : array of integers, optional
        The group of each training row, in the rows' order, for a loss that counts by groups:
        boosters hand none over, so that the objective serves these rows alone. Of shape (n,), also
        for k classes.

    Returns
    -------
    callable
        ``objective(y_true, y_pred, sample_weight=None)`` as the scikit-learn classes of both
        call it, or ``objective(y_pred, data)`` as ``xgboost.train(obj=...)`` and
        ``lightgbm.train({"objective": ...})`` do. It returns the gradient and the Hessian's
        diagonal in float64, in the shape of `y_pred`: (n,), or (n, k) for k classes, where
        integer labels of shape (n,) become one-vs-rest by `one_hot`, and stay class numbers for
        a metric of a table. Picklable.

    Raises
    ------
    TypeError
        If `loss` is no such loss.
    ValueError
        If the loss takes probabilities, or counts by groups and has none or the other way round;
        when called, if the labels are not class numbers from 0 to k - 1, if there are not as many
        rows as `groups`, and for all that the loss itself refuses.

    Notes
    -----
    Both are those of the loss **times the number of scores**, or their total weight, and times that
    of examples where these count as a whole, in a table and with `class_axis`: a metric has
    gradients of order 1/n, and what boosters add to sums of Hessians or compare with them
    (``min_child_weight``, ``lambda``, ``gamma``, ``min_sum_hessian_in_leaf``) is made for
    losses that are sums over examples.

    The Hessian is **half the size of the gradient**, and at least 1e-16. The exact one is
    g (1 - 2p) for a score of slope g, up to terms of order 1/n and the step's own curvature, so
    it is negative for every score on the wrong side of the threshold. With |g| / 2 a score by
    itself moves by 2, as by a Newton step of the log loss from p = 0.5.

    That of cross-entropy is the exact one, ``p (1 - p)`` for two classes; with `class_axis` it is
    twice the exact one, since the scores of an example move together. That of a compound loss is
    the sum of its parts' by their weights. With cross-entropy among them leaves are divided by
    curvatures that do not vanish where the metric's gradient does.

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
    found = as_part(loss)
    if found.from_logits is False:
        raise ValueError(
            "`loss` must take raw scores, which is what boosters give, got one that takes "
            "probabilities; pass from_logits=True to as_loss"
        )
    by_group = _counts_groups(found)
    if by_group and groups is None:
        raise ValueError(
            "`groups` must be given for a loss that counts by groups, got None; pass the number of "
            "each training row's group, since boosters hand none over"
        )
    if groups is None:
        return partial(_derivatives, found, None)
    if not by_group:
        raise ValueError(
            "`groups` must be left out where no loss counts by them; give the loss num_groups"
        )
    return partial(_derivatives, found, _of_rows(groups))


def _of_rows(groups: Any) -> Any:
    """Return the groups of rows as a vector of their own, which later changes do not reach."""
    numbers = np.array(groups)
    if numbers.ndim != 1:
        raise ValueError(
            "`groups` must be 1-D, the number of each training row's group, got the shape "
            f"{numbers.shape}"
        )
    return numbers


def _derivatives(
    loss: Any, groups: Any, y_true: Any, y_pred: Any, sample_weight: Any = None
) -> tuple[Any, Any]:
    labels, scores, weights = arrays_of(y_true, y_pred, sample_weight)
    if groups is not None and len(groups) != len(scores):
        raise ValueError(
            f"`groups` must have one number for each training row, got {len(groups)} for "
            f"{len(scores)} rows; make an objective for each set that a model is fitted on"
        )
    gradient, hessian = _both(loss, labels, scores, weights, groups)
    shape = scores[..., :1].shape if _counts_examples(loss) else scores.shape
    total = math.prod(shape) if weights is None else np.sum(np.broadcast_to(weights, shape))
    return total * gradient, np.maximum(total * hessian, _SMALLEST)


def _counts_examples(loss: Any) -> bool:
    """Tell whether an example counts as a whole, as in a table, and not each of its scores."""
    if isinstance(loss, CompoundLoss):
        return all(map(_counts_examples, loss.losses))
    if isinstance(loss, CrossEntropy):
        return loss.class_axis is not None
    return isinstance(loss, Score) and loss.kind is ss.ConfusionTable


def _counts_groups(loss: Any) -> bool:
    """Tell whether a loss, or a part of it, counts by groups."""
    if isinstance(loss, CompoundLoss):
        return loss.by_group
    return isinstance(loss, Score) and loss.num_groups is not None


def _both(loss: Any, labels: Any, scores: Any, weights: Any, groups: Any) -> tuple[Any, Any]:
    """Return the gradient, and what is taken for the diagonal of the Hessian."""
    if isinstance(loss, CompoundLoss):
        pairs = zip(loss.losses, loss.groups_of_parts(groups), strict=True)
        parts = [_both(part, labels, scores, weights, own) for part, own in pairs]
        gradients, hessians = zip(*parts, strict=True)
        return loss.total(gradients), loss.total(hessians)
    options = {} if groups is None else {"groups": groups}
    _, gradient = ss.value_and_grad(loss)(labels, scores, sample_weight=weights, **options)
    if isinstance(loss, CrossEntropy):
        exact = loss.curvature(loss.arguments(labels, scores, weights, None))
        return gradient, exact if loss.class_axis is None else 2 * exact
    return gradient, 0.5 * np.abs(gradient)


def arrays_of(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Return labels, scores and weights in the shapes of the kernel, from either interface."""
    if hasattr(y_pred, "get_label"):  # XGBoost's and LightGBM's own interface
        data, y_pred = y_pred, y_true
        y_true, sample_weight = data.get_label(), data.get_weight()
    # In float64 whatever the booster counts in: the sums run over all data.
    scores = np.asarray(y_pred, dtype=np.float64)
    labels = np.asarray(y_true)
    if labels.ndim == 1 and labels.size == scores.size:  # XGBoost 2 flattens several labels
        labels = np.reshape(labels, scores.shape)
    if labels.ndim < scores.ndim:
        labels = ss.one_hot(_class_numbers(labels, scores.shape[-1]), scores.shape[-1])
    weights = None
    if sample_weight is not None and np.size(sample_weight):  # XGBoost's "none" is empty
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = np.reshape(weights, weights.shape + (1,) * (scores.ndim - weights.ndim))
    return labels, scores, weights


def _class_numbers(labels: Any, num_classes: int) -> Any:
    """Return labels, which boosters keep as float32, as integers."""
    numbers = labels.astype(np.int64)
    if np.any((numbers != labels) | (numbers < 0) | (numbers >= num_classes)):
        raise ValueError(
            f"`y_true` must hold class numbers from 0 to {num_classes - 1} for scores of "
            f"{num_classes} classes, got values from {labels.min()} to {labels.max()}"
        )
    return numbers
