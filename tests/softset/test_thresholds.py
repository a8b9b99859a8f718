"""The best threshold: against every cut by brute force, scikit-learn's metrics and theory."""

import math
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests import support
from tests.support import SUMMED, assert_close, sklearn

Y, P = support.labels_and_scores(120, seed=31)
TIED = np.round(P, 1)
WEIGHTS = np.random.default_rng(32).uniform(0.1, 3.0, size=Y.shape)
F2 = partial(ss.fbeta, beta=2.0)
METRICS = {
    "f1": (ss.f1, sklearn.f1_score),
    "f2": (F2, partial(sklearn.fbeta_score, beta=2)),
    "mcc": (ss.matthews_corrcoef, sklearn.matthews_corrcoef),
    "balanced accuracy": (ss.balanced_accuracy, sklearn.balanced_accuracy_score),
}


def by_brute_force(score, y, p, w=None):
    """Return the best value of a scikit-learn metric over all sets a threshold can give."""
    return max(score(y, p >= t, sample_weight=w) for t in (*np.unique(p), 2.0))


@pytest.mark.filterwarnings("ignore:.*y_pred contains classes not in y_true")
@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("scores", [P, TIED], ids=["distinct", "tied"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_no_cut_is_better(backend, name, scores, weights):
    metric, reference = METRICS[name]
    arrays = [backend.asarray(x) for x in (Y, scores, weights) if x is not None]
    threshold, value = backend.run(
        lambda y, p, *w: tuple(ss.best_threshold(metric, y, p, sample_weight=w[0] if w else None)),
        *arrays,
    )
    assert_close(value, by_brute_force(reference, Y, scores, weights), backend, SUMMED)
    at = support.assert_array(threshold, backend, "float64", ())
    assert reference(Y, scores >= at, sample_weight=weights) == pytest.approx(
        float(backend.to_numpy(value)), rel=SUMMED
    )


def test_each_class_gets_its_own(backend):
    """axis=0; with a mask over NaN, the same as each class alone without the masked rows."""
    y, p = support.labels_and_scores((60, 3), seed=8)
    keep = np.random.default_rng(9).uniform(size=p.shape) < 0.7
    arrays = [backend.asarray(x) for x in (y, np.where(keep, p, np.nan), keep)]
    found = backend.run(
        lambda y, p, m: tuple(ss.best_threshold(ss.f1, y, p, where=m, axis=0)), *arrays
    )
    columns = [ss.best_threshold(ss.f1, y[m, i], p[m, i]) for i, m in enumerate(keep.T)]
    for x, expected in zip(found, np.asarray(columns).T, strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_logits_give_a_probability(backend):
    z = np.log(P / (1 - P))
    found = backend.run(
        lambda y, z: tuple(ss.best_threshold(ss.f1, y, z, from_logits=True)),
        *map(backend.asarray, (Y, z)),
    )
    for x, expected in zip(found, ss.best_threshold(ss.f1, Y, P), strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_given_candidates(backend):
    """The first of the best, per class too, from a tuple and from an array."""
    y, p = support.labels_and_scores((60, 3), seed=8)
    for given in (ss.grid(19), backend.asarray(np.asarray(ss.grid(19)))):
        best = partial(ss.best_threshold, ss.f1, thresholds=given, axis=0)
        found = backend.run(lambda y, p, f=best: tuple(f(y, p)), *map(backend.asarray, (y, p)))
        values = ss.f1(ss.confusion(y, p, thresholds=ss.grid(19), step=ss.Hard(), axis=0))
        assert_close(found[0], np.asarray(ss.grid(19))[values.argmax(axis=1)], backend)
        assert_close(found[1], values.max(axis=1), backend)


def test_smaller_is_better():
    cost = partial(ss.expected_cost, fp=1.0, fn=5.0)
    threshold, value = ss.best_threshold(cost, Y, P)
    costs = [cost(ss.confusion(Y, P, threshold=t, step=ss.Hard())) for t in (*np.unique(P), 2.0)]
    assert value == min(costs)
    assert value == cost(ss.confusion(Y, P, threshold=float(threshold), step=ss.Hard()))
    largest = ss.best_threshold(lambda c: -cost(c), Y, P)
    assert largest.threshold == threshold and largest.value == -value
    assert ss.best_threshold(lambda c: cost(c), Y, P, maximize=False).value == value


def test_best_f_is_at_half_its_value():
    """Lipton et al. 2014: F* / (1 + beta**2) for calibrated scores; 1e6 draws, 3 digits."""
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 3.0, size=1_000_000)
    y = rng.uniform(size=p.shape) < p
    for beta in (0.5, 1.0, 2.0):
        threshold, value = ss.best_threshold(partial(ss.fbeta, beta=beta), y, p)
        assert threshold == pytest.approx(value / (1 + beta**2), abs=0.01)


def test_the_ends():
    """All positive and none positive are candidates as well."""
    y, p = np.asarray([0, 0, 1]), np.asarray([0.8, 0.6, 0.2])
    assert ss.best_threshold(ss.recall, y, p) == (0.1, 1.0)
    assert ss.best_threshold(ss.accuracy, y, p) == (pytest.approx(0.9), pytest.approx(2 / 3))
    sure = np.asarray([1.0, 0.6, 0.2])
    assert ss.best_threshold(ss.accuracy, y, sure) == (math.inf, pytest.approx(2 / 3))
    assert ss.as_score(ss.accuracy, threshold=math.inf)(y, sure) == pytest.approx(2 / 3)
    assert ss.best_threshold(ss.recall, np.asarray([1]), np.asarray([0.0])) == (0.0, 1.0)


def test_cuts_separate_neighbouring_floats():
    """Halfway between two neighbours is one of them, and the lower one is no cut."""
    low = 0.7
    middle = np.nextafter(low, 1)
    p = np.asarray([low, middle, np.nextafter(middle, 1), low, 0.1])
    found = ss.best_threshold(ss.f1, np.asarray([0, 1, 1, 0, 0]), p)
    assert found == (middle, 1.0)


def test_the_lowest_of_equals():
    y, p = np.asarray([0, 1, 0, 1]), np.asarray([0.2, 0.4, 0.6, 0.8])
    # F1 is 2/3, 4/5, 1/2 and 2/3; with the labels turned 2/3, 1/2, 1/2 and 0.
    assert ss.best_threshold(ss.f1, y, p).threshold == pytest.approx(0.3)
    assert ss.best_threshold(ss.f1, 1 - y, p).threshold == pytest.approx(0.1)


def test_undefined_values_are_not_best():
    """A metric of one's own that is nan at some cut loses there."""
    value = ss.best_threshold(lambda c: c.tp / np.where(c.fp > 0, c.tp + c.fp, np.nan), Y, P).value
    assert np.isfinite(value)


def test_errors():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        ss.best_threshold("f1", Y, P)
    with pytest.raises(ValueError, match="`metric` prevalence is neither better when larger"):
        ss.best_threshold(ss.prevalence, Y, P)
    with pytest.raises(ValueError, match=r"`metric` must give one value for each threshold"):
        ss.best_threshold(ss.auroc, Y, P)
    with pytest.raises(ValueError, match=r"`metric` must give one value for each threshold"):
        ss.best_threshold(lambda c: 1.0, Y, P)
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        ss.best_threshold(ss.f1, Y[:5], P)
    with pytest.raises(ValueError, match="`thresholds` must increase"):
        ss.best_threshold(ss.f1, Y, P, thresholds=(0.5, 0.2))
