"""Two passes over the data: one reads and adds up, one reads again and writes the gradient.

Arrays in memory are taken piece by piece, so that what is computed on the way stays in the
processor's cache and takes no memory. Other arrays, and small ones, are one piece.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

from .._arrays.shapes import broadcasts_to
from .._arrays.values import NO_SOFT_LABELS, checking
from .._types import ConfusionTable
from ..steps import Identity, is_own_step
from .arguments import (
    Arguments,
    Batch,
    Piece,
    batch_of,
    check_kinds,
    piece_of,
    prepare,
    shape_of_threshold,
)
from .count import count, count_and_find, differences, find_slopes, gradient
from .joined import joined
from .kinds import FOUR, TABLE
from .values import CLEAN, SEEN, check_groups, check_values

# The elements of a piece for each thread: a megabyte of float32.
_SIZE = 2**18

_WHOLE: list[Piece] = [()]


class Pass(NamedTuple):
    """What the first pass leaves to the second: slopes by piece, or None to find them again.

    Where they are parts of one array it is in `room`, for the first gradient that is asked for.
    """

    arguments: Arguments
    whole: Batch | None
    pieces: list[Piece]
    found: list[Any]
    batch: Batch
    shape: tuple[int, ...]
    room: list[Any]


def count_pass(arguments: Arguments) -> tuple[Any, ...]:
    """Return tp, fp, fn and tn, or the table."""
    counts, batch = sum_up(arguments)
    return rounded(batch, counts)


def sum_up(arguments: Arguments) -> tuple[tuple[Any, ...], Batch]:
    """Return counts, in float64 where arrays are free, and some of the checked input."""
    large = math.prod(arguments.y_prob.shape) > _SIZE if arguments.lib.free else False
    at_once = _at_once(arguments, keep=False) if large else None
    if at_once is not None:
        return at_once.counts, at_once.batch
    arguments, pieces = _split(arguments)
    if len(pieces) == 1:
        kind = TABLE if arguments.kind is ConfusionTable else FOUR
        batch = kind.prepare(arguments)
        return kind.count(batch, arguments.step), batch
    counts, _, batch = _add_up(arguments, _whole(arguments), pieces, keep=False)
    return counts, batch


def first_pass(arguments: Arguments, *, seen: int | None = None) -> tuple[tuple[Any, ...], Pass]:
    """Return what `sum_up` counts, and what the second pass needs; `seen` is that of `prepare`."""
    shape = arguments.y_prob.shape
    large = math.prod(shape) > _SIZE if arguments.lib.free else False
    at_once = _at_once(arguments, keep=True) if large else None
    if at_once is not None:
        counts, batch, arguments, slopes = at_once
        if type(slopes) is int:
            return counts, Pass(arguments, None, _WHOLE, [slopes], batch, shape, [])
        pieces = _places(tuple(slopes.shape), _SIZE * batch.lib.threads)
        found = [slopes[piece] for piece in pieces]
        return counts, Pass(arguments, batch, pieces, found, batch, shape, [slopes])
    arguments, pieces = _split(arguments)
    if len(pieces) == 1:
        kind = TABLE if arguments.kind is ConfusionTable else FOUR
        batch = kind.prepare(arguments, seen=seen)
        counts, slopes = kind.count_and_find(batch, arguments.step)
        return counts, Pass(arguments, batch, _WHOLE, [slopes], batch, shape, [])
    whole = _whole(arguments)
    # To find the slopes again takes hardly longer than to read them, but for buckets and powers.
    keep = arguments.thresholds is not None or arguments.from_logits
    counts, found, batch = _add_up(arguments, whole, pieces, keep=keep)
    return counts, Pass(arguments, whole, pieces, found, batch, shape, [])


def second_pass(first: Pass, slope: tuple[Any, ...]) -> Any:
    """Return the gradient in the scores, given the loss's slopes in tp, fp, fn and tn."""
    arguments, whole, pieces, found, batch, shape, rooms = first
    step, y_prob = arguments.step, arguments.y_prob
    if pieces is _WHOLE:
        kind = TABLE if arguments.kind is ConfusionTable else FOUR
        product = _like(batch, y_prob, kind.gradient(batch, found[0], step, slope))
        return product if y_prob.shape == shape else batch.lib.xp.reshape(product, shape)
    seen, keeps = batch.seen, bool(rooms)
    result = rooms.pop() if keeps else batch.lib.xp.empty_like(y_prob)
    direct = not batch.clipped and batch.scores.dtype == y_prob.dtype
    for i, (piece, slopes) in enumerate(zip(pieces, found, strict=True)):
        if whole is None:
            batch = prepare(piece_of(arguments, piece), seen=seen)
        else:
            batch = batch_of(whole, piece)
        if slopes is None:
            slopes = find_slopes(batch, step)
        of_part = slope
        if type(slope[0]) is not float:
            of_part = tuple(x[_kept(piece, batch)] for x in slope)
        room = slopes if keeps else result[piece] if direct else None
        product = gradient(batch, slopes, step, of_part, room)
        if product is not room:
            result[piece] = _like(batch, y_prob[piece], product)
        if keeps:
            found[i] = None  # the gradient is where they were
    return batch.lib.xp.reshape(result, shape)


def _whole(arguments: Arguments) -> Batch | None:
    """Return all input at once, if that takes no copy; its values are looked at in pieces."""
    lib, names, y_true, y_prob = arguments[:4]
    sample_weight, where = arguments.sample_weight, arguments.where
    if where is not None or lib.counted_in(y_prob) is not y_prob or not checking(lib):
        return None
    for x in (y_true, sample_weight):
        if x is not None and x.dtype != y_prob.dtype:
            return None
    check_kinds(lib, names, y_true, y_prob, sample_weight, where)
    if arguments.groups is not None:
        check_groups(lib, arguments.groups, arguments.num_groups, where)
    return prepare(arguments, seen=SEEN)


def has_few_passes(call: Arguments) -> bool:
    """Tell whether the scores are the memberships, and three sums of arrays as they are do."""
    if type(call.step) is not Identity or call.kind is ConfusionTable:
        return False
    if call.thresholds is not None:
        return False
    return call.sample_weight is None and call.where is None and call.groups is None


class _AtOnce(NamedTuple):
    """Counts, the input that they were found of, and what `find_slopes` returns."""

    counts: tuple[Any, ...]
    batch: Batch
    arguments: Arguments
    slopes: Any


def _at_once(arguments: Arguments, *, keep: bool) -> _AtOnce | None:
    """Return counts by sums that look at values as well, and slopes, if they are to be kept.

    None where values need a closer look, or more than three sums of arrays as they are.
    """
    lib, shape = arguments.lib, arguments.y_prob.shape
    if not (lib.in_pieces and has_few_passes(arguments)):
        return None
    if arguments.y_true.shape != shape or checking(lib) == NO_SOFT_LABELS:
        return None
    arguments = joined(arguments)
    batch = _whole(arguments)
    if batch is None or len(batch.scores.shape) - 1 not in batch.axes:
        return None
    given, slopes = (batch.scores, batch.labels, batch.axes), 1
    if batch.from_logits:
        found = lib.sums_of_logits(*given, keep=keep)
        sums, slopes = (None, None) if found is None else found
    else:
        sums = lib.sums_of_shares(*given)
    if sums is None:
        return None
    counts, least = differences(sums, lib.size(batch.scores, batch.axes))
    if any(lib.any_less(x, bound) for x, bound in zip(counts[1:], least, strict=True)):
        again = lib.sums_of_logits_with_less if batch.from_logits else lib.sums_with_less
        counts = counts[0], *again(*given)
    return _AtOnce(counts, batch, arguments, slopes)


def _add_up(
    arguments: Arguments, whole: Batch | None, pieces: list[Piece], *, keep: bool
) -> tuple[Any, list[Any], Batch]:
    """Count piece by piece; the sums over pieces are in float64."""
    totals: list[Any] = []
    found: list[Any] = []
    step, seen = arguments.step, CLEAN
    for piece in pieces:
        batch = _checked(arguments, whole, piece)
        seen = min(seen, batch.seen)
        if keep:
            counts, slopes = count_and_find(batch, step)
        else:
            counts, slopes = count(batch, step), None
        found.append(slopes)
        if type(counts[0]) is float:
            totals = [a + b for a, b in zip(totals or (0.0,) * 4, counts, strict=True)]
            continue
        if not totals:
            totals = [_zeros(arguments, batch, x) for x in counts]
        for total, x in zip(totals, counts, strict=True):
            total[_kept(piece, batch)] += x
    return tuple(totals), found, batch._replace(seen=seen)


def rounded(batch: Batch, counts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return counts in the dtype of the scores."""
    if not batch.lib.free:
        return counts
    return tuple([batch.lib.number(x, batch.scores) for x in counts])


def _split(arguments: Arguments) -> tuple[Arguments, list[Piece]]:
    """Return the places of the pieces, of which there is one unless pieces are faster.

    Axes that are counted over together are then one where that takes no copy.
    """
    shape, lib = arguments.y_prob.shape, arguments.lib
    if not lib.free:
        return joined(arguments), _WHOLE
    if not lib.in_pieces or math.prod(shape) <= _SIZE:
        return arguments, _WHOLE
    if not _splits(arguments, shape):
        return arguments, _WHOLE
    arguments = joined(arguments)
    return arguments, _places(tuple(arguments.y_prob.shape), _SIZE * lib.threads)


def _splits(arguments: Arguments, shape: tuple[int, ...]) -> bool:
    """Tell whether the arguments can be taken in pieces."""
    if not is_own_step(arguments.step):  # which may look at all scores at once
        return False
    if arguments.y_true.shape != shape:  # an error, which `prepare` describes, as below
        return False
    for x in (arguments.sample_weight, arguments.where):
        if x is not None and not (len(x.shape) == len(shape) and broadcasts_to(x.shape, shape)):
            return False
    return broadcasts_to(shape_of_threshold(arguments.threshold), shape)


def _places(shape: tuple[int, ...], room: int) -> list[Piece]:
    """Return the places of the pieces, of so many elements at most, of an array."""
    steps = [1] * len(shape)
    for axis in range(len(shape) - 1, -1, -1):
        steps[axis] = max(1, min(shape[axis], room))
        room //= steps[axis]
    ranges = (range(0, n, step) for n, step in zip(shape, steps, strict=True))
    return [
        tuple(slice(i, i + step) for i, step in zip(starts, steps, strict=True))
        for starts in itertools.product(*ranges)
    ]


def _checked(arguments: Arguments, whole: Batch | None, piece: Piece) -> Batch:
    """Return the checked input of a piece; an error tells the position among all scores."""
    try:
        if whole is None:
            return prepare(piece_of(arguments, piece))
        batch, logits = batch_of(whole, piece), arguments.from_logits
        given = (batch.labels, batch.scores, batch.weights, None)
        check_values(batch.lib, arguments.names, *given, from_logits=logits)
        return batch
    except ValueError:
        prepare(arguments)  # raises with the position among all
        raise


def _kept(piece: Piece, batch: Batch) -> Piece:
    """Return where the counts of a piece are among all counts."""
    return tuple(place for axis, place in enumerate(piece) if axis not in batch.axes)


def _zeros(arguments: Arguments, batch: Batch, counts: Any) -> Any:
    """Return a place for the sums of counts such as those of the first piece."""
    kept = (n for axis, n in enumerate(arguments.y_prob.shape) if axis not in batch.axes)
    behind = batch.grid + (batch.groups is not None)
    last = counts.shape[len(counts.shape) - behind :]
    return batch.lib.zeros_for((*kept, *last), counts)


def _like(batch: Batch, y_prob: Any, product: Any) -> Any:
    """Return the gradient in the dtype of the scores, 0 where they were clipped."""
    if batch.clipped:
        product = batch.lib.where((y_prob >= 0) & (y_prob <= 1), product, 0.0)
    return batch.lib.cast(product, y_prob.dtype)
