"""The types that the kernel's signatures speak of."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias


class Array(Protocol):
    """An array of any supported library: it has a shape, a dtype and arithmetic."""

    @property
    def shape(self) -> Any: ...
    @property
    def dtype(self) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...


class Confusion(NamedTuple):
    """The four counts of a binary confusion matrix.

    Attributes
    ----------
    tp, fp, fn, tn : array or float
        True positives, false positives, false negatives, true negatives: four arrays of one
        shape, which is () unless `confusion` was given an axis or a grid of thresholds; or four
        plain numbers, which metrics take as well.

    Notes
    -----
    Counts add up: ``a + b`` is the confusion matrix of two batches together, and the built-in
    ``sum`` works on a list of them. A smoothing prior is an addition as well, as in
    ``c + Confusion(1.0, 1.0, 1.0, 1.0)``. As a named tuple it is a pytree in JAX, PyTorch and
    TensorFlow without registration.

    Examples
    --------
    >>> import softset as ss
    >>> print(ss.Confusion(3.0, 1.0, 2.0, 4.0) + ss.Confusion(1.0, 0.0, 0.0, 1.0))
    Confusion(tp=4.0, fp=1.0, fn=2.0, tn=5.0)
    """

    tp: Any
    fp: Any
    fn: Any
    tn: Any

    # A tuple's + concatenates; counts add.
    def __add__(self, other: Any) -> Confusion:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the counts of both."""
        return added(self, other)

    def __radd__(self, other: Any) -> Confusion:
        """Return the counts themselves for the 0 that `sum` starts from."""
        return self if isinstance(other, int) and other == 0 else NotImplemented


class ConfusionTable(NamedTuple):
    """The counts of a confusion matrix of C classes.

    Attributes
    ----------
    counts : array
        Counts of shape (..., C, C): [true class, predicted class], as in scikit-learn's
        `confusion_matrix`. Axes before these two are those that `confusion_table` kept.

    Notes
    -----
    They add up as those of a `Confusion` do, by ``a + b`` and by the built-in ``sum``. As a named
    tuple it is a pytree in JAX, PyTorch and TensorFlow without registration.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> one = ss.ConfusionTable(np.asarray([[2.0, 1.0], [0.0, 3.0]]))
    >>> print((one + one).counts)
    [[4. 2.]
     [0. 6.]]
    """

    counts: Any

    def __add__(self, other: Any) -> ConfusionTable:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the counts of both."""
        return added(self, other)

    def __radd__(self, other: Any) -> ConfusionTable:
        """Return the counts themselves for the 0 that `sum` starts from."""
        return self if isinstance(other, int) and other == 0 else NotImplemented


class Costs(NamedTuple):
    """A mean as the two sums that it is the quotient of, as of `cross_entropy`.

    Attributes
    ----------
    cost, weight : 0-d array
        The sum of what the examples cost times their weights, and that of the weights.
    """

    cost: Any
    weight: Any

    def __add__(self, other: Any) -> Costs:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the sums of both."""
        return added(self, other)

    def __radd__(self, other: Any) -> Costs:
        """Return the sums themselves for the 0 that `sum` starts from."""
        return self if isinstance(other, int) and other == 0 else NotImplemented


class CompoundCounts(NamedTuple):
    """The counts of each part of a compound loss.

    Attributes
    ----------
    parts : tuple
        A `Confusion` for a metric, the two sums of a mean for `cross_entropy`.
    """

    parts: tuple[Any, ...]

    def __add__(self, other: Any) -> CompoundCounts:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the counts of both."""
        return added(self, other)

    def __radd__(self, other: Any) -> CompoundCounts:
        """Return the counts themselves for the 0 that `sum` starts from."""
        return self if isinstance(other, int) and other == 0 else NotImplemented


def added(c: Any, other: Any) -> Any:
    """Return the sum of two counts of one kind."""
    return map_counts(operator.add, c, other) if type(other) is type(c) else NotImplemented


def map_counts(function: Callable[..., Any], c: Any, *others: Any) -> Any:
    """Return counts of the kind of c, of what a function makes of each array of it and others."""
    found = [
        map_counts(function, x, *rest) if isinstance(x, tuple) else function(x, *rest)
        for x, *rest in zip(c, *others, strict=True)
    ]
    return tuple(found) if type(c) is tuple else type(c)(*found)


def are_counts(c: Any) -> bool:
    """Tell whether something is a named tuple, as counts of every kind are."""
    return isinstance(c, tuple) and hasattr(c, "_fields")


def parts_of(c: Any) -> list[Any]:
    """Return the counts of each part of a compound loss, or those of a loss by itself."""
    if not isinstance(c, CompoundCounts):
        return [c]
    return [one for part in c.parts for one in parts_of(part)]


def arrays_of(c: Any) -> list[Any]:
    """Return the arrays of counts, of those of a compound loss part after part."""
    return [x for part in parts_of(c) for x in part]


def reduced(reduce: Callable[[Any], Any], c: Any) -> Any:
    """Return what `reduce` makes of counts, refusing what are none; of a compound loss by parts."""
    if isinstance(c, CompoundCounts):
        return CompoundCounts(tuple([reduced(reduce, x) for x in c.parts]))
    found = reduce(c)
    if type(found) is not type(c):
        kind = type(c).__name__
        raise TypeError(
            f"`reduce` must return a {kind}, got {type(found).__name__}; it sums the counts of "
            f"all processes, as in {kind}(*(total(x) for x in c))"
        )
    return found


Threshold: TypeAlias = "float | tuple[float, ...] | Array"
Step: TypeAlias = "Callable[[Any, Any], Any]"
Counts: TypeAlias = "Confusion | ConfusionTable | Costs | CompoundCounts"
Metric: TypeAlias = "Callable[[Any], Any]"
Reduce: TypeAlias = "Callable[[Any], Any]"
