"""What all metrics are made of: the four counts, and divisions and roots that stay finite."""

from __future__ import annotations

from typing import Any

from .._arrays import Library, arrive
from .._arrays.numbers import KINDS, Number
from .._arrays.numbers import LIBRARY as NUMBERS
from .._types import Confusion, ConfusionTable

# Up to here a rate or a share, which has no scale, is 0: its square has to be a float32.
_NEGLIGIBLE = 1e-18


def counts(c: Confusion) -> tuple[Any, Any, Any, Any, Any]:
    """Return the counts' library and tp, fp, fn, tn in a floating-point dtype.

    Four plain numbers have one too.
    """
    tp, fp, fn, tn = c if len(c) == 4 else require_four(c)
    if type(tp) in KINDS and type(fp) in KINDS and type(fn) in KINDS and type(tn) in KINDS:
        if type(tp) is Number:
            return NUMBERS, tp, fp, fn, tn
        return NUMBERS, float(tp), float(fp), float(fn), float(tn)
    for name, x in zip(Confusion._fields, c, strict=True):
        if type(x) in KINDS:
            raise TypeError(
                f"`{name}` must be an array, got {x!r}; make arrays of the counts, e.g. "
                "Confusion(*map(numpy.asarray, c)), or numbers of all four"
            )
    lib, (tp, fp, fn, tn) = arrive(Confusion._fields, (tp, fp, fn, tn))
    if lib.is_real(tp.dtype) and tp.dtype == fp.dtype == fn.dtype == tn.dtype:
        return lib, tp, fp, fn, tn
    return lib, *(floating(lib, x) for x in (tp, fp, fn, tn))


def require_four(c: Any) -> Any:
    """Refuse what are no four counts."""
    hint = ""
    if isinstance(c, ConfusionTable):
        hint = "; one_vs_rest makes a metric of a table of it, as one_vs_rest(macro(f1))"
    raise TypeError(f"`metric` takes a Confusion of four counts, got a {type(c).__name__}{hint}")


def shares(c: Confusion) -> tuple[Any, Any, Any, Any, Any]:
    """Return the library and the counts divided by their sum, so products cannot overflow."""
    lib, *four = counts(c)
    return lib, *divided_by_sum(lib, *four)


def divided_by_sum(lib: Library, *several: Any) -> tuple[Any, ...]:
    """Return counts divided by their sum."""
    n = sum(several[1:], several[0])
    n = lib.where(absent(lib, n), 1.0, n)
    return tuple(lib.divided(x, n) for x in several)


def absent(lib: Library, x: Any) -> Any:
    """Tell where a count is 0, whatever the scale of the weights; a nan comes through."""
    return x <= lib.least(x)


def negligible(x: Any) -> Any:
    """Tell where a rate or a share is 0."""
    return x <= _NEGLIGIBLE


def ratio(lib: Library, numerator: Any, denominator: Any, zero_division: float) -> Any:
    """Divide counts; where the denominator is 0 return zero_division, with a gradient of 0."""
    none = absent(lib, denominator)
    return _quotient(lib, numerator, denominator, none, zero_division)


def ratio_of_rates(lib: Library, numerator: Any, denominator: Any, zero_division: float) -> Any:
    """Divide rates, or other numbers without a scale, as `ratio` divides counts."""
    return _quotient(lib, numerator, denominator, negligible(denominator), zero_division)


def root(lib: Library, x: Any) -> Any:
    """Return the square root of a rate, with a gradient of 0 instead of infinity at 0."""
    none = x <= _NEGLIGIBLE**2
    return lib.where(none, 0.0, lib.xp.sqrt(lib.where(none, 1.0, x)))


def _quotient(
    lib: Library, numerator: Any, denominator: Any, none: Any, zero_division: float
) -> Any:
    value = lib.divided(numerator, lib.where(none, 1.0, denominator))
    return lib.where(none, _like(lib, denominator, zero_division), value)


def defined(lib: Library, value: Any, zero_division: float, *needed: Any) -> Any:
    """Return the value, but zero_division where something that is needed is absent."""
    none = absent(lib, needed[0])
    for x in needed[1:]:
        none = none | absent(lib, x)
    return lib.where(none, _like(lib, value, zero_division), value)


def floating(lib: Library, x: Any) -> Any:
    """Return integer and boolean counts in float64, or in float32 where there is none."""
    if not lib.xp.isdtype(x.dtype, ("bool", "integral")):
        return x
    return lib.cast(x, lib.xp.float64 if lib.has_float64 else lib.xp.float32)


def _like(lib: Library, x: Any, number: Any) -> Any:
    """Return a number as something that `where` gives the dtype of x."""
    # NumPy's numbers have a dtype of their own.
    return number if type(number) in (int, float) else lib.xp.full_like(x, number)
