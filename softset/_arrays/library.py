"""What an array library can do: the standard's functions, and the few things it leaves open."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from . import logistic

# By exact type: NumPy's float64 is a Python float too, and an array all the same.
NUMBERS = (bool, int, float, complex)

Both: TypeAlias = "Callable[..., tuple[Any, tuple[Any, ...]]]"
Counts: TypeAlias = "Callable[..., tuple[Any, ...]]"
Backward: TypeAlias = "Callable[..., Any]"
Operator: TypeAlias = "Callable[[Any, Any], Any]"


class Library:
    """The library of a call's arrays, by the array API standard alone.

    It is found once, at the door of a call, and handed on. What a library does differently, or
    better, is in the file that bears its name, and keeps the promises that are made here.
    """

    # Nothing follows what is done to arrays: they may be worked on in pieces, and written to. What
    # is summed over all axes is a number.
    free = False
    # Three sums of memberships in float64, and what is far below them once more by itself, take
    # less time than four.
    three_sums = False
    # Pieces of free arrays stay in a processor's cache.
    in_pieces = True
    # Their values can be looked at: they are not lazy, and no compiler reads along. Of JAX's, and
    # within transforms of PyTorch's, each array tells by itself whether it hides them.
    visible = True
    # They lie in this machine's memory, and some of them are followed by autodiff: to look at a
    # value costs nothing.
    in_memory = False
    # Sums may be read as numbers while something is followed: nothing waits for it that does not
    # anyway.
    reads = False
    # Another library may be quicker with the same memory: `quicker` tells.
    lends = False
    # Each operation on them is a call that costs more than its work, so that `compiled` may pay.
    compiles = False
    # Places among sorted numbers can be searched for; ONNX knows no such operation.
    can_search = True
    # They can be summed in float64.
    has_float64 = True
    # A float32 sum over some of the axes is a running sum, which stands still at 2**24.
    sums_stand_still = True
    # For up to so many groups a mask for each costs less than adding every score up at its place.
    few_groups = 0
    # What errors call the function that moves an axis.
    moveaxis = "xp.moveaxis"
    # Some of them are variables, to be unwrapped.
    variables = False

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return what holds for these arrays; the names go into errors."""
        return self

    @property
    def plain(self) -> Library:
        """The library of constants."""
        return self

    @property
    def can_sort(self) -> bool:
        """Whether arrays can be sorted together."""
        return hasattr(self.xp, "take_along_axis")

    @property
    def threads(self) -> int:
        """How many threads share an operation on free arrays, each with a cache of its own."""
        return 1

    # Shapes and dtypes

    def shape(self, x: Any) -> tuple[int | None, ...]:
        """Return the shape of x, with None for a length that is not known yet."""
        return tuple(x.shape)

    def of_one_shape(self, y_true: Any, y_prob: Any) -> Any:
        """Return the labels; running fails if lengths that only running tells are not the scores'.

        Arithmetic would repeat a single label over all scores.
        """
        return y_true

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point, bfloat16 included."""
        return "bfloat16" in str(dtype) or self.xp.isdtype(dtype, "real floating")

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean."""
        return "bool" in str(dtype)

    def counted_in(self, x: Any) -> Any:
        """Return scores in the dtype that is counted in: float32 for the half types."""
        return self.xp.astype(x, self.xp.float32) if "float16" in str(x.dtype) else x

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return x in the dtype, without a copy where it has it."""
        return x if x.dtype == dtype else self.xp.astype(x, dtype)

    def wide(self, x: Any) -> Any:
        """Return x in float64 where there is one."""
        return self.cast(x, self.xp.float64) if self.has_float64 else x

    def numbers(self, value: Any, like: Any) -> Any:
        """Return a number, or a tuple of them, as an array of the dtype and device of `like`."""
        return self.xp.asarray(value, dtype=like.dtype)

    def number(self, value: Any, like: Any) -> Any:
        """Return a number, or a sum that `total` returned, in the dtype of `like`."""
        return self.numbers(value, like)

    def items(self, arrays: tuple[Any, ...]) -> tuple[float, ...] | None:
        """Return arrays of one element as numbers, or None where these would not be all of them.

        So it is where something follows them, or they are not known yet.
        """
        return None

    def nearby(self, sums: tuple[Any, ...], like: Any) -> tuple[Any, ...]:
        """Return sums of one shape, in the dtype of `like`, where arithmetic with few is fast."""
        return tuple([self.number(x, like) for x in sums]) if self.free else sums

    def back(self, value: Any, slopes: tuple[Any, ...], like: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return what was made of `nearby` sums to where `like` is."""
        return value, slopes

    def copy(self, x: Any) -> Any:
        """Return an option as it is now, if it is an array that may be written to."""
        return x

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return x

    # Sums

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Sum over the axes with an error that does not grow with their length."""
        xp = self.xp
        if self.sums_stand_still and len(axes) < len(x.shape) and x.dtype == xp.float32:
            return xp.astype(xp.sum(xp.astype(x, xp.float64), axis=axes), xp.float32)
        return xp.sum(x, axis=axes)

    def products(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Sum x * y over the axes, with an error as small as that of `sum`."""
        return self.sum(x * y, axes)

    def crossed(self, x: tuple[Any, Any], y: tuple[Any, Any], axes: tuple[int, ...]) -> Any:
        """Sum the products of each of x with each of y over the axes, as `products` does."""
        (first, second), (third, fourth) = x, y
        of_first = self.products(first, third, axes), self.products(first, fourth, axes)
        return *of_first, self.products(second, third, axes), self.products(second, fourth, axes)

    def joins(self, x: Any) -> bool:
        """Tell whether it saves time to have axes that are summed together as one."""
        return False

    def joined(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return x in a shape of fewer axes, or None where that takes a copy."""
        return self.xp.reshape(x, shape)

    def total(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum over the axes in float64 where arrays are free, of all as a number."""
        return self.xp.sum(x, axis=axes, dtype=self.xp.float64)

    def dot(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum of x * y as `total` does."""
        return self.total(x * y, axes)

    def sums(self, x: Any, y: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """Return the sums of x * y, of x and of y as `total` does."""
        return self.dot(x, y, axes), self.total(x, axes), self.total(y, axes)

    def sums_of_shares(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return what `sums` does, the last axis among them, of free arrays of one shape and dtype.

        None where one quick look does not say that both are in [0, 1]: then look again.
        """
        return self.sums(x, y, axes) if self.are_shares(x) and self.are_shares(y) else None

    def sums_with_less(self, x: Any, y: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
        """Return the sums of x * (1 - y), of (1 - x) * y and of (1 - x) * (1 - y) as `total` does.

        The last axis is one of the axes; the arrays are free, and of one shape and dtype.
        """
        less, other = self.less(x), self.less(y)
        return self.dot(x, other, axes), self.dot(less, y, axes), self.dot(less, other, axes)

    def sums_of_logits(self, x: Any, y: Any, axes: tuple[int, ...], *, keep: bool) -> Any:
        """Return what `sums_of_shares` does of p = 1 / (1 + exp(-x)), and p's slopes if to keep.

        None too where nothing is won by it, or one quick look does not say that x is finite.
        """
        return None

    def sums_of_logits_with_less(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return what `sums_with_less` does of p, where `sums_of_logits` did not return None."""
        raise NotImplementedError

    def size(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return how many numbers of x are added up over the axes."""
        return math.prod(x.shape if len(axes) == len(x.shape) else [x.shape[i] for i in axes])

    def any_less(self, x: Any, bound: Any) -> Any:
        """Tell whether a sum that `total` returned is less than a bound."""
        return x < bound if type(x) is float else bool(self.xp.any(x < bound))

    def either(self, condition: Any, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
        """Return what the first function returns if a condition such as `any_less` holds.

        Else what the second does. The arrays that they return are of one shape and dtype.
        """
        return first() if condition else second()

    def zeros_for(self, shape: tuple[int, ...], like: Any) -> Any:
        """Return zeros that counts such as these, in float64 at least, can be added to."""
        dtype = self.xp.result_type(like.dtype, self.xp.float64)
        return self.xp.zeros(shape, dtype=dtype, device="cpu")

    def running(self, x: Any) -> Any:
        """Return the running sums along the last axis, with an error as small as that of `sum`."""
        xp = self.xp
        if self.sums_stand_still and x.dtype == xp.float32:
            return xp.astype(xp.cumulative_sum(xp.astype(x, xp.float64), axis=-1), xp.float32)
        return xp.cumulative_sum(x, axis=-1, dtype=x.dtype)

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place in an array of that size; None if it cannot."""
        bincount = getattr(self.xp, "bincount", None)  # CuPy's
        return None if bincount is None else bincount(place, weights=x, minlength=size)

    def look_up(self, table: Any, place: Any) -> Any:
        """Return what is along the first axis at places counted from its beginning."""
        return self.xp.take(table, place, axis=0)

    # Rows: of arrays (k, n, m), k times n rows of m numbers

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place, of (k, n) from 0 to size - 1, as (k, size, m).

        The error is as small as that of `sum`; where arrays are free it is in float64.
        """
        classes = self.numbers(tuple(range(size)), place)
        return self.outer_sums(self.cast(place[..., None] == classes, x.dtype), x)

    def outer_sums(self, x: Any, y: Any) -> Any:
        """Sum the outer products of the rows of x and y, as (k, columns of x, columns of y).

        With an error, and in a dtype, as for `add_rows`.
        """
        swapped = self.xp.permute_dims(self.wide(x), (0, 2, 1))
        found = self.xp.matmul(swapped, self.wide(y))
        return found if self.free else self.cast(found, y.dtype)

    def largest(self, x: Any, axis: int) -> Any:
        """Return the largest number along an axis, which stays, of length 1."""
        return self.xp.max(x, axis=axis, keepdims=True)

    def place_of_largest(self, x: Any, axis: int) -> Any:
        """Return the place of the first largest number along an axis, which stays, of length 1."""
        return self.xp.argmax(self.constant(x), axis=axis, keepdims=True)

    def sum_of(self, x: Any, axis: int) -> Any:
        """Sum along an axis, which stays, of length 1."""
        return self.xp.sum(x, axis=axis, keepdims=True)

    def softmax(self, x: Any, axis: int) -> Any:
        """Return exp(x), divided by its sum along an axis."""
        parts = self.xp.exp(x - self.largest(self.constant(x), axis))
        return parts / self.sum_of(parts, axis)

    def softmax_slope(self, shares: Any, slope: Any, axis: int) -> Any:
        """Return the gradient in what `softmax` made shares of, given that in the shares."""
        return shares * (slope - self.sum_of(slope * shares, axis))

    def rows_at(self, table: Any, place: Any) -> Any:
        """Return the rows of (k, size, m) at places of (k, n), as (k, n, m)."""
        xp, (k, size, m) = self.xp, table.shape
        if k > 1:
            first = self.numbers(tuple(range(0, k * size, size)), place)
            place, table = place + first[:, None], xp.reshape(table, (1, k * size, m))
        found = self.look_up(table[0, ...], xp.reshape(place, (-1,)))
        return xp.reshape(found, (k, -1, m)) if k > 1 else found[None, ...]

    # Order

    def in_order(self, x: Any, *others: Any) -> list[Any]:
        """Return x in increasing order along the last axis, and others of its shape beside it.

        Between equal elements of x there is no order, which is found faster than a stable one.
        """
        order = self.xp.argsort(self.constant(x), axis=-1, stable=False)
        return [self.xp.take_along_axis(y, order, axis=-1) for y in (x, *others)]

    def firsts(self, x: Any) -> Any:
        """Return, for each element of a 1-D array in order, the place of the first equal to it."""
        return self.xp.searchsorted(x, x)

    # Arithmetic and choices

    def less(self, x: Any) -> Any:
        """Return 1 - x."""
        return 1 - x

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Return x where the condition holds, else y; one of the two may be a number."""
        return self.xp.where(condition, x, y)

    def kept(self, x: Any, where: Any) -> Any:
        """Return x where a mask holds, else 0."""
        return self.where(where, x, 0.0)

    def logistic(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)) without overflow; both tails keep their gradient."""
        return logistic.logistic(self.xp, x)

    def logistics(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)).

        Both tails of both keep their value, as far as the dtype has normal numbers.
        """
        return logistic.logistics(self.xp, x)

    def logistic_and_slope(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and its slope; both tails of both keep their value."""
        score, lack = self.logistics(x)
        return score, self.in_place(lack)[1](lack, score)

    def softplus_tail(self, x: Any) -> Any:
        """Return log(1 + exp(-|x|)), at 0 with the slope that it has above."""
        return logistic.softplus_tail(self.xp, x)

    def divided(self, x: Any, y: Any) -> Any:
        """Return x / y, with a finite slope in y also where the square of y is 0 in float32."""
        if not self.divides_by_squares(y):
            return x / y
        scale = 1 / self.constant(y)
        return (x * scale) / (y * scale)

    def least(self, x: Any) -> float:
        """Return the smallest number that x may be divided by.

        What is less has a reciprocal, which is a slope, near the end of the dtype's range.
        """
        return 2.0**-110 if x.dtype == self.xp.float32 else 2.0**-1000

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square."""
        return False

    def clipped(self, x: Any, *, alone: bool = False) -> Any:
        """Return numbers outside [0, 1] as 0 or 1, and NaN as it is; at 0 and 1 the slope is 1.

        `alone` says that of x no gradient needs more than where it was clipped.
        """
        x = self.xp.where(x < 0, 0.0, x)
        return self.xp.where(x > 1, 1.0, x)

    def inside(self, x: Any) -> Any:
        """Return 1 where `clipped` keeps a number, else 0, in the dtype of x."""
        return self.xp.astype(x == self.clipped(x), x.dtype)

    def kept_inside(self, x: Any, scores: Any) -> Any:
        """Return x, and 0 where `clipped` does not keep the score, unless x is infinite."""
        return x * self.inside(scores)

    def below(self, x: Any, bound: Any) -> Any:
        """Return 1 where x < bound, else 0, in the dtype of x."""
        return self.xp.astype(x < bound, x.dtype)

    def above(self, x: Any, bound: Any) -> Any:
        """Return 1 where x > bound, else 0, in the dtype of x."""
        return self.xp.astype(x > bound, x.dtype)

    def within(self, x: Any, low: float, high: float, inside: float, outside: float) -> Any:
        """Return one number where low <= x <= high, else another, in the dtype of x.

        That outside is at least 0 and at most that inside.
        """
        held = self.xp.astype((x >= low) & (x <= high), x.dtype)
        return held * inside + (1 - held) * outside

    def in_place(self, *arrays: Any) -> tuple[Operator, Operator]:
        """Return + and *, which write to their left operand where arrays are free.

        That saves the time of new memory. The first array is none that Python holds as a number;
        the operand must be new, and of the dtype and the shape
        of the result; where arrays are of several dtypes, or of integers, nothing is written to.
        """
        return operator.add, operator.mul

    def chosen(self, y: Any, positive: Any, negative: Any, room: Any = None) -> Any:
        """Return y * positive + (1 - y) * negative, for shares y.

        It may be in `room`, a free array of the shape and dtype of the result, if there is some.
        """
        return y * positive + self.less(y) * negative

    def larger(self, x: Any, y: Any) -> Any:
        """Return the larger of each pair, in the memory of x where arrays are free."""
        return self.xp.maximum(x, y)

    def smaller(self, x: Any, y: Any) -> Any:
        """Return the smaller of each pair, in the memory of x where arrays are free."""
        return self.xp.minimum(x, y)

    # Values

    def hides(self, x: Any) -> bool:
        """Tell whether a compiler reads what is done to x, or a transform that cannot show it."""
        return not self.visible

    def apart(self, *arrays: Any) -> tuple[Any, ...] | None:
        """Return the arrays so that a compiler finds what is made of them anew, instead of keeping.

        None where it does not matter.
        """
        return None

    def look(self, x: Any) -> Any:
        """Return the values of x as the array that costs least to look at."""
        return self.constant(x)

    def signed(self, x: Any) -> Any:
        """Return integers in a dtype whose numbers can be compared."""
        return x

    def are_shares(self, x: Any) -> bool:
        """Tell whether one quick look says that all of x is in [0, 1]; if not, look again."""
        return False

    def are_decisions(self, x: Any) -> bool:
        """Tell whether one look says that all of x is 0 or 1; if not, it may be."""
        return False

    def are_weights(self, x: Any) -> bool:
        """Tell whether one look says that x is finite and not negative; if not, look again."""
        return False

    def are_finite(self, x: Any) -> bool:
        """Tell whether one quick look says that x is finite; if not, look again."""
        return False

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x, NaN if it holds one.

        Where they are hidden, or may pass over a NaN as XLA's do, it is what `look` returns, twice:
        what holds for both then holds for all of it. They are numbers where no device has to be
        waited for.
        """
        x = self.look(x)
        return x, x

    def read_only(self, x: Any) -> Any:
        """Return x as an array that a function of a user's cannot write to, where there is one."""
        return x

    def version(self, x: Any) -> int:
        """Return a number that changes when x is written to."""
        return 0

    # Gradients

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted."""
        return False

    def has_parameters(self, function: Callable[[Any], Any], like: Any, *, ours: bool) -> bool:
        """Tell whether what a function makes of an array may be differentiated in something else.

        One of ours holds numbers only.
        """
        return False

    def is_alone(self, x: Any, others: tuple[Any, ...]) -> bool:
        """Tell whether `in_two_passes` can give the gradient in x, and none in others is wanted."""
        return False

    def in_two_passes(
        self,
        first: Callable[..., tuple[Any, Any]],
        second: Callable[..., Any],
        again: Callable[..., Any],
        *inputs: Any,
        threads: int,
    ) -> Any:
        """Return what `first` makes of the inputs, with `second` for the gradient in the first.

        Its operations on large arrays are worth sharing among so many `threads`, or more.

        `first` is called with a library, None for that of the inputs, and these. It returns a
        value, or a tuple of them, and what `second` is called with before their slopes. `again`
        returns the same values, for autodiff to follow. The inputs that they get may be another
        library's of the same memory.
        """
        raise NotImplementedError

    def compiled(
        self, arrays: tuple[Any, ...], function: Callable[..., Any], *options: Any
    ) -> Callable[..., Any] | None:
        """Return a function of arrays, hashable options fixed before them, as one compiled call.

        None where it costs more, as for the first calls, or where these arrays are hidden.
        """
        return None

    def own_slopes(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return what a function makes of arrays, one number, and the slope in each by autodiff.

        None where no compiler reads along: eagerly dual numbers take less time.
        """
        return None

    def quicker(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return what a function makes of another library, and of free arrays as that one's.

        They are of the same memory, and what it returns, an array or several, is of this library.
        None where it takes no less time.
        """
        return None

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return the first of what `both` returns, a value, with the second as its gradients.

        `both` is differentiated itself for second derivatives. A gradient may be None, in an
        array that nothing follows. `otherwise` gives the value where a framework cannot be told.
        """
        return both(*arrays)[0]

    def with_backward(self, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        """Return what `counts` makes of the arrays, with a gradient in the first that is given.

        `backward` makes it of the slopes in the counts and the arrays. It is taken only where it
        is the whole gradient, for one order of derivatives or for all.
        """
        return counts(*arrays)


class Variables(Library):
    """What holds an array, to be taken out of it before anything else."""

    variables = True
