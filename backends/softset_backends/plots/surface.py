"""A loss over the scores of two examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from softset._options import whole
from softset._types import Array

from ..in_numpy import in_numpy
from .style import axes_of

# Light, for the black lines on top, but not white, which is for no value.
_COLOURS = LinearSegmentedColormap.from_list("loss", ("#e3eef9", "#4292c6"))


def plot_loss_surface(
    loss: Callable[..., Any],
    *,
    y_true: tuple[float, float] | Array = (1, 0),
    points: int = 101,
    ax: Axes | None = None,
) -> Axes:
    """Plot a loss over the scores of two examples.

    Parameters
    ----------
    loss : callable
        What `as_loss` returned, or any function ``loss(y_true, y_prob)`` of NumPy arrays of
        shape (2,) to one number.
    y_true : two numbers, default (1, 0)
        The labels of the two examples.
    points : int, default 101
        How many scores of each to compute the loss at: the midpoints of as many cells.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        With the loss as colour, blank where it is not finite, lines of equal loss, and a colour
        bar with both. Scores are probabilities, or logits from -6 to 6 for a loss with
        ``from_logits=True``.

    Raises
    ------
    TypeError
        If `ax` is not an Axes.
    ValueError
        If `y_true` does not hold two labels, `points` is not an integer of at least 2, or the
        loss is not one number, finite somewhere; and as the loss does.

    Examples
    --------
    >>> import softset as ss
    >>> from softset_backends.plots import plot_loss_surface
    >>> ax = plot_loss_surface(ss.as_loss(ss.f1), points=21)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('first probability, label 1', 'second probability, label 0')
    """
    labels = in_numpy("y_true", y_true)
    if labels.shape != (2,):
        raise ValueError(f"`y_true` must hold the labels of two examples, got {y_true!r}")
    points = whole("points", points, 2)
    logits = _takes_logits(loss)
    # Midpoints of cells: many losses are not finite at 0 and 1.
    low, high = (-6.0, 6.0) if logits else (0.0, 1.0)
    scores = low + (high - low) * (np.arange(points) + 0.5) / points
    values = np.asarray([[_value(loss, labels, (x, y)) for x in scores] for y in scores])
    values = np.ma.masked_invalid(values)
    if not values.count():
        raise ValueError("`loss` must be finite somewhere, got no finite number")
    ax = axes_of(ax)
    colours = ax.pcolormesh(scores, scores, values, cmap=_COLOURS, rasterized=True)
    bar = ax.figure.colorbar(colours, ax=ax, label="loss")
    if values.min() < values.max():
        lines = ax.contour(scores, scores, values, colors="black", linewidths=0.8)
        bar.add_lines(lines)
        bar.set_ticks([x for x in lines.levels if values.min() <= x <= values.max()])
    name = "logit" if logits else "probability"
    first, second = (
        f"{i} {name}, label {y}" for i, y in zip(("first", "second"), labels, strict=True)
    )
    ax.set(xlabel=first, ylabel=second, xlim=(low, high), ylim=(low, high))
    return ax


def _takes_logits(loss: Any) -> bool:
    """Tell whether a loss, or the options that functools.partial gives it, says so."""
    options = getattr(loss, "keywords", {})
    return bool(options.get("from_logits", getattr(loss, "from_logits", False)))


def _value(loss: Callable[..., Any], labels: Any, scores: tuple[float, float]) -> float:
    value = np.asarray(loss(labels, np.asarray(scores)))
    if value.ndim:
        raise ValueError(f"`loss` must return one number, got an array of shape {value.shape}")
    return float(value)
