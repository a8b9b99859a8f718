"""Many models trained in turn in NumPy: the gradients of the losses by `value_and_grad`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def rounds(
    loss: Any, logits: Callable[..., Any], update: Callable[..., Any]
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that makes some updates of many models.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, logits, group, weight, factors)``, of one model. Here with a method
        ``gradient`` of the same arguments.
    logits : callable
        ``logits(params, x)``: of shape (splits, settings, rows), for x of (splits, rows,
        features).
    update : callable
        ``update(state, slopes, rates)``, the next state, whose first part are the parameters.

    Returns
    -------
    callable
        ``advance(state, batches, factors, rates)``, of NumPy arrays: the next state, and the
        logits of each batch ``(x, y_true, group, weight)``.
    """

    def advance(state: Any, batches: Iterable[Any], factors: Any, rates: Any) -> tuple[Any, Any]:
        scores = []
        for x, y, group, weight in batches:
            z = logits(state[0], x)
            slopes = np.empty_like(z)
            for i, k in np.ndindex(*z.shape[:2]):
                slopes[i, k] = loss.gradient(y[i], z[i, k], group[i], weight[i, k], factors[i, k])
            state = update(state, logits.backward(state[0], x, slopes), rates)
            scores.append(z)
        return state, scores

    return advance
