"""The data, the losses and the training of choosing.py."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from torch.nn.functional import binary_cross_entropy_with_logits

import softset as ss

SEEDS, HIDDEN, RATE = 5, 32, 0.003
UPDATES, CHECKS = 2000, 20
COST = 5.0
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = {
    "phoneme": None,
    "satimage_class4": None,
    "page_blocks0": None,
    "wine_white_quality": None,
    "adult": 8000,
    "bank_marketing": 8000,
    "covtype_class4_vs_2": 20000,
}
# Not features: other forms of the label, official splits, weights; `duration` gives bank's away.
DROPPED = ("soil_class", "split", "quality", "fnlwgt", "duration")

LossFunction = Callable[[Any, Any], Any]


class Part(NamedTuple):
    """One part of the data for every seed: (seeds, rows, features) and (seeds, rows, classes)."""

    x: torch.Tensor
    y: torch.Tensor


class Scores(NamedTuple):
    """Logits of shape (checks, seeds, rows, classes), and their labels but for the checks."""

    z: torch.Tensor
    y: torch.Tensor


# Data


def read(name: str) -> pd.DataFrame:
    """Return a data set as numbers, without what is no feature, and with the label `y`."""
    if name.startswith("covtype"):
        arrays = np.load(DATA / f"{name}.npz")
        return pd.DataFrame(arrays["X"]).assign(y=arrays["y"])
    frame = pd.read_csv(DATA / f"{name}.csv.gz")
    if name.startswith("wine"):
        frame = frame.drop_duplicates()
    return pd.get_dummies(frame.drop(columns=[c for c in DROPPED if c in frame]), dtype=float)


def binary_sets() -> dict[str, tuple[Any, Any]]:
    """Return features and labels of shape (n, 1)."""
    if not DATA.exists():
        x, y = load_breast_cancer(return_X_y=True)
        digits, numbers = load_digits(return_X_y=True)
        means = digits.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
        return {
            "breast cancer, malignant": (x, (y == 0)[:, None]),
            "digits at 4x4, 8 or not": (means, (numbers == 8)[:, None]),
        }
    found = {}
    for name, rows in FILES.items():
        frame = read(name)
        frame = frame if rows is None else frame.sample(rows, random_state=0)
        y = frame.pop("y").to_numpy()
        found[name] = (frame.to_numpy(dtype=float), y[:, None])
    return found


def class_sets() -> dict[str, tuple[Any, Any, bool]]:
    """Return features, labels of shape (n, classes), and whether one class excludes the others."""
    if not DATA.exists():
        x, y = load_digits(return_X_y=True)
        return {"digits": (x, np.eye(10)[y], True)}
    yeast = pd.read_csv(DATA / "yeast_multilabel.csv.gz").to_numpy()
    soil = pd.read_csv(DATA / "satimage_class4.csv.gz")
    classes = pd.get_dummies(soil["soil_class"]).to_numpy()
    bands = soil.filter(like="band").to_numpy(dtype=float)
    return {
        "yeast_multilabel": (yeast[:, :-14].astype(float), yeast[:, -14:], False),
        "satimage_class4, soil_class": (bands, classes, True),
    }


def split(x: Any, y: Any, stratify: Any) -> list[Part]:
    """Return 60 % to train, 20 % to validate and 20 % to test, another split for each seed."""
    parts: list[list[tuple[Any, Any]]] = [[], [], []]
    for seed in range(SEEDS):
        rows = np.arange(len(x))
        train, rest = train_test_split(rows, test_size=0.4, stratify=stratify, random_state=seed)
        held = None if stratify is None else stratify[rest]
        validation, test = train_test_split(rest, test_size=0.5, stratify=held, random_state=seed)
        mean, deviation = x[train].mean(0), x[train].std(0)
        scaled = (x - mean) / np.where(deviation > 0, deviation, 1.0)
        for part, index in zip(parts, (train, validation, test), strict=True):
            part.append((scaled[index], y[index]))
    as_tensor = partial(torch.tensor, dtype=torch.float32)
    return [Part(*(as_tensor(np.stack(a)) for a in zip(*p, strict=True))) for p in parts]


# Losses


def on(metric: Any, **options: Any) -> Any:
    """Return the loss of a metric of each model's batch, averaged over classes and models."""
    return ss.as_loss(metric, axis=1, from_logits=True, **options)


def entropy(y: Any, z: Any, pos_weight: Any = None) -> Any:
    """Return the cross-entropy in our order of arguments."""
    return binary_cross_entropy_with_logits(z, y, pos_weight=pos_weight)


def in_turn(first: LossFunction, second: LossFunction) -> LossFunction:
    """Return a loss that is the first one for half of the updates."""
    calls = itertools.count()
    return lambda y, z: (first if next(calls) < UPDATES // 2 else second)(y, z)


def remembering(loss: Any, size: int) -> LossFunction:
    """Return a loss whose counts are those of this batch and of `size` batches before it."""
    memory = None

    def call(y: Any, z: Any) -> Any:
        nonlocal memory
        c = loss.confusion(y, z)
        memory = ss.empty_memory(c, size) if memory is None else memory
        total, memory = ss.remember(c, memory)
        return loss.of_counts(total)

    return call


def pairwise(y: Any, z: Any) -> Any:
    """Return the pairwise loss, averaged over models."""
    rows = zip(y[..., 0].unbind(), z[..., 0].unbind(), strict=True)
    return sum(ss.pairwise_loss(*pair) for pair in rows) / len(y)


def losses_of(train: Part) -> dict[str, LossFunction]:
    """Return all losses for data with two classes."""
    share = train.y.mean()
    f1 = on(ss.f1)
    return {
        "cross-entropy": entropy,
        "weighted cross-entropy": partial(entropy, pos_weight=(1 - share) / share),
        "cross-entropy, positives x5": partial(entropy, pos_weight=torch.tensor(COST)),
        "F1": f1,
        "F1, Sigmoid": on(ss.f1, step=ss.Sigmoid(k=10.0)),
        "F1, Identity": on(ss.f1, step=ss.Identity()),
        "F1, StraightThrough": on(ss.f1, step=ss.StraightThrough()),
        "cross-entropy, then F1": in_turn(entropy, f1),
        "F2": on(partial(ss.fbeta, beta=2.0)),
        "accuracy": on(ss.accuracy),
        "balanced accuracy": on(ss.balanced_accuracy),
        "G-mean": on(ss.geometric_mean),
        "MCC": on(ss.matthews_corrcoef),
        "expected cost": on(partial(ss.expected_cost, fn=COST)),
        "AUROC on a grid": on(ss.auroc, thresholds=ss.grid(19)),
        "AP on a grid": on(ss.average_precision, thresholds=ss.grid(19)),
        "pairwise": pairwise,
    }


def label_losses(train: Part) -> dict[str, LossFunction]:
    """Return losses for labels of which several may be true."""
    share = train.y.mean((0, 1))
    macro = on(ss.macro(ss.f1, axis=-1))
    return {
        "cross-entropy": entropy,
        "weighted cross-entropy": partial(entropy, pos_weight=(1 - share) / share),
        "macro F1": macro,
        "macro F1, Sigmoid": on(ss.macro(ss.f1, axis=-1), step=ss.Sigmoid(k=10.0)),
        "micro F1": on(ss.micro(ss.f1, axis=-1)),
        "cross-entropy, then macro F1": in_turn(entropy, macro),
    }


def exclusive_losses() -> dict[str, LossFunction]:
    """Return losses of the softmax of logits, for classes of which one is true."""

    def softmax_entropy(y: Any, z: Any) -> Any:
        return -(y * z.log_softmax(-1)).sum(-1).mean()

    def macro(y: Any, z: Any) -> Any:
        return ss.as_loss(ss.macro(ss.f1, axis=-1), axis=1)(y, z.softmax(-1))

    def sharper(y: Any, z: Any) -> Any:
        return ss.as_loss(ss.macro(ss.f1, axis=-1), axis=1, step=ss.Sigmoid(k=10.0))(
            y, z.softmax(-1)
        )

    return {
        "cross-entropy": softmax_entropy,
        "macro F1": macro,
        "macro F1, Sigmoid": sharper,
        "cross-entropy, then macro F1": in_turn(softmax_entropy, macro),
    }


# Training


def batches(rows: int, size: int) -> Iterator[torch.Tensor]:
    """Yield row numbers of shape (seeds, size), shuffled anew when they are used up."""
    size = min(size, rows)
    generator = torch.Generator().manual_seed(0)
    while True:
        order = torch.stack([torch.randperm(rows, generator=generator) for _ in range(SEEDS)])
        yield from (order[:, i : i + size] for i in range(0, rows - size + 1, size))


def network(weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Return the logits of all models, of shape (losses, seeds, rows, classes)."""
    first, bias, second, offset = weights
    return torch.relu(x @ first + bias) @ second + offset


def fit(
    parts: list[Part], losses: dict[str, LossFunction], size: int, rate: float = RATE
) -> dict[str, tuple[Scores, Scores]]:
    """Train a model for each loss and seed; return validation and test scores at every check.

    All losses get the same first weights and the same batches.
    """
    train, *held = parts
    generator = torch.Generator().manual_seed(1)
    weights = []
    for rows, columns in ((train.x.shape[2], HIDDEN), (HIDDEN, train.y.shape[2])):
        for shape in ((SEEDS, rows, columns), (SEEDS, 1, columns)):
            values = (2 * torch.rand(shape, generator=generator) - 1) / rows**0.5
            weights.append(values.repeat(len(losses), 1, 1, 1).requires_grad_())
    optimizer = torch.optim.Adam(weights, lr=rate)
    seeds = torch.arange(SEEDS)[:, None]
    found: list[list[torch.Tensor]] = [[], []]
    for update, batch in enumerate(itertools.islice(batches(train.x.shape[1], size), UPDATES), 1):
        logits = network(weights, train.x[seeds, batch])
        labels = train.y[seeds, batch]
        values = [loss(labels, z) for loss, z in zip(losses.values(), logits, strict=True)]
        optimizer.zero_grad()
        (SEEDS * torch.stack(values).sum()).backward()
        optimizer.step()
        if update % (UPDATES // CHECKS) == 0:
            with torch.no_grad():
                for scores, part in zip(found, held, strict=True):
                    scores.append(network(weights, part.x))
    stacked = [torch.stack(scores, dim=1) for scores in found]
    return {
        name: (Scores(stacked[0][i], held[0].y), Scores(stacked[1][i], held[1].y))
        for i, name in enumerate(losses)
    }
