"""Dual numbers that are themselves array-API arrays: exact derivatives without a framework.

A dual number carries a value and its derivatives in m directions, and every function of its
namespace applies the chain rule (forward mode). Code written against the array API runs on
duals unchanged. An infinite slope times a zero tangent is nan: guard it by a double ``where``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from .. import library
from ..refusals import NotElementwise
from .outside import COMPARISONS, STANDARD_NAMES, Guarded, drops_slope, no_rule

# What each function does to duals, the names of those that are elementwise, and the slopes of
# those of two arguments in each: rules.py fills them.
RULES: dict[str, Callable[..., Any]] = {}
POINTWISE: set[str] = set()
PARTIALS: dict[str, tuple[Callable[[Any, Any, Any, Any], Any], ...]] = {}

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "pow": operator.pow,
    "negative": operator.neg,
    "abs": operator.abs,
}
ARITHMETIC = ("add", "subtract", "multiply", "divide")
SUMS = ("sum", "mean")


def _operators(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda x, y: operate(name, x, y), lambda y, x: operate(name, x, y)


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda x, y: compare(primal(x), primal(y))


class Summed(NamedTuple):
    """Which axes of elementwise arrays are left, and which have been summed over, in that order.

    A sum depends on each position that it adds up by the slope there alone. So the positions become
    directions, beside those that there are, and the sum's tangent holds the same numbers as before.
    """

    left: tuple[int, ...]
    over: tuple[int, ...] = ()


class Dual(Guarded):
    """An array with its derivatives, ``tangent``, along one leading axis of directions.

    ``elementwise=True`` promises that no operation mixes positions; one that does raises
    NotElementwise. With `Summed` for True it may be a sum. Duals of duals give higher derivatives.
    """

    __slots__ = ("value", "tangent", "elementwise")  # noqa: RUF023, the order of the arguments
    # An array on the left leaves the operator to the dual, but in TensorFlow's comparisons and
    # array-api-strict: there write `dual > array` or `xp.multiply(array, dual)`.
    __array_priority__ = 1000.0

    def __init__(self, value: Any, tangent: Any, elementwise: bool | Summed = False) -> None:
        self.value = value
        self.tangent = tangent
        self.elementwise = elementwise

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r}, elementwise={self.elementwise})"

    def __array_namespace__(self, *, api_version: str | None = None) -> DualNamespace:
        return namespace(base_of(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = STANDARD_NAMES.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or options or name not in POINTWISE:
            raise drops_slope(f"numpy.{ufunc.__name__}")
        # NumPy makes arrays of its numbers, which PyTorch takes as numbers only.
        inputs = tuple(x if isinstance(x, Dual) or getattr(x, "ndim", 1) else x[()] for x in inputs)
        if name in COMPARISONS:
            return COMPARISONS[name](*inputs)
        return operate(name, *inputs) if name in ARITHMETIC else _apply(None, name, *inputs)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def device(self) -> Any:
        return self.value.device

    def __bool__(self) -> bool:
        return bool(self.value)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:  # by indices until one fails, it would be an empty list
            raise TypeError("a dual number without axes cannot be iterated over")
        return (self[i, ...] for i in range(self.shape[0]))

    def __getitem__(self, key: Any) -> Any:
        return _apply(None, "__getitem__", self, key)

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Any:
        return Dual(-self.value, -self.tangent, self.elementwise)

    def __abs__(self) -> Any:
        return _apply(None, "abs", self)

    __add__, __radd__ = _operators("add")
    __sub__, __rsub__ = _operators("subtract")
    __mul__, __rmul__ = _operators("multiply")
    __truediv__, __rtruediv__ = _operators("divide")
    __pow__, __rpow__ = _operators("pow")
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)
    __eq__, __ne__ = _comparison(operator.eq), _comparison(operator.ne)


@dataclass(frozen=True)
class DualNamespace:
    """The functions of an array-API namespace, for duals over its arrays."""

    base: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name != "__array_namespace_info__":
            raise AttributeError(name)
        found = getattr(self.base, name)
        plain = isinstance(found, type) or not callable(found) or name == "isdtype"
        return found if plain else partial(_apply, self.base, name)


def namespace(xp: Any) -> DualNamespace:
    """Return the namespace of duals over the arrays of ``xp``."""
    return DualNamespace(xp)


def base_of(*duals: Any) -> Any:
    """Return the namespace of the values of duals."""
    names = tuple([f"argument {i}" for i in range(1, len(duals) + 1)])
    return library(names, duals).xp.base


def positions(xp: Any, arrays: Any) -> list[Any]:
    """Return arrays of these shapes that number all their elements, on their device."""
    ones = [xp.reshape(xp.ones_like(a, dtype=xp.int32), (-1,)) for a in arrays]
    order = xp.astype(xp.cumulative_sum(xp.concat(ones), axis=0), xp.int32) - 1
    ends = list(accumulate((x.shape[0] for x in ones), initial=0))
    parts = zip(arrays, ends[:-1], ends[1:], strict=True)
    return [xp.reshape(order[i:j], a.shape) for a, i, j in parts]


def operate(name: str, x: Any, y: Any) -> Any:
    """Apply an operator: at once where nothing has to be aligned or cast, else by its rule."""
    a = x.value if isinstance(x, Dual) else x
    b = y.value if isinstance(y, Dual) else y
    if a is x and b is y:
        return OPERATORS[name](x, y)
    if name in ARITHMETIC and _fit(a, b):
        out, (in_x, in_y) = OPERATORS[name](a, b), PARTIALS[name]
        if a is x:
            tangent, elementwise = _scaled(in_y(None, a, b, out), y.tangent), y.elementwise
        else:
            tangent, elementwise = _scaled(in_x(None, a, b, out), x.tangent), x.elementwise
            if b is not y:
                elementwise = common(elementwise, y.elementwise)
                tangent = tangent + _scaled(in_y(None, a, b, out), y.tangent)
        if tangent.dtype == out.dtype:
            return Dual(out, tangent, elementwise)
    return _apply(None, name, x, y)


def common(one: bool | Summed, other: bool | Summed) -> bool | Summed:
    """Return what is promised of a result, whose directions have to be those of both operands."""
    if one is not other and one and other and one != other:
        raise NotElementwise("sums meet what they are not the sums of")
    return one or other


def _fit(a: Any, b: Any) -> bool:
    """Tell whether two arrays, no duals, have one shape and one dtype, or one is a number."""
    kinds = type(a), type(b)
    if Dual in kinds or int in kinds or float in kinds:  # NumPy's float64 is no number here
        return Dual not in kinds
    both = hasattr(a, "dtype") and hasattr(b, "dtype")
    return both and a.shape == b.shape and a.dtype == b.dtype


def _scaled(slope: Any, tangent: Any) -> Any:
    return tangent if type(slope) is int and slope == 1 else slope * tangent


def _apply(xp: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call the rule of a function, or the function itself where there are no duals."""
    lists = [a if isinstance(a, (tuple, list)) else (a,) for a in (*args, *kwargs.values())]
    duals = [x for some in lists for x in some if isinstance(x, Dual)]
    if not duals:
        return getattr(xp, name)(*args, **kwargs)
    if name not in RULES:
        raise no_rule(name)
    if name not in POINTWISE:
        for x in duals:
            if x.elementwise and not (name in SUMS and isinstance(x.elementwise, Summed)):
                raise NotElementwise(f"`{name}` mixes positions")
    if xp is None or isinstance(xp, DualNamespace) or any(isinstance(x.value, Dual) for x in duals):
        xp = base_of(*duals)
    return RULES[name](xp, name, *args, **kwargs)


def _level(x: Any) -> int:
    level = 0
    while isinstance(x, (Dual, DualNamespace)):
        x, level = (x.value if isinstance(x, Dual) else x.base), level + 1
    return level


def is_over(xp: Any, x: Any) -> bool:
    """Tell whether x is a dual over xp; those of outer derivatives are constants here."""
    return isinstance(x, Dual) and _level(x) > _level(xp)


def value_of(xp: Any, x: Any) -> Any:
    return x.value if is_over(xp, x) else x


def primal(x: Any) -> Any:
    while isinstance(x, Dual):
        x = x.value
    return x
