"""How many Python functions a loss calls is bounded: noise cannot move it."""

import pytest

from benchmarks.calls import BOUNDS, calls, cases

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


@pytest.mark.parametrize("library", FOUND)
def test_a_small_loss_makes_no_more_calls_than_that(library):
    pytest.importorskip(library)
    found = {name: calls(call) for name, (call, _) in cases(library).items()}
    assert list(found) == FOUND[library]
    for name, number in found.items():
        assert number <= BOUNDS[name], name


def test_every_bound_belongs_to_a_case():
    assert sorted(BOUNDS) == sorted(name for names in FOUND.values() for name in names)
