"""Step functions: values, slopes, kinks, limits and ends."""

import importlib
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset.steps import lines as _lines
from tests.support import marks
from tests.support.backends import KINDS, lib_of, total
from tests.support.referees import (
    DIFFERENCES,
    SINGLE,
    SOFT,
    STEPS,
    assert_array,
    assert_close,
    assert_counts,
    central_differences,
    labels_and_scores,
)

THRESHOLDS = (0.003, 0.1, 0.3, 0.5, 0.7, 0.99)
SCORES = np.linspace(0, 1, 101)
SYMMETRIC = {name: step for name, step in SOFT.items() if name != "identity"}

probabilities = st.floats(0, 1)
inside = st.floats(1e-5, 1 - 1e-5)


def slopes(backend, step, p, tau):
    """Return the step's slope at each score, by this backend's autodiff."""
    return backend.value_and_grad(lambda p: total(step(p, tau)), p, argnum=0)[1]


def expected_slope(name, p, tau):
    """Return the slope at a score off the kinks, by hand."""
    low, high, width = tau - min(tau, 1 - tau) / 2, tau + min(tau, 1 - tau) / 2, min(tau, 1 - tau)
    x, h = p - tau, STEPS[name][1](p, tau)
    delta = {"linear": 0.2, "linear-sharp": 0.05}.get(name, 0.0)
    return {
        "hard": 0.0,
        "linear": _line(p, low, high, width, delta),
        "linear-sharp": _line(p, low, high, width, delta),
        "sigmoid": 10 * h * (1 - h),
        "anyloss": 73 * h * (1 - h),
        "identity": 1.0,
        "ramp": 1 / 0.3 if abs(x) < 0.15 else 0.0,
        "cosine": (1 + math.cos(math.pi * x / 0.2)) / 0.4 if abs(x) < 0.2 else 0.0,
        "arctan": 8 / (math.pi * (1 + (8 * x) ** 2)),
        "algebraic": 3 * (1 + (6 * x) ** 2) ** -1.5,
        "straight-through": 5 / (2 + 2 * math.cosh(5 * x)),
    }[name]


def _line(p, low, high, width, delta):
    if p < low:
        return delta / low
    return (1 - 2 * delta) / width if p <= high else delta / (1 - high)


def test_values_follow_the_definition(backend):
    """Rules A1, A8: every step at scores from 0 to 1, ties and ends included."""
    taus = (0.1, 0.3, 0.5, 0.9)
    found = backend.run(
        lambda p: [[step(p, t) for t in taus] for step, _ in STEPS.values()],
        backend.asarray(SCORES),
    )
    for values, (_, membership) in zip(found, STEPS.values(), strict=True):
        for x, tau in zip(values, taus, strict=True):
            assert_close(x, [membership(p, tau) for p in SCORES], backend)


def test_slopes_are_the_derivatives(backend):
    """The frameworks' autodiff and dual numbers against derivatives by hand."""
    _, p = labels_and_scores(24, seed=2)
    array = backend.asarray(p)
    names = list(STEPS) if not backend.traced else ["linear", "sigmoid", "cosine", "algebraic"]
    for name in names:
        expected = np.asarray([[expected_slope(name, x, t) for x in p] for t in (0.1, 0.5, 0.7)])
        step = STEPS[name][0]

        def weighted(p, step=step):
            return total(step(p, 0.1)) + 2 * total(step(p, 0.5)) + 4 * total(step(p, 0.7))

        gradient = backend.value_and_grad(weighted, array, argnum=0)[1]
        assert_close(gradient, np.asarray([1, 2, 4]) @ expected, backend, 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("delta", [0.1, 0.2])
def test_slope_at_a_knot_is_the_middle_one(backend, delta, dtype):
    """Rule A7: exactly m2 at both knots, in every library and mode; below and above m1 and m3."""
    edges, ends = np.asarray([0.25, 0.75], dtype), np.asarray([0, 1], dtype)
    p = np.concatenate([edges, np.nextafter(edges, ends), ends, np.asarray([0.5], dtype)])
    gradient = slopes(backend, ss.Linear(delta=delta), backend.asarray(p), 0.5)
    found = assert_array(gradient, backend, dtype, (7,))
    outer, middle = delta * 4, (1 - 2 * delta) * 2
    exactly = np.asarray([middle, middle, outer, outer, outer, outer, middle], dtype)
    np.testing.assert_array_equal(found[:2], found[6])
    np.testing.assert_allclose(found, exactly, rtol=2 * np.finfo(dtype).eps)


def test_slope_at_the_edge_of_a_band_is_the_inner_one(backend):
    """Rule A7: the band's edges belong to the band; the cosine's slope is 0 from both sides."""
    p = backend.asarray(np.asarray([0.25, 0.75, 0.2, 0.8]))
    ramp = slopes(backend, ss.Ramp(width=0.5), p, 0.5)
    assert_close(ramp, [2.0, 2.0, 0.0, 0.0], backend, 0)
    cosine = slopes(backend, ss.Cosine(width=0.5), p, 0.5)
    assert_close(cosine, [0.0, 0.0, 0.0, 0.0], backend, 0)


# Knots, ends of bands, thresholds and saturated scores, of these steps exact in every dtype.
AT_KNOTS = np.asarray([0.0, 0.25, 0.5, 0.75, 1.0, 0.375, 0.625])
KNOTTED = (
    ss.Linear(),
    ss.Ramp(width=0.5),
    ss.Cosine(width=0.5),
    ss.Cosine(width=0.25),
    ss.Identity(),
    ss.Hard(),
    *(ss.StraightThrough(x) for x in (ss.Linear(), ss.Ramp(0.5), ss.Cosine(0.5), ss.Hard())),
)


# Not array-api-strict, which refuses a dual number on the right of a mask.
@marks.on(*(name for name in KINDS if name != "array_api_strict"))
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("masked", [False, True])
def test_slopes_at_knots_are_those_of_the_closed_form(backend, dtype, masked):
    """Rule A7, for all scores at once and for single ones, with entries that are masked too.

    The closed form is NumPy's, which `test_slopes_are_the_derivatives` and the tests above hold
    to slopes by hand; half types round the gradient at the end.
    """
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} has no {dtype}")
    if backend.traced and dtype not in ("float64", "bfloat16"):
        pytest.skip("compiled in two dtypes")
    wide = "float64" if dtype == "float64" else "float32"
    keep = np.arange(len(AT_KNOTS)) != 1 if masked else np.ones(len(AT_KNOTS), dtype=bool)
    y = np.arange(len(AT_KNOTS)) % 2.0
    eps = {"float64": 2e-16, "float32": 1e-7, "float16": 5e-4, "bfloat16": 4e-3}[dtype]

    def total(y, p, m):
        several = (ss.as_loss(ss.accuracy, step=step)(y, p, where=m) for step in KNOTTED)
        return sum(several, ss.as_loss(ss.f1)(y, p, where=m))

    def expected(part):
        arrays = (y.astype(wide)[part], AT_KNOTS.astype(wide)[part])
        losses = [ss.as_loss(ss.accuracy, step=step) for step in KNOTTED] + [ss.as_loss(ss.f1)]
        return sum(ss.value_and_grad(loss)(*arrays, where=keep[part])[1] for loss in losses)

    parts = [slice(None)] if backend.traced else [slice(None), *(slice(i, i + 1) for i in range(7))]
    for part in parts:
        arrays = [backend.asarray(x[part], dtype) for x in (y, AT_KNOTS)]
        _, found = backend.value_and_grad(total, *arrays, backend.asarray(keep[part]))
        assert_close(found, expected(part), backend, 8 * eps, dtype=dtype, scale=10.0)


@pytest.mark.parametrize("delta", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("tau", THRESHOLDS)
def test_linear_passes_through_its_knots(tau, delta):
    """Rule A18, Eq. 4: 0 at 0, 1 at 1, 1/2 at the threshold, for every threshold."""
    half = min(tau, 1 - tau) / 2
    knots = ss.Linear(delta=delta)(np.asarray([0, tau - half, tau, tau + half, 1]), tau)
    np.testing.assert_allclose(knots, [0, delta, 0.5, 1 - delta, 1], atol=1e-13)
    assert (knots[0], knots[2], knots[4]) == (0, 0.5, 1)


def test_linear_of_a_quarter_is_the_identity(backend):
    """Rule A18."""
    x = backend.run(lambda p: ss.Linear(delta=0.25)(p, 0.5), backend.asarray(SCORES))
    assert_close(x, SCORES, backend, 1e-15)


@pytest.mark.parametrize("tau", THRESHOLDS)
def test_linear_is_lipschitz_with_its_steepest_slope(tau):
    """Rule A18, Theorem 4.1: secants lie between the smallest and the largest slope."""
    t = min(tau, 1 - tau)
    bounds = (0.4 / t, 0.6 / t, 0.2 / (1 - 1.5 * t))
    p = np.random.default_rng(0).uniform(size=400)
    h = ss.Linear()(p, tau)
    secants = (h[1:] - h[:-1]) / (p[1:] - p[:-1])
    assert secants.min() > min(bounds) * (1 - 1e-9)
    assert secants.max() < max(bounds) * (1 + 1e-9)


@given(st.sampled_from([s for n, s in SOFT.items() if n != "identity"]), inside)
def test_a_tie_is_half_a_member(step, tau):
    """Rules A2, A18: H(tau, tau) = 1/2."""
    assert float(step(np.asarray(tau), tau)) == 0.5


@given(st.sampled_from(list(SYMMETRIC.values())), probabilities, inside)
def test_steps_are_symmetric(step, p, tau):
    """Rule A18: H(1 - p, 1 - tau) = 1 - H(p, tau), which negatives of logits rely on."""
    assert step.symmetric
    mirrored = float(step(np.asarray(1 - p), 1 - tau))
    # 1 - p and 1 - tau are rounded, and slopes reach 1 / tau = 1e5.
    assert math.isclose(mirrored, 1 - float(step(np.asarray(p), tau)), abs_tol=1e-10)


@given(st.sampled_from(list(SOFT.values())), probabilities, probabilities, inside)
def test_steps_are_monotone_and_stay_in_the_unit_interval(step, a, b, tau):
    """Rule A1, and requirement (iii) of the paper."""
    low, high = (float(step(np.asarray(p), tau)) for p in sorted((a, b)))
    assert 0 <= low <= high + 1e-15 and high <= 1


@pytest.mark.parametrize(
    "step",
    [
        ss.Sigmoid(k=1e6),
        ss.Ramp(width=1e-6),
        ss.Cosine(width=1e-6),
        ss.Arctan(k=1e12),
        ss.Algebraic(k=1e9),
    ],
    ids=repr,
)
def test_sharp_steps_are_the_hard_step_away_from_ties(backend, step):
    """Peers 3, rule A8: sharpness has the hard step as its limit, and nothing overflows."""
    _, p = labels_and_scores(60)
    value, gradient = backend.value_and_grad(
        lambda p: total(step(p, 0.3) * p), backend.asarray(p), argnum=0
    )
    assert_close(value, np.sum(p * (p >= 0.3)), backend, 1e-9)
    assert np.isfinite(backend.to_numpy(gradient)).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("make", [ss.Sigmoid, ss.Ramp, ss.Cosine, ss.Arctan, ss.Algebraic])
def test_the_sharpest_steps_are_the_hard_step_and_half_at_a_tie(backend, make, dtype):
    """In float32 their factor is infinite, and its product with 0 would be nan."""
    step = make(1e-300) if make in (ss.Ramp, ss.Cosine) else make(1e300)
    p, y = np.asarray([0, 0.25, 0.5, 0.75, 1], dtype), np.ones(5, dtype)
    few = 4 * np.finfo(dtype).eps  # an arctangent, a division by pi, a sum
    hit = backend.run(lambda p: step(p, 0.5), backend.asarray(p))
    assert_close(hit, [0, 0, 0.5, 1, 1], backend, few, dtype=dtype)

    def tp(y, p):
        return ss.confusion(y, p, step=step).tp

    value, gradient = backend.value_and_grad(tp, backend.asarray(y), backend.asarray(p))
    assert_close(value, 2.5, backend, few, dtype=dtype)
    assert np.isfinite(backend.to_numpy(gradient)).all()


@pytest.mark.parametrize("threshold", [0.5, 0.3, (0.3, 0.7)], ids=repr)
@pytest.mark.parametrize("name", [*SOFT, "straight-through"])
def test_slopes_of_counts_are_those_of_the_step(backend, name, threshold):
    """Where a step knows its slope a count takes it; by hand, off the kinks."""
    y, p = labels_and_scores(120)
    y, p = np.reshape(y, (60, 2)), np.reshape(p, (60, 2))
    each = np.broadcast_to(threshold, p.shape)
    slope = np.vectorize(lambda p, t: expected_slope(name, p, t))(p, each)
    for dtype, exactly in (("float64", 1e-12), ("float32", 2e-5)):

        def total(y, p):
            c = ss.confusion(y, p, step=STEPS[name][0], threshold=threshold)
            return 2 * c.tp + c.fp

        arrays = [backend.asarray(x, dtype) for x in (y, p)]
        found = backend.value_and_grad(total, *arrays)[1]
        assert_close(found, (1 + y) * slope, backend, exactly, dtype=dtype, scale=10.0)


def test_a_sharp_logistic_curve_has_gradients_in_float32(backend):
    """Rule A8: 1 / (1 + exp(-x)) gives nan from x = -89 on."""
    p = np.asarray([0, 0.001, 0.4, 0.5, 0.6, 1], np.float32)
    gradient = slopes(backend, ss.Sigmoid(k=1000.0), backend.asarray(p), 0.5)
    found = assert_array(gradient, backend, "float32", (6,))
    assert np.isfinite(found).all() and found[3] == 250


def test_thresholds_at_the_ends_give_finite_slopes(backend):
    """Rule A5: from 0 to 1, as an array (where 0 and 1 come by training) and as a number."""
    taus = (0.0, 1e-12, 1e-9, 1e-3, 0.999, 1 - 1e-9, 1.0)
    p, array = backend.asarray(np.asarray([0, 1e-12, 0.3, 1])), backend.asarray(np.asarray(taus))

    def at_each(p, t):
        return ss.Linear()(ss.array_namespace(p).expand_dims(p, axis=-1), t)

    for argnum in (0, 1):
        value, gradient = backend.value_and_grad(
            lambda p, t: total(at_each(p, t)), p, array, argnum=argnum
        )
        assert np.isfinite(backend.to_numpy(value))
        assert np.isfinite(backend.to_numpy(gradient)).all()
    several = backend.run(lambda p: [ss.Linear()(p, t) for t in taus], p)
    together = backend.run(at_each, p, array)
    for i, x in enumerate(several):
        assert_close(x, backend.to_numpy(together)[:, i], backend)
        assert backend.to_numpy(x)[0] == 0 and backend.to_numpy(x)[3] == 1


@pytest.mark.parametrize("name", ["linear", "sigmoid", "cosine", "arctan"])
def test_learnable_thresholds_have_their_slope(backend, name):
    """Differentiable in the threshold, by central differences off the kinks."""
    p, taus = np.asarray([0.13, 0.42, 0.81]), np.asarray([0.2, 0.47, 0.66])
    step = SOFT[name]
    gradient = backend.value_and_grad(
        lambda p, t: total(step(p, t)), backend.asarray(p), backend.asarray(taus), argnum=1
    )[1]
    expected = central_differences(lambda t: np.sum(step(p, t)), taus)
    assert_close(gradient, expected, backend, DIFFERENCES)


def test_straight_through_has_hard_values_and_soft_slopes(backend):
    step, p = ss.StraightThrough(ss.Sigmoid(k=5.0)), backend.asarray(SCORES)
    found = assert_array(backend.run(lambda p: step(p, 0.3), p), backend, "float64", (101,))
    np.testing.assert_array_equal(found, SCORES >= 0.3)
    soft = slopes(backend, ss.Sigmoid(k=5.0), p, 0.3)
    assert_close(slopes(backend, step, p, 0.3), backend.to_numpy(soft), backend)


@pytest.mark.parametrize("name", ["linear", "sigmoid", "ramp", "cosine", "arctan"])
def test_a_soft_count_is_an_expected_hard_count(name):
    """Rule A18, the quadrature identity: a step is the distribution of a random threshold."""
    step = SOFT[name]
    p, tau, n = np.asarray([0.15, 0.42, 0.61, 0.9]), 0.4, 100_000
    # A threshold with the step as its distribution function, by inverting it on a grid.
    grid = np.linspace(-3, 4, 700_001)
    cdf = step(np.clip(grid, 0, 1) if name == "linear" else grid, tau)
    thresholds = np.interp((np.arange(n) + 0.5) / n, cdf, grid)
    expected = np.mean(p[:, None] >= thresholds, axis=1)
    np.testing.assert_allclose(step(p, tau), expected, atol=2e-5)


def test_any_callable_is_a_step(backend):
    c = backend.run(
        lambda y, p: ss.confusion(y, p, step=lambda p, t: p * p),
        backend.asarray(np.asarray([1, 0])),
        backend.asarray(np.asarray([0.5, 0.25])),
    )
    assert_counts(c, np.asarray([0.25, 0.0625, 0.75, 0.9375]), backend)


@pytest.mark.parametrize("name", STEPS)
def test_steps_are_values(name):
    """Equal by value, hashable, picklable, immutable, and readable."""
    step = STEPS[name][0]
    copy = pickle.loads(pickle.dumps(step))
    assert copy == step and hash(copy) == hash(step)
    assert eval(repr(step), {name: getattr(ss, name) for name in ss.__all__}) == step
    with pytest.raises(AttributeError, match="cannot assign"):
        step.delta = 0.3
    assert len({s for s, _ in STEPS.values()}) == len(STEPS)


def test_defaults():
    assert ss.Linear() == ss.Linear(delta=0.2) != ss.Linear(delta=0.1)
    assert ss.Sigmoid() == ss.Sigmoid(k=10.0)
    assert ss.StraightThrough() == ss.StraightThrough(ss.Linear())


def test_steps_keep_single_precision(backend):
    p = backend.asarray(SCORES, "float32")
    found = backend.run(lambda p: [step(p, 0.3) for step, _ in STEPS.values()], p)
    for x, (_, membership) in zip(found, STEPS.values(), strict=True):
        tie = SCORES != 0.3
        values = assert_array(x, backend, "float32", (101,))
        expected = np.asarray([membership(p, 0.3) for p in SCORES])
        np.testing.assert_allclose(values[tie], expected[tie], atol=SINGLE)


def followed(backend):
    """Return the library where arrays may be followed, which are not written to."""
    return importlib.import_module(f"softset._arrays.{backend.library}").LIBRARY


LINED = [*map(ss.Linear, (0.01, 0.2, 0.25, 0.35)), ss.Ramp(0.4), ss.Ramp(3.0), ss.Hard()]


@marks.on("numpy", "torch")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", [0.003, 0.3, 0.5, 0.6, 0.99, "classes", "column"])
@pytest.mark.parametrize("step", LINED, ids=str)
def test_many_scores_in_memory_are_on_the_same_line(backend, step, form, dtype):
    """To the last bit, but to rounding where lines meet, as where `where` chooses."""
    taus = np.asarray([0.1, 0.3, 0.5, 0.8, 0.99], dtype=dtype)
    at = np.asarray([*taus, form] if isinstance(form, float) else taus, dtype=dtype)
    width = np.minimum(at, 1 - at)
    knots = np.concatenate([at, at - width / 2, at + width / 2, at - 0.2, at + 0.2, [0.0, 1.0]])
    drawn = np.random.default_rng(0).uniform(size=(2000, 5))
    p = np.clip(np.concatenate([np.tile(knots[:, None], 5), drawn]), 0, 1).astype(dtype)
    tau = {"classes": taus, "column": np.resize(taus, (len(p), 1))}.get(form, form)
    tau = tau if isinstance(tau, float) else backend.asarray(tau)
    p = backend.asarray(p)

    def both(lib):
        found = step.at(lib, p, tau), step.lines(lib, tau).slope_at(lib, p)
        return [backend.to_numpy(x) for x in found]

    assert p.shape[0] * p.shape[1] > _lines._MANY
    lib = lib_of(p, None if isinstance(tau, float) else tau)
    assert lib.free
    values, slopes = both(lib)
    np.testing.assert_array_equal(backend.to_numpy(step(p, tau)), values)
    expected, expected_slopes = both(followed(backend))
    assert values.dtype == slopes.dtype == dtype
    np.testing.assert_array_equal(slopes, expected_slopes)
    # Lines that meet differ by a rounding there; Linear(0.25) may be one line everywhere.
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(values, expected, rtol=0, atol=eps)
    lines = step.lines(lib, tau)
    low, high = (backend.to_numpy(p * 0 + x) for x in (lines.low, lines.high))
    scores = backend.to_numpy(p)
    apart = np.minimum(np.abs(scores - low), np.abs(scores - high)) > 4 * eps
    apart &= step != ss.Linear(0.25)
    np.testing.assert_array_equal(values[apart], expected[apart])
    assert ((values >= 0) & (values <= 1)).all()


@marks.on("numpy", "torch")
@pytest.mark.parametrize("step", LINED, ids=str)
def test_a_single_score_without_axes_has_a_membership(backend, step):
    p = np.asarray([0.1, 0.45, 0.9])
    for number, expected in zip(p, backend.to_numpy(step(backend.asarray(p), 0.4)), strict=True):
        found = step(backend.asarray(np.asarray(number)), 0.4)
        assert backend.to_numpy(found) == expected


@pytest.mark.parametrize("step", [ss.Linear(), ss.Linear(np.float64(0.3)), ss.Ramp(0.4)], ids=repr)
@pytest.mark.parametrize(
    "tau", [0.3, np.float64(0.3), np.full(5000, 0.3)], ids=["float", "f8", "array"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_dtypes_do_not_depend_on_how_many_scores_there_are(step, tau, dtype):
    p = np.linspace(0, 1, 5000).astype(dtype)
    many, few = step(p, tau), step(p[:10], tau[:10] if np.ndim(tau) else tau)
    assert many.dtype == few.dtype
    np.testing.assert_array_equal(many[:10], few)


@marks.on("torch")
@pytest.mark.parametrize("n", [5, 5000])
def test_forward_mode_has_the_slope_of_the_middle_at_knots(backend, n):
    torch = pytest.importorskip("torch")
    knots = backend.asarray(np.resize([0.1, 0.25, 0.5, 0.75, 0.9], n))
    forward = torch.autograd.forward_ad
    with forward.dual_level():
        out = ss.Linear()(forward.make_dual(knots, torch.ones_like(knots)), 0.5)
        tangent = forward.unpack_dual(out).tangent
    assert_close(tangent, np.resize([0.8, 1.2, 1.2, 1.2, 0.8], n), backend)


@marks.on("numpy", "torch")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logistic_of_many_in_memory_has_the_tails_of_where(backend, dtype):
    """But for some roundings; where it has no normal numbers, 0 is the least one, to a hundredth.

    Processors may take smaller ones for 0, and so all that they are divided by for infinite.
    """
    z = np.concatenate([np.random.default_rng(0).normal(size=5000, scale=9), [0, -0.0, 900, -900]])
    z = backend.asarray(z.astype(dtype))

    def both(lib):
        found = lib.logistic(z), *lib.logistics(z)
        return [backend.to_numpy(x) for x in found]

    for x, e in zip(both(lib_of(z)), both(followed(backend)), strict=True):
        assert x.dtype == dtype
        limits = np.finfo(dtype)
        np.testing.assert_allclose(x, e, rtol=4 * limits.eps, atol=1.01 * limits.tiny)
