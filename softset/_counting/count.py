"""From checked scores to memberships, to the four sums, and back to the gradient.

d loss / d score = (slope of the loss in the counts) x (slope of the memberships in the score).
"""

from __future__ import annotations

import math
from typing import Any

from .._arrays import Library
from ..steps import Hard, has_lines, is_ours, logistic, logistics, members
from .arguments import Batch
from .buckets import Buckets, count_buckets, gradient_of_buckets, put_in_buckets, suits_buckets

# How many memberships of a grid are made at once.
_BLOCK = 2**22


def count(batch: Batch, step: Any) -> tuple[Any, Any, Any, Any]:
    """Return tp, fp, fn and tn, in the way that costs least."""
    if not batch.grid:
        return add_up(batch, *memberships(batch, step))
    if suits_buckets(batch, step):
        return count_buckets(batch, put_in_buckets(batch, step))
    blocks = [add_up(block, *memberships(block, step)) for block, _ in _grid_blocks(batch)]
    if len(blocks) == 1:
        return blocks[0]
    tp, fp, fn, tn = (batch.lib.xp.concat(parts, axis=-1) for parts in zip(*blocks, strict=True))
    return tp, fp, fn, tn


def count_and_find(batch: Batch, step: Any) -> tuple[Any, Any]:
    """Return the four counts, and what `find_slopes` returns."""
    if not batch.grid:
        both, slopes = _with_slopes(batch, step)
        return add_up(batch, *both), slopes
    if suits_buckets(batch, step):
        buckets = put_in_buckets(batch, step)
        return count_buckets(batch, buckets), buckets
    return count(batch, step), None


def find_slopes(batch: Batch, step: Any) -> Any:
    """Return what the gradient needs beside the slopes in the counts.

    The slopes of both memberships, or of the first alone where the second is 1 less it; the
    buckets of a grid; nothing for other grids, whose slopes are too many to keep.
    """
    if suits_buckets(batch, step):
        return put_in_buckets(batch, step)
    if batch.grid:
        return None
    if has_lines(step) and not batch.from_logits:
        return step.lines(batch.lib, batch.threshold).slope_at(batch.lib, batch.scores), None
    return _with_slopes(batch, step)[1]


def gradient(batch: Batch, found: Any, step: Any, slope: Any) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn."""
    if isinstance(found, Buckets):
        return gradient_of_buckets(batch, found, step, slope)
    if not batch.grid:
        return _product(batch, found, slope)
    xp = batch.lib.xp
    total = xp.zeros_like(batch.scores[..., 0])
    for block, part in _grid_blocks(batch):
        slopes = _with_slopes(block, step)[1]
        of_block = tuple(x[..., part] for x in slope)
        total = total + xp.sum(_product(block, slopes, of_block), axis=-1)
    return total


def memberships(batch: Batch, step: Any) -> tuple[Any, Any]:
    """Return how far each score is a positive, and how far it is a negative."""
    lib, scores, threshold = batch.lib, batch.scores, batch.threshold
    if batch.from_logits and getattr(step, "symmetric", False):
        # 1 - p is 0 from logits of 17 on in float32; the mirrored step of sigmoid(-z) is not.
        score, lack = logistics(lib, scores)
        hit, miss = members(lib, step, score, threshold), members(lib, step, lack, 1 - threshold)
        return _with_nan(batch, hit), _with_nan(batch, miss)
    if batch.from_logits:
        scores = logistic(lib, scores)
    hit = members(lib, step, scores, threshold)
    if batch.cut is not None:
        hit = (hit - lib.constant(hit)) + _decisions(batch)
    hit = _with_nan(batch, hit) if batch.hides_nan else hit
    return hit, lib.less(hit)


def add_up(batch: Batch, hit: Any, miss: Any) -> tuple[Any, Any, Any, Any]:
    """Sum the memberships of the positives and of the negatives."""
    lib, axes, positives = batch.lib, batch.axes, batch.labels
    negatives = lib.less(positives)
    if batch.weights is not None:
        positives, negatives = positives * batch.weights, negatives * batch.weights
    # Memberships on the left: they may be dual numbers, which not every array yields to.
    tp, fp = lib.products(hit, positives, axes), lib.products(hit, negatives, axes)
    fn, tn = lib.products(miss, positives, axes), lib.products(miss, negatives, axes)
    if not batch.grid:
        return tp, fp, fn, tn
    # A step that ignores the threshold leaves a grid axis of length 1.
    zeros = lib.xp.zeros_like(batch.threshold)
    return tp + zeros, fp + zeros, fn + zeros, tn + zeros


def _with_nan(batch: Batch, hit: Any) -> Any:
    """Return memberships that are nan where a score is, if that could not be seen.

    The labels are nan there, but XLA takes the product of a decision and a nan for 0.
    """
    if not batch.hides_nan:
        return hit
    return batch.lib.where(batch.scores == batch.scores, hit, math.nan)


def _decisions(batch: Batch) -> Any:
    """Return what the hard step says of logits."""
    hard = batch.lib.constant(batch.scores) >= batch.cut
    return batch.lib.xp.astype(hard, batch.scores.dtype)


def _grid_blocks(batch: Batch) -> list[tuple[Batch, slice]]:
    """Split a long grid of thresholds, so that not all n x T memberships take memory at once."""
    whole = [(batch, slice(None))]
    if not (batch.grid and batch.lib.visible):
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


def _with_slopes(batch: Batch, step: Any) -> tuple[tuple[Any, Any], Any]:
    """Return the memberships, as `memberships` does, and their slopes, as `find_slopes` does."""
    lib, scores, threshold = batch.lib, batch.scores, batch.threshold
    if not batch.from_logits:
        hit, rise = _with_slope(batch, step, scores, threshold)
        hit = _with_nan(batch, hit) if batch.hides_nan else hit
        return (hit, lib.less(hit)), (rise, None)
    score, lack = logistics(lib, scores)
    inner = score * lack
    hit, rise = _with_slope(batch, step, score, threshold)
    if not getattr(step, "symmetric", False):
        hit = _with_nan(batch, hit if batch.cut is None else _decisions(batch))
        return (hit, 1 - hit), (inner * rise, None)
    miss, fall = _with_slope(batch, step, lack, 1 - threshold)
    hit, miss = _with_nan(batch, hit), _with_nan(batch, miss)
    if type(rise) is int:  # the probability itself
        return (hit, miss), (inner, None)
    return (hit, miss), (inner * rise, -inner * fall)


def _with_slope(batch: Batch, step: Any, scores: Any, threshold: Any) -> tuple[Any, Any]:
    """Return what a step says of scores, and its slope there: as known, or else by dual numbers."""
    lib = batch.lib
    if has_lines(step):
        lines = step.lines(lib, threshold)
        # Its threshold may be infinite, and then there is no middle line.
        value = step.at(lib, scores, threshold) if type(step) is Hard else lines.at(lib, scores)
        return value, lines.slope_at(lib, scores)
    if is_ours(step) and hasattr(step, "with_slope"):
        return step.with_slope(lib, scores, threshold)
    from .._arrays.duals import Dual, over

    xp = lib.xp
    if batch.grid:  # the step may not change the shape
        scores = scores + xp.zeros_like(batch.threshold)
    seed = Dual(scores, xp.expand_dims(xp.ones_like(scores), axis=0), True)
    out = members(over(lib), step, seed, threshold)
    if isinstance(out, Dual):
        return out.value, out.tangent[0, ...]
    return out, xp.zeros_like(out)


def _product(batch: Batch, slopes: tuple[Any, Any], slope: Any) -> Any:
    """Return the slopes in the counts times those of the memberships."""
    lib, positives, (rise, fall) = batch.lib, batch.labels, slopes
    tp, fp, fn, tn = slope
    if type(tp) is not float and tp.shape:
        tp, fp, fn, tn = (_along(lib, x, batch.axes) for x in slope)
    if fall is None:
        add, multiply = lib.in_place(batch.scores)
        product = add(positives * (tp - fn), lib.less(positives) * (fp - tn))
        product = product if type(rise) is int else multiply(product, rise)  # 1 is all it can be
    else:
        negatives = 1 - positives
        product = positives * (tp * rise + fn * fall) + negatives * (fp * rise + tn * fall)
    return product if batch.weights is None else product * batch.weights


def _along(lib: Library, x: Any, axes: tuple[int, ...]) -> Any:
    """Give a slope of the counts the axes back that were summed over."""
    for axis in axes:
        x = lib.xp.expand_dims(x, axis=axis)
    return x
