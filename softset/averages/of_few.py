"""Slopes of a mean over few classes: of each by plain numbers, in 0.3 to 0.65 of the time."""

from __future__ import annotations

import math
from typing import Any

from .._arrays import library
from .._arrays.numbers import SMALLEST, value_and_slopes
from .._types import Confusion
from ..metrics import is_built_in
from ..metrics.guarded import ratio
from ..metrics.options import Bound, is_nan, zero_division_of
from .checks import class_axis
from .over_classes import Macro

_FEW = 16  # of more the slopes take less time by arrays


def suits(metric: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether a metric of counts of a shape is a mean of a built-in one over few of them.

    The mean is the plain one, or that of `macro`.
    """
    if not (shape and 0 < math.prod(shape) <= _FEW):
        return False
    if type(metric) is Macro:
        return len(shape) == 1 and is_built_in(_bare(metric.metric))
    return is_built_in(_bare(metric)) and not is_nan(zero_division_of(metric, {}))


def mean_and_slopes(metric: Any, counts: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """Return the mean, and its slopes in each of the counts; None if one is nearly 0."""
    average = metric if type(metric) is Macro else None
    metric = metric if average is None else average.metric
    each = list(zip(*[x.reshape(-1).tolist() for x in counts], strict=True))
    if any(0 < x < SMALLEST for four in each for x in four):
        return None
    found = [value_and_slopes(metric, Confusion(*four)) for four in each]
    c = Confusion(*counts)
    if average is not None:
        class_axis(c, average.axis)
    lib = library(c._fields, c)
    xp, values = lib.xp, lib.numbers(tuple([value for value, _ in found]), c.tp)
    slopes = lib.numbers(tuple([slopes for _, slopes in found]), c.tp)
    if average is None:
        mean, shares = xp.mean(values), 1 / len(found)
    else:
        zero_division = zero_division_of(metric, {})
        out = average.left_out(c, values, zero_division)
        number = xp.sum(xp.astype(~out, values.dtype))
        mean = ratio(lib, xp.sum(lib.kept(values, ~out)), number, zero_division)
        shares = lib.kept(xp.ones_like(values), ~out)[:, None] / lib.where(number > 0, number, 1.0)
    slopes = xp.reshape(xp.permute_dims(slopes * shares, (1, 0)), (4, *c.tp.shape))
    return mean, tuple([slopes[i, ...] for i in range(4)])


def _bare(metric: Any) -> Any:
    return metric.metric if isinstance(metric, Bound) else metric
