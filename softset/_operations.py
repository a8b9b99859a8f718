"""Operations that the standard lacks, or that libraries do well in different ways."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

from ._dual import Dual
from ._namespace import NUMBERS, array_namespace, is_jax, is_numpy, is_tensorflow, is_torch
from ._visible import in_memory

_STRETCH = 2**5  # so many float32 numbers can be added up one after another
_MANY = 2**14  # products from which on it takes longer to make an array of them


def accumulate(x: Any, axis: tuple[int, ...]) -> Any:
    """Sum over the axes with an error that does not grow with their length.

    A float32 sum over some of the axes is a running sum in NumPy and in TensorFlow: it stands
    still at 2**24. PyTorch and XLA sum by cascades whatever the axes, JAX has no float64 by
    default, and a sum over all axes is pairwise everywhere.
    """
    if len(axis) == len(x.shape) and (is_torch(x) or is_numpy(x)):
        return x.sum()  # in half the time, backwards too
    xp = array_namespace(x)
    if len(axis) < len(x.shape) and _sums_stand_still(xp, x):
        return xp.astype(xp.sum(xp.astype(x, xp.float64), axis=axis), xp.float32)
    return xp.sum(x, axis=axis)


def sum_of_products(x: Any, y: Any, axis: tuple[int, ...]) -> Any:
    """Sum x * y over the axes, with an error that does not grow with their length.

    NumPy makes no array of the products, and sums short stretches before it adds them up.
    """
    leading = axis == tuple(range(len(axis)))
    if not (leading and _are_many(x, y)):
        return accumulate(x * y, axis)
    numpy, kept = sys.modules["numpy"], x.shape[len(axis) :]
    width = math.prod(kept)
    if width == 1:
        dot, stretch = array_namespace(x).vecdot, 4 * _STRETCH  # of which it has several sums
        x, y = x.reshape(-1), y.reshape(-1)
    else:
        dot, stretch = _column_dots, _STRETCH
        x, y = x.reshape(-1, width), y.reshape(-1, width)
    size = len(x) - len(x) % stretch
    parts = dot(*(z[:size].reshape(-1, stretch, *z.shape[1:]) for z in (x, y)))
    total = parts.sum(axis=0, dtype=numpy.float64) + dot(x[size:], y[size:])
    return total.astype(x.dtype).reshape(kept)[()]


def running_sum(x: Any) -> Any:
    """Return the running sums along the last axis, with an error as small as `accumulate`'s."""
    if is_torch(x):  # array-api-compat's looks the namespace up, and torch.compile warns
        return x.cumsum(-1, dtype=x.dtype)
    xp = array_namespace(x)
    if _sums_stand_still(xp, x):
        return xp.astype(xp.cumulative_sum(xp.astype(x, xp.float64), axis=-1), xp.float32)
    return xp.cumulative_sum(x, axis=-1, dtype=x.dtype)


def look_up(table: Any, place: Any) -> Any:
    """Return the entries of a 1-D array at places counted from its beginning."""
    if is_torch(table):  # array-api-compat's take counts from the end too, and looks which
        return table.index_select(0, place)
    return array_namespace(table).take(table, place, axis=0)


def clipped(x: Any, *, alone: bool = False) -> Any:
    """Return numbers outside [0, 1] as 0 or 1, and NaN as it is; at 0 and 1 the slope is 1.

    `alone` says that of x no gradient needs more than where it was clipped.
    """
    if is_torch(x):
        if not (alone and x.requires_grad and sys.modules["torch"].compiler.is_compiling()):
            return x.clamp(0, 1)
        # A compiler would keep that as booleans, and reads them ten times as slowly as it finds
        # these numbers again. What they multiply is 0, also for an infinite x.
        value, finite = x.detach().clamp(0, 1), x.clamp(-1, 2)
        inside = 1 - (x.detach() - value).sign().abs()
        return value + inside * (finite - finite.detach())
    xp = array_namespace(x)
    if is_numpy(x):
        return xp.clip(x, 0, 1)
    x = xp.where(x < 0, 0.0, x)
    return xp.where(x > 1, 1.0, x)


def scatter_sum(x: Any, place: Any, size: int) -> Any:
    """Add each element of x up at its place in an array of that size; None if x cannot."""
    if is_torch(x):
        return x.new_zeros(size).scatter_add(0, place, x)
    if is_jax(x):
        jax = sys.modules["jax"]
        # XLA adds the parts of numbers up before it sums them, and they were to sum without error.
        return jax.lax.optimization_barrier(jax.ops.segment_sum(x, place, size))
    if is_tensorflow(x):
        return sys.modules["tensorflow"].math.unsorted_segment_sum(x, place, size)
    bincount = getattr(array_namespace(x), "bincount", None)  # NumPy's and CuPy's
    if bincount is None or isinstance(x, Dual):
        return None
    return bincount(place, weights=x, minlength=size)


def indicator(x: Any, relation: str, bound: Any) -> Any:
    """Return 1 where x < bound or x > bound, as the relation says, else 0, in the dtype of x."""
    if is_torch(x) and in_memory(x, bound):
        # Torch compares to its own dtype five times as fast as to a boolean.
        torch = sys.modules["torch"]
        compare = torch.lt if relation == "<" else torch.gt
        shape = torch.broadcast_shapes(x.shape, getattr(bound, "shape", ()))
        return compare(x, bound, out=x.new_empty(shape))
    return array_namespace(x).astype(x < bound if relation == "<" else x > bound, x.dtype)


def in_place(*arrays: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return + and *, which write to their left operand where arrays lie in memory.

    That saves the time of new memory. The operand must be new, and of the dtype and the shape of
    the result; where arrays are of several dtypes, or of integers, nothing is written to.
    """
    several = [x for x in arrays if type(x) not in NUMBERS]
    if in_memory(*several) and len({x.dtype for x in several}) == 1 and _is_floating(several[0]):
        return operator.iadd, operator.imul
    return operator.add, operator.mul


def has_float64(x: Any) -> bool:
    """Tell whether x can be summed in float64: not in JAX as it comes, nor on Apple's GPUs."""
    while isinstance(x, Dual):
        x = x.value
    if is_jax(x):
        return bool(sys.modules["jax"].config.jax_enable_x64)
    return not (is_torch(x) and x.device.type == "mps")


def _are_many(x: Any, y: Any) -> bool:
    """Tell whether x and y are long arrays of NumPy's, of one shape and one dtype."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(x) is not numpy.ndarray or type(y) is not numpy.ndarray:
        return False
    return x.size >= _MANY and x.shape == y.shape and x.dtype == y.dtype


def _is_floating(x: Any) -> bool:
    return x.is_floating_point() if is_torch(x) else x.dtype.kind == "f"


def _column_dots(x: Any, y: Any) -> Any:
    return sys.modules["numpy"].einsum("...ij,...ij->...j", x, y)


def _sums_stand_still(xp: Any, x: Any) -> bool:
    return x.dtype == xp.float32 and not (is_torch(x) or is_jax(x))
