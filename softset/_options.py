"""Checks of options that are numbers or functions, and the one place for their wording."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

_NUMBERS = (int, float)


def positive(name: str, value: Any) -> None:
    """Require a positive finite number."""
    if not (isinstance(value, _NUMBERS) and 0 < value < math.inf):
        raise ValueError(f"`{name}` must be a positive finite number, got {value!r}")


def non_negative(name: str, value: Any) -> None:
    """Require a finite number that is not negative."""
    if not (isinstance(value, _NUMBERS) and 0 <= value < math.inf):
        raise ValueError(f"`{name}` must be a finite number >= 0, got {value!r}")


def at_least(name: str, value: Any, least: float) -> None:
    """Require a finite number that is not below another."""
    if not (isinstance(value, _NUMBERS) and least <= value < math.inf):
        raise ValueError(f"`{name}` must be a finite number >= {least}, got {value!r}")


def finite(name: str, value: Any) -> None:
    """Require a finite number."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not math.isfinite(value):
        raise ValueError(f"`{name}` must be a finite number, got {value!r}")


def share(name: str, value: Any) -> None:
    """Require a number from 0 on that is below 1."""
    if not (isinstance(value, _NUMBERS) and 0 <= value < 1):
        raise ValueError(f"`{name}` must lie in [0, 1), got {value!r}")


def between(name: str, value: Any) -> None:
    """Require a number from 0 to 1."""
    if not (isinstance(value, _NUMBERS) and 0 <= value <= 1):
        raise ValueError(f"`{name}` must lie in [0, 1], got {value!r}")


def positive_share(name: str, value: Any) -> None:
    """Require a positive number up to 1."""
    if not (isinstance(value, _NUMBERS) and 0 < value <= 1):
        raise ValueError(f"`{name}` must lie in (0, 1], got {value!r}")


def as_int(value: Any) -> Any:
    """Return a whole number, NumPy's too, as an int; anything else, True too, as it is."""
    # Asked first: a compiler reads along, to which the rest would be a break.
    if type(value) is int or value is None or isinstance(value, (bool, tuple)):
        return value
    return int(value) if isinstance(value, Integral) else value


def whole(name: str, value: Any, least: int) -> int:
    """Return a whole number that is not below another as an int."""
    value = as_int(value)
    if type(value) is not int or value < least:
        raise ValueError(f"`{name}` must be an integer of at least {least}, got {value!r}")
    return value


def axis_or_axes(value: Any) -> Any:
    """Return an axis, or a tuple of them, with ints for whole numbers."""
    return tuple([as_int(a) for a in value]) if type(value) is tuple else as_int(value)


def function(name: str, value: Any, what: str) -> None:
    """Require a callable."""
    if not callable(value):
        raise TypeError(f"`{name}` must be {what}, got {value!r}")


def step_function(value: Any) -> None:
    """Require a step, and no class of one."""
    if isinstance(value, type):
        raise TypeError(f"`step` must be a step, got its class; call it: {value.__name__}()")
    function("step", value, "a step function such as Linear()")
