"""Finished units on disk: a line of JSON for each, so that a run that was killed continues."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .study import Unit

Record = dict[str, Any]  # unit, seconds, cpu_seconds, versions, rows
PACKAGES = (
    "softset",
    "numpy",
    "jax",
    "torch",
    "scikit-learn",
    "imbalanced-learn",
    "xgboost",
    "xgboost-cpu",
    "lightgbm",
    "pandas",
)


def path_of(folder: Path, study: str) -> Path:
    """Return the file of a study."""
    return folder / f"{study}.jsonl"


def read(path: Path) -> list[Record]:
    """Return the last record of every unit, without a line that was cut short."""
    if not path.exists():
        return []
    *whole, _ = path.read_text(encoding="utf-8").split("\n")
    found = {record["unit"]["name"]: record for record in map(json.loads, whole)}
    return list(found.values())


def append(path: Path, record: Record) -> None:
    """Add a record; a last line that was cut short goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        file.seek(0)
        there = file.read()
        file.truncate(there.rfind(b"\n") + 1)
        file.write(json.dumps(record).encode() + b"\n")


def left(units: Iterable[Unit], records: Iterable[Record]) -> list[Unit]:
    """Return the units that are not done, with these arguments."""
    done = {_key(record["unit"]) for record in records}
    return [unit for unit in units if _key(unit._asdict()) not in done]


def of_plan(units: Sequence[Unit], records: Iterable[Record]) -> list[Record]:
    """Return the records of these units."""
    planned = {_key(unit._asdict()) for unit in units}
    return [record for record in records if _key(record["unit"]) in planned]


def _key(unit: dict[str, Any]) -> str:
    return json.dumps(unit, sort_keys=True)


def versions() -> dict[str, str]:
    """Return what is installed of what the studies use."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
