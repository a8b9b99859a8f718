"""Sums of many float32 numbers in TensorFlow: short rows as they are, and these in float64.

TensorFlow's own sum rounds more than once for each digit of the length, and XLA's is a running sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .dtypes import float32, float64, tf

_MANY = 2**10


def total(x: Any, axes: tuple[int, ...], length: int) -> Any:
    """Return the sum over axes in float64, of float32 numbers so many at a time.

    The gradient is not put together from those of the parts.
    """
    return _total(axes, length)(x)


def largest(x: Any) -> Any:
    """Return the largest of unsigned integers, some at a time, which takes half as long."""
    flat, size = tf.reshape(x, (-1,)), product(lengths(x))
    whole = size - size % _MANY
    body = tf.reduce_max(tf.reshape(flat[:whole], (-1, _MANY)), 1)
    return tf.maximum(tf.reduce_max(body), tf.reduce_max(flat[whole:]))


def first_of(axes: tuple[int, ...], last: int) -> int:
    """Return the first of the axes that lie side by side up to the last."""
    while last - 1 in axes:
        last -= 1
    return last


def lengths(x: Any) -> list[Any]:
    """Return the shape of x, with a tensor for a length that only running tells."""
    known = x.shape.as_list()
    return (
        known
        if None not in known
        else [tf.shape(x)[i] if n is None else n for i, n in enumerate(known)]
    )


def product(numbers: list[Any]) -> Any:
    """Return the product of lengths."""
    return math.prod(numbers[1:], start=numbers[0]) if numbers else 1


def spread(slope: Any, axes: tuple[int, ...], x: Any) -> Any:
    """Return a slope in a sum over axes of x, with these as axes of length 1."""
    shape = [1 if i in axes else n for i, n in enumerate(lengths(x))]
    return tf.reshape(tf.cast(slope, x.dtype), shape)


def _total(axes: tuple[int, ...], length: int) -> Callable[[Any], Any]:
    @tf.custom_gradient
    def of_array(x: Any) -> Any:
        def backward(slope: Any) -> Any:
            return tf.broadcast_to(spread(slope, axes, x), tf.shape(x))

        return _in_rows(x, axes, length), backward

    return of_array


def _in_rows(x: Any, axes: tuple[int, ...], length: int) -> Any:
    rank = x.shape.rank
    first = first_of(axes, rank)
    if x.dtype is not float32 or first == rank:
        return tf.reduce_sum(tf.cast(x, float64), axes)
    shape = lengths(x)
    before, size = shape[:first], product(shape[first:])
    rest = size % length
    flat, others = tf.reshape(x, [*before, size]), [i for i in axes if i < first]
    body = flat[..., : size - rest]
    # XLA reads rows as they lie, and takes 30 times as long for strips side by side.
    rows = tf.reduce_sum(tf.reshape(body, [*before, size // length, length]), -1)
    found = tf.reduce_sum(tf.cast(rows, float64), [*others, first])
    if type(rest) is int and rest == 0:
        return found
    left = tf.cast(flat[..., size - rest :], float64)
    return found + tf.reduce_sum(left, [*others, first])
