"""TensorFlow: GradientTape, tf.function with and without XLA, and a Keras optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow

# The stubs know few of TensorFlow's functions.
tf: Any = tensorflow

MODES = ("eager", "function", "xla")


def asarray(x: Any, dtype: str | None = None) -> Any:
    """Return data as a tensor; dtype by name, such as "float32"."""
    return tf.convert_to_tensor(x) if dtype is None else tf.cast(tf.convert_to_tensor(x), dtype)


def to_numpy(x: Any) -> Any:
    """Return a tensor as a NumPy array."""
    return x.numpy()


def double_precision() -> AbstractContextManager[Any]:
    """Return an empty context: TensorFlow always has float64."""
    return nullcontext()


def device() -> str:
    """Return "gpu" or "cpu"."""
    return "gpu" if tf.config.list_physical_devices("GPU") else "cpu"


def compile(fn: Callable[..., Any], mode: str = "function") -> Callable[..., Any]:
    """Return the function as it is, by tf.function for arrays of any length, or by XLA."""
    if mode not in MODES:
        raise ValueError(f"`mode` must be one of {', '.join(MODES)}, got {mode!r}")
    if mode == "eager":
        return fn
    if mode == "xla":
        return tf.function(fn, jit_compile=True, autograph=False)
    traced: dict[Any, Any] = {}

    def call(*arrays: Any) -> Any:
        key = tuple((len(x.shape), x.dtype.name) for x in arrays)
        if key not in traced:
            signature = [tf.TensorSpec([None] * len(x.shape), x.dtype) for x in arrays]
            traced[key] = tf.function(fn, input_signature=signature, autograph=False)
        return traced[key](*arrays)

    return call


def value_and_grad(
    fn: Callable[..., Any], *, argnum: int = 1, mode: str = "eager"
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient, by GradientTape."""

    # One value's gradient: a graph with the gradients of all values would be as many times larger.
    def of_value(i: Any, *arrays: Any) -> tuple[Any, Any]:
        x = arrays[argnum]
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = fn(*arrays)
        seed = tf.ones_like(value)
        if len(value.shape):
            seed = tf.one_hot(i, tf.size(value), dtype=value.dtype)
        return value, tape.gradient(value, x, output_gradients=seed, unconnected_gradients="zero")

    compiled = compile(of_value, mode)

    def call(*arrays: Any) -> tuple[Any, Any]:
        value, gradient = compiled(tf.constant(0), *arrays)
        if not len(value.shape):
            return value, gradient
        others = [compiled(tf.constant(i), *arrays)[1] for i in range(1, len(value))]
        return value, tf.stack([gradient, *others])

    return call


def synchronize(x: Any) -> None:
    """Wait until x has been computed."""
    x.numpy()


def fit_mlp(
    loss: Callable[..., Any],
    weights: Sequence[Any],
    features: Any,
    labels: Any,
    batches: Iterable[Any],
    *,
    learning_rate: float,
    momentum: float,
    on_step: Callable[[float], None],
) -> list[Any]:
    """Train a ReLU network on logits with keras.optimizers.SGD in a GradientTape.

    The arguments are as for NumPy.
    """
    inputs, targets = tf.constant(features), tf.constant(labels)
    variables = [tf.Variable(w) for w in weights]
    optimizer = tf.keras.optimizers.SGD(learning_rate=learning_rate, momentum=momentum)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(rows: Any) -> Any:
        with tf.GradientTape() as tape:
            hidden = tf.gather(inputs, rows)
            for matrix, bias in zip(variables[0:-2:2], variables[1:-2:2], strict=True):
                hidden = tf.nn.relu(hidden @ matrix + bias)
            logits = (hidden @ variables[-2] + variables[-1])[:, 0]
            value = loss(tf.gather(targets, rows), logits)
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    for rows in batches:
        on_step(float(step(tf.convert_to_tensor(rows))))
    return [v.numpy() for v in variables]
