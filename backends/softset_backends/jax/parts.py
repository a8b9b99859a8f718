"""The exact gradient of a large batch from micro-batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from softset._types import Reduce, reduced
from softset.compound import additive
from softset.gradients import LinearLoss

from ..parts import unpack


def value_and_grad_in_parts(
    loss: Callable[..., Any],
    forward: Callable[[Any, Any], Any],
    *,
    reduce: Reduce | None = None,
) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a function that gives the loss of all micro-batches together and its gradient.

    Two passes by `jax.lax.scan`: the first adds up the counts of all micro-batches, the second
    the gradients of their linear losses (see `softset.linearize`). The result is that of one
    large batch, with the memory of one micro-batch and a second forward pass.

    Parameters
    ----------
    loss : what `as_loss` or `compound_loss` returned, or `cross_entropy`
        The loss to follow.
    forward : callable
        ``forward(params, inputs) -> scores``, a pure function.
    reduce : callable, optional
        Sums the counts over devices, such as ``psum("data")``.

    Returns
    -------
    callable
        ``f(params, parts) -> (value, gradient)``; the gradient has the structure and the dtypes
        of `params`, any pytree. `parts` is ``(inputs, y_true)`` or ``(inputs, y_true, options)``
        with `options` a dict of `sample_weight`, `where` and `groups`. Every array in it has the
        micro-batches on its leading axis, as in (parts, batch, features) and (parts, batch);
        `inputs` is any pytree.

    Raises
    ------
    TypeError
        If `loss` is none, or has no counts that add up; if `forward` is not callable; when
        called, if `parts` is no such tuple.
    ValueError
        When called, if there are no parts.

    Notes
    -----
    Exact if a row's scores do not depend on the other rows of its micro-batch: batch
    normalization must not use batch statistics. Dropout is the same in both passes if its keys
    are among the inputs, one for each micro-batch. With `reduce` the gradient is to be treated
    as that of the loss with the same `reduce`: see `psum`.

    Examples
    --------
    >>> import jax
    >>> import jax.numpy as jnp
    >>> import softset as ss
    >>> from softset_backends.jax import value_and_grad_in_parts
    >>> x, y = jnp.asarray([[2.0, 1.0], [0.5, -1.0], [-0.5, 1.0], [-1.0, 0.3]]), jnp.arange(4) < 2
    >>> forward = lambda params, x: x @ params
    >>> loss, params = ss.as_loss(ss.f1, from_logits=True), jnp.asarray([0.4, -0.2])
    >>> in_parts = jax.jit(value_and_grad_in_parts(loss, forward))
    >>> value, gradient = in_parts(params, (x.reshape(2, 2, 2), y.reshape(2, 2)))
    >>> whole = jax.grad(lambda params: loss(y, forward(params, x)))(params)
    >>> bool(jnp.allclose(gradient, whole, rtol=1e-5))
    True
    """
    followed = additive(loss)
    if not callable(forward):
        raise TypeError(f"`forward` must be a function of (params, inputs), got {forward!r}")

    def of_total(c: Any) -> Any:
        return followed.of_counts(c if reduce is None else reduced(reduce, c))

    def call(params: Any, parts: Any) -> tuple[Any, Any]:
        inputs, y_true, options = unpack(parts)
        if not y_true.shape or not y_true.shape[0]:
            raise ValueError(
                "`parts` must hold at least one micro-batch on the leading axis of every array, "
                f"got labels of {y_true.shape}"
            )

        def counts(_: None, part: Any) -> tuple[None, Any]:
            inputs, y_true, options = part
            return None, followed.confusion(y_true, forward(params, inputs), **options)

        _, each = jax.lax.scan(counts, None, (inputs, y_true, options))
        total = jax.tree.map(lambda x: jnp.sum(x, axis=0), each)
        # Not linearize: the derivative of `reduce` belongs to the slopes.
        value, pull = jax.vjp(of_total, total)
        linear = LinearLoss(followed, *pull(jnp.ones_like(value)))

        def add(gradient: Any, part: Any) -> tuple[Any, None]:
            inputs, y_true, options = part
            more = jax.grad(lambda p: linear(y_true, forward(p, inputs), **options))(params)
            return jax.tree.map(jnp.add, gradient, more), None

        zeros = jax.tree.map(jnp.zeros_like, params)
        return value, jax.lax.scan(add, zeros, (inputs, y_true, options))[0]

    return call
