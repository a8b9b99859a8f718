"""Draw the pictures of the documentation while the site is built; run, that of its first page."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
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
MARKS = (
    *(("o", GREY), ("s", GREY), ("o", TEAL), ("s", TEAL), ("D", "black")),
    *(("o", ORANGE), ("s", ORANGE), ("D", ORANGE)),
)
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
THEN, LABELS = "cross-entropy, then metric", ", labels"
# Situations and ways of the evidence, by what the picture calls them.
GAINS = {
    "selection rates, adult by sex: penalty": (
        "gap of selection rate of at most 0.03, adult, sex, a linear model",
        "penalty" + LABELS,
    ),
    "selection rates, adult by race: penalty": (
        "gap of selection rate of at most 0.03, adult, race, a linear model",
        "penalty" + LABELS,
    ),
    "selection rates, bank by marital status: penalty": (
        "gap of selection rate of at most 0.03, bank_marketing, marital, a linear model",
        "penalty" + LABELS,
    ),
    "recalls, adult by sex, linear: penalty": (
        "gap of recall of at most 0.03, adult, sex, a linear model",
        "penalty" + LABELS,
    ),
    "fixed threshold of 0.5, linear: then the metric": (
        "a linear model, the threshold is fixed at 0.5",
        THEN + ", 0.5",
    ),
    "fixed threshold of 0.5, network: then the metric": (
        "a network, the threshold is fixed at 0.5",
        THEN + ", 0.5",
    ),
    "linear, cannot fit: then the metric": (
        "a linear model that cannot fit the data",
        THEN + LABELS,
    ),
    "linear, can fit: then the metric": ("a linear model that can", THEN + LABELS),
    "200 rows, linear: expected counts": (
        "200 rows in all, a linear model",
        "cross-entropy, expected",
    ),
    "300 rows, network: expected counts": ("300 rows in all, a network", "cross-entropy, expected"),
    "grades in order, linear: then the quadratic kappa": (
        "wine_white_quality, linear, kappa",
        "cross-entropy, then kappa, arg max",
    ),
    "grades in order, network: then the quadratic kappa": (
        "wine_white_quality, 32 units, kappa",
        "cross-entropy, then kappa, arg max",
    ),
    "network: then the metric": ("a network, one metric", THEN + LABELS),
    "network: plus the metric": ("a network, one metric", "cross-entropy + metric" + LABELS),
    "boosting: the metric's objective": ("boosting", "metric (linear)" + LABELS),
    "images, one class of ten: plus F1": (
        "fashion_mnist_t10k, convolutions, shirt or not, F1",
        "cross-entropy + F1" + LABELS,
    ),
    "images, ten classes: macro F1 alone": (
        "fashion_mnist_t10k, convolutions, ten classes, macro F1",
        "macro F1, arg max",
    ),
    "200 rows, network: then the metric, 0.5": ("200 rows in all, a network", THEN + ", 0.5"),
}
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "softset",
}


# A block of Python, or a picture of what the blocks before it draw.
_BLOCK_OR_PICTURE = re.compile(r"^```python\n(.*?)^```$|\(assets/(\w+)\.svg\)", re.M | re.S)


def on_files(files: Files, config: Any) -> Files:
    """Add the pictures to the files of the site; nothing is written to the source tree."""
    with plt.rc_context(STYLE):
        for name, figure in pictures():
            files.append(File.generated(config, f"assets/{name}.svg", content=svg(figure)))
    # Measured, not drawn anew.
    sizes = (RESULTS / "speed-sizes.svg").read_text("utf-8")
    files.append(File.generated(config, "assets/speed-sizes.svg", content=sizes))
    return files


def svg(figure: Any) -> str:
    """Return a figure as text, and close it."""
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata={"Date": None}, facecolor="white")
    plt.close(figure)
    return content.getvalue()


def pictures() -> Iterator[tuple[str, Any]]:
    """Yield names and figures."""
    for draw in (steps, auroc_bias, frontier, gains):
        yield draw.__name__, draw()
    for page in ("plotting.md", "groups.md"):
        yield from of_page(Path(__file__).with_name(page))


def of_page(page: Path) -> Iterator[tuple[str, Any]]:
    """Yield the figures that a page's own code draws; what comes after the last is not run."""
    namespace: dict[str, Any] = {}
    found = _BLOCK_OR_PICTURE.findall(page.read_text("utf-8"))
    last = max(i for i, (_, name) in enumerate(found) if name)
    for code, name in found[: last + 1]:
        if name:
            yield name, plt.gcf()
        else:
            with contextlib.redirect_stdout(None):
                exec(code, namespace)


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


def auroc_bias() -> Any:
    """Draw the area under the curve of counts over a grid, against the exact one."""
    rng = np.random.default_rng(0)
    y_true = rng.uniform(size=4000) < 0.1
    noise = 1.5 * rng.normal(size=y_true.size) - 2
    apart = np.linspace(0, 9, 19)
    y_prob = [1 / (1 + np.exp(-noise - d * (y_true - 0.5))) for d in apart]
    exact = [ss.auroc(ss.sweep(y_true, p).confusion) for p in y_prob]

    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 4), sharey=True, layout="constrained")
    for axes, n in ((left, 9), (right, 99)):
        axes.plot((0.5, 1), (0.5, 1), color=GREY, linewidth=1, label="exact")
        for step, colour, dashes in (
            (ss.Hard(), "black", "-."),
            (ss.Sigmoid(k=50.0), TEAL, ":"),
            (ss.Sigmoid(k=10.0), TEAL, "--"),
            (ss.Linear(), ORANGE, "-"),
        ):
            score = [
                ss.auroc(ss.confusion(y_true, p, thresholds=ss.grid(n), step=step)) for p in y_prob
            ]
            axes.plot(exact, score, dashes, color=colour, label=_name(step))
        axes.set(title=f"{n} thresholds", xlabel="exact AUROC", xlim=(0.5, 1), ylim=(0.5, 1))
        axes.set_aspect("equal")
    left.set_ylabel("AUROC over the grid")
    left.legend(loc="upper left")
    return figure


def frontier() -> Any:
    """Draw the objective against the gap of every setting that was measured."""
    page = (RESULTS / "constraints.md").read_text("utf-8").partition("### Every setting")[2]
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6), layout="constrained")
    for ax, column in zip(axes, ("f1 adult linear", "f1 bank_marketing linear"), strict=True):
        at = next(i for i, name in enumerate(rows[0]) if name.startswith(column))
        # Of one head the two cells before it are empty, and hold nothing but bars.
        found: dict[str, list[tuple[float, float]]] = {}
        for method, _, *cells in rows[2:]:
            objective, gap = map(float, cells[at - len(rows[0])].split(", "))
            found.setdefault(method, []).append((gap, objective))
        for (method, points), (marker, colour) in zip(found.items(), MARKS, strict=True):
            ax.plot(*np.transpose(points), marker, color=colour, ms=5, label=method)
        ax.axvline(0.03, color=GREY, linestyle=":", linewidth=1)
        ax.set(title=column.removeprefix("f1 "), xlabel="gap of selection rates", xlim=(0, None))
    axes[0].set_ylabel("F1")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def gains() -> Any:
    """Draw what a way of training gains with its interval, by situation."""
    page = (RESULTS / "evidence.md").read_text("utf-8").partition("## In short")[2]
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    found = {(row[0], row[1]): re.findall(r"[+-][\d.]+", row[3]) for row in rows if len(row) == 5}
    # Words above the lines: beside them there is no room on a phone.
    figure, axes = plt.subplots(figsize=(4.4, 6.8), layout="constrained")
    for place, (words, key) in enumerate(GAINS.items()):
        mean, low, high = map(float, found[key])
        colour = TEAL if low > 0 else ORANGE if high < 0 else GREY
        axes.plot((low, high), (place, place), color=colour, linewidth=1.6)
        axes.plot(mean, place, "o", color=colour, markersize=4.5)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        where = {"transform": axes.get_yaxis_transform(), "zorder": 1, "bbox": box}
        axes.text(0.01, place - 0.3, words, fontsize=8, **where)
    axes.axvline(0, color=GREY, linestyle=":", linewidth=1, zorder=0)
    axes.spines.left.set_visible(False)
    axes.set(yticks=(), ylim=(len(GAINS) - 0.4, -0.8))
    axes.set_xlabel("gain on test rows, with its interval of 95 %")
    return figure


def slope(step: Any, threshold: float, p: Any) -> Any:
    """Return the slope of a step: the gradient of the count of members."""
    members = ss.as_loss(lambda c: c.tp, step=step, threshold=threshold, maximize=False)
    return ss.value_and_grad(members)(np.ones(p.shape, dtype=bool), p)[1]


def _name(step: Any) -> str:
    if isinstance(step, ss.StraightThrough):
        return "StraightThrough(Linear())"
    return repr(step)


if __name__ == "__main__":  # the README shows it too, so it is kept
    with plt.rc_context(STYLE):
        (Path(__file__).parent / "assets" / "home.svg").write_text(svg(home()), "utf-8")
