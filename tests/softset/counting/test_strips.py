"""JAX's counts of many scores under jit: in one loop, with derivatives of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import softset as ss

jax: Any = pytest.importorskip("jax")
crossed: Any = pytest.importorskip("softset._arrays.jax.crossed")

# Columns of a length that strips divide; axes to join, of one that is filled up.
SHAPES = {"columns": ((3200, 7), 0), "classes": ((5, 3, 30, 21), (0, 2, 3))}
# What sums of 10,000 float32 numbers round, beside the largest.
TOLERANCE = 2e-6


def arrays(shape):
    rng = np.random.default_rng(3)
    found = [rng.random(shape) < 0.3, rng.normal(0, 3, shape), *rng.random((2, *shape))]
    return [jax.numpy.asarray(x, "float32") for x in found]


def derivatives(loss: Any) -> Any:
    """Return a function that finds a loss and its derivatives: back, ahead, twice, of many."""

    def found(y: Any, z: Any, w: Any, v: Any) -> Any:
        def of_scores(z: Any) -> Any:
            return loss(y, z, sample_weight=w)

        def of_all(y: Any, z: Any, w: Any) -> Any:
            return loss(y, z, sample_weight=w)

        both = jax.value_and_grad(of_scores)
        ahead = jax.jvp(of_scores, (z,), (v,))
        twice = jax.jvp(jax.grad(of_scores), (z,), (v,))
        many = jax.vmap(jax.grad(of_scores))(jax.numpy.stack([z, v]))
        others = jax.grad(of_all, argnums=(0, 1, 2))(y, z, w)
        closed = ss.value_and_grad(loss)(y, z, sample_weight=w)
        return both(z), ahead, twice, many, others, closed, tuple(loss.confusion(y, z))

    return found


@pytest.mark.parametrize("name", SHAPES)
def test_derivatives_are_those_of_plain_sums(name, monkeypatch):
    shape, axis = SHAPES[name]
    loss = ss.as_loss(ss.macro(ss.f1), step=ss.Sigmoid(k=5.0), axis=axis, from_logits=True)
    given = arrays(shape)
    found = jax.jit(derivatives(loss))(*given)
    assert " reduce[" in str(jax.make_jaxpr(lambda y, z: loss(y, z))(*given[:2]))
    monkeypatch.setattr(crossed, "on_one_cpu", lambda: False)
    assert " reduce[" not in str(jax.make_jaxpr(lambda y, z: loss(y, z))(*given[:2]))
    plain = jax.jit(derivatives(loss))(*given)
    for x, wanted in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        largest = float(np.max(np.abs(wanted)))
        np.testing.assert_allclose(x, wanted, rtol=0, atol=TOLERANCE * largest)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(2**16,), (60_001,), (2, 180, 180)])
def test_no_array_as_long_as_the_scores_is_written_on_the_way(shape, from_logits):
    step = ss.Identity() if from_logits else ss.Linear()
    loss = ss.as_loss(ss.f1, step=step, from_logits=from_logits)
    y, z, *_ = arrays(shape)
    # JAX 0.12 writes the gradient in closed form before it gives it several axes.
    twice = len(shape) > 1 and jax.__version_info__ >= (0, 12)
    for fn, most in (
        (jax.value_and_grad(loss, argnums=1), 0.6),
        (ss.value_and_grad(loss), 0.6 + twice),
    ):
        memory = jax.jit(fn).lower(y, z).compile().memory_analysis().temp_size_in_bytes
        # Four sums of an eighth of the length.
        assert memory < most * y.nbytes
