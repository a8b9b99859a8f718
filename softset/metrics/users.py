"""Functions of users' beside the step: what they return, and what they write to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._arrays import Library, library
from .._arrays.values import compiling
from .._types import Counts


def values_of(lib: Library, metric: Callable[[Any], Any], c: Counts) -> Any:
    """Return what a user's metric gives for counts, which it may read and not write to."""
    if compiling():
        return metric(c)
    before = [lib.version(x) for x in c]
    try:
        values = metric(type(c)(*map(lib.read_only, c)))
    except (AttributeError, ValueError) as error:
        if "can't set attribute" in str(error) or "read-only" in str(error):
            raise _written() from error
        raise
    if before != [lib.version(x) for x in c]:
        raise _written()
    if hasattr(values, "dtype") and not library(("metric",), (values,)).is_real(values.dtype):
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


def require_array(values: Any) -> Any:
    """Return a metric's values, refusing a Python number, through which no gradient flows."""
    if not hasattr(values, "shape"):
        raise TypeError(f"`metric` must return an array, got {values!r}; compute with the counts")
    return values
