"""What a function must be, and what it must return, for its gradient to be checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import iscoroutine, signature
from typing import Any, NamedTuple

import numpy as np

from .gaps import Result


class NoSlope(ValueError):
    """Raised where a gradient is 0 everywhere, of a function that has a finite value."""


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
    given = dict(enumerate(arrays)) | dict(keyword_arrays)
    copies = {name: x.copy() for name, x in given.items()}

    def call() -> Any:
        positional = [copies[i] for i in range(len(arrays))]
        return fn(*positional, **{name: copies[name] for name in keyword_arrays})

    value = _result(call)
    if value is None:
        return
    _require_value(value.result, np.shape(arrays[argnum]), cases)
    changed = [name for name, x in given.items() if not _equal(x, copies[name])]
    if changed:
        name = f"argument {changed[0]}" if isinstance(changed[0], int) else changed[0]
        raise ValueError(
            f"`fn` must leave its arrays as they are, but it changes `{name}`; compute a new one, "
            "without `x *= 2` or `x[i] = 0`, which on other frameworks fails or means another thing"
        )
    again = _result(call)
    if again is not None and not _equal(value.result, again.result):
        first, second = (float(np.ravel(x.result)[0]) for x in (value, again))
        raise ValueError(
            f"`fn` must return the same for the same arrays, got {first:.7g} and then "
            f"{second:.7g}; leave out what is random, such as dropout, and what counts its calls"
        )


def require_training_loss(
    fn: Callable[..., Any], y_true: Any, y_prob: Any, *, logits: bool
) -> None:
    """Raise unless a function of one's own is one number that falls as the scores get better."""
    value = _result(lambda: fn(y_true.copy(), y_prob.copy()))
    if value is not None and np.shape(value.result) != () and hasattr(value.result, "dtype"):
        raise ValueError(
            f"`fn` must return one number, got the shape {np.shape(value.result)} for scores of "
            f"shape {y_prob.shape}; return the mean"
        )
    wrong, right = (-4.0, 4.0) if logits else (0.02, 0.98)
    rises = []
    # A function that does not look at the labels rises with one of them and falls with the other.
    for labels in (y_true, 1 - y_true):
        scores = np.where(labels > 0.5, right, wrong), np.where(labels > 0.5, wrong, right)
        found = [_result(partial(fn, labels.copy(), x)) for x in scores]
        if None in found:
            return
        rises.append([float(x.result) for x in found if x is not None])
    if all(best > worst for best, worst in rises):
        raise ValueError(
            "`fn` must fall as the scores get better, got {:.4g} for scores that agree with the "
            "labels and {:.4g} for their opposite: it is a metric, or has the wrong sign; return 1 "
            "minus it, or take softset.as_loss".format(*rises[0])
        )


class _Returned(NamedTuple):
    result: Any


def _result(call: Callable[[], Any]) -> _Returned | None:
    """Return what a function returns, or None if it raises."""
    try:
        return _Returned(call())
    except KeyboardInterrupt:
        raise
    except Exception:
        return None
    except BaseException as error:
        raise RuntimeError(f"`fn` must return, got {first_line(error)}") from error


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


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


def require_slope(found: Sequence[Result], moved: Result) -> None:
    """Raise if a function has no slope anywhere, which all referees agree on."""
    if moved.error or any(
        x.error or np.any(x.gradients != 0) or not np.all(np.isfinite(x.values)) for x in found
    ):
        return
    if np.any((moved.gradients != 0) & ~moved.kinks):
        raise NoSlope(
            "`fn` must keep the slopes of its scores, got a gradient of 0 everywhere, although "
            "the loss changes with them; leave out what detaches them, such as stop_gradient"
        )
    raise NoSlope(
        "`fn` must change smoothly with the scores, got a gradient of 0 everywhere: it is a step, "
        "such as a hard metric, or constant on these data; take as_loss with a smooth step, or "
        "pass differences=False if the gradient is to be 0"
    )
