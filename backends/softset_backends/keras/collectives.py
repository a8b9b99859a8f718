"""Sums over the replicas of a tf.distribute strategy.

JAX adds up over devices by itself, and Keras has no distribution on PyTorch.
"""

from __future__ import annotations

from typing import Any

import keras

from softset import Confusion


def replicas() -> int:
    """Return how many replicas are computing this loss together."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    if tf.distribute.in_cross_replica_context():
        return 1
    return tf.distribute.get_strategy().num_replicas_in_sync


def add_up(c: Confusion) -> Confusion:
    """Return the counts of all replicas; differentiable."""
    import tensorflow as tf

    context: Any = tf.distribute.get_replica_context()
    return type(c)(*context.all_reduce(tf.distribute.ReduceOp.SUM, list(c)))
