"""The command that trains in every way that may help on data of your own: compare."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Left

from .metric_names import bound, complete, named
from .output import console as wide_console
from .output import print_cells, stop

_METRIC = "of softset.metrics, its options behind a colon: fbeta:2, expected_cost:fp=1,fn=5"


def compare(
    file: Annotated[
        Path | None,
        typer.Argument(help="A row for each example: .csv or .parquet.", metavar="FILE"),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column to predict, of two values.")
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(
            help="The value of the target that is positive, all others are negative. By default 1 "
            "of 0 and 1, and the rarer of two other values."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Instead of a file: digits-8 or breast-cancer, of scikit-learn."),
    ] = None,
    openml: Annotated[
        str | None, typer.Option(help="Instead of a file: a data set's name on openml.org.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column that is no feature; may be repeated.")
    ] = None,
    metric: Annotated[
        str, typer.Option(help=f"The metric to be best, {_METRIC}.", autocompletion=complete)
    ] = "f1",
    group: Annotated[
        str | None,
        typer.Option(help="The column of groups whose rates shall be near each other."),
    ] = None,
    max_gap: Annotated[float, typer.Option(help="The largest gap between groups.")] = 0.03,
    of: Annotated[
        str, typer.Option(help="The metric whose gap it is.", autocompletion=complete)
    ] = "recall",
    subject_to: Annotated[
        str | None,
        typer.Option(
            help="Without groups, a bound to keep, as in 'precision >= 0.9' or "
            "'false_positive_rate <= 0.05'."
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            help="The probability, such as 0.95, with which that bound is to hold in the "
            "population: thresholds that show it are tried too, and preferred."
        ),
    ] = None,
    equivalent: Annotated[
        float, typer.Option(help="The difference of the metric that makes none to you.")
    ] = 0.01,
    backend: Annotated[
        str, typer.Option(help="Whose loop trains: torch, jax, tensorflow or numpy.")
    ] = "torch",
    models: Annotated[
        list[str] | None,
        typer.Option(help="linear, mlp or boosting; may be repeated. All by default."),
    ] = None,
    methods: Annotated[
        list[str] | None,
        typer.Option(help="A method by its name in the table; may be repeated. All by default."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many splits of the rows.")] = 5,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; as many as processors by default.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for records and reports; a run continues its records.")
    ] = Path("softset-compare"),
) -> None:
    """Compare ways of training on your data: losses, weights, resampling, thresholds.

    Settings and thresholds are chosen on validation rows, and judged on test rows.
    """
    try:
        of_metric, of_gap = _metric("--metric", metric), _metric("--of", of)
        data, column = _data(file, dataset, openml, target)
        _run(
            data,
            wide_console(),
            out,
            equivalent,
            target=column,
            positive=positive,
            metric=of_metric,
            group=group,
            max_gap=max_gap,
            of=of_gap,
            subject_to=None if subject_to is None else bound(subject_to),
            confidence=confidence,
            drop=drop or (),
            backend=backend,
            models=models,
            methods=methods,
            seeds=seeds,
            jobs=(os.cpu_count() or 1) if jobs is None else jobs,
        )
    except (ValueError, TypeError, ImportError) as error:
        stop(error)


def _run(data: Any, console: Console, out: Path, equivalent: float, **options: Any) -> None:
    """Fit, write the reports and print what they say."""
    # TensorFlow's notices at start-up would tear the progress bar; one is about oneDNN.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with console.status("importing"):
        from .. import compare as module
        from ..compare.plan import planned
        from ..compare.records import read
        from ..compare.runner import RECORDS
        from ..compare.tables import overview
    grouped = options["group"] is not None
    question = module.Question(
        options["metric"],
        equivalent,
        max_gap=options["max_gap"] if grouped else None,
        of=options["of"] if grouped else None,
        **{name: options[name] for name in ("backend", "subject_to", "confidence")},
    )
    for reason in planned(options["models"], options["methods"], grouped=grouped).left_out:
        console.print(f"left out: {reason}", markup=False, highlight=False, soft_wrap=True)
    text = TextColumn("{task.description}")
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), Left())
    with Progress(*columns, text, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def tell(done: int, total: int, name: str) -> None:
            progress.update(task, completed=done, total=total, description=escape(name))

        records = module.compare(data, out=out, progress=tell, **options)
    header, _ = read(out / RECORDS)
    files = module.write(records, out, question, header=header)
    cells = overview(module.summarise(records, question), question)
    print_cells(cells.cells, cells.sections, justify="right")
    recommended = module.recommend(records, question)
    for line in (recommended.text, recommended.code, f"wrote {', '.join(map(str, files))}"):
        console.print(line + "\n", markup=False, highlight=False, soft_wrap=True)


def _metric(option: str, name: str) -> Any:
    try:
        (found,) = named([name])
    except ValueError as error:
        raise ValueError(str(error).replace("--metric", option)) from error
    return found


def _data(
    file: Path | None, dataset: str | None, openml: str | None, target: str | None
) -> tuple[Any, str]:
    """Return a path or a data frame, and its target."""
    given = [x for x in (file, dataset, openml) if x is not None]
    if len(given) != 1:
        got = ", ".join(map(str, given)) or "none"
        raise ValueError(f"one of `FILE`, `--dataset` and `--openml` must be given, got {got}")
    if file is not None:
        if target is None:
            raise ValueError(f"`--target` must name the column of {file} to predict, got none")
        return file, target
    from ..compare import sources

    if dataset is not None:
        return sources.built_in(dataset)
    return sources.openml(str(openml), target)
