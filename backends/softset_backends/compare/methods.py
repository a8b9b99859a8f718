"""What is compared: every way of training, as a weighted sum of losses.

A method has losses that are the same for all its settings, and a weight for each that may depend
on the setting, on how much of training is over and on multipliers. So all settings are trained at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import softset as ss
from softset._types import Metric

SETTINGS = 6  # of every method
CROSS_ENTROPY = "cross-entropy"
THEN = "cross-entropy, then metric"
BY_GROUP = "thresholds per group"
Setting = dict[str, float]
Factors = Callable[[Setting, float, float], Sequence[float]]


class Bound(NamedTuple):
    """The largest gap between groups that is allowed, of which metric, and how many groups."""

    metric: Metric
    gap: float
    num_groups: int

    @property
    def constraint(self) -> Any:
        """Return the bound as `best_threshold` and `constrained` take it."""
        return ss.at_most(ss.largest_gap(self.metric), self.gap)


class Part(NamedTuple):
    """A loss, and what it takes besides labels and logits."""

    loss: Callable[..., Any]
    weighted: bool = False
    grouped: bool = False

    def options(self, group: Any, weight: Any) -> dict[str, Any]:
        """Return the keyword arguments of a call."""
        weights = {"sample_weight": weight} if self.weighted else {}
        return weights | ({"groups": group} if self.grouped else {})


class Method(NamedTuple):
    """A way of training.

    Attributes
    ----------
    parts : sequence of Part
        What is added up.
    factors : callable
        The weight of each part, of a setting, the share of training that is over, and the
        multiplier.
    options : dict of str to sequence of floats
        What is tuned besides the learning rate.
    resample : str, optional
        "random" or "smote".
    row_weight : callable, optional
        The weights of training rows, of labels, groups and a setting.
    times : int
        How many batches make one.
    """

    parts: Sequence[Part]
    factors: Factors = lambda setting, progress, multiplier: (1.0,)
    options: dict[str, Sequence[float]] = {}  # noqa: RUF012 - never written to
    resample: str | None = None
    row_weight: Callable[[Any, Any, Setting], Any] | None = None
    times: int = 1

    def settings(self, learning_rate: float) -> list[Setting]:
        """Return what is tried: SETTINGS of them, whatever the method's options."""
        (name, values), *_ = [*self.options.items(), ("", ())]
        number = SETTINGS // max(len(values), 1)
        powers = (np.arange(number) - (number - 1) / 2) * (1.0 if len(values) > 1 else 0.5)
        rates = [float(learning_rate * 4.0**power) for power in powers]
        if not values:
            return [{"learning_rate": rate} for rate in rates]
        return [{"learning_rate": rate, name: value} for rate in rates for value in values]


class Objective(NamedTuple):
    """The sum of a method's parts by their weights, for one model."""

    parts: Sequence[Part]

    def __call__(self, y: Any, z: Any, group: Any, weight: Any, factors: Any) -> Any:
        """Return the sum."""
        values = [part.loss(y, z, **part.options(group, weight)) for part in self.parts]
        return sum(factors[i] * value for i, value in enumerate(values))

    def gradient(self, y: Any, z: Any, group: Any, weight: Any, factors: Any) -> Any:
        """Return the gradient in NumPy logits."""
        total = np.zeros_like(z)
        for part, factor in zip(self.parts, factors, strict=True):
            if factor:
                found = getattr(part.loss, "value_and_grad", None) or ss.value_and_grad(part.loss)
                total += factor * found(y, z, **part.options(group, weight))[1]
        return total


class Focal(NamedTuple):
    """The focal loss of Lin et al. 2017, without their alpha."""

    gamma: float

    def __call__(self, y: Any, z: Any) -> Any:
        """Return the mean of ``-(1 - p)^gamma log p``, p the probability of the true class."""
        xp = ss.array_namespace(z)
        right = (2 * y - 1) * z
        zero = xp.zeros_like(right)
        cost, wrong = xp.logaddexp(zero, -right), xp.logaddexp(zero, right)
        return xp.mean(xp.exp(-self.gamma * wrong) * cost)

    def value_and_grad(self, y: Any, z: Any) -> tuple[Any, Any]:
        """Return the loss and its gradient for NumPy arrays."""
        right = (2 * y - 1) * z
        cost, wrong = np.logaddexp(0, -right), np.logaddexp(0, right)
        weight, p = np.exp(-self.gamma * wrong), np.exp(-cost)
        slope = -weight * (self.gamma * p * cost + 1 - p)
        return np.mean(weight * cost), (2 * y - 1) * slope / len(z)


def methods(metric: Metric, bound: Bound | None, ratio: float) -> dict[str, Method]:
    """Return all methods for a metric by name, those for groups where there is a bound.

    `ratio` is that of negatives to positives.
    """
    entropy = partial(ss.cross_entropy, from_logits=True)
    plain = Part(entropy)

    def loss(step: Any) -> Part:
        return Part(ss.as_loss(metric, step=step, from_logits=True))

    linear = loss(ss.Linear())
    found = {
        CROSS_ENTROPY: Method([plain]),
        "class-weighted": Method(
            [Part(entropy, weighted=True)],
            options={"weight": (ratio**0.5, ratio)},
            row_weight=_of_classes,
        ),
        "focal": Method(
            [Part(Focal(1.0)), Part(Focal(2.0))],
            lambda setting, *_: (setting["gamma"] == 1.0, setting["gamma"] == 2.0),
            {"gamma": (1.0, 2.0)},
        ),
        "oversampling": Method([plain], options={"share": (1.0,)}, resample="random"),
        "smote": Method([plain], options={"share": (1.0,)}, resample="smote"),
        "pairwise": Method([Part(ss.pairwise_loss)]),
        "metric (linear)": Method([linear]),
        "metric (identity)": Method([loss(ss.Identity())]),
        "metric (sigmoid)": Method([loss(ss.Sigmoid())]),
        THEN: Method([plain, linear], _one_then_the_other),
        "cross-entropy + metric": Method(
            [plain, linear],
            lambda setting, *_: (1.0, setting["metric_weight"]),
            {"metric_weight": (0.5, 2.0)},
        ),
        "micro-batches": Method([linear], times=4),
    }
    if bound is None:
        return found
    held = ss.constrained(
        entropy, (bound.constraint,), from_logits=True, num_groups=bound.num_groups
    )
    penalty = Part(held.penalty(1.0), grouped=True)
    gap = ss.as_loss(ss.largest_gap(bound.metric), from_logits=True, num_groups=bound.num_groups)
    return found | {
        "penalty": Method(
            # Cross-entropy is a part of both: its weights add up to 1.
            [plain, penalty],
            lambda setting, *_: (1 - setting["strength"], setting["strength"]),
            {"strength": (10.0, 50.0, 250.0)},
        ),
        "lagrangian": Method(
            [plain, Part(gap, grouped=True)],
            lambda _, __, multiplier: (1.0, multiplier),
            {"multiplier_rate": (0.3, 1.0, 3.0)},
        ),
        "reweighing": Method(
            [Part(entropy, weighted=True)], options={"equal": (0.0, 1.0)}, row_weight=_of_groups
        ),
        BY_GROUP: Method([plain]),
    }


def _one_then_the_other(setting: Setting, progress: float, multiplier: float) -> Sequence[float]:
    return (1.0, 0.0) if progress < 0.5 else (0.0, 1.0)


def _of_classes(y: Any, group: Any, setting: Setting) -> Any:
    """Return the weight of positives, and 1 for negatives."""
    return np.where(y == 1, setting["weight"], 1.0)


def _of_groups(y: Any, group: Any, setting: Setting) -> Any:
    """Return weights that make labels and groups independent (Kamiran and Calders 2012).

    With "equal" those that make each label in each group weigh the same.
    """
    table = np.zeros((int(group.max()) + 1, 2))
    labels = y.astype(int)
    np.add.at(table, (group, labels), 1 / len(y))
    cell = table[group, labels]
    of_group, of_label = table.sum(axis=1)[group], table.sum(axis=0)[labels]
    return 1 / (table.size * cell) if setting["equal"] else of_group * of_label / cell
