"""Wrong labels in the rows that are trained on and chosen by, not in test rows."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from softset_backends.compare.cuts import Judge
from softset_backends.compare.methods import THEN
from softset_backends.compare.splits import Part, Split, split

from . import effects
from .fits import METRICS, SHORTER, fitted
from .sets import SEEDS, in_splits, loaded, most_positives, of_arguments
from .study import Row, Study, Unit

NAME = "noise"
SETS = 4
SHARES = (0.1, 0.2)
METHODS = ("cross-entropy", "class-weighted", THEN, "cross-entropy + metric")


def units(folder: Path) -> list[Unit]:
    """Return a unit for each table, share of wrong labels, model and method."""
    return [
        Unit(
            NAME,
            f"{table.name}, {share:.0%} wrong, {model}, {method}",
            {"table": table.arguments(), "wrong": share, "model": model, "method": method},
        )
        for table in most_positives(folder, SETS)
        for share in SHARES
        for model in ("linear", "mlp")
        for method in METHODS
    ]


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one table, share of wrong labels, model and method."""
    given: dict[str, Any] = unit.arguments
    table = of_arguments(given["table"])
    splits = _splits(str(folder), table, given["wrong"])
    judge = Judge(METRICS["f1"], None)
    case = f"{given['wrong']:.0%} wrong"
    return fitted(table.name, splits, (given["model"], given["method"]), judge, SHORTER, case)


@lru_cache(maxsize=2)
def _splits(folder: str, table: Any, share: float) -> tuple[Split, ...]:
    rows = loaded(folder, table)
    return in_splits(lambda seed: flipped(split(rows, seed), share, seed))


def flipped(clean: Split, share: float, seed: int) -> Split:
    """Return a split with the other label in a share of training and of validation rows."""
    rng = np.random.default_rng(seed)

    def wrong(part: Part) -> Part:
        rows = rng.permutation(len(part.y))[: round(share * len(part.y))]
        y = part.y.copy()
        y[rows] = 1 - y[rows]
        return part._replace(y=y)

    return Split(wrong(clean.train), wrong(clean.validation), clean.test)


def report(rows: list[Row]) -> str:
    """Return a table for each model, and those of each share."""
    parts = [
        f"The {SETS} tables with the most positives; the labels of so many training and validation "
        f"rows are the other one, those of test rows are right. {SEEDS} splits, "
        f"{SHORTER.updates} updates. The first row is the mean F1 of cross-entropy at a threshold "
        "tuned on labels, the others are what is gained on it: means over sets.\n"
    ]
    for model in effects.models(rows):
        some = [row for row in rows if row["model"] == model]
        parts.append(f"### {model}\n\n{effects.of_cases(some, effects.OVERLAP)}")
        for case in effects.unique(some, "case"):
            of_case = [row for row in some if row["case"] == case]
            parts.append(f"#### {model}, {case}\n\n{effects.of_sets(of_case, effects.OVERLAP)}")
    return "\n".join(parts)


STUDY = Study(NAME, "Wrong labels", units, run, report)
