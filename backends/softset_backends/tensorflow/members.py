"""Many models trained at once in TensorFlow: one graph with the losses of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow

# The stubs know few of TensorFlow's functions.
tf: Any = tensorflow


def rounds(
    loss: Callable[..., Any], logits: Callable[..., Any], update: Callable[..., Any]
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that makes some updates of many models, as for NumPy."""

    @tf.function(autograph=False)
    def step(state: Any, batch: Any, factors: Any, rates: Any) -> tuple[Any, Any]:
        x, y, group, weight = batch
        with tf.GradientTape() as tape:
            tape.watch(state[0])
            z = logits(state[0], x)
            splits, settings, _ = z.shape
            total = tf.add_n(
                [
                    loss(y[i], z[i, k], group[i], weight[i, k], factors[i, k])
                    for i in range(splits)
                    for k in range(settings)
                ]
            )
        return update(state, tape.gradient(total, state[0]), rates), z

    def advance(state: Any, batches: Iterable[Any], factors: Any, rates: Any) -> tuple[Any, Any]:
        state = [[tf.convert_to_tensor(a) for a in part] for part in state]
        factors, rates = tf.convert_to_tensor(factors), [tf.convert_to_tensor(a) for a in rates]
        scores = []
        for batch in batches:
            state, z = step(state, [tf.convert_to_tensor(a) for a in batch], factors, rates)
            scores.append(z.numpy())
        return [[a.numpy() for a in part] for part in state], scores

    return advance
