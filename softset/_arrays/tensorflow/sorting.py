"""Orders and places of extremes along an axis: always stable, and with NaN last."""

from __future__ import annotations

from typing import Any

from .creation import asarray, cast, integers, promote
from .dtypes import float32, float64, int32, int64, raw, tf
from .pairs import where
from .shapes import flat, gather, moveaxis, take


def _key(x: Any, gap: str = "max") -> Any:
    """Return integers in the order of x with NaN at one end: TensorFlow's sort misplaces it."""
    dtype = x.dtype
    if dtype.is_integer:
        return x if dtype.size > 2 else raw.Cast(x=x, DstT=int32)  # XLA does not sort uint16
    whole, real = (int64, float64) if dtype == float64 else (int32, float32)
    bits = raw.Bitcast(input=cast(x, real), type=whole)
    mirrored = raw.Sub(x=whole.min, y=bits)
    key = where(raw.Less(x=bits, y=raw.ZerosLike(x=bits)), mirrored, bits)
    return where(raw.IsNan(x=x), int(getattr(whole, gap)), key)


def _order(x: Any, descending: bool) -> Any:
    """Return the indices that sort a tensor along its last axis."""
    key = _key(x, "min") if descending else raw.Invert(x=_key(x))
    length = x.shape.as_list()[-1]
    if length is None:
        length = raw.Shape(input=x)[-1]
    return raw.TopKV2(input=key, k=length).indices


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return the indices that sort x along an axis, always stable and with NaN last."""
    order = _order(moveaxis(asarray(x), axis, -1), descending)
    return moveaxis(raw.Cast(x=order, DstT=int64), -1, axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Return x sorted along an axis, with NaN last."""
    x = moveaxis(asarray(x), axis, -1)
    return moveaxis(gather(x, _order(x, descending), -1), -1, axis)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the first largest element, or of the first NaN."""
    return _place(raw.ArgMax, x, axis, keepdims, "max")


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return the index of the first smallest element, or of the first NaN."""
    return _place(raw.ArgMin, x, axis, keepdims, "min")


def _place(op: Any, x: Any, axis: int | None, keepdims: bool, gap: str) -> Any:
    x = asarray(x)
    key = _key(x, gap) if x.dtype.is_floating else x
    found = op(input=flat(key, axis), dimension=axis or 0)
    if not keepdims:
        return found
    return tf.reshape(found, tf.shape(tf.reduce_max(x, axis, True)))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """Return where to insert x2 into the sorted x1; NaN counts as the largest number."""
    x1, x2 = promote(x1, x2)
    x1 = x1 if sorter is None else take(x1, sorter)
    row = integers([1, -1])
    edges, values = (raw.Reshape(tensor=_key(x), shape=row) for x in (x1, x2))
    search = raw.UpperBound if side == "right" else raw.LowerBound
    found = search(sorted_inputs=edges, values=values, out_type=int64)
    return raw.Reshape(tensor=found, shape=raw.Shape(input=x2))
