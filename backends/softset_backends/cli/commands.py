"""The commands of ``softset``: info, check and demo, and those for a file of predictions."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

import softset as ss

from .. import registry, vendoring
from ..check import cases
from ..check.loss import check_loss
from ..check.processes import run_all
from ..check.report import TOLERANCES, GradientReport, GradientRow, cells
from ..check.target import TargetError, lengths, loaded
from ..quiet import quiet
from .comparison import compare
from .libraries import LIBRARIES
from .of_predictions import evaluate, threshold
from .output import console as wide_console
from .output import print_cells, stop

# The first ones tell what is wrong, the rest that it is so elsewhere as well.
_MOST_FINDINGS = 12

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"softset {ss.__version__}")
        raise typer.Exit


@app.callback()
def softset(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Train on the metric you report: tools that come with the library."""


Backends = Annotated[
    list[str] | None,
    typer.Option("--backend", help="Only this backend; may be repeated. All installed by default."),
]


@app.command()
def info() -> None:
    """Show what is installed, and how to install what is not."""
    rows = [("", "version", "device"), ("softset", ss.__version__, "")]
    rows.append(("python", platform.python_version(), ""))
    installed = registry.available()
    for name in registry.NAMES:
        if name not in installed:
            rows.append((name, "not installed", registry.pip_command(name)))
            continue
        with quiet():
            device = registry.get(name).device()
        rows.append((name, sys.modules[name].__version__, device))
    print_cells(rows)
    rows = [("library", "version", "for")]
    for library in LIBRARIES:
        found = library.version
        install = f"{library.use}: pip install 'softset[{library.extra}]'"
        rows.append((library.package, found or "not installed", library.use if found else install))
    print_cells(rows)


@app.command()
def check(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A loss of your own as FILE.py:FUNCTION, called as function(y_true, y_prob). "
            "Without it softset's own are checked.",
            metavar="FILE.py:FUNCTION",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Every step with every metric in every way to count, eager and compiled, instead "
            "of a sample. It takes most of an hour on two cores. Only torch.compile's code "
            "generation, by far the slowest, is content with every pair of the three; as "
            "aot_eager, without code generation, torch.compile runs everything.",
        ),
    ] = False,
    backend: Backends = None,
    shape: Annotated[
        str, typer.Option(help="Shape of the arrays for a loss of your own, such as 64,3.")
    ] = "64",
    logits: Annotated[
        bool, typer.Option("--logits", help="Call a loss of your own with logits.")
    ] = False,
) -> None:
    """Compare gradients on every backend with dual numbers and central differences."""
    console = wide_console()
    try:
        backends = _chosen(backend)
        if target is None:
            report = _check_own(console, backends, full=full)
        else:
            report = _check_target(console, backends, target, shape, logits=logits)
    except (TargetError, ValueError, ImportError) as error:
        stop(error)
    console.print(_table(report))
    for text in (*report.findings[:_MOST_FINDINGS], *report.notes):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if len(report.findings) > _MOST_FINDINGS:
        console.print(f"... and {len(report.findings) - _MOST_FINDINGS} more")
    if report.passed:
        console.print("[green]all within tolerance[/]")
        return
    worst = report.worst
    if worst is not None and worst.ratio > 1:
        console.print(f"[red]above tolerance;[/] the worst: {escape(str(worst))}", soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the report and the picture.")] = Path(
        "softset-demo"
    ),
    backend: Backends = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training rows.")
    ] = None,
) -> None:
    """Train on real imbalanced data in each framework, with cross-entropy and with F1."""
    try:
        from .. import demo as module

        module.run(output, backends=backend or None, epochs=epochs)
    except (ValueError, ImportError, OSError) as error:
        stop(error)


@app.command()
def vendor(
    dest: Annotated[Path, typer.Argument(help="The folder, such as yourproject/_vendor.")],
    name: Annotated[str, typer.Option(help="What to call the copy.")] = "softset",
    include_compat: Annotated[
        bool | None,
        typer.Option(
            "--include-compat/--no-include-compat",
            help="Copy array-api-compat into it as well: by default if the copy there has it.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say whether the copy there is unchanged and current."),
    ] = False,
) -> None:
    """Copy softset into another package, with a stamp of its version and hashes."""
    place = dest / name
    if check:
        problems = vendoring.problems_of(dest, name=name)
        typer.echo("\n".join(f"{place}: {text}" for text in problems or ["unchanged and current"]))
        raise typer.Exit(bool(problems))
    try:
        vendoring.vendor(dest, name=name, include_compat=include_compat)
    except (ValueError, OSError) as error:
        stop(error)
    typer.echo(f"softset {ss.__version__} copied to {place}")


app.command()(compare)
app.command()(evaluate)
app.command()(threshold)


def _check_own(console: Console, backends: Sequence[str], *, full: bool) -> GradientReport:
    """Run the sample, or everything, with a progress bar."""
    report = GradientReport()
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), Elapsed())
    text = TextColumn("{task.description}")
    with Progress(*columns, text, console=console, transient=True) as progress:
        task = progress.add_task("importing", total=None)
        with quiet():
            jobs = (cases.every_job if full else cases.sample_jobs)(backends)
        progress.update(task, total=len(jobs), description="")
        found = _in_processes(jobs, backends) if full else _one_by_one(progress, jobs, backends)
        for part in found:
            report = report + part
            progress.advance(task)
    return report


def _one_by_one(
    progress: Progress, jobs: Sequence[cases.Job], backends: Sequence[str]
) -> Iterator[GradientReport]:
    """Yield the reports of a few jobs, each named while it runs."""
    for job in jobs:
        description = escape(f"{job.case} ({', '.join(job.modes)})")
        progress.update(progress.task_ids[0], description=description)
        with quiet():
            report = cases.run(job, backends)
        yield report


def _in_processes(jobs: Sequence[cases.Job], backends: Sequence[str]) -> Iterator[GradientReport]:
    """Yield the reports of many jobs."""
    return run_all(jobs, backends, processes=min(4, os.cpu_count() or 1))


def _check_target(
    console: Console, backends: Sequence[str], target: str, shape: str, *, logits: bool
) -> GradientReport:
    """Check a user's function on data that are drawn for it."""
    options = {"shape": lengths(shape), "logits": logits, "backends": backends, "name": target}
    with loaded(target) as function, console.status("checking"), quiet():
        try:
            return check_loss(function, **options)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TargetError(f"{target} cannot be checked: {error}") from error


def _chosen(backend: Sequence[str] | None) -> tuple[str, ...]:
    """Return the backends asked for, or all that are installed."""
    chosen = tuple(dict.fromkeys(backend or registry.available()))
    with quiet():
        for name in chosen:
            registry.get(name)
    return chosen


def _table(report: GradientReport) -> Table:
    table = Table(box=SIMPLE_HEAD, caption_justify="left", padding=(0, 1, 0, 0))
    for title in ("backend", "mode", "dtype"):
        table.add_column(title, no_wrap=True)
    for referee in ("dual\nnumbers", "other\nbackends", "central\ndifferences"):
        table.add_column(f"{referee}\nvalue", justify="right", no_wrap=True)
        table.add_column("\n\ngradient", justify="right", no_wrap=True)
    table.add_column("cases", justify="right")
    blamed = any(row.blamed for row in report.rows)
    for row in report.rows:
        wrong = row.blamed or not (_within(row) or blamed)
        table.add_row(*cells(row), style="red" if wrong else "")
    table.caption = "largest relative disagreement with each referee"
    return table


def _within(row: GradientRow) -> bool:
    return GradientReport((row,)).within(TOLERANCES)
