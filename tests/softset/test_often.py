"""Eager losses that are called often: compiled after a while, with the same numbers as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import softset as ss
from softset._arrays import often
from tests.support import marks
from tests.support.referees import SINGLE, assert_close, labels_and_scores

Y, P = labels_and_scores(40, seed=91)
Y = Y.astype(np.float64)
eager = marks.on("jax", "tensorflow")
CASES: dict[str, tuple[Any, dict[str, Any], bool]] = {
    "f1": (ss.f1, {}, True),
    "logits": (ss.matthews_corrcoef, {"from_logits": True, "step": ss.Sigmoid()}, True),
    "macro": (ss.macro(ss.f1), {"axis": 0, "threshold": (0.3, 0.5, 0.6, 0.4)}, True),
    "own metric": (lambda c: c.tp / (c.tp + c.fp + 1.0), {"maximize": True}, False),
    "own step": (ss.f1, {"step": lambda p, t: p * p}, False),
}


@pytest.fixture(autouse=True)
def is_compiled(monkeypatch):
    """Return what tells whether some function has been called often enough."""
    often.forget()
    made = []

    class Spy(often._Calls):
        def __init__(self, compiled):
            super().__init__(compiled)
            made.append(self)

    monkeypatch.setattr(often, "_Calls", Spy)
    monkeypatch.setattr(often, "OFTEN", 1)
    yield lambda: any(calls.count > often.OFTEN for calls in made)
    often.forget()


@eager
@pytest.mark.parametrize("name", CASES)
def test_often_is_as_once(backend, name, is_compiled):
    """XLA puts sums together in another order; a float32 rounds that much."""
    metric, options, compiles = CASES[name]
    loss = ss.as_loss(metric, **options)
    y, p = (x.reshape(10, 4) if name == "macro" else x for x in (Y, P))
    p = np.log(p / (1 - p)) if name == "logits" else p
    given = [backend.asarray(x) for x in (y, p)]
    first = (*ss.value_and_grad(loss)(*given), *ss.value_and_grad(loss)(*given))
    for _ in range(often.OFTEN + 1):
        assert_close(loss(*given), backend.to_numpy(first[0]), backend, 1e-13)
        ss.value_and_grad(loss)(*given)
    assert is_compiled() is compiles
    again = (*backend.value_and_grad(loss, *given), *ss.value_and_grad(loss)(*given))
    for x, expected in zip(again, first, strict=True):
        assert backend.dtype_name(x) == backend.dtype_name(expected)
        assert_close(x, backend.to_numpy(expected), backend, 1e-13)
    expected = ss.value_and_grad(loss)(y, p)
    for x, e in zip(again, expected * 2, strict=True):
        assert_close(x, np.asarray(e), backend, 1e-13)


@eager
def test_other_shapes_dtypes_weights_and_masks_come_through(backend, is_compiled):
    loss = ss.as_loss(ss.f1)
    for _ in range(often.OFTEN + 1):
        loss(backend.asarray(Y), backend.asarray(P))
    assert is_compiled()
    for n, dtype in ((40, "float64"), (7, "float64"), (12, "float32"), (12, "bfloat16")):
        y, p = Y[:n], P[:n]
        given = backend.asarray(y, dtype), backend.asarray(p, dtype)
        rounded = backend.to_numpy(backend.asarray(p, dtype)).astype(np.float64)
        weight, kept = np.linspace(0.5, 2, n), p < 0.8
        found = loss(
            *given,
            sample_weight=backend.asarray(weight, dtype if dtype != "bfloat16" else "float32"),
            where=backend.asarray(kept),
        )
        expected = loss(y, rounded, sample_weight=weight, where=kept)
        assert backend.dtype_name(found) == ("float64" if dtype == "float64" else "float32")
        tolerance = 1e-13 if dtype == "float64" else SINGLE
        np.testing.assert_allclose(float(found), expected, rtol=tolerance)
        whole = backend.asarray(Y[:n] > 0.5)
        np.testing.assert_allclose(float(loss(whole, given[1])), loss(y, rounded), rtol=tolerance)


@eager
def test_errors_stay_what_they_are(backend):
    loss = ss.as_loss(ss.f1)
    y, p = backend.asarray(Y), backend.asarray(P)
    for _ in range(often.OFTEN + 1):
        loss(y, p)
    with pytest.raises(ValueError, match=r"`y_prob` must hold probabilities in \[0, 1\], got"):
        loss(y, p * 2)
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        loss(y[:5], p)
    with pytest.raises(TypeError, match="`y_true`"):
        loss(None, p)
    with ss.checks(False):
        for _ in range(often.OFTEN + 2):
            value = loss(y, p * 2)
    np.testing.assert_allclose(float(value), loss(Y, np.clip(2 * P, 0, 1)), rtol=1e-13)


@marks.on("jax")
def test_transforms_go_through_it(backend, is_compiled):
    jax = backend.jax
    loss = ss.as_loss(ss.f1, step=ss.Sigmoid())
    y, p = backend.asarray(Y[:6]), backend.asarray(P[:6])
    # Where all is traced there is nothing to compile.
    slow = (
        jax.jit(jax.hessian(lambda p: loss(y, p)))(p),
        jax.jit(lambda q: jax.jvp(lambda p: loss(y, p), (q,), (q,)))(p),
    )
    for _ in range(often.OFTEN + 1):
        loss(y, p)
    assert is_compiled()
    fast = jax.hessian(lambda p: loss(y, p))(p), jax.jvp(lambda p: loss(y, p), (p,), (p,))
    for x, expected in zip(jax.tree.leaves(fast), jax.tree.leaves(slow), strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-14)
    rows = jax.vmap(loss)(y.reshape(2, 3), p.reshape(2, 3))
    each = [float(loss(Y[i : i + 3], P[i : i + 3])) for i in (0, 3)]
    np.testing.assert_allclose(rows, each, rtol=1e-13)
    # A gradient in the labels is one too.
    slope = jax.grad(lambda y: loss(y, p))(y)
    assert slope.shape == (6,) and bool((slope != 0).all())
    np.testing.assert_allclose(float(jax.jit(loss)(y, p)), float(loss(y, p)), rtol=1e-13)


@marks.on("tensorflow")
def test_tapes_and_graphs_go_through_it(backend, is_compiled):
    tf = backend.tf
    loss = ss.as_loss(ss.f1, step=ss.Sigmoid())
    y, p = backend.asarray(Y[:6]), backend.asarray(P[:6])

    def second():
        with tf.GradientTape() as outer:
            outer.watch(p)
            with tf.GradientTape() as inner:
                inner.watch(p)
                value = loss(y, p)
            slope = inner.gradient(value, p)
        return outer.jacobian(slope, p)

    slow = second()
    for _ in range(often.OFTEN + 1):
        loss(y, p)
    assert is_compiled()
    np.testing.assert_allclose(second(), slow, rtol=1e-12, atol=1e-14)
    with tf.GradientTape() as tape:
        tape.watch(y)
        value = loss(y, p)
    assert bool(tf.reduce_all(tape.gradient(value, y) != 0))
    graph = tf.function(loss, autograph=False)
    np.testing.assert_allclose(float(graph(y, p)), float(loss(y, p)), rtol=1e-13)


@eager
def test_other_ranks_come_through(backend, is_compiled):
    loss = ss.as_loss(ss.f1)
    for shape in ((40,), (40,), (40,), (8, 5), (40,), (2, 4, 5), (5, 8), (10,)):
        size = int(np.prod(shape))
        y, p = (x[:size].reshape(shape) for x in (Y, P))
        found = loss(backend.asarray(y), backend.asarray(p))
        np.testing.assert_allclose(float(found), loss(y, p), rtol=1e-13)
    assert is_compiled()


@eager
def test_other_numbers_of_classes_come_through(backend, is_compiled):
    loss = ss.as_loss(ss.macro(ss.f1), axis=0)
    for shape in ((8, 5),) * 3 + ((10, 4), (6, 5), (8, 4), (13, 3)):
        size = int(np.prod(shape))
        y, p = (x[:size].reshape(shape) for x in (Y, P))
        given = backend.asarray(y), backend.asarray(p)
        np.testing.assert_allclose(float(loss(*given)), loss(y, p), rtol=1e-13)
        found, expected = ss.value_and_grad(loss)(*given), ss.value_and_grad(loss)(y, p)
        for x, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(backend.to_numpy(x), e, rtol=1e-12, atol=1e-15)
    assert is_compiled()


@eager
def test_options_that_have_no_key_are_not_compiled(backend, is_compiled):
    y, p = (backend.asarray(x.reshape(20, 2)) for x in (Y, P))
    expected = ss.as_loss(ss.f1, threshold=(0.3, 0.4))(Y.reshape(20, 2), P.reshape(20, 2))
    loss = ss.as_loss(ss.f1, threshold=(np.float64(0.3), 0.4))
    for _ in range(often.OFTEN + 2):
        np.testing.assert_allclose(float(loss(y, p)), expected, rtol=1e-13)
    assert not is_compiled()
    with pytest.raises((TypeError, ValueError), match="`axis`"):
        ss.as_loss(ss.f1, axis=[0, 1])(y, p)


@marks.on("jax")
def test_values_that_are_hidden_with_the_weights_are_guarded_as_ever(backend, is_compiled):
    jax = backend.jax
    loss = ss.as_loss(ss.f1, step=ss.Sigmoid())
    y, p = backend.asarray(Y[:4]), backend.asarray(np.asarray([1.3, 0.4, 0.6, 0.2]))
    weights = backend.asarray(np.linspace(0.5, 2, 12).reshape(3, 4))
    rows = jax.vmap(lambda w: loss(y, p, sample_weight=w))
    first = rows(weights)
    for _ in range(often.OFTEN + 2):
        loss(y, backend.asarray(P[:4]))
        np.testing.assert_allclose(rows(weights), first, rtol=1e-13)
    assert is_compiled()


@marks.on("tensorflow")
def test_one_tensor_in_two_places_gets_both_gradients_in_a_graph(backend):
    tf = backend.tf
    loss = ss.as_loss(ss.f1)

    @tf.function(autograph=False)
    def slopes(y, p, w):
        with tf.GradientTape() as tape:
            tape.watch([p, w])
            value = loss(y, p, sample_weight=w)
        return tape.gradient(value, [p, w])

    @tf.function(autograph=False)
    def slope(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p, sample_weight=p)
        return tape.gradient(value, p)

    y, p = backend.asarray(Y), backend.asarray(P)
    expected = sum(slopes(y, p, tf.identity(p)))
    np.testing.assert_allclose(slope(y, p), expected, rtol=1e-12, atol=1e-16)
