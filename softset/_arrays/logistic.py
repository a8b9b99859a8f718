"""The logistic curve by arithmetic that autodiff can follow."""

from __future__ import annotations

from typing import Any


def logistic(xp: Any, x: Any) -> Any:
    """Return 1 / (1 + exp(-x)) without overflow and with a gradient that both tails keep."""
    small = _tail(xp, x)
    return xp.where(x < 0, small, 1.0) / (small + 1)


def logistics(xp: Any, x: Any) -> tuple[Any, Any]:
    """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)), for the price of one."""
    small = _tail(xp, x)
    total = small + 1
    return xp.where(x < 0, small, 1.0) / total, xp.where(x < 0, 1.0, small) / total


def softplus_tail(xp: Any, x: Any) -> Any:
    """Return log(1 + exp(-|x|))."""
    return xp.log1p(_tail(xp, x))


def _tail(xp: Any, x: Any) -> Any:
    """Return exp(-|x|); at 0 the slope is that of one side, not the 0 of `abs`."""
    return xp.exp(xp.where(x < 0, x, -x))
