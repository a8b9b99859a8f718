"""The TensorFlow namespace against the standard, as array-api-strict has it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
strict: Any = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")

from softset._arrays.tensorflow import namespace as _tnp  # noqa: E402  (after the check for TensorFlow)

tnp: Any = _tnp
FUNCTIONS = sorted(
    name
    for name, found in vars(_tnp).items()
    if inspect.isfunction(found) and not name.startswith("_")
)
DEVIATIONS = {
    "astype": "`device` is None by default, which array-api-strict has a class for",
    "expand_dims": "`axis` has the default 0 that the standard gave it until 2025, in any position",
}
NOT_IN_THE_STANDARD = {"stop_gradient"}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default) for p in found]


def test_signatures_are_the_standards() -> None:
    names = set(FUNCTIONS) - NOT_IN_THE_STANDARD
    with strict.ArrayAPIStrictFlags(api_version=tnp.__array_api_version__):
        wrong = {n for n in names if parameters(getattr(tnp, n)) != parameters(getattr(strict, n))}
    assert wrong == set(DEVIATIONS)
    assert str(inspect.signature(tnp.sum)).replace("'", "").startswith("(x: Any, /, *, axis: Axis")
    assert parameters(tnp.astype)[-1] == ("device", inspect.Parameter.KEYWORD_ONLY, None)
    assert parameters(tnp.expand_dims)[-1] == ("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_are(name: str) -> None:
    function = getattr(tnp, name)
    assert function.__name__ == name and function.__qualname__ == name
    assert function.__module__.startswith(tnp.__name__.rpartition(".")[0])
    assert function.__doc__ and function.__doc__.splitlines()[0].endswith(".")


DTYPES = {
    "b": ("bool",),
    "i": ("int8", "int16", "int32", "int64"),
    "u": ("uint8", "uint16", "uint32", "uint64"),
    "f": ("float32", "float64"),
}
# Each case is (the kinds of dtypes, a function of the namespace and of two matrices).
CASES: dict[str, tuple[str, Callable[..., Any]]] = {}
for _names, _kinds in {
    "sqrt exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh reciprocal signbit mean var std": "f",
    "abs negative positive sign square floor ceil round trunc isnan isinf isfinite sum prod max "
    "min argmax argmin sort argsort": "iuf",
    "logical_not": "b",
    "bitwise_invert": "biu",
    "zeros_like ones_like tril triu flip matrix_transpose any all count_nonzero": "biuf",
}.items():
    CASES |= {n: (_kinds, lambda xp, x, y, _n=n: getattr(xp, _n)(x)) for n in _names.split()}
for _names, _kinds in {
    "add subtract multiply minimum maximum less less_equal greater greater_equal": "iuf",
    "divide hypot atan2 copysign remainder floor_divide logaddexp nextafter": "f",
    "equal not_equal": "biuf",
    "logical_and logical_or logical_xor": "b",
    "bitwise_and bitwise_or bitwise_xor": "biu",
}.items():
    CASES |= {n: (_kinds, lambda xp, x, y, _n=n: getattr(xp, _n)(x, y)) for n in _names.split()}


def not_zero(xp: Any, x: Any) -> Any:
    return xp.where(x == 0, xp.ones_like(x), x)


def small(xp: Any, x: Any) -> Any:
    return xp.remainder(x, xp.full_like(x, 9))


CASES |= {
    "remainder of integers": ("iu", lambda xp, x, y: xp.remainder(x, not_zero(xp, y))),
    "floor_divide of integers": ("iu", lambda xp, x, y: xp.floor_divide(x, not_zero(xp, y))),
    "pow": ("f", lambda xp, x, y: xp.pow(xp.abs(x), y)),
    "pow of integers": ("iu", lambda xp, x, y: xp.pow(x, small(xp, y))),
    "left shift": ("iu", lambda xp, x, y: xp.bitwise_left_shift(x, small(xp, y))),
    "left shift to 0": ("iu", lambda xp, x, y: xp.bitwise_left_shift(x, xp.full_like(x, 64))),
    "right shift": ("iu", lambda xp, x, y: xp.bitwise_right_shift(x, small(xp, y))),
    "right shift to 0": ("iu", lambda xp, x, y: xp.bitwise_right_shift(x, xp.full_like(x, 64))),
    "add number": ("iuf", lambda xp, x, y: xp.add(x, 3)),
    "subtract from number": ("iuf", lambda xp, x, y: xp.subtract(3, x)),
    "multiply by 0": ("iuf", lambda xp, x, y: xp.multiply(x, 0)),
    "multiply by 0.0": ("f", lambda xp, x, y: xp.multiply(x, 0.0)),
    "multiply by -0.0": ("f", lambda xp, x, y: xp.multiply(-0.0, x)),
    "clip": ("iuf", lambda xp, x, y: xp.clip(x, 1, 3)),
    "where": ("biuf", lambda xp, x, y: xp.where(x == y, x, y)),
    "where number": ("iuf", lambda xp, x, y: xp.where(x > y, x, 1)),
    "astype": ("biu", lambda xp, x, y: [xp.astype(x, t) for t in (xp.bool, xp.float64, xp.int8)]),
    "astype bool": ("f", lambda xp, x, y: xp.astype(x, xp.bool)),
    "full_like": ("iuf", lambda xp, x, y: xp.full_like(x, 3)),
    "sum axis": ("iuf", lambda xp, x, y: xp.sum(x, axis=0, keepdims=True)),
    "sum dtype": ("iu", lambda xp, x, y: xp.sum(x, axis=-1, dtype=x.dtype)),
    "prod axes": ("iuf", lambda xp, x, y: xp.prod(x, axis=(0, -1))),
    "prod dtype": ("iu", lambda xp, x, y: xp.prod(x, axis=(-1,), dtype=x.dtype)),
    "mean axis": ("f", lambda xp, x, y: xp.mean(x, axis=-1, keepdims=True)),
    "var axis": ("f", lambda xp, x, y: xp.var(x, axis=1, correction=1)),
    "max axis": ("iuf", lambda xp, x, y: xp.max(x, axis=1)),
    "min keepdims": ("iuf", lambda xp, x, y: xp.min(x, axis=(0,), keepdims=True)),
    "any axis": ("biuf", lambda xp, x, y: xp.any(x, axis=-1)),
    "all keepdims": ("biuf", lambda xp, x, y: xp.all(x, axis=0, keepdims=True)),
    "count_nonzero axis": ("biuf", lambda xp, x, y: xp.count_nonzero(x, axis=0, keepdims=True)),
    "argmax axis": ("iuf", lambda xp, x, y: xp.argmax(x, axis=1, keepdims=True)),
    "cumulative_sum": ("iuf", lambda xp, x, y: xp.cumulative_sum(x, axis=0)),
    "cumulative_sum dtype": ("iu", lambda xp, x, y: xp.cumulative_sum(x, axis=1, dtype=x.dtype)),
    "cumulative_prod": ("iuf", lambda xp, x, y: xp.cumulative_prod(x, axis=-1)),
    "cumulative_prod initial": (
        "iuf",
        lambda xp, x, y: xp.cumulative_prod(x, axis=0, dtype=x.dtype, include_initial=True),
    ),
    "sort axis": (
        "iuf",
        # It may put NaN first or last.
        lambda xp, x, y: xp.sort(xp.where(x == x, x, xp.zeros_like(x)), axis=0, descending=True),
    ),
    "argsort axis": ("iuf", lambda xp, x, y: xp.argsort(x, axis=0)),
    "searchsorted": (
        "iuf",
        lambda xp, x, y: xp.searchsorted(xp.sort(xp.reshape(x, (-1,))), y, side="right"),
    ),
    "diff": ("iuf", lambda xp, x, y: xp.diff(x)),
    "diff twice": ("iuf", lambda xp, x, y: xp.diff(x, axis=0, n=2, prepend=y, append=x)),
    "tril above": ("biuf", lambda xp, x, y: xp.tril(x, k=1)),
    "triu below": ("biuf", lambda xp, x, y: xp.triu(x, k=-1)),
    "meshgrid": ("biuf", lambda xp, x, y: xp.meshgrid(x[0, :], y[:, 0], x[1, :])),
    "meshgrid by index": ("iuf", lambda xp, x, y: xp.meshgrid(x[0, :], y[:, 0], indexing="ij")),
    "expand_dims": ("biuf", lambda xp, x, y: xp.expand_dims(x, 1)),
    "squeeze": ("biuf", lambda xp, x, y: xp.squeeze(x[:1, :], 0)),
    "reshape": ("biuf", lambda xp, x, y: xp.reshape(x, (-1, 2))),
    "permute_dims": ("biuf", lambda xp, x, y: xp.permute_dims(x, (1, 0))),
    "moveaxis": ("biuf", lambda xp, x, y: xp.moveaxis(x, 0, -1)),
    "flip axis": ("biuf", lambda xp, x, y: xp.flip(x, axis=-1)),
    "roll": ("biuf", lambda xp, x, y: xp.roll(x, 2)),
    "roll axes": ("biuf", lambda xp, x, y: xp.roll(x, (1, -1), axis=(0, 1))),
    "repeat": ("biuf", lambda xp, x, y: xp.repeat(x, 2, axis=0)),
    "tile": ("biuf", lambda xp, x, y: xp.tile(x, (2, 1, 2))),
    "broadcast_to": ("biuf", lambda xp, x, y: xp.broadcast_to(x[:1, :1], (2, 3))),
    "broadcast_arrays": ("biuf", lambda xp, x, y: xp.broadcast_arrays(x[:1, :], y[:, :1])),
    "concat": ("biuf", lambda xp, x, y: xp.concat([x, y], axis=-1)),
    "concat flat": ("biuf", lambda xp, x, y: xp.concat((x, y, x), axis=None)),
    "stack": ("biuf", lambda xp, x, y: xp.stack([x, y], axis=-1)),
    "take": ("biuf", lambda xp, x, y: xp.take(x, xp.asarray([2, 0, -1]), axis=0)),
    "take_along_axis": (
        "iuf",
        lambda xp, x, y: xp.take_along_axis(x, xp.argsort(y, axis=0), axis=0),
    ),
    "matmul": ("iu", lambda xp, x, y: xp.matmul(x, xp.matrix_transpose(y))),
    "tensordot": ("iu", lambda xp, x, y: xp.tensordot(x, y, axes=2)),
    "vecdot": ("iuf", lambda xp, x, y: xp.vecdot(x, y)),
    "vecdot broadcast": ("iuf", lambda xp, x, y: xp.vecdot(x[:1, :], y[0, :])),
    "vecdot axis": ("iuf", lambda xp, x, y: xp.vecdot(x[:, :1], y, axis=-2)),
    "result_type": ("biuf", lambda xp, x, y: xp.zeros(2, dtype=xp.result_type(x, y))),
}
MODES = ("eager", "traced", "xla")
COMPILED = ("uint8", "float32")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, math.inf, -math.inf, math.nan, 7.25, 1e30]


def matrices(dtype: str, seed: int) -> np.ndarray:
    """Return twelve values in an order of their own: special ones, ties, and the extremes."""
    if dtype == "bool":
        values = np.arange(12) % 3 == 0
    elif "int" in dtype:
        limits = np.iinfo(dtype)
        ends = [limits.max, limits.min, limits.max - 1]
        values = np.asarray([0, 1, 2, 3, 3, 5, 7, 9, 100, *ends], dtype)
    else:
        values = np.asarray(SPECIAL, dtype)
    return np.random.default_rng(seed).permutation(values).reshape(3, 4)


def call(mode: str, fn: Any, *arrays: np.ndarray) -> Any:
    """Call fn in a mode; compiled modes know the number of axes and no length."""
    if mode == "eager":
        return fn(*map(tf.constant, arrays))
    spec = [tf.TensorSpec([None] * x.ndim, x.dtype) for x in arrays]
    options = {"jit_compile": mode == "xla", "autograph": mode == "autograph"}
    return tf.function(fn, input_signature=spec, **options)(*arrays)


def flat(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else [found]


def difference(found: Any, expected: Any, name: str = "") -> str:
    """Say how a tensor differs from an array of array-api-strict, or nothing."""
    if not isinstance(found, tf.Tensor):
        return f"{type(found)} is no tensor"
    value, wanted = found.numpy(), np.asarray(expected._array)
    if value.dtype != wanted.dtype or value.shape != wanted.shape:
        return f"{value.dtype} {value.shape}, not {wanted.dtype} {wanted.shape}"
    if wanted.dtype.kind != "f":
        return "" if np.array_equal(value, wanted) else f"{value}, not {wanted}"
    near = 64 * np.finfo(wanted.dtype).eps
    same = np.isclose(value, wanted, rtol=near, atol=near / 8, equal_nan=True)
    # The standard leaves the sign of sums, extremes and signs of zeros open, as XLA does.
    if name.split()[0] not in UNSIGNED_ZEROS:
        same &= np.isnan(wanted) | (np.signbit(value) == np.signbit(wanted))
    return "" if np.all(same) else f"{value}, not {wanted}"


UNSIGNED_ZEROS = ("sign", "sum", "mean", "vecdot", "max", "min", "minimum", "maximum", "diff")


def wrong(mode: str, cases: dict[str, Any], *arrays: np.ndarray) -> list[str]:
    """Say what differs from array-api-strict, all cases in one graph."""
    results = call(mode, lambda *xs: {n: f(tnp, *xs) for n, f in cases.items()}, *arrays)
    problems = []
    with np.errstate(all="ignore"), strict.ArrayAPIStrictFlags(api_version="2024.12"):
        for name, fn in cases.items():
            expected = flat(fn(strict, *map(strict.asarray, arrays)))
            pairs = zip(flat(results[name]), expected, strict=True)
            problems += [f"{name}: {d}" for x, y in pairs if (d := difference(x, y, name))]
    return problems


@pytest.mark.parametrize(
    ("dtype", "mode"),
    [
        # Each dtype takes XLA seconds to compile.
        pytest.param(d, m, marks=[pytest.mark.exhaustive] * (m == "xla" and d not in COMPILED))
        for names in DTYPES.values()
        for d in names
        for m in MODES
    ],
)
def test_every_dtype_agrees_with_the_standard(dtype: str, mode: str) -> None:
    kind = next(kind for kind, names in DTYPES.items() if dtype in names)
    cases = {name: fn for name, (kinds, fn) in CASES.items() if kind in kinds}
    assert not wrong(mode, cases, matrices(dtype, 0), matrices(dtype, 1))


@pytest.mark.parametrize("dtype", ["uint16", pytest.param("float64", marks=pytest.mark.exhaustive)])
def test_autograph_can_read_every_function(dtype: str, caplog: Any, capfd: Any) -> None:
    """It rewrites what tf.function calls, and reports what it cannot parse."""
    cases = {name: fn for name, (kinds, fn) in CASES.items() if dtype[0] in kinds}
    assert not wrong("autograph", cases, matrices(dtype, 0), matrices(dtype, 1))
    assert "AutoGraph" not in caplog.text + "".join(capfd.readouterr())


# What hypothesis calls: names by the kinds of dtypes, for each way to be called.
UNARY = {
    "sqrt exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh reciprocal signbit": "f",
    "abs negative positive sign square floor ceil round trunc isnan isinf isfinite": "iuf",
    "logical_not": "b",
    "bitwise_invert": "biu",
    "zeros_like ones_like": "biuf",
}
BINARY = {
    "add subtract multiply minimum maximum less less_equal greater greater_equal": "iuf",
    "divide hypot atan2 copysign remainder floor_divide logaddexp pow": "f",
    "equal not_equal broadcast_arrays": "biuf",
    "logical_and logical_or logical_xor": "b",
    "bitwise_and bitwise_or bitwise_xor": "biu",
    "where": "biuf",
}
REDUCTIONS = {
    "sum prod max min": "iuf",
    "mean var std": "f",
    "any all count_nonzero": "biuf",
}
ALONG = {
    "cumulative_sum cumulative_prod sort argsort diff argmax argmin": "iuf",
    "flip roll expand_dims unstack concat stack repeat take moveaxis": "biuf",
    "vecdot": "iuf",
}
MATRICES = {"tril triu matrix_transpose": "biuf", "matmul": "iu", "reshape tile": "biuf"}
WAYS = {
    "unary": UNARY,
    "binary": BINARY,
    "reduction": REDUCTIONS,
    "along": ALONG,
    "matrix": MATRICES,
}
OFFERED = [
    pytest.param(way, name, kinds, id=name)
    for way, table in WAYS.items()
    for names, kinds in table.items()
    for name in names.split()
]
# Eighths, whose sums and products are exact, and what the standard has special cases for.
REALS = st.one_of(
    st.integers(-80, 80).map(lambda i: i / 8),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]),
)


def arrays(dtype: str, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    elements: Any = REALS if "float" in dtype else None
    return hnp.arrays(dtype, shape, elements=elements)


def shapes(least: int = 0, dims: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    return hnp.array_shapes(min_dims=dims, max_dims=3, min_side=least, max_side=3)


def drawn_call(draw: Any, way: str, name: str, kinds: str) -> tuple[Any, list[np.ndarray]]:
    """Return a function of a namespace and of arrays, and the arrays."""
    dtype = draw(st.sampled_from([d for kind in kinds for d in DTYPES[kind]]))
    if way == "unary":
        return lambda xp, x: getattr(xp, name)(x), [draw(arrays(dtype, draw(shapes())))]
    if way == "binary":
        both = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
        inputs = [draw(arrays(dtype, shape)) for shape in both.input_shapes]
        if name == "where":
            return lambda xp, x, y: xp.where(xp.equal(x, y), x, y), inputs
        return lambda xp, x, y: getattr(xp, name)(x, y), inputs
    if way == "reduction":
        x = draw(arrays(dtype, draw(shapes(least=name not in ("sum", "prod", "any", "all")))))
        axes = st.integers(-x.ndim, x.ndim - 1) if x.ndim else st.none()
        sets = hnp.valid_tuple_axes(x.ndim, max_size=x.ndim)
        axis, keepdims = draw(st.one_of(st.none(), axes, sets)), draw(st.booleans())
        return lambda xp, x: getattr(xp, name)(x, axis=axis, keepdims=keepdims), [x]
    if way == "matrix":
        x = draw(arrays(dtype, draw(shapes(dims=2))))
        k = draw(st.integers(-3, 3))
        return _of_matrices(name, k, x.shape), [x]
    x = draw(arrays(dtype, draw(shapes(least=1, dims=1))))
    axis, flag = draw(st.integers(-x.ndim, x.ndim - 1)), draw(st.booleans())
    return _along(name, axis, flag), [x]


def _of_matrices(name: str, k: int, shape: tuple[int, ...]) -> Any:
    if name in ("tril", "triu"):
        return lambda xp, x: getattr(xp, name)(x, k=k)
    if name == "matmul":
        return lambda xp, x: xp.matmul(x, xp.matrix_transpose(x))
    if name == "tile":
        return lambda xp, x: xp.tile(x, (abs(k), 2))
    if name == "reshape":
        return lambda xp, x: xp.reshape(x, shape[::-1] if 0 in shape else (-1, shape[0]))
    return lambda xp, x: getattr(xp, name)(x)


def _along(name: str, axis: int, flag: bool) -> Any:
    if name in ("cumulative_sum", "cumulative_prod"):
        return lambda xp, x: getattr(xp, name)(x, axis=axis, include_initial=flag)
    if name in ("sort", "argsort"):  # NaN may be first or last when it descends
        return lambda xp, x: getattr(xp, name)(
            xp.where(x == x, x, xp.zeros_like(x)), axis=axis, descending=flag
        )
    if name in ("argmax", "argmin"):
        return lambda xp, x: getattr(xp, name)(x, axis=axis, keepdims=flag)
    if name == "diff":
        return lambda xp, x: xp.diff(x, axis=axis, n=1 + flag, prepend=x if flag else None)
    if name in ("concat", "stack"):
        return lambda xp, x: getattr(xp, name)([x, x, x] if flag else [x], axis=axis)
    if name == "vecdot":
        return lambda xp, x: xp.vecdot(x, x, axis=axis - len(x.shape) if axis >= 0 else axis)
    if name == "roll":
        return lambda xp, x: xp.roll(x, 2 if flag else -1, axis=axis)
    if name == "repeat":
        return lambda xp, x: xp.repeat(x, 2 if flag else 0, axis=axis)
    if name == "take":
        return lambda xp, x: xp.take(x, xp.asarray([0, -1] if flag else [0]), axis=axis)
    if name == "moveaxis":
        return lambda xp, x: xp.moveaxis(x, axis, -1 if flag else 0)
    return lambda xp, x: getattr(xp, name)(x, axis=axis)


def agrees(mode: str, draw: Any, way: str, name: str, kinds: str) -> None:
    fn, inputs = drawn_call(draw, way, name, kinds)
    if name == "unstack" and mode != "eager":
        return  # the number of its results is a length
    with np.errstate(all="ignore"), strict.ArrayAPIStrictFlags(api_version="2024.12"):
        expected = flat(fn(strict, *map(strict.asarray, inputs)))
    found = flat(call(mode, lambda *xs: fn(tnp, *xs), *inputs))
    for x, y in zip(found, expected, strict=True):
        assert not (problem := difference(x, y, name)), problem


@pytest.mark.parametrize(("way", "name", "kinds"), OFFERED)
@given(st.data())
def test_any_call_agrees_with_the_standard(way: str, name: str, kinds: str, data: Any) -> None:
    agrees("eager", data.draw, way, name, kinds)


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", ["traced", "xla"])
@pytest.mark.parametrize(("way", "name", "kinds"), OFFERED)
@settings(max_examples=10)
@given(st.data())
def test_any_compiled_call_agrees_with_the_standard(
    mode: str, way: str, name: str, kinds: str, data: Any
) -> None:
    agrees(mode, data.draw, way, name, kinds)


@pytest.mark.parametrize("dtype", DTYPES["b"] + DTYPES["i"] + DTYPES["u"] + DTYPES["f"])
@pytest.mark.parametrize("mode", ["eager", "traced", "xla"])
def test_a_single_one_is_a_one(mode: str, dtype: str) -> None:
    """TensorFlow's optimizer of graphs takes that of some unsigned integers for 0."""
    x = tf.zeros((), getattr(tf, dtype))
    run = tnp.ones_like
    if mode != "eager":
        run = tf.function(
            run, input_signature=[tf.TensorSpec((), x.dtype)], jit_compile=mode == "xla"
        )
    found = run(x)
    assert found.dtype == x.dtype and found.numpy() == 1
