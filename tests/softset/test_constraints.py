"""Constraints in training: violations, multipliers, the penalty, and a known optimum."""

import pickle
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset._arrays import duals
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SUMMED,
    assert_close,
    central_differences,
    labels_and_scores,
)

NUMBER = 3
Y, P = labels_and_scores(60, seed=61)
P = 0.05 + 0.9 * P  # differences of logarithms near 0 are coarse
GROUPS = np.random.default_rng(62).integers(0, NUMBER, 60)
W = np.random.default_rng(63).uniform(0.1, 2, 60)
MASK = np.random.default_rng(64).uniform(size=60) < 0.8

GAP = ss.at_most(ss.largest_gap(ss.recall), 0.02)
RECALLS = ss.at_least(ss.recall, 0.8)
ALARMS = ss.at_most(ss.false_positive_rate, 0.4)
LOSS = ss.constrained(ss.cross_entropy, (GAP, RECALLS, ALARMS), num_groups=NUMBER)
FACTORS = np.random.default_rng(65).uniform(size=1 + 2 * NUMBER)


def rates(membership):
    """Return recall and false positive rate of each group, by numpy alone."""
    of_groups = [(Y & rows, ~Y & rows) for rows in np.arange(NUMBER)[:, None] == GROUPS]
    found = [[membership[rows].mean() for rows in pair] for pair in of_groups]
    return np.asarray(found).T


def violations_by_hand(membership):
    recall, alarms = rates(membership)
    return np.concatenate([[np.ptp(recall) - 0.02], 0.8 - recall, alarms - 0.4])


SOFT = violations_by_hand(ss.Linear()(P, 0.5))
HARD = violations_by_hand(P >= 0.5)


# Values and gradients


def test_violations_are_those_of_decisions(backend):
    y, p, groups = (backend.asarray(x) for x in (Y, P, GROUPS))
    found = backend.run(lambda y, p, g: LOSS.violations(y, p, groups=g), y, p, groups)
    assert_close(found, HARD, backend)
    assert_close(
        LOSS.violations.of_counts(LOSS.violations.confusion(y, p, groups=groups)), HARD, backend
    )


def test_the_lagrangian_is_the_objective_and_soft_violations(backend):
    def run(y, p, g, m):
        return LOSS.lagrangian(m)(y, p, groups=g)

    found = backend.run(run, *map(backend.asarray, (Y, P, GROUPS, FACTORS)))
    assert_close(found, ss.cross_entropy(Y, P) + FACTORS @ SOFT, backend)


def test_the_penalty_is_of_broken_bounds_only(backend):
    def run(y, p, g):
        return LOSS.penalty(3.0)(y, p, groups=g)

    found = backend.run(run, *map(backend.asarray, (Y, P, GROUPS)))
    assert SOFT.min() < 0 < SOFT.max()
    assert_close(found, ss.cross_entropy(Y, P) + 3 * np.sum(np.maximum(SOFT, 0) ** 2), backend)


LOSSES = {
    "lagrangian": LOSS.lagrangian(FACTORS),
    "penalty": LOSS.penalty(3.0),
    "one bound": ss.constrained(ss.cross_entropy, (ALARMS,), num_groups=NUMBER).penalty(2.0),
    "sigmoid": ss.constrained(
        ss.as_loss(ss.largest_gap(ss.f1), num_groups=NUMBER),
        (ss.at_least(ss.smallest_ratio(ss.precision), 0.9), RECALLS),
        step=ss.Sigmoid(),
        threshold=0.4,
        num_groups=NUMBER,
    ).lagrangian(FACTORS[: 1 + NUMBER]),
    "sum": ss.constrained(
        ss.compound_loss((ss.cross_entropy, ss.as_loss(ss.f1)), weights=(1.0, 0.5)),
        (GAP,),
        num_groups=NUMBER,
    ).lagrangian(FACTORS[:1]),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("options", [{}, {"sample_weight": W}, {"sample_weight": W, "where": MASK}])
def test_closed_forms_agree_with_dual_numbers_and_differences(name, options):
    loss, options = LOSSES[name], {**options, "groups": GROUPS}
    value, gradient = ss.value_and_grad(loss)(Y, P, **options)
    again, (slopes,) = duals.value_and_gradients(lambda p: loss(Y, p, **options), P)
    scale = np.abs(slopes).max()
    np.testing.assert_allclose([value, again], loss(Y, P, **options), rtol=EXACT)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=EXACT * scale)
    numbers = central_differences(lambda p: loss(Y, p, **options), P)
    np.testing.assert_allclose(gradient, numbers, rtol=0, atol=DIFFERENCES * scale)


def test_autodiff_agrees_with_closed_forms(backend):
    y, p, groups, factors = (backend.asarray(x) for x in (Y, P, GROUPS, FACTORS))
    for of, name in (
        (lambda y, p, g, m: LOSS.lagrangian(m)(y, p, groups=g), "lagrangian"),
        (lambda y, p, g, m: LOSS.penalty(3.0)(y, p, groups=g), "penalty"),
    ):
        value, gradient = backend.value_and_grad(of, y, p, groups, factors)
        expected = ss.value_and_grad(LOSSES[name])(Y, P, groups=GROUPS)
        assert_close(value, expected[0], backend)
        assert_close(gradient, expected[1], backend, SUMMED)


@marks.on(*EAGER)
def test_closed_forms_run_in_every_library(backend):
    loss = LOSS.lagrangian(backend.asarray(FACTORS))
    y, p, groups = (backend.asarray(x) for x in (Y, P, GROUPS))
    value, gradient = ss.value_and_grad(loss)(y, p, groups=groups)
    expected = ss.value_and_grad(LOSSES["lagrangian"])(Y, P, groups=GROUPS)
    assert_close(value, expected[0], backend)
    assert_close(gradient, expected[1], backend, SUMMED)


def test_logits_and_half_types(backend):
    z = np.log(P) - np.log1p(-P)
    entropy = partial(ss.cross_entropy, from_logits=True)
    loss = ss.constrained(entropy, (GAP, RECALLS, ALARMS), from_logits=True, num_groups=NUMBER)
    y, groups = backend.asarray(Y), backend.asarray(GROUPS)
    assert_close(loss.violations(y, backend.asarray(z), groups=groups), HARD, backend)
    factors = backend.asarray(FACTORS)  # cast to the dtype of the counts
    found = loss.lagrangian(factors)(y, backend.asarray(z, "float32"), groups=groups)
    expected = ss.cross_entropy(Y, P) + FACTORS @ SOFT
    assert_close(found, expected, backend, 1e-5, dtype="float32")


# Counts


@pytest.mark.parametrize("name", ["lagrangian", "penalty"])
def test_micro_batches_equal_the_whole(name):
    loss = LOSSES[name]
    slices = [slice(0, 17), slice(17, 40), slice(40, 60)]
    parts = [(Y[i], P[i], {"groups": GROUPS[i], "sample_weight": W[i]}) for i in slices]
    total = sum(loss.confusion(y, p, **options) for y, p, options in parts)
    value, gradient = ss.value_and_grad(loss)(Y, P, groups=GROUPS, sample_weight=W)
    np.testing.assert_allclose(loss.of_counts(total), value, rtol=EXACT)
    f = ss.value_and_grad(ss.linearize(loss, total))
    found = np.concatenate([f(y, p, **options)[1] for y, p, options in parts])
    np.testing.assert_allclose(found, gradient, rtol=SUMMED, atol=1e-15)


def test_violations_of_batches_are_those_of_their_sum(backend):
    halves = [[backend.asarray(x[i]) for x in (Y, P, GROUPS)] for i in (slice(25), slice(25, 60))]
    total = sum(LOSS.violations.confusion(y, p, groups=g) for y, p, g in halves)
    assert_close(LOSS.violations.of_counts(total), HARD, backend)


def test_reduce_sums_over_machines():
    def others(c):
        if not isinstance(c, ss.Confusion):
            return c + ss.compound_loss((ss.cross_entropy,)).confusion(Y[25:], P[25:]).parts[0]
        step = ss.Hard() if np.all(c.tp == np.round(c.tp)) else ss.Linear()
        rest = {"groups": GROUPS[25:], "num_groups": NUMBER}
        return c + ss.confusion(Y[25:], P[25:], step=step, **rest)

    here = (Y[:25], P[:25])
    options = {"groups": GROUPS[:25], "reduce": others}
    np.testing.assert_allclose(LOSS.violations(*here, **options), HARD, rtol=0, atol=EXACT)
    expected = ss.cross_entropy(Y, P) + FACTORS @ SOFT
    np.testing.assert_allclose(LOSSES["lagrangian"](*here, **options), expected, rtol=EXACT)


# What says nothing


def test_groups_that_say_nothing_have_no_violation_and_no_slope():
    y = Y & (GROUPS != 1)  # group 1 has no positives, group 3 no members
    bounds = (RECALLS, ss.at_least(ss.worst_group(ss.recall), 0.9), ALARMS)
    loss = ss.constrained(ss.as_loss(ss.prevalence, maximize=False), bounds, num_groups=4)
    violations = loss.violations(y, P, groups=GROUPS)
    recall, _ = rates(P >= 0.5)
    np.testing.assert_allclose(violations[:4], [0.8 - recall[0], 0, 0.8 - recall[2], 0], atol=EXACT)
    assert violations[4] > 0
    assert violations[-1] == 0
    factors = np.asarray([1.0] * 4 + [0.0] * 5)
    _, gradient = ss.value_and_grad(loss.lagrangian(factors))(y, P, groups=GROUPS)
    assert not gradient[GROUPS == 1].any()
    assert gradient[y].any()


def test_no_positives_at_all(backend):
    """Neither a bound in each group, nor one on the worst group or a gap, says anything."""
    worst, all_of = ss.at_least(ss.worst_group(ss.recall), 0.9), ss.at_least(ss.recall, 0.9)
    loss = ss.constrained(ss.cross_entropy, (GAP, worst, all_of), num_groups=NUMBER)
    y, p, groups = backend.asarray(0 * Y), backend.asarray(P), backend.asarray(GROUPS)
    assert_close(loss.violations(y, p, groups=groups), np.zeros(2 + NUMBER), backend)
    value, gradient = backend.value_and_grad(
        lambda y, p, g: loss.penalty(5.0)(y, p, groups=g), y, p, groups
    )
    expected = ss.value_and_grad(ss.cross_entropy)(0 * Y, P)
    assert_close(value, expected[0], backend)
    assert_close(gradient, expected[1], backend, SUMMED)


def test_a_fixed_zero_division_is_a_value():
    zero = partial(ss.recall, zero_division=0.0)
    worst = partial(ss.worst_group(ss.recall), zero_division=0.5)
    bounds = (ss.at_least(zero, 0.9), ss.at_least(worst, 0.9))
    loss = ss.constrained(ss.cross_entropy, bounds, num_groups=NUMBER)
    found = loss.violations(0 * Y, P, groups=GROUPS)
    np.testing.assert_allclose(found, [0.9, 0.9, 0.9, 0.4], rtol=EXACT)


def test_metrics_of_ones_own_say_nothing_where_they_are_nan():
    def lift(c):
        return ss.array_namespace(c.tp).where(c.fp > 0, c.tp / (c.tp + c.fn) - c.fp, np.nan)

    with np.errstate(invalid="ignore"):
        loss = ss.constrained(ss.cross_entropy, (ss.at_least(lift, 100.0),), num_groups=2)
        y, p = np.asarray([1, 0, 1, 0]), np.asarray([0.9, 0.8, 0.9, 0.2])
        found = loss.violations(y, p, groups=np.asarray([0, 0, 1, 1]))
    np.testing.assert_array_equal(found, [100.0, 0.0])


# Without groups, of classes, of classes in groups


def test_without_groups():
    loss = ss.constrained(ss.cross_entropy, (ss.at_least(ss.precision, 0.9), ALARMS))
    precision, alarms = ss.as_score(ss.precision), ss.as_score(ss.false_positive_rate)
    expected = [0.9 - precision(Y, P), alarms(Y, P) - 0.4]
    np.testing.assert_allclose(loss.violations(Y, P), expected, rtol=EXACT)


def test_classes():
    y, p = labels_and_scores((30, 4), seed=66)
    groups = np.arange(30) % 2
    recalls = ss.at_least(ss.recall, 0.7)
    of_classes = ss.constrained(ss.cross_entropy, (recalls,), axis=0)
    recall = (y & (p >= 0.5)).sum(axis=0) / y.sum(axis=0)
    np.testing.assert_allclose(of_classes.violations(y, p), 0.7 - recall, rtol=0, atol=EXACT)
    both = (recalls, ss.at_most(ss.largest_gap(ss.macro(ss.recall)), 0.1))
    loss = ss.constrained(ss.cross_entropy, both, axis=0, num_groups=2)
    found = loss.violations(y, p, groups=groups)
    rows = [(y & (p >= 0.5))[groups == g].sum(0) / y[groups == g].sum(0) for g in (0, 1)]
    expected = [*(0.7 - np.stack(rows, axis=1)).ravel(), np.ptp(np.mean(rows, axis=1)) - 0.1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT)
    factors = np.linspace(0.1, 0.9, 9)
    lagrangian = loss.lagrangian(factors)
    _, gradient = ss.value_and_grad(lagrangian)(y, p, groups=groups)
    _, (slopes,) = duals.value_and_gradients(lambda p: lagrangian(y, p, groups=groups), p)
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=EXACT * np.abs(slopes).max())


def test_one_true_class_is_decided_by_the_largest_score():
    rng = np.random.default_rng(67)
    y, z = ss.one_hot(rng.integers(0, 3, 40), 3), rng.normal(size=(40, 3))
    loss = ss.constrained(
        partial(ss.cross_entropy, from_logits=True, class_axis=-1),
        (ss.at_least(ss.recall, 0.6),),
        step=ss.Softmax(),
        axis=0,
        from_logits=True,
    )
    right = z.argmax(axis=1) == y.argmax(axis=1)
    recall = [right[y[:, k] == 1].mean() for k in range(3)]
    np.testing.assert_allclose(loss.violations(y, z), 0.6 - np.asarray(recall), atol=EXACT)


# Multipliers


def test_multipliers_rise_and_fall_and_stay_above_zero(backend):
    arrays = [backend.asarray(np.asarray(x)) for x in ([0.5, 0.1, 0.0], [0.2, -0.3, 0.0])]
    found = backend.run(lambda m, v: ss.raise_multipliers(m, v, 2.0), *arrays)
    assert_close(found, [0.9, 0.0, 0.0], backend)
    single = backend.asarray(np.asarray([0.5, 0.1, 0.0]), "float32")
    found = ss.raise_multipliers(single, arrays[1], 2.0)
    assert_close(found, [0.9, 0.0, 0.0], backend, 1e-6, dtype="float32")


def test_multipliers_may_change_without_another_compilation(backend):
    if not backend.traced:
        pytest.skip("nothing is compiled")
    traces = []

    def run(y, p, g, m):
        if backend.library != "torch":  # whose compiler would watch the list
            traces.append(1)
        return LOSS.lagrangian(m)(y, p, groups=g)

    arrays = [backend.asarray(x) for x in (Y, P, GROUPS, FACTORS)]
    f = backend.compile_gradient(run, *arrays)
    f(*arrays)
    number = len(traces)
    compiled = backend.name == "torch-compiled"
    once = backend.torch.compiler.set_stance("fail_on_recompile") if compiled else nullcontext()
    with once:
        value, _ = f(*arrays[:3], backend.asarray(2 * FACTORS))
    assert_close(value, ss.cross_entropy(Y, P) + 2 * FACTORS @ SOFT, backend)
    assert len(traces) == number


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(-1, 1)), min_size=1), st.floats(0.01, 10))
def test_a_step_moves_each_multiplier_the_way_of_its_violation(pairs, rate):
    factors, violations = np.asarray(pairs).T
    found = ss.raise_multipliers(factors, violations, rate)
    assert (found >= 0).all()
    assert (found[violations > 0] >= factors[violations > 0]).all()
    assert (found[violations < 0] <= factors[violations < 0]).all()
    np.testing.assert_array_equal(found[violations == 0], factors[violations == 0])


@given(st.floats(0.01, 100), st.permutations(range(len(Y))))
def test_violations_keep_under_a_scale_of_weights_and_another_order(scale, order):
    options = {"groups": GROUPS[order], "sample_weight": np.full(len(Y), scale)}
    found = LOSS.violations(Y[order], P[order], **options)
    np.testing.assert_allclose(found, HARD, rtol=0, atol=EXACT)


@marks.on("tf-function")
def test_lengths_that_only_running_tells_are_those_of_the_violations(backend):
    arrays = [backend.asarray(x) for x in (Y, P, GROUPS, FACTORS)]
    f = backend.compile(lambda y, p, g, m: LOSS.lagrangian(m)(y, p, groups=g), *arrays)
    for factors in (FACTORS[:1], np.append(FACTORS, 1.0)):
        with pytest.raises(backend.tf.errors.InvalidArgumentError):
            f(*arrays[:3], backend.asarray(factors))
    f = backend.compile(lambda m, v: ss.raise_multipliers(m, v, 1.0), arrays[3], arrays[3])
    with pytest.raises(backend.tf.errors.InvalidArgumentError):
        f(arrays[3], backend.asarray(np.ones(1)))


# A problem with a known optimum: positives spread evenly over [0, 1], negatives with the share
# (1 - t)**2 above t. The lowest false positive rate of recalls of 0.8 is that of t = 0.2, and the
# multiplier, the price of recall there, is 2 (1 - t) = 1.6. A ramp within the data leaves the
# slopes as they are.
EVENLY = (np.arange(400) + 0.5) / 400
X = np.concatenate([EVENLY, 1 - np.sqrt(EVENLY)])
Y_X = np.repeat([1, 0], 400)


def lowest_alarms():
    return ss.constrained(
        ss.as_loss(ss.false_positive_rate, step=ss.Ramp(width=0.1)),
        (ss.at_least(ss.recall, 0.8),),
        step=ss.Ramp(width=0.1),
    )


def scores_at(x, t):
    return 0.5 + (x - t) / 2


def test_projected_ascent_reaches_the_optimum(backend):
    loss = lowest_alarms()
    y, x = backend.asarray(Y_X), backend.asarray(X)
    f = backend.compile_gradient(
        lambda y, t, x, m: loss.lagrangian(m)(y, scores_at(x, t)),
        *(y, backend.asarray(np.asarray(0.5)), x, backend.asarray(np.zeros(1))),
    )
    t, factors = backend.asarray(np.asarray(0.5)), backend.asarray(np.zeros(1))
    for _ in range(120):
        _, slope = f(y, t, x, factors)
        t = t - 0.1 * slope
        factors = ss.raise_multipliers(factors, loss.violations(y, scores_at(x, t)), 0.5)
    # Rates of 400 rows come in steps of 0.0025.
    np.testing.assert_allclose(backend.to_numpy(t), 0.2, atol=0.005)
    np.testing.assert_allclose(backend.to_numpy(factors), [1.6], atol=0.02)
    assert abs(backend.to_numpy(loss.violations(y, scores_at(x, t)))[0]) <= 0.005


def test_ascent_within_a_scan():
    jax = pytest.importorskip("jax")
    loss, y, x = lowest_alarms(), jax.numpy.asarray(Y_X), jax.numpy.asarray(X)

    def step(state, _):
        t, factors = state
        t = t - 0.1 * jax.grad(lambda t: loss.lagrangian(factors)(y, scores_at(x, t)))(t)
        violations = loss.violations(y, scores_at(x, t))
        return (t, ss.raise_multipliers(factors, violations, 0.5)), violations[0]

    start = (jax.numpy.asarray(0.5), jax.numpy.zeros(1))
    (t, factors), violations = jax.jit(lambda s: jax.lax.scan(step, s, length=120))(start)
    np.testing.assert_allclose([t, factors[0]], [0.2, 1.6], atol=0.02)
    assert violations[0] > 0.2
    assert abs(violations[-1]) <= 0.005


def test_the_penalty_stops_short_of_the_bound():
    """Where 2 (1 - t) = 2 strength (t - 0.2): at t = (1 + 0.2 strength) / (1 + strength)."""
    loss = lowest_alarms().penalty(9.0)
    t = 0.5
    for _ in range(200):
        _, gradient = ss.value_and_grad(loss)(Y_X, scores_at(X, t))
        t += 0.02 * np.sum(gradient) / 2
    np.testing.assert_allclose(t, 2.8 / 10, atol=0.001)


def test_bounds_that_cannot_be_kept_stay_broken_and_their_multipliers_grow():
    bounds = (ss.at_least(ss.recall, 0.9), ss.at_most(ss.false_positive_rate, 0.1))
    loss = ss.constrained(ss.cross_entropy, bounds, step=ss.Ramp(width=0.1))
    t, factors, sizes = 0.5, np.zeros(2), []
    for _ in range(200):
        _, gradient = ss.value_and_grad(loss.lagrangian(factors))(Y_X, scores_at(X, t))
        t = min(max(t + 0.02 * np.sum(gradient) / 2, 0.0), 1.0)
        factors = ss.raise_multipliers(factors, loss.violations(Y_X, scores_at(X, t)), 0.5)
        sizes.append(factors.sum())
    assert loss.violations(Y_X, scores_at(X, t)).max() > 0.1
    assert sizes[50] < sizes[100] < sizes[199]


def test_the_gap_of_new_data_falls():
    rng = np.random.default_rng(0)

    def patients(n):
        site, sick = rng.integers(0, 2, n), rng.uniform(size=n) < 0.3
        record = rng.normal(np.where(site == 0, 2.0, 1.0) * sick, 1.0)
        test = rng.normal(1.8 * sick, 1.0)
        return np.stack([record, test, np.ones(n)], axis=1), sick, site

    x, y, site = patients(3000)
    loss = ss.constrained(
        partial(ss.cross_entropy, from_logits=True), (GAP,), from_logits=True, num_groups=2
    )

    def train(rate):
        w, factors = np.asarray([1.0, 1.0, -2.0]), np.zeros(1)
        for _ in range(400):
            _, gradient = ss.value_and_grad(loss.lagrangian(factors))(y, x @ w, groups=site)
            w = w - 0.5 * x.T @ gradient
            if rate:
                violations = loss.violations(y, x @ w, groups=site)
                factors = ss.raise_multipliers(factors, violations, rate)
        return w

    x_new, y_new, site_new = patients(20000)
    gap = ss.as_score(ss.largest_gap(ss.recall), from_logits=True, num_groups=2)
    before, after = (gap(y_new, x_new @ train(rate), groups=site_new) for rate in (0.0, 0.1))
    assert before > 0.1
    assert after < 0.05


# Values, and errors


def test_constraints_are_values():
    again = ss.constrained(ss.cross_entropy, [GAP, RECALLS, ALARMS], num_groups=np.int64(NUMBER))
    assert again == LOSS
    assert hash(again) == hash(LOSS)
    assert pickle.loads(pickle.dumps(LOSS)) == LOSS
    assert hash(LOSS.penalty(2.0)) == hash(again.penalty(2.0))
    assert LOSS.penalty(2.0) != LOSS.penalty(3.0)
    assert ss.at_most(ss.recall, 1) == ss.at_most(ss.recall, 1.0)
    assert ss.at_most(ss.recall, 1) != ss.at_least(ss.recall, 1)
    assert str(ss.at_least(partial(ss.fbeta, beta=2.0), 0.5)) == "fbeta(beta=2.0) >= 0.5"


def test_bounds_outside_of_the_range_are_refused():
    share = r"`bound` must lie in \[0.0, 1.0\], the range of "
    for metric, bound in (
        (ss.recall, 70),
        (ss.macro(ss.f1), -0.1),
        (ss.smallest_ratio(ss.f1), 1.2),
        (partial(ss.fbeta, beta=2.0), 1.01),
        (ss.worst_group(ss.error_rate), 2),
    ):
        with pytest.raises(ValueError, match=share):
            ss.at_most(metric, bound)
    with pytest.raises(ValueError, match=r"in \[-1.0, 1.0\], the range of cohen_kappa, got 2"):
        ss.at_least(ss.cohen_kappa, 2)
    ss.at_least(ss.matthews_corrcoef, -0.5)
    ss.at_most(ss.largest_gap(ss.informedness), 1.5)
    ss.at_most(partial(ss.expected_cost, fp_cost=3.0), 70)
    ss.at_most(lambda c: c.fp, 70)


@pytest.mark.parametrize("name", ["at_most", "at_least"])
def test_errors_of_bounds(name):
    make = getattr(ss, name)
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        make("recall", 0.5)
    with pytest.raises(TypeError, match="`metric` must be one of four counts, got multiclass_acc"):
        make(ss.multiclass_accuracy, 0.5)
    with pytest.raises(ValueError, match="`metric` must be one of decisions at a threshold, got"):
        make(ss.auroc, 0.5)
    for bound in (np.nan, np.inf, "0.5", None, True):
        with pytest.raises(ValueError, match="`bound` must be a finite number, got"):
            make(ss.recall, bound)


def test_errors_of_losses():
    for wrong in (ss.recall, (ss.recall, 0.9), 0.9):
        with pytest.raises(TypeError, match=r"`constraints\[1\]` must be at_most\(metric, bound\)"):
            ss.constrained(ss.cross_entropy, (RECALLS, wrong))
    for wrong in ((), RECALLS, None, 0.9):
        with pytest.raises(TypeError, match="`constraints` must be a tuple of const") as error:
            ss.constrained(ss.cross_entropy, wrong)
        assert ("put it into one, as (constraint,)" in str(error.value)) == (wrong is RECALLS)
    with pytest.raises(TypeError, match="`objective` must be what as_loss returned, a compound_"):
        ss.constrained(ss.f1, (RECALLS,))
    for number in (None, 1):
        with pytest.raises(ValueError, match="`num_groups` must be at least 2 for largest_gap"):
            ss.constrained(ss.cross_entropy, (GAP,), num_groups=number)
    with pytest.raises(ValueError, match="`from_logits` must be that of `objective`, got True for"):
        ss.constrained(ss.cross_entropy, (RECALLS,), from_logits=True)
    for strength in (0, -1.0, np.inf):
        with pytest.raises(ValueError, match="`strength` must be a positive finite number, got"):
            LOSS.penalty(strength)
    with pytest.raises(ValueError, match="`groups` must be given where `num_groups` is"):
        LOSS.violations(Y, P)


def test_errors_of_multipliers(backend):
    y, p, groups = (backend.asarray(x) for x in (Y, P, GROUPS))

    def call(factors):
        return LOSS.lagrangian(backend.asarray(factors))(y, p, groups=groups)

    for wrong in (np.ones(3), np.ones((1, 7)), np.asarray(1.0)):
        with pytest.raises(ValueError, match="`multipliers` must be 1-D, of the length 7 for as"):
            call(wrong)
    for value in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="`multipliers` must hold finite numbers >= 0, got"):
            call(np.asarray([0.0] * 6 + [value]))
    with pytest.raises(TypeError, match="`multipliers` must be an array"):
        LOSS.lagrangian([0.0] * 7)(y, p, groups=groups)
    zeros, ones = backend.asarray(np.zeros(2)), backend.asarray(np.ones(2))
    with pytest.raises(ValueError, match="`multipliers` must be 1-D, one for each violation, got"):
        ss.raise_multipliers(backend.asarray(np.zeros(3)), ones, 1.0)
    with pytest.raises(ValueError, match="`multipliers` must hold finite numbers >= 0, got -1"):
        ss.raise_multipliers(zeros - 1, ones, 1.0)
    with pytest.raises(ValueError, match="`violations` must hold finite numbers, got nan"):
        ss.raise_multipliers(zeros, ones * np.nan, 1.0)
    for rate in (0, -1.0, np.nan, "1"):
        with pytest.raises(ValueError, match="`rate` must be a positive finite number, got"):
            ss.raise_multipliers(zeros, ones, rate)
