"""Train over eight devices and on one, and print the differences; needs a process of its own.

XLA_FLAGS=--xla_force_host_platform_device_count=8 JAX_ENABLE_X64=1 python jax_devices.py
"""

from __future__ import annotations

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import softset as ss
from softset_backends.jax import psum, value_and_grad_in_parts

DEVICES, STEPS = 8, 20
mesh = jax.make_mesh((DEVICES,), ("data",))
rng = np.random.default_rng(0)
# 93 rows and 3 of padding, whose labels and features would spoil everything.
x = rng.normal(size=(96, 6))
classes = np.argmax(x[:, :3] + rng.normal(size=(96, 3)), axis=1)
x[93:], classes[93:] = 1e3, 0
mask, weights = np.arange(96) < 93, rng.uniform(0.5, 2, 96)
one_hot = np.asarray(ss.one_hot(classes, 3))


def case(metric, y, **options):
    column = (slice(None), None) if y.ndim == 2 else slice(None)
    batch = x, y, {"where": mask[column], "sample_weight": weights[column]}
    return ss.as_loss(metric, from_logits=True, **options), batch


CASES = {
    "f1": case(ss.f1, one_hot[:, 0]),
    "mcc": case(ss.matthews_corrcoef, one_hot[:, 1]),
    "macro f1": case(ss.macro(ss.f1), one_hot, axis=0),
    "auroc": case(ss.auroc, one_hot[:, 0], thresholds=ss.grid(9)),
}


def init(outputs):
    def draw(*shape):
        return jnp.asarray(np.random.default_rng(sum(shape)).normal(size=shape))

    return {"hidden": draw(6, 5), "bias": draw(5), "out": draw(5, outputs)}


def forward(params, x):
    hidden = jnp.tanh(x @ params["hidden"] + params["bias"]) @ params["out"]
    return hidden if hidden.shape[-1] > 1 else hidden[..., 0]


def train(value_and_grad, y, batch):
    """Return the parameters after some steps of SGD, and the first value."""
    params = init(y.shape[1] if y.ndim == 2 else 1)
    optimizer = optax.sgd(0.5, momentum=0.9)

    @jax.jit
    def step(params, state, batch):
        value, gradient = value_and_grad(params, batch)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    state, values = optimizer.init(params), []
    for _ in range(STEPS):
        params, state, value = step(params, state, batch)
        values.append(value)
    return params, np.asarray(values)


def apart(one, other):
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in pairs)


def mapped(fn, outputs, **options):
    specs = P(), P("data")
    return jax.shard_map(fn, mesh=mesh, in_specs=specs, out_specs=outputs, **options)


def forms(loss):
    """Return every way to the gradient that the docstring of psum speaks of."""

    def objective(params, batch):
        x, y, options = batch
        return loss(y, forward(params, x), reduce=psum("data"), **options)

    def inside(params, batch):
        return jax.value_and_grad(objective)(params, batch)

    def mean(params, batch):
        value, gradient = inside(params, batch)
        return value, jax.lax.pmean(gradient, "data")

    def total(params, batch):
        value, gradient = inside(params, batch)
        return value, jax.lax.psum(gradient, "data")

    def parts(params, batch):
        stacked = jax.tree.map(lambda a: a.reshape(3, 4, *a.shape[1:]), batch)
        in_parts = value_and_grad_in_parts(loss, forward, reduce=psum("data"))
        value, gradient = in_parts(params, stacked)
        return value, jax.lax.pmean(gradient, "data")

    both = P(), P()
    return {
        "inside": mapped(inside, both),
        "mean": mapped(mean, both),
        "mean unchecked": mapped(mean, both, check_vma=False),
        "outside": jax.value_and_grad(mapped(objective, P())),
        "outside unchecked": jax.value_and_grad(mapped(objective, P(), check_vma=False)),
        "parts": mapped(parts, both),
        "parts unchecked": mapped(parts, both, check_vma=False),
    }, {"sum": mapped(total, both), "sum unchecked": mapped(total, both, check_vma=False)}


def local_mean(loss):
    """Return the mean of the devices' own losses, and its gradient."""

    def fn(params, batch):
        def own(params, batch):
            x, y, options = batch
            return jax.lax.pmean(loss(y, forward(params, x), **options), "data")

        return jax.value_and_grad(own)(params, batch)

    return mapped(fn, (P(), P()))


def message(fn):
    try:
        fn()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def whole(loss):
    def fn(params, batch):
        x, y, options = batch
        return jax.value_and_grad(lambda p: loss(y, forward(p, x), **options))(params)

    return fn


found = {}
for name, (loss, batch) in CASES.items():
    expected, values = train(whole(loss), batch[1], batch)
    spread = jax.device_put(batch, NamedSharding(mesh, P("data")))
    right, _ = forms(loss)
    if name != "f1":  # the other forms differ in JAX's part only
        right = {"mean": right["mean"]} if name != "auroc" else {"parts": right["parts"]}
    for form, fn in right.items():
        params, seen = train(fn, batch[1], spread)
        found[f"{name}, {form}"] = max(apart(params, expected), apart(seen, values))
    params, seen = train(local_mean(loss), batch[1], spread)
    found[f"{name}, local"] = min(apart(params, expected), apart(seen[0], values[0]))

loss, batch = CASES["f1"]
spread = jax.device_put(batch, NamedSharding(mesh, P("data")))
params = init(1)
gradient = jax.jit(whole(loss))(params, batch)[1]
for form, fn in forms(loss)[1].items():
    factors = jax.tree.map(jnp.divide, jax.jit(fn)(params, spread)[1], gradient)
    found[form] = [float(f(x)) for x in factors.values() for f in (jnp.min, jnp.max)]


def of_axis(params, batch, name="batch"):
    return loss(batch[1], forward(params, batch[0]), reduce=psum(name))


def uneven():
    return mapped(of_axis, P())(params, (x[:93], batch[1][:93]))


found["unknown axis"] = [
    message(lambda v=v: mapped(of_axis, P(), check_vma=v)(params, spread)) for v in (True, False)
]
found["outside of a mapping"] = message(lambda: of_axis(params, spread, "data"))
found["uneven"] = message(uneven)
print(json.dumps(found))
