"""Losses under the frameworks' transforms: vmap, jvp, Hessians, export, saved models."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import softset as ss

rng = np.random.default_rng(0)
Y = rng.integers(0, 2, (5, 16))
P = rng.uniform(0.02, 0.98, (5, 16))
Y[:, 0], Y[:, 1] = 0, 1
# A smooth step: a piecewise linear one has a Hessian too, but less of it to get wrong.
LOSSES = {
    "f1": ss.as_loss(ss.f1, step=ss.Sigmoid(k=7.0)),
    "mcc": ss.as_loss(ss.matthews_corrcoef, step=ss.Sigmoid(k=7.0), threshold=0.3),
    "linear": ss.as_loss(partial(ss.fbeta, beta=2.0)),
    "grid": ss.as_loss(ss.jaccard, step=ss.Arctan(k=5.0), thresholds=(0.25, 0.5, 0.75)),
}
# A handful of float64 roundings in sums of 16 terms; measured at most 3e-15.
EXACT = {"rtol": 1e-12, "atol": 1e-14}


def hessian_by_differences(loss: Any, y: Any, p: Any) -> Any:
    """Return central differences of the kernel's own gradient."""
    gradient = ss.value_and_grad(loss)
    h = 1e-5
    return np.stack(
        [(gradient(y, p + h * e)[1] - gradient(y, p - h * e)[1]) / (2 * h) for e in np.eye(p.size)]
    )


@pytest.mark.parametrize("name", LOSSES)
def test_torch_func(name: str) -> None:
    torch = pytest.importorskip("torch")
    loss, y, p = LOSSES[name], torch.asarray(Y), torch.asarray(P)
    singly = torch.stack([loss(a, b) for a, b in zip(y, p, strict=True)])
    torch.testing.assert_close(torch.func.vmap(loss)(y, p), singly, **EXACT)

    per_row = torch.func.vmap(torch.func.grad(loss, argnums=1))(y, p)
    expected = np.stack([ss.value_and_grad(loss)(a, b)[1] for a, b in zip(Y, P, strict=True)])
    np.testing.assert_allclose(per_row.numpy(), expected, **EXACT)

    direction = torch.asarray(rng.normal(size=16))
    _, slope = torch.func.jvp(partial(loss, y[0]), (p[0],), (direction,))
    np.testing.assert_allclose(slope.item(), expected[0] @ direction.numpy(), **EXACT)

    hessian = torch.func.hessian(partial(loss, y[0]))(p[0])
    numbers = hessian_by_differences(loss, Y[0], P[0])
    # Differences with a step of 1e-5 leave 1e-8 or so.
    np.testing.assert_allclose(hessian.numpy(), numbers, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_torch_gradgradcheck(name: str) -> None:
    torch = pytest.importorskip("torch")
    y, p = torch.asarray(Y[0]), torch.asarray(P[0]).requires_grad_(True)
    assert torch.autograd.gradcheck(partial(LOSSES[name], y), p)
    assert torch.autograd.gradgradcheck(partial(LOSSES[name], y), p)


@pytest.mark.parametrize("name", LOSSES)
def test_jax_transforms(name: str) -> None:
    jax = pytest.importorskip("jax")
    loss, y, p = LOSSES[name], jax.numpy.asarray(Y), jax.numpy.asarray(P)
    singly = np.stack([loss(a, b) for a, b in zip(y, p, strict=True)])
    np.testing.assert_allclose(jax.vmap(loss)(y, p), singly, **EXACT)
    per_row = jax.jit(jax.vmap(jax.grad(loss, argnums=1)))(y, p)
    expected = np.stack([ss.value_and_grad(loss)(a, b)[1] for a, b in zip(Y, P, strict=True)])
    np.testing.assert_allclose(per_row, expected, **EXACT)
    direction = jax.numpy.asarray(rng.normal(size=16))
    _, slope = jax.jvp(partial(loss, y[0]), (p[0],), (direction,))
    np.testing.assert_allclose(slope, expected[0] @ np.asarray(direction), **EXACT)
    hessian = jax.hessian(partial(loss, y[0]))(p[0])
    numbers = hessian_by_differences(loss, Y[0], P[0])
    np.testing.assert_allclose(hessian, numbers, rtol=1e-5, atol=1e-7)


def test_jax_checkpoint_scan_and_static_loss() -> None:
    jax = pytest.importorskip("jax")
    loss = LOSSES["linear"]
    y, p = jax.numpy.asarray(Y), jax.numpy.asarray(P)

    def add(total: Any, batch: Any) -> Any:
        return total + loss.confusion(*batch), loss(*batch)

    zero = ss.Confusion(*jax.numpy.zeros(4))
    total, each = jax.lax.scan(add, zero, (y, p))
    np.testing.assert_allclose(np.asarray(total), np.asarray(loss.confusion(y, p)), **EXACT)
    np.testing.assert_allclose(each, [loss(a, b) for a, b in zip(y, p, strict=True)], **EXACT)
    plain = jax.grad(loss, argnums=1)(y, p)
    again = jax.grad(jax.checkpoint(loss), argnums=1)(y, p)
    np.testing.assert_allclose(plain, again, **EXACT)
    static = jax.jit(lambda loss, y, p: loss(y, p), static_argnums=0)
    np.testing.assert_allclose(static(loss, y, p), loss(y, p), **EXACT)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch_compile_by_inductor(dtype: str) -> None:
    """The default compiler, without graph breaks, for lengths that vary."""
    torch = pytest.importorskip("torch")
    loss = LOSSES["linear"]
    compiled = torch.compile(loss, fullgraph=True, dynamic=True)
    for n in (16, 9):
        scores = P[0, :n].astype(dtype)
        y, p = torch.asarray(Y[0, :n]), torch.asarray(scores).requires_grad_(True)
        value = compiled(y, p)
        (gradient,) = torch.autograd.grad(value, p)
        expected = ss.value_and_grad(loss)(Y[0, :n], scores.astype(np.float64))
        tolerance = EXACT if dtype == "float64" else {"rtol": 1e-6}
        np.testing.assert_allclose(value.item(), expected[0], **tolerance)
        np.testing.assert_allclose(gradient.numpy(), expected[1], **tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_torch_export_with_a_dynamic_batch(dtype: str) -> None:
    torch = pytest.importorskip("torch")

    class Criterion(torch.nn.Module):
        def forward(self, y: Any, p: Any) -> Any:
            return LOSSES["linear"](y, p)

    batch = torch.export.Dim("batch", min=2)
    y, p = torch.asarray(Y[0]), torch.asarray(P[0].astype(dtype))
    program = torch.export.export(Criterion(), (y, p), dynamic_shapes=({0: batch}, {0: batch}))
    for n in (7, 16 * 75):
        labels, scores = (np.resize(x.numpy(), n) for x in (y, p))
        value = program.module()(torch.asarray(labels), torch.asarray(scores))
        expected = LOSSES["linear"](labels, scores.astype(np.float64))
        tolerance = EXACT if dtype == "float64" else {"rtol": 1e-6}
        np.testing.assert_allclose(value.item(), expected, **tolerance)


def test_torch_checkpoint_and_meta() -> None:
    torch = pytest.importorskip("torch")
    y, p = torch.asarray(Y[0]), torch.asarray(P[0]).requires_grad_(True)
    loss = LOSSES["linear"]
    value = torch.utils.checkpoint.checkpoint(loss, y, p, use_reentrant=False)
    (gradient,) = torch.autograd.grad(value, p)
    np.testing.assert_allclose(gradient, ss.value_and_grad(loss)(Y[0], P[0])[1], **EXACT)
    assert loss(y.to("meta"), p.detach().to("meta")).shape == ()


def test_tensorflow_transforms() -> None:
    tf = pytest.importorskip("tensorflow")
    loss = LOSSES["mcc"]
    y, p = tf.constant(Y), tf.constant(P)
    mapped = tf.vectorized_map(lambda pair: loss(*pair), (y, p))
    singly = np.stack([loss(a, b) for a, b in zip(Y, P, strict=True)])
    np.testing.assert_allclose(mapped.numpy(), singly, **EXACT)
    with tf.GradientTape() as outer:
        outer.watch(p)
        with tf.GradientTape() as inner:
            inner.watch(p)
            value = loss(y[0], p[0])
        gradient = inner.gradient(value, p)[0]
    hessian = outer.jacobian(gradient, p)[:, 0]
    numbers = hessian_by_differences(loss, Y[0], P[0])
    np.testing.assert_allclose(hessian.numpy(), numbers, rtol=1e-5, atol=1e-7)
    direction = rng.normal(size=16)
    row = p[0]
    with tf.autodiff.ForwardAccumulator(row, tf.constant(direction)) as accumulator:
        value = loss(y[0], row)
    expected = ss.value_and_grad(loss)(Y[0], P[0])[1] @ direction
    np.testing.assert_allclose(accumulator.jvp(value).numpy(), expected, **EXACT)


def test_tensorflow_saved_model(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")

    class Criterion(tf.Module):
        @tf.function(
            input_signature=[tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.float64)]
        )
        def __call__(self, y: Any, p: Any) -> Any:
            return LOSSES["linear"](y, p)

    tf.saved_model.save(Criterion(), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for n in (16, 7):
        value = loaded(tf.constant(Y[0, :n]), tf.constant(P[0, :n])).numpy()
        np.testing.assert_allclose(value, LOSSES["linear"](Y[0, :n], P[0, :n]), **EXACT)


def test_tensorflow_data_with_a_short_last_batch() -> None:
    tf = pytest.importorskip("tensorflow")
    loss = LOSSES["linear"]
    counts = tf.function(
        loss.confusion,
        input_signature=[tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.float64)],
        autograph=False,
    )
    data = tf.data.Dataset.from_tensor_slices((Y.ravel(), P.ravel())).batch(32)
    total = sum(counts(y, p) for y, p in data)
    np.testing.assert_allclose(np.asarray(total), np.asarray(loss.confusion(Y, P)), **EXACT)
