"""Train with a batch that is spread over eight devices, and compare with one device.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python data_parallel_jax.py

The flag makes eight devices out of one CPU; with real ones leave it out.
"""

import jax
import jax.numpy as jnp
import optax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from sklearn.datasets import load_digits

import softset as ss
from softset_backends.jax import psum

jax.config.update("jax_enable_x64", True)  # so that nothing but rounding of 1e-16 differs
digits = load_digits()
x, y = jnp.asarray(digits.data / 16), jnp.asarray(digits.target == 3)
loss = ss.as_loss(ss.f1, from_logits=True)
optimizer = optax.sgd(0.5, momentum=0.9)

# 1797 rows do not divide by 8: pad, and mask the padding.
mesh = jax.make_mesh((jax.device_count(),), ("data",))
padding = -len(y) % jax.device_count()
mask = jnp.arange(len(y) + padding) < len(y)
batch = (jnp.pad(x, ((0, padding), (0, 0))), jnp.pad(y, (0, padding)), mask)


def init():
    first, second = jax.random.split(jax.random.key(0))
    return {
        "hidden": jax.random.normal(first, (64, 32)) / 8,
        "out": jax.random.normal(second, (32,)) / 6,
        "bias": jnp.zeros(()),
    }


def logits(params, x):
    return jax.nn.relu(x @ params["hidden"]) @ params["out"] + params["bias"]


def alone(params, x, y, mask):
    return loss(y, logits(params, x), where=mask)


def exact(params, x, y, mask):
    return loss(y, logits(params, x), where=mask, reduce=psum("data"))


def mean_of_losses(params, x, y, mask):
    return jax.lax.pmean(loss(y, logits(params, x), where=mask), "data")


def spread(objective):
    specs = (P(), P("data"), P("data"), P("data"))
    return jax.shard_map(objective, mesh=mesh, in_specs=specs, out_specs=P())


def fit(objective, batch):
    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(objective)(params, *batch)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    params = init()
    state = optimizer.init(params)
    for _ in range(20):
        params, state, value = step(params, state)
    return float(value), jax.device_get(params)


value, params = fit(alone, batch)
shards = jax.device_put(batch, NamedSharding(mesh, P("data")))
for objective in (exact, mean_of_losses):
    found, others = fit(spread(objective), shards)
    apart = max(abs(others[name] - params[name]).max() for name in params)
    print(f"{abs(found - value):.7f} {apart:.7f}")
# -> 0.0000000 0.0000000
# -> 0.0152422 0.0389910
