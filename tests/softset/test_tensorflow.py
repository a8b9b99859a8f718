"""The TensorFlow namespace against NumPy: eager, from variables, traced and compiled."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from softset import _tensorflow as _tnp  # noqa: E402  (after the check for TensorFlow)

tnp: Any = _tnp

# Each case is (what it is called with, the function of xp and of those arrays). Inputs: a and b lie
# in (0, 1), s in (-3, 3) with halves, zeros of both signs and ties, m holds booleans, i integers.
UNARY = {
    "a": "sqrt log log2 log10 reciprocal",
    "s": "abs negative positive square exp expm1 sin cos tan tanh sinh cosh atan sign floor ceil "
    "round trunc isnan isinf isfinite zeros_like ones_like",
    "i": "abs negative positive square floor ceil round trunc isnan isinf isfinite zeros_like",
    "m": "logical_not",
}
BINARY = {
    "ab": "add subtract multiply divide pow minimum maximum logaddexp equal less greater_equal",
    "ss": "equal not_equal less less_equal greater greater_equal",
    "ii": "add subtract multiply equal less minimum maximum",
    "mm": "logical_and logical_or logical_xor equal",
}
ELEMENTWISE: dict[str, tuple[str, Any]] = {
    "log1p": ("s", lambda xp, s: xp.log1p(xp.abs(s))),
    "add number": ("s", lambda xp, s: xp.add(s, 0.3)),
    "number minus": ("s", lambda xp, s: xp.subtract(0.3, s)),
    "operator number": ("s", lambda xp, s: s * 0.3),
    "pow number": ("s", lambda xp, s: xp.pow(s, 2.0)),
    "maximum number": ("s", lambda xp, s: xp.maximum(s, 0.1)),
    "clip": ("s", lambda xp, s: xp.clip(s, -1.0, 1.0)),
    "clip low": ("s", lambda xp, s: xp.clip(s, min=0.1)),
    "clip high": ("sa", lambda xp, s, a: xp.clip(s, max=a)),
    "clip nothing": ("s", lambda xp, s: xp.clip(s)),
    "where": ("sab", lambda xp, s, a, b: xp.where(s > 0, a, b)),
    "where number": ("sa", lambda xp, s, a: xp.where(s > 0, a, 0.3)),
    "where number first": ("sa", lambda xp, s, a: xp.where(s > 0, 0.3, a)),
    "where integers": ("mi", lambda xp, m, i: xp.where(m, i, 0)),
    "where booleans": ("m", lambda xp, m: xp.where(m, False, m)),
    "full_like": ("s", lambda xp, s: xp.full_like(s, 0.3)),
    "full_like dtype": ("s", lambda xp, s: xp.full_like(s, 3, dtype=xp.int32)),
    "zeros_like dtype": ("s", lambda xp, s: xp.zeros_like(s, dtype=xp.bool)),
    "ones_like dtype": ("m", lambda xp, m: xp.ones_like(m, dtype=xp.float64)),
    "astype": ("s", lambda xp, s: xp.astype(s, xp.int32)),
    "astype bool": ("s", lambda xp, s: xp.astype(s, xp.bool)),
    "astype float": ("m", lambda xp, m: xp.astype(m, xp.float32)),
    "expand_dims": ("s", lambda xp, s: xp.expand_dims(s, axis=-1)),
    "reshape flat": ("s", lambda xp, s: xp.reshape(s, (-1,))),
    "flip all": ("s", lambda xp, s: xp.flip(s)),
    "roll flat": ("s", lambda xp, s: xp.roll(s, 2)),
    "stack": ("ab", lambda xp, a, b: xp.stack([a, b], axis=-1)),
    "concat flat": ("sab", lambda xp, s, a, b: xp.concat([s, a, b], axis=None)),
    "broadcast_arrays": ("sa", lambda xp, s, a: xp.broadcast_arrays(s, xp.expand_dims(a, axis=0))),
    "sum": ("s", lambda xp, s: xp.sum(s)),
    "sum none": ("s", lambda xp, s: xp.sum(s, axis=())),
    "sum bool": ("m", lambda xp, m: xp.sum(m)),
    "sum int": ("i", lambda xp, i: xp.sum(i, keepdims=True)),
    "prod": ("a", lambda xp, a: xp.prod(a)),
    "any": ("m", lambda xp, m: xp.any(m)),
    "all": ("s", lambda xp, s: xp.all(s)),
    "count_nonzero": ("s", lambda xp, s: xp.count_nonzero(s)),
}
for _table in (UNARY, BINARY):
    for _letters, _names in _table.items():
        ELEMENTWISE |= {
            f"{name} {_letters}": (_letters, lambda xp, *xs, _f=name: getattr(xp, _f)(*xs))
            for name in _names.split()
        }

# For arrays with one axis or more, of length at least two.
VECTORS: dict[str, tuple[str, Any]] = {
    "mean": ("s", lambda xp, s: xp.mean(s)),
    "std": ("s", lambda xp, s: xp.std(s)),
    "max": ("s", lambda xp, s: xp.max(s)),
    "min int": ("i", lambda xp, i: xp.min(i, axis=-1)),
    "argmax flat": ("s", lambda xp, s: xp.argmax(s)),
    "argmin flat keepdims": ("s", lambda xp, s: xp.argmin(s, keepdims=True)),
    "argmax int": ("i", lambda xp, i: xp.argmax(i, axis=-1, keepdims=True)),
    "sort": ("s", lambda xp, s: xp.sort(s)),
    "sort first": ("s", lambda xp, s: xp.sort(s, axis=0)),
    "sort int": ("i", lambda xp, i: xp.sort(i)),
    "argsort int": ("i", lambda xp, i: xp.argsort(i, axis=0)),
    "argsort": ("s", lambda xp, s: xp.argsort(s, stable=True)),
    "argsort first": ("s", lambda xp, s: xp.argsort(s, axis=0, stable=True)),
    "searchsorted": (
        "abs",
        lambda xp, a, b, s: xp.searchsorted(xp.sort(xp.reshape(s, (-1,))), xp.add(a, xp.floor(s))),
    ),
    "searchsorted right": (
        "s",
        lambda xp, s: xp.searchsorted(xp.sort(xp.reshape(s, (-1,))), s, side="right"),
    ),
    "searchsorted sorter": (
        "s",
        lambda xp, s: xp.searchsorted(s[..., 0] if len(s.shape) > 1 else s, s, sorter=xp.argsort(
            s[..., 0] if len(s.shape) > 1 else s, stable=True)),
    ),
    "cumulative_sum": ("s", lambda xp, s: xp.cumulative_sum(s, axis=-1)),
    "cumulative_sum initial": (
        "s",
        lambda xp, s: xp.cumulative_sum(s, axis=0, include_initial=True),
    ),
    "cumulative_sum int": ("i", lambda xp, i: xp.cumulative_sum(i, axis=-1)),
    "cumulative_sum bool": ("m", lambda xp, m: xp.cumulative_sum(m, axis=-1, dtype=xp.float64)),
    "take": ("s", lambda xp, s: xp.take(s, xp.asarray([1, 0, -1]), axis=-1)),
    "take_along_axis": (
        "sa",
        lambda xp, s, a: xp.take_along_axis(s, xp.argsort(a, axis=0, stable=True), axis=0),
    ),
    "take_along_axis back": (
        "sa",
        lambda xp, s, a: xp.take_along_axis(s, xp.argsort(a, stable=True) - 2, axis=-1),
    ),
    "vecdot": ("ab", lambda xp, a, b: xp.vecdot(a, b)),
    "roll": ("s", lambda xp, s: xp.roll(s, -1, axis=-1)),
    "flip": ("s", lambda xp, s: xp.flip(s, axis=-1)),
    "concat": ("ab", lambda xp, a, b: xp.concat([a, b], axis=0)),
    "tile": ("s", lambda xp, s: xp.tile(s, (2, 1, 2))),
    "repeat": ("s", lambda xp, s: xp.repeat(s, 2, axis=-1)),
    "repeat flat": ("s", lambda xp, s: xp.repeat(s, 3)),
    "newaxis": ("s", lambda xp, s: s[xp.newaxis, ...]),
}
MATRICES: dict[str, tuple[str, Any]] = {
    "sum first": ("s", lambda xp, s: xp.sum(s, axis=0)),
    "sum last keepdims": ("s", lambda xp, s: xp.sum(s, axis=-1, keepdims=True)),
    "sum tuple": ("s", lambda xp, s: xp.sum(s, axis=(0, -1))),
    "sum dtype": ("s", lambda xp, s: xp.sum(s, axis=0, dtype=xp.float64)),
    "prod axis": ("a", lambda xp, a: xp.prod(a, axis=1)),
    "mean axis": ("s", lambda xp, s: xp.mean(s, axis=-1, keepdims=True)),
    "mean tuple": ("s", lambda xp, s: xp.mean(s, axis=(0, 1))),
    "var": ("s", lambda xp, s: xp.var(s, axis=0)),
    "var correction": ("s", lambda xp, s: xp.var(s, axis=(0, 1), correction=1.0, keepdims=True)),
    "std correction": ("s", lambda xp, s: xp.std(s, axis=-1, correction=1)),
    "max axis": ("s", lambda xp, s: xp.max(s, axis=0)),
    "min tuple": ("s", lambda xp, s: xp.min(s, axis=(0, 1), keepdims=True)),
    "any axis": ("m", lambda xp, m: xp.any(m, axis=0)),
    "all tuple": ("m", lambda xp, m: xp.all(m, axis=(0, 1), keepdims=True)),
    "count_nonzero axis": ("s", lambda xp, s: xp.count_nonzero(s, axis=-1, keepdims=True)),
    "argmax axis": ("s", lambda xp, s: xp.argmax(s, axis=0)),
    "argmin axis keepdims": ("s", lambda xp, s: xp.argmin(s, axis=-1, keepdims=True)),
    "permute_dims": ("s", lambda xp, s: xp.permute_dims(s, (1, 0))),
    "matrix_transpose": ("s", lambda xp, s: xp.matrix_transpose(s)),
    "moveaxis": ("s", lambda xp, s: xp.moveaxis(s[None], (0, 1), (-1, 0))),
    "moveaxis one": ("s", lambda xp, s: xp.moveaxis(s[None], -1, 0)),
    "squeeze": ("s", lambda xp, s: xp.squeeze(s[None, ..., None], axis=(0, -1))),
    "squeeze none": ("s", lambda xp, s: xp.squeeze(s[:1], axis=())),
    "matmul": ("ab", lambda xp, a, b: xp.matmul(a, xp.matrix_transpose(b))),
    "matmul vector": ("ab", lambda xp, a, b: xp.matmul(a, b[0, :])),
    "vector matmul": ("ab", lambda xp, a, b: xp.matmul(b[:, 0], a)),
    "vector matmul vector": ("ab", lambda xp, a, b: xp.matmul(a[0, :], b[0, :])),
    "tensordot": ("ab", lambda xp, a, b: xp.tensordot(a, b, axes=2)),
    "tensordot axes": ("ab", lambda xp, a, b: xp.tensordot(a, b, axes=((0,), (0,)))),
    "vecdot broadcast": ("ab", lambda xp, a, b: xp.vecdot(a, b[:1, :])),
    "take_along_axis broadcast": (
        "sa",
        lambda xp, s, a: xp.take_along_axis(s, xp.argsort(a[:1, :], axis=-1, stable=True), axis=-1),
    ),
    "take first": ("s", lambda xp, s: xp.take(s, xp.asarray([1, -1]), axis=0)),
    "broadcast_to": ("s", lambda xp, s: xp.broadcast_to(s[:1, :1], (2, 3, 1))),
    "broadcast_arrays two": ("sa", lambda xp, s, a: xp.broadcast_arrays(s[:, :1], a[:1, :])),
    "flip tuple": ("s", lambda xp, s: xp.flip(s, axis=(0, 1))),
    "roll tuple": ("s", lambda xp, s: xp.roll(s, (1, -1), axis=(0, 1))),
    "concat last": ("ab", lambda xp, a, b: xp.concat([a, b], axis=-1)),
    "tile fewer": ("s", lambda xp, s: xp.tile(s, (2,))),
    "unstack": ("s", lambda xp, s: xp.unstack(xp.broadcast_to(s[:1, :1], (2, 3)), axis=1)),
    "stack unstacked": (
        "s",
        lambda xp, s: xp.stack(xp.unstack(xp.broadcast_to(s[0, :1], (3, 1)))),
    ),
}
SHAPES = {
    "0-d": ((), ELEMENTWISE),
    "empty": ((0,), ELEMENTWISE),
    "vector": ((7,), ELEMENTWISE | VECTORS),
    "matrix": ((3, 4), ELEMENTWISE | VECTORS | MATRICES),
    "empty matrix": ((0, 4), ELEMENTWISE),
}
MODES = ("eager", "variable", "traced", "xla")
DTYPES = ("float32", "float64")
ULPS = 64


@functools.cache
def inputs(shape: tuple[int, ...], dtype: str) -> dict[str, np.ndarray]:
    rng, n = np.random.default_rng(0), math.prod(shape)
    special = np.resize([-0.5, 0.5, 1.5, -0.0, 2.5, 0.0, -0.5], n)
    s = np.where(np.arange(n) % 5 < 3, special, rng.uniform(-3, 3, n))
    floats = {"a": rng.uniform(0.05, 0.95, n), "b": rng.uniform(0.05, 0.95, n), "s": s}
    arrays = {name: x.astype(dtype) for name, x in floats.items()}
    arrays |= {"m": rng.uniform(size=n) < 0.5, "i": rng.integers(-4, 4, n, dtype="int32")}
    return {name: x.reshape(shape) for name, x in arrays.items()}


def run(mode: str, fn: Any, *arrays: Any) -> Any:
    """Call fn in a mode; compiled modes know the number of axes and no length."""
    if mode == "eager":
        return fn(*(tf.constant(x) for x in arrays))
    if mode == "variable":
        return fn(*(tf.Variable(x) for x in arrays))
    spec = [tf.TensorSpec([None] * np.ndim(x), tf.as_dtype(np.asarray(x).dtype)) for x in arrays]
    return tf.function(fn, input_signature=spec, jit_compile=mode == "xla")(*arrays)


@functools.cache
def results(mode: str, dtype: str, shape: str) -> dict[str, Any]:
    """All cases of one shape in one graph, since tracing each by itself takes minutes."""
    size, cases = SHAPES[shape]
    arrays = inputs(size, dtype)

    def every(*xs: Any) -> dict[str, Any]:
        named = dict(zip(arrays, xs, strict=True))
        return {name: fn(tnp, *(named[k] for k in letters)) for name, (letters, fn) in cases.items()}

    return run(mode, every, *arrays.values())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_functions_agree_with_numpy(mode: str, dtype: str, shape: str) -> None:
    size, cases = SHAPES[shape]
    arrays, found = inputs(size, dtype), results(mode, dtype, shape)
    wrong = []
    for name, (letters, fn) in cases.items():
        with np.errstate(all="ignore"):
            expected = fn(np, *(arrays[k] for k in letters))
        many = isinstance(expected, (tuple, list))
        pairs = zip(found[name], expected, strict=True) if many else [(found[name], expected)]
        wrong += [f"{name}: {text}" for x, y in pairs if (text := difference(x, np.asarray(y)))]
    assert not wrong, "\n".join(wrong)


def difference(found: Any, expected: np.ndarray) -> str:
    """Say how a tensor differs from what NumPy computes, or nothing."""
    if not isinstance(found, (tf.Tensor, tf.Variable)):
        return f"{type(found)} is no tensor"
    if found.dtype.name != expected.dtype.name:
        return f"dtype {found.dtype.name}, not {expected.dtype.name}"
    if tuple(found.shape) != expected.shape:
        return f"shape {tuple(found.shape)}, not {expected.shape}"
    value = found.numpy()
    if expected.dtype.kind == "f":
        near = 64 * np.finfo(expected.dtype).eps
        equal = np.allclose(value, expected, rtol=near, atol=near, equal_nan=True)
    else:
        equal = np.array_equal(value, expected)
    return "" if equal else f"{value}, not {expected}"
