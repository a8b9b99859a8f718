"""Step functions: the Heaviside step and what takes its place while training.

Each maps a probability and a threshold to a membership in [0, 1]. All follow one rule where
two pieces meet: the slope is that of the middle piece, on every framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._checks import positive
from ._lines import Lines, is_ours, products_are_faster
from ._namespace import array_namespace, stop_gradient
from ._operations import in_place, indicator
from ._typing import Step
from ._users import members

# Thresholds nearer to 0 or 1 than this count as this near: Linear's slopes stay finite.
_MARGIN = 1e-6


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
        xp = array_namespace(y_prob, threshold)
        return xp.astype(y_prob >= threshold, y_prob.dtype)

    def lines(self, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        return Lines(threshold, threshold, threshold, 0, 0, 0, centre=1.0)


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
        return self.lines(threshold)(y_prob)

    def lines(self, threshold: Any) -> Lines:
        """Return the lines that the step is made of."""
        threshold, width = _inside(threshold)
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
        return logistic((y_prob - threshold) * self.k)

    def with_slope(self, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        value, lack = logistics((y_prob - threshold) * self.k)
        _, multiply = in_place(value)
        return value, multiply(multiply(lack, value), self.k)


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
        return y_prob

    def with_slope(self, y_prob: Any, threshold: Any) -> tuple[Any, Any]:
        """Return the memberships and their slopes."""
        return y_prob, 1


@dataclass(frozen=True)
class StraightThrough:
    """The hard step with the gradient of another one.

    Parameters
    ----------
    step : callable
        Any step function; its slope is used, its value is not.

    Raises
    ------
    TypeError
        If step is not callable.

    Notes
    -----
    The loss is then the metric itself, and its gradient is biased (Bengio et al. 2013). It does
    not agree with finite differences, which see a step.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.StraightThrough(ss.Linear())(np.asarray([0.2, 0.6]), 0.5))
    [0. 1.]
    """

    step: Step = Linear()
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not callable(self.step):
            raise TypeError(f"`step` must be a step function, got {self.step!r}")

    def __call__(self, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        soft = members(self.step, y_prob, threshold)
        # soft - soft first: the value is exactly that of the hard step.
        return (soft - stop_gradient(soft)) + Hard()(
            stop_gradient(y_prob), stop_gradient(threshold)
        )


def is_own(step: Any) -> bool:
    """Tell whether a step is one of softset's: elementwise, and nothing in it has a gradient."""
    while type(step) is StraightThrough:
        step = step.step
    return is_ours(step) and all(isinstance(x, (int, float)) for x in vars(step).values())


def keeps_nan(step: Any) -> bool:
    """Tell whether a score that is not a number has a membership that is none."""
    while type(step) is StraightThrough:
        step = step.step
    return is_ours(step) and type(step) is not Hard


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)) without overflow and with a gradient that both tails keep."""
    if products_are_faster(x):
        return logistics(x)[0]
    xp, small = array_namespace(x), _tail(x)
    return xp.where(x < 0, small, 1.0) / (small + 1)


def logistics(x: Any) -> tuple[Any, Any]:
    """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)), for the price of one."""
    xp, small = array_namespace(x), _tail(x)
    total = small + 1
    if products_are_faster(x):
        less, more, negative = small / total, 1 / total, indicator(x, "<", 0.0)
        positive, (add, multiply) = 1 - negative, in_place(x)
        value = add(positive * more, negative * less)
        return value, add(multiply(positive, less), multiply(negative, more))
    return xp.where(x < 0, small, 1.0) / total, xp.where(x < 0, 1.0, small) / total


def _tail(x: Any) -> Any:
    """Return exp(-|x|)."""
    xp = array_namespace(x)
    # At 0 the slope is that of one side, not the 0 of `abs`; here no gradient is taken.
    return xp.exp(-xp.abs(x) if products_are_faster(x) else xp.where(x < 0, x, -x))


def _inside(threshold: Any) -> tuple[Any, Any]:
    """Return the threshold kept off 0 and 1, and its distance to the nearer of them."""
    if isinstance(threshold, (int, float)):
        threshold = min(max(threshold, _MARGIN), 1 - _MARGIN)
        return threshold, min(threshold, 1 - threshold)
    xp = array_namespace(threshold)
    lowest, highest = xp.full_like(threshold, _MARGIN), xp.full_like(threshold, 1 - _MARGIN)
    threshold = xp.where(threshold < _MARGIN, lowest, threshold)
    threshold = xp.where(threshold > 1 - _MARGIN, highest, threshold)
    return threshold, xp.where(threshold < 0.5, threshold, 1 - threshold)
