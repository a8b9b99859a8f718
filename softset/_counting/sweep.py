"""Exact counts at every score, by one sort."""

from __future__ import annotations

from typing import Any

from .._arrays import Library
from .._arrays.sorting import sort_by_score
from .._types import Confusion
from .arguments import Arguments, Batch, prepare
from .quickest import quickest


def count_sweep(call: Arguments) -> Confusion:
    """Return the hard counts of a cut at every score, along one last axis."""
    return count_at_all(call)[1]


def count_at_all(call: Arguments) -> tuple[Any, Confusion]:
    """Return the scores in increasing order, and the hard counts of a cut at each of them."""
    scores, *four = quickest(_scores_and_counts, call)
    return scores, Confusion(*four)


def _scores_and_counts(call: Arguments) -> tuple[Any, ...]:
    batch = prepare(call)
    scores, c = sorted_counts(batch, call.where, merge=True)
    return scores, *(batch.lib.cast(x, scores.dtype) for x in c)


def sorted_counts(batch: Batch, where: Any, *, merge: bool = False) -> tuple[Any, Confusion]:
    """Return the scores in increasing order, and the hard counts of a cut below each of them.

    The axes to sum over become one last axis, before which the counts have that of the groups.
    Between equal scores there is no cut: of those only the first count is one of a threshold, and
    `merge` gives it to all. The counts are in float64 where there is one.
    """
    lib, xp = batch.lib, batch.lib.xp
    if not lib.can_sort:
        raise TypeError(
            f"exact counts need a sort, which {xp.__name__} does not have; count over a grid, as "
            "with thresholds=grid(99)"
        )
    scores = batch.scores
    if where is not None:  # a masked score may not become a threshold of its own
        lowest = xp.full_like(scores, -xp.inf)
        highest = xp.max(xp.where(where, scores, lowest), axis=batch.axes, keepdims=True)
        none = xp.zeros_like(highest)
        scores = xp.where(where, scores, xp.where(highest > -xp.inf, highest, none))
    beside = [batch.labels]
    if batch.groups is not None:
        beside.append(batch.groups + xp.zeros_like(scores, dtype=batch.groups.dtype))
    if batch.weights is not None:
        beside.append(batch.weights + xp.zeros_like(scores))
    scores, positives, *rest = sort_by_score(lib, batch.axes, scores, *beside)
    negatives = lib.less(positives)
    if batch.weights is not None:
        positives, negatives = positives * rest[-1], negatives * rest[-1]
    masks = [rest[0] == k for k in range(batch.num_groups)]
    places = scores if batch.seen else xp.where(scores == scores, scores, xp.inf)
    first = _firsts(lib, places) if merge else None
    # The difference from the whole loses digits of the few scores at the top: in float32 all that
    # matter, in float64 those that tell whether two sums of weights are equal.
    once = lib.has_float64 and (merge or batch.weights is None)
    length = lib.shape(scores)[-1]
    fn, tp = _split(lib, positives, first, once, masks)
    alone = len(scores.shape) == 1 and not masks
    if first is None or batch.weights is not None or not (once and alone) or length is None:
        tn, fp = _split(lib, negatives, first, once, masks)
    else:  # what is no positive of the scores before a place is a negative
        tn = lib.wide(first) - fn
        fp = (length - (fn[:1] + tp[:1])) - tn
    c = Confusion(tp, fp, fn, tn)
    if batch.seen:
        return scores, c
    # Where a nan would be among the others nobody knows: its label, a nan too, is in all counts.
    unknown = 0 * xp.sum(lib.wide(positives), axis=-1, keepdims=True)
    unknown = unknown[..., None, :] if masks else unknown
    return scores, Confusion(*(x + unknown for x in c))


def _firsts(lib: Library, x: Any) -> Any:
    """Return, for each score of rows in order, the place of the first equal to it in its row.

    Of several rows it is the place among all scores, the rows one after the other.
    """
    if len(x.shape) == 1:
        return lib.firsts(x)
    xp = lib.xp
    begins = xp.ones_like(x[..., :1]) > 0
    new = xp.concat([begins, x[..., 1:] != x[..., :-1]], axis=-1)
    return lib.firsts(lib.running(xp.astype(xp.reshape(new, (-1,)), xp.int32)))


def _split(lib: Library, x: Any, first: Any, once: bool, masks: list[Any]) -> tuple[Any, Any]:
    """Return the sums of x before each place, and from it on; or from the place `first` says.

    `once` takes one running sum instead of two. With masks each has a row of its own.
    """
    if masks:
        pairs = [_split(lib, lib.kept(x, mask), first, once, []) for mask in masks]
        before, after = (lib.xp.stack(side, axis=-2) for side in zip(*pairs, strict=True))
        return before, after
    xp, x = lib.xp, lib.wide(x)
    sums = lib.running(x)
    before = xp.concat([xp.zeros_like(sums[..., :1]), sums[..., :-1]], axis=-1)
    before = before if first is None else _at(lib, before, first)
    if once:
        return before, sums[..., -1:] - before
    after = xp.flip(lib.running(xp.flip(x, axis=-1)), axis=-1)
    return before, after if first is None else _at(lib, after, first)


def _at(lib: Library, sums: Any, first: Any) -> Any:
    """Return the sums at the places that `_firsts` returned."""
    if len(sums.shape) == 1:
        return lib.look_up(sums, first)
    shape = tuple(-1 if length is None else length for length in lib.shape(sums))
    return lib.xp.reshape(lib.look_up(lib.xp.reshape(sums, (-1,)), first), shape)
