"""Sums of many numbers in PyTorch: of short stretches first, and of these in float64.

One thread leaves them to NumPy, whose dot products of stretches write no array of products. Sums
over some of the axes are NumPy's: arithmetic with few numbers takes a third of the time there.
"""

from __future__ import annotations

import math
from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch

from .. import numpy

_LONG = 2**8  # so many numbers can be added up by PyTorch, which has 32 sums at least
_SIZE = 2**19  # the numbers of a piece for each thread
_ONE = 0x3F800000  # the bits of 1
_FLAT = 40.0  # 1 + exp(-40) is 1 in every dtype
_SHORT = 2**5  # and so many one after another


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x over the axes, of all as a number."""
    if torch.get_num_threads() == 1:
        return numpy.FREE.total(x.numpy(force=True), axes)
    found = _summed(x.detach(), axes)
    return float(found) if len(axes) == x.ndim else found


def dot(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sum of x * y over the axes, of all as a number."""
    if torch.get_num_threads() == 1:
        return numpy.FREE.dot(x.numpy(force=True), y.numpy(force=True), axes)
    return total(x * y, axes)


def sums_of_shares(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sums of x * y, of x and of y with one look at each, None if they hold others."""
    threads = torch.get_num_threads()
    if threads == 1 or x.dtype is not torch.float32:
        return numpy.FREE.sums_of_shares(x.numpy(force=True), y.numpy(force=True), axes)
    return numpy.added_up(_sums_of_shares, _SIZE * threads, axes, x.detach(), y.detach())


def sums_with_less(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sums of x * (1 - y), of (1 - x) * y and of (1 - x) * (1 - y)."""
    threads = torch.get_num_threads()
    if threads == 1 or x.dtype is not torch.float32:
        return numpy.FREE.sums_with_less(x.numpy(force=True), y.numpy(force=True), axes)
    return numpy.added_up(_sums_with_less, _SIZE * threads, axes, x.detach(), y.detach())


def sums_of_logits(x: Any, y: Any, axes: tuple[int, ...], keep: bool) -> Any:
    """Return the sums of p * y, of p and of y for p of logits, and its slopes if to keep."""
    slopes = torch.empty(x.shape, dtype=x.dtype) if keep else None  # in the order of their rows
    arrays = (x, y, slopes) if keep else (x, y)
    sums = numpy.added_up(_sums_of_logits, _SIZE * torch.get_num_threads(), axes, *arrays)
    return None if sums is None else (sums, slopes)


def sums_of_logits_with_less(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """Return the sums of p * (1 - y), of (1 - p) * y and of (1 - p) * (1 - y) for p of logits."""
    size = _SIZE * torch.get_num_threads()
    return numpy.added_up(_sums_of_logits_with_less, size, axes, x, y)


def _sums_of_shares(x: Any, y: Any) -> tuple[Any, Any, Any] | None:
    if not (_are_shares(x) and _are_shares(y)):
        return None
    return _along_rows(x * y), _along_rows(x), _along_rows(y)


def _sums_with_less(x: Any, y: Any) -> tuple[Any, Any, Any]:
    less, other = torch.rsub(x, 1), torch.rsub(y, 1)
    return _along_rows(x * other), _along_rows(less * y), _along_rows(less.mul_(other))


def _sums_of_logits(x: Any, y: Any, slopes: Any = None) -> tuple[Any, Any, Any] | None:
    if not (math.isfinite(x.sum().item()) and _are_shares(y)):
        return None
    p = torch.sigmoid(x)
    if slopes is not None:
        sigmoid_slope(p, x, slopes)
    of_p, of_y = _along_rows(p), _along_rows(y)
    return _along_rows(p.mul_(y)), of_p, of_y


def _sums_of_logits_with_less(x: Any, y: Any) -> tuple[Any, Any, Any]:
    p, less, other = torch.sigmoid(x), torch.sigmoid(-x), torch.rsub(y, 1)
    fp, fn = _along_rows(p.mul_(other)), _along_rows(less * y)
    return fp, fn, _along_rows(less.mul_(other))


def sigmoid_slope(p: Any, x: Any, room: Any = None) -> Any:
    """Return p * (1 - p) for p = sigmoid(x), both tails of it, in one operation.

    1 / (1 + exp(x)) is what softplus of -x multiplies by on its way back, but for 1 from 40 on.
    """
    if room is None:
        return torch.ops.aten.softplus_backward(p, x, -1.0, _FLAT)
    return torch.ops.aten.softplus_backward.grad_input(p, x, -1.0, _FLAT, grad_input=room)


def _are_shares(x: Any) -> bool:
    low, high = torch.aminmax(x.view(torch.int32))
    return low.item() >= 0 and high.item() <= _ONE


def _summed(x: Any, axes: tuple[int, ...]) -> Any:
    """Sum over the axes: along rows where they are the last ones, down columns where the first."""
    last = x.ndim
    while last - 1 in axes:
        last -= 1
    if x.dtype is not torch.float32:
        return xp.sum(x, axis=axes, dtype=torch.float64).numpy(force=True)
    if last < x.ndim:
        sums = _along_rows(x.flatten(last))
        others = tuple(axis for axis in axes if axis < last)
        return np.add.reduce(sums, axis=others) if others else sums
    if axes and axes == tuple(range(len(axes))):
        rows, kept = math.prod(x.shape[: len(axes)]), x.shape[len(axes) :]
        return _down_columns(x.reshape(rows, math.prod(kept))).reshape(kept)
    return xp.sum(x, axis=axes, dtype=torch.float64).numpy(force=True)


def _along_rows(x: Any) -> Any:
    length = x.shape[-1]
    rest = length % _LONG
    if rest == length:
        return np.add.reduce(x.numpy(force=True), axis=-1, dtype=np.float64)
    body = x[..., : length - rest] if rest else x
    parts = body.unflatten(-1, (-1, _LONG)).sum(-1)
    sums = np.add.reduce(parts.numpy(), axis=-1, dtype=np.float64)
    if rest:
        sums += np.add.reduce(x[..., length - rest :].numpy(force=True), axis=-1, dtype=np.float64)
    return sums


def _down_columns(x: Any) -> Any:
    size = x.shape[0] - x.shape[0] % _SHORT
    parts = x[:size].reshape(size // _SHORT, _SHORT, x.shape[1]).sum(1)
    sums = np.add.reduce(parts.numpy(), axis=0, dtype=np.float64)
    return sums + np.add.reduce(x[size:].numpy(force=True), axis=0, dtype=np.float64)
