"""The data, the models and the labels of thresholds.py."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from choosing_fits import FILES, class_sets, read
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import softset as ss
from softset_backends.sklearn import recalibrated

SPLITS, DRAWS = 5, 20
WORTH = 300
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
CLASSIFIERS = {
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    "random forest": RandomForestClassifier(30, random_state=0),
    "naive Bayes": GaussianNB(),
}
# In the place of the labels y, beside probabilities p and what they are recalibrated to, q.
METHODS = ("labels", "expected", "recalibrated", "half", "fewer with more rows")


class Scores(NamedTuple):
    """What a model says of the rows that choose a threshold and of test rows, and their labels.

    A column for each label, of shape (n, k).
    """

    p_val: Any
    y_val: Any
    p_test: Any
    y_test: Any


def binary(name: str) -> tuple[Any, Any]:
    """Return the features and the labels of a data set."""
    frame, rows = read(name), FILES[name]
    frame = frame if rows is None else frame.sample(rows, random_state=0)
    return frame.drop(columns="y").to_numpy(float), frame["y"].to_numpy(int)


def yeast() -> tuple[Any, Any]:
    """Return the features and the fourteen labels of yeast."""
    x, y, _ = class_sets()["yeast_multilabel"]
    return x, y.astype(int)


def networks(x: Any, y: Any, kind: str) -> list[Scores]:
    """Return a network of each split: half of the rows to train, a quarter each for the rest."""
    found = []
    for split in range(SPLITS):
        x_train, x_rest, y_train, y_rest = _split(x, y, 0.5, split)
        x_val, x_test, y_val, y_test = _split(x_rest, y_rest, 0.5, split)
        options = {"learning_rate_init": 0.003, "random_state": split, **NETWORKS[kind]}
        model = make_pipeline(StandardScaler(), MLPClassifier(32, **options)).fit(x_train, y_train)
        p_val, p_test = (model.predict_proba(z) for z in (x_val, x_test))
        found.append(_in_columns(p_val, y_val, p_test, y_test))
    return found


def out_of_fold(x: Any, y: Any, classifier: Any, size: float, seed: int) -> Scores:
    """Return a classifier of so many rows, which choose the threshold too, each out of its fold."""
    x_train, x_test, y_train, y_test = _split(x, y, size, seed)
    p_val = cross_val_predict(classifier, x_train, y_train, method="predict_proba")
    p_test = classifier.fit(x_train, y_train).predict_proba(x_test)
    return _in_columns(p_val, y_train, p_test, y_test)


def _split(x: Any, y: Any, size: float, seed: int) -> list[Any]:
    stratify = y if y.ndim == 1 else None
    return train_test_split(x, y, train_size=size, stratify=stratify, random_state=seed)


def _in_columns(p_val: Any, y_val: Any, p_test: Any, y_test: Any) -> Scores:
    if y_val.ndim == 1:
        p_val, p_test, y_val, y_test = p_val[:, 1:], p_test[:, 1:], y_val[:, None], y_test[:, None]
    return Scores(p_val, y_val, p_test, y_test)


def labels_of(y: Any, p: Any) -> list[Any]:
    """Return what each method has in the place of the labels, of columns."""
    q = p.copy()
    both = np.ptp(y, axis=0) > 0  # of one class there is nothing to recalibrate with
    q[:, both] = recalibrated(y[:, both], p[:, both])
    shares = 0.5, WORTH / (WORTH + len(y))
    return [y * 1.0, p, q, *(ss.expected_labels(y, q, share=share) for share in shares)]


def is_warned_of(y: Any, p: Any) -> bool:
    """Tell whether expected counts of these probabilities are warned of."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        ss.expected_labels(y, p, axis=0)
    return bool(found)


def gains(scores: Scores, metrics: list[Any], number: int | None, seed: int) -> Any:
    """Return the metrics on test rows by each method, of shape (metrics, methods + 1).

    The mean over draws of so many rows; the last column is how many were warned of.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(DRAWS if number else 1):
        rows = rng.permutation(len(scores.y_val))[:number]
        y, p = scores.y_val[rows], scores.p_val[rows]
        if y.shape[1] == 1 and len(np.unique(y)) < 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            several = labels_of(y, p)
        values = []
        for metric in metrics:
            cuts = [ss.best_threshold(metric, t, p, axis=0).threshold for t in several]
            scored = [ss.as_score(metric, threshold=t, axis=0) for t in cuts]
            values.append([float(one(scores.y_test, scores.p_test)) for one in scored])
        found.append(np.c_[values, [is_warned_of(y, p)] * len(metrics)])
    return np.mean(found, axis=0)
