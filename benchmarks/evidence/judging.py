"""What models are judged by: decisions that validation rows choose, and metrics of test rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

import softset as ss
from softset_backends.compare.cuts import labels_of, probabilities

from .fitting import Budget, Checkpoint, Parts, Schedule, fits, predict
from .study import Row


class Rule(NamedTuple):
    """How validation rows decide: functions of labels and scores that give a threshold.

    The checkpoint is the one that is best at the threshold `chosen_at`.
    """

    threshold: Callable[[Any, Any], Any]
    chosen_at: Callable[[Any, Any], Any]


class Judge(NamedTuple):
    """What a model is judged by.

    Attributes
    ----------
    scores : callable
        Of logits.
    values : callable
        Of labels, scores and a threshold: metrics by name, the first of which is to be largest.
    rules : dict
        The rules that thresholds are chosen by.
    """

    scores: Callable[[Any], Any]
    values: Callable[[Any, Any, Any], dict[str, float]]
    rules: dict[str, Rule]


def judged(checkpoints: Sequence[Checkpoint], parts: Parts, judge: Judge) -> list[dict[str, Any]]:
    """Return settings and values of each rule, whose checkpoint and threshold are validation's.

    Test rows are seen by the chosen model alone. The settings have the best value on validation
    rows of every learning rate, so that all runs are listed.
    """
    y, y_test = parts.validation.y.numpy(), parts.test.y.numpy()
    scores = [judge.scores(c.logits) for c in checkpoints]
    found, on_test = [], {}
    for name, rule in judge.rules.items():
        values = [next(iter(judge.values(y, s, rule.chosen_at(y, s)).values())) for s in scores]
        best = int(np.argmax(values))
        chosen, threshold = checkpoints[best], rule.threshold(y, scores[best])
        if best not in on_test:
            on_test[best] = judge.scores(predict(chosen.model, parts.test.x))
        by_rate: dict[str, float] = {}
        for checkpoint, value in zip(checkpoints, values, strict=True):
            key = str(checkpoint.rate)
            by_rate[key] = max(by_rate.get(key, -math.inf), round(value, 6))
        settings = {
            "decision": name,
            "rate": chosen.rate,
            "update": chosen.update,
            "validation": by_rate,
            "threshold": None if threshold is None else np.round(threshold, 6).tolist(),
            "train rows": len(parts.train.y),
            "test rows": len(parts.test.y),
        }
        found.append(
            {"settings": settings, "values": judge.values(y_test, on_test[best], threshold)}
        )
    return found


def fixed(y: Any, p: Any) -> float:
    """Return the threshold of those who choose none."""
    return 0.5


def expected(y: Any, p: Any) -> Any:
    """Return labels mixed with recalibrated probabilities, as the comparison does."""
    columns = zip(y.reshape(len(y), -1).T, p.reshape(len(p), -1).T, strict=True)
    mixed = [labels_of("expected", own * 1.0, q, np.zeros(len(q))) for own, q in columns]
    return np.stack(mixed, axis=1).reshape(p.shape)


def judge_of(metric: Any, name: str, axis: int | None = None) -> Judge:
    """Return the judge by a metric of one label, or with ``axis=0`` by its mean over labels."""

    def tuned(y: Any, p: Any) -> Any:
        # Above all probabilities the threshold is infinite; none of them is 1.
        return np.minimum(ss.best_threshold(metric, y, p, axis=axis).threshold, 1.0)

    def values(y: Any, p: Any, threshold: Any) -> dict[str, float]:
        score = ss.as_score(metric, threshold=threshold, axis=axis)
        return {name: float(score(y, p))}

    rules = {
        "0.5": Rule(fixed, fixed),
        "labels": Rule(tuned, tuned),
        "expected": Rule(lambda y, p: tuned(expected(y, p), p), tuned),
    }
    return Judge(probabilities, values, rules)


def rows_of(
    make: Callable[[], torch.nn.Module],
    schedules: dict[str, Schedule],
    parts: Parts,
    budget: Budget,
    judge: Judge,
    *,
    seed: int,
    data: str,
    model: str,
) -> list[Row]:
    """Return the rows of all methods on one split."""
    found = []
    for method, schedule in schedules.items():
        for one in judged(fits(make, schedule, parts, budget, seed), parts, judge):
            one["settings"]["model"] = model
            found.append({"data": data, "method": method, "seed": seed, **one})
    return found
