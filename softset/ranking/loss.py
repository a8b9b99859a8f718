"""Ranking losses: over all pairs of a positive and a negative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arrays import unwrap
from .._arrays.sorting import from_rows
from .._options import function, positive_share
from .._types import Array
from .pairs import (
    all_pairs,
    block_loss,
    blocks,
    hinge_gradient,
    hinge_loss,
    many,
    squares,
)
from .sides import Sides, both_sides
from .surrogates import Squared, SquaredHinge, WilcoxonMannWhitney


def pairwise_loss(
    y_true: Array,
    y_score: Array,
    *,
    surrogate: Callable[[Any], Any] = SquaredHinge(),
    max_fpr: float | None = None,
    sample_weight: Array | None = None,
    where: Array | None = None,
) -> Any:
    """Return the mean of a surrogate over all pairs of a positive and a negative.

    It would be 1 - AUROC for a surrogate of 1 below 0, 1/2 at 0 and 0 above. The weight of a
    pair (i, j) is w_i y_i w_j (1 - y_j).

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_score`, as for `confusion`. A soft label y is y of a positive
        and 1 - y of a negative, with a constant for the pair of the two.
    y_score : array of a floating dtype
        Finite scores whose squares do not overflow, of any shape: all are ranked together.
    surrogate : callable, default SquaredHinge()
        The loss of a pair as a function of its difference, elementwise: `SquaredHinge` and
        `Squared`, which take no pairs, `Logistic`, `WilcoxonMannWhitney` or your own, which take
        all n x n. Yours is written with operators and the functions of `array_namespace`.
    max_fpr : float, optional
        In (0, 1]: only the negatives with the highest scores, up to this share of their weight.
        The last of them counts in part, and equal scores count alike.
    sample_weight : array, optional
        Finite weights >= 0, as for `confusion`.
    where : array of bool, optional
        False for entries that do not count.

    Returns
    -------
    array
        A scalar in the dtype of the scores, float32 for float16 and bfloat16; 0 with a gradient
        of 0 where there are no pairs. Differentiable in `y_score`, twice, in `sample_weight` and
        in a real `y_true`, but see the notes; which negatives `max_fpr` takes is a constant.

    Raises
    ------
    TypeError
        As `confusion` does; if `surrogate` is not callable or, where it is differentiated here,
        has no slope or is not elementwise; or if the library cannot sort.
    ValueError
        As `confusion` does; if `max_fpr` is not in (0, 1], or if `surrogate` changes the shape.

    Notes
    -----
    `SquaredHinge` takes O(n log n) time and O(n) memory, `Squared` O(n) of both, the others
    O(n^2) time. Up to 2048 scores these hold all pairs; beyond, a block of pairs at a time, but
    for second derivatives. torch.compile, torch.func, TensorFlow's graphs, TensorFlow with your
    own surrogate, and a surrogate with parameters that are differentiated always hold all. Source
    of the partial area: Narasimhan and Agarwal 2013.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_score = np.asarray([0, 1, 0, 1]), np.asarray([-1.0, 0.0, 0.5, 3.0])
    >>> print(ss.pairwise_loss(y_true, y_score))
    0.5625
    >>> print(ss.pairwise_loss(y_true, y_score, max_fpr=0.5))
    1.125
    """
    sides = _sides(y_true, y_score, surrogate, max_fpr, sample_weight, where)
    if isinstance(surrogate, Squared):
        return squares(sides, surrogate.margin)[0]
    if _is_squared_hinge(surrogate):
        return hinge_loss(sides, surrogate.margin)
    return (block_loss if many(sides) else all_pairs)(sides, surrogate)


def loss_and_gradient(
    y_true: Array,
    y_score: Array,
    *,
    surrogate: Callable[[Any], Any] = SquaredHinge(),
    max_fpr: float | None = None,
    sample_weight: Array | None = None,
    where: Array | None = None,
) -> tuple[Any, Any]:
    """Return what `pairwise_loss` does and its gradient in the scores, in closed form."""
    sides = _sides(y_true, y_score, surrogate, max_fpr, sample_weight, where)
    if isinstance(surrogate, Squared):
        value, gradient = squares(sides, surrogate.margin)
    elif _is_squared_hinge(surrogate):
        value, gradient = hinge_gradient(sides, surrogate.margin)
    else:
        value, (gradient, _, _) = blocks(sides, surrogate)
    lib, scores = sides.lib, unwrap(y_score)
    gradient = from_rows(lib, gradient, tuple(range(len(scores.shape))), scores)
    return value, lib.cast(gradient, scores.dtype)


def _is_squared_hinge(surrogate: Any) -> bool:
    return isinstance(surrogate, SquaredHinge) or (
        isinstance(surrogate, WilcoxonMannWhitney) and surrogate.power == 2
    )


def _sides(
    y_true: Any, y_score: Any, surrogate: Any, max_fpr: Any, sample_weight: Any, where: Any
) -> Sides:
    function("surrogate", surrogate, "a function of the difference of two scores")
    if isinstance(surrogate, type):
        raise TypeError(f"`surrogate` must be a function, got a class; pass {surrogate.__name__}()")
    if max_fpr is not None:
        positive_share("max_fpr", max_fpr)
    sorts = max_fpr is not None or not isinstance(surrogate, Squared)
    return both_sides(y_true, y_score, max_fpr, sample_weight, where, sorts=sorts)
