"""How much of a training step the loss is, in PyTorch: three small models, whole steps.

Run from a checkout: ``python -m benchmarks.step``, some five minutes; ``--quick`` takes smaller
batches and a minute. Prints a Markdown table; the committed one is results/step.md. A step is
the forward pass, the loss, the backward pass and AdamW's update; "alone" is the loss of the same
logits and its gradient in them. Steps and losses take turns, with all threads; a share is the
median of the ratios of neighbours. Compiled are the losses, the models are eager. Values are
checked where softset can see them, which is in eager calls.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

import softset as ss
from softset_backends.torch import MetricLoss

from .speed.candidates.torch_calls import compiled
from .speed.timing import Limits, in_turn, median_ratio, medians

LIMITS = Limits(seconds=40.0, fewest=5, most=31)
QUICK = Limits(seconds=2.0, fewest=3, most=5)
CLASSES, WORDS, LENGTH = 4, 30522, 128
Loss = Callable[[Any, Any], Any]  # of logits and targets


@dataclass(frozen=True)
class Case:
    """A model, a batch for it, and the losses that it is trained with; the first is the usual."""

    name: str
    model: nn.Module
    inputs: torch.Tensor
    targets: torch.Tensor
    losses: dict[str, Loss]


class UNet(nn.Module):
    """A U-Net of three levels with one channel in and one out, nothing but convolutions."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.down = nn.ModuleList([_block(1, width), _block(width, 2 * width)])
        self.bottom = _block(2 * width, 4 * width)
        self.up = nn.ModuleList([_block(6 * width, 2 * width), _block(3 * width, width)])
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a logit for each pixel."""
        seen = []
        for block in self.down:
            seen.append(block(x))
            x = nn.functional.max_pool2d(seen[-1], 2)
        x = self.bottom(x)
        for block in self.up:
            larger = nn.functional.interpolate(x, scale_factor=2)
            x = block(torch.cat([larger, seen.pop()], dim=1))
        return self.last(x)


class Encoder(nn.Module):
    """A transformer of the size of BERT-tiny, with a class for each text."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, width)
        self.places = nn.Parameter(torch.zeros(LENGTH, width))
        layer = nn.TransformerEncoderLayer(width, 2, 4 * width, activation="gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.last = nn.Linear(width, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of the classes."""
        return self.last(self.layers(self.words(x) + self.places)[:, 0])


def _block(before: int, after: int) -> nn.Module:
    first, second = nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


def cases(*, quick: bool) -> list[Case]:
    """Return what is trained."""
    torch.manual_seed(0)
    layers = [x for _ in range(3) for x in (nn.Linear(256, 256), nn.ReLU())]
    perceptron = nn.Sequential(*layers, nn.Linear(256, 1), nn.Flatten(0))
    pixels = (2, 1, 128, 128) if quick else (8, 1, 256, 256)
    texts = 8 if quick else 32
    shape = " x ".join(map(str, (pixels[0], *pixels[2:])))
    return [
        Case(
            "MLP 3 x 256, batch of 1,024, F1",
            perceptron,
            torch.randn(1024, 256),
            (torch.rand(1024) < 0.3).float(),
            binary(ss.f1),
        ),
        Case(
            f"U-Net, {shape}, soft Dice",
            UNet(),
            torch.randn(pixels),
            (torch.rand(pixels) < 0.3).float(),
            binary(ss.f1, step=ss.Identity()),
        ),
        Case(
            f"Transformer, {texts} texts of {LENGTH} words, macro F1",
            Encoder(),
            torch.randint(WORDS, (texts, LENGTH)),
            torch.randint(CLASSES, (texts,)),
            multiclass(),
        ),
    ]


def binary(metric: Any, **options: Any) -> dict[str, Loss]:
    """Return losses of logits and labels: cross-entropy, and both of softset's."""
    loss = ss.as_loss(metric, from_logits=True, **options)
    return {
        "BCE with logits": nn.functional.binary_cross_entropy_with_logits,
        "as_loss": lambda z, y: loss(y, z),
        "MetricLoss": MetricLoss(metric, from_logits=True, **options),
    }


def multiclass() -> dict[str, Loss]:
    """Return losses of logits and classes; softset's are of one label for each class."""
    metric = ss.macro(ss.f1)
    loss, module = ss.as_loss(metric, axis=0), MetricLoss(metric, axis=0)

    def of_classes(loss: Loss, z: Any, y: Any) -> Any:
        return loss(torch.softmax(z, 1), nn.functional.one_hot(y, CLASSES))

    return {
        "cross-entropy": nn.functional.cross_entropy,
        "as_loss": partial(of_classes, lambda p, y: loss(y, p)),
        "MetricLoss": partial(of_classes, module),
    }


def calls(case: Case, loss: Loss) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a step of training, and the loss alone with its gradient."""
    optimizer = torch.optim.AdamW(case.model.parameters(), lr=1e-5)
    logits = case.model(case.inputs).detach().requires_grad_()

    def step() -> None:
        optimizer.zero_grad()
        loss(case.model(case.inputs), case.targets).backward()
        optimizer.step()

    def alone() -> None:
        logits.grad = None
        loss(logits, case.targets).backward()

    return step, alone


def rows(case: Case, limits: Limits) -> list[str]:
    """Time a case, and return its rows of the table."""
    torch._dynamo.reset()  # it keeps few versions of a function
    losses = dict(case.losses)
    for name, loss in case.losses.items():
        losses[f"{name}, compiled"] = compiled(lambda z, y, loss=loss: loss(z, y))
    found = [call for loss in losses.values() for call in calls(case, loss)]
    times = in_turn(found, limits)
    return [
        f"| {case.name} | {name} | {alone:.3f} | {step:.2f} | {share:.2f} % | {against:.3f} |"
        for name, (alone, step, share, against) in zip(losses, shares(times), strict=True)
    ]


def shares(times: list[list[float]]) -> list[tuple[float, float, float, float]]:
    """Return of each loss what it takes alone and what a step takes, in ms, and two ratios.

    They are the loss's share of its step, in %, and the time of its step over that with the
    first loss. Each turn has the times of a step and of the loss alone, one loss after another.
    """
    middle, columns = medians(times), list(zip(*times, strict=True))
    return [
        (
            1000 * middle[i + 1],
            1000 * middle[i],
            100 * median_ratio(columns[i + 1], columns[i]),
            median_ratio(columns[i], columns[0]),
        )
        for i in range(0, len(columns), 2)
    ]


def main(arguments: list[str]) -> None:
    """Print the table."""
    quick = "--quick" in arguments
    print("# How much of a training step the loss is\n")
    print("`python -m benchmarks.step`, from a checkout.\n")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, torch {version('torch')}, {torch.get_num_threads()} threads\n")
    print("| model | loss | alone, ms | step, ms | share | step over the first |")
    print("|---" * 6 + "|")
    for case in cases(quick=quick):
        for row in rows(case, QUICK if quick else LIMITS):
            print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
