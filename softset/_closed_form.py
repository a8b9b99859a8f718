"""The gradient of a loss in closed form, given its slopes in the four counts.

d loss / d score = (slope of the loss in the counts) x (slope of the memberships in the score).
"""

from __future__ import annotations

from typing import Any

from ._batch import Batch
from ._counting import add_up, count, decisions, grid_blocks, with_nan
from ._dual import Dual
from ._grid import Buckets, count_buckets, gradient_of_buckets, put_in_buckets, suits_buckets
from ._lines import has_lines, is_ours
from ._operations import in_place
from ._users import members
from .steps import Hard, logistics


def count_and_find(batch: Batch, step: Any) -> tuple[Any, Any]:
    """Return the four counts, and what `find_slopes` returns."""
    if suits_buckets(batch, step):
        buckets = put_in_buckets(batch, step)
        return count_buckets(batch, buckets), buckets
    if batch.grid:
        return count(batch, step), None
    members, slopes = _with_slopes(batch, step)
    return add_up(batch, *members), slopes


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
        return step.lines(batch.threshold).slope(batch.scores), None
    return _with_slopes(batch, step)[1]


def gradient(batch: Batch, found: Any, step: Any, slope: Any) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn."""
    if isinstance(found, Buckets):
        return gradient_of_buckets(batch, found, step, slope)
    if not batch.grid:
        return _product(batch, found, slope)
    total = batch.xp.zeros_like(batch.scores[..., 0])
    for block, part in grid_blocks(batch):
        slopes = _with_slopes(block, step)[1]
        of_block = tuple(x[..., part] for x in slope)
        total = total + batch.xp.sum(_product(block, slopes, of_block), axis=-1)
    return total


def _with_slopes(batch: Batch, step: Any) -> tuple[tuple[Any, Any], Any]:
    """Return the memberships, as `memberships` does, and their slopes, as `find_slopes` does."""
    scores, threshold = batch.scores, batch.threshold
    if not batch.from_logits:
        hit, rise = _with_slope(batch, step, scores, threshold)
        hit = with_nan(batch, step, hit)
        return (hit, 1 - hit), (rise, None)
    score, lack = logistics(scores)
    inner = score * lack
    hit, rise = _with_slope(batch, step, score, threshold)
    if not getattr(step, "symmetric", False):
        hit = with_nan(batch, step, hit if batch.cut is None else decisions(batch))
        return (hit, 1 - hit), (inner * rise, None)
    miss, fall = _with_slope(batch, step, lack, 1 - threshold)
    hit, miss = with_nan(batch, step, hit), with_nan(batch, step, miss)
    return (hit, miss), (inner * rise, -inner * fall)


def _with_slope(batch: Batch, step: Any, scores: Any, threshold: Any) -> tuple[Any, Any]:
    """Return what a step says of scores, and its slope there: as known, or else by dual numbers."""
    if has_lines(step):
        lines = step.lines(threshold)
        # Its threshold may be infinite, and then there is no middle line.
        value = step(scores, threshold) if type(step) is Hard else lines(scores)
        return value, lines.slope(scores)
    if hasattr(step, "with_slope") and is_ours(step):
        return step.with_slope(scores, threshold)
    xp = batch.xp
    if batch.grid:  # the step may not change the shape
        scores = scores + xp.zeros_like(batch.threshold)
    out = members(step, Dual(scores, xp.expand_dims(xp.ones_like(scores), axis=0), True), threshold)
    if isinstance(out, Dual):
        return out.value, out.tangent[0, ...]
    return out, xp.zeros_like(out)


def _product(batch: Batch, slopes: tuple[Any, Any], slope: Any) -> Any:
    """Return the slopes in the counts times those of the memberships."""
    tp, fp, fn, tn = (_along(batch.xp, x, batch.axes) for x in slope)
    (rise, fall), positives = slopes, batch.labels
    if fall is None:
        add, multiply = in_place(batch.scores)
        product = add(positives * (tp - fn), (1 - positives) * (fp - tn))
        product = product if type(rise) is int else multiply(product, rise)  # 1 is all it can be
    else:
        negatives = 1 - positives
        product = positives * (tp * rise + fn * fall) + negatives * (fp * rise + tn * fall)
    return product if batch.weights is None else product * batch.weights


def _along(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """Give a slope of the counts the axes back that were summed over."""
    if not x.shape:  # a number fits everything
        return x
    for axis in axes:
        x = xp.expand_dims(x, axis=axis)
    return x
