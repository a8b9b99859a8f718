"""The four sums of products in one loop over the data.

On CPUs XLA takes one loop for each sum, and writes what several of them read first. One reduction
of four operands is one loop, and one of vectors if few numbers are added up in each lane. What
comes of it is summed as any array.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax as _jax
import jax.numpy as xp
import numpy as np

from ..strips import PAIRS, ROWS, lanes_of

jax: Any = _jax  # not all of which a type checker sees

_FEW = 2**13  # up to so many numbers XLA's own sums take no longer


def on_one_cpu() -> bool:
    """Tell whether XLA compiles for one CPU, as far as it can be known.

    GPUs are fast with sums as they are, and what lies on several devices is not to be cut.
    """
    return jax.default_backend() == "cpu" and jax.device_count() == 1


def are_many(x: Any) -> bool:
    """Tell whether XLA compiles what is done to x, which has many numbers, for one CPU."""
    # Eagerly only derivatives are traced, if at all.
    if not isinstance(jax.lax.stop_gradient(x), jax.core.Tracer):
        return False
    known = all(type(n) is int for n in x.shape)
    return known and math.prod(x.shape) > _FEW and on_one_cpu()


def suits(arrays: tuple[Any, ...], axes: tuple[int, ...]) -> bool:
    """Tell whether one loop is faster, and can be."""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    for x in arrays:
        if not isinstance(x, jax.Array) or x.shape != shape or x.dtype != dtype:
            return False
    return len(axes) > 0 and any(map(are_many, arrays))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def sums(axes: tuple[int, ...], *arrays: Any) -> tuple[Any, ...]:
    """Return the sums over the axes of the products of two arrays with each of two others."""
    shape, dtype, axis = arrays[0].shape, arrays[0].dtype, axes[-1]
    before, length, behind = shape[:axis], shape[axis], math.prod(shape[axis + 1 :])
    lanes = lanes_of(length, behind)

    def in_strips(x: Any) -> Any:
        x, missing = x.reshape(*before, length, behind), -length % (ROWS * lanes)
        if missing:  # a sum of what is left over would be another loop, which finds x once more
            x = jax.lax.pad(x, zero, [*[(0, 0, 0)] * axis, (0, missing, 0), (0, 0, 0)])
        return x.reshape(*before, -1, ROWS, lanes * behind)

    zero = np.zeros((), dtype)
    products = [in_strips(arrays[i] * arrays[j]) for i, j in PAIRS]
    found = jax.lax.reduce(products, [zero] * len(PAIRS), _added, (axis + 1,))
    kept = tuple(n for i, n in enumerate(shape) if i not in axes)
    rows = [x.reshape(*before, -1, behind) for x in found]
    return tuple([xp.sum(x, axis=axes).reshape(kept) for x in rows])


@partial(sums.defjvp, symbolic_zeros=True)
def _(axes: tuple[int, ...], arrays: Any, tangents: Any) -> tuple[Any, Any]:
    """Return the sums and their derivatives, which autodiff would not find for the reduction."""
    found, zero = sums(axes, *arrays), jax.custom_derivatives.SymbolicZero
    slopes = []
    for (i, j), like in zip(PAIRS, found, strict=True):
        terms = [(tangents[i], arrays[j]), (tangents[j], arrays[i])]
        parts = [xp.sum(t * x, axis=axes) for t, x in terms if not isinstance(t, zero)]
        slopes.append(sum(parts[1:], parts[0]) if parts else xp.zeros_like(like))
    return found, tuple(slopes)


def _added(x: Any, y: Any) -> list[Any]:
    return [a + b for a, b in zip(x, y, strict=True)]
