"""The slopes of functions of each element, and of pairs of elements."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .dual import DualNamespace, operate, primal


def _power_slope(xp: Any, x: Any, e: Any, out: Any) -> Any:
    if isinstance(e, (int, float)):
        return int(e) if e in (0, 1) else e * (x if e == 2 else x ** (e - 1))
    # 0 * x ** -1 would be nan at x = 0.
    safe = xp.where(primal(e) == 0, xp.ones_like(e), e - 1)
    return operate("multiply", e, operate("pow", x, safe))


def _exponent_slope(xp: Any, x: Any, e: Any, out: Any) -> Any:
    x = x + xp.zeros_like(out)
    return operate("multiply", xp.log(xp.where(primal(x) > 0, x, xp.ones_like(out))), out)


def _share(xp: Any, x: Any, y: Any, out: Any) -> Any:
    """Return 1 where x > y and a half where they tie."""
    x, y = primal(x), primal(y)
    return 0.5 * (xp.astype(x > y, out.dtype) + xp.astype(x >= y, out.dtype))


def plain(xp: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function that is constant between jumps on the values."""
    while isinstance(xp, DualNamespace):
        xp = xp.base
    return getattr(xp, name)(*map(primal, args), **kwargs)


def _or_one(xp: Any, x: Any) -> Any:
    """Return x with 1 for 0, which is divided by."""
    return xp.where(primal(x) == 0, xp.ones_like(x), x)


def _angle(xp: Any, x: Any, y: Any, z: Any) -> Any:
    """Return y over the squared length of (x, y), or 0 where that is 0, as PyTorch has it."""
    return y / _or_one(xp, x * x + y * y)


# The slope of y = f(x).
SLOPES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "exp": lambda xp, x, y: y,
    "expm1": lambda xp, x, y: xp.exp(x),  # y + 1 cancels
    "log": lambda xp, x, y: 1 / x,
    "log1p": lambda xp, x, y: 1 / (1 + x),
    "log2": lambda xp, x, y: 1 / (math.log(2) * x),
    "log10": lambda xp, x, y: 1 / (math.log(10) * x),
    "sqrt": lambda xp, x, y: 0.5 / y,
    "square": lambda xp, x, y: 2 * x,
    "tanh": lambda xp, x, y: 1 - y * y,  # as the frameworks have it, tails too
    "sinh": lambda xp, x, y: xp.cosh(x),
    "cosh": lambda xp, x, y: xp.sinh(x),
    "sin": lambda xp, x, y: xp.cos(x),
    "cos": lambda xp, x, y: -xp.sin(x),
    "tan": lambda xp, x, y: 1 + y * y,
    "atan": lambda xp, x, y: 1 / (1 + x * x),
    "asin": lambda xp, x, y: 1 / xp.sqrt((1 - x) * (1 + x)),
    "acos": lambda xp, x, y: -1 / xp.sqrt((1 - x) * (1 + x)),
    "asinh": lambda xp, x, y: 1 / xp.sqrt(1 + x * x),
    "acosh": lambda xp, x, y: 1 / xp.sqrt((x - 1) * (x + 1)),
    "atanh": lambda xp, x, y: 1 / ((1 - x) * (1 + x)),
    "abs": lambda xp, x, y: xp.sign(x),
    "negative": lambda xp, x, y: -1,
    "positive": lambda xp, x, y: 1,
    "reciprocal": lambda xp, x, y: -y * y,
}

# The slopes of z = f(x, y) in x and in y.
PARTIALS: dict[str, tuple[Callable[[Any, Any, Any, Any], Any], ...]] = {
    "add": (lambda xp, x, y, z: 1, lambda xp, x, y, z: 1),
    "subtract": (lambda xp, x, y, z: 1, lambda xp, x, y, z: -1),
    "multiply": (lambda xp, x, y, z: y, lambda xp, x, y, z: x),
    "divide": (lambda xp, x, y, z: 1 / y, lambda xp, x, y, z: -z / y),
    "pow": (_power_slope, _exponent_slope),
    "maximum": (_share, lambda xp, x, y, z: _share(xp, y, x, z)),
    "minimum": (lambda xp, x, y, z: _share(xp, y, x, z), _share),
    "hypot": (  # 0 where both are 0
        lambda xp, x, y, z: x / _or_one(xp, z),
        lambda xp, x, y, z: y / _or_one(xp, z),
    ),
    "atan2": (_angle, lambda xp, x, y, z: -_angle(xp, y, x, z)),
    "copysign": (lambda xp, x, y, z: xp.sign(x) * xp.sign(z), lambda xp, x, y, z: 0),
    "remainder": (
        lambda xp, x, y, z: 1,
        lambda xp, x, y, z: -plain(xp, "floor_divide", x, y),
    ),
    "logaddexp": (lambda xp, x, y, z: xp.exp(-(z - x)), lambda xp, x, y, z: xp.exp(-(z - y))),
}
