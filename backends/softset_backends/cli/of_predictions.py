"""The commands for a file of predictions: evaluate and threshold."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from softset.metrics import larger_is_better
from softset.metrics.options import name_of

from ..markdown import markdown
from . import evaluation, pictures
from .metric_names import bound, complete, named
from .output import console, print_cells, stop
from .predictions import read
from .tuning import tuned

_DEFAULT = ("precision", "recall", "specificity", "f1", "matthews_corrcoef")
_METRIC = "of softset.metrics, its options behind a colon: fbeta:2, expected_cost:fp=1,fn=5"

File = Annotated[
    Path, typer.Argument(help="Predictions, a row for each: .csv or .parquet.", metavar="FILE")
]
Target = Annotated[str, typer.Option(help="The column of the labels, 0 and 1.")]
Score = Annotated[str, typer.Option(help="The column of the model's probabilities.")]
Logits = Annotated[bool, typer.Option("--logits", help="The scores are logits.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def evaluate(
    file: File,
    target: Target,
    score: Score,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column whose values are groups to compare; may be repeated."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A metric {_METRIC}; may be repeated. By default {', '.join(_DEFAULT)}.",
            autocompletion=complete,
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Rows count as positive from this probability on.")
    ] = 0.5,
    logits: Logits = False,
    as_json: Json = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a table in Markdown.")
    ] = False,
    plots: Annotated[
        Path | None, typer.Option(help="A folder to draw curves and metrics in, as PNG files.")
    ] = None,
) -> None:
    """Evaluate a file of predictions: metrics with intervals, also by group."""
    try:
        if as_json and as_markdown:
            raise ValueError("`--json` and `--markdown` are two forms of one output; pass one")
        _require_threshold(threshold, logits=logits)
        metrics = named(metric or _DEFAULT)
        predictions = read(file, target, score, by or (), logits=logits)
        paths = [] if plots is None else pictures.files(plots, groups=bool(by))
        report = None
        if by:
            report = evaluation.by_group(predictions, metrics, threshold, logits=logits)
            found = evaluation.of_groups(report, by)
        else:
            found = evaluation.of_all(predictions, metrics, threshold, logits=logits)
        if paths:
            pictures.draw(paths, predictions, metrics, threshold, report, logits=logits)
    except (ValueError, TypeError, ImportError) as error:
        stop(error)
    if as_json:
        head = {"file": str(file), "target": target, "score": score, "threshold": threshold}
        _print_json(head | {"confidence": evaluation.CONFIDENCE} | found.numbers)
        return
    said = _said(file, threshold, found.numbers["all"])
    if as_markdown:
        typer.echo(f"{said}\n\n{markdown(found.cells)}")
        return
    _say(said)
    print_cells(found.cells, found.sections, justify="right")
    if paths:
        _say(f"drawn: {', '.join(map(str, paths))}")


def threshold(
    file: File,
    target: Target,
    score: Score,
    metric: Annotated[
        str, typer.Option(help=f"The metric to be best, {_METRIC}.", autocompletion=complete)
    ],
    subject_to: Annotated[
        list[str] | None,
        typer.Option(
            help="A bound to keep, as in 'precision >= 0.9' or 'false_positive_rate <= 0.05'; may "
            "be repeated."
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            help="The probability, such as 0.95, with which the bounds hold in the population, "
            "not only on these rows."
        ),
    ] = None,
    logits: Logits = False,
    as_json: Json = False,
) -> None:
    """Find the threshold at which a metric of a file of predictions is best."""
    try:
        (chosen,) = named([metric])
        if larger_is_better(chosen) is None:
            raise ValueError(
                f"`--metric` must have a best value, and {metric} is neither better when larger "
                "nor when smaller"
            )
        constraints = tuple(bound(text) for text in subject_to or ())
        if confidence is not None and not constraints:
            raise ValueError(
                "`--confidence` is that of the bounds of `--subject-to`, got none; without bounds "
                "an interval of the threshold is shown anyway"
            )
        predictions = read(file, target, score, logits=logits)
        best = tuned(predictions, chosen, constraints, confidence, logits=logits)
        at = best.threshold
        if math.isinf(at):
            raise ValueError(
                f"{name_of(chosen)} is best where no row is positive, and as there are scores of "
                "1 no probability is such a threshold"
            )
    except (ValueError, TypeError, ImportError) as error:
        stop(error)
    c = evaluation.counted(predictions, at, logits=logits)
    counts = evaluation.counts_of(c)
    kept = {str(constraint): float(constraint.metric(c)) for constraint in constraints}
    if as_json:
        head = {"file": str(file), "target": target, "score": score, "metric": name_of(chosen)}
        bounds = {name: evaluation.number(x) for name, x in kept.items()}
        _print_json(head | best.numbers() | {"subject_to": bounds} | counts)
        return
    _say(_said(file, at, counts))
    bounds = ((name, "", f"{x:.{evaluation.DIGITS}f}") for name, x in kept.items())
    print_cells([*best.cells(name_of(chosen)), *bounds])
    _say(best.said())


def _require_threshold(threshold: float, *, logits: bool) -> None:
    if not (0 < threshold < 1 if logits else 0 <= threshold <= 1):
        raise ValueError(
            f"`--threshold` must lie {'strictly between 0 and 1' if logits else 'in [0, 1]'}, got "
            f"{threshold}; it is a probability, also with --logits"
        )


def _said(file: Path, threshold: float, counts: dict[str, Any]) -> str:
    n, positives, tp, fp, fn, tn = (counts[x] for x in ("n", "positives", "tp", "fp", "fn", "tn"))
    return (
        f"{file}: {n} rows, {positives} positive; at threshold {threshold:.6g}: "
        f"tp {tp}, fp {fp}, fn {fn}, tn {tn}"
    )


def _say(text: str) -> None:
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def _print_json(found: dict[str, Any]) -> None:
    typer.echo(json.dumps(found, indent=2, allow_nan=False))
