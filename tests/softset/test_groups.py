"""Counts by group: those of each group by itself, in one pass, with the gradient of all."""

import math
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset._arrays.duals import value_and_gradients
from tests.support.backends import EAGER
from tests.support.marks import on, params
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    SOFT,
    SUMMED,
    assert_close,
    assert_counts,
    central_differences,
    labels_and_scores,
    sklearn,
)

NUMBER = 3
Y, P = labels_and_scores(60)
GROUPS = np.random.default_rng(3).integers(0, NUMBER, 60)
WEIGHTS = np.random.default_rng(1).uniform(0, 3, 60)
MASK = np.random.default_rng(2).uniform(size=60) < 0.7
TABLE = labels_and_scores((20, 3), seed=4)
ROWS = GROUPS[:20]
GRID = ss.grid(11)


def one_by_one(y, p, groups, number=NUMBER, *, place=-1, **options):
    """Count one group after the other, with the others masked."""
    groups = np.broadcast_to(groups.reshape(groups.shape + (1,) * (p.ndim - groups.ndim)), p.shape)
    where = options.pop("where", np.ones(p.shape, bool))
    found = [ss.confusion(y, p, where=where & (groups == k), **options) for k in range(number)]
    return ss.Confusion(*(np.stack(xs, axis=place) for xs in zip(*found, strict=True)))


# Counts

CASES = {
    "plain": {},
    "threshold": {"threshold": 0.3},
    "weights": {"sample_weight": WEIGHTS},
    "mask": {"where": MASK},
    "both": {"sample_weight": WEIGHTS, "where": MASK},
    "sigmoid": {"step": ss.Sigmoid()},
    "hard": {"step": ss.Hard()},
    "through": {"step": ss.StraightThrough(ss.Linear())},
}


@pytest.mark.parametrize("case", CASES)
def test_counts_are_those_of_each_group_by_itself(backend, case):
    options = dict(CASES[case])
    names = [name for name in options if name in ("sample_weight", "where")]
    arrays = [options.pop(name) for name in names]

    def count(y, p, groups, *others):
        given = dict(zip(names, others, strict=True))
        return ss.confusion(y, p, groups=groups, num_groups=NUMBER, **options, **given)

    given = [backend.asarray(x) for x in (Y, P, GROUPS, *arrays)]
    expected = one_by_one(Y, P, GROUPS, **CASES[case])
    assert_counts(backend.run(count, *given), expected, backend)


def test_hard_counts_are_scikit_learns(backend):
    c = backend.run(
        lambda y, p, g, w: ss.confusion(
            y, p, groups=g, num_groups=NUMBER, sample_weight=w, step=ss.Hard()
        ),
        *(backend.asarray(x) for x in (Y, P, GROUPS, WEIGHTS)),
    )
    expected = []
    for k in range(NUMBER):
        of = k == GROUPS
        (tn, fp), (fn, tp) = sklearn.confusion_matrix(
            Y[of], P[of] >= 0.5, sample_weight=WEIGHTS[of]
        )
        expected.append((tp, fp, fn, tn))
    assert_counts(c, ss.Confusion(*np.asarray(expected).T), backend)


@pytest.mark.parametrize("step", [ss.Linear(), ss.Sigmoid(), ss.Identity()], ids=str)
@pytest.mark.parametrize("length", [2, 11])
def test_a_grid_is_behind_the_groups(backend, step, length):
    options = {"thresholds": ss.grid(length), "step": step}
    c = backend.run(
        lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=NUMBER, **options),
        *(backend.asarray(x) for x in (Y, P, GROUPS)),
    )
    assert_counts(c, one_by_one(Y, P, GROUPS, place=-2, **options), backend, SUMMED)


@pytest.mark.parametrize("axis", [0, 1, -1, None, (0, 1)], ids=str)
@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3), (1, 3), (1,)], ids=str)
def test_groups_of_rows_of_columns_and_of_all(backend, axis, shape):
    y, p = TABLE
    groups = np.random.default_rng(5).integers(0, NUMBER, shape)
    for thresholds, place in ((None, -1), (GRID, -2)):
        options = {"axis": axis, "thresholds": thresholds}
        c = backend.run(
            lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=NUMBER, **options),  # noqa: B023
            *(backend.asarray(x) for x in (y, p, groups)),
        )
        assert_counts(c, one_by_one(y, p, groups, place=place, **options), backend, SUMMED)


@pytest.mark.parametrize("number", [1, 2, 40])
def test_few_and_many_groups(backend, number):
    """By masks, by a scatter or by a sort, whichever the library takes."""
    groups = np.random.default_rng(6).integers(0, number, 60)
    c = backend.run(
        lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=number),
        *(backend.asarray(x) for x in (Y, P, groups)),
    )
    assert_counts(c, one_by_one(Y, P, groups, number), backend)


@pytest.mark.parametrize("name", ["int8", "uint8", "int32", "int64"])
def test_integers_of_any_kind(backend, name):
    c = backend.run(
        lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=300),
        *(backend.asarray(x) for x in (Y, P)),
        backend.asarray(GROUPS, name),
    )
    expected = one_by_one(Y, P, GROUPS, 300)
    assert_counts(c, expected, backend)


@pytest.mark.parametrize("name", ["uint8", "uint16", "uint32", "uint64"])
@on(*EAGER)
def test_integers_without_a_sign(backend, name):
    """With a mask and without, in counts and in a sweep; PyTorch does not compare the long ones."""
    y, p, groups = backend.asarray(Y), backend.asarray(P), backend.asarray(GROUPS)
    unsigned = backend.asarray(GROUPS, name)
    for where in (None, backend.asarray(np.arange(len(Y)) % 3 > 0)):
        for function in (ss.confusion, lambda *x, **options: ss.sweep(*x, **options).confusion):
            found = function(y, p, groups=unsigned, num_groups=NUMBER, where=where)
            expected = function(y, p, groups=groups, num_groups=NUMBER, where=where)
            for x, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(backend.to_numpy(x), backend.to_numpy(wanted))
    with pytest.raises(ValueError, match="`groups` must hold group numbers below num_groups=1"):
        ss.confusion(y, p, groups=unsigned, num_groups=1)


def test_half_types_and_logits(backend):
    logits = np.log(P / (1 - P))
    for dtype in ("float32", *backend.halves):
        c = backend.run(
            lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=NUMBER, from_logits=True),
            backend.asarray(Y),
            backend.asarray(logits, dtype),
            backend.asarray(GROUPS),
        )
        rtol = SINGLE if dtype == "float32" else 2e-3  # the scores themselves are rounded
        assert_counts(c, one_by_one(Y, P, GROUPS), backend, rtol, dtype="float32")


def test_long_arrays_are_counted_in_pieces(backend):
    """And in buckets, which are numbered through all groups."""
    y, p = labels_and_scores(300_000, seed=7)
    groups = np.random.default_rng(8).integers(0, NUMBER, y.shape)
    for options, place in (({}, -1), ({"thresholds": GRID}, -2)):
        loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=NUMBER, **options)
        expected = one_by_one(y, p, groups, place=place, **options)
        arrays = [backend.asarray(x) for x in (y, p, groups)]
        c = backend.run(lambda y, p, g: loss.confusion(y, p, groups=g), *arrays)  # noqa: B023
        assert_counts(c, expected, backend, SUMMED)


def test_long_float32_arrays_keep_their_digits(backend):
    """A running sum in float32 stands still at 2**24."""
    n = 2**20
    y, p = np.arange(n) % 4 == 0, np.full(n, 0.875)
    groups, weights = np.arange(n) // 2 % 2, np.full(n, 37.0)
    c = backend.run(
        lambda y, p, g, w: ss.confusion(
            y, p, groups=g, num_groups=2, sample_weight=w, step=ss.Identity()
        ),
        backend.asarray(y),
        *(backend.asarray(x, "float32") for x in (p,)),
        backend.asarray(groups),
        backend.asarray(weights, "float32"),
    )
    tp, of_all = 37.0 * 0.875 * (n // 4), 37.0 * 0.875 * n
    assert_close(c.tp, [tp, 0.0], backend, 1e-6, dtype="float32")
    assert_close(c.tp + c.fp, [of_all / 2] * 2, backend, 1e-6, dtype="float32")


# Invariants

members = st.lists(
    st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 3), st.floats(0, 5)),
    min_size=1,
    max_size=20,
)


@given(members, st.sampled_from(list(SOFT.values())))
def test_groups_add_up_to_all(rows, step):
    y, p, groups, w = (np.asarray(x) for x in zip(*rows, strict=True))
    options = {"step": step, "sample_weight": w}
    c = ss.confusion(y, p, groups=groups, num_groups=4, **options)
    everything = ss.confusion(y, p, **options)
    for x, e in zip(c, everything, strict=True):
        np.testing.assert_allclose(np.sum(x), e, rtol=0, atol=EXACT * max(1.0, w.sum()))
    for k in range(4):
        of = groups == k
        np.testing.assert_allclose(c.tp[k] + c.fn[k], w[of & y].sum(), atol=1e-12)
        np.testing.assert_allclose(c.fp[k] + c.tn[k], w[of & ~y].sum(), atol=1e-12)


@given(members, st.permutations(range(4)), st.randoms())
def test_neither_the_order_nor_the_numbering_matters(rows, numbers, random):
    y, p, groups, w = (np.asarray(x) for x in zip(*rows, strict=True))
    c = ss.confusion(y, p, groups=groups, num_groups=4, sample_weight=w)
    order = list(range(len(y)))
    random.shuffle(order)
    renamed = np.asarray(numbers)[groups]
    other = ss.confusion(
        y[order], p[order], groups=renamed[order], num_groups=4, sample_weight=w[order]
    )
    for x, z in zip(c, other, strict=True):
        np.testing.assert_allclose(z[list(numbers)], x, atol=EXACT * max(1.0, w.sum()))


# Gradients


def curved(c):
    """Be no sum of the groups' metrics."""
    xp = ss.array_namespace(c.tp)
    f = ss.f1(c)
    return xp.sum(f * f * f)


LOSSES = {
    "mean": ss.as_loss(ss.f1, num_groups=NUMBER),
    "sigmoid": ss.as_loss(ss.accuracy, num_groups=NUMBER, step=ss.Sigmoid()),
    "logits": ss.as_loss(ss.f1, num_groups=NUMBER, from_logits=True),
    "own": ss.as_loss(curved, num_groups=NUMBER),
    "grid": ss.as_loss(ss.f1, num_groups=NUMBER, thresholds=GRID),
    "area": ss.as_loss(ss.auroc, num_groups=NUMBER, thresholds=GRID),
    "gap": ss.as_loss(ss.largest_gap(ss.recall), num_groups=NUMBER),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_against_central_differences(backend, name):
    loss = LOSSES[name]
    p = np.log(P / (1 - P)) if loss.from_logits else P
    y, w, groups = Y, WEIGHTS, GROUPS
    value, gradient = backend.value_and_grad(
        lambda y, p, w, g: loss(y, p, sample_weight=w, groups=g),
        *(backend.asarray(x) for x in (1.0 * y, p, w, groups)),
    )
    fn = lambda p: loss(y, p, sample_weight=w, groups=groups)  # noqa: E731
    assert_close(value, fn(p), backend, SUMMED)
    assert_close(gradient, central_differences(fn, p), backend, DIFFERENCES)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_against_dual_numbers(backend, name):
    loss = LOSSES[name]
    p = np.log(P / (1 - P)) if loss.from_logits else P
    _, (expected,) = value_and_gradients(
        lambda p: loss(Y, p, sample_weight=WEIGHTS, groups=GROUPS), p
    )
    _, gradient = backend.value_and_grad(
        lambda y, p, w, g: loss(y, p, sample_weight=w, groups=g),
        *(backend.asarray(x) for x in (1.0 * Y, p, WEIGHTS, GROUPS)),
    )
    # Over a grid the slopes of a score at many thresholds are added in another order.
    assert_close(gradient, expected, backend, SUMMED if loss.thresholds else EXACT)


@pytest.mark.parametrize("backend", params(*EAGER), indirect=True)
@pytest.mark.parametrize("name", LOSSES)
def test_the_kernels_own_gradient(backend, name):
    loss = LOSSES[name]
    p = np.log(P / (1 - P)) if loss.from_logits else P
    value, gradient = ss.value_and_grad(loss)(
        *(backend.asarray(x) for x in (Y, p)), groups=backend.asarray(GROUPS)
    )
    _, (expected,) = value_and_gradients(lambda p: loss(Y, p, groups=GROUPS), p)
    assert_close(value, loss(Y, p, groups=GROUPS), backend, SUMMED)
    assert_close(gradient, expected, backend, SUMMED)


@pytest.mark.parametrize("backend", params(*EAGER), indirect=True)
def test_often_called_losses_are_the_same(backend):
    """They are one compiled call then, where the library compiles."""
    loss = ss.as_loss(ss.largest_gap(ss.f1), num_groups=NUMBER)
    y, p, g = (backend.asarray(x) for x in (Y, P, GROUPS))
    first = loss(y, p, groups=g)
    for _ in range(20):
        last = loss(y, p, groups=g)
    assert_close(last, backend.to_numpy(first), backend)
    wrong = backend.asarray(GROUPS + 1)
    with pytest.raises(ValueError, match="`groups` must hold group numbers below num_groups=3"):
        loss(y, p, groups=wrong)


def test_gradients_of_columns(backend):
    y, p = TABLE
    loss = ss.as_loss(ss.largest_gap(ss.macro(ss.f1)), axis=0, num_groups=NUMBER)
    value, gradient = backend.value_and_grad(
        lambda y, p, g: loss(y, p, groups=g), *(backend.asarray(x) for x in (y, p, ROWS))
    )
    fn = lambda p: loss(y, p, groups=ROWS)  # noqa: E731
    assert_close(value, fn(p), backend)
    assert_close(gradient, central_differences(fn, p), backend, DIFFERENCES)


def test_gradients_of_weights(backend):
    """What is not in closed form is followed by the framework."""
    loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=NUMBER)
    _, gradient = backend.value_and_grad(
        lambda y, p, w, g: loss(y, p, sample_weight=w, groups=g),
        *(backend.asarray(x) for x in (1.0 * Y, P, WEIGHTS, GROUPS)),
        argnum=2,
    )
    fn = lambda w: loss(Y, P, sample_weight=w, groups=GROUPS)  # noqa: E731
    assert_close(gradient, central_differences(fn, WEIGHTS), backend, DIFFERENCES)


def test_micro_batches_have_the_gradient_of_the_whole(backend):
    loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=NUMBER)
    parts = [slice(0, 15), slice(15, 40), slice(40, 60)]

    def gradient(y, p, g):
        total = sum(loss.confusion(y[i], p[i], groups=g[i]) for i in parts)
        linear = ss.linearize(loss, total)
        terms = [linear(y[i], p[i], groups=g[i]) for i in parts]
        return terms[0] + terms[1] + terms[2]

    arrays = [backend.asarray(x) for x in (Y, P, GROUPS)]
    _, found = backend.value_and_grad(gradient, *arrays)
    expected = ss.value_and_grad(loss)(Y, P, groups=GROUPS)[1]
    assert_close(found, expected, backend, SUMMED)


def test_remembered_counts_and_reduced_ones(backend):
    loss = ss.as_loss(ss.worst_group(ss.recall), num_groups=NUMBER)

    def both(y, p, g):
        c = loss.confusion(y[:20], p[:20], groups=g[:20])
        _, memory = ss.remember(c, ss.empty_memory(c, 1))
        total, _ = ss.remember(loss.confusion(y[20:], p[20:], groups=g[20:]), memory)
        return loss.of_counts(total), loss(y[20:], p[20:], groups=g[20:], reduce=lambda d: d + c)

    expected = loss(Y, P, groups=GROUPS)
    for x in backend.run(both, *(backend.asarray(x) for x in (Y, P, GROUPS))):
        assert_close(x, expected, backend, SUMMED)


def test_a_batch_without_rows_counts_zeros():
    loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=2)
    nothing = np.zeros(0)
    counts = []
    loss(nothing, nothing, groups=nothing.astype(int), reduce=lambda c: counts.append(c) or c)
    for x in counts[0]:
        np.testing.assert_array_equal(x, [0.0, 0.0])


# Numbers out of range


def test_what_a_mask_takes_out_may_have_any_number(backend):
    groups = np.where(MASK, GROUPS, -7)
    c = backend.run(
        lambda y, p, g, m: ss.confusion(y, p, groups=g, num_groups=NUMBER, where=m),
        *(backend.asarray(x) for x in (Y, P, groups, MASK)),
    )
    assert_counts(c, one_by_one(Y, P, GROUPS, where=MASK), backend)


@pytest.mark.parametrize("axis", [None, 0])
def test_hidden_numbers_out_of_range_count_nowhere(backend, axis):
    """Whatever their scores: also where these are nan."""
    y, p = (x.copy() for x in TABLE)
    groups = np.where(
        np.arange(20) % 4 == 0, np.asarray([NUMBER, -1])[np.arange(20) // 4 % 2], ROWS
    )
    p[4] = np.nan
    inside = np.broadcast_to(((groups >= 0) & (groups < NUMBER))[:, None], p.shape)
    with ss.checks(False):
        c = backend.run(
            lambda y, p, g: ss.confusion(y, p, groups=g, num_groups=NUMBER, axis=axis),
            *(backend.asarray(x) for x in (y, p, groups)),
        )
    p[4] = 0.5
    assert_counts(c, one_by_one(y, p, groups, where=inside, axis=axis), backend)


@pytest.mark.parametrize("backend", params(*EAGER), indirect=True)
@pytest.mark.parametrize("wrong", [-1, NUMBER, 2**40])
def test_numbers_out_of_range_are_refused_where_they_are_seen(backend, wrong):
    groups = GROUPS.copy()
    groups[5] = wrong
    arrays = [backend.asarray(x) for x in (Y, P, groups)]
    match = f"`groups` must hold group numbers below num_groups=3, from 0 on, got {float(wrong)}"
    with pytest.raises(ValueError, match=match.replace("+", r"\+")):
        ss.confusion(*arrays[:2], groups=arrays[2], num_groups=NUMBER)
    with pytest.raises(ValueError, match=r"at flat position 5; mask entries of no group"):
        ss.confusion(*arrays[:2], groups=arrays[2], num_groups=NUMBER)


# Options


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"groups": GROUPS}, ValueError, "`num_groups` must be given where `groups` is, got None"),
        ({"num_groups": 3}, ValueError, "`groups` must be given where `num_groups` is, got None"),
        ({"groups": GROUPS, "num_groups": 0}, ValueError, "`num_groups` must be an integer of at"),
        ({"groups": GROUPS, "num_groups": 3.0}, ValueError, "`num_groups` must be an integer"),
        ({"groups": 1.0 * GROUPS, "num_groups": 3}, TypeError, "integer group numbers, got float"),
        ({"groups": GROUPS > 1, "num_groups": 2}, TypeError, "integer group numbers, got bool"),
        ({"groups": 1, "num_groups": 3}, TypeError, "`groups` must be an array of group numbers"),
        (
            {"groups": [0] * 60, "num_groups": 3},
            TypeError,
            r"`groups` must be an array \(NumPy.*, got list",
        ),
        ({"groups": GROUPS[:9], "num_groups": 3}, ValueError, r"got \(9,\) for y_prob of \(60,\)"),
        ({"groups": GROUPS[:, None], "num_groups": 3}, ValueError, r"got \(60, 1\) for y_prob"),
    ],
)
def test_groups_that_cannot_be_meant(options, error, message):
    with pytest.raises(error, match=message):
        ss.confusion(Y, P, **options)
    loss = ss.as_loss(ss.f1)
    if options.get("num_groups") is None:
        with pytest.raises(error, match=message):
            loss(Y, P, **options)


def test_a_loss_by_group_needs_groups():
    loss = ss.as_loss(ss.f1, num_groups=3)
    with pytest.raises(ValueError, match="`groups` must be given where `num_groups` is"):
        loss(Y, P)
    with pytest.raises(ValueError, match="`num_groups` must be an integer of at least 1, got 0"):
        ss.as_loss(ss.f1, num_groups=0)
    assert loss != ss.as_loss(ss.f1) and hash(loss) == hash(ss.as_loss(ss.f1, num_groups=3))
    assert pickle.loads(pickle.dumps(loss)) == loss


def test_the_plain_mean_is_over_all_groups(backend):
    """As over whatever axes a metric leaves."""
    score = ss.as_score(ss.accuracy, num_groups=NUMBER)
    found = backend.run(
        lambda y, p, g: score(y, p, groups=g), *(backend.asarray(x) for x in (Y, P, GROUPS))
    )
    each = [np.mean(Y[k == GROUPS] == (P >= 0.5)[k == GROUPS]) for k in range(NUMBER)]
    assert_close(found, np.mean(each), backend)


def test_averages_take_the_classes_where_they_are_without_groups(backend):
    y, p = TABLE
    for average in (
        ss.macro(ss.f1),
        ss.micro(ss.f1),
        ss.macro(ss.f1, axis=-1),
        partial(ss.macro(ss.f1)),
    ):
        score = ss.as_score(average, axis=0, threshold=0.5, num_groups=NUMBER)
        plain = ss.as_score(average, axis=0, threshold=0.5)
        found = backend.run(
            lambda y, p, g: score(y, p, groups=g),  # noqa: B023
            *(backend.asarray(x) for x in (y, p, ROWS)),
        )
        each = [plain(y[k == ROWS], p[k == ROWS]) for k in range(NUMBER)]
        assert_close(found, np.mean(each), backend)
    assert not math.isnan(np.mean(each))


def test_the_classes_compete_for_the_arg_max(backend):
    y = ss.one_hot(np.random.default_rng(9).integers(0, 3, 20), 3)
    p = np.random.default_rng(10).dirichlet(np.ones(3), 20)
    score = ss.as_score(ss.worst_group(ss.macro(ss.recall)), step=ss.ArgMax(), axis=0, num_groups=2)
    groups = np.arange(20) % 2
    found = backend.run(
        lambda y, p, g: score(y, p, groups=g), *(backend.asarray(x) for x in (y, p, groups))
    )
    truth, said = np.argmax(y, axis=1), np.argmax(p, axis=1)
    each = [
        sklearn.recall_score(truth[groups == k], said[groups == k], average="macro") for k in (0, 1)
    ]
    assert_close(found, min(each), backend)
