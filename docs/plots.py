"""Draw the pictures of the documentation while the site is built."""

from __future__ import annotations

import io
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from mkdocs.structure.files import File, Files

import softset as ss

STEPS = (
    ss.Hard(),
    ss.Linear(),
    ss.Sigmoid(),
    ss.Identity(),
    ss.Ramp(width=0.4),
    ss.Cosine(width=0.4),
    ss.Arctan(k=10.0),
    ss.Algebraic(k=10.0),
    ss.StraightThrough(ss.Linear()),
)
TEAL, ORANGE, GREY = "#00796b", "#e64a19", "#757575"
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "softset",
}


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures to the files of the site; nothing is written to the source tree."""
    for name, draw in (("home", home), ("steps", steps)):
        with plt.rc_context(STYLE):
            figure = draw()
            content = io.StringIO()
            figure.savefig(content, format="svg", metadata={"Date": None}, facecolor="white")
            plt.close(figure)
        picture = content.getvalue()
        files.append(File.generated(config, f"assets/{name}.svg", content=picture))
    return files


def home() -> Any:
    """Draw hard F1, two soft ones and cross-entropy along one parameter of a classifier."""
    rng = np.random.default_rng(3)
    y_true = np.arange(80) < 16
    score = rng.normal(size=80) + 1.6 * y_true
    bias = np.linspace(-3.5, 1.5, 1001)
    # One column for each value of the bias: the counts keep that axis.
    y_prob = 1 / (1 + np.exp(-2 * (score[:, None] + bias)))
    labels = np.broadcast_to(y_true[:, None], y_prob.shape)

    figure, axes = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    hard = ss.f1(ss.confusion(labels, y_prob, step=ss.Hard(), axis=0))
    axes.step(bias, hard, color=GREY, linewidth=1, where="mid", label="F1 of hard counts")
    for step, colour, dashes, name in (
        (ss.Linear(), TEAL, "-", "Linear(), the default"),
        (ss.Sigmoid(k=50.0), ORANGE, "--", "Sigmoid(k=50)"),
    ):
        soft = ss.f1(ss.confusion(labels, y_prob, step=step, axis=0))
        axes.plot(bias, soft, dashes, color=colour, label=f"F1 of soft counts, {name}")
    loss = [ss.cross_entropy(y_true, column) for column in y_prob.T]
    best = bias[int(np.argmin(loss))]
    axes.axvline(best, color=GREY, linestyle=":", linewidth=1.2)
    axes.text(best - 0.05, 0.03, "cross-entropy\nis lowest here", ha="right", color=GREY)
    axes.set(xlabel="bias of the classifier", ylabel="F1", ylim=(0, 0.85), xlim=(-3.5, 1.5))
    axes.legend(loc="upper right")
    return figure


def steps() -> Any:
    """Draw each step function above its slope, for two thresholds."""
    p = np.linspace(0, 1, 1001)
    figure, grid = plt.subplots(
        6, 3, figsize=(8.4, 9.6), sharex=True, height_ratios=[3, 2] * 3, layout="constrained"
    )
    for i, step in enumerate(STEPS):
        above, below = grid[2 * (i // 3)][i % 3], grid[2 * (i // 3) + 1][i % 3]
        for threshold, colour, dashes in ((0.5, TEAL, "-"), (0.2, ORANGE, "--")):
            label = f"threshold {threshold}"
            above.plot(p, step(p, threshold), dashes, color=colour, label=label)
            below.plot(p, slope(step, threshold, p), dashes, color=colour)
        above.set(title=_name(step), ylim=(-0.05, 1.05))
        below.set_ylim(0, max(1.0, below.get_ylim()[1]))
        if i % 3 == 0:
            above.set_ylabel("membership")
            below.set_ylabel("slope")
        if i >= len(STEPS) - 3:
            below.set_xlabel("probability")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    figure.align_ylabels()
    return figure


def slope(step: Any, threshold: float, p: Any) -> Any:
    """Return the slope of a step: the gradient of the count of members."""
    members = ss.as_loss(lambda c: c.tp, step=step, threshold=threshold, maximize=False)
    return ss.value_and_grad(members)(np.ones(p.shape, dtype=bool), p)[1]


def _name(step: Any) -> str:
    if isinstance(step, ss.StraightThrough):
        return "StraightThrough(Linear())"
    return repr(step)
