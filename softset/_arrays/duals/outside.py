"""What meets a dual number outside the array API: it keeps the slope, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

# NumPy's own names for functions of the standard.
STANDARD_NAMES = {"power": "pow", "absolute": "abs", "arctan": "atan"}

# By the dual on either side: not every array takes a NumPy number on its left.
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": lambda x, y: x < y if isinstance(x, Guarded) else y.__gt__(x),
    "less_equal": lambda x, y: x <= y if isinstance(x, Guarded) else y.__ge__(x),
    "greater": lambda x, y: x > y if isinstance(x, Guarded) else y.__lt__(x),
    "greater_equal": lambda x, y: x >= y if isinstance(x, Guarded) else y.__le__(x),
    "equal": lambda x, y: x == y if isinstance(x, Guarded) else y == x,
    "not_equal": lambda x, y: x != y if isinstance(x, Guarded) else y != x,
}


class NoRule(AttributeError, TypeError):
    """Raised for a function or an attribute that dual numbers lack; `hasattr` may ask for it."""


def no_rule(name: str) -> NoRule:
    return NoRule(
        f"dual numbers have no rule for `{name}`; write it with arithmetic, elementwise functions, "
        "`where` and `sum`, or take the gradient by PyTorch, JAX or TensorFlow"
    )


def drops_slope(what: str) -> TypeError:
    return TypeError(
        f"{what} would drop the slope of a dual number, which softset differentiates with; "
        "compute with the number itself, by operators and by functions of "
        "softset.array_namespace(it)"
    )


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise drops_slope(what)

    return refuse


class Guarded:
    """The conversions and operators that a dual number has no rule for."""

    __slots__ = ()
    __float__ = _refusing("float()")
    __int__ = _refusing("int()")
    __complex__ = _refusing("complex()")
    __index__ = _refusing("an index")
    __round__ = _refusing("round()")
    __floor__ = _refusing("math.floor()")
    __ceil__ = _refusing("math.ceil()")
    __trunc__ = _refusing("math.trunc()")
    __floordiv__ = __rfloordiv__ = _refusing("//")
    __mod__ = __rmod__ = _refusing("%")
    __divmod__ = __rdivmod__ = _refusing("divmod()")
    __matmul__ = __rmatmul__ = _refusing("@")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise drops_slope("making a NumPy array of it")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise drops_slope(f"numpy.{function.__name__}")

    def __getattr__(self, name: str) -> NoReturn:
        raise NoRule(
            f"a dual number, which softset differentiates with, has no `{name}`; compute with it "
            "by operators and by functions of softset.array_namespace(it)"
        )
