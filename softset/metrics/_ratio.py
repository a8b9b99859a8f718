"""What all metrics are made of: the four counts, and divisions and roots that stay finite."""

from __future__ import annotations

from typing import Any

from .._checks import is_floating
from .._namespace import argument_namespace, unwrap
from .._operations import divided
from ..confusion import Confusion

# Up to here a rate or a share, which has no scale, is 0: its square has to be a float32.
_NEGLIGIBLE = 1e-18


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
    xp = argument_namespace(fields)
    if not all(is_floating(xp, dtype) for dtype in {x.dtype for x in fields.values()}):
        fields = {name: _floating(xp, x) for name, x in fields.items()}
    return xp, *fields.values()


def shares(c: Confusion) -> tuple[Any, Any, Any, Any, Any]:
    """Return the namespace and the counts divided by their sum, so products cannot overflow."""
    xp, *four = counts(c)
    return xp, *divided_by_sum(xp, *four)


def divided_by_sum(xp: Any, *several: Any) -> tuple[Any, ...]:
    """Return counts divided by their sum."""
    n = sum(several[1:], several[0])
    n = xp.where(absent(xp, n), 1.0, n)
    return tuple(divided(x, n) for x in several)


def absent(xp: Any, x: Any) -> Any:
    """Tell where a count is 0, whatever the scale of the weights; a nan comes through.

    What is less than this has a reciprocal, which is a slope, near the end of the dtype's range.
    """
    return x <= (2.0**-110 if x.dtype == xp.float32 else 2.0**-1000)


def negligible(x: Any) -> Any:
    """Tell where a rate or a share is 0."""
    return x <= _NEGLIGIBLE


def ratio(xp: Any, numerator: Any, denominator: Any, zero_division: float) -> Any:
    """Divide counts; where the denominator is 0 return zero_division, with a gradient of 0."""
    return _quotient(xp, numerator, denominator, absent(xp, denominator), zero_division)


def ratio_of_rates(xp: Any, numerator: Any, denominator: Any, zero_division: float) -> Any:
    """Divide rates, or other numbers without a scale, as `ratio` divides counts."""
    return _quotient(xp, numerator, denominator, negligible(denominator), zero_division)


def root(xp: Any, x: Any) -> Any:
    """Return the square root of a rate, with a gradient of 0 instead of infinity at 0."""
    none = x <= _NEGLIGIBLE**2
    return xp.where(none, 0.0, xp.sqrt(xp.where(none, 1.0, x)))


def _quotient(xp: Any, numerator: Any, denominator: Any, none: Any, zero_division: float) -> Any:
    value = divided(numerator, xp.where(none, 1.0, denominator))
    return xp.where(none, _like(xp, denominator, zero_division), value)


def defined(xp: Any, value: Any, zero_division: float, *needed: Any) -> Any:
    """Return the value, but zero_division where something that is needed is absent."""
    none = absent(xp, needed[0])
    for x in needed[1:]:
        none = none | absent(xp, x)
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
