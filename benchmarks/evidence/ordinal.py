"""Classes in order: the grades of white wine, judged by the quadratic kappa."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

import softset as ss

from .fitting import Budget, Schedule, always, in_turn, network, parts_of, split, table_of
from .judging import Judge, Rule, rows_of
from .model_tables import groups, protocol, tables
from .study import Row, Study, Unit

FILE, GRADE = "wine_white_quality.csv.gz", "quality"
SEEDS, HIDDEN = 5, {"linear": 0, "32 units": 32}
BUDGET = Budget(updates=600, batch=512, checks=6, rates=(0.003, 0.01, 0.03))
KAPPA = partial(ss.multiclass_cohen_kappa, weights="quadratic")


def units(folder: Path) -> list[Unit]:
    """Return a unit for each model and split."""
    table_of(folder, FILE)
    return [
        Unit(
            "ordinal",
            f"wine_white_quality, {model}, split {seed}",
            {"model": model, "hidden": hidden, "seed": seed, "budget": BUDGET._asdict()},
        )
        for model, hidden in HIDDEN.items()
        for seed in range(SEEDS)
    ]


def losses() -> dict[str, Schedule]:
    """Return the methods of kappa."""
    kappa = ss.as_loss(KAPPA, from_logits=True)

    def entropy(y: Any, z: Any) -> Any:
        return cross_entropy(z, y)

    return {
        "cross-entropy": always(entropy),
        "kappa": always(kappa),
        "cross-entropy, then kappa": in_turn(entropy, kappa),
    }


def least_square(p: Any) -> Any:
    """Return the class whose expected squared distance from the grade is least."""
    grades = np.arange(p.shape[1])
    return (p @ (grades[:, None] - grades) ** 2.0).argmin(axis=1)


def shares(z: Any) -> Any:
    """Return the softmax of logits."""
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def values(y: Any, p: Any, threshold: Any) -> dict[str, float]:
    """Return kappa and the mean absolute error of decisions, by arg max without a threshold."""
    decided = p.argmax(axis=1) if threshold is None else least_square(p)
    table = ss.confusion_table(y, np.eye(p.shape[1])[decided], step=ss.ArgMax())
    return {"kappa": float(KAPPA(table)), "mean absolute error": float(np.abs(y - decided).mean())}


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one model on one split."""
    given = unit.arguments
    # Copies of a row would be in training and test parts.
    frame = table_of(folder, FILE).drop(columns="y").drop_duplicates()
    y = frame.pop(GRADE).to_numpy().astype(np.int64)
    y -= y.min()
    x = frame.to_numpy(dtype=np.float64)
    parts = parts_of(x, y, split(y, given["seed"]), torch.int64)

    def largest(y: Any, p: Any) -> Any:
        return None

    def square(y: Any, p: Any) -> Any:
        return 0.0

    rules = {"arg max": Rule(largest, largest), "least expected square": Rule(square, square)}
    return rows_of(
        partial(network, x.shape[1], given["hidden"], int(y.max()) + 1),
        losses(),
        parts,
        Budget(**given["budget"]),
        Judge(shares, values, rules),
        seed=given["seed"],
        data="wine_white_quality",
        model=given["model"],
    )


def report(rows: Sequence[Row]) -> str:
    """Return the tables of both metrics."""
    what = "All is chosen by the quadratic kappa; a smaller error is better."
    reference = "cross-entropy", "arg max"
    texts = [protocol(rows, what, reference)]
    for own in groups(rows).values():
        texts += [tables(own, metric, reference) for metric in ("kappa", "mean absolute error")]
    return "\n\n".join(texts)


STUDY = Study("ordinal", "Classes in order: the quadratic kappa", units, run, report)
