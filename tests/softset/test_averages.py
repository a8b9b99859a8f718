"""Averages over classes against scikit-learn, and their policy for absent classes."""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest

import softset as ss
from softset import metrics
from softset.averages.of_few import mean_and_slopes, suits
from softset.metrics import f1, fbeta, jaccard, precision
from softset.metrics.options import freeze
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

AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted}
METRICS = {
    f1: sklearn.f1_score,
    precision: sklearn.precision_score,
    jaccard: sklearn.jaccard_score,
    partial(fbeta, beta=0.5): partial(sklearn.fbeta_score, beta=0.5),
}
CASES = {
    "all classes": ([0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 0, 0], [0, 1, 2, 3, 4, 0, 1, 2, 1, 0, 1, 3]),
    # 1 is nowhere, 2 is never predicted, 3 never true.
    "absent classes": ([0, 0, 0, 2, 2, 4], [0, 3, 0, 0, 4, 4]),
    "one class": ([2, 2, 2], [2, 2, 2]),
    "all wrong": ([0, 1], [1, 0]),
}


def one_hot(numbers):
    return np.asarray(numbers)[:, None] == np.arange(5)


def test_multiclass_averages_are_scikit_learns(backend):
    """Rule A12: with labels unset, as scikit-learn finds the classes that occur."""
    options = list(product(METRICS, AVERAGES, (0.0, 1.0)))

    def scores(y, p):
        c = ss.confusion(y, p, step=ss.Hard(), axis=0)
        return [AVERAGES[average](metric)(c, zero_division=z) for metric, average, z in options]

    for case in CASES.values():
        y_true, y_pred = (np.resize(x, 12) for x in case)  # whole copies, and one compilation
        y, p = backend.asarray(one_hot(y_true)), backend.asarray(1.0 * one_hot(y_pred))
        if case is CASES["all classes"]:
            compiled = backend.compile(scores, y, p)
        for x, (metric, average, z) in zip(compiled(y, p), options, strict=True):
            expected = METRICS[metric](y_true, y_pred, average=average, zero_division=z)
            assert_close(x, expected, backend)


@pytest.mark.parametrize("average", AVERAGES)
def test_classes_without_counts_are_all_zero_division(backend, average):
    metric = AVERAGES[average](f1)
    found = backend.run(
        lambda *cells: [metric(ss.Confusion(*cells), zero_division=z) for z in (0.0, 0.5)],
        *[backend.asarray(np.zeros(3))] * 4,
    )
    for x, zero_division in zip(found, (0.0, 0.5), strict=True):
        assert_close(x, zero_division, backend)


def test_axis_of_the_classes(backend):
    """By classes first, last, and with a grid of thresholds beside them."""
    cells = np.random.default_rng(0).uniform(0.1, 5, (4, 3, 2))

    def averages(*cells):
        c = ss.Confusion(*cells)
        return [average(f1, axis=axis)(c) for average in AVERAGES.values() for axis in (0, 1, -1)]

    tp, fp, fn, _ = cells
    each, support_ = tp / (tp + (fp + fn) / 2), tp + fn
    expected = []
    for axis in (0, 1, -1):
        sums = [np.sum(x, axis=axis) for x in (tp, fp, fn)]
        expected.append(sums[0] / (sums[0] + (sums[1] + sums[2]) / 2))
    expected += [np.mean(each, axis=axis) for axis in (0, 1, -1)]
    expected += [np.average(each, axis=axis, weights=support_) for axis in (0, 1, -1)]
    found = backend.run(averages, *(backend.asarray(x) for x in cells))
    for x, e in zip(found, expected, strict=True):
        assert_close(x, e, backend)


def test_an_average_of_a_users_metric(backend):
    """Any function of a Confusion can be averaged, and an average of a loss is its mean."""
    cells = np.random.default_rng(1).uniform(0.1, 5, (4, 3))
    value = backend.run(
        lambda *cells: ss.macro(lambda c: (c.tp + c.tn) / (c.tp + c.fp + c.fn + c.tn))(
            ss.Confusion(*cells)
        ),
        *(backend.asarray(x) for x in cells),
    )
    assert_close(value, np.mean((cells[0] + cells[3]) / cells.sum(axis=0)), backend)


@pytest.mark.parametrize("average", AVERAGES)
def test_gradients_are_finite_with_absent_classes(backend, average):
    """Rule A12: a class of zeros leaves the mean, without a nan in the gradient."""
    y, p = labels_and_scores((12, 3), seed=2)
    y[:, 1], p[:, 1], y[:, 2] = False, 0.0, False
    loss = ss.as_loss(AVERAGES[average](f1), axis=0, step=ss.Identity())
    value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    c = loss.confusion(y, p)
    each = 2 * c.tp / (2 * c.tp + c.fp + c.fn + (np.arange(3) == 1))
    expected = {
        "micro": 2 * c.tp.sum() / (2 * c.tp + c.fp + c.fn).sum(),
        "macro": (each[0] + each[2]) / 2,
        "weighted": each[0],
    }[average]
    assert_close(value, 1 - expected, backend)
    assert np.isfinite(backend.to_numpy(gradient)).all()
    if average != "micro":
        assert not backend.to_numpy(gradient)[:, 1].any()


def test_averages_with_equal_parts_are_equal():
    assert ss.macro(partial(fbeta, beta=2.0)) == ss.macro(partial(fbeta, beta=2.0))
    assert ss.macro(f1) != ss.weighted(f1) and ss.macro(f1) != ss.macro(f1, axis=0)
    assert hash(ss.micro(partial(fbeta, beta=2.0))) == hash(ss.micro(partial(fbeta, beta=2.0)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_the_mean_over_examples_is_scikit_learns(backend, zero_division, weighted):
    """With a weight for each example, one of them 0, and an example without a label."""
    y, p = labels_and_scores((30, 4), seed=6)
    y[5], p[5] = False, 0.1
    w = np.random.default_rng(7).uniform(0, 3, (30, 1)) if weighted else np.ones((30, 1))
    w[8] = 0.0 if weighted else 1.0
    metrics = [partial(ss.samples(m), zero_division=zero_division) for m in METRICS]
    scores = [ss.as_score(metric, threshold=0.5, axis=1) for metric in metrics]

    def run(y, p, w):
        return [score(y, p, sample_weight=w) for score in scores]

    found = backend.run(run, *map(backend.asarray, (y, p, w)))
    for x, theirs in zip(found, METRICS.values(), strict=True):
        expected = theirs(
            y, p >= 0.5, average="samples", sample_weight=w[:, 0], zero_division=zero_division
        )
        assert_close(x, expected, backend, SUMMED)


def test_an_example_weighs_what_counts_of_it(backend):
    y, p = labels_and_scores((12, 5), seed=8)
    where = np.random.default_rng(9).uniform(size=(12, 5)) < 0.7
    where[4] = False
    score = ss.as_score(ss.samples(jaccard), threshold=0.5, axis=1)
    found = backend.run(lambda y, p, m: score(y, p, where=m), *map(backend.asarray, (y, p, where)))
    each = score.values(y, p, where=where)
    assert_close(found, np.average(each, weights=where.sum(1)), backend, SUMMED)


def test_the_gradient_of_a_mean_over_examples(backend):
    """By hand: each example's own, times its share of the weights."""
    y, p = labels_and_scores((10, 4), seed=10)
    w = np.random.default_rng(11).uniform(0.5, 2, (10, 1))
    loss = ss.as_loss(ss.samples(f1), axis=1)
    weights = backend.asarray(w)
    value, gradient = backend.value_and_grad(
        lambda y, p: loss(y, p, sample_weight=weights), backend.asarray(y), backend.asarray(p)
    )
    rows = [ss.value_and_grad(ss.as_loss(f1))(a, b) for a, b in zip(y, p, strict=True)]
    shares = w / w.sum()
    assert_close(value, sum(s * v for s, (v, _) in zip(shares[:, 0], rows, strict=True)), backend)
    expected = shares * np.stack([g for _, g in rows])
    np.testing.assert_allclose(
        backend.to_numpy(gradient), expected, rtol=0, atol=SUMMED * np.abs(expected).max()
    )


def test_a_mean_over_examples_has_its_own_axis():
    assert ss.samples(f1) == ss.samples(f1) != ss.macro(f1)
    y, p = labels_and_scores((6, 3, 4), seed=12)
    with pytest.raises(ValueError, match="`axis` of the average must say which axis"):
        ss.as_score(ss.samples(f1), threshold=0.5, axis=2)(y, p)
    with pytest.raises(ValueError, match="`step` or `threshold` must be given for an average"):
        ss.as_score(ss.samples(f1), axis=1)
    with pytest.raises(ValueError, match="`metric` must be elementwise"):
        ss.as_score(ss.samples(ss.macro(f1, axis=1), axis=0), threshold=0.5, axis=2)(y, p)
    # Beside the step's classes it is no average over these.
    at_two = ss.as_score(ss.samples(precision), step=ss.TopK(2), axis=1)
    best = np.argsort(-p[:, :, 0], axis=1)[:, :2]
    expected = np.mean(np.take_along_axis(y[:, :, 0], best, 1))
    assert at_two(y[:, :, 0], p[:, :, 0]) == pytest.approx(expected, rel=1e-15)


# Beside a grid of thresholds, and other axes

THRESHOLDS = (0.2, 0.5, 0.8)
LABELS, SCORES = labels_and_scores((60, 3), seed=4)


@pytest.mark.parametrize("average", AVERAGES)
def test_the_classes_are_not_the_thresholds(backend, average):
    """At each threshold what scikit-learn says of the classes, and then the mean."""
    expected = np.mean(
        [sklearn.f1_score(LABELS, SCORES - t >= 0, average=average) for t in THRESHOLDS]
    )
    y, p = backend.asarray(LABELS), backend.asarray(SCORES)
    for metric in (
        AVERAGES[average](f1),
        AVERAGES[average](f1, axis=-2),
        AVERAGES[average](f1, axis=0),
        partial(AVERAGES[average](f1), zero_division=0.0),
    ):
        score = ss.as_score(metric, axis=0, thresholds=THRESHOLDS)
        assert_close(backend.run(score, y, p), expected, backend, SUMMED)


@pytest.mark.parametrize("average", AVERAGES)
def test_the_gradient_is_that_of_the_classes_too(backend, average):
    """The mean of the losses at one threshold each."""
    metric = AVERAGES[average](f1)
    y, p = backend.asarray(LABELS), backend.asarray(SCORES)
    each = [
        ss.value_and_grad(ss.as_loss(metric, axis=0, threshold=t))(LABELS, SCORES)
        for t in THRESHOLDS
    ]
    value, gradient = backend.value_and_grad(
        ss.as_loss(metric, axis=0, thresholds=THRESHOLDS), y, p
    )
    assert_close(value, np.mean([v for v, _ in each]), backend)
    assert_close(gradient, np.mean([g for _, g in each], axis=0), backend)


@marks.on(*EAGER)
@pytest.mark.parametrize("average", AVERAGES)
def test_the_axis_of_the_classes_has_to_be_told_where_there_are_several(backend, average):
    metric = AVERAGES[average](f1)
    y, p = labels_and_scores((2, 4, 6, 5), seed=3)  # channels first
    y, p = backend.asarray(y), backend.asarray(p)
    message = r"`axis` of the average must say which axis holds the classes, got counts of shape "
    for call in (
        ss.as_score(metric, threshold=0.5, axis=0),
        ss.value_and_grad(ss.as_loss(metric, axis=0)),
    ):
        with pytest.raises(ValueError, match=message + r"\(4, 6, 5\); .* axis=\(0, 2, 3\)"):
            call(y, p)
    with pytest.raises(ValueError, match=message + r"\(4, 6, 5, 3\)"):
        ss.as_score(metric, axis=0, thresholds=THRESHOLDS)(y, p)
    with pytest.raises(ValueError, match=message + r"\(4, 3\)"):
        metric(ss.confusion(y, p, axis=(0, 2, 3), thresholds=THRESHOLDS))
    assert np.isfinite(float(ss.as_score(metric, threshold=0.5, axis=(0, 2, 3))(y, p)))
    assert np.isfinite(
        float(ss.as_score(AVERAGES[average](f1, axis=0), threshold=0.5, axis=0)(y, p))
    )


@marks.on(*EAGER)
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("axis", [-1, 1])
def test_the_thresholds_are_no_classes(backend, average, axis):
    y, p = backend.asarray(LABELS), backend.asarray(SCORES)
    message = rf"`axis` must be that of the classes, got {axis} for counts whose last axis is that"
    score = ss.as_score(AVERAGES[average](f1, axis=axis), axis=0, thresholds=THRESHOLDS)
    with pytest.raises(ValueError, match=message + rf".*; pass {average}\(\.\.\.\) without it"):
        score(y, p)
    # Counts of one number for each threshold have no classes at all.
    with pytest.raises(ValueError, match="`axis` must be"):
        ss.as_score(AVERAGES[average](f1), thresholds=THRESHOLDS)(y, p)


def test_averages_of_averages_beside_a_grid(backend):
    """Rows of the mean over classes: the inner average has one axis less."""
    y, p = labels_and_scores((5, 8, 3), seed=6)

    def score(y, p):
        metric = ss.micro(ss.macro(f1), axis=0)
        return ss.as_score(metric, axis=1, thresholds=THRESHOLDS)(y, p)

    found = backend.run(score, backend.asarray(y), backend.asarray(p))
    rows, scores = y.reshape(-1, 3), p.reshape(-1, 3)
    expected = [sklearn.f1_score(rows, scores >= t, average="macro") for t in THRESHOLDS]
    assert_close(found, np.mean(expected), backend, SUMMED)


def test_a_nan_is_no_absent_class(backend):
    cells = np.ones((4, 3))
    cells[:, 1] = math.nan
    for average in AVERAGES.values():
        found = backend.run(
            lambda *c, average=average: average(f1)(ss.Confusion(*c)),
            *(backend.asarray(x) for x in cells),
        )
        assert np.isnan(backend.to_numpy(found))


OF_FOUR = [name for name in metrics.__all__ if getattr(metrics, name) in metrics._FOUR]


@pytest.mark.parametrize("classes", [1, 5, 16])
@pytest.mark.parametrize("name", OF_FOUR)
def test_slopes_of_a_mean_over_few_classes(name, classes):
    """By central differences of the mean of arrays; a class that is nowhere has none."""
    options = {"fbeta": {"beta": 2.0}, "tversky": {"fp_weight": 0.3, "fn_weight": 0.7}}.get(
        name, {}
    )
    metric = freeze(partial(getattr(metrics, name), **options))
    counts = np.random.default_rng(classes).uniform(3, 50, (4, classes))
    for average in (metric, ss.macro(metric)):
        value, slopes = mean_and_slopes(average, tuple(counts))
        found = central_differences(lambda x, m=average: np.mean(m(ss.Confusion(*x))), counts)
        scale = max(1.0, np.abs(found).max())
        np.testing.assert_allclose(np.stack(slopes), found, rtol=1e-6, atol=DIFFERENCES * scale)
        np.testing.assert_allclose(value, np.mean(average(ss.Confusion(*counts))), rtol=1e-14)
    if classes > 1:
        counts[:3, 2] = 0.0
        value, slopes = mean_and_slopes(ss.macro(metric), tuple(counts))
        others = mean_and_slopes(ss.macro(metric), tuple(np.delete(counts, 2, axis=1)))
        np.testing.assert_allclose(value, others[0], rtol=1e-14)
        np.testing.assert_allclose(np.delete(np.stack(slopes), 2, axis=1), np.stack(others[1]))
        assert not np.stack(slopes)[:, 2].any()


def test_a_mean_over_few_classes_that_are_nowhere_is_what_is_undefined():
    counts = tuple(np.asarray([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [3.0, 4.0]]))
    value, slopes = mean_and_slopes(ss.macro(f1), counts)
    assert value == ss.macro(f1)(ss.Confusion(*counts)) and not np.stack(slopes).any()


@pytest.mark.parametrize(
    "metric",
    [ss.weighted(f1), freeze(partial(f1, zero_division=math.nan)), ss.micro(f1), ss.auroc, len],
)
def test_other_means_are_left_to_arrays(metric):
    assert not suits(metric, (3,))
    assert suits(f1, (3,)) and suits(f1, (2, 8)) and suits(ss.macro(f1), (16,))
    assert not (suits(ss.macro(f1), (17,)) or suits(ss.macro(f1), (2, 3)) or suits(f1, ()))
    assert mean_and_slopes(f1, tuple(np.full((4, 3), 1e-40))) is None
