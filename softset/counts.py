"""The confusion matrix as four sums of memberships, hard or soft: the doors to counting."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._arrays import Library, arrive
from ._arrays.values import Rule, checking, obey
from ._counting import arguments
from ._counting.closed_form import counts
from ._counting.decisions import decided
from ._counting.sweep import sorted_counts
from ._options import as_int, whole
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
    where : boolean array, optional
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
    groups : array of an integer dtype, optional
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
    call = arguments.arrive(
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
    where : boolean array, optional
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
    batch = arguments.prepare_scores(
        y_true,
        y_score,
        sample_weight=sample_weight,
        where=where,
        axis=axis,
        groups=groups,
        num_groups=num_groups,
    )
    scores, c = sorted_counts(batch, where, merge=True)
    return Sweep(scores, Confusion(*(batch.lib.cast(x, scores.dtype) for x in c)))


def one_hot(y_true: Array, num_classes: int, *, axis: int = -1) -> Any:
    """Turn class numbers into one-vs-rest labels.

    Parameters
    ----------
    y_true : array of an integer dtype
        Class numbers from 0 to ``num_classes - 1``, of any shape. A number outside that range
        gives False for every class; `class_labels` refuses it.
    num_classes : int
        The number of classes, at least 2.
    axis : int, default -1
        Where the class axis comes in the labels: 1 for scores of (N, C, H, W).

    Returns
    -------
    array of bool
        The shape of `y_true` with an axis of length `num_classes` more; not differentiable.

    Raises
    ------
    TypeError
        If `y_true` is not an integer array.
    ValueError
        If `num_classes` is not an integer of at least 2, or `axis` no axis of the labels.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.one_hot(np.asarray([0, 2]), 3))
    [[ True False False]
     [False False  True]]
    """
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    return _labels(lib, y_true, num_classes, axis)


class ClassLabels(NamedTuple):
    """What `class_labels` returns."""

    labels: Any
    where: Any


def class_labels(
    y_true: Array, num_classes: int, *, axis: int = -1, ignore: int | None = None
) -> ClassLabels:
    """Turn class numbers into one-vs-rest labels, and a number to ignore into a mask.

    Parameters
    ----------
    y_true : array of an integer dtype
        Class numbers from 0 to ``num_classes - 1``, of any shape, as (N,) or (N, H, W).
    num_classes : int
        The number of classes, at least 2.
    axis : int, default -1
        The class axis of the scores that the labels go with: 1 for (N, C, H, W).
    ignore : int, optional
        The number of entries that do not count, often 255 or -1.

    Returns
    -------
    ClassLabels
        ``(labels, where)``, a named tuple: booleans of the scores' shape, and a mask with a class
        axis of length 1 for `where`, or None without `ignore`. Not differentiable.

    Raises
    ------
    TypeError
        If `y_true` is not an integer array, or `ignore` is not an integer.
    ValueError
        If `num_classes` is not an integer of at least 2, or `axis` no axis of the labels; if a
        class number is neither one of the classes nor `ignore`.

    Examples
    --------
    Masks of pixels, scores with the classes on axis 1, and one pixel that nobody labelled:

    >>> import numpy as np
    >>> import softset as ss
    >>> y_true = np.asarray([[[0, 1], [1, 255]]])
    >>> y_prob = np.asarray([[[[0.9, 0.2], [0.6, 0.5]], [[0.1, 0.8], [0.4, 0.5]]]])
    >>> labels, where = ss.class_labels(y_true, 2, axis=1, ignore=255)
    >>> score = ss.as_score(ss.macro(ss.jaccard), step=ss.ArgMax(axis=1), axis=(0, 2, 3))
    >>> print(score(labels, y_prob, where=where))
    0.5
    """
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    num_classes, axis, ignore = as_int(num_classes), as_int(axis), as_int(ignore)
    labels = _labels(lib, y_true, num_classes, axis)
    if ignore is not None and type(ignore) is not int:
        raise TypeError(f"`ignore` must be an integer or None, got {ignore!r}")
    where: Any = None
    limits = lib.xp.iinfo(y_true.dtype)
    if ignore is not None:
        held = limits.min <= ignore <= limits.max
        where = y_true != ignore if held else y_true == y_true

    last = min(num_classes - 1, limits.max)

    def is_class(low: Any, high: Any) -> Any:
        return (low >= 0) & (high <= last)

    def hint(value: float, name: str) -> str:
        return f"; if {value:g} marks entries to ignore pass ignore={value:g}"

    if checking(lib):
        rule = Rule(is_class, f"hold class numbers from 0 to {num_classes - 1}", hint)
        obey(lib, [("y_true", y_true, rule)], where)
    return ClassLabels(labels, None if where is None else where[_with_axis(where, axis)])


def _labels(lib: Library, y_true: Any, num_classes: int, axis: int) -> Any:
    if not lib.xp.isdtype(y_true.dtype, "integral"):
        raise TypeError(f"`y_true` must hold integer class numbers, got {y_true.dtype}")
    num_classes = whole("num_classes", num_classes, 2)
    ndim = len(y_true.shape) + 1
    axis = as_int(axis)
    if type(axis) is not int:
        raise TypeError(f"`axis` must be that of the classes, an integer, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`axis` must be one of the {ndim} axes that the labels will have, got {axis}"
        )
    if lib.xp.iinfo(y_true.dtype).max < num_classes:
        y_true = lib.xp.astype(y_true, lib.xp.int32)
    shape = [1] * ndim
    shape[axis] = num_classes
    numbers = lib.xp.reshape(lib.numbers(tuple(range(num_classes)), y_true), tuple(shape))
    return y_true[_with_axis(y_true, axis)] == numbers


def _with_axis(x: Any, axis: int) -> tuple[Any, ...]:
    """Return the index that adds an axis, for which Dask needs no lengths."""
    place: list[Any] = [slice(None)] * len(x.shape)
    place.insert(axis % (len(place) + 1), None)
    return tuple(place)
