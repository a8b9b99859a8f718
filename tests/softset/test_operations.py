"""Sums of products, and arithmetic that writes to its operands."""

import numpy as np
import pytest

from softset import _operations
from softset._operations import in_place, sum_of_products
from tests import support

MANY = _operations._MANY
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
        found = sum_of_products(a, b, axis)
        expected = np.sum(a.astype(np.longdouble) * b, axis=axis)
        assert found.shape == expected.shape
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=ROUNDED[dtype])
    # Equal numbers round in one direction.
    equal = np.full(shape, 0.9, dtype)
    expected = np.sum(equal.astype(np.longdouble), axis=axis)
    found = sum_of_products(equal, np.ones_like(equal), axis)
    np.testing.assert_allclose(found, expected, rtol=ROUNDED[dtype])


def test_operands_of_two_dtypes_are_promoted():
    x = np.random.default_rng(3).uniform(size=MANY).astype(np.float32)
    found = sum_of_products(x, x.astype(np.float64), (0,))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.sum(x.astype(np.float64) ** 2), rtol=support.EXACT)


def test_masked_arrays_keep_their_mask():
    x = np.ma.masked_array(np.ones(MANY), mask=np.arange(MANY) % 2 == 0)
    assert sum_of_products(x, x, (0,)) == MANY // 2


def test_operands_of_two_shapes_are_broadcast():
    x, y = np.random.default_rng(3).uniform(size=(MANY, 5)), np.linspace(0, 1, MANY)[:, None]
    np.testing.assert_allclose(sum_of_products(x, y, (0,)), (x * y).sum(0), rtol=support.EXACT)


@support.on("numpy", "torch")
def test_arithmetic_is_in_place_for_arrays_of_one_dtype_in_memory(backend):
    x, other = backend.asarray(np.asarray([1.0, 2.0])), backend.asarray([3.0], "float32")
    add, multiply = in_place(x, 0.5)
    assert add(x, 1.0) is x
    assert multiply(x, x) is x
    assert backend.to_numpy(x).tolist() == [4.0, 9.0]
    for plain in (
        in_place(x, other),
        in_place(backend.asarray([1, 2])),
        in_place(x, np.float64(2)),
    ):
        assert plain[0](x, 1.0) is not x
    assert backend.to_numpy(x).tolist() == [4.0, 9.0]


@support.on("torch")
def test_arithmetic_is_not_in_place_where_a_gradient_is_followed(backend):
    x = backend.asarray(np.asarray([1.0, 2.0])).requires_grad_()
    add, multiply = in_place(x)
    assert add(x, 1.0) is not x
    assert multiply(x, 1.0) is not x
