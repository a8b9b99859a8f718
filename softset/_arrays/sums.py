"""Sums over many stretches and over many buckets of one array, and which bucket an element is in.

They are taken in float64, or where there is none in parts that float32 sums without an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .library import Library

# Up to so many knots, fewer than a byte counts, each is compared with all elements.
_FEW = 64


def sums_between(lib: Library, x: Any) -> Callable[[Any, Any], Any]:
    """Return a function that sums x over [start, stop) along the last axis.

    Its arguments are integer arrays of places, whose other axes are those of x, or None for the
    beginning and the end. It can be differentiated in x, and costs O(1) for each place. A stretch
    is the difference of two running sums, which may be far larger than it.
    """
    xp = lib.xp
    sums = [_with_zero(xp, lib.running(part)) for part in _parts(lib, x)]

    def between(start: Any, stop: Any) -> Any:
        total: Any = None
        for running in sums:
            end = running[..., -1:] if stop is None else xp.take_along_axis(running, stop, axis=-1)
            if start is not None:
                end = end - xp.take_along_axis(running, start, axis=-1)
            total = end if total is None else total + end
        return total if total.dtype == x.dtype else xp.astype(total, x.dtype)

    return between


def bucket_sums(lib: Library, x: Any, bucket: Any, size: int) -> Any:
    """Sum the elements of a 1-D array by the numbers, from 0 to size - 1, of their buckets.

    Differentiable in x. O(n), or a sort where the library cannot scatter.
    """
    xp, plain = lib.xp, lib.plain.xp
    total: Any = None
    for part in _parts(lib, x):
        found = lib.scatter(part, bucket, size)
        if found is None:
            order = plain.argsort(bucket, stable=False)
            numbers = lib.numbers(tuple(range(size + 1)), bucket)
            edges = plain.searchsorted(plain.take(bucket, order, axis=0), numbers)
            found = sums_between(lib, xp.take(part, order, axis=0))(edges[:-1], edges[1:])
        total = found if total is None else total + found
    return total if total.dtype == x.dtype else xp.astype(total, x.dtype)


def rank(lib: Library, knots: Any, x: Any) -> Any:
    """Return how many of the increasing knots are at most x, for each element of x in turn.

    As `searchsorted` with side="right", but all of x takes each step at once: there is no branch
    to mispredict, which for scores in any order costs NumPy six times as much.
    """
    xp = lib.xp
    flat = xp.reshape(x, (-1,))
    # NumPy and PyTorch turn the indices that they take into 64 bits; JAX may have 32 only.
    integer = xp.int64 if lib.free else xp.int32
    count = knots.shape[0]
    if count <= _FEW and lib.free:
        found = xp.zeros_like(flat, dtype=xp.uint8)
        for i in range(count):
            found = found + xp.astype(flat >= knots[i], xp.uint8)
        return xp.astype(found, integer)
    step = 2 ** (count.bit_length() - 1)
    padded = xp.concat([knots, xp.full_like(knots, math.inf)])
    found = xp.zeros_like(flat, dtype=integer)
    while step:
        passed = lib.look_up(padded, found + (step - 1)) <= flat
        found = found + xp.astype(passed, integer) * step
        step //= 2
    return found


def _parts(lib: Library, x: Any) -> list[Any]:
    """Return x in float64, or split into arrays with exact sums, and what little is left.

    Adding and taking away a number far above x rounds x to a multiple of a power of two. If it is
    above the sum as well, sums of such multiples have no more digits than float32 holds.
    """
    if lib.has_float64:
        return [lib.wide(x)]
    xp, parts = lib.xp, []
    length = x.shape[-1]
    for _ in range(1 if length <= 2**12 else 2):  # what is left adds up to less than one x
        known = lib.constant(x)
        large = (2 * length) * xp.max(xp.abs(known), axis=-1, keepdims=True)
        part = (known + large) - large
        parts.append(part)
        x = x - part
    return [*parts, x]


def _with_zero(xp: Any, x: Any) -> Any:
    return xp.concat([xp.zeros_like(x[..., :1]), x], axis=-1)
