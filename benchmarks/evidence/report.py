"""The report of all studies, and the file with every run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..speed import machine
from . import headlines
from .effects import markdown
from .store import Record
from .study import Row, Study

Records = Mapping[str, Sequence[Record]]  # by the name of the study
TEXT, RUNS = "evidence.md", "evidence.jsonl.gz"


def describe() -> dict[str, Any]:
    """Return what the studies ran on."""
    return {k: v for k, v in machine.describe("cpu").items() if k != "packages"}


def rows_of(records: Sequence[Record]) -> list[Row]:
    """Return the rows of all units."""
    return [row for record in records for row in record["rows"]]


def write(
    folder: Path,
    studies: Sequence[Study],
    records: Records,
    skipped: Mapping[str, str],
    on: Mapping[str, Any],
) -> list[Path]:
    """Write both files, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    text, runs = folder / TEXT, folder / RUNS
    text.write_text(markdown_of(studies, records, skipped, on), encoding="utf-8")
    header = {"machine": on, "skipped": skipped}
    lines = [header, *(record for study in studies for record in records.get(study.name, ()))]
    packed = "".join(json.dumps(line) + "\n" for line in lines).encode()
    # Without the time, so that the same runs make the same file.
    runs.write_bytes(gzip.compress(packed, mtime=0))
    return [text, runs]


def read(path: Path) -> tuple[dict[str, Any], dict[str, list[Record]]]:
    """Return the header and the records by study of a file that `write` wrote."""
    header, *lines = map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())
    found: dict[str, list[Record]] = {}
    for record in lines:
        found.setdefault(record["unit"]["study"], []).append(record)
    return header, found


def markdown_of(
    studies: Sequence[Study],
    records: Records,
    skipped: Mapping[str, str],
    on: Mapping[str, Any],
) -> str:
    """Return the report: what was done, on what, and a section for each study."""
    every = [record for study in studies for record in records.get(study.name, ())]
    parts = ["# Where soft counts help, and where they do not\n", _done(every, on)]
    lines = [
        [study.title, str(len(some)), str(len(rows_of(some))), _minutes(some)]
        for study in studies
        if (some := records.get(study.name, ()))
    ]
    parts.append(markdown(["study", "units", "rows", "processor minutes"], lines))
    if skipped:
        parts.append("Skipped:\n\n" + "".join(f"- {k}: {v}\n" for k, v in skipped.items()))
    short = headlines.headlines(
        {study.name: rows_of(records.get(study.name, ())) for study in studies}
    )
    if short:
        parts.append(f"## In short\n\n{headlines.markdown(short)}")
    for study in studies:
        rows = rows_of(records.get(study.name, ()))
        if rows:
            parts.append(f"## {study.title}\n\n{study.report(rows).rstrip()}\n")
    return "\n".join(parts)


def _done(records: Sequence[Record], on: Mapping[str, Any]) -> str:
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, version in record["versions"].items():
            versions.setdefault(name, set()).add(version)
    packages = ", ".join(f"{k} {' and '.join(sorted(v))}" for k, v in sorted(versions.items()))
    return (
        "`python -m benchmarks.evidence`, from a checkout, with the data in a folder: "
        "`--data FOLDER`. A run that was stopped continues. Nothing is chosen by test rows: "
        "settings, stopping and thresholds are those that validation rows prefer, with the same "
        "number of settings and updates for every method. "
        f"`{RUNS}` has every run: a line for each unit with its arguments, seconds, versions, and "
        "a row for each split and threshold with the settings that were chosen. "
        "`--add FILE --target COLUMN` runs the first study on another file, and says what becomes "
        "of its conclusion.\n\n"
        f"{on.get('date', '')}; {on.get('cpu', '')}, {on.get('cores', '')} cores, "
        f"{on.get('memory_gb', '')} GB; {on.get('system', '')}; Python {on.get('python', '')}; "
        f"{packages}. In all {_minutes(records)} minutes of a processor.\n"
    )


def _minutes(records: Sequence[Record]) -> str:
    spent = sum(record.get("cpu_seconds", record["seconds"]) for record in records)
    return f"{spent / 60:.1f}"
