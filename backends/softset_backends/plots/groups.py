"""Metrics of groups, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..group_table import ALL, GAP, GroupReport, text_of, text_of_cell
from .style import GREY, axes_of, line_styles


def plot_groups(report: GroupReport, *, axes: Sequence[Axes] | None = None) -> list[Axes]:
    """Plot the metrics of groups with their intervals, one picture for each metric.

    Parameters
    ----------
    report : GroupReport
        What `group_report` returned.
    axes : sequence of matplotlib Axes, optional
        Where to draw, one for each metric; a new figure, with all of them in a row, by default.

    Returns
    -------
    list of matplotlib Axes
        With a point and its interval for each group and for all, none where the metric is
        undefined, a line at the value of all, and the gap above. A diamond marks the worst group.
        An interval without an upper bound goes on to the edge.

    Raises
    ------
    TypeError
        If `report` is not a GroupReport, or one of `axes` is not an Axes.
    ValueError
        If there are not as many `axes` as metrics.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends import group_report
    >>> from softset_backends.plots import plot_groups
    >>> y_true, y_prob = np.asarray([1, 1, 0, 1, 1]), np.asarray([0.9, 0.6, 0.4, 0.7, 0.2])
    >>> report = group_report([ss.recall, ss.accuracy], y_true, y_prob, groups=list("aaabb"))
    >>> [ax.get_xlabel() for ax in plot_groups(report)]
    ['recall', 'accuracy']
    """
    if not isinstance(report, GroupReport):
        raise TypeError(f"`report` must be what group_report returns, got {type(report).__name__}")
    rows = [*report.groups, ALL]
    several = _axes(report, axes, len(rows))
    for i, (name, ax) in enumerate(zip(report.metrics, several, strict=True)):
        _draw(ax, report, name, rows)
        ax.tick_params(labelleft=i == 0)
    several[0].set_ylabel("group")
    return several


def _axes(report: GroupReport, axes: Any, rows: int) -> list[Axes]:
    """Return the Axes to draw on, of a new figure if there are none."""
    number = len(report.metrics)
    if axes is None:
        size = (1.8 + 2.6 * number, 1.2 + 0.3 * rows)
        grid = {"sharey": True, "squeeze": False, "layout": "constrained"}
        return list(plt.subplots(1, number, figsize=size, **grid)[1][0])
    if isinstance(axes, Axes) or len(axes) != number:
        got = "one alone" if isinstance(axes, Axes) else len(axes)
        raise ValueError(f"`axes` must hold {number} Axes, one for each metric, got {got}")
    return [axes_of(ax) for ax in axes]


def _draw(ax: Axes, report: GroupReport, name: str, rows: Sequence[Any]) -> None:
    """Draw one metric: the first group at the top, all at the bottom."""
    styles = line_styles()
    colour, other = next(styles)["color"], next(styles)["color"]
    unbounded = []
    for y, label in enumerate(rows):
        value, low, high = report.data[label][name]
        worst = label == report.worst[name]
        shade = GREY if label == ALL else other if worst else colour
        if math.isinf(high):
            unbounded.append((min(value, low), y, shade))
            high = value
        with np.errstate(invalid="ignore"):  # an infinite value is beyond the picture
            ends = np.asarray([[value - low], [high - value]])
        ax.errorbar(value, y, xerr=ends, fmt="D" if worst else "o", color=shade, capsize=3)
    left, right = ax.get_xlim()
    for low, y, shade in unbounded:
        ax.plot([low, right], [y, y], color=shade)
    ax.set_xlim(left, right)
    ax.axvline(report.data[ALL][name].value, color=GREY, linewidth=1, linestyle=":")
    ticks = [f"{text_of(label)} (n = {report.data[label]['n']:.6g})" for label in rows]
    ax.set_yticks(range(len(rows)), ticks)
    ax.set(xlabel=name, ylim=(len(rows) - 0.5, -0.5))
    if gap := text_of_cell(report.data[GAP][name], report.digits):
        ax.set_title(f"gap {gap}", fontsize="medium")
