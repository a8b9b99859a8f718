"""The methods of fairlearn for constraints.py, with the same models and the same training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from constraints_fits import KINDS, Fit, Part, probabilities, train, trainings
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, ExponentiatedGradient, FalsePositiveRateParity
from sklearn.base import BaseEstimator, ClassifierMixin

import softset as ss

ROUNDS = 15
SHARES = (1 / 3, 2 / 3, 1.0)  # of the bound: ExponentiatedGradient bounds the distance to the mean


def compiled_entropy() -> Any:
    """Return the compiled training by cross-entropy."""
    return next(iter(trainings(ss.predicted_positive_rate, 0.03).values()))


class Estimator(ClassifierMixin, BaseEstimator):
    """The same model and training as an estimator of scikit-learn."""

    def __init__(self, kind: str = "linear", seed: int = 0) -> None:
        self.kind = kind
        self.seed = seed

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Estimator:
        """Train on cross-entropy, to the end."""
        x, y = np.asarray(x, np.float32), np.asarray(y, float)
        weight = None if sample_weight is None else np.asarray(sample_weight, float)
        if weight is not None:
            weight = weight / weight.mean()
        speed, width = KINDS[self.kind]
        run = compiled_entropy()
        part = Part(x, y, np.zeros(len(y), int))
        (*_, self.params_), _ = train(run, part, weight, speed, width, self.seed)
        self.classes_ = np.asarray([0, 1])
        return self

    def predict_proba(self, x: Any) -> Any:
        """Return the probabilities of both classes."""
        p = probabilities(self.params_, np.asarray(x, np.float32))
        return np.stack([1 - p, p], axis=1)

    def predict(self, x: Any) -> Any:
        """Return decisions."""
        return (self.predict_proba(x)[:, 1] > 0.5).astype(int)


def eg_fits(
    part: Part, held: Part, test: Part, kind: str, rate: Any, bound: float, seed: int
) -> Iterator[tuple[Fit, Fit, str]]:
    """Yield fits of ExponentiatedGradient, as it predicts and by the mean of its models' scores."""
    moment = DemographicParity
    if rate is ss.false_positive_rate:
        moment = FalsePositiveRateParity
    for share in SHARES:
        constraints = moment(difference_bound=share * bound)
        model = ExponentiatedGradient(Estimator(kind, seed), constraints, max_iter=ROUNDS)
        start = time.process_time()
        model.fit(part.x, part.y.astype(int), sensitive_features=part.group)
        seconds = time.process_time() - start
        drawn = tuple(model._pmf_predict(own.x)[:, 1] for own in (held, test))
        mean = tuple(
            sum(w * h.predict_proba(own.x)[:, 1] for h, w in zip(*members(model), strict=True))
            for own in (held, test)
        )
        setting = f"difference_bound {share:.2f} of the bound"
        yield Fit([drawn], seconds, randomized=True), Fit([mean], seconds), setting


def members(model: Any) -> tuple[list[Any], list[float]]:
    """Return the models of an ExponentiatedGradient that have a weight, and the weights."""
    weights = [float(model.weights_.get(i, 0.0)) for i in range(len(model.predictors_))]
    some = [i for i, w in enumerate(weights) if w > 0]
    return [model.predictors_[i] for i in some], [weights[i] for i in some]


def threshold_fit(fit: Fit, held: Part, test: Part, rate: Any) -> Fit:
    """Return ThresholdOptimizer on the models of cross-entropy, fitted to validation data."""
    parity = "demographic_parity"
    if rate is ss.false_positive_rate:
        parity = "false_positive_rate_parity"
    model, start = Estimator(), time.process_time()
    model.params_, model.classes_ = fit.params[-1], np.asarray([0, 1])
    options = {"prefit": True, "predict_method": "predict_proba"}
    wrapped = ThresholdOptimizer(estimator=model, constraints=parity, **options)
    wrapped.fit(held.x, held.y.astype(int), sensitive_features=held.group)
    seconds = fit.seconds + time.process_time() - start
    drawn = tuple(
        wrapped._pmf_predict(own.x, sensitive_features=own.group)[:, 1] for own in (held, test)
    )
    return Fit([drawn], seconds, randomized=True)
