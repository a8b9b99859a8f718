"""Expected counts: labels, the model's own probabilities, or a share of both, to count with."""

from __future__ import annotations

import math
from typing import Any

from .. import _arrays
from .._arrays import library
from .._arrays.values import truth
from .._counting import checks
from .._counting.arguments import Arguments, arrive, check_kinds
from .._counting.names import NAMES
from .._counting.values import check_values
from .._options import between
from .._types import Array
from .._warning import warn
from ..steps import Hard

# So many standard errors apart, expected and observed positives disagree: by chance one time in
# sixteen thousand.
_ERRORS = 4.0


def expected_labels(
    y_true: Array,
    y_prob: Array,
    *,
    share: float = 0.5,
    labelled: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
) -> Any:
    """Mix labels with what a model expects them to be, to choose a threshold from few rows.

    With them in the place of labels counts are expected counts: in `best_threshold`,
    `threshold_at`, `sweep`, `confusion` and whatever else takes labels between 0 and 1. A
    probability says more about a row than its one label, so of few rows expected counts have less
    noise; and more error where the probabilities are wrong.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_prob`: boolean, 0 or 1, or real in [0, 1].
    y_prob : array of a floating dtype
        Probabilities in [0, 1], or logits; they may be recalibrated, of which the thresholds of
        others are then chosen.
    share : float, default 0.5
        The share of the probabilities, from 0, labels alone, to 1, probabilities alone.
    labelled : array of bool, optional
        False for entries without a label, whatever `y_true` holds there, NaN included: theirs is
        the probability, whatever the share. As many dimensions as `y_prob`, each of the same
        length or 1.
    where : array of bool, optional
        False for entries that do not count, which get 0. Dimensions as for `labelled`.
    axis : int, tuple of ints, optional
        The axes over which expected and observed positives have to agree, all by default; with
        ``axis=0`` those of each class.
    from_logits : bool, default False
        Whether `y_prob` holds logits.

    Returns
    -------
    array
        ``(1 - share) * y_true + share * y_prob``, of the shape and dtype of `y_prob`, float32 for
        float16 and bfloat16. Constants: no gradient flows through them.

    Raises
    ------
    TypeError
        If `labelled` is no boolean mask, or as `confusion` does.
    ValueError
        If `share` is outside [0, 1], or as `confusion` does.

    Warns
    -----
    UserWarning
        If the labels are more than 4 standard errors from what the probabilities expect, where
        values can be seen: their number, of which the variance is the sum of p (1 - p), or their
        squared errors (Spiegelhalter 1986), which tell a model that is too sure.

    Notes
    -----
    Every entry has a weight of 1, one without a label too: where most have none, the
    probabilities' share of all is larger than `share`. A `sample_weight` balances that.

    The expectation of a count is exact; a metric of expected counts is about the expectation of
    the metric, and closer the more rows there are.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([0, 1, 0, 1]), np.asarray([0.1, 0.4, 0.6, 0.8])
    >>> print(ss.expected_labels(y_true, y_prob))
    [0.05 0.7  0.3  0.9 ]
    >>> labels = ss.expected_labels(y_true, y_prob, labelled=y_prob > 0.5)
    >>> print(labels)
    [0.1 0.4 0.3 0.9]
    >>> threshold, value = ss.best_threshold(ss.f1, labels, y_prob)
    >>> print(round(float(threshold), 4), round(float(value), 4))
    0.25 0.6809
    """
    between("share", share)
    call = arrive(y_true, y_prob, 0.5, None, Hard(), None, where, axis, from_logits)
    lib, given, where = call.lib, call.y_prob, call.where
    check_kinds(lib, NAMES, call.y_true, given, None, where)
    scores = lib.counted_in(lib.constant(given))
    labels = lib.of_one_shape(lib.cast(lib.constant(call.y_true), scores.dtype), scores)
    if labelled is not None:
        _, (_, labelled) = _arrays.arrive(("y_prob", "labelled"), (given, labelled))
        checks.mask(lib, NAMES, labelled, given, "labelled")
        labels = lib.kept(labels, labelled)
    seen = check_values(lib, NAMES, labels, scores, None, where, from_logits=from_logits)
    if where is not None:
        labels, scores = lib.kept(labels, where), lib.kept(scores, where)
    expected = lib.logistic(scores) if from_logits else scores
    if not (seen or from_logits):
        expected = lib.clipped(expected)
    if seen and share > 0:
        _compare(call, labels, expected, labelled)
    mixed = labels + share * (expected - labels)
    mixed = mixed if labelled is None else lib.xp.where(labelled, mixed, expected)
    return mixed if where is None else lib.kept(mixed, where)


def _compare(call: Arguments, labels: Any, expected: Any, labelled: Any) -> None:
    """Warn if labels, those that are given, are far from what is expected of them."""
    axes = checks.axes(call.axis, len(call.y_prob.shape))
    values = [None if x is None else call.lib.look(x) for x in (labels, expected, labelled)]
    lib = library(("labels", "expected", "labelled"), tuple(values))
    y, p = (lib.wide(x) for x in values[:2])
    if labelled is not None:
        y, p = lib.kept(y, values[2]), lib.kept(p, values[2])
    slope = 1 - 2 * p  # what is random in the squared error is y (1 - 2 p)
    squares = p * p + y * slope, p * (1 - p), p * (1 - p) * slope * slope
    for what, terms in {"positives": (y, p, p * (1 - p)), "squared errors": squares}.items():
        sums = [lib.xp.reshape(lib.xp.sum(x, axis=axes), (-1,)) for x in terms]
        found, mean, variance = sums
        # One row aside: what is hardly ever expected may happen once.
        far = lib.xp.abs(found - mean) - 1 > _ERRORS * lib.xp.sqrt(variance)
        if truth(lib.xp.any(far)):
            _warn(what, [i for i in range(far.shape[0]) if truth(far[i])], *sums)
            return


def _warn(what: str, places: list[int], found: Any, mean: Any, variance: Any) -> None:
    """Say how far the sums of one place are from what is expected, and what to do."""
    place, several = places[0], found.shape[0] > 1
    observed, expected, error = (float(x[place]) for x in (found, mean, variance**0.5))
    whose = f" of class {place}" if several else ""
    more = f" (and {len(places) - 1} classes more)" if len(places) > 1 else ""
    distance = abs(observed - expected) / error if error else math.inf
    sure = "" if what == "positives" else f", too {'' if observed > expected else 'un'}sure"
    warn(
        f"`y_prob` must expect what `y_true` has, got {expected:.4g} {what}{whose} where there are "
        f"{observed:.4g}, {distance:.1f} standard errors away{more}{sure}; recalibrate it, as "
        "softset_backends.sklearn.recalibrated does, if need be by isotonic regression, or count "
        "labels alone"
    )
