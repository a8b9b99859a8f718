"""Sums of losses: values and gradients of the parts, counts that add up, weights, schedules."""

import pickle
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset._arrays import duals
from softset._types import CompoundCounts, Costs
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

Y, P = labels_and_scores((24, 3), seed=51)
P = 0.05 + 0.9 * P  # differences of logarithms near 0 are coarse
Z = np.log(P) - np.log1p(-P)
W = np.random.default_rng(52).uniform(0.1, 2, (24, 1))
MASK = np.random.default_rng(53).uniform(size=(24, 3)) < 0.8
ONE = ss.one_hot(np.arange(24) * 7 % 3, 3)

ENTROPY = partial(ss.cross_entropy, from_logits=True, pos_weight=2.0)
F1 = ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True)
LOSS = ss.compound_loss((ENTROPY, F1), weights=(1.0, 0.5))
CELLS = ss.Confusion(tp=1.0, fp=2.0, fn=5.0, tn=0.5)
SHARES = ss.as_loss(ss.macro(ss.f1), step=ss.Softmax(), axis=0, from_logits=True)
SOFTMAX = partial(ss.cross_entropy, from_logits=True, class_axis=-1)

# Losses with the labels and scores that they are called with.
LOSSES = {
    "entropy": (ENTROPY, Y, Z),
    "cells": (partial(ENTROPY, cell_weight=CELLS, label_smoothing=0.2), Y, Z),
    "probabilities": (partial(ss.cross_entropy, pos_weight=0.5, label_smoothing=0.1), Y, P),
    "classes": (partial(SOFTMAX, label_smoothing=0.1), ONE, Z),
    "class shares": (partial(ss.cross_entropy, class_axis=1), ONE, P),
    "entropy and f1": (LOSS, Y, Z),
    "classes and f1": (ss.compound_loss((SOFTMAX, SHARES)), ONE, Z),
    "nested": (ss.compound_loss((LOSS, ss.as_loss(ss.accuracy, from_logits=True))), Y, Z),
    "pairs": (ss.compound_loss((ss.cross_entropy, ss.pairwise_loss), weights=(2, 0.5)), Y, P),
}
ADDITIVE = [name for name in LOSSES if name != "pairs"]


def by_hand(y, z):
    """Return cross-entropy of positives that count twice, and half of 1 - macro F1."""
    entropy = np.mean(np.where(y, 2 * np.logaddexp(0, -z), np.logaddexp(0, z)))
    h = ss.Linear()(1 / (1 + np.exp(-z)), 0.5)
    tp = np.sum(y * h, axis=0)
    f1 = 2 * tp / (np.sum(y, axis=0) + np.sum(h, axis=0))
    return entropy + 0.5 * (1 - np.mean(f1))


# Values and gradients


def test_the_value_is_the_sum(backend):
    found = backend.run(LOSS, backend.asarray(Y), backend.asarray(Z))
    assert_close(found, by_hand(Y, Z), backend)
    assert_close(
        backend.run(
            lambda y, z, w, m: LOSS(y, z, sample_weight=w, where=m),
            *(backend.asarray(x) for x in (Y, Z, W, MASK)),
        ),
        ENTROPY(Y, Z, sample_weight=W, where=MASK) + 0.5 * F1(Y, Z, sample_weight=W, where=MASK),
        backend,
    )


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("options", [{}, {"sample_weight": W}, {"sample_weight": W, "where": MASK}])
def test_closed_forms_agree_with_dual_numbers_and_differences(name, options):
    loss, y, scores = LOSSES[name]
    value, gradient = ss.value_and_grad(loss)(y, scores, **options)
    again, (slopes,) = duals.value_and_gradients(lambda s: loss(y, s, **options), scores)
    scale = np.abs(slopes).max()
    np.testing.assert_allclose(value, loss(y, scores, **options), rtol=EXACT)
    np.testing.assert_allclose(again, value, rtol=EXACT)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=EXACT * scale)
    numbers = central_differences(lambda s: loss(y, s, **options), scores)
    np.testing.assert_allclose(gradient, numbers, rtol=0, atol=DIFFERENCES * scale)


@pytest.mark.parametrize("name", ["cells", "probabilities", "classes", "class shares", "nested"])
def test_autodiff_agrees_with_closed_forms(backend, name):
    loss, y, scores = LOSSES[name]
    y_array, array, w = (backend.asarray(x) for x in (y, scores, W))
    value, gradient = backend.value_and_grad(
        lambda y, s: loss(y, s, sample_weight=w), y_array, array
    )
    expected = ss.value_and_grad(loss)(y, scores, sample_weight=W)
    assert_close(value, expected[0], backend)
    assert_close(gradient, expected[1], backend, SUMMED)


@marks.on(*EAGER)
@pytest.mark.parametrize("name", LOSSES)
def test_closed_forms_run_in_every_library(backend, name):
    loss, y, scores = LOSSES[name]
    if name == "pairs" and backend.library == "array_api_strict":
        loss, y, scores = LOSSES["nested"]  # a sort needs no gradient there, but a namespace does
    value, gradient = ss.value_and_grad(loss)(backend.asarray(y), backend.asarray(scores))
    expected = ss.value_and_grad(loss)(y, scores)
    assert_close(value, expected[0], backend)
    assert_close(gradient, expected[1], backend, SUMMED)


@marks.on("torch")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_classes_are_pytorchs(backend, smoothing):
    """With weights of classes and a number to ignore as well."""
    torch, numbers = backend.torch, np.arange(24) * 7 % 3
    numbers[[3, 5]] = -100
    y = ss.class_labels(backend.asarray(numbers), 3, ignore=-100)
    factors = backend.asarray(np.asarray([0.5, 2.0, 3.0]))
    z = backend.asarray(Z).requires_grad_()
    theirs = torch.nn.functional.cross_entropy(
        z, backend.asarray(numbers), weight=factors, label_smoothing=smoothing
    )
    (gradient,) = torch.autograd.grad(theirs, z)
    ours = partial(ss.cross_entropy, from_logits=True, class_axis=-1, label_smoothing=smoothing)
    options = {"sample_weight": factors[None, :], "where": y.where}
    found = ss.value_and_grad(ours)(y.labels, z.detach(), **options)
    assert_close(found[0], theirs.detach().numpy(), backend)
    assert_close(found[1], gradient.numpy(), backend)
    share = torch.softmax(z.detach(), -1)
    assert_close(
        ss.cross_entropy(y.labels, share, class_axis=-1, label_smoothing=smoothing, **options),
        theirs.detach().numpy(),
        backend,
    )


def test_classes_are_scikit_learns():
    sklearn = pytest.importorskip("sklearn.metrics")
    shares = P / P.sum(axis=1, keepdims=True)
    expected = sklearn.log_loss(ONE.argmax(axis=1), shares, sample_weight=W[:, 0])
    found = ss.cross_entropy(ONE, P, class_axis=-1, sample_weight=W)
    np.testing.assert_allclose(found, expected, rtol=EXACT)


def test_classes_stand_on_any_axis_and_far_apart(backend):
    y, z = ONE.T.reshape(1, 3, 24), 1000 * Z.T.reshape(1, 3, 24)
    value, gradient = backend.value_and_grad(
        partial(ss.cross_entropy, from_logits=True, class_axis=1),
        backend.asarray(y),
        backend.asarray(z),
    )
    expected = np.mean(np.logaddexp.reduce(z, axis=1) - np.sum(y * z, axis=1))
    assert_close(value, expected, backend)
    assert np.isfinite(backend.to_numpy(gradient)).all()


def test_probabilities_out_of_range_have_no_slope_where_values_are_hidden():
    y, p = np.asarray([1, 0, 1]), np.asarray([1.5, -0.5, 0.5])
    with ss.checks(False):
        value, gradient = ss.value_and_grad(ss.cross_entropy)(y, p)
    np.testing.assert_allclose(value, np.log(2) / 3, rtol=EXACT)
    np.testing.assert_allclose(gradient, [0, 0, -2 / 3], rtol=EXACT)


def test_certain_and_wrong_probabilities_have_no_slope():
    y, p = np.asarray([1, 0, 1, 0]), np.asarray([0.0, 1.0, 1.0, 0.0])
    _, gradient = ss.value_and_grad(ss.cross_entropy)(y, p)
    np.testing.assert_array_equal(gradient, [0, 0, -0.25, 0.25])
    shares = np.asarray([[0.0, 1.0], [0.0, 0.0]])
    value, gradient = ss.value_and_grad(partial(ss.cross_entropy, class_axis=1))(
        np.asarray([[1, 0], [0, 1]]), shares
    )
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


# Counts


@pytest.mark.parametrize("name", ADDITIVE)
def test_micro_batches_equal_the_whole(name):
    loss, y, scores = LOSSES[name]
    one = ss.compound_loss((loss,))
    parts = [(y[i : i + 9], scores[i : i + 9], W[i : i + 9]) for i in (0, 9, 18)]
    total = sum(one.confusion(y, s, sample_weight=w) for y, s, w in parts)
    value, gradient = ss.value_and_grad(loss)(y, scores, sample_weight=W)
    np.testing.assert_allclose(one.of_counts(total), value, rtol=EXACT)
    for linear in (ss.linearize(one, total), ss.linearize(loss, total.parts[0])):
        f = ss.value_and_grad(linear)
        found = [f(y, s, sample_weight=w) for y, s, w in parts]
        np.testing.assert_allclose(
            np.concatenate([g for _, g in found]), gradient, rtol=SUMMED, atol=1e-15
        )
        for (v, _), (y_part, s, w) in zip(found, parts, strict=True):
            np.testing.assert_allclose(v, linear(y_part, s, sample_weight=w), rtol=SUMMED)


def test_micro_batches_by_autodiff(backend):
    """Weights of a sum as an array, and the counts of each part beside each other."""

    def linear(y, z):
        loss = ss.compound_loss((ENTROPY, F1), weights=backend.asarray(np.asarray([1.0, 0.5])))
        total = loss.confusion(y[:10, ...], z[:10, ...]) + loss.confusion(y[10:, ...], z[10:, ...])
        fixed = ss.linearize(loss, total)
        return fixed(y[:10, ...], z[:10, ...]) + fixed(y[10:, ...], z[10:, ...])

    if backend.library in ("numpy", "array_api_strict"):
        pytest.skip("dual numbers follow the slopes as well")
    if backend.name == "torch-compiled":
        pytest.skip("torch.compile cannot follow the slopes of a metric by dual numbers")
    _, gradient = backend.value_and_grad(linear, backend.asarray(Y), backend.asarray(Z))
    assert_close(gradient, ss.value_and_grad(LOSS)(Y, Z)[1], backend, SUMMED)


def test_reduce_is_called_with_the_counts_of_each_part(backend):
    kinds = []

    def twice(c):
        kinds.append(type(c))
        return c + c

    y, z = backend.asarray(Y), backend.asarray(Z)
    found = backend.run(lambda y, z: LOSS(y, z, reduce=twice), y, z)
    assert_close(found, by_hand(Y, Z), backend)
    assert set(kinds) == {Costs, ss.Confusion}
    of_machines = [ss.cross_entropy(Y[:9], P[:9], reduce=lambda c: c + _sums(9, 24))]
    np.testing.assert_allclose(of_machines[0], ss.cross_entropy(Y, P), rtol=EXACT)
    with pytest.raises(TypeError, match="`reduce` must return a Costs, got float"):
        LOSS(Y, Z, reduce=lambda c: 1.0)


def _sums(start, stop):
    return ss.compound_loss((ss.cross_entropy,)).confusion(Y[start:stop], P[start:stop]).parts[0]


def test_a_machine_without_rows_has_sums_of_zero():
    def others(c):
        assert float(c.weight) == 0
        return c + _sums(0, 24)

    found = ss.cross_entropy(Y[:0], P[:0], reduce=others)
    np.testing.assert_allclose(found, ss.cross_entropy(Y, P), rtol=EXACT)


def test_earlier_batches_are_remembered(backend):
    def run(y, z):
        memory = ss.empty_memory(LOSS.confusion(y[:8, ...], z[:8, ...]), 2)
        value = None
        for i in (0, 8, 16):
            c = LOSS.confusion(y[i : i + 8, ...], z[i : i + 8, ...])
            total, memory = ss.remember(c, memory)
            value = LOSS.of_counts(total)
        return value

    found = backend.run(run, backend.asarray(Y), backend.asarray(Z))
    assert_close(found, by_hand(Y, Z), backend)


def test_memory_of_another_loss_is_refused():
    c = LOSS.confusion(Y, Z)
    with pytest.raises(TypeError, match=r"`memory` must hold counts of the kind of `c`, got Conf"):
        ss.remember(c, ss.empty_memory(F1.confusion(Y, Z), 2))


# Weights


def test_weights_may_change_without_another_compilation(backend):
    """And are differentiated: the slope in each is the loss that it goes with."""
    traces = []

    def run(y, z, w):
        if backend.library != "torch":  # whose compiler would watch the list
            traces.append(1)
        return ss.compound_loss((ENTROPY, F1), weights=(1.0, w))(y, z)

    arrays = [backend.asarray(Y), backend.asarray(Z), backend.asarray(np.asarray(0.5))]
    if backend.library in ("numpy", "array_api_strict"):
        assert_close(run(*arrays), by_hand(Y, Z), backend)
        return
    f = backend.compile_gradient(run, *arrays, argnum=2)
    value, slope = f(*arrays)
    assert_close(value, by_hand(Y, Z), backend)
    assert_close(slope, F1(Y, Z), backend)
    number = len(traces)
    compiled = backend.name == "torch-compiled"
    once = backend.torch.compiler.set_stance("fail_on_recompile") if compiled else nullcontext()
    with once:
        value, _ = f(*arrays[:2], backend.asarray(np.asarray(2.0)))
    assert_close(value, ENTROPY(Y, Z) + 2 * F1(Y, Z), backend)
    if backend.traced:
        assert len(traces) == number


def test_weights_of_other_dtypes(backend):
    loss = ss.compound_loss((ENTROPY, F1), weights=backend.asarray(np.asarray([1.0, 0.5])))
    z = backend.asarray(Z, "float32")
    assert_close(loss(backend.asarray(Y), z), by_hand(Y, Z), backend, 1e-5, dtype="float32")
    whole = ss.compound_loss(
        (ENTROPY, F1), weights=(backend.asarray(np.asarray(1)), np.float64(0.5))
    )
    assert_close(whole(backend.asarray(Y), backend.asarray(Z)), by_hand(Y, Z), backend)


def test_losses_are_values():
    again = ss.compound_loss([ENTROPY, F1], weights=[1, np.float64(0.5)])
    assert again == LOSS
    assert hash(again) == hash(LOSS)
    assert pickle.loads(pickle.dumps(LOSS)) == LOSS
    assert ss.compound_loss((ENTROPY, F1)) != LOSS
    assert LOSS.from_logits is True
    assert ss.compound_loss((ss.pairwise_loss,)).from_logits is None
    assert isinstance(LOSS.confusion(Y, Z), CompoundCounts)


# A schedule


def test_the_schedule_rises_once(backend):
    count = np.asarray([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    ramp = backend.run(lambda n: ss.linear_schedule(n, 1, 3), backend.asarray(count))
    assert_close(ramp, [0, 0, 0.5, 1, 1, 1], backend)
    switch = backend.run(lambda n: ss.linear_schedule(n, 2, 2), backend.asarray(count))
    assert_close(switch, [0, 0, 1, 1, 1, 1], backend)
    whole = ss.linear_schedule(backend.asarray(np.asarray([1, 2])), 1, 3)
    assert_close(whole, [0, 0.5], backend, dtype="float32")
    assert [ss.linear_schedule(n, 1, 3) for n in range(5)] == [0, 0, 0.5, 1, 1]
    assert [ss.linear_schedule(n, 2, 2) for n in range(4)] == [0, 0, 1, 1]


# Errors


def test_errors():
    probabilities = ss.as_loss(ss.f1)
    with pytest.raises(
        ValueError, match=r"from_logits=True in losses\[0\] and from_logits=False in"
    ):
        ss.compound_loss((ENTROPY, probabilities))
    with pytest.raises(
        ValueError, match=r"from_logits=True in losses\[2\] and .*False in losses\[0"
    ):
        ss.compound_loss((probabilities, ss.pairwise_loss, LOSS))
    for wrong in (ss.f1, ss.as_score(ss.f1), 3, partial(ss.cross_entropy, sample_weight=W), len):
        with pytest.raises(TypeError, match=r"`losses\[1\]` must be what as_loss returned, a comp"):
            ss.compound_loss((ENTROPY, wrong))
    with pytest.raises(TypeError, match="`losses` must be a tuple of losses, got functools"):
        ss.compound_loss(ENTROPY)
    with pytest.raises(ValueError, match="`losses` must hold at least one loss, got none"):
        ss.compound_loss(())
    for weights in ((1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ValueError, match=r"`weights` must hold a number for each of 2 losses"):
            ss.compound_loss((ENTROPY, F1), weights=weights)
    with pytest.raises(TypeError, match=r"`weights` must hold a number for each loss, got 1\.0"):
        ss.compound_loss((ENTROPY, F1), weights=1.0)
    for weight in (-1.0, np.inf, "1"):
        with pytest.raises(ValueError, match=r"`weights\[1\]` must be a finite number >= 0, got"):
            ss.compound_loss((ENTROPY, F1), weights=(1.0, weight))
    with pytest.raises(ValueError, match=r"`weights\[1\]` must be 0-d, got shape \(1,\)"):
        ss.compound_loss((ENTROPY, F1), weights=(1.0, np.asarray([1.0])))(Y, Z)
    with pytest.raises(ValueError, match=r"`weights` must be 1-D, of the length 2 for as many"):
        ss.compound_loss((ENTROPY, F1), weights=np.ones(3))(Y, Z)
    with pytest.raises(TypeError, match="`weights` must hold real numbers, got complex"):
        ss.compound_loss((ENTROPY, F1), weights=np.ones(2, complex))(Y, Z)
    with pytest.raises(ValueError, match="`weights` must hold finite weights >= 0, got -1"):
        ss.compound_loss((ENTROPY, F1), weights=np.asarray([1.0, -1.0]))(Y, Z)


def test_errors_of_pairs():
    loss, y, p = LOSSES["pairs"]
    counts = LOSS.confusion(Y, Z)
    for refused in (
        lambda: loss.confusion(y, p),
        lambda: ss.linearize(loss, counts),
        lambda: ss.linearize(ss.pairwise_loss, counts),
        lambda: ss.linearize(ss.compound_loss((loss,)), counts),
        lambda: loss(y, p, reduce=lambda c: c),
    ):
        with pytest.raises(TypeError, match="pairwise_loss has no counts that add up"):
            refused()


def test_errors_of_counts():
    counts = LOSS.confusion(Y, Z)
    with pytest.raises(TypeError, match="`total` must be a CompoundCounts, got Confusion"):
        ss.linearize(LOSS, counts.parts[1])
    with pytest.raises(TypeError, match="`total` must be a Costs, got Confusion"):
        ss.linearize(ENTROPY, counts.parts[1])
    with pytest.raises(
        ValueError, match="`total` must hold the counts of 2 losses, got those of 1"
    ):
        ss.linearize(LOSS, CompoundCounts(counts.parts[:1]))
    with pytest.raises(TypeError, match="unsupported operand"):
        counts + counts.parts[0]
    with pytest.raises(TypeError, match="unsupported operand"):
        counts.parts[0] + 1


def test_errors_of_classes():
    for axis in (2, -3):
        with pytest.raises(ValueError, match=r"`class_axis` must be that of two classes or more"):
            ss.cross_entropy(ONE, P, class_axis=axis)
    with pytest.raises(ValueError, match=r"got 1 for scores of \(24, 1\); leave it out"):
        ss.cross_entropy(ONE[:, :1], P[:, :1], class_axis=1)
    for axis in (True, 1.0, (0, 1)):
        with pytest.raises(TypeError, match="`class_axis` must be an integer or None, got"):
            ss.cross_entropy(ONE, P, class_axis=axis)
    for name, value in (("pos_weight", 2.0), ("cell_weight", CELLS)):
        with pytest.raises(ValueError, match=f"`{name}` and `class_axis` must not both be given"):
            ss.cross_entropy(ONE, P, class_axis=1, **{name: value})
    with pytest.raises(ValueError, match="one shape"):
        ss.cross_entropy(np.arange(24) % 3, P, class_axis=1)


def test_errors_of_schedules():
    with pytest.raises(ValueError, match="`stop` must not be less than `start`, got 1 and 2"):
        ss.linear_schedule(0, 2, 1)
    for name, wrong in (("start", (np.nan, 1)), ("stop", (0, np.inf))):
        with pytest.raises(ValueError, match=f"`{name}` must be a finite number, got"):
            ss.linear_schedule(0, *wrong)
    with pytest.raises(ValueError, match="`count` must be a finite number, got nan"):
        ss.linear_schedule(np.nan, 0, 1)
