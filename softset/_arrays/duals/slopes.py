"""Slopes of functions by dual numbers: elementwise, or in every element of small arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .dual import Dual, Summed, base_of, is_over, positions, value_of


def slopes(fn: Callable[..., Any], *arrays: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the value of an elementwise function and its slope in every argument.

    The floating-point arrays have one shape. NotElementwise is raised if ``fn`` mixes positions
    or changes the shape. Inside another derivative, pass its duals in as arrays: those that
    ``fn`` closes over are told from the new ones by nesting alone.
    """
    xp = _seed_namespace(arrays)
    _require_one_shape(arrays)
    # The bookkeeping in here is elementwise, but an outer derivative could not tell.
    outer = any(isinstance(a, Dual) and a.elementwise for a in arrays)
    if outer:
        arrays = tuple(Dual(a.value, a.tangent) if isinstance(a, Dual) else a for a in arrays)
    out = fn(*(Dual(a, unit, True) for a, unit in zip(arrays, _units(xp, arrays), strict=True)))
    if is_over(xp, out):
        found = [out.value, *(out.tangent[i, ...] for i in range(len(arrays)))]
    else:
        value = out if hasattr(out, "shape") else xp.full_like(arrays[0], out)
        found = [value, *(xp.zeros_like(value, dtype=a.dtype) for a in arrays)]
    if outer:
        found = [Dual(x.value, x.tangent, True) if isinstance(x, Dual) else x for x in found]
    return found[0], tuple(found[1:])


def gradients_of_sums(fn: Callable[..., Any], *arrays: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what `value_and_gradients` does, in time and memory O(size), of a function of sums.

    The floating-point arrays have one shape. What is computed of them is elementwise, and so is
    what is computed of its sums; NotElementwise is raised if ``fn`` mixes positions otherwise.
    """
    xp = _seed_namespace(arrays)
    _require_one_shape(arrays)
    shape, axes = tuple(arrays[0].shape), tuple(range(len(arrays[0].shape)))
    units = zip(arrays, _units(xp, arrays), strict=True)
    out = fn(*(Dual(a, unit, Summed(axes)) for a, unit in units))
    value = _require_number(xp, arrays, out)
    if not is_over(xp, out):
        return value, tuple(xp.zeros_like(a) for a in arrays)
    over = out.elementwise.over
    rows = xp.reshape(out.tangent, (len(arrays), *(shape[i] for i in over)))
    if over != axes:
        rows = xp.permute_dims(rows, (0, *(1 + over.index(i) for i in axes)))
    parts = [rows[i, ...] for i in range(len(arrays))]
    return value, tuple(
        part if part.dtype == a.dtype else xp.astype(part, a.dtype)
        for part, a in zip(parts, arrays, strict=True)
    )


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
    places = positions(xp, arrays)
    order = xp.concat([xp.reshape(p, (-1,)) for p in places])
    size = order.shape[0]
    value, rows = None, []
    for first in range(0, max(size, 1), block):
        row = order[first : min(first + block, size)]
        duals = [_unit(xp, a, p, row) for a, p in zip(arrays, places, strict=True)]
        out = fn(*duals)
        value = _require_number(xp, arrays, out)
        rows.append(out.tangent if is_over(xp, out) else xp.zeros_like(row, dtype=arrays[0].dtype))
    flat = xp.concat(rows)
    gradients = [xp.reshape(xp.take(flat, xp.reshape(p, (-1,)), axis=0), p.shape) for p in places]
    return value, tuple(xp.astype(g, a.dtype) for g, a in zip(gradients, arrays, strict=True))


def _require_number(xp: Any, arrays: tuple[Any, ...], out: Any) -> Any:
    """Return the value of what a function gave, an array of one number."""
    value = value_of(xp, out)
    value = value if hasattr(value, "shape") else xp.sum(xp.zeros_like(arrays[0])) + value
    if tuple(value.shape) != ():
        raise ValueError(f"`fn` must return one number, got the shape {tuple(value.shape)}")
    return value


def _require_one_shape(arrays: tuple[Any, ...]) -> None:
    if any(a.shape != arrays[0].shape for a in arrays):
        raise ValueError(f"`arrays` must have one shape, got {[tuple(a.shape) for a in arrays]}")


def _seed_namespace(arrays: tuple[Any, ...]) -> Any:
    if not arrays:
        raise ValueError("`arrays` must hold at least one array")
    # As duals, so that NumPy's 0-d results do not pass for Python numbers.
    xp = base_of(*(Dual(a, None) for a in arrays))
    for dtype in {a.dtype for a in arrays}:
        # NumPy's isdtype raises for bfloat16.
        if "bfloat16" not in str(dtype) and not xp.isdtype(dtype, "real floating"):
            raise TypeError(f"`arrays` must have a floating-point dtype, got {dtype}")
    return xp


def _units(xp: Any, arrays: tuple[Any, ...]) -> list[Any]:
    """Return the tangents of arrays of one shape, each with a direction of its own."""
    last, one = len(arrays) - 1, xp.ones_like(arrays[0])[None, ...]
    zeros = [0 * one] * last
    row = xp.concat([*zeros, one, *zeros])  # to be sliced: an operation costs most as a call
    pairs = [(row[last - i : 2 * last + 1 - i, ...], a) for i, a in enumerate(arrays)]
    return [u if u.dtype == a.dtype else xp.astype(u, a.dtype) for u, a in pairs]


def _unit(xp: Any, a: Any, place: Any, row: Any) -> Dual:
    """Return the dual of an array whose directions are the positions in row."""
    ones = [1] * len(a.shape)
    return Dual(a, xp.astype(xp.reshape(row, (row.shape[0], *ones)) == place, a.dtype))
