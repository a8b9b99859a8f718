"""Functions that move, repeat, join and pick elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from .creation import asarray, cast, integers, promote
from .dtypes import int32, int64, raw, tf, uint16

Axis: TypeAlias = "int | tuple[int, ...] | None"


def axes_of(x: Any, axis: Axis) -> list[int]:
    """Return the axes that one axis, several or None mean, counted from 0."""
    rank = x.shape.rank
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return [a % rank for a in axes]


def flat(x: Any, axis: Axis) -> Any:
    """Return x as a vector if no axis is given."""
    if axis is not None or x.shape.rank == 1:
        return x
    return raw.Reshape(tensor=x, shape=integers([-1]))


def reshape(x: Any, /, shape: Any, *, copy: Any = None) -> Any:
    """Return the elements in another shape; one length may be -1."""
    return raw.Reshape(tensor=asarray(x), shape=integers(shape))


def expand_dims(x: Any, /, axis: int = 0) -> Any:
    """Return x with a new axis of length 1."""
    return raw.ExpandDims(input=asarray(x), axis=axis)


def squeeze(x: Any, /, axis: Axis) -> Any:
    """Return x without axes of length 1."""
    x = asarray(x)
    if axis == ():  # TensorFlow would remove all
        return x
    return raw.Squeeze(input=x, axis=[axis] if isinstance(axis, int) else list(axis or ()))


def permute_dims(x: Any, /, axes: Sequence[int]) -> Any:
    """Return x with its axes in another order."""
    return raw.Transpose(x=asarray(x), perm=integers(axes))


def matrix_transpose(x: Any, /) -> Any:
    """Return x with its last two axes exchanged."""
    return moveaxis(x, -1, -2)


def moveaxis(x: Any, source: Axis, destination: Axis, /) -> Any:
    """Return x with axes moved to other places."""
    x = asarray(x)
    if source == destination:
        return x
    moves = dict(zip(axes_of(x, destination), axes_of(x, source), strict=True))
    ranks = range(x.shape.rank)
    rest = iter([a for a in ranks if a not in moves.values()])
    order = [moves[a] if a in moves else next(rest) for a in ranks]
    return x if order == sorted(order) else permute_dims(x, order)


def flip(x: Any, /, *, axis: Axis = None) -> Any:
    """Return x with the elements along axes, or all, in reverse order."""
    x = asarray(x)
    return raw.ReverseV2(tensor=x, axis=integers(axes_of(x, axis)))


def roll(x: Any, /, shift: Any, *, axis: Axis = None) -> Any:
    """Return x with its elements moved along, from the end to the beginning."""
    x = asarray(x)
    moved = raw.Roll(input=flat(x, axis), shift=integers(shift), axis=integers(axis or 0))
    return raw.Reshape(tensor=moved, shape=raw.Shape(input=x))


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Return x with each element repeated."""
    x = asarray(x)
    counts = repeats if isinstance(repeats, int) else asarray(repeats)
    return cast(tf.repeat(_repeatable(x), counts, axis), x.dtype)


def tile(x: Any, repetitions: tuple[int, ...], /) -> Any:
    """Return copies of x side by side."""
    x = asarray(x)
    new = len(repetitions) - x.shape.rank
    counts = integers((1,) * -new + tuple(repetitions))
    wide = _repeatable(x)
    wide = wide[(None,) * new + (...,)] if new > 0 else wide
    return cast(raw.Tile(input=wide, multiples=counts), x.dtype)


def _repeatable(x: Any) -> Any:
    """Return x in a dtype that TensorFlow repeats: it leaves uint16 out."""
    return cast(x, int32) if x.dtype == uint16 else x


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """Return x repeated to another shape."""
    return raw.BroadcastTo(input=asarray(x), shape=integers(shape))


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """Return the arrays repeated to their common shape."""
    xs = [asarray(x) for x in arrays]
    shape = raw.Shape(input=xs[0]) if xs else None
    for x in xs[1:]:
        shape = raw.BroadcastArgs(s0=shape, s1=raw.Shape(input=x))
    return [raw.BroadcastTo(input=x, shape=shape) for x in xs]


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    """Return vectors repeated to a grid, whose first two axes "xy" exchanges."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"`indexing` must be 'xy' or 'ij', got {indexing!r}")
    rank = len(arrays)
    order = list(range(rank))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    places = zip(arrays, order, strict=True)
    lines = [reshape(x, [-1 if i == place else 1 for i in range(rank)]) for x, place in places]
    return broadcast_arrays(*lines) if lines else []


def _triangle(x: Any, k: int, lower: bool) -> Any:
    """Return x with zeros above or below the k-th diagonal above the main one."""
    x = asarray(x)
    shape = tf.shape(x)
    gap = tf.range(shape[-1]) - tf.range(shape[-2])[:, None]
    kept = gap <= k if lower else gap >= k
    return raw.SelectV2(condition=kept, t=x, e=raw.ZerosLike(x=x))


def tril(x: Any, /, *, k: int = 0) -> Any:
    """Return matrices with zeros above a diagonal."""
    return _triangle(x, k, True)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """Return matrices with zeros below a diagonal."""
    return _triangle(x, k, False)


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """Return arrays of one shape joined along a new axis."""
    return raw.Pack(values=promote(*arrays), axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the parts of x along an axis, whose length must be known."""
    return tuple(tf.unstack(asarray(x), axis=axis))


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """Return arrays joined along an axis, or flattened if that is None."""
    xs = promote(*arrays)
    if len(xs) == 1:
        return flat(xs[0], axis)
    return raw.ConcatV2(values=[flat(x, axis) for x in xs], axis=axis or 0)


def gather(x: Any, indices: Any, axis: int) -> Any:
    """Return the parts of x at indices from 0 along an axis; those of its last one match."""
    batch = x.shape.rank - 1 if axis == -1 else 0
    # Through reshape the gradient is a tensor, not IndexedSlices.
    x = raw.Reshape(tensor=x, shape=raw.Shape(input=x))
    return raw.GatherV2(params=x, indices=indices, axis=axis, batch_dims=batch)


def _from_zero(indices: Any, x: Any, axis: int) -> Any:
    """Return indices that may count from the end, counted from 0."""
    indices = asarray(indices, dtype=int64)
    length = x.shape.as_list()[axis]
    length = tf.shape(x, int64)[axis] if length is None else asarray(length)
    negative = raw.Less(x=indices, y=raw.ZerosLike(x=indices))
    return raw.SelectV2(condition=negative, t=raw.AddV2(x=indices, y=length), e=indices)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """Return the elements, or the parts along an axis, at indices."""
    x = asarray(x)
    (place,) = axes_of(x, axis or 0)
    return gather(x, _from_zero(indices, x, place), place)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Return the elements at indices along an axis, matched along the others."""
    x = asarray(x)
    return take_matched(x, _from_zero(indices, x, axis), axis)


def take_matched(x: Any, indices: Any, axis: int) -> Any:
    """Return the elements of a tensor at indices that count from 0."""
    x, indices = moveaxis(x, axis, -1), moveaxis(indices, axis, -1)
    lead, other = x.shape.as_list()[:-1], indices.shape.as_list()[:-1]
    if None in lead or lead != other:
        lead = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
        x = tf.broadcast_to(x, tf.concat([lead, tf.shape(x)[-1:]], 0))
        indices = tf.broadcast_to(indices, tf.concat([lead, tf.shape(indices)[-1:]], 0))
    return moveaxis(gather(x, indices, -1), -1, axis)
