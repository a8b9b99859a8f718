"""What all metrics are made of: the four counts, and divisions and roots that stay finite."""

from __future__ import annotations

from typing import Any

from .._checks import is_floating
from .._namespace import shared_namespace, unwrap
from ..confusion import Confusion

# Up to here a denominator is 0. The slope of x / y is -x / y**2, and y**2 is 0 in float32 for y
# below 1e-19, which makes a nan in JAX and XLA; tp + fp of confident negatives is as small.
_NOTHING = 1e-18


def counts(c: Confusion) -> tuple[Any, Any, Any, Any, Any]:
    """Return the counts' namespace and tp, fp, fn, tn in a floating-point dtype."""
    fields = {"tp": c.tp, "fp": c.fp, "fn": c.fn, "tn": c.tn}
    for name, x in fields.items():
        # By exact type: NumPy's float64 is a Python float too.
        if type(x) in (bool, int, float):
            raise TypeError(
                f"`{name}` must be an array, got {x!r}; make arrays of the counts, e.g. "
                "Confusion(*map(numpy.asarray, c))"
            )
    fields = {name: unwrap(x) for name, x in fields.items()}
    xp = shared_namespace(fields)
    if not all(is_floating(xp, dtype) for dtype in {x.dtype for x in fields.values()}):
        fields = {name: _floating(xp, x) for name, x in fields.items()}
    return xp, *fields.values()


def shares(c: Confusion) -> tuple[Any, Any, Any, Any, Any]:
    """Return the namespace and the counts divided by their sum, so products cannot overflow."""
    xp, tp, fp, fn, tn = counts(c)
    n = tp + fp + fn + tn
    n = xp.where(absent(n), 1.0, n)
    return xp, tp / n, fp / n, fn / n, tn / n


def absent(x: Any) -> Any:
    """Tell where a count or a rate is 0; a nan is not, so that it comes through."""
    return x <= _NOTHING


def ratio(xp: Any, numerator: Any, denominator: Any, zero_division: float) -> Any:
    """Divide; where the denominator is 0 return zero_division, with a gradient of 0."""
    none = absent(denominator)
    safe = xp.where(none, 1.0, denominator)
    return xp.where(none, _like(xp, denominator, zero_division), numerator / safe)


def root(xp: Any, x: Any) -> Any:
    """Return the square root, with a gradient of 0 instead of infinity at 0."""
    none = x <= _NOTHING**2
    return xp.where(none, 0.0, xp.sqrt(xp.where(none, 1.0, x)))


def defined(xp: Any, value: Any, zero_division: float, *needed: Any) -> Any:
    """Return the value, but zero_division where something that is needed is absent."""
    none = absent(needed[0])
    for x in needed[1:]:
        none = none | absent(x)
    return xp.where(none, _like(xp, value, zero_division), value)


def _floating(xp: Any, x: Any) -> Any:
    """Return integer and boolean counts in float64, or in float32 where there is none."""
    if not xp.isdtype(x.dtype, ("bool", "integral")):
        return x
    info = getattr(xp, "__array_namespace_info__", None)
    if info is None:
        return xp.astype(x, xp.float64)
    return xp.astype(x, info().dtypes(kind="real floating").get("float64", xp.float32))


def _like(xp: Any, x: Any, number: Any) -> Any:
    """Return a number as something that `where` gives the dtype of x."""
    # NumPy's numbers have a dtype of their own.
    return number if type(number) in (int, float) else xp.full_like(x, number)
