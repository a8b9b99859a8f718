"""Metrics over the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

import softset as ss
from softset._types import Array, Metric, Step
from softset.metrics import larger_is_better
from softset.steps import Hard

from ..in_numpy import in_numpy
from .style import GREY, axes_of, legend, line_styles, name_of, number, several


class _Line(NamedTuple):
    thresholds: Any
    values: Any
    drawstyle: str
    label: str
    best: tuple[float, float] | None


def plot_metric(
    metrics: Metric | Sequence[Metric],
    y_true: Array,
    y_prob: Array,
    *,
    steps: Step | Sequence[Step] = Hard(),
    threshold: float | None = None,
    sample_weight: Array | None = None,
    maximize: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot metrics over the threshold, of hard counts or of those of soft steps.

    Parameters
    ----------
    metrics : callable or list of callables
        Functions of a `Confusion` that are elementwise over its shape.
    y_true, y_prob : arrays
        Labels and probabilities of one shape, as for `confusion`.
    steps : callable or list of callables, default Hard()
        The steps to count with: every metric is plotted for each. The line of `Hard` changes at
        each score, exactly; those of other steps join 199 thresholds.
    threshold : float, optional
        A probability at which to draw a vertical line.
    sample_weight : array, optional
        Weights, as for `confusion`.
    maximize : bool, optional
        Whether larger values of the metrics are better, as for `best_threshold`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        With a line for each metric and step. On that of `Hard` a diamond marks what
        `best_threshold` returns, unless the metric has no better direction.

    Raises
    ------
    TypeError
        If a metric or a step is not callable, if `ax` is not an Axes, or as `confusion` does.
    ValueError
        If there is no metric or no step, if `threshold` is not a probability, or as `confusion`
        and `best_threshold` do.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends.plots import plot_metric
    >>> y_true, y_prob = np.asarray([0, 0, 1, 1]), np.asarray([0.1, 0.5, 0.4, 0.6])
    >>> ax = plot_metric([ss.f1, ss.recall], y_true, y_prob)
    >>> ax.get_legend_handles_labels()[1]
    ['f1: best 0.800 at 0.25', 'recall: best 1.000 at 0.05']
    """
    given = {"y_true": y_true, "y_prob": y_prob, "sample_weight": sample_weight}
    data = tuple([in_numpy(name, x) for name, x in given.items()])
    metrics, steps = several("metrics", metrics), several("steps", steps)
    lines = []
    for metric, step in product(metrics, steps):
        hard = isinstance(step, Hard)
        line = _hard_line(metric, data, maximize) if hard else _soft_line(metric, step, data)
        suffix = f", {name_of(step)}" if len(steps) > 1 else ""
        lines.append(line._replace(label=name_of(metric) + suffix + line.label))
    if threshold is not None and not 0 <= number(threshold) <= 1:
        raise ValueError(f"`threshold` must lie in [0, 1], got {threshold!r}; it is a probability")
    ax = axes_of(ax)
    for line, style in zip(lines, line_styles(), strict=False):
        ax.plot(line.thresholds, line.values, drawstyle=line.drawstyle, label=line.label, **style)
        if line.best is not None:
            ax.plot(*line.best, "D", color=style["color"], markeredgecolor="white", markersize=9)
    if threshold is not None:
        ax.axvline(threshold, color=GREY, linewidth=1, label=f"threshold {threshold:.3g}")
    ylabel = name_of(metrics[0]) if len(metrics) == 1 else "metric"
    ax.set(xlabel="threshold", ylabel=ylabel, xlim=(0, 1))
    legend(ax)
    return ax


def _hard_line(metric: Metric, data: Any, maximize: bool | None) -> _Line:
    """Return the metric at every cut between two scores, and where it is best."""
    y_true, y_prob, weights = data
    best, label = None, ""
    if maximize is not None or larger_is_better(metric) is not None:
        best = ss.best_threshold(metric, y_true, y_prob, sample_weight=weights, maximize=maximize)
        label = f": best {best.value:.3f} at {best.threshold:.3g}"
    ss.confusion(y_true, y_prob, step=Hard())  # unlike sweep it refuses logits
    scores, c = ss.sweep(y_true, y_prob, sample_weight=weights)
    nothing = np.zeros_like(c.tp[:1])
    none = (nothing, nothing, c.tp[:1], c.fp[:1])
    c = ss.Confusion(*(np.concatenate([x[:1], x, end]) for x, end in zip(c, none, strict=True)))
    # A score's counts hold down to the next lower score.
    return _Line(np.concatenate([[0], scores, [1]]), metric(c), "steps-pre", label, best)


def _soft_line(metric: Metric, step: Step, data: Any) -> _Line:
    """Return the metric on a grid of thresholds, one after the other: counts of all take room."""
    y_true, y_prob, weights = data
    grid = ss.grid(199)
    values = [
        metric(ss.confusion(y_true, y_prob, threshold=t, step=step, sample_weight=weights))
        for t in grid
    ]
    return _Line(grid, np.asarray(values), "default", "", None)
