"""JAX: jax.value_and_grad, eager and under jax.jit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

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


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    y, p = (sb.get("jax").asarray(x, work.dtype) for x in data(work))
    if work.task == COUNTS:
        found = _both_modes("by hand", BY_HAND, counts_by_hand(jnp), y, p)
        found += _both_modes("confusion", FUSED, ss.confusion, y, p)
        return found + _unchecked(found)
    gradient = work.task == GRADIENT
    grid = jnp.asarray(ss.grid(work.thresholds or 1), p.dtype)
    loss = loss_of(work)
    losses: dict[str, tuple[str, Any]] = {
        "by hand": (BY_HAND, by_hand.loss_of(jnp, work, grid, jax.nn.sigmoid)),
        "plain kernel": (PLAIN, loss),
    }
    if work.metric in ("Dice of logits", "image Dice of logits"):
        losses["optax dice_loss"] = (PEER, _optax_dice(work))
    found = []
    for name, (kind, fn) in losses.items():
        found += _both_modes(name, kind, _differentiated(fn) if gradient else fn, y, p)
    if gradient:
        found += _both_modes("value_and_grad", FUSED, ss.value_and_grad(loss), y, p)
        if work.question in ("sizes", "across"):
            closed = jax.jit(by_hand.closed_form(jnp))
            found.append(
                Candidate("jax", "jit", "closed form by hand", REFERENCE, _waiting(closed, y, p))
            )
    if work.question != "sizes":
        return found
    return found + _unchecked(found)


def _unchecked(found: list[Candidate]) -> list[Candidate]:
    return [
        Candidate("jax", "eager", f"{x.name}, checks off", x.kind, unchecked(x.call))
        for x in found
        if x.mode == "eager" and x.kind in (PLAIN, FUSED)
    ]


def _differentiated(loss: Callable[..., Any]) -> Callable[..., Any]:
    return jax.value_and_grad(loss, argnums=1)


def _both_modes(name: str, kind: str, fn: Callable[..., Any], y: Any, p: Any) -> list[Candidate]:
    return [
        Candidate("jax", mode, name, kind, _waiting(function, y, p))
        for mode, function in (("eager", fn), ("jit", jax.jit(fn)))
    ]


def _waiting(fn: Callable[..., Any], y: Any, p: Any) -> Call:
    return lambda: jax.block_until_ready(fn(y, p))


def _optax_dice(work: Work) -> Callable[..., Any]:
    from optax.losses import dice_loss

    axis: Any = (1, 2) if work.per_image else (0, 1, 2)

    def loss(y: Any, z: Any) -> Any:
        return jnp.mean(dice_loss(z[..., None], y[..., None], smooth=0.0, axis=axis))

    return loss
