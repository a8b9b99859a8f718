"""Focal losses: powers of an error, with finite slopes where there is none."""

from __future__ import annotations

import math
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset._arrays import numbers
from softset.metrics import larger_is_better
from softset.metrics.options import name_of
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SUMMED,
    assert_close,
    central_differences,
    labels_and_scores,
)

INDEX = partial(ss.tversky, fp_weight=0.3, fn_weight=0.7)  # Abraham and Khan's weights
POWERS = (0.5, 0.75, 1, 4 / 3, 2.0)
AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted}
LABELS, SCORES = labels_and_scores((24, 3), seed=1)
# The second class is perfect with `Identity`, the third absent and never predicted.
PERFECT = np.where(np.arange(3) == 0, SCORES, np.where(np.arange(3) == 1, LABELS, 0.0))
SEEN = LABELS & (np.arange(3) < 2)


def index_of(y, p):
    """Return the Tversky index of each class, written again."""
    tp, fp, fn = (y * p).sum(0), ((1.0 - y) * p).sum(0), (y * (1 - p)).sum(0)
    return tp / (tp + 0.3 * fp + 0.7 * fn)


@pytest.mark.parametrize("power", POWERS)
def test_the_focal_tversky_loss_is_the_papers(backend, power):
    """Abraham and Khan 2019, Eq. 4, as a mean over classes; and the power of that mean."""
    losses = [
        ss.as_loss(metric, step=ss.Identity(), axis=0)
        for metric in (
            ss.macro(ss.focal(INDEX, power=power)),
            ss.focal(ss.macro(INDEX), power=power),
        )
    ]
    found = backend.run(
        lambda y, p: [loss(y, p) for loss in losses],
        backend.asarray(LABELS),
        backend.asarray(SCORES),
    )
    error = 1 - index_of(LABELS, SCORES)
    assert_close(found[0], np.mean(error**power), backend)
    assert_close(found[1], np.mean(error) ** power, backend)


@pytest.mark.parametrize("metric", [ss.error_rate, ss.false_negative_rate, ss.distance_to_corner])
def test_of_an_error_it_is_the_power(backend, metric):
    cells = np.random.default_rng(0).uniform(0.5, 9, (4, 6))
    arrays = [backend.asarray(x) for x in cells]
    found = backend.run(lambda *c: ss.focal(metric, power=0.6)(ss.Confusion(*c)), *arrays)
    assert_close(found, metric(ss.Confusion(*cells)) ** 0.6, backend)
    assert not larger_is_better(ss.focal(metric, power=0.6))


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("averaged", [False, True])
def test_gradients_are_central_differences(backend, power, averaged):
    metric: Any = ss.focal(INDEX, power=power)
    loss = ss.as_loss(ss.macro(metric), axis=0) if averaged else ss.as_loss(metric)
    value, gradient = backend.value_and_grad(loss, backend.asarray(LABELS), backend.asarray(SCORES))
    expected = central_differences(lambda p: loss(LABELS, p), SCORES)
    assert_close(value, loss(LABELS, SCORES), backend, SUMMED)
    assert_close(gradient, expected, backend, DIFFERENCES)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("power", POWERS)
def test_a_perfect_class_has_no_gradient_and_leaves_the_others_theirs(backend, average, power):
    loss = ss.as_loss(AVERAGES[average](ss.focal(INDEX, power=power)), step=ss.Identity(), axis=0)
    arrays = backend.asarray(SEEN), backend.asarray(PERFECT)
    value, gradient = backend.value_and_grad(loss, *arrays)
    found = backend.to_numpy(gradient)
    assert np.isfinite(found).all()
    if average == "micro":
        return
    # Only the first class moves: it counts for its share.
    share = 0.5 if average == "macro" else SEEN[:, 0].sum() / SEEN.sum()

    def first(p):
        return share * (1 - index_of(LABELS[:, 0], p)) ** power

    assert_close(value, first(PERFECT[:, 0]), backend, SUMMED)
    expected = central_differences(first, PERFECT[:, 0])
    np.testing.assert_allclose(found[:, 0], expected, atol=DIFFERENCES * np.abs(expected).max())
    if power != 1:  # which is the metric itself
        assert (found[:, 1:] == 0).all()


@pytest.mark.parametrize("power", [p for p in POWERS if p != 1])
def test_all_perfect_is_the_minimum(backend, power):
    """A loss of one number, which eager PyTorch has in closed form, and powers of a mean."""
    y = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for metric, axis in (
        (ss.focal(INDEX, power=power), None),
        (ss.focal(ss.macro(INDEX), power=power), 0),
        (ss.focal(ss.error_rate, power=power), None),
    ):
        loss = ss.as_loss(metric, step=ss.Identity(), axis=axis)
        value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(y))
        assert_close(value, 0.0, backend)
        assert_close(gradient, np.zeros_like(y), backend)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_almost_perfect_is_finite(backend, dtype):
    """Errors down to one rounding of the dtype, and below what counts as an error."""
    for short in (1e-3, 1e-7, 1e-12, 1e-17, 1e-25, 0.0):
        y, p = np.asarray([1.0, 0.0, 1.0]), np.asarray([1.0 - short, short, 1.0])
        for metric in (INDEX, ss.error_rate):
            loss = ss.as_loss(ss.focal(metric, power=0.1), step=ss.Identity())
            arrays = backend.asarray(y, dtype), backend.asarray(p, dtype)
            value, gradient = backend.value_and_grad(loss, *arrays)
            assert 0 <= backend.to_numpy(value) <= 1
            assert np.isfinite(backend.to_numpy(gradient)).all()


def test_a_grid_of_thresholds_is_beside_the_classes(backend):
    for metric in (ss.focal(ss.macro(ss.f1), power=0.75), ss.macro(ss.focal(ss.f1, power=0.75))):
        grid = ss.as_loss(metric, axis=0, thresholds=(0.3, 0.6))
        each = [ss.as_loss(metric, axis=0, threshold=t)(LABELS, SCORES) for t in (0.3, 0.6)]
        found = backend.run(grid, backend.asarray(LABELS), backend.asarray(SCORES))
        assert_close(found, np.mean(each), backend, SUMMED)


@marks.on(*EAGER)
def test_undefined_classes_take_the_metrics_zero_division(backend):
    cells = [backend.asarray([0.0, 3.0])] * 3 + [backend.asarray([5.0, 1.0])]
    metric: Any = ss.focal(ss.f1, power=0.5)
    for zero_division, expected in ((0.0, 0.0), (1.0, 1.0), (0.75, 0.5), (math.nan, math.nan)):
        found = metric(ss.Confusion(*cells), zero_division=zero_division)
        error = 1 - 3 / 6
        assert_close(found[1], 1 - error**0.5, backend)
        np.testing.assert_allclose(backend.to_numpy(found[0]), expected, rtol=EXACT)


@given(
    st.tuples(*[st.floats(0, 1e6) for _ in range(4)]),
    st.sampled_from([ss.f1, ss.jaccard, ss.matthews_corrcoef, ss.error_rate, INDEX]),
    st.floats(0.05, 4.0),
)
def test_numbers_have_the_value_and_finite_slopes(table, metric, power):
    focal = ss.focal(metric, power=power)
    value, slopes = numbers.value_and_slopes(focal, ss.Confusion(*table))
    plain = focal(ss.Confusion(*table))
    assert type(plain) is float and value == plain
    assert np.isfinite(slopes).all()
    arrays = focal(ss.Confusion(*np.asarray(table)[:, None]))
    np.testing.assert_allclose(value, arrays[0], rtol=EXACT, atol=EXACT)


def test_a_score_is_best_where_its_metric_is():
    y, p = labels_and_scores(60, seed=3)
    for metric in (ss.f1, partial(ss.f1, zero_division=1.0), ss.error_rate):
        threshold, value = ss.best_threshold(metric, y, p)
        found = ss.best_threshold(ss.focal(metric, power=0.5), y, p)
        assert found.threshold == threshold
        larger = larger_is_better(metric)
        expected = 1 - (1 - value) ** 0.5 if larger else value**0.5
        np.testing.assert_allclose(found.value, expected, rtol=EXACT)


def test_values_of_ones_own_above_the_best_count_as_the_best(backend):
    loss = ss.as_loss(ss.focal(lambda c: 2 * ss.f1(c), power=0.5), step=ss.Identity())
    y, p = np.asarray([1.0, 0.0]), np.asarray([0.9, 0.1])
    value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    assert_close(value, 0.0, backend)
    assert_close(gradient, np.zeros(2), backend)


def test_a_nan_comes_through(backend):
    cells = [backend.asarray(np.asarray([math.nan, 1.0]))] * 4
    found = backend.run(lambda *c: ss.focal(ss.f1, power=0.5)(ss.Confusion(*c)), *cells)
    assert np.isnan(backend.to_numpy(found)).tolist() == [True, False]


def test_equal_parts_are_equal_and_go_through_pickle():
    metric = ss.macro(ss.focal(INDEX, power=0.75))
    again = ss.macro(ss.focal(partial(ss.tversky, fn_weight=0.7, fp_weight=0.3), power=0.75))
    assert metric == again == pickle.loads(pickle.dumps(metric))
    assert hash(ss.as_loss(metric)) == hash(ss.as_loss(again))
    assert metric != ss.macro(ss.focal(INDEX, power=0.5))
    assert name_of(ss.macro(ss.focal(ss.f1, power=0.75), axis=1)) == (
        "macro(focal(f1, power=0.75), axis=1)"
    )


@pytest.mark.parametrize("power", [0, -1.0, math.inf, math.nan, "2", None])
def test_the_power_is_positive(power):
    with pytest.raises(ValueError, match="`power` must be a positive finite number"):
        ss.focal(ss.f1, power=power)


@pytest.mark.parametrize("metric", [ss.prevalence, ss.lift, ss.macro(ss.diagnostic_odds_ratio)])
def test_without_a_best_value_there_is_nothing_to_fall_short_of(metric):
    with pytest.raises(ValueError, match="`metric` must have a best value to fall short of, got"):
        ss.focal(metric, power=0.75)


def test_a_metric_is_a_function():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        ss.focal(0.75, power=0.75)
