"""Hard decisions about logits: by the order of the logits, which sigmoids lose to rounding."""

import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset._counting import buckets as _grid
from softset._counting import count
from softset._counting.logits import logit_of, logits_of
from tests.support import marks
from tests.support.backends import lib_of
from tests.support.referees import assert_array, assert_close

# The sigmoids of most of these are 1 in float32, and of the last ones in float64 too.
Z = np.asarray([-800.0, -300.0, -40.0, -20.0, 0.0, 14.0, 17.5, 18.5, 25.0, 36.0, 39.0, 41.0, 90.0])
Y = np.asarray([0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0])
# Their logits are -691, -32.2, -2.2, 0, 13.8, 18.4, 27.6 and 36.7.
GRID = (1e-300, 1e-14, 0.1, 0.5, 1 - 1e-6, 1 - 1e-8, 1 - 1e-12, 1 - 2.0**-53)
LAST_DIGITS = 4 * 2.0**-52


def above(z, threshold):
    """Tell, in exact fractions as far as they go, whether sigmoid(z) reaches a threshold."""
    odds = Fraction(threshold) / (1 - Fraction(threshold))
    return z >= math.log(odds.numerator) - math.log(odds.denominator)


def counts_at(threshold, y=Y, z=Z):
    """Return tp, fp, fn and tn."""
    hit = np.asarray([above(float(x), threshold) for x in z])
    cells = ((True, 1), (True, 0), (False, 1), (False, 0))
    return [int(np.sum((hit == h) & (y == label))) for h, label in cells]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("few", [1, 2**16], ids=["buckets", "memberships"])
def test_counts_are_those_of_the_logits(backend, dtype, few, monkeypatch):
    """At each threshold, over a grid of them, and with one for each class."""
    monkeypatch.setattr(_grid, "MANY", few)
    monkeypatch.setattr(_grid, "SHORT", 2)
    y, z = backend.asarray(Y), backend.asarray(Z, dtype)
    expected = np.asarray([counts_at(t) for t in GRID])
    wide = backend.asarray(np.asarray(GRID))
    columns = [np.repeat(x[:, None], len(GRID), axis=1) for x in (Y, Z)]
    table = backend.asarray(columns[0]), backend.asarray(columns[1], dtype)
    hard = partial(ss.confusion, step=ss.Hard(), from_logits=True)
    for given in (GRID, wide):
        over_grid = backend.run(lambda y, z, g=given: tuple(hard(y, z, thresholds=g)), y, z)
        per_class = backend.run(
            lambda y, z, g=given: tuple(hard(y, z, threshold=g, axis=0)), *table
        )
        for found in (over_grid, per_class):
            for x, e in zip(found, expected.T, strict=True):
                assert_array(x, backend, dtype, (len(GRID),))
                np.testing.assert_array_equal(backend.to_numpy(x), e)
    for threshold in (GRID[2], GRID[5]):
        alone = backend.run(lambda y, z, t=threshold: tuple(hard(y, z, threshold=t)), y, z)
        assert [float(backend.to_numpy(x)) for x in alone] == counts_at(threshold)


@pytest.mark.parametrize(
    ("thresholds", "block"),
    [(None, 2**22), (GRID, 2**22), (GRID, 3 * len(Z))],
    ids=["one", "grid", "grid in blocks"],
)
def test_straight_through_is_the_hard_step_forwards(backend, thresholds, block, monkeypatch):
    """Its slope is the other step's, and so it is with the gradient written out."""
    monkeypatch.setattr(count, "_BLOCK", block)
    y, z = backend.asarray(Y), backend.asarray(Z, "float32")
    options = {"from_logits": True, "thresholds": thresholds}
    options |= {} if thresholds else {"threshold": 1 - 1e-8}
    straight = ss.as_loss(ss.accuracy, step=ss.StraightThrough(ss.Sigmoid()), **options)
    value, gradient = backend.value_and_grad(straight, y, z)
    score = ss.as_score(ss.accuracy, **options)(Y, Z.astype("float32"))
    assert float(backend.to_numpy(value)) == pytest.approx(1 - float(score), rel=1e-6)
    _, expected = ss.value_and_grad(straight)(Y, Z)
    assert np.any(expected != 0)
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n", [9, 9000])
@pytest.mark.parametrize("threshold", [-math.inf, -1.0, 0.0, 1.0, 2.0, math.inf])
def test_any_number_is_a_threshold(n, threshold):
    """From 1 on nothing is positive, up to 0 everything, in the counts and beside the gradient."""
    y, z = np.resize(Y, n), np.resize(Z, n)
    score = ss.as_score(ss.predicted_positive_rate, threshold=threshold, from_logits=True)
    value, gradient = ss.value_and_grad(score)(y, z)
    assert value == score(y, z) == (threshold <= 0) and np.all(gradient == 0)
    p = np.clip(z, 0.25, 0.75)
    score = ss.as_score(ss.predicted_positive_rate, threshold=threshold)
    assert ss.value_and_grad(score)(y, p)[0] == score(y, p) == (threshold <= 0)


def test_a_step_of_ones_own_still_gets_probabilities():
    class Above(ss.Hard):
        def __call__(self, y_prob, threshold):
            assert np.all((y_prob >= 0) & (y_prob <= 1)) and threshold == 0.3
            return 1.0 * (y_prob > threshold)

    c = ss.confusion(Y, Z, step=Above(), threshold=0.3, from_logits=True)
    assert [int(x) for x in c] == counts_at(0.3)


def test_logit(backend):
    """Exactly 0 at 1/2, and right to the last digits everywhere."""
    t = np.concatenate(
        [
            np.linspace(0.001, 0.999, 999),
            10.0 ** -np.arange(1, 300, 13),
            1 - 2.0 ** -np.arange(1, 54),
        ]
    )
    exact = [
        math.log1p((2 * f - 1) / (1 - f)) if 0.4 < f < 0.6 else math.log(f / (1 - f))
        for f in map(Fraction, t)
    ]
    found = backend.run(lambda x: logits_of(lib_of(x), x), backend.asarray(t))
    np.testing.assert_allclose(backend.to_numpy(found), exact, rtol=LAST_DIGITS)
    np.testing.assert_allclose([logit_of(x) for x in t], exact, rtol=LAST_DIGITS)
    ends = backend.run(
        lambda x: logits_of(lib_of(x), x),
        backend.asarray(np.asarray([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan])),
    )
    expected = [-math.inf, -math.inf, 0.0, math.inf, math.inf, math.nan]
    np.testing.assert_array_equal(backend.to_numpy(ends), expected)


def test_a_logit_of_0_has_the_slope_of_its_neighbours(backend):
    """Two tails meet there: the slope is 1 / 4 from both sides, times the k / 4 of the step."""

    def weighted(y, z):
        c = ss.confusion(y, z, step=ss.Sigmoid(k=10.0), from_logits=True)
        return 3 * c.tp + 5 * c.fn

    y, z = backend.asarray(np.ones(3)), backend.asarray(np.asarray([0.0, -0.0, 0.0]))
    _, gradient = backend.value_and_grad(weighted, y, z)
    assert_close(gradient, np.full(3, (3 - 5) * 10 / 16), backend)


@pytest.mark.parametrize("size", [8, 40_000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@marks.on("numpy", "torch")
def test_large_logits_where_the_smallest_numbers_are_taken_for_0(backend, dtype, size):
    """As in the threads of compilers, which call back into Python."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    far = 10 * np.log(np.finfo(dtype).max)
    z = np.concatenate([np.linspace(-far, -far / 30, size), np.linspace(far / 30, far, size)])
    y, z = backend.asarray(z > 0), backend.asarray(z, dtype)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot")
    try:
        for step in (ss.Identity(), ss.Linear()):
            loss = ss.as_loss(ss.f1, step=step, from_logits=True)
            counts = [float(backend.to_numpy(x)) for x in loss.confusion(y, z)]
            value, _ = ss.value_and_grad(loss)(y, z)
            # Beyond 29, the smallest of these, a membership is 0 or 1 to twelve digits.
            np.testing.assert_allclose(counts, [size, 0, 0, size], rtol=1e-6, atol=1e-6 * size)
            assert float(backend.to_numpy(value)) < 1e-6
    finally:
        torch.set_flush_denormal(False)
