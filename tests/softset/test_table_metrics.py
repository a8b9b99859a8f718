"""Metrics of a table: against scikit-learn, torchmetrics and closed forms, and degenerate ones."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import softset as ss
from softset._arrays import duals
from softset.metrics import larger_is_better
from softset.metrics.margins import slopes_by_margins
from softset.metrics.options import name_of
from softset.metrics.tables import TABLES
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import EXACT, SINGLE, assert_close, central_differences, sklearn

C = 4
RNG = np.random.default_rng(3)
COUNTS = RNG.integers(0, 30, (C, C)) + 10 * np.eye(C, dtype=int)
COST = tuple(tuple(float(x) for x in row) for row in RNG.uniform(-1, 3, size=(C, C)))

# Each with scikit-learn's function of two arrays of class numbers.
REFEREES = {
    "accuracy": (ss.multiclass_accuracy, "accuracy_score", {}),
    "balanced accuracy": (ss.multiclass_balanced_accuracy, "balanced_accuracy_score", {}),
    "MCC": (ss.multiclass_matthews_corrcoef, "matthews_corrcoef", {}),
    "kappa": (ss.multiclass_cohen_kappa, "cohen_kappa_score", {}),
    "linear kappa": (
        partial(ss.multiclass_cohen_kappa, weights="linear"),
        "cohen_kappa_score",
        {"weights": "linear"},
    ),
    "quadratic kappa": (
        partial(ss.multiclass_cohen_kappa, weights="quadratic"),
        "cohen_kappa_score",
        {"weights": "quadratic"},
    ),
    "macro F1": (ss.one_vs_rest(ss.macro(ss.f1)), "f1_score", {"average": "macro"}),
    "micro F1": (ss.one_vs_rest(ss.micro(ss.f1)), "f1_score", {"average": "micro"}),
    "weighted precision": (
        ss.one_vs_rest(ss.weighted(ss.precision)),
        "precision_score",
        {"average": "weighted"},
    ),
}
METRICS = {
    **{name: metric for name, (metric, _, _) in REFEREES.items()},
    "geometric mean": ss.multiclass_geometric_mean,
    "cost": partial(ss.multiclass_expected_cost, cost=COST),
}
# Nothing; one class, right and wrong; one predicted; a class that nobody is in or put in; perfect.
DEGENERATE = np.zeros((7, C, C))
DEGENERATE[1, 2, 2] = 5
DEGENERATE[2, 2, 1] = 5
DEGENERATE[3, :, 1] = [3, 4, 5, 6]
DEGENERATE[4, :3, :3] = COUNTS[:3, :3]
DEGENERATE[5] = np.diag([3, 4, 5, 6])
DEGENERATE[6, 0, :] = [3, 4, 5, 6]


def labels_of(table):
    """Return true and predicted class numbers that have these counts, each once, and weights."""
    true, predicted = np.nonzero(np.ones_like(table))
    return true, predicted, table.reshape(-1)


@pytest.mark.parametrize("name", REFEREES)
def test_hard_numbers_are_scikit_learns(backend, name):
    metric, function, options = REFEREES[name]
    found = backend.run(lambda t: metric(ss.ConfusionTable(t)), backend.asarray(COUNTS * 1.0))
    true, predicted, weights = labels_of(COUNTS)
    expected = getattr(sklearn, function)(true, predicted, sample_weight=weights, **options)
    assert_close(found, expected, backend)


def test_hard_numbers_are_torchmetrics():
    theirs = pytest.importorskip("torchmetrics.functional.classification")
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)  # of its own: what it draws is not to depend on other tests
    p = torch.tensor(rng.dirichlet(np.ones(C), size=200))
    y = torch.tensor(rng.integers(0, C, 200))
    pairs = [
        (ss.multiclass_matthews_corrcoef, theirs.multiclass_matthews_corrcoef(p, y, C)),
        (ss.multiclass_accuracy, theirs.multiclass_accuracy(p, y, C, average="micro")),
        (ss.multiclass_balanced_accuracy, theirs.multiclass_accuracy(p, y, C, average="macro")),
        (ss.one_vs_rest(ss.macro(ss.jaccard)), theirs.multiclass_jaccard_index(p, y, C)),
    ]
    for weights in (None, "linear", "quadratic"):
        metric = partial(ss.multiclass_cohen_kappa, weights=weights)
        pairs.append((metric, theirs.multiclass_cohen_kappa(p, y, C, weights=weights)))
    for metric, expected in pairs:
        # They count in integers and divide in float32.
        np.testing.assert_allclose(float(ss.as_score(metric)(y, p)), float(expected), rtol=SINGLE)
    table = ss.confusion_table(y, p, step=ss.ArgMax()).counts
    assert (table == theirs.multiclass_confusion_matrix(p, y, C)).all()


@marks.on(*EAGER)
def test_geometric_mean_and_cost_by_their_definitions(backend):
    c = ss.ConfusionTable(backend.asarray(COUNTS * 1.0))
    recalls = np.diag(COUNTS) / COUNTS.sum(1)
    assert_close(ss.multiclass_geometric_mean(c), np.prod(recalls) ** (1 / C), backend)
    expected = np.sum(np.asarray(COST) * COUNTS) / COUNTS.sum()
    for cost in (COST, [list(row) for row in COST], np.asarray(COST)):
        assert_close(ss.multiclass_expected_cost(c, cost=cost), expected, backend)


@given(hnp.arrays(np.float64, (2, 2), elements=st.integers(0, 20)))
def test_two_classes_are_those_of_four_counts(table):
    (tn, fp), (fn, tp) = table
    four = ss.Confusion(*np.asarray([tp, fp, fn, tn]))
    pairs = [
        (ss.multiclass_accuracy, ss.accuracy),
        (ss.multiclass_balanced_accuracy, ss.balanced_accuracy),
        (ss.multiclass_matthews_corrcoef, ss.matthews_corrcoef),
        (ss.multiclass_cohen_kappa, ss.cohen_kappa),
        (partial(ss.multiclass_cohen_kappa, weights="quadratic"), ss.cohen_kappa),
        (
            partial(ss.multiclass_expected_cost, cost=((1, 2), (3, 4))),
            partial(ss.expected_cost, tn=1, fp=2, fn=3, tp=4),
        ),
    ]
    if table.sum(1).all():
        pairs.append((ss.multiclass_geometric_mean, ss.geometric_mean))
    for of_table, of_four in pairs:
        found = of_table(ss.ConfusionTable(table))
        np.testing.assert_allclose(found, of_four(four), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_axes_before_the_classes_stay(backend, name):
    tables = np.random.default_rng(5).uniform(0, 9, (2, 3, C, C))
    metric = METRICS[name]
    found = backend.run(lambda t: metric(ss.ConfusionTable(t)), backend.asarray(tables))
    expected = [[metric(ss.ConfusionTable(t)) for t in row] for row in tables]
    assert_close(found, expected, backend)


@pytest.mark.parametrize("name", METRICS)
def test_degenerate_tables_have_finite_values_and_gradients(backend, name):
    metric = METRICS[name]

    def total(tables, scale):
        xp = ss.array_namespace(tables)
        return xp.sum(metric(ss.ConfusionTable(tables * scale)))

    for dtype in ("float64", "float32"):
        for scale in (1.0, 1e-20, 1e20):
            tables = backend.asarray(DEGENERATE * scale, dtype)
            one = backend.asarray(np.ones(()), dtype)
            value, gradient = backend.value_and_grad(total, tables, one, argnum=0)
            assert np.isfinite(backend.to_numpy(value))
            assert np.isfinite(backend.to_numpy(gradient)).all(), (dtype, scale)


def test_undefined_values_are_those_that_are_asked_for():
    nothing, one, wrong, same, missing, perfect, alone = map(ss.ConfusionTable, DEGENERATE)
    for name, metric in METRICS.items():
        assert metric(nothing, zero_division=7.0) == 7.0, name
        assert metric(perfect, zero_division=7.0) != 7.0
    for metric in (METRICS["MCC"], METRICS["kappa"], METRICS["linear kappa"]):
        assert metric(one, zero_division=7.0) == 7.0
    for c in (same, alone):
        assert METRICS["MCC"](c, zero_division=7.0) == 7.0
        assert METRICS["kappa"](c, zero_division=7.0) == 0.0
    assert METRICS["accuracy"](one) == METRICS["balanced accuracy"](one) == 1.0
    assert METRICS["geometric mean"](one) == 1.0 and METRICS["geometric mean"](wrong) == 0.0
    # A class that nobody is in leaves the means; scikit-learn's numbers of three classes.
    three = ss.ConfusionTable(COUNTS[:3, :3])
    for name in ("balanced accuracy", "geometric mean", "macro F1", "MCC", "kappa"):
        np.testing.assert_allclose(METRICS[name](missing), METRICS[name](three), rtol=1e-14)
    for name in set(METRICS) - {"cost"}:
        np.testing.assert_allclose(METRICS[name](perfect), 1.0, rtol=1e-14)


@marks.on(*EAGER)
@pytest.mark.parametrize("name", METRICS)
def test_slopes_by_margins_are_those_of_all_dual_numbers(backend, name):
    metric = METRICS[name]
    table = backend.asarray(COUNTS + 0.5)
    value, slope = slopes_by_margins(metric, ss.ConfusionTable(table))
    expected, (whole,) = duals.value_and_gradients(lambda t: metric(ss.ConfusionTable(t)), table)
    assert_close(value, backend.to_numpy(expected), backend)
    assert_close(slope, backend.to_numpy(whole), backend)
    differences = central_differences(
        lambda t: metric(ss.ConfusionTable(t)), np.asarray(COUNTS + 0.5)
    )
    np.testing.assert_allclose(backend.to_numpy(slope), differences, atol=1e-8)


@marks.on("numpy")
def test_a_metric_that_leaves_an_axis_has_the_slopes_of_its_mean(backend):
    metric = ss.one_vs_rest(ss.f1)
    tables = np.random.default_rng(6).uniform(1, 9, (3, C, C))
    assert metric(ss.ConfusionTable(tables)).shape == (3, C)
    _, slope = slopes_by_margins(metric, ss.ConfusionTable(tables))
    expected = central_differences(lambda t: metric(ss.ConfusionTable(t)).sum(), tables)
    np.testing.assert_allclose(slope, expected, atol=1e-8)


def test_many_classes_take_no_time_to_differentiate():
    """By all dual numbers a table of 400 x 400 would take terabytes."""
    rng = np.random.default_rng(7)
    y, z = rng.integers(0, 400, 600), rng.normal(size=(600, 400))
    for metric in (ss.multiclass_matthews_corrcoef, ss.one_vs_rest(ss.macro(ss.f1))):
        loss = ss.as_loss(metric, from_logits=True)
        _, gradient = ss.value_and_grad(loss)(y, z)
        i = np.unravel_index(np.abs(gradient).argmax(), z.shape)
        high, low = z.copy(), z.copy()
        high[i] += 1e-4
        low[i] -= 1e-4
        expected = (loss(y, high) - loss(y, low)) / 2e-4
        np.testing.assert_allclose(gradient[i], expected, rtol=1e-5)


def test_directions_and_names():
    for metric in TABLES:
        assert larger_is_better(metric) is (metric is not ss.multiclass_expected_cost)
        assert getattr(ss, metric.__name__) is metric
    assert larger_is_better(METRICS["cost"]) is False
    assert larger_is_better(ss.one_vs_rest(ss.macro(ss.error_rate))) is False
    assert name_of(METRICS["macro F1"]) == "one_vs_rest(macro(f1))"
    assert (
        name_of(ss.as_loss(METRICS["linear kappa"]).metric)
        == "multiclass_cohen_kappa(weights='linear')"
    )
    assert ss.as_loss(METRICS["cost"]).metric_is_own
    assert ss.as_loss(METRICS["macro F1"]).metric_is_own
    assert not ss.as_loss(ss.one_vs_rest(ss.macro(lambda c: c.tp))).metric_is_own


def test_wrong_options_are_refused():
    c = ss.ConfusionTable(COUNTS)
    with pytest.raises(ValueError, match="`weights` must be None, 'linear' or 'quadratic', got 2"):
        ss.multiclass_cohen_kappa(c, weights=2)
    for cost in (3.0, ((1.0, 2.0),), COST[:3], tuple(row[:3] for row in COST), None):
        with pytest.raises(ValueError, match="`cost` must have a row and a column for each of 4"):
            ss.multiclass_expected_cost(c, cost=cost)
    with pytest.raises(ValueError, match="`cost` must be a finite number, got nan"):
        ss.multiclass_expected_cost(c, cost=((float("nan"),) * C,) * C)


@marks.on(*EAGER)
def test_counts_may_be_integers(backend):
    c = ss.ConfusionTable(backend.asarray(COUNTS))
    assert_close(
        ss.multiclass_accuracy(c), np.trace(COUNTS) / COUNTS.sum(), backend, EXACT, dtype="float64"
    )
