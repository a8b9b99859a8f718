"""Steps for classes of which one is true: they look along the class axis, not at a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from .._arrays import Library
from .._options import as_int, whole
from .door import arrived
from .own import own


@own
@dataclass(frozen=True)
class ArgMax:
    """The class with the largest score, to evaluate: 1 for it, 0 for the others.

    Parameters
    ----------
    axis : int, default -1
        The class axis of the scores.

    Raises
    ------
    TypeError
        If axis is not an integer.
    ValueError
        When called, if the scores have no such axis, or fewer than two classes along it.

    Notes
    -----
    Of equal scores the first class counts, as in `argmax` of every library. Logits and
    probabilities give the same. There is no threshold, and the gradient is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.ArgMax()(np.asarray([[0.2, 0.4, 0.4], [0.6, 0.3, 0.1]])))
    [[0. 1. 0.]
     [1. 0. 0.]]
    """

    axis: int = -1
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _with_int_axis(self)

    def __call__(self, y_prob: Any, threshold: Any = 0.5) -> Any:
        """Return the memberships; there is no threshold."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.among(lib, y_prob, from_logits=False)

    def among(self, lib: Library, scores: Any, *, from_logits: bool) -> Any:
        """Return the memberships of probabilities or of logits."""
        axis, number = classes_along(lib, self, scores)
        if number is None:
            raise ValueError(
                f"`axis` of ArgMax must be that of a known number of classes, got {self.axis} for "
                f"scores of {lib.shape(scores)}; give tf.function an input_signature that has it"
            )
        best = lib.place_of_largest(scores, axis)
        shape = [1] * len(scores.shape)
        shape[axis] = number
        classes = lib.xp.reshape(lib.numbers(tuple(range(number)), best), tuple(shape))
        return lib.xp.astype(best == classes, scores.dtype)

    def pull_back(
        self, lib: Library, scores: Any, slope: Any, *, from_logits: bool, shares: Any = None
    ) -> Any:
        """Return the gradient in the scores, which is 0."""
        return lib.xp.zeros_like(scores)


@own
@dataclass(frozen=True)
class TopK:
    """The classes with the k largest scores, to evaluate: 1 for them, 0 for the others.

    Parameters
    ----------
    k : int
        How many classes, at least 1 and at most all.
    axis : int, default -1
        The class axis of the scores.

    Raises
    ------
    TypeError
        If axis is not an integer; when called, if the array library has no sort.
    ValueError
        If k is not an integer of at least 1; when called, if the scores have no such axis, fewer
        than two classes along it, or fewer than k.

    Notes
    -----
    They are k in each row: of equal scores the first classes count, so that ``TopK(1)`` is
    `ArgMax`. The recall of one true class, ``micro(recall)``, is then the top-k accuracy, and
    ``samples(precision)`` and ``samples(recall)`` are the precision and the recall at k. Logits and
    probabilities give the same. There is no threshold, and the gradient is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.TopK(2)(np.asarray([[0.2, 0.4, 0.4], [0.6, 0.2, 0.2]])))
    [[0. 1. 1.]
     [1. 1. 0.]]
    """

    k: int
    axis: int = -1
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", whole("k", self.k, 1))
        _with_int_axis(self)

    def __call__(self, y_prob: Any, threshold: Any = 0.5) -> Any:
        """Return the memberships; there is no threshold."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships."""
        return self.among(lib, y_prob, from_logits=False)

    def among(self, lib: Library, scores: Any, *, from_logits: bool) -> Any:
        """Return the memberships of probabilities or of logits."""
        axis, number = classes_along(lib, self, scores)
        if number is not None and self.k > number:
            raise ValueError(
                f"`k` of TopK must be at most the number of classes, got {self.k} for {number}"
            )
        if not lib.can_sort:
            raise TypeError(
                f"TopK needs a sort, which {lib.xp.__name__} does not have; take ArgMax"
            )
        xp = lib.xp
        order = xp.argsort(lib.constant(scores), axis=axis, descending=True, stable=True)
        rank = xp.argsort(order, axis=axis)
        return xp.astype(rank < self.k, scores.dtype)

    def pull_back(
        self, lib: Library, scores: Any, slope: Any, *, from_logits: bool, shares: Any = None
    ) -> Any:
        """Return the gradient in the scores, which is 0."""
        return lib.xp.zeros_like(scores)


@own
@dataclass(frozen=True, kw_only=True)
class Softmax:
    """The share of each class, to train: the softmax of logits, as sharp as is wanted.

    Parameters
    ----------
    sharpness : float, default 1.0
        The factor that logits are multiplied by, at least 1. The larger it is, the nearer the
        shares are to `ArgMax`, and the fewer examples have a gradient. Probabilities, which are
        logits already shared out, are raised to this power and divided by their sum: the softmax
        of their logarithms. With 1 those that sum to 1 are taken as they are.
    axis : int, default -1
        The class axis of the scores.

    Raises
    ------
    TypeError
        If axis is not an integer.
    ValueError
        If sharpness is not a finite number of at least 1; when called, if the scores have no such
        axis, or fewer than two classes along it.

    Notes
    -----
    Differentiable in the scores; the shares of an example sum to 1. With the shares s and the
    slope g of the loss in each of them, the gradient in the logits is
    ``sharpness * s * (g - sum(g * s))``. ``StraightThrough(Softmax())`` counts the decisions of
    `ArgMax`, with this gradient. Probabilities that are all 0 have no share. There is no threshold.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.Softmax(sharpness=2.0)(np.asarray([[0.25, 0.75]])))
    [[0.1 0.9]]
    """

    sharpness: float = 1.0
    axis: int = -1
    symmetric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _with_int_axis(self)
        number = isinstance(self.sharpness, (int, float)) and not isinstance(self.sharpness, bool)
        if not (number and 1 <= self.sharpness < math.inf):
            raise ValueError(
                f"`sharpness` must be a finite number of at least 1, got {self.sharpness!r}"
            )

    def __call__(self, y_prob: Any, threshold: Any = 0.5) -> Any:
        """Return the memberships of probabilities; there is no threshold."""
        return self.at(*arrived(y_prob, threshold))

    def at(self, lib: Library, y_prob: Any, threshold: Any) -> Any:
        """Return the memberships of probabilities."""
        return self.among(lib, y_prob, from_logits=False)

    def among(self, lib: Library, scores: Any, *, from_logits: bool) -> Any:
        """Return the memberships of probabilities or of logits."""
        axis, _ = classes_along(lib, self, scores)
        if from_logits:
            return lib.softmax(self._sharpened(lib, scores, axis), axis)
        parts, total, _ = self._parts(lib, scores, axis)
        return parts / total

    def pull_back(
        self, lib: Library, scores: Any, slope: Any, *, from_logits: bool, shares: Any = None
    ) -> Any:
        """Return the gradient in the scores, given that in the memberships, found anew or given."""
        axis, _ = classes_along(lib, self, scores)
        if from_logits:
            if shares is None:
                shares = lib.softmax(self._sharpened(lib, scores, axis), axis)
            found = lib.softmax_slope(shares, slope, axis)
            return found if self.sharpness == 1 else self.sharpness * found
        parts, total, largest = self._parts(lib, scores, axis)
        rise = self.sharpness * (slope - lib.sum_of(slope * (parts / total), axis))
        if self.sharpness > 1:
            rise = rise * (scores / largest) ** (self.sharpness - 1)
        return rise / (total * largest)

    def _sharpened(self, lib: Library, logits: Any, axis: int) -> Any:
        if self.sharpness == 1:
            return logits
        return self.sharpness * (logits - lib.largest(lib.constant(logits), axis))

    def _parts(self, lib: Library, scores: Any, axis: int) -> tuple[Any, Any, Any]:
        """Return what the classes have of probabilities, how much it is in all, and the largest.

        They are divided by that before they could become 0.
        """
        xp = lib.xp
        largest = lib.largest(lib.constant(scores), axis)
        largest = lib.where(largest > 0, largest, xp.ones_like(largest))
        parts = scores / largest
        parts = parts**self.sharpness if self.sharpness > 1 else parts
        total = lib.sum_of(parts, axis)
        return parts, lib.where(total > 0, total, xp.ones_like(total)), largest


def _with_int_axis(step: Any) -> None:
    """Require an axis, and keep it as an int, by which equal steps are equal."""
    axis = as_int(step.axis)
    object.__setattr__(step, "axis", axis)
    if type(axis) is not int:
        raise TypeError(f"`axis` of the step must be that of the classes, an integer, got {axis!r}")


def classes_along(lib: Library, step: Any, scores: Any) -> tuple[int, int | None]:
    """Return the class axis, and how many classes there are if that is known."""
    shape, name = lib.shape(scores), type(step).__name__
    if not -len(shape) <= step.axis < len(shape):
        raise ValueError(
            f"`axis` of {name} must be that of the classes, got {step.axis} for scores of {shape}; "
            "scores of a single class take the step Hard(), or Linear() to train"
        )
    axis = step.axis % len(shape)
    number = shape[axis]
    if number is not None and number < 2:
        raise ValueError(
            f"`axis` of {name} must be that of two classes or more, got {step.axis} for scores of "
            f"{shape}; the scores of one class take the step Hard(), or Linear() to train"
        )
    return axis, number
