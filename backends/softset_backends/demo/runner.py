"""One run of the demo: train, print what comes out, and write it down."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from threadpoolctl import threadpool_limits

from ..folders import files_in
from ..registry import available, get
from . import plots, report
from .data import PROBLEMS, Problem, problem
from .fit import LOSSES, Fit, fit, names

EPOCHS = 60
SPLITS = 5


@dataclass(frozen=True)
class DemoResult:
    """What a demo computed and wrote.

    Attributes
    ----------
    fits : tuple of Fit
        Every problem with every loss in every framework, on the first split.
    repeats : tuple of Fit
        Every problem with every loss on all splits, in the first framework.
    report, picture : Path
        The files.
    """

    fits: tuple[Fit, ...]
    repeats: tuple[Fit, ...]
    report: Path
    picture: Path


def run(
    output: Path = Path("softset-demo"),
    backends: Sequence[str] | None = None,
    epochs: int | None = None,
) -> DemoResult:
    """Train on real data in each framework, print what comes out, and write a report.

    Parameters
    ----------
    output : Path
        Folder for ``report.md`` and ``curves.png``; made if it is not there.
    backends : sequence of str, optional
        Names of frameworks; all that are installed by default.
    epochs : int, optional
        Passes over the training rows, 60 by default.

    Returns
    -------
    DemoResult
        The trained networks' scores and the paths of the files.

    Raises
    ------
    ValueError
        If a backend is unknown, none is named, `epochs` is not positive, or the files cannot be
        written to `output`.
    ImportError
        If a backend is not installed.
    """
    chosen = available() if backends is None else tuple(dict.fromkeys(backends))
    epochs = EPOCHS if epochs is None else epochs
    if not chosen:
        raise ValueError("`backends` must name at least one backend, got none")
    if epochs < 1:
        raise ValueError(f"`epochs` must be at least 1, got {epochs}")

    # TensorFlow's notices at start-up would tear the progress bar; one is about oneDNN.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    console = Console()
    started = time.perf_counter()
    with console.status("importing"):
        for name in chosen:
            get(name)
    page, picture = files_in("output", Path(output), ("report.md", "curves.png"))
    problems = [
        problem(name, seed=seed, epochs=epochs) for seed in range(SPLITS) for name in PROBLEMS
    ]
    # More than one thread slows down networks this small, on a busy machine twentyfold.
    with threadpool_limits(limits=1):
        fits, repeats = _train(console, problems, chosen)
    result = DemoResult(fits, repeats, page, picture)
    plots.draw(result.picture, fits, repeats)
    report.write(result.report, result.picture, fits, repeats)
    _print(console, result, time.perf_counter() - started)
    return result


def _train(
    console: Console, problems: Sequence[Problem], backends: Sequence[str]
) -> tuple[tuple[Fit, ...], tuple[Fit, ...]]:
    """Return the fits of the first split in each framework, and of all splits in the first one."""
    # Problem by problem, so that a framework's curves are made side by side.
    first, others = problems[: len(PROBLEMS)], problems[len(PROBLEMS) :]
    runs = [(p, loss, name) for p in first for loss in LOSSES for name in backends]
    runs += [(p, loss, backends[0]) for p in others for loss in LOSSES]
    percent = TextColumn("{task.percentage:>3.0f}%")
    columns = (TextColumn("{task.description}"), BarColumn(), percent, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=sum(len(p.batches) for p, _, _ in runs))
        fits = []
        for p, loss, name in runs:
            progress.update(task, description=f"{p.name}, {loss}, {name}")
            fits.append(fit(p, loss, name, lambda: progress.advance(task)))
    count = len(first) * len(LOSSES) * len(backends)
    repeats = [f for f in fits[:count] if f.backend == backends[0]] + fits[count:]
    return tuple(fits[:count]), tuple(repeats)


def _print(console: Console, result: DemoResult, seconds: float) -> None:
    """Print the tables and what they say."""
    tables = [report.scores(name, result.fits) for name in names(result.fits)]
    if len({f.backend for f in result.fits}) > 1:
        tables.append(report.agreement(result.fits))
    tables.append(report.repeated(result.repeats))
    for table in tables:
        console.print(report.rich_table(table), "")
    for sentence in report.findings(result.repeats):
        console.print(f"* {sentence}", highlight=False)
    # A path that is wrapped can neither be clicked nor copied.
    done = f"\nwrote {result.report} and {result.picture} after {seconds:.0f} s"
    console.print(done, markup=False, soft_wrap=True)
