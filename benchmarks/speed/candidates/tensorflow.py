"""TensorFlow: GradientTape, eager, in tf.function and with XLA."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import tensorflow

import softset as ss
import softset_backends as sb

from .. import by_hand
from ..work import GRADIENT, Work, data
from . import BY_HAND, FUSED, PEER, PLAIN, REFERENCE, Candidate, loss_of, unchecked

tf: Any = tensorflow
NAMESPACE = SimpleNamespace(
    where=tf.where, minimum=tf.minimum, sqrt=tf.sqrt, sum=tf.reduce_sum, mean=tf.reduce_mean
)
COMPILED = ("function", "xla")


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    y, p = (sb.get("tensorflow").asarray(x, work.dtype) for x in data(work))
    gradient = work.task == GRADIENT
    grid = tf.constant(ss.grid(work.thresholds or 1), p.dtype)
    loss = loss_of(work)
    losses: dict[str, tuple[str, Any]] = {
        "by hand": (BY_HAND, by_hand.loss_of(NAMESPACE, work, grid)),
        "plain kernel": (PLAIN, loss),
    }
    if work.metric == "Dice":
        import keras

        losses["keras Dice"] = (PEER, keras.losses.Dice())
    found = []
    for name, (kind, fn) in losses.items():
        whole = _differentiated(fn) if gradient else fn
        found += _in_modes(name, kind, whole, y, p, gradient, ("eager", *COMPILED))
    if gradient:
        whole = ss.value_and_grad(loss)
        found += _in_modes("value_and_grad", FUSED, whole, y, p, True, ("eager", *COMPILED))
        if work.question in ("sizes", "across"):
            closed = by_hand.closed_form(NAMESPACE)
            found += _in_modes("closed form by hand", REFERENCE, closed, y, p, True, COMPILED)
    if work.question != "sizes":
        return found
    return found + [
        Candidate(
            "tensorflow", "eager", f"{x.name}, checks off", x.kind, unchecked(x.call), gradient
        )
        for x in found
        if x.mode == "eager" and x.kind in (PLAIN, FUSED)
    ]


def _differentiated(loss: Callable[..., Any]) -> Callable[..., Any]:
    def value_and_gradient(y: Any, p: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    return value_and_gradient


def _in_modes(
    name: str,
    kind: str,
    fn: Callable[..., Any],
    y: Any,
    p: Any,
    gradient: bool,
    modes: tuple[str, ...],
) -> list[Candidate]:
    functions = {
        "eager": fn,
        "function": tf.function(fn, autograph=False),
        "xla": tf.function(fn, autograph=False, jit_compile=True),
    }
    # On the CPU a call of TensorFlow ends when its result is there.
    return [
        Candidate("tensorflow", mode, name, kind, lambda f=functions[mode]: f(y, p), gradient)
        for mode in modes
    ]
