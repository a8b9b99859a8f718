"""How few positives, and how large batches: two large tables whose positives are thinned."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from softset_backends.compare import Budget
from softset_backends.compare.cuts import Judge
from softset_backends.compare.data import Rows
from softset_backends.compare.methods import THEN
from softset_backends.compare.splits import Split, split

from . import effects
from .fits import METRICS, SHORTER, fitted
from .sets import SEEDS, in_splits, loaded, most_positives, of_arguments
from .study import Missing, Row, Study, Unit

NAME = "imbalance"
SETS, ROWS = 2, 30_000
SHARES = (0.1, 0.03, 0.01)
BATCHES, SHARE_OF_BATCHES = (64, 512, 4096), 0.03
METHODS = ("cross-entropy", "metric (linear)", THEN, "cross-entropy + metric")


def units(folder: Path) -> list[Unit]:
    """Return a unit for each table, share of positives or size of batches, model and method."""
    cases = [(share, SHORTER.batch) for share in SHARES]
    cases += [(SHARE_OF_BATCHES, batch) for batch in BATCHES if batch != SHORTER.batch]
    found = []
    for table in most_positives(folder, SETS, ROWS):
        y = loaded(str(folder), table, ROWS).y
        for share, batch in cases:
            if y.mean() < share or share * (y == 0).sum() < 100:
                continue
            case = {"table": table.arguments(), "share": share, "batch": batch}
            for model in ("linear", "mlp"):
                for method in METHODS:
                    name = f"{table.name}, {_case(share, batch)}, {model}, {method}"
                    found.append(Unit(NAME, name, {**case, "model": model, "method": method}))
    if not found:
        raise Missing(f"no table in {folder} has enough rows to thin positives")
    return found


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one table, share, size of batches, model and method."""
    given: dict[str, Any] = unit.arguments
    table = of_arguments(given["table"])
    splits = _splits(str(folder), table, given["share"])
    budget: Budget = SHORTER._replace(batch=given["batch"])
    judge = Judge(METRICS["f1"], None)
    case = _case(given["share"], given["batch"])
    return fitted(table.name, splits, (given["model"], given["method"]), judge, budget, case)


def _case(share: float, batch: int) -> str:
    return f"{share:.0%} positive, batches of {batch}"


@lru_cache(maxsize=2)
def _splits(folder: str, table: Any, share: float) -> tuple[Split, ...]:
    rows = loaded(folder, table, ROWS)
    return in_splits(lambda seed: split(thinned(rows, share, seed), seed))


def thinned(rows: Rows, share: float, seed: int) -> Rows:
    """Return all negatives, and as many positives drawn at random as make this share."""
    rng = np.random.default_rng(seed)
    negative, positive = (np.flatnonzero(rows.y == label) for label in (0, 1))
    number = round(len(negative) * share / (1 - share))
    kept = np.sort(np.concatenate([negative, rng.permutation(positive)[:number]]))
    features = rows.features.iloc[kept].reset_index(drop=True)
    return rows._replace(features=features, y=rows.y[kept], group=rows.group[kept])


def report(rows: list[Row]) -> str:
    """Return tables by the share of positives and by the size of batches, for each model."""
    parts = [
        f"The {SETS} tables with the most positives, up to {ROWS} rows of each; positives are left "
        f"out at random until so few are left, others for each seed. {SEEDS} splits, "
        f"{SHORTER.updates} updates whatever the size of batches. The first row is the mean F1 of "
        "cross-entropy at a threshold tuned on labels, the others are what is gained on it. Two "
        "sets say little of others: intervals over them are wide.\n"
    ]
    usual = [_case(share, SHORTER.batch) for share in SHARES]
    sizes = [_case(SHARE_OF_BATCHES, batch) for batch in BATCHES]
    for title, cases in (("positives", usual), ("batches", sizes)):
        for model in effects.models(rows):
            some = [
                row
                for case in cases
                for row in rows
                if row["case"] == case and row["model"] == model
            ]
            parts.append(f"### {title}, {model}\n\n{effects.of_cases(some, effects.OVERLAP)}")
            for case in effects.unique(some, "case"):
                of_case = [row for row in some if row["case"] == case]
                parts.append(f"#### {model}, {case}\n\n{effects.of_sets(of_case, effects.OVERLAP)}")
    return "\n".join(parts)


STUDY = Study(NAME, "Few positives, and sizes of batches", units, run, report)
