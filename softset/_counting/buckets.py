"""Counts at many thresholds, for steps made of lines: one search, not n x T memberships.

The ends of the lines at all thresholds cut the scores into buckets. Within a bucket the step is
one line at every threshold, so that of its scores only three sums matter; and at a threshold the
same line holds for a whole stretch of buckets.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.sums import bucket_sums, rank, sums_between
from ..steps import has_lines
from ..steps.lines import Lines
from .arguments import Batch
from .groups import places

# It costs less to make the memberships for fewer thresholds, fewer scores to sum over, or fewer
# memberships in all.
FEW = 8
SHORT = 16
MANY = 2**16


class Buckets(NamedTuple):
    """Where the scores are among the knots of a grid.

    `index` numbers the bucket of each score, through all rows of counts, of `size` buckets each.
    Where all labels are decisions the buckets of the positives come after all others: `apart`.
    At a threshold the first line holds for the buckets before `start`, the last one from `stop`.
    Of the lines, `low` and `high` are where they meet, `first`, `middle` and `last` their slopes:
    from (0, 0), through (threshold, centre), to (1, 1).
    """

    index: Any
    size: int
    start: Any
    stop: Any
    lines: Lines
    apart: bool


def suits_buckets(batch: Batch, step: Any) -> bool:
    """Tell whether the counts over a grid are to be made from buckets."""
    lib = batch.lib
    if not (batch.grid and has_lines(step) and lib.can_sort and lib.can_search):
        return False
    lengths: Any = lib.shape(batch.scores)[:-1]
    count = lib.shape(batch.threshold)[0]
    summed, kept = [lengths[i] for i in batch.axes], _kept(batch)
    if count is None or count < FEW or None in kept or summed.count(None) > 1:
        return False
    rows, length = math.prod(kept), math.inf if None in summed else math.prod(summed)
    # Each row of counts has its buckets, numbered in 32 bits.
    return length >= SHORT and rows * length * count >= MANY and 2 * rows * (2 * count + 1) < 2**31


def put_in_buckets(batch: Batch, step: Any) -> Buckets:
    """Find the bucket of every score."""
    lib = batch.lib.plain
    scores = batch.lib.constant(batch.scores[..., 0])
    scores = lib.logistic(scores) if batch.from_logits else scores
    xp = lib.xp
    lines = step.lines(lib, batch.lib.constant(batch.threshold))
    # A score at the upper end of the middle line is still on it.
    beyond = xp.nextafter(lines.high, xp.full_like(lines.high, math.inf))
    knots = xp.sort(xp.concat([lines.low, beyond]))
    index = rank(lib, knots, scores)
    start, stop = (xp.searchsorted(knots, x) + 1 for x in (lines.low, beyond))
    size = 2 * batch.threshold.shape[0] + 1
    kept = _kept(batch)
    if kept:
        if batch.groups is None:
            firsts = tuple(range(0, math.prod(kept) * size, size))
            rows = xp.reshape(lib.numbers(firsts, index), kept)
            for axis in batch.axes:
                rows = xp.expand_dims(rows, axis=axis)
        else:
            rows = size * lib.cast(places(batch, 1)[..., 0], index.dtype)
        index = xp.reshape(_like(lib, index, scores) + rows, (-1,))
    # A nan that nobody saw is to be in all counts, whatever its label.
    labels = xp.reshape(batch.labels, (-1,)) if batch.lib.free and batch.seen else None
    apart = labels is not None and lib.are_decisions(labels)
    if apart:
        index = index + lib.cast(labels, index.dtype) * (math.prod(kept) * size)
    lines = step.lines(batch.lib, batch.lib.wide(batch.threshold))
    return Buckets(index, size, start, stop, lines, apart)


def count_buckets(batch: Batch, buckets: Buckets) -> tuple[Any, ...]:
    """Return tp, fp, fn and tn at every threshold."""
    labels, weights, scores = _without_grid_axis(batch)
    lib, dtype, lines = batch.lib, scores.dtype, buckets.lines
    xp = lib.xp
    if _rises(lines.middle):
        parts = lib.logistics(scores) if batch.from_logits else (scores, 1 - scores)
    else:
        parts = ()
    # Memberships of positives and of negatives, their scores, and what these lack of 1.
    sums: list[Any] = []
    if buckets.apart:
        members = xp.ones_like(labels) if weights is None else weights + xp.zeros_like(labels)
        for x in (members, *(x if weights is None else x * weights for x in parts)):
            found = _sums(batch, buckets, x)
            sums += [found[1, ...], found[0, ...]]
    else:
        both = [labels, 1 - labels]
        both = both if weights is None else [weights * x for x in both]
        # The scores on the left: they may be dual numbers, which not every array yields to.
        for several in (both, *([x * y for y in both] for x in parts)):
            sums += [_sums(batch, buckets, x)[0, ...] for x in several]
    between = sums_between(lib, xp.stack(sums))
    rows = (len(sums), *_kept(batch), lib.shape(batch.threshold)[0])
    start, stop = (xp.broadcast_to(x, rows) for x in (buckets.start, buckets.stop))
    below, inside, above = between(None, start), between(start, stop), between(stop, None)
    counts = []
    for i in range(2):
        hit = inside[i, ...] * lines.centre + above[i, ...]
        miss = inside[i, ...] * (1 - lines.centre) + below[i, ...]
        if _rises(lines.middle):
            rise = (inside[i + 2, ...] - inside[i, ...] * lines.threshold) * lines.middle
            rise = rise + below[i + 2, ...] * lines.first
            gap = above[i + 4, ...] * lines.last
            hit, miss = hit + rise - gap, miss - rise + gap
        counts += [hit, miss]
    # What rounding left below 0 is 0, and keeps its slope.
    counts = (xp.where(x < 0, x - lib.constant(x), x) for x in counts)
    tp, fn, fp, tn = (lib.cast(x, dtype) for x in counts)
    return tp, fp, fn, tn


def gradient_of_buckets(batch: Batch, buckets: Buckets, step: Any, slope: Any) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn.

    It is one number for all positives of a bucket, and one for all its negatives.
    """
    lib, (labels, weights, scores) = batch.lib, _without_grid_axis(batch)
    xp = lib.xp
    # Thresholds that could not be checked may come in any order.
    order = xp.argsort(batch.threshold)
    lines = step.lines(lib, lib.wide(xp.take(batch.threshold, order, axis=0)))
    numbers = lib.numbers(tuple(range(buckets.size)), buckets.start)
    rows = (*_kept(batch), buckets.size)
    before, after = (
        xp.broadcast_to(xp.searchsorted(xp.sort(x), numbers, side="right"), rows)
        for x in (buckets.start, buckets.stop)
    )
    tp, fp, fn, tn = (lib.wide(xp.take(x, order, axis=-1)) for x in slope)
    tables = [
        lib.cast(xp.reshape(_slope(lib, x, lines, before, after), (-1,)), scores.dtype)
        for x in (fp - tn, tp - fn)
    ]
    tables = [xp.concat(tables)] if buckets.apart else tables
    found = [_like(lib, lib.look_up(table, buckets.index), scores) for table in tables]
    gradient = found[0] if buckets.apart else labels * found[1] + (1 - labels) * found[0]
    if batch.from_logits:
        gradient = gradient * (lib.logistic(scores) * lib.logistic(-scores))
    return gradient if weights is None else gradient * weights


def _slope(lib: Library, slopes: Any, lines: Lines, before: Any, after: Any) -> Any:
    """Return the sum over the grid of slopes times those of the lines.

    A bucket is on the first line of the thresholds from `before` on, and on the last one of those
    up to `after`.
    """
    return (
        sums_between(lib, slopes * lines.middle)(after, before)
        + sums_between(lib, slopes * lines.first)(before, None)
        + sums_between(lib, slopes * lines.last)(None, after)
    )


def _sums(batch: Batch, buckets: Buckets, x: Any) -> Any:
    """Return the sums over each bucket, in rows: of all scores, or of negatives and positives."""
    lib, rows = batch.lib, (1 + buckets.apart, *_kept(batch), buckets.size)
    flat = lib.xp.reshape(lib.wide(x), (-1,))
    return lib.xp.reshape(bucket_sums(lib, flat, buckets.index, math.prod(rows)), rows)


def _like(lib: Library, x: Any, like: Any) -> Any:
    """Give a 1-D array the shape of another, of which one length may not be known."""
    return lib.xp.reshape(x, tuple(-1 if d is None else d for d in lib.shape(like)))


def _kept(batch: Batch) -> tuple[Any, ...]:
    """Return the lengths of the axes of the counts before that of the grid."""
    lengths = batch.lib.shape(batch.scores)[:-1]
    kept = tuple(length for i, length in enumerate(lengths) if i not in batch.axes)
    return kept if batch.groups is None else (*kept, batch.num_groups)


def _without_grid_axis(batch: Batch) -> tuple[Any, Any, Any]:
    weights = None if batch.weights is None else batch.weights[..., 0]
    return batch.labels[..., 0], weights, batch.scores[..., 0]


def _rises(slope: Any) -> bool:
    return not (isinstance(slope, int) and slope == 0)
