"""Boosted trees of XGBoost or LightGBM, whichever is installed, with the methods that they know."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import softset as ss

from ..sklearn import boosting_objective
from .choice import Choice
from .cuts import Judge
from .methods import BY_GROUP, CROSS_ENTROPY, THEN, Method, Setting
from .records import Record
from .splits import Part, Split

METHODS = (
    CROSS_ENTROPY,
    "class-weighted",
    "metric (linear)",
    "metric (sigmoid)",
    THEN,
    "penalty",
    "reweighing",
    BY_GROUP,
)
LIBRARIES = ("xgboost", "lightgbm")
LEARNING_RATE = 0.1


def fit(
    name: str,
    method: Method,
    splits: Sequence[Split],
    seeds: Sequence[int],
    judge: Judge,
    trees: int,
    checks: int,
) -> list[Record]:
    """Return the records of boosted trees, trained by one method.

    Every setting grows `trees` trees; the number of them that is best on validation rows, of
    `checks` numbers, is kept as the other settings are.
    """
    start = time.perf_counter()
    by_group = name == BY_GROUP
    choice = Choice(judge._replace(bound=None) if by_group else judge, splits)
    numbers = np.unique(np.linspace(trees / checks, trees, checks).round().astype(int))
    for i, (split, seed) in enumerate(zip(splits, seeds, strict=True)):
        for setting in method.settings(LEARNING_RATE):
            logits = _grown(name, method, split.train, setting, seed, judge, trees)
            for number in numbers.tolist():

                def model(logits: Any = logits, number: int = number) -> Any:
                    return lambda x: logits(x, number)

                own = setting | {"n_estimators": float(number)}
                choice.offer(i, own, logits(split.validation.x, number), model)

    def test_logits(split: int, model: Any) -> Any:
        return model(splits[split].test.x)

    seconds = time.perf_counter() - start
    names = ("boosting", name)
    return choice.records(names, seeds, test_logits, seconds, judge if by_group else None)


def installed() -> str | None:
    """Return the library that grows the trees, None if there is none."""
    return next((name for name in LIBRARIES if find_spec(name) is not None), None)


def _grown(
    name: str,
    method: Method,
    part: Part,
    setting: Setting,
    seed: int,
    judge: Judge,
    trees: int,
) -> Callable[[Any, int], Any]:
    """Return a function of features and a number of trees: the raw scores."""
    rate, labels = setting["learning_rate"], part.y.astype(int)
    weight = None
    if method.row_weight is not None:
        weight = method.row_weight(part.y, part.group, setting)
    objective = None
    if name == "penalty":
        bound = judge.bound
        assert bound is not None
        held = ss.constrained(
            method.parts[0].loss, (bound.constraint,), from_logits=True, num_groups=bound.num_groups
        )
        objective = boosting_objective(held.penalty(setting["strength"]), groups=part.group)
    elif name == THEN:
        objective = boosting_objective(method.parts[1].loss)
    elif name.startswith("metric"):
        objective = boosting_objective(method.parts[0].loss)
    make, fit, logits = _xgboost(rate, seed) if installed() == "xgboost" else _lightgbm(rate, seed)
    if name == THEN:
        first = fit(make(None, trees // 2), part.x, labels, weight, None)
        return logits(fit(make(objective, trees - trees // 2), part.x, labels, weight, first))
    return logits(fit(make(objective, trees), part.x, labels, weight, None))


def _xgboost(rate: float, seed: int) -> tuple[Any, Any, Any]:
    from xgboost import XGBClassifier

    def make(objective: Any, trees: int) -> Any:
        own = {} if objective is None else {"objective": objective}
        options: dict[str, Any] = {"max_depth": 4, "n_jobs": 1, "random_state": seed, **own}
        return XGBClassifier(n_estimators=trees, learning_rate=rate, **options)

    def fit(model: Any, x: Any, y: Any, weight: Any, first: Any) -> Any:
        return model.fit(x, y, sample_weight=weight, xgb_model=first)

    def logits(model: Any) -> Any:
        return lambda x, number: model.predict(x, output_margin=True, iteration_range=(0, number))

    return make, fit, logits


def _lightgbm(rate: float, seed: int) -> tuple[Any, Any, Any]:
    from lightgbm import LGBMClassifier

    def make(objective: Any, trees: int) -> Any:
        options: dict[str, Any] = {"num_leaves": 15, "n_jobs": 1, "random_state": seed}
        options |= {"objective": objective, "verbose": -1}
        return LGBMClassifier(n_estimators=trees, learning_rate=rate, **options)

    def fit(model: Any, x: Any, y: Any, weight: Any, first: Any) -> Any:
        return model.fit(x, y, sample_weight=weight, init_model=first)

    def logits(model: Any) -> Any:
        booster = model.booster_
        return lambda x, number: booster.predict(x, raw_score=True, num_iteration=number)

    return make, fit, logits
