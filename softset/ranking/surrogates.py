"""Losses of a pair as functions of its difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._arrays import library
from .._options import at_least, positive


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
        positive("margin", self.margin)

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
        positive("margin", self.margin)

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
        positive("scale", self.scale)

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        xp, x = library(("difference",), (difference,)).xp, difference * self.scale
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
        positive("margin", self.margin)
        at_least("power", self.power, 1)

    def __call__(self, difference: Any) -> Any:
        """Return the loss of each pair."""
        xp = library(("difference",), (difference,)).xp
        close, short = difference < self.margin, self.margin - difference
        # The slope of a power at 0 is nan in places.
        short = xp.where(close, short, xp.ones_like(short))
        return xp.where(close, short**self.power, xp.zeros_like(short))


def is_ours(surrogate: Any) -> bool:
    """Tell whether a surrogate is one of softset's, which hold numbers only."""
    return type(surrogate) in (Logistic, Squared, SquaredHinge, WilcoxonMannWhitney)
