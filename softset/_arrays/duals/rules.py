"""The rules of dual numbers: what each function of the array API does to values and tangents."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..refusals import NotElementwise
from .dual import (
    OPERATORS,
    POINTWISE,
    RULES,
    Dual,
    Summed,
    common,
    is_over,
    namespace,
    operate,
    positions,
    primal,
    value_of,
)
from .dual import PARTIALS as KNOWN_PARTIALS
from .outside import no_rule
from .partials import PARTIALS, SLOPES, plain
from .products import cumulative_product, product


def _same_shape(a: Any, b: Any) -> bool:
    if a == b:
        return True
    # A length that is not known yet is None.
    return len(a) == len(b) and all(i == j or None in (i, j) for i, j in zip(a, b, strict=True))


def _align(xp: Any, tangent: Any, out: Any) -> Any:
    while len(tangent.shape) <= len(out.shape):
        tangent = xp.expand_dims(tangent, axis=1)
    return tangent


def _promise(out: Any, duals: list[Dual]) -> bool | Summed:
    """Return what is promised of an elementwise result, whose tangent may be found then."""
    elementwise: bool | Summed = False
    for x in duals:
        elementwise = common(elementwise, x.elementwise)
        if x.elementwise and not _same_shape(x.value.shape, out.shape):
            raise NotElementwise(f"the shape became {tuple(out.shape)}")
    return elementwise


def _result(xp: Any, out: Any, tangent: Any, elementwise: bool | Summed) -> Dual:
    """Return the dual of an elementwise result, whose tangent may be of fewer elements."""
    tangent = _align(xp, tangent, out)
    tangent = tangent if tangent.dtype == out.dtype else xp.astype(tangent, out.dtype)
    if not _same_shape(tangent.shape[1:], out.shape):
        tangent = tangent + xp.zeros_like(out)
    return Dual(out, tangent, elementwise)


def _as(xp: Any, out: Any, x: Dual) -> Dual:
    """Return the dual of the same numbers in another shape or dtype."""
    return _result(xp, out, x.tangent, _promise(out, [x]))


def _chain(xp: Any, out: Any, terms: list[tuple[Dual, Any]]) -> Dual:
    """Return the dual with value out and the sum of slope times tangent."""
    elementwise = _promise(out, [x for x, _ in terms])
    steps = [_align(xp, x.tangent, out) for x, _ in terms]
    for i, (_, slope) in enumerate(terms):
        if not (isinstance(slope, int) and slope == 1):
            steps[i] = operate("multiply", slope, steps[i])
    tangent = steps[0] if len(steps) == 1 else operate("add", *steps)
    return _result(xp, out, tangent, elementwise)


def _unary(xp: Any, name: str, x: Any, /) -> Dual:
    out = (OPERATORS.get(name) or getattr(xp, name))(x.value)
    return _chain(xp, out, [(x, SLOPES[name](xp, x.value, out))])


def _binary(xp: Any, name: str, x: Any, y: Any, /) -> Dual:
    a, b = value_of(xp, x), value_of(xp, y)
    out = operate(name, a, b) if name in OPERATORS else getattr(xp, name)(a, b)
    sides = zip((x, y), PARTIALS[name], strict=True)
    return _chain(xp, out, [(z, rule(xp, a, b, out)) for z, rule in sides if is_over(xp, z)])


def _where(xp: Any, name: str, condition: Any, x: Any, y: Any, /) -> Any:
    of_x, of_y, condition = is_over(xp, x), is_over(xp, y), primal(condition)
    if not (of_x or of_y):
        return xp.where(condition, x, y)
    out = xp.where(condition, x.value if of_x else x, y.value if of_y else y)
    elementwise = _promise(out, [z for z, dual in ((x, of_x), (y, of_y)) if dual])
    tangent = xp.where(
        condition,
        _align(xp, x.tangent, out) if of_x else 0.0,
        _align(xp, y.tangent, out) if of_y else 0.0,
    )
    return _result(xp, out, tangent, elementwise)


def _clip(xp: Any, name: str, x: Any, /, min: Any = None, max: Any = None) -> Any:
    if min is not None:
        x = namespace(xp).where(primal(x) < primal(min), min, x)
    if max is not None:
        x = namespace(xp).where(primal(x) > primal(max), max, x)
    return x


def _astype(xp: Any, name: str, x: Any, dtype: Any, /, **options: Any) -> Any:
    out = xp.astype(x.value, dtype, **options)
    return _as(xp, out, x) if xp.isdtype(dtype, "real floating") else out


def _asarray(xp: Any, name: str, x: Any, /, *, dtype: Any = None, **options: Any) -> Any:
    if not isinstance(x, Dual):
        raise no_rule("asarray of a list")
    return x if dtype is None else _astype(xp, name, x, dtype)


def _full_like(xp: Any, name: str, x: Any, fill_value: Any, /, **options: Any) -> Any:
    if isinstance(fill_value, Dual):
        raise no_rule("full_like with a dual fill value")
    return plain(xp, name, x, fill_value, **options)


def _searchsorted(xp: Any, name: str, edges: Any, x: Any, /, **options: Any) -> Any:
    if isinstance(edges, Dual) and edges.elementwise:
        raise NotElementwise("`searchsorted` mixes positions")
    return plain(xp, name, edges, x, **options)


def _broadcast_arrays(xp: Any, name: str, *arrays: Any) -> list[Any]:
    outs = xp.broadcast_arrays(*(value_of(xp, a) for a in arrays))
    pairs = zip(outs, arrays, strict=True)
    return [_as(xp, o, a) if is_over(xp, a) else o for o, a in pairs]


def _broadcast_to(xp: Any, name: str, x: Any, /, shape: Any) -> Dual:
    return _as(xp, xp.broadcast_to(x.value, shape), x)


def _move(xp: Any, name: str, x: Any, /, *args: Any, **kwargs: Any) -> Dual:
    """Call a function that only moves elements; moved positions say where tangents go."""
    many = isinstance(x, (tuple, list))
    parts: list[Any] = list(x) if many else [x]
    values = [value_of(xp, a) for a in parts]
    places = positions(xp, values)
    function: Any = operator.getitem if name == "__getitem__" else getattr(xp, name)
    out = function(values if many else values[0], *args, **kwargs)
    moved = function(places if many else places[0], *args, **kwargs)
    count = next(a.tangent.shape[0] for a in parts if is_over(xp, a))
    rows = []
    for a, value in zip(parts, values, strict=True):
        row = a.tangent if is_over(xp, a) else xp.expand_dims(xp.zeros_like(value), axis=0)
        row = xp.reshape(row, (row.shape[0], math.prod(value.shape)))
        rows.append(xp.broadcast_to(row, (count, row.shape[1])))
    flat = xp.take(xp.concat(rows, axis=1), xp.reshape(moved, (-1,)), axis=1)
    return Dual(out, xp.reshape(flat, (count, *moved.shape)))


def _reduce(xp: Any, name: str, x: Any, /, *, axis: Any = None, **options: Any) -> Dual:
    function = getattr(xp, name)
    out = function(x.value, axis=axis, **options)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if x.elementwise:
        return _sum_up(xp, name, x, out, tuple([i % x.ndim for i in axes]))
    axes = tuple(i + 1 if i >= 0 else i for i in axes)
    # One axis as a number: cumulative_sum takes no tuple.
    tangent = function(x.tangent, axis=axes[0] if len(axes) == 1 else axes, **options)
    return Dual(out, tangent)


def _sum_up(xp: Any, name: str, x: Any, out: Any, axes: tuple[int, ...]) -> Dual:
    """Return a sum of elementwise duals, the summed positions of which are directions from now."""
    kept = tuple([i for i in range(x.ndim) if i not in axes])
    if len(out.shape) != len(kept):
        raise NotElementwise(f"`{name}` kept axes that it sums over")
    order, count = (0, *[i + 1 for i in (*axes, *kept)]), math.prod([x.shape[i] for i in axes])
    rows = x.tangent if order == tuple(range(x.ndim + 1)) else xp.permute_dims(x.tangent, order)
    rows = xp.reshape(rows, (rows.shape[0] * count, *[x.shape[i] for i in kept]))
    rows = rows / max(count, 1) if name == "mean" else rows
    left, over = x.elementwise
    summed = Summed(tuple([left[i] for i in kept]), (*over, *[left[i] for i in axes]))
    return Dual(out, rows if rows.dtype == out.dtype else xp.astype(rows, out.dtype), summed)


def _diff(
    xp: Any,
    name: str,
    x: Any,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: Any = None,
    append: Any = None,
) -> Dual:
    parts = [part for part in (prepend, x, append) if part is not None]
    x = namespace(xp).concat(parts, axis=axis)
    place = axis + 1 if axis >= 0 else axis
    return Dual(xp.diff(x.value, axis=axis, n=n), xp.diff(x.tangent, axis=place, n=n))


def _triangle(xp: Any, name: str, x: Any, /, *, k: int = 0) -> Dual:
    return Dual(getattr(xp, name)(x.value, k=k), getattr(xp, name)(x.tangent, k=k))


def _meshgrid(xp: Any, name: str, *arrays: Any, indexing: str = "xy") -> list[Any]:
    rank, dual = len(arrays), namespace(xp)
    order = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else range(rank)
    shapes = [[-1 if i == place else 1 for i in range(rank)] for place in order]
    lines = [dual.reshape(a, tuple(s)) for a, s in zip(arrays, shapes, strict=True)]
    return dual.broadcast_arrays(*lines)


def _extreme(xp: Any, name: str, x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Dual:
    function = getattr(xp, name)
    out = function(x.value, axis=axis, keepdims=keepdims)
    top = function(x.value, axis=axis, keepdims=True)
    ties = xp.astype(primal(x.value) == primal(top), x.dtype)
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
    zero = primal(result) == 0
    root = dual.sqrt(dual.where(zero, dual.ones_like(result), result))
    return dual.where(zero, dual.zeros_like(result), root)


def _sort(xp: Any, name: str, x: Any, /, *, axis: int = -1, **options: Any) -> Dual:
    order = xp.argsort(x.value, axis=axis, **options)
    return _move(xp, "take_along_axis", x, order, axis=axis)


_PLAIN_ELEMENTWISE = (
    "isnan", "isinf", "isfinite", "sign", "floor", "ceil", "round", "trunc", "equal",
    "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and",
    "logical_or", "logical_not", "logical_xor", "zeros_like", "ones_like", "result_type",
    "signbit", "floor_divide",
)  # fmt: skip
_PLAIN = ("any", "all", "count_nonzero", "argmax", "argmin", "argsort")
_MOVES = (
    "__getitem__", "reshape", "expand_dims", "squeeze", "permute_dims", "moveaxis", "concat",
    "stack", "flip", "roll", "take", "take_along_axis", "tile",
)  # fmt: skip
_POINTWISE: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(SLOPES, _unary),
    **dict.fromkeys(PARTIALS, _binary),
    **dict.fromkeys(_PLAIN_ELEMENTWISE, plain),
    "where": _where,
    "clip": _clip,
    "astype": _astype,
    "asarray": _asarray,
    "full_like": _full_like,
    "searchsorted": _searchsorted,
    "broadcast_to": _broadcast_to,
    "broadcast_arrays": _broadcast_arrays,
}
KNOWN_PARTIALS.update(PARTIALS)
POINTWISE.update(_POINTWISE)
RULES.update(
    {
        **_POINTWISE,
        **dict.fromkeys(_PLAIN, plain),
        **dict.fromkeys(_MOVES, _move),
        **dict.fromkeys(("sum", "mean", "cumulative_sum"), _reduce),
        **dict.fromkeys(("max", "min"), _extreme),
        **dict.fromkeys(("var", "std"), _variance),
        "sort": _sort,
        "prod": product,
        "cumulative_prod": cumulative_product,
        "diff": _diff,
        "meshgrid": _meshgrid,
        **dict.fromkeys(("tril", "triu"), _triangle),
    }
)
