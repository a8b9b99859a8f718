"""F1 of boosted trees: trained on the log loss, or on F1.

Run from a checkout: ``python benchmarks/boosting.py``. Prints Markdown tables; the committed ones
are results/boosting.md. All models of a table have the same rounds, depth and learning rate;
nothing else is tuned. Figures are means over 5 folds, repeated twice, of F1 at a threshold of 0.5
(but for the tuned one). The data sets that scikit-learn does not bring are read from shared/data
beside the checkout where that folder exists.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import RepeatedStratifiedKFold, TunedThresholdClassifierCV

import softset as ss
from softset_backends.sklearn import boosting_objective

FOLDS = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
ROUNDS = (100, 300)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DROPPED = ("soil_class", "split", "quality", "stamp", "frame", "same_group")
TREES = {
    "XGBoost": {"learning_rate": 0.1, "max_depth": 4, "n_jobs": 1},
    "LightGBM": {"learning_rate": 0.1, "num_leaves": 15, "n_jobs": 1, "verbose": -1},
}
CLASSES = {"XGBoost": xgboost.XGBClassifier, "LightGBM": lightgbm.LGBMClassifier}
F1 = boosting_objective(ss.as_loss(ss.f1, from_logits=True))
F1_SIGMOID = boosting_objective(ss.as_loss(ss.f1, step=ss.Sigmoid(), from_logits=True))


def data_sets() -> dict[str, tuple[Any, Any]]:
    """Return features and labels of every data set there is."""
    x, y = load_breast_cancer(return_X_y=True)
    found = {"breast cancer, malignant": (x, (y == 0).astype(int))}
    x, y = load_digits(return_X_y=True)
    means = x.reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16)
    found["digits at 4x4, 8 or not"] = (means, (y == 8).astype(int))
    for name in ("satimage_class4", "page_blocks0", "wine_white_quality", "phoneme"):
        file = DATA / f"{name}.csv.gz"
        if file.exists():
            frame = pd.read_csv(file)
            y = frame.pop("y").to_numpy().astype(int)
            frame = frame.drop(columns=[c for c in DROPPED if c in frame])
            found[name] = (frame.to_numpy(dtype=float), y)
    return found


def raw_scores(model: Any, x: Any) -> Any:
    """Return a model's raw scores: a probability of 0.5 is 0."""
    if isinstance(model, xgboost.XGBClassifier):
        return model.predict(x, output_margin=True)
    return model.predict(x, raw_score=True)


def predictors(name: str, rounds: int, x: Any, y: Any) -> dict[str, Callable[[Any], Any]]:
    """Fit every model; return functions from features to predicted labels."""
    classifier, options = CLASSES[name], TREES[name]
    ratio = float(np.sum(y == 0) / np.sum(y))
    plain = classifier(n_estimators=rounds, **options)
    half = classifier(n_estimators=rounds // 2, **options)
    start = {"XGBoost": "xgb_model", "LightGBM": "init_model"}[name]
    first = {start: half.fit(x, y)}
    models = {
        "log loss": classifier(n_estimators=rounds, **options).fit(x, y),
        "scale_pos_weight": classifier(n_estimators=rounds, scale_pos_weight=ratio, **options).fit(
            x, y
        ),
        "F1": classifier(n_estimators=rounds, objective=F1, **options).fit(x, y),
        "F1, Sigmoid step": classifier(n_estimators=rounds, objective=F1_SIGMOID, **options).fit(
            x, y
        ),
        "log loss, then F1": classifier(
            n_estimators=rounds - rounds // 2, objective=F1, **options
        ).fit(x, y, **first),
    }
    found = {key: lambda z, m=model: raw_scores(m, z) >= 0 for key, model in models.items()}
    tuned = TunedThresholdClassifierCV(plain, scoring="f1", cv=3).fit(x, y)
    return {**found, "log loss, tuned threshold": tuned.predict}


def main() -> None:
    """Print one table for each booster and number of rounds."""
    names = ("numpy", "scikit-learn", "xgboost-cpu", "lightgbm")
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    sets = data_sets()
    for name in TREES:
        for rounds in ROUNDS:
            print(f"\n{name}, {rounds} rounds\n")
            header: list[str] = []
            for data, (x, y) in sets.items():
                scores: dict[str, list[float]] = {}
                for train, test in FOLDS.split(x, y):
                    for key, predict in predictors(name, rounds, x[train], y[train]).items():
                        found = float(f1_score(y[test], predict(x[test])))
                        scores.setdefault(key, []).append(found)
                if not header:
                    header = list(scores)
                    print(f"| data | positives | {' | '.join(header)} | folds won by F1 |")
                    print("|---" * (len(header) + 3) + "|")
                won = int(np.sum(np.asarray(scores["F1"]) > np.asarray(scores["log loss"])))
                cells = " | ".join(f"{np.mean(scores[key]):.3f}" for key in header)
                total = len(scores["F1"])
                print(f"| {data} | {np.mean(y):.1%} | {cells} | {won} of {total} |", flush=True)


if __name__ == "__main__":
    main()
