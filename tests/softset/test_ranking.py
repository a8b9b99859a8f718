"""Ranking losses: all pairs by broadcasting, scikit-learn's areas, differences and invariants."""

import importlib
import math
import pickle
from functools import partial

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import softset as ss
from softset.ranking import pairs as _pair_sums
from softset.ranking.loss import loss_and_gradient
from softset.ranking.sides import Sides
from tests.support import backends, marks
from tests.support.backends import EAGER, KINDS, lib_of
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    STEP,
    SUMMED,
    assert_close,
    central_differences,
    sklearn,
)

# Each surrogate with its formula and slope, written as in the papers, unguarded.
SURROGATES = {
    "squared hinge": (
        ss.SquaredHinge(),
        lambda d: np.maximum(1 - d, 0) ** 2,
        lambda d: -2 * np.maximum(1 - d, 0),
    ),
    "narrow": (
        ss.SquaredHinge(margin=0.25),
        lambda d: np.maximum(0.25 - d, 0) ** 2,
        lambda d: -2 * np.maximum(0.25 - d, 0),
    ),
    "squared": (ss.Squared(margin=0.7), lambda d: (0.7 - d) ** 2, lambda d: -2 * (0.7 - d)),
    "logistic": (
        ss.Logistic(scale=2.0),
        lambda d: np.log(1 + np.exp(-2 * d)),
        lambda d: -2 / (1 + np.exp(2 * d)),
    ),
    "wmw": (
        ss.WilcoxonMannWhitney(),
        lambda d: np.where(d < 0.3, (0.3 - d) ** 2, 0.0),
        lambda d: np.where(d < 0.3, -2 * (0.3 - d), 0.0),
    ),
    "wmw cubed": (
        ss.WilcoxonMannWhitney(margin=0.5, power=3),
        lambda d: np.where(d < 0.5, (0.5 - d) ** 3, 0.0),
        lambda d: np.where(d < 0.5, -3 * (0.5 - d) ** 2, 0.0),
    ),
    "hinge": (
        ss.WilcoxonMannWhitney(margin=0.31, power=1),
        lambda d: np.maximum(0.31 - d, 0),
        lambda d: np.where(d < 0.31, -1.0, 0.0),
    ),
    "own": (
        lambda d: ss.array_namespace(d).exp(-0.5 * d),
        lambda d: np.exp(-0.5 * d),
        lambda d: -0.5 * np.exp(-0.5 * d),
    ),
}
BY_SORT = ("squared hinge", "narrow", "squared", "wmw")
BY_PAIRS = ("logistic", "wmw cubed", "hinge", "own")


def step(d):
    """1 - AUROC as a surrogate: pairs out of order, and half of the ties."""
    xp = ss.array_namespace(d)
    zero, half = xp.zeros_like(d), xp.full_like(d, 0.5)
    return xp.where(d > 0, zero, xp.where(d < 0, xp.ones_like(d), half))


def brute(phi, slope, y, s, w=1.0, part=1.0):
    """Return the mean over all pairs and its gradient, by broadcasting."""
    a, b = w * y * np.ones_like(s), w * (1.0 - y) * part
    d = s[:, None] - s[None, :]
    pairs = np.outer(a / a.sum(), b / b.sum())
    g = pairs * slope(d)
    return np.sum(pairs * phi(d)), g.sum(axis=1) - g.sum(axis=0)


RNG = np.random.default_rng(41)
N = 40
HARD = (RNG.uniform(size=N) < 0.4).astype(float)
SOFT = RNG.uniform(size=N)
# In steps of 0.13, of which no margin is a multiple: ties abound and no pair is at a kink.
S = 0.13 * np.round((RNG.normal(size=N) + HARD) / 0.13)
W = RNG.uniform(0.1, 3.0, size=N)
KEEP = RNG.uniform(size=N) < 0.8
HELD = np.where(KEEP, S, np.nan)


def loss_of(name, **options):
    return partial(ss.pairwise_loss, surrogate=SURROGATES[name][0], **options)


# Values and gradients


@pytest.mark.parametrize("labels", [HARD, SOFT], ids=["hard", "soft"])
def test_all_pairs_with_weights_ties_and_a_mask_over_nan(backend, labels):
    """Autodiff, and on NumPy dual numbers, against broadcasting; sums of 1600 terms."""
    arrays = [backend.asarray(x) for x in (labels, HELD, W, KEEP)]
    kept = labels[KEEP], S[KEEP], W[KEEP]
    names = [x for x in SURROGATES if x != "hinge"] + ["hinge"] * (labels is HARD)
    expected = {x: brute(*SURROGATES[x][1:], *kept) for x in names}

    def call(name):
        return lambda y, s, w, m: loss_of(name)(y, s, sample_weight=w, where=m)

    if backend.traced:  # one compilation, and weights so that no gradient can stand for another
        factors = dict(zip(names, np.arange(len(names)) + 1.5, strict=True))
        found = backend.value_and_grad(
            lambda *a: sum((f * call(x)(*a) for x, f in factors.items()), start=0.0), *arrays
        )
        total = sum(f * expected[x][0] for x, f in factors.items())
        slopes = sum(f * expected[x][1] for x, f in factors.items())
        results = [(found, (total, slopes))]
    else:
        results = [(backend.value_and_grad(call(x), *arrays), expected[x]) for x in names]
    for (value, gradient), (mean, slopes) in results:
        assert_close(value, mean, backend, SUMMED)
        full = np.zeros(N)
        full[KEEP] = slopes
        assert_close(gradient, full, backend, SUMMED)


@pytest.mark.parametrize("name", SURROGATES)
def test_closed_form_gradients(name):
    """What value_and_grad takes: broadcasting, central differences, and the value itself."""
    loss = loss_of(name)
    value, gradient = ss.value_and_grad(loss)(HARD, S, sample_weight=W)
    expected = brute(*SURROGATES[name][1:], HARD, S, W)
    np.testing.assert_allclose(value, expected[0], rtol=SUMMED)
    np.testing.assert_allclose(value, loss(HARD, S, sample_weight=W), rtol=EXACT)
    scale = np.abs(expected[1]).max()
    np.testing.assert_allclose(gradient, expected[1], rtol=0, atol=SUMMED * scale)
    numbers = central_differences(lambda s: loss(HARD, s, sample_weight=W), S)
    np.testing.assert_allclose(gradient, numbers, rtol=0, atol=DIFFERENCES * scale)


@marks.on(*(name for name in KINDS if name != "torch-compiled"))
@pytest.mark.parametrize("name", ["squared hinge", "squared", "logistic"])
def test_closed_form_runs_in_every_library(backend, name):
    """In the shape of the scores; entries under the mask get 0."""
    shape = (10, 4)
    arrays = [backend.asarray(x.reshape(shape)) for x in (HARD, HELD, W, KEEP)]
    both = ss.value_and_grad(loss_of(name))
    value, gradient = backend.run(lambda y, s, w, m: both(y, s, sample_weight=w, where=m), *arrays)
    mean, slopes = brute(*SURROGATES[name][1:], HARD[KEEP], S[KEEP], W[KEEP])
    full = np.zeros(N)
    full[KEEP] = slopes
    assert_close(value, mean, backend, SUMMED)
    assert_close(gradient, full.reshape(shape), backend, SUMMED)


def test_closed_form_is_taken_bare_and_with_options():
    """Dual numbers would take the square of 200000 here."""
    both = ss.value_and_grad(ss.pairwise_loss)
    bound = ss.value_and_grad(partial(ss.pairwise_loss, surrogate=ss.SquaredHinge()))
    assert both.func is bound.func is loss_and_gradient
    n = 200_000
    y, s = np.arange(n) % 3 == 0, np.random.default_rng(0).normal(size=n)
    value, gradient = both(y, s)
    again = bound(y, s)
    assert value == again[0]
    np.testing.assert_array_equal(again[1], gradient)
    assert abs(np.sum(gradient)) < SUMMED  # it moves no mean


@pytest.mark.parametrize("name", BY_SORT)
def test_thousands_of_scores(name):
    """The sums that take no pairs, against four million pairs."""
    rng = np.random.default_rng(2)
    y, s, w = rng.uniform(size=2000), 3 * rng.normal(size=2000), rng.uniform(size=2000)
    value, gradient = ss.value_and_grad(loss_of(name))(y, s, sample_weight=w)
    mean, slopes = brute(*SURROGATES[name][1:], y, s, w)
    np.testing.assert_allclose(value, mean, rtol=SUMMED)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=SUMMED * np.abs(slopes).max())


@marks.on(*EAGER)
@pytest.mark.parametrize("name", ["squared hinge", "squared"])
def test_float32_of_many_scores(backend, name):
    """As exact as its inputs: no difference of large sums is taken, nor by autodiff."""
    rng = np.random.default_rng(3)
    n = 100_000
    y = rng.uniform(size=n) < 0.05
    s = (5 * rng.normal(size=n) + 4 * y + 3).astype(np.float32)
    loss = loss_of(name)
    mean, slopes = ss.value_and_grad(loss)(y, s.astype(np.float64))
    both = ss.value_and_grad(loss) if backend.library == "numpy" else None
    if backend.library == "array_api_strict":
        both = ss.value_and_grad(loss)
    arrays = backend.asarray(y), backend.asarray(s)
    value, gradient = (both or partial(backend.value_and_grad, loss))(*arrays)
    assert_close(value, mean, backend, SINGLE, dtype="float32")
    assert_close(gradient, slopes, backend, SINGLE, dtype="float32")


def test_a_cluster_far_from_the_others():
    """Squares of 1e8 would leave nothing of the pairs that are less than 1 apart."""
    y, s = np.asarray([0, 1, 0, 1, 1, 1]), np.asarray([0.0, 0.25, 0.5, 0.75, 1e8, 1e8 + 1])
    value, gradient = ss.value_and_grad(ss.pairwise_loss)(y, s)
    mean, slopes = brute(*SURROGATES["squared hinge"][1:], y, s)
    np.testing.assert_allclose(value, mean, rtol=SUMMED)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=SUMMED)


def test_half_types_are_counted_in_float32(backend):
    for dtype in backend.halves:
        s = backend.asarray(S, dtype)
        exact = backend.to_numpy(s).astype(np.float64)
        y = backend.asarray(HARD)
        for name in ("squared hinge", "logistic")[: 1 if backend.traced else 2]:
            value = backend.run(loss_of(name), y, s)
            mean, slopes = brute(*SURROGATES[name][1:], HARD, exact)
            assert_close(value, mean, backend, SINGLE, dtype="float32")
            if not backend.traced:
                _, gradient = ss.value_and_grad(loss_of(name))(y, s)
                assert_close(gradient, slopes, backend, 4e-3, dtype=dtype)  # rounded once


@marks.on("torch", "jax")
@pytest.mark.parametrize("name", ["squared hinge", "narrow", "squared", "wmw", "logistic"])
def test_second_derivatives(backend, name):
    """The Hessian, against that of the gradient in closed form by central differences."""
    both = ss.value_and_grad(loss_of(name))

    def loss(s):
        return loss_of(name)(backend.asarray(HARD), s, sample_weight=backend.asarray(W))

    s = backend.asarray(S)
    if backend.library == "torch":
        hessian = backend.torch.autograd.functional.hessian(loss, s)
    else:
        hessian = backend.jax.hessian(loss)(s)
    columns = []
    for i in range(N):
        high, low = S.copy(), S.copy()
        high[i] += STEP
        low[i] -= STEP
        rise = both(HARD, high, sample_weight=W)[1] - both(HARD, low, sample_weight=W)[1]
        columns.append(rise / (high[i] - low[i]))
    assert_close(hessian, np.stack(columns), backend, DIFFERENCES)


@pytest.mark.parametrize("argnum", [0, 2], ids=["labels", "weights"])
def test_derivatives_in_labels_and_weights(backend, argnum):
    """By a sort and by all pairs, against central differences."""

    def loss(y, s, w):
        return ss.pairwise_loss(y, s, sample_weight=w) + loss_of("logistic")(y, s, sample_weight=w)

    given = [SOFT, S, W]
    _, gradient = backend.value_and_grad(loss, *map(backend.asarray, given), argnum=argnum)
    numbers = central_differences(
        lambda x: loss(*given[:argnum], x, *given[argnum + 1 :]), given[argnum]
    )
    assert_close(gradient, numbers, backend, DIFFERENCES)


# Blocks of pairs


@marks.on(*EAGER, "jax-jit")
@pytest.mark.parametrize("pairs", [1, 7 * N, N * N - 1])
def test_blocks_of_pairs(backend, pairs, monkeypatch):
    names = BY_PAIRS
    if backend.traced:  # unrolled, and compiled for seconds
        names, pairs = ("logistic",), max(pairs, 7 * N)
    monkeypatch.setattr(_pair_sums, "PAIRS", pairs)
    arrays = [backend.asarray(x) for x in (HARD, HELD, W, KEEP)]
    for name in names:
        value, gradient = backend.value_and_grad(
            lambda y, s, w, m, name=name: loss_of(name)(y, s, sample_weight=w, where=m), *arrays
        )
        mean, slopes = brute(*SURROGATES[name][1:], HARD[KEEP], S[KEEP], W[KEEP])
        full = np.zeros(N)
        full[KEEP] = slopes
        assert_close(value, mean, backend, SUMMED)
        assert_close(gradient, full, backend, SUMMED)


def in_weights_and_labels(phi, y, s, w):
    """Return the gradients in weights and in labels: the mean is a ratio of sums of both."""
    a, b, values = w * y, w * (1 - y), phi(s[:, None] - s[None, :])
    whole = a.sum() * b.sum()
    mean = a @ values @ b / whole
    of_a, of_b = values @ b / whole - mean / a.sum(), a @ values / whole - mean / b.sum()
    return y * of_a + (1 - y) * of_b, w * (of_a - of_b)


@marks.on("numpy", "torch", "jax", "tensorflow", "jax-jit")
@pytest.mark.parametrize("labels", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("pairs", [7 * N, N * N])
def test_gradients_in_weights_and_labels(backend, labels, pairs, monkeypatch):
    """With blocks and without, for labels of exactly 0 and 1 and weights of 0 too."""
    monkeypatch.setattr(_pair_sums, "PAIRS", pairs)
    w = np.where(np.arange(N) % 7 == 0, 0.0, W)
    arrays = [backend.asarray(x) for x in (labels, S, w)]
    for name in ("logistic",) if backend.traced else BY_PAIRS:
        expected = in_weights_and_labels(SURROGATES[name][1], labels, S, w)
        for argnum, gradient in ((2, expected[0]), (0, expected[1])):
            _, found = backend.value_and_grad(
                lambda y, s, w, name=name: loss_of(name)(y, s, sample_weight=w),
                *arrays,
                argnum=argnum,
            )
            assert_close(found, gradient, backend, SUMMED)


def second_derivative(backend, fn, y, s, w, direction):
    """Return the derivative of the gradient in the scores along a direction."""
    if backend.library == "jax":
        jax = importlib.import_module("jax")
        gradient = jax.grad(fn, argnums=1)
        return jax.jvp(lambda s: gradient(y, s, w), (s,), (direction,))[1]
    if backend.library == "torch":
        torch = importlib.import_module("torch")
        s = s.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(fn(y, s, w), s, create_graph=True)
        return torch.autograd.grad((gradient * direction).sum(), s)[0]
    tf = importlib.import_module("tensorflow")
    with tf.GradientTape() as outer:
        outer.watch(s)
        with tf.GradientTape() as inner:
            inner.watch(s)
            value = fn(y, s, w)
        product = tf.reduce_sum(inner.gradient(value, s) * direction)
    return outer.gradient(product, s)


@marks.on("torch", "jax", "tensorflow")
@pytest.mark.parametrize("pairs", [7 * N, N * N])
@pytest.mark.parametrize("name", ["logistic", "own", "wmw cubed"])
def test_second_derivatives_with_blocks_and_without(backend, name, pairs, monkeypatch):
    """Central differences of the gradient by broadcasting."""
    monkeypatch.setattr(_pair_sums, "PAIRS", pairs)
    direction = np.random.default_rng(3).normal(size=N)
    h = STEP * direction
    ahead, behind = (brute(*SURROGATES[name][1:], HARD, S + x, W)[1] for x in (h, -h))
    found = second_derivative(
        backend,
        lambda y, s, w: loss_of(name)(y, s, sample_weight=w),
        *(backend.asarray(x) for x in (HARD, S, W, direction)),
    )
    assert_close(found, (ahead - behind) / (2 * STEP), backend, DIFFERENCES)


@marks.on("torch", "jax", "jax-jit", "tensorflow")
@pytest.mark.parametrize("pairs", [7 * N, N * N])
def test_parameters_of_a_surrogate_keep_their_gradient(backend, pairs, monkeypatch):
    monkeypatch.setattr(_pair_sums, "PAIRS", pairs)

    def loss(y, s, scale):
        own = lambda d: ss.array_namespace(d, scale).exp(-scale * d)  # noqa: E731
        return ss.pairwise_loss(y, s, surrogate=own)

    arrays = [backend.asarray(x) for x in (HARD, S, np.asarray(0.5))]
    _, found = backend.value_and_grad(loss, *arrays, argnum=2)
    expected = brute(lambda d: -d * np.exp(-0.5 * d), np.zeros_like, HARD, S)[0]
    assert_close(found, expected, backend, SUMMED)


def test_torch_func_and_forward_mode_hold_all_pairs(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(_pair_sums, "PAIRS", 7 * N)
    y, s = torch.tensor(HARD), torch.tensor(S)
    loss = loss_of("logistic")
    slopes = brute(*SURROGATES["logistic"][1:], HARD, S)[1]
    np.testing.assert_allclose(torch.func.grad(lambda s: loss(y, s))(s), slopes, atol=1e-14)
    found = torch.func.jvp(lambda s: loss(y, s), (s,), (torch.ones_like(s) * s,))[1]
    np.testing.assert_allclose(found, slopes @ S, rtol=1e-10)
    forward = torch.autograd.forward_ad
    with forward.dual_level():  # without a transform of torch.func's
        found = forward.unpack_dual(loss(y, forward.make_dual(s, s))).tangent
    np.testing.assert_allclose(found, slopes @ S, rtol=1e-10)


def test_blocks_are_small_and_leave_negatives_out(monkeypatch):
    monkeypatch.setattr(_pair_sums, "PAIRS", 3 * N)
    seen = []

    def watched(d):
        seen.append(d.shape)
        return 0.0 * d

    ss.pairwise_loss(HARD, S, surrogate=watched)
    assert set(seen) == {(3, N)}
    assert len(seen) == math.ceil(np.sum(HARD) / 3)


@marks.on("torch-compiled", "tf-function", "tf-xla")
def test_compiled_without_blocks(backend, monkeypatch):
    """Dual numbers do not compile, and a graph does not know the length: all pairs at once."""
    monkeypatch.setattr(_pair_sums, "PAIRS", 1)
    y, s = backend.asarray(HARD), backend.asarray(S)
    value, gradient = backend.value_and_grad(loss_of("logistic"), y, s)
    mean, slopes = brute(*SURROGATES["logistic"][1:], HARD, S)
    assert_close(value, mean, backend, SUMMED)
    assert_close(gradient, slopes, backend, SUMMED)


# What it means


@pytest.mark.parametrize("scores", [S, S + RNG.normal(size=N)], ids=["tied", "distinct"])
def test_of_steps_it_is_the_area(scores):
    """Yan et al. 2003, Eq. 1: the Wilcoxon-Mann-Whitney statistic is the area."""
    found = ss.pairwise_loss(HARD, scores, surrogate=step, sample_weight=W)
    area = sklearn.roc_auc_score(HARD, scores, sample_weight=W)
    np.testing.assert_allclose(1 - found, area, rtol=SUMMED)


@pytest.mark.parametrize("limit", [0.02, 0.3, 0.8, 1.0])
def test_of_steps_it_is_the_partial_area(limit):
    """scikit-learn standardises it by McClish 1989; without ties the cut is the same."""
    scores = S + RNG.normal(size=N)
    found = ss.pairwise_loss(HARD, scores, surrogate=step, max_fpr=limit, sample_weight=W)
    standard = sklearn.roc_auc_score(HARD, scores, sample_weight=W, max_fpr=limit)
    chance = limit**2 / 2
    area = standard if limit == 1 else (2 * standard - 1) * (limit - chance) + chance
    np.testing.assert_allclose((1 - found) * limit, area, rtol=1e-11)  # 1 - found cancels


def test_partial_area_takes_the_highest_negatives(backend):
    """Weights up to the share count, those of equal scores alike."""
    y = np.asarray([1.0, 0, 0, 0, 0, 1, 0])
    s = np.asarray([0.5, 0.1, 0.9, 0.4, 0.4, 1.3, -2.0])
    w = np.asarray([1.0, 1.0, 2.0, 2.0, 3.0, 2.0, 2.0])  # 10 of negatives
    arrays = [backend.asarray(x) for x in (y, s, w)]
    shares = {0.5: [0, 1, 0.6, 0.6, 0], 0.1: [0, 0.5, 0, 0, 0], 0.75: [0.5, 1, 1, 1, 0]}
    cases = [(n, f) for n in ("squared hinge", "squared", "logistic") for f in shares]
    for name, limit in cases[: 1 if backend.traced else None]:
        one, two, three, four, last = shares[limit]
        part = np.asarray([0, one, two, three, four, 0, last])
        mean, slopes = brute(*SURROGATES[name][1:], y, s, w, part)
        loss = loss_of(name, max_fpr=limit)
        value, gradient = backend.value_and_grad(
            lambda y, s, w, loss=loss: loss(y, s, sample_weight=w), *arrays
        )
        assert_close(value, mean, backend, SUMMED)
        assert_close(gradient, slopes, backend, SUMMED)
        _, again = ss.value_and_grad(loss)(y, s, sample_weight=w)
        np.testing.assert_allclose(again, slopes, rtol=0, atol=SUMMED)


def test_without_pairs_it_is_0(backend):
    """One class, all masked, no weight: value and gradient are 0, and finite."""
    zero, one = np.zeros(6), np.ones(6)
    cases = [(zero, one, one), (one, one, one), (HARD[:6], zero, one), (HARD[:6], one, zero)]
    for name in ("squared hinge", "logistic") if backend.traced else SURROGATES:
        loss = loss_of(name)

        def call(y, s, w, m, loss=loss):
            return loss(y, s, sample_weight=w, where=m)

        both = None
        for y, w, m in cases:
            arrays = [backend.asarray(x) for x in (y, S[:6], w, m > 0)]
            both = both or backend.compile_gradient(call, *arrays)
            value, gradient = both(*arrays)
            assert_close(value, 0.0, backend, scale=0.0)
            assert_close(gradient, np.zeros(6), backend, scale=0.0)
            value, gradient = ss.value_and_grad(loss)(y, S[:6], sample_weight=w, where=m > 0)
            assert value == 0 and not gradient.any()


@pytest.mark.parametrize("name", SURROGATES)
def test_empty_input_without_checks(name):
    empty = np.zeros(0)
    with ss.checks(False):
        value, gradient = ss.value_and_grad(loss_of(name, max_fpr=0.5))(empty, empty)
        assert value == loss_of(name)(empty, empty) == 0 and gradient.shape == (0,)


def test_far_pairs_that_do_not_count_are_no_nan():
    """exp(-0.5 d) overflows for the pair of a positive with itself moved far off."""
    y, s = np.asarray([0, 1, 1]), np.asarray([-1e4, 0.0, 1e4])
    assert ss.pairwise_loss(y, s, surrogate=SURROGATES["own"][0]) == 0


# Surrogates


def test_surrogates_are_their_formulas(backend):
    d = np.asarray([-30.0, -1.0, -0.25, 0.0, 0.1, 0.4, 1.5, 30.0])
    for name, (surrogate, formula, _) in SURROGATES.items():
        if name != "own":
            assert_close(backend.run(surrogate, backend.asarray(d)), formula(d), backend)


def test_logistic_is_stable(backend):
    """log(1 + exp(-scale d)) as it is written is inf at -1000."""
    d = backend.asarray(np.asarray([-1000.0, 0.0, 1000.0]))
    value, gradient = backend.value_and_grad(
        lambda x, d: backends.total(ss.Logistic()(d) + 0 * x), d, d
    )
    assert_close(value, 1000 + math.log(2), backend)
    assert_close(gradient, [-1, -0.5, 0], backend)


def test_squared_hinge_is_a_wilcoxon_mann_whitney_loss():
    for margin in (0.3, 1.0):
        for limit in (None, 0.4):
            a = ss.pairwise_loss(HARD, S, surrogate=ss.SquaredHinge(margin), max_fpr=limit)
            wmw = ss.WilcoxonMannWhitney(margin, 2)
            assert a == ss.pairwise_loss(HARD, S, surrogate=wmw, max_fpr=limit)


def test_surrogates_are_values():
    for surrogate in (ss.SquaredHinge(), ss.Squared(), ss.Logistic(), ss.WilcoxonMannWhitney()):
        assert pickle.loads(pickle.dumps(surrogate)) == surrogate
        assert hash(surrogate) == hash(type(surrogate)())


# Invariants

SCORES = st.lists(st.integers(-40, 40), min_size=4, max_size=25)


@hypothesis.given(data=SCORES, seed=st.integers(0, 99), name=st.sampled_from(sorted(SURROGATES)))
def test_invariants(data, seed, name):
    """Only differences count; order does not; classes mirror; a weight of 2 is two rows."""
    rng = np.random.default_rng(seed)
    s = np.asarray(data) / 8  # sums and differences are exact
    y, w = rng.uniform(size=s.shape) < 0.5, rng.integers(0, 3, size=s.shape)
    y[:2], w[:2] = (True, False), 1
    loss = ss.value_and_grad(loss_of(name))
    value, gradient = loss(y, s, sample_weight=w)
    close = partial(np.testing.assert_allclose, rtol=SUMMED, atol=SUMMED * (1 + abs(value)))
    for other, slopes in (
        loss(y, s + 1024, sample_weight=w),
        [x if x.ndim == 0 else -x for x in loss(~y, -s, sample_weight=w)],
        loss(y, s, sample_weight=8.0 * w),
    ):
        close(other, value)
        close(slopes, gradient)
    order = rng.permutation(len(s))
    close(loss(y[order], s[order], sample_weight=w[order])[1], gradient[order])
    many = np.repeat(np.arange(len(s)), w)
    close(loss(y[many], s[many])[0], value)
    close(np.sum(gradient), 0)
    limited = loss_of(name, max_fpr=0.3)
    close(limited(y[order], s[order]), limited(y, s))


@hypothesis.given(data=SCORES, seed=st.integers(0, 99))
def test_bounds_of_the_area(data, seed):
    """At a margin of 1 both squares are 1 or more for a pair out of order, 0 or more else."""
    s = np.asarray(data) / 8
    y = np.random.default_rng(seed).uniform(size=s.shape) < 0.5
    y[:2] = (True, False)
    area = sklearn.roc_auc_score(y, s)
    hinge = ss.pairwise_loss(y, s)
    assert 1 - area <= hinge * (1 + SUMMED)
    assert hinge <= ss.pairwise_loss(y, s, surrogate=ss.Squared()) * (1 + SUMMED)
    # The hardest negatives cost no less than all of them.
    assert ss.pairwise_loss(y, s, max_fpr=0.3) >= hinge * (1 - SUMMED)


def test_descent_on_it_ranks():
    """A gradient step makes a random ranking better."""
    for name in SURROGATES:
        s = np.random.default_rng(7).normal(size=N)
        gradient = ss.value_and_grad(loss_of(name))(HARD, s)[1]
        before, after = (sklearn.roc_auc_score(HARD, x) for x in (s, s - 20 * gradient))
        assert after > before + 0.1


# Errors


@pytest.mark.parametrize("make", [ss.SquaredHinge, ss.Squared, ss.WilcoxonMannWhitney])
@pytest.mark.parametrize("margin", [0.0, -1.0, math.inf, math.nan, "wide"])
def test_margin_outside(make, margin):
    with pytest.raises(ValueError, match="`margin` must be a positive finite number, got"):
        make(margin)


def test_scale_and_power_outside():
    with pytest.raises(ValueError, match="`scale` must be a positive finite number, got 0"):
        ss.Logistic(0)
    for power in (0.5, math.inf, math.nan, "two"):
        with pytest.raises(ValueError, match="`power` must be a finite number >= 1, got"):
            ss.WilcoxonMannWhitney(power=power)


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.5, float("nan"), "all"])
def test_max_fpr_outside(limit):
    for f in (ss.pairwise_loss, ss.value_and_grad(ss.pairwise_loss)):
        with pytest.raises(ValueError, match=r"`max_fpr` must lie in \(0, 1\], got"):
            f(HARD, S, max_fpr=limit)


def test_surrogates_that_are_none(monkeypatch):
    with pytest.raises(TypeError, match="`surrogate` must be a function of the difference"):
        ss.pairwise_loss(HARD, S, surrogate=1.0)
    with pytest.raises(TypeError, match=r"got a class; pass Logistic\(\)"):
        ss.pairwise_loss(HARD, S, surrogate=ss.Logistic)
    with pytest.raises(ValueError, match=r"argument's shape \(40, 40\), got \(40,\)"):
        ss.pairwise_loss(HARD, S, surrogate=lambda d: d[:, 0])
    with pytest.raises(ValueError, match=r"argument's shape \(40, 40\), got 1\.0"):
        ss.pairwise_loss(HARD, S, surrogate=lambda d: 1.0)
    monkeypatch.setattr(_pair_sums, "PAIRS", 1)
    with pytest.raises(TypeError, match="`surrogate` must be elementwise: `sum` mixes positions"):
        ss.pairwise_loss(HARD, S, surrogate=lambda d: ss.array_namespace(d).sum(d))


def test_scores_are_finite_and_labels_in_range():
    with pytest.raises(ValueError, match="`y_score` must hold finite scores, got inf"):
        ss.pairwise_loss(HARD[:2], np.asarray([0.0, np.inf]))
    with pytest.raises(ValueError, match=r"`y_true` must hold labels in \[0, 1\], got -1.0"):
        ss.pairwise_loss(2 * HARD - 1, S)


def test_dask_has_means_but_no_sort():
    dask = pytest.importorskip("dask.array", reason="dask is not installed")
    y, s = dask.from_array(HARD, 7), dask.from_array(S, 7)
    found = ss.pairwise_loss(y, s, surrogate=ss.Squared(0.7)).compute()
    np.testing.assert_allclose(found, brute(*SURROGATES["squared"][1:], HARD, S)[0], rtol=SUMMED)
    for options in ({}, {"surrogate": ss.Squared(), "max_fpr": 0.5}):
        with pytest.raises(TypeError, match=r"takes a sort, which .*dask.* pass surrogate=Squared"):
            ss.pairwise_loss(y, s, **options)


@pytest.mark.exhaustive
@marks.on("torch")
def test_inductor_compiles_it(backend):
    """By the compiler that users get."""
    torch = importlib.import_module("torch")
    torch._dynamo.reset()
    compiled = torch.compile(ss.pairwise_loss, fullgraph=True)
    y, s = backend.asarray(HARD), backend.asarray(S).requires_grad_(True)
    value = compiled(y, s)
    (gradient,) = torch.autograd.grad(value, s)
    mean, slopes = brute(*SURROGATES["squared hinge"][1:], HARD, S)
    assert_close(value.detach(), mean, backend, SUMMED)
    assert_close(gradient, slopes, backend, SUMMED)


@pytest.mark.parametrize("surrogate", [ss.SquaredHinge(), ss.Squared()], ids=["hinge", "squared"])
def test_a_number_added_to_all_scores_leaves_the_margin(surrogate):
    y, s = np.asarray([1, 0]), np.asarray([1e8, 1e8], dtype=np.float32)
    assert ss.pairwise_loss(y, s, surrogate=surrogate) == 1
    assert ss.value_and_grad(partial(ss.pairwise_loss, surrogate=surrogate))(y, s)[0] == 1


def test_surrogates_without_a_slope_are_errors():
    y, s = np.asarray([1, 0, 1]), np.asarray([0.1, 0.4, 0.3])
    for surrogate, error, message in (
        (np.cbrt, TypeError, r"`surrogate` must be written with operators"),
        (lambda d: None, ValueError, "`surrogate` must return an array"),
        (lambda d: 1.0, ValueError, "`surrogate` must return an array"),
    ):
        loss = ss.value_and_grad(partial(ss.pairwise_loss, surrogate=surrogate))
        with pytest.raises(error, match=message):
            loss(y, s)


def test_errors_name_the_argument():
    y = np.asarray([1, 0])
    for call in (ss.pairwise_loss, ss.sweep):
        with pytest.raises(ValueError, match="`y_score` must hold finite scores, got nan"):
            call(y, np.asarray([0.1, np.nan]))
        with pytest.raises(TypeError, match="`y_score` must hold floating-point scores"):
            call(y, y)
        with pytest.raises(ValueError, match="`y_true` and `y_score` must have one shape"):
            call(y, np.asarray([0.1]))


@pytest.mark.parametrize("length", [1, 2, 2047, 2048, 2049, 5000])
def test_blocks_hold_four_million_pairs(length):
    """As many rows as fit, one at least, and each row once."""
    parts = _pair_sums._parts(length)
    rows = [part.stop - part.start for part in parts]
    assert [part.start for part in parts] == [sum(rows[:i]) for i in range(len(rows))]
    assert sum(rows) == length and min(rows) >= 1
    assert max(rows) == max(1, min(length, 2**22 // length))
    assert _pair_sums._parts(None) == [slice(0, None)]


def test_all_pairs_are_held_up_to_2048_scores(backend):
    for n, expected in ((2048, False), (2049, True)):
        x = backend.asarray(np.zeros(n))
        assert _pair_sums.many(Sides(lib_of(x), x, x, x)) is expected
