"""Functions that move, repeat, join and pick elements."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeAlias

from .creation import asarray, promote
from .dtypes import int64, tf

Axis: TypeAlias = "int | tuple[int, ...] | None"


def axes_of(x: Any, axis: Axis) -> list[int]:
    """Return the axes that one axis, several or None mean, counted from 0."""
    axes = range(len(x.shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    return [a % len(x.shape) for a in axes]


def flat(x: Any, axis: Axis) -> Any:
    """Return x as a vector if no axis is given."""
    return tf.reshape(x, [-1]) if axis is None else x


def reshape(x: Any, /, shape: Any, *, copy: Any = None) -> Any:
    return tf.reshape(asarray(x), shape)


def expand_dims(x: Any, /, *, axis: int = 0) -> Any:
    return tf.expand_dims(asarray(x), axis)


def squeeze(x: Any, /, axis: Axis) -> Any:
    return asarray(x) if axis == () else tf.squeeze(asarray(x), axis)


def permute_dims(x: Any, /, axes: Sequence[int]) -> Any:
    return tf.transpose(asarray(x), axes)


def matrix_transpose(x: Any, /) -> Any:
    return tf.linalg.matrix_transpose(asarray(x))


def moveaxis(x: Any, source: Axis, destination: Axis, /) -> Any:
    x = asarray(x)
    moves = dict(zip(axes_of(x, destination), axes_of(x, source), strict=True))
    rest = iter([a for a in range(x.shape.rank) if a not in moves.values()])
    order = [moves[a] if a in moves else next(rest) for a in range(x.shape.rank)]
    return x if order == sorted(order) else tf.transpose(x, order)


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    return tf.reverse(asarray(x), axes_of(x, axis))


def roll(x: Any, /, shift: Any, *, axis: Axis = None) -> Any:
    x = asarray(x)
    return tf.reshape(tf.roll(flat(x, axis), shift, axis or 0), tf.shape(x))


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    return tf.repeat(asarray(x), repeats, axis)


def tile(x: Any, repetitions: tuple[int, ...], /) -> Any:
    x = asarray(x)
    new = len(repetitions) - len(x.shape)
    return tf.tile(x[(None,) * new + (...,)], (1,) * -new + tuple(repetitions))


def broadcast_to(x: Any, /, shape: Any) -> Any:
    return tf.broadcast_to(asarray(x), shape)


def broadcast_arrays(*arrays: Any) -> list[Any]:
    xs = [asarray(x) for x in arrays]
    shape = functools.reduce(tf.broadcast_dynamic_shape, map(tf.shape, xs))
    return [tf.broadcast_to(x, shape) for x in xs]


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    return tf.stack(promote(*arrays), axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(tf.unstack(asarray(x), axis=axis))


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    return tf.concat([flat(x, axis) for x in promote(*arrays)], axis or 0)


def _gather(x: Any, indices: Any, axis: int, batch_dims: int = 0) -> Any:
    indices = tf.where(indices < 0, indices + tf.shape(x, int64)[axis], indices)
    # Through reshape the gradient is a tensor, not IndexedSlices.
    return tf.gather(tf.reshape(x, tf.shape(x)), indices, axis=axis, batch_dims=batch_dims)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    return _gather(asarray(x), asarray(indices, dtype=int64), axis or 0)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    x, indices = moveaxis(x, axis, -1), moveaxis(asarray(indices, dtype=int64), axis, -1)
    if not x.shape[:-1].is_fully_defined() or x.shape[:-1] != indices.shape[:-1]:
        lead = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
        x = tf.broadcast_to(x, tf.concat([lead, tf.shape(x)[-1:]], 0))
        indices = tf.broadcast_to(indices, tf.concat([lead, tf.shape(indices)[-1:]], 0))
    return moveaxis(_gather(x, indices, -1, x.shape.rank - 1), -1, axis)
