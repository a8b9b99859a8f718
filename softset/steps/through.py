"""The hard step with the gradient of a soft one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .._arrays import Library
from .._types import Step
from .classes import ArgMax, Softmax
from .door import arrived
from .members import members
from .own import own
from .piecewise import Linear


@own
@dataclass(frozen=True)
class StraightThrough:
    """The hard step with the gradient of another one.

    Parameters
    ----------
    step : callable
        Any step function; its slope is used, its value is not. With `Softmax` the hard step is
        `ArgMax` along its axis.

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
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        if isinstance(self._innermost(), Softmax):
            return self.among(lib, y_prob, from_logits=False)
        return self.decided(lib, members(lib, self.step, y_prob, threshold), y_prob, threshold)

    def decided(self, lib: Library, soft: Any, y_prob: Any, threshold: Any) -> Any:
        """Return the decisions, with the slope of soft memberships and their nan."""
        hard = lib.constant(y_prob) >= lib.constant(threshold)
        return _hard_forwards(lib, soft, lib.xp.astype(hard, soft.dtype))

    def among(self, lib: Library, scores: Any, *, from_logits: bool) -> Any:
        """Return the memberships of classes of which one is true."""
        step = self._innermost()
        soft = step.among(lib, scores, from_logits=from_logits)
        hard = ArgMax(step.axis).among(lib, scores, from_logits=from_logits)
        return _hard_forwards(lib, soft, hard)

    def pull_back(
        self, lib: Library, scores: Any, slope: Any, *, from_logits: bool, shares: Any = None
    ) -> Any:
        """Return the gradient in the scores of classes of which one is true."""
        return self._innermost().pull_back(lib, scores, slope, from_logits=from_logits)

    def _innermost(self) -> Any:
        step = self.step
        while isinstance(step, StraightThrough):
            step = step.step
        return step


def _hard_forwards(lib: Library, soft: Any, hard: Any) -> Any:
    # soft - soft first: the value is exactly that of the hard step.
    return (soft - lib.constant(soft)) + hard
