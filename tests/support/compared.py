"""Records of a comparison that nobody made: values drawn around means that are known."""

from __future__ import annotations

import numpy as np

from softset_backends.compare import Record

METHODS = {"cross-entropy": 0.0, "class-weighted": 0.002, "metric (linear)": 0.03}
RULES = {"0.5": -0.02, "labels": 0.0, "expected": 0.003}


def records(
    models=("linear",),
    methods=METHODS,
    rules=RULES,
    seeds=5,
    metric="f1",
    gaps=None,
    spread=0.002,
    validation=0.01,
):
    """Return a record for each; a split moves all of them, `gaps` are mean gaps of methods."""
    rng = np.random.default_rng(0)
    moved = 0.03 * rng.normal(size=seeds)
    found = []
    for i, model in enumerate(models):
        for method, gain in dict(methods).items():
            for rule, more in dict(rules).items():
                for seed in range(seeds):
                    values = (
                        0.6 + 0.02 * i + gain + more + moved[seed] + spread * rng.normal(size=2)
                    )
                    of_gap = {}
                    if gaps is not None:
                        of_gap = {"gap": float(abs(gaps[method] + 0.005 * rng.normal()))}
                    p = (np.arange(10) + 0.5) / 10
                    thresholds = np.linspace(0, 1, 51)
                    curve = values[1] - 0.5 * (thresholds - 0.3) ** 2
                    found.append(
                        Record(
                            model=model,
                            method=method,
                            rule=rule,
                            seed=seed,
                            setting={"learning_rate": 0.01},
                            threshold=0.5 if rule == "0.5" else float(0.3 + 0.05 * rng.random()),
                            validation={metric: float(values[0] + validation), **of_gap},
                            test={
                                metric: float(values[1]),
                                "average_precision": 0.5,
                                "brier": 0.1,
                                **of_gap,
                            },
                            calibration=[
                                [float(a), float(min(1, a + 0.05 * rng.random())), 100.0] for a in p
                            ],
                            curve=[
                                [float(a), float(b)] for a, b in zip(thresholds, curve, strict=True)
                            ],
                            seconds=0.5,
                        )
                    )
    return found
