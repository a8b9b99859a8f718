"""Whole numbers as options: Python's and NumPy's alike, and nothing else."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import labels_and_scores

INTEGERS = (np.int64, np.int32, np.uint8)


def same(backend, one, other):
    """Require equal arrays, each in its place of two tuples or alone."""
    one, other = (x if isinstance(x, tuple) else (x,) for x in (one, other))
    for x, y in zip(one, other, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(x), backend.to_numpy(y))


@marks.on(*EAGER)
@pytest.mark.parametrize("kind", INTEGERS)
def test_numpy_integers_are_integers(backend, kind):
    y, p = labels_and_scores((8, 3))
    y, p = backend.asarray(y), backend.asarray(p)
    numbers = backend.asarray(np.asarray([0, 2, 1, 3]))
    calls = [
        lambda one: ss.confusion(y, p, axis=one(0)),
        lambda one: ss.confusion(y, p, axis=(one(0), one(1))),
        lambda one: ss.as_score(ss.macro(ss.f1, axis=one(0)), threshold=0.5, axis=one(0))(y, p),
        lambda one: ss.as_score(ss.micro(ss.f1), step=ss.ArgMax(one(1)), axis=one(0))(y, p),
        lambda one: ss.as_loss(ss.weighted(ss.f1), step=ss.Softmax(axis=one(1)), axis=(one(0),))(
            y, p
        ),
        lambda one: ss.one_hot(numbers, one(4), axis=one(0)),
        lambda one: ss.class_labels(numbers, one(3), axis=one(1), ignore=one(3)),
        lambda one: ss.empty_memory(ss.confusion(y, p), one(3)),
        lambda one: ss.class_weight(numbers, num_classes=one(4)),
        lambda one: ss.best_threshold(ss.f1, y, p, axis=one(0)),
    ]
    for call in calls:
        same(backend, call(kind), call(int))


@pytest.mark.parametrize("kind", INTEGERS)
def test_what_is_made_with_them_is_equal(kind):
    for make in (
        lambda one: ss.as_loss(ss.f1, axis=one(0)),
        lambda one: ss.as_score(ss.macro(ss.f1, axis=one(0)), threshold=0.5, axis=(one(0), one(1))),
        lambda one: ss.ArgMax(axis=one(1)),
        lambda one: ss.grid(one(3)),
    ):
        assert make(kind) == make(int) and repr(make(kind)) == repr(make(int))
        assert hash(make(kind)) == hash(make(int))
    assert ss.as_loss(ss.f1, axis=kind(0)).is_fixed


def test_what_may_be_compiled_in_one_call():
    """What is softset's own, has no array among its options, and looks at no counts to warn."""
    assert ss.as_loss(ss.f1, threshold=0.4).is_fixed
    assert ss.as_loss(ss.macro(ss.f1), axis=0).is_fixed
    for score in (
        ss.as_loss(lambda c: ss.f1(c)),
        ss.as_loss(ss.f1, step=lambda p, t: p),
        ss.as_loss(ss.f1, threshold=np.asarray([0.4])),
        ss.as_loss(ss.f1, thresholds=np.asarray([0.4, 0.6])),
        ss.as_score(ss.f1, thresholds=(0.4, 0.6)),
        ss.as_score(ss.auroc),
    ):
        assert not score.is_fixed


@pytest.mark.parametrize("wrong", [True, np.bool_(True), 1.0, np.float64(1), "1"])
def test_nothing_else_is(wrong):
    y, p = labels_and_scores((4, 3))
    numbers = np.asarray([0, 1])
    for message, call in (
        ("`axis` must be None, an integer or", lambda: ss.confusion(y, p, axis=wrong)),
        ("`axis` must be None, an integer or", lambda: ss.as_loss(ss.f1, axis=(wrong,))(y, p)),
        ("`axis` of the step must be that of", lambda: ss.ArgMax(wrong)),
        ("`axis` must be that of the classes", lambda: ss.one_hot(numbers, 2, axis=wrong)),
        ("`ignore` must be an integer or None", partial(ss.class_labels, numbers, 2, ignore=wrong)),
        ("`num_classes` must be an integer", partial(ss.one_hot, numbers, wrong)),
        ("`n` must be an integer of at least 1", lambda: ss.grid(wrong)),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            call()
