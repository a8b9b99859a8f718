"""JAX loops: devices that share counts, micro-batches, transforms in an optax loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import softset as ss

jax: Any = pytest.importorskip("jax", reason="jax is not installed")
optax: Any = pytest.importorskip("optax", reason="optax is not installed")

from softset_backends.jax import psum, value_and_grad_in_parts  # noqa: E402  (needs jax)

jnp = jax.numpy
ROOT = Path(__file__).parents[2]
# float64 sums in another order; measured at most 2e-15.
SUMMED = 1e-12
PARTS, BATCH, FEATURES, CLASSES = 6, 8, 4, 10
rng = np.random.default_rng(0)
X = jnp.asarray(rng.normal(size=(PARTS, BATCH, FEATURES)))
NUMBERS = rng.integers(0, CLASSES, (PARTS, BATCH))
ONE_HOT = jnp.asarray(np.asarray(ss.one_hot(NUMBERS, CLASSES)))
Y = jnp.asarray(rng.uniform(size=(PARTS, BATCH)) < 0.4)
LOSSES = {
    "f2": ss.as_loss(partial(ss.fbeta, beta=2.0), from_logits=True),
    "mcc": ss.as_loss(ss.matthews_corrcoef, from_logits=True, threshold=0.3),
    "kappa": ss.as_loss(ss.cohen_kappa, from_logits=True),
    "geometric mean": ss.as_loss(ss.geometric_mean, from_logits=True),
    "macro f1": ss.as_loss(ss.macro(ss.f1), from_logits=True, axis=0),
    "auroc": ss.as_loss(ss.auroc, from_logits=True, thresholds=ss.grid(9)),
    "compound": ss.compound_loss(
        (partial(ss.cross_entropy, from_logits=True), ss.as_loss(ss.f1, from_logits=True)),
        weights=(1.0, 0.5),
    ),
}


def init(outputs=1):
    draw = np.random.default_rng(outputs).normal
    return {"w": jnp.asarray(draw(size=(FEATURES, outputs))), "b": jnp.zeros(outputs)}


def forward(params, x):
    z = jnp.tanh(x) @ params["w"] + params["b"]
    return z if z.shape[-1] > 1 else z[..., 0]


def flat(tree):
    """Return the micro-batches as one batch."""
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), tree)


def assert_same(found, expected, rtol=SUMMED):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.max(np.abs(b)))


def whole(loss, params, batch, forward=forward):
    inputs, y, *options = batch
    options = options[0] if options else {}
    return jax.value_and_grad(lambda p: loss(y, forward(p, inputs), **options))(params)


# Devices


@pytest.fixture(scope="module")
def devices():
    """What jax_devices.py found on eight devices."""
    env = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_ENABLE_X64": "1",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "backends"))),
    }
    script = ROOT / "tests" / "processes" / "jax_devices.py"
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["f1", "mcc", "macro f1", "auroc"])
def test_eight_devices_train_as_one(devices, name):
    forms = [key for key in devices if key.startswith(f"{name}, ") and not key.endswith("local")]
    assert len(forms) == (7 if name == "f1" else 1)
    for form in forms:  # 20 steps of SGD in float64; measured at most 2e-15
        assert devices[form] < 1e-10, form
    assert devices[f"{name}, local"] > 1e-3  # the mean of the devices' losses trains otherwise


@pytest.mark.exhaustive
def test_psum_of_the_gradient_is_too_large(devices):
    for form in ("sum", "sum unchecked"):
        np.testing.assert_allclose(devices[form], 8, rtol=1e-10)


@pytest.mark.exhaustive
def test_messages_on_devices(devices):
    assert devices["unknown axis"] == ["NameError: unbound axis name: batch"] * 2
    assert devices["outside of a mapping"] == "NameError: unbound axis name: data"
    assert "axis sizes that are not evenly divisible" in devices["uneven"]


@pytest.mark.parametrize("name", LOSSES)
def test_vmap_plays_devices(name):
    """The value is the whole batch's, and the mean of the gradients its gradient."""
    loss, y = LOSSES[name], ONE_HOT if name == "macro f1" else Y
    params = init(CLASSES if name == "macro f1" else 1)

    def inside(x, y):
        return jax.value_and_grad(lambda p: loss(y, forward(p, x), reduce=psum("data")))(params)

    values, gradients = jax.jit(jax.vmap(inside, axis_name="data"))(X, y)
    value, gradient = whole(loss, params, flat((X, y)))
    assert_same(values, np.full(PARTS, value))
    assert_same(jax.tree.map(lambda g: jnp.mean(g, axis=0), gradients), gradient)


def test_psum_over_two_axes():
    loss = LOSSES["f2"]
    both = jax.vmap(
        jax.vmap(lambda y, z: loss(y, z, reduce=psum(("data", "model"))), axis_name="model"),
        axis_name="data",
    )
    z = forward(init(), X)
    halves = Y.reshape(2, 3, BATCH), z.reshape(2, 3, BATCH)
    assert_same(both(*halves), np.full((2, 3), loss(Y.ravel(), z.ravel())))


def test_psum_outside_of_a_mapping():
    with pytest.raises(NameError, match="unbound axis name: data"):
        LOSSES["f2"](Y, forward(init(), X), reduce=psum("data"))


# Micro-batches


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("options", ["none", "weights and mask"])
def test_parts_give_the_gradient_of_the_batch(name, options):
    several = name == "macro f1"
    loss, y, params = LOSSES[name], ONE_HOT if several else Y, init(CLASSES if several else 1)
    parts = (X, y)
    if options != "none":
        shape = (PARTS, BATCH, 1) if several else (PARTS, BATCH)
        draw = np.random.default_rng(2).uniform(size=shape)
        parts = (X.at[0, 0].set(1e3), y, {"sample_weight": draw + 0.5, "where": draw > 0.2})
        parts = jax.tree.map(jnp.asarray, parts)
    value, gradient = jax.jit(value_and_grad_in_parts(loss, forward))(params, parts)
    expected = whole(loss, params, flat(parts))
    assert_same((value, gradient), expected)
    mean = jax.tree.map(lambda *g: sum(g) / PARTS, *[
        whole(loss, params, jax.tree.map(lambda a, i=i: a[i], parts))[1] for i in range(PARTS)
    ])  # fmt: skip
    with pytest.raises(AssertionError):  # what plain gradient accumulation gives
        assert_same(mean, expected[1], rtol=1e-3)


def test_parts_of_groups():
    loss = ss.as_loss(ss.largest_gap(ss.recall), from_logits=True, num_groups=2)
    params, groups = init(), jnp.arange(PARTS * BATCH).reshape(PARTS, BATCH) % 2
    parts = (X, Y, {"groups": groups})
    found = jax.jit(value_and_grad_in_parts(loss, forward))(params, parts)
    assert_same(found, whole(loss, params, flat(parts)))


def test_parts_with_dropout_keys():
    """Keys among the inputs give both passes the same dropout."""

    def dropped(params, inputs):
        x, key = inputs
        return forward(params, jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2 * x, 0))

    keys = jax.random.split(jax.random.key(0), PARTS)
    loss, params = LOSSES["f2"], init()
    value, gradient = jax.jit(value_and_grad_in_parts(loss, dropped))(params, ((X, keys), Y))

    def at_once(params):
        z = jax.vmap(lambda *inputs: dropped(params, inputs))(X, keys)
        return loss(Y, z)

    assert_same((value, gradient), jax.value_and_grad(at_once)(params))
    assert abs(value - loss(Y, forward(params, X))) > 1e-3


def test_parts_take_the_memory_of_one():
    """The compiled step needs the temporary memory of one micro-batch, not of all."""

    def wide(params, x):
        for _ in range(4):
            x = jnp.tanh(x @ params)
        return x[:, 0]

    loss, params = LOSSES["f2"], jnp.eye(64)
    parts = jnp.ones((32, 128, 64)), jnp.ones((32, 128), dtype=bool)
    small = jax.jit(value_and_grad_in_parts(loss, wide)).lower(params, parts).compile()
    large = jax.jit(lambda p, batch: whole(loss, p, batch, wide)).lower(params, flat(parts))
    needed = [c.memory_analysis().temp_size_in_bytes for c in (small, large.compile())]
    assert needed[0] < needed[1] / 8  # measured a twentieth for 32 micro-batches


def test_parts_of_cross_entropy():
    """By its two sums: the micro-batches have different weights."""
    entropy = partial(ss.cross_entropy, from_logits=True, pos_weight=2.0)
    draw = np.random.default_rng(2).uniform(size=(PARTS, BATCH))
    parts = (X, Y, jax.tree.map(jnp.asarray, {"sample_weight": draw + 0.5, "where": draw > 0.2}))
    found = jax.jit(value_and_grad_in_parts(entropy, forward))(init(), parts)
    assert_same(found, whole(entropy, init(), flat(parts)))


def test_parts_of_other_structures():
    """Parameters of any structure and dtype; inputs of any structure; nested in a transform."""
    loss = LOSSES["mcc"]
    params = (jnp.ones(FEATURES, dtype=jnp.float32), {"b": jnp.float64(0.1)})

    def other(params, inputs):
        return inputs["x"] @ params[0] + params[1]["b"] * inputs["shift"]

    parts = ({"x": X.astype(jnp.float32), "shift": jnp.ones((PARTS, BATCH))}, Y)
    f = value_and_grad_in_parts(loss, other)
    _, gradient = f(params, parts)
    assert jax.tree.map(lambda a: a.dtype, gradient) == jax.tree.map(lambda a: a.dtype, params)
    assert_same(gradient, whole(loss, params, flat(parts), other)[1], rtol=1e-5)
    both = jax.tree.map(lambda a: jnp.stack([a, a]), params)
    mapped = jax.vmap(f, in_axes=(0, None))(both, parts)[1]
    assert_same(jax.tree.map(lambda a: a[1], mapped), gradient, rtol=1e-5)


def test_parts_that_are_wrong():
    f = value_and_grad_in_parts(LOSSES["f2"], forward)
    with pytest.raises(TypeError, match="`loss` must be what as_loss returned"):
        value_and_grad_in_parts(ss.as_score(ss.f1), forward)
    with pytest.raises(TypeError, match="pairwise_loss has no counts that add up"):
        value_and_grad_in_parts(ss.pairwise_loss, forward)
    with pytest.raises(TypeError, match="`forward` must be a function"):
        value_and_grad_in_parts(LOSSES["f2"], init())
    with pytest.raises(TypeError, match=r"`parts` must hold \(inputs, y_true\) or"):
        f(init(), X)
    with pytest.raises(TypeError, match=r"options of a part must be a dict .*got ArrayImpl"):
        f(init(), (X, Y, Y))
    with pytest.raises(ValueError, match=r"at least one micro-batch .*labels of \(0, 8\)"):
        f(init(), (X[:0], Y[:0]))
    with pytest.raises(TypeError, match="real- or complex-valued inputs"):
        f({"w": jnp.ones((FEATURES, 1)), "b": jnp.arange(1)}, (X, Y))


# Transforms


def train(loss, *, donate=False, wrap=lambda f: f):
    params, optimizer = init(), optax.sgd(0.5, momentum=0.9)

    def step(params, state, x, y):
        objective = wrap(lambda params: loss(y, forward(params, x)))
        value, gradient = jax.value_and_grad(objective)(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    step = jax.jit(step, donate_argnums=(0, 1) if donate else ())
    state = optimizer.init(params)
    for x, y in zip(X, Y, strict=True):
        params, state, _ = step(params, state, x, y)
    return params


def by_scan(loss):
    params, optimizer = init(), optax.sgd(0.5, momentum=0.9)

    def step(carry, batch):
        params, state = carry
        gradient = jax.grad(lambda p: loss(batch[1], forward(p, batch[0])))(params)
        updates, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), None

    return jax.jit(lambda *carry: jax.lax.scan(step, carry, (X, Y))[0])(
        params, optimizer.init(params)
    )[0]


def test_loops_agree():
    """A jitted loop, with donated buffers, recomputed, or scanned, ends at the same parameters."""
    loss = LOSSES["f2"]
    expected = train(loss)
    assert_same(train(loss, donate=True), expected)
    assert_same(train(loss, wrap=jax.checkpoint), expected)
    assert_same(by_scan(loss), expected)


def test_ensemble_by_vmap():
    loss, x, y = LOSSES["mcc"], *flat((X, Y))
    members = [jax.tree.map(lambda a, i=i: a + 0.1 * i, init()) for i in range(3)]
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *members)
    found = jax.jit(jax.vmap(lambda p: whole(loss, p, (x, y))))(stacked)
    for i, member in enumerate(members):
        assert_same(jax.tree.map(lambda a, i=i: a[i], found), whole(loss, member, (x, y)))


def test_weights_by_vmap():
    """The influence of an example's weight, one row each for several weightings."""
    loss, z, y = LOSSES["f2"], forward(init(), X)[0], Y[0]
    weights = jnp.asarray(np.random.default_rng(3).uniform(0.5, 2, (5, BATCH)))
    slope = jax.vmap(jax.grad(lambda w: loss(y, z, sample_weight=w)))(weights)
    h = 1e-6
    for w, row in zip(weights, slope, strict=True):
        ends = [loss(y, z, sample_weight=w.at[0].add(s)) for s in (h, -h)]
        np.testing.assert_allclose(row[0], (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-9)


def test_jacobians_and_hessians_agree():
    loss = ss.as_loss(ss.f1, step=ss.Sigmoid(), from_logits=True)
    x, y = flat((X, Y))

    def objective(w):
        return loss(y, jnp.tanh(x) @ w)

    w = init()["w"][:, 0]
    forwards, backwards = jax.jacfwd(objective)(w), jax.jacrev(objective)(w)
    assert_same(forwards, backwards)
    hessian = jax.jit(jax.hessian(objective))(w)
    assert_same(hessian, jax.jacrev(jax.jacrev(objective))(w))
    assert_same(hessian, hessian.T)
    h = 1e-5
    rows = [(jax.grad(objective)(w + h * e) - jax.grad(objective)(w - h * e)) for e in np.eye(4)]
    assert_same(jnp.stack(rows) / (2 * h), hessian, rtol=1e-7)  # h**2 of truncation


def test_flax_nnx():
    """A module's gradient, whole and in parts."""
    nnx = pytest.importorskip("flax.nnx", reason="flax is not installed")
    model = nnx.Linear(FEATURES, 1, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    loss, (x, y) = LOSSES["mcc"], flat((X, Y))
    value, gradient = nnx.value_and_grad(lambda model: loss(y, model(x)[:, 0]))(model)
    graph, params = nnx.split(model, nnx.Param)

    def scores(params, x):
        return nnx.merge(graph, params)(x)[:, 0]

    found = value_and_grad_in_parts(loss, scores)(params, (X, Y))
    assert_same(found, (value, gradient))
