"""What holds on every Keras backend; test_keras.py runs this file once for each."""

from __future__ import annotations

import contextlib
import functools
import warnings

import numpy as np
import pytest

import softset as ss
from softset import metrics
from tests.support import marks
from tests.support.referees import SINGLE, STEPS, labels_and_scores, sklearn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # whatever a framework warns of on import is its own
    import keras

    from softset_backends.keras import CompoundLoss, MetricLoss, MetricScore

# Keras's own, of ops.convert_to_numpy on PyTorch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BACKEND = keras.backend.backend()
F2 = functools.partial(ss.fbeta, beta=2.0)
# One rounding of float64 in each of tens of operations.
DOUBLE = 1e-12
# On PyTorch Keras multiplies matrices, and averages losses, in float32 whatever goes in.
IN_FIT = 1e-6 if BACKEND == "torch" else DOUBLE

if BACKEND == "tensorflow":
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@contextlib.contextmanager
def precision(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    yield dtype
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.fixture(params=["float32", "float64"])
def floatx(request):
    with precision(request.param):
        yield request.param


@pytest.fixture
def double():
    with precision("float64"):
        yield


def tensor(x, dtype=None):
    return keras.ops.convert_to_tensor(x, dtype=dtype or keras.config.floatx())


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def value_and_grad(fn, x):
    """Return a function's value and its gradient by the backend's autodiff."""
    if BACKEND == "torch":
        x = x.detach().clone().requires_grad_(True)
        value = fn(x)
        if not value.requires_grad:  # a hard step has no slope
            return numpy(value), numpy(value * 0 * x)
        value.backward()
        return numpy(value), numpy(x.grad)
    if BACKEND == "jax":
        import jax

        value, gradient = jax.jit(jax.value_and_grad(fn))(x)
        return numpy(value), numpy(gradient)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = fn(x)
    return numpy(value), numpy(tape.gradient(value, x, unconnected_gradients="zero"))


def close(found, expected, tolerance):
    expected = np.asarray(expected)
    scale = max(1e-3, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(numpy(found), expected, rtol=0, atol=tolerance * scale)


def table(n=32, classes=3, seed=0):
    """Return labels, probabilities and weights for a number of classes."""
    y_true, y_prob = labels_and_scores((n, classes), seed=seed)
    return y_true, y_prob, np.random.default_rng(seed).uniform(0.5, 2.0, size=n)


def features(n=40, seed=0, dtype=None):
    """Return features, labels of shape (n,) and weights; some rows have a weight of 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(dtype or keras.config.floatx())
    y = (x[:, 0] + 0.5 * rng.normal(size=n) > 0.4).astype("int64")
    return x, y, rng.integers(0, 4, size=n) / 2.0


def linear(loss, units=1, learning_rate=0.5, **options):
    """Return one dense layer with known weights, compiled with plain gradient descent."""
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(units, "sigmoid")])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=(4, units)), rng.normal(size=units)])
    model.compile(keras.optimizers.SGD(learning_rate), loss=loss, **options)
    return model


def step_in_numpy(loss, x, y, weights=None, learning_rate=0.5):
    """Return the value and `linear`'s weights after a step of gradient descent on all rows."""
    rng = np.random.default_rng(1)
    kernel, bias = rng.normal(size=(4, 1)), rng.normal(size=1)
    p = 1 / (1 + np.exp(-(x @ kernel + bias)[:, 0]))
    value, slope = ss.value_and_grad(loss)(y, p, sample_weight=weights)
    slope = slope * p * (1 - p)
    kernel = kernel - learning_rate * (x.T @ slope)[:, None]
    return value, [kernel, bias - learning_rate * slope.sum()]


def fit(model, x, y, **options):
    options = {"batch_size": len(x), "epochs": 1, "shuffle": False, "verbose": 0} | options
    return model.fit(x, y, **options).history


def same_weights(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        close(one, other, tolerance)


# The loss as a function


STEP_NAMES = ("sigmoid", "straight-through", "hard")
OPTIONS = {
    "f1": (ss.f1, {}),
    "mcc": (ss.matthews_corrcoef, {"threshold": 0.3}),
    "fbeta": (F2, {"threshold": (0.2, 0.5, 0.7)}),
    "macro": (ss.macro(ss.f1), {"axis": 0}),
    "rows": (ss.f1, {"axis": -1}),
    "grid": (ss.f1, {"thresholds": (0.25, 0.5, 0.75)}),
    "area": (ss.auroc, {"thresholds": ss.grid(9)}),
    "error": (ss.error_rate, {"maximize": False}),
} | {f"step-{name}": (ss.f1, {"step": STEPS[name][0]}) for name in STEP_NAMES}


@pytest.mark.parametrize(
    ("floatx", "name"),
    marks.quick_first(
        ("float32", "grid"), ("float32", "f1"), *(("float64", name) for name in OPTIONS)
    ),
    indirect=["floatx"],
)
def test_value_and_gradient_are_those_of_numpy(floatx, name):
    metric, options = OPTIONS[name]
    y_true, y_prob, weights = table()
    y_prob = y_prob.astype(floatx)
    expected = ss.value_and_grad(ss.as_loss(metric, **options))(
        y_true, y_prob, sample_weight=weights[:, None]
    )
    loss = MetricLoss(metric, **options)
    found = value_and_grad(lambda p: loss(tensor(y_true), p, tensor(weights)), tensor(y_prob))
    assert found[0].shape == () and found[0].dtype == found[1].dtype == floatx
    for one, other in zip(found, expected, strict=True):
        close(one, other, SINGLE if floatx == "float32" else DOUBLE)


def test_gradient_for_logits(floatx):
    y_true, y_prob = labels_and_scores()
    logits = np.log(y_prob / (1 - y_prob)).astype(floatx)
    expected = ss.value_and_grad(ss.as_loss(ss.f1, from_logits=True))(y_true, logits)
    loss = MetricLoss(ss.f1, from_logits=True)
    found = value_and_grad(lambda z: loss(tensor(y_true), z), tensor(logits))
    for one, other in zip(found, expected, strict=True):
        close(one, other, SINGLE if floatx == "float32" else DOUBLE)


@pytest.mark.parametrize(
    ("kind", "true", "pred"),
    [(kind, (32,), (32, 1)) for kind in ("bool", "int32", "int64", "uint8", "float64")]
    + [("int64", true, pred) for true, pred in (((32, 1), (32, 1)), ((32, 1), (32,)))],
)
def test_labels_of_every_kind_and_a_last_axis_of_one(kind, true, pred):
    y_true, y_prob = labels_and_scores()
    expected = ss.as_loss(ss.f1)(y_true, y_prob)
    labels = y_true.astype(kind).reshape(true)
    close(MetricLoss(ss.f1)(labels, tensor(y_prob.reshape(pred))), expected, SINGLE)
    score = MetricScore(ss.f1)
    score.update_state(labels, tensor(y_prob.reshape(pred)))
    close(score.result(), ss.as_score(ss.f1)(y_true, y_prob), SINGLE)


def test_labels_of_sequences_take_the_last_axis_of_the_outputs():
    y_true, y_prob = labels_and_scores((6, 5))
    expected = ss.as_loss(ss.macro(ss.f1), axis=0)(y_true, y_prob)
    loss = MetricLoss(ss.macro(ss.f1, axis=0), axis=0)
    close(loss(y_true, tensor(y_prob[..., None])), expected, SINGLE)


@pytest.mark.parametrize("shape", [(32,), (32, 1), (32, 3), (1, 1), ()])
def test_weights_of_rows_and_of_entries(shape):
    y_true, y_prob, _ = table()
    weights = np.random.default_rng(2).uniform(size=shape)
    wide = np.broadcast_to(weights[:, None] if shape == (32,) else weights, (32, 3))
    expected = ss.as_loss(ss.f1)(y_true, y_prob, sample_weight=wide)
    close(MetricLoss(ss.f1)(y_true, tensor(y_prob), weights), expected, SINGLE)


def test_weights_with_one_axis_too_many():
    y_true, y_prob = labels_and_scores()
    weights = np.random.default_rng(2).uniform(size=(32, 1))
    expected = ss.as_loss(ss.f1)(y_true, y_prob, sample_weight=weights[:, 0])
    close(MetricLoss(ss.f1)(y_true, tensor(y_prob), weights), expected, SINGLE)


@pytest.mark.parametrize(
    ("true", "pred", "message"),
    [
        (
            (8, 2),
            (8, 3),
            r"one shape, up to a last axis of length 1, got \(8, 2\) and \(8, 3\); nothing is "
            "broadcast here, give one label for each score$",
        ),
        ((7,), (8, 1), r"`y_true` and `y_pred` must have one shape"),
        ((1,), (8,), r"`y_true` and `y_pred` must have one shape"),
        ((8,), (8, 3), r"got \(8,\) and \(8, 3\); turn class numbers .*one_hot\(y_true, 3\)"),
        ((8, 1), (8, 3), r"turn class numbers .* softset\.one_hot\(y_true\[\.\.\., 0\], 3\)$"),
        ((8,), (8, 2), r"softset\.one_hot\(y_true, 2\), or take y_pred\[\.\.\., 1\]$"),
        (
            (2, 6, 5),
            (2, 4, 6, 5),
            r"turn class numbers .* with softset\.one_hot\(y_true, 4, axis=1\)",
        ),
        ((2, 6, 5, 4), (2, 4, 6, 5), r"keras\.ops\.moveaxis\(y_true, -1, 1\) has the scores' ord"),
    ],
)
def test_shapes_that_do_not_fit_are_errors(true, pred, message):
    with pytest.raises(ValueError, match=message):
        MetricLoss(ss.f1)(np.zeros(true, int), tensor(np.full(pred, 0.5)))
    with pytest.raises(ValueError, match=message):
        MetricScore(ss.f1).update_state(np.zeros(true, int), tensor(np.full(pred, 0.5)))


def test_class_numbers_are_an_error_in_fit():
    x, y, _ = features()
    message = r"turn class numbers into one-vs-rest labels with softset.one_hot\(y_true"
    with pytest.raises(ValueError, match=message):
        fit(linear(MetricLoss(ss.macro(ss.f1), axis=0), units=3), x, y)
    with pytest.raises(ValueError, match=message):
        score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
        fit(linear("sparse_categorical_crossentropy", units=3, metrics=[score]), x, y)


def test_weights_of_another_length_are_an_error():
    with pytest.raises(ValueError, match=r"`sample_weight` must have as many dimensions as y_pred"):
        MetricLoss(ss.f1)(np.zeros(8), tensor(np.full((8, 1), 0.5)), np.ones(7))


def test_weights_of_pixels_for_channels_first_are_an_error_that_names_the_index():
    y_pred = tensor(np.full((2, 4, 6, 5), 0.5))
    message = r"got \(2, 6, 5\) for y_pred of \(2, 4, 6, 5\); pass sample_weight\[:, None\]"
    with pytest.raises(ValueError, match=message):
        MetricLoss(ss.f1)(np.zeros((2, 4, 6, 5)), y_pred, np.ones((2, 6, 5)))
    MetricLoss(ss.f1)(np.zeros((2, 4, 6, 5)), y_pred, np.ones((2, 6, 5))[:, None])


def test_swapped_arguments_and_values_out_of_range_are_errors():
    y_true, y_prob = labels_and_scores(8)
    with pytest.raises(TypeError, match="`y_pred` must hold floating-point scores"):
        MetricLoss(ss.f1)(y_prob, keras.ops.convert_to_tensor(y_true.astype(int)))
    with pytest.raises(ValueError, match="pass from_logits=True"):
        MetricLoss(ss.f1)(y_true, tensor(10 * y_prob))


@pytest.mark.parametrize("dtype", ["bool", "int32", "uint8", "int64"])
def test_a_score_counts_decisions(dtype):
    """As the kernel does: beside labels of such a dtype, and not beside real ones."""
    y_true, y_prob = labels_and_scores(64)
    decisions = y_prob >= 0.5
    score = MetricScore(ss.f1)
    for rows in (slice(0, 40), slice(40, None)):
        score.update_state(y_true[rows], decisions[rows].astype(dtype))
        score.update_state(y_true[rows].astype("int32"), decisions[rows, None].astype(dtype))
    close(score.result(), sklearn.f1_score(y_true, decisions), SINGLE)
    close(sum(score.confusion), 128, SINGLE)
    with pytest.raises(TypeError, match="`y_pred` must hold floating-point scores"):
        score.update_state(y_true.astype(float), decisions.astype(dtype))
    with pytest.raises(TypeError, match="a loss, a curve and a ranking need the scores"):
        MetricLoss(ss.f1)(y_true, decisions.astype(dtype))
    with pytest.raises(ValueError, match="must hold scores, or decisions 0 and 1, got 2"):
        score.update_state([1, 0], np.asarray([1, 2]))


@pytest.mark.parametrize("reduction", ["sum", "none", "sum_over_batch_size"])
def test_there_is_no_reduction(reduction):
    with pytest.raises(TypeError, match="unexpected keyword argument 'reduction'"):
        MetricLoss(ss.f1, reduction=reduction)


def test_wrong_metrics_are_errors_of_the_kernel():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        MetricLoss("f1")
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        MetricScore("f1")
    with pytest.raises(ValueError, match="pass maximize=True or maximize=False"):
        MetricLoss(ss.prevalence)


def test_call_is_the_loss_without_weights():
    y_true, y_prob = labels_and_scores()
    expected = ss.as_loss(ss.f1)(y_true, y_prob)
    close(MetricLoss(ss.f1).call(tensor(y_true), tensor(y_prob)), expected, SINGLE)


def test_half_precision_counts_in_single():
    y_true, y_prob = labels_and_scores(4096)
    coarse = tensor(y_prob, "bfloat16")
    expected = ss.as_loss(ss.f1)(y_true, numpy(keras.ops.cast(coarse, "float32")))
    for dtype in (None, "bfloat16"):
        value = MetricLoss(ss.f1, dtype=dtype)(y_true, coarse)
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        close(value, expected, SINGLE)


GROUPS = np.arange(40) % 3


class WithGroups(keras.Model):
    """A model that takes the groups for its loss from its inputs."""

    def __init__(self, loss):
        super().__init__()
        self.dense = keras.layers.Dense(1, activation="sigmoid")
        self.by_group = loss

    def call(self, inputs):
        return self.dense(inputs["x"])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.by_group(y, y_pred, sample_weight, groups=x["group"])


def test_groups_reach_a_loss_by_hand(double):
    x, y, weights = features()
    plain = ss.as_loss(ss.largest_gap(ss.recall), num_groups=3)
    loss = MetricLoss(ss.largest_gap(ss.recall), num_groups=3)
    p = labels_and_scores(40)[1]
    expected = plain(y, p, sample_weight=weights, groups=GROUPS)
    close(
        loss(y, tensor(p)[:, None], tensor(weights), groups=tensor(GROUPS, "int32")),
        expected,
        DOUBLE,
    )
    with pytest.raises(ValueError, match="`groups` must be given where `num_groups` is"):
        loss(y, tensor(p))
    again = MetricLoss.from_config(loss.get_config())
    assert again.loss == loss.loss == plain

    keras.utils.set_random_seed(0)
    model = WithGroups(loss)
    model.compile(optimizer=keras.optimizers.SGD(0.5))
    inputs = {"x": x, "group": GROUPS}
    model.train_on_batch(inputs, y)  # makes the weights
    first = numpy(model({"x": x}))[:, 0]
    model.reset_metrics()  # Keras 3.12 on JAX tells the mean over batches
    logs = model.train_on_batch(inputs, y, return_dict=True)
    close(logs["loss"], plain(y, first, groups=GROUPS), IN_FIT)
    second = numpy(model({"x": x}))[:, 0]
    gradient = ss.value_and_grad(plain)(y, first, groups=GROUPS)[1] * first * (1 - first)
    moved = np.log(second / (1 - second)) - np.log(first / (1 - first))
    expected = -0.5 * (x @ (x.T @ gradient) + gradient.sum())
    # Of float32 probabilities p, the logits are off by 6e-8 / (p (1 - p)).
    np.testing.assert_allclose(moved, expected, rtol=0, atol=2e-6)


def test_groups_of_a_score(double):
    y_true, p, _ = features()
    y_true, p = labels_and_scores(40)
    score = MetricScore(ss.worst_group(ss.recall), num_groups=3)
    assert score.name == "worst_group_recall"
    for rows in (slice(0, 25), slice(25, 40)):
        score.update_state(y_true[rows], tensor(p[rows]), groups=tensor(GROUPS[rows], "int32"))
    plain = ss.as_score(ss.worst_group(ss.recall), num_groups=3)
    close(score.result(), plain(y_true, p, groups=GROUPS), DOUBLE)
    assert MetricScore.from_config(score.get_config()).score == plain


# The loss in fit


def test_a_step_of_fit_is_that_of_numpy(double):
    x, y, weights = features()
    for given in (None, weights):
        value, expected = step_in_numpy(ss.as_loss(ss.f1), x, y, given)
        model = linear(MetricLoss(ss.f1))
        history = fit(model, x, y, sample_weight=given)
        close(history["loss"][0], value, IN_FIT)
        same_weights(model.get_weights(), expected, IN_FIT)


# Cross-entropy beside a metric; weights of entries reach each of them.
PARTS = (functools.partial(ss.cross_entropy, pos_weight=2.0), ss.as_loss(ss.f1))


def test_a_step_of_a_sum_is_that_of_numpy(double):
    x, y, weights = features()
    for given in (None, weights):
        loss = ss.compound_loss(PARTS, weights=(1.0, 0.5))
        value, expected = step_in_numpy(loss, x, y, given)
        model = linear(CompoundLoss(PARTS, weights=(1.0, 0.5)))
        history = fit(model, x, y, sample_weight=given)
        close(history["loss"][0], value, IN_FIT)
        same_weights(model.get_weights(), expected, IN_FIT)


def test_cross_entropy_first_and_then_the_metric(double):
    """Compiled again with the optimizer that it has: a second epoch with other weights."""
    x, y, _ = features()
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9)
    model = linear(CompoundLoss(PARTS, weights=(1.0, 0.0)))
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        model.compile(optimizer, loss=CompoundLoss(PARTS, weights=weights))
        p = numpy(model(x))[:, 0]
        value = ss.compound_loss(PARTS, weights=weights)(y, p)
        close(fit(model, x, y)["loss"][0], value, IN_FIT)
    assert int(optimizer.iterations) == 2


def test_masks_act_inside_the_sums(double):
    y_true, y_prob, _ = table()
    kept = np.arange(32) % 3 > 0
    loss = CompoundLoss(PARTS, weights=(1.0, 0.5))
    masked = tensor(y_prob)
    keras.src.backend.set_keras_mask(masked, tensor(kept, "bool"))
    expected = ss.compound_loss(PARTS, weights=(1.0, 0.5))(y_true[kept], y_prob[kept])
    close(loss(y_true, masked), expected, DOUBLE)


def test_class_weight_acts_inside_the_counts(double):
    x, y, _ = features()
    value, expected = step_in_numpy(ss.as_loss(ss.accuracy), x, y, np.where(y == 1, 5.0, 0.5))
    model = linear(MetricLoss(ss.accuracy))
    history = fit(model, x, y, class_weight={0: 0.5, 1: 5.0})
    close(history["loss"][0], value, IN_FIT)
    same_weights(model.get_weights(), expected, IN_FIT)


def test_weight_2_is_a_copy_and_weight_0_a_removal(double):
    x, y, _ = features()
    weights = np.arange(len(x)) % 3
    copied = np.repeat(np.arange(len(x)), weights)
    loss = MetricLoss(ss.matthews_corrcoef)
    one, other = linear(loss), linear(loss)
    close(
        fit(one, x, y, sample_weight=weights.astype(float))["loss"],
        fit(other, x[copied], y[copied])["loss"],
        IN_FIT,
    )
    same_weights(one.get_weights(), other.get_weights(), IN_FIT)
    close(
        one.evaluate(x, y, sample_weight=weights.astype(float), batch_size=99, verbose=0),
        other.evaluate(x[copied], y[copied], batch_size=99, verbose=0),
        IN_FIT,
    )


def test_a_plain_function_gets_its_value_multiplied_by_the_weights():
    x, y, _ = features()
    twice = np.full(len(x), 2.0)
    model = linear(ss.as_loss(ss.f1))
    plain = model.evaluate(x, y, batch_size=99, verbose=0)
    close(model.evaluate(x, y, sample_weight=twice, batch_size=99, verbose=0), 2 * plain, SINGLE)
    model = linear(MetricLoss(ss.f1))
    close(model.evaluate(x, y, sample_weight=twice, batch_size=99, verbose=0), plain, SINGLE)


def masked_model(double, layer):
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 6, size=20)
    kept = np.arange(6) < lengths[:, None]
    y = (rng.uniform(size=(20, 6)) < 0.4).astype(float)
    y[~kept] = 7.0  # padding may hold anything
    if layer == "masking":
        x = np.where(kept[..., None], rng.normal(size=(20, 6, 4)), 0.0)
        first = [keras.layers.Input((6, 4)), keras.layers.Masking()]
    else:
        x = np.where(kept, rng.integers(1, 9, size=(20, 6)), 0)
        first = [keras.layers.Input((6,)), keras.layers.Embedding(9, 4, mask_zero=True)]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([*first, keras.layers.Dense(1, "sigmoid")])
    return model, x, y, kept


@pytest.mark.parametrize(
    ("layer", "weighted"), marks.quick_first(("embedding", True), ("masking", False))
)
def test_masks_act_inside_the_counts(double, layer, weighted):
    model, x, y, kept = masked_model(double, layer)
    weights = np.random.default_rng(4).uniform(size=kept.shape) if weighted else None
    scores = [MetricScore(ss.f1)]
    model.compile(keras.optimizers.SGD(0.5), MetricLoss(ss.f1), weighted_metrics=scores)
    y_prob = model.predict(x, verbose=0)[..., 0]
    chosen = None if weights is None else weights[kept]
    expected = [
        form(y[kept], y_prob[kept], sample_weight=chosen)
        for form in (ss.as_loss(ss.f1), ss.as_score(ss.f1))
    ]
    options = {"sample_weight": weights, "batch_size": len(x)}
    close(model.evaluate(x, y, verbose=0, **options), expected, IN_FIT)


def test_a_masked_step_is_that_of_explicit_weights(double):
    model, x, y, kept = masked_model(double, "masking")
    plain = keras.Sequential([keras.layers.Input((6, 4)), keras.layers.Dense(1, "sigmoid")])
    plain.set_weights(model.get_weights())
    for one in (model, plain):
        one.compile(keras.optimizers.SGD(0.5), MetricLoss(ss.f1))
    fit(model, x, y)
    fit(plain, x, np.where(kept, y, 0.0), sample_weight=kept.astype(float))
    same_weights(model.get_weights(), plain.get_weights(), IN_FIT)


def test_the_logged_loss_is_a_mean_over_batches_and_the_score_is_not(double):
    x, y, weights = features(n=41)
    score = MetricScore(ss.f1)
    model = linear(MetricLoss(ss.f1), learning_rate=0.0, weighted_metrics=[score])
    history = fit(
        model, x, y, batch_size=16, sample_weight=weights, validation_data=(x, y, weights)
    )
    p = model.predict(x, verbose=0)[:, 0]
    batches = [slice(0, 16), slice(16, 32), slice(32, 41)]
    losses = [ss.as_loss(ss.f1)(y[b], p[b], sample_weight=weights[b]) for b in batches]
    mean = np.average(losses, weights=[16, 16, 9])
    close([history["loss"][0], history["val_loss"][0]], [mean, mean], IN_FIT)
    expected = sklearn.f1_score(y, p >= 0.5, sample_weight=weights)
    close([history["f1"][0], history["val_f1"][0]], [expected, expected], IN_FIT)


def test_train_on_batch(double):
    x, y, weights = features()
    value, expected = step_in_numpy(ss.as_loss(ss.f1), x, y, weights)
    model = linear(MetricLoss(ss.f1), weighted_metrics=[MetricScore(ss.f1)])
    close(model.train_on_batch(x, y, sample_weight=weights)[0], value, IN_FIT)
    same_weights(model.get_weights(), expected, IN_FIT)


def test_two_outputs_with_a_loss_each(double):
    x, y, _ = features()
    other = 1 - y[::-1]
    inputs = keras.layers.Input((4,))
    outputs = {
        "a": keras.layers.Dense(1, "sigmoid", name="a")(inputs),
        "b": keras.layers.Dense(1, "sigmoid", name="b")(inputs),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.5),
        loss={"a": MetricLoss(ss.f1), "b": MetricLoss(ss.accuracy, threshold=0.3)},
        loss_weights={"a": 0.25, "b": 2.0},
        metrics={"a": [MetricScore(ss.f1)], "b": [MetricScore(ss.accuracy)]},
    )
    p = {name: q[:, 0] for name, q in model.predict(x, verbose=0).items()}
    history = fit(model, x, {"a": y, "b": other})
    a = ss.as_loss(ss.f1)(y, p["a"])
    b = ss.as_loss(ss.accuracy, threshold=0.3)(other, p["b"])
    close(history["loss"], [0.25 * a + 2.0 * b], IN_FIT)
    close([history["a_loss"][0], history["b_loss"][0]], [a, b], IN_FIT)
    close(history["a_f1"], [sklearn.f1_score(y, p["a"] >= 0.5)], IN_FIT)
    close(history["b_accuracy"], [np.mean(other == (p["b"] >= 0.5))], IN_FIT)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # torch.compile warns of what Keras's train step does
def test_compiled_and_eager_fit_are_the_plain_one(double, monkeypatch):
    if BACKEND == "torch":
        import torch

        # Keras asks for inductor, which takes a minute; the traced program is the same.
        compiler = functools.partial(torch.compile, backend="aot_eager")
        monkeypatch.setattr(torch, "compile", compiler)
    x, y, weights = features(n=41)
    results = []
    for jit_compile, run_eagerly in ((False, False), (True, False), (False, True)):
        score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
        model = linear(
            MetricLoss(ss.f1),
            metrics=[score],
            jit_compile=jit_compile,
            run_eagerly=run_eagerly,
        )
        assert (model.jit_compile, model.run_eagerly) == (jit_compile, run_eagerly)
        history = fit(model, x, y, sample_weight=weights, batch_size=32)
        results.append([*model.get_weights(), history["macro_f1"]])
    same_weights(results[1], results[0], IN_FIT)
    same_weights(results[2], results[0], IN_FIT)


def test_a_model_that_puts_out_nan_reports_nan():
    """Where values can be seen it is an error; compiled code passes it on."""
    scores = {
        "specificity": MetricScore(ss.specificity),
        "accuracy": MetricScore(ss.accuracy),
        "area": MetricScore(ss.auroc, thresholds=(0.25, 0.5, 0.75), name="area"),
    }
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("sigmoid")])
    model.compile(loss=MetricLoss(ss.f1), metrics=list(scores.values()))
    x, y = np.asarray([[1.0], [np.nan], [2.0], [-1.0]]), np.asarray([[1.0], [0.0], [1.0], [0.0]])
    if BACKEND == "torch":
        with pytest.raises(ValueError, match=r"`y_pred` must hold probabilities .* got nan"):
            model.evaluate(x, y, batch_size=2, verbose=0)
        return
    found = model.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)
    assert all(np.isnan(found[name]) for name in scores)


@pytest.mark.parametrize("policy", marks.quick_first("mixed_bfloat16", "mixed_float16"))
def test_mixed_precision(policy):
    x, y, _ = features(n=64)
    keras.config.set_dtype_policy(policy)
    try:
        model = linear(MetricLoss(ss.f1), metrics=[MetricScore(ss.f1)])
        half = model(x)
        assert keras.backend.standardize_dtype(half.dtype) == policy.removeprefix("mixed_")
        p = numpy(keras.ops.cast(half, "float32"))[:, 0]
        history = fit(model, x, y)
        # A score at the threshold's rounding may fall on either side in compiled code.
        close(history["loss"], [ss.as_loss(ss.f1)(y, p)], 1e-2)
        history = fit(model, x, y, epochs=30)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.weights[0].dtype == "float32"
    assert history["f1"][-1] > history["f1"][0]


@contextlib.contextmanager
def two_devices():
    if BACKEND == "tensorflow":
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        assert strategy.num_replicas_in_sync == 2
        with strategy.scope():
            yield
        return
    devices = keras.distribution.DataParallel(devices=["cpu:0", "cpu:1"])
    keras.distribution.set_distribution(devices)
    try:
        yield
    finally:
        keras.distribution.set_distribution(None)


@pytest.mark.exhaustive
@pytest.mark.skipif(BACKEND == "torch", reason="Keras has no distribution on PyTorch")
def test_replicas_count_together(double):
    results = []
    # On TensorFlow the last batch is one row: one of the two replicas gets none.
    n = 21 if BACKEND == "tensorflow" else 20
    x, y, weights = features(n)
    for scope in (contextlib.nullcontext(), two_devices()):
        with scope:
            score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
            model = linear(MetricLoss(ss.f1), weighted_metrics=[score])
            # Float labels: TensorFlow cannot split boolean ones.
            history = fit(model, x, y.astype(float), sample_weight=weights, batch_size=10, epochs=2)
        results.append([*model.get_weights(), history["loss"], history["macro_f1"]])
    same_weights(*results, 1e-10)  # the sums of two halves


# The score


def test_score_of_batches_is_that_of_all_data(double):
    y_true, y_prob, weights = table(n=50)
    cases = {
        "f1": (ss.f1, {}, {"average": "micro"}),
        "macro_f1": (ss.macro(ss.f1), {"axis": 0, "threshold": 0.5}, {"average": "macro"}),
        "weighted_f1": (ss.weighted(ss.f1), {"axis": 0, "threshold": 0.5}, {"average": "weighted"}),
    }
    for name, (metric, options, average) in cases.items():
        score = MetricScore(metric, **options)
        assert score.name == name
        for rows in (slice(0, 30), slice(30, 50)):
            score.update_state(y_true[rows], tensor(y_prob[rows]), weights[rows])
        expected = sklearn.f1_score(y_true, y_prob >= 0.5, sample_weight=weights, **average)
        close(score.result(), expected, DOUBLE)
        score.reset_state()
        score.update_state(y_true, tensor(y_prob))
        close(score.result(), sklearn.f1_score(y_true, y_prob >= 0.5, **average), DOUBLE)


def test_counts_of_a_score_are_public(double):
    y_true, y_prob, weights = table(n=50)
    score = MetricScore(ss.f1, threshold=0.5, axis=0)
    with pytest.raises(ValueError, match="not known before the first batch"):
        _ = score.confusion
    for rows in (slice(0, 30), slice(30, 30), slice(30, 50)):  # one without rows
        score.update_state(y_true[rows], tensor(y_prob[rows]), weights[rows])
    assert isinstance(score.confusion, ss.Confusion)
    expected = sklearn.f1_score(y_true, y_prob >= 0.5, sample_weight=weights, average=None)
    close(ss.f1(score.confusion), expected, DOUBLE)
    x, y, _ = features()
    score = MetricScore(ss.f1)
    model = linear(MetricLoss(ss.f1), metrics=[score])
    p = model.predict(x, verbose=0)[:, 0]
    model.evaluate(x, y, batch_size=16, verbose=0)
    expected = ss.confusion(y, p, step=ss.Hard())
    close([float(count) for count in score.confusion], expected, DOUBLE)


def test_score_warns_of_an_area_that_its_grid_cannot_tell():
    y_true, y_prob, _ = table(n=50)
    score = MetricScore(ss.auroc, thresholds=ss.grid(9), axis=0)
    score.update_state(y_true, tensor(y_prob / 20))
    with pytest.warns(UserWarning, match=r"label 0 below 0\.1 \(and those of 2 labels more some"):
        score.result()


def test_score_over_a_grid_of_thresholds(double):
    y_true, y_prob = labels_and_scores(64)
    grid = (0.2, 0.5, 0.8)
    score = MetricScore(F2, thresholds=grid)
    for rows in (slice(0, 30), slice(30, 64)):
        score.update_state(y_true[rows], tensor(y_prob[rows]))
    expected = np.mean([sklearn.fbeta_score(y_true, y_prob >= t, beta=2.0) for t in grid])
    close(score.result(), expected, DOUBLE)


def test_areas_take_a_grid_or_the_scores_of_each_example(double):
    rng = np.random.default_rng(5)
    y_true, y_prob = rng.uniform(size=(60, 4)) < 0.4, rng.uniform(size=(60, 4)) / 150
    for axis in (None, 0, (0, 1)):
        with pytest.raises(ValueError, match=r"`thresholds` must be given .* Keras keeps sums"):
            MetricScore(ss.auroc, axis=axis)
    with pytest.raises(ValueError, match="`axis` must leave the batch out for an area"):
        MetricScore(ss.auroc, axis=-2).update_state(y_true, tensor(y_prob))
    score = MetricScore(ss.auroc, thresholds=ss.grid(199, log_odds=14.0), axis=0)
    each = MetricScore(ss.auroc, axis=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`metric` auroc is undefined for row")
        for rows in np.split(np.arange(60), 3):
            score.update_state(y_true[rows], tensor(y_prob[rows]))
            each.update_state(y_true[rows], tensor(y_prob[rows]))
    expected = [sklearn.roc_auc_score(y_true[:, i], y_prob[:, i]) for i in range(4)]
    close(score.values(), expected, 0.05)
    whole = ss.as_score(ss.auroc, thresholds=ss.grid(199, log_odds=14.0), axis=0)
    close(score.values(), whole.values(y_true, y_prob), DOUBLE)
    seen = np.any(y_true, 1) & ~np.all(y_true, 1)
    assert not seen.all()
    pairs = zip(y_true[seen], y_prob[seen], strict=True)
    close(each.result(), np.mean([sklearn.roc_auc_score(y, p) for y, p in pairs]), 1e-6)


def test_samples_and_the_k_best_are_scikit_learns(double):
    rng = np.random.default_rng(6)
    y_true, y_prob = rng.uniform(size=(60, 5)) < 0.4, rng.uniform(size=(60, 5))
    weights, numbers = rng.uniform(size=60), rng.integers(5, size=60)
    score = MetricScore(ss.samples(ss.f1), threshold=0.5, axis=1)
    best = MetricScore(ss.micro(ss.recall), step=ss.TopK(2), axis=0)
    for first, second in (
        (score, best),
        (type(x).from_config(x.get_config()) for x in (score, best)),
    ):
        for rows in np.split(np.arange(60), (25, 57)):
            first.update_state(y_true[rows], tensor(y_prob[rows]), tensor(weights[rows]))
            second.update_state(np.eye(5)[numbers[rows]], tensor(y_prob[rows]))
        expected = sklearn.f1_score(
            y_true, y_prob >= 0.5, average="samples", sample_weight=weights, zero_division=0
        )
        close(first.result(), expected, 1e-6)
        close(second.result(), sklearn.top_k_accuracy_score(numbers, y_prob, k=2), 1e-6)


def test_names_of_scores():
    assert MetricScore(F2).name == "fbeta"
    assert MetricScore(ss.micro(ss.macro(F2, axis=0)), threshold=0.5).name == "micro_macro_fbeta"
    assert MetricScore(ss.f1, name="mine").name == "mine"
    assert MetricScore(lambda c: c.tp).name.startswith("metric_score")


def test_an_empty_score_is_what_the_metric_says():
    assert float(MetricScore(ss.f1).result()) == 0.0


def test_counts_of_unknown_shape():
    score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    assert score.variables == []
    score.reset_state()
    with pytest.raises(ValueError, match="shape of the counts is not known before the first batch"):
        score.result()
    y_true, y_prob, _ = table()
    with pytest.raises(ValueError, match="call update_state once"):
        score.stateless_update_state([], y_true, tensor(y_prob))
    score.update_state(y_true, tensor(y_prob))
    assert [tuple(v.shape) for v in score.variables] == [(4, 3), (4, 3)]
    with pytest.raises(ValueError, match=r"counts of one shape, got \(2,\) after \(3,\)"):
        score.update_state(y_true[:, :2], tensor(y_prob[:, :2]))


@pytest.mark.parametrize("axis", [(1, 2), (-2, -1)])
def test_mean_over_the_examples_of_a_stream(axis):
    """Of images in uneven batches; against scikit-learn, image by image."""
    rng = np.random.default_rng(2)
    y_true, y_prob = rng.uniform(size=(5, 8, 8)) < 0.4, rng.uniform(size=(5, 8, 8))
    score = MetricScore(ss.f1, axis=axis, dtype="float64")
    for rows in np.split(np.arange(5), (2, 4)):
        score.update_state(y_true[rows], tensor(y_prob[rows]))
    each = [
        sklearn.f1_score(y.ravel(), p.ravel() >= 0.5) for y, p in zip(y_true, y_prob, strict=True)
    ]
    close(score.result(), np.mean(each), 1e-12)
    score.update_state(y_true[:0], tensor(y_prob[:0]))  # as a replica's share may be
    close(score.result(), np.mean(each), 1e-12)
    with pytest.raises(ValueError, match="`axis` leaves the batch out, got"):
        _ = score.confusion
    with pytest.raises(ValueError, match="`axis` must leave a class axis beside the batch's"):
        MetricScore(ss.macro(ss.f1), threshold=0.5, axis=(1, 2)).update_state(
            y_true, tensor(y_prob)
        )
    again = MetricScore.from_config(score.get_config())
    again.update_state(y_true, tensor(y_prob))
    close(again.result(), np.mean(each), 1e-12)


def test_classes_of_which_one_is_true():
    """A score decides as scikit-learn's numbers do, also when it comes from a file."""
    rng = np.random.default_rng(3)
    logits, numbers = rng.normal(size=(90, 4)), rng.integers(0, 4, 90)
    labels = np.eye(4)[numbers]
    score = MetricScore(ss.macro(ss.f1), step=ss.ArgMax(), axis=0, from_logits=True)
    expected = sklearn.f1_score(numbers, logits.argmax(1), average="macro")
    for one in (score, MetricScore.from_config(score.get_config())):
        for rows in np.split(np.arange(90), 3):
            one.update_state(labels[rows], tensor(logits[rows]))
        close(one.result(), expected, 1e-6)
    loss = MetricLoss(ss.macro(ss.f1), step=ss.Softmax(sharpness=2.0), axis=0, from_logits=True)
    again = MetricLoss.from_config(loss.get_config())
    assert float(loss(labels, tensor(logits))) == float(again(labels, tensor(logits)))


def test_counts_do_not_stand_still():
    """In float32 a count of 2**24 plus 1 is 2**24."""
    assert np.float32(2**24) + np.float32(1) == 2**24
    score = MetricScore(ss.recall)
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Identity()])
    model.compile(loss=MetricLoss(ss.recall), weighted_metrics=[score])
    # Half as many positives are missed as there are found, and then 1000 of 1.1 found.
    x = np.r_[0.1, 0.9, np.full(1000, 0.9)].astype("float32")[:, None]
    weights = np.r_[2.0**24, 2.0**25, np.full(1000, 1.1)]
    found = model.evaluate(x, np.ones(len(x)), sample_weight=weights, batch_size=1, verbose=0)
    tp = 2.0**25 + 1000 * float(np.float32(1.1))
    # One rounding of each count when they are read: a sum that stands still is off by 7e-6.
    assert abs(np.ravel(found)[-1] - tp / (tp + 2.0**24)) < 2e-7
    high, low = (numpy(v).astype("float64") for v in score.variables)
    assert str(score.variables[0].dtype) == "float32"
    close((high + low)[0], tp, 1e-11)


def test_score_without_state_in_compiled_code(double):
    """What a training loop on JAX does; the other backends can do it too."""
    y_true, y_prob, weights = table(n=50)
    score = MetricScore(ss.f1)

    def update(state, *batch):
        return score.stateless_update_state(state, *batch)

    if BACKEND == "jax":
        import jax

        update = jax.jit(update)
    elif BACKEND == "tensorflow":
        update = tf.function(update, jit_compile=True)
    state = [v.value for v in score.variables]
    for rows in (slice(0, 25), slice(25, 50)):
        state = update(state, *(tensor(a[rows]) for a in (y_true, y_prob, weights)))
    expected = sklearn.f1_score(y_true, y_prob >= 0.5, sample_weight=weights, average="micro")
    close(score.stateless_result(state), expected, DOUBLE)
    assert float(score.result()) == 0.0


@pytest.mark.parametrize("metric", [ss.f1, ss.error_rate])
def test_early_stopping_follows_the_score(metric):
    """Without being told which direction is better."""
    x, y, _ = features()
    name = f"val_{metric.__name__}"
    stop = keras.callbacks.EarlyStopping(name, patience=2, restore_best_weights=True)
    model = linear(MetricLoss(ss.f1), learning_rate=0.0, metrics=[MetricScore(metric)])
    history = fit(model, x, y, epochs=9, validation_data=(x, y), callbacks=[stop])
    assert len(history[name]) == 3
    larger = metric is ss.f1
    assert stop.monitor_op is (keras.ops.greater if larger else keras.ops.less)
    assert MetricScore(metric)._direction == ("up" if larger else "down")


def test_a_metric_without_a_direction_asks_for_a_mode():
    x, y, _ = features()
    model = linear(MetricLoss(ss.f1), metrics=[MetricScore(ss.prevalence)])
    stop = keras.callbacks.EarlyStopping("val_prevalence")
    with pytest.raises(ValueError, match="Pass `mode='max'`"):
        fit(model, x, y, epochs=1, validation_data=(x, y), callbacks=[stop])


def test_values_are_those_of_each_class_and_threshold(double):
    y_true, y_prob = labels_and_scores((90, 3), seed=4)
    score = MetricScore(ss.macro(F2), threshold=0.5, axis=0)
    grid = MetricScore(ss.f1, thresholds=(0.2, 0.5, 0.8))
    for rows in np.split(np.arange(90), (50, 83)):
        score.update_state(y_true[rows], tensor(y_prob[rows]))
        grid.update_state(y_true[rows, 0], tensor(y_prob[rows, 0]))
    expected = sklearn.fbeta_score(y_true, y_prob >= 0.5, beta=2.0, average=None)
    close(score.values(), expected, DOUBLE)
    close(numpy(score.values()).mean(), score.result(), DOUBLE)
    each = [sklearn.f1_score(y_true[:, 0], y_prob[:, 0] >= t) for t in (0.2, 0.5, 0.8)]
    close(grid.values(), each, DOUBLE)
    with pytest.raises(ValueError, match="`axis` leaves the batch out, got"):
        mean = MetricScore(ss.f1, axis=1)
        mean.update_state(y_true, tensor(y_prob))
        mean.values()


def test_scores_of_several_streams_merge(double):
    y_true, y_prob = labels_and_scores((90, 3), seed=4)
    for axis, metric in ((0, ss.macro(ss.f1)), (1, ss.f1), (None, ss.f1)):
        parts = [MetricScore(metric, threshold=0.5, axis=axis) for _ in range(4)]
        for part, rows in zip(parts[1:], np.split(np.arange(90), (50, 83)), strict=True):
            part.update_state(y_true[rows], tensor(y_prob[rows]))
        parts[0].merge_state(parts[1:])
        expected = ss.as_score(metric, threshold=0.5, axis=axis)(y_true, y_prob)
        close(parts[0].result(), expected, DOUBLE)
    same = MetricScore(ss.recall)
    same.merge_state([parts[0]])
    close(same.result(), ss.as_score(ss.recall)(y_true, y_prob), DOUBLE)
    for other in (MetricScore(ss.f1, threshold=0.3), MetricScore(ss.f1, axis=0), 3):
        with pytest.raises(ValueError, match="`metrics` must hold MetricScores with the options"):
            parts[0].merge_state([other])
    wide = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    wide.update_state(y_true[:, :2], tensor(y_prob[:, :2]))
    full = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    full.update_state(y_true, tensor(y_prob))
    with pytest.raises(
        ValueError, match=r"`metrics` must .* counts of one shape, got \(2,\) after"
    ):
        full.merge_state([wide])


# Files


@keras.saving.register_keras_serializable("checks")
def registered_metric(c):
    return c.tp / (c.tp + c.fp + c.fn + 1)


def unregistered_metric(c):
    return c.tp / (c.tp + c.fp + c.fn + 2)


@keras.saving.register_keras_serializable("checks")
def registered_step(y_prob, threshold):
    return y_prob


def through_json(thing):
    """Return what Keras makes of a loss's or a metric's config in a file."""
    import json

    config = json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))
    return keras.saving.deserialize_keras_object(config)


METRICS = {name: getattr(metrics, name) for name in metrics.__all__ if name != "larger_is_better"}
METRICS |= {
    "partial": F2,
    "macro": ss.macro(ss.f1),
    "micro": ss.micro(F2, axis=0),
    "weighted": ss.weighted(functools.partial(ss.tversky, alpha=0.3, beta=0.7)),
    "focal": ss.macro(ss.focal(ss.f1, power=0.75)),
    "registered": registered_metric,
    "partial of registered": functools.partial(registered_metric),
}


@pytest.mark.parametrize("name", METRICS)
def test_metric_comes_back(name):
    loss = MetricLoss(METRICS[name], maximize=True)
    assert through_json(loss).loss == loss.loss
    score = MetricScore(METRICS[name], threshold=0.5, axis=0)
    assert through_json(score).score == score.score
    assert through_json(score).name == score.name


@pytest.mark.parametrize(
    "step",
    [*(step for step, _ in STEPS.values()), ss.StraightThrough(ss.Ramp(0.2)), registered_step],
    ids=repr,
)
def test_step_comes_back(step):
    loss = MetricLoss(ss.f1, step=step)
    assert through_json(loss).loss == loss.loss


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0.3},
        {"threshold": (0.2, 0.4, 0.6), "axis": 0},
        {"thresholds": (0.25, 0.75)},
        {"axis": (0, 1), "from_logits": True},
    ],
    ids=repr,
)
def test_options_come_back(options):
    loss = MetricLoss(ss.f1, maximize=False, name="mine", dtype="float64", **options)
    again = through_json(loss)
    assert again.loss == loss.loss
    assert (again.name, again.dtype) == ("mine", "float64")
    assert through_json(MetricScore(ss.f1, **options)).score == ss.as_score(ss.f1, **options)


def test_thresholds_in_a_tensor_come_back():
    y_true, y_prob, _ = table()
    loss = MetricLoss(ss.f1, threshold=tensor([0.2, 0.4, 0.6]))
    same = MetricLoss(ss.f1, threshold=(0.2, 0.4, 0.6))
    close(through_json(loss)(y_true, tensor(y_prob)), same(y_true, tensor(y_prob)), SINGLE)


def test_sums_come_back():
    cells = ss.Confusion(tp=1.0, fp=2.0, fn=5.0, tn=0.5)
    losses = (
        functools.partial(ss.cross_entropy, cell_weight=cells, label_smoothing=0.1),
        ss.as_loss(ss.macro(F2), axis=0, step=ss.Sigmoid(5.0), threshold=(0.2, 0.5)),
        functools.partial(ss.pairwise_loss, surrogate=ss.Logistic(scale=2.0)),
        ss.compound_loss((functools.partial(ss.cross_entropy, class_axis=1),), weights=(3,)),
    )
    loss = CompoundLoss(losses, weights=(1, 0.5, 0.2, 2.0), name="mine", dtype="float64")
    again = through_json(loss)
    assert again.loss == loss.loss
    assert (again.name, again.dtype) == ("mine", "float64")


def test_unregistered_metric_needs_custom_objects():
    config = keras.saving.serialize_keras_object(MetricLoss(unregistered_metric))
    message = r"(?s)Could not locate function 'unregistered_metric'.*register_keras_serializable"
    with pytest.raises(TypeError, match=message):
        keras.saving.deserialize_keras_object(config)
    known = {"unregistered_metric": unregistered_metric}
    again = keras.saving.deserialize_keras_object(config, custom_objects=known)
    assert again.loss.metric is unregistered_metric


def test_compiled_model_comes_back_from_a_file(tmp_path):
    x, y, _ = features()
    scores = [
        MetricScore(F2, threshold=0.3),
        MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0),
    ]
    model = linear(MetricLoss(F2, step=ss.Sigmoid(5.0), threshold=0.3), metrics=scores)
    fit(model, x, y)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.loss == model.loss.loss
    numbers = model.evaluate(x, y, verbose=0, return_dict=True)
    assert sorted(numbers) == ["fbeta", "loss", "macro_f1"]
    assert again.evaluate(x, y, verbose=0, return_dict=True) == numbers


# Tables of classes

KAPPA = functools.partial(ss.multiclass_cohen_kappa, weights="quadratic")


def classes(n=40, number=3):
    rng = np.random.default_rng(4)
    y = rng.integers(0, number, n)
    return rng.normal(size=(n, number)) + np.eye(number)[y], y, rng.uniform(0.5, 2, n)


@pytest.mark.parametrize("last", [False, True])
def test_loss_of_a_table_is_that_of_numpy(double, last):
    z, y, w = classes()
    loss, own = MetricLoss(KAPPA, from_logits=True), ss.as_loss(KAPPA, from_logits=True)
    labels = tensor(y[:, None] if last else y, "int32")
    value, gradient = value_and_grad(lambda p: loss(labels, p, tensor(w)), tensor(z))
    expected = ss.value_and_grad(own)(y, z, sample_weight=w)
    close(value, expected[0], DOUBLE)
    close(gradient, expected[1], DOUBLE)


def test_a_model_is_fitted_and_scored_by_a_table(double):
    z, y, w = classes()
    score = MetricScore(KAPPA, from_logits=True)
    assert score.name == "multiclass_cohen_kappa"
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(
        optimizer=keras.optimizers.SGD(0.5),
        loss=MetricLoss(KAPPA, from_logits=True),
        weighted_metrics=[score],
    )
    history = model.fit(z, y, sample_weight=w, batch_size=16, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    found = model.evaluate(z, y, sample_weight=w, batch_size=16, verbose=0, return_dict=True)
    best = numpy(model(z)).argmax(1)
    expected = sklearn.cohen_kappa_score(y, best, weights="quadratic", sample_weight=w)
    np.testing.assert_allclose(found["multiclass_cohen_kappa"], expected, rtol=1e-6)
    assert isinstance(score.confusion, ss.ConfusionTable)
    table = sklearn.confusion_matrix(y, best, sample_weight=w)
    np.testing.assert_allclose(numpy(score.confusion.counts), table, rtol=1e-6)


@pytest.mark.parametrize("name", ["kappa", "cost", "one against the rest"])
def test_metrics_of_a_table_come_back(name):
    cost = functools.partial(ss.multiclass_expected_cost, cost=((0.0, 1.0), (5.0, 0.0)))
    rest = ss.one_vs_rest(ss.macro(ss.f1))
    metric = {"kappa": KAPPA, "cost": cost, "one against the rest": rest}[name]
    for kind in (MetricLoss, MetricScore):
        thing = kind(metric, step=ss.ArgMax())
        again = through_json(thing)
        assert getattr(again, "loss", None) == getattr(thing, "loss", None)
        assert getattr(again, "score", None) == getattr(thing, "score", None)
    assert MetricScore(rest).name == "one_vs_rest_macro_f1"
