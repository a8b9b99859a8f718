"""Two passes over the data: one reads and adds up, one reads again and writes the gradient.

Arrays in memory are taken piece by piece, so that what is computed on the way stays in the
processor's cache and takes no memory. Other arrays, and small ones, are one piece.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

from .._arrays.shapes import broadcasts_to
from ..steps import is_own_step
from .arguments import Arguments, Batch, Piece, piece_of, prepare, shape_of_threshold
from .count import count, count_and_find, find_slopes, gradient
from .traced import count_traced

# The elements of a piece: a megabyte of float32.
_SIZE = 2**18

_WHOLE: list[Piece] = [()]


class Pass(NamedTuple):
    """What the first pass leaves to the second: slopes by piece, or None to find them again."""

    arguments: Arguments
    pieces: list[Piece]
    found: list[Any]
    batch: Batch


def count_pass(arguments: Arguments) -> tuple[Any, ...]:
    """Return tp, fp, fn and tn."""
    pieces = _split(arguments)
    if len(pieces) == 1:
        if not arguments.lib.visible:
            return count_traced(arguments)
        return count(prepare(arguments), arguments.step)
    return _add_up(arguments, pieces, keep=False)[0]


def first_pass(arguments: Arguments) -> tuple[tuple[Any, ...], Pass]:
    """Return tp, fp, fn and tn, and what the second pass needs."""
    pieces = _split(arguments)
    if len(pieces) > 1:
        # To find the slopes again takes hardly longer than to read them, but for buckets.
        return _add_up(arguments, pieces, keep=arguments.thresholds is not None)
    batch = prepare(arguments)
    counts, found = count_and_find(batch, arguments.step)
    return counts, Pass(arguments, pieces, [found], batch)


def second_pass(first: Pass, slope: tuple[Any, ...]) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn."""
    arguments, pieces, found, batch = first
    step, y_prob = arguments.step, arguments.y_prob
    if len(pieces) == 1:
        return _like(batch, y_prob, gradient(batch, found[0], step, slope))
    result, seen = batch.lib.xp.empty_like(y_prob), batch.seen
    for piece, slopes in zip(pieces, found, strict=True):
        part = piece_of(arguments, piece)
        batch = prepare(part, seen=seen)
        if slopes is None:
            slopes = find_slopes(batch, step)
        of_part = slope
        if type(slope[0]) is not float:
            of_part = tuple(x[_kept(piece, batch)] for x in slope)
        product = gradient(batch, slopes, step, of_part)
        result[piece] = _like(batch, part.y_prob, product)
    return result


def _add_up(arguments: Arguments, pieces: list[Piece], *, keep: bool) -> tuple[Any, Pass]:
    """Count piece by piece; the sums over pieces are in float64."""
    totals: list[Any] = []
    found: list[Any] = []
    step = arguments.step
    for piece in pieces:
        batch = _prepared(arguments, piece)
        if keep:
            counts, slopes = count_and_find(batch, step)
        else:
            counts, slopes = count(batch, step), None
        if not totals:
            totals = [_zeros(arguments, batch, x) for x in counts]
        for total, x in zip(totals, counts, strict=True):
            total[_kept(piece, batch)] += x
        found.append(slopes)
    sums = tuple(batch.lib.cast(x, batch.scores.dtype)[()] for x in totals)
    return sums, Pass(arguments, pieces, found, batch)


def _split(arguments: Arguments) -> list[Piece]:
    """Return the places of the pieces, of which there is one unless pieces are faster."""
    if not arguments.lib.free:
        return _WHOLE
    shape = tuple(arguments.y_prob.shape)
    if math.prod(shape) <= _SIZE:
        return _WHOLE
    if not is_own_step(arguments.step):  # which may look at all scores at once
        return _WHOLE
    if tuple(arguments.y_true.shape) != shape:  # an error, which `prepare` describes, as below
        return _WHOLE
    for x in (arguments.sample_weight, arguments.where):
        if x is not None and not (len(x.shape) == len(shape) and broadcasts_to(x.shape, shape)):
            return _WHOLE
    if not broadcasts_to(shape_of_threshold(arguments.threshold), shape):
        return _WHOLE
    steps, room = [1] * len(shape), _SIZE
    for axis in range(len(shape) - 1, -1, -1):
        steps[axis] = max(1, min(shape[axis], room))
        room //= steps[axis]
    ranges = (range(0, n, step) for n, step in zip(shape, steps, strict=True))
    return [
        tuple(slice(i, i + step) for i, step in zip(starts, steps, strict=True))
        for starts in itertools.product(*ranges)
    ]


def _prepared(arguments: Arguments, piece: Piece) -> Batch:
    """Return the checked input of a piece; an error tells the position among all scores."""
    try:
        return prepare(piece_of(arguments, piece))
    except ValueError:
        prepare(arguments)  # raises with the position among all
        raise


def _kept(piece: Piece, batch: Batch) -> Piece:
    """Return where the counts of a piece are among all counts."""
    return tuple(place for axis, place in enumerate(piece) if axis not in batch.axes)


def _zeros(arguments: Arguments, batch: Batch, counts: Any) -> Any:
    """Return a place for the sums of counts such as those of the first piece."""
    kept = (n for axis, n in enumerate(arguments.y_prob.shape) if axis not in batch.axes)
    grid = counts.shape[-1:] if batch.grid else ()
    dtype = batch.lib.xp.result_type(counts.dtype, batch.lib.xp.float64)
    return batch.lib.xp.zeros((*kept, *grid), dtype=dtype, device="cpu")


def _like(batch: Batch, y_prob: Any, product: Any) -> Any:
    """Return the gradient in the dtype of the scores, 0 where they were clipped."""
    if batch.clipped:
        product = batch.lib.where((y_prob >= 0) & (y_prob <= 1), product, 0.0)
    return batch.lib.cast(product, y_prob.dtype)
