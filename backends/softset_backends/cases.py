"""What `softset check` runs: every step function with every metric in every way to count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import softset as ss
from softset import metrics
from softset.losses import Loss

STEPS: tuple[Any, ...] = (
    ss.Linear(),
    ss.Linear(delta=0.05),
    ss.Sigmoid(k=10.0),
    ss.Sigmoid(k=40.0),
    ss.Identity(),
    ss.Ramp(width=0.5),
    ss.Cosine(width=0.7),
    ss.Arctan(k=10.0),
    ss.Algebraic(k=10.0),
    ss.Hard(),
    ss.StraightThrough(ss.Linear()),
    ss.StraightThrough(ss.Sigmoid(k=10.0)),
)

_OPTIONS: Mapping[str, Sequence[Mapping[str, float]]] = {
    "fbeta": ({"beta": 0.5}, {"beta": 2.0}),
    "tversky": ({"fp_weight": 0.3, "fn_weight": 0.7},),
    "net_benefit": ({"fp_weight": 0.25},),
    "expected_cost": ({"fp": 1.0, "fn": 5.0},),
}


def _metrics() -> dict[str, Any]:
    """Return every metric by name, with options where it has them."""
    found = {}
    for name in metrics.__all__:
        if name == "larger_is_better":
            continue
        for options in _OPTIONS.get(name, ({},)):
            text = ", ".join(f"{key}={value:g}" for key, value in options.items())
            metric = getattr(metrics, name)
            found[f"{name}({text})" if text else name] = (
                partial(metric, **options) if options else metric
            )
    return found


METRICS: Mapping[str, Any] = _metrics()


@dataclass(frozen=True)
class Mode:
    """A way to count: the options of a loss, the data to call it with, and an average."""

    name: str
    data: str
    options: Mapping[str, Any]
    average: Callable[[Any], Any] | None = None


_PER_CLASS: Mapping[str, Any] = {"axis": 0, "threshold": (0.3, 0.5, 0.75)}

MODES: tuple[Mode, ...] = (
    Mode("scalar", "scalar", {"threshold": 0.4}),
    Mode("per class", "classes", _PER_CLASS),
    Mode("masked", "masked", {}),
    Mode("weighted", "weights", {"threshold": 0.6}),
    Mode("logits", "logits", {"threshold": 0.35, "from_logits": True}),
    Mode("thresholds", "scalar", {"thresholds": (0.25, 0.4, 0.5, 0.6, 0.7)}),
    Mode("micro", "classes", _PER_CLASS, ss.micro),
    Mode("macro", "classes", _PER_CLASS, ss.macro),
    Mode("weighted average", "classes", _PER_CLASS, ss.weighted),
)


@dataclass(frozen=True)
class Bundle:
    """Losses of the same counts as one function, so that a compiler has one thing to compile."""

    losses: tuple[Loss, ...]

    def __call__(self, y_true: Any, y_prob: Any, **options: Any) -> Any:
        """Return every loss, in a 1-D array."""
        counts = self.losses[0].confusion(y_true, y_prob, **options)
        values = [loss.of_counts(counts) for loss in self.losses]
        return ss.array_namespace(*values).stack(values)

    def value_and_grad(self, y_true: Any, y_prob: Any, **options: Any) -> tuple[Any, Any]:
        """Return every loss and its gradient by `softset.value_and_grad`, on NumPy."""
        pairs = [ss.value_and_grad(loss)(y_true, y_prob, **options) for loss in self.losses]
        return np.stack([value for value, _ in pairs]), np.stack([slope for _, slope in pairs])


@dataclass(frozen=True)
class Case:
    """One step in one mode, with some metrics or all of them."""

    step: Any
    mode: Mode
    metrics: tuple[str, ...] = tuple(METRICS)

    def __str__(self) -> str:
        return f"{self.step}, {self.mode.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each loss of the bundle."""
        return tuple(f"{name}, {self}" for name in self.metrics)

    @property
    def smooth(self) -> bool:
        """Whether central differences see the slope that is used."""
        return not isinstance(self.step, (ss.Hard, ss.StraightThrough))

    def bundle(self) -> Bundle:
        """Return the losses."""
        average = self.mode.average or (lambda metric: metric)
        return Bundle(
            tuple(
                ss.as_loss(
                    average(METRICS[name]),
                    step=self.step,
                    maximize=ss.metrics.larger_is_better(METRICS[name]) is not False,
                    **self.mode.options,
                )
                for name in self.metrics
            )
        )

    def arrays(self) -> tuple[tuple[Any, Any], dict[str, Any]]:
        """Return labels and scores, and the arrays to hand on by keyword."""
        return data()[self.mode.data]


def every_case() -> list[Case]:
    """Return every step in every mode, with every metric."""
    return [Case(step, mode) for step in STEPS for mode in MODES]


@cache
def data() -> dict[str, tuple[tuple[Any, Any], dict[str, Any]]]:
    """Return the arrays of every mode: generic, two-class, scores away from all kinks.

    Scores are the same in float32 and float64, and at least 1e-3 from every kink.
    """
    rng = np.random.default_rng(20)
    y_true = rng.permutation(np.arange(32) % 5 < 2)
    y_prob = _scores(rng, (32,))
    classes = rng.permuted(np.tile(np.arange(24) % 5 < 2, (3, 1)), axis=1).T
    where = np.arange(32) % 4 != 1
    weight = np.where(np.arange(32) == 5, 0.0, rng.uniform(0.25, 2.0, 32))
    soft = np.where(y_true, rng.uniform(0.75, 1.0, 32), rng.uniform(0.0, 0.25, 32))
    return {
        "scalar": ((y_true.astype(np.int64), y_prob), {}),
        "classes": ((classes, _scores(rng, (24, 3))), {}),
        "masked": ((y_true, np.where(where, y_prob, np.nan)), {"where": where}),
        "weights": ((soft, y_prob), {"sample_weight": weight}),
        "logits": ((y_true.astype(np.int64), np.log(y_prob / (1 - y_prob))), {}),
    }


def _scores(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw scores that keep away from the kinks of every step at every threshold."""
    drawn = rng.uniform(0.02, 0.98, 4 * int(np.prod(shape))).astype(np.float32).astype(np.float64)
    distance = np.min(np.abs(drawn[:, None] - kinks()), axis=1)
    return np.reshape(drawn[distance > 2e-3][: int(np.prod(shape))], shape)


def kinks() -> Any:
    """Return the scores at which some step has a kink or a jump at some threshold."""
    found = set()
    for mode in MODES:
        given = mode.options.get("thresholds", mode.options.get("threshold", 0.5))
        for threshold in given if isinstance(given, tuple) else (given,):
            widths = [0.0, min(threshold, 1 - threshold)]
            widths += [step.width for step in STEPS if hasattr(step, "width")]
            found |= {threshold + sign * 0.5 * w for w in widths for sign in (-1, 1)}
    return np.asarray(sorted(found))
