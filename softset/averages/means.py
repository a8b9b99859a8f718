"""Means of a metric's values: by weights, and without those that are undefined."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .._arrays import library
from .._types import Confusion
from ..metrics.guarded import ratio
from ..metrics.options import is_nan, zero_division_of
from .checks import class_axis, require_elementwise


def mean_by(
    average: Any, c: Confusion, weight_of: Callable[[], Any], options: dict[str, Any]
) -> Any:
    """Return the mean of the metric over an axis, by the weight of each value."""
    axis = class_axis(c, average.axis)
    values, weight = average.metric(c, **options), weight_of()
    require_elementwise(c, values)
    lib = library(("metric", *c._fields), (values, *c))
    xp = lib.xp
    zero_division = zero_division_of(average.metric, options)
    if is_nan(zero_division):
        out = undefined(c, values)
        values = xp.where(out, xp.zeros_like(values), values)
        weight = xp.where(out, xp.zeros_like(weight), weight)
    # An infinite value, which has no slope, would give one to its weight.
    infinite = values == xp.inf
    total = xp.sum(xp.where(infinite, 0.0, values) * weight, axis=axis)
    value = ratio(lib, total, xp.sum(weight, axis=axis), zero_division)
    return xp.where(xp.any(infinite, axis=axis), xp.inf, value)


def mean_of_defined(c: Any, values: Any) -> Any:
    """Return the mean of those of a metric's values that are no nan, but nan if a count is one."""
    lib = library(("metric", *c._fields), (values, *c))
    xp = lib.xp
    out = values != values
    number = xp.sum(xp.astype(~out, values.dtype))
    value = ratio(lib, xp.sum(xp.where(out, xp.zeros_like(values), values)), number, math.nan)
    counted = sum([xp.sum(x) for x in c])
    return xp.where(counted != counted, xp.nan, value)


def undefined(c: Confusion, values: Any) -> Any:
    """Tell where a metric with a zero_division of nan is undefined: not for what counts lack."""
    return (values != values) & ~_unknown(c)


def _unknown(c: Confusion) -> Any:
    n = c.tp + c.fp + c.fn + c.tn
    return n != n
