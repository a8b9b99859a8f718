"""Smooth steps: the logistic curve and other published ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from .._arrays import NUMBERS, Library
from .._options import positive
from .door import arrived
from .own import own

# What scores are multiplied by at most: its square is a float32 number, and times 0 it is 0. No
# score is so near to a threshold that a sharper curve would tell them apart.
_SHARPEST = 1e18


@own
@dataclass(frozen=True)
class Sigmoid:
    """The logistic curve ``1 / (1 + exp(-k (y_prob - threshold)))``.

    Parameters
    ----------
    k : float, default 10.0
        Sharpness; the slope at the threshold is k / 4. 73 at a threshold of 0.5 is AnyLoss.
        With a large k most slopes are almost 0, and training may stall.

    Raises
    ------
    ValueError
        If k is not a positive finite number.

    Notes
    -----
    A score of 0 or 1 is not quite a non-member or a member. Source: Kyurkchiev and Markov 2015
    as used by Tsoi et al. 2022, section 3; Han et al. 2024 (arXiv 2405.14745).

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Sigmoid(k=10)(np.asarray([0.5, 0.7]), 0.5).round(4))
    [0.5    0.8808]
    """

    k: float = 10.0
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("k", self.k)

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return lib.logistic((y_prob - threshold) * min(self.k, _SHARPEST))

    def with_slope(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        k = min(self.k, _SHARPEST)
        value, slope = lib.logistic_and_slope((y_prob - threshold) * k)
        return value, lib.in_place(value)[1](slope, k)


@own
@dataclass(frozen=True)
class Cosine:
    """A raised-cosine curve from 0 to 1 across a band of the given width.

    Parameters
    ----------
    width : float
        Width of the band, positive. Outside the band the slope is 0: scores there get no
        gradient. SOL's delta is half of it.

    Raises
    ------
    ValueError
        If width is not a positive finite number.

    Notes
    -----
    The distribution function of a raised cosine, which makes a count the expected count for a
    threshold so distributed. Source: Marchetti et al. 2022, score-oriented losses.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Cosine(width=0.4)(np.asarray([0.2, 0.4, 0.5, 0.8]), 0.5).round(4))
    [0.     0.0908 0.5    1.    ]
    """

    width: float
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("width", self.width)

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self._held(lib, y_prob, threshold)[0]

    def with_slope(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        value, x, inside = self._held(lib, y_prob, threshold)
        add, multiply = _in_place(lib, y_prob, threshold)
        slope = multiply(add(lib.xp.cos(x), 1), 0.5 * self._factor / math.pi)
        return value, lib.kept(slope, inside)

    @property
    def _factor(self) -> float:
        return min(2 * math.pi / self.width, _SHARPEST)

    def _held(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any, Any]:
        """Return the memberships, the angles, and which of these are in the band, or nan."""
        add, multiply = _in_place(lib, y_prob, threshold)
        x = multiply(y_prob - threshold, self._factor)
        inside = ~((x < -math.pi) | (x > math.pi))
        # With no factor at the sine the slope, 1 + cos(x), is exactly 0 at the ends.
        curve = add(multiply(add(lib.xp.sin(x), x), 0.5 / math.pi), 0.5)
        return add(lib.kept(curve, inside), lib.above(x, math.pi)), x, inside


@own
@dataclass(frozen=True)
class Arctan:
    """The arctangent curve ``1/2 + atan(k (y_prob - threshold)) / pi``.

    Parameters
    ----------
    k : float
        Sharpness, positive; the slope at the threshold is k / pi. The tails are heavy: far
        scores keep more gradient than with the logistic curve.

    Raises
    ------
    ValueError
        If k is not a positive finite number.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Arctan(k=10)(np.asarray([0.4, 0.5]), 0.5).round(4))
    [0.25 0.5 ]
    """

    k: float
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("k", self.k)

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return lib.xp.atan((y_prob - threshold) * min(self.k, _SHARPEST)) / math.pi + 0.5

    def with_slope(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        k, (add, multiply) = min(self.k, _SHARPEST), _in_place(lib, y_prob, threshold)
        x = multiply(y_prob - threshold, k)
        value = lib.xp.atan(x) / math.pi
        return add(value, 0.5), (k / math.pi) / add(multiply(x, x), 1)


@own
@dataclass(frozen=True)
class Algebraic:
    """The algebraic curve ``1/2 + x / (2 sqrt(1 + x^2))`` with x = k (y_prob - threshold).

    Parameters
    ----------
    k : float
        Sharpness, positive; the slope at the threshold is k / 2.

    Raises
    ------
    ValueError
        If k is not a positive finite number.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Algebraic(k=10)(np.asarray([0.4, 0.5]), 0.5).round(4))
    [0.1464 0.5   ]
    """

    k: float
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("k", self.k)

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        x = (y_prob - threshold) * min(self.k, _SHARPEST)
        return x / lib.xp.sqrt(x * x + 1) * 0.5 + 0.5

    def with_slope(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        k, (add, multiply) = min(self.k, _SHARPEST), _in_place(lib, y_prob, threshold)
        x = multiply(y_prob - threshold, k)
        square = add(x * x, 1)
        root = lib.xp.sqrt(square)
        value = add(multiply(x / root, 0.5), 0.5)
        return value, (0.5 * k) / multiply(root, square)


def _in_place(lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
    """Return + and *, which write to what was made of the scores where that can be."""
    return lib.in_place(y_prob, *(() if type(threshold) in NUMBERS else (threshold,)))
