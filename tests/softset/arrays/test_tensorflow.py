"""The TensorFlow namespace against NumPy: eager, from variables, traced and compiled."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import array_api_compat.numpy as xpn  # with what NumPy 2.0 lacks
import numpy as np
import pytest

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from softset._arrays.duals import Dual  # noqa: E402
from softset._arrays.tensorflow import namespace as _tnp  # noqa: E402  (after the check for TensorFlow)

tnp: Any = _tnp

# NumPy 2.0 makes float64 of integers when it rounds them.
_ROUNDS_INTEGERS = np.lib.NumpyVersion(np.__version__) >= "2.1.0"

# Each case is (what it is called with, the function of xp and of those arrays). Inputs: a and b lie
# in (0, 1), s in (-3, 3) with halves, zeros of both signs and ties, m holds booleans, i integers.
UNARY = {
    "a": "sqrt log log2 log10 reciprocal",
    "s": "abs negative positive square exp expm1 sin cos tan tanh sinh cosh atan sign floor ceil "
    "round trunc isnan isinf isfinite zeros_like ones_like",
    "i": "abs negative positive square isnan isinf isfinite zeros_like"
    + " floor ceil round trunc" * _ROUNDS_INTEGERS,
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
        lambda xp, s: xp.searchsorted(
            s[..., 0] if len(s.shape) > 1 else s,
            s,
            sorter=xp.argsort(s[..., 0] if len(s.shape) > 1 else s, stable=True),
        ),
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


@functools.cache
def inputs(shape: tuple[int, ...], dtype: str) -> dict[str, np.ndarray]:
    rng, n = np.random.default_rng(0), math.prod(shape)
    special = np.resize([-0.5, 0.5, 1.5, -0.0, 2.5, 0.0, -0.5], n)
    s = np.where(np.arange(n) % 5 < 3, special, rng.uniform(-3, 3, n))
    floats = {"a": rng.uniform(0.05, 0.95, n), "b": rng.uniform(0.05, 0.95, n), "s": s}
    arrays = {name: x.astype(dtype) for name, x in floats.items()}
    arrays |= {"m": rng.uniform(size=n) < 0.5, "i": rng.integers(-4, 4, n, dtype="int32")}
    return {name: x.reshape(shape) for name, x in arrays.items()}


def run(mode: str, fn: Any, *arrays: Any, autograph: bool = False) -> Any:
    """Call fn in a mode; compiled modes know the number of axes and no length."""
    if mode == "eager":
        return fn(*(tf.constant(x) for x in arrays))
    if mode == "variable":
        return fn(*(tf.Variable(x) for x in arrays))
    spec = [tf.TensorSpec([None] * np.ndim(x), tf.as_dtype(np.asarray(x).dtype)) for x in arrays]
    # AutoGraph would rewrite every case: seconds a graph, and one test of its own is enough.
    options = {"jit_compile": mode == "xla", "autograph": autograph}
    return tf.function(fn, input_signature=spec, **options)(*arrays)


def disagreements(
    mode: str, shape: tuple[int, ...], dtype: str, cases: dict[str, Any], **options: Any
) -> str:
    """Say what differs from NumPy, all cases in one graph."""
    arrays = inputs(shape, dtype)

    def every(*xs: Any) -> dict[str, Any]:
        named = dict(zip(arrays, xs, strict=True))
        return {
            name: fn(tnp, *(named[k] for k in letters)) for name, (letters, fn) in cases.items()
        }

    results = run(mode, every, *arrays.values(), **options)
    wrong = []
    for name, (letters, fn) in cases.items():
        with np.errstate(all="ignore"):
            expected = fn(xpn, *(arrays[k] for k in letters))
        found = results[name]
        many = isinstance(expected, (tuple, list))
        pairs = zip(found, expected, strict=True) if many else [(found, expected)]
        wrong += [f"{name}: {text}" for x, y in pairs if (text := difference(x, np.asarray(y)))]
    return "\n".join(wrong)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_functions_agree_with_numpy(mode: str, dtype: str, shape: str) -> None:
    size, cases = SHAPES[shape]
    assert not disagreements(mode, size, dtype, cases)


def test_autograph_changes_nothing(caplog: Any, capfd: Any) -> None:
    """It rewrites what tf.function calls, and reports what it cannot parse."""
    names = """where number, clip, zeros_like s, floor s, logaddexp ab, minimum ab, sum, std, max,
        count_nonzero, argmin flat keepdims, cumulative_sum initial, sort, searchsorted sorter,
        take_along_axis back, concat, tile, repeat, broadcast_arrays, argmax int, vecdot"""
    cases = {name: (ELEMENTWISE | VECTORS)[name.strip()] for name in names.split(",")}
    assert not disagreements("traced", (7,), "float32", cases, autograph=True)
    assert "AutoGraph" not in caplog.text + "".join(capfd.readouterr())


CREATION: dict[str, Any] = {
    "zeros": lambda xp: xp.zeros((2, 3), dtype=xp.float64),
    "zeros int": lambda xp: xp.zeros(4, dtype=xp.int32),
    "zeros 0-d": lambda xp: xp.zeros((), dtype=xp.bool),
    "ones": lambda xp: xp.ones((0, 2), dtype=xp.float32),
    "full": lambda xp: xp.full((2,), 0.3, dtype=xp.float64),
    "full int": lambda xp: xp.full((2,), 2**40),
    "full bool": lambda xp: xp.full((), True),
    "arange": lambda xp: xp.arange(5),
    "arange none": lambda xp: xp.arange(5, 2),
    "arange down": lambda xp: xp.arange(5, -2, -2, dtype=xp.int32),
    "arange float": lambda xp: xp.arange(0.1, 1.0, 0.3, dtype=xp.float64),
    "linspace": lambda xp: xp.linspace(0, 1, 11, dtype=xp.float64),
    "linspace open": lambda xp: xp.linspace(-1.0, 2.0, 7, endpoint=False, dtype=xp.float32),
    "linspace one": lambda xp: xp.linspace(2, 3, 1, dtype=xp.float64),
    "linspace none": lambda xp: xp.linspace(2, 3, 0, dtype=xp.float64),
    "asarray": lambda xp: xp.asarray([[0.1, 2], [3, -0.0]], dtype=xp.float64),
    "asarray int": lambda xp: xp.asarray([[1], [-(2**40)]]),
    "asarray bool": lambda xp: xp.asarray([True, False]),
    "asarray to bool": lambda xp: xp.asarray([0, 2], dtype=xp.bool),
    "asarray from bool": lambda xp: xp.asarray([True, False], dtype=xp.float64),
    "asarray both": lambda xp: xp.asarray([True, 5]),
    "asarray truncated": lambda xp: xp.asarray([1.9, -(2.0**40)], dtype=xp.int64),
    "asarray empty": lambda xp: xp.asarray([[], []], dtype=xp.float64),
    "asarray number": lambda xp: xp.asarray(0.3, dtype=xp.float64),
    "asarray float64": lambda xp: xp.asarray(np.asarray([0.3, 0.1])),
    "asarray scalar": lambda xp: xp.asarray(np.float64(0.3)),
    "asarray scalars": lambda xp: xp.asarray([np.float64(0.3), np.float64(0.1)]),
    "asarray scalars cast": lambda xp: xp.asarray([np.float64(0.3), 0.1], dtype=xp.float64),
    "asarray cast": lambda xp: xp.asarray(np.asarray([0.3, 0.1]), dtype=xp.float32),
}


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
def test_creation_agrees_with_numpy(mode: str) -> None:
    found = run(mode, lambda: {name: fn(tnp) for name, fn in CREATION.items()})
    wrong = {name: difference(found[name], np.asarray(fn(xpn))) for name, fn in CREATION.items()}
    assert not any(wrong.values()), wrong


def test_default_dtypes() -> None:
    assert tnp.asarray(0.5).dtype == tnp.asarray([]).dtype == tnp.zeros(2).dtype == tf.float32
    assert tnp.linspace(0, 1, 3).dtype == tnp.arange(0.5).dtype == tnp.ones(2).dtype == tf.float32
    assert tnp.asarray(1).dtype == tnp.arange(3).dtype == tnp.full(2, 3).dtype == tf.int64
    assert tnp.asarray(True).dtype == tf.bool and tnp.asarray(1j).dtype == tf.complex64


def test_arrays_of_all_kinds_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    class KerasVariable:
        """What the namespace relies on: the tensor of TensorFlow is the attribute `value`."""

        dtype, shape = "float64", (2,)

        def __init__(self) -> None:
            self.value = tf.Variable([0.25, 0.75], dtype=tf.float64)

    keras = pytest.importorskip("softset._arrays.keras")
    monkeypatch.setattr(keras, "keras", SimpleNamespace(Variable=KerasVariable))
    for x in (KerasVariable(), KerasVariable().value, np.asarray([0.25, 0.75])):
        for fn in (tnp.asarray, tnp.positive, tnp.sort, lambda x: tnp.squeeze(x, ())):
            assert not difference(fn(x), np.asarray([0.25, 0.75]))
        for fn in (tnp.flip, lambda x: tnp.roll(x, 1), lambda x: tnp.sort(x, descending=True)):
            assert not difference(fn(x), np.asarray([0.75, 0.25]))
        assert not difference(tnp.add(x, 1.0), np.asarray([1.25, 1.75]))
        assert not difference(tnp.tile(x, (2,)), np.tile([0.25, 0.75], 2))
        assert not difference(tnp.stack([x, x]), np.asarray([[0.25, 0.75]] * 2))
        assert tnp.result_type(x, 1.0) == tf.float64
    x = tf.constant([0.5])
    assert tnp.asarray(x, copy=False) is x
    assert "CPU:0" in tnp.asarray(x, device="CPU:0").device
    assert "CPU:0" in tnp.zeros((2,), device=x.device).device


def test_keras_variables_are_accepted() -> None:
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend")
    x = keras.Variable([0.25, 0.75], dtype="float32")
    assert not difference(tnp.add(x, 1.0), np.asarray([1.25, 1.75], "float32"))
    assert not difference(tnp.flip(x), np.asarray([0.75, 0.25], "float32"))


def test_only_variables_are_replaced_by_their_value() -> None:
    x = tf.constant([0.25, 0.75])
    with pytest.raises((TypeError, ValueError)):
        tnp.asarray(SimpleNamespace(value=x, dtype=x.dtype))


@pytest.mark.parametrize("mode", ["eager", "traced"])
def test_dual_numbers_do_not_lose_their_derivative(mode: str) -> None:
    def fn(x: Any) -> Any:
        dual = Dual(x, tf.ones_like(x)[None])
        twice = Dual(dual, Dual(tf.ones_like(x)[None], tf.zeros_like(x)[None, None]))
        calls = [lambda d: tnp.asarray(d), lambda d: tnp.asarray(d, dtype=tnp.float64)]
        calls += [lambda d: tnp.add(x, d), lambda d: tnp.exp(d), lambda d: tnp.asarray([d, d])]
        for call in calls:
            for d in (dual, twice):
                with pytest.raises(TypeError, match="a dual number is no TensorFlow tensor"):
                    call(d)
        return x

    run(mode, fn, np.float32([0.25, 0.75]))
    run(mode, fn, np.float32(0.5))


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
def test_python_numbers_are_made_in_the_dtype_of_the_array(mode: str) -> None:
    def fn(x: Any) -> list[Any]:
        return [
            tnp.asarray(0.3, dtype=tnp.float64),
            tnp.full_like(x, 0.3)[0],
            tnp.multiply(x, 0.3)[0],
            (x * 0.3)[0],
            tnp.where(x > 0, 0.3, x)[0],
            tnp.clip(x, 0.0, 0.3)[0],
            tnp.minimum(x, np.float64(0.3))[0],
        ]

    assert [float(x) for x in run(mode, fn, np.ones(1))] == [0.3] * 7


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
def test_zeros_keep_their_sign(mode: str) -> None:
    tf.constant(0.0), tf.constant(-0.0)  # whichever comes first stays in a cache

    def fn(x: Any) -> list[Any]:
        zeros = [tnp.asarray(0.0), tnp.asarray(-0.0), tnp.multiply(x, -0.0), tnp.trunc(-x / 2)]
        zeros += [tnp.add(x - 1, -0.0), tnp.asarray([-0.0]), tnp.where(x > 1, x, -0.0)]
        return [*zeros, tnp.where(x > 1, x, 0.0), tnp.asarray(-0.0, dtype=tf.float64)]

    found = [np.signbit(np.ravel(x)[0]) for x in run(mode, fn, np.float32([1.0]))]
    assert found == [False, True, True, True, False, True, True, False, True]


def test_result_types_are_numpys_within_a_kind() -> None:
    integers = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    reals = ["float16", "float32", "float64"]
    for group in (["bool"], integers, reals, ["float32", "float64", "complex64", "complex128"]):
        for a in group:
            for b in group:
                expected = np.result_type(a, b)
                if "int" in a and expected.kind == "f":
                    with pytest.raises(TypeError, match=f"{a} and {b} have no common dtype"):
                        tnp.result_type(getattr(tnp, a), getattr(tnp, b))
                    continue
                found = tnp.result_type(getattr(tnp, a), tf.zeros(2, getattr(tnp, b)))
                assert found.name == expected.name
                assert tnp.can_cast(getattr(tnp, a), getattr(tnp, b)) == np.can_cast(a, b)
    assert tnp.result_type(tnp.bfloat16, tnp.float16) == tf.float32
    assert tnp.result_type(tnp.bfloat16, 0.5) == tf.bfloat16
    assert tnp.result_type(np.float32, "float64", np.dtype("float32")) == tf.float64
    assert tnp.result_type(1, 0.5) == tf.float32 and tnp.result_type(True) == tf.bool
    assert tnp.result_type(tnp.float32, 1, 0.5) == tf.float32
    assert tnp.result_type(tnp.float32, 1j) == tf.complex64
    assert tnp.result_type(tnp.float64, 1j) == tf.complex128
    assert not tnp.can_cast(tnp.int32, tnp.float64) and not tnp.can_cast(tnp.bool, tnp.int8)


@pytest.mark.parametrize(
    "arguments",
    [
        (tnp.int32, tnp.float32),
        (tnp.bool, tnp.int32),
        (tnp.bool, tnp.float32),
        (tnp.uint64, tnp.int8),
        (tnp.int32, 0.5),
        (tnp.float32, True),
        (tnp.bool, 1),
        (tnp.int32, 1j),
        (True, 1.0),
    ],
)
def test_kinds_do_not_mix(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r" and .* have no common dtype; convert one with astype"):
        tnp.result_type(*arguments)


@pytest.mark.parametrize("mode", MODES)
def test_mixed_dtypes_promote(mode: str) -> None:
    def fn(f: Any, d: Any, i: Any, j: Any) -> list[Any]:
        floats = [tnp.add(f, d), tnp.where(d > 0, f, d), tnp.concat([d, f]), tnp.stack([f, d])]
        floats += [tnp.maximum(f, d), tnp.divide(d, f), tnp.logaddexp(f, d), tnp.vecdot(f, d)]
        floats += [tnp.clip(f, d), tnp.matmul(d, f), tnp.tensordot(f, d, axes=1)]
        integers = [tnp.add(i, j), tnp.where(i > 0, j, i), tnp.concat([i, j])]
        assert not (tnp.equal(f, d).dtype != tf.bool or tnp.searchsorted(f, d).dtype != tf.int64)
        return [*floats, *integers]

    arrays = np.float32([0.5]), np.asarray([0.3]), np.int32([1]), np.int64([2])
    found = [x.dtype for x in run(mode, fn, *arrays)]
    assert found == [tf.float64] * 11 + [tf.int64] * 3


def test_sums_of_small_integers_do_not_wrap() -> None:
    for name in ("int8", "int16", "int32", "int64"):
        total = tnp.sum(tf.constant([100, 100], name))
        assert int(total) == 200 and total.dtype == tf.int64
    for name in ("uint8", "uint16", "uint32", "uint64"):
        x = tf.constant([200, 200], name)
        assert int(tnp.sum(x)) == 400 and tnp.sum(x).dtype == tf.uint64
        assert int(tnp.prod(x)) == 40_000 and tnp.prod(x).dtype == tf.uint64
        assert tnp.abs(x) is x
    assert int(tnp.cumulative_sum(tf.constant([100, 100], "int8"))[-1]) == 200
    assert tnp.sum(tf.constant([100, 100], "int8"), dtype=tnp.int16).dtype == tf.int16


def test_limits_of_dtypes() -> None:
    for name in ("float16", "float32", "float64"):
        found, expected = tnp.finfo(getattr(tnp, name)), np.finfo(name)
        for field in ("bits", "eps", "max", "min", "smallest_normal"):
            assert getattr(found, field) == getattr(expected, field)
            assert type(getattr(found, field)) in (int, float)
        assert found.dtype == getattr(tnp, name)
    assert tnp.finfo(tnp.complex64).dtype == tf.float32
    half = tnp.finfo(tf.zeros(2, tf.bfloat16))
    assert (half.bits, half.eps, half.smallest_normal) == (16, 2.0**-7, 2.0**-126)
    assert half.max == -half.min == float(tf.bfloat16.max)
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        found, expected = tnp.iinfo(getattr(tnp, name)), np.iinfo(name)
        assert (found.bits, found.max, found.min) == (expected.bits, expected.max, expected.min)
        assert found.dtype == getattr(tnp, name)


def test_isdtype_agrees_with_numpy() -> None:
    kinds: list[Any] = ["bool", "signed integer", "unsigned integer", "integral", "real floating"]
    kinds += ["complex floating", "numeric", ("bool", "integral"), (), ("real floating", "numeric")]
    for name in ("bool", "int8", "int64", "uint8", "uint64", "float32", "float64", "complex64"):
        for kind in kinds:
            expected = np.isdtype(np.dtype(name), kind)
            assert tnp.isdtype(getattr(tnp, name), kind) == expected, (name, kind)
        assert tnp.isdtype(getattr(tnp, name), tnp.float32) == (name == "float32")
    assert tnp.isdtype(tnp.bfloat16, "real floating")
    assert not tnp.isdtype(tnp.float32, (tnp.int32, "bool"))
    with pytest.raises(TypeError, match="real"):
        tnp.isdtype(tnp.float32, "real")


def test_constants() -> None:
    assert (tnp.pi, tnp.e, tnp.inf, tnp.newaxis) == (math.pi, math.e, math.inf, None)
    assert math.isnan(tnp.nan) and tnp.__array_api_version__ == "2024.12"


SPECIAL = [3.0, math.nan, 1.0, -math.inf, 2.0, -0.0, math.inf, 0.0, math.nan, -5.0, 1.0]


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_sorts_are_stable_with_nan_last(mode: str, dtype: str) -> None:
    x = np.asarray(SPECIAL)
    order = [3, 9, 5, 7, 2, 10, 4, 0, 6, 1, 8]
    back = [6, 0, 4, 2, 10, 5, 7, 9, 3, 1, 8]

    def fn(x: Any) -> list[Any]:
        x = tnp.astype(x, getattr(tnp, dtype))
        found = [tnp.argsort(x), tnp.argsort(x, descending=True)]
        found += [tnp.sort(x), tnp.sort(x, descending=True)]
        two = tnp.sort(tnp.stack([x, -x]), axis=0)
        found += [tnp.searchsorted(found[2], x), tnp.searchsorted(found[2], x, side="right"), two]
        return [*found[:2], *(tnp.astype(v, tnp.float64) for v in found[2:4]), *found[4:]]

    first, second, up, down, left, right, two = run(mode, fn, x)
    assert first.numpy().tolist() == order and second.numpy().tolist() == back
    np.testing.assert_array_equal(up, x[order])
    np.testing.assert_array_equal(down, x[back])
    assert not difference(left, np.searchsorted(np.sort(x), x))
    assert not difference(right, np.searchsorted(np.sort(x), x, side="right"))
    np.testing.assert_array_equal(np.asarray(two, "float64"), np.sort(np.stack([x, -x]), axis=0))


@pytest.mark.parametrize("mode", ["eager", "xla"])
def test_integers_sort_over_their_whole_range(mode: str) -> None:
    for name in ("int32", "int64", "uint8", "uint32"):
        info = np.iinfo(name)
        x = np.asarray([3, info.min, info.max, 0, 3, info.max - 1, info.max, info.min], name)
        up, down, order = run(
            mode, lambda x: (tnp.sort(x), tnp.sort(x, descending=True), tnp.argsort(x)), x
        )
        assert not difference(up, np.sort(x))
        assert not difference(down, np.sort(x)[::-1])
        assert not difference(order, np.argsort(x, stable=True))


@pytest.mark.parametrize("mode", MODES)
def test_nan_and_infinity_go_through(mode: str) -> None:
    x, y = np.asarray(SPECIAL), np.asarray(SPECIAL[::-1])
    both = np.asarray([[math.inf, -math.inf, math.nan, -math.inf], [math.inf, -math.inf, 1.0, 0.5]])

    def fn(xp: Any, x: Any, y: Any, z: Any, w: Any) -> list[Any]:
        elementwise = [xp.minimum(x, y), xp.maximum(x, y), xp.clip(x, -1.0, 1.0)]
        elementwise += [xp.isnan(x), xp.isinf(x), xp.isfinite(x), xp.equal(x, y), xp.sign(z)]
        reduced = [xp.max(x), xp.min(x), xp.max(z), xp.min(z, axis=0), xp.sum(z), xp.any(x)]
        return [*elementwise, *reduced, xp.logaddexp(z, w), xp.logaddexp(w, z)]

    z, w = both
    found = run(mode, functools.partial(fn, tnp), x, y, z, w)
    with np.errstate(invalid="ignore"):
        expected = fn(xpn, x, y, z, w)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert not difference(a, np.asarray(b)), i


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_accumulates_in_float32(mode: str, dtype: str) -> None:
    def fn(x: Any) -> list[Any]:
        x = tnp.astype(x, getattr(tnp, dtype))
        found = [tnp.sum(x), tnp.cumulative_sum(x)[-1], tnp.mean(x), tnp.vecdot(x, x)]
        found += [tnp.var(x), tnp.std(x), tnp.sum(x, axis=0, keepdims=True)[0], tnp.prod(x[:2])]
        assert all(v.dtype.name == dtype for v in found)
        return [tnp.astype(v, tnp.float64) for v in found]

    tenth = float(tf.cast(tf.cast(0.1, dtype), tf.float64))
    found = [float(x) for x in run(mode, fn, np.full(5000, 0.1))]
    expected = [5000 * tenth, 5000 * tenth, tenth, 5000 * tenth**2, 0, 0, 5000 * tenth, tenth**2]
    eps = tnp.finfo(getattr(tnp, dtype)).eps
    np.testing.assert_allclose(found, expected, rtol=eps, atol=1e-4)


def test_floating_point_is_asked_for_where_tensorflow_would_use_integers() -> None:
    x = tf.constant([1, 2])
    for fn in (tnp.mean, tnp.var, tnp.std, tnp.reciprocal, lambda x: tnp.divide(x, x)):
        with pytest.raises(TypeError, match="a floating-point array is needed, got int"):
            fn(x)


@pytest.mark.parametrize("mode", MODES)
def test_shapes_are_taken_as_tensorflow_gives_them(mode: str) -> None:
    x = np.arange(6.0)

    def fn(x: Any) -> list[Any]:
        y = tf.ones((2, 3))
        found = [tnp.reshape(x, y.shape), tnp.reshape(x, tf.shape(y))]
        found += [tnp.reshape(x, (tf.shape(y)[0], -1)), tnp.full(tf.shape(y), 1.0)]
        found += [tnp.broadcast_to(x[:1], [2, tf.size(x) // 2]), tnp.zeros(y.shape)]
        return [*found, tnp.expand_dims(x, 0), tnp.expand_dims(x), tnp.reshape(x[0], ())]

    found = run(mode, fn, x)
    assert [tuple(y.shape) for y in found] == [(2, 3)] * 6 + [(1, 6)] * 2 + [()]


@pytest.mark.parametrize("axis", [-1, -2])
def test_vecdot_needs_one_length(axis: int) -> None:
    x, y = np.ones((3, 3)), np.ones((3, 1) if axis == -1 else (1, 3))

    def fn(x: Any, y: Any) -> Any:
        return tnp.vecdot(x, y, axis=axis)

    for a, b in ((x, y), (y, x)):
        with pytest.raises(ValueError, match="`x1` and `x2` must have one length along `axis`"):
            run("eager", fn, a, b)
        for mode in ("traced", "xla"):
            with pytest.raises(tf.errors.InvalidArgumentError):
                run(mode, fn, a, b)
    for mode in MODES:
        assert not difference(run(mode, fn, x, x[:1] if axis == -1 else x[:, :1]), np.full(3, 3.0))


def test_indexing_of_a_grid_is_checked() -> None:
    with pytest.raises(ValueError, match="`indexing` must be 'xy' or 'ij', got 'yx'"):
        tnp.meshgrid(tf.ones(2), indexing="yx")
    assert tnp.meshgrid() == []


@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
def test_running_products_that_overflow_are_numpys(mode: str) -> None:
    x = np.asarray([1e200, 1e200, 1e-200, 1e-200, 1e-200, 2.0])
    with np.errstate(over="ignore"):
        assert not difference(run(mode, tnp.cumulative_prod, x), np.cumprod(x))


def test_forward_mode_agrees_with_the_gradient() -> None:
    x = tf.constant([2.0, 0.0, 3.0, 0.5], tf.float64)
    for fn in (tnp.cumulative_prod, lambda x: tnp.remainder(x, 0.5), lambda x: tnp.hypot(x, x)):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
            y = fn(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(fn(x))
        np.testing.assert_allclose(
            tf.reduce_sum(forward.jvp(y)), tf.reduce_sum(tape.gradient(total, x)), rtol=1e-14
        )


@pytest.mark.parametrize("mode", MODES)
def test_numbers_beside_arrays_and_alone(mode: str) -> None:
    def fn(x: Any, i: Any) -> list[Any]:
        found = [tnp.add(1, x), tnp.subtract(x, 1), tnp.multiply(2, i), tnp.where(i > 0, 0, i)]
        found += [tnp.pow(2.0, x), tnp.pow(i, 2), tnp.less(x, 0), tnp.greater_equal(0.0, x)]
        found += [tnp.maximum(0, x), tnp.minimum(i, 2), tnp.divide(x, -0.0), tnp.divide(1, x)]
        return [*found, tnp.clip(i, 0, 2), tnp.where(x > 0, 1.0, 0.0), tnp.equal(i, 2)]

    x, i = np.asarray([0.5, -2.0]), np.asarray([3, 2], dtype="int32")
    expected = [1 + x, x - 1, 2 * i, np.zeros(2), 2**x, i**2, x < 0, x <= 0, np.maximum(0, x)]
    expected += [[2, 2], [-math.inf, math.inf], 1 / x, [2, 2], [1, 0], [False, True]]
    kinds = [x, x, i, i, x, i, x < 0, x < 0, x, i, x, x, i, np.float32(0), x < 0]
    for found, wanted, kind in zip(run(mode, fn, x, i), expected, kinds, strict=True):
        assert not difference(found, np.asarray(wanted, dtype=kind.dtype))


def test_cumulative_sum_needs_an_axis() -> None:
    assert not difference(tnp.cumulative_sum(tf.constant([1.0, 2.0])), np.float32([1, 3]))
    for x in (tf.zeros(()), tf.zeros((2, 2))):
        with pytest.raises(ValueError, match="`axis` is needed unless the array has one dimension"):
            tnp.cumulative_sum(x)


@pytest.mark.parametrize("name", ["fft", "einsum", "linalg", "softset"])
def test_an_unknown_name_says_what_the_namespace_is(name: str) -> None:
    assert not hasattr(tnp, name)
    with pytest.raises(AttributeError, match=f"TensorFlow namespace has only .* {name!r} is not"):
        getattr(tnp, name)


def test_tensorflow_is_left_as_it_was() -> None:
    with pytest.raises(AttributeError):
        tf.constant(1.0).astype  # noqa: B018
    with pytest.raises((TypeError, ValueError, tf.errors.InvalidArgumentError)):
        tf.constant([1, 2]) * 2.5


def gradient(mode: str, fn: Any, x: Any) -> Any:
    """Return the gradient of a weighted sum of fn(x), as a tensor or None."""

    def taped(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
            weights = tf.cast(tf.range(1, tf.size(y) + 1), y.dtype)
            total = tf.reduce_sum(tf.reshape(y, [-1]) * weights)
        return tape.gradient(total, x)

    return run(mode, taped, np.asarray(x, "float64"))


KINKS: dict[str, tuple[Any, list[float], list[float]]] = {
    "where >": (lambda x: tnp.where(x > 0, x, 0.0), [0.0, 1.0], [0.0, 2.0]),
    "where >=": (lambda x: tnp.where(x >= 0, x, 0.0), [0.0, -1.0], [1.0, 0.0]),
    "where log": (
        lambda x: tnp.where(x > 0, tnp.log(tnp.where(x > 0, x, 1.0)), 0.0),
        [0.0, 2.0],
        [0.0, 1.0],
    ),
    "where divide": (
        lambda x: tnp.where(x > 0, tnp.divide(1.0, tnp.where(x > 0, x, 1.0)), 0.0),
        [0.0, 2.0],
        [0.0, -0.5],
    ),
    "clip": (lambda x: tnp.clip(x, 0.0, 1.0), [0.0, 1.0, -1.0, 0.5], [1.0, 2.0, 0.0, 4.0]),
    "maximum": (lambda x: tnp.maximum(x, 0.0), [0.0, 1.0, -1.0], [1.0, 2.0, 0.0]),
    "minimum": (lambda x: tnp.minimum(0.0, x), [0.0, 1.0, -1.0], [0.0, 0.0, 3.0]),
    "abs": (tnp.abs, [0.0, -2.0], [0.0, -2.0]),
    "sign": (tnp.sign, [0.0, -2.0], [0.0, 0.0]),
    "logaddexp": (lambda x: tnp.logaddexp(x, 0.0), [0.0, 800.0, -800.0], [0.5, 2.0, 0.0]),
    "logaddexp back": (lambda x: tnp.logaddexp(0.0, x), [0.0, 800.0, -800.0], [0.5, 2.0, 0.0]),
    "max of ties": (tnp.max, [1.0, 2.0, 2.0], [0.0, 0.5, 0.5]),
    "std of a constant": (tnp.std, [2.0, 2.0], [0.0, 0.0]),
    "var": (tnp.var, [1.0, 2.0, 3.0], [-2 / 3, 0.0, 2 / 3]),
    "prod with zero": (tnp.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    "pow": (lambda x: tnp.pow(x, 2.0), [0.0, 3.0], [0.0, 12.0]),
    "sort": (tnp.sort, [3.0, 1.0, 2.0], [3.0, 1.0, 2.0]),
    "sort down": (lambda x: tnp.sort(x, descending=True), [3.0, 1.0, 2.0], [1.0, 3.0, 2.0]),
    "take": (lambda x: tnp.take(x, tf.constant([-1, 0, -1])), [1.0, 2.0, 3.0], [2.0, 0.0, 4.0]),
    "cumulative_sum": (
        lambda x: tnp.cumulative_sum(x, include_initial=True),
        [1.0, 2.0],
        [5.0, 3.0],
    ),
    "cumulative_prod": (tnp.cumulative_prod, [2.0, 3.0, 5.0], [52.0, 34.0, 18.0]),
    "cumulative_prod of zeros": (
        lambda x: tnp.cumulative_prod(x, include_initial=True),
        [2.0, 0.0, 5.0, 0.0, 3.0],
        [2.0, 46.0, 0.0, 0.0, 0.0],
    ),
    "prod with zeros": (tnp.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    "diff": (lambda x: tnp.diff(x, n=2), [1.0, 4.0, 2.0, 0.0], [1.0, 0.0, -3.0, 2.0]),
    "hypot": (lambda x: tnp.hypot(x, 4.0), [3.0, 0.0, -3.0], [0.6, 0.0, -1.8]),
    "hypot of equals": (lambda x: tnp.hypot(x, tnp.positive(x)), [2.0], [math.sqrt(2)]),
    "hypot of zeros": (lambda x: tnp.hypot(x, 0.0), [0.0, 2.0, -2.0], [0.0, 2.0, -3.0]),
    "hypot of the largest": (lambda x: tnp.hypot(x, 4e200), [3e200], [0.6]),
    "atan2": (lambda x: tnp.atan2(x, 2.0), [0.0, 2.0], [0.5, 0.5]),
    "atan2 swapped": (lambda x: tnp.atan2(2.0, x), [0.0, 2.0], [-0.5, -0.5]),
    "atan2 of zeros": (lambda x: tnp.atan2(x, 0.0), [0.0, 2.0], [0.0, 0.0]),
    "copysign": (lambda x: tnp.copysign(x, -1.0), [3.0, -3.0, 0.0], [-1.0, 2.0, 0.0]),
    "remainder": (lambda x: tnp.remainder(x, 2.0), [3.5, -3.5, 4.0, 0.0], [1.0, 2.0, 3.0, 4.0]),
    "remainder swapped": (
        lambda x: tnp.remainder(7.0, x),
        [2.0, -2.0, 3.5, -3.5],
        [-3.0, 8.0, -6.0, 8.0],
    ),
    "triu": (
        lambda x: tnp.triu(tnp.broadcast_to(x, (2, 2)), k=1),
        [math.inf, 2.0],
        [0.0, 2.0],
    ),
    "asin": (tnp.asin, [0.6, -0.6], [1.25, 2.5]),
    "acos": (tnp.acos, [0.6, -0.6], [-1.25, -2.5]),
    "asinh": (tnp.asinh, [0.75, -0.75], [0.8, 1.6]),
    "acosh": (tnp.acosh, [1.25], [4 / 3]),
    "atanh": (tnp.atanh, [0.6, 0.0], [1.5625, 2.0]),
    "astype": (lambda x: tnp.astype(tnp.astype(x, tnp.float32), tnp.float64), [1.0], [1.0]),
    "stop": (lambda x: x * tnp.stop_gradient(x), [3.0, 2.0], [3.0, 4.0]),
}


@pytest.mark.parametrize("name", KINKS)
def test_gradients_are_finite_and_right(name: str) -> None:
    fn, x, expected = KINKS[name]
    for mode in ("eager", "traced", "xla"):
        found = gradient(mode, fn, x)
        assert isinstance(found, tf.Tensor), f"{mode}: {type(found)}"
        np.testing.assert_allclose(found, expected, rtol=1e-14, err_msg=mode)


def test_stopped_gradients_are_none() -> None:
    with tf.GradientTape() as tape:
        x = tf.Variable([1.0])
        y = tnp.stop_gradient(x) * 2
    assert tape.gradient(y, x) is None


def test_gradients_of_rows_are_tensors() -> None:
    x = np.asarray([[3.0, 1.0, 2.0], [1.0, 2.0, 0.0]])
    for fn in (
        lambda x: tnp.sort(x),
        lambda x: tnp.take(x, tf.constant([1, 0]), axis=0),
        lambda x: tnp.take_along_axis(x, tf.constant([[0, -1]]), axis=-1),
    ):
        for mode in ("eager", "traced", "xla"):
            found = gradient(mode, fn, x)
            assert isinstance(found, tf.Tensor) and np.isfinite(found).all()
    expected = [[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]]
    np.testing.assert_array_equal(gradient("eager", tnp.sort, x), expected)


def test_shapes_that_are_known_stay_known() -> None:
    spec = [tf.TensorSpec([2, 1]), tf.TensorSpec([3])]

    @tf.function(input_signature=spec)
    def fn(x: Any, y: Any) -> Any:
        found = [*tnp.broadcast_arrays(x, y), tnp.where(x > 0, x, y), tnp.zeros_like(x) + y]
        found += [tnp.sort(x), tnp.full_like(x, 0.5), tnp.roll(x, 1), tnp.flip(x), tnp.std(x)]
        assert [v.shape.as_list() for v in found] == [[2, 3]] * 4 + [[2, 1]] * 4 + [[]]
        return found[0]

    fn.get_concrete_function()
