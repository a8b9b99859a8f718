"""TensorFlow: eager tensors, symbolic ones of unknown lengths, and variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow

from .. import numpy
from ..library import NUMBERS, Backward, Both, Counts, Library, Operator
from ..often import compiled_if_often
from . import namespace as xp

tf: Any = tensorflow  # whose functions a type checker does not see

_FEW = 2**10  # numbers that TensorFlow's sum, outside XLA, adds up with few roundings
_ROW = 2**5  # how many numbers are added up in float32
_BLOCK = 2**10  # so many rows are added up one after another


class TensorFlow(Library):
    """TensorFlow's tensors."""

    moveaxis = "tf.experimental.numpy.moveaxis"
    few_groups = 16

    def __init__(self, *, visible: bool = True, variables: bool = False) -> None:
        super().__init__(xp)
        self.visible = self.compiles = visible
        self.variables = variables

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return the terms of these tensors; of variables no others are known yet."""
        for x in arrays:
            if isinstance(x, tf.Variable):
                return VARIABLES
        return LIBRARY if tf.executing_eagerly() else SYMBOLIC

    def shape(self, x: Any) -> tuple[int | None, ...]:
        """Return the shape of x, with None for a length that is not known yet."""
        if x.shape.rank is None:
            raise ValueError(
                "a tensor's number of dimensions must be known, got an unknown rank; "
                "call tensor.set_shape([None]) or give tf.function an input_signature"
            )
        return tuple(x.shape.as_list())

    def of_one_shape(self, y_true: Any, y_prob: Any) -> Any:
        """Return the labels; running fails if their lengths are not those of the scores."""
        if self.visible:
            return y_true
        known, lengths = self.shape(y_prob), self.shape(y_true)
        unknown = sum(a is None or b is None for a, b in zip(lengths, known, strict=True))
        if not unknown:
            return y_true
        if None not in known:  # a reshape to it is dropped before a product with the scores
            return tf.ensure_shape(y_true, known)
        shape = tf.shape(y_prob)
        same = tf.debugging.assert_equal(
            tf.shape(y_true), shape, "`y_true` and `y_prob` must have one shape"
        )
        # XLA drops the assertion, and the optimizer of graphs a reshape to an unknown length. With
        # two lengths unknown a reshape could exchange them.
        with tf.control_dependencies([same]):
            return tf.reshape(y_true, shape) if unknown == 1 else tf.identity(y_true)

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
        """Sum over the axes, over all of them by short rows."""
        if len(axes) < x.shape.rank or x.dtype is not tf.float32:
            return super().sum(x, axes)
        few = self.visible and x.shape.num_elements() <= _FEW
        return xp.sum(x, axis=axes) if few else _in_rows(x)

    def products(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Sum x * y over the axes, past the Python that the operator takes."""
        return self.sum(xp.multiply(x, y), axes)

    def less(self, x: Any) -> Any:
        """Return 1 - x, past the Python that the operator takes."""
        return xp.subtract(1, x)

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

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square, as XLA has it."""
        return not self.visible

    def look(self, x: Any) -> Any:
        """Return the values of x as NumPy's, without a copy, where they are in memory."""
        return numpy.LIBRARY.look(x.numpy()) if "CPU" in x.device else tf.stop_gradient(x)

    def are_shares(self, x: Any) -> bool:
        """Tell whether all of x is in [0, 1], where it is in memory."""
        x = self.look(x)
        return isinstance(x, np.ndarray) and numpy.LIBRARY.are_shares(x)

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x where they are in memory."""
        x = self.look(x)
        return numpy.LIBRARY.extremes(x) if isinstance(x, np.ndarray) else (x, x)

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted, which TensorFlow does not tell."""
        return True

    def has_parameters(self, function: Callable[[Any], Any], like: Any, *, ours: bool) -> bool:
        """Tell whether a function may have parameters, which TensorFlow does not tell."""
        return not ours

    def compiled(
        self, arrays: tuple[Any, ...], function: Callable[..., Any], *options: Any
    ) -> Callable[..., Any] | None:
        """Return a function of eager tensors as a graph, made anew once for other batch lengths."""
        shapes = tuple([tuple(x.shape)[1:] if x.shape.rank else None for x in arrays])
        return compiled_if_often(_graph, _of_shapes, (shapes, function, *options))

    def own_slopes(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return a number and its slopes, in graphs, for XLA's sake as JAX's are."""
        if self.visible:
            return None
        arrays = tuple(map(tf.identity, arrays))  # one tensor may be several of them
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            value = function(*arrays)
        found = tape.gradient(value, arrays, unconnected_gradients="zero")
        return value, tuple(map(tf.convert_to_tensor, found))

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return a value with its gradients, by tf.custom_gradient."""

        def value_of(*arrays: Any) -> tuple[Any, Callable[..., Any]]:
            def backward(slope: Any) -> list[Any]:
                return [slope * x for x in both(*arrays)[1]]

            # What it takes to find the value is not kept: the gradient finds it again.
            return both(*map(tf.stop_gradient, arrays))[0], backward

        return tf.custom_gradient(value_of)(*arrays)

    def with_backward(self, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        """Return counts with the gradient that is given, by tf.custom_gradient, in graphs.

        Gradients in the other arrays are those of `counts`: graphs leave out what nobody asks for.
        """
        if self.visible:
            return counts(*arrays)

        def counts_of(*arrays: Any) -> tuple[Any, Callable[..., Any]]:
            def gradients(*slopes: Any) -> list[Any]:
                # One tensor may be several of them.
                scores, *copies = map(tf.identity, arrays)
                others = [x for x in copies if x.dtype.is_floating]
                with tf.GradientTape() as tape:
                    tape.watch(others)
                    again = counts(tf.stop_gradient(scores), *copies)
                found = iter(tape.gradient(again, others, slopes))
                rest = [next(found) if x.dtype.is_floating else None for x in copies]
                return [backward(slopes, *arrays), *rest]

            return counts(*map(tf.stop_gradient, arrays)), gradients

        return tf.custom_gradient(counts_of)(*arrays)


def _of_shapes(shapes: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function; a graph for batches of other lengths is not to be one for other classes."""
    return function(*arguments)


def _graph(function: Callable[..., Any]) -> Callable[..., Any]:
    return tf.function(function, autograph=False, reduce_retracing=True)


@tf.custom_gradient
def _in_rows(x: Any) -> Any:
    """Sum float32 numbers: 32 at a time as they are, and what comes of it in float64.

    TensorFlow's own sum rounds more than once for each digit of the length, and XLA's is a running
    sum. The gradient would be put together from those of the parts.
    """
    shape, flat = tf.shape(x), tf.reshape(x, (-1,))
    length = tf.size(x) if x.shape.num_elements() is None else x.shape.num_elements()
    whole = length - length % _ROW
    # XLA reads rows as they lie, and takes 30 times as long for strips side by side.
    rows = tf.reduce_sum(tf.reshape(flat[:whole], (-1, _ROW)), 1)
    total = tf.reduce_sum(tf.cast(rows, tf.float64))
    rest = tf.reduce_sum(tf.cast(flat[whole:], tf.float64))
    return tf.cast(total + rest, tf.float32), lambda slope: tf.broadcast_to(slope, shape)


LIBRARY = TensorFlow()
SYMBOLIC = TensorFlow(visible=False)
VARIABLES = TensorFlow(variables=True)


def recognises(x: Any) -> bool:
    """Tell whether x is a dense TensorFlow tensor or variable."""
    return isinstance(x, (tf.Tensor, tf.Variable))


def unwrap(x: Any) -> Any:
    """Return the tensor of a variable, and anything else as it is."""
    return x.value() if isinstance(x, tf.Variable) else x
