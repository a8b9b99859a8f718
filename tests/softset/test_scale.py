"""Multiplying all weights by one number changes no ratio, area, pair, threshold or gradient."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from softset import metrics
from tests.support.referees import EXACT, SINGLE, assert_close, labels_and_scores, sklearn

Y, P = labels_and_scores(24, seed=71)
W = np.random.default_rng(72).uniform(0.2, 3.0, Y.shape)
GRID = (0.2, 0.4, 0.6, 0.8)
OPTIONS = {"fbeta": {"beta": 2.0}, "tversky": {"fp_weight": 0.3, "fn_weight": 0.7}}
METRICS = {
    name: partial(getattr(metrics, name), **OPTIONS.get(name, {}))
    for name in metrics.__all__
    if name != "larger_is_better"
}
SURROGATES = (ss.SquaredHinge(), ss.Squared(), ss.Logistic(), ss.WilcoxonMannWhitney())
# Powers of two, about 1e-10, 1e-20, 1e-30 and back: they round nothing.
SCALES = (2.0**-33, 2.0**-66, 2.0**-100, 2.0**66, 2.0**100)
TOLERANCE = {"float64": EXACT, "float32": SINGLE}


def of_counts(y, p, w):
    """Every metric of soft counts, averages over classes, and areas over a grid."""
    xp = ss.array_namespace(y, p, w)
    c = ss.confusion(y, p, sample_weight=w)
    values = [metric(c) for metric in METRICS.values()]
    rows = (xp.reshape(x, (-1, 3)) for x in (y, p, w))
    y3, p3, w3 = rows
    of_classes = ss.confusion(y3, p3, sample_weight=w3, axis=0)
    values += [average(ss.f1)(of_classes) for average in (ss.micro, ss.macro, ss.weighted)]
    grid = ss.confusion(y, p, sample_weight=w, thresholds=GRID)
    values += [ss.auroc(grid), ss.auroc(grid, max_fpr=0.4), ss.average_precision(grid)]
    curves = (*ss.roc_curve(grid), *ss.precision_recall_curve(grid))
    values += [xp.mean(x) for x in curves]
    values.append(ss.cross_entropy(y, p, sample_weight=w))
    return xp.stack(values)


def of_orders(y, p, w):
    """Exact areas, losses of pairs, and thresholds."""
    xp = ss.array_namespace(y, p, w)
    c = ss.sweep(y, p, sample_weight=w).confusion
    values = [ss.auroc(c), ss.auroc(c, max_fpr=0.4), ss.average_precision(c)]
    for max_fpr in (None, 0.4):
        for surrogate in SURROGATES:
            loss = partial(ss.pairwise_loss, surrogate=surrogate, max_fpr=max_fpr)
            values.append(loss(y, p, sample_weight=w))
    values += ss.best_threshold(ss.f1, y, p, sample_weight=w)
    values += ss.threshold_at(ss.recall, ss.precision, 0.6, y, p, sample_weight=w)
    return xp.stack(values)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("fn", [of_counts, of_orders])
def test_values(backend, fn, dtype):
    arrays = [backend.asarray(x, dtype) for x in (Y.astype(float), P, W)]
    call = backend.compile(fn, *arrays)
    expected = backend.to_numpy(call(*arrays))
    assert np.all(np.isfinite(expected))
    for scale in SCALES:
        scaled = backend.asarray(W.astype(dtype) * np.asarray(scale, dtype))
        found = call(*arrays[:2], scaled)
        np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients(backend, dtype):
    """In the scores they do not change; for float32's sake not through products of slopes."""
    losses = [
        ss.as_loss(metric, maximize=True)
        for metric in (ss.f1, ss.precision, ss.matthews_corrcoef, ss.geometric_mean, ss.lift)
    ]
    losses.append(ss.as_loss(ss.auroc, thresholds=GRID))
    losses.append(partial(ss.pairwise_loss, max_fpr=0.4))
    losses.append(ss.cross_entropy)

    def total(y, p, w):
        return sum(loss(y, p, sample_weight=w) for loss in losses)

    arrays = [backend.asarray(x, dtype) for x in (Y.astype(float), P, W)]
    call = backend.compile_gradient(total, *arrays)
    _, expected = call(*arrays)
    expected = backend.to_numpy(expected)
    for scale in SCALES:
        scaled = backend.asarray(W.astype(dtype) * np.asarray(scale, dtype))
        _, found = call(*arrays[:2], scaled)
        assert_close(found, expected, backend, TOLERANCE[dtype], dtype=dtype)


@pytest.mark.parametrize("scale", [1e-20, 1e-10, 1e20])
def test_areas_are_scikit_learns(scale):
    w = W * scale
    c = ss.sweep(Y, P, sample_weight=w).confusion
    assert ss.auroc(c) == pytest.approx(sklearn.roc_auc_score(Y, P, sample_weight=w), rel=1e-12)
    expected = sklearn.average_precision_score(Y, P, sample_weight=w)
    assert ss.average_precision(c) == pytest.approx(expected, rel=1e-12)


def test_classes_of_very_different_weight(backend):
    """The weight of one class against that of the other is nothing to the area under the curve."""
    y = Y.astype(float)
    w = np.where(Y == 1, 2.0**-66, 1.0) * W

    def area(y, p, w):
        return ss.auroc(ss.sweep(y, p, sample_weight=w).confusion)

    found = backend.run(area, *(backend.asarray(x) for x in (y, P, w)))
    assert_close(found, sklearn.roc_auc_score(Y, P, sample_weight=W), backend, 1e-12)
