"""Counting: four sums that are right at every threshold, for every step and weighting."""

import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from tests.support import marks
from tests.support.referees import (
    EXACT,
    HALF,
    SINGLE,
    SOFT,
    STEPS,
    SUMMED,
    assert_array,
    assert_close,
    assert_counts,
    count_by_loop,
    labels_and_scores,
    sklearn,
)

THRESHOLDS = tuple(i / 10 for i in range(1, 10))
Y, P = labels_and_scores(40)
TIED = np.round(P, 1)  # many scores that are equal to a threshold
WEIGHTS = np.random.default_rng(1).uniform(0, 3, 40)

probabilities = st.floats(0, 1)
inside = st.floats(1e-6, 1 - 1e-6)
examples = st.lists(st.tuples(st.booleans(), probabilities), min_size=1, max_size=12)
steps = st.sampled_from(list(SOFT.values()))


def stack(counts):
    """Join the counts of several thresholds along a trailing axis."""
    return ss.Confusion(*(np.stack(xs, axis=-1) for xs in zip(*counts, strict=True)))


def in_columns(y, p, w=1.0):
    """Count each column by itself with the default step."""
    y, p, w = np.broadcast_arrays(y, p, w)
    linear = STEPS["linear"][1]
    return stack([count_by_loop(y[:, j], p[:, j], linear, 0.5, w[:, j]) for j in range(p.shape[1])])


# Values


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_hard_counts_at_every_threshold_with_ties(backend, dtype):
    """Rules A1, A2: a tie is positive, in the dtype of the scores, at every threshold."""
    p = TIED.astype(dtype)
    expected = [
        count_by_loop(Y, p, lambda p, t: float(p >= np.asarray(t, dtype)), t) for t in THRESHOLDS
    ]
    assert any((p == np.asarray(t, dtype)).any() for t in THRESHOLDS)
    c = backend.run(
        lambda y, p: ss.confusion(y, p, thresholds=THRESHOLDS, step=ss.Hard()),
        backend.asarray(Y),
        backend.asarray(p),
    )
    assert_counts(c, stack(expected), backend, 0, dtype=dtype)


def test_hard_counts_are_scikit_learns(backend):
    """Rule A1, peers 3: at every threshold, ties included, with weights."""
    taus, hard = (0.1, 0.3, 0.5, 0.9), ss.Hard()
    counts = backend.run(
        lambda y, p, w: [ss.confusion(y, p, threshold=t, step=hard, sample_weight=w) for t in taus],
        *(backend.asarray(x) for x in (Y, TIED, WEIGHTS)),
    )
    for tau, c in zip(taus, counts, strict=True):
        (tn, fp), (fn, tp) = sklearn.confusion_matrix(Y, tau <= TIED, sample_weight=WEIGHTS)
        assert_counts(c, ss.Confusion(*np.asarray([tp, fp, fn, tn])), backend)


def test_hard_takes_any_threshold(backend):
    """Beyond all scores everything is negative; from 0 on everything is positive."""
    c = backend.run(
        lambda y, p: ss.confusion(y, p, thresholds=(0.0, 1.0, 2.0), step=ss.Hard()),
        backend.asarray(Y),
        backend.asarray(P),
    )
    positives, n = float(Y.sum()), float(Y.size)
    expected = [[positives, 0, 0], [n - positives, 0, 0], [0, positives, positives]]
    expected.append([0, n - positives, n - positives])
    assert_counts(c, ss.Confusion(*np.asarray(expected)), backend, 0)


def test_counts_are_sums_of_memberships_and_conserve(backend):
    """Rules A1, A3, peers 1: Eq. 6 as a loop over the examples, for every step and threshold.

    tp + fn is the weight of the positives, fp + tn that of the negatives.
    """
    counts = backend.run(
        lambda y, p, w: [
            ss.confusion(y, p, thresholds=(0.07, 0.3, 0.8), step=step, sample_weight=w)
            for step, _ in STEPS.values()
        ],
        backend.asarray(Y),
        backend.asarray(P),
        backend.asarray(WEIGHTS),
    )
    for c, (_, membership) in zip(counts, STEPS.values(), strict=True):
        expected = [count_by_loop(Y, P, membership, t, WEIGHTS) for t in (0.07, 0.3, 0.8)]
        assert_counts(c, stack(expected), backend)
        tp, fp, fn, tn = (backend.to_numpy(x) for x in c)
        np.testing.assert_allclose(tp + fn, np.sum(WEIGHTS[Y]), rtol=1e-14)
        np.testing.assert_allclose(fp + tn, np.sum(WEIGHTS[~Y]), rtol=1e-14)


def test_soft_labels_count_by_their_share(backend):
    """Rules A3, peers 12: the product form, never `y > 0`."""
    y = np.asarray([0.0, 0.25, 0.5, 1.0])
    p = np.asarray([0.3, 0.6, 0.9, 0.4])
    c = backend.run(ss.confusion, backend.asarray(y), backend.asarray(p))
    assert_counts(c, count_by_loop(y, p, STEPS["linear"][1], 0.5), backend)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_labels_and_weights_of_any_dtype_count_in_the_dtype_of_the_scores(backend, dtype):
    dtypes = ("bool", "int64", "int32", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
    labels = [Y.astype(d) for d in dtypes]
    weights = [(np.arange(40) % 3).astype(d) for d in ("bool", "int32", "float32", "float64")]
    linear = STEPS["linear"][1]

    def count(p, *arrays):
        return [
            *(ss.confusion(y, p) for y in arrays[: len(labels)]),
            *(ss.confusion(arrays[0], p, sample_weight=w) for w in arrays[len(labels) :]),
        ]

    arrays = [backend.asarray(x) for x in (P.astype(dtype), *labels, *weights)]
    counts = backend.run(count, *arrays)
    expected = [count_by_loop(Y, P, linear, 0.5)] * len(labels)
    expected += [count_by_loop(Y, P, linear, 0.5, w.astype(np.float64)) for w in weights]
    rtol = EXACT if dtype == "float64" else SINGLE
    for c, e in zip(counts, expected, strict=True):
        assert_counts(c, e, backend, rtol, dtype=dtype)


# Shapes


def test_axis_keeps_the_other_axes(backend):
    y, p = labels_and_scores((5, 3, 2), seed=3)
    axes = (None, 0, 1, -1, (0, 1), (0, -1), (-1, 1), (0, 1, 2))
    counts = backend.run(
        lambda y, p: [ss.confusion(y, p, axis=axis) for axis in axes],
        backend.asarray(y),
        backend.asarray(p),
    )
    for axis, c in zip(axes, counts, strict=True):
        h = np.vectorize(STEPS["linear"][1])(p, 0.5)
        cells = (y * h, ~y * h, y * (1 - h), ~y * (1 - h))
        assert_counts(c, ss.Confusion(*(np.sum(x, axis=axis) for x in cells)), backend)


def test_no_axis_left_to_sum(backend):
    """An empty tuple sums over nothing: one matrix for each score."""
    c = backend.run(
        lambda y, p: ss.confusion(y, p, axis=()), backend.asarray(Y[:3]), backend.asarray(P[:3])
    )
    expected = [count_by_loop(y, p, STEPS["linear"][1], 0.5) for y, p in zip(Y, P, strict=True)]
    assert_counts(c, stack(expected[:3]), backend)


def test_scores_without_dimensions(backend):
    c = backend.run(ss.confusion, backend.asarray(Y[0]), backend.asarray(P[0]))
    assert_counts(c, count_by_loop(Y[0], P[0], STEPS["linear"][1], 0.5), backend)


def test_threshold_of_each_class(backend):
    """Rule A4: a threshold, given as numbers or as an array, broadcasts against the scores."""
    y, p = labels_and_scores((20, 3), seed=4)
    taus = (0.2, 0.5, 0.7)
    linear = STEPS["linear"][1]
    expected = stack([count_by_loop(y[:, j], p[:, j], linear, t) for j, t in enumerate(taus)])
    counts = backend.run(
        lambda y, p, *ts: [ss.confusion(y, p, threshold=t, axis=0) for t in (taus, *ts)],
        *(backend.asarray(x) for x in (y, p, np.asarray(taus), np.asarray([taus]))),
    )
    for c in counts:
        assert_counts(c, expected, backend)


def test_threshold_of_each_score_and_without_dimensions(backend):
    taus = np.linspace(0.1, 0.9, 40), np.asarray(0.3)
    counts = backend.run(
        lambda y, p, *ts: [ss.confusion(y, p, threshold=t) for t in ts],
        *(backend.asarray(x) for x in (Y, P, *taus)),
    )
    for c, t in zip(counts, taus, strict=True):
        assert_counts(c, count_by_loop(Y, P, STEPS["linear"][1], t), backend)


def test_grid_adds_a_trailing_axis(backend):
    """Rule A4: T thresholds give T counts, also by a step that ignores them, and T may be 1."""
    y, p = labels_and_scores((20, 2), seed=5)
    grid, names = (0.2, 0.45, 0.7), ("linear", "identity", "hard")

    def count(y, p, *grids):
        return [
            [ss.confusion(y, p, thresholds=g, step=STEPS[name][0], axis=0) for g in grids]
            for name in names
        ]

    found = backend.run(
        lambda y, p, t: count(y, p, grid, t, (0.2,)),
        *(backend.asarray(x) for x in (y, p, np.asarray(grid))),
    )
    for name, (numbers, array, one) in zip(names, found, strict=True):
        membership = STEPS[name][1]
        each = [
            stack([count_by_loop(y[:, j], p[:, j], membership, t) for t in grid]) for j in range(2)
        ]
        expected = ss.Confusion(*(np.stack(xs) for xs in zip(*each, strict=True)))
        assert_counts(numbers, expected, backend)
        assert_counts(array, expected, backend)
        assert_counts(one, ss.Confusion(*(x[:, :1] for x in expected)), backend)


def test_weights_and_masks_of_length_one_are_repeated(backend):
    y, p = labels_and_scores((10, 3), seed=6)
    rows = np.random.default_rng(6).uniform(size=(10, 1))
    columns = np.asarray([[True, False, True]])
    c = backend.run(
        lambda y, p, w, m: ss.confusion(y, p, sample_weight=w, where=m, axis=0),
        *(backend.asarray(x) for x in (y, p, rows, columns)),
    )
    assert_counts(c, in_columns(y, p, rows * columns), backend)


@marks.on("tensorflow")
@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["graph", "xla"])
def test_all_lengths_unknown(backend, options):
    """Images: nothing is known but the number of dimensions."""
    tf, taus = backend.tf, (0.2, 0.6)
    y, p = labels_and_scores((4, 3, 2), seed=13)
    w = np.random.default_rng(13).uniform(size=(4, 1, 1))
    spec = [tf.TensorSpec([None] * 3, x) for x in (tf.bool, tf.float64, tf.float64, tf.bool)]
    compiled = tf.function(
        lambda y, p, w, m: ss.confusion(
            y, p, thresholds=taus, axis=(1, 2), sample_weight=w, where=m
        ),
        input_signature=spec,
        **options,
    )
    expected = ss.confusion(y, p, thresholds=taus, axis=(1, 2), sample_weight=w, where=~y)
    assert_counts(compiled(y, p, w, ~y), expected, backend)


# Masks


def test_masked_entries_do_not_count_whatever_they_hold(backend):
    mask = WEIGHTS > 1
    y = Y.astype(np.float64)
    y[~mask], p, w = 7.0, P.copy(), WEIGHTS.copy()
    p[~mask] = np.resize([np.nan, np.inf, -3.0, 2.0], 40)[~mask]
    w[~mask] = np.resize([np.nan, -np.inf, -1.0], 40)[~mask]
    one, grid = backend.run(
        lambda y, p, w, m: (
            ss.confusion(y, p, sample_weight=w, where=m),
            ss.confusion(y, p, sample_weight=w, where=m, thresholds=(0.25, 0.5)),
        ),
        *(backend.asarray(x) for x in (y, p, w, mask)),
    )
    linear = STEPS["linear"][1]
    each = [count_by_loop(Y[mask], P[mask], linear, t, WEIGHTS[mask]) for t in (0.25, 0.5)]
    assert_counts(one, each[1], backend)
    assert_counts(grid, stack(each), backend)


def test_everything_masked_counts_nothing(backend):
    c = backend.run(
        lambda y, p, m: ss.confusion(y, p, where=m),
        *(backend.asarray(x) for x in (Y, P, np.zeros_like(Y))),
    )
    assert_counts(c, ss.Confusion(*np.zeros(4)), backend)


def test_weight_of_zero_is_a_mask_is_removal(backend):
    """Peers 5."""
    keep = np.arange(40) % 3 > 0
    y, p = backend.asarray(Y), backend.asarray(P)
    weighted = backend.run(
        lambda y, p, w: ss.confusion(y, p, sample_weight=w), y, p, backend.asarray(1.0 * keep)
    )
    masked = backend.run(lambda y, p, m: ss.confusion(y, p, where=m), y, p, backend.asarray(keep))
    removed = backend.run(ss.confusion, backend.asarray(Y[keep]), backend.asarray(P[keep]))
    expected = [backend.to_numpy(x) for x in removed]
    assert_counts(weighted, expected, backend)
    assert_counts(masked, expected, backend)


# Properties


@given(examples, steps, inside)
def test_conservation_property(pairs, step, tau):
    """Rule A1, peers 1, for any data, step and threshold."""
    y, p = (np.asarray(x) for x in zip(*pairs, strict=True))
    c = ss.confusion(y, p, threshold=tau, step=step)
    np.testing.assert_allclose([c.tp + c.fn, c.fp + c.tn], [y.sum(), (~y).sum()], atol=1e-13)
    memberships = np.sum(step(p, tau))
    np.testing.assert_allclose(c.tp + c.fp, memberships, atol=1e-12)
    assert all(x >= 0 for x in c)


@given(probabilities, probabilities, steps, inside)
def test_counts_are_monotone_in_the_score(a, b, step, tau):
    """Peers 2: a higher score never lowers tp and fp, nor raises fn and tn."""
    low, high = min(a, b), max(a, b)
    for y in (0, 1):
        before = ss.confusion(np.asarray([y]), np.asarray([low]), threshold=tau, step=step)
        after = ss.confusion(np.asarray([y]), np.asarray([high]), threshold=tau, step=step)
        assert after.tp >= before.tp - 1e-15
        assert after.fp >= before.fp - 1e-15
        assert after.fn <= before.fn + 1e-15
        assert after.tn <= before.tn + 1e-15


@given(steps, st.floats(0.01, 0.99), st.sampled_from([-1e-9, 1e-9]))
def test_counts_are_continuous(step, tau, move):
    """Peers 2: at the threshold and at 1 - threshold, where the released code jumps."""
    for p in (tau, 1 - tau, 0.5):
        for y in (0, 1):
            here = ss.confusion(np.asarray([y]), np.asarray([p]), threshold=tau, step=step)
            there = ss.confusion(np.asarray([y]), np.asarray([p + move]), threshold=tau, step=step)
            # No step here is steeper than 1 / tau, 100.
            np.testing.assert_allclose(np.asarray(here), np.asarray(there), atol=2e-7)


@given(examples, st.integers(0, 12), steps, inside)
def test_counts_of_parts_add_up(pairs, cut, step, tau):
    """Rule A16, peers 5: split batches, in any order, count as the whole."""
    y, p = (np.asarray(x) for x in zip(*pairs, strict=True))
    whole = ss.confusion(y, p, threshold=tau, step=step)
    order = np.random.default_rng(cut).permutation(len(y))
    parts = [order[:cut], order[cut:]]
    counts = [ss.confusion(y[i], p[i], threshold=tau, step=step) for i in parts if len(i)]
    np.testing.assert_allclose(np.asarray(sum(counts)), np.asarray(whole), atol=1e-13)


@given(examples, st.floats(1e-3, 1e3), steps)
def test_counts_scale_with_the_weights(pairs, factor, step):
    """Peers 5."""
    y, p = (np.asarray(x) for x in zip(*pairs, strict=True))
    once = ss.confusion(y, p, step=step)
    scaled = ss.confusion(y, p, step=step, sample_weight=np.full(len(y), factor))
    np.testing.assert_allclose(np.asarray(scaled), factor * np.asarray(once), rtol=1e-13)


def test_parts_add_up_and_permute(backend):
    """Rule A16, peers 5, in every library."""
    order = np.random.default_rng(9).permutation(40)
    whole = backend.run(ss.confusion, backend.asarray(Y), backend.asarray(P))
    parts = [
        backend.run(ss.confusion, backend.asarray(Y[i]), backend.asarray(P[i]))
        for i in (order[:7], order[7:30], order[30:])
    ]
    assert_counts(sum(parts), [backend.to_numpy(x) for x in whole], backend)
    assert_counts(parts[0] + parts[1] + parts[2], [backend.to_numpy(x) for x in whole], backend)


# Logits


def test_logits_are_the_sigmoids_probabilities(backend):
    """Peers 6: also where all logits lie inside [0, 1]; nothing is guessed."""
    logits = (8 * P - 4, P)
    found = backend.run(
        lambda y, *zs: [
            [ss.confusion(y, z, threshold=0.3, step=step, from_logits=True) for z in zs]
            for step, _ in STEPS.values()
        ],
        *(backend.asarray(x) for x in (Y, *logits)),
    )
    for counts, (_, membership) in zip(found, STEPS.values(), strict=True):
        for c, z in zip(counts, logits, strict=True):
            expected = count_by_loop(Y, 1 / (1 + np.exp(-z)), membership, 0.3)
            assert_counts(c, expected, backend)


def test_logits_with_a_threshold_of_each_class_and_a_grid(backend):
    y, p = labels_and_scores((20, 2), seed=5)
    z, linear = np.log(p) - np.log1p(-p), STEPS["linear"][1]
    taus = (0.2, 0.6)
    classes, grid = backend.run(
        lambda y, z: (
            ss.confusion(y, z, threshold=taus, axis=0, from_logits=True),
            ss.confusion(y, z, thresholds=taus, from_logits=True),
        ),
        backend.asarray(y),
        backend.asarray(z),
    )
    each = [count_by_loop(y[:, j], p[:, j], linear, t) for j, t in enumerate(taus)]
    assert_counts(classes, stack(each), backend)
    assert_counts(grid, stack([count_by_loop(y, p, linear, t) for t in taus]), backend)


def test_logits_at_an_array_of_thresholds_are_positive(backend):
    """As at one: the threshold is rounded to the dtype of the scores, also where that is up."""
    t = np.linspace(0.01, 0.99, 99)
    z = np.log(t / (1 - t)).astype("float32")
    options = {"step": ss.Hard(), "from_logits": True, "axis": 0}

    def positives(y, z, t):
        return ss.confusion(y, z, threshold=t, **options).tp

    arrays = [backend.asarray(x) for x in (np.ones((1, 99), bool), z[None], t)]
    found = backend.to_numpy(backend.run(positives, *arrays))
    ones = [np.ones(1, bool)] * 99
    each = [positives(y, z[i : i + 1], float(t[i])) for i, y in enumerate(ones)]
    np.testing.assert_array_equal(found, each)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_certain_logits_keep_their_distance_from_certainty(backend, dtype):
    """Rule A9: 1 - sigmoid(40) is 0 in either dtype, sigmoid(-40) is not."""
    y, z = np.asarray([1.0, 0.0]), np.asarray([40.0, -40.0])
    c = backend.run(
        lambda y, z: ss.confusion(y, z, from_logits=True),
        backend.asarray(y, dtype),
        backend.asarray(z, dtype),
    )
    tiny = 0.8 * np.exp(-40.0)
    for x in (c.fn, c.fp):
        assert_close(x, tiny, backend, SINGLE, dtype=dtype)


# Values that cannot be seen


def test_out_of_range_scores_count_as_0_or_1_where_values_are_hidden(backend):
    """Rule A6: a compiler's tracer sees no values, so scores are clipped and NaN stays NaN."""
    y, p = np.asarray([1, 0, 1, 0]), np.asarray([-0.5, -np.inf, 1.5, np.inf])
    with ss.checks(False):
        c = backend.run(ss.confusion, backend.asarray(y), backend.asarray(p))
        assert_counts(c, ss.Confusion(*np.asarray([1.0, 1.0, 1.0, 1.0])), backend, 0)
        p[0] = np.nan
        c = backend.run(ss.confusion, backend.asarray(y), backend.asarray(p))
        assert np.isnan(backend.to_numpy(c.tp))
    if backend.traced:
        c = backend.run(ss.confusion, backend.asarray(y), backend.asarray(p))
        assert np.isnan(backend.to_numpy(c.tp))


def test_empty_input_counts_zeros_without_checks(backend):
    y, p = backend.asarray(np.zeros(0, bool)), backend.asarray(np.zeros(0))
    with ss.checks(False):
        c = backend.run(ss.confusion, y, p)
    assert_counts(c, ss.Confusion(*np.zeros(4)), backend, 0)


# Half precision and large counts


def test_half_types_count_in_float32(backend):
    """Rule A10, peers 8: 2**18 scores, whose sum overflows float16 and stands still in bfloat16."""
    y, p = labels_and_scores(2**18, seed=7)
    for dtype in backend.halves:
        rounded = backend.asarray(p, dtype)
        c = backend.run(ss.confusion, backend.asarray(y), rounded)
        exact = ss.confusion(y, backend.to_numpy(rounded).astype(np.float64))
        assert_counts(c, exact, backend, SINGLE, dtype="float32")
        assert_counts(c, ss.confusion(y, p), backend, HALF, dtype="float32")


@pytest.mark.parametrize("columns", [(), (2,)])
@marks.on("numpy", "torch", "jax", "tensorflow", "mlx")
def test_float32_counts_beyond_2_to_the_24(backend, columns):
    """Rule A10, peers 8: a running sum in float32 would stand still at 2**24."""
    n = 2**24 + 2**10
    ones = backend.asarray(np.ones((n, *columns), np.float32))
    with ss.checks(False):
        c = ss.confusion(ones, ones, step=ss.Identity(), axis=0 if columns else None)
    expected = np.full(columns, float(n))
    assert_counts(c, ss.Confusion(expected, *np.zeros((3, *columns))), backend, 0, dtype="float32")


# Confusion


def test_confusion_is_a_pytree_of_the_frameworks(backend):
    c = backend.run(ss.confusion, backend.asarray(Y), backend.asarray(P))
    doubled = None
    if backend.library == "jax":
        doubled = backend.jax.tree.map(lambda x: 2 * x, c)
    elif backend.library == "torch":
        doubled = backend.torch.utils._pytree.tree_map(lambda x: 2 * x, c)
    elif backend.library == "tensorflow":
        doubled = backend.tf.nest.map_structure(lambda x: 2 * x, c)
    if doubled is not None:
        assert_counts(doubled, [backend.to_numpy(x) for x in c + c], backend)


def test_counts_add_and_a_prior_is_an_addition():
    a, b = ss.Confusion(1.0, 2.0, 3.0, 4.0), ss.Confusion(0.5, 0.5, 0.0, 1.0)
    assert a + b == ss.Confusion(1.5, 2.5, 3.0, 5.0)
    assert sum([a, b, a]) == a + b + a
    assert pickle.loads(pickle.dumps(a)) == a
    c = ss.confusion(Y, P) + ss.Confusion(1.0, 1.0, 1.0, 1.0)
    np.testing.assert_allclose(c.tp, ss.confusion(Y, P).tp + 1)


@pytest.mark.parametrize("other", [1, 1.0, (1.0, 1.0, 1.0, 1.0), None])
def test_counts_add_to_nothing_else(other):
    c = ss.Confusion(1.0, 2.0, 3.0, 4.0)
    with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
        c + other
    if not isinstance(other, tuple):
        with pytest.raises(TypeError, match="unsupported operand"):
            other + c


# One-vs-rest


def test_one_hot(backend):
    numbers = np.asarray([[0, 2, 1], [1, 1, 5]])
    for dtype in ("int64", "int32", "uint8"):
        array = backend.asarray(numbers.astype(dtype))
        rows = backend.run(lambda y: ss.one_hot(y, 3), array)
        found = assert_array(rows, backend, "bool", (2, 3, 3))
        np.testing.assert_array_equal(found, numbers[..., None] == np.arange(3))
        assert not found[1, 2].any()  # 5 is no class


def test_classes_count_one_against_the_rest(backend):
    rng = np.random.default_rng(8)
    numbers, p = rng.integers(0, 3, 30), rng.dirichlet(np.ones(3), 30)
    c = backend.run(
        lambda y, p: ss.confusion(ss.one_hot(y, 3), p, axis=0),
        backend.asarray(numbers),
        backend.asarray(p),
    )
    assert_counts(c, in_columns(numbers[:, None] == np.arange(3), p), backend, SUMMED)


def test_every_option_at_once(backend):
    """Weights, mask, axis, grid and logits together are the loop over examples."""
    rng = np.random.default_rng(10)
    y, z = rng.uniform(size=(8, 3)) < 0.4, rng.normal(size=(8, 3))
    w, mask = rng.uniform(size=(8, 1)), rng.uniform(size=(8, 3)) < 0.7
    p, grid, linear = 1 / (1 + np.exp(-z)), (0.2, 0.6), STEPS["linear"][1]
    expected = ss.Confusion(*np.zeros((4, 3, 2)))
    for (j, _), (k, t) in product(enumerate(y.T), enumerate(grid)):
        cell = count_by_loop(y[:, j], p[:, j], linear, t, w[:, 0] * mask[:, j])
        for total, x in zip(expected, cell, strict=True):
            total[j, k] = x
    c = backend.run(
        lambda y, z, w, m: ss.confusion(
            y, z, sample_weight=w, where=m, axis=0, thresholds=grid, from_logits=True
        ),
        *(backend.asarray(x) for x in (y, z, w, mask)),
    )
    assert_counts(c, expected, backend)


def test_one_hot_of_two_classes(backend):
    rows = backend.run(lambda y: ss.one_hot(y, 2), backend.asarray(np.asarray([1, 0, 2, 1])))
    found = assert_array(rows, backend, "bool", (4, 2))
    np.testing.assert_array_equal(found, [[0, 1], [1, 0], [0, 0], [0, 1]])
