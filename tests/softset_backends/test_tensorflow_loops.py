"""TensorFlow loops: replicas that share counts, micro-batches, graphs, saved models, tf.data."""

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

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from softset_backends.tensorflow import (  # noqa: E402  (needs TensorFlow)
    all_reduce,
    value_and_grad_in_parts,
)

ROOT = Path(__file__).parents[2]
# float64 sums in another order; measured at most 2e-15.
SUMMED = 1e-12
ROWS, FEATURES, CLASSES = 44, 4, 10  # five micro-batches of 8 and one of 4
rng = np.random.default_rng(0)
X = tf.constant(rng.normal(size=(ROWS, FEATURES)))
ONE_HOT = tf.constant(np.asarray(ss.one_hot(rng.integers(0, CLASSES, ROWS), CLASSES)))
Y = tf.constant(rng.uniform(size=ROWS) < 0.4)
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
    return [tf.Variable(draw(size=(FEATURES, outputs))), tf.Variable(np.zeros(outputs))]


def scores(variables, x):
    z = tf.tanh(x) @ variables[0] + variables[1]
    return z if z.shape[-1] > 1 else z[..., 0]


def whole(loss, variables, x, y, **options):
    with tf.GradientTape() as tape:
        value = loss(y, scores(variables, x), **options)
    return value, tape.gradient(value, variables)


def split(*arrays, size=8):
    return list(tf.data.Dataset.from_tensor_slices(arrays).batch(size))


def assert_same(found, expected, rtol=SUMMED):
    pairs = zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.max(np.abs(b)))


# Replicas


@pytest.fixture(scope="module")
def replicas():
    """What tensorflow_replicas.py found on two replicas."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "backends")))}
    env["CUDA_VISIBLE_DEVICES"] = "-1"
    script = ROOT / "tests" / "processes" / "tensorflow_replicas.py"
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["f1", "mcc", "macro f1"])
def test_two_replicas_train_as_one(replicas, name):
    """With shards of different sizes, and one without a row."""
    forms = ("all_reduce", "parts") + ("eager",) * (name == "f1")
    for form in forms:  # 20 steps of SGD in float64; measured at most 4e-15
        assert replicas[f"{name}, {form}"] < 1e-10, form


@pytest.mark.exhaustive
def test_other_ways_are_not_the_same(replicas):
    assert replicas["f1, local"] > 1e-3
    assert replicas["f1, tensorflow's own"] > 1e-3
    np.testing.assert_allclose(replicas["factor of all_reduce"], 1, rtol=1e-10)
    np.testing.assert_allclose(replicas["factor of tensorflow's own"], 2, rtol=1e-10)
    one, other = replicas["values of local"]
    assert abs(one - other) > 1e-2
    assert len(set(replicas["values of all_reduce"])) == 1


@pytest.mark.exhaustive
def test_contexts(replicas):
    assert replicas["no strategy"] == [1, 2, 3, 4]
    assert "cross-replica context; call the loss in a function" in replicas["cross-replica"]


def test_one_replica_needs_no_strategy():
    loss, variables = LOSSES["mcc"], init()
    expected = whole(loss, variables, X, Y)
    assert_same(whole(loss, variables, X, Y, reduce=all_reduce), expected)
    with pytest.raises(TypeError, match=r"`confusion` must be a Confusion or a .*, got list"):
        all_reduce([1.0, 2.0, 3.0, 4.0])
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with (
        strategy.scope(),
        pytest.raises(RuntimeError, match=r"got a cross-replica context; .*strategy\.run"),
    ):
        whole(loss, variables, X, Y, reduce=all_reduce)


# Micro-batches


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("options", ["none", "weights and mask"])
def test_parts_give_the_gradient_of_the_batch(name, options):
    several = name == "macro f1"
    loss, y = LOSSES[name], ONE_HOT if several else Y
    variables = init(CLASSES if several else 1)
    parts, given = split(X, y), {}
    if options != "none":
        draw = np.random.default_rng(2).uniform(size=(ROWS, 1) if several else (ROWS,))
        given = {"sample_weight": tf.constant(draw + 0.5), "where": tf.constant(draw > 0.2)}
        parts = split(X, y, given)
    forward = partial(scores, variables)
    found = value_and_grad_in_parts(loss, forward, variables, parts)
    expected = whole(loss, variables, X, y, **given)
    assert_same(found, expected)
    each = [whole(loss, variables, p[0], p[1], **(p[2] if p[2:] else {}))[1] for p in parts]
    with pytest.raises(AssertionError):  # what plain gradient accumulation gives
        assert_same([sum(g) / len(parts) for g in zip(*each, strict=True)], expected[1], 1e-3)


def test_parts_of_groups():
    loss = ss.as_loss(ss.largest_gap(ss.recall), from_logits=True, num_groups=2)
    variables, groups = init(), {"groups": tf.range(ROWS) % 2}
    forward = partial(scores, variables)
    found = value_and_grad_in_parts(loss, forward, variables, split(X, Y, groups))
    assert_same(found, whole(loss, variables, X, Y, **groups))


@pytest.mark.parametrize("kind", ["data set", "shuffled", "compiled", "in a tf.function"])
def test_parts_of_several_kinds(kind):
    loss, variables = LOSSES["mcc"], init()
    forward, parts = partial(scores, variables), split(X, Y)
    call = value_and_grad_in_parts
    if kind in ("data set", "shuffled"):
        parts = tf.data.Dataset.from_tensor_slices((X, Y))
        parts = (parts.shuffle(ROWS) if kind == "shuffled" else parts).batch(8)
    elif kind == "compiled":
        signature = [tf.TensorSpec((None, FEATURES), tf.float64)]
        forward = tf.function(lambda x: scores(variables, x), input_signature=signature)
    else:
        call = tf.function(call)
    assert_same(call(loss, forward, variables, parts), whole(loss, variables, X, Y))


def test_parts_leave_out_what_they_do_not_depend_on():
    """A variable of no influence has no gradient; rows that are looked up have a dense one."""
    table, other = tf.Variable(np.linspace(-1, 1, ROWS)), tf.Variable(1.0)
    rows = tf.constant(rng.integers(0, ROWS, ROWS))
    parts = split(rows, Y)
    _, (found, nothing) = value_and_grad_in_parts(
        LOSSES["f2"], lambda i: tf.gather(table, i), [table, other], parts
    )
    with tf.GradientTape() as tape:
        value = LOSSES["f2"](Y, tf.gather(table, rows))
    assert_same(found, tf.convert_to_tensor(tape.gradient(value, table)))
    assert nothing is None


def test_parts_with_seeds_among_the_inputs():
    """Stateless dropout, and Keras's layer with its state set to the seed of the part."""
    keras = pytest.importorskip("keras", reason="keras is not installed")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("keras runs on another backend")
    loss, variables = LOSSES["f2"], init()
    layer = keras.layers.Dropout(0.5, dtype="float64")
    layer.build(X.shape)
    seeds = [tf.constant([i, 7], dtype=tf.int64) for i in range(6)]
    parts = [((x, seed), y) for (x, y), seed in zip(split(X, Y), seeds, strict=True)]

    def stateless(inputs):
        x, seed = inputs
        return scores(variables, tf.nn.experimental.stateless_dropout(x, 0.5, seed=seed))

    def by_layer(inputs):
        x, seed = inputs
        layer.seed_generator.state.assign(seed)
        return scores(variables, layer(x, training=True))

    for forward in (stateless, by_layer):
        found = value_and_grad_in_parts(loss, forward, variables, parts)
        with tf.GradientTape() as tape:
            value = loss(Y, tf.concat([forward(inputs) for inputs, _ in parts], axis=0))
        assert_same(found, (value, tape.gradient(value, variables)))
        assert abs(value - whole(loss, variables, X, Y)[0]) > 1e-3


@pytest.mark.parametrize("compiled", [False, True])
def test_parts_that_change_between_passes(compiled):
    variables, parts = init(), split(X, Y)
    call = tf.function(value_and_grad_in_parts) if compiled else value_and_grad_in_parts

    def dropped(x):
        return scores(variables, tf.nn.dropout(x, 0.5))

    with pytest.raises(tf.errors.InvalidArgumentError, match="must give the same in both passes"):
        call(LOSSES["f2"], dropped, variables, parts)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(ROWS, seed=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the same examples each time"):
        value_and_grad_in_parts(
            LOSSES["f2"], partial(scores, variables), variables, data.batch(8, drop_remainder=True)
        )
    with ss.checks(False):
        value_and_grad_in_parts(LOSSES["f2"], dropped, variables, parts)


def test_parts_of_cross_entropy():
    """By its two sums: the last micro-batch is shorter."""
    entropy, variables = partial(ss.cross_entropy, from_logits=True, pos_weight=2.0), init()
    found = value_and_grad_in_parts(entropy, partial(scores, variables), variables, split(X, Y))
    assert_same(found, whole(entropy, variables, X, Y))


def test_parts_that_are_wrong():
    variables, parts = init(), split(X, Y)
    call = partial(value_and_grad_in_parts, LOSSES["f2"], partial(scores, variables), variables)
    with pytest.raises(TypeError, match="`loss` must be what as_loss returned"):
        value_and_grad_in_parts(ss.as_score(ss.f1), partial(scores, variables), variables, parts)
    with pytest.raises(TypeError, match="`parts` is gone through twice, got an iterator"):
        call(iter(parts))
    with pytest.raises(ValueError, match="at least one micro-batch, got none"):
        call([])
    with pytest.raises(TypeError, match=r"`parts` must hold \(inputs, y_true\) or"):
        call([(X,)])
    with pytest.raises(TypeError, match=r"options of a part must be a dict .*got .*Tensor"):
        call([(X, Y, Y)])
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    with pytest.raises(TypeError, match=r"must be a list in a tf.function, got \w+Dataset"):
        tf.function(lambda: call(data))()


# Graphs, saved models, data sets


@pytest.mark.parametrize("shape", [(None,), (None, CLASSES), (None, None)])
@pytest.mark.parametrize("xla", [False, True])
def test_one_trace_for_batches_of_any_length(shape, xla):
    loss = LOSSES["macro f1"] if len(shape) == 2 else LOSSES["mcc"]
    y, z = (ONE_HOT, X @ init(CLASSES)[0]) if len(shape) == 2 else (Y, X[:, 0])
    traces = []

    def value_and_grad(y, z):
        traces.append(1)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = loss(y, z)
        return value, tape.gradient(value, z)

    signature = [tf.TensorSpec(shape, tf.bool), tf.TensorSpec(shape, tf.float64)]
    compiled = tf.function(value_and_grad, input_signature=signature, jit_compile=xla)
    data = tf.data.Dataset.from_tensor_slices((y, z)).batch(32)  # 32 rows and 12
    for batch in data:
        found, expected = compiled(*batch), ss.value_and_grad(loss)(*(a.numpy() for a in batch))
        assert_same(found, expected)
    assert len(traces) == 1


def test_saved_model_with_its_loss(tmp_path):
    """A signature of value and gradient, saved and loaded, for batches of any length."""

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = init()

        @tf.function(
            input_signature=[
                tf.TensorSpec((None, FEATURES), tf.float64, "x"),
                tf.TensorSpec((None,), tf.bool, "y"),
            ]
        )
        def value_and_grad(self, x, y):
            value, (matrix, bias) = whole(LOSSES["f2"], self.weights, x, y)
            return {"value": value, "matrix": matrix, "bias": bias}

    model = Model()
    tf.saved_model.save(model, str(tmp_path), signatures={"train": model.value_and_grad})
    loaded = tf.saved_model.load(str(tmp_path))
    for x, y in split(X, Y, size=32):
        value, (matrix, bias) = whole(LOSSES["f2"], model.weights, x, y)
        expected = {"value": value, "matrix": matrix, "bias": bias}
        assert_same(loaded.signatures["train"](x=x, y=y), expected)
        with tf.GradientTape() as tape:  # the loaded function can be differentiated again
            again = loaded.value_and_grad(x, y)["value"]
        assert_same(tape.gradient(again, loaded.weights), [matrix, bias])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_keras_model_saved_with_a_loss(tmp_path):
    """A Keras model that was compiled with a loss is loaded with it as a custom object."""
    keras = pytest.importorskip("keras", reason="keras is not installed")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("keras runs on another backend")
    loss = LOSSES["f2"]

    def f2_loss(y, z):
        return loss(y, z)

    model = keras.Sequential([keras.layers.Input((FEATURES,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=f2_loss)
    x, y = tf.cast(X, tf.float32), tf.cast(Y, tf.float32)[:, None]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects={"f2_loss": f2_loss})
    expected = model.evaluate(x, y, batch_size=ROWS, verbose=0)
    np.testing.assert_allclose(loaded.evaluate(x, y, batch_size=ROWS, verbose=0), expected)
    np.testing.assert_allclose(expected, loss(y, model(x)), rtol=1e-5)  # float32
