"""From the arguments of a ranking loss to scores with their shares of both classes."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.sorting import to_rows
from .._counting.arguments import arrive_scores, prepare
from ..metrics.guarded import absent, ratio


class Sides(NamedTuple):
    """Scores, and which shares of the positives' and of the negatives' weight they are.

    Each of `p` and `q` adds up to 1; both are 0 where there are no pairs.
    """

    lib: Library
    scores: Any
    p: Any
    q: Any


def both_sides(
    y_true: Any, y_score: Any, max_fpr: Any, sample_weight: Any, where: Any, *, sorts: bool
) -> Sides:
    """Check the arguments and bring all entries into one row."""
    batch = prepare(arrive_scores(y_true, y_score, sample_weight=sample_weight, where=where))
    lib = batch.lib
    if sorts and not lib.can_sort:
        raise TypeError(
            f"ranking takes a sort, which {lib.xp.__name__} does not have; pass "
            "surrogate=Squared() without max_fpr"
        )
    positives, negatives = batch.labels, 1 - batch.labels
    if batch.weights is not None:
        positives, negatives = positives * batch.weights, negatives * batch.weights
    scores, positives, negatives = (
        to_rows(lib, x, batch.axes) for x in (batch.scores, positives, negatives)
    )
    if max_fpr is not None:
        part = _highest(lib.plain, lib.constant(scores), lib.constant(negatives), max_fpr)
        negatives = negatives * part
    all_p, all_q = lib.xp.sum(positives), lib.xp.sum(negatives)
    # Without pairs both sides are empty.
    positives = lib.where(absent(lib, all_q), 0.0, positives)
    negatives = lib.where(absent(lib, all_p), 0.0, negatives)
    p, q = ratio(lib, positives, all_p, 0.0), ratio(lib, negatives, all_q, 0.0)
    return Sides(lib, scores, p, q)


def _highest(lib: Library, scores: Any, weights: Any, share: float) -> Any:
    """Return how much of each weight is within that share of all with the highest scores."""
    xp, falling = lib.xp, -scores
    order = xp.argsort(falling, stable=False)
    ordered = xp.take(falling, order, axis=0)
    sums = lib.running(xp.take(weights, order, axis=0))
    sums = xp.concat([xp.zeros_like(sums[:1]), sums])
    first, last = (xp.searchsorted(ordered, falling, side=side) for side in ("left", "right"))
    above, through = xp.take(sums, first, axis=0), xp.take(sums, last, axis=0)
    left, tied = sums[-1:] * share - above, through - above
    some = (left > 0) & (left < tied)
    part = left / xp.where(some, tied, xp.ones_like(tied))
    return xp.where(some, part, xp.astype(left > 0, weights.dtype))
