"""Slopes of a mean over few classes: of each by plain numbers, which take a third of the time."""

from __future__ import annotations

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


def mean_and_slopes(metric: Any, counts: Any) -> tuple[Any, tuple[Any, ...]] | None:
    """Return the mean of a built-in metric over few counts, and its slopes in each of them.

    A mean is the plain one, or that of `macro`; None for others.
    """
    average = metric if type(metric) is Macro else None
    metric = metric if average is None else average.metric
    shape = counts[0].shape
    inner = metric.metric if isinstance(metric, Bound) else metric
    if not is_built_in(inner) or counts[0].size > _FEW or (average and len(shape) != 1):
        return None
    zero_division = zero_division_of(metric, {})
    if average is None and is_nan(zero_division):
        return None
    each = list(zip(*[x.reshape(-1).tolist() for x in counts], strict=True))
    if not each or any(0 < x < SMALLEST for four in each for x in four):
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
        out = average.left_out(c, values, zero_division)
        number = xp.sum(xp.astype(~out, values.dtype))
        mean = ratio(lib, xp.sum(lib.kept(values, ~out)), number, zero_division)
        shares = lib.kept(xp.ones_like(values), ~out)[:, None] / lib.where(number > 0, number, 1.0)
    slopes = xp.reshape(xp.permute_dims(slopes * shares, (1, 0)), (4, *shape))
    return mean, tuple([slopes[i, ...] for i in range(4)])
