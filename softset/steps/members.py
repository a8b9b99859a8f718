"""What a step returns; of one of a user's it is checked."""

from __future__ import annotations

from typing import Any

from .._arrays import Library, library
from .._arrays.refusals import NotElementwise
from .._arrays.shapes import fits
from .._arrays.values import Rule, checking, no_hint, obey
from .._types import Step
from .own import is_ours


def members(lib: Library, step: Step, scores: Any, threshold: Any) -> Any:
    """Return the memberships that a step gives; one of a user's gives what its scores ask for."""
    if is_ours(step):
        return step.at(lib, scores, threshold)  # pyright: ignore[reportFunctionMemberAccess]
    try:
        hit = step(scores, threshold)
    except NotElementwise as error:
        raise TypeError(
            f"`step` must be elementwise for a gradient without a framework, but {error}"
        ) from error
    found = hit
    if hasattr(hit, "shape"):
        lib = library(("y_prob", "step"), (scores, hit))
        found = lib.shape(hit)
    shape = lib.shape(scores)
    allowed = [shape]
    if shape[-1:] == (1,) and len(getattr(threshold, "shape", ())) == 1:  # a grid
        allowed.append((*shape[:-1], *lib.shape(threshold)))
    if found is hit or not any(fits(found, one) for one in allowed):
        raise ValueError(
            f"`step` must return a membership for each of the scores, of shape {allowed[-1]}, got "
            f"{found!r}"
        )
    if not lib.is_real(hit.dtype):
        raise TypeError(
            f"`step` must return memberships of a floating-point dtype, got {hit.dtype}; cast "
            "them to that of the scores"
        )
    if checking(lib):
        obey(lib, [("step", hit, _MEMBERSHIP)])
    return hit


def _is_membership(low: Any, high: Any) -> Any:
    return (low >= -1e-6) & (high <= 1 + 1e-6)  # some roundings of float32


_MEMBERSHIP = Rule(_is_membership, "return memberships in [0, 1]", no_hint)
