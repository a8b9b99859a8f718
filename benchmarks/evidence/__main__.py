"""``python -m benchmarks.evidence``: run the studies, or what is left of them, and report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import (
    added,
    few_rows,
    groups,
    images,
    imbalance,
    multilabel,
    noise,
    ordinal,
    paper,
    report,
    run,
    segmentation,
    steering,
    store,
    tables,
)
from .study import Missing, Study

ROOT = Path(__file__).resolve().parents[2]
RESULTS, SCRATCH = ROOT / "benchmarks" / "results", ROOT / "build" / "evidence"
STUDIES: tuple[Study, ...] = (
    tables.STUDY,
    few_rows.STUDY,
    groups.STUDY,
    noise.STUDY,
    imbalance.STUDY,
    paper.STUDY,
    steering.STUDY,
    multilabel.STUDY,
    ordinal.STUDY,
    images.STUDY,
    segmentation.STUDY,
)
console = Console()


def main(
    only: Annotated[
        str | None, typer.Option(help="One study, by its name.", show_default=False)
    ] = None,
    data: Annotated[Path, typer.Option(help="The folder of data.")] = ROOT.parent / "shared/data",
    jobs: Annotated[int, typer.Option(min=1, help="How many processes work.")] = 2,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Run nothing: report what was run.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to: benchmarks/results for all studies, build/evidence for one.",
            show_default=False,
        ),
    ] = None,
    add: Annotated[
        Path | None,
        typer.Option(help="Another table, .csv or .parquet: what it changes.", show_default=False),
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column of its two labels.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column that is no feature.")] = None,
) -> None:
    """Measure where soft counts help; what was run before is not run again."""
    if (add is None) != (target is None):
        raise typer.BadParameter("--add and --target go together", param_hint="--target")
    studies = STUDIES
    if only is not None:
        studies = tuple(study for study in STUDIES if study.name == only)
        if not studies:
            names = ", ".join(study.name for study in STUDIES)
            raise typer.BadParameter(f"must be one of {names}, got {only!r}", param_hint="--only")
    if add is not None and target is not None:
        _add(add, target, drop or (), jobs, output or SCRATCH)
        return
    folder = output or (SCRATCH if only else RESULTS)
    skipped: dict[str, str] = {}
    failed: dict[str, str] = {}
    if report_only:
        records = {x.name: store.read(store.path_of(SCRATCH, x.name)) for x in studies}
        on = report.describe()
        if not any(records.values()) and (folder / report.RUNS).exists():
            header, records = report.read(folder / report.RUNS)
            skipped, on = header["skipped"], header["machine"]
    else:
        plan = run.planned(studies, data)
        skipped |= plan.skipped
        failed = _work(studies, plan, data, jobs, skipped)
        records = {
            x.name: store.of_plan(plan.units[x.name], store.read(store.path_of(SCRATCH, x.name)))
            for x in studies
        }
        on = report.describe()
    for path in report.write(folder, studies, records, skipped, on):
        console.print(f"Written: {path}", markup=False)
    _tell(skipped, failed)


def _work(
    studies: Sequence[Study], plan: run.Plan, data: Path, jobs: int, skipped: dict[str, str]
) -> dict[str, str]:
    """Do what is left, say how far it is, and return what failed; add what is skipped."""
    failed = {}
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    start, fresh = time.monotonic(), 0
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task("", total=None)
        for outcome, done, total in run.finish(studies, plan, data, SCRATCH, jobs):
            fresh += 1
            name = f"{outcome.unit.study}: {outcome.unit.name}"
            if outcome.skipped:
                skipped[name] = outcome.skipped
            if outcome.failed:
                failed[name] = outcome.failed
            progress.update(task, completed=done, total=total, description=name)
            if not console.is_terminal:
                minutes = (time.monotonic() - start) / 60
                left = minutes / fresh * (total - done)
                print(f"{done} of {total}, {left:.0f} minutes left: {name}", flush=True)
    return failed


def _add(path: Path, target: str, drop: Sequence[str], jobs: int, folder: Path) -> None:
    try:
        study = added.study_of(path, target, drop)
    except Missing as reason:
        raise typer.BadParameter(str(reason), param_hint="--add") from reason
    there = store.read(store.path_of(SCRATCH, tables.NAME))
    if not there and (RESULTS / report.RUNS).exists():
        there = report.read(RESULTS / report.RUNS)[1].get(tables.NAME, [])
    plan, skipped = run.planned([study], path.parent), {}
    failed = _work([study], plan, path.parent, jobs, skipped)
    records = store.of_plan(plan.units[study.name], store.read(store.path_of(SCRATCH, study.name)))
    _tell(skipped, failed)
    text = added.compared(report.rows_of(there), report.rows_of(records))
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "added.md"
    written.write_text(f"## {study.title}\n\n{text}", encoding="utf-8")
    print(text.split("\n\n### ")[0])
    console.print(f"Written: {written}", markup=False)


def _tell(skipped: dict[str, str], failed: dict[str, str]) -> None:
    for name, reason in skipped.items():
        console.print(f"Skipped: {name}: {reason}", markup=False)
    for name, reason in failed.items():
        console.print(f"Failed: {name}: {reason}", style="red", markup=False)
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
