"""The confusion matrix as four sums of memberships, hard or soft: the doors to counting."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._counting.arguments import arrive, arrive_scores
from ._counting.closed_form import counts
from ._counting.decisions import decided
from ._counting.sweep import count_at_all
from ._types import Array, Confusion, Step, Threshold
from .steps import Hard, Linear


def confusion(
    y_true: Array,
    y_prob: Array,
    *,
    threshold: Threshold = 0.5,
    thresholds: tuple[float, ...] | Array | None = None,
    step: Step = Linear(),
    sample_weight: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    groups: Array | None = None,
    num_groups: int | None = None,
) -> Confusion:
    """Count true and false positives and negatives with a hard or a soft step.

    With memberships h = step(y_prob, threshold)::

        tp = sum w y h      fp = sum w (1 - y) h
        fn = sum w y (1-h)  tn = sum w (1 - y) (1 - h)

    so ``tp + fn`` is the weight of the positives and ``fp + tn`` that of the negatives, for
    every step and every threshold.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_prob`: boolean, integer 0 or 1, or real in [0, 1]. A soft
        label y counts as y of a positive and 1 - y of a negative; the minimum of a loss is
        then not at ``y_prob == y_true``.
    y_prob : array of a floating dtype
        Probabilities in [0, 1], or logits with ``from_logits=True``. `Hard` also counts decisions
        at one threshold: booleans, or integers 0 and 1, beside labels of such a dtype.
    threshold : float, tuple of floats or array, default 0.5
        Probability from which on a score counts as positive, strictly between 0 and 1 (any
        number for `Hard`). A tuple or an array broadcasts against the scores: one threshold
        per class, or learnable thresholds.
    thresholds : tuple of floats or 1-D array, optional
        A grid of T thresholds; every count gets a trailing axis of length T. Not together
        with `threshold`.
    step : callable, default Linear()
        The step function, ``step(y_prob, threshold) -> membership in [0, 1]``.
    sample_weight : array, optional
        Finite weights >= 0 with as many dimensions as `y_prob`, each of the same length or 1.
    where : array of bool, optional
        False for entries that do not count, whatever they hold, NaN included; but where `ArgMax`
        or `Softmax` compares classes, those that it compares with one that counts are scores.
        Dimensions as for `sample_weight`.
    axis : int, tuple of ints, optional
        The axes to sum over; the others stay, as in ``axis=0`` for counts per class. All by
        default.
    from_logits : bool, default False
        Whether `y_prob` holds logits. It is never guessed from the values, and the threshold
        remains a probability; `Hard` compares the logits with its logit, so that large ones do
        not tie.
    groups : array of integers, optional
        The number of each score's group, from 0 to ``num_groups - 1``: of the shape of `y_prob`
        or of its first axes, such as one number per row, with lengths 1 where all are of one
        group. Every count gets an axis of length G behind the axes that stay, and before that of
        `thresholds`. A number out of range is an error where values can be seen, and counts
        nowhere where they cannot; under `where` any will do.
    num_groups : int, optional
        How many groups there are, G; together with `groups`.

    Returns
    -------
    Confusion
        Counts in the dtype of the scores, float32 for float16 and bfloat16, float64 for decisions
        where there is one. Differentiable in
        `y_prob`, `threshold`, `thresholds`, `sample_weight` and a real `y_true`.

    Raises
    ------
    TypeError
        If an argument is not an array, has a dtype that cannot be meant, or comes from another
        library than the others.
    ValueError
        If shapes differ, if an axis or a threshold is out of range, or, where values can be
        seen and `checks` is on, if the input is empty or a value is NaN or out of range.

    Notes
    -----
    Where values cannot be seen, under a compiler's tracer or with ``checks(False)``,
    probabilities outside [0, 1] count as 0 or 1 with a gradient of 0. Source: Tsoi et al. 2022,
    Eq. 2 and Eq. 6.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true = np.asarray([1, 0, 1, 0])
    >>> y_prob = np.asarray([0.9, 0.6, 0.4, 0.2])
    >>> [float(x) for x in ss.confusion(y_true, y_prob, step=ss.Hard())]
    [1.0, 1.0, 1.0, 1.0]
    >>> [round(float(x), 2) for x in ss.confusion(y_true, y_prob)]
    [1.3, 0.78, 0.7, 1.22]

    By group, of which the counts add up to those of all:

    >>> groups = np.asarray([0, 0, 0, 1])
    >>> c = ss.confusion(y_true, y_prob, step=ss.Hard(), groups=groups, num_groups=2)
    >>> print(c.tp, c.fp, c.fn, c.tn)
    [1. 0.] [1. 0.] [1. 0.] [0. 1.]
    """
    call = arrive(
        y_true,
        y_prob,
        threshold,
        thresholds,
        step,
        sample_weight,
        where,
        axis,
        from_logits,
        groups=groups,
        num_groups=num_groups,
    )
    return Confusion(*counts(decided(call) if isinstance(step, Hard) else call))


class Sweep(NamedTuple):
    """What `sweep` returns: thresholds of shape (..., n), and the counts at them."""

    thresholds: Any
    confusion: Confusion


def sweep(
    y_true: Array,
    y_score: Array,
    *,
    sample_weight: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    groups: Array | None = None,
    num_groups: int | None = None,
) -> Sweep:
    """Count at every score, by one sort: the exact curves' counts.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_score`, as for `confusion`.
    y_score : array of a floating dtype
        Finite scores of any scale, and of any shape.
    sample_weight : array, optional
        Finite weights >= 0, as for `confusion`.
    where : array of bool, optional
        False for entries that do not count.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` makes a curve of each class.
    groups, num_groups
        The number of each score's group, and how many there are, as for `confusion`.

    Returns
    -------
    Sweep
        ``(thresholds, confusion)``: the n scores along `axis` in increasing order, equal ones
        repeated so that the shape does not depend on the values, and the hard counts at each of
        them. They are the last axis, after those that `axis` leaves; of counts by group, at the
        scores of all groups, the last but one is that of the groups. Not differentiable: the
        counts are those of `Hard`.

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

    By group, and the area under each group's curve:

    >>> y_true, y_score = np.asarray([0, 1, 0, 1]), np.asarray([-1.0, 2.0, 5.0, 3.0])
    >>> groups = np.asarray([0, 0, 1, 1])
    >>> print(ss.auroc(ss.sweep(y_true, y_score, groups=groups, num_groups=2).confusion))
    [1. 0.]
    """
    call = arrive_scores(
        y_true,
        y_score,
        sample_weight=sample_weight,
        where=where,
        axis=axis,
        groups=groups,
        num_groups=num_groups,
    )
    return Sweep(*count_at_all(call))
