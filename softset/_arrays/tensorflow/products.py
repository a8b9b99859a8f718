"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

from .creation import promote
from .dtypes import tf
from .reductions import sum
from .shapes import squeeze


def matmul(x1: Any, x2: Any, /) -> Any:
    x1, x2 = promote(x1, x2)
    row, column = x1.shape.rank == 1, x2.shape.rank == 1
    x = tf.matmul(x1[None] if row else x1, x2[:, None] if column else x2)
    return squeeze(x, (-2,) * row + (-1,) * column)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tf.tensordot(*promote(x1, x2), axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = promote(x1, x2)
    return sum(tf.math.conj(x1) * x2, axis=axis, dtype=x1.dtype)
