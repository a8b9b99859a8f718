"""Cross-entropy, the loss that metric losses are compared with."""

from __future__ import annotations

from typing import Any

from ._arrays import Library
from ._counting.arguments import arrive, check_arrays, masked
from ._options import non_negative, share
from ._types import Array, Confusion
from .metrics.guarded import ratio
from .steps import Hard


def cross_entropy(
    y_true: Array,
    y_prob: Array,
    *,
    from_logits: bool = False,
    pos_weight: float = 1.0,
    cell_weight: Confusion | None = None,
    label_smoothing: float = 0.0,
    sample_weight: Array | None = None,
    where: Array | None = None,
) -> Any:
    """Return the mean binary cross-entropy, ``-y log p - (1 - y) log(1 - p)``.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_prob`: boolean, 0 or 1, or real in [0, 1].
    y_prob : array of a floating dtype
        Probabilities in [0, 1], or logits with ``from_logits=True``. Logits are better: a
        probability of exactly 0 or 1 that is wrong costs a large finite number and gets no
        gradient.
    from_logits : bool, default False
        Whether `y_prob` holds logits.
    pos_weight : float, default 1.0
        Factor on the positives' part, as in PyTorch's BCEWithLogitsLoss.
    cell_weight : Confusion of four floats, optional
        Factor for each cell of the confusion matrix: an example's cross-entropy is multiplied
        by the weight of the cell that it falls in when scores from 0.5 on count as positive;
        a label between 0 and 1 falls in two cells with its shares. The cell is a constant to
        the gradient.
    label_smoothing : float, default 0.0
        Labels become ``y (1 - s) + s / 2``; in [0, 1).
    sample_weight : array, optional
        Finite weights >= 0 with the dimensions of `y_prob`, each of the same length or 1.
    where : boolean array, optional
        False for entries that do not count, whatever they hold.

    Returns
    -------
    0-d array
        The mean weighted by `sample_weight`, in the dtype of the scores (float32 for half
        types), 0 if no entry counts. Differentiable in `y_prob`.

    Raises
    ------
    TypeError, ValueError
        As for `confusion`, and if a factor is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([1, 0]), np.asarray([0.5, 0.5])
    >>> print(round(float(ss.cross_entropy(y_true, y_prob)), 6))
    0.693147

    Missed positives five times as dear as everything else:

    >>> weight = ss.Confusion(tp=1.0, fp=1.0, fn=5.0, tn=1.0)
    >>> loss = ss.cross_entropy(np.asarray([1]), np.asarray([0.25]), cell_weight=weight)
    >>> print(round(float(loss), 6))
    6.931472
    """
    _check_factors(pos_weight, cell_weight, label_smoothing)
    call = arrive(y_true, y_prob, 0.5, None, Hard(), sample_weight, where, None, from_logits)
    lib, xp = call.lib, call.lib.xp
    seen = check_arrays(
        lib, call.names, call.y_true, call.y_prob, call.sample_weight, call.where, from_logits
    )

    scores = lib.counted_in(call.y_prob)
    labels = lib.of_one_shape(lib.cast(call.y_true, scores.dtype), scores)
    weights = xp.ones_like(scores)
    if sample_weight is not None:
        weights = lib.cast(call.sample_weight, scores.dtype) * weights
    if where is not None:
        labels, _, weights = masked(lib, labels, scores, weights, call.where, seen)
        scores = lib.where(call.where, scores, 0.5)  # whose logarithm is finite
    if not (seen or from_logits):
        scores = lib.clipped(scores)

    positives = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    negatives = 1 - positives
    if cell_weight is not None:
        hit = scores >= (0.0 if from_logits else 0.5)
        positives = positives * _choose(lib, hit, cell_weight.tp, cell_weight.fn, scores)
        negatives = negatives * _choose(lib, hit, cell_weight.fp, cell_weight.tn, scores)
    minus_log = _softplus if from_logits else _minus_log
    cost = minus_log(lib, scores, 1) * positives * pos_weight
    cost = cost + minus_log(lib, scores, 0) * negatives
    return ratio(lib, xp.sum(cost * weights), xp.sum(weights), 0.0)


def _check_factors(pos_weight: float, cell_weight: Any, label_smoothing: float) -> None:
    non_negative("pos_weight", pos_weight)
    share("label_smoothing", label_smoothing)
    if cell_weight is None:
        return
    if not isinstance(cell_weight, Confusion):
        raise TypeError(f"`cell_weight` must be a Confusion of four floats, got {cell_weight!r}")
    for name, factor in zip(Confusion._fields, cell_weight, strict=True):
        non_negative(f"cell_weight.{name}", factor)


def _choose(lib: Library, condition: Any, yes: float, no: float, like: Any) -> Any:
    xp = lib.xp
    return xp.where(condition, xp.full_like(like, float(yes)), xp.full_like(like, float(no)))


def _softplus(lib: Library, logits: Any, label: int) -> Any:
    """Return -log of the probability of the label, stable for every logit."""
    xp, z = lib.xp, -logits if label else logits
    positive = xp.where(z > 0, z, xp.zeros_like(z))
    return positive + xp.log1p(xp.exp(xp.where(z > 0, -z, z)))


def _minus_log(lib: Library, y_prob: Any, label: int) -> Any:
    """Return -log of the probability of the label, finite for every probability."""
    xp, p = lib.xp, y_prob if label else 1 - y_prob
    smallest = float(xp.finfo(p.dtype).smallest_normal)
    return -xp.log(xp.where(p < smallest, xp.full_like(p, smallest), p))
