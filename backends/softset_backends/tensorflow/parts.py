"""The exact gradient of a large batch from micro-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow

from softset import linearize
from softset._arrays.values import checking
from softset._types import Reduce, arrays_of, reduced
from softset.compound import additive

from ..parts import unpack

tf: Any = tensorflow


def value_and_grad_in_parts(
    loss: Callable[..., Any],
    forward: Callable[[Any], Any],
    variables: Sequence[Any],
    parts: Iterable[Any],
    *,
    reduce: Reduce | None = None,
) -> tuple[Any, list[Any]]:
    """Return the loss of all micro-batches together and its gradient.

    Two passes: the first adds up the counts of all micro-batches, the second the gradients of
    their linear losses (see `softset.linearize`). The result is that of one large batch, with the
    memory of one micro-batch and a second forward pass.

    Parameters
    ----------
    loss : what `as_loss` or `compound_loss` returned, or `cross_entropy`
        The loss to follow.
    forward : callable
        ``forward(inputs) -> scores``; a `tf.function` for speed.
    variables : sequence of tf.Variable
        What to differentiate by.
    parts : list or tf.data.Dataset
        Micro-batches ``(inputs, y_true)`` or ``(inputs, y_true, options)``, `options` a dict of
        `sample_weight`, `where` and `groups`. They are gone through twice, and may differ in size.
    reduce : callable, optional
        Sums the counts over replicas, such as `all_reduce`. Every replica needs one micro-batch
        at least, and as many as it likes.

    Returns
    -------
    value : tensor
        The loss.
    gradients : list of tensors
        One for each variable, or None for one that the loss does not depend on.

    Raises
    ------
    TypeError
        If `loss` is none, or has no counts that add up; if `parts` is an iterator, which can be
        gone through only once, or anything but a list in a `tf.function`; if a part is no such
        tuple.
    ValueError
        If there are no parts.
    tf.errors.InvalidArgumentError
        While `softset.checks` is on, if the two passes saw different scores.

    Notes
    -----
    Exact if a row's scores are the same in both passes and do not depend on the other rows of its
    micro-batch: batch normalization must not use batch statistics, and dropout must take its
    seed from the inputs. In a `tf.function` the loop is unrolled.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import softset as ss
    >>> from softset_backends.tensorflow import value_and_grad_in_parts
    >>> x = tf.constant([[2.0, 1.0], [0.5, -1.0], [-0.5, 1.0], [-1.0, 0.3]])
    >>> y, w = tf.constant([1, 1, 0, 0]), tf.Variable([0.4, -0.2])
    >>> forward = lambda x: tf.linalg.matvec(x, w)
    >>> loss, parts = ss.as_loss(ss.f1, from_logits=True), [(x[:3], y[:3]), (x[3:], y[3:])]
    >>> value, gradients = value_and_grad_in_parts(loss, forward, [w], parts)
    >>> bool(abs(value - loss(y, forward(x))) < 1e-6)
    True
    """
    followed = additive(loss)
    if iter(parts) is parts:
        raise TypeError(
            "`parts` is gone through twice, got an iterator; pass a list or a tf.data.Dataset"
        )
    if not (tf.executing_eagerly() or isinstance(parts, (list, tuple))):
        raise TypeError(
            f"`parts` must be a list in a tf.function, got {type(parts).__name__}; call this "
            "function eagerly, and make a tf.function of `forward`"
        )
    counts = [_counts(followed, forward, part) for part in parts]
    if not counts:
        raise ValueError("`parts` must hold at least one micro-batch, got none")
    own = sum(counts[1:], counts[0])
    total = own if reduce is None else reduced(reduce, own)
    linear = linearize(followed, total)

    gradients: list[Any] = [None] * len(variables)
    again = []
    for part in parts:
        with tf.GradientTape() as tape:
            again.append(_counts(followed, forward, part))
            term = linear.of_counts(again[-1])
        gradients = [
            _add(*pair) for pair in zip(gradients, tape.gradient(term, variables), strict=True)
        ]
    if checking():
        _same(own, again)
    return followed.of_counts(total), gradients


def _counts(loss: Any, forward: Callable[[Any], Any], part: Any) -> Any:
    """Return the counts of a micro-batch."""
    inputs, y_true, options = unpack(part)
    return loss.confusion(y_true, forward(inputs), **options)


def _add(a: Any, b: Any) -> Any:
    """Add up gradients, those of rows that were looked up among them."""
    return a if b is None else b if a is None else tf.add_n([a, b])


def _same(total: Any, again: list[Any]) -> None:
    """Require the total of the first pass, up to what rounding in another order changes."""
    arrays = arrays_of(total)
    pairs = zip(arrays, arrays_of(sum(again[1:], again[0])), strict=True)
    apart = tf.add_n([tf.reduce_sum(tf.abs(a - b)) for a, b in pairs])
    tolerance = float(np.finfo(arrays[0].dtype.as_numpy_dtype).eps) ** 0.5
    tf.debugging.assert_less_equal(
        apart,
        tolerance * tf.add_n([tf.reduce_sum(x) for x in arrays]),
        "`parts` and `forward` must give the same in both passes: dropout must take its seed "
        "from the inputs, and a data set must give the same examples each time",
    )
