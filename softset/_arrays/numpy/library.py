"""NumPy: dot products of short stretches, arithmetic in place, numbers without arrays."""

from __future__ import annotations

import math
import operator
from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from ..library import NUMBERS, Library, Operator
from ..refusals import refusal
from . import rows, sorting, stretches
from .adding import added_up

_ONE_SINGLE, _ONE_DOUBLE = 0x3F800000, 0x3FF0000000000000  # the bits of 1.0
_INFINITE_SINGLE, _INFINITE_DOUBLE = 0x7F800000, 0x7FF0000000000000  # of infinity
_SINGLE, _DOUBLE = np.dtype("float32"), np.dtype("float64")
_SMALL = 2**13  # up to so many float32 numbers it takes no longer to sum them in float64
_ONES = np.ones(_SMALL)
_SIZE = 2**18  # the numbers of a piece: a megabyte of float32
_BITS = {_SINGLE: np.uint32, _DOUBLE: np.uint64}
_SHORT_ROW = 2**6
# Whose exponentials are normal numbers, as are 1 / (1 + exp(x)): others may be taken for 0.
_LARGEST = {_SINGLE: np.float32(87.33), _DOUBLE: np.float64(708.39)}
_FREE = (np.ndarray, type(None), *NUMBERS)


class NumPy(Library):
    """NumPy's arrays and numbers."""

    moveaxis = "numpy.moveaxis"

    def __init__(self, *, free: bool) -> None:
        super().__init__(xp)
        self.free = self.three_sums = free

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return what holds for these arrays: numbers, and what a file holds, are not free."""
        for x in arrays:
            if type(x) not in _FREE:
                return LIBRARY
        return FREE

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point; of bfloat16 isdtype raises."""
        return dtype.kind == "f" or "bfloat16" in str(dtype)

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean; of bfloat16 isdtype raises."""
        return dtype.kind == "b"

    def counted_in(self, x: Any) -> Any:
        """Return scores in the dtype that is counted in; NumPy takes long to name one."""
        return x.astype(np.float32) if x.dtype.itemsize == 2 else x

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return x in the dtype, without a copy where it has it."""
        return x if x.dtype == dtype else x.astype(dtype)

    def number(self, value: Any, like: Any) -> Any:
        """Return a number as one of NumPy's, which is no array; sums in the dtype of `like`."""
        return like.dtype.type(value) if type(value) is float else value.astype(like.dtype)

    def items(self, arrays: tuple[Any, ...]) -> tuple[float, ...] | None:
        """Return arrays of one element as numbers."""
        return tuple([x.item() for x in arrays])

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Sum over the axes; over all of them NumPy's sum is pairwise."""
        return np.add.reduce(x, axis=None) if len(axes) == x.ndim else super().sum(x, axes)

    def products(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Sum x * y without an array of the products where it can be."""
        if not (type(x) is type(y) is np.ndarray and x.shape == y.shape and x.dtype == y.dtype):
            return self.sum(x * y, axes)
        return self.number(self.dot(x, y, axes), x)

    def joins(self, x: Any) -> bool:
        """Tell whether axes are to be one: as for pieces of one length."""
        return self.free

    def joined(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return x in a shape of fewer axes, or None where that takes a copy."""
        return x.reshape(shape) if x.flags.c_contiguous else None

    def total(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum over the axes in float64, of all as a number."""
        if x.size > _SMALL and x.dtype.itemsize <= 8:
            found = stretches.total(_native(x), axes)
        else:
            found = np.add.reduce(_wide(x), axis=axes)
        return float(found) if len(axes) == x.ndim else found

    def dot(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum of x * y over the axes in float64, of all as a number."""
        if x.shape != y.shape or x.dtype != y.dtype:
            return self.total(x * y, axes)
        if x.size > _SMALL and x.dtype.itemsize <= 8:
            found = stretches.dot(_native(x), _native(y), axes)
        elif len(axes) == x.ndim:
            found = _wide(x).reshape(-1).dot(_wide(y).reshape(-1))
        else:
            found = np.add.reduce(_wide(x) * y, axis=axes)
        return float(found) if len(axes) == x.ndim else found

    def sums(self, x: Any, y: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """Return the sums of x * y, of x and of y; of few numbers by dot products."""
        length = len(x) if x.ndim == 1 == len(axes) else 0
        if not 0 < length <= _SMALL or x.shape != y.shape:
            return super().sums(x, y, axes)
        x, y, ones = x.astype(np.float64), y.astype(np.float64), _ONES[:length]
        return float(x.dot(y)), float(x.dot(ones)), float(y.dot(ones))

    def sums_of_shares(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sums with one look at each, in pieces."""
        return added_up(self._sums_of_shares, _SIZE, axes, x, y)

    def _sums_of_shares(self, x: Any, y: Any) -> Any:
        if not (self.are_shares(x) and self.are_shares(y)):
            return None
        return stretches.row_dots(x, y), stretches.row_totals(x), stretches.row_totals(y)

    def sums_with_less(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sums, in pieces."""
        return added_up(_sums_with_less, _SIZE, axes, x, y)

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place, without an array of ones and zeros for each row."""
        found = rows.add_rows(x, place, size)
        return found if self.free else self.cast(found, x.dtype)

    def outer_sums(self, x: Any, y: Any) -> Any:
        """Sum the outer products of the rows of x and y."""
        found = rows.outer_sums(x, y)
        return found if self.free else self.cast(found, y.dtype)

    def largest(self, x: Any, axis: int) -> Any:
        """Return the largest number along an axis, of short rows by columns."""
        if not _has_short_rows(x, axis):
            return super().largest(x, axis)
        return np.ascontiguousarray(x.T).max(axis=0)[:, None]

    def sum_of(self, x: Any, axis: int) -> Any:
        """Sum along an axis, short rows by a product with ones."""
        if not _has_short_rows(x, axis):
            return super().sum_of(x, axis)
        return x @ np.ones((x.shape[1], 1), x.dtype)

    def rows_at(self, table: Any, place: Any) -> Any:
        """Return the rows at places."""
        return np.stack([one.take(at, axis=0) for one, at in zip(table, place, strict=True)])

    def in_order(self, x: Any, *others: Any) -> list[Any]:
        """Sort x and its places, or labels of 0 and 1, as one integer: nothing has to be moved."""
        found = sorting.in_order(x, others)
        return super().in_order(x, *others) if found is None else found

    def firsts(self, x: Any) -> Any:
        """Return the place of the first equal element: of few that are not new, by themselves."""
        return sorting.firsts(x)

    def least(self, x: Any) -> float:
        """Return the smallest number that x may be divided by; NumPy takes long to name float32."""
        return 2.0**-110 if x.dtype.itemsize == 4 else 2.0**-1000

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Choose between numbers without arrays of them."""
        if type(condition) is np.bool and (isinstance(x, np.generic) or isinstance(y, np.generic)):
            return _number(x, y) if condition else _number(y, x)
        return np.where(condition, x, y)

    def logistic(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x))."""
        return self.logistics(x)[0] if self.free else super().logistic(x)

    def logistics(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)): powers, and none too large."""
        if not (self.free and x.ndim and x.dtype in _BITS):
            return super().logistics(x)
        power = np.minimum(x, _LARGEST[x.dtype])
        np.exp(power, out=power)
        lack = power + 1
        np.reciprocal(lack, out=lack)
        return np.multiply(power, lack, out=power), lack

    def kept(self, x: Any, where: Any) -> Any:
        """Return x where a mask holds, else 0: by its bits, which takes no guesses at the mask."""
        kind = _BITS.get(x.dtype)
        if kind is None or x.shape != where.shape or not x.shape:
            return np.where(where, x, x.dtype.type(0))
        bits = where.astype(kind)
        np.negative(bits, out=bits)
        return np.bitwise_and(bits, x.view(kind), out=bits).view(x.dtype)

    def clipped(self, x: Any, *, alone: bool = False) -> Any:
        """Return numbers outside [0, 1] as 0 or 1, and NaN as it is."""
        return np.clip(x, 0, 1)

    def below(self, x: Any, bound: Any) -> Any:
        """Return 1 where x < bound, else 0."""
        return (x < bound).astype(x.dtype)

    def above(self, x: Any, bound: Any) -> Any:
        """Return 1 where x > bound, else 0."""
        return (x > bound).astype(x.dtype)

    def within(self, x: Any, low: float, high: float, inside: float, outside: float) -> Any:
        """Return one number where low <= x <= high, else another, by the bits that differ."""
        kind = _BITS.get(x.dtype)
        if kind is None or not x.ndim:
            return super().within(x, low, high, inside, outside)
        first, second = (x.dtype.type(number).view(kind) for number in (inside, outside))
        bits = ((x >= low) & (x <= high)).astype(kind)
        bits *= first ^ second
        bits ^= second
        return bits.view(x.dtype)

    def in_place(self, *arrays: Any) -> tuple[Operator, Operator]:
        """Return + and *, which write to their left operand where arrays are free."""
        dtype = arrays[0].dtype
        if not self.free or dtype.kind != "f":
            return operator.add, operator.mul
        for x in arrays[1:]:
            if type(x) not in NUMBERS and x.dtype != dtype:
                return operator.add, operator.mul
        return operator.iadd, operator.imul

    def chosen(self, y: Any, positive: Any, negative: Any, room: Any = None) -> Any:
        """Return y * positive + (1 - y) * negative, for shares y.

        What is added is the smaller number, so that both keep their digits.
        """
        less = abs(negative) <= abs(positive)
        if type(less) is not bool and less.any() and not less.all():
            add, _ = self.in_place(y)
            return add(y * positive, (1 - y) * negative)
        if not (less if type(less) is bool else less.all()):
            y, positive, negative = np.subtract(1, y, out=room), negative, positive
        found = np.multiply(y, positive - negative, out=room)
        # Without axes it is a number, which nothing can be written to.
        return np.add(found, negative, out=found if found.shape else None)

    def larger(self, x: Any, y: Any) -> Any:
        """Return the larger of each pair, in the memory of x."""
        return np.maximum(x, y, out=x)

    def smaller(self, x: Any, y: Any) -> Any:
        """Return the smaller of each pair, in the memory of x."""
        return np.minimum(x, y, out=x)

    def look(self, x: Any) -> Any:
        """Return the values of x; comparisons of bfloat16, of kind V, warn of a NaN."""
        return x.astype("float32") if x.dtype.kind == "V" else x

    def are_shares(self, x: Any) -> bool:
        """Tell whether all of x is in [0, 1] by its bits, whose order is that of positive floats.

        Those of negative numbers and of NaN are larger.
        """
        if x.dtype == _SINGLE:
            return np.maximum.reduce(x.view(np.uint32), axis=None) <= _ONE_SINGLE
        if x.dtype == _DOUBLE:
            return np.maximum.reduce(x.view(np.uint64), axis=None) <= _ONE_DOUBLE
        return False

    def are_decisions(self, x: Any) -> bool:
        """Tell whether all of x is 0 or 1."""
        return bool(np.count_nonzero(x == 0) + np.count_nonzero(x == 1) == x.size)

    def are_weights(self, x: Any) -> bool:
        """Tell whether all of x is finite and not negative, by its bits."""
        if x.dtype == _SINGLE:
            return np.maximum.reduce(x.view(np.uint32), axis=None) < _INFINITE_SINGLE
        if x.dtype == _DOUBLE:
            return np.maximum.reduce(x.view(np.uint64), axis=None) < _INFINITE_DOUBLE
        return False

    def are_finite(self, x: Any) -> bool:
        """Tell whether all of x is finite: neither of its extremes is infinite, or NaN."""
        if not x.size or x.dtype.kind != "f":
            return False
        low, high = self.extremes(x)
        return low > -math.inf and high < math.inf

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x as numbers."""
        if x.dtype.kind == "V":
            x = self.look(x)
        if not x.size:  # nothing has no extremes
            return x, x
        return np.minimum.reduce(x, axis=None).item(), np.maximum.reduce(x, axis=None).item()

    def read_only(self, x: Any) -> Any:
        """Return x as an array that cannot be written to."""
        if not getattr(x, "shape", ()):
            return x
        x = x.view()
        x.flags.writeable = False
        return x


def _sums_with_less(x: Any, y: Any) -> tuple[Any, Any, Any]:
    less, other, dots = 1 - x, 1 - y, stretches.row_dots
    return dots(x, other), dots(less, y), dots(less, other)


def _number(x: Any, like: Any) -> Any:
    """Return a number, of the dtype that it has beside another one."""
    if isinstance(x, np.generic) and (type(x) is type(like) or type(like) in NUMBERS):
        return x
    return np.where(True, x, like)[()]


def _native(x: Any) -> Any:
    """Return numbers in the order of bytes of this machine."""
    return x.astype(x.dtype.newbyteorder("="), copy=False)


def _wide(x: Any) -> Any:
    """Return float32 numbers in float64, where their products are exact."""
    return x.astype(np.float64) if x.dtype.itemsize == 4 else x


FREE = NumPy(free=True)
LIBRARY = NumPy(free=False)


def recognises(name: str, x: Any) -> bool:
    """Tell whether x is NumPy's, refusing what means more than its values."""
    if isinstance(x, np.ndarray) and type(x) not in (np.ndarray, np.memmap):
        raise refusal(name, x)
    return isinstance(x, (np.ndarray, np.generic))


def _has_short_rows(x: Any, axis: int) -> bool:
    """Tell whether NumPy would go through each of many short rows by itself, which is slow."""
    return x.ndim == 2 and axis % 2 == 1 and x.shape[1] <= _SHORT_ROW and x.dtype in _BITS
