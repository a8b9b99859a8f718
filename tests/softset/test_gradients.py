"""Gradients: autodiff, the chain of four sums, dual numbers, closed forms and differences agree."""

from functools import partial
from inspect import signature
from itertools import product

import numpy as np
import pytest

import softset as ss
from softset import metrics
from softset._arrays import duals
from softset._evaluation import count_slopes
from tests.support import backends, marks
from tests.support.backends import EAGER, KINDS, NumPy, TorchCompiled, lib_of
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    HALF,
    SINGLE,
    STEPS,
    SUMMED,
    assert_array,
    assert_close,
    central_differences,
    labels_and_scores,
)

Y, P = labels_and_scores(24, seed=31)
Y3, P3 = labels_and_scores((10, 3), seed=32)
Z, Z3 = (np.log(p) - np.log1p(-p) for p in (P, P3))
# torch.compile cannot follow dual numbers in all that they meet, and needs none.
chained = marks.on(*(name for name in KINDS if name != "torch-compiled"))


def users_metric(c):
    """Not built in, and not a ratio of sums: a smooth function of the counts."""
    xp = ss.array_namespace(*c)
    return xp.tanh(c.tp / (c.fn + 1)) - 0.1 * xp.log1p(c.fp)


# Every step, and metrics of every kind, beside every option. With (labels, scores).
FLAT = {
    "f1": (ss.as_loss(metrics.f1, threshold=0.3), Y, P),
    "sharp jaccard": (ss.as_loss(metrics.jaccard, step=ss.Linear(delta=0.05)), Y, P),
    "f2": (ss.as_loss(partial(metrics.fbeta, beta=2.0), step=ss.Sigmoid()), Y, P),
    "mcc": (ss.as_loss(metrics.matthews_corrcoef, step=ss.Cosine(width=0.8)), Y, P),
    "kappa": (ss.as_loss(metrics.cohen_kappa, step=ss.Algebraic(k=5.0), threshold=0.4), Y, P),
    "g-mean": (ss.as_loss(metrics.geometric_mean, step=ss.Identity()), Y, P),
    "precision": (ss.as_loss(metrics.precision, step=ss.Ramp(width=0.6)), Y, P),
    "error": (ss.as_loss(metrics.error_rate, step=ss.Arctan(k=8.0)), Y, P),
    "user": (ss.as_loss(users_metric, threshold=0.6), Y, P),
    "grid": (ss.as_loss(metrics.f1, thresholds=(0.2, 0.45, 0.9)), Y, P),
    "logits": (ss.as_loss(metrics.f1, from_logits=True, threshold=0.3), Y, Z),
    "logits grid": (
        ss.as_loss(metrics.recall, from_logits=True, thresholds=(0.2, 0.7), step=ss.Sigmoid()),
        Y,
        Z,
    ),
}
CLASSES = {
    "per class": (ss.as_loss(metrics.balanced_accuracy, axis=0, threshold=(0.2, 0.5, 0.6)), Y3, P3),
    "macro": (ss.as_loss(ss.macro(metrics.f1), axis=0), Y3, P3),
    "micro": (ss.as_loss(ss.micro(metrics.f1), axis=0, step=ss.Sigmoid()), Y3, P3),
    "weighted": (ss.as_loss(ss.weighted(metrics.jaccard), axis=0, from_logits=True), Y3, Z3),
    "macro grid": (
        ss.as_loss(ss.macro(metrics.f1, axis=0), axis=0, thresholds=(0.3, 0.6)),
        Y3,
        P3,
    ),
    "per row": (ss.as_loss(metrics.f1, axis=(1,)), Y3, P3),
}
LOSSES = {**FLAT, **CLASSES}
STRAIGHT = ss.as_loss(metrics.f1, step=ss.StraightThrough(ss.Sigmoid(k=5.0)))


def by_chain(loss, y, p, **options):
    """Return the kernel's own value and gradient in NumPy float64."""
    return ss.value_and_grad(loss)(np.asarray(y), np.asarray(p, np.float64), **options)


# Agreement


@pytest.mark.parametrize("name", LOSSES)
def test_the_chain_agrees_with_differences_and_dual_numbers(name):
    loss, y, p = LOSSES[name]
    value, gradient = by_chain(loss, y, p)
    np.testing.assert_allclose(value, loss(y, p), rtol=EXACT)
    scale = np.abs(gradient).max()
    again = NumPy().by_duals(loss, y, p)
    np.testing.assert_allclose(again[0], value, rtol=EXACT)
    np.testing.assert_allclose(again[1], gradient, rtol=0, atol=EXACT * scale)
    numbers = central_differences(lambda p: loss(y, p), p)
    np.testing.assert_allclose(gradient, numbers, rtol=0, atol=DIFFERENCES * scale)


@pytest.mark.parametrize("group", ["flat", "classes"])
def test_autodiff_agrees_with_the_chain(backend, group):
    """Peers 11: value and gradient, eager and compiled; one compilation for all losses."""
    losses = [*(FLAT if group == "flat" else CLASSES).values(), (STRAIGHT, Y, P)]
    if not backend.traced:
        for loss, y, p in losses:
            value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
            expected = by_chain(loss, y, p)
            assert_close(value, expected[0], backend, scale=1.0)
            assert_close(gradient, expected[1], backend)
        return
    for logits in (False, True):
        some = [x for x in losses if x[0].from_logits == logits and x[1].ndim == losses[0][1].ndim]
        if not some:
            continue

        def combined(y, p, some=some):
            # Weights that differ, so that no two gradients can stand for each other.
            terms = [(i + 1.5) * loss(y, p) for i, (loss, _, _) in enumerate(some)]
            return sum(terms[1:], terms[0])

        _, y, p = some[0]
        value, gradient = backend.value_and_grad(combined, backend.asarray(y), backend.asarray(p))
        expected = [by_chain(loss, y, p) for loss, y, p in some]
        weights = np.arange(len(some)) + 1.5
        assert_close(value, weights @ [v for v, _ in expected], backend, SUMMED)
        total = sum(w * g for w, (_, g) in zip(weights, expected, strict=True))
        assert_close(gradient, total, backend, SUMMED)


@chained
@pytest.mark.parametrize("name", ["f1", "logits grid", "macro", "per class"])
def test_the_chain_runs_in_every_library_and_mode(backend, name):
    loss, y, p = LOSSES[name]
    value, gradient = backend.run(ss.value_and_grad(loss), backend.asarray(y), backend.asarray(p))
    expected = by_chain(loss, y, p)
    assert_close(value, expected[0], backend, scale=1.0)
    assert_close(gradient, expected[1], backend)


@marks.on("torch-compiled", "jax-jit", "tf-function")
@pytest.mark.parametrize("name", ["f1", "macro", "micro", "weighted", "macro grid", "per class"])
def test_compilers_take_the_chain_of_a_metric_of_ours(backend, name):
    """In one graph, with dual numbers or with a framework's own autodiff of the metric."""
    loss, y, p = LOSSES[name]
    value, gradient = backend.run(ss.value_and_grad(loss), backend.asarray(y), backend.asarray(p))
    expected = by_chain(loss, y, p)
    assert_close(value, expected[0], backend, scale=1.0)
    assert_close(gradient, expected[1], backend)


@pytest.mark.parametrize("name", ["f1", "grid", "macro"])
def test_weights_and_masks_reach_the_gradient(backend, name):
    """By autodiff and by the chain; masked entries may hold anything and get 0."""
    loss, y, p = LOSSES[name]
    rng = np.random.default_rng(33)
    w, mask = rng.uniform(0, 2, p.shape), rng.uniform(size=p.shape) < 0.7
    held = np.where(mask, p, np.nan)
    arrays = [backend.asarray(x) for x in (y, held, w, mask)]
    expected = central_differences(lambda p: loss(y, p, sample_weight=w, where=mask), p)
    assert not expected[~mask].any()
    chain = by_chain(loss, y, held, sample_weight=w, where=mask)
    np.testing.assert_allclose(chain[1], expected, atol=DIFFERENCES * np.abs(expected).max())
    if backend.library not in ("numpy", "array_api_strict"):
        value, gradient = backend.value_and_grad(
            lambda y, p, w, m: loss(y, p, sample_weight=w, where=m), *arrays
        )
        assert_close(value, chain[0], backend, scale=1.0)
        assert_close(gradient, chain[1], backend)
    if backend.name != "torch-compiled":
        value, gradient = backend.run(
            lambda y, p, w, m: ss.value_and_grad(loss)(y, p, sample_weight=w, where=m), *arrays
        )
        assert_close(value, chain[0], backend, scale=1.0)
        assert_close(gradient, chain[1], backend)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_gradient_of_soft_fbeta_in_closed_form(backend, beta):
    """Rule A18, 5.2: dF/dh = ((1 + b^2) y - F) / D, times the slope of the step."""
    tau, b2 = 0.4, beta**2
    loss = ss.as_loss(partial(metrics.fbeta, beta=beta), threshold=tau)
    h = np.vectorize(STEPS["linear"][1])(P, tau)
    slope = np.where(P < 0.2, 0.2 / 0.2, np.where(P > 0.6, 0.2 / 0.4, 0.6 / 0.4))
    below = b2 * Y.sum() + h.sum()
    score = (1 + b2) * (Y * h).sum() / below
    expected = -((1 + b2) * Y - score) / below * slope
    value, gradient = backend.value_and_grad(loss, backend.asarray(Y), backend.asarray(P))
    assert_close(value, 1 - score, backend)
    assert_close(gradient, expected, backend)


def test_kinks_have_the_middle_slope_in_a_loss(backend):
    """Rule A7: at p = tau +- min(tau, 1 - tau) / 2, autodiff and the chain take the same side."""
    y, p = np.asarray([1, 0, 1, 0, 1, 0]), np.asarray([0.25, 0.75, 0.75, 0.25, 0.5, 0.9])
    for delta in (0.1, 0.2):
        loss = ss.as_loss(metrics.accuracy, step=ss.Linear(delta=delta))
        _, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
        middle = 2 * (1 - 2 * delta) / 6
        expected = [-middle, middle, -middle, middle, -middle, 4 * delta / 6]
        assert_close(gradient, expected, backend)
        np.testing.assert_allclose(by_chain(loss, y, p)[1], expected, rtol=EXACT)


def test_single_precision(backend):
    for name in ("f1", "mcc", "logits", "macro"):
        loss, y, p = LOSSES[name]
        p = backend.asarray(p, "float32")
        value, gradient = backend.value_and_grad(loss, backend.asarray(y), p)
        expected = by_chain(loss, y, backend.to_numpy(p))
        assert_close(value, expected[0], backend, SINGLE, dtype="float32", scale=1.0)
        assert_close(gradient, expected[1], backend, SINGLE, dtype="float32")


@marks.on("torch")
def test_inductor(backend):
    """PyTorch's default compiler: a grid, logits and classes in one function."""
    grid, macro = FLAT["logits grid"][0], CLASSES["weighted"][0]
    backend = TorchCompiled()
    backend.compiler = "inductor"
    value, gradient = backend.value_and_grad(
        lambda y, z: grid(y, z) + 2 * macro(y, z), backend.asarray(Y3), backend.asarray(Z3)
    )
    a, b = by_chain(grid, Y3, Z3), by_chain(macro, Y3, Z3)
    assert_close(value, a[0] + 2 * b[0], backend, SUMMED)
    assert_close(gradient, a[1] + 2 * b[1], backend, SUMMED)


# Averages over classes, in time that grows with their number

AVERAGED = {
    "macro": ss.macro,
    "weighted": ss.weighted,
    "micro": ss.micro,
    "none": lambda metric: metric,
}
# A class that nobody is in, one that nobody is put in, and one with nothing right.
COUNTS = np.random.default_rng(8).uniform(0.5, 5, (4, 6))
COUNTS[:, 1] = 0, 0, 0, 3
COUNTS[:, 3] = 0, 0, 2, 3
COUNTS[:, 4] = 0, 1, 2, 3


def every_metric(zero_division):
    """Return all built-in metrics, with the options that must be given, and a user's own."""
    found = {}
    for name in set(metrics.__all__) - {"larger_is_better"}:
        metric = getattr(metrics, name)
        options = {"beta": 2.0} if name == "fbeta" else {}
        options |= {"fp_weight": 0.3, "fn_weight": 0.7} if name == "tversky" else {}
        if "zero_division" in signature(metric).parameters:
            options["zero_division"] = zero_division
        found[name] = partial(metric, **options)
    return {**found, "user": lambda c: c.tp**2 / (c.tp**2 + c.fp * c.fn + 1)}


def by_directions(loss, c):
    """Return a loss of counts and its slopes, one direction for each count."""
    return duals.value_and_gradients(lambda *four: loss.of_counts(ss.Confusion(*four)), *c)


@marks.on("numpy", "array_api_strict", "torch", "jax", "tensorflow", "mlx")
@pytest.mark.parametrize("average", AVERAGED)
def test_slopes_of_averages_are_those_of_one_direction_for_each_count(
    backend, average, monkeypatch
):
    """Every metric, with absent classes; and no metric takes as many directions as counts."""
    c = ss.Confusion(*(backend.asarray(x) for x in COUNTS))
    lib = lib_of(*c)
    for zero_division in (0.0, 0.7) if backend.library == "numpy" else (0.7,):
        for name, metric in every_metric(zero_division).items():
            loss = ss.as_loss(AVERAGED[average](metric), axis=0, maximize=True)
            expected = by_directions(loss, c)
            with monkeypatch.context() as patch:
                patch.delattr(duals, "value_and_gradients")
                value, slopes = count_slopes(lib, loss, c)
            value, whole = backend.to_numpy(value), backend.to_numpy(expected[0])
            np.testing.assert_allclose(value, whole, rtol=EXACT, err_msg=name)
            scale = max(float(np.max(np.abs(backend.to_numpy(x)))) for x in expected[1])
            for x, e in zip(slopes, expected[1], strict=True):
                np.testing.assert_allclose(
                    backend.to_numpy(x),
                    backend.to_numpy(e),
                    rtol=SUMMED,
                    atol=SUMMED * scale,
                    err_msg=name,
                )


@marks.on("numpy", "torch", "jax", "tensorflow", "mlx")
def test_slopes_of_averages_beside_thresholds_and_of_averages(backend, monkeypatch):
    cells = np.random.default_rng(9).uniform(0.5, 5, (4, 5, 3, 2))
    cells[:3, 2] = 0
    grid = {"axis": 1, "thresholds": (0.3, 0.6)}
    cases = [
        (ss.as_loss(ss.macro(metrics.f1, axis=0), **grid), cells),
        (ss.as_loss(ss.weighted(metrics.jaccard, axis=1), **grid), cells),
        (ss.as_loss(ss.micro(ss.macro(metrics.f1), axis=0), **grid), cells),
        (ss.as_loss(partial(ss.macro(metrics.f1), zero_division=0.5), **grid), cells[:, 0]),
        (ss.as_loss(partial(ss.micro(metrics.fbeta), beta=0.5), **grid), cells[:, :, 0]),
        (ss.as_loss(metrics.matthews_corrcoef, **grid), cells),
    ]
    for loss, numbers in cases:
        c = ss.Confusion(*(backend.asarray(x) for x in numbers))
        expected = by_directions(loss, c)
        with monkeypatch.context() as patch:
            patch.delattr(duals, "value_and_gradients")
            value, slopes = count_slopes(lib_of(*c), loss, c)
        value, whole = backend.to_numpy(value), backend.to_numpy(expected[0])
        np.testing.assert_allclose(value, whole, rtol=EXACT)
        for x, e in zip(slopes, expected[1], strict=True):
            np.testing.assert_allclose(backend.to_numpy(x), backend.to_numpy(e), atol=1e-14)


@marks.on("numpy", "array_api_strict", "torch", "jax", "tensorflow", "mlx")
def test_a_metric_that_compares_classes_has_its_slopes_too(backend):
    """What is neither elementwise nor of sums takes one direction for each count."""

    def shared(c):
        xp = ss.array_namespace(*c)
        share = c.tp / xp.sum(c.tp)  # a class against all of them
        return xp.sum(share * c.tp / (c.tp + c.fp + c.fn + 1))

    c = ss.Confusion(*(backend.asarray(x) for x in COUNTS))
    loss = ss.as_loss(shared, axis=0)
    _, slopes = count_slopes(lib_of(*c), loss, c)
    expected = central_differences(lambda x: loss.of_counts(ss.Confusion(*x)), COUNTS)
    for x, e in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(backend.to_numpy(x), e, atol=1e-9)


# The other arguments


def test_gradients_in_thresholds_weights_and_soft_labels(backend):
    """Every real argument of `confusion` is differentiable, by central differences."""
    labels, w = np.linspace(0.05, 0.95, 24), np.linspace(0.5, 2, 24)
    taus, step = np.linspace(0.31, 0.62, 24), ss.Sigmoid(k=6.0)

    def loss(y, p, t, w):
        return metrics.f1(ss.confusion(y, p, threshold=t, sample_weight=w, step=step))

    arrays = (labels, P, taus, w)
    for argnum in range(4):
        gradient = backend.value_and_grad(
            loss, *(backend.asarray(x) for x in arrays), argnum=argnum
        )[1]
        expected = central_differences(
            lambda x, i=argnum: loss(*arrays[:i], x, *arrays[i + 1 :]), arrays[argnum]
        )
        assert_close(gradient, expected, backend, DIFFERENCES)


def test_gradient_in_a_grid_of_thresholds(backend):
    grid = np.asarray([0.21, 0.47, 0.83])

    def loss(y, p, t):
        values = metrics.f1(ss.confusion(y, p, thresholds=t))
        return backends.total(values * values)

    gradient = backend.value_and_grad(loss, *(backend.asarray(x) for x in (Y, P, grid)), argnum=2)[
        1
    ]
    expected = central_differences(lambda t: loss(Y, P, t), grid)
    assert_close(gradient, expected, backend, DIFFERENCES)


# Any function


@marks.on(*EAGER)
def test_value_and_grad_of_any_function(backend):
    """By dual numbers, one direction for each score; on every library."""

    def mixed(y, p, power=2.0):
        xp = ss.array_namespace(p)
        entropy = ss.cross_entropy(y, p, pos_weight=3.0)
        return entropy + xp.sum(p**power) * metrics.f1(ss.confusion(y, p))

    y, p = backend.asarray(Y[:8]), backend.asarray(P[:8])
    value, gradient = backend.run(ss.value_and_grad(mixed), y, p)
    assert_close(value, mixed(Y[:8], P[:8]), backend)
    expected = central_differences(lambda p: mixed(Y[:8], p), P[:8])
    assert_close(gradient, expected, backend, DIFFERENCES)
    cubed = ss.value_and_grad(mixed)(Y[:8], P[:8], power=3.0)
    np.testing.assert_allclose(cubed[0], mixed(Y[:8], P[:8], power=3.0), rtol=EXACT)


def test_a_hard_score_has_no_gradient(backend):
    value, gradient = backend.value_and_grad(
        ss.as_score(metrics.f1), backend.asarray(Y), backend.asarray(P)
    )
    assert_close(value, ss.as_score(metrics.f1)(Y, P), backend)
    assert_close(gradient, np.zeros(24), backend, 0)
    assert not by_chain(ss.as_score(metrics.f1), Y, P)[1].any()


# Degenerate and extreme input


def test_degenerate_batches_have_finite_gradients(backend):
    """Rules A11, A12, peers 7: one class, certain scores, nothing left: never nan."""
    names = [
        "f1",
        "precision",
        "recall",
        "matthews_corrcoef",
        "cohen_kappa",
        "geometric_mean",
        "p4",
        "jaccard",
    ]
    losses = [ss.as_loss(getattr(metrics, name), step=ss.Identity()) for name in names]
    ones, zeros, alternating = np.ones(4), np.zeros(4), np.arange(4.0) % 2
    arrays = [backend.asarray(x) for x in (ones, ones, ones > 0)]
    gradient_of = backend.compile_gradient(
        lambda y, p, m: sum(loss(y, p, where=m) for loss in losses), *arrays
    )
    for y, p, m in product((ones, zeros, alternating), (ones, zeros, ones / 2), (ones, zeros)):
        value, gradient = gradient_of(*(backend.asarray(x) for x in (y, p, m > 0)))
        assert np.isfinite(assert_array(value, backend, "float64", ())).all()
        found = assert_array(gradient, backend, "float64", (4,))
        assert np.isfinite(found).all()
        assert found.any() or not m.any() or y.min() == y.max() or p.min() in (0, 1)


@pytest.mark.parametrize("labels", [0, 1])
def test_a_batch_without_positives_teaches_f1_nothing(backend, labels):
    """Rule A12, 5.2: no positives, no gradient of F1; without negatives there is one."""
    y, p = backend.asarray(np.full(24, labels)), backend.asarray(P)
    value, gradient = backend.value_and_grad(ss.as_loss(metrics.f1), y, p)
    found = backend.to_numpy(gradient)
    assert found.any() if labels else not found.any()
    assert backend.to_numpy(value) == 1 or labels


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_certain_logits_have_finite_gradients(backend, dtype):
    """Rule A9, peers 6: |z| = 100, where sigmoid(z) is 0 or 1; wrong ones far out learn."""
    y, z = np.asarray([1, 0, 1, 0, 1, 0]), np.asarray([100, -100, -100, 100, 30, -30])
    loss = ss.as_loss(metrics.f1, from_logits=True)
    value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(z, dtype))
    assert np.isfinite(assert_array(value, backend, dtype, ()))
    found = assert_array(gradient, backend, dtype, (6,))
    assert np.isfinite(found).all()
    assert found[4] < 0 < found[5]  # 1 - sigmoid(30) is 0 in float32, its slope is not


@pytest.mark.parametrize("step", [ss.Linear(), ss.Identity()], ids=str)
def test_scores_outside_have_no_gradient_where_values_are_hidden(backend, step):
    """Rule A6: by autodiff and by the chain; at 0 and 1 the slope is that of the inside."""
    y = np.asarray([1, 0, 1, 0, 1, 0, 1, 0])
    p = np.asarray([-0.5, 1.5, -np.inf, np.inf, 0.0, 1.0, 0.4, 0.6])
    loss = ss.as_loss(metrics.f1, step=step)
    with ss.checks(False):
        value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
        chain = by_chain(loss, y, p)[1]
    inside = np.clip(p, 0, 1)
    expected = by_chain(loss, y, inside)[1] * [0, 0, 0, 0, 1, 1, 1, 1]
    assert_close(value, loss(y, inside), backend)
    assert_close(gradient, expected, backend)
    np.testing.assert_allclose(chain, expected, rtol=EXACT)


def test_half_types_have_finite_gradients(backend):
    """Rule A10, peers 8: 2**18 scores, by autodiff and by the chain."""
    y, p = labels_and_scores(2**18, seed=34)
    loss = ss.as_loss(metrics.f1)
    expected = by_chain(loss, y, p)
    for dtype in backend.halves:
        array = backend.asarray(p, dtype)
        value, gradient = backend.value_and_grad(loss, backend.asarray(y), array)
        assert_close(value, expected[0], backend, HALF, dtype="float32")
        found = assert_array(gradient, backend, dtype, (2**18,))
        assert np.isfinite(found).all() and found.any()
        exact = by_chain(loss, y, backend.to_numpy(array))[1]
        # Entries of 1e-6 are below float16's normal numbers, which end at 6e-5.
        spacing = 6e-8 if dtype == "float16" else 0.004 * np.abs(exact).max()
        np.testing.assert_allclose(found.astype(np.float64), exact, rtol=0, atol=spacing)


# Micro-batches


@marks.on("numpy", "torch", "jax-jit", "tensorflow", "mlx", "tf-function")
def test_micro_batches_have_the_gradient_of_the_whole_batch(backend):
    """Rule A16, 5.7: linearize, for averages over classes and for a grid."""
    names = ["f1", "mcc", "user", "grid", "logits", "per class", "macro", "weighted", "macro grid"]
    if backend.traced:
        names = ["user", "weighted", "macro grid"]
    for name in names:
        loss, y, p = LOSSES[name]
        w = np.random.default_rng(35).uniform(0.5, 2, (len(y), *[1] * (y.ndim - 1)))
        parts = [slice(0, 4), slice(4, 5), slice(5, None)]
        if backend.traced:
            parts = [slice(0, len(y) // 2), slice(len(y) // 2, None)]
        batches = [[backend.asarray(x[i]) for x in (y, p, w)] for i in parts]
        whole = by_chain(loss, y, p, sample_weight=w)[1]

        def count(y, p, w, loss=loss):
            return loss.confusion(y, p, sample_weight=w)

        linear = ss.linearize(loss, sum(backend.run(count, *batch) for batch in batches))

        def call(y, p, w, linear=linear):
            return linear(y, p, sample_weight=w)

        if backend.library == "numpy":
            found = [ss.value_and_grad(linear)(y, p, sample_weight=w) for y, p, w in batches]
        else:
            found = [backend.value_and_grad(call, *batch) for batch in batches]
        for (value, gradient), i, batch in zip(found, parts, batches, strict=True):
            assert_close(gradient, whole[i], backend, SUMMED, scale=np.abs(whole).max())
            assert_close(
                linear(*batch[:2], sample_weight=batch[2]), backend.to_numpy(value), backend
            )


@chained
def test_linearize_needs_no_gradient_of_the_counts(backend):
    """The counts may come from a tape: they are constants of the linear loss."""
    loss, y, p = LOSSES["f1"]

    def call(y, p):
        return ss.linearize(loss, loss.confusion(y, p))(y, p)

    gradient = backend.value_and_grad(call, backend.asarray(y), backend.asarray(p))[1]
    assert_close(gradient, by_chain(loss, y, p)[1], backend)


def test_linearized_losses_are_linear_in_the_counts():
    loss, y, p = LOSSES["kappa"]
    c = loss.confusion(y, p)
    linear = ss.linearize(loss, c)
    np.testing.assert_allclose(linear.of_counts(c + c), 2 * linear.of_counts(c), rtol=EXACT)
    numbers = central_differences(lambda x: loss.of_counts(ss.Confusion(*x)), np.asarray(c))
    np.testing.assert_allclose(np.asarray(linear.slopes), numbers, atol=1e-9)


@marks.on("numpy", "torch")
@pytest.mark.parametrize("thresholds", [None, (0.3, 0.6)], ids=["one", "grid"])
@pytest.mark.parametrize("from_logits", [False, True], ids=["probabilities", "logits"])
@pytest.mark.parametrize("name", STEPS)
def test_closed_form_of_every_step(backend, name, from_logits, thresholds):
    """Against dual numbers of the whole loss, one direction for each score."""
    y, p = labels_and_scores(24, seed=2)
    p = np.log(p / (1 - p)) if from_logits else p
    step = STEPS[name][0]
    loss = ss.as_loss(ss.f1, step=step, from_logits=from_logits, thresholds=thresholds)
    arrays = backend.asarray(y), backend.asarray(p)
    value, gradient = map(backend.to_numpy, ss.value_and_grad(loss)(*arrays))
    whole = ss.value_and_grad(lambda y_true, y_prob: loss(y_true, y_prob))
    expected = list(map(backend.to_numpy, whole(*arrays)))
    np.testing.assert_allclose(value, expected[0], rtol=EXACT)
    scale = np.max(np.abs(expected[1]))
    np.testing.assert_allclose(gradient, expected[1], rtol=EXACT, atol=EXACT * scale)
