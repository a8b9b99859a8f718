"""From checked scores to memberships, and from memberships to the four sums."""

from __future__ import annotations

import math
from typing import Any

from ._batch import Batch
from ._grid import count_buckets, put_in_buckets, suits_buckets
from ._namespace import array_namespace, stop_gradient
from ._operations import sum_of_products
from ._users import members
from ._visible import values_visible
from .steps import Hard, keeps_nan, logistic, logistics

# How many memberships of a grid are made at once.
_BLOCK = 2**22


def count(batch: Batch, step: Any) -> tuple[Any, Any, Any, Any]:
    """Return tp, fp, fn and tn, in the way that costs least."""
    if suits_buckets(batch, step):
        return count_buckets(batch, put_in_buckets(batch, step))
    blocks = [add_up(block, *memberships(block, step)) for block, _ in grid_blocks(batch)]
    if len(blocks) == 1:
        return blocks[0]
    tp, fp, fn, tn = (batch.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=True))
    return tp, fp, fn, tn


def memberships(batch: Batch, step: Any) -> tuple[Any, Any]:
    """Return how far each score is a positive, and how far it is a negative."""
    scores, threshold = batch.scores, batch.threshold
    if not batch.from_logits:
        hit = with_nan(batch, step, members(step, scores, threshold))
        return hit, 1 - hit
    if not getattr(step, "symmetric", False):
        hit = members(step, logistic(scores), threshold)
        if batch.cut is not None:
            hit = (hit - stop_gradient(hit)) + decisions(batch)
        hit = with_nan(batch, step, hit)
        return hit, 1 - hit
    # 1 - p is 0 from logits of 17 on in float32; the mirrored step of sigmoid(-z) is not.
    score, lack = logistics(scores)
    hit, miss = members(step, score, threshold), members(step, lack, 1 - threshold)
    return with_nan(batch, step, hit), with_nan(batch, step, miss)


def with_nan(batch: Batch, step: Any, hit: Any) -> Any:
    """Return memberships that are nan where a score is, if that could not be seen.

    The labels are nan there, but XLA takes the product of a decision and a nan for 0.
    """
    if batch.seen or keeps_nan(step):
        return hit
    return array_namespace(hit).where(batch.scores == batch.scores, hit, math.nan)


def decisions(batch: Batch) -> Any:
    """Return what the hard step says of logits."""
    return Hard()(stop_gradient(batch.scores), batch.cut)


def add_up(batch: Batch, hit: Any, miss: Any) -> tuple[Any, Any, Any, Any]:
    """Sum the memberships of the positives and of the negatives."""
    positives, negatives = batch.labels, 1 - batch.labels
    if batch.weights is not None:
        positives, negatives = positives * batch.weights, negatives * batch.weights
    # Memberships on the left: they may be dual numbers, which not every array yields to.
    counts = (
        sum_of_products(hit, positives, batch.axes),
        sum_of_products(hit, negatives, batch.axes),
        sum_of_products(miss, positives, batch.axes),
        sum_of_products(miss, negatives, batch.axes),
    )
    if batch.grid:
        # A step that ignores the threshold leaves a grid axis of length 1.
        zeros = batch.xp.zeros_like(batch.threshold)
        tp, fp, fn, tn = (x + zeros for x in counts)
        return tp, fp, fn, tn
    return counts


def grid_blocks(batch: Batch) -> list[tuple[Batch, slice]]:
    """Split a long grid of thresholds, so that not all n x T memberships take memory at once."""
    whole = [(batch, slice(None))]
    if not (batch.grid and values_visible(batch.scores, batch.threshold)):
        return whole
    length = batch.threshold.shape[0]
    size = max(1, _BLOCK // max(1, math.prod(batch.scores.shape)))
    if size >= length:
        return whole
    parts = [slice(i, min(i + size, length)) for i in range(0, length, size)]
    cuts = [None if batch.cut is None else batch.cut[part] for part in parts]
    return [
        (batch._replace(threshold=batch.threshold[part], cut=cut), part)
        for part, cut in zip(parts, cuts, strict=True)
    ]
