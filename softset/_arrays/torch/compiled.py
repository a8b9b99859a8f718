"""What Inductor, PyTorch's compiler, makes fast loops of: sums in strips, and closed forms.

A running sum of float32 numbers, which it writes, rounds too much; in float64 it takes twice as
long, and autograd would put the gradient of strips together from those of their parts.
"""

from __future__ import annotations

import math
from typing import Any

import array_api_compat.torch as xp
import torch

from ..library import Backward, Counts

_SHORT = 2**5  # so many numbers are added up as they are, and what comes of it in float64
_LANES = 2**4  # so many such sums side by side are a vector of the widest processors


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of float32 numbers over the axes."""
    if x.is_cpu and not x.requires_grad and not torch.compiler.is_exporting():
        if x.ndim - 1 in axes:
            return _along_rows(x, axes).to(x.dtype)
        if axes and axes == tuple(range(len(axes))):
            return _down_columns(x, len(axes)).to(x.dtype)
    return xp.sum(x, axis=axes, dtype=torch.float64).to(x.dtype)


def _along_rows(x: Any, axes: tuple[int, ...]) -> Any:
    first = x.ndim
    while first - 1 in axes:
        first -= 1
    lines = x.reshape(*x.shape[:first], -1)
    number, others = lines.shape[-1] // (_SHORT * _LANES), tuple(i for i in axes if i < first)
    if number == 0:  # Inductor cannot cut nothing into strips
        return lines.sum((*others, first), dtype=torch.float64)
    whole = number * _SHORT * _LANES
    strips = lines[..., :whole].reshape(*x.shape[:first], number, _SHORT, _LANES).sum(first + 1)
    found = strips.sum((*others, first, first + 1), dtype=torch.float64)
    return found + lines[..., whole:].sum((*others, first), dtype=torch.float64)


def _down_columns(x: Any, behind: int) -> Any:
    kept = x.shape[behind:]
    lines = x.reshape(-1, math.prod(kept))
    rows, columns = lines.shape
    number = rows // (_SHORT * _LANES)
    if number == 0:
        return x.sum(tuple(range(behind)), dtype=torch.float64)
    whole = number * _SHORT * _LANES
    # Rows side by side, so that few columns are a vector too.
    strips = lines[:whole].reshape(number, _SHORT, _LANES, columns).sum(1)
    found = strips.sum((0, 1), dtype=torch.float64) + lines[whole:].sum(0, dtype=torch.float64)
    return found.reshape(kept)


def written(x: Any) -> Any:
    """Return slopes in the counts as the compiler writes them once, for processors.

    It would find them anew for each score, divisions and all, but for a view it has to write them.
    """
    if not (isinstance(x, torch.Tensor) and x.is_cpu) or torch.compiler.is_exporting():
        return x
    if torch._C._are_functorch_transforms_active():
        return x
    return x.as_strided(x.shape, x.stride())


class Closed(torch.autograd.Function):
    """Counts with a gradient in the first array that is given."""

    @staticmethod
    def forward(ctx: Any, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        ctx.with_slopes = backward
        ctx.save_for_backward(*arrays)
        return counts(*[x.detach() for x in arrays])

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> tuple[Any, ...]:
        arrays = ctx.saved_tensors
        return (None, None, ctx.with_slopes(slopes, *arrays), *[None] * (len(arrays) - 1))
