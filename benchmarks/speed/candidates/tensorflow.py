"""TensorFlow: GradientTape, eager, in tf.function and with XLA."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import tensorflow

import softset as ss
import softset_backends as sb

from .. import by_hand
from ..work import COUNTS, GRADIENT, Work, data
from . import (
    BY_HAND,
    FUSED,
    PEER,
    PLAIN,
    REFERENCE,
    Call,
    Candidate,
    counts_by_hand,
    loss_of,
    unchecked,
)

tf: Any = tensorflow
NAMESPACE = SimpleNamespace(
    where=tf.where, minimum=tf.minimum, sqrt=tf.sqrt, sum=tf.reduce_sum, mean=tf.reduce_mean
)
COMPILED = ("function", "xla")
MODES = ("eager", *COMPILED)


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    y, p = (sb.get("tensorflow").asarray(x, work.dtype) for x in data(work))
    if work.task == COUNTS:
        found = _in_modes("by hand", BY_HAND, counts_by_hand(NAMESPACE), y, p, MODES)
        found += _in_modes("confusion", FUSED, lambda y, p: ss.confusion(y, p), y, p, MODES)
        return found + _unchecked(found)
    gradient = work.task == GRADIENT
    grid = tf.constant(ss.grid(work.thresholds or 1), p.dtype)
    loss = loss_of(work)
    losses: dict[str, tuple[str, Any]] = {
        "by hand": (BY_HAND, by_hand.loss_of(NAMESPACE, work, grid, tf.sigmoid)),
        "plain kernel": (PLAIN, loss),
    }
    if "Dice" in work.metric:
        losses["keras Dice"] = (PEER, _keras_dice(work))
    found = []
    for name, (kind, fn) in losses.items():
        whole = _differentiated(fn) if gradient else fn
        found += _in_modes(name, kind, whole, y, p, MODES)
    if gradient:
        whole = ss.value_and_grad(loss)
        found += _in_modes("value_and_grad", FUSED, whole, y, p, MODES)
        if work.question in ("sizes", "across"):
            closed = by_hand.closed_form(NAMESPACE)
            found += _in_modes("closed form by hand", REFERENCE, closed, y, p, COMPILED)
    if work.question != "sizes":
        return found
    return found + _unchecked(found)


def _unchecked(found: list[Candidate]) -> list[Candidate]:
    return [
        Candidate("tensorflow", "eager", f"{x.name}, checks off", x.kind, unchecked(x.call))
        for x in found
        if x.mode == "eager" and x.kind in (PLAIN, FUSED)
    ]


def _keras_dice(work: Work) -> Callable[..., Any]:
    import keras

    axis = by_hand.PIXELS if work.per_class else (1, 2) if work.per_image else None
    dice = keras.losses.Dice(axis=axis)
    return (lambda y, z: dice(y, tf.sigmoid(z))) if work.from_logits else dice


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
    modes: tuple[str, ...],
) -> list[Candidate]:
    functions = {
        "eager": fn,
        "function": tf.function(fn, autograph=False),
        "xla": tf.function(fn, autograph=False, jit_compile=True),
    }
    return [
        Candidate("tensorflow", mode, name, kind, _waiting(functions[mode], y, p)) for mode in modes
    ]


def _waiting(fn: Callable[..., Any], y: Any, p: Any) -> Call:
    if p.device.endswith("CPU:0"):  # there a call ends when its result is there
        return lambda: fn(y, p)

    def call() -> Any:
        result = fn(y, p)
        tf.test.experimental.sync_devices()
        return result

    return call
