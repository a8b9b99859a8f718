"""From checked scores to memberships, to the four sums, and back to the gradient.

d loss / d score = w [y (L_tp - L_fn) + (1 - y) (L_fp - L_tn)] h'(score), with the label y, the
weight w, the membership h, and the loss's slopes in the counts, which `count_slopes` finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..steps import Hard, Softmax, StraightThrough, class_axis, has_lines, is_ours, members
from .arguments import Batch
from .buckets import Buckets, count_buckets, gradient_of_buckets, put_in_buckets, suits_buckets
from .groups import add_up_groups, at_scores

# How many memberships of a grid are made at once.
_BLOCK = 2**22

# A difference of two sums that is less than this share of them has too few of their digits.
_SMALL = 2.0**-4


def count(batch: Batch, step: Any) -> tuple[Any, Any, Any, Any]:
    """Return tp, fp, fn and tn, in the way that costs least; in float64 where arrays are free."""
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
        again = None if batch.lib.free else batch.lib.apart(batch.labels, batch.scores)
        if again is not None:
            behind = batch._replace(labels=again[0], scores=again[1])
            return count(behind, step), find_slopes(batch, step)
        both, slopes = _with_slopes(batch, step)
        return add_up(batch, *both), slopes
    if suits_buckets(batch, step):
        buckets = put_in_buckets(batch, step)
        return count_buckets(batch, buckets), buckets
    return count(batch, step), None


def find_slopes(batch: Batch, step: Any) -> Any:
    """Return what the gradient needs beside the slopes in the counts.

    The slopes of the memberships; what classes share; the buckets of a grid; nothing for other
    grids, whose slopes are too many to keep.
    """
    if suits_buckets(batch, step):
        return put_in_buckets(batch, step)
    if batch.grid:
        return None
    if has_lines(step) and not batch.from_logits:
        return step.lines(batch.lib, batch.threshold).slope_at(batch.lib, batch.scores)
    return _with_slopes(batch, step)[1]


def gradient(batch: Batch, found: Any, step: Any, slope: Any, room: Any = None) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn.

    It is in `room`, of the scores' shape and dtype, if there is some and that saves time. The
    room may be that of what `find_slopes` returned.
    """
    if isinstance(found, Buckets):
        return gradient_of_buckets(batch, found, step, slope)
    if class_axis(step) is not None:
        product, logits = _product(batch, 1, slope), batch.from_logits
        return step.pull_back(batch.lib, batch.scores, product, from_logits=logits, shares=found)
    if not batch.grid:
        return _product(batch, found, slope, room)
    xp = batch.lib.xp
    total = xp.zeros_like(batch.scores[..., 0])
    for block, part in _grid_blocks(batch):
        slopes = _with_slopes(block, step)[1]
        of_block = tuple(x[..., part] for x in slope)
        total = total + xp.sum(_product(block, slopes, of_block), axis=-1)
    return total


def memberships(batch: Batch, step: Any) -> tuple[Any, Callable[[], Any]]:
    """Return how far each score is a positive, and what tells how far it is a negative."""
    lib, scores, threshold = batch.lib, batch.scores, batch.threshold
    if class_axis(step) is not None:
        hit = _with_nan(batch, step.among(lib, scores, from_logits=batch.from_logits))
        return hit, lambda: lib.less(hit)
    if batch.from_logits and getattr(step, "symmetric", False):
        # 1 - p is 0 from logits of 17 on in float32; the mirrored step of sigmoid(-z) is not.
        score, lack = (lib.logistic(scores), None) if lib.three_sums else lib.logistics(scores)
        hit = _with_nan(batch, members(lib, step, score, threshold))
        return hit, _mirrored(batch, step, lack)
    if batch.from_logits:
        scores = lib.logistic(scores)
    hit = members(lib, step, scores, threshold)
    if batch.cut is not None:
        hit = _decisions(batch, hit)
    hit = _with_nan(batch, hit) if batch.hides_nan else hit
    return hit, lambda: lib.less(hit)


def add_up(batch: Batch, hit: Any, missing: Callable[[], Any]) -> tuple[Any, Any, Any, Any]:
    """Sum the memberships of the positives and of the negatives."""
    lib, axes, positives = batch.lib, batch.axes, batch.labels
    if batch.groups is not None:
        return add_up_groups(batch, hit, missing())
    # Down columns float32 sums round too much for differences.
    if lib.three_sums and not batch.grid and len(hit.shape) - 1 in axes:
        four = _by_differences(batch, hit, missing)
        return four if lib.free else tuple([lib.number(x, hit) for x in four])
    negatives, miss = lib.less(positives), missing()
    if batch.weights is not None:
        positives, negatives = positives * batch.weights, negatives * batch.weights
    # Memberships on the left: they may be dual numbers, which not every array yields to.
    tp, fp, fn, tn = lib.crossed((hit, miss), (positives, negatives), axes)
    if not batch.grid:
        return tp, fp, fn, tn
    # A step that ignores the threshold leaves a grid axis of length 1.
    zeros = lib.xp.zeros_like(batch.threshold)
    return tp + zeros, fp + zeros, fn + zeros, tn + zeros


def _by_differences(batch: Batch, hit: Any, missing: Callable[[], Any]) -> Any:
    """Take the counts from three sums in float64, and those far below a sum by themselves."""
    lib, axes, positives, weights = batch.lib, batch.axes, batch.labels, batch.weights
    if weights is None:
        sums = lib.sums(hit, positives, axes)
        everything = lib.size(hit, axes)
    else:
        if weights.shape != positives.shape or None in weights.shape:
            weights, positives = lib.xp.broadcast_arrays(weights, positives)
        positives = positives * weights
        tp, hits = lib.dot(hit, positives, axes), lib.dot(hit, weights, axes)
        sums = tp, hits, lib.total(positives, axes)
        everything = lib.total(weights, axes)
    (tp, fp, fn, tn), least = differences(sums, everything)
    if type(tp) is float and fp >= least[0] and fn >= least[1] and tn >= least[2]:
        return tp, fp, fn, tn

    def negatives() -> Any:
        found = lib.less(batch.labels)
        return found if weights is None else found * weights

    def again(found: Any, bound: Any, x: Callable[[], Any], y: Callable[[], Any]) -> Any:
        few = lib.any_less(found, bound)
        return lib.either(few, lambda: lib.dot(x(), y(), axes), lambda: found)

    fn = again(fn, least[1], missing, lambda: positives)
    fp = again(fp, least[0], lambda: hit, negatives)
    return tp, fp, fn, again(tn, least[2], missing, negatives)


def differences(sums: Any, everything: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the counts, and below what fp, fn and tn have too few digits.

    The sums are those of the true positives, of the memberships and of the positives.
    """
    tp, hits, positive = sums
    fp, fn = hits - tp, positive - tp
    tn = everything - positive - fp
    return (tp, fp, fn, tn), (_SMALL * hits, _SMALL * positive, _SMALL * (positive + hits))


def _with_nan(batch: Batch, hit: Any) -> Any:
    """Return memberships that are nan where a score is, if that could not be seen.

    The labels are nan there, but XLA takes the product of a decision and a nan for 0.
    """
    if not batch.hides_nan:
        return hit
    return batch.lib.where(batch.scores == batch.scores, hit, math.nan)


def _decisions(batch: Batch, hit: Any) -> Any:
    """Return what the hard step says of logits, with the slope of memberships, or their nan."""
    lib = batch.lib
    hard = lib.constant(batch.scores) >= batch.cut
    return (hit - lib.constant(hit)) + lib.xp.astype(hard, batch.scores.dtype)


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


def _with_slopes(batch: Batch, step: Any) -> tuple[tuple[Any, Callable[[], Any]], Any]:
    """Return the memberships, as `memberships` does, and their slopes, as `find_slopes` does."""
    lib, scores, threshold = batch.lib, batch.scores, batch.threshold
    if class_axis(step) is not None:
        both = memberships(batch, step)  # `gradient` goes back along the classes
        return both, both[0] if type(step) is Softmax else None
    if not batch.from_logits:
        hit, rise = _with_slope(batch, step, scores, threshold)
        hit = _with_nan(batch, hit) if batch.hides_nan else hit
        return (hit, lambda: lib.less(hit)), rise
    if lib.three_sums:
        lack, (score, inner) = None, lib.logistic_and_slope(scores)
    else:
        score, lack = lib.logistics(scores)
        inner = lack * score
    hit, rise = _with_slope(batch, step, score, threshold)
    slope = inner if type(rise) is int else inner * rise
    if not getattr(step, "symmetric", False):
        hit = _with_nan(batch, hit if batch.cut is None else _decisions(batch, hit))
        return (hit, lambda: 1 - hit), slope
    hit = _with_nan(batch, hit)
    return (hit, _mirrored(batch, step, lack)), slope


def _mirrored(batch: Batch, step: Any, lack: Any) -> Callable[[], Any]:
    """Return what tells what the mirrored step says of 1 - p of logits, found anew if not given.

    It falls as the other rises.
    """
    lib = batch.lib

    def missing() -> Any:
        share = lib.logistic(-batch.scores) if lack is None else lack
        return _with_nan(batch, members(lib, step, share, 1 - batch.threshold))

    return missing


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
    if type(step) is StraightThrough:
        soft, rise = _with_slope(batch, step.step, scores, threshold)
        return step.decided(lib, soft, scores, threshold), rise
    from .._arrays.duals import Dual, over

    xp = lib.xp
    if batch.grid:  # the step may not change the shape
        scores = scores + xp.zeros_like(batch.threshold)
    seed = Dual(scores, xp.expand_dims(xp.ones_like(scores), axis=0), True)
    out = members(over(lib), step, seed, threshold)
    if isinstance(out, Dual):
        return out.value, out.tangent[0, ...]
    return out, xp.zeros_like(out)


def _product(batch: Batch, rise: Any, slope: Any, room: Any = None) -> Any:
    """Return the slopes in the counts times those of the memberships."""
    lib = batch.lib
    tp, fp, fn, tn = slope
    positive, negative = tp - fn, fp - tn
    if batch.groups is not None:
        positive, negative = at_scores(batch, positive), at_scores(batch, negative)
    elif type(positive) is not float and positive.shape:
        place = [None if i in batch.axes else slice(None) for i in range(len(batch.scores.shape))]
        positive, negative = positive[tuple(place)], negative[tuple(place)]
    _, multiply = lib.in_place(batch.scores)
    product = lib.chosen(batch.labels, positive, negative, None if rise is room else room)
    if type(rise) is not int:  # 1 is all it can be
        product = multiply(rise, product) if rise is room else multiply(product, rise)
    return product if batch.weights is None else multiply(product, batch.weights)
