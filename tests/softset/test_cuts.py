"""Searches against all cuts in exact fractions, where equal values are equal and 0/0 is none."""

import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset._counting.logits import logit_of
from tests.support import marks
from tests.support.backends import EAGER, TRACED
from tests.support.referees import assert_array

CASES = {"numpy": 400}
FEWER = 60
LENGTH = 12
SCORES = np.asarray([0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.9])
GIVEN = (0.05, 0.15, 0.35, 0.45, 0.55, 0.85, 0.95)
# Decimals, which binary numbers are not; with ones and zeros among them.
WEIGHTS = (
    np.asarray([1.0]),
    np.asarray([0.1, 0.2, 0.3, 0.7, 1.1]),
    np.asarray([0.0, 0.1, 1.0, 2.5, 17.3]),
)


def over(top, bottom):
    return None if bottom == 0 else top / bottom


def likelihood_ratio(good, bad, of_good, of_bad):
    """Return the ratio of two shares: nothing of nothing is none, something of nothing infinite."""
    if of_good == 0 or of_bad == 0 or good == bad == 0:
        return None
    return math.inf if bad == 0 else (good / of_good) / (bad / of_bad)


def informedness(tp, fp, fn, tn):
    return None if tp + fn == 0 or fp + tn == 0 else tp / (tp + fn) - fp / (fp + tn)


F2 = partial(ss.fbeta, beta=2.0)
COST = partial(ss.expected_cost, fn=5.0)
FIXED = partial(ss.precision, zero_division=0.5)
# Whether larger is better, and the formula.
METRICS = {
    ss.f1: (True, lambda tp, fp, fn, tn: over(2 * tp, 2 * tp + fp + fn)),
    F2: (True, lambda tp, fp, fn, tn: over(5 * tp, 5 * tp + 4 * fn + fp)),
    ss.jaccard: (True, lambda tp, fp, fn, tn: over(tp, tp + fp + fn)),
    ss.precision: (True, lambda tp, fp, fn, tn: over(tp, tp + fp)),
    FIXED: (True, lambda tp, fp, fn, tn: over(tp, tp + fp) if tp + fp else Fraction(1, 2)),
    ss.recall: (True, lambda tp, fp, fn, tn: over(tp, tp + fn)),
    ss.specificity: (True, lambda tp, fp, fn, tn: over(tn, tn + fp)),
    ss.negative_predictive_value: (True, lambda tp, fp, fn, tn: over(tn, tn + fn)),
    ss.false_positive_rate: (False, lambda tp, fp, fn, tn: over(fp, tn + fp)),
    ss.false_negative_rate: (False, lambda tp, fp, fn, tn: over(fn, tp + fn)),
    ss.false_discovery_rate: (False, lambda tp, fp, fn, tn: over(fp, tp + fp)),
    ss.false_omission_rate: (False, lambda tp, fp, fn, tn: over(fn, tn + fn)),
    ss.accuracy: (True, lambda tp, fp, fn, tn: over(tp + tn, tp + fp + fn + tn)),
    COST: (False, lambda tp, fp, fn, tn: over(fp + 5 * fn, tp + fp + fn + tn)),
    ss.informedness: (True, informedness),
    ss.positive_likelihood_ratio: (
        True,
        lambda tp, fp, fn, tn: likelihood_ratio(tp, fp, tp + fn, fp + tn),
    ),
    ss.negative_likelihood_ratio: (
        False,
        lambda tp, fp, fn, tn: likelihood_ratio(fn, tn, tp + fn, fp + tn),
    ),
    lambda c: -(5 * c.fn + c.fp): (True, lambda tp, fp, fn, tn: -(5 * fn + fp)),
}


def every_cut(y, p, w, edges):
    """Return tp, fp, fn and tn in fractions, of each cut from the lowest on."""
    found = []
    for edge in edges:
        cells = {(hit, label): Fraction(0) for hit in (0, 1) for label in (0, 1)}
        for label, score, weight in zip(y, p, w, strict=True):
            cells[int(score >= edge), int(label)] += weight
        found.append((cells[1, 1], cells[1, 0], cells[0, 1], cells[0, 0]))
    return found


def best_of(places, values, larger):
    """Return the places of the best value, or all of them if there is no value."""
    known = [i for i in places if values[i] is not None]
    best = (max if larger else min)((values[i] for i in known), default=None)
    return [i for i in known if values[i] == best] or places


def search(counts, metric, constraint, bound):
    """Return the place of the threshold that the documentation promises, or None."""
    larger, formula = METRICS[metric]
    values, places = [formula(*c) for c in counts], list(range(len(counts)))
    if constraint is None:
        return best_of(places, values, larger)[0]
    upward, formula = METRICS[constraint]
    limits = [formula(*c) for c in counts]
    places = [
        i for i in places if limits[i] is not None and (limits[i] - bound) * (2 * upward - 1) >= 0
    ]
    return best_of(best_of(places, values, larger), limits, upward)[0] if places else None


def draw(rng):
    """Return data, as arrays and as the fractions that are meant."""
    y, p = rng.integers(0, 2, LENGTH), rng.choice(SCORES, LENGTH)
    w = rng.choice(WEIGHTS[rng.integers(len(WEIGHTS))], LENGTH)
    keep = rng.uniform(size=LENGTH) < rng.choice([0.2, 0.6, 1.0])
    keep[rng.integers(LENGTH)] = True
    exact = [Fraction(x).limit_denominator(10) for x in w[keep]]
    return (y, p, w, keep), (y[keep], p[keep], exact)


def draw_search(rng, counts):
    """Return a metric, and for most a constraint with a bound that some cut may meet exactly."""
    metrics = list(METRICS)
    metric, constraint, bound = metrics[rng.integers(len(metrics))], None, None
    if rng.uniform() < 0.6:
        constraint = metrics[rng.integers(len(metrics))]
        limits = [METRICS[constraint][1](*c) for c in counts]
        known = [x for x in limits if x not in (None, math.inf)] or [Fraction(1, 2)]
        bound = known[rng.integers(len(known))] + Fraction(int(rng.integers(-1, 2)), 7)
    return metric, constraint, bound


def run(metric, constraint, bound, *arrays, **options):
    if constraint is None:
        return ss.best_threshold(metric, *arrays, **options)
    return ss.threshold_at(metric, constraint, float(bound), *arrays, **options)


KINDS = {
    "scores": {},
    "logits": {"from_logits": True},
    "candidates": {"thresholds": GIVEN},
}


@marks.on(*EAGER)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_searches_against_all_cuts(backend, dtype, kind):
    """The same cut, the lowest of equal ones; and a bound that is met exactly is met."""
    rng = np.random.default_rng(61)
    for _ in range(CASES.get(backend.name, FEWER)):
        (y, p, w, keep), exact = draw(rng)
        edges = GIVEN if kind == "candidates" else (*np.unique(p[keep]), 2.0)
        counts = every_cut(*exact, edges)
        wanted = draw_search(rng, counts)
        place = search(counts, *wanted)
        arrays = backend.asarray(y), backend.asarray(20 * p - 8 if kind == "logits" else p, dtype)
        given = {"sample_weight": backend.asarray(w, dtype), "where": backend.asarray(keep)}
        if place is None:
            with pytest.raises(ValueError, match="`bound` must be met at some threshold"):
                run(*wanted, *arrays, **given, **KINDS[kind])
            continue
        found = run(*wanted, *arrays, **given, **KINDS[kind])
        threshold, value = (float(backend.to_numpy(x)) for x in found)
        score = ss.as_score(wanted[0], threshold=threshold, from_logits=kind == "logits")
        assert float(score(*arrays, **given)) == pytest.approx(value, rel=1e-6)
        if kind == "candidates":
            assert threshold == pytest.approx(GIVEN[place], rel=1e-6)
        else:
            cut = (logit_of(threshold) + 8) / 20 if kind == "logits" else threshold
            assert int(np.sum(edges < np.asarray(cut))) == place


def test_undefined_cuts_do_not_compete():
    """Where nothing is predicted positive the false discovery rate is 0/0, not the best of all."""
    y, p = np.asarray([0, 1, 0, 1]), np.asarray([0.2, 0.4, 0.6, 0.8])
    assert ss.best_threshold(ss.false_discovery_rate, y, p) == (pytest.approx(0.7), 0.0)
    assert ss.best_threshold(ss.false_discovery_rate, 1 - y, p) == (pytest.approx(0.1), 0.5)
    at = partial(ss.threshold_at, ss.specificity, ss.false_discovery_rate, 0.1)
    assert at(y, p) == (pytest.approx(0.7), 1.0)
    with pytest.raises(ValueError, match=r"false_discovery_rate <= 0\.1, which is 0\.5.*; raise"):
        at(1 - y, p)
    # Unless its value there was chosen.
    zero = partial(ss.false_discovery_rate, zero_division=0.0)
    assert ss.best_threshold(zero, 1 - y, p) == (pytest.approx(0.9), 0.0)
    assert ss.threshold_at(ss.specificity, zero, 0.1, 1 - y, p) == (pytest.approx(0.9), 1.0)


def test_undefined_everywhere():
    """The first cut, with the value that the metric has there, and no bound is met."""
    p = np.asarray([0.2, 0.4])
    none = np.zeros(2, dtype=int)
    assert ss.best_threshold(ss.recall, none, p) == (pytest.approx(0.1), 0.0)
    with pytest.raises(ValueError, match=r"got recall >= 0\.0, which is undefined at the"):
        ss.threshold_at(ss.accuracy, ss.recall, 0.0, none, p)
    y = np.stack([none, 1 - none, none], axis=1)
    with pytest.raises(ValueError, match=r"of class 0, .* which is undefined .*; 1 more classes"):
        ss.threshold_at(ss.accuracy, ss.recall, 0.0, y, np.stack([p, p, p], axis=1), axis=0)


def test_no_mistake_is_infinite_and_best():
    y, p = np.asarray([0, 0, 1, 0, 1, 1]), np.asarray([0.1, 0.2, 0.3, 0.35, 0.8, 0.9])
    found = ss.threshold_at(ss.recall, ss.positive_likelihood_ratio, 10.0, y, p)
    assert found == (pytest.approx(0.575), pytest.approx(2 / 3))
    assert ss.best_threshold(ss.positive_likelihood_ratio, y, p) == (found.threshold, math.inf)
    assert ss.best_threshold(ss.negative_likelihood_ratio, y, p) == (pytest.approx(0.15), 0.0)


# Logits: those that have the same sigmoid are told apart, or not at all


TALL = np.asarray([-900.0, 2.0, 30.0, 50.0, 300.0])
LABELS = np.asarray([0, 0, 0, 1, 1])


def test_saturated_logits_do_not_tie(backend):
    """No probability but 1 is above 36.7; float32 has none above 16.6, and float64 is there."""
    for dtype in ("float32", "float64"):
        y, z = backend.asarray(LABELS), backend.asarray(TALL, dtype)
        threshold, value = backend.run(
            lambda y, z: tuple(ss.best_threshold(ss.f1, y, z, from_logits=True)), y, z
        )
        at = float(assert_array(threshold, backend, "float64", ()))
        assert 30 < logit_of(at) <= 50
        assert float(assert_array(value, backend, dtype, ())) == 1.0
        hard = ss.as_score(ss.f1, threshold=at, from_logits=True)
        again = ss.as_score(ss.f1, threshold=threshold, from_logits=True)
        assert float(hard(y, z)) == float(again(y, z)) == 1.0


def test_candidates_keep_their_digits(backend):
    """1 - 1e-10 is 1 in float32, and its logit is 23."""
    y, z = backend.asarray(LABELS), backend.asarray(TALL, "float32")
    for given in ((0.5, 1 - 1e-10), backend.asarray(np.asarray([0.5, 1 - 1e-10]))):
        threshold, value = backend.run(
            lambda y, z, t=given: tuple(
                ss.best_threshold(ss.f1, y, z, thresholds=t, from_logits=True)
            ),
            y,
            z,
        )
        assert float(assert_array(threshold, backend, "float64", ())) == 1 - 1e-10
        assert float(backend.to_numpy(value)) == pytest.approx(0.8)


def test_the_ends_of_logits():
    """Anything is above 0, and nothing from 1 on."""
    y, z = np.asarray([0, 0, 1]), np.asarray([90.0, 60.0, -800.0])
    threshold, value = ss.best_threshold(ss.recall, y, z, from_logits=True)
    assert 0 <= threshold < 1e-300 and value == 1.0
    assert ss.best_threshold(ss.accuracy, y, z, from_logits=True) == (
        math.inf,
        pytest.approx(2 / 3),
    )


def test_logits_that_no_probability_tells_apart():
    """An error that says which; without checks, nan; half of them will do."""
    y, z = LABELS, TALL + 20
    with pytest.raises(
        ValueError, match=r"tells apart at the best cut, got 50\.0 and 70\.0; divide"
    ):
        ss.best_threshold(ss.f1, y, z, from_logits=True)
    with pytest.raises(ValueError, match=r"got 50\.0 and 70\.0; divide all logits by a constant"):
        ss.threshold_at(ss.f1, ss.recall, 0.5, y, z, from_logits=True)
    both = np.stack([TALL, z], axis=1)
    with pytest.raises(ValueError, match=r"logits of class 1 that .* got 50\.0 and 70\.0"):
        ss.best_threshold(ss.f1, np.stack([y, y], axis=1), both, from_logits=True, axis=0)
    with ss.checks(False):
        assert np.isnan(ss.best_threshold(ss.f1, y, z, from_logits=True)).all()
    threshold, value = ss.best_threshold(ss.f1, y, z / 2, from_logits=True)
    assert 25 < logit_of(float(threshold)) <= 35 and value == 1.0


@marks.on(*TRACED)
def test_logits_that_no_probability_tells_apart_in_traced_code(backend):
    """Nothing can be seen; the other class has its threshold."""
    y, z = np.stack([LABELS, LABELS], axis=1), np.stack([TALL, TALL + 20], axis=1)
    found = backend.run(
        lambda y, z: tuple(ss.best_threshold(ss.f1, y, z, from_logits=True, axis=0)),
        *map(backend.asarray, (y, z)),
    )
    threshold, value = map(backend.to_numpy, found)
    assert 30 < logit_of(float(threshold[0])) <= 50 and value[0] == 1.0
    assert np.isnan(threshold[1]) and np.isnan(value[1])


def test_random_logits():
    """Any scale: the value is that of a loop, the threshold gives it, or no probability could."""
    rng, refused = np.random.default_rng(62), 0
    for _ in range(400):
        dtype, scale = rng.choice(["float32", "float64"]), 10.0 ** rng.uniform(-3, 3)
        y, z = rng.integers(0, 2, LENGTH), (scale * rng.normal(size=LENGTH)).astype(dtype)
        best = max(2 * np.sum(y[z >= t]) / max(1, np.sum(z >= t) + np.sum(y)) for t in z)
        try:
            threshold, value = ss.best_threshold(ss.f1, y, z, from_logits=True)
        except ValueError as error:
            low = float(str(error).partition("got ")[2].partition(" and")[0])
            assert low > 36 or low < -745
            refused += 1
            continue
        assert value == pytest.approx(best, rel=1e-6)
        for t in (threshold, float(threshold)):
            assert ss.as_score(ss.f1, threshold=t, from_logits=True)(y, z) == value
    assert 0 < refused < 100


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_neighbouring_logits_are_told_apart_or_refused(dtype):
    """The threshold's logit is rounded to the dtype, and must not become the lower neighbour."""
    rng, found = np.random.default_rng(63), 0
    y = np.asarray([0, 1])
    for low in rng.uniform(-8, 8, 200).astype(dtype):
        z = np.asarray([low, np.nextafter(low, np.asarray(np.inf, dtype))])
        try:
            threshold, value = ss.best_threshold(ss.f1, y, z, from_logits=True)
        except ValueError as error:
            assert "tells apart at the best cut" in str(error)
            continue
        assert value == 1.0
        for t in (threshold, float(threshold)):
            assert ss.as_score(ss.f1, threshold=t, from_logits=True)(y, z) == 1.0
        found += 1
    assert found == 200 or dtype == "float64"
