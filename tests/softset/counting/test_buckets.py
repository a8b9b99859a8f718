"""Counts over a grid from buckets: against each threshold by itself, in both dtypes."""

import contextlib
import importlib
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset._counting import buckets as _grid
from tests.support import marks
from tests.support.backends import jax_as_it_comes, lib_of
from tests.support.referees import (
    DIFFERENCES,
    SINGLE,
    STEP,
    SUMMED,
    assert_close,
    labels_and_scores,
)

Y, P = labels_and_scores(300, seed=51)
Y2, P2 = labels_and_scores((60, 3), seed=52)
LOGITS = np.log(P / (1 - P))
WEIGHTS = np.random.default_rng(53).uniform(0.1, 3.0, size=Y.shape)
GRID = (0.003, *ss.grid(38), 0.997)
STEPS = {
    "Linear": ss.Linear(),
    "sharp Linear": ss.Linear(delta=0.05),
    "Ramp": ss.Ramp(width=0.3),
    "Hard": ss.Hard(),
}
F2 = partial(ss.fbeta, beta=2.0)


@pytest.fixture(autouse=True)
def buckets_for_few_scores(monkeypatch):
    monkeypatch.setattr(_grid, "MANY", 1)


def each_alone(y, p, **options):
    """Return the counts of NumPy data at every threshold, one after the other."""
    counts = [ss.confusion(y, p, threshold=t, **options) for t in GRID]
    return [np.stack(x, axis=-1) for x in zip(*counts, strict=True)]


def mean_over_the_grid(y, p, *, metric=F2, **options):
    """Return the mean of a loss over the grid, each threshold by itself."""
    axis = options.pop("axis", None)
    arrays = {k: options.pop(k) for k in ("sample_weight", "where") if k in options}
    losses = [ss.as_loss(metric, threshold=t, axis=axis, **options) for t in GRID]
    pairs = [ss.value_and_grad(loss)(y, p, **arrays) for loss in losses]
    values, gradients = zip(*pairs, strict=True)
    return np.mean(values), np.mean(gradients, axis=0)


CASES = {
    "plain": (Y, P, {}),
    "tied": (Y, np.round(P, 2), {}),
    "logits": (Y, LOGITS, {"from_logits": True}),
    "far logits": (Y, 12 * LOGITS, {"from_logits": True}),
    "weighted": (Y, P, {"sample_weight": WEIGHTS}),
    "classes": (Y2, P2, {"axis": 0}),
    "samples": (Y2.T, P2.T, {"axis": (1,)}),
    "table": (Y2, P2, {"sample_weight": WEIGHTS[:60, None]}),
    "masked": (Y, np.where(P < 0.3, np.nan, P), {"where": P >= 0.3}),
    "soft labels": (0.8 * Y + 0.1, P, {}),
}


@marks.combined(case=CASES, step=STEPS)
def test_counts_are_those_of_each_threshold(backend, step, case):
    y, p, options = CASES[case]
    fixed = {k: v for k, v in options.items() if not isinstance(v, np.ndarray)}
    arrays = {k: v for k, v in options.items() if isinstance(v, np.ndarray)}

    def counts(y, p, *more):
        named = dict(zip(arrays, more, strict=True))
        return tuple(ss.confusion(y, p, thresholds=GRID, step=STEPS[step], **fixed, **named))

    found = backend.run(counts, *(backend.asarray(x) for x in (y, p, *arrays.values())))
    expected = each_alone(y, p, step=STEPS[step], **options)
    for x, e in zip(found, expected, strict=True):
        assert_close(x, e, backend, SUMMED)
        assert np.all(backend.to_numpy(x) >= 0)


@marks.combined(case=CASES, step=["Linear", "Ramp"])
def test_gradients_are_those_of_each_threshold(backend, step, case):
    y, p, options = CASES[case]
    fixed = {k: v for k, v in options.items() if not isinstance(v, np.ndarray)}
    arrays = {k: v for k, v in options.items() if isinstance(v, np.ndarray)}
    loss = ss.as_loss(F2, step=STEPS[step], thresholds=GRID, **fixed)
    given = [backend.asarray(x) for x in (y, p, *arrays.values())]
    expected = mean_over_the_grid(y, p, step=STEPS[step], **options)
    found = [backend.value_and_grad(lambda y, p, *more: call(loss, arrays, y, p, more), *given)]
    if not backend.traced:
        named = dict(zip(arrays, given[2:], strict=True))
        found.append(ss.value_and_grad(loss)(*given[:2], **named))
    for value, gradient in found:
        assert_close(value, expected[0], backend, SUMMED)
        assert_close(gradient, expected[1], backend, SUMMED)


def call(loss, names, y, p, more):
    return loss(y, p, **dict(zip(names, more, strict=True)))


@pytest.mark.parametrize("step", ["Linear", "Ramp"])
@pytest.mark.parametrize("delta", [0.0, 1e-9, -1e-9], ids=["at", "above", "below"])
def test_slopes_at_the_knots_are_those_of_one_threshold(step, delta):
    """Scores on the ends of the lines of every threshold, and next to them."""
    ends = [
        getattr(STEPS[step].lines(lib_of(P), t), end) for t in GRID[1:-1] for end in ("low", "high")
    ]
    p = np.clip(np.asarray(ends) + delta, 0, 1)
    y = np.arange(p.size) % 2 == 0
    loss = ss.as_loss(F2, step=STEPS[step], thresholds=GRID)
    _, gradient = ss.value_and_grad(loss)(y, p)
    _, expected = mean_over_the_grid(y, p, step=STEPS[step])
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=SUMMED * np.max(np.abs(expected)))


def test_thresholds_have_gradients(backend):
    """The slope of the mean over a grid in its thresholds, against central differences."""
    grid = np.linspace(0.05, 0.93, 17)

    def loss(y, p, t):
        return ss.as_loss(F2, thresholds=t)(y, p)

    arrays = [backend.asarray(x) for x in (Y, P, grid)]
    _, gradient = backend.value_and_grad(loss, *arrays, argnum=2)
    expected = [
        (loss(Y, P, grid + e) - loss(Y, P, grid - e)) / (2 * STEP) for e in STEP * np.eye(17)
    ]
    assert_close(gradient, np.asarray(expected), backend, DIFFERENCES)


@pytest.mark.parametrize("from_logits", [False, True], ids=["probabilities", "logits"])
@pytest.mark.parametrize("scores", ["spread", "crowded"])
def test_single_precision_counts_of_a_million_scores(backend, scores, from_logits, monkeypatch):
    """Within 1e-5 of float64, also of a stretch with few scores beside one with almost all.

    JAX is taken as it comes, without float64.
    """
    rng = np.random.default_rng(5)
    z = rng.normal(size=10**6) * 2 - (0 if scores == "spread" else 8)
    y = rng.uniform(size=10**6) < 0.1
    p = (z if from_logits else 1 / (1 + np.exp(-z))).astype(np.float32)
    thresholds = ss.grid(1000)
    with jax_as_it_comes() if backend.library == "jax" else contextlib.nullcontext():
        given = backend.asarray(y), backend.asarray(p, "float32")
        c = backend.run(
            lambda y, p: ss.confusion(y, p, thresholds=thresholds, from_logits=from_logits), *given
        )
    for i in (0, 3, 50, 499, 500, 800, 990, 999):
        threshold = float(np.float32(thresholds[i]))
        exact = ss.confusion(y, p.astype("d"), threshold=threshold, from_logits=from_logits)
        found = [float(x[i]) for x in c]
        np.testing.assert_allclose(found, exact, rtol=SINGLE)


def test_this_is_how_they_are_counted(monkeypatch):
    """The tests above would hold for n x T memberships too."""
    taken = []
    original = _grid.count_buckets
    module = importlib.import_module("softset._counting.count")
    monkeypatch.setattr(module, "count_buckets", lambda *a: taken.append(1) or original(*a))
    ss.confusion(Y, P, thresholds=GRID)
    assert taken == [1]
    ss.confusion(Y, P, thresholds=GRID[: _grid.FEW - 1])
    ss.confusion(Y, P, thresholds=GRID, step=ss.Sigmoid())
    monkeypatch.setattr(_grid, "MANY", Y.size * len(GRID) + 1)
    ss.confusion(Y, P, thresholds=GRID)
    assert taken == [1]


def test_memberships_of_other_steps_are_made_in_blocks(backend, monkeypatch):
    """The same numbers; never more than a block at once."""
    module = importlib.import_module("softset._counting.count")
    sizes = []
    original = module.memberships

    def watched(batch, step):
        if not backend.traced:
            sizes.append(batch.scores.shape[0] * batch.threshold.shape[0])
        return original(batch, step)

    loss = ss.as_loss(F2, step=ss.Sigmoid(), thresholds=GRID)
    given = backend.asarray(Y), backend.asarray(P)
    whole = backend.value_and_grad(loss, *given)
    monkeypatch.setattr(module, "_BLOCK", 7 * Y.size)
    monkeypatch.setattr(module, "memberships", watched)
    parts = backend.value_and_grad(loss, *given)
    for x, e in zip(parts, whole, strict=True):
        assert_close(x, backend.to_numpy(e), backend, SUMMED)
    if not backend.traced:
        assert max(sizes) == 7 * Y.size


@pytest.mark.parametrize("thresholds", [(0.3, 0.5), ss.grid(40)], ids=["few", "many"])
@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_nothing_counts_as_zeros_where_values_are_not_checked(thresholds, shape):
    y, p = np.zeros(shape, dtype=bool), np.zeros(shape)
    with ss.checks(False):
        c = ss.confusion(y, p, thresholds=thresholds)
        value, gradient = ss.value_and_grad(ss.as_loss(ss.f1, thresholds=thresholds))(y, p)
    assert all(np.array_equal(x, np.zeros(len(thresholds))) for x in c)
    assert value == 1 and gradient.shape == shape


def test_thresholds_that_could_not_be_checked_may_come_in_any_order():
    forth, back = (ss.as_loss(F2, thresholds=np.asarray(g)) for g in (GRID, GRID[::-1]))
    with ss.checks(False):
        value, gradient = ss.value_and_grad(back)(Y, P)
    expected = ss.value_and_grad(forth)(Y, P)
    np.testing.assert_allclose(value, expected[0], rtol=SUMMED)
    np.testing.assert_allclose(
        gradient, expected[1], rtol=0, atol=SUMMED * np.max(np.abs(expected[1]))
    )


def test_counts_that_round_to_0_keep_their_slope(backend):
    """All scores at the end of a band: nothing is missed, but any lower score would be."""
    y, p = np.arange(800) % 2 == 0, np.full(800, 0.6)
    thresholds = ss.grid(9)
    loss = ss.as_loss(ss.f1, step=ss.Ramp(width=0.2), thresholds=thresholds)
    pairs = [
        ss.value_and_grad(ss.as_loss(ss.f1, step=ss.Ramp(width=0.2), threshold=t))(y, p)
        for t in thresholds
    ]
    expected = np.mean([gradient for _, gradient in pairs], axis=0)
    _, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    assert_close(gradient, expected, backend, SUMMED)
