"""JAX: jax.value_and_grad, jax.jit, and a plain optax loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

MODES = ("eager", "jit")


def asarray(x: Any, dtype: str | None = None) -> Any:
    """Return data as a JAX array; dtype by name, such as "float32"."""
    return jnp.asarray(x, dtype=dtype)


def to_numpy(x: Any) -> Any:
    """Return a JAX array as a NumPy array."""
    return np.asarray(x)


def double_precision() -> AbstractContextManager[Any]:
    """Return a context in which arrays may be float64."""
    enable: Any = getattr(jax, "enable_x64", None)
    if enable is None:  # before JAX 0.8
        enable = import_module("jax.experimental").enable_x64
    return enable(True)


def device() -> str:
    """Return the platform that JAX computes on, such as "cpu" or "gpu"."""
    return jax.default_backend()


def compile(fn: Callable[..., Any], mode: str = "jit") -> Callable[..., Any]:
    """Return the function as it is, or by jax.jit."""
    if mode not in MODES:
        raise ValueError(f"`mode` must be one of {', '.join(MODES)}, got {mode!r}")
    return fn if mode == "eager" else jax.jit(fn)


def value_and_grad(
    fn: Callable[..., Any], *, argnum: int = 1, mode: str = "eager"
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient, by jax.vjp."""

    def call(*arrays: Any) -> tuple[Any, Any]:
        def of_argument(x: Any) -> Any:
            return fn(*arrays[:argnum], x, *arrays[argnum + 1 :])

        value, pull = jax.vjp(of_argument, arrays[argnum])
        if not value.ndim:
            return value, pull(jnp.ones_like(value))[0]
        return value, jax.vmap(pull)(jnp.eye(value.size, dtype=value.dtype))[0]

    return compile(call, mode)


def synchronize(x: Any) -> None:
    """Wait until x has been computed."""
    jax.block_until_ready(x)


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
    """Train a ReLU network on logits with optax.sgd; the arguments are as for NumPy."""
    import optax

    inputs, targets = jnp.asarray(features), jnp.asarray(labels)
    parameters = [jnp.asarray(w) for w in weights]
    optimizer = optax.sgd(learning_rate, momentum=momentum)

    def objective(parameters: list[Any], rows: Any) -> Any:
        hidden = inputs[rows]
        for matrix, bias in zip(parameters[0:-2:2], parameters[1:-2:2], strict=True):
            hidden = jax.nn.relu(hidden @ matrix + bias)
        return loss(targets[rows], (hidden @ parameters[-2] + parameters[-1])[:, 0])

    @jax.jit
    def step(parameters: list[Any], state: Any, rows: Any) -> Any:
        value, gradient = jax.value_and_grad(objective)(parameters, rows)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    state = optimizer.init(parameters)
    for rows in batches:
        parameters, state, value = step(parameters, state, jnp.asarray(rows))
        on_step(float(value))
    return [np.asarray(w) for w in parameters]
