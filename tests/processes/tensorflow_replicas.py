"""Train on two replicas and on one, and print the differences; needs a process of its own."""

from __future__ import annotations

import json

import numpy as np
import tensorflow as tf

import softset as ss
from softset_backends.tensorflow import all_reduce, value_and_grad_in_parts

STEPS, ROWS = 20, 13
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
rng = np.random.default_rng(0)
x = rng.normal(size=(ROWS, 4))
classes = np.argmax(x[:, :3] + rng.normal(size=(ROWS, 3)), axis=1)
one_hot = np.asarray(ss.one_hot(classes, 3))
CASES = {
    "f1": (ss.as_loss(ss.f1, from_logits=True), one_hot[:, 0]),
    "mcc": (ss.as_loss(ss.matthews_corrcoef, from_logits=True), one_hot[:, 1]),
    "macro f1": (ss.as_loss(ss.macro(ss.f1), from_logits=True, axis=0), one_hot),
}


def init(outputs):
    draw = np.random.default_rng(1).normal
    return [tf.Variable(draw(size=s)) for s in ((4, 5), (5,), (5, outputs))]


def scores(variables, x):
    hidden = tf.tanh(x @ variables[0] + variables[1]) @ variables[2]
    return hidden if hidden.shape[-1] > 1 else hidden[..., 0]


def value_and_grad(loss, variables, x, y, reduce=None):
    with tf.GradientTape() as tape:
        value = loss(y, scores(variables, x), reduce=reduce)
    return value, tape.gradient(value, variables)


def in_parts(loss, variables, x, y, reduce=None):
    parts = [(x[:1], y[:1]), (x[1:], y[1:])]
    forward = lambda x: scores(variables, x)  # noqa: E731
    return value_and_grad_in_parts(loss, forward, variables, parts, reduce=reduce)


def plain(c):
    replica = tf.distribute.get_replica_context()
    return ss.Confusion(*replica.all_reduce(tf.distribute.ReduceOp.SUM, list(c)))


def train(loss, y, size, *, replicas, reduce=None, gradient=value_and_grad, compiled=True):
    """Return the variables after some steps, and the values of the last step."""
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(size).repeat()
    scope = strategy if replicas else tf.distribute.get_strategy()
    with scope.scope():
        variables = init(y.shape[1] if y.ndim == 2 else 1)
        optimizer = tf.keras.optimizers.SGD(0.5, momentum=0.9)
        optimizer.build(variables)

    def step(x, y):
        value, slopes = gradient(loss, variables, x, y, reduce)
        optimizer.apply_gradients(zip(slopes, variables, strict=True))
        return value

    def run(x, y):
        return scope.run(step, args=(x, y))

    run = tf.function(run) if compiled else run
    batches, values = iter(scope.experimental_distribute_dataset(data)), []
    for _ in range(STEPS):
        value = run(*next(batches))
        values = [float(v) for v in scope.experimental_local_results(value)]
    return [v.numpy() for v in variables], values


def apart(one, other):
    return max(float(np.max(np.abs(a - b))) for a, b in zip(one, other, strict=True))


found = {}
# Batches of 6 and 6 and 1: the last one leaves the second replica without a row.
for name, (loss, y) in CASES.items():
    expected, (value,) = train(loss, y, 6, replicas=False)
    forms = {"all_reduce": {"reduce": all_reduce}}
    if name == "f1":
        forms |= {"eager": {"reduce": all_reduce, "compiled": False}, "local": {}}
        forms |= {"tensorflow's own": {"reduce": plain}}
    for form, options in forms.items():
        if form == "eager":  # in one batch, of which every replica has rows
            whole, (one,) = train(loss, y, ROWS, replicas=False)
            variables, values = train(loss, y, ROWS, replicas=True, **options)
            difference = max(apart(variables, whole), *(abs(v - one) for v in values))
        else:
            variables, values = train(loss, y, 6, replicas=True, **options)
            difference = max(apart(variables, expected), *(abs(v - value) for v in values))
        found[f"{name}, {form}"] = difference
    whole, (one,) = train(loss, y, ROWS, replicas=False)
    variables, values = train(loss, y, ROWS, replicas=True, reduce=all_reduce, gradient=in_parts)
    found[f"{name}, parts"] = max(apart(variables, whole), *(abs(v - one) for v in values))

loss, y = CASES["f1"]
variables = init(1)
expected = value_and_grad(loss, variables, tf.constant(x), tf.constant(y))[1]


def shard(array):
    """Return 9 rows for one replica and 4 for the other."""
    cuts = [tf.constant(array[:9]), tf.constant(array[9:])]
    return strategy.experimental_distribute_values_from_function(
        lambda context: cuts[context.replica_id_in_sync_group]
    )


for name, reduce in {"all_reduce": all_reduce, "tensorflow's own": plain, "local": None}.items():
    values, gradients = strategy.run(
        tf.function(lambda x, y, r=reduce: value_and_grad(loss, variables, x, y, r)),
        args=(shard(x), shard(y)),
    )
    total = [strategy.reduce("SUM", g, axis=None).numpy() for g in gradients]
    factors = [t / e for t, e in zip(total, expected, strict=True)]
    found[f"factor of {name}"] = [float(f(x)) for x in factors for f in (np.min, np.max)]
    found[f"values of {name}"] = [float(v) for v in strategy.experimental_local_results(values)]

counts = ss.Confusion(*tf.constant([1.0, 2.0, 3.0, 4.0]))
found["no strategy"] = [float(a) for a in all_reduce(counts)]
with strategy.scope():
    try:
        all_reduce(counts)
    except RuntimeError as error:
        found["cross-replica"] = str(error)
print(json.dumps(found))
