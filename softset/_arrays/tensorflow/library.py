"""TensorFlow: eager tensors, symbolic ones of unknown lengths, and variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow

from .. import numpy
from ..library import NUMBERS, Both, Library, Operator
from ..often import compiled_if_often
from . import namespace as xp
from . import rows

try:  # not public
    from tensorflow.python.ops.gradients_util import PossibleTapeGradientTypes as _watched
except ImportError:  # pragma: no cover
    _watched = None

tf: Any = tensorflow  # whose functions a type checker does not see

_FEW = 2**10  # numbers that TensorFlow's sum, outside XLA, adds up with few roundings
_BLOCK = 2**10  # so many rows are added up one after another


class TensorFlow(Library):
    """TensorFlow's tensors."""

    moveaxis = "tf.experimental.numpy.moveaxis"
    few_groups = 16
    compiles = True
    length = 2**5  # so many numbers are added up in float32

    def __init__(self, *, variables: bool = False) -> None:
        super().__init__(xp)
        self.variables = variables

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return the terms of these tensors; of variables no others are known yet."""
        for x in arrays:
            if isinstance(x, tf.Variable):
                return VARIABLES
        if tf.executing_eagerly():
            return LIBRARY
        from .graphs import symbolic

        return symbolic()

    def shape(self, x: Any) -> tuple[int | None, ...]:
        """Return the shape of x, with None for a length that is not known yet."""
        if x.shape.rank is None:
            raise ValueError(
                "a tensor's number of dimensions must be known, got an unknown rank; "
                "call tensor.set_shape([None]) or give tf.function an input_signature"
            )
        return tuple(x.shape.as_list())

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point."""
        return dtype.is_floating

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean."""
        return dtype.is_bool

    def counted_in(self, x: Any) -> Any:
        """Return scores in the dtype that is counted in: float32 for the half types."""
        return tf.cast(x, tf.float32) if x.dtype.size == 2 else x

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return x in the dtype."""
        return x if x.dtype is dtype else xp.astype(x, dtype)

    def constant(self, x: Any) -> Any:
        """Return x as a constant that no gradient flows through."""
        return x if type(x) in NUMBERS else tf.stop_gradient(x)

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Sum over the axes, where the last is among them by short rows."""
        if x.shape.rank - 1 not in axes or x.dtype is not tf.float32:
            return super().sum(x, axes)
        few = self.visible and len(axes) == x.shape.rank and x.shape.num_elements() <= _FEW
        return xp.sum(x, axis=axes) if few else tf.cast(self.total(x, axes), x.dtype)

    def total(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum over the axes in float64."""
        return rows.total(x, axes, self.length)

    def products(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Sum x * y over the axes, past the Python that the operator takes."""
        return self.sum(xp.multiply(x, y), axes)

    def less(self, x: Any) -> Any:
        """Return 1 - x, past the Python that the operator takes."""
        return xp.subtract(1, x)

    def clipped(self, x: Any, *, alone: bool = False) -> Any:
        """Return numbers outside [0, 1] as 0 or 1, and NaN as it is, by one operation."""
        return tf.clip_by_value(x, 0.0, 1.0)

    def in_place(self, *arrays: Any) -> tuple[Operator, Operator]:
        """Return + and *, past the Python that the operators take; nothing is written to."""
        return xp.add, xp.multiply

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place."""
        return tf.math.unsorted_segment_sum(x, place, size)

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place: some rows at a time, and what comes of it wide."""
        shape, step = tf.shape(x), max(_BLOCK, size)
        k, n, m = shape[0], shape[1], x.shape[2]
        blocks = (n + step - 1) // step
        first = tf.range(k)[:, None] * blocks + tf.range(n) // step
        place = tf.reshape(first * size + tf.cast(place, tf.int32), (-1,))
        found = tf.math.unsorted_segment_sum(tf.reshape(x, (-1, m)), place, k * blocks * size)
        found = tf.reshape(found, (k, blocks, size, m))
        found = tf.cast(tf.reduce_sum(self.wide(found), 1), x.dtype)
        return tf.ensure_shape(found, (x.shape[0], size, m))

    def rows_at(self, table: Any, place: Any) -> Any:
        """Return the rows at places."""
        return tf.gather(table, place, batch_dims=1)

    def look(self, x: Any) -> Any:
        """Return the values of x as NumPy's, without a copy, where they are in memory."""
        if "CPU" not in x.device:
            return tf.stop_gradient(x)
        # What NumPy has no dtype for it cannot share either.
        return numpy.LIBRARY.look(x.numpy() if x.dtype.size == 2 else np.asarray(x))

    def are_shares(self, x: Any) -> bool:
        """Tell whether all of x is in [0, 1], where it is in memory."""
        x = self.look(x)
        return isinstance(x, np.ndarray) and numpy.LIBRARY.are_shares(x)

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x where they are in memory."""
        x = self.look(x)
        return numpy.LIBRARY.extremes(x) if isinstance(x, np.ndarray) else (x, x)

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted: whether a tape, if it tells, watches x."""
        return _watched is None or bool(_watched([x]))

    def has_parameters(self, function: Callable[[Any], Any], like: Any, *, ours: bool) -> bool:
        """Tell whether a function may have parameters, which TensorFlow does not tell."""
        return not ours

    def compiled(
        self, arrays: tuple[Any, ...], function: Callable[..., Any], *options: Any
    ) -> Callable[..., Any] | None:
        """Return a function of eager tensors as a graph, made anew once for other batch lengths.

        None where second derivatives may be wanted, which graphs within tapes hardly have.
        """
        shapes = tuple([tuple(x.shape)[1:] if x.shape.rank else None for x in arrays])
        if _watched is not None and _watched(list(arrays)) > 1:
            return None
        followed = tuple(map(self.is_followed, arrays))
        return compiled_if_often(_graph, _of_terms, (shapes, followed, function, *options))

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return a value with its gradients, by tf.custom_gradient."""

        def value_of(*arrays: Any) -> tuple[Any, Callable[..., Any]]:
            def backward(slope: Any) -> list[Any]:
                return [None if x is None else slope * x for x in both(*arrays)[1]]

            # What it takes to find the value is not kept: the gradient finds it again.
            return both(*map(tf.stop_gradient, arrays))[0], backward

        return tf.custom_gradient(value_of)(*arrays)


def _of_terms(shapes: Any, followed: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function; a graph for batches of other lengths is not to be one for other classes.

    Its gradient is made in all arrays that are not constants.
    """
    wanted = iter(followed)
    given = [x if not tf.is_tensor(x) or next(wanted) else tf.stop_gradient(x) for x in arguments]
    return function(*given)


def _graph(function: Callable[..., Any]) -> Callable[..., Any]:
    return tf.function(function, autograph=False, reduce_retracing=True)


LIBRARY = TensorFlow()
VARIABLES = TensorFlow(variables=True)


def recognises(x: Any) -> bool:
    """Tell whether x is a dense TensorFlow tensor or variable."""
    return isinstance(x, (tf.Tensor, tf.Variable))


def unwrap(x: Any) -> Any:
    """Return the tensor of a variable, and anything else as it is."""
    return x.value() if isinstance(x, tf.Variable) else x
