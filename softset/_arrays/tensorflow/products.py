"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

from .creation import cast, promote
from .dtypes import int64, raw, tf
from .reductions import sum
from .shapes import squeeze


def _multipliable(x1: Any, x2: Any) -> tuple[Any, Any, Any]:
    """Return arrays in what TensorFlow multiplies matrices of, and their common dtype."""
    x1, x2 = promote(x1, x2)
    dtype = x1.dtype
    if dtype.is_integer:  # the same in 64 bits, up to what wraps around
        x1, x2 = cast(x1, int64), cast(x2, int64)
    return x1, x2, dtype


def matmul(x1: Any, x2: Any, /) -> Any:
    """Return the product of matrices or vectors."""
    x1, x2, dtype = _multipliable(x1, x2)
    row, column = x1.shape.rank == 1, x2.shape.rank == 1
    x = tf.matmul(x1[None] if row else x1, x2[:, None] if column else x2)
    return cast(squeeze(x, (-2,) * row + (-1,) * column), dtype)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Return the sum of products over several axes."""
    x1, x2, dtype = _multipliable(x1, x2)
    return cast(tf.tensordot(x1, x2, axes), dtype)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Return the sum of products along an axis of one length; the others are broadcast."""
    x1, x2 = promote(x1, x2)
    length = x1.shape.as_list()[axis], x2.shape.as_list()[axis]
    if None in length:
        x1 = _of_length(x1, x2, axis)
    elif length[0] != length[1]:
        raise ValueError(
            f"`x1` and `x2` must have one length along `axis`, got {length[0]} and {length[1]}"
        )
    x1 = tf.math.conj(x1) if x1.dtype.is_complex else x1
    return sum(raw.Mul(x=x1, y=x2), axis=axis, dtype=x1.dtype)


def _of_length(x1: Any, x2: Any, axis: int) -> Any:
    """Return x1; running fails if its length along an axis is not that of x2.

    XLA drops the assertion, and the optimizer of graphs the reshape.
    """
    shape, length = tf.shape(x1), tf.shape(x2)[axis]
    message = "`x1` and `x2` must have one length along `axis`"
    place = axis % x1.shape.rank
    with tf.control_dependencies([tf.debugging.assert_equal(shape[axis], length, message)]):
        return tf.reshape(x1, tf.concat([shape[:place], [length], shape[place + 1 :]], 0))
