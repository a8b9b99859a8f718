"""Losses and scores: what they return, and that they are values themselves."""

import pickle
from functools import partial
from itertools import product

import numpy as np
import pytest

import softset as ss
from softset import metrics
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    SINGLE,
    STEPS,
    assert_array,
    assert_close,
    assert_counts,
    count_by_loop,
    labels_and_scores,
    sklearn,
)

Y, P = labels_and_scores(50, seed=11)
TIED = np.round(P, 1)
SCIKIT_LEARN = {
    metrics.accuracy: sklearn.accuracy_score,
    metrics.error_rate: sklearn.zero_one_loss,
    metrics.balanced_accuracy: sklearn.balanced_accuracy_score,
    metrics.precision: partial(sklearn.precision_score, zero_division=0.0),
    metrics.recall: sklearn.recall_score,
    metrics.specificity: partial(sklearn.recall_score, pos_label=0),
    metrics.f1: sklearn.f1_score,
    partial(metrics.fbeta, beta=0.5): partial(sklearn.fbeta_score, beta=0.5),
    partial(metrics.fbeta, beta=2.0): partial(sklearn.fbeta_score, beta=2),
    metrics.jaccard: sklearn.jaccard_score,
    metrics.matthews_corrcoef: sklearn.matthews_corrcoef,
    metrics.cohen_kappa: sklearn.cohen_kappa_score,
    partial(metrics.tversky, fp_weight=0.9, fn_weight=0.1): lambda y, p: (
        np.sum(y & p) / (np.sum(y & p) + 0.9 * np.sum(~y & p) + 0.1 * np.sum(y & ~p))
    ),
}
LOSSES = {
    "f1": lambda: ss.as_loss(metrics.f1),
    "partial": lambda: ss.as_loss(partial(metrics.fbeta, beta=2.0), step=ss.Sigmoid(k=7.0)),
    "user": lambda: ss.as_loss(users_metric, maximize=False),
    "macro": lambda: ss.as_loss(ss.macro(metrics.f1), axis=0, threshold=(0.25, 0.75)),
    "micro": lambda: ss.as_loss(ss.micro(partial(metrics.fbeta, beta=0.5)), axis=0),
    "weighted": lambda: ss.as_loss(ss.weighted(metrics.jaccard), axis=0, from_logits=True),
    "grid": lambda: ss.as_loss(metrics.recall, thresholds=(0.25, 0.5, 0.75)),
    "score": lambda: ss.as_score(partial(metrics.tversky, fp_weight=0.3, fn_weight=0.7)),
}


def users_metric(c):
    """A cost of the user's own, smaller is better."""
    return (5 * c.fn + c.fp) / (c.tp + c.fp + c.fn + c.tn)


def test_scores_are_scikit_learns_at_every_threshold(backend):
    """Rule A1, peers 4: ties included, with fp != fn, so a swapped pair would show."""
    taus = tuple(i / 10 for i in range(1, 10))
    found = backend.run(
        lambda y, p: [
            metric(ss.confusion(y, p, thresholds=taus, step=ss.Hard())) for metric in SCIKIT_LEARN
        ],
        backend.asarray(Y),
        backend.asarray(TIED),
    )
    for x, expected in zip(found, SCIKIT_LEARN.values(), strict=True):
        assert_close(x, [expected(Y, t <= TIED) for t in taus], backend)
    c = count_by_loop(Y, TIED, STEPS["hard"][1], 0.3)
    assert c.fp != c.fn
    score = ss.as_score(metrics.precision, threshold=0.3)
    value = backend.run(score, backend.asarray(Y), backend.asarray(TIED))
    assert_close(value, sklearn.precision_score(Y, TIED >= 0.3), backend)


def test_a_loss_is_one_minus_the_metric_of_soft_counts(backend):
    """Rule A15: a scalar, 1 - metric, or the metric itself where smaller is better."""
    losses = [
        ss.as_loss(metrics.f1, threshold=0.3),
        ss.as_loss(metrics.error_rate, threshold=0.3),
        ss.as_loss(users_metric, threshold=0.3, maximize=False),
        ss.as_loss(users_metric, threshold=0.3),
        ss.as_loss(metrics.prevalence, threshold=0.3, maximize=True),
        ss.as_loss(partial(metrics.expected_cost, fp=1.0, fn=5.0), threshold=0.3),
        ss.as_loss(ss.macro(metrics.false_positive_rate, axis=0), axis=(), threshold=0.3),
    ]
    found = backend.run(
        lambda y, p: [loss(y, p) for loss in losses], backend.asarray(Y), backend.asarray(P)
    )
    c = count_by_loop(Y, P, STEPS["linear"][1], 0.3)
    cost = (5 * c.fn + c.fp) / Y.size
    expected = [
        1 - 2 * c.tp / (2 * c.tp + c.fp + c.fn),
        (c.fp + c.fn) / Y.size,
        cost,
        1 - cost,
        1 - Y.mean(),
        cost,
    ]
    for x, e in zip(found[:-1], expected, strict=True):
        assert_close(x, e, backend)
    assert_close(found[-1], c.fp / Y.size, backend)


def test_a_grid_is_the_mean_of_the_metric(backend):
    """Rule A14: the mean of the metric over thresholds, not the metric of mean counts."""
    taus = (0.2, 0.5, 0.7)
    loss = ss.as_loss(metrics.f1, thresholds=taus, step=ss.Sigmoid())
    value = backend.run(loss, backend.asarray(Y), backend.asarray(P))
    each = [ss.as_loss(metrics.f1, threshold=t, step=ss.Sigmoid())(Y, P) for t in taus]
    assert_close(value, np.mean(each), backend)


def test_axes_that_the_metric_leaves_are_averaged(backend):
    y, p = labels_and_scores((12, 3), seed=12)
    loss = ss.as_loss(metrics.f1, axis=0)
    value = backend.run(loss, backend.asarray(y), backend.asarray(p))
    each = [ss.as_loss(metrics.f1)(y[:, j], p[:, j]) for j in range(3)]
    assert_close(value, np.mean(each), backend)


def test_weights_masks_and_logits_reach_the_counts(backend):
    z, w, mask = 6 * P - 3, np.linspace(0, 2, 50), np.arange(50) % 4 > 0
    loss = ss.as_loss(metrics.f1, from_logits=True, threshold=0.4)
    value = backend.run(
        lambda y, z, w, m: loss(y, z, sample_weight=w, where=m),
        *(backend.asarray(x) for x in (Y, z, w, mask)),
    )
    c = count_by_loop(Y, 1 / (1 + np.exp(-z)), STEPS["linear"][1], 0.4, w * mask)
    assert_close(value, 1 - 2 * c.tp / (2 * c.tp + c.fp + c.fn), backend)


def test_reduce_sums_counts_over_machines(backend):
    """Rule A16: the metric of summed counts, not a mean of metrics."""
    loss = ss.as_loss(metrics.f1)

    def first_machine(y, p, y2, p2):
        other = loss.confusion(y2, p2)
        return loss(y, p, reduce=lambda c: c + other)

    arrays = [backend.asarray(x) for x in (Y[:20], P[:20], Y[20:], P[20:])]
    assert_close(backend.run(first_machine, *arrays), loss(Y, P), backend)
    score = ss.as_score(metrics.f1)
    found = backend.run(
        lambda y, p, y2, p2: score(y, p, reduce=lambda c: c + score.confusion(y2, p2)), *arrays
    )
    assert_close(found, score(Y, P), backend)


def test_counts_and_the_loss_of_counts(backend):
    loss = ss.as_loss(metrics.f1, threshold=0.3, step=ss.Sigmoid())
    c = backend.run(loss.confusion, backend.asarray(Y), backend.asarray(P))
    assert_counts(c, count_by_loop(Y, P, STEPS["sigmoid"][1], 0.3), backend)
    assert_close(loss.of_counts(c), loss(Y, P), backend)


def test_single_precision_stays(backend):
    loss = ss.as_loss(metrics.matthews_corrcoef, thresholds=(0.3, 0.6))
    value = backend.run(loss, backend.asarray(Y), backend.asarray(P, "float32"))
    assert_close(value, loss(Y, P), backend, SINGLE, dtype="float32")


def test_degenerate_batches_give_finite_losses(backend):
    """Rule A12, peers 7: one class, confident, weights of 0: never nan."""
    names = [
        "f1",
        "precision",
        "specificity",
        "matthews_corrcoef",
        "cohen_kappa",
        "geometric_mean",
        "p4",
    ]
    losses = [ss.as_loss(getattr(metrics, name)) for name in names]
    ones, zeros = np.ones(6), np.zeros(6)
    labels, scores = (ones, zeros, np.arange(6) % 2), (ones, zeros, ones / 2)
    arrays = [backend.asarray(x, "float64") for x in (ones, ones, ones)]
    compiled = backend.compile(
        lambda y, p, w: [loss(y, p, sample_weight=w) for loss in losses], *arrays
    )
    for batch in product(labels, scores, (ones, zeros)):
        values = compiled(*(backend.asarray(x, "float64") for x in batch))
        for name, x in zip(names, values, strict=True):
            assert np.isfinite(assert_array(x, backend, "float64", ())), name


# Losses as values


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_values(name):
    """Equal to a copy and to a loss made again; hashable, picklable, immutable."""
    loss, again = LOSSES[name](), LOSSES[name]()
    copy = pickle.loads(pickle.dumps(loss))
    assert loss == again == copy
    assert hash(loss) == hash(again) == hash(copy)
    assert sum(loss == other() for other in LOSSES.values()) == 1
    y, p = labels_and_scores((8, 2), seed=1)
    assert copy(y, p) == loss(y, p)
    with pytest.raises(AttributeError, match="cannot assign"):
        loss.threshold = 0.3


def test_the_order_of_a_partials_options_does_not_matter():
    a = ss.as_loss(partial(metrics.tversky, fp_weight=0.3, fn_weight=0.7))
    b = ss.as_loss(partial(metrics.tversky, fn_weight=0.7, fp_weight=0.3))
    c = ss.as_loss(partial(metrics.tversky, fn_weight=0.3, fp_weight=0.7))
    assert a == b and hash(a) == hash(b) and a != c
    assert a(Y, P) != c(Y, P)


def test_partials_of_positional_options():
    def weighted_cost(weight, c):
        return weight * c.fn / (c.fn + c.tp)

    loss = ss.as_loss(partial(weighted_cost, 3.0), maximize=False)
    assert loss == ss.as_loss(partial(weighted_cost, 3.0), maximize=False)
    np.testing.assert_allclose(loss(Y, P), 3 * ss.as_loss(metrics.false_negative_rate)(Y, P))


def test_a_loss_is_not_a_score():
    assert ss.as_loss(metrics.f1, step=ss.Hard()) != ss.as_score(metrics.f1)
    assert ss.as_loss(metrics.f1) != ss.as_loss(metrics.f1, maximize=False)


@marks.on("jax")
@pytest.mark.parametrize("name", ["f1", "partial", "macro", "score"])
def test_losses_are_static_arguments_of_jit(backend, name):
    traced = []

    def value(loss, y, p):
        traced.append(loss)
        return loss(y, p)

    y, p = labels_and_scores((8, 2), seed=1)
    compiled = backend.jax.jit(value, static_argnums=0)
    for _ in range(2):  # an equal loss is not traced again
        found = compiled(LOSSES[name](), backend.asarray(y), backend.asarray(p))
        assert_close(found, LOSSES[name]()(y, p), backend)
    assert len(traced) == 1


def test_the_direction_of_partials_and_averages_is_known():
    """A smaller-is-better metric stays one inside partial, micro, macro and weighted."""
    cost = partial(metrics.expected_cost, fp=1.0, fn=5.0)
    for metric in (cost, ss.macro(cost), ss.micro(ss.weighted(cost)), metrics.error_rate):
        assert ss.as_loss(metric).maximize is False
    for metric in (metrics.f1, ss.macro(metrics.f1), users_metric, lambda c: c.tp):
        assert ss.as_loss(metric).maximize is True


@marks.on(*EAGER)
def test_with_reduce_a_batch_without_rows_counts_zeros(backend):
    """The rows are on other machines; without `reduce` it is an error."""
    loss, score = ss.as_loss(metrics.f1), ss.as_score(metrics.f1)
    y, p = backend.asarray(Y), backend.asarray(P)
    for function in (loss, score):
        elsewhere = function.confusion(y, p)

        def add(c, elsewhere=elsewhere):
            return c + elsewhere

        assert_close(function(y[:0, ...], p[:0, ...], reduce=add), float(function(y, p)), backend)
        with pytest.raises(ValueError, match="`y_prob` must not be empty"):
            function(y[:0, ...], p[:0, ...])
        with pytest.raises(ValueError, match="must have one shape"):  # checks of shapes stay on
            function(y[:1, ...], p[:0, ...], reduce=add)
    with pytest.raises(ValueError, match="must not be empty"):  # and others are back
        ss.confusion(y[:0, ...], p[:0, ...])
