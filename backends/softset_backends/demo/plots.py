"""The demo's picture: loss curves, precision and recall, step functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

import softset as ss

from .fit import LOSSES, Fit, f1_of, names, select, spread

# The first curve is drawn widest and the last narrowest: curves that coincide all show.
_WIDTHS = (4.5, 3.0, 1.6, 0.6)
_COLORS = ("#9ecae1", "#fdae6b", "#31a354", "#000000")
_LOSS_COLORS = dict(zip(LOSSES, ("#1f77b4", "#d62728"), strict=True))
_STYLES = ("-", "--", ":", "-.")
# The problem whose classes overlap most.
_HARD = "digits 2 x 2"


def draw(path: Path, fits: Sequence[Fit], repeats: Sequence[Fit]) -> None:
    """Write the picture as a PNG file."""
    columns = names(fits)
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12)
    figure = Figure(figsize=(18, 15.5), layout=layout)
    axes = figure.subplots(4, len(columns))
    for column, name in enumerate(columns):
        for row, loss in enumerate(LOSSES):
            _loss_curves(axes[row, column], loss, select(fits, name=name, loss=loss))
        axes[0, column].set_title(name, fontweight="bold", fontsize=13, pad=10)
        _precision_recall(axes[2, column], select(fits, name=name))
    _steps(axes[3, 0])
    _f1_by_threshold(axes[3, 1], select(fits, name=_HARD))
    _gains(axes[3, 2], repeats)
    _apart(axes[3, 3], fits)
    for ax in axes.flat:
        ax.grid(alpha=0.25)
    figure.savefig(path, dpi=100)


def _loss_curves(ax: Axes, loss: str, fits: Sequence[Fit]) -> None:
    for f, width, color in zip(fits, _WIDTHS, _COLORS, strict=False):
        ax.plot(f.curve, color=color, linewidth=width, label=f.backend)
    highest = max(f.curve.max() for f in fits)
    ax.set(xlabel="step", ylabel=f"{loss} of the batch", ylim=(0, 1.25 * highest))
    ax.legend(loc="upper right", ncols=2)


def _precision_recall(ax: Axes, fits: Sequence[Fit]) -> None:
    """Draw the curves of the first framework; the others' lie on them."""
    for loss in LOSSES:
        f = select(fits, loss=loss)[0]
        color = _LOSS_COLORS[loss]
        counts = ss.sweep(f.problem.test.labels, f.test).confusion
        ax.plot(ss.recall(counts), ss.precision(counts), color=color, label=loss)
        for at, marker, name in ((0, "o", "at 0.5"), (1, "D", f"at {f.threshold:.3f}, tuned")):
            ax.plot(
                f.scores["recall"][at],
                f.scores["precision"][at],
                marker,
                color=color,
                markeredgecolor="black",
                markersize=9,
                label=f"{name}: F1 {f.scores['F1'][at]:.3f}",
            )
    ax.set(xlabel="recall, test rows", ylabel="precision", xlim=(-0.03, 1.03), ylim=(-0.03, 1.05))
    ax.legend(fontsize=9)


def _steps(ax: Axes) -> None:
    scores = np.linspace(0, 1, 1001)
    drawn = [
        (ss.Hard(), 0.5, "Hard(), to evaluate", "black", "-"),
        (ss.Linear(), 0.5, "Linear(), to train", "#d62728", "-"),
        (ss.Linear(), 0.25, "Linear(), threshold 0.25", "#d62728", ":"),
        (ss.Sigmoid(), 0.5, "Sigmoid()", "#9467bd", "--"),
        (ss.Identity(), 0.5, "Identity()", "#7f7f7f", "-."),
    ]
    for step, threshold, label, color, style in drawn:
        ax.plot(scores, step(scores, threshold), color=color, linestyle=style, label=label)
    ax.set_title("step functions, threshold 0.5")
    ax.set(xlabel="probability", ylabel="counted as positive", ylim=(-0.5, 1.05))
    ax.set_yticks((0, 0.25, 0.5, 0.75, 1))
    ax.legend(fontsize=9, loc="lower center", ncols=2)


def _f1_by_threshold(ax: Axes, fits: Sequence[Fit]) -> None:
    grid = np.linspace(0, 1, 1001)
    for loss in LOSSES:
        f = select(fits, loss=loss)[0]
        color = _LOSS_COLORS[loss]
        counts = ss.confusion(f.problem.test.labels, f.test, thresholds=grid, step=ss.Hard())
        ax.plot(grid, ss.f1(counts), color=color, label=loss)
        for x, y, marker in zip((0.5, f.threshold), f.scores["F1"], "oD", strict=True):
            ax.plot(x, y, marker, color=color, markeredgecolor="black", markersize=9)
    ax.set_title(f"{fits[0].problem.name}: F1 by threshold")
    ax.set(xlabel="threshold; circle 0.5, diamond tuned", ylabel="F1, test rows", ylim=(0, None))
    ax.legend(fontsize=9)


def _gains(ax: Axes, repeats: Sequence[Fit]) -> None:
    """Draw mean and standard deviation over the splits of what the F1 loss gains."""
    columns = names(repeats)
    first, second = LOSSES
    found = [f1_of(name, repeats) for name in columns]
    gains = np.stack([f[second] - f[first] for f in found])
    for at, label, marker in ((0, "both at 0.5", "o"), (1, "both tuned", "D")):
        ax.errorbar(
            np.arange(len(columns)) + 0.2 * at - 0.1,
            gains[:, at].mean(axis=1),
            yerr=gains[:, at].std(axis=1, ddof=1),
            fmt=marker,
            capsize=4,
            color=("#1b9e77", "#7570b3")[at],
            label=label,
        )
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(columns)), [name.replace(" ", "\n", 1) for name in columns])
    ax.set_title(f"{second}: F1 gained over {first}")
    ax.set(ylabel=f"test F1, mean ± sd of {gains.shape[2]} splits")
    ax.legend(fontsize=9)


def _apart(ax: Axes, fits: Sequence[Fit]) -> None:
    """Draw how far the frameworks' losses have been apart, 0 as a gap."""
    for name, style in zip(names(fits), _STYLES, strict=True):
        ax.plot([], [], color="black", linestyle=style, label=name)
        for loss, color in _LOSS_COLORS.items():
            apart = np.maximum.accumulate(spread(select(fits, name=name, loss=loss)))
            ax.plot(np.where(apart > 0, apart, np.nan), color=color, linestyle=style)
    for loss, color in _LOSS_COLORS.items():
        ax.plot([], [], color=color, linewidth=4, label=loss)
    ax.set_title("largest difference between frameworks")
    ax.set(xlabel="up to step", ylabel="between their losses of a batch", yscale="log")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.5)
    ax.legend(fontsize=9, loc="upper left", ncols=2)
