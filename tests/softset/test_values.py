"""What a score or a loss is the mean of: the metric of each class, example and threshold."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import EXACT, assert_close, labels_and_scores, sklearn

Y, P = labels_and_scores((40, 3), seed=8)
WEIGHTS = np.random.default_rng(9).uniform(0.2, 2.0, size=(40, 1))
GRID = (0.2, 0.5, 0.7)
F2 = partial(ss.fbeta, beta=2.0)
fbeta = partial(sklearn.fbeta_score, beta=2.0)


@pytest.mark.parametrize("average", [None, ss.macro, ss.micro, ss.weighted])
def test_values_of_classes_are_scikit_learns(backend, average):
    """With weights; averages are taken apart, also with options on both sides of them."""
    metrics = [F2] if average is None else [average(F2), partial(average(ss.fbeta), beta=2.0)]
    for metric in metrics:
        score = ss.as_score(metric, threshold=0.5, axis=0)

        def values(y, p, w, score=score):
            return score.values(y, p, sample_weight=w)

        found = backend.run(values, *map(backend.asarray, (Y, P, WEIGHTS)))
        expected = fbeta(Y, P >= 0.5, average=None, sample_weight=WEIGHTS[:, 0])
        assert_close(found, expected, backend)


def test_values_of_examples_are_scikit_learns(backend):
    score = ss.as_score(ss.macro(ss.jaccard, axis=0), threshold=0.5, axis=1)
    found = backend.run(score.values, backend.asarray(Y), backend.asarray(P))
    each = [sklearn.jaccard_score(y, p >= 0.5, zero_division=0) for y, p in zip(Y, P, strict=True)]
    assert_close(found, each, backend)


def test_values_of_thresholds_find_the_best_one(backend):
    score = ss.as_score(ss.macro(F2), thresholds=GRID, axis=0)
    where = backend.asarray(np.arange(40)[:, None] < 35)
    found = backend.run(
        lambda y, p, m: score.values(y, p, where=m), backend.asarray(Y), backend.asarray(P), where
    )
    each = [fbeta(Y[:35], P[:35] >= t, average=None) for t in GRID]
    assert_close(found, np.transpose(each), backend)
    plain = ss.as_score(ss.f1, thresholds=GRID)
    values = backend.run(plain.values, backend.asarray(Y), backend.asarray(P))
    each = [sklearn.f1_score(Y.ravel(), P.ravel() >= t) for t in GRID]
    assert_close(values, each, backend)
    assert int(np.argmax(backend.to_numpy(values))) == int(np.argmax(each))


def test_losses_are_turned_and_have_the_gradient_of_their_mean(backend):
    for metric in (ss.f1, ss.error_rate):
        loss = ss.as_loss(metric, axis=0)
        arrays = backend.asarray(Y), backend.asarray(P)
        found = backend.run(loss.values, *arrays)
        better = ss.f1(loss.confusion(Y, P)) if metric is ss.f1 else None
        expected = 1 - better if metric is ss.f1 else ss.error_rate(loss.confusion(Y, P))
        assert_close(found, expected, backend)
        _, whole = backend.value_and_grad(loss, *arrays)
        _, mean = backend.value_and_grad(
            lambda y, p, loss=loss: ss.array_namespace(p).mean(loss.values(y, p)), *arrays
        )
        whole, mean = backend.to_numpy(whole), backend.to_numpy(mean)
        np.testing.assert_allclose(mean, whole, rtol=0, atol=EXACT * np.abs(whole).max())


@marks.on(*EAGER)
def test_values_of_an_own_metric_and_of_one_number(backend):
    def cost(c):
        return (5 * c.fn + c.fp) / (c.tp + c.fp + c.fn + c.tn)

    arrays = backend.asarray(Y), backend.asarray(P)
    found = ss.as_score(ss.macro(cost), threshold=0.5, axis=0).values(*arrays)
    wrong = [(5 * (y & ~h) + (~y & h)).mean() for y, h in zip(Y.T, P.T >= 0.5, strict=True)]
    assert_close(found, wrong, backend)
    alone = ss.as_score(ss.f1).values(*arrays)
    assert_close(alone, sklearn.f1_score(Y.ravel(), P.ravel() >= 0.5), backend)
