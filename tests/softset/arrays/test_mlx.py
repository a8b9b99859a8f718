"""MLX: gradients and transforms of its own; the kernel's other tests run on it as on all."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import KINDS
from tests.support.referees import DIFFERENCES, SINGLE, SUMMED, assert_close, labels_and_scores

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


by_group = ss.as_loss(ss.group_mean(ss.f1), num_groups=3)
by_table = ss.as_loss(ss.multiclass_accuracy, step=ss.Softmax(), from_logits=True)
GROUPS = np.arange(len(Y)) % 3
# Of labels, scores and weights, some of them 0.
OTHERS = {
    "counts": ss.as_loss(ss.f1),
    "grid": ss.as_loss(ss.auroc, thresholds=ss.grid(9)),
    "compound": ss.compound_loss((ss.as_loss(ss.f1), ss.cross_entropy), weights=(1.0, 0.5)),
    "focal": ss.as_loss(ss.focal(ss.f1, power=2.0)),
    "pairs by a sort": ss.pairwise_loss,
    "pairs": partial(ss.pairwise_loss, surrogate=ss.Logistic()),
    "groups": lambda y, p, *, sample_weight: by_group(
        y, p, groups=moved(GROUPS, y), sample_weight=sample_weight
    ),
    "table": lambda y, p, *, sample_weight: by_table(
        moved(GROUPS, y), beside(p), sample_weight=sample_weight
    ),
}


def moved(x, like):
    """Return NumPy's integers as an array of the library of another one."""
    return ss.array_namespace(like).asarray(x)


def beside(p):
    return ss.array_namespace(p).stack([p, p * p, 1 - p], axis=-1)


@on_mlx
@pytest.mark.parametrize("argnum", [1, 2])
@pytest.mark.parametrize("name", OTHERS)
def test_values_and_gradients_of_rows_at_once(backend, name, argnum):
    """By vmap, which hides values, as by dual numbers of NumPy's, row after row."""
    weights = np.where(np.arange(len(Y)) < 9, 0.0, 1.5)
    rows = [np.stack([x, x[::-1]]) for x in (Y, P, weights)]

    def loss(y, p, w):
        return OTHERS[name](y, p, sample_weight=w)

    numpy = KINDS["numpy"]()
    expected = [numpy.value_and_grad(loss, *row, argnum=argnum) for row in zip(*rows, strict=True)]
    values, gradients = (np.stack(x) for x in zip(*expected, strict=True))
    mx, given = backend.mx, [backend.asarray(x) for x in rows]
    assert_close(mx.vmap(loss)(*given), values, backend, SUMMED)
    assert_close(mx.vmap(mx.grad(loss, argnums=argnum))(*given), gradients, backend, SUMMED)
    found = mx.value_and_grad(loss, argnums=argnum)(*(x[0] for x in given))
    assert_close(found[0], values[0], backend, SUMMED)
    assert_close(found[1], gradients[0], backend, SUMMED)
    assert np.abs(gradients).max() > 0


SMOOTH = {
    "counts": ss.as_loss(ss.f1, step=ss.Sigmoid()),
    "cosine": ss.as_loss(ss.f1, step=ss.Cosine(width=0.8)),
    "grid": ss.as_loss(ss.auroc, thresholds=ss.grid(9), step=ss.Sigmoid()),
    "focal": ss.as_loss(ss.focal(ss.f1, power=2.0), step=ss.Sigmoid()),
    "pairs": partial(ss.pairwise_loss, surrogate=ss.Logistic()),
    "entropy": ss.cross_entropy,
    "table": lambda y, p: by_table(moved(GROUPS, y), beside(p)),
    "groups": lambda y, p: ss.as_loss(ss.group_mean(ss.f1), num_groups=3, step=ss.Sigmoid())(
        y, p, groups=moved(GROUPS, y)
    ),
}


@on_mlx
@pytest.mark.parametrize("name", SMOOTH)
def test_second_and_forward_derivatives(backend, name):
    """Against central differences of the gradient, and against the gradient."""
    mx, y, direction = backend.mx, backend.asarray(Y), np.cos(np.arange(len(P)))

    def slopes(p):
        return mx.grad(lambda p: SMOOTH[name](y, p))(p)

    def numbers(p):
        return backend.to_numpy(slopes(backend.asarray(p)))

    p, d = backend.asarray(P), backend.asarray(direction)
    found = mx.grad(lambda p: mx.sum(slopes(p) * d))(p)
    step = 1e-6 * direction
    expected = (numbers(P + step) - numbers(P - step)) / 2e-6
    assert_close(found, expected, backend, DIFFERENCES)
    if name == "groups":  # MLX's scatter has no forward rule
        with pytest.raises(RuntimeError, match="JVP not yet implemented"):
            mx.jvp(lambda p: SMOOTH[name](y, p), [p], [d])
        return
    _, (forward,) = mx.jvp(lambda p: SMOOTH[name](y, p), [p], [d])
    assert_close(forward, numbers(P) @ direction, backend, SUMMED)


@on_mlx
def test_hidden_values_are_clipped_and_nan_stays(backend):
    """Under vmap, which hides them."""
    rows = np.stack([P, P, P])
    rows[0, 0], rows[1, 0], rows[2, 0] = 1.5, -0.5, np.nan
    y = backend.asarray(np.stack([Y] * 3))
    found = backend.to_numpy(backend.mx.vmap(LOSSES["linear"])(y, backend.asarray(rows)))
    expected = [LOSSES["linear"](Y, np.clip(row, 0, 1)) for row in rows[:2]]
    np.testing.assert_allclose(found[:2], expected, rtol=SUMMED)
    assert np.isnan(found[2])


@on_mlx
def test_vmap_refuses_to_search_in_rows(backend):
    """MLX says so, of what sorts all scores: exact areas, and `max_fpr`."""
    given = [backend.asarray(np.stack([x, x])) for x in (Y, P)]
    for fn in (
        lambda y, p: ss.auroc(ss.sweep(y, p).confusion),
        lambda y, p: ss.pairwise_loss(y, p, max_fpr=0.4),
    ):
        with pytest.raises(ValueError, match="Cannot vmap over the sorted sequence"):
            backend.mx.vmap(fn)(*given)


@on_mlx
@pytest.mark.parametrize("fn", ["exp", "sin", "cos"])
def test_functions_have_the_digits_and_the_range_of_float64(backend, fn):
    """MLX's own have those of float32: e ** -100 is 0, and the sine has seven digits."""
    x = np.linspace(-300, 300, 2001) if fn == "exp" else np.linspace(-7, 7, 2001)
    slope = {"exp": np.exp, "sin": np.cos, "cos": lambda x: -np.sin(x)}[fn]
    call = getattr(ss.array_namespace(backend.asarray(x)), fn)
    given = backend.asarray(x)
    gradient = backend.mx.grad(lambda x: backend.mx.sum(call(x)))(given)
    for found, expected in ((call(given), getattr(np, fn)(x)), (gradient, slope(x))):
        # e is a rounded number, whose powers err by as many of its ulps as their exponent.
        rtol, atol = (2e-14, 0.0) if fn == "exp" else (0.0, 1e-15)
        np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=rtol, atol=atol)


@on_mlx
@pytest.mark.parametrize("name", OTHERS)
def test_no_float64_is_made_where_there_is_none(backend, name, monkeypatch):
    """As on a GPU, which refuses it: a CPU that is said to have none stands for one."""
    mx, cast = backend.mx, backend.mx.astype

    def astype(x, dtype):
        assert dtype != mx.float64
        return cast(x, dtype)

    monkeypatch.setattr(mx, "astype", astype)
    monkeypatch.setattr("softset._arrays.mlx._has_float64", lambda: False)
    given = [backend.asarray(x, "float32") for x in (P, np.full(len(Y), 1.5))]
    y = backend.asarray(Y)
    value = OTHERS[name](y, given[0], sample_weight=given[1])
    assert_close(value, OTHERS[name](Y, P, sample_weight=None), backend, SINGLE, dtype="float32")


@on_mlx
def test_float32_sums_do_not_stand_still(backend):
    """As MLX's do on a CPU: of 2**25 ones it makes half."""
    x = backend.mx.ones(2**25)
    assert ss.array_namespace(x).sum(x).item() == 2**25


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
