"""Steps made of straight lines: the Heaviside step, the paper's line, a band, the probability.

Each maps a probability and a threshold to a membership in [0, 1]. All follow one rule where
two pieces meet: the slope is that of the middle piece, on every framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._arrays import Library
from .._options import positive
from .door import arrived
from .lines import Lines
from .own import own

# Thresholds nearer to 0 or 1 than this count as this near: Linear's slopes stay finite.
_MARGIN = 1e-6

# Narrower bands are taken as this wide, so that their slope is a number in float32 too. No score
# is so near to a threshold that it would be told apart from it.
_NARROWEST = 1e-18


@own
@dataclass(frozen=True)
class Hard:
    """The Heaviside step: 1 where ``y_prob >= threshold``, else 0.

    It is what evaluation counts (Tsoi et al. 2022, Eq. 1); a tie is positive, as in
    scikit-learn. Its gradient is 0 everywhere, so it trains nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Hard()(np.asarray([0.2, 0.5, 0.9]), 0.5))
    [0. 1. 1.]
    """

    symmetric: ClassVar[bool] = False  # a tie is positive from both sides

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return lib.xp.astype(y_prob >= threshold, y_prob.dtype)

    def lines(self, lib: Library, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        return Lines(threshold, threshold, threshold, 0, 0, 0, centre=1.0)


@own
@dataclass(frozen=True)
class Linear:
    """The paper's five-point line, the default for losses.

    It joins the points (0, 0), (t - w/2, delta), (t, 1/2), (t + w/2, 1 - delta), (1, 1) with
    w = min(t, 1 - t), so a score of 0 is never a member, a score of 1 always is, and no slope
    is 0, whatever the threshold t.

    Parameters
    ----------
    delta : float, default 0.2
        Membership at the first knot, strictly between 0 and 0.5. Smaller is nearer to the
        hard step. 0.25 at a threshold of 0.5 is the identity.

    Raises
    ------
    ValueError
        If delta is not strictly between 0 and 0.5.

    Notes
    -----
    Differentiable in ``y_prob`` and in ``threshold``. Source: Tsoi et al. 2022, Eq. 5.
    Thresholds within 1e-6 of 0 or 1 are taken as 1e-6 away from them.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Linear()(np.asarray([0.0, 0.25, 0.5, 0.75, 1.0]), 0.5))
    [0.  0.2 0.5 0.8 1. ]
    """

    delta: float = 0.2
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.delta < 0.5:
            raise ValueError(f"`delta` must lie strictly between 0 and 0.5, got {self.delta}")

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.lines(lib, threshold).at(lib, y_prob)

    def lines(self, lib: Library, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        threshold, width = _inside(lib, threshold)
        low, high = threshold - 0.5 * width, threshold + 0.5 * width
        return Lines(
            threshold,
            low,
            high,
            self.delta / low,
            (1 - 2 * self.delta) / width,
            self.delta / (1 - high),
            centre=0.5,
        )


@own
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
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.lines(lib, threshold).at(lib, y_prob)

    def lines(self, lib: Library, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        width = max(self.width, _NARROWEST)
        low, high = threshold - 0.5 * width, threshold + 0.5 * width
        return Lines(threshold, low, high, 0, 1 / width, 0, centre=0.5)


@own
@dataclass(frozen=True)
class Identity:
    """The probability itself, whatever the threshold.

    With it F1 is the soft F1 in common use and the Dice loss of segmentation. It is the
    expected count for a threshold drawn uniformly from [0, 1] (Marchetti et al. 2022).

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Identity()(np.asarray([0.2, 0.9]), 0.5))
    [0.2 0.9]
    """

    symmetric: ClassVar[bool] = True

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return y_prob

    def with_slope(self, lib: Library, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        return y_prob, 1


def _inside(lib: Library, threshold: Any) -> tuple[Any, Any]:
    """Return the threshold kept off 0 and 1, and its distance to the nearer of them."""
    if isinstance(threshold, (int, float)):
        threshold = min(max(threshold, _MARGIN), 1 - _MARGIN)
        return threshold, min(threshold, 1 - threshold)
    xp = lib.xp
    lowest, highest = xp.full_like(threshold, _MARGIN), xp.full_like(threshold, 1 - _MARGIN)
    threshold = xp.where(threshold < _MARGIN, lowest, threshold)
    threshold = xp.where(threshold > 1 - _MARGIN, highest, threshold)
    return threshold, xp.where(threshold < 0.5, threshold, 1 - threshold)
