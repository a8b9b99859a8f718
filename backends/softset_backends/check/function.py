"""What a function must be, and what it must return, for its gradient to be checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutine, signature
from typing import Any

import numpy as np


def require_loss(
    fn: Callable[..., Any],
    arrays: Sequence[Any],
    keyword_arrays: Mapping[str, Any],
    argnum: int,
    cases: Sequence[str],
) -> None:
    """Raise unless the arrays suit the function and it returns what has a gradient.

    What it raises on NumPy is left to the report, which says on which backends it does.
    """
    _require_arguments(fn, arrays, keyword_arrays)
    try:
        value = fn(*arrays, **keyword_arrays)
    except KeyboardInterrupt:
        raise
    except Exception:
        return
    except BaseException as error:
        raise RuntimeError(f"`fn` must return, got {first_line(error)}") from error
    _require_value(value, np.shape(arrays[argnum]), cases)


def first_line(error: BaseException) -> str:
    """Return the kind and the first line of an error."""
    kind, message = type(error).__name__, (str(error).splitlines() or [""])[0]
    hint = "; it calls sys.exit" if isinstance(error, SystemExit) else ""
    return (f"{kind}: {message}" if message else kind) + hint


def _require_arguments(
    fn: Callable[..., Any], arrays: Sequence[Any], keyword_arrays: Mapping[str, Any]
) -> None:
    try:
        parameters = signature(fn)
    except (TypeError, ValueError):  # written in C
        return
    try:
        parameters.bind(*arrays, **keyword_arrays)
    except TypeError as error:
        raise TypeError(
            f"`fn` must take the arrays, as fn(y_true, y_prob) does, got {error} "
            f"({', '.join(parameters.parameters)}); a metric of counts needs softset.as_loss"
        ) from None


def _require_value(value: Any, shape: tuple[int, ...], cases: Sequence[str]) -> None:
    _close(value)
    if isinstance(value, (tuple, list)):
        raise TypeError(
            f"`fn` must return one array, got {len(value)} results "
            f"({type(value).__name__}); return the loss alone"
        )
    if not hasattr(value, "shape"):
        raise TypeError(
            f"`fn` must return an array, got {type(value).__name__}; "
            "return the loss as it is, without float(), .item(), yield or async"
        )
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "f") != "f":
        raise TypeError(
            f"`fn` must return a floating-point loss, got {dtype}; "
            "counts by comparisons have no slope"
        )
    found, count = tuple(value.shape), math.prod(value.shape)
    named = 1 < len(cases) == count
    if len(found) > 1 or not count or (count > 1 and found == shape and not named):
        raise ValueError(
            "`fn` must return one number, or a 1-D array of losses, got the shape "
            f"{found} for scores of shape {shape}; return the mean, say"
        )
    if len(cases) > 1 and not named:
        raise ValueError(f"`cases` must name each of {count} losses, got {len(cases)} names")


def _close(value: Any) -> None:
    """Close what waits to be awaited, or Python warns that nobody did."""
    if iscoroutine(value):
        value.close()
