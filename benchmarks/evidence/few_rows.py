"""What helps where there are a few hundred rows: test rows are all the others."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from softset_backends.compare.cuts import Judge
from softset_backends.compare.data import Rows
from softset_backends.compare.methods import THEN
from softset_backends.compare.splits import Split, parted

from . import effects
from .fits import METRICS, SHORTER, fitted
from .sets import in_splits, loaded, of_arguments, readable
from .study import Missing, Row, Study, Unit

NAME = "few-rows"
SIZES, SEEDS = (200, 300, 900), 10
VALIDATION = 0.25
SHARE = 0.1  # of positives, so that 200 rows have twenty
MOST_TESTED = 5000
METHODS = ("cross-entropy", "class-weighted", THEN, "cross-entropy + metric")


def units(folder: Path) -> list[Unit]:
    """Return a unit for each table with enough positives, number of rows, model and method."""
    found = []
    for table in readable(folder):
        given = loaded(str(folder), table)
        if min(given.y.mean(), 1 - given.y.mean()) < SHARE or len(given.y) < 2 * max(SIZES):
            continue
        for size in SIZES:
            for model in ("linear", "mlp"):
                for method in METHODS:
                    name = f"{table.name}, {size} rows, {model}, {method}"
                    case = {"table": table.arguments(), "rows": size}
                    found.append(Unit(NAME, name, {**case, "model": model, "method": method}))
    if not found:
        raise Missing(f"no table in {folder} has {SHARE:.0%} or more of both labels")
    return found


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one table, number of rows, model and method."""
    given: dict[str, Any] = unit.arguments
    table = of_arguments(given["table"])
    splits = _splits(str(folder), table, given["rows"])
    judge = Judge(METRICS["f1"], None)
    case = f"{given['rows']} rows"
    return fitted(table.name, splits, (given["model"], given["method"]), judge, SHORTER, case)


@lru_cache(maxsize=2)
def _splits(folder: str, table: Any, size: int) -> tuple[Split, ...]:
    rows = loaded(folder, table)
    return in_splits(lambda seed: drawn(rows, size, seed), SEEDS)


def drawn(rows: Rows, size: int, seed: int) -> Split:
    """Return a split of so many rows, a quarter of them to choose by; all others are test rows.

    Labels have the same shares in all parts.
    """
    rng = np.random.default_rng(seed)
    pieces: list[list[Any]] = [[], [], []]
    for label in (0, 1):
        own = rng.permutation(np.flatnonzero(rows.y == label))
        used = round(size * len(own) / len(rows.y))
        held, most = round(used * VALIDATION), round(MOST_TESTED * len(own) / len(rows.y))
        cuts = (used - held, used, used + most)
        for piece, some in zip(pieces, np.split(own, cuts), strict=False):
            piece.append(some)
    return parted(rows, *(rng.permutation(np.concatenate(piece)) for piece in pieces))


def report(rows: list[Row]) -> str:
    """Return a table for each model, and those of each number of rows."""
    parts = [
        f"Tables with {SHARE:.0%} positives or more. Of the rows that there are a quarter is for "
        "thresholds and settings, the others are trained on; test rows are up to "
        f"{MOST_TESTED} others of the same file. Ten draws, {SHORTER.updates} updates. The first "
        "row is the mean F1 of cross-entropy at a threshold tuned on labels, the others are what "
        "is gained on it: means over sets, with the interval of 95 %.\n"
    ]
    for model in effects.models(rows):
        some = [row for row in rows if row["model"] == model]
        parts.append(f"### {model}\n\n{effects.of_cases(some, effects.INDEPENDENT)}")
        for case in effects.unique(some, "case"):
            of_case = [row for row in some if row["case"] == case]
            parts.append(f"#### {model}, {case}\n\n")
            parts[-1] += effects.of_sets(of_case, effects.INDEPENDENT)
    return "\n".join(parts)


STUDY = Study(NAME, "Few rows", units, run, report)
