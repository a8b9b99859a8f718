"""Step functions over the probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import softset as ss
from softset._options import function
from softset._types import Step

from .style import GREY, axes_of, legend, line_styles, name_of, number, several


def plot_steps(
    steps: Step | Sequence[Step],
    *,
    threshold: float = 0.5,
    slopes: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Plot step functions, or their slopes, over the probability.

    Parameters
    ----------
    steps : callable or list of callables
        A step function such as ``Linear()``, or several.
    threshold : float, default 0.5
        As for `confusion`.
    slopes : bool, default False
        Whether to plot what a score's membership gains per change of the score, by the kernel's
        dual numbers. It is what training sees.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        With one line for each step, and one at the threshold.

    Raises
    ------
    TypeError
        If a step is not callable, or `ax` is not an Axes.
    ValueError
        If there is no step, or the threshold is not strictly between 0 and 1 (any number for
        `Hard`).

    Examples
    --------
    >>> import softset as ss
    >>> from softset_backends.plots import plot_steps
    >>> ax = plot_steps([ss.Hard(), ss.Linear()], threshold=0.3)
    >>> [line.get_label() for line in ax.lines]
    ['Hard()', 'Linear(delta=0.2)', 'threshold 0.3']
    """
    threshold = number(threshold)
    # With the threshold and the number before it a jump is drawn upright.
    around = (np.nextafter(threshold, -np.inf), threshold)
    y_prob = np.union1d(np.linspace(0, 1, 1001), np.clip(around, 0, 1))
    values = _slopes if slopes else _memberships
    lines = []
    for step in several("steps", steps):
        function("step", step, "a step function such as Linear()")
        lines.append((step, values(step, threshold, y_prob)))
    ax = axes_of(ax)
    for (step, line), style in zip(lines, line_styles(), strict=False):
        ax.plot(y_prob, line, label=name_of(step), **style)
    ax.axvline(threshold, color=GREY, linewidth=1, label=f"threshold {threshold:.3g}")
    ax.set(xlabel="probability", ylabel="slope" if slopes else "membership", xlim=(0, 1))
    legend(ax)
    return ax


def _memberships(step: Any, threshold: float, y_prob: Any) -> Any:
    """Return the counts of one positive each."""
    positive = np.ones((1, y_prob.size), dtype=bool)
    return ss.confusion(positive, y_prob[None], step=step, threshold=threshold, axis=0).tp


def _slopes(step: Any, threshold: float, y_prob: Any) -> Any:
    """Return the gradient of the count of all."""
    members = ss.as_loss(lambda c: c.tp, step=step, threshold=threshold, maximize=False)
    return ss.value_and_grad(members)(np.ones(y_prob.shape, dtype=bool), y_prob)[1]
