"""The rules of products along axes: a slope is the product of the other elements, zeros or not."""

from __future__ import annotations

import math
from typing import Any

from .dual import Dual, operate


def _dual(xp: Any, out: Any, tangent: Any) -> Dual:
    return Dual(out, tangent if tangent.dtype == out.dtype else xp.astype(tangent, out.dtype))


def _running_product(xp: Any, value: Any, tangent: Any) -> Any:
    """Return the tangents of the products up to each element of the last axis.

    Products of 1, 2, 4, ... elements are joined by the product rule, so none divides by an element.
    """
    step = 1
    while step < value.shape[-1]:
        first, second = value[..., :-step], value[..., step:]
        grown = operate("multiply", tangent[..., step:], first)
        other = operate("multiply", tangent[..., :-step], second)
        tangent = xp.concat([tangent[..., :step], operate("add", grown, other)], axis=-1)
        value = xp.concat([value[..., :step], operate("multiply", first, second)], axis=-1)
        step *= 2
    return tangent


def product(xp: Any, name: str, x: Any, /, *, axis: Any = None, **options: Any) -> Dual:
    out = xp.prod(x.value, axis=axis, **options)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = [i % x.ndim for i in axes]
    kept = [i for i in range(x.ndim) if i not in axes]
    lengths = [x.shape[i] for i in kept]
    count = math.prod(x.shape[i] for i in axes)
    value = xp.reshape(xp.permute_dims(x.value, (*kept, *axes)), (*lengths, count))
    order = (0, *(i + 1 for i in (*kept, *axes)))
    rows = xp.reshape(xp.permute_dims(x.tangent, order), (x.tangent.shape[0], *lengths, count))
    last = _running_product(xp, value, rows)[..., max(count - 1, 0) :]
    tangent = xp.sum(last, axis=-1)  # 0 of nothing
    return _dual(xp, out, xp.reshape(tangent, (tangent.shape[0], *out.shape)))


def cumulative_product(
    xp: Any,
    name: str,
    x: Any,
    /,
    *,
    axis: Any = None,
    include_initial: bool = False,
    **options: Any,
) -> Dual:
    out = xp.cumulative_prod(x.value, axis=axis, include_initial=include_initial, **options)
    axis = (axis or 0) % max(x.ndim, 1)
    value, rows = xp.moveaxis(x.value, axis, -1), xp.moveaxis(x.tangent, axis + 1, -1)
    rows = _running_product(xp, value, rows)
    if include_initial:
        rows = xp.concat([xp.zeros_like(xp.sum(rows, axis=-1, keepdims=True)), rows], axis=-1)
    return _dual(xp, out, xp.moveaxis(rows, -1, axis + 1))
