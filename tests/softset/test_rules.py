"""The nineteen rules that an implementation must get right, and twelve tests from peers' failures.

The rules were collected from the paper, from its authors' code and from measured failures of
other libraries; each test names the number of what it holds the kernel to.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    SOFT,
    STEPS,
    SUMMED,
    assert_array,
    assert_close,
    assert_counts,
    central_differences,
    count_by_loop,
    labels_and_scores,
)

TAUS = (0.1, 0.3, 0.5, 0.7, 0.9)
THRESHOLDED = {
    "accuracy": ss.accuracy,
    "f2": partial(ss.fbeta, beta=2.0),
    "mcc": ss.matthews_corrcoef,
    "kappa": ss.cohen_kappa,
    "g-mean": ss.geometric_mean,
    "p4": ss.p4,
}


def together(losses: Any) -> Any:
    """Return the sum of several losses: one compilation for all, and no term can hide."""
    losses = list(losses)

    def total(*arrays: Any) -> Any:
        values = [loss(*arrays) for loss in losses]
        return sum(values[1:], values[0])

    return total


def gradient(loss: Any, y: Any, p: Any) -> np.ndarray:
    return np.asarray(ss.value_and_grad(loss)(np.asarray(y), np.asarray(p))[1])


# The nineteen rules.


def test_a1_counts_are_equation_6_and_conserved(backend: Any) -> None:
    y, p = labels_and_scores(24)
    cases = [(name, tau) for name in SOFT for tau in (0.1, 0.5, 0.9)]
    counts = backend.run(
        lambda y, p: [ss.confusion(y, p, threshold=tau, step=SOFT[name]) for name, tau in cases],
        backend.asarray(y),
        backend.asarray(p),
    )
    for c, (name, tau) in zip(counts, cases, strict=True):
        expected = count_by_loop(y, p, STEPS[name][1], tau)
        assert_counts(c, expected, backend)
        tp, fp, fn, tn = (float(x) for x in c)
        assert abs(tp + fn - y.sum()) < 24 * EXACT
        assert abs(fp + tn - (~y).sum()) < 24 * EXACT


def test_a2_a_tie_is_positive_when_hard_and_half_when_soft(backend: Any) -> None:
    y, p = backend.asarray([1.0, 0.0]), backend.asarray([0.3, 0.3])
    hard = backend.run(lambda y, p: ss.confusion(y, p, threshold=0.3, step=ss.Hard()), y, p)
    assert_counts(hard, [1.0, 1.0, 0.0, 0.0], backend)
    soft = backend.run(lambda y, p: ss.confusion(y, p, threshold=0.3), y, p)
    assert_counts(soft, [0.5, 0.5, 0.5, 0.5], backend)
    # The threshold is compared in the scores' dtype: 0.1 * 3 rounds up in float32 as 0.3 does.
    p = backend.asarray(np.float32([0.3, 0.3]), "float32")
    y = backend.asarray(np.float32([1.0, 0.0]), "float32")
    single = backend.run(lambda y, p: ss.confusion(y, p, threshold=0.1 * 3, step=ss.Hard()), y, p)
    assert_counts(single, [1.0, 1.0, 0.0, 0.0], backend, dtype="float32")


def test_a3_others_are_not_counted_and_soft_labels_are_shares(backend: Any) -> None:
    y, p = backend.asarray([0.0] * 5), backend.asarray([0.9] * 5)
    c = backend.run(lambda y, p: ss.confusion(y, p, threshold=0.1, step=ss.Sigmoid()), y, p)
    assert float(c.tp) == 0.0 and float(c.fn) == 0.0
    y, p = backend.asarray([0.25]), backend.asarray([0.8])
    c = backend.run(lambda y, p: ss.confusion(y, p, step=ss.Identity()), y, p)
    assert_counts(c, [0.2, 0.6, 0.05, 0.15], backend)


def test_a4_thresholds_are_honoured(backend: Any) -> None:
    y, p = labels_and_scores((12, 3))
    arrays = backend.asarray(y), backend.asarray(p)
    grid, classes, scalar = backend.run(
        lambda y, p: (
            ss.confusion(y, p, thresholds=TAUS, axis=0),
            ss.confusion(y, p, threshold=(0.2, 0.5, 0.8), axis=0),
            ss.confusion(y, p, threshold=0.4),
        ),
        *arrays,
    )
    assert tuple(grid.tp.shape) == (3, 5)
    assert tuple(classes.tp.shape) == (3,)
    line = STEPS["linear"][1]
    for k, tau in enumerate((0.2, 0.5, 0.8)):
        for t, at in enumerate(TAUS):
            one = count_by_loop(y[:, k], p[:, k], line, at)
            assert abs(float(one.tp) - backend.to_numpy(grid.tp)[k, t]) < 12 * EXACT
        one = count_by_loop(y[:, k], p[:, k], line, tau)
        assert abs(float(one.fp) - backend.to_numpy(classes.fp)[k]) < 12 * EXACT
    assert tuple(scalar.tp.shape) == ()


@pytest.mark.parametrize("argnum", [1, 2])
def test_a5_extreme_thresholds_keep_gradients_finite(backend: Any, argnum: int) -> None:
    """As arrays under a tracer; as numbers, 0 and 1 are errors (test_errors)."""
    if backend.name == "array_api_strict" and argnum == 2:
        pytest.skip("array_api_strict compares with no dual number on the right")
    y, p = labels_and_scores(16)

    def loss(y: Any, p: Any, taus: Any) -> Any:
        f1 = ss.f1(ss.confusion(y, p, thresholds=taus))
        return ss.array_namespace(f1).sum(f1)

    taus = np.asarray([0.0, 1e-9, 1e-3, 0.999, 1.0])
    arrays = [backend.asarray(x) for x in (y, p, taus)]
    with ss.checks(False):
        value, slope = backend.value_and_grad(loss, *arrays, argnum=argnum)
    assert np.isfinite(backend.to_numpy(value)).all()
    assert np.isfinite(backend.to_numpy(slope)).all()


def test_a6_scores_outside_are_clipped_where_they_cannot_be_refused(backend: Any) -> None:
    y, p = np.asarray([1.0, 0.0, 1.0, 0.0]), np.asarray([1.5, -0.5, 0.4, 0.6])
    with ss.checks(False):
        value, slope = backend.value_and_grad(
            ss.as_loss(ss.f1), backend.asarray(y), backend.asarray(p)
        )
    expected = ss.as_loss(ss.f1)(y, np.clip(p, 0, 1))
    assert_close(value, expected, backend)
    assert (backend.to_numpy(slope)[:2] == 0).all()
    with ss.checks(False):
        nan = backend.run(ss.as_loss(ss.f1), backend.asarray(y), backend.asarray(p * np.nan))
    assert np.isnan(backend.to_numpy(nan))


@pytest.mark.parametrize("delta", [0.1, 0.2])
def test_a7_every_backend_takes_the_middle_slope_at_a_kink(backend: Any, delta: float) -> None:
    loss = ss.as_loss(ss.accuracy, step=ss.Linear(delta=delta))
    y, p = np.asarray([1.0, 1.0]), np.asarray([0.25, 0.75])
    _, slope = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    middle = (1 - 2 * delta) / 0.5
    assert (backend.to_numpy(slope) == backend.to_numpy(slope)[0]).all()
    assert_close(slope, [-middle / 2, -middle / 2], backend)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a8_the_logistic_curve_is_stable(backend: Any, dtype: str) -> None:
    loss = ss.as_loss(ss.f1, step=ss.Sigmoid(k=5000.0))
    y, p = np.asarray([1.0, 0.0, 1.0]), np.asarray([0.0, 1.0, 0.5])
    value, slope = backend.value_and_grad(
        loss, backend.asarray(y, dtype), backend.asarray(p, dtype)
    )
    assert np.isfinite(backend.to_numpy(value)) and np.isfinite(backend.to_numpy(slope)).all()


def test_a9_logits_keep_the_precision_of_one_minus_p(backend: Any) -> None:
    """float32: 1 - sigmoid(40) is exactly 0, sigmoid(-40) is 4e-18."""
    z = backend.asarray(np.float32([40.0, 40.0]), "float32")
    y = backend.asarray(np.float32([1.0, 0.0]), "float32")
    c = backend.run(lambda y, z: ss.confusion(y, z, step=ss.Identity(), from_logits=True), y, z)
    np.testing.assert_allclose(float(c.fn), 4.248354e-18, rtol=SINGLE)
    np.testing.assert_allclose(float(c.tn), 4.248354e-18, rtol=SINGLE)
    loss = ss.as_loss(ss.accuracy, step=ss.Identity(), from_logits=True)
    _, slope = backend.value_and_grad(loss, y, z)
    np.testing.assert_allclose(
        backend.to_numpy(slope), np.asarray([-1, 1]) * 4.248354e-18 / 2, rtol=SINGLE
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a10_half_types_are_counted_in_float32(backend: Any, dtype: str) -> None:
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.library} has no {dtype}")
    ones = backend.asarray(np.ones(70_144), dtype)
    c = backend.run(lambda y, p: ss.confusion(y, p), ones, ones)
    assert_counts(c, [70_144.0, 0.0, 0.0, 0.0], backend, dtype="float32")


def test_a11_one_guarded_ratio(backend: Any) -> None:
    """All wrong: precision and recall are 0, and F1 by way of them is 0 / 0."""
    y, p = backend.asarray([1.0, 0.0]), backend.asarray([0.0, 1.0])
    value, slope = backend.value_and_grad(ss.as_loss(ss.f1), y, p)
    assert_close(value, 1.0, backend)
    assert np.isfinite(backend.to_numpy(slope)).all() and (backend.to_numpy(slope) != 0).any()


def test_a12_one_policy_for_degenerate_batches(backend: Any) -> None:
    """One row a batch: one class only, and scores of 0, 0.3 and 1."""
    y = np.repeat([0.0, 1.0], 3)[:, None] * np.ones(4)
    p = np.tile([0.0, 0.3, 1.0], 2)[:, None] * np.ones(4)
    losses = [ss.as_loss(metric, axis=1) for metric in THRESHOLDED.values()]
    for loss in losses:
        closed = ss.value_and_grad(loss)(y, p)
        assert np.isfinite(closed[0]) and np.isfinite(closed[1]).all()
    value, slope = backend.value_and_grad(together(losses), backend.asarray(y), backend.asarray(p))
    expected = [ss.value_and_grad(loss)(y, p) for loss in losses]
    assert_close(value, sum(v for v, _ in expected), backend)
    assert_close(slope, sum(g for _, g in expected), backend)


def test_a13_a_grid_needs_no_data_dependent_shape(backend: Any) -> None:
    """Rates along a grid are monotone, and a one-class batch has a finite gradient of 0."""
    y, p = labels_and_scores(24)
    c = backend.run(
        lambda y, p: ss.confusion(y, p, thresholds=TAUS), backend.asarray(y), backend.asarray(p)
    )
    assert (np.diff(backend.to_numpy(ss.false_positive_rate(c))) <= 0).all()
    loss = ss.as_loss(ss.informedness, thresholds=TAUS)
    _, slope = backend.value_and_grad(loss, backend.asarray(np.ones(24)), backend.asarray(p))
    assert_close(slope, np.zeros(24), backend)


def test_a14_a_loss_over_thresholds_is_the_mean_of_the_metric(backend: Any) -> None:
    y, p = labels_and_scores(24)
    value = backend.run(ss.as_loss(ss.f1, thresholds=TAUS), backend.asarray(y), backend.asarray(p))
    expected = np.mean([ss.as_loss(ss.f1, threshold=tau)(y, p) for tau in TAUS])
    assert_close(value, expected, backend)


def test_a15_a_loss_is_one_scalar_in_every_mode(backend: Any) -> None:
    y, p = labels_and_scores((8, 3))
    value = backend.run(ss.as_loss(ss.f1, axis=0), backend.asarray(y), backend.asarray(p))
    assert_array(value, backend, "float64", ())


def test_a16_counts_of_parts_add_up_and_linearize_is_exact(backend: Any) -> None:
    y, p = labels_and_scores(24)
    loss = ss.as_loss(ss.matthews_corrcoef, threshold=0.3)
    parts = [(backend.asarray(y[i : i + 8]), backend.asarray(p[i : i + 8])) for i in (0, 8, 16)]
    total = sum(backend.run(loss.confusion, *part) for part in parts)
    assert_counts(total, loss.confusion(y, p), backend)
    linear = ss.linearize(loss, total)
    slopes = [backend.value_and_grad(linear, *part)[1] for part in parts]
    whole = gradient(loss, y, p)
    found = np.concatenate([backend.to_numpy(x) for x in slopes])
    np.testing.assert_allclose(found, whole, rtol=0, atol=SUMMED * np.abs(whole).max())


def test_a17_probabilities_and_logits_meet_the_same_threshold(backend: Any) -> None:
    y, p = labels_and_scores(24)
    z = np.log(p) - np.log1p(-p)
    for tau in (0.3, 0.5):
        of_p, of_z = (ss.as_score(ss.f1, threshold=tau, from_logits=f) for f in (False, True))
        a = backend.run(of_p, backend.asarray(y), backend.asarray(p))
        b = backend.run(of_z, backend.asarray(y), backend.asarray(z))
        assert_close(b, float(a), backend)


def test_a18_linear_is_the_identity_at_a_quarter_and_mirrors_itself(backend: Any) -> None:
    p = np.linspace(0, 1, 41)
    same = backend.run(lambda p: ss.Linear(delta=0.25)(p, 0.5), backend.asarray(p))
    assert_close(same, p, backend)
    for tau in TAUS:
        here = backend.run(lambda p, tau=tau: ss.Linear()(p, tau), backend.asarray(p))
        there = backend.run(lambda p, tau=tau: ss.Linear()(p, 1 - tau), backend.asarray(1 - p))
        assert_close(there, 1 - backend.to_numpy(here), backend)
        secants = np.diff(backend.to_numpy(here)) / np.diff(p)
        width = min(tau, 1 - tau)
        slopes = (0.2 / (tau - width / 2), 0.6 / width, 0.2 / (1 - tau - width / 2))
        assert secants.max() <= max(slopes) * (1 + 1e-12)
        assert secants.min() >= min(slopes) * (1 - 1e-12)


def test_a18_a_soft_count_is_the_expected_hard_count() -> None:
    """For a threshold drawn with the step as its distribution, by quadrature."""
    y, p = labels_and_scores(16)
    u = (np.arange(20_000) + 0.5) / 20_000
    draws = np.interp(u, [0, 0.2, 0.5, 0.8, 1], [0, 0.15, 0.3, 0.45, 1])
    hard = ss.confusion(y, p, thresholds=draws, step=ss.Hard())
    soft = ss.confusion(y, p, threshold=0.3)
    for a, b in zip(hard, soft, strict=True):
        np.testing.assert_allclose(np.mean(a), b, atol=16 / 20_000)


def test_a19_a_batch_without_signal_is_named() -> None:
    from softset_backends import diagnose

    rng = np.random.default_rng(0)
    p = rng.uniform(0.01, 0.99, 64)
    y = (np.arange(64) < 3) * 1
    assert "expected" in str(diagnose(y, p, ss.as_loss(ss.f1))) or "fewer" in str(
        diagnose(y, p, ss.as_loss(ss.f1))
    )
    assert "logits" in str(diagnose(y, 20 * p - 10, ss.as_loss(ss.f1)))
    assert not diagnose(0 * y, p, ss.as_loss(ss.f1)).ok


# Twelve tests taken from peers' failures.


def test_peers_1_counts_are_conserved_for_every_weighting(backend: Any) -> None:
    y, p = labels_and_scores(24)
    w = np.random.default_rng(1).uniform(0, 3, 24)
    counts = backend.run(
        lambda y, p, w: [
            ss.confusion(y, p, threshold=tau, step=step, sample_weight=w)
            for step in SOFT.values()
            for tau in (0.1, 0.9)
        ],
        *(backend.asarray(x) for x in (y, p, w)),
    )
    for c in counts:
        assert abs(float(c.tp + c.fn) - w[y].sum()) < w.sum() * EXACT
        assert abs(float(c.fp + c.tn) - w[~y].sum()) < w.sum() * EXACT


def test_peers_2_soft_true_positives_rise_without_a_jump(backend: Any) -> None:
    p = np.linspace(0, 1, 201)
    for tau in (0.1, 0.5, 0.9):
        rise = backend.run(lambda p, tau=tau: ss.Linear()(p, tau), backend.asarray(p))
        steps = np.diff(backend.to_numpy(rise))
        width = min(tau, 1 - tau)
        steepest = max(0.2 / (tau - width / 2), 0.6 / width, 0.2 / (1 - tau - width / 2))
        assert (steps > 0).all() and (steps <= steepest / 200 * (1 + 1e-9)).all()


def test_peers_3_the_sharp_limit_is_scikit_learns_metric(backend: Any) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    y, p = labels_and_scores(24)
    hard = (p >= 0.4).astype(int)
    rates = [
        rate(y, hard, pos_label=k)
        for k in (0, 1)
        for rate in (reference.precision_score, reference.recall_score)
    ]
    expected = {
        "accuracy": reference.accuracy_score(y, hard),
        "f2": reference.fbeta_score(y, hard, beta=2),
        "mcc": reference.matthews_corrcoef(y, hard),
        "kappa": reference.cohen_kappa_score(y, hard),
        "g-mean": np.sqrt(np.prod(reference.recall_score(y, hard, average=None))),
        "p4": 4 / np.sum(1 / np.asarray(rates)),
    }
    sharp = {"step": ss.Sigmoid(k=1e6), "threshold": 0.4}
    losses = {name: ss.as_loss(metric, **sharp) for name, metric in THRESHOLDED.items()}
    values = backend.run(
        lambda y, p: [loss(y, p) for loss in losses.values()],
        backend.asarray(y),
        backend.asarray(p),
    )
    for name, value in zip(losses, values, strict=True):
        assert_close(value, 1 - expected[name], backend, rtol=1e-12)


def test_peers_4_false_positives_and_false_negatives_are_not_swapped(backend: Any) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    y = np.asarray([1, 1, 1, 1, 1, 0, 0, 0, 0])
    p = np.asarray([0.9, 0.8, 0.1, 0.2, 0.3, 0.7, 0.1, 0.2, 0.3])  # one fp, three fn
    hard = (p >= 0.5).astype(int)
    cases = [
        (partial(ss.fbeta, beta=2.0), reference.fbeta_score(y, hard, beta=2)),
        (partial(ss.fbeta, beta=0.5), reference.fbeta_score(y, hard, beta=0.5)),
        (ss.precision, reference.precision_score(y, hard)),
        (ss.recall, reference.recall_score(y, hard)),
        (partial(ss.tversky, fp_weight=0.9, fn_weight=0.1), 2 / (2 + 0.9 * 1 + 0.1 * 3)),
        (partial(ss.tversky, fp_weight=0.1, fn_weight=0.9), 2 / (2 + 0.1 * 1 + 0.9 * 3)),
    ]
    values = backend.run(
        lambda y, p: [ss.as_score(metric)(y, p) for metric, _ in cases],
        backend.asarray(y),
        backend.asarray(p),
    )
    for value, (_, expected) in zip(values, cases, strict=True):
        assert_close(value, expected, backend)


def test_peers_5_batches_weights_and_order(backend: Any) -> None:
    y, p = labels_and_scores(24)
    w = np.random.default_rng(2).uniform(0, 2, 24)
    w[::5] = 0

    def counts(y: Any, p: Any, w: Any) -> Any:
        return backend.run(
            lambda y, p, w: ss.confusion(y, p, sample_weight=w),
            *(backend.asarray(x) for x in (y, p, w)),
        )

    whole = [float(x) for x in counts(y, p, w)]
    assert_counts(counts(y[:9], p[:9], w[:9]) + counts(y[9:], p[9:], w[9:]), whole, backend)
    order = np.random.default_rng(3).permutation(24)
    assert_counts(counts(y[order], p[order], w[order]), whole, backend)
    assert_counts(counts(y, p, 3 * w), [3 * x for x in whole], backend)
    kept = w > 0
    assert_counts(counts(y[kept], p[kept], w[kept]), whole, backend)


def test_peers_6_logits_are_what_the_caller_says(backend: Any) -> None:
    """Also for logits that look like probabilities, and as far out as 100."""
    z = np.asarray([-100.0, -3.0, 0.1, 0.4, 0.9, 2.0, 100.0, 0.0])
    y = np.asarray([0, 1, 0, 1, 1, 0, 1, 0])
    p = 1 / (1 + np.exp(-z))
    steps = SOFT.values()
    of_logits = together(ss.as_loss(ss.f1, step=step, from_logits=True) for step in steps)
    value, slope = backend.value_and_grad(of_logits, backend.asarray(y), backend.asarray(z))
    expected = [ss.value_and_grad(ss.as_loss(ss.f1, step=step))(y, p) for step in steps]
    assert_close(value, sum(v for v, _ in expected), backend)
    assert_close(slope, sum(g for _, g in expected) * p * (1 - p), backend, rtol=1e-12)


def test_peers_7_empty_and_masked_batches(backend: Any) -> None:
    """Zero, finite gradients; an empty batch is an error where its values are checked."""
    losses = [ss.as_loss(metric) for metric in THRESHOLDED.values()]
    y, p = labels_and_scores(6)

    def masked(y: Any, p: Any, kept: Any) -> Any:
        return together(partial(loss, where=kept) for loss in losses)(y, p)

    nothing = backend.asarray(np.zeros(6, bool))
    value, slope = backend.value_and_grad(
        masked, backend.asarray(y), backend.asarray(p * np.nan), nothing
    )
    assert_close(value, float(len(THRESHOLDED)), backend)
    assert_close(slope, np.zeros(6), backend)
    with ss.checks(False):
        empty = backend.asarray(y[:0]), backend.asarray(p[:0])
        value, slope = backend.value_and_grad(together(losses), *empty)
    assert_close(value, float(len(THRESHOLDED)), backend)
    assert tuple(slope.shape) == (0,)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_peers_8_a_quarter_of_a_million_half_scores(backend: Any, dtype: str) -> None:
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.library} has no {dtype}")
    y, p = labels_and_scores(2**18)
    # The reference sees the same rounded scores, so only the sums can differ.
    half = backend.asarray(p, dtype)
    rounded = backend.to_numpy(half).astype(np.float64)
    loss = ss.as_loss(ss.matthews_corrcoef)
    value, slope = backend.value_and_grad(loss, backend.asarray(y), half)
    expected, closed = ss.value_and_grad(loss)(y, rounded)
    assert_close(value, expected, backend, SINGLE, dtype="float32")
    assert backend.dtype_name(slope) == dtype
    found = backend.to_numpy(slope).astype(np.float64)
    assert np.isfinite(found).all()
    # Slopes of 4e-6 are subnormal in float16: they come in steps of 6e-8.
    np.testing.assert_allclose(found, closed, rtol=0.01, atol=6e-8)


def test_peers_9_no_branch_on_values_while_compiling(backend: Any) -> None:
    """Compiled code would fail on a value check, and values outside would not raise there."""
    y, p = np.asarray([1.0, 0.0]), np.asarray([1.5, 0.5])
    loss = ss.as_loss(ss.f1)
    if backend.traced:
        assert np.isfinite(
            backend.to_numpy(backend.run(loss, backend.asarray(y), backend.asarray(p)))
        )
    else:
        with pytest.raises(ValueError, match="from_logits"):
            backend.run(loss, backend.asarray(y), backend.asarray(p))


def test_peers_10_counts_summed_over_processes_give_the_whole_gradient(tmp_path: Any) -> None:
    torch = pytest.importorskip("torch")
    y, p = labels_and_scores(24)
    torch.multiprocessing.spawn(_process, (str(tmp_path), y, p), nprocs=2)
    found = np.concatenate([np.load(tmp_path / f"{rank}.npy") for rank in (0, 1)])
    whole = gradient(ss.as_loss(ss.f1), y, p)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-12 * np.abs(whole).max())


def _process(rank: int, folder: str, y: Any, p: Any) -> None:
    import torch
    from torch.distributed.nn.functional import all_reduce

    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2
    )
    rows = slice(12 * rank, 12 * rank + 12)
    scores = torch.asarray(p[rows]).requires_grad_(True)

    def reduce(c: ss.Confusion) -> ss.Confusion:
        return ss.Confusion(*all_reduce(torch.stack(list(c))))

    loss = ss.as_loss(ss.f1)(torch.asarray(y[rows]), scores, reduce=reduce)
    loss.backward()
    assert scores.grad is not None
    # The backward of all_reduce sums over both processes, each of which has the whole loss.
    np.save(f"{folder}/{rank}.npy", scores.grad.numpy() / 2)
    torch.distributed.destroy_process_group()


def test_peers_11_values_and_gradients_agree(backend: Any) -> None:
    y, p = labels_and_scores(24)
    losses = [ss.as_loss(metric, threshold=0.4) for metric in THRESHOLDED.values()]
    loss = together(losses)
    value, slope = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    closed = [ss.value_and_grad(loss)(y, p) for loss in losses]
    assert_close(value, sum(v for v, _ in closed), backend)
    assert_close(slope, sum(g for _, g in closed), backend)
    differences = central_differences(lambda p: loss(y, p), p)
    assert_close(slope, differences, backend, DIFFERENCES)


def test_peers_12_soft_labels_are_not_minimised_at_themselves(backend: Any) -> None:
    """As `confusion` says of them: the best score for one label of 0.3 is 1, not 0.3."""
    loss = ss.as_loss(ss.f1, step=ss.Identity())
    values = [
        float(backend.run(loss, backend.asarray([0.3]), backend.asarray([p]))) for p in (0.3, 1.0)
    ]
    np.testing.assert_allclose(values, [0.7, 1 - 0.6 / 1.3], rtol=1e-12)
    assert "not at ``y_prob == y_true``" in ss.confusion.__doc__
