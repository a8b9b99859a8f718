"""Which labels choose the threshold: those of few rows, what the model expects, or half of both.

Run ``python benchmarks/thresholds.py`` from a checkout; it prints a page in Markdown and needs
scikit-learn, pandas, PyTorch for the data's module, and the data sets of ../shared/data.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import sklearn
from choosing_fits import FILES, read
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import softset as ss

SPLITS, DRAWS, ROWS = 5, 20, (100, 300, 1000, None)
METRICS = {
    "F1": ss.f1,
    "F2": partial(ss.fbeta, beta=2.0),
    "MCC": ss.matthews_corrcoef,
}
# Trained until it is no better on a tenth of the training rows, and twenty times as long.
NETWORKS = {
    "stopped early": {"early_stopping": True, "max_iter": 200},
    "overfitted": {"max_iter": 300, "alpha": 0.0, "tol": 0.0, "n_iter_no_change": 300},
}
METHODS = ("labels", "expected", "recalibrated", "half", "half, all rows")


class Model(NamedTuple):
    """What a network says of validation and test rows, and their labels."""

    p_val: Any
    y_val: Any
    p_test: Any
    y_test: Any


def models(name: str, options: dict[str, Any]) -> list[Model]:
    """Return a network of each split: half of the rows to train, a quarter each for the rest."""
    frame, rows = read(name), FILES[name]
    frame = frame if rows is None else frame.sample(rows, random_state=0)
    x, y = frame.drop(columns="y").to_numpy(float), frame["y"].to_numpy(int)
    found = []
    for split in range(SPLITS):
        parts = train_test_split(x, y, test_size=0.5, stratify=y, random_state=split)
        x_train, x_rest, y_train, y_rest = parts
        rest = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=split)
        x_val, x_test, y_val, y_test = rest
        network = MLPClassifier(32, learning_rate_init=0.003, random_state=split, **options)
        model = make_pipeline(StandardScaler(), network).fit(x_train, y_train)
        p_val, p_test = (model.predict_proba(of)[:, 1] for of in (x_val, x_test))
        found.append(Model(p_val, y_val, p_test, y_test))
    return found


def logits(p: Any) -> Any:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return np.log(p / (1 - p))[:, None]


def thresholds(metric: Any, y: Any, p: Any, p_all: Any) -> list[float]:
    """Return the threshold of each method, for labels and probabilities of few rows."""
    platt = LogisticRegression(C=100.0).fit(logits(p), y)
    q, q_all = (platt.predict_proba(logits(of))[:, 1] for of in (p, p_all))
    # Half of the weight to the labels, half to what is expected of all rows.
    labels, scores = np.concatenate([y, q_all]), np.concatenate([p, p_all])
    weights = np.repeat([1.0, len(y) / len(p_all)], [len(y), len(p_all)])
    chosen = [ss.best_threshold(metric, t, p) for t in (y * 1.0, p, q, (y + q) / 2)]
    chosen.append(ss.best_threshold(metric, labels, scores, sample_weight=weights))
    return [float(found.threshold) for found in chosen]


def gains(model: Model, number: int | None, seed: int) -> tuple[Any, Any]:
    """Return what the methods add to the metrics on test data, and the metrics of `labels`."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(DRAWS if number else 1):
        rows = rng.permutation(len(model.y_val))[:number]
        y, p = model.y_val[rows], model.p_val[rows]
        if len(np.unique(y)) < 2:
            continue
        values = []
        for metric in METRICS.values():
            cuts = thresholds(metric, y, p, model.p_val)
            scores = [ss.as_score(metric, threshold=t)(model.y_test, model.p_test) for t in cuts]
            values.append([float(x) for x in scores])
        found.append(values)
    means = np.mean(found, axis=0)
    return means - means[:, :1], means[:, 0]


def table(kind: str) -> str:
    """Return a row for each metric and number of rows."""
    of_sets = [models(name, NETWORKS[kind]) for name in FILES]
    lines = [f"| metric | rows | {METHODS[0]} | {' | '.join(METHODS[1:])} | behind on |"]
    lines.append("|---" * (len(METHODS) + 3) + "|")
    rows = []
    for number in ROWS:
        by_set = []
        for several in of_sets:
            pairs = [gains(model, number, seed) for seed, model in enumerate(several)]
            by_set.append([np.mean(side, axis=0) for side in zip(*pairs, strict=True)])
        gain, base = (np.stack(list(side)) for side in zip(*by_set, strict=True))
        for i, name in enumerate(METRICS):
            error = gain[:, i].std(axis=0, ddof=1) / np.sqrt(len(gain))
            pairs = zip(gain[:, i].mean(axis=0), error, strict=True)
            cells = [f"{g:+.3f} ± {e:.3f}" for g, e in pairs]
            half = gain[:, i, METHODS.index("half")]
            behind = int(np.sum(half < -0.005))
            words = f"{behind}, at most {-half.min():.3f}" if behind else "none"
            line = f"| {name} | {number or 'all'} | {base[:, i].mean():.3f} | "
            rows.append((i, line + f"{' | '.join(cells[1:])} | {words} |"))
    return "\n".join(lines + [line for _, line in sorted(rows, key=lambda row: row[0])])


PAGE = """# Which labels choose the threshold

`python benchmarks/thresholds.py`, from a checkout. Networks of 32 units, trained with cross-entropy
on half of the rows of {sets} data sets; {splits} random splits, stratified. The threshold is chosen
on n of the validation rows, drawn {draws} times, by `best_threshold(metric, y, p)` with others
in the place of the labels y:

- **labels**: those of the n rows
- **expected**: the model's probabilities p of these rows
- **recalibrated**: q, a logistic regression of the labels on the logits of p, of the same n rows
- **half**: (y + q) / 2
- **half, all rows**: the labels of the n rows, and q of all validation rows, which needs no labels
  of them; each of the two has half of the weight

The column "labels" is the metric on test data, the next ones are the differences from it: mean over
the data sets and its standard error. "Behind on" says on how many sets half is behind by more than
0.005, and by how much at most. Draws of one set, its splits and the metrics share data.
"""


if __name__ == "__main__":
    start = time.process_time()
    print(PAGE.format(sets=len(FILES), splits=SPLITS, draws=DRAWS))
    for kind in NETWORKS:
        print(f"## {kind[0].upper()}{kind[1:]}\n\n{table(kind)}\n", flush=True)
    seconds = time.process_time() - start
    print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}; {seconds:.0f} seconds.")
