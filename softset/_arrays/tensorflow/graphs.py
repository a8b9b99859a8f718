"""TensorFlow's symbolic tensors: in graphs as they are, and where XLA compiles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..library import Backward, Counts
from . import crossed, rows
from .dtypes import float32, float64, raw, tf, uint32, uint64
from .library import TensorFlow

Thunk: TypeAlias = "Callable[[], Any]"


class Symbolic(TensorFlow):
    """Symbolic tensors, whose values nobody sees before the graph runs."""

    visible = compiles = False

    def of_one_shape(self, y_true: Any, y_prob: Any) -> Any:
        """Return the labels; running fails if their lengths are not those of the scores."""
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

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted, also when the graph is there."""
        return True

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square, as XLA has it."""
        return True

    def own_slopes(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
        """Return a number and its slopes, in graphs, for XLA's sake as JAX's are."""
        arrays = tuple(map(tf.identity, arrays))  # one tensor may be several of them
        with tf.GradientTape() as tape:
            tape.watch(arrays)
            value = function(*arrays)
        found = tape.gradient(value, arrays, unconnected_gradients="zero")
        return value, tuple(map(tf.convert_to_tensor, found))

    def with_backward(self, counts: Counts, backward: Backward, *arrays: Any) -> tuple[Any, ...]:
        """Return counts with the gradient that is given, by tf.custom_gradient.

        Gradients in the other arrays are those of `counts`: graphs leave out what nobody asks for.
        """

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


class Graph(Symbolic):
    """TensorFlow's symbolic tensors: each operation passes over the data, and writes anew."""

    three_sums = True
    length = 2**7

    def dot(self, x: Any, y: Any, axes: tuple[int, ...]) -> Any:
        """Return the sum of x * y over the axes in float64."""
        return self.total(x * y, axes)

    def size(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return how many numbers of x are added up over the axes."""
        lengths = rows.lengths(x)
        return tf.cast(rows.product([tf.cast(lengths[i], tf.int64) for i in axes]), tf.float64)

    def number(self, value: Any, like: Any) -> Any:
        """Return a number, or a sum that `total` returned, in the dtype of `like`."""
        return tf.cast(value, like.dtype)

    def any_less(self, x: Any, bound: Any) -> Any:
        """Tell whether a sum is less than a bound, when the graph runs."""
        return tf.reduce_any(x < bound)

    def either(self, condition: Any, first: Thunk, second: Thunk) -> Any:
        """Return what one of two functions returns: the graph has both, and runs one.

        The gradient is that of the second: the two differ by what they round.
        """
        value = second()
        found = tf.cond(condition, first, lambda: value)
        return tf.stop_gradient(found) + (value - tf.stop_gradient(value))

    def logistic(self, x: Any) -> Any:
        """Return 1 / (1 + exp(-x)) by TensorFlow's own, with the gradient of both tails."""
        return _logistic(x)

    def logistics(self, x: Any) -> tuple[Any, Any]:
        """Return 1 / (1 + exp(-x)) and 1 / (1 + exp(x))."""
        return _logistic(x), _logistic(-x)

    def clipped(self, x: Any, *, alone: bool = False) -> Any:
        """Return numbers outside [0, 1] as 0 or 1, where there are any."""
        return _where(_are_shares, _first, super().clipped, x)

    def kept_inside(self, x: Any, scores: Any) -> Any:
        """Return x, and 0 where `clipped` changes the scores, where there are such."""
        return _where(_leaves, _first, super().kept_inside, x, scores)

    def chosen(self, y: Any, positive: Any, negative: Any, room: Any = None) -> Any:
        """Return y * positive + (1 - y) * negative, as one product where both keep their digits."""
        two = [tf.convert_to_tensor(x, y.dtype) for x in (positive, negative)]
        return _where(_falls, _between, super().chosen, y, *two)


class Xla(Symbolic):
    """Symbolic tensors that XLA compiles: what is done to each number is one loop."""

    def crossed(self, x: tuple[Any, Any], y: tuple[Any, Any], axes: tuple[int, ...]) -> Any:
        """Sum the products of each of x with each of y, in one loop."""
        if not crossed.suits(x + y, axes):
            return super().crossed(x, y, axes)
        return crossed.sums(axes, *x, *y)


def _where(holds: Any, quick: Any, plain: Any, *arrays: Any) -> Any:
    """Return what a quick function makes of arrays where a condition holds, else a plain one.

    It has the gradient of the plain one, whose operations are all that is differentiated again.
    """

    @tf.custom_gradient
    def of_arrays(*arrays: Any) -> tuple[Any, Callable[[Any], Any]]:
        def backward(slope: Any) -> Any:
            copies = list(map(tf.identity, arrays))
            with tf.GradientTape() as tape:
                tape.watch(copies)
                value = plain(*copies)
            return tape.gradient(value, copies, slope)

        return tf.cond(holds(*arrays), lambda: quick(*arrays), lambda: plain(*arrays)), backward

    return of_arrays(*arrays)


def _first(x: Any, *others: Any) -> Any:
    return x


def _leaves(x: Any, scores: Any) -> Any:
    return _are_shares(scores)


def _falls(y: Any, positive: Any, negative: Any) -> Any:
    return tf.reduce_all(tf.abs(positive) >= tf.abs(negative))


def _between(y: Any, positive: Any, negative: Any) -> Any:
    return y * (positive - negative) + negative


@tf.custom_gradient
def _logistic(x: Any) -> Any:
    def backward(slope: Any) -> Any:
        # The smaller of p and 1 - p, of which 1 minus the other would keep no digits.
        return raw.SigmoidGrad(y=raw.Sigmoid(x=raw.Neg(x=raw.Abs(x=x))), dy=slope)

    return raw.Sigmoid(x=x), backward


def _are_shares(x: Any) -> Any:
    """Tell whether all of x is in [0, 1]: the bits of all other numbers are larger ones."""
    bits = {float32: uint32, float64: uint64}[x.dtype]
    return rows.largest(tf.bitcast(x, bits)) <= tf.bitcast(tf.ones((), x.dtype), bits)


IN_GRAPH = Graph()
IN_XLA = Xla()
ELSEWHERE = Symbolic()  # a GPU sums fast as it is, and waits for what a condition says


def symbolic() -> Symbolic:
    """Return the terms of symbolic tensors in the graph that is being made."""
    if any(x.device_type != "CPU" for x in tf.config.list_physical_devices()):
        return ELSEWHERE
    return IN_XLA if crossed.in_xla() else IN_GRAPH
