"""Counts summed over the replicas of a distribution strategy."""

from __future__ import annotations

from typing import Any

import tensorflow

from softset._types import Counts, are_counts

tf: Any = tensorflow


def all_reduce(confusion: Counts) -> Any:
    """Sum the counts over the replicas of the current `tf.distribute` strategy.

    Passed as ``loss(y_true, y_prob, reduce=all_reduce)`` in a function that ``strategy.run``
    calls, it gives every replica the loss of the whole batch instead of that of its own shard.
    The shards may be of different sizes.

    Parameters
    ----------
    confusion : Confusion or ConfusionTable
        The counts of this replica.

    Returns
    -------
    Confusion or ConfusionTable
        The counts of all replicas, by one collective; without a strategy the counts themselves.
        Differentiable.

    Raises
    ------
    TypeError
        If `confusion` is no counts.
    RuntimeError
        In a cross-replica context: under ``strategy.scope()`` and outside of ``strategy.run``.

    Notes
    -----
    The derivative hands the slopes on as they are, so a replica's gradient is its own share of
    the whole batch's. Optimizers sum gradients over replicas: ``optimizer.apply_gradients``
    in the replica context takes the exact step, with nothing to divide by. The derivative of
    TensorFlow's own ``all_reduce`` sums once more, which makes the step larger by the number of
    replicas. Not for ``Model.fit``, which also calls a loss outside of the replicas.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import softset as ss
    >>> from softset_backends.tensorflow import all_reduce
    >>> loss = ss.as_loss(ss.f1)
    >>> y_true, y_prob = tf.constant([1, 0, 1, 0]), tf.constant([0.9, 0.6, 0.4, 0.2])
    >>> strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    >>> value = strategy.run(lambda: loss(y_true, y_prob, reduce=all_reduce))
    >>> print(round(float(value), 4))
    0.3627
    """
    if not are_counts(confusion):
        raise TypeError(
            f"`confusion` must be a Confusion or a ConfusionTable, got {type(confusion).__name__}"
        )
    replica = tf.distribute.get_replica_context()
    if replica is None:
        raise RuntimeError(
            "all_reduce sums over replicas, got a cross-replica context; call the loss in a "
            "function that strategy.run(...) runs"
        )

    @tf.custom_gradient
    def total(*counts: Any) -> tuple[Any, Any]:
        summed = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(counts))
        return summed, lambda *slopes: slopes

    return type(confusion)(*total(*confusion))
