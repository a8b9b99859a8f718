"""What the pictures have in common: Axes, colours, and names for the legends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from softset.metrics import options

from ..in_numpy import in_numpy

GREY = "#757575"
# Okabe and Ito's, for every kind of colour vision; with the dashes there are 20 different lines.
_COLOURS = ("#0072b2", "#d55e00", "#000000", "#009e73", "#cc79a7")
_DASHES = ("-", "--", "-.", ":")


def axes_of(ax: Axes | None) -> Axes:
    """Return the Axes to draw on: the given one, or that of a new figure."""
    if ax is None:
        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise TypeError(
            f"`ax` must be one matplotlib Axes or None, got {type(ax).__name__}; of several pick "
            "one, as in axes[0]"
        )
    return ax


def line_styles() -> Iterator[dict[str, Any]]:
    """Yield colours with dashes, so that lines differ in grey too."""
    for colour, dashes in zip(cycle(_COLOURS), cycle(_DASHES), strict=False):
        yield {"color": colour, "linestyle": dashes}


def legend(ax: Axes, loc: Any = "best") -> None:
    """Draw the legend on a ground of its own: lines do not run through its text."""
    # A place that is named keeps matplotlib from warning of the time that the best one takes.
    ax.legend(loc=loc, frameon=True, framealpha=1)


def several(name: str, value: Any) -> Sequence[Any]:
    """Return what may be one thing or a list of them as a list."""
    if not isinstance(value, (list, tuple)):
        return [value]
    if not value:
        raise ValueError(f"`{name}` must hold at least one, got {value!r}")
    return value


def name_of(function: Any) -> str:
    """Return the name of a metric or of a step, with its options."""
    # matplotlib leaves names with a leading underscore out of legends.
    return options.name_of(options.freeze(function)).lstrip("_")


def number(threshold: Any) -> float:
    """Return a threshold, a number or an array of one, as a number."""
    value = in_numpy("threshold", threshold)
    if value.ndim or value.dtype.kind not in "iuf" or np.isnan(value):
        raise ValueError(f"`threshold` must be one number, got {threshold!r}")
    return float(value)
