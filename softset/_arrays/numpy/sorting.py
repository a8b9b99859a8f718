"""Rows in order, by integers: NumPy sorts those of float32 and a label or a place as one."""

from __future__ import annotations

from typing import Any

import numpy as np

_SINGLE, _DOUBLE = np.dtype("float32"), np.dtype("float64")
_INTEGERS = {_SINGLE: np.int32, _DOUBLE: np.int64}
# Minus infinity as an integer: what is less is a NaN, which goes last.
_LOWEST = {_SINGLE: -0x7F800001, _DOUBLE: -0x7FF0000000000001}


def in_order(x: Any, others: tuple[Any, ...]) -> list[Any] | None:
    """Sort float32 numbers and their places, or labels of 0 and 1, as one: nothing is moved.

    None where they do not fit in one integer.
    """
    keys = as_integers(x) if x.dtype == _SINGLE and others and x.shape[-1] < 2**32 else None
    if keys is None:
        return None
    labels = others[0]
    flags = labels == 1
    whole = np.count_nonzero(flags) + np.count_nonzero(labels == 0) == keys.size
    if len(others) > 1 or not whole:
        keys = keys.astype(np.int64)
        keys <<= 32
        keys |= np.arange(x.shape[-1])
        keys.sort(axis=-1)
        order = keys & (2**32 - 1)
        moved = [np.take_along_axis(y, order, axis=-1) for y in others]
        return [as_floats((keys >> 32).astype(np.int32)), *moved]
    low, high = (keys.min(), keys.max()) if keys.size else (0, 0)
    short = low >= 0 and high < 2**30  # as those of probabilities
    keys = (keys if short else keys.astype(np.int64)) << 1
    keys |= flags.view(np.int8)
    keys.sort(axis=-1)
    labels = (keys & 1).astype(labels.dtype)
    keys >>= 1
    return [as_floats(keys if short else keys.astype(np.int32)), labels]


def as_integers(x: Any) -> Any:
    """Return integers in the order of floating-point numbers, by their bits.

    None where a NaN would not go last. The bits of positive numbers are in order as they are.
    """
    bits = x.view(_INTEGERS[x.dtype])
    if not bits.size or bits.min() >= 0:
        return bits
    keys = _turned((x + 0).view(bits.dtype))  # the bits of -0.0 are not those of 0.0
    return keys if keys.min() >= _LOWEST[x.dtype] else None


def as_floats(keys: Any) -> Any:
    """Return the numbers that `as_integers` made integers of."""
    keys = keys if not keys.size or keys.min() >= 0 else _turned(keys)
    return keys.view(_SINGLE if keys.dtype.itemsize == 4 else _DOUBLE)


def firsts(x: Any) -> Any:
    """Return the place of the first equal element: of few that are not new, by themselves."""
    places = np.arange(len(x))
    (again,) = np.nonzero(x[1:] == x[:-1])
    if 8 * len(again) < len(x):
        # In a run of equal elements places and their numbers grow together.
        runs = again - np.arange(len(again))
        places[again + 1] = again[np.searchsorted(runs, runs)]
    else:
        new = x[1:] != x[:-1]
        places[1:] *= new
        np.maximum.accumulate(places, out=places)
    return places


def _turned(bits: Any) -> Any:
    signs = bits >> (8 * bits.dtype.itemsize - 1)
    signs &= np.iinfo(bits.dtype).max
    return bits ^ signs
