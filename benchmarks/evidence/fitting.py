"""Models of PyTorch: every method has the same budget, and validation rows choose from it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

import softset as ss

from .study import Missing

Loss = Callable[[Any, Any], Any]
Schedule = Callable[[float], Loss]  # the loss, given the share of the updates that are done


class Rows(NamedTuple):
    """Features, or images, and labels."""

    x: torch.Tensor
    y: torch.Tensor


class Parts(NamedTuple):
    """Rows to train on, to choose by, and to report."""

    train: Rows
    validation: Rows
    test: Rows


class Budget(NamedTuple):
    """What every method is given: so many updates at each of the learning rates."""

    updates: int
    batch: int
    checks: int
    rates: Sequence[float]


class Checkpoint(NamedTuple):
    """A model after so many updates, and its logits of validation rows."""

    rate: float
    update: int
    logits: Any
    model: torch.nn.Module


# Data


def table_of(folder: Path, name: str) -> pd.DataFrame:
    """Return a file of the data folder."""
    path = folder / name
    if not path.exists():
        raise Missing(f"{name} is not in the folder of data")
    return pd.read_csv(path)


def split(strata: Any, seed: int, shares: tuple[float, float] = (0.6, 0.8)) -> list[Any]:
    """Return the rows to train on, to choose by and to report, alike in their strata."""
    rng = np.random.default_rng(seed)
    pieces: list[list[Any]] = [[], [], []]
    for stratum in np.unique(strata):
        own = rng.permutation(np.flatnonzero(strata == stratum))
        cuts = [round(share * len(own)) for share in shares]
        for piece, some in zip(pieces, np.split(own, cuts), strict=True):
            piece.append(some)
    return [rng.permutation(np.concatenate(piece)) for piece in pieces]


def parts_of(x: Any, y: Any, pieces: Sequence[Any], dtype: torch.dtype = torch.float32) -> Parts:
    """Return the parts, with features scaled by the training rows."""
    train = np.asarray(x[pieces[0]], np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scaled = (x - mean) / np.where(deviation > 0, deviation, 1.0)
    return Parts(
        *(
            Rows(torch.tensor(scaled[rows], dtype=torch.float32), torch.tensor(y[rows]).to(dtype))
            for rows in pieces
        )
    )


# Methods


def always(loss: Loss) -> Schedule:
    """Return the schedule of one loss."""
    return lambda done: loss


def in_turn(first: Loss, second: Loss) -> Schedule:
    """Return the schedule of two losses for half of the updates each."""
    return lambda done: first if done < 0.5 else second


def methods(name: str, entropy: Loss, metric: Loss, weighted: Loss) -> dict[str, Schedule]:
    """Return cross-entropy, and what is made of it and the loss of a metric."""
    return {
        "cross-entropy": always(entropy),
        "weighted cross-entropy": always(weighted),
        name: always(metric),
        f"cross-entropy, then {name}": in_turn(entropy, metric),
        f"cross-entropy + {name}": always(ss.compound_loss((entropy, metric))),
    }


def of_one_label(y: torch.Tensor) -> dict[str, Schedule]:
    """Return the methods of F1 for the labels of training rows."""
    entropy = partial(ss.cross_entropy, from_logits=True)
    weighted = partial(entropy, pos_weight=float(ss.pos_weight(y)))
    return methods("F1", entropy, ss.as_loss(ss.f1, from_logits=True), weighted)


def network(features: int, hidden: int, outputs: int) -> torch.nn.Module:
    """Return a linear model, or one with a layer of hidden units; of one output it is flat."""
    flat = [torch.nn.Flatten(0)] if outputs == 1 else []
    if not hidden:
        return torch.nn.Sequential(torch.nn.Linear(features, outputs), *flat)
    first, last = torch.nn.Linear(features, hidden), torch.nn.Linear(hidden, outputs)
    return torch.nn.Sequential(first, torch.nn.ReLU(), last, *flat)


# Training


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Use one thread and random numbers of their own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def predict(model: torch.nn.Module, x: torch.Tensor) -> Any:
    """Return logits in float64."""
    model.eval()
    with torch.no_grad():
        found = model(x).double().numpy()
    model.train()
    return found


def fits(
    make: Callable[[], torch.nn.Module], schedule: Schedule, parts: Parts, budget: Budget, seed: int
) -> list[Checkpoint]:
    """Train at every rate; return the models at all checks.

    A seed has the same first weights and batches whatever the method and the rate.
    """
    train, found = parts.train, []
    every = budget.updates // budget.checks
    for rate in budget.rates:
        with deterministic(seed):
            model = make()
            optimizer = torch.optim.Adam(model.parameters(), lr=rate)
            batches = torch.Generator().manual_seed(seed)
            for update in range(every * budget.checks):
                rows = torch.randint(len(train.x), (budget.batch,), generator=batches)
                loss = schedule(update / budget.updates)
                optimizer.zero_grad()
                loss(train.y[rows], model(train.x[rows])).backward()
                optimizer.step()
                if (update + 1) % every == 0:
                    logits = predict(model, parts.validation.x)
                    found.append(Checkpoint(rate, update + 1, logits, copy.deepcopy(model)))
    return found
