"""Counts by group: each score is added to the counts of its own group, in one pass for all.

The groups' axis is behind those that are not summed over, and before that of a grid.
"""

from __future__ import annotations

import math
from typing import Any

from .._arrays.sums import bucket_sums
from .arguments import Batch


def add_up_groups(batch: Batch, hit: Any, miss: Any) -> tuple[Any, Any, Any, Any]:
    """Return tp, fp, fn and tn of every group, of memberships of positives and of negatives."""
    lib, positives = batch.lib, batch.labels
    negatives = lib.less(positives)
    if batch.weights is not None:
        positives, negatives = positives * batch.weights, negatives * batch.weights
    # Memberships on the left: they may be dual numbers, which not every array yields to.
    several = [hit * positives, hit * negatives, miss * positives, miss * negatives]
    if batch.grid:  # a step that ignores the threshold leaves a grid axis of length 1
        zeros = lib.xp.zeros_like(batch.threshold)
        several = [x + zeros for x in several]
    if lib.free:
        several = [lib.wide(x) for x in several]
    add_up = _scattered if _scatters(batch) else _masked
    tp, fp, fn, tn = add_up(batch, several)
    return tp, fp, fn, tn


def at_scores(batch: Batch, of_counts: Any) -> Any:
    """Return the number that goes with the counts of each score, as it broadcasts to the scores."""
    lib = batch.lib
    place = places(batch, of_counts.shape[-1] if batch.grid else 1)
    shape = tuple(-1 if d is None else d for d in lib.shape(place))
    found = lib.look_up(lib.xp.reshape(of_counts, (-1,)), lib.xp.reshape(place, (-1,)))
    return lib.xp.reshape(found, shape)


def places(batch: Batch, length: int) -> Any:
    """Return which of all counts each score goes to, with a grid of that length.

    It broadcasts to the scores, with an axis for the grid if the batch has one.
    """
    lib, place = batch.lib.plain, batch.groups
    ndim, stride = len(batch.scores.shape), length * batch.num_groups
    if length > 1:
        place = place * length + lib.numbers(tuple(range(length)), place)
    for axis, size in reversed(_kept(batch)):
        steps = lib.numbers(tuple(range(0, size * stride, stride)), place)
        place = place + lib.xp.reshape(steps, (size,) + (1,) * (ndim - 1 - axis))
        stride *= size
    return place


def _scatters(batch: Batch) -> bool:
    """Tell whether scattering costs less than a mask for each group."""
    lib = batch.lib
    if batch.num_groups <= lib.few_groups or not lib.can_sort:
        return False
    return None not in [size for _, size in _kept(batch)]


def _scattered(batch: Batch, several: list[Any]) -> list[Any]:
    """Sum arrays of the scores' shape by their group."""
    lib, like = batch.lib, batch.lib.constant(several[0])
    shape = (*(size for _, size in _kept(batch)), batch.num_groups)
    shape += tuple(batch.threshold.shape) if batch.grid else ()
    place = places(batch, shape[-1] if batch.grid else 1)
    if lib.shape(place) != lib.shape(like):
        place = place + lib.xp.zeros_like(like, dtype=place.dtype)
    place, size = lib.xp.reshape(place, (-1,)), math.prod(shape)
    flat = [lib.xp.reshape(x, (-1,)) for x in several]
    return [lib.xp.reshape(bucket_sums(lib, x, place, size), shape) for x in flat]


def _masked(batch: Batch, several: list[Any]) -> list[Any]:
    """Sum arrays of the scores' shape over one group after the other."""
    lib, axis = batch.lib, -2 if batch.grid else -1
    masks = [batch.groups == k for k in range(batch.num_groups)]
    return [
        lib.xp.stack([lib.sum(lib.kept(x, mask), batch.axes) for mask in masks], axis=axis)
        for x in several
    ]


def _kept(batch: Batch) -> list[tuple[int, Any]]:
    """Return the axes of the scores that are not summed over, and their lengths."""
    lengths = batch.lib.shape(batch.scores)
    lengths = lengths[:-1] if batch.grid else lengths
    return [(axis, size) for axis, size in enumerate(lengths) if axis not in batch.axes]
