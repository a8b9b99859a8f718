"""Averages over classes, and over examples: each turns a metric into a metric.

Where the counts have other axes beside that of the classes, an average has to be told which it is,
but for a grid of thresholds, which losses and scores keep apart.

One policy for absent classes: a class that nobody is in and nobody is put in, that is with
tp = fp = fn = 0, leaves the macro mean, as in scikit-learn when it finds the classes itself. With a
`zero_division` of nan whatever is undefined leaves a mean, as in scikit-learn too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ._arrays import library
from ._options import as_int
from ._types import Confusion, Metric
from .metrics.guarded import ratio, require_four
from .metrics.options import Bound, Wrapped, freeze, is_nan, kind_of, name_of, zero_division_of


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
    return Micro(_of_four(metric), as_int(axis))


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
    return Macro(_of_four(metric), as_int(axis))


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
    return Weighted(_of_four(metric), as_int(axis))


def samples(metric: Metric, axis: int | None = None) -> Metric:
    """Apply the metric to each example, then take the mean over the examples by their weights.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, optional
        The axis of the counts that runs over the examples; they may have just this one where it is
        left out, as with ``axis=1`` for labels of (N, C).

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; if nothing has a weight the result is `zero_division` too.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis, or several and `axis` is left out.

    Notes
    -----
    An example weighs what its four counts add up to: its `sample_weight`, times how many of its
    entries count, which without `where` is the same for all. So it is scikit-learn's
    ``average="samples"``, with `sample_weight` too. A plain mean over the examples, whatever their
    weights, is that of the metric itself.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> score = ss.as_score(ss.samples(ss.recall), threshold=0.5, axis=1)
    >>> y_true, y_prob = np.asarray([[1, 1], [0, 1]]), np.asarray([[0.9, 0.8], [0.7, 0.1]])
    >>> print(score(y_true, y_prob), score(y_true, y_prob, sample_weight=np.asarray([[3], [1]])))
    0.5 0.75
    """
    return Samples(_of_four(metric), as_int(axis))


@dataclass(frozen=True)
class Micro(Wrapped):
    """What `micro` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the metric of the summed counts."""
        axis, lib = _class_axis(c, self.axis), library(c._fields, c)
        return self.metric(Confusion(*(lib.xp.sum(x, axis=axis) for x in c)), **options)


@dataclass(frozen=True)
class Macro(Wrapped):
    """What `macro` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric over the classes that occur."""
        axis = _class_axis(c, self.axis)
        values = self.metric(c, **options)
        _require_elementwise(c, values)
        lib = library(("metric", *c._fields), (values, *c))
        xp = lib.xp
        zero_division = zero_division_of(self.metric, options)
        out = c.tp + c.fp + c.fn <= 0  # a nan is not: it comes through
        if is_nan(zero_division):
            out = out | _undefined(c, values)
        number = xp.sum(xp.astype(~out, values.dtype), axis=axis)
        total = xp.sum(xp.where(out, xp.zeros_like(values), values), axis=axis)
        return ratio(lib, total, number, zero_division)


@dataclass(frozen=True)
class Weighted(Wrapped):
    """What `weighted` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric weighted by the classes' positives."""
        return _mean_by(self, c, lambda: c.tp + c.fn, options)


@dataclass(frozen=True)
class Samples(Wrapped):
    """What `samples` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric weighted by all that counts of an example."""
        return _mean_by(self, c, lambda: (c.tp + c.fp) + (c.fn + c.tn), options)


AVERAGES = (Micro, Macro, Weighted, Samples)


def _of_four(metric: Metric) -> Metric:
    """Return the metric, refusing one of a table, which has no counts of a class."""
    if kind_of(metric) is not Confusion:
        raise TypeError(
            f"`metric` to be averaged over classes must be one of a Confusion, got "
            f"{name_of(metric)}, which takes the whole ConfusionTable; use it as it is"
        )
    return freeze(metric)


def mean_of_defined(c: Any, values: Any) -> Any:
    """Return the mean of those of a metric's values that are no nan, but nan if a count is one."""
    lib = library(("metric", *c._fields), (values, *c))
    xp = lib.xp
    out = values != values
    number = xp.sum(xp.astype(~out, values.dtype))
    value = ratio(lib, xp.sum(xp.where(out, xp.zeros_like(values), values)), number, math.nan)
    counted = sum([xp.sum(x) for x in c])
    return xp.where(counted != counted, xp.nan, value)


def over_grid(metric: Any, ndim: int) -> Any:
    """Return the metric for counts of so many axes, the last of them a grid of thresholds."""
    if not isinstance(metric, Wrapped):
        return metric
    if not isinstance(metric, AVERAGES):
        wrapped: Any = replace(metric, metric=over_grid(metric.metric, ndim))
        return wrapped
    axis = -2 if metric.axis is None and ndim <= 2 else metric.axis
    if axis in (-1, ndim - 1):
        raise ValueError(
            f"`axis` must be that of the classes, got {axis} for counts whose last axis is that of "
            f"`thresholds`; pass {type(metric).__name__.lower()}(...) without it, or axis=-2"
        )
    inner = over_grid(metric.metric, ndim - isinstance(metric, Micro))
    return replace(metric, metric=inner, axis=axis)


def unaveraged(metric: Metric) -> Metric:
    """Return the metric that is averaged, with the options that are fixed for the average."""
    if isinstance(metric, Bound):
        return replace(metric, metric=unaveraged(metric.metric))
    return unaveraged(metric.metric) if isinstance(metric, AVERAGES) else metric


def is_average(metric: Metric) -> bool:
    """Tell whether a metric is an average over classes or examples."""
    while isinstance(metric, Wrapped):
        if isinstance(metric, AVERAGES):
            return True
        metric = metric.metric
    return False


def is_by_weight(metric: Metric) -> bool:
    """Tell whether a metric is the mean over examples by their weights."""
    while isinstance(metric, Bound):
        metric = metric.metric
    return isinstance(metric, Samples)


def averaged_axis(metric: Metric, kept: list[int]) -> int | None:
    """Return which of the axes that counts keep an average takes for that of the classes."""
    while isinstance(metric, Wrapped):
        if isinstance(metric, (Micro, Macro, Weighted)):
            place = 0 if metric.axis is None and len(kept) == 1 else metric.axis
            return kept[place] if place is not None and -len(kept) <= place < len(kept) else None
        metric = metric.metric
    return None


def on_axis(metric: Any, axis: int) -> Any:
    """Return the metric with this class axis for an average that was not told of one."""
    if not isinstance(metric, Wrapped):
        return metric
    if not isinstance(metric, AVERAGES):
        wrapped: Any = replace(metric, metric=on_axis(metric.metric, axis))
        return wrapped
    inner = on_axis(metric.metric, axis)
    return replace(metric, metric=inner, axis=axis if metric.axis is None else metric.axis)


def _mean_by(
    average: Any, c: Confusion, weight_of: Callable[[], Any], options: dict[str, Any]
) -> Any:
    """Return the mean of the metric over an axis, by the weight of each value."""
    axis = _class_axis(c, average.axis)
    values, weight = average.metric(c, **options), weight_of()
    _require_elementwise(c, values)
    lib = library(("metric", *c._fields), (values, *c))
    xp = lib.xp
    zero_division = zero_division_of(average.metric, options)
    if is_nan(zero_division):
        out = _undefined(c, values)
        values = xp.where(out, xp.zeros_like(values), values)
        weight = xp.where(out, xp.zeros_like(weight), weight)
    # An infinite value, which has no slope, would give one to its weight.
    infinite = values == xp.inf
    total = xp.sum(xp.where(infinite, 0.0, values) * weight, axis=axis)
    value = ratio(lib, total, xp.sum(weight, axis=axis), zero_division)
    return xp.where(xp.any(infinite, axis=axis), xp.inf, value)


def _class_axis(c: Confusion, axis: int | None) -> int:
    """Return the axis of the classes; which of several it is, nothing here could tell."""
    if len(c) != 4:
        require_four(c)
    # NumPy sums a number over its last axis without complaint: micro for macro.
    shape = tuple(getattr(c.tp, "shape", ()))
    ndim = len(shape)
    if axis is None and ndim > 1:
        raise ValueError(
            f"`axis` of the average must say which axis holds the classes, got counts of shape "
            f"{shape}; sum over the others, as in as_loss(macro(f1), axis=(0, 2, 3)) "
            "for scores of (N, C, H, W), or name it, as in macro(f1, axis=0)"
        )
    axis = -1 if axis is None else axis
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`axis` must be an axis of the counts, got {axis} for counts of {ndim} dimensions; "
            "count each class by itself, as in as_loss(macro(f1), axis=0)"
        )
    return axis


def _undefined(c: Confusion, values: Any) -> Any:
    """Tell where a metric with a zero_division of nan is undefined: not for what counts lack."""
    return (values != values) & ~_unknown(c)


def _unknown(c: Confusion) -> Any:
    n = c.tp + c.fp + c.fn + c.tn
    return n != n


def _require_elementwise(c: Confusion, values: Any) -> None:
    # An area over thresholds, say, which would broadcast against the counts.
    if hasattr(values, "shape") and len(values.shape) != len(c.tp.shape):
        raise ValueError(
            "`metric` must be elementwise over the counts to be averaged, got "
            f"{tuple(values.shape)} for counts of {tuple(c.tp.shape)}; as_loss and as_score take "
            "the plain mean over whatever axes a metric leaves"
        )
