"""What a framework alone has: modules, and the gradient of a large batch in parts."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

import softset as ss
from tests.support.capabilities.rows import Row

_F1 = ss.as_loss(ss.f1)


def metric_loss() -> Any:
    loss = import_module("softset_backends.torch").MetricLoss(ss.f1)
    return lambda y, p: loss(p, y)


def decision() -> Any:
    rule = import_module("softset_backends").DecisionRule(0.4, "f1")
    identity = import_module("torch").nn.Identity()
    decide = import_module("softset_backends.torch").Decision(identity, rule)
    return lambda y, p: decide(p)


# Scores times a factor of 1, in which the gradient is.


def in_parts_of_jax() -> Any:
    in_parts = import_module("softset_backends.jax").value_and_grad_in_parts
    both = in_parts(_F1, lambda factor, x: factor * x)
    return lambda y, p: both(
        ss.array_namespace(p).ones_like(p[0]), (p.reshape(2, -1), y.reshape(2, -1))
    )


def in_parts_of_tensorflow() -> Any:
    in_parts = import_module("softset_backends.tensorflow").value_and_grad_in_parts
    one = import_module("tensorflow").Variable(np.asarray(1.0))

    def call(y: Any, p: Any) -> Any:
        halves = [(p[:6], y[:6]), (p[6:], y[6:])]
        value, (gradient,) = in_parts(_F1, lambda x: one * x, [one], halves)
        return value, gradient

    return call


def in_parts_of_numpy(y: Any, p: Any) -> Any:
    value, gradient = ss.value_and_grad(_F1)(y, p)
    return value, (gradient * p).sum()


OBJECTS = (
    Row(
        {"torch.MetricLoss": metric_loss},
        library="torch",
        values={"torch.MetricLoss": _F1},
    ),
    Row(
        {"torch.Decision": decision},
        library="torch",
        gradient="no",
        values={"torch.Decision": lambda y, p: p >= 0.4},
    ),
    Row(
        {"jax.value_and_grad_in_parts": in_parts_of_jax},
        library="jax",
        gradient="no",
        values={"jax.value_and_grad_in_parts": in_parts_of_numpy},
    ),
    Row(
        {"tensorflow.value_and_grad_in_parts": in_parts_of_tensorflow},
        library="tensorflow",
        gradient="no",
        values={"tensorflow.value_and_grad_in_parts": in_parts_of_numpy},
    ),
)
