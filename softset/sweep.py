"""Exact counts at every score, by one sort."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._batch import Batch, cast, prepare_scores
from ._operations import has_float64, running_sum
from ._sorting import can_sort, sort_by_score
from ._sums import widened
from ._typing import Array
from .confusion import Confusion


class Sweep(NamedTuple):
    """What `sweep` returns: thresholds of shape (n,), and counts of that shape."""

    thresholds: Any
    confusion: Confusion


def sweep(
    y_true: Array,
    y_score: Array,
    *,
    sample_weight: Array | None = None,
    where: Array | None = None,
) -> Sweep:
    """Count at every score, by one sort: the exact curves' counts.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_score`, as for `confusion`.
    y_score : array of a floating dtype
        Finite scores of any scale; n of them, of any shape.
    sample_weight : array, optional
        Finite weights >= 0, as for `confusion`.
    where : boolean array, optional
        False for entries that do not count.

    Returns
    -------
    Sweep
        ``(thresholds, confusion)``: the n scores in increasing order, equal ones repeated so
        that the shape does not depend on the values, and the hard counts at each of them. Not
        differentiable: the counts are those of `Hard`.

    Raises
    ------
    TypeError, ValueError
        As `confusion` does.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> thresholds, c = ss.sweep(np.asarray([0, 1, 1]), np.asarray([-1.0, 2.0, 5.0]))
    >>> print(thresholds, c.tp, c.fp)
    [-1.  2.  5.] [2. 2. 1.] [1. 0. 0.]
    """
    batch = prepare_scores(y_true, y_score, sample_weight=sample_weight, where=where)
    scores, c = sorted_counts(batch, where, merge=True)
    return Sweep(scores, Confusion(*(cast(batch.xp, x, scores.dtype) for x in c)))


def sorted_counts(batch: Batch, where: Any, *, merge: bool = False) -> tuple[Any, Confusion]:
    """Return the scores in increasing order, and the hard counts of a cut below each of them.

    The axes to sum over become one last axis. Between equal scores there is no cut: of those
    only the first count is one of a threshold, and `merge`, for a single row, gives it to all.
    The counts are in float64 where there is one.
    """
    xp = batch.xp
    if not can_sort(xp):
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
    if batch.weights is None:
        scores, positives = sort_by_score(xp, batch.axes, scores, batch.labels)
        negatives = 1 - positives
    else:
        weights = batch.weights + xp.zeros_like(scores)
        scores, labels, weights = sort_by_score(xp, batch.axes, scores, batch.labels, weights)
        positives, negatives = labels * weights, (1 - labels) * weights
    places = scores if batch.seen else xp.where(scores == scores, scores, xp.inf)
    first = xp.searchsorted(places, places) if merge else None
    # The difference from the whole loses digits of the few scores at the top: in float32 all that
    # matter, in float64 those that tell whether two sums of weights are equal.
    once = has_float64(scores) and (merge or batch.weights is None)
    (fn, tp), (tn, fp) = (_split(xp, x, first, once) for x in (positives, negatives))
    c = Confusion(tp, fp, fn, tn)
    if batch.seen:
        return scores, c
    # Where a nan would be among the others nobody knows: its label, a nan too, is in all counts.
    unknown = 0 * xp.sum(widened(positives), axis=-1, keepdims=True)
    return scores, Confusion(*(x + unknown for x in c))


def _split(xp: Any, x: Any, first: Any, once: bool) -> tuple[Any, Any]:
    """Return the sums of x before each place, and from it on; or from the place `first` says.

    `once` takes one running sum instead of two.
    """
    x = widened(x)
    sums = running_sum(x)
    before = xp.concat([xp.zeros_like(sums[..., :1]), sums[..., :-1]], axis=-1)
    before = before if first is None else xp.take(before, first, axis=0)
    if once:
        return before, sums[..., -1:] - before
    after = xp.flip(running_sum(xp.flip(x, axis=-1)), axis=-1)
    return before, after if first is None else xp.take(after, first, axis=0)
