"""MLX: gradients and transforms of its own; the kernel's other tests run on it as on all."""

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.referees import SUMMED, assert_close, labels_and_scores

Y, P = labels_and_scores(40, seed=8)
LOSSES = {
    "linear": ss.as_loss(ss.f1),
    "straight-through": ss.as_loss(ss.f1, step=ss.StraightThrough(ss.Linear())),
    "grid": ss.as_loss(ss.f1, thresholds=ss.grid(99)),
    "logits": ss.as_loss(ss.matthews_corrcoef, step=ss.Sigmoid(), from_logits=True),
}
on_mlx = marks.on("mlx")


@on_mlx
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_numpy(backend, name):
    """The straight-through one is not 0, as it was where stop_gradient was not asked for."""
    loss = LOSSES[name]
    value, gradient = ss.value_and_grad(loss)(Y, P)
    found = backend.value_and_grad(loss, backend.asarray(Y), backend.asarray(P))
    assert_close(found[0], value, backend, SUMMED)
    assert_close(found[1], gradient, backend, SUMMED)
    assert np.abs(gradient).max() > 0
    found = ss.value_and_grad(loss)(backend.asarray(Y), backend.asarray(P))
    assert_close(found[1], gradient, backend, SUMMED)


@on_mlx
def test_vmap_hides_values(backend):
    """Checks of values give way, and the numbers are those of each row."""
    y, p = np.stack([Y, ~Y]), np.stack([P, 1 - P])
    loss = LOSSES["linear"]
    found = backend.mx.vmap(lambda y, p: loss(y, p))(backend.asarray(y), backend.asarray(p))
    assert_close(found, [loss(a, b) for a, b in zip(y, p, strict=True)], backend, SUMMED)


@on_mlx
@pytest.mark.exhaustive  # it starts a C++ compiler
def test_compile_hides_values(backend):
    mx, loss = backend.mx, LOSSES["straight-through"]
    value, gradient = ss.value_and_grad(loss)(Y, P)
    both = mx.compile(lambda y, p: mx.value_and_grad(loss, argnums=1)(y, p))
    found = both(backend.asarray(Y), backend.asarray(P))
    assert_close(found[0], value, backend, SUMMED)
    assert_close(found[1], gradient, backend, SUMMED)


@on_mlx
def test_places_have_a_sign_and_orders_are_the_standards(backend):
    """MLX's are unsigned, and its sorts know no options."""
    x = backend.asarray(np.asarray([2.0, 1.0, 3.0, 1.0]))
    xp = ss.array_namespace(x)
    expected = {
        "argsort": ([1, 3, 0, 2], xp.argsort(x, stable=True)),
        "falling": ([2, 0, 1, 3], xp.argsort(x, descending=True)),
        "sort": ([3, 2, 1, 1], xp.sort(x, descending=True)),
        "places": (
            [0, 1, 2],
            xp.searchsorted(xp.sort(x), backend.asarray(np.asarray([1.0, 1.5, 2]))) - 0,
        ),
        "argmin": (0, xp.argmin(x) - 1),
        "argmax": (1, xp.argmax(x) - 1),
    }
    expected["places"] = ([0, 2, 2], expected["places"][1])
    for found in expected.values():
        np.testing.assert_array_equal(np.asarray(found[1]), found[0])
    assert int((xp.argmin(x) - 2).item()) == -1


@on_mlx
def test_values_are_checked_in_gradients(backend):
    """mx.grad hides nothing."""
    p = backend.asarray(P + 1)
    with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
        backend.mx.grad(LOSSES["linear"], argnums=1)(backend.asarray(Y), p)
