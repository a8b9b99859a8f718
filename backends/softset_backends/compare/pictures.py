"""The pictures of a comparison, narrow enough for a phone."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..plots.style import GREY, line_styles
from .question import METHODS, RULES, Question, baseline_of
from .records import Record
from .summary import Row

_WIDTH = 4.4  # inches: what fills a phone at a letter size that can be read
_MARKERS = ("o", "D", "s", "^")
_COLOURS = tuple(style["color"] for style, _ in zip(line_styles(), range(5), strict=False))


def embedded(figure: Figure) -> str:
    """Return a figure as the address of an image that holds it, the same text each time."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def gains(rows: Sequence[Row], question: Question) -> Figure:
    """Draw what the methods of one model gain on its baseline, by each rule."""

    def draw(ax: Axes, row: Row, y: float, style: dict[str, Any]) -> None:
        gain = row.gain
        if gain.mean != gain.mean or row.key == baseline_of(row.key):
            return
        ends = [[gain.mean - gain.low], [gain.high - gain.mean]] if gain.low == gain.low else None
        ax.errorbar(gain.mean, y, xerr=ends, capsize=2, linewidth=1.2, markersize=4, **style)

    figure, ax = _by_method(rows, draw, 0.5)
    ax.locator_params(axis="x", nbins=6)  # more of them touch
    ax.axvspan(-question.equivalent, question.equivalent, color="#e8e8e8", zorder=0)
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_xlabel(f"{_text(question.name)} gained on test rows; grey: no practical difference")
    return figure


def ranks(rows: Sequence[Row]) -> Figure:
    """Draw the mean ranks of the methods of one model, by each rule."""

    def draw(ax: Axes, row: Row, y: float, style: dict[str, Any]) -> None:
        if row.rank == row.rank:
            ax.plot(row.rank, y, linestyle="none", markersize=5, **style)

    figure, ax = _by_method(rows, draw, 0.4)
    ax.set_xlabel("mean rank over splits, 1 is the best")
    ax.set_xlim(left=0)
    return figure


def calibration(records: Sequence[Record]) -> Figure:
    """Draw the share of positives by probability of one model's methods, a line for each split."""

    def draw(ax: Axes, record: Record) -> None:
        bins = np.asarray([x for x in record.calibration if x[2] > 0], dtype=np.float64)
        bins = bins.reshape(-1, 3)
        ax.plot(bins[:, 0], bins[:, 1], color=_COLOURS[0], linewidth=0.7, alpha=0.7)
        sizes = 1 + 20 * bins[:, 2] / max(1.0, bins[:, 2].sum())
        ax.scatter(bins[:, 0], bins[:, 1], s=sizes, color=_COLOURS[0])

    def frame(ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))

    return _panels(records, draw, frame, "mean probability in a bin", "share of positives")


def curves(records: Sequence[Record], question: Question) -> Figure:
    """Draw the metric of test rows over the threshold, and where each split was cut."""
    values = [x[1] for r in records for x in r.curve if x[1] is not None and np.isfinite(x[1])]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.05

    def draw(ax: Axes, record: Record) -> None:
        points = np.asarray(record.curve, dtype=np.float64).reshape(-1, 2)
        ax.plot(points[:, 0], points[:, 1], color=_COLOURS[0], linewidth=0.7, alpha=0.7)

    def frame(ax: Axes) -> None:
        ax.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(xlim=(0, 1), ylim=(low - margin, high + margin), xticks=(0, 0.5, 1))

    figure = _panels(records, draw, frame, "threshold", f"{_text(question.name)}, test rows")
    for ax in figure.axes:
        for record in records:
            cut = record.threshold
            if record.rule == "labels" and record.method == ax.get_label():
                for x in cut if isinstance(cut, (list, tuple)) else [cut]:
                    # A rule may cut above all scores, where nothing is called positive.
                    ax.plot(min(x, 1.0), low - margin, "|", color=_COLOURS[1], clip_on=False)
    return figure


def tradeoff(rows: Sequence[Row], question: Question) -> Figure:
    """Draw the metric of test rows against the gap between groups, with the names of the best."""
    known = [row for row in rows if row.test_gap.splits and row.test.splits]
    figure, ax = _figure(4.8)
    front = {row.key for row in known if not any(_beats(x, row, question) for x in known)}
    named = [row for row in known if row.key in front]
    others = [row for row in known if row.key not in front]
    ax.plot(
        [row.test_gap.mean for row in others],
        [row.test.mean for row in others],
        "o",
        color="#bdbdbd",
        markersize=4,
        label="others: one of these beats them in both",
    )
    for i, row in enumerate(sorted(named, key=lambda row: row.test_gap.mean)):
        ends: dict[str, Any] = {
            name: None if x.low != x.low else [[x.mean - max(x.low, least)], [x.high - x.mean]]
            for name, x, least in (("xerr", row.test_gap, 0.0), ("yerr", row.test, -np.inf))
        }
        ax.errorbar(
            row.test_gap.mean,
            row.test.mean,
            **ends,
            fmt=_MARKERS[i % 4],
            color=_COLOURS[i % 5],
            markersize=5,
            linewidth=0.8,
            label=_text(f"{row.method} ({row.model}, {row.rule})"),
        )
    if question.max_gap is not None:
        ax.axvline(question.max_gap, color=GREY, linestyle=":", label="the bound")
    ax.set(xlabel=_text(f"{question.gap_name}, test rows"), ylabel=_text(question.name))
    ax.set_xlim(left=0)
    figure.legend(loc="outside lower left", fontsize=8, frameon=False)
    return figure


def _beats(one: Row, other: Row, question: Question) -> bool:
    """Tell whether one row is at least as good in metric and gap, and better in one."""
    first, second = ((question.sign * row.test.mean, -row.test_gap.mean) for row in (one, other))
    return first != second and all(a >= b for a, b in zip(first, second, strict=True))


def _by_method(
    rows: Sequence[Row], draw: Callable[..., None], height: float
) -> tuple[Figure, Axes]:
    """Draw the rows of one model, methods from the top, rules side by side in each."""
    methods = list(dict.fromkeys(row.method for row in rows))
    rules = [rule for rule in RULES if any(row.rule == rule for row in rows)]
    figure, ax = _figure(1.1 + height * len(methods))
    for row in rows:
        at = rules.index(row.rule) if row.rule in rules else 0
        y = methods.index(row.method) + 0.7 * ((at + 0.5) / len(rules) - 0.5) if rules else 0
        style = {"color": _COLOURS[at], "marker": _MARKERS[at]}
        draw(ax, row, y, style)
    for at, rule in enumerate(rules):
        ax.plot([], [], _MARKERS[at], color=_COLOURS[at], label=rule, markersize=5)
    for y in range(1, len(methods)):
        ax.axhline(y - 0.5, color="#e0e0e0", linewidth=0.6)
    ax.set_yticks(range(len(methods)), [_text("\n".join(textwrap.wrap(m, 18))) for m in methods])
    ax.set_ylim(len(methods) - 0.5, -0.5)
    figure.legend(
        loc="outside upper left", ncols=4, fontsize=8, frameon=False, title="threshold by"
    )
    return figure, ax


def _panels(
    records: Sequence[Record],
    draw: Callable[[Axes, Record], None],
    frame: Callable[[Axes], None],
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Draw a small panel for each method, with a record of each split, by labels if there is."""
    order = {method: i for i, method in enumerate(METHODS)}
    found: dict[str, dict[int, Record]] = {}
    for record in sorted(
        records,
        key=lambda r: (order.get(r.method, 99), r.method, r.seed, r.rule != "labels", r.rule),
    ):
        found.setdefault(record.method, {}).setdefault(record.seed, record)
    lines = -(-len(found) // 3)
    figure = Figure(figsize=(_WIDTH, 0.5 + 1.75 * lines), layout="constrained")
    axes = figure.subplots(lines, 3, squeeze=False, sharex=True, sharey=True)
    for ax in axes.flat[len(found) :]:
        ax.remove()
    for ax, (method, of_method) in zip(axes.flat, found.items(), strict=False):
        frame(ax)
        for record in of_method.values():
            draw(ax, record)
        ax.set_label(method)
        ax.set_title(_text("\n".join(textwrap.wrap(method, 18))), fontsize=8)
        ax.tick_params(labelsize=7, labelbottom=True)
    figure.supxlabel(xlabel, fontsize=9)
    figure.supylabel(ylabel, fontsize=9)
    return figure


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    ax = figure.subplots()
    ax.tick_params(labelsize=8)
    ax.xaxis.label.set_fontsize(9)
    ax.yaxis.label.set_fontsize(9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return figure, ax


def _text(words: str) -> str:
    """Return words that matplotlib does not take for a formula."""
    return words.replace("$", r"\$")
