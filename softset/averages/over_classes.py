"""Averages over classes: one metric of the counts of all.

One policy for absent classes: a class that nobody is in and nobody is put in, that is with
tp = fp = fn = 0, leaves the macro mean, as in scikit-learn when it finds the classes itself. With a
`zero_division` of nan whatever is undefined leaves a mean, as in scikit-learn too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._arrays import library
from .._options import as_int
from .._types import Confusion, Metric
from ..metrics.guarded import ratio
from ..metrics.options import Wrapped, is_nan, zero_division_of
from .checks import class_axis, of_four, require_elementwise
from .means import mean_by, undefined


def micro(metric: Metric, axis: int | None = None) -> Metric:
    """Add the classes' counts, then apply the metric.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`.
    axis : int, optional
        The class axis of the counts; they may have just this one where it is left out.

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
        When called, if the counts have no such axis, or several and `axis` is left out.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.micro(ss.recall)(c))
    0.75
    """
    return Micro(of_four(metric), as_int(axis))


def macro(metric: Metric, axis: int | None = None) -> Metric:
    """Apply the metric to each class, then take the mean over the classes that occur.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, optional
        The class axis of the counts; they may have just this one where it is left out.

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; if no class is left the result is `zero_division` too.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis, or several and `axis` is left out.

    Notes
    -----
    A class with tp = fp = fn = 0 is left out; it gets no gradient. That is scikit-learn's average
    of class numbers, whose classes it finds in the data. Of a matrix of labels, or with `labels`,
    scikit-learn counts such a class as `zero_division`; that is the plain mean over the classes,
    which is what a metric without an average gives: ``as_score(f1, threshold=0.5, axis=0)``.

    Classes that occur may be undefined too, as recall is for one that is only predicted. They
    count as `zero_division`, and with nan they are left out:
    ``macro(partial(recall, zero_division=nan))`` is scikit-learn's balanced accuracy.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.macro(ss.recall)(c))
    0.625
    """
    return Macro(of_four(metric), as_int(axis))


def weighted(metric: Metric, axis: int | None = None) -> Metric:
    """Apply the metric to each class, then take the mean weighted by the classes' positives.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, optional
        The class axis of the counts; they may have just this one where it is left out.

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; without any positive the result is `zero_division` too. With nan a
        class where `metric` is undefined is left out, with its positives.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis, or several and `axis` is left out.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([[8.0, 1.0], [2.0, 1.0], [0.0, 3.0], [5.0, 10.0]]))
    >>> print(ss.weighted(ss.recall)(c))
    0.75
    """
    return Weighted(of_four(metric), as_int(axis))


@dataclass(frozen=True)
class Micro(Wrapped):
    """What `micro` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the metric of the summed counts."""
        axis, lib = class_axis(c, self.axis), library(c._fields, c)
        return self.metric(Confusion(*(lib.xp.sum(x, axis=axis) for x in c)), **options)


@dataclass(frozen=True)
class Macro(Wrapped):
    """What `macro` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric over the classes that occur."""
        axis = class_axis(c, self.axis)
        values = self.metric(c, **options)
        require_elementwise(c, values)
        lib = library(("metric", *c._fields), (values, *c))
        xp = lib.xp
        zero_division = zero_division_of(self.metric, options)
        out = self.left_out(c, values, zero_division)
        number = xp.sum(xp.astype(~out, values.dtype), axis=axis)
        total = xp.sum(xp.where(out, xp.zeros_like(values), values), axis=axis)
        return ratio(lib, total, number, zero_division)

    def left_out(self, c: Confusion, values: Any, zero_division: float) -> Any:
        """Tell which classes leave the mean."""
        out = c.tp + c.fp + c.fn <= 0  # a nan is not: it comes through
        return out | undefined(c, values) if is_nan(zero_division) else out


@dataclass(frozen=True)
class Weighted(Wrapped):
    """What `weighted` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric weighted by the classes' positives."""
        return mean_by(self, c, lambda: c.tp + c.fn, options)
