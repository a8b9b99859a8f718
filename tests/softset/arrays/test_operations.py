"""Sums of products, and arithmetic that writes to its operands."""

import importlib
import operator
from importlib.util import find_spec

import numpy as np
import pytest

import softset as ss
from softset._arrays import sums
from softset._arrays.duals import Dual
from softset._arrays.numpy import library as numpy_library
from tests.support import marks
from tests.support.backends import lib_of
from tests.support.referees import EXACT, STEPS, assert_array, assert_close, labels_and_scores

MANY = numpy_library._SMALL
# 32 numbers in a row in float32, or in four lanes; twenty thousand in float64.
ROUNDED = {"float32": 4e-7, "float64": 2e-12}


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((MANY - 1,), (0,)),
        ((MANY,), (0,)),
        ((MANY + 77,), (0,)),
        ((3, MANY + 1), (0, 1)),
        ((3, MANY + 1), (1,)),
        ((MANY, 1), (0,)),
        ((MANY // 2 + 5, 3), (0,)),
        ((50, MANY // 100, 2, 3), (0, 1)),
        ((2, MANY), (0,)),
        ((MANY // 2, 3), (1,)),
        ((MANY, 2), ()),
        ((32 * MANY, 2), (0,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_of_products_hardly_round(shape, axis, dtype):
    """Short stretches are summed first: the error is some roundings, whatever the length."""
    rng = np.random.default_rng(3)
    x, y = (rng.uniform(size=shape).astype(dtype) for _ in range(2))
    for a, b in ((x, y), (x[::-1], y[::-1]), (np.asfortranarray(x), y)):
        found = lib_of(a).products(a, b, axis)
        expected = np.sum(a.astype(np.longdouble) * b, axis=axis)
        assert found.shape == expected.shape
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=ROUNDED[dtype])
    # Equal numbers round in one direction.
    equal = np.full(shape, 0.9, dtype)
    expected = np.sum(equal.astype(np.longdouble), axis=axis)
    found = lib_of(equal).products(equal, np.ones_like(equal), axis)
    np.testing.assert_allclose(found, expected, rtol=ROUNDED[dtype])


def test_operands_of_two_dtypes_are_promoted():
    x = np.random.default_rng(3).uniform(size=MANY).astype(np.float32)
    found = lib_of(x).products(x, x.astype(np.float64), (0,))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.sum(x.astype(np.float64) ** 2), rtol=EXACT)


def test_operands_of_two_shapes_are_broadcast():
    x, y = np.random.default_rng(3).uniform(size=(MANY, 5)), np.linspace(0, 1, MANY)[:, None]
    np.testing.assert_allclose(lib_of(x).products(x, y, (0,)), (x * y).sum(0), rtol=EXACT)


@marks.on("numpy", "torch")
def test_arithmetic_is_in_place_for_arrays_of_one_dtype_in_memory(backend):
    x, other = backend.asarray(np.asarray([1.0, 2.0])), backend.asarray([3.0], "float32")
    add, multiply = lib_of(x, 0.5).in_place(x, 0.5)
    assert add(x, 1.0) is x
    assert multiply(x, x) is x
    assert backend.to_numpy(x).tolist() == [4.0, 9.0]
    for plain in (
        lib_of(x, other).in_place(x, other),
        lib_of(x).in_place(backend.asarray([1, 2])),
    ):
        assert plain[0](x, 1.0) is not x
    if backend.library == "numpy":  # a number cannot be written to
        assert lib_of(x, np.float64(2)).in_place(x, 2.0)[0](x, 1.0) is not x
    assert backend.to_numpy(x).tolist() == [4.0, 9.0]


@marks.on("torch")
def test_arithmetic_is_not_in_place_where_a_gradient_is_followed(backend):
    x = backend.asarray(np.asarray([1.0, 2.0])).requires_grad_()
    add, multiply = lib_of(x).in_place(x)
    assert add(x, 1.0) is not x
    assert multiply(x, 1.0) is not x


@marks.on("numpy", "array_api_strict", "tensorflow")
def test_float32_sums_do_not_stand_still(backend):
    """2**24 + 1 is no float32 number: a running sum of float32 would stay where it is."""
    column = np.asarray([2.0**24, *[1.0] * 8], dtype=np.float32)
    x = backend.asarray(np.stack([column, column[::-1]], axis=1))
    found = backend.run(lambda x: lib_of(x).sum(x, (0,)), x)
    assert_close(found, np.full(2, 2.0**24 + 8), backend, 0.0, dtype="float32")
    running = backend.run(lambda x: lib_of(x).running(x), backend.asarray(column[None, :]))
    expected = np.cumsum(column, dtype=np.float64).astype(np.float32)
    assert_close(running, expected[None, :], backend, 0.0, dtype="float32")


@pytest.mark.parametrize("columns", [1, 3])
def test_sums_of_stretches_are_added_in_float64(columns):
    """The first stretch has a sum of 2**24, each later one far less than its ulp."""
    stretch = 32 if columns > 1 else 256
    ones = np.zeros((max(MANY, 256 * 256), columns), dtype=np.float32)
    ones[::stretch] = 1
    ones[0] = 2**24
    for x in (ones, ones[:, 0] if columns == 1 else ones):
        found = lib_of(x).products(x, np.ones_like(x), (0,))
        expected = np.sum(x, axis=0, dtype=np.float64).astype(np.float32)
        np.testing.assert_array_equal(found, expected)


def test_numbers_are_widened_where_there_is_float64(backend):
    for dtype in ("float32", "float64"):
        x = backend.asarray(np.asarray([0.1, 2.5]), dtype)
        found = backend.run(lambda x: lib_of(x).wide(x), x)
        assert_array(found, backend, "float64", (2,))
        np.testing.assert_array_equal(backend.to_numpy(found), backend.to_numpy(x))
    if not backend.traced:
        assert lib_of(x).wide(x) is x


def test_sums_between_places_are_taken_in_float64(backend):
    x = np.asarray([2.0**24, *[1.0] * 6], dtype=np.float32)

    def sums_of(x):
        xp = ss.array_namespace(x)
        start, stop = (xp.asarray(places) for places in ([0, 1, 2], [1, 4, 7]))
        if backend.library == "torch":
            start, stop = start.to(x.device), stop.to(x.device)
        return sums.sums_between(lib_of(x), x)(start, stop)

    found = backend.run(sums_of, backend.asarray(x))
    assert_close(found, [2.0**24, 3, 5], backend, 0.0, dtype="float32")


def kinds_of_memory():
    """Yield arrays by name, and whether they may be worked on in pieces and written to."""
    x = np.asarray([0.25, 0.5])
    yield "NumPy", x, True
    yield "NumPy's scalars", x[0], False
    yield "dual numbers", Dual(x, np.ones((1, 2))), False
    if find_spec("torch"):
        import torch

        t = torch.asarray(x)
        yield "torch", t, True
        yield "torch beside a number", (t, 0.5), True
        yield "a parameter", torch.nn.Parameter(t), False
        yield "a torch gradient", t.clone().requires_grad_(), False
        yield "torch beside a gradient", (t, t.clone().requires_grad_()), False
        yield "torch without values", t.to("meta"), False
    if find_spec("jax"):
        yield "jax", importlib.import_module("jax").numpy.asarray(x), False
    if find_spec("tensorflow"):
        yield "tensorflow", importlib.import_module("tensorflow").constant(x), False


def test_what_may_be_written_to():
    for name, arrays, expected in kinds_of_memory():
        arrays = arrays if isinstance(arrays, tuple) else (arrays,)
        assert lib_of(*arrays).free is expected, name
        if arrays[-1] is not None:
            writes = lib_of(*arrays).in_place(*arrays)[0] is operator.iadd
            assert writes is expected, name


@marks.on("torch")
def test_nothing_is_written_to_under_a_transform(backend):
    torch, x = backend.torch, backend.asarray(np.asarray([0.25, 0.5]))
    seen = []

    def look(x):
        seen.append(lib_of(x).free)
        return x + 0

    torch.func.vmap(look)(x)
    torch.func.jvp(look, (x,), (x,))
    torch.func.grad(lambda x: look(x).sum())(x)
    with torch.autograd.forward_ad.dual_level():
        look(x)
    torch.jit.trace(look, x, check_trace=False)
    torch.compile(look, backend="eager", fullgraph=True)(x)
    assert seen and not any(seen)
    with torch.no_grad():
        assert lib_of(x.clone().requires_grad_()).free


@marks.on("numpy", "torch")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("n", [1, 5, 70_000])
def test_nothing_that_was_handed_over_is_written_to(backend, step, n):
    """Read-only arrays of NumPy would raise; tensors are compared."""
    y, p = labels_and_scores(n, seed=n)
    data = {"y": 1.0 * y, "p": p, "w": 1 + p, "m": p < 2, "t": np.asarray(0.4)}
    arrays = {name: backend.asarray(x) for name, x in data.items()}
    if backend.name == "numpy":
        for x in arrays.values():
            x.setflags(write=False)
    y_true, y_prob, weight, mask, threshold = arrays.values()
    membership = STEPS[step][0]
    membership(y_prob, 0.4)
    membership(y_prob, threshold)
    for options in ({"threshold": 0.4}, {"thresholds": ss.grid(9)}):
        loss = ss.as_loss(ss.f1, step=membership, **options)
        loss(y_true, y_prob, sample_weight=weight, where=mask)
        ss.value_and_grad(loss)(y_true, y_prob, sample_weight=weight, where=mask)
        ss.value_and_grad(loss)(y_true, y_prob)
    logits = ss.as_loss(ss.f1, step=membership, from_logits=True)
    ss.value_and_grad(logits)(y_true, y_prob, sample_weight=weight)
    for name, x in arrays.items():
        np.testing.assert_array_equal(backend.to_numpy(x), data[name])
