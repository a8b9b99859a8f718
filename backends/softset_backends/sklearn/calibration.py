"""Probabilities that agree with labels, fitted on the same rows by scikit-learn."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ..in_numpy import in_numpy

Method: TypeAlias = Literal["sigmoid", "isotonic"]

# Hardly any regularisation, but what keeps the slope finite where scores separate the classes.
_C = 100.0


def recalibrated(
    y_true: Any,
    y_prob: Any,
    *,
    method: Method = "sigmoid",
    labelled: Any | None = None,
    sample_weight: Any | None = None,
) -> Any:
    """Return probabilities that are fitted to the labels, class by class.

    They are for `softset.expected_labels`, whose rows may be those that they were fitted on: a
    line through logits has two parameters, and the threshold is chosen for `y_prob` as it is.

    Parameters
    ----------
    y_true : array of shape (n,), or (n, k) for k classes
        Labels of 0 and 1.
    y_prob : array of the same shape
        Probabilities in [0, 1].
    method : {"sigmoid", "isotonic"}, default "sigmoid"
        A logistic regression of the labels on the logits of `y_prob`, or an isotonic regression.
    labelled : array of bool of the same shape or of shape (n,), optional
        False for rows without a label, whatever `y_true` holds there. They are not fitted to, and
        get a probability too.
    sample_weight : array of the same shape or of shape (n,), optional
        Weights of the rows that are fitted to.

    Returns
    -------
    NumPy array of float64
        Of the shape of `y_prob`, in [0, 1]. Its sum over the labelled rows is that of their labels.

    Raises
    ------
    TypeError
        If `y_prob` does not hold floating-point numbers, or `labelled` is no boolean mask.
    ValueError
        If `method` is another one, the shapes differ, `y_prob` holds anything outside [0, 1], a
        label is neither 0 nor 1, a weight is negative or not finite, or the labels of a class are
        all the same.

    Notes
    -----
    The logistic regression is Platt's (1999), on standardised logits and with C=100, so that its
    slope is finite where the scores separate the classes. Isotonic regression (Zadrozny and Elkan
    2002) joins neighbouring rows until the share of positives rises with the score, and the counts
    at its steps are those of the labels. So of a metric such as F-beta, whose best cut is at a
    step, the labels themselves would choose the same threshold, unless unlabelled rows join.

    Examples
    --------
    A model that is too sure:

    >>> import numpy as np
    >>> from softset_backends.sklearn import recalibrated
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.01, 0.02, 0.98, 0.99])
    >>> print(recalibrated(y_true, y_prob).round(2))
    [0.46 0.46 0.54 0.54]
    """
    if method not in get_args(Method):
        raise ValueError(f"`method` must be 'sigmoid' or 'isotonic', got {method!r}")
    labels, scores = in_numpy("y_true", y_true), in_numpy("y_prob", y_prob)
    if labels.shape != scores.shape or labels.ndim not in (1, 2):
        raise ValueError(
            "`y_true` and `y_prob` must have one shape, (n,) or (n, k), got "
            f"{labels.shape} and {scores.shape}"
        )
    if not np.issubdtype(scores.dtype, np.floating):
        raise TypeError(f"`y_prob` must hold floating-point probabilities, got {scores.dtype}")
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError(
            f"`y_prob` must hold probabilities in [0, 1], got values from {np.min(scores)} to "
            f"{np.max(scores)}; take the logistic function of logits"
        )
    shape = (len(scores), 1) if scores.ndim == 1 else scores.shape
    keep = np.ones(shape, bool) if labelled is None else _in_columns("labelled", labelled, shape)
    if keep.dtype != bool:  # integers would pick rows by their place
        raise TypeError(f"`labelled` must be a boolean mask, got {keep.dtype}; pass mask != 0")
    weights = _in_columns("sample_weight", 1.0 if sample_weight is None else sample_weight, shape)
    if not np.all((weights >= 0) & (weights < np.inf)):
        raise ValueError(
            "`sample_weight` must hold finite weights that are not negative, got values from "
            f"{np.min(weights)} to {np.max(weights)}"
        )
    columns = [x.T for x in (labels.reshape(shape), scores.reshape(shape), keep, weights)]
    found = [_fitted(method, i, *column) for i, column in enumerate(zip(*columns, strict=True))]
    return np.stack(found, axis=1).reshape(scores.shape)


def _in_columns(name: str, x: Any, shape: tuple[int, int]) -> Any:
    """Return what each row has, or each score, as a column for each class."""
    x = in_numpy(name, x)
    rows = x[:, None] if x.ndim == 1 else x
    if x.ndim and rows.shape not in (shape, (shape[0], 1)):
        raise ValueError(
            f"`{name}` must have the shape of `y_prob` or of its rows, got {x.shape} for {shape}"
        )
    return np.broadcast_to(rows, shape)


def _fitted(method: str, number: int, labels: Any, scores: Any, keep: Any, weights: Any) -> Any:
    """Return the probabilities of one class."""
    y, p, w = labels[keep], scores[keep], weights[keep]
    if not np.all((y == 0) | (y == 1)):
        raise ValueError(
            f"`y_true` must hold labels of 0 and 1 to recalibrate with, got {np.unique(y)[:5]}"
            "; say by `labelled` which rows have one"
        )
    if len(np.unique(y[w > 0])) < 2:
        raise ValueError(
            f"`y_true` must hold both classes to recalibrate with, got one in column {number}"
        )
    if method == "isotonic":
        curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        return curve.fit(p, y, sample_weight=w).predict(scores.astype(np.float64))
    z = _logits(scores)
    z = (z - z[keep].mean()) / (z[keep].std() or 1.0)
    line = LogisticRegression(C=_C).fit(z[keep, None], y, sample_weight=w / w.mean())
    return line.predict_proba(z[:, None])[:, 1]


def _logits(scores: Any) -> Any:
    """Return logits, of 0 and 1 too: half as far from them as the nearest others.

    A tree's leaves of one class are not infinitely sure, and what a dtype rounds to 1 is hardly
    more so than what it does not.
    """
    edge, p = np.finfo(scores.dtype).eps, scores.astype(np.float64)
    inside = p[(p > 0) & (p < 1)]
    low, high = (inside.min() / 2, (1 + inside.max()) / 2) if len(inside) else (0.25, 0.75)
    p = np.where(p == 0, low, np.where(p == 1, high, p))
    return logit(np.clip(p, edge, 1 - edge))
