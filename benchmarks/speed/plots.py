"""Pictures of a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from .results import Record, ratio_by_hand, ratio_to, select
from .targets import COMPILED, TITLES
from .work import GRADIENT

# Okabe and Ito's, for every kind of colour vision.
BLUE, RED, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#757575"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "softset",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# The lines of each panel: what, its colour and its dashes.
LINES = {
    "numpy": {
        "eager: by hand, forward alone": (GREY, "--"),
        "eager: value_and_grad": (BLUE, "-"),
    },
    "torch": {
        "eager: by hand": (GREY, "--"),
        "eager: MetricLoss": (BLUE, "-"),
        "compile: by hand": (RED, "--"),
        "compile: MetricLoss": (GREEN, "-"),
        "compile: closed form by hand": (PINK, ":"),
    },
    "jax": {
        "eager: by hand": (GREY, "--"),
        "eager: value_and_grad": (BLUE, "-"),
        "jit: by hand": (RED, "--"),
        "jit: plain kernel": (PINK, ":"),
        "jit: value_and_grad": (GREEN, "-"),
    },
    "tensorflow": {
        "eager: by hand": (GREY, "--"),
        "eager: value_and_grad": (BLUE, "-"),
        "xla: by hand": (RED, "--"),
        "xla: plain kernel": (PINK, ":"),
        "xla: value_and_grad": (GREEN, "-"),
    },
}


def draw(results: Record, folder: Path, stem: str) -> list[Path]:
    """Write the pictures that the measurements suffice for; return their paths."""
    found = []
    with matplotlib.rc_context(STYLE):
        for name, picture in (("sizes", _sizes), ("ratios", _ratios), ("roofline", _roofline)):
            figure = picture(results)
            if figure is not None:
                path = folder / f"{stem}-{name}.svg"
                figure.savefig(path, metadata={"Date": None}, facecolor="white")
                plt.close(figure)
                found.append(path)
    return found


def _sizes(results: Record) -> Any:
    """Draw the time against the number of scores, a panel for each framework."""
    panels = {x: _times(results, x) for x in TITLES}
    panels = {framework: lines for framework, lines in panels.items() if lines}
    if not panels:
        return None
    high, wide = math.ceil(len(panels) / 2), min(len(panels), 2)  # as a phone has room for
    figure, axes = plt.subplots(
        high, wide, figsize=(3.6 * wide, 3.2 * high), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for ax, (framework, lines) in zip(axes.flat, panels.items(), strict=False):
        for name, points in lines.items():
            colour, dashes = LINES[framework][name]
            n, taken = zip(*sorted(points), strict=True)
            ax.plot(n, taken, dashes, color=colour, label=name, marker=".")
        ax.set(title=TITLES[framework], xscale="log", yscale="log")
        ax.legend(fontsize=7)
    figure.supxlabel("scores", fontsize="medium")
    figure.supylabel("ms, value and gradient", fontsize="medium")
    return figure


def _times(results: Record, framework: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for work, x in select(results, question="sizes", process=framework, task=GRADIENT):
        name = x["label"].removeprefix(f"{framework} ")
        if name in LINES[framework]:
            found.setdefault(name, []).append((work["n"], 1000 * x["seconds"]))
    return found


def _ratios(results: Record) -> Any:
    """Draw how many times faster than by hand softset's ways are."""
    found: dict[str, dict[int, float]] = {}
    for work, x in select(results, question="sizes", task=GRADIENT):
        ratio = ratio_by_hand(x)
        if x["kind"] == "fused" and not x["name"].endswith("off") and ratio:
            found.setdefault(x["label"], {})[work["n"]] = ratio
    return _bars(found, "times faster than by hand, value and gradient")


def _roofline(results: Record) -> Any:
    """Draw times over the copy bound."""
    labels = [label for both in COMPILED.values() for label in both]
    labels += ["torch compile: closed form by hand", "torch eager: MetricLoss"]
    labels += ["jax jit: by hand", "numpy eager: value_and_grad"]
    found: dict[str, dict[int, float]] = {}
    for work, x in select(results, question="across"):
        ratio = ratio_to(x, "copy bound")
        if x["label"] in labels and ratio:
            found.setdefault(x["label"], {})[work["n"]] = 1 / ratio
    return _bars(found, "time over the copy bound, value and gradient")


def _bars(found: dict[str, dict[int, float]], axis: str) -> Any:
    """Draw ratios, from 1 on, for a million scores and for ten."""
    sizes = (10**6, 10**7)
    rows = {label: x for label, x in reversed(found.items()) if any(n in x for n in sizes)}
    if not rows:
        return None
    figure, ax = plt.subplots(figsize=(7, 0.8 + 0.42 * len(rows)), layout="constrained")
    for i, (n, colour) in enumerate(zip(sizes, (BLUE, GREEN), strict=True)):
        shown = [(row - 0.4 * i, x[n]) for row, x in enumerate(rows.values()) if n in x]
        for row, ratio in shown:
            ax.barh(row, ratio - 1, 0.36, left=1, color=colour)
            ax.annotate(f" {ratio:.2g}" if ratio < 100 else f" {ratio:.0f}", (max(ratio, 1), row),
                        va="center", fontsize=7)  # fmt: skip
        ax.barh(0, 0, left=1, color=colour, label=f"{n:,} scores")
    ax.axvline(1, color=GREY, linewidth=1)
    ax.set(xscale="log", xlabel=axis)
    ax.set_yticks([row - 0.2 for row in range(len(rows))], list(rows))
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
