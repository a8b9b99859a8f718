"""One training run of the demo: a network, its loss curve, its scores at two thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import softset as ss

from ..registry import get
from .data import Problem, probabilities

LEARNING_RATE = 0.125
MOMENTUM = 0.875

LOSSES: dict[str, Callable[..., Any]] = {
    "cross-entropy": partial(ss.cross_entropy, from_logits=True),
    "F1 loss": ss.as_loss(ss.f1, from_logits=True),
}

METRICS: dict[str, Callable[..., Any]] = {
    "precision": ss.precision,
    "recall": ss.recall,
    "F1": ss.f1,
    "balanced accuracy": ss.balanced_accuracy,
    "MCC": ss.matthews_corrcoef,
}


@dataclass(frozen=True)
class Fit:
    """A trained network.

    Attributes
    ----------
    problem, loss, backend
        What was trained on, with which of LOSSES and by which framework.
    curve : array
        The loss of each step's batch.
    valid, test : arrays
        Probabilities of the validation and the test rows.
    threshold : float
        Where F1 on the validation rows is largest.
    scores : dict of arrays
        Each of METRICS on the test rows at 0.5 and at `threshold`.
    """

    problem: Problem
    loss: str
    backend: str
    curve: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    threshold: float
    scores: dict[str, np.ndarray]


def fit(problem: Problem, loss: str, backend: str, on_step: Callable[[], None]) -> Fit:
    """Train with a framework's own loop in float64; count the test rows in that framework too."""
    module = get(backend)
    curve: list[float] = []

    def record(value: float) -> None:
        curve.append(value)
        on_step()

    with module.double_precision():
        weights = module.fit_mlp(
            LOSSES[loss],
            problem.weights,
            problem.train.features,
            problem.train.labels,
            problem.batches,
            learning_rate=LEARNING_RATE,
            momentum=MOMENTUM,
            on_step=record,
        )
        valid = probabilities(weights, problem.valid.features)
        test = probabilities(weights, problem.test.features)
        threshold = float(ss.best_threshold(ss.f1, problem.valid.labels, valid).threshold)
        labels, probability = module.asarray(problem.test.labels), module.asarray(test)
        both = [
            ss.confusion(labels, probability, threshold=t, step=ss.Hard()) for t in (0.5, threshold)
        ]
        scores = {
            name: np.stack([module.to_numpy(metric(c)) for c in both])
            for name, metric in METRICS.items()
        }
    return Fit(problem, loss, backend, np.asarray(curve), valid, test, threshold, scores)


def select(fits: Iterable[Fit], *, name: str | None = None, loss: str | None = None) -> list[Fit]:
    """Return the fits of one problem, of one loss, or both."""
    return [f for f in fits if name in (None, f.problem.name) and loss in (None, f.loss)]


def names(fits: Iterable[Fit]) -> list[str]:
    """Return the names of the problems in order."""
    return list(dict.fromkeys(f.problem.name for f in fits))


def spread(fits: Sequence[Fit]) -> np.ndarray:
    """Return for each step the largest difference between two fits' losses."""
    return np.ptp(np.stack([f.curve for f in fits]), axis=0)


def f1_of(name: str, fits: Sequence[Fit]) -> dict[str, np.ndarray]:
    """Return each loss's F1 on the test rows: at 0.5 and tuned, for each split."""
    return {
        loss: np.stack([f.scores["F1"] for f in select(fits, name=name, loss=loss)], axis=1)
        for loss in LOSSES
    }
