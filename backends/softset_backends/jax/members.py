"""Many models trained at once in JAX: the losses of all by jax.vmap, the updates by a scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np


def rounds(
    loss: Callable[..., Any], logits: Callable[..., Any], update: Callable[..., Any]
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that makes some updates of many models, as for NumPy."""
    # The first axis is that of splits, the second that of settings, which share rows.
    of_all = jax.vmap(jax.vmap(loss, (None, 0, None, 0, 0)), (0, 0, 0, 0, 0))

    @jax.jit
    def scan(state: Any, batches: Any, factors: Any, rates: Any) -> tuple[Any, Any]:
        def step(state: Any, batch: Any) -> tuple[Any, Any]:
            x, y, *rest = batch

            def total(params: Any) -> tuple[Any, Any]:
                z = logits(params, x)
                return of_all(y, z, *rest, factors).sum(), z

            slopes, z = jax.grad(total, has_aux=True)(state[0])
            return update(state, slopes, rates), z

        return jax.lax.scan(step, state, batches)

    def advance(state: Any, batches: Iterable[Any], factors: Any, rates: Any) -> tuple[Any, Any]:
        together = tuple(np.stack(a) for a in zip(*batches, strict=True))
        state, scores = scan(state, together, factors, rates)
        return [[np.asarray(a) for a in part] for part in state], np.asarray(scores)

    return advance
