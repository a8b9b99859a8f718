"""The metrics against scikit-learn, against their formulas, and against each other."""

from __future__ import annotations

import inspect
import itertools
import math
import os
import sys
import warnings
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

if "jax" not in sys.modules:
    os.environ.setdefault("JAX_ENABLE_X64", "1")

from softset import Confusion, confusion
from softset import metrics as m
from softset.steps import Hard
from tests.support.backends import jax_as_it_comes
from tests.support.referees import Referee
from tests.support.referees import sklearn as sk

# name, options, formula, lowest, highest. Formulas are written as in textbooks, with a for the
# accuracy and q for the mean of the rates of positives and of predicted positives. They are
# evaluated in exact fractions; a division by zero there is where a metric is undefined, or
# infinite if it is one of those that can be.
INF = math.inf
CASES = [
    ("recall", {}, "tp/(tp+fn)", 0, 1),
    ("specificity", {}, "tn/(tn+fp)", 0, 1),
    ("precision", {}, "tp/(tp+fp)", 0, 1),
    ("negative_predictive_value", {}, "tn/(tn+fn)", 0, 1),
    ("false_negative_rate", {}, "fn/(tp+fn)", 0, 1),
    ("false_positive_rate", {}, "fp/(fp+tn)", 0, 1),
    ("false_discovery_rate", {}, "fp/(tp+fp)", 0, 1),
    ("false_omission_rate", {}, "fn/(tn+fn)", 0, 1),
    ("prevalence", {}, "(tp+fn)/n", 0, 1),
    ("predicted_positive_rate", {}, "(tp+fp)/n", 0, 1),
    ("bias_score", {}, "(tp+fp)/(tp+fn)", 0, INF),
    ("accuracy", {}, "(tp+tn)/n", 0, 1),
    ("error_rate", {}, "(fp+fn)/n", 0, 1),
    ("balanced_accuracy", {}, "(tp/(tp+fn)+tn/(tn+fp))/2", 0, 1),
    ("informedness", {}, "tp/(tp+fn)+tn/(tn+fp)-1", -1, 1),
    ("geometric_mean", {}, "((tp/(tp+fn))*(tn/(tn+fp)))^0.5", 0, 1),
    ("bennett_s", {}, "2*(tp+tn)/n-1", -1, 1),
    (
        "index_of_balanced_accuracy",
        {},
        "(1+1*(tp/(tp+fn)-tn/(tn+fp)))*(tp/(tp+fn))*(tn/(tn+fp))",
        0,
        1,
    ),
    (
        "index_of_balanced_accuracy",
        {"alpha": 0.1},
        "(1+0.1*(tp/(tp+fn)-tn/(tn+fp)))*(tp/(tp+fn))*(tn/(tn+fp))",
        0,
        1,
    ),
    ("f1", {}, "2*tp/(2*tp+fp+fn)", 0, 1),
    ("fbeta", {"beta": 2}, "(1+2^2)*tp/((1+2^2)*tp+2^2*fn+fp)", 0, 1),
    ("fbeta", {"beta": 0.5}, "(1+0.5^2)*tp/((1+0.5^2)*tp+0.5^2*fn+fp)", 0, 1),
    ("negative_f1", {}, "2*tn/(2*tn+fp+fn)", 0, 1),
    ("p4", {}, "4*tp*tn/(4*tp*tn+(tp+tn)*(fp+fn))", 0, 1),
    ("jaccard", {}, "tp/(tp+fp+fn)", 0, 1),
    ("tversky", {"fp_weight": 0.3, "fn_weight": 0.7}, "tp/(tp+0.3*fp+0.7*fn)", 0, 1),
    ("fowlkes_mallows", {}, "tp/((tp+fp)*(tp+fn))^0.5", 0, 1),
    (
        "matthews_corrcoef",
        {},
        "(tp*tn-fp*fn)/((tp+fp)*(tp+fn)*(tn+fp)*(tn+fn))^0.5",
        -1,
        1,
    ),
    ("markedness", {}, "tp/(tp+fp)+tn/(tn+fn)-1", -1, 1),
    ("cohen_kappa", {}, "2*(tp*tn-fn*fp)/((tp+fp)*(fp+tn)+(tp+fn)*(fn+tn))", -1, 1),
    ("scott_pi", {}, "(a-(q^2+(1-q)^2))/(1-(q^2+(1-q)^2))", -1, 1),
    ("gwet_ac1", {}, "(a-2*q*(1-q))/(1-2*q*(1-q))", -1, 1),
    ("yule_q", {}, "(tp*tn-fp*fn)/(tp*tn+fp*fn)", -1, 1),
    (
        "gilbert_skill_score",
        {},
        "(tp-(tp+fp)*(tp+fn)/n)/(tp+fp+fn-(tp+fp)*(tp+fn)/n)",
        -1 / 3,
        1,
    ),
    ("positive_likelihood_ratio", {}, "(tp/(tp+fn))/(fp/(fp+tn))", 0, INF),
    ("negative_likelihood_ratio", {}, "(fn/(tp+fn))/(tn/(fp+tn))", 0, INF),
    ("diagnostic_odds_ratio", {}, "(tp*tn)/(fp*fn)", 0, INF),
    ("lift", {}, "(tp/(tp+fp))/((tp+fn)/n)", 0, INF),
    (
        "prevalence_threshold",
        {},
        "(((tp/(tp+fn))*(fp/(fp+tn)))^0.5-fp/(fp+tn))/(tp/(tp+fn)-fp/(fp+tn))",
        0,
        1,
    ),
    ("distance_to_corner", {}, "((1-tn/(tn+fp))^2+(1-tp/(tp+fn))^2)^0.5", 0, 2**0.5),
    ("net_benefit", {}, "(tp-1*fp)/n", -1, 1),
    ("net_benefit", {"fp_weight": 0.25}, "(tp-0.25*fp)/n", -0.25, 1),
    ("expected_cost", {}, "(fp+fn)/n", 0, 1),
    ("expected_cost", {"fn": 5.0}, "(1*fp+5*fn)/n", 0, 5),
    (
        "expected_cost",
        {"tp": -1.0, "fp": 2.0, "fn": 3.0, "tn": 0.5},
        "(-1*tp+2*fp+3*fn+0.5*tn)/n",
        -1,
        3,
    ),
]
# What is divided by what where no division but the last is by zero.
INFINITE = {
    "positive_likelihood_ratio": ("tp*(fp+tn)", "fp*(tp+fn)"),
    "negative_likelihood_ratio": ("fn*(fp+tn)", "tn*(tp+fn)"),
    "diagnostic_odds_ratio": ("tp*tn", "fp*fn"),
}
SMALLER = {
    "error_rate",
    "false_negative_rate",
    "false_positive_rate",
    "false_discovery_rate",
    "false_omission_rate",
    "expected_cost",
    "negative_likelihood_ratio",
    "prevalence_threshold",
    "distance_to_corner",
}
NEITHER = {"prevalence", "predicted_positive_rate", "bias_score"}
NAMES = sorted(set(m.__all__) - {"larger_is_better"})

# Every metric is some ten roundings of 1e-16 in float64. The differences in the numerators of
# MCC and its like add their own over a denominator that is not under 1e-3 for these tables.
EXACT = 1e-12

# tp, fp, fn, tn: every table with entries 0, 1 and 2, and tables without a pattern.
SMALL = np.asarray(list(itertools.product((0, 1, 2), repeat=4)))
RANDOM = np.random.default_rng(0).integers(1, 1000, (200, 4))
TABLES = np.concatenate([SMALL, RANDOM])

BACKENDS = ("numpy", "array_api_strict", "torch", "jax", "tensorflow")


def case_id(case):
    return case[0] + "".join(f"-{k}={v}" for k, v in case[1].items())


every_case = pytest.mark.parametrize("case", CASES, ids=case_id)


def bind(case):
    return partial(getattr(m, case[0]), **case[1])


def table(rows, dtype: Any = np.float64):
    """Return a Confusion of NumPy arrays, one entry for each row of tp, fp, fn, tn."""
    return Confusion(*np.asarray(rows, dtype=dtype).T)


def number(name, *row, **options):
    """Return a metric of one table as a float."""
    return float(getattr(m, name)(table([row]), **options)[0])


def by_formula(formula, row):
    """Evaluate a formula in exact fractions; nan where it divides by zero."""
    tp, fp, fn, tn = (Fraction(int(x)) for x in row)
    n = tp + fp + fn + tn
    try:
        known = {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "n": n}
        known |= {"a": (tp + tn) / n, "q": (2 * tp + fp + fn) / (2 * n)}
        return float(eval(formula.replace("^", "**"), known))
    except ZeroDivisionError:
        return math.nan


def on(backend, x):
    """Return a NumPy array as one of the backend's."""
    if backend == "numpy":
        return x
    if backend == "jax":
        jax = pytest.importorskip("jax", reason="jax is not installed")
        if x.dtype == np.float64 and not jax.config.jax_enable_x64:
            pytest.skip("jax was imported without x64")
        return jax.numpy.asarray(x)
    library = pytest.importorskip(backend, reason=f"{backend} is not installed")
    return library.constant(x) if backend == "tensorflow" else library.asarray(x)


def moved(backend, c):
    return Confusion(*(on(backend, x) for x in c))


def infinite(name, row):
    """Tell whether a ratio is that of something to nothing, in integers."""
    if name not in INFINITE:
        return False
    counts = dict(zip(("tp", "fp", "fn", "tn"), map(int, row), strict=True))
    top, bottom = (eval(formula, counts) for formula in INFINITE[name])
    return top > 0 and bottom == 0


# Values


@every_case
def test_formula(case):
    """Equal to the formula where that is defined, and zero_division exactly where it is not."""
    name, _, formula, low, high = case
    expected = np.asarray(
        [INF if infinite(name, row) else by_formula(formula, row) for row in TABLES]
    )
    value = bind(case)(table(TABLES), zero_division=math.nan)
    ok = ~np.isnan(expected)
    np.testing.assert_allclose(value[ok], expected[ok], rtol=EXACT, atol=EXACT)
    assert np.all((value[ok] >= low - EXACT) & (value[ok] <= high + EXACT))
    if name not in ("balanced_accuracy", "prevalence_threshold"):
        np.testing.assert_array_equal(np.isnan(value), ~ok)


@every_case
@pytest.mark.parametrize("zero_division", [0.0, 1.0, -2.5])
def test_zero_division(case, zero_division):
    c = table(SMALL)
    marked = bind(case)(c, zero_division=math.nan)
    expected = np.where(np.isnan(marked), zero_division, marked)
    np.testing.assert_array_equal(bind(case)(c, zero_division=zero_division), expected)


@pytest.mark.parametrize("name", INFINITE)
def test_infinite_ratios(name):
    """A cut without the mistake is infinite; without anything, or of one class, undefined."""
    tables = {
        "positive_likelihood_ratio": ([2, 0, 1, 3], [0, 0, 3, 3]),
        "negative_likelihood_ratio": ([2, 3, 1, 0], [3, 3, 0, 0]),
        "diagnostic_odds_ratio": ([2, 0, 0, 3], [3, 3, 0, 0]),
    }
    something, nothing = tables[name]
    for zero_division in (0.0, 0.5):
        assert number(name, *something, zero_division=zero_division) == INF
        assert number(name, *nothing, zero_division=zero_division) == zero_division
        for one_class in ([2, 0, 1, 0], [0, 2, 0, 1], [2, 0, 0, 0], [0, 0, 0, 2]):
            assert number(name, *one_class, zero_division=zero_division) == zero_division


@pytest.mark.parametrize("metric", [m.f1, m.matthews_corrcoef])
def test_the_dtype_of_zero_division_is_not_the_results(metric):
    c = Confusion(*np.zeros((4, 2), np.float32))
    for zero_division in (1, 0.5, np.float64(0.5), np.int64(1)):
        value = metric(c, zero_division=zero_division)
        assert value.dtype == np.float32 and value.tolist() == [zero_division] * 2


def test_balanced_accuracy_of_one_class():
    assert number("balanced_accuracy", 3, 0, 1, 0, zero_division=math.nan) == 0.75
    assert number("balanced_accuracy", 0, 3, 0, 1, zero_division=math.nan) == 0.25
    assert number("balanced_accuracy", 0, 0, 0, 0, zero_division=0.125) == 0.125


def test_prevalence_threshold_where_the_rates_are_equal():
    """The textbook form is 0/0 there; ours takes the limit, unless both rates are 0."""
    assert number("prevalence_threshold", 1, 2, 3, 6, zero_division=math.nan) == 0.5
    value = m.prevalence_threshold(table(SMALL), zero_division=math.nan)
    tp, fp, fn, tn = SMALL.T
    np.testing.assert_array_equal(np.isnan(value), (tp + fn == 0) | (fp + tn == 0) | (tp + fp == 0))


def score(function, **options):
    """Return a scikit-learn function of (y_true, y_pred, sample_weight)."""

    def call(y_true, y_pred, weight, zero_division):
        given = {k: zero_division if v is Ellipsis else v for k, v in options.items()}
        return function(y_true, y_pred, sample_weight=weight, **given)

    return call


def likelihood(position):
    def call(y_true, y_pred, weight, zero_division):
        pair = sk.class_likelihood_ratios(y_true, y_pred, labels=[0, 1], sample_weight=weight)
        if not math.isnan(pair[position]):
            return pair[position]
        # scikit-learn calls an infinite ratio undefined.
        both = 0 < np.sum(y_true) < len(y_true)
        return INF if both and np.any(y_true & (y_pred == 1 - position)) else zero_division

    return call


# Ellipsis: scikit-learn takes the value for an undefined ratio as well.
SKLEARN = {
    "accuracy": (score(sk.accuracy_score), {}),
    "error_rate": (score(sk.zero_one_loss), {}),
    "expected_cost": (score(sk.hamming_loss), {}),
    "balanced_accuracy": (score(sk.balanced_accuracy_score), {}),
    "precision": (score(sk.precision_score, zero_division=...), {}),
    "recall": (score(sk.recall_score, zero_division=...), {}),
    "specificity": (score(sk.recall_score, pos_label=0, zero_division=...), {}),
    "negative_predictive_value": (
        score(sk.precision_score, pos_label=0, zero_division=...),
        {},
    ),
    "f1": (score(sk.f1_score, zero_division=...), {}),
    "negative_f1": (score(sk.f1_score, pos_label=0, zero_division=...), {}),
    "fbeta-2": (score(sk.fbeta_score, beta=2, zero_division=...), {"beta": 2}),
    "fbeta-0.3": (score(sk.fbeta_score, beta=0.3, zero_division=...), {"beta": 0.3}),
    "jaccard": (score(sk.jaccard_score, zero_division=...), {}),
    "matthews_corrcoef": (score(sk.matthews_corrcoef), {}),
    "cohen_kappa": (score(sk.cohen_kappa_score, replace_undefined_by=...), {}),
    "positive_likelihood_ratio": (likelihood(0), {}),
    "negative_likelihood_ratio": (likelihood(1), {}),
}


@pytest.mark.parametrize(("zero_division", "weighted"), [(0.0, False), (1.0, False), (0.0, True)])
@pytest.mark.parametrize("name", SKLEARN)
def test_sklearn(name, zero_division, weighted):
    """Hard counts of labels give scikit-learn's number, on every small and degenerate table."""
    reference, options = SKLEARN[name]
    metric = getattr(m, name.partition("-")[0])
    # MCC has no option for the value where it is undefined: it is 0.
    zero_division = 0.0 if name == "matthews_corrcoef" else zero_division
    rng = np.random.default_rng(1)
    rows = np.concatenate([SMALL[1:], RANDOM[:20] // 10])
    for row in rows[::4] if weighted else rows:
        y_true = np.repeat([1, 0, 1, 0], row)
        y_pred = np.repeat([1, 1, 0, 0], row)
        weight = rng.uniform(0.5, 2, y_true.shape) if weighted else None
        with (
            warnings.catch_warnings(),
            Referee("sklearn").config_context(skip_parameter_validation=True),
        ):
            warnings.simplefilter("ignore")  # it warns where a metric is undefined
            expected = reference(y_true, y_pred, weight, zero_division)
        c = confusion(y_true, y_pred.astype(float), step=Hard(), sample_weight=weight)
        value = float(metric(c, zero_division=zero_division, **options))
        assert value == pytest.approx(expected, rel=EXACT, abs=EXACT), row


def test_sklearn_kappa_is_nan_where_undefined():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert math.isnan(sk.cohen_kappa_score([1, 1], [1, 1]))
    assert math.isnan(number("cohen_kappa", 2, 0, 0, 0, zero_division=math.nan))


def test_sklearn_confusion_matrix():
    """Counts straight from scikit-learn: NumPy scalars, integers or, with weights, floats."""
    y_true, y_pred = [1, 1, 1, 0, 0], [1, 1, 0, 1, 0]
    for weight in (None, [1.0, 1.0, 1.0, 1.0, 1.0]):
        tn, fp, fn, tp = sk.confusion_matrix(y_true, y_pred, sample_weight=weight).ravel()
        value = m.f1(Confusion(tp, fp, fn, tn))
        assert value.dtype == np.float64
        assert float(value) == pytest.approx(2 / 3, rel=EXACT)


def test_orientation():
    """Peers' test 4: with fp != fn, which error is which shows, in every weighting."""
    y_true = np.repeat([1, 0, 1, 0], [30, 5, 20, 45])
    y_pred = np.repeat([1, 1, 0, 0], [30, 5, 20, 45])
    c = confusion(y_true, y_pred.astype(float), step=Hard())
    assert [float(x) for x in c] == [30, 5, 20, 45]
    third = 1 / 3  # Tversky(.9, .1) is F_beta with beta^2 / (1 + beta^2) = .1
    pairs = [
        (m.precision(c), sk.precision_score(y_true, y_pred)),
        (m.recall(c), sk.recall_score(y_true, y_pred)),
        (m.fbeta(c, beta=0.5), sk.fbeta_score(y_true, y_pred, beta=0.5)),
        (m.fbeta(c, beta=2), sk.fbeta_score(y_true, y_pred, beta=2)),
        (m.tversky(c, fp_weight=0.9, fn_weight=0.1), sk.fbeta_score(y_true, y_pred, beta=third)),
        (m.tversky(c, fp_weight=0.1, fn_weight=0.9), sk.fbeta_score(y_true, y_pred, beta=3)),
    ]
    for ours, theirs in pairs:
        assert float(ours) == pytest.approx(theirs, rel=EXACT)


# Identities

count = st.floats(0.01, 1000)
tables = st.tuples(count, count, count, count)


def near(x):
    return pytest.approx(x, rel=EXACT, abs=EXACT)


@given(tables)
def test_identities(row):
    get = partial(_get, row)
    ppv, tpr, f1 = get("precision"), get("recall"), get("f1")
    tnr, npv = get("specificity"), get("negative_predictive_value")
    informedness, odds = get("informedness"), get("diagnostic_odds_ratio")

    dice = 2 * row[0] / ((row[0] + row[1]) + (row[0] + row[2]))
    assert f1 == near(dice)
    assert f1 == near(2 / (1 / ppv + 1 / tpr))
    assert get("jaccard") == near(f1 / (2 - f1))
    assert get("fowlkes_mallows") ** 2 == near(ppv * tpr)
    assert get("p4") == near(4 / (1 / ppv + 1 / tpr + 1 / tnr + 1 / npv))
    assert informedness == near(2 * get("balanced_accuracy") - 1)
    assert informedness == near(tpr - get("false_positive_rate"))
    assert get("matthews_corrcoef") ** 2 == near(informedness * get("markedness"))
    assert get("geometric_mean") ** 2 == near(tpr * tnr)
    assert get("index_of_balanced_accuracy", alpha=0) == near(tpr * tnr)
    ratio = get("positive_likelihood_ratio") / get("negative_likelihood_ratio")
    assert odds == near(ratio)
    assert get("yule_q") == near((odds - 1) / (odds + 1))
    assert get("lift") == near(ppv / get("prevalence"))
    assert get("accuracy") == near(1 - get("error_rate"))
    assert get("bennett_s") == near(2 * get("accuracy") - 1)
    assert get("expected_cost") == near(get("error_rate"))
    kappa = get("cohen_kappa")
    assert get("gilbert_skill_score") == near(kappa / (2 - kappa))
    for rate, other in [
        ("recall", "false_negative_rate"),
        ("specificity", "false_positive_rate"),
        ("precision", "false_discovery_rate"),
        ("negative_predictive_value", "false_omission_rate"),
    ]:
        assert get(rate) == near(1 - get(other))


def _get(row, name, **options):
    return number(name, *row, **options)


@given(tables)
def test_kappa_is_agreement_above_chance(row):
    tp, fp, fn, tn = (x / sum(row) for x in row)
    chance = (tp + fp) * (tp + fn) + (tn + fp) * (tn + fn)
    kappa = number("cohen_kappa", *row)
    # 1 - chance is not under 1e-5 here and costs as many digits.
    assert kappa == pytest.approx((tp + tn - chance) / (1 - chance), rel=1e-9, abs=1e-9)


@given(tables, st.floats(0.05, 20))
def test_fbeta_is_a_tversky_index(row, beta):
    index = number("tversky", *row, fp_weight=1 / (1 + beta**2), fn_weight=beta**2 / (1 + beta**2))
    assert number("fbeta", *row, beta=beta) == near(index)
    assert number("tversky", *row, fp_weight=1.0, fn_weight=1.0) == near(number("jaccard", *row))


@given(tables)
def test_swapping_the_classes(row):
    tp, fp, fn, tn = row
    swapped = (tn, fn, fp, tp)
    for name in ("matthews_corrcoef", "cohen_kappa", "balanced_accuracy", "accuracy", "p4"):
        assert number(name, *row) == near(number(name, *swapped))
    for name, other in [
        ("recall", "specificity"),
        ("precision", "negative_predictive_value"),
        ("f1", "negative_f1"),
    ]:
        assert number(name, *row) == near(number(other, *swapped))
        assert number(other, *row) == near(number(name, *swapped))


def test_f1_is_not_symmetric():
    assert number("f1", 3, 1, 2, 4) != number("f1", 4, 2, 1, 3)


@every_case
def test_scaling_all_counts_changes_nothing(case):
    value = bind(case)(table(RANDOM))
    np.testing.assert_allclose(bind(case)(table(RANDOM * 1e-6)), value, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize(("beta", "limit"), [(1e-9, "precision"), (1e200, "recall")])
def test_fbeta_with_extreme_weights(beta, limit):
    assert number("fbeta", 3, 1, 2, 4, beta=beta) == near(number(limit, 3, 1, 2, 4))


# Arrays


@pytest.mark.parametrize("backend", BACKENDS)
@every_case
def test_backends_agree(backend, case):
    c = table(TABLES)
    value = bind(case)(moved(backend, c), zero_division=0.5)
    assert type(value) is type(on(backend, c.tp))
    assert "float64" in str(value.dtype)
    assert tuple(value.shape) == c.tp.shape
    expected = bind(case)(c, zero_division=0.5)
    np.testing.assert_allclose(np.asarray(value), expected, rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("backend", BACKENDS)
@every_case
def test_float32_stays_float32(backend, case):
    value = bind(case)(moved(backend, table(TABLES, np.float32)))
    assert "float32" in str(value.dtype)


@pytest.mark.parametrize("backend", BACKENDS)
@every_case
def test_integer_counts(backend, case):
    """Large ones too: a product of two of them does not fit into an integer."""
    rows = np.concatenate([TABLES, np.asarray([[4, 3, 2, 1]]) * 10**10])
    value = bind(case)(moved(backend, table(rows, np.int64)))
    assert "float64" in str(value.dtype)
    np.testing.assert_allclose(np.asarray(value), bind(case)(table(rows)), rtol=EXACT, atol=EXACT)


@pytest.mark.parametrize("backend", BACKENDS)
def test_boolean_counts(backend):
    """One example for each table: (tp, fp, fn, tn) says which cell it is in."""
    value = m.accuracy(moved(backend, table(np.eye(4), np.bool_)))
    np.testing.assert_array_equal(np.asarray(value), [1.0, 0.0, 0.0, 1.0])


def test_integer_counts_in_jax_without_float64():
    jax = pytest.importorskip("jax", reason="jax is not installed")
    with jax_as_it_comes(), warnings.catch_warnings():
        warnings.simplefilter("error")
        value = m.f1(Confusion(*(jax.numpy.asarray(x) for x in (30, 10, 20, 40))))
    assert value.dtype == np.float32
    assert float(value) == pytest.approx(2 / 3, rel=1e-6)


def test_counts_in_tensorflow_variables():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    c = Confusion(*(tf.Variable(x, dtype=tf.float64) for x in (3.0, 1.0, 2.0, 4.0)))
    assert float(m.f1(c)) == near(2 / 3)


@every_case
@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_shapes(case, shape):
    c = Confusion(*(np.full(shape, x) for x in (3.0, 1.0, 2.0, 4.0)))
    value = bind(case)(c)
    assert np.shape(value) == shape
    np.testing.assert_array_equal(value, np.full(shape, bind(case)(table([[3, 1, 2, 4]]))[0]))


@every_case
def test_nan_comes_through(case):
    """A nan in the scores must show in the number."""
    c = Confusion(*(np.asarray([math.nan]) for _ in range(4)))
    assert np.isnan(bind(case)(c, zero_division=0.0))[0]


LARGE = np.asarray(
    [
        [4e9, 3e9, 2e9, 1e9],
        [1e9, 1e9, 1e9, 1e9],
        [1e9, 1, 1, 1e9],
        [1, 1e9, 1e9, 1],
        [1, 2, 3, 1e9],
        [1e9, 2, 3, 1],
        [1, 1e9, 2, 3e9],
        [1e9, 3, 1e9, 1],
    ]
)


@every_case
def test_large_counts_in_float32(case):
    """No overflow, and no digits lost beyond float32's: some ten roundings of 6e-8."""
    expected = bind(case)(table(LARGE))
    for scale in (1, 1e15):
        value = bind(case)(table(LARGE * scale, np.float32))
        np.testing.assert_allclose(value, expected, rtol=2e-6, atol=2e-6)


# Gradients


def torch_gradient(metric, rows, dtype="float64", **options):
    """Return the values and the gradients of a metric, one row for each table."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = torch.tensor(np.asarray(rows), dtype=getattr(torch, dtype), requires_grad=True)
    value = metric(Confusion(*x.unbind(-1)), **options)
    (gradient,) = torch.autograd.grad(value, x, torch.ones_like(value))
    return value.detach().numpy(), gradient.numpy()


def jax_gradient(metric, rows, dtype="float64"):
    jax = pytest.importorskip("jax", reason="jax is not installed")

    def total(x):
        value = metric(Confusion(*x.T))
        return value.sum(), value

    run = jax.jit(jax.value_and_grad(total, has_aux=True))
    (_, value), gradient = run(jax.numpy.asarray(np.asarray(rows, dtype)))
    return np.asarray(value), np.asarray(gradient)


def tensorflow_gradient(metric, rows, dtype="float64"):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")

    @tf.function(jit_compile=True)
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = metric(Confusion(*tf.unstack(x, axis=-1)))
        return value, tape.gradient(value, x)

    value, gradient = run(tf.constant(np.asarray(rows), dtype))
    return value.numpy(), gradient.numpy()


@every_case
def test_gradient_is_finite_and_zero_where_undefined(case):
    undefined = np.isnan(bind(case)(table(SMALL), zero_division=math.nan))
    for zero_division in (0.0, math.nan):
        value, gradient = torch_gradient(bind(case), SMALL, zero_division=zero_division)
        assert np.all(np.isfinite(gradient))
        assert np.all(gradient[undefined] == 0)
    finite = ~undefined & ~np.asarray([infinite(case[0], row) for row in SMALL])
    assert np.all(np.isfinite(value[finite]))
    assert np.all(gradient[~undefined & ~finite] == 0)


@every_case
def test_gradient_is_the_slope(case):
    """Central differences: an error of h^2 and of 1e-16 / h, both about 1e-10."""
    rows, h = np.random.default_rng(2).uniform(1, 10, (50, 4)), 1e-5
    _, gradient = torch_gradient(bind(case), rows)
    for i in range(4):
        step = np.eye(4)[i] * h
        above, below = (bind(case)(table(rows + sign * step)) for sign in (1, -1))
        np.testing.assert_allclose(gradient[:, i], (above - below) / (2 * h), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "name", ["fowlkes_mallows", "matthews_corrcoef", "p4", "f1", "precision", "jaccard"]
)
def test_gradient_at_no_true_positive(name):
    """At tp = 0 these have a slope, and a root in the formula must not hide it."""
    row = np.asarray([[0.0, 2.0, 3.0, 4.0]])
    _, gradient = torch_gradient(getattr(m, name), row)
    h = 1e-7
    ahead = getattr(m, name)(table(row + h * np.eye(4)[:1])) - getattr(m, name)(table(row))
    assert gradient[0, 0] > 0.1
    assert gradient[0, 0] == pytest.approx(ahead[0] / h, rel=1e-5)


@pytest.mark.parametrize("differentiate", [torch_gradient, jax_gradient, tensorflow_gradient])
@every_case
def test_gradient_of_tiny_counts(differentiate, case):
    """What a batch of confident predictions leaves in float32: 0/0 in JAX and XLA otherwise."""
    # Next to larger counts 1e-30 gives ratios of rates slopes beyond float32.
    steep = case[0] in (*INFINITE, "bias_score", "lift", "yule_q")
    tiny = () if steep else (1e-30,)
    rows = list(itertools.product((0, *tiny, 1e-20, 1e-19, 1, 1e6), repeat=4))
    rows += list(itertools.product((0, 1e-30, 2e-30, 1e-28), repeat=4))
    value, gradient = differentiate(bind(case), rows, "float32")
    # Of these what is as small as nothing is divided by.
    assert np.all(value >= 0 if case[0] in INFINITE else np.isfinite(value))
    assert np.all(np.isfinite(gradient))


# Directions


def test_every_metric_is_tested():
    assert {case[0] for case in CASES} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_larger_is_better(name):
    expected = None if name in NEITHER else name not in SMALLER
    assert m.larger_is_better(getattr(m, name)) is expected


@pytest.mark.parametrize("name", sorted(set(NAMES) - NEITHER))
def test_better_predictions_give_a_better_number(name):
    (case, *_) = (case for case in CASES if case[0] == name)
    worse, better = bind(case)(table([[6, 4, 4, 6], [9, 1, 1, 9]]))
    assert (better > worse) is np.bool_(m.larger_is_better(getattr(m, name)))


class Average:
    """As the averages: a callable that has the metric as an attribute."""

    def __init__(self, metric):
        self.metric = metric

    def __call__(self, c):
        return self.metric(c)


def test_larger_is_better_sees_through_wrappers():
    cost = partial(partial(m.expected_cost, fn=5.0), fp=2.0)
    assert m.larger_is_better(cost) is False
    assert m.larger_is_better(Average(cost)) is False
    assert m.larger_is_better(partial(Average(partial(m.prevalence)))) is None
    assert m.larger_is_better(Average(m.f1)) is True


def test_your_own_metric_is_maximised():
    class Own:
        __hash__ = None  # pyright: ignore[reportAssignmentType]

        def __call__(self, c):
            return c.tp

    assert m.larger_is_better(lambda c: c.tp) is True
    assert m.larger_is_better(Own()) is True


# Errors


@pytest.mark.parametrize("x", [3, 3.0, True])
@pytest.mark.parametrize("position", range(4))
def test_python_numbers_are_refused(x, position):
    c = [np.asarray(1.0)] * 4
    c[position] = x
    name = Confusion._fields[position]
    with pytest.raises(TypeError, match=f"`{name}` must be an array, got {x}; make arrays"):
        m.matthews_corrcoef(Confusion(*c))


@pytest.mark.parametrize("beta", [0, -1.0, math.inf, math.nan])
def test_beta_must_be_positive(beta):
    with pytest.raises(ValueError, match="`beta` must be a positive finite number, got"):
        m.fbeta(table(RANDOM), beta=beta)


@pytest.mark.parametrize("weight", [-0.1, math.inf, math.nan])
@pytest.mark.parametrize("name", ["fp_weight", "fn_weight"])
def test_tversky_weights_must_not_be_negative(name, weight):
    weights = {"fp_weight": 0.5, "fn_weight": 0.5, name: weight}
    with pytest.raises(ValueError, match=f"`{name}` must be a finite number >= 0, got"):
        m.tversky(table(RANDOM), **weights)


def test_tversky_weights_must_not_both_be_zero():
    with pytest.raises(ValueError, match="`fp_weight` and `fn_weight` must not both be 0"):
        m.tversky(table(RANDOM), fp_weight=0.0, fn_weight=0.0)
    assert number("tversky", 3, 1, 2, 4, fp_weight=0.0, fn_weight=1.0) == near(0.6)


@pytest.mark.parametrize("weight", [-0.1, math.inf, math.nan])
def test_other_weights_must_not_be_negative(weight):
    with pytest.raises(ValueError, match="`fp_weight` must be a finite number >= 0, got"):
        m.net_benefit(table(RANDOM), fp_weight=weight)
    with pytest.raises(ValueError, match="`alpha` must be a finite number >= 0, got"):
        m.index_of_balanced_accuracy(table(RANDOM), alpha=weight)


def test_undefined_is_0_unless_told_otherwise():
    """Of no examples at all every ratio is undefined; 0 is the value that the docs promise."""
    nothing, told = Confusion(*np.zeros((4, 2))), []
    for name in set(m.__all__) - {"larger_is_better"}:
        metric = getattr(m, name)
        if "zero_division" not in inspect.signature(metric).parameters:
            continue
        needed = {"beta": 2.0} if name == "fbeta" else {}
        needed = {"fp_weight": 0.3, "fn_weight": 0.7} if name == "tversky" else needed
        np.testing.assert_array_equal(metric(nothing, **needed), np.zeros(2), err_msg=name)
        found = metric(nothing, zero_division=0.375, **needed)
        np.testing.assert_array_equal(found, np.full(2, 0.375), err_msg=name)
        told.append(name)
    assert len(told) > 30
