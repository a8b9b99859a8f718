"""Segmentation: thin bent vessels in noise, by a small U-Net, judged by the Dice of each image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d

import softset as ss
from softset_backends.compare.cuts import probabilities

from .fitting import Budget, Parts, Rows, Schedule, always, methods
from .judging import Judge, Rule, fixed, rows_of
from .model_tables import protocol, tables
from .study import Row, Study, Unit

SIZE, NUMBERS = 32, (160, 64, 160)  # images to train on, to choose by, and to report
SEEDS, GRID = 4, tuple(round(0.02 * i, 2) for i in range(1, 50))
BUDGET = Budget(updates=250, batch=8, checks=5, rates=(0.002, 0.005, 0.015))


def units(folder: Path) -> list[Unit]:
    """Return a unit for each seed, which makes its own images."""
    given = {"size": SIZE, "numbers": NUMBERS, "budget": BUDGET._asdict()}
    return [
        Unit("segmentation", f"vessels, seed {seed}", {"seed": seed, **given})
        for seed in range(SEEDS)
    ]


def images(number: int, size: int, rng: np.random.Generator) -> Rows:
    """Return noisy images with a vessel each among blobs and shades, and masks of the vessels.

    A vessel is a bent line, two to four pixels wide, across a half of the image or all of it, and
    its contrast differs between images; blobs are as bright.
    """
    rows, columns = np.arange(size)[None, :, None], np.arange(size)[None, None, :]

    def drawn(low: float, high: float, *more: int) -> Any:
        return rng.uniform(low, high, (number, *more, 1, 1))

    bend, phase, wave = drawn(0.05, 0.15), drawn(0, 2 * np.pi), drawn(2 / size, 6 / size)
    middle = drawn(0.2, 0.8) * size + size * bend * np.sin(np.pi * wave * columns + phase)
    inside = np.abs(columns - drawn(0.25, 0.75) * size) <= drawn(0.25, 0.6) * size
    masks = (np.abs(rows - middle) <= drawn(0.7, 1.7)) & inside
    turned = rng.random(number) < 0.5
    masks[turned] = np.swapaxes(masks[turned], 1, 2)
    i, j = drawn(0, size, 3), drawn(0, size, 3)
    far = np.hypot(rows[:, None] - i, columns[:, None] - j)
    blobs = (far <= drawn(1.5, 3.5, 3)).any(axis=1)
    shade = drawn(-1, 1) * rows / size + drawn(-1, 1) * columns / size
    shown = np.maximum(drawn(0.6, 1.4) * masks, blobs)
    x = shown + shade + 0.4 * rng.normal(size=masks.shape)
    return Rows(torch.tensor(x[:, None], dtype=torch.float32), torch.tensor(masks).float())


def block(before: int, after: int) -> nn.Module:
    """Return two convolutions."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
        nn.Conv2d(after, after, 3, padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class UNet(nn.Module):
    """Half the size, and back with what was seen at full size."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.under, self.up = block(1, 6), block(6, 12), block(18, 6)
        self.last = nn.Conv2d(6, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = self.down(x)
        under = interpolate(self.under(max_pool2d(seen, 2)), scale_factor=2.0)
        return self.last(self.up(torch.cat((seen, under), dim=1)))[:, 0]


def losses(masks: torch.Tensor) -> dict[str, Schedule]:
    """Return the methods of Dice for the masks of training images."""
    entropy = partial(ss.cross_entropy, from_logits=True)
    weighted = partial(entropy, pos_weight=float(ss.pos_weight(masks)))
    soft: dict[str, Any] = {"step": ss.Identity(), "from_logits": True}
    found = methods("Dice", entropy, ss.as_loss(ss.f1, **soft), weighted)
    found["Dice of each image"] = always(ss.as_loss(ss.f1, axis=(1, 2), **soft))
    return found


def judge() -> Judge:
    """Return the judge by the mean Dice of images, at 0.5 or at the best threshold of a grid."""

    def dice(y: Any, p: Any, thresholds: Sequence[float]) -> Any:
        counts = ss.confusion(y, p, step=ss.Hard(), thresholds=tuple(thresholds), axis=(1, 2))
        return ss.f1(counts).mean(axis=0)

    def tuned(y: Any, p: Any) -> float:
        return GRID[int(np.argmax(dice(y, p, GRID)))]

    def values(y: Any, p: Any, threshold: Any) -> dict[str, float]:
        return {"Dice": float(dice(y, p, (threshold,))[0])}

    return Judge(probabilities, values, {"0.5": Rule(fixed, fixed), "labels": Rule(tuned, tuned)})


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one seed."""
    given = unit.arguments
    rng = np.random.default_rng(given["seed"])
    parts = Parts(*(images(number, given["size"], rng) for number in given["numbers"]))
    return rows_of(
        UNet,
        losses(parts.train.y),
        parts,
        Budget(**given["budget"]),
        judge(),
        seed=given["seed"],
        data="synthetic vessels",
        model="a U-Net of two levels",
    )


def report(rows: Sequence[Row]) -> str:
    """Return the table."""
    what = (
        "Images are made anew for every seed: a thin bent vessel among blobs, shades and noise. "
        "The mean Dice of each image."
    )
    return f"{protocol(rows, what)}\n\n{tables(rows, 'Dice', test_ratio=0.0)}"


STUDY = Study("segmentation", "Segmentation: the Dice of each image", units, run, report)
