"""Many labels: the genes of yeast, which have several of fourteen functions each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import softset as ss

from .fitting import Budget, Loss, Schedule, methods, network, parts_of, split, table_of
from .judging import judge_of, rows_of
from .model_tables import protocol, tables
from .study import Row, Study, Unit

FILE, LABEL = "yeast_multilabel.csv.gz", "Class"
SEEDS, HIDDEN = 5, {"linear": 0, "32 units": 32}
BUDGET = Budget(updates=600, batch=256, checks=6, rates=(0.003, 0.01, 0.03))


def units(folder: Path) -> list[Unit]:
    """Return a unit for each model and split."""
    table_of(folder, FILE)
    return [
        Unit(
            "multilabel",
            f"yeast_multilabel, {model}, split {seed}",
            {"model": model, "hidden": hidden, "seed": seed, "budget": BUDGET._asdict()},
        )
        for model, hidden in HIDDEN.items()
        for seed in range(SEEDS)
    ]


def weighted(y: torch.Tensor) -> Loss:
    """Return cross-entropy in which both classes of every label weigh the same."""
    positives = y.sum(dim=0).clamp(min=1)
    weights = (len(y) - positives) / positives
    return lambda y, z: binary_cross_entropy_with_logits(z, y, pos_weight=weights)


def losses(y: torch.Tensor) -> dict[str, Schedule]:
    """Return the methods of macro F1 for the labels of training rows."""
    macro = ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True)
    entropy = partial(ss.cross_entropy, from_logits=True)
    return methods("macro F1", entropy, macro, weighted(y))


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one model on one split."""
    frame, given = table_of(folder, FILE), unit.arguments
    names = [c for c in frame if str(c).startswith(LABEL)]
    y = frame[names].to_numpy(dtype=np.float64)
    x = frame.drop(columns=names).to_numpy(dtype=np.float64)
    parts = parts_of(x, y, split(np.zeros(len(y)), given["seed"]))
    make = partial(network, x.shape[1], given["hidden"], y.shape[1])
    return rows_of(
        make,
        losses(parts.train.y),
        parts,
        Budget(**given["budget"]),
        judge_of(ss.f1, "macro F1", axis=0),
        seed=given["seed"],
        data="yeast_multilabel",
        model=given["model"],
    )


def report(rows: Sequence[Row]) -> str:
    """Return the tables."""
    what = "The mean F1 over the labels, each with a threshold of its own where it is chosen."
    return f"{protocol(rows, what)}\n\n{tables(rows, 'macro F1')}"


STUDY = Study("multilabel", "Many labels: macro F1", units, run, report)
