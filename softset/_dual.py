"""Dual numbers that are themselves array-API arrays: exact derivatives without a framework.

A dual number carries a value and its derivatives in m directions, and every function of its
namespace applies the chain rule (forward mode). Code written against the array API runs on
duals unchanged. An infinite slope times a zero tangent is nan: guard it by a double ``where``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any


class NotElementwise(TypeError):
    """Raised when a function that was taken for elementwise mixes positions."""


def _operators(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Dual, other: Any) -> Any:
        return _apply(None, name, self, other)

    def reflected(self: Dual, other: Any) -> Any:
        return _apply(None, name, other, self)

    return forward, reflected


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def method(self: Dual, other: Any) -> Any:
        return compare(_primal(self), _primal(other))

    return method


class Dual:
    """An array with its derivatives, ``tangent``, along one leading axis of directions.

    ``elementwise=True`` promises that no operation mixes positions; one that does raises
    NotElementwise. Duals of duals give higher derivatives.
    """

    __slots__ = ("value", "tangent", "elementwise")  # noqa: RUF023, the order of the arguments
    # An array on the left leaves the operator to the dual in NumPy, PyTorch and JAX, and in
    # TensorFlow's arithmetic. TensorFlow's comparisons and array-api-strict raise instead:
    # there write `dual > array` or `xp.multiply(array, dual)`.
    __array_ufunc__ = None
    __array_priority__ = 1000.0

    def __init__(self, value: Any, tangent: Any, elementwise: bool = False) -> None:
        self.value = value
        self.tangent = tangent
        self.elementwise = elementwise

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r}, elementwise={self.elementwise})"

    def __array_namespace__(self, *, api_version: str | None = None) -> DualNamespace:
        return namespace(_base(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("a dual number is no NumPy array; use the functions of its namespace")

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

    def __float__(self) -> float:
        return float(self.value)

    def __getitem__(self, key: Any) -> Any:
        return _apply(None, "__getitem__", self, key)

    def __pos__(self) -> Any:
        return self

    def __neg__(self) -> Any:
        return _apply(None, "negative", self)

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
        plain = isinstance(found, type) or not callable(found)
        return found if plain else partial(_apply, self.base, name)


def namespace(xp: Any) -> DualNamespace:
    """Return the namespace of duals over the arrays of ``xp``."""
    return DualNamespace(xp)


def slopes(fn: Callable[..., Any], *arrays: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the value of an elementwise function and its slope in every argument.

    The floating-point arrays have one shape. NotElementwise is raised if ``fn`` mixes positions
    or changes the shape. Inside another derivative, pass its duals in as arrays: those that
    ``fn`` closes over are told from the new ones by nesting alone.
    """
    xp = _seed_namespace(arrays)
    if any(a.shape != arrays[0].shape for a in arrays):
        raise ValueError(f"`arrays` must have one shape, got {[tuple(a.shape) for a in arrays]}")
    # The bookkeeping in here is elementwise, but an outer derivative could not tell.
    outer = any(isinstance(a, Dual) and a.elementwise for a in arrays)
    arrays = tuple(Dual(a.value, a.tangent) if isinstance(a, Dual) else a for a in arrays)
    constants, count = [xp.zeros_like(a) for a in arrays], range(len(arrays))
    units = [
        [xp.ones_like(a) if i == j else constants[j] for i in count] for j, a in enumerate(arrays)
    ]
    out = fn(*(Dual(a, xp.stack(u), True) for a, u in zip(arrays, units, strict=True)))
    if _over(xp, out):
        found = [out.value, *(out.tangent[i, ...] for i in count)]
    else:
        value = out if hasattr(out, "shape") else xp.full_like(arrays[0], out)
        found = [value, *(xp.zeros_like(value, dtype=a.dtype) for a in arrays)]
    if outer:
        found = [Dual(x.value, x.tangent, True) if isinstance(x, Dual) else x for x in found]
    return found[0], tuple(found[1:])


def value_and_gradients(
    fn: Callable[..., Any], *arrays: Any, block: int = 1024
) -> tuple[Any, tuple[Any, ...]]:
    """Return the value of a function to one number and its gradient in every array.

    There is one direction per element, at most ``block`` of them at a time: time is
    O(size ** 2) and memory O(block * size), for small arrays such as counts.
    """
    xp = _seed_namespace(arrays)
    if block < 1:
        raise ValueError(f"`block` must be at least 1, got {block}")
    places = _positions(xp, arrays)
    order = xp.concat([xp.reshape(p, (-1,)) for p in places])
    size = order.shape[0]
    value, rows = None, []
    for first in range(0, max(size, 1), block):
        row = order[first : min(first + block, size)]
        duals = [_unit(xp, a, p, row) for a, p in zip(arrays, places, strict=True)]
        out = fn(*duals)
        value = _value(xp, out)
        value = value if hasattr(value, "shape") else xp.sum(xp.zeros_like(arrays[0])) + value
        if tuple(value.shape) != ():
            raise ValueError(f"`fn` must return one number, got the shape {tuple(value.shape)}")
        rows.append(out.tangent if _over(xp, out) else xp.zeros_like(row, dtype=arrays[0].dtype))
    flat = xp.concat(rows)
    gradients = [xp.reshape(xp.take(flat, xp.reshape(p, (-1,)), axis=0), p.shape) for p in places]
    return value, tuple(xp.astype(g, a.dtype) for g, a in zip(gradients, arrays, strict=True))


def _seed_namespace(arrays: tuple[Any, ...]) -> Any:
    if not arrays:
        raise ValueError("`arrays` must hold at least one array")
    # As duals, so that NumPy's 0-d results do not pass for Python numbers.
    xp = _base(*(Dual(a, None) for a in arrays))
    for a in arrays:
        if not xp.isdtype(a.dtype, "real floating"):
            raise TypeError(f"`arrays` must have a floating-point dtype, got {a.dtype}")
    return xp


def _positions(xp: Any, arrays: Any) -> list[Any]:
    """Return arrays of these shapes that number all their elements, on their device."""
    ones = [xp.reshape(xp.ones_like(a, dtype=xp.int32), (-1,)) for a in arrays]
    order = xp.astype(xp.cumulative_sum(xp.concat(ones), axis=0), xp.int32) - 1
    ends = list(accumulate((x.shape[0] for x in ones), initial=0))
    parts = zip(arrays, ends[:-1], ends[1:], strict=True)
    return [xp.reshape(order[i:j], a.shape) for a, i, j in parts]


def _unit(xp: Any, a: Any, place: Any, row: Any) -> Dual:
    """Return the dual of an array whose directions are the positions in row."""
    ones = [1] * len(a.shape)
    return Dual(a, xp.astype(xp.reshape(row, (row.shape[0], *ones)) == place, a.dtype))


def _base(*duals: Any) -> Any:
    """Return the namespace of the values of duals."""
    from ._namespace import array_namespace  # imports this module

    return array_namespace(*duals).base


def _apply(xp: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Call the rule of a function, or the function itself where there are no duals."""
    duals = [x for x in _leaves((*args, *kwargs.values())) if isinstance(x, Dual)]
    if not duals:
        return getattr(xp, name)(*args, **kwargs)
    if name not in _RULES:
        raise _no_rule(name)
    if name not in _POINTWISE and any(x.elementwise for x in duals):
        raise NotElementwise(f"`{name}` mixes positions")
    return _RULES[name](_base(max(duals, key=_level)), name, *args, **kwargs)


def _no_rule(name: str) -> AttributeError:
    return AttributeError(
        f"dual numbers have no rule for `{name}`; write it with arithmetic, elementwise functions, "
        "`where` and `sum`, or take the gradient by PyTorch, JAX or TensorFlow"
    )


def _leaves(args: Any) -> list[Any]:
    return [x for a in args for x in (a if isinstance(a, (tuple, list)) else (a,))]


def _level(x: Any) -> int:
    level = 0
    while isinstance(x, (Dual, DualNamespace)):
        x, level = (x.value if isinstance(x, Dual) else x.base), level + 1
    return level


def _over(xp: Any, x: Any) -> bool:
    """Tell whether x is a dual over xp; those of outer derivatives are constants here."""
    return isinstance(x, Dual) and _level(x) > _level(xp)


def _value(xp: Any, x: Any) -> Any:
    return x.value if _over(xp, x) else x


def _primal(x: Any) -> Any:
    while isinstance(x, Dual):
        x = x.value
    return x


def _same_shape(a: Any, b: Any) -> bool:
    # A length that is not known yet is None.
    return len(a) == len(b) and all(i == j or None in (i, j) for i, j in zip(a, b, strict=True))


def _operate(xp: Any, name: str, x: Any, y: Any) -> Any:
    # Not `x * y`, since some libraries raise at `array * dual`, see Dual.
    return _apply(xp, name, x, y) if isinstance(y, Dual) else _OPERATORS[name](x, y)


def _align(xp: Any, tangent: Any, out: Any) -> Any:
    while len(tangent.shape) <= len(out.shape):
        tangent = xp.expand_dims(tangent, axis=1)
    return tangent


def _result(xp: Any, out: Any, tangent: Any, duals: list[Dual]) -> Dual:
    """Return the dual of an elementwise result, whose tangent may be of fewer elements."""
    if not all(_same_shape(x.shape, out.shape) for x in duals if x.elementwise):
        raise NotElementwise(f"the shape became {tuple(out.shape)}")
    tangent = _align(xp, tangent, out)
    tangent = tangent if tangent.dtype == out.dtype else xp.astype(tangent, out.dtype)
    if not _same_shape(tangent.shape[1:], out.shape):
        tangent = tangent + xp.zeros_like(out)
    return Dual(out, tangent, any(x.elementwise for x in duals))


def _chain(xp: Any, out: Any, terms: list[tuple[Dual, Any]]) -> Dual:
    """Return the dual with value out and the sum of slope times tangent."""
    steps = [_align(xp, x.tangent, out) for x, _ in terms]
    for i, (_, slope) in enumerate(terms):
        if not (isinstance(slope, int) and slope == 1):
            steps[i] = _operate(xp, "multiply", slope, steps[i])
    tangent = steps[0] if len(steps) == 1 else _operate(xp, "add", *steps)
    return _result(xp, out, tangent, [x for x, _ in terms])


def _unary(xp: Any, name: str, x: Any, /) -> Dual:
    out = (_OPERATORS.get(name) or getattr(xp, name))(x.value)
    return _chain(xp, out, [(x, _SLOPES[name](xp, x.value, out))])


def _binary(xp: Any, name: str, x: Any, y: Any, /) -> Dual:
    a, b = _value(xp, x), _value(xp, y)
    out = _operate(xp, name, a, b) if name in _OPERATORS else getattr(xp, name)(a, b)
    sides = zip((x, y), _PARTIALS[name], strict=True)
    return _chain(xp, out, [(z, rule(xp, a, b, out)) for z, rule in sides if _over(xp, z)])


def _power_slope(xp: Any, x: Any, e: Any, out: Any) -> Any:
    if isinstance(e, (int, float)):
        return int(e) if e in (0, 1) else e * (x if e == 2 else x ** (e - 1))
    # 0 * x ** -1 would be nan at x = 0.
    safe = xp.where(_primal(e) == 0, xp.ones_like(e), e - 1)
    return _operate(xp, "multiply", e, _operate(xp, "pow", x, safe))


def _exponent_slope(xp: Any, x: Any, e: Any, out: Any) -> Any:
    x = x + xp.zeros_like(out)
    return _operate(xp, "multiply", xp.log(xp.where(_primal(x) > 0, x, xp.ones_like(out))), out)


def _share(xp: Any, x: Any, y: Any, out: Any) -> Any:
    """Return 1 where x > y and a half where they tie."""
    x, y = _primal(x), _primal(y)
    return 0.5 * (xp.astype(x > y, out.dtype) + xp.astype(x >= y, out.dtype))


def _where(xp: Any, name: str, condition: Any, x: Any, y: Any, /) -> Dual:
    out = xp.where(condition, _value(xp, x), _value(xp, y))
    duals = [z for z in (x, y) if _over(xp, z)]
    steps = [_align(xp, z.tangent, out) for z in duals]
    if not _over(xp, x):
        steps.insert(0, xp.zeros_like(steps[0]))
    if not _over(xp, y):
        steps.append(xp.zeros_like(steps[0]))
    return _result(xp, out, xp.where(condition, *steps), duals)


def _clip(xp: Any, name: str, x: Any, /, min: Any = None, max: Any = None) -> Any:
    if min is not None:
        x = namespace(xp).where(_primal(x) < _primal(min), min, x)
    if max is not None:
        x = namespace(xp).where(_primal(x) > _primal(max), max, x)
    return x


def _astype(xp: Any, name: str, x: Any, dtype: Any, /, **options: Any) -> Any:
    out = xp.astype(x.value, dtype, **options)
    return _result(xp, out, x.tangent, [x]) if xp.isdtype(dtype, "real floating") else out


def _asarray(xp: Any, name: str, x: Any, /, *, dtype: Any = None, **options: Any) -> Any:
    if not isinstance(x, Dual):
        raise _no_rule("asarray of a list")
    return x if dtype is None else _astype(xp, name, x, dtype)


def _plain(xp: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function that is constant between jumps on the values."""
    while isinstance(xp, DualNamespace):
        xp = xp.base
    return getattr(xp, name)(*map(_primal, args), **kwargs)


def _full_like(xp: Any, name: str, x: Any, fill_value: Any, /, **options: Any) -> Any:
    if isinstance(fill_value, Dual):
        raise _no_rule("full_like with a dual fill value")
    return _plain(xp, name, x, fill_value, **options)


def _searchsorted(xp: Any, name: str, edges: Any, x: Any, /, **options: Any) -> Any:
    if isinstance(edges, Dual) and edges.elementwise:
        raise NotElementwise("`searchsorted` mixes positions")
    return _plain(xp, name, edges, x, **options)


def _broadcast_arrays(xp: Any, name: str, *arrays: Any) -> list[Any]:
    outs = xp.broadcast_arrays(*(_value(xp, a) for a in arrays))
    pairs = zip(outs, arrays, strict=True)
    return [_result(xp, o, a.tangent, [a]) if _over(xp, a) else o for o, a in pairs]


def _broadcast_to(xp: Any, name: str, x: Any, /, shape: Any) -> Dual:
    return _result(xp, xp.broadcast_to(x.value, shape), x.tangent, [x])


def _move(xp: Any, name: str, x: Any, /, *args: Any, **kwargs: Any) -> Dual:
    """Call a function that only moves elements; moved positions say where tangents go."""
    many = isinstance(x, (tuple, list))
    parts: list[Any] = list(x) if many else [x]
    values = [_value(xp, a) for a in parts]
    places = _positions(xp, values)
    function: Any = operator.getitem if name == "__getitem__" else getattr(xp, name)
    out = function(values if many else values[0], *args, **kwargs)
    moved = function(places if many else places[0], *args, **kwargs)
    count = next(a.tangent.shape[0] for a in parts if _over(xp, a))
    rows = []
    for a, value in zip(parts, values, strict=True):
        row = a.tangent if _over(xp, a) else xp.expand_dims(xp.zeros_like(value), axis=0)
        row = xp.reshape(row, (row.shape[0], math.prod(value.shape)))
        rows.append(xp.broadcast_to(row, (count, row.shape[1])))
    flat = xp.take(xp.concat(rows, axis=1), xp.reshape(moved, (-1,)), axis=1)
    return Dual(out, xp.reshape(flat, (count, *moved.shape)))


def _reduce(xp: Any, name: str, x: Any, /, *, axis: Any = None, **options: Any) -> Dual:
    function = getattr(xp, name)
    out = function(x.value, axis=axis, **options)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(i + 1 if i >= 0 else i for i in axes)
    # One axis as a number: cumulative_sum takes no tuple.
    tangent = function(x.tangent, axis=axes[0] if len(axes) == 1 else axes, **options)
    return Dual(out, tangent)


def _extreme(xp: Any, name: str, x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Dual:
    function = getattr(xp, name)
    out = function(x.value, axis=axis, keepdims=keepdims)
    top = function(x.value, axis=axis, keepdims=True)
    ties = xp.astype(_primal(x.value) == _primal(top), x.dtype)
    weights = ties / xp.sum(ties, axis=axis, keepdims=True)
    share = Dual(weights, x.tangent * weights)
    return Dual(out, _reduce(xp, "sum", share, axis=axis, keepdims=keepdims).tangent)


def _variance(
    xp: Any,
    name: str,
    x: Any,
    /,
    *,
    axis: Any = None,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Any:
    dual = namespace(xp)
    centred = x - dual.mean(x, axis=axis, keepdims=True)
    total = dual.sum(centred * centred, axis=axis, keepdims=keepdims)
    result = total / (x.size / max(total.size, 1) - correction)
    if name == "var":
        return result
    # A constant has slope 0, as in PyTorch, not nan.
    zero = _primal(result) == 0
    root = dual.sqrt(dual.where(zero, dual.ones_like(result), result))
    return dual.where(zero, dual.zeros_like(result), root)


def _sort(xp: Any, name: str, x: Any, /, *, axis: int = -1, **options: Any) -> Dual:
    order = xp.argsort(x.value, axis=axis, **options)
    return _move(xp, "take_along_axis", x, order, axis=axis)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "pow": operator.pow,
    "negative": operator.neg,
    "abs": operator.abs,
}

# The slope of y = f(x).
_SLOPES: dict[str, Callable[[Any, Any, Any], Any]] = {
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
    "abs": lambda xp, x, y: xp.sign(x),
    "negative": lambda xp, x, y: -1,
    "positive": lambda xp, x, y: 1,
    "reciprocal": lambda xp, x, y: -y * y,
}

# The slopes of z = f(x, y) in x and in y.
_PARTIALS: dict[str, tuple[Callable[[Any, Any, Any, Any], Any], ...]] = {
    "add": (lambda xp, x, y, z: 1, lambda xp, x, y, z: 1),
    "subtract": (lambda xp, x, y, z: 1, lambda xp, x, y, z: -1),
    "multiply": (lambda xp, x, y, z: y, lambda xp, x, y, z: x),
    "divide": (lambda xp, x, y, z: 1 / y, lambda xp, x, y, z: -z / y),
    "pow": (_power_slope, _exponent_slope),
    "maximum": (_share, lambda xp, x, y, z: _share(xp, y, x, z)),
    "minimum": (lambda xp, x, y, z: _share(xp, y, x, z), _share),
    "logaddexp": (lambda xp, x, y, z: xp.exp(-(z - x)), lambda xp, x, y, z: xp.exp(-(z - y))),
}

_PLAIN_ELEMENTWISE = (
    "isnan", "isinf", "isfinite", "sign", "floor", "ceil", "round", "trunc", "equal",
    "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and",
    "logical_or", "logical_not", "logical_xor", "zeros_like", "ones_like", "isdtype",
    "result_type",
)  # fmt: skip
_PLAIN = ("any", "all", "count_nonzero", "argmax", "argmin", "argsort")
_MOVES = (
    "__getitem__", "reshape", "expand_dims", "squeeze", "permute_dims", "moveaxis", "concat",
    "stack", "flip", "roll", "take", "take_along_axis", "tile",
)  # fmt: skip
_POINTWISE: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_SLOPES, _unary),
    **dict.fromkeys(_PARTIALS, _binary),
    **dict.fromkeys(_PLAIN_ELEMENTWISE, _plain),
    "where": _where,
    "clip": _clip,
    "astype": _astype,
    "asarray": _asarray,
    "full_like": _full_like,
    "searchsorted": _searchsorted,
    "broadcast_to": _broadcast_to,
    "broadcast_arrays": _broadcast_arrays,
}
_RULES: dict[str, Callable[..., Any]] = {
    **_POINTWISE,
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_MOVES, _move),
    **dict.fromkeys(("sum", "mean", "cumulative_sum"), _reduce),
    **dict.fromkeys(("max", "min"), _extreme),
    **dict.fromkeys(("var", "std"), _variance),
    "sort": _sort,
}
