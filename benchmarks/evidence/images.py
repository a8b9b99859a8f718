"""Images: clothes of Fashion-MNIST, by a small network of convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import softset as ss

from .fitting import Budget, Parts, Rows, Schedule, always, in_turn, of_one_label, split
from .judging import Judge, Rule, judge_of, rows_of
from .model_tables import groups, protocol, tables
from .study import Missing, Row, Study, Unit

FILE, SHIRT, CLASSES = "fashion_mnist_t10k.npz", 6, 10
SEEDS, TASKS = 4, ("shirt or not", "ten classes")
SHARES = (0.5, 0.7)  # where training images end, and validation images
BUDGET = Budget(updates=300, batch=128, checks=3, rates=(0.001, 0.003, 0.01))


def units(folder: Path) -> list[Unit]:
    """Return a unit for each task and split."""
    if not (folder / FILE).exists():
        raise Missing(f"{FILE} is not in the folder of data")
    return [
        Unit(
            "images",
            f"fashion_mnist_t10k, {task}, split {seed}",
            {"task": task, "seed": seed, "budget": BUDGET._asdict()},
        )
        for task in TASKS
        for seed in range(SEEDS)
    ]


def convolutions(outputs: int) -> nn.Module:
    """Return two convolutions and a linear layer, for images of 28 x 28."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, outputs),
        *([nn.Flatten(0)] if outputs == 1 else []),
    )


def losses_of_classes() -> dict[str, Schedule]:
    """Return the methods of macro F1 for classes of which one is true."""

    def entropy(y: Any, z: Any) -> Any:
        return cross_entropy(z, y)

    macro = ss.as_loss(ss.one_vs_rest(ss.macro(ss.f1)), step=ss.Softmax(), from_logits=True)
    return {
        "cross-entropy": always(entropy),
        "macro F1": always(macro),
        "cross-entropy, then macro F1": in_turn(entropy, macro),
    }


def judge_of_classes() -> Judge:
    """Return the judge by macro F1 of the class with the largest score."""
    score = ss.as_score(ss.one_vs_rest(ss.macro(ss.f1)), step=ss.ArgMax(), from_logits=True)

    def largest(y: Any, z: Any) -> Any:
        return None

    def values(y: Any, z: Any, threshold: Any) -> dict[str, float]:
        return {"macro F1": float(score(y, z))}

    return Judge(lambda z: z, values, {"arg max": Rule(largest, largest)})


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one task on one split."""
    given = unit.arguments
    with np.load(folder / FILE) as arrays:
        x, label = arrays["images"][:, None] / np.float32(255), arrays["label"].astype(np.int64)
    binary = given["task"] == TASKS[0]
    y = (label == SHIRT).astype(np.float32) if binary else label
    parts = Parts(
        *(
            Rows(torch.tensor(x[rows]), torch.tensor(y[rows]))
            for rows in split(label, given["seed"], SHARES)
        )
    )
    return rows_of(
        lambda: convolutions(1 if binary else CLASSES),
        of_one_label(parts.train.y) if binary else losses_of_classes(),
        parts,
        Budget(**given["budget"]),
        judge_of(ss.f1, "F1") if binary else judge_of_classes(),
        seed=given["seed"],
        data="fashion_mnist_t10k",
        model=f"convolutions, {given['task']}",
    )


def report(rows: Sequence[Row]) -> str:
    """Return the tables of both tasks."""
    what = (
        "One image in ten is a shirt, judged by F1. The ten classes are judged by macro F1, and "
        "compared with cross-entropy at arg max."
    )
    texts = [protocol(rows, what)]
    for own in groups(rows).values():
        if own[0]["settings"]["decision"] == "arg max":
            texts.append(tables(own, "macro F1", ("cross-entropy", "arg max")))
        else:
            texts.append(tables(own, "F1"))
    return "\n\n".join(texts)


STUDY = Study("images", "Images: clothes", units, run, report)
