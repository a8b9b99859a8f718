"""The interval of a threshold, and its value without the luck: by hand, and by known truth."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends import threshold_interval
from tests.support import marks
from tests.support.referees import EXACT


def draw(rng, n):
    p = rng.beta(0.5, 2.0, size=n)
    return rng.uniform(size=n) < p, p


Y, P = draw(np.random.default_rng(50), 60)
NAMES = ("recall", "specificity")  # what a class alone leaves undefined
WEIGHTS = np.random.default_rng(51).uniform(0.2, 3.0, size=Y.shape)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("metric", [ss.f1, partial(ss.expected_cost, fn=3.0)])
def test_as_by_hand(metric, weights):
    """Rows copied as often as they are drawn, from the same stream."""
    rng = np.random.default_rng(7)
    w = np.ones(len(Y)) if weights is None else weights
    thresholds, values = [], []
    for _ in range(20):
        times = np.bincount(rng.integers(len(Y), size=len(Y)), minlength=len(Y))
        rows, rest = np.repeat(np.arange(len(Y)), times), times == 0
        at = ss.best_threshold(metric, Y[rows], P[rows], sample_weight=w[rows]).threshold
        thresholds.append(at)
        score = ss.as_score(metric, threshold=float(at))
        values.append(score(Y[rest], P[rest], sample_weight=w[rest]))
    found = threshold_interval(
        metric, Y, P, sample_weight=weights, resamples=20, seed=7, confidence=0.8
    )
    assert found[:1] + found[3:4] == ss.best_threshold(metric, Y, P, sample_weight=weights)
    ends = np.sort(thresholds)[[1, 17]]  # 10 % and 90 % of 20
    np.testing.assert_allclose(found[1:3], ends, rtol=EXACT)
    share = np.exp(-1)
    expected = share * found.value + (1 - share) * np.mean(values)
    assert found.corrected == pytest.approx(expected, rel=1e-12)


def test_memory_in_blocks(monkeypatch):
    """However many resamples fit into a block, they are the same."""
    whole = threshold_interval(ss.f1, Y, P, resamples=10)
    monkeypatch.setattr("softset_backends.optimism._BLOCK", 3 * len(Y))
    np.testing.assert_allclose(threshold_interval(ss.f1, Y, P, resamples=10), whole, rtol=EXACT)


def test_logits_and_other_libraries():
    expected = threshold_interval(ss.f1, Y, P, resamples=20)
    logits = np.log(P / (1 - P))
    found = threshold_interval(ss.f1, Y, logits, resamples=20, from_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert threshold_interval(ss.f1, *map(torch.as_tensor, (Y, P)), resamples=20) == expected
    assert threshold_interval(ss.f1, Y, P, resamples=20, seed=1) != expected


@pytest.mark.parametrize(
    "metric", marks.quick_first(ss.f1, ss.informedness, ss.accuracy), ids=lambda m: m.__name__
)
def test_corrected_value_is_near_the_truth(metric):
    """Of 150 thresholds of 100 rows; the plain value is too good by far more."""
    rng = np.random.default_rng(3)
    y_all, p_all = draw(rng, 200_000)
    errors = []
    for _ in range(150):
        y, p = draw(rng, 100)
        found = threshold_interval(metric, y, p, resamples=50)
        c = ss.confusion(y_all, p_all >= found.threshold, step=ss.Hard())
        errors.append(np.asarray([found.value, found.corrected]) - metric(c))
    plain, corrected = np.mean(errors, axis=0)
    error = np.std(errors, axis=0)[1] / 150**0.5
    assert abs(corrected) < 0.4 * plain + 2 * error
    assert plain > 5 * error
    # Each single one is nearer too, in the mean of squares.
    assert np.mean(np.square(errors), axis=0)[1] < np.mean(np.square(errors), axis=0)[0]


def test_rows_on_which_the_metric_is_undefined_are_left_out():
    """One positive: half of the rows left out have none, and say nothing of recall."""
    y, p = np.arange(20) == 19, np.linspace(0.1, 0.9, 20)
    assert threshold_interval(ss.recall, y, p).corrected > 0.6
    fixed = partial(ss.recall, zero_division=0.0)
    assert threshold_interval(fixed, y, p).corrected < 0.7
    with pytest.raises(ValueError, match="`metric` must be defined on rows that a resample leaves"):
        threshold_interval(ss.recall, y, p, resamples=1, seed=1)
    for label in (0, 1):
        match = f"`y_true` must hold both classes for specificity to be defined, got {label} alone"
        with pytest.raises(ValueError, match=match.replace("specificity", NAMES[label])):
            threshold_interval(getattr(ss, NAMES[label]), 0 * y + label, p, resamples=3)


def test_value_that_is_infinite():
    y, p = Y.copy(), P.copy()
    assert np.isinf(ss.best_threshold(ss.diagnostic_odds_ratio, y, p).value)
    found = threshold_interval(ss.diagnostic_odds_ratio, y, p, resamples=20)
    assert found.value == found.corrected == np.inf
    assert 0 < found.low <= found.threshold <= found.high < 1


def test_errors():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        threshold_interval("f1", Y, P)
    with pytest.raises(ValueError, match="`confidence` must lie strictly between 0 and 1, got"):
        threshold_interval(ss.f1, Y, P, confidence=95)
    with pytest.raises(ValueError, match="`resamples` must be an integer of at least 1, got"):
        threshold_interval(ss.f1, Y, P, resamples=0)
    with pytest.raises(ValueError, match=r"shape \(n,\), got \(30, 2\); call it for each class"):
        threshold_interval(ss.f1, Y.reshape(30, 2), P.reshape(30, 2))
    with pytest.raises(ValueError, match="neither better when larger nor"):
        threshold_interval(ss.prevalence, Y, P)
