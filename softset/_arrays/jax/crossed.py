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

jax: Any = _jax  # not all of which a type checker sees

_ROWS = 2**3  # so many numbers are added up in a lane; with more XLA writes no vectors
_LANES = 2**5
_FEW = 2**13  # up to so many numbers XLA's own sums take no longer

# Which of two factors meets which of two others, in the order of the sums.
_PAIRS = ((0, 2), (0, 3), (1, 2), (1, 3))


def suits(arrays: tuple[Any, ...], axes: tuple[int, ...]) -> bool:
    """Tell whether one loop is faster: as of arrays of one shape, compiled for one CPU.

    GPUs are fast with sums as they are, and what lies on several devices is not to be cut.
    """
    shape, dtype = arrays[0].shape, arrays[0].dtype
    for x in arrays:
        if not isinstance(x, jax.core.Tracer) or x.shape != shape or x.dtype != dtype:
            return False
        if not isinstance(jax.lax.stop_gradient(x), jax.core.Tracer):  # it is called eagerly
            return False
    if not axes or not all(type(n) is int for n in shape) or math.prod(shape) <= _FEW:
        return False
    if jax.default_backend() != "cpu" or jax.device_count() > 1:
        return False
    start, stop = _run(axes)
    return math.prod(shape[start:stop]) >= _ROWS * _lanes(math.prod(shape[stop:]))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def sums(axes: tuple[int, ...], *arrays: Any) -> tuple[Any, ...]:
    """Return the sums over the axes of the products of two arrays with each of two others."""
    shape = arrays[0].shape
    start, stop = _run(axes)
    before, behind = shape[:start], math.prod(shape[stop:])
    length, lanes = math.prod(shape[start:stop]), _lanes(behind)
    whole = length - length % (_ROWS * lanes)
    flat = [x.reshape(*before, length, behind) for x in arrays]
    strips = [
        x[..., :whole, :].reshape(*before, whole // (_ROWS * lanes), _ROWS, lanes * behind)
        for x in flat
    ]
    zeros = [np.zeros((), arrays[0].dtype)] * len(_PAIRS)
    found = jax.lax.reduce(_products(strips), zeros, _added, (start + 1,))
    inner = (*(i for i in axes if i < start), start)
    found = [xp.sum(x.reshape(*before, -1, behind), axis=inner) for x in found]
    if whole < length:
        rest = [xp.sum(x, axis=inner) for x in _products([x[..., whole:, :] for x in flat])]
        found = [x + y for x, y in zip(found, rest, strict=True)]
    kept = tuple(n for i, n in enumerate(shape) if i not in axes)
    return tuple([x.reshape(kept) for x in found])


@partial(sums.defjvp, symbolic_zeros=True)
def _(axes: tuple[int, ...], arrays: Any, tangents: Any) -> tuple[Any, Any]:
    """Return the sums and their derivatives, which autodiff would not find for the reduction."""
    found, zero = sums(axes, *arrays), jax.custom_derivatives.SymbolicZero
    slopes = []
    for (i, j), like in zip(_PAIRS, found, strict=True):
        terms = [(tangents[i], arrays[j]), (tangents[j], arrays[i])]
        parts = [xp.sum(t * x, axis=axes) for t, x in terms if not isinstance(t, zero)]
        slopes.append(sum(parts[1:], parts[0]) if parts else xp.zeros_like(like))
    return found, tuple(slopes)


def _run(axes: tuple[int, ...]) -> tuple[int, int]:
    """Return where the last of the axes that are summed side by side begin and end."""
    stop = start = max(axes) + 1
    while start - 1 in axes:
        start -= 1
    return start, stop


def _lanes(behind: int) -> int:
    """Return how many rows of numbers lie side by side in a strip."""
    return -(-_LANES // behind)


def _products(arrays: list[Any]) -> list[Any]:
    return [arrays[i] * arrays[j] for i, j in _PAIRS]


def _added(x: Any, y: Any) -> list[Any]:
    return [a + b for a, b in zip(x, y, strict=True)]
