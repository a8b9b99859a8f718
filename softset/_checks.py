"""Checks of kinds, dtypes and shapes: always on, and the one place for their wording."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from ._hints import broadcasts_to, fits, for_companion, for_labels, for_threshold, moveaxis_of
from ._namespace import static_shape


def positive(name: str, value: float) -> None:
    """Require a positive finite number."""
    if not (isinstance(value, (int, float)) and 0 < value < math.inf):
        raise ValueError(f"`{name}` must be a positive finite number, got {value!r}")


def non_negative(name: str, value: float) -> None:
    """Require a finite number that is not negative."""
    if not (isinstance(value, (int, float)) and 0 <= value < math.inf):
        raise ValueError(f"`{name}` must be a finite number >= 0, got {value!r}")


def function(name: str, value: Any, what: str) -> None:
    """Require a callable."""
    if not callable(value):
        raise TypeError(f"`{name}` must be {what}, got {value!r}")


def scores(xp: Any, y_prob: Any) -> None:
    """Require real floating-point scores."""
    if not is_floating(xp, y_prob.dtype):
        raise TypeError(
            f"`y_prob` must hold floating-point scores, got {y_prob.dtype}; y_true comes first: "
            "if the arguments are in order, cast the scores to a floating-point dtype"
        )


def labels(xp: Any, y_true: Any) -> None:
    """Require labels of a boolean, an integer or a real floating-point dtype."""
    kinds = ("bool", "integral")
    if not (is_floating(xp, y_true.dtype) or xp.isdtype(y_true.dtype, kinds)):
        raise TypeError(f"`y_true` must hold boolean, integer or real labels, got {y_true.dtype}")


def is_floating(xp: Any, dtype: Any) -> bool:
    """Tell whether a dtype is real floating-point, NumPy's view of bfloat16 included."""
    if dtype == xp.float32 or dtype == xp.float64:  # what isdtype takes long to tell
        return True
    return "bfloat16" in str(dtype) or xp.isdtype(dtype, "real floating")


def is_bool(dtype: Any) -> bool:
    """Tell whether a dtype is boolean; NumPy's isdtype raises for bfloat16."""
    return "bool" in str(dtype)


def same_shape(y_true: Any, y_prob: Any) -> None:
    """Require labels of the scores' shape: broadcasting here is silently another metric."""
    true, prob = static_shape(y_true), static_shape(y_prob)
    if fits(true, prob):
        return
    hint = for_labels(true, prob, moveaxis_of(y_prob))
    raise ValueError(f"`y_true` and `y_prob` must have one shape, got {true} and {prob}; {hint}")


def aligned(name: str, x: Any, y_prob: Any) -> None:
    """Require x to have the scores' dimensions, each of the same length or of length 1."""
    shape, target = static_shape(x), static_shape(y_prob)
    if len(shape) == len(target) and broadcasts_to(shape, target):
        return
    hint = for_companion(name, shape, target, moveaxis_of(y_prob))
    raise ValueError(
        f"`{name}` must have as many dimensions as y_prob, each of the same length or 1, "
        f"got {shape} for y_prob of {target}{hint}"
    )


def mask(xp: Any, where: Any, y_prob: Any) -> None:
    """Require a boolean mask that lines up with the scores."""
    if not is_bool(where.dtype):
        raise TypeError(f"`where` must be a boolean mask, got {where.dtype}; pass mask != 0")
    aligned("where", where, y_prob)


def real(xp: Any, name: str, x: Any) -> None:
    """Require real numbers, booleans among them."""
    if not (is_floating(xp, x.dtype) or xp.isdtype(x.dtype, ("bool", "integral"))):
        raise TypeError(f"`{name}` must hold real numbers, got {x.dtype}")


def weights(xp: Any, sample_weight: Any, y_prob: Any) -> None:
    """Require real weights that line up with the scores."""
    real(xp, "sample_weight", sample_weight)
    aligned("sample_weight", sample_weight, y_prob)


def axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes to sum over as non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    for a in given:
        if isinstance(a, bool) or not isinstance(a, int):
            raise TypeError(f"`axis` must be None, an integer or a tuple of them, got {axis!r}")
        if not -ndim <= a < ndim:
            raise ValueError(f"`axis` must lie in [{-ndim}, {ndim}) for {ndim} dimensions, got {a}")
    found = tuple(sorted(a % ndim for a in given))
    if len(set(found)) != len(found):
        raise ValueError(f"`axis` must not name an axis twice, got {axis!r}")
    return found


def threshold_number(name: str, value: float, *, hard: bool) -> None:
    """Require a probability strictly inside (0, 1); any number will do for the hard step."""
    # A nan differs from itself; math.isnan does not trace in torch.compile.
    if value != value or not (hard or 0 < value < 1):
        raise ValueError(
            f"`{name}` must lie strictly between 0 and 1, got {value}; it is a probability, also "
            "with from_logits=True"
        )


def increasing(name: str, values: tuple[float, ...]) -> None:
    """Require numbers in increasing order."""
    if any(b <= a for a, b in pairwise(values)):
        raise ValueError(f"`{name}` must increase, got {values}; sort them, without repeats")


def broadcasts(name: str, x: Any, y_prob: Any) -> None:
    """Require x to broadcast against the scores without enlarging them."""
    shape, target = static_shape(x), static_shape(y_prob)
    if broadcasts_to(shape, target):
        return
    raise ValueError(
        f"`{name}` must broadcast against y_prob of {target}, got {shape}; "
        f"{for_threshold(shape, target)}"
    )
