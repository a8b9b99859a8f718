"""JAX: arrays and tracers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import jax as _jax
import jax.numpy as xp
import numpy as np

from .. import numpy
from ..library import Backward, Both, Counts, Library
from ..often import compiled_if_often
from . import crossed

jax: Any = _jax  # not all of which a type checker sees

_BLOCK = 2**10  # so many rows are added up one after another


class Jax(Library):
    """JAX's arrays."""

    moveaxis = "jax.numpy.moveaxis"
    compiles = True
    sums_stand_still = False  # XLA sums by cascades

    @property
    def has_float64(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether there is one: not in JAX as it comes."""
        return bool(jax.config.jax_enable_x64)

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point."""
        return dtype.kind == "f" or xp.isdtype(dtype, "real floating")

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean."""
        return dtype.kind == "b"

    def counted_in(self, x: Any) -> Any:
        """Return scores in the dtype that is counted in: float32 for the half types."""
        return x.astype(xp.float32) if x.dtype.itemsize == 2 else x

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return x in the dtype."""
        return x if x.dtype == dtype else x.astype(dtype)

    def number(self, value: float, like: Any) -> Any:
        """Return a number as an array of the dtype of `like`, where that is bound to be."""
        array = np.asarray(value, like.dtype)
        bound = not isinstance(like, jax.core.Tracer) and like.committed
        return jax.device_put(array, like.sharding) if bound else xp.asarray(array)

    def items(self, arrays: tuple[Any, ...]) -> tuple[float, ...] | None:
        """Return arrays of one element as numbers, where no tracer is among them."""
        for x in arrays:
            if isinstance(x, jax.core.Tracer):
                return None
        if not _is_at_hand(arrays[0]):  # to wait for it takes longer
            return None
        return tuple([x.item() for x in arrays])

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return jax.lax.stop_gradient(x) if isinstance(x, jax.core.Tracer) else x

    def joins(self, x: Any) -> bool:
        """Tell whether axes are to be one: XLA finds no vectors in strips of several."""
        return crossed.are_many(x)

    def crossed(self, x: tuple[Any, Any], y: tuple[Any, Any], axes: tuple[int, ...]) -> Any:
        """Sum the products of each of x with each of y, in one loop where XLA compiles it."""
        if not crossed.suits(x + y, axes):
            return super().crossed(x, y, axes)
        return crossed.sums(axes, *x, *y)

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place."""
        # XLA adds the parts of numbers up before it sums them, and they were to sum without error.
        return jax.lax.optimization_barrier(jax.ops.segment_sum(x, place, size))

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place: in float32 some rows at a time."""
        (k, n, m), step = x.shape, max(_BLOCK, size)
        if self.has_float64:
            step, wide = max(n, 1), x.astype(xp.float64)
        else:
            wide = x
        blocks = -(-n // step)
        first = xp.arange(k)[:, None] * blocks + xp.arange(n) // step
        place = (first * size + place).reshape(-1)
        found = jax.ops.segment_sum(wide.reshape(-1, m), place, k * blocks * size)
        return xp.sum(found.reshape(k, blocks, size, m), axis=1).astype(x.dtype)

    def outer_sums(self, x: Any, y: Any) -> Any:
        """Sum the outer products of the rows of x and y, on a GPU in all of their digits."""
        swapped = xp.swapaxes(self.wide(x), 1, 2)
        return xp.matmul(swapped, self.wide(y), precision="highest").astype(y.dtype)

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square, as JAX has it."""
        return isinstance(y, jax.core.Tracer)

    def apart(self, *arrays: Any) -> tuple[Any, ...] | None:
        """Return the arrays behind a barrier, where XLA compiles for one CPU."""
        return jax.lax.optimization_barrier(arrays) if crossed.are_many(arrays[0]) else None

    def hides(self, x: Any) -> bool:
        """Tell whether x is a tracer of more than its derivatives."""
        return isinstance(jax.lax.stop_gradient(x), jax.core.Tracer)

    def look(self, x: Any) -> Any:
        """Return the values of x as NumPy's, without a copy, where they are in memory."""
        if isinstance(x, jax.core.Tracer):
            x = jax.lax.stop_gradient(x)  # an array, if only derivatives are traced
        if isinstance(x, jax.core.Tracer) or not _is_at_hand(x):
            return x
        return numpy.LIBRARY.look(np.asarray(x))

    def are_shares(self, x: Any) -> bool:
        """Tell whether all of x is in [0, 1]."""
        return self._obeys(numpy.LIBRARY.are_shares, x, 0.0, 1.0)

    def are_weights(self, x: Any) -> bool:
        """Tell whether all of x is finite and not negative."""
        return self._obeys(numpy.LIBRARY.are_weights, x, 0.0, sys.float_info.max)

    def are_finite(self, x: Any) -> bool:
        """Tell whether all of x is finite."""
        return self._obeys(numpy.LIBRARY.are_finite, x, -sys.float_info.max, sys.float_info.max)

    def _obeys(self, in_numpy: Callable[[Any], bool], x: Any, low: float, high: float) -> bool:
        x = self.look(x)
        if isinstance(x, np.ndarray):
            return in_numpy(x)
        if isinstance(x, jax.core.Tracer) or not xp.isdtype(x.dtype, "real floating"):
            return False
        return bool(_is_between(x, low, high))  # the one wait for a device

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x where they are in memory."""
        x = self.look(x)
        return numpy.LIBRARY.extremes(x) if isinstance(x, np.ndarray) else (x, x)

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted."""
        return isinstance(x, jax.core.Tracer)

    def has_parameters(self, function: Callable[[Any], Any], like: Any, *, ours: bool) -> bool:
        """Tell whether what a function makes of an array may have a gradient in something else."""
        # A plain number becomes a tracer by what the function holds only.
        try:
            return isinstance(function(np.zeros(1, like.dtype)), jax.core.Tracer)
        except Exception:  # NumPy's functions take no tracers
            return True

    def compiled(
        self, arrays: tuple[Any, ...], function: Callable[..., Any], *options: Any
    ) -> Callable[..., Any] | None:
        """Return a function as one call, compiled for each shape of arrays, if they are known."""
        for x in arrays:
            if isinstance(self.look(x), jax.core.Tracer):
                return None
        return compiled_if_often(jax.jit, function, options)

    def logistics(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x)), from one power that is none too large."""
        return _logistics(x)

    def own_slopes(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return a number and its slopes.

        XLA puts the last arithmetic before a loop into it, for each score anew; that of dual
        numbers, with a row for each direction, takes ten times as long there as all else.
        """
        if not self.hides(arrays[0]):
            return None
        return jax.value_and_grad(function, argnums=tuple(range(len(arrays))))(*arrays)

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return a value with its gradients, by a custom derivative."""

        @jax.custom_jvp
        def value_of(*arrays: Any) -> Any:
            return both(*arrays)[0]

        @value_of.defjvp
        def _(primals: Any, tangents: Any) -> tuple[Any, Any]:
            value, gradients = both(*primals)
            pairs = zip(gradients, tangents, strict=True)
            return value, sum(xp.sum(x * t) for x, t in pairs if x is not None)

        return value_of(*arrays)

    def with_backward(self, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        """Return counts with the gradient that is given, by a custom derivative, on one CPU."""
        if not crossed.on_one_cpu():
            return counts(*arrays)

        @jax.custom_jvp
        def counts_of(*arrays: Any) -> tuple[Any, ...]:
            # What the gradient finds again as fast XLA would write and read.
            return counts(*(self.apart(*arrays) or arrays))

        def derivatives(primals: Any, tangents: Any) -> tuple[Any, Any]:
            moved = [i for i, t in enumerate(tangents) if not isinstance(t, _ZERO)]
            if any(moved):  # more than the first

                def of_moved(*some: Any) -> tuple[Any, ...]:
                    given = dict(zip(moved, some, strict=True))
                    return counts(*[given.get(i, x) for i, x in enumerate(primals)])

                return jax.jvp(
                    of_moved, *[tuple([x[i] for i in moved]) for x in (primals, tangents)]
                )
            found = counts_of(*primals)

            def back(*slopes: Any) -> Any:
                return backward(slopes, *primals)

            return found, jax.linear_transpose(back, *found)(tangents[0])

        counts_of.defjvp(derivatives, symbolic_zeros=True)
        return counts_of(*arrays)


@jax.custom_jvp
def _logistics(x: Any) -> tuple[Any, Any]:
    # The reciprocal of more than this is no normal number, which XLA takes for 0.
    power = xp.exp(xp.minimum(x, -math.log(xp.finfo(x.dtype).tiny) - 0.1))
    lack = 1 / (power + 1)
    return power * lack, lack


@_logistics.defjvp
def _(primals: Any, tangents: Any) -> tuple[Any, Any]:
    score, lack = _logistics(*primals)
    slope = score * lack * tangents[0]
    return (score, lack), (slope, -slope)


_ZERO = jax.custom_derivatives.SymbolicZero


@jax.jit
def _is_between(x: Any, low: float, high: float) -> Any:
    """Tell whether all of x is; a NaN is not."""
    largest = float(xp.finfo(x.dtype).max)
    return xp.all((x >= xp.maximum(low, -largest)) & (x <= xp.minimum(high, largest)))


def _is_at_hand(x: Any) -> bool:
    """Tell whether an array is in this machine's memory."""
    return x.is_fully_addressable and {device.platform for device in x.devices()} == {"cpu"}


LIBRARY = Jax(xp)


def recognises(x: Any) -> bool:
    """Tell whether x is a JAX array or tracer."""
    return isinstance(x, jax.Array)
