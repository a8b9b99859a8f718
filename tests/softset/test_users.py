"""Steps, metrics and reductions of a user's own: what they may return, and what they may not."""

import functools

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER, TRACED
from tests.support.referees import assert_close, labels_and_scores

Y, P = labels_and_scores(12, seed=5)
eager = marks.on(*EAGER)

STEPS = {
    "one number for all": (
        lambda p, t: ss.array_namespace(p).mean(p),
        ValueError,
        r"`step` must return a membership for each of the scores, of shape \(12,\), got \(\)",
    ),
    "one more axis": (lambda p, t: p[None, ...] >= 0, ValueError, r"got \(1, 12\)"),
    "a Python number": (lambda p, t: 1.0, ValueError, r"got 1\.0"),
    "booleans": (
        lambda p, t: p >= t,
        TypeError,
        r"`step` must return memberships of a floating-point dtype, got .*bool.*; cast them",
    ),
    "integers": (
        lambda p, t: ss.array_namespace(p).astype(p >= t, ss.array_namespace(p).int32),
        TypeError,
        r"`step` must return .*, got .*int32",
    ),
    "above 1": (
        lambda p, t: p * 0 + 1.5,
        ValueError,
        r"`step` must return memberships in \[0, 1\], got 1\.5 at flat position 0 and 11 more$",
    ),
    "below 0": (lambda p, t: p - 1.0, ValueError, r"`step` must return memberships in \[0, 1\]"),
    "nan": (lambda p, t: p * float("nan"), ValueError, r"in \[0, 1\], got nan .* and 11 more$"),
}


@eager
@pytest.mark.parametrize("name", STEPS)
def test_steps_are_named(backend, name):
    step, kind, message = STEPS[name]
    y, p = backend.asarray(Y), backend.asarray(P)
    with pytest.raises(kind, match=message):
        ss.confusion(y, p, step=step)
    with pytest.raises(kind, match=message):
        ss.as_loss(ss.f1, step=step)(y, p)
    if "each" not in message and name != "one more axis":
        with pytest.raises(kind, match=message):
            ss.value_and_grad(ss.as_loss(ss.f1, step=step))(y, p)


@eager
@pytest.mark.parametrize("name", ["one number for all", "one more axis"])
def test_steps_that_mix_positions(backend, name):
    """Dual numbers find it out first; a straight-through step counts by another one."""
    step, y, p = STEPS[name][0], backend.asarray(Y), backend.asarray(P)
    with pytest.raises(TypeError, match=r"`step` must be elementwise .* but `\w+` mixes positions"):
        ss.value_and_grad(ss.as_loss(ss.f1, step=step))(y, p)
    with pytest.raises(ValueError, match="`step` must return a membership for each"):
        ss.as_loss(ss.f1, step=ss.StraightThrough(step))(y, p)


@pytest.mark.parametrize("backend", marks.params(*TRACED), indirect=True)
@pytest.mark.parametrize("name", ["one number for all", "booleans", "integers"])
def test_shapes_and_dtypes_are_checked_by_compilers_too(backend, name):
    step, _, message = STEPS[name]
    # Each framework wraps an exception of traced code in one of its own.
    with pytest.raises(Exception, match=message.replace("12", "(12|None)")):
        backend.run(
            lambda y, p: ss.as_loss(ss.f1, step=step)(y, p), backend.asarray(Y), backend.asarray(P)
        )


def test_a_step_may_use_its_threshold_or_not(backend):
    """A grid without the axis of thresholds, a smooth step, and a rounding beyond 1."""
    y, p = backend.asarray(Y), backend.asarray(P)
    own = lambda p, t: p * (1 + 1e-7)  # noqa: E731
    grid = backend.run(lambda y, p: ss.confusion(y, p, step=own, thresholds=(0.3, 0.6)).tp, y, p)
    one = backend.run(lambda y, p: ss.confusion(y, p, step=ss.Identity()).tp, y, p)
    assert_close(grid, np.repeat(backend.to_numpy(one), 2), backend, 1e-6)
    full = backend.run(
        lambda y, p: ss.confusion(y, p, step=lambda p, t: 0.5 * (p + t), thresholds=(0.2, 0.4)).tp,
        y,
        p,
    )
    expected = [np.sum(Y * 0.5 * (P + t)) for t in (0.2, 0.4)]
    assert_close(full, expected, backend)


def adds_in_place(c):
    tp = c.tp
    tp += 1
    return tp / (tp + c.fp + c.fn)


def assigns(c):
    c.tp += 1
    return c.tp / (c.tp + c.fp)


def fills(c):
    c.tp[...] = 0
    return c.tp + c.fp


WRITERS = {"numpy": (adds_in_place, assigns, fills), "torch": (adds_in_place, assigns, fills)}
MUST_NOT_WRITE = r"`metric` must not write to a count, .*; write tp = c\.tp \+ 1"


@marks.on("numpy", "torch")
@pytest.mark.parametrize("i", range(3))
def test_a_metric_must_not_write_to_a_count(backend, i):
    """NumPy's numbers without axes cannot be written to, so these are counts of classes."""
    metric = WRITERS[backend.name][i]
    y, p = (backend.asarray(x.reshape(4, 3)) for x in (Y, P))
    score = ss.as_score(metric, threshold=0.5, axis=0)
    with pytest.raises(TypeError, match=MUST_NOT_WRITE):
        score(y, p)
    c = score.confusion(y, p)
    before = [backend.to_numpy(x).copy() for x in c]
    with pytest.raises(TypeError, match=MUST_NOT_WRITE):
        score.of_counts(c)
    if backend.name == "numpy":
        for x, was in zip(c, before, strict=True):
            np.testing.assert_array_equal(x, was)


def test_a_metric_with_the_name_of_a_built_in_is_a_users():
    named = functools.wraps(ss.f1)(adds_in_place)
    score = ss.as_score(named, threshold=0.5, axis=0)
    with pytest.raises(TypeError, match=MUST_NOT_WRITE):
        score(Y.reshape(4, 3), P.reshape(4, 3))


@eager
def test_counts_cannot_be_assigned(backend):
    y, p = backend.asarray(Y), backend.asarray(P)
    for call in (ss.as_loss(assigns), ss.value_and_grad(ss.as_loss(assigns))):
        with pytest.raises(TypeError, match=MUST_NOT_WRITE):
            call(y, p)


@eager
def test_a_metric_returns_real_numbers(backend):
    y, p = backend.asarray(Y), backend.asarray(P)
    with pytest.raises(TypeError, match=r"`metric` must return numbers of .*, got .*bool"):
        ss.as_loss(lambda c: c.tp > c.fp)(y, p)
    for value in (None, 0.5, (1, 2)):
        with pytest.raises(TypeError, match="`metric` must return an array, got"):
            ss.as_loss(lambda c, value=value: value)(y, p)


@eager
def test_other_errors_of_a_metric_are_its_own(backend):
    y, p = backend.asarray(Y), backend.asarray(P)

    def fails(c):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        ss.as_loss(fails)(y, p)
    with pytest.raises(AttributeError, match="nothing"):
        ss.as_loss(lambda c: c.nothing)(y, p)


@eager
@pytest.mark.parametrize("returned", [None, (1, 2, 3, 4), 0.5])
def test_reduce_returns_counts(backend, returned):
    y, p = backend.asarray(Y), backend.asarray(P)
    message = f"`reduce` must return a Confusion, got {type(returned).__name__}; it sums"
    for score in (ss.as_loss(ss.f1), ss.as_score(ss.f1)):
        with pytest.raises(TypeError, match=message):
            score(y, p, reduce=lambda c: returned)
