"""Decisions of 0 and 1 are scores of the hard step, and of nothing else."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER, TRACED
from tests.support.referees import (
    STEPS,
    assert_close,
    assert_counts,
    count_by_loop,
    labels_and_scores,
    sklearn,
)

eager = marks.on(*EAGER)
Y, P = labels_and_scores(40, seed=19)
D = P >= 0.4
DTYPES = ("bool", "int64", "int32", "uint8")
SCIKIT_LEARN = {
    ss.accuracy: sklearn.accuracy_score,
    ss.precision: sklearn.precision_score,
    ss.recall: sklearn.recall_score,
    ss.f1: sklearn.f1_score,
    ss.matthews_corrcoef: sklearn.matthews_corrcoef,
}


def test_scores_of_decisions_are_scikit_learns(backend):
    """With precision and recall among them: decisions and labels do not change places."""
    scores = [ss.as_score(metric) for metric in SCIKIT_LEARN]
    expected = [of(Y, D) for of in SCIKIT_LEARN.values()]
    assert expected[1] != expected[2]
    for of_labels, of_decisions in zip(DTYPES, reversed(DTYPES), strict=True):
        y, d = backend.asarray(Y.astype(of_labels)), backend.asarray(D.astype(of_decisions))
        found = backend.run(lambda y, d: [score(y, d) for score in scores], y, d)
        for x, e in zip(found, expected, strict=True):
            assert_close(x, e, backend)


def test_decisions_of_classes_under_a_mask_and_with_weights(backend):
    y, d = Y.reshape(20, 2), D.reshape(20, 2).astype(int)
    rng = np.random.default_rng(3)
    weight, keep = rng.uniform(size=(20, 1)), rng.uniform(size=(20, 2)) < 0.7
    given = [backend.asarray(x) for x in (y, np.where(keep, d, 255), weight, keep)]

    def call(y, d, weight, keep):
        c = ss.confusion(y, d, step=ss.Hard(), sample_weight=weight, where=keep, axis=0)
        return c, ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0)(y, d, where=keep)

    c, value = backend.run(call, *given)
    columns = [
        count_by_loop(y[:, i], d[:, i], STEPS["hard"][1], 0.5, (weight * keep)[:, i])
        for i in range(2)
    ]
    assert_counts(ss.Confusion(*c), np.stack([np.asarray(x) for x in columns], -1), backend)
    means = [sklearn.f1_score(y[keep[:, i], i], d[keep[:, i], i]) for i in range(2)]
    assert_close(value, np.mean(means), backend)


@marks.on("numpy", "torch")
def test_so_many_that_they_are_counted_in_pieces(backend):
    y, p = labels_and_scores(300_000, seed=4)
    d = p >= 0.5
    expected = [np.sum(y & d), np.sum(~y & d), np.sum(y & ~d), np.sum(~y & ~d)]
    for dtype in ("bool", "int64"):
        given = backend.asarray(y), backend.asarray(d.astype(dtype))
        assert_counts(ss.confusion(*given, step=ss.Hard()), expected, backend, 0)


REFUSED = {
    "loss": ss.as_loss(ss.f1),
    "logits": ss.as_score(ss.f1, from_logits=True),
    "grid": ss.as_score(ss.auroc, thresholds=(0.25, 0.5)),
    "soft counts": ss.confusion,
    "straight through": partial(ss.confusion, step=ss.StraightThrough()),
    "sweep": lambda y, d: ss.sweep(y, d).confusion,
    "best threshold": lambda y, d: ss.best_threshold(ss.f1, y, d).value,
    "ranking": ss.pairwise_loss,
    "cross-entropy": ss.cross_entropy,
}


@pytest.mark.parametrize("name", REFUSED)
def test_decisions_have_no_slope_no_order_and_no_threshold(backend, name):
    kinds = (TypeError, RuntimeError) if backend.name == "torch-compiled" else TypeError
    message = (
        "`y_(prob|score)` must hold floating-point scores, got .*(int64|bool).*; a loss, a curve "
        "and a ranking need the scores that decisions were made of; decisions of 0 and 1 are for "
        "the hard step, without thresholds and logits; numbers of classes become"
    )
    y = backend.asarray(Y.astype(int))
    for d in (D, D.astype(int)):
        with pytest.raises(kinds, match=message), ss.checks(False):
            backend.run(REFUSED[name], y, backend.asarray(d))


def test_beside_real_labels_they_are_taken_for_the_labels(backend):
    kinds = (TypeError, RuntimeError) if backend.name == "torch-compiled" else TypeError
    message = "`y_prob` must hold .*; y_true comes first: if the arguments are in order, cast the"
    for d in (D, D.astype(int)):
        with pytest.raises(kinds, match=message):
            backend.run(ss.as_score(ss.f1), backend.asarray(P), backend.asarray(d))


@eager
@pytest.mark.parametrize("value", [2, -1])
def test_other_numbers_are_no_decisions(backend, value):
    d = D.astype(int)
    d[7] = value
    y, given = backend.asarray(Y), backend.asarray(d)
    message = (
        f"`y_prob` must hold scores, or decisions 0 and 1, got {value}.0 at flat position 7; code "
        "the two classes as 0 and 1, or use class_labels for class numbers$"
    )
    with pytest.raises(ValueError, match=message):
        ss.as_score(ss.f1)(y, given)
    keep = np.arange(40) != 7
    found = ss.as_score(ss.f1)(y, given, where=backend.asarray(keep))
    assert_close(found, sklearn.f1_score(Y[keep], D[keep]), backend)
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        ss.as_score(ss.f1)(y, given[:-1])
    with pytest.raises(ValueError, match="`y_prob` must not be empty"):
        ss.as_score(ss.f1)(y[:0], given[:0])


@marks.on(*TRACED)
@pytest.mark.parametrize("value", [2, -1])
def test_nor_are_they_where_they_are_hidden(backend, value):
    d = D.astype(int)
    d[7] = value
    found = backend.run(ss.as_score(ss.f1), backend.asarray(Y), backend.asarray(d))
    assert np.isnan(backend.to_numpy(found))
