"""Every public function works in the forms that its declaration says, with NumPy's values."""

from __future__ import annotations

import functools
import operator

import numpy as np
import pytest

import softset as ss
from softset._arrays.duals import Dual
from tests.support import marks
from tests.support.backends import KINDS
from tests.support.capabilities import DATA, FUNCTIONS, OBJECTS, leaves
from tests.support.capabilities.page import PAGE, tables
from tests.support.referees import DIFFERENCES, SUMMED, central_differences


def on_their_backends(rows, *names):
    """Return a mark that runs a test for each row in the modes of its library."""
    cases = [
        pytest.param(*of.values, row, marks=of.marks, id=f"{row}-{of.id}")
        for of in marks.params(*names)
        for row in rows
        if row.library in ("", KINDS[of.id].library)
    ]
    return pytest.mark.parametrize(("backend", "row"), cases, indirect=["backend"])


def run(backend, row):
    """Return the arrays that each call of the row gives, in the mode of the backend."""
    arrays, calls = [backend.asarray(x) for x in DATA[row.data]], row.made()
    return backend.run(lambda *xs: [leaves(call(*xs)) for call in calls], *arrays)


@on_their_backends([*FUNCTIONS, *OBJECTS], *(name for name in KINDS if name != "numpy"))
def test_values_are_numpys(backend, row):
    if backend.traced and "compiled" in row.refused:
        # torch.compile says so in an error of its own.
        with pytest.raises(Exception, match=row.refused["compiled"]):
            run(backend, row)
        return
    for name, found, call in zip(row.calls, run(backend, row), row.in_numpy(), strict=True):
        for x, expected in zip(found, leaves(call(*DATA[row.data])), strict=True):
            np.testing.assert_allclose(
                backend.to_numpy(x), expected, rtol=SUMMED, atol=1e-15, err_msg=name
            )


def results(calls, arrays):
    return [x for call in calls for x in leaves(call(*arrays))]


def of_dtype(x, dtype):
    return x if x.dtype == dtype else ss.array_namespace(x).astype(x, dtype)


def weighted(calls, weights):
    """Return a function to the sum of all that the calls return, each number with its weight."""

    def call(*arrays):
        pairs = zip(results(calls, arrays), weights, strict=True)
        sums = [ss.array_namespace(x).sum(of_dtype(x, w.dtype) * w) for x, w in pairs]
        # Dual numbers on the left: not every array yields to them.
        return functools.reduce(operator.add, sorted(sums, key=lambda x: not isinstance(x, Dual)))

    return call


def weights_of(row):
    found = results(row.in_numpy(), DATA[row.data])
    return [np.cos(i + np.arange(np.size(x))).reshape(np.shape(x)) for i, x in enumerate(found)]


@functools.cache
def differences(row):
    labels, scores, *others = DATA[row.data]
    both = weighted(row.in_numpy(slopes=True), weights_of(row))
    return central_differences(lambda p: both(labels, p, *others), scores)


@on_their_backends([row for row in (*FUNCTIONS, *OBJECTS) if row.gradient != "no"], *KINDS)
def test_gradients_are_differences(backend, row):
    arrays = [backend.asarray(x) for x in DATA[row.data]]
    weights = [backend.asarray(w) for w in weights_of(row)]
    _, gradient = backend.value_and_grad(weighted(row.made(), weights), *arrays)
    found = backend.to_numpy(gradient)
    if row.gradient == "0":
        np.testing.assert_array_equal(found, 0.0)
    else:
        expected = differences(row)
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, atol=DIFFERENCES * np.abs(expected).max())


def test_every_public_function_is_declared_once():
    names = [name for row in FUNCTIONS for name in row.calls]
    assert len(names) == len(set(names))
    assert {name.partition("(")[0] for name in names} == set(ss.__all__)


def test_page_has_the_tables():
    """`python -m tests.support.capabilities.page` writes them."""
    text = PAGE.read_text("utf-8")
    assert all(table in text for table in tables())
