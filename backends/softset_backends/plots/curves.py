"""ROC and precision-recall curves of hard counts at every score."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

import softset as ss
from softset._types import Array

from ..in_numpy import in_numpy
from .style import GREY, axes_of, legend, line_styles, number


def plot_roc(
    y_true: Array,
    y_score: Array,
    *,
    threshold: float | None = None,
    sample_weight: Array | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the exact ROC curve: a point for every score.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_score`, as for `sweep`.
    y_score : array of a floating dtype
        Finite scores of any scale and any shape.
    threshold : float, optional
        In the scale of the scores: its point is marked. A score equal to it counts as positive.
    sample_weight : array, optional
        Weights, as for `sweep`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        With the curve, whose label has the exact area, the diagonal of chance, and the threshold.

    Raises
    ------
    TypeError
        If `ax` is not an Axes, or as `sweep` does.
    ValueError
        If one of the classes is absent, if `threshold` is not a number, or as `sweep` does.

    Examples
    --------
    >>> import numpy as np
    >>> from softset_backends.plots import plot_roc
    >>> ax = plot_roc(np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9]), threshold=0.5)
    >>> [line.get_label() for line in ax.lines]
    ['AUROC 0.750', 'chance', 'threshold 0.5']
    """
    scores, c = _sweep(y_true, y_score, sample_weight)
    _require("ROC curve", positive=c.tp + c.fn, negative=c.fp + c.tn)
    point = _point(scores, threshold, ss.roc_curve(c))
    ax = axes_of(ax)
    ax.plot(*ss.roc_curve(c), label=f"AUROC {float(ss.auroc(c)):.3f}", **next(line_styles()))
    ax.plot((0, 1), (0, 1), ":", color=GREY, label="chance")
    _mark(ax, point, threshold)
    ax.set(xlabel="false positive rate", ylabel="true positive rate")
    legend(ax, "lower right")
    return ax


def plot_precision_recall(
    y_true: Array,
    y_score: Array,
    *,
    threshold: float | None = None,
    sample_weight: Array | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the exact precision-recall curve: a point for every score.

    It is drawn in the steps that the average precision sums: the area under it is that number.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_score`, as for `sweep`.
    y_score : array of a floating dtype
        Finite scores of any scale and any shape.
    threshold : float, optional
        In the scale of the scores: its point is marked. A score equal to it counts as positive.
    sample_weight : array, optional
        Weights, as for `sweep`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        With the curve, whose label has the average precision, the precision of calling all
        positive, which is the prevalence, and the threshold.

    Raises
    ------
    TypeError
        If `ax` is not an Axes, or as `sweep` does.
    ValueError
        If there are no positives, if `threshold` is not a number, or as `sweep` does.

    Examples
    --------
    >>> import numpy as np
    >>> from softset_backends.plots import plot_precision_recall
    >>> ax = plot_precision_recall(np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.9]))
    >>> [line.get_label() for line in ax.lines]
    ['average precision 0.833', 'prevalence 0.5']
    """
    scores, c = _sweep(y_true, y_score, sample_weight)
    _require("precision-recall curve", positive=c.tp + c.fn)
    precision, recall = ss.precision_recall_curve(c)
    point = _point(scores, threshold, (recall, precision))
    ax = axes_of(ax)
    label = f"average precision {float(ss.average_precision(c)):.3f}"
    # Thresholds increase, so recall falls: a precision holds until the next lower recall.
    ax.plot(recall, precision, drawstyle="steps-post", label=label, **next(line_styles()))
    share = float(ss.prevalence(c)[0])
    ax.axhline(share, color=GREY, linestyle=":", label=f"prevalence {share:.3g}")
    _mark(ax, point, threshold)
    ax.set(xlabel="recall", ylabel="precision")
    legend(ax, "lower left")
    return ax


def _sweep(y_true: Any, y_score: Any, sample_weight: Any) -> Any:
    labels, scores = in_numpy("y_true", y_true), in_numpy("y_score", y_score)
    return ss.sweep(labels, scores, sample_weight=in_numpy("sample_weight", sample_weight))


def _require(curve: str, **totals: Any) -> None:
    for name, total in totals.items():
        if not total[0] > 0:
            raise ValueError(
                f"`y_true` must hold a {name} with a weight above 0, got none; without one there "
                f"is no {curve}"
            )


def _point(scores: Any, threshold: float | None, curve: Any) -> tuple[Any, Any] | None:
    """Return the point of the curve at a threshold."""
    if threshold is None:
        return None
    # In the dtype of the scores, as the kernel compares. The curve starts with an end of its own.
    at = np.searchsorted(scores, scores.dtype.type(number(threshold))) + 1
    return curve[0][at], curve[1][at]


def _mark(ax: Axes, point: Any, threshold: float | None) -> None:
    """Mark the point of a threshold, if there is one, and frame the unit square."""
    if point is not None:
        style = {"color": next(line_styles())["color"], "markeredgecolor": "white"}
        ax.plot(*point, "o", markersize=9, label=f"threshold {threshold:.3g}", **style)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
