"""How many Python functions a loss calls is bounded: noise cannot move it."""

import numpy as np
import pytest

import softset as ss
from benchmarks.calls import BOUNDS, by_hand, calls, cases, closed_form, data

FOUND = {
    "numpy": ["NumPy forward", "NumPy value_and_grad"],
    "torch": ["PyTorch forward", "PyTorch plain gradient", "PyTorch MetricLoss gradient"],
    "jax": ["JAX eager forward"],
    "tensorflow": ["TensorFlow eager forward"],
}


def test_calls_are_counted():
    def inner():
        return max(1, 2)  # C functions do not count

    def outer():
        return inner(), inner()

    assert calls(inner) == 0
    assert calls(outer) == 2


def test_by_hand_is_the_same_loss():
    y, p = data()
    value, gradient = ss.value_and_grad(ss.as_loss(ss.f1))(y, p)
    by_hand_value, by_hand_gradient = closed_form(y, p)
    # float32 sums of a thousand numbers
    assert by_hand(np, np.sum)(y, p) == pytest.approx(value, rel=1e-5)
    assert by_hand_value == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(gradient, by_hand_gradient, rtol=1e-4)


@pytest.mark.parametrize("library", FOUND)
def test_a_small_loss_makes_no_more_calls_than_that(library):
    pytest.importorskip(library)
    found = {name: calls(call) for name, (call, _) in cases(library).items()}
    assert list(found) == FOUND[library]
    for name, number in found.items():
        assert number <= BOUNDS[name], name


def test_every_bound_belongs_to_a_case():
    assert sorted(BOUNDS) == sorted(name for names in FOUND.values() for name in names)
