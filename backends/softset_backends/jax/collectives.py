"""Counts summed over the devices of a mapped axis."""

from __future__ import annotations

from typing import Any

import jax

from softset import Confusion
from softset._types import Reduce


def psum(axis_name: Any) -> Reduce:
    """Return a `reduce` that sums the counts over a mapped axis.

    Inside `jax.shard_map`, `jax.vmap` or `jax.pmap` every device then has the loss of the whole
    batch, ``loss(y_true, y_prob, reduce=psum("data"))``, instead of the loss of its own shard.

    Parameters
    ----------
    axis_name : str or tuple of str
        The mesh axis, or axes, that the batch is split over.

    Returns
    -------
    callable
        ``reduce(confusion) -> Confusion``, by `jax.lax.psum`. When called, JAX raises a
        NameError if the axis is not mapped there.

    Notes
    -----
    Differentiable in the counts. With parameters that are the same on every device,
    ``jax.lax.pmean(gradient, axis_name)`` of the gradient taken inside the mapped function is
    the gradient of the whole batch, under every mapping. The gradient itself, before pmean, is

    - with ``check_vma=True``, the default of `jax.shard_map`, already that gradient (JAX has
      summed it, and pmean changes nothing);
    - with ``check_vma=False``, in `jax.vmap` and in `jax.pmap`, the device's own share times the
      number of devices.

    So `jax.lax.psum` of the gradient is too large by the number of devices. A gradient taken
    outside of the mapped function, ``jax.grad(jax.shard_map(...))``, is exact as it is.

    Examples
    --------
    Two devices, played by vmap:

    >>> import jax
    >>> import jax.numpy as jnp
    >>> import softset as ss
    >>> from softset_backends.jax import psum
    >>> loss = ss.as_loss(ss.f1)
    >>> y_true, y_prob = jnp.asarray([1, 0, 1, 0]), jnp.asarray([0.9, 0.6, 0.4, 0.2])
    >>> shards = y_true.reshape(2, 2), y_prob.reshape(2, 2)
    >>> both = jax.vmap(lambda y, p: loss(y, p, reduce=psum("data")), axis_name="data")(*shards)
    >>> bool(jnp.allclose(both, loss(y_true, y_prob)))
    True
    """

    def reduce(c: Confusion) -> Confusion:
        jax.lax.psum(1, axis_name)  # names an unknown axis, where psum of an array may not
        return jax.lax.psum(c, axis_name)

    return reduce
