"""NumPy: gradients by the kernel's own dual numbers, and a plain training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

import softset as ss
from softset._arrays.duals import Dual

MODES = ("eager",)


def asarray(x: Any, dtype: str | None = None) -> Any:
    """Return data as a NumPy array."""
    return np.asarray(x, dtype=dtype)


def to_numpy(x: Any) -> Any:
    """Return the array itself."""
    return np.asarray(x)


def double_precision() -> AbstractContextManager[Any]:
    """Return an empty context: NumPy always has float64."""
    return nullcontext()


def device() -> str:
    """Return "cpu"."""
    return "cpu"


def compile(fn: Callable[..., Any], mode: str = "eager") -> Callable[..., Any]:
    """Return the function: NumPy has no compiler."""
    if mode not in MODES:
        raise ValueError(f"`mode` must be one of {', '.join(MODES)}, got {mode!r}")
    return fn


def value_and_grad(
    fn: Callable[..., Any], *, argnum: int = 1, mode: str = "eager"
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient, by softset's value_and_grad."""
    fn = compile(fn, mode)

    def call(*arrays: Any) -> tuple[Any, Any]:
        def of_argument(_: Any, x: Any) -> Any:
            return fn(*arrays[:argnum], x, *arrays[argnum + 1 :])

        x = np.asarray(arrays[argnum])
        if not np.ndim(fn(*arrays)):
            whole = argnum == 1 and len(arrays) == 2
            # A loss of softset's own is differentiated in closed form, if it is seen to be one.
            return ss.value_and_grad(fn if whole else of_argument)(arrays[0], x)
        # All directions at once: the loop of value_and_grad would run fn for every value.
        directions = np.reshape(np.eye(x.size, dtype=x.dtype), (x.size, *x.shape))
        result = of_argument(None, Dual(x, directions))
        if not isinstance(result, Dual):
            return result, np.zeros((*result.shape, *x.shape), dtype=x.dtype)
        slopes = np.moveaxis(result.tangent, 0, -1)
        return result.value, np.reshape(slopes, (*result.shape, *x.shape))

    return call


def synchronize(x: Any) -> None:
    """Do nothing: NumPy computes at once."""


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
    """Train a ReLU network on logits by gradient descent with momentum.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, logits)``, such as ``as_loss(f1, from_logits=True)``.
    weights : sequence of arrays
        Matrix and bias of each layer in turn; the last layer has one output.
    features, labels : arrays
        Shapes (n, d) and (n,).
    batches : iterable of integer arrays
        The rows of each step's batch.
    learning_rate, momentum : float
        Of the update ``v = momentum v + g; w = w - learning_rate v``.
    on_step : callable
        Called with each step's loss.

    Returns
    -------
    list of arrays
        The trained weights.
    """
    weights = [np.array(w) for w in weights]
    velocity = [np.zeros_like(w) for w in weights]
    of_logits = ss.value_and_grad(loss)
    for rows in batches:
        inputs = [features[rows]]
        for matrix, bias in zip(weights[0:-2:2], weights[1:-2:2], strict=True):
            inputs.append(np.where(inputs[-1] @ matrix + bias > 0, inputs[-1] @ matrix + bias, 0.0))
        logits = (inputs[-1] @ weights[-2] + weights[-1])[:, 0]
        value, slope = of_logits(labels[rows], logits)
        on_step(float(value))
        gradient = slope[:, None]
        for layer in range(len(inputs) - 1, -1, -1):
            back = (gradient @ weights[2 * layer].T) * (inputs[layer] > 0)
            for i, g in ((2 * layer, inputs[layer].T @ gradient), (2 * layer + 1, gradient.sum(0))):
                velocity[i] = momentum * velocity[i] + g
                weights[i] = weights[i] - learning_rate * velocity[i]
            gradient = back
    return weights
