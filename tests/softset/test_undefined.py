"""What is undefined leaves means by zero_division=nan, as in scikit-learn, and has no gradient."""

import copy
import math
import pickle
import warnings
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    DIFFERENCES,
    SUMMED,
    assert_close,
    central_differences,
    labels_and_scores,
    sklearn,
)

NAN = math.nan
AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted}
METRICS: dict[Any, Any] = {
    ss.f1: sklearn.f1_score,
    ss.precision: sklearn.precision_score,
    ss.recall: sklearn.recall_score,
    partial(ss.fbeta, beta=2.0): partial(sklearn.fbeta_score, beta=2.0),
}
# Label 1 is only predicted, 2 is nowhere, 3 is never predicted.
LABELS = np.asarray([[1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]])
DECISIONS = np.asarray([[1.0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
# The same of class numbers, among five.
NUMBERS, PREDICTED = np.asarray([0, 3, 3, 0, 0, 4]), np.asarray([0, 0, 1, 1, 4, 4])


def one_hot(numbers):
    return np.asarray(numbers)[:, None] == np.arange(5)


def jaccard_score(y_true, y_pred, average, zero_division, labels=None):
    """Let scikit-learn say each label's, whose jaccard_score knows no nan."""
    if average == "micro":
        return sklearn.jaccard_score(y_true, y_pred, average=average, labels=labels)
    each = sklearn.jaccard_score(y_true, y_pred, average=None, labels=labels, zero_division=0.0)
    f1 = sklearn.f1_score(y_true, y_pred, average=None, labels=labels, zero_division=NAN)
    support = sklearn.multilabel_confusion_matrix(y_true, y_pred, labels=labels)[:, 1].sum(-1)
    weights = (support if average == "weighted" else np.ones(len(each))) * (f1 == f1)
    return np.average(each, weights=weights)


@pytest.mark.parametrize("average", AVERAGES)
def test_averages_are_scikit_learns(backend, average):
    """Of labels each by itself, and of class numbers with `labels` given: all of them count."""
    metrics: list[Any] = [*METRICS.items(), (ss.jaccard, jaccard_score)]

    def scores(y, p):
        c = ss.confusion(y, p, step=ss.Hard(), axis=0)
        inside = [AVERAGES[average](partial(metric, zero_division=NAN))(c) for metric, _ in metrics]
        handed_on = [AVERAGES[average](metric)(c, zero_division=NAN) for metric, _ in metrics]
        return inside + handed_on

    for y, p, options in (
        (LABELS, DECISIONS, {}),
        (NUMBERS, PREDICTED, {"labels": range(5)}),
    ):
        rows = (y, p) if not options else (1.0 * one_hot(y), 1.0 * one_hot(p))
        expected = [
            score(y, p.astype(int), average=average, zero_division=NAN, **options)
            for _, score in metrics
        ]
        assert np.isfinite(expected).all()
        for x, e in zip(
            backend.run(scores, *map(backend.asarray, rows)), 2 * expected, strict=True
        ):
            assert_close(x, e, backend)


def test_nothing_defined_is_nan(backend):
    """For an average, for the mean over labels, and for a single number."""
    y, p = np.zeros((3, 2)), np.zeros((3, 2))
    metrics = [average(partial(ss.f1, zero_division=NAN)) for average in AVERAGES.values()]
    scores = [ss.as_score(m, threshold=0.5, axis=0) for m in (*metrics, metrics[0].metric)]
    scores.append(ss.as_score(partial(ss.f1, zero_division=NAN)))
    found = backend.run(
        lambda y, p: [score(y, p) for score in scores], backend.asarray(y), backend.asarray(p)
    )
    assert len(found) == 5
    for x in found:
        assert np.isnan(backend.to_numpy(x))


@pytest.mark.parametrize("option", [0.25, NAN])
def test_an_average_of_no_class_is_what_its_metric_was_given(backend, option):
    zeros = backend.asarray(np.zeros(3))
    for average in AVERAGES.values():
        metric = average(partial(ss.recall, zero_division=option))
        found = backend.run(lambda *c, metric=metric: metric(ss.Confusion(*c)), *[zeros] * 4)
        np.testing.assert_array_equal(backend.to_numpy(found), option)


def by_hand(metric, average, y, p, where):
    """Return soft counts' metric of each label, and its mean over those that have one."""
    tp, fp, fn = (np.sum(x * where, axis=0) for x in (y * p, (1 - y) * p, y * (1 - p)))
    above, below = {
        "recall": (tp, tp + fn),
        "precision": (tp, tp + fp),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[metric]
    left = below > 0
    weights = (tp + fn if average == "weighted" else np.ones(len(tp)))[left]
    return np.average(above[left] / below[left], weights=weights)


@pytest.mark.parametrize(
    ("metric", "average"),
    list(product(("recall", "precision", "f1"), ("macro", "weighted", "mean"))),
)
def test_a_loss_leaves_them_out_and_learns_from_the_others(backend, metric, average):
    """By autodiff, dual numbers and the closed form, against central differences."""
    y, p = labels_and_scores((9, 4), seed=3)
    y, where = 1.0 * y, np.ones((9, 4), dtype=bool)
    y[:, 1] = 0.0  # has no recall
    where[:, 2] = False  # has nothing
    option = partial(getattr(ss, metric), zero_division=NAN)
    metric_ = option if average == "mean" else AVERAGES[average](option)
    loss = ss.as_loss(metric_, axis=0, step=ss.Identity())
    arrays = [backend.asarray(x) for x in (y, p, where)]
    value, gradient = backend.value_and_grad(lambda y, p, w: loss(y, p, where=w), *arrays)

    def expected(p):
        return 1 - by_hand(metric, average, y, p, where)

    assert_close(value, expected(p), backend, SUMMED)
    assert_close(gradient, central_differences(expected, p), backend, DIFFERENCES)
    assert not backend.to_numpy(gradient)[:, 2].any()
    if backend.library == "numpy":
        value, gradient = ss.value_and_grad(loss)(y, p, where=where)
        assert_close(gradient, central_differences(expected, p), backend, DIFFERENCES)
        linear = ss.linearize(loss, loss.confusion(y, p, where=where))
        again = ss.value_and_grad(linear)(y, p, where=where)[1]
        assert_close(again, gradient, backend, SUMMED)


@pytest.mark.parametrize("metric", [ss.f1, ss.macro(ss.f1), ss.weighted(ss.precision)])
def test_where_nothing_is_defined_the_loss_is_nan_and_its_gradient_is_0(backend, metric):
    """A training step changes nothing then, and what is reported does not look like a loss."""
    zeros = backend.asarray(np.zeros((4, 2)))
    loss = ss.as_loss(partial(metric, zero_division=NAN), axis=0, step=ss.Identity())
    value, gradient = backend.value_and_grad(loss, zeros, zeros)
    assert np.isnan(backend.to_numpy(value))
    assert_close(gradient, np.zeros((4, 2)), backend)
    loss = ss.as_loss(partial(ss.f1, zero_division=NAN), step=ss.Identity())
    value, gradient = backend.value_and_grad(loss, zeros, zeros)
    assert np.isnan(backend.to_numpy(value))
    assert_close(gradient, np.zeros((4, 2)), backend)


@pytest.mark.parametrize("metric", [ss.f1, ss.macro(ss.f1), ss.weighted(ss.f1)])
def test_a_nan_in_the_counts_is_not_undefined(backend, metric):
    """It comes from the scores, and has to be seen."""
    y, p = labels_and_scores((6, 3))
    p[2, 1] = NAN
    metric = partial(metric, zero_division=NAN)

    def score(y, p):
        with ss.checks(False):
            return ss.as_score(metric, threshold=0.5, axis=0)(y, p)

    found = backend.run(score, backend.asarray(y), backend.asarray(p))
    assert np.isnan(backend.to_numpy(found))


def test_thresholds_without_a_value_leave_the_mean_over_a_grid(backend):
    y, p = np.asarray([1.0, 0, 1, 0]), np.asarray([0.6, 0.5, 0.3, 0.1])
    score = ss.as_score(partial(ss.precision, zero_division=NAN), thresholds=(0.2, 0.4, 0.9))
    found = backend.run(score, backend.asarray(y), backend.asarray(p))
    assert_close(found, (2 / 3 + 1 / 2) / 2, backend)


def test_labels_of_one_class_leave_the_mean_of_areas(backend):
    y, p = labels_and_scores((40, 3), seed=5)
    y[:, 1] = False
    p = np.round(p, 1) + 0.05  # between the thresholds, so that areas are exact
    score = ss.as_score(partial(ss.auroc, zero_division=NAN), thresholds=ss.grid(9), axis=0)
    p = np.clip(p, 0.0, 1.0)
    found = backend.run(score, backend.asarray(y), backend.asarray(p))
    expected = [sklearn.roc_auc_score(y[:, i], p[:, i]) for i in (0, 2)]
    assert_close(found, np.mean(expected), backend, SUMMED)


# The policy of `macro` for labels that are nowhere: scikit-learn has two.


def test_macro_is_scikit_learns_of_the_classes_that_it_finds(backend):
    """0.833 here: a class that is nowhere leaves the mean."""
    y_true, y_pred = np.asarray([0, 0, 1, 1]), np.asarray([0, 0, 1, 0])
    y, p = 1.0 * one_hot(y_true), 1.0 * one_hot(y_pred)
    score = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0)
    found = backend.run(score, backend.asarray(y), backend.asarray(p))
    assert_close(found, sklearn.f1_score(y_true, y_pred, average="macro"), backend)


@pytest.mark.parametrize("option", [0.0, 1.0, NAN])
def test_the_plain_mean_is_scikit_learns_of_labels_that_it_is_told(backend, option):
    """Of a matrix of labels, or with `labels`, an absent one counts as zero_division."""
    y = np.asarray([[1, 0, 0], [1, 0, 1], [0, 0, 1], [0, 0, 1]])
    p = np.asarray([[1.0, 0, 0], [1, 0, 1], [0, 0, 1], [1, 0, 0]])
    metric = partial(ss.f1, zero_division=option)
    plain = ss.as_score(metric, threshold=0.5, axis=0)
    without = ss.as_score(ss.macro(metric), threshold=0.5, axis=0)
    found = backend.run(
        lambda y, p: [plain(y, p), without(y, p)], backend.asarray(y), backend.asarray(p)
    )
    expected = sklearn.f1_score(y, p.astype(int), average="macro", zero_division=option)
    assert_close(found[0], expected, backend)
    assert_close(found[1], (0.8 + 0.8) / 2, backend)  # whatever the option
    assert option != option or abs(expected - 0.8) > 0.05  # there is something to tell apart

    numbers, predicted = np.asarray([0, 0, 4, 4]), np.asarray([0, 4, 4, 4])
    score = ss.as_score(metric, step=ss.ArgMax(), axis=0)
    found = backend.run(
        score, backend.asarray(one_hot(numbers)), backend.asarray(1.0 * one_hot(predicted))
    )
    expected = sklearn.f1_score(
        numbers, predicted, average="macro", labels=range(5), zero_division=option
    )
    assert_close(found, expected, backend)


def test_balanced_accuracy_with_a_class_that_is_only_predicted(backend):
    """A class that nobody is in has no recall: scikit-learn leaves it out."""
    y_true, y_pred = np.asarray([0, 0, 0, 1, 1, 1]), np.asarray([0, 0, 2, 1, 1, 2])
    y, p = 1.0 * one_hot(y_true), 1.0 * one_hot(y_pred)
    recall = partial(ss.recall, zero_division=NAN)
    both = [
        ss.as_score(ss.macro(metric), step=ss.ArgMax(), axis=0) for metric in (recall, ss.recall)
    ]
    found = backend.run(
        lambda y, p: [s(y, p) for s in both], backend.asarray(y), backend.asarray(p)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # y_pred contains classes not in y_true
        expected = sklearn.balanced_accuracy_score(y_true, y_pred)
    assert_close(found[0], expected, backend)
    assert round(expected, 3) == 0.667
    recalls = sklearn.recall_score(y_true, y_pred, average="macro", zero_division=0.0)
    assert_close(found[1], recalls, backend)
    assert round(recalls, 3) == 0.444


# Metrics with a nan are compared and copied as others


def test_metrics_with_a_nan_are_equal():
    nans: list[Any] = [float("nan"), np.float32(NAN)]
    one, two = (ss.as_loss(ss.macro(partial(ss.f1, zero_division=x))) for x in nans)
    assert one == two and hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one and copy.deepcopy(one) == one
    assert one != ss.as_loss(ss.macro(partial(ss.f1, zero_division=0.0)))
    assert one.metric_is_own


@marks.on(*EAGER)
def test_an_undefined_threshold_does_not_compete(backend):
    """As without a zero_division: it is no value."""
    y, p = (
        backend.asarray(np.asarray([1, 0, 1, 0])),
        backend.asarray(np.asarray([0.8, 0.6, 0.4, 0.2])),
    )
    expected = ss.best_threshold(ss.false_discovery_rate, y, p)
    found = ss.best_threshold(partial(ss.false_discovery_rate, zero_division=NAN), y, p)
    for x, e in zip(found, expected, strict=True):
        assert float(x) == float(e)
