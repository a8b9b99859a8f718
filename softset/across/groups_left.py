"""Groups that a metric says something of, and what is made of its values there.

One policy for the others: a group without members is left out, and so is one of which the metric is
undefined, as a recall is without positives; but where a `zero_division` was fixed by
functools.partial it is a value like others. A metric of one's own is undefined where it is nan. An
average over classes has a policy of its own, and leaves out groups without members.

Where several groups are the extreme ones they share the slope.
"""

from __future__ import annotations

import math
from typing import Any

from .._arrays import Library, library
from .._types import Confusion, Metric
from ..averages.axes import AVERAGES
from ..averages.over_classes import Macro, Weighted
from ..curves import is_area
from ..metrics import is_built_in
from ..metrics.guarded import absent, ratio
from ..metrics.options import Directed, Wrapped, core, fixed_options, is_across


def values_left(metric: Metric, c: Confusion, **options: Any) -> tuple[Library, Any, Any]:
    """Return the library, a metric's values, and where they say something: the policy above."""
    told = {"zero_division": math.nan} if _skips_undefined(metric) else {}
    values = metric(c, **options, **told)
    members = _members(metric, c)
    members = members[..., 0] if is_area(core(metric)) else members
    _require_kept_axis(values, members)
    lib = library(("metric", *c._fields), (values, *c))
    undefined = (values != values) & (members == members)  # a nan that was counted comes through
    return lib, values, ~(absent(lib, members) | undefined)


def extreme(lib: Library, values: Any, left: Any, axis: int, *, largest: bool) -> Any:
    """Return the extreme value of the groups that are left; equal ones share the slope."""
    xp, known = lib.xp, lib.constant(values)
    bound = -math.inf if largest else math.inf
    known_left = xp.where(left, known, xp.full_like(known, bound))
    found = (xp.max if largest else xp.min)(known_left, axis=axis, keepdims=True)
    value = mean(lib, values, left & (known == found), axis)
    # Of a nan no library says for certain that it is the largest.
    return lib.where(xp.any(left & (known != known), axis=axis), math.nan, value)


def mean(lib: Library, values: Any, left: Any, axis: int) -> Any:
    """Return the mean over the groups that are left, 0 without any."""
    xp = lib.xp
    number = xp.sum(xp.astype(left, values.dtype), axis=axis)
    return ratio(lib, xp.sum(lib.kept(values, left), axis=axis), number, 0.0)


def _skips_undefined(metric: Metric) -> bool:
    """Tell whether a metric can be told to be nan where it is undefined, and was told nothing."""
    if "zero_division" in fixed_options(metric):
        return False
    if is_across(metric):
        return True
    if not (is_built_in(core(metric)) or is_area(core(metric))):
        return False
    while isinstance(metric, Wrapped):
        if isinstance(metric, (Macro, Weighted)):
            return False
        metric = metric.metric
    return True


def _members(metric: Any, c: Confusion) -> Any:
    """Return the weight of the members, summed over the axes that averages and groups have."""
    lib = library(c._fields, c)
    members = lib.constant(c.tp + c.fp + c.fn + c.tn)
    while isinstance(metric, Wrapped):
        if isinstance(metric, Directed):
            members = lib.xp.sum(members, axis=-1)
        elif isinstance(metric, AVERAGES):
            members = lib.xp.sum(members, axis=metric.axis)
        metric = metric.metric
    return members


def _require_kept_axis(values: Any, members: Any) -> None:
    if not hasattr(values, "shape") or len(values.shape) != len(members.shape):
        raise ValueError(
            "`metric` must be elementwise over the counts to be compared between groups, got "
            f"{tuple(getattr(values, 'shape', ()))} for counts of {tuple(members.shape)}"
        )
