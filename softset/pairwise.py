"""Ranking losses: over all pairs of a positive and a negative."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _checks
from ._batch import cast
from ._namespace import array_namespace, unwrap
from ._pair_sums import (
    all_pairs,
    block_loss,
    blocks,
    hinge_gradient,
    hinge_loss,
    many,
    squares,
)
from ._sides import Sides, both_sides
from ._sorting import from_rows
from ._typing import Array


@dataclass(frozen=True)
class SquaredHinge:
    """The squared hinge ``max(margin - d, 0)**2`` of the difference d, the default.

    Pairs that are apart by the margin cost nothing. Its sum over all pairs takes one sort.

    Parameters
    ----------
    margin : float, default 1.0
        How far a positive should score above a negative, positive.

    Raises
    ------
    ValueError
        If margin is not a positive finite number.

    Notes
    -----
    With a margin of 1 its mean is never below 1 - AUROC. By one sort: Rust and Hocking 2023.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.SquaredHinge()(np.asarray([-1.0, 0.0, 0.5, 2.0])))
    [4.   1.   0.25 0.  ]
    """

    margin: float = 1.0

    def __post_init__(self) -> None:
        _checks.positive("margin", self.margin)

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        return WilcoxonMannWhitney(self.margin, 2.0)(difference)


@dataclass(frozen=True)
class Squared:
    """The square ``(margin - d)**2`` of the difference d.

    Pairs further apart than the margin cost as well. Its sum takes means and variances only.

    Parameters
    ----------
    margin : float, default 1.0
        How far a positive should score above a negative, positive.

    Raises
    ------
    ValueError
        If margin is not a positive finite number.

    Notes
    -----
    Source: Gao et al. 2013; what losses with saddle points minimise (Ying et al. 2016).

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Squared()(np.asarray([-1.0, 0.0, 0.5, 2.0])))
    [4.   1.   0.25 1.  ]
    """

    margin: float = 1.0

    def __post_init__(self) -> None:
        _checks.positive("margin", self.margin)

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        short = self.margin - difference
        return short * short


@dataclass(frozen=True)
class Logistic:
    """The logistic loss ``log(1 + exp(-scale d))`` of the difference d: RankNet.

    Parameters
    ----------
    scale : float, default 1.0
        How steep it is, positive.

    Raises
    ------
    ValueError
        If scale is not a positive finite number.

    Notes
    -----
    The cross-entropy of ``sigmoid(scale d)`` as a probability. Source: Burges et al. 2005.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Logistic()(np.asarray([-1000.0, 0.0, 1000.0])).round(4))
    [1.000e+03 6.931e-01 0.000e+00]
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        _checks.positive("scale", self.scale)

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        x = difference * self.scale
        xp = array_namespace(x)
        behind = xp.where(x < 0, -x, xp.zeros_like(x))
        return behind + xp.log1p(xp.exp(xp.where(x < 0, x, -x)))


@dataclass(frozen=True)
class WilcoxonMannWhitney:
    """The loss ``(margin - d)**power`` where the difference d is below the margin, else 0.

    Parameters
    ----------
    margin : float, default 0.3
        How far a positive should score above a negative, positive; for probabilities below 1.
    power : float, default 2.0
        At least 1. 2 is the squared hinge and takes one sort; 1 is the hinge, whose slope at
        the margin is 0.

    Raises
    ------
    ValueError
        If margin is not a positive finite number or power is not a finite number of at least 1.

    Notes
    -----
    Source: Yan et al. 2003, with margins of 0.1 to 0.7 and powers of 2 and 3.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.WilcoxonMannWhitney(power=3)(np.asarray([-0.7, 0.3, 0.5])))
    [1. 0. 0.]
    """

    margin: float = 0.3
    power: float = 2.0

    def __post_init__(self) -> None:
        _checks.positive("margin", self.margin)
        if not (isinstance(self.power, (int, float)) and 1 <= self.power < math.inf):
            raise ValueError(f"`power` must be a finite number >= 1, got {self.power!r}")

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        xp = array_namespace(difference)
        close, short = difference < self.margin, self.margin - difference
        # The slope of a power at 0 is nan in places.
        short = xp.where(close, short, xp.ones_like(short))
        return xp.where(close, short**self.power, xp.zeros_like(short))


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
    where : boolean array, optional
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
    return (block_loss if many(sides.scores) else all_pairs)(sides, surrogate)


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
    xp, y_score = sides.xp, unwrap(y_score)
    gradient = from_rows(xp, gradient, tuple(range(len(y_score.shape))), y_score)
    return value, cast(xp, gradient, y_score.dtype)


def _is_squared_hinge(surrogate: Any) -> bool:
    return isinstance(surrogate, SquaredHinge) or (
        isinstance(surrogate, WilcoxonMannWhitney) and surrogate.power == 2
    )


def _sides(
    y_true: Any, y_score: Any, surrogate: Any, max_fpr: Any, sample_weight: Any, where: Any
) -> Sides:
    _checks.function("surrogate", surrogate, "a function of the difference of two scores")
    if isinstance(surrogate, type):
        raise TypeError(f"`surrogate` must be a function, got a class; pass {surrogate.__name__}()")
    if max_fpr is not None and not (isinstance(max_fpr, (int, float)) and 0 < max_fpr <= 1):
        raise ValueError(f"`max_fpr` must lie in (0, 1], got {max_fpr!r}")
    sorts = max_fpr is not None or not isinstance(surrogate, Squared)
    return both_sides(y_true, y_score, max_fpr, sample_weight, where, sorts=sorts)
