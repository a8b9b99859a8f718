"""Metrics at every cut: which of them keep to a bound, and which is best."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._arrays import Library
from .._types import Confusion
from ..across.axes import over_groups
from ..across.checks import across_of
from ..averages.axes import is_average
from ..metrics import expected_cost, is_built_in
from ..metrics.guarded import absent
from ..metrics.options import core, fixed_options
from .cuts import Cuts, pooled

# So many times the distance from 1 to the next number may lie between equal values: the sums of
# a few dozen weights and the arithmetic of a metric round about as often.
_ROUNDINGS = 8


class Ranked(NamedTuple):
    """A metric at every cut, nan where undefined, and whether larger is better.

    Values are equal if no more than `rounding` times their size apart, which is `size` at least.
    """

    values: Any
    larger: bool
    size: float
    rounding: float


def rank(name: str, metric: Any, larger: bool, cuts: Cuts, *, by_group: bool = False) -> Ranked:
    """Return a metric at every cut, in which undefined values do not compete.

    Of counts by group it is that of all together, or with `by_group` that of each, nan without
    members; one across groups is one of all in any case. A `zero_division` that was chosen is a
    value like others. A metric of one's own gets counts of the dtype that it would get elsewhere.
    """
    lib, c = cuts.lib, cuts.counts
    if across_of(metric) is not None:
        shape = (*c.tp.shape[:-2], c.tp.shape[-1])
        metric, by_group = over_groups(metric, len(c.tp.shape), grid=True), False
    else:
        if is_average(metric):
            raise ValueError(
                f"`{name}` must give one value for each threshold, got an average over classes; "
                "for one threshold per class pass the metric of a single class and axis=0"
            )
        c = c if by_group else pooled(cuts)
        shape = tuple(c.tp.shape)
    known = is_built_in(core(metric))
    if known and "zero_division" not in fixed_options(metric):
        values = metric(c, zero_division=float("nan"))
    else:
        values = metric(c if known else Confusion(*(lib.cast(x, cuts.dtype) for x in c)))
    found = tuple(getattr(values, "shape", ()))
    if found != tuple(shape):
        raise ValueError(
            f"`{name}` must give one value for each threshold, got the shape {found} for counts of "
            f"{tuple(c.tp.shape)}; for one threshold per class pass the metric of a single class "
            "and axis=0"
        )
    if by_group:
        values = lib.where(absent(lib, sum(c[1:], c[0])), float("nan"), values)
    # The terms of a built-in are shares, whose differences round as numbers near 1 do; but what
    # an error costs may be of any size, as may the values of a metric of one's own.
    size = 1.0 if known and core(metric) is not expected_cost else 0.0
    double = lib.xp.float64
    single = values.dtype != double or (cuts.weighted and cuts.dtype != double)
    return Ranked(values, larger, size, _ROUNDINGS * (2.0**-23 if single else 2.0**-52))


def meets(lib: Library, ranked: Ranked, bound: float) -> Any:
    """Mark the values that keep to a bound, but for rounding; an undefined one does not."""
    values, slack = ranked.values, ranked.rounding * max(abs(bound), ranked.size)
    wall = lib.numbers(bound, values)
    return values >= wall - slack if ranked.larger else values <= wall + slack


def best(lib: Library, ranked: Ranked, allowed: Any) -> Any:
    """Mark the best of the values that are allowed, equal ones but for rounding as well.

    Where none of these is defined all that are allowed are marked.
    """
    xp, values = lib.xp, ranked.values if ranked.larger else -ranked.values
    valid = allowed & (values == values)
    order = xp.where(valid, values, xp.full_like(values, -xp.inf))
    top = xp.max(order, axis=-1, keepdims=True)
    size = xp.abs(top)
    size = xp.where((size > ranked.size) & (size < xp.inf), size, xp.full_like(size, ranked.size))
    return (valid & (order >= top - size * ranked.rounding)) | (
        allowed & ~xp.any(valid, axis=-1, keepdims=True)
    )
