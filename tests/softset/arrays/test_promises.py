"""Every library keeps every promise of `Library`, whatever it does in its own way."""

from __future__ import annotations

import math
import pickle
from contextlib import contextmanager
from itertools import combinations

import numpy as np
import pytest

import softset as ss
from softset._arrays import Library, library
from softset._arrays.duals import Dual, over, value_and_gradients
from tests.support import marks
from tests.support.backends import lib_of
from tests.support.referees import (
    EXACT,
    SINGLE,
    assert_close,
    central_differences,
    labels_and_scores,
)

X = np.asarray([0.25, -0.5, 1.5, 1.0, 0.0])
Y = np.asarray([2.0, 0.5, -1.0, 4.0, 3.0])
TABLE = np.arange(12.0).reshape(3, 4)


def held(backend, fn, *arrays, expected, dtype=None, tolerance=EXACT):
    """Run fn in the mode of the backend, on its library's arrays, and compare."""
    given = [backend.asarray(x, dtype) for x in arrays]
    found = backend.run(lambda *xs: fn(lib_of(*xs), *xs), *given)
    assert_close(found, expected, backend, tolerance, dtype=dtype or "float64")


PROMISES = {
    "less": (lambda lib, x, y: lib.less(x), 1 - X),
    "where": (lambda lib, x, y: lib.where(x > 0.5, x, y), np.where(X > 0.5, X, Y)),
    "where a number": (lambda lib, x, y: lib.where(x > 0.5, 7.0, y), np.where(X > 0.5, 7.0, Y)),
    "where of one": (
        lambda lib, x, y: lib.where(x[0] > 0.5, 7.0, y[0]) + lib.where(x[0] < 0.5, 7.0, y[0]),
        np.asarray(9.0),
    ),
    "kept": (lambda lib, x, y: lib.kept(x, y > 0.5), np.where(Y > 0.5, X, 0.0)),
    "kept from NaN": (
        lambda lib, x, y: lib.kept(lib.where(x > 0, lib.xp.nan, x), x <= 0),
        np.where(X > 0, 0.0, X),
    ),
    "logistic": (lambda lib, x, y: lib.logistic(40 * x), 1 / (1 + np.exp(-40 * X))),
    "logistics": (lambda lib, x, y: lib.logistics(40 * x)[0], 1 / (1 + np.exp(-40 * X))),
    "logistics of less": (lambda lib, x, y: lib.logistics(40 * x)[1], 1 / (1 + np.exp(40 * X))),
    "logistic and slope": (
        lambda lib, x, y: lib.logistic_and_slope(40 * x)[0],
        1 / (1 + np.exp(-40 * X)),
    ),
    "slope of logistic": (
        lambda lib, x, y: lib.logistic_and_slope(40 * x)[1],
        1 / ((1 + np.exp(-40 * X)) * (1 + np.exp(40 * X))),
    ),
    "chosen": (lambda lib, x, y: lib.chosen(x, 2.0, 3.0), 2 * X + 3 * (1 - X)),
    "chosen with less": (lambda lib, x, y: lib.chosen(x, 5.0, -1.0), 5 * X - (1 - X)),
    "chosen by arrays": (lambda lib, x, y: lib.chosen(x, y, 2 * x), Y * X + 2 * X * (1 - X)),
    "copy": (lambda lib, x, y: lib.copy(x) + 0.5, X + 0.5),
    "inside": (lambda lib, x, y: lib.inside(x), 1.0 * ((X >= 0) & (X <= 1))),
    "divided": (lambda lib, x, y: lib.divided(x, y), X / Y),
    "clipped": (lambda lib, x, y: lib.clipped(x), np.clip(X, 0, 1)),
    "clipped alone": (lambda lib, x, y: lib.clipped(x, alone=True), np.clip(X, 0, 1)),
    "below": (lambda lib, x, y: lib.below(x, 0.25), 1.0 * (X < 0.25)),
    "above": (lambda lib, x, y: lib.above(x, y), 1.0 * (X > Y)),
    "within": (
        lambda lib, x, y: lib.within(x, 0.25, 0.75, 3.0, 2.0),
        np.where((X >= 0.25) & (X <= 0.75), 3.0, 2.0),
    ),
    "within its ends": (
        lambda lib, x, y: lib.within(x, -0.5, 1.0, 0.7, 0),
        0.7 * ((X >= -0.5) & (X <= 1.0)),
    ),
    "sum": (lambda lib, x, y: lib.sum(x, (0,)), np.asarray(X.sum())),
    "products": (lambda lib, x, y: lib.products(x, y, (0,)), np.asarray((X * Y).sum())),
    "running": (lambda lib, x, y: lib.running(x), np.cumsum(X)),
    "constant": (lambda lib, x, y: lib.constant(x), X),
    "constant number": (lambda lib, x, y: x + lib.constant(0.5), X + 0.5),
    "numbers": (lambda lib, x, y: x + lib.numbers((1, 2, 3, 4, 5), y), X + np.arange(1, 6)),
    "number": (lambda lib, x, y: x + lib.number(0.5, y[0]), X + 0.5),
    "larger": (lambda lib, x, y: lib.larger(x * 1, y), np.maximum(X, Y)),
    "smaller": (lambda lib, x, y: lib.smaller(x * 1, y), np.minimum(X, Y)),
    "read only": (lambda lib, x, y: lib.read_only(x) + 0.5, X + 0.5),
    "of one shape": (lambda lib, x, y: lib.of_one_shape(x, y) * y, X * Y),
}


@pytest.mark.parametrize("name", PROMISES)
def test_arithmetic_and_sums(backend, name):
    fn, expected = PROMISES[name]
    held(backend, fn, X, Y, expected=expected)
    held(backend, fn, X, Y, expected=expected, dtype="float32", tolerance=SINGLE)


def test_sums_over_some_axes(backend):
    held(backend, lambda lib, x: lib.sum(x, (0,)), TABLE, expected=TABLE.sum(0))
    held(backend, lambda lib, x: lib.products(x, x, (1,)), TABLE, expected=(TABLE**2).sum(1))
    held(backend, lambda lib, x: lib.products(x, x, (0, 1)), TABLE, expected=np.sum(TABLE**2))
    held(backend, lambda lib, x: lib.products(x, x, ()), TABLE, expected=TABLE**2)
    for axes in ((0,), (0, 1)):

        def crossed(lib, x, axes=axes):
            return lib.xp.stack(lib.crossed((x, x + 1), (x + 2, x + 3), axes))

        expected = [((TABLE + i) * (TABLE + j)).sum(axes) for i in (0, 1) for j in (2, 3)]
        held(backend, crossed, TABLE, expected=np.stack(expected))
    held(backend, lambda lib, x: lib.running(x), TABLE, expected=np.cumsum(TABLE, axis=-1))


@pytest.mark.parametrize("axis", [0, 1])
def test_the_place_of_the_largest_is_the_first(backend, axis):
    """Of equal numbers, signed zeros among them, and of a single row and column."""
    rng = np.random.default_rng(axis)
    for x in (rng.integers(-2, 3, (40, 7)) * 1.0, np.zeros((3, 1)), np.asarray([[-0.0, 0.0]])):
        expected = np.argmax(x, axis=axis)
        found = backend.run(lambda x: lib_of(x).place_of_largest(x, axis), backend.asarray(x))
        np.testing.assert_array_equal(
            backend.to_numpy(found), np.expand_dims(expected, axis), strict=False
        )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("n", "size"), [(1, 2), (40, 3), (3000, 5), (50, 300)])
def test_sums_and_look_ups_of_rows(backend, n, size, dtype):
    """Against products with ones; as many as are added up in blocks, and more places than those."""
    rng = np.random.default_rng(n)
    x, other = rng.uniform(size=(2, n, 3)), rng.uniform(size=(2, n, 4))
    place, rows = rng.integers(0, size, (2, n)), rng.uniform(size=(2, size, 3))
    ones = (place[..., None] == np.arange(size)) * 1.0
    tolerance = EXACT if dtype == "float64" else 5e-7  # one rounding, or those of 1024 in a row
    for fn, arrays, expected in (
        (lambda lib, p, x: lib.add_rows(x, p, size), (x,), np.swapaxes(ones, 1, 2) @ x),
        (
            lambda lib, p, x, y: lib.outer_sums(x, y),
            (x, other),
            np.swapaxes(x, 1, 2) @ other,
        ),
        (lambda lib, p, x: lib.rows_at(x, p), (rows,), ones @ rows),
    ):

        def cast(*given, fn=fn):
            lib = lib_of(*given)
            found = fn(lib, *given)
            return lib.cast(found, given[1].dtype)

        given = [backend.asarray(place), *(backend.asarray(x, dtype) for x in arrays)]
        found = backend.run(cast, *given)
        if dtype == "float32":
            expected = np.asarray(expected, np.float32)
        assert_close(found, expected, backend, tolerance, dtype=dtype)


@marks.on("numpy", "torch", "jax", "tensorflow", "mlx")
def test_sums_of_rows_take_duals_along(backend):
    """The rule of a linear function and that of a product, against central differences."""
    rng = np.random.default_rng(1)
    place = backend.asarray(rng.integers(0, 3, (2, 6)))
    x, y = rng.uniform(size=(2, 6, 2)), rng.uniform(size=(2, 6, 2))
    weights = rng.uniform(size=(2, 3, 2))

    def total(lib, x, y, made):
        found = lib.add_rows(x * x, place if made else made_of(place), 3)
        return lib.xp.sum(found * w) + lib.xp.sum(lib.outer_sums(x, y) ** 2)

    def made_of(place):
        return backend.to_numpy(place)

    w = backend.asarray(weights)
    _, found = value_and_gradients(
        lambda x, y: total(lib_of(x, y), x, y, True), backend.asarray(x), backend.asarray(y)
    )
    w = weights
    for i, slope in enumerate(found):
        both = [x, y]

        def of_one(z, i=i, both=both):
            given = [*both[:i], z, *both[i + 1 :]]
            return total(lib_of(*given), *given, False)

        expected = central_differences(of_one, both[i])
        np.testing.assert_allclose(backend.to_numpy(slope), expected, atol=1e-8)
    with pytest.raises(TypeError, match="sums of rows mix positions"):
        lib = lib_of(Dual(x, x[None], True))
        lib.add_rows(Dual(x, x[None], True), made_of(place), 3)


@pytest.mark.parametrize("n", [1, 7, 100, 128, 129, 1000, 1024, 1025])
def test_short_sums_of_products_hardly_round(backend, n):
    """A number in a row of equal ones rounds in one direction: 32 of them by 32 ulps at most."""
    x = np.full(n, 0.9, np.float32)
    expected = np.float64(np.float32(0.9)) ** 2 * n
    held(
        backend,
        lambda lib, x: lib.products(x, x, (0,)),
        x,
        expected=expected,
        dtype="float32",
        tolerance=2e-6,
    )


@marks.on("numpy", "torch")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1,), (5,), (300, 70), (9, 4, 1200), (2, 3, 5, 700), (5000, 3)])
def test_sums_of_free_arrays_are_wide(backend, shape, dtype):
    """Against float64's sums. One stretch of a column rounds up to 32 times."""
    x = np.random.default_rng(1).uniform(0.1, 1, shape).astype(dtype)
    y = np.random.default_rng(2).uniform(0, 1, shape).astype(dtype)
    a, b = backend.asarray(x, dtype), backend.asarray(y, dtype)
    lib = lib_of(a, b)
    wide, other = x.astype(np.float64), y.astype(np.float64)
    for axes in (
        (),
        *(tuple(c) for r in range(len(shape)) for c in combinations(range(len(shape)), r + 1)),
    ):
        found = (lib.dot(a, b, axes), lib.total(a, axes), lib.total(b, axes), *lib.sums(a, b, axes))
        expected = ((wide * other).sum(axes), wide.sum(axes), other.sum(axes)) * 2
        for z, e in zip(found, expected, strict=True):
            assert (type(z) is float) == (len(axes) == len(shape))
            z = z if isinstance(z, (float, np.ndarray)) else backend.to_numpy(z)
            np.testing.assert_allclose(z, e, rtol=5e-7 if dtype == "float32" else 1e-15 * x.size)
        if len(axes) < len(shape):
            assert lib.any_less(found[1], 1e9) and not lib.any_less(found[1], -1.0)


@marks.on("numpy", "torch")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "axes"), [((300_001,), (0,)), ((3, 4, 50_000), (0, 2)), ((9, 7), (1,))]
)
def test_sums_of_shares_look_at_all_of_them(backend, shape, axes, dtype, threads):
    """Against float64's sums; several threads are PyTorch's."""
    x = np.random.default_rng(1).uniform(0, 1, shape).astype(dtype)
    y = (np.random.default_rng(2).uniform(0, 1, shape) < 0.3).astype(dtype)
    wide, other = x.astype(np.float64), y.astype(np.float64)
    with several_threads(backend, threads):
        a, b = backend.asarray(x, dtype), backend.asarray(y, dtype)
        lib = lib_of(a, b)
        found = (*lib.sums_of_shares(a, b, axes), *lib.sums_with_less(a, b, axes))
        expected = [wide * other, wide, other]
        expected += [wide * (1 - other), (1 - wide) * other, (1 - wide) * (1 - other)]
        for z, e in zip(found, expected, strict=True):
            assert (type(z) is float) == (len(axes) == len(shape))
            np.testing.assert_allclose(z, e.sum(axes), rtol=2e-7 if dtype == "float32" else 1e-12)
        for value in (-1e-30, 1.5, math.inf, math.nan):
            for place in (0, -1):
                wrong = x.copy()
                wrong.reshape(-1)[place] = value
                wrong = backend.asarray(wrong, dtype)
                assert lib.sums_of_shares(wrong, b, axes) is None
                assert lib.sums_of_shares(a, wrong, axes) is None


@marks.on("torch")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truths_as_numbers(backend, dtype):
    """Also those of other bytes than 0 and 1, which PyTorch takes for 1."""
    torch = pytest.importorskip("torch")
    few = torch.tensor([0, 1, 2, 255, 0], dtype=torch.uint8)
    for x in (few, few.repeat(20_000), few.repeat(20_000).reshape(-1, 8).T):
        found = lib_of(x).cast(x.view(torch.bool), getattr(torch, dtype))
        expected = (backend.to_numpy(x) > 0).astype(dtype)
        np.testing.assert_array_equal(backend.to_numpy(found), expected, strict=True)


@marks.on("torch")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("shape", "axes"), [((600_001,), (0,)), ((3, 4, 50_000), (0, 2)), ((9, 7), (1,))]
)
def test_sums_of_logits_look_at_all_of_them(backend, shape, axes, threads):
    """Against float64's sums of float64's powers, and slopes whose tails both keep their digits."""
    x = np.random.default_rng(1).normal(0, 4, shape).astype("float32")
    x.reshape(-1)[:6] = -80, 80, -20, 20, 0, 45
    y = (np.random.default_rng(2).uniform(0, 1, shape) < 0.3).astype("float32")
    p, lack, other = *(1 / (1 + np.exp(z * x.astype("float64"))) for z in (-1, 1)), 1.0 * y
    with several_threads(backend, threads):
        a, b = backend.asarray(x, "float32"), backend.asarray(y, "float32")
        lib = lib_of(a, b)
        found, slopes = lib.sums_of_logits(a, b, axes, keep=True)
        without, nothing = lib.sums_of_logits(a, b, axes, keep=False)
        found += (*without, *lib.sums_of_logits_with_less(a, b, axes))
        assert nothing is None
        expected = [p * other, p, other] * 2
        expected += [p * (1 - other), lack * other, lack * (1 - other)]
        for z, e in zip(found, expected, strict=True):
            assert (type(z) is float) == (len(axes) == len(shape))
            np.testing.assert_allclose(z, e.sum(axes), rtol=2e-7)
        # Two exponentials of an error of 1e-7, and a few roundings.
        np.testing.assert_allclose(backend.to_numpy(slopes), p * lack, rtol=5e-7)
        for value in (-math.inf, math.inf, math.nan):
            wrong = x.copy()
            wrong.reshape(-1)[-1] = value
            wrong = backend.asarray(wrong, "float32")
            assert lib.sums_of_logits(wrong, b, axes, keep=False) is None
        assert lib.sums_of_logits(a, 2 * b, axes, keep=True) is None


@contextmanager
def several_threads(backend, number):
    """Let PyTorch use so many threads."""
    if backend.library != "torch":
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


@marks.on("numpy", "torch")
def test_joined_axes_are_the_same_memory(backend):
    x = backend.asarray(TABLE)
    lib = lib_of(x)
    row = lib.joined(x, (TABLE.size,))
    row[5] = 100.0
    assert float(x[1, 1]) == 100.0
    assert lib.joined(x.T, (TABLE.size,)) is None


@marks.on("numpy", "torch")
@pytest.mark.parametrize("positive", [3.0, -0.25])
def test_what_is_chosen_is_written_to_the_room(backend, positive):
    y, room = backend.asarray(X), backend.asarray(X * 0)
    found = lib_of(y).chosen(y, positive, 1.0, room)
    np.testing.assert_allclose(
        backend.to_numpy(found), positive * X + (1 - X), rtol=EXACT, atol=EXACT
    )
    tiny = lib_of(y).chosen(backend.asarray(np.asarray([0.0, 1.0])), 1e-20, positive)
    np.testing.assert_allclose(backend.to_numpy(tiny), [positive, 1e-20], rtol=EXACT)


def test_quick_looks_are_right_about_what_they_let_pass(backend):
    if backend.traced:
        pytest.skip("a compiler sees no values")
    for dtype in ("float32", "float64"):
        for value in (0.0, 1.0, 2.5, 1e30, -1e-30, -1.0, math.inf, -math.inf, math.nan):
            x = backend.asarray(np.asarray([0.5, value, 0.25]), dtype)
            lib = lib_of(x)
            assert not lib.are_weights(x) or 0 <= value < math.inf
            assert not lib.are_finite(x) or math.isfinite(value)
            whole = backend.asarray(np.asarray([1.0, value, 0.0]), dtype)
            assert not lib.are_decisions(whole) or value in (0.0, 1.0)
        good = backend.asarray(np.asarray([0.5, 2.0]), dtype)
        if backend.library in ("numpy", "torch"):
            assert lib_of(good).are_weights(good) and lib_of(good).are_finite(good)
        if backend.name == "numpy":
            assert lib_of(good).are_decisions(backend.asarray(np.asarray([1.0, -0.0]), dtype))


def test_entries_are_found_and_added_up_by_their_places(backend):
    place = np.asarray([0, 2, 2, 1, 0])
    there = backend.asarray(place)

    def looked_up(lib, x):
        return lib.look_up(x, there)

    held(backend, looked_up, X, expected=X[place])

    def scattered(lib, x):
        places = there
        if "torch" not in type(x).__module__:
            places = lib.xp.astype(places, lib.xp.int32)
        found = lib.scatter(x, places, 4)
        return x[:4] * 0 + np.nan if found is None else found

    given = backend.asarray(X)
    found = backend.to_numpy(backend.run(lambda x: scattered(lib_of(x), x), given))
    if not np.isnan(found).all():  # a library may do without
        np.testing.assert_allclose(found, np.bincount(place, X, 4), rtol=EXACT)


# Of both signs, with ties, zeros of both signs and what is infinite; and probabilities.
UNORDERED = {
    "scores": np.asarray([2.5, -1.0, 0.0, math.inf, -1.0, -0.0, -math.inf, 2.5, -1e-30, 7e30, 2.5]),
    "probabilities": np.asarray([0.5, 1.0, 0.25, 0.5, 0.0, 0.75, 0.25, 1.0, 0.5]),
    "one": np.asarray([-0.5]),
}


@pytest.mark.parametrize("kind", ["labels", "shares", "labels and weights", "nothing"])
@pytest.mark.parametrize("name", UNORDERED)
def test_arrays_are_put_in_the_order_of_the_first(backend, name, kind):
    """Between equal elements in any order: pairs are compared in order of both."""
    for rows in (1, 3):
        x = UNORDERED[name]
        x = np.stack([np.roll(x, i) * (1 + i) for i in range(rows)]) if rows > 1 else x
        places = np.arange(x.size).reshape(x.shape)
        others = {
            "labels": [places % 2],
            "shares": [places / 16],
            "labels and weights": [places % 2, 16.0 + places],
            "nothing": [],
        }[kind]
        for dtype in ("float64", "float32"):
            given = [backend.asarray(1.0 * a, dtype) for a in (x, *others)]
            if not lib_of(*given).can_sort:
                pytest.skip("it does not sort")
            found = backend.run(lambda *xs: lib_of(*xs).in_order(*xs), *given)
            assert len(found) == 1 + len(others)
            assert {backend.dtype_name(a) for a in found} == {dtype}
            found = [backend.to_numpy(a) for a in found]
            wanted = [backend.to_numpy(a) for a in given]
            np.testing.assert_array_equal(found[0], np.sort(wanted[0], axis=-1))
            for row in np.ndindex(x.shape[:-1]):
                both = (
                    sorted(zip(*(a[row] + 0.0 for a in s), strict=True)) for s in (found, wanted)
                )
                assert next(both) == next(both)


# Rows that are shorter than a processor's vectors, longer ones, and an axis that is not the last.
@pytest.mark.parametrize(("shape", "axis"), [((6, 3), 1), ((4, 40), 1), ((3, 20, 2), 1)])
def test_softmax_and_what_its_shares_make_of_a_slope(backend, shape, axis):
    rng = np.random.default_rng(8)
    x, slope = rng.normal(0, 5, shape), rng.normal(0, 1, shape)
    x[0, 0, ...] = 700.0  # whose power is no number in float32
    shares = np.exp(x - x.max(axis, keepdims=True))
    shares /= shares.sum(axis, keepdims=True)
    held(backend, lambda lib, x: lib.softmax(x, axis), x, expected=shares)
    held(
        backend,
        lambda lib, x: lib.softmax(x, axis),
        x,
        expected=shares,
        dtype="float32",
        tolerance=4e-7,
    )  # four roundings
    rise = shares * (slope - (shares * slope).sum(axis, keepdims=True))
    both = (shares, slope)
    held(backend, lambda lib, s, g: lib.softmax_slope(s, g, axis), *both, expected=rise)


# From 2**15 on PyTorch sorts by the digits of integers.
@marks.on("numpy", "torch")
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", ["probabilities", "scores", "logits"])
def test_long_rows_are_put_in_order(backend, name, rows):
    """Pairs and triples, in order of all of them, are those that went in, which are left alone."""
    rng = np.random.default_rng(rows)
    shape = (rows, 2**15 + 5) if rows > 1 else 2**15 + 5
    x = {
        "probabilities": rng.random(shape).round(4),
        "scores": rng.choice(UNORDERED["scores"], shape),
        "logits": rng.normal(0, 1e3, shape),
    }[name]
    labels, shares, weights = rng.integers(0, 2, shape), rng.random(shape), rng.random(shape)
    for others in ([labels], [shares], [labels, weights], []):
        for dtype in ("float64", "float32"):
            given = [backend.asarray(1.0 * a, dtype) for a in (x, *others)]
            wanted = [backend.to_numpy(a).copy() for a in given]
            found = [backend.to_numpy(a) for a in lib_of(*given).in_order(*given)]
            assert {a.dtype.name for a in found} == {dtype}
            np.testing.assert_array_equal(found[0], np.sort(wanted[0], axis=-1))
            if dtype == "float32" and others:
                assert not np.signbit(found[0][found[0] == 0]).any()  # -0.0 is 0.0
            for a, before in zip(given, wanted, strict=True):
                np.testing.assert_array_equal(backend.to_numpy(a), before)
            for of_row in zip(*(a.reshape(rows, -1) for a in (*found, *wanted)), strict=True):
                half = [np.stack(of_row[: len(given)]), np.stack(of_row[len(given) :])]
                ordered = [(a + 0.0)[:, np.lexsort((a + 0.0)[::-1])] for a in half]
                np.testing.assert_array_equal(*ordered)


@marks.on("numpy", "torch")
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_no_number_goes_last(backend, sign):
    nan = np.copysign(math.nan, sign)
    for dtype in ("float64", "float32"):
        for long in (0, 2**15):
            x = np.asarray([0.5, nan, -1.0, nan, 0.75, *[-1.0] * long])
            y = np.asarray([1.0, 0.0, 0.0, 1.0, 0.0, *[0.0] * long])
            x, y = backend.asarray(x, dtype), backend.asarray(y, dtype)
            found = [backend.to_numpy(a)[long:] for a in lib_of(x, y).in_order(x, y)]
            np.testing.assert_array_equal(found[0], [-1.0, 0.5, 0.75, math.nan, math.nan])
            np.testing.assert_array_equal(found[1][:3], [0.0, 1.0, 0.0])
            assert sorted(found[1][3:]) == [0.0, 1.0]


@pytest.mark.parametrize("values", [[-1.0, 0.0, 0.0, 2.0, 2.0, 2.0], [1.0, 2.0, 3.0], [1.0, 1.0]])
def test_the_first_of_equal_elements(backend, values):
    for dtype in ("float64", "float32"):
        x = backend.asarray(np.asarray(values), dtype)
        if not lib_of(x).can_sort:
            pytest.skip("it does not sort")
        found = backend.run(lambda x: lib_of(x).firsts(x), x)
        np.testing.assert_array_equal(backend.to_numpy(found), np.searchsorted(values, values))


def test_dtypes(backend):
    for dtype in backend.dtypes:
        x = backend.asarray(X, dtype)
        lib = lib_of(x)
        assert lib.is_real(x.dtype)
        assert not lib.is_bool(x.dtype)
        counted = backend.run(lambda x: lib_of(x).counted_in(x), x)
        wanted = dtype if dtype in ("float32", "float64") else "float32"
        assert backend.dtype_name(counted) == wanted
        assert lib.least(counted) == (2.0**-110 if wanted == "float32" else 2.0**-1000)
        if wanted == dtype and not backend.traced:
            assert lib.cast(x, x.dtype) is x
    flags, whole = backend.asarray(X > 0), backend.asarray(np.arange(3))
    lib = lib_of(flags, whole)
    assert lib.is_bool(flags.dtype) and not lib.is_real(flags.dtype)
    assert not lib.is_bool(whole.dtype) and not lib.is_real(whole.dtype)
    single = backend.run(lambda x: lib_of(x).cast(x, lib_of(x).xp.float32), backend.asarray(X))
    assert backend.dtype_name(single) == "float32"


def test_shapes_are_tuples(backend):
    shapes = []

    def look(x):
        shapes.append(lib_of(x).shape(x))
        return x + 0

    backend.run(look, backend.asarray(TABLE))
    for shape in shapes:
        assert type(shape) is tuple and len(shape) == 2
        assert all(a in (b, None) for a, b in zip(shape, (3, 4), strict=True))


def test_values_that_are_looked_at_are_those_of_the_array(backend):
    if backend.traced:
        pytest.skip("a compiler sees no values")
    if not backend.in_memory:
        pytest.skip("they lie on a device")
    cases = {
        "shares": ([0.0, 0.3, 1.0], True),
        "a score above": ([0.0, 0.3, np.nextafter(1, 2)], False),
        "a score below": ([-1e-300, 0.3, 1.0], False),
        "no number": ([0.0, math.nan, 1.0], False),
        "no number that is negative": ([0.0, -math.nan, 1.0], False),
        "infinite": ([0.0, math.inf, 1.0], False),
    }
    for name, (values, expected) in cases.items():
        x = backend.asarray(np.asarray(values))
        lib = lib_of(x)
        assert not lib.are_shares(x) or expected, name  # it may have to look again
        low, high = (np.asarray(end, np.float64) for end in lib.extremes(x))
        assert bool(np.all((low >= 0) & (high <= 1))) is expected, name
        np.testing.assert_array_equal(np.asarray(lib.look(x), np.float64), values)
    if backend.library in ("numpy", "jax", "tensorflow"):
        x = backend.asarray(np.asarray([-0.0, 1.0]))
        assert lib_of(x).extremes(x) == (0.0, 1.0)
        assert lib_of(backend.asarray(X[3:])).are_shares(backend.asarray(X[3:]))


def test_numbers_are_taken_out_where_nothing_follows_them(backend):
    seen = []

    def look(x):
        four = (x[0], x[1], x[2], x[3])
        seen.append(lib_of(*four).items(four))
        return x + 0

    backend.run(look, backend.asarray(X))
    for numbers in seen:
        assert numbers is None or numbers == tuple(X[:4])
        assert numbers is None or {type(x) for x in numbers} == {float}
    if backend.traced or backend.library in ("array_api_strict", "tensorflow", "mlx"):
        # TensorFlow does not tell whether a tape follows, nor MLX whether `grad` does.
        assert set(seen) == {None}
    elif backend.in_memory:  # it does not pay to wait for a device
        assert None not in seen
    backend.value_and_grad(lambda y, x: look(x)[0], backend.asarray(Y), backend.asarray(X))


def test_gradients_are_taken_as_they_are_given(backend):
    if backend.name == "array_api_strict":
        pytest.skip("its arrays refuse a dual number on their right")

    def total(y, x):
        lib = lib_of(y, x)
        xp = lib.xp

        def both(x):
            return xp.sum(x * x), (2 * x,)

        return lib.with_gradients(both, x, otherwise=lambda: both(x)[0])

    value, gradient = backend.value_and_grad(total, backend.asarray(Y), backend.asarray(X))
    assert_close(value, np.asarray((X**2).sum()), backend)
    assert_close(gradient, 2 * X, backend)


@marks.on("numpy", "torch")
def test_the_larger_and_the_smaller_are_written_to_the_first(backend):
    for name, function in (("larger", np.maximum), ("smaller", np.minimum)):
        x, y = backend.asarray(X), backend.asarray(Y)
        lib = lib_of(x, y)
        assert lib.free
        found = getattr(lib, name)(x, y)
        assert found is x
        np.testing.assert_array_equal(backend.to_numpy(x), function(X, Y))


def test_the_library_of_duals_answers_for_their_values(backend):
    if backend.traced:
        pytest.skip("duals are made of arrays with values")
    x, one = backend.asarray(X), backend.asarray(np.ones((1, 5)))
    dual = Dual(x, one)
    lib = lib_of(dual, x)
    assert lib is lib_of(x, dual)
    assert lib is over(lib_of(x))
    assert lib_of(Dual(dual, Dual(one, one[None, ...])), x).plain is lib_of(x).plain
    assert not lib.free and lib.plain is lib_of(x).plain
    assert lib.shape(dual) == (5,) and lib.is_real(dual.dtype)
    assert not isinstance(lib.constant(dual), Dual)
    assert lib.visible == lib_of(x).visible
    squared = lib.products(dual, dual, (0,))
    assert_close(squared.value, np.asarray((X**2).sum()), backend)
    assert_close(squared.tangent, np.asarray([2 * X.sum()]), backend)


def test_a_library_that_is_not_known_is_held_to_the_standard_alone():
    strict = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    lib = library(("x",), (strict.asarray([1.0]),))
    assert type(lib) is Library
    assert lib is library(("x",), (strict.asarray([2]),))


@pytest.mark.parametrize("dtype", ["float32", "float64", ">f4", ">f8", "longdouble", "float16"])
def test_arrays_from_another_process_or_machine_are_what_they_are(dtype):
    """Unpickled, a dtype is equal to NumPy's and not the same object; or its bytes are swapped."""
    p, y, mask, weight = np.asarray([0.4, 0.6, 0.9, 0.3]), [1, 0, 1, 0], [1, 1, 1, 0], [1, 2, 1, 1]
    given = [np.asarray(y, dtype), np.asarray(p, dtype)]
    options = {"where": np.asarray(mask, bool), "sample_weight": np.asarray(weight, dtype)}
    loss = ss.as_loss(ss.f1)
    expected = loss(np.asarray(y), p, where=options["where"], sample_weight=np.asarray(weight))
    given, options = pickle.loads(pickle.dumps((given, options)))
    single = np.dtype(dtype).itemsize < 8
    for value in (loss(*given, **options), ss.value_and_grad(loss)(*given, **options)[0]):
        np.testing.assert_allclose(
            float(value), expected, rtol=2e-3 if dtype == "float16" else SINGLE if single else 1e-13
        )
    none = ss.value_and_grad(loss)(*given, sample_weight=0 * given[1])
    assert none[0] == 1 and not none[1].any()
    with pytest.raises(ValueError, match=r"`y_prob` must hold probabilities in \[0, 1\], got 2.0"):
        loss(given[0], given[1] * 0 + 2)


def test_scores_without_axes(backend):
    def counts(y, p):
        c = ss.confusion(y, p, step=ss.Identity())
        return c.tp + 2 * c.fp + 4 * c.fn + 8 * c.tn

    one, share = backend.asarray(np.asarray(1.0)), backend.asarray(np.asarray(0.75))
    assert_close(backend.run(counts, one, share), np.asarray(0.75 + 4 * 0.25), backend)
    for step in (ss.Identity(), ss.Linear(), ss.Sigmoid()):
        for from_logits in (False, True):
            loss = ss.as_loss(ss.accuracy, step=step, from_logits=from_logits)
            expected = ss.value_and_grad(loss)(np.asarray([1.0]), np.asarray([0.75]))
            assert expected[1].all()
            for found in (
                backend.value_and_grad(loss, one, share),
                ss.value_and_grad(loss)(one, share),
            ):
                for x, e in zip(found, expected, strict=True):
                    assert_close(x, np.reshape(e, ()), backend)


@marks.on("torch")
def test_a_step_of_another_dtype_is_promoted(backend):
    for n in (3, 2000):
        y, p = labels_and_scores(n, seed=1)
        given = backend.asarray(y, "float32"), backend.asarray(p, "float32")
        loss = ss.as_loss(ss.f1, step=lambda p, t: p.double())
        value, gradient = backend.value_and_grad(loss, *given)
        assert backend.dtype_name(value) == "float64"
        assert backend.dtype_name(gradient) == "float32"
        expected = ss.as_loss(ss.f1, step=ss.Identity())(y, p.astype(np.float32))
        assert float(value) == pytest.approx(float(expected), rel=SINGLE)


@marks.on("torch")
def test_tensors_without_values_have_a_loss_without_one(backend):
    fake = pytest.importorskip("torch._subclasses.fake_tensor")
    with fake.FakeTensorMode():
        y, p = backend.torch.ones(4), backend.torch.rand(4, requires_grad=True)
        value = ss.as_loss(ss.f1)(y, p)
        value.backward()
        assert value.shape == () and p.grad.shape == (4,)
        lib = lib_of(y, p)
        assert not (lib.free or lib.in_memory)
