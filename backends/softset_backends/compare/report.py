"""The files of a comparison: every fit, the summary, and a report for a browser."""

from __future__ import annotations

import csv
import html
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..folders import files_in
from ..markdown import markdown
from .question import Question
from .recommendation import Recommendation, recommend, tested
from .records import Record
from .summary import Row, by_key, summarise
from .tables import flat_record, flat_row, overview

FORMATS = {
    "csv": ("summary.csv", "fits.csv"),
    "json": ("report.json",),
    "markdown": ("report.md",),
    "html": ("report.html",),
}


class _Report:
    """What the files are made of."""

    def __init__(self, records: Iterable[Record], question: Question, header: Any) -> None:
        self.records = [r for found in by_key(records, question).values() for r in found]
        self.question = question
        self.header = list(_flat(header))
        self.rows: list[Row] = summarise(self.records, question)
        self.recommendation: Recommendation = recommend(self.records, question)


def write(
    records: Iterable[Record],
    folder: Path | str,
    question: Question,
    *,
    header: Mapping[str, Any] | None = None,
    formats: Sequence[str] = tuple(FORMATS),
) -> list[Path]:
    """Write what a comparison found.

    Parameters
    ----------
    records : iterable of Record
        What was fitted, in any order: the files do not depend on it.
    folder : path
        Where to; it is made if it is not there.
    question : Question
        The metric, what difference of it is one, and the bound on a gap if there is one.
    header : mapping, optional
        What the reader has to know: the command, the data, versions, times. Mappings in it are
        written out.
    formats : sequence of str, default ("csv", "json", "markdown", "html")
        Which files: summary.csv and fits.csv, report.json, report.md, report.html. The last one
        has the pictures, and needs no other file.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    ValueError
        If a format is unknown, if the folder cannot be written to, or as `recommend` does.

    Examples
    --------
    >>> import tempfile
    >>> from softset_backends.compare import Budget, Question, compare, write
    >>> from softset_backends.compare.sources import built_in
    >>> frame, target = built_in("breast-cancer")
    >>> options = {"models": ["linear"], "methods": ["cross-entropy"], "budget": Budget(updates=40)}
    >>> records = compare(frame, target=target, backend="numpy", seeds=2, **options)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print([path.name for path in write(records, folder, Question(), formats=["csv"])])
    ['summary.csv', 'fits.csv']
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"`formats` must be of {', '.join(FORMATS)}, got {unknown[0]!r}")
    found = _Report(records, question, header or {})
    names = [name for chosen in formats for name in FORMATS[chosen]]
    files = files_in("folder", Path(folder), names)
    for file in files:
        file.write_text(_WRITERS[file.name](found), encoding="utf-8", newline="")
    return files


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "" if _unknown(v) else v for k, v in row.items()})
    return text.getvalue()


def _summary_csv(found: _Report) -> str:
    return _csv([flat_row(row) for row in found.rows])


def _fits_csv(found: _Report) -> str:
    return _csv([flat_record(record) for record in found.records])


def _json(found: _Report) -> str:
    question = found.question
    content = {
        "header": dict(found.header),
        "question": {
            "metric": question.name,
            "larger_is_better": question.sign > 0,
            "equivalent": question.equivalent,
            "gap": question.gap_name if question.of else None,
            "max_gap": question.max_gap,
            "subject_to": str(question.subject_to) if question.subject_to else None,
            "confidence": question.confidence,
            "test_ratio": question.test_ratio,
        },
        "recommendation": found.recommendation._asdict(),
        "summary": [flat_row(row) for row in found.rows],
        "fits": [record._asdict() for record in found.records],
    }
    return json.dumps(_known(content), indent=1, allow_nan=False) + "\n"


def _markdown(found: _Report) -> str:
    recommended = found.recommendation
    cells = overview(found.rows, found.question).cells
    given = [["", ""], *([_plain(k), _plain(v)] for k, v in found.header)]
    parts = [
        f"# What to train for {_plain(found.question.name)}",
        recommended.text,
        f"```python\n{recommended.code.strip()}\n```",
        "## All that was tried",
        f"{_reading(found.question)} {tested(found.rows)}",
        markdown(cells),
        *(["## How it was made", markdown(given)] if found.header else []),
    ]
    return "\n\n".join(parts) + "\n"


_READING = (
    "Means over splits of the metric on test rows, by how the threshold is chosen. The gain is "
    "that of a threshold tuned on labels over cross-entropy of the same model with such a "
    "threshold, positive where it is better, with its interval and the probability that it is "
    "practically worse, equal and better."
)


def _reading(question: Question) -> str:
    """Say how to read the table."""
    if question.subject_to is None:
        return _READING
    return (
        f"{_READING} Kept: on how many splits test rows kept {question.subject_to}, of those that "
        "have such a threshold."
    )


def _html(found: _Report) -> str:
    from . import pictures  # matplotlib takes a second to import

    question, models = found.question, []
    for name in dict.fromkeys(row.model for row in found.rows):
        rows = [row for row in found.rows if row.model == name]
        records = [record for record in found.records if record.model == name]
        drawn = [
            (
                "What it gains on cross-entropy with a tuned threshold",
                pictures.gains(rows, question),
            ),
            ("Mean ranks", pictures.ranks(rows)),
            ("Calibration", pictures.calibration(records)),
            ("The metric over the threshold", pictures.curves(records, question)),
        ]
        images = [(title, pictures.embedded(figure)) for title, figure in drawn]
        cells = [[line[1], *line[2:]] for line in overview(rows, question).cells]
        models.append({"name": name, "cells": cells, "images": images})
    # The recommended model comes first, and is open.
    models.sort(key=lambda model: model["name"] != found.recommendation.model)
    gap = None
    if any(row.test_gap.splits for row in found.rows):
        gap = pictures.embedded(pictures.tradeoff(found.rows, question))
    templates = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    fits = [flat_record(record) for record in found.records]
    names = list(dict.fromkeys(name for fit in fits for name in fit))
    return templates.get_template("report.html").render(
        question=question,
        recommendation=found.recommendation,
        models=models,
        gap=gap,
        reading=_reading(question),
        tested=tested(found.rows),
        header=found.header,
        names=names,
        fits=[[_short(fit.get(name)) for name in names] for fit in fits],
    )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) and value == value else _plain_text(value)


def _plain_text(value: Any) -> str:
    return "" if value is None or _unknown(value) else str(value)


def _plain(value: Any) -> str:
    """Return text that Markdown and its readers take for text."""
    return html.escape(str(value), quote=False).replace("`", "&#96;").replace("\n", " ")


def _flat(header: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    """Yield the entries of a mapping, and of those in it, as text."""
    for key, value in header.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key} ")
        elif isinstance(value, (list, tuple)):
            yield f"{above}{key}", ", ".join(map(str, value))
        else:
            yield f"{above}{key}", str(value)


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _known(value: Any) -> Any:
    """Return values with null for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _known(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_known(x) for x in value]
    return None if _unknown(value) else value


_WRITERS: dict[str, Callable[[_Report], str]] = {
    "summary.csv": _summary_csv,
    "fits.csv": _fits_csv,
    "report.json": _json,
    "report.md": _markdown,
    "report.html": _html,
}
