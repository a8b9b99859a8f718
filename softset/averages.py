"""Averages over classes: each turns a metric into a metric.

One policy for absent classes: a class that nobody is in and nobody is put in, that is with
tp = fp = fn = 0, leaves the macro mean, as in scikit-learn when it finds the classes itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._bound import freeze
from ._namespace import array_namespace
from ._typing import Metric
from .confusion import Confusion
from .metrics._ratio import ratio


def micro(metric: Metric, axis: int = -1) -> Metric:
    """Add the classes' counts, then apply the metric.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`.
    axis : int, default -1
        The class axis of the counts.

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.micro(ss.recall)(c))
    0.75
    """
    return Micro(freeze(metric), axis)


def macro(metric: Metric, axis: int = -1) -> Metric:
    """Apply the metric to each class, then take the mean over the classes that occur.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, default -1
        The class axis of the counts.

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; if no class occurs the result is `zero_division` too.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis.

    Notes
    -----
    A class with tp = fp = fn = 0 is left out; it gets no gradient.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.macro(ss.recall)(c))
    0.625
    """
    return Macro(freeze(metric), axis)


def weighted(metric: Metric, axis: int = -1) -> Metric:
    """Apply the metric to each class, then take the mean weighted by the classes' positives.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, default -1
        The class axis of the counts.

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; without any positive the result is `zero_division` too.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.weighted(ss.recall)(c))
    0.75
    """
    return Weighted(freeze(metric), axis)


@dataclass(frozen=True)
class Micro:
    """What `micro` returns."""

    metric: Metric
    axis: int = -1

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the metric of the summed counts."""
        _require_axis(c, self.axis)
        xp = array_namespace(*c)
        return self.metric(Confusion(*(xp.sum(x, axis=self.axis) for x in c)), **options)


@dataclass(frozen=True)
class Macro:
    """What `macro` returns."""

    metric: Metric
    axis: int = -1

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric over the classes that occur."""
        _require_axis(c, self.axis)
        values = self.metric(c, **options)
        _require_elementwise(c, values)
        xp = array_namespace(values, *c)
        occurs = c.tp + c.fp + c.fn > 0
        kept = xp.where(occurs, values, xp.zeros_like(values))
        number = xp.sum(xp.astype(occurs, values.dtype), axis=self.axis)
        total = xp.sum(kept, axis=self.axis)
        return ratio(xp, total, number, options.get("zero_division", 0.0))


@dataclass(frozen=True)
class Weighted:
    """What `weighted` returns."""

    metric: Metric
    axis: int = -1

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric weighted by the classes' positives."""
        _require_axis(c, self.axis)
        values = self.metric(c, **options)
        _require_elementwise(c, values)
        xp = array_namespace(values, *c)
        support = c.tp + c.fn
        total = xp.sum(values * support, axis=self.axis)
        return ratio(xp, total, xp.sum(support, axis=self.axis), options.get("zero_division", 0.0))


def _require_axis(c: Confusion, axis: int) -> None:
    # NumPy sums a number over its last axis without complaint: micro for macro.
    ndim = len(c.tp.shape)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`axis` must be an axis of the counts, got {axis} for counts of {ndim} dimensions; "
            "count each class by itself, as in as_loss(macro(f1), axis=0)"
        )


def _require_elementwise(c: Confusion, values: Any) -> None:
    # An area over thresholds, say, which would broadcast against the counts.
    if hasattr(values, "shape") and len(values.shape) != len(c.tp.shape):
        raise ValueError(
            "`metric` must be elementwise over the counts to be averaged, got "
            f"{tuple(values.shape)} for counts of {tuple(c.tp.shape)}; as_loss and as_score take "
            "the plain mean over whatever axes a metric leaves"
        )
