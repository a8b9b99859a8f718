"""The demo's tables, on the console and in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich import box
from rich.table import Table as RichTable

from .data import BATCH_SIZE, HIDDEN, Problem
from .fit import LEARNING_RATE, LOSSES, METRICS, MOMENTUM, Fit, f1_of, names, select, spread

CROSS_ENTROPY, F1_LOSS = LOSSES


class Table(NamedTuple):
    """A table of text; a row of nothing separates groups."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def scores(name: str, fits: Sequence[Fit]) -> Table:
    """Return the metrics on the test rows of one problem, for each loss and framework."""
    fits = select(fits, name=name)
    rows: list[list[str]] = []
    for loss in LOSSES:
        for at in (0, 1):
            for f in select(fits, loss=loss):
                threshold = f"{f.threshold:.3f}" if at else "0.5"
                numbers = [f"{f.scores[metric][at]:.3f}" for metric in METRICS]
                rows.append([loss, threshold, f.backend, *numbers])
            rows.append([])
    title = f"{name}, test rows: threshold 0.5, and tuned on the validation rows"
    return Table(title, ["loss", "threshold", "framework", *METRICS], rows[:-1])


def agreement(fits: Sequence[Fit]) -> Table:
    """Return how far the loss curves of any two frameworks are apart."""
    rows = []
    for name in names(fits):
        for loss in LOSSES:
            apart = spread(select(fits, name=name, loss=loss))
            numbers = [apart[0], apart[:10].max(), apart[:100].max(), apart.max()]
            rows.append([name, loss, str(len(apart)), *(f"{x:.1e}" if x else "0" for x in numbers)])
    header = ["data", "loss", "steps", "first", "first 10", "first 100", "all"]
    return Table("Largest difference between two frameworks' losses", header, rows)


def repeated(repeats: Sequence[Fit]) -> Table:
    """Return mean and standard deviation of F1 on the test rows over the splits."""
    rows: list[list[str]] = []
    for name in names(repeats):
        found = f1_of(name, repeats)
        gain = found[F1_LOSS] - found[CROSS_ENTROPY]
        rows += [[name, loss, *(mean_sd(x) for x in found[loss])] for loss in LOSSES]
        rows += [[name, "difference", *(mean_sd(x, "+") for x in gain)], []]
    header = ["data", "loss", "F1 at threshold 0.5", "F1 at the tuned one"]
    count = len(next(iter(found.values()))[0])
    return Table(f"Test F1 over {count} splits: mean ± standard deviation", header, rows[:-1])


def mean_sd(x: np.ndarray, sign: str = "") -> str:
    """Return a mean and a standard deviation as text."""
    return f"{x.mean():{sign}.3f} ± {x.std(ddof=1):.3f}"


def findings(repeats: Sequence[Fit]) -> list[str]:
    """Return in words what the splits say about each problem."""
    sentences = []
    for name in names(repeats):
        found = f1_of(name, repeats)
        fixed, tuned = found[F1_LOSS] - found[CROSS_ENTROPY]
        sentences.append(
            f"{name}: at 0.5 {_verdict(fixed)}; with both thresholds tuned {_verdict(tuned)}."
        )
    return sentences


def _verdict(gain: np.ndarray) -> str:
    if abs(gain.mean()) <= gain.std(ddof=1):
        return f"no difference beyond the spread of the splits ({mean_sd(gain, '+')})"
    ahead = "the F1 loss" if gain.mean() > 0 else "cross-entropy"
    return f"{ahead} is ahead ({mean_sd(gain, '+')})"


def rich_table(table: Table) -> RichTable:
    """Return a table for the console, without what the line above says already."""
    result = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name in table.header:
        if name in ("data", "loss", "threshold", "framework"):
            result.add_column(name, no_wrap=True)
        else:
            result.add_column(name, justify="right")
    above: Sequence[str] = ()
    for row in table.rows:
        same = 0
        while same < min(len(row), len(above)) and row[same] == above[same]:
            same += 1
        result.add_row(*[""] * same, *row[same:])
        above = row
    return result


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, without its title."""
    lines = [table.header, ["---"] * len(table.header), *(row for row in table.rows if row)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(path: Path, picture: Path, fits: Sequence[Fit], repeats: Sequence[Fit]) -> None:
    """Write the report."""
    backends = list(dict.fromkeys(f.backend for f in fits))
    problems = list({f.problem.name: f.problem for f in fits}.values())
    parts = [
        "# Training on F1 and on cross-entropy",
        f"Made by `softset demo` with {_versions(backends)}. Everything is fixed by seeds: another "
        "run on the same machine gives the same numbers.",
        f"![Loss curves, precision and recall, and step functions]({picture.name})",
        "From the top: the loss of every batch, curves of several frameworks over one another; "
        f"precision and recall on the test rows with {backends[0]}; at the bottom the step "
        "functions, F1 by threshold where the classes overlap most, what the F1 loss gains over "
        "all splits, and how far the frameworks are apart.",
        "## What was done",
        _protocol(backends, problems),
        markdown_table(_sizes(problems)),
        "## What came out",
        "\n".join(f"* {sentence}" for sentence in findings(repeats)),
        markdown_table(repeated(repeats)),
        f"Other splits, initial weights and batches each time, trained with {repeats[0].backend}. "
        "The splits are of the same data, so they are not independent; the difference is taken "
        "split by split, and one within its standard deviation is called none.",
        "## The frameworks follow the same curve",
        *_agreement_text(fits, backends),
        "## Test scores of the first split",
        *(f"### {name}\n\n{markdown_table(scores(name, fits))}" for name in names(fits)),
    ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _protocol(backends: Sequence[str], problems: Sequence[Problem]) -> str:
    steps = ", ".join(str(len(p.batches)) for p in problems)
    return (
        f"A ReLU network with one hidden layer of {HIDDEN} units was trained in float64 by "
        f"gradient descent with momentum (learning rate {LEARNING_RATE}, momentum {MOMENTUM}, "
        f"batches of {BATCH_SIZE}; {steps} steps) with `cross_entropy(from_logits=True)` and with "
        "`as_loss(f1, from_logits=True)`: the same settings for every data set and both losses, "
        f"the same initial weights and batches in {_joined(backends)}. The data are "
        "scikit-learn's, split 50:25:25 with the classes' shares kept and standardised by the "
        "training rows. The tuned threshold is the one with the largest F1 on the validation rows, "
        "out of all cuts between their scores. The test rows are used once, for the numbers below. "
        "8 is the digit that is hardest to tell from the rest; averaged to 2 x 2 pixels the "
        "classes overlap, and a threshold has to choose between precision and recall."
    )


def _sizes(problems: Sequence[Problem]) -> Table:
    rows = []
    for p in problems:
        parts = (p.train, p.valid, p.test)
        counts = [f"{len(part.labels)} ({int(part.labels.sum())})" for part in parts]
        rows.append([p.name, str(p.train.features.shape[1]), *counts])
    names = ["training", "validation", "test"]
    return Table("", ["data", "features", *(f"{n} (positive)" for n in names)], rows)


def _agreement_text(fits: Sequence[Fit], backends: Sequence[str]) -> list[str]:
    if len(backends) == 1:
        return [f"Only {backends[0]} was run: there is nothing to compare."]
    return [
        "The largest difference between the losses that any two frameworks report for the same "
        "step. It starts at the rounding of float64, 2e-16, and grows along training, as every "
        "step starts from the rounding of those before it.",
        markdown_table(agreement(fits)),
    ]


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _versions(backends: Sequence[str]) -> str:
    found = [f"{name} {import_module(name).__version__}" for name in backends]
    return f"Python {platform.python_version()}, {_joined(found)}"
