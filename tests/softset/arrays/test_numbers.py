"""Metrics of plain numbers: the values and the slopes of arrays, without arrays."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset import metrics
from softset._arrays import duals, numbers

OPTIONS = {
    "expected_cost": [{}, {"fn": 5.0}, {"tp": -1.0, "fp": 2.0, "fn": 3.0, "tn": 0.5}],
    "fbeta": [{"beta": 2}, {"beta": 0.5}],
    "index_of_balanced_accuracy": [{}, {"alpha": 0.1}],
    "net_benefit": [{}, {"fp_weight": 0.25}],
    "tversky": [{"fp_weight": 0.3, "fn_weight": 0.7}, {"fp_weight": 0, "fn_weight": 2}],
}
CALLS = [
    (name, options | undefined)
    for name in metrics.__all__
    if name != "larger_is_better"
    for options in OPTIONS.get(name, [{}])
    for undefined in ({}, {"zero_division": math.nan}, {"zero_division": 1})
]
IDS = ["-".join([name, *map(str, options.values())]) for name, options in CALLS]
# Every pattern of empty cells, and weights of any scale; a class may weigh next to nothing.
TABLES = [
    *itertools.product((0.0, 3.0), (0.0, 1.0), (0.0, 2.0), (0.0, 4.0)),
    (1e-20, 3.0, 2e-20, 5.0),
    (3e30, 1e30, 2e30, 4e30),
    (3e-300, 1e-300, 2e-300, 4e-300),
    (0.3, 1e-19, 0.2, 0.4),
    (math.nan, 1.0, 2.0, 4.0),
    (math.inf, 1.0, 2.0, 4.0),
]


def by_arrays(metric, table):
    """Return value and slopes by dual arrays, which central differences and autodiff hold to."""
    with np.errstate(all="ignore"):
        value, slopes = duals.slopes(
            lambda *four: metric(ss.Confusion(*four)), *(np.asarray([x]) for x in table)
        )
    return value.item(), tuple(x.item() for x in slopes)


def called(name, options):
    return lambda c: getattr(ss, name)(c, **options)


@pytest.mark.parametrize(("name", "options"), CALLS, ids=IDS)
def test_values_and_slopes_are_those_of_arrays(name, options):
    metric = called(name, options)
    for table in TABLES:
        value, slopes = by_arrays(metric, table)
        plain = metric(ss.Confusion(*table))
        assert type(plain) is float
        np.testing.assert_allclose(plain, value, rtol=1e-12, err_msg=str(table))
        found = numbers.value_and_slopes(metric, ss.Confusion(*table))
        np.testing.assert_allclose(found[0], value, rtol=1e-12, err_msg=str(table))
        np.testing.assert_allclose(found[1], slopes, rtol=1e-12, err_msg=str(table))


@pytest.mark.parametrize("name", [name for name in metrics.__all__ if name in ss.__all__])
@given(st.tuples(*[st.floats(0, 1e6) for _ in range(4)]))
def test_values_and_slopes_of_any_counts(name, table):
    metric = called(name, OPTIONS.get(name, [{}])[0])
    value, slopes = by_arrays(metric, table)
    found = numbers.value_and_slopes(metric, ss.Confusion(*table))
    np.testing.assert_allclose(found[0], value, rtol=1e-12)
    # Terms that cancel leave the rounding of the largest.
    largest = max(map(abs, slopes))
    np.testing.assert_allclose(found[1], slopes, rtol=1e-12, atol=1e-12 * largest)


@pytest.mark.parametrize(
    "c", [(3, 1, 2, 4), (3.0, 1, 2.0, 4), (True, False, True, True), (3, 1, 2, 10**20)], ids=str
)
def test_whole_numbers_and_booleans_are_counts_too(c):
    found = ss.f1(ss.Confusion(*c))
    assert type(found) is float
    assert found == 2 * c[0] / (2 * c[0] + c[1] + c[2])


def test_the_example_of_the_documentation():
    assert ss.f1(ss.Confusion(3, 1, 2, 4)) == 6 / 9
    assert ss.matthews_corrcoef(ss.Confusion(0, 0, 0, 5)) == 0.0
    assert math.isnan(ss.precision(ss.Confusion(0, 0, 1, 1), zero_division=math.nan))


def test_a_loss_and_a_score_of_numbers():
    c = ss.Confusion(3, 1, 2, 4)
    assert ss.as_score(ss.accuracy).of_counts(c) == 0.7
    assert ss.as_loss(ss.accuracy).of_counts(c) == pytest.approx(0.3, rel=1e-15)


def test_areas_and_averages_say_what_they_need():
    c = ss.Confusion(3, 1, 2, 4)
    with pytest.raises(ValueError, match="`c` must have a last axis of thresholds"):
        ss.auroc(c)
    with pytest.raises(ValueError, match="`axis` must be an axis of the counts, got -1"):
        ss.macro(ss.f1)(c)


def test_tiny_float32_counts_keep_the_limits_of_float32():
    """Numbers are float64, which could divide by what float32 takes for 0."""
    y = np.asarray([1.0, 0.0], np.float32)
    p = np.asarray([0.75, 0.25], np.float32)
    weight = np.full(2, 2.0**-120, np.float32)
    for metric in (ss.f1, ss.matthews_corrcoef, ss.accuracy):
        value, gradient = ss.value_and_grad(ss.as_loss(metric))(y, p, sample_weight=weight)
        assert value == 1.0
        np.testing.assert_array_equal(gradient, 0)
