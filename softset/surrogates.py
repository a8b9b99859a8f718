"""Other published step functions: bands and heavy tails."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ._checks import positive
from ._lines import Lines
from ._namespace import array_namespace


@dataclass(frozen=True)
class Ramp:
    """A straight line from 0 to 1 across a band of the given width about the threshold.

    Parameters
    ----------
    width : float
        Width of the band, positive. Outside the band the slope is 0: scores there get no
        gradient.

    Raises
    ------
    ValueError
        If width is not a positive finite number.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Ramp(width=0.4)(np.asarray([0.2, 0.4, 0.5, 0.8]), 0.5))
    [0.   0.25 0.5  1.  ]
    """

    width: float
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive("width", self.width)

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.lines(threshold)(y_prob)

    def lines(self, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        half = 0.5 * self.width
        return Lines(
            threshold, threshold - half, threshold + half, 0, 1 / self.width, 0, centre=0.5
        )


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
        x = (y_prob - threshold) * (2 * math.pi / self.width)
        xp = array_namespace(x)
        # With no factor at the sine the slope, 1 + cos(x), is exactly 0 at the ends.
        curve = (x + xp.sin(x)) * (0.5 / math.pi) + 0.5
        outside = xp.where(x < 0, xp.zeros_like(x), xp.ones_like(x))
        return xp.where((x < -math.pi) | (x > math.pi), outside, curve)


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
        x = (y_prob - threshold) * self.k
        return array_namespace(x).atan(x) / math.pi + 0.5


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
        x = (y_prob - threshold) * self.k
        return x / array_namespace(x).sqrt(x * x + 1) * 0.5 + 0.5
