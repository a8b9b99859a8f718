"""Functions that users hand in, a step or a metric: what they return, and what they write to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._checks import is_floating
from ._dual import NotElementwise
from ._hints import fits
from ._lines import is_ours
from ._namespace import array_namespace, is_numpy, is_torch, static_shape
from ._values import check_memberships
from ._visible import compiling


def members(step: Callable[[Any, Any], Any], scores: Any, threshold: Any) -> Any:
    """Return the memberships that a step gives; one of a user's gives what its scores ask for."""
    if is_ours(step):
        return step(scores, threshold)
    try:
        hit = step(scores, threshold)
    except NotElementwise as error:
        raise TypeError(
            f"`step` must be elementwise for a gradient without a framework, but {error}"
        ) from error
    found = static_shape(hit) if hasattr(hit, "shape") else hit
    shape = static_shape(scores)
    allowed = [shape]
    if shape[-1:] == (1,) and len(getattr(threshold, "shape", ())) == 1:  # a grid
        allowed.append((*shape[:-1], *static_shape(threshold)))
    if found is hit or not any(fits(found, one) for one in allowed):
        raise ValueError(
            f"`step` must return a membership for each of the scores, of shape {allowed[-1]}, got "
            f"{found!r}"
        )
    if not is_floating(array_namespace(hit), hit.dtype):
        raise TypeError(
            f"`step` must return memberships of a floating-point dtype, got {hit.dtype}; cast "
            "them to that of the scores"
        )
    check_memberships(hit)
    return hit


def values_of(metric: Callable[[Any], Any], c: Any) -> Any:
    """Return what a user's metric gives for counts, which it may read and not write to."""
    if compiling():
        return metric(c)
    before = [_version(x) for x in c]
    try:
        values = metric(type(c)(*map(_read_only, c)))
    except (AttributeError, ValueError) as error:
        if "can't set attribute" in str(error) or "read-only" in str(error):
            raise _written() from error
        raise
    if before != [_version(x) for x in c]:
        raise _written()
    if hasattr(values, "dtype") and not is_floating(array_namespace(values), values.dtype):
        raise TypeError(
            f"`metric` must return numbers of a floating-point dtype, got {values.dtype}; it has "
            "no slope to learn from"
        )
    return values


def _written() -> TypeError:
    return TypeError(
        "`metric` must not write to a count, which belongs to others as well; write tp = c.tp + 1, "
        "not c.tp += 1"
    )


def _read_only(x: Any) -> Any:
    if not (is_numpy(x) and x.shape):
        return x
    x = x.view()
    x.flags.writeable = False
    return x


def _version(x: Any) -> int:
    """Return a number that changes when a tensor is written to."""
    return x._version if is_torch(x) and not x.is_inference() else 0
