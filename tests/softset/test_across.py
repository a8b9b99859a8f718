"""Metrics across groups: against one group after the other, and what is left out."""

import math
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softset as ss
from softset._arrays.duals import value_and_gradients
from softset.metrics import larger_is_better
from softset.metrics.options import name_of
from tests.support.marks import params
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SUMMED,
    assert_close,
    central_differences,
    labels_and_scores,
    sklearn,
)

ACROSS = {
    "largest_gap": (ss.largest_gap, lambda x: x.max() - x.min()),
    "smallest_ratio": (ss.smallest_ratio, lambda x: x.min() / x.max()),
    "worst_group": (ss.worst_group, lambda x: x.min()),
    "group_mean": (ss.group_mean, np.mean),
}
METRICS = {
    ss.accuracy: sklearn.accuracy_score,
    ss.recall: sklearn.recall_score,
    ss.precision: sklearn.precision_score,
    ss.f1: sklearn.f1_score,
    ss.balanced_accuracy: sklearn.balanced_accuracy_score,
    partial(ss.fbeta, beta=2.0): partial(sklearn.fbeta_score, beta=2.0),
}
NUMBER = 4
Y, P = labels_and_scores(80)
GROUPS = np.random.default_rng(3).integers(0, NUMBER, 80)
TABLE = labels_and_scores((30, 3), seed=4)
ROWS = np.random.default_rng(5).integers(0, NUMBER, 30)
# In three groups: rates 0.8, 0.25 and 0.6.
CELLS = np.asarray([[8.0, 1.0, 3.0], [2.0, 1.0, 6.0], [2.0, 3.0, 2.0], [5.0, 10.0, 4.0]])


def counts(*columns):
    """Return counts of several groups, each given as tp, fp, fn and tn."""
    return ss.Confusion(*np.asarray(columns, float).T)


# Values


@pytest.mark.parametrize("name", ACROSS)
def test_hard_values_are_those_of_scikit_learn(backend, name):
    make, expected = ACROSS[name]
    scores = [ss.as_score(make(metric), num_groups=NUMBER) for metric in METRICS]
    found = backend.run(
        lambda y, p, g: [score(y, p, groups=g) for score in scores],
        *(backend.asarray(x) for x in (Y, P, GROUPS)),
    )
    for x, referee in zip(found, METRICS.values(), strict=True):
        each = [referee(Y[k == GROUPS], P[k == GROUPS] >= 0.5) for k in range(NUMBER)]
        assert_close(x, expected(np.asarray(each)), backend)


def test_the_worst_of_a_cost_is_the_largest(backend):
    c = [backend.asarray(x) for x in CELLS]
    found = backend.run(
        lambda *cells: [
            ss.worst_group(ss.error_rate)(ss.Confusion(*cells)),
            ss.worst_group(lambda c: c.fp, maximize=False)(ss.Confusion(*cells)),
            ss.worst_group(lambda c: c.fp)(ss.Confusion(*cells)),
        ],
        *c,
    )
    rates = (CELLS[1] + CELLS[2]) / CELLS.sum(axis=0)
    for x, expected in zip(found, (rates.max(), 6.0, 1.0), strict=True):
        assert_close(x, expected, backend)


AVERAGES = {
    "macro": ss.macro(ss.f1),
    "micro": ss.micro(ss.f1),
    "weighted": ss.weighted(ss.recall),
    "first axis": ss.macro(ss.f1, axis=0),
    "last axis": ss.macro(ss.f1, axis=-1),
    "options": partial(ss.macro(partial(ss.fbeta, beta=2.0)), zero_division=0.5),
}


@pytest.mark.parametrize("thresholds", [None, ss.grid(9)], ids=["one", "grid"])
@pytest.mark.parametrize("name", AVERAGES)
def test_averages_of_each_group_by_itself(backend, name, thresholds):
    if thresholds is not None and name == "last axis":
        pytest.skip("the last axis is that of the thresholds: an error, as without groups")
    y, p = TABLE
    options = {"axis": 0, "thresholds": thresholds}
    loss = ss.as_loss(ss.largest_gap(AVERAGES[name]), num_groups=NUMBER, **options)
    found = backend.run(
        lambda y, p, g: loss(y, p, groups=g), *(backend.asarray(x) for x in (y, p, ROWS))
    )
    one = ss.as_loss(AVERAGES[name], **options)
    counts = [one.confusion(y[k == ROWS], p[k == ROWS]) for k in range(NUMBER)]
    each = np.asarray([one._values_of(one.metric, c) for c in counts])
    assert_close(found, np.mean(each.max(axis=0) - each.min(axis=0)), backend, SUMMED)


@pytest.mark.parametrize("metric", [ss.auroc, partial(ss.auroc, max_fpr=0.5), ss.average_precision])
def test_areas_of_each_group_by_itself(backend, metric):
    options = {"thresholds": ss.grid(9)}
    loss = ss.as_loss(ss.largest_gap(metric), num_groups=NUMBER, **options)

    def both(y, p, g):
        c = loss.confusion(y, p, groups=g)
        return loss(y, p, groups=g), ss.largest_gap(metric)(c)

    found = backend.run(both, *(backend.asarray(x) for x in (Y, P, GROUPS)))
    each = [metric(ss.confusion(Y[k == GROUPS], P[k == GROUPS], **options)) for k in range(NUMBER)]
    for x in found:
        assert_close(x, max(each) - min(each), backend, SUMMED)


def test_classes_without_an_average_have_a_gap_each(backend):
    y, p = TABLE
    loss = ss.as_loss(ss.largest_gap(ss.recall), axis=0, num_groups=NUMBER)
    found = backend.run(
        lambda y, p, g: loss(y, p, groups=g), *(backend.asarray(x) for x in (y, p, ROWS))
    )
    each = np.asarray(
        [
            ss.recall(ss.confusion(y[k == ROWS], p[k == ROWS], axis=0), zero_division=math.nan)
            for k in range(NUMBER)
        ]
    )
    assert_close(found, np.mean(np.nanmax(each, axis=0) - np.nanmin(each, axis=0)), backend)


# What is left out

NOTHING, NO_POSITIVES = (0, 0, 0, 0), (0, 3, 0, 1)


def test_groups_of_which_nothing_is_known_are_left_out(backend):
    """No members, or no positives for a recall; not where a zero_division was chosen."""
    columns = np.asarray([(3, 1, 1, 1), NOTHING, (1, 1, 3, 1), NO_POSITIVES], float)
    chosen = partial(ss.recall, zero_division=1.0)

    def values(*cells):
        c = ss.Confusion(*cells)
        return [
            *(make(ss.recall)(c) for make, _ in ACROSS.values()),
            *(make(chosen)(c) for make, _ in ACROSS.values()),
            *(make(lambda c: 0.5 + 0 * c.tp)(c) for make, _ in ACROSS.values()),
            *(make(ss.false_positive_rate)(c) for make, _ in ACROSS.values()),
        ]

    found = backend.run(values, *(backend.asarray(x) for x in columns.T))
    expected = [0.5, 1 / 3, 0.25, 0.5, 0.75, 0.25, 0.25, 2 / 3, 0, 1, 0.5, 0.5]
    expected += [0.25, 2 / 3, 0.75, 7 / 12]  # of a rate of errors the worst is the largest
    for x, e in zip(found, expected, strict=True):
        assert_close(x, e, backend, scale=1.0)


def test_too_few_groups_left(backend):
    """No gap and a ratio of 1 with one; nothing is zero_division, which 0 is but for a ratio."""

    def values(*cells):
        c = ss.Confusion(*cells)
        found = [make(ss.recall)(c) for make, _ in ACROSS.values()]
        return [*found, *(make(ss.recall)(c, zero_division=0.5) for make, _ in ACROSS.values())]

    one = np.asarray([(3, 1, 1, 1), NOTHING, NO_POSITIVES], float).T
    none = np.asarray([NO_POSITIVES, NOTHING, NO_POSITIVES], float).T
    compiled = backend.compile(values, *(backend.asarray(x) for x in one))
    for cells, expected in (
        (one, [0, 1, 0.75, 0.75, 0, 1, 0.75, 0.75]),
        (none, [0, 1, 0, 0, 0.5, 0.5, 0.5, 0.5]),
    ):
        for x, e in zip(compiled(*(backend.asarray(x) for x in cells)), expected, strict=True):
            assert_close(x, e, backend, scale=1.0)


def test_an_average_leaves_out_groups_without_members():
    """Else its own policy holds: a class without positives has a recall of 0, as without groups."""
    classes = [[(3, 1, 1, 1), NOTHING, (2, 2, 2, 0)], [(0, 2, 0, 4), NOTHING, (2, 2, 2, 0)]]
    c = ss.Confusion(*np.moveaxis(np.asarray(classes, float), -1, 0))
    assert ss.largest_gap(ss.macro(ss.recall))(c) == pytest.approx(0.5 - 0.375)
    assert ss.largest_gap(ss.macro(ss.recall, axis=0))(c) == pytest.approx(0.5 - 0.375)


def test_all_rates_0_agree(backend):
    c = counts((0, 1, 2, 3), (0, 2, 5, 1))
    found = backend.run(
        lambda *cells: ss.smallest_ratio(ss.recall)(ss.Confusion(*cells)),
        *(backend.asarray(x) for x in c),
    )
    assert_close(found, 1.0, backend)


@pytest.mark.parametrize("name", ACROSS)
def test_a_nan_that_was_counted_comes_through(backend, name):
    """Where values are hidden a nan among the scores must not pass for a group to leave out."""
    make, _ = ACROSS[name]
    cells = CELLS.copy()
    cells[:, 1] = np.nan
    found = backend.run(
        lambda *cells: make(ss.recall)(ss.Confusion(*cells)), *(backend.asarray(x) for x in cells)
    )
    assert math.isnan(backend.to_numpy(found))


# Gradients


@pytest.mark.parametrize("name", ACROSS)
@pytest.mark.parametrize("metric", [ss.recall, ss.f1, ss.predicted_positive_rate, ss.error_rate])
def test_gradients(backend, name, metric):
    """Against central differences, and dual numbers."""
    if name == "worst_group" and metric is ss.predicted_positive_rate:
        make = partial(ss.worst_group, maximize=True)
    else:
        make = ACROSS[name][0]
    loss = ss.as_loss(make(metric), num_groups=NUMBER, maximize=True)
    _, gradient = backend.value_and_grad(
        lambda y, p, g: loss(y, p, groups=g), *(backend.asarray(x) for x in (Y, P, GROUPS))
    )
    fn = lambda p: loss(Y, p, groups=GROUPS)  # noqa: E731
    assert_close(gradient, central_differences(fn, P), backend, DIFFERENCES)
    _, (expected,) = value_and_gradients(fn, P)
    assert_close(gradient, expected, backend, EXACT)


@pytest.mark.parametrize("name", ["largest_gap", "smallest_ratio", "worst_group"])
def test_equal_groups_share_the_slope(backend, name):
    """Of 0.75, 0.75, 0.75 and 0.25: a third each, and all of it."""
    tp = np.asarray([3.0, 0.75, 6.0, 1.0])
    fn = np.asarray([1.0, 0.25, 2.0, 3.0])
    make = ACROSS[name][0]

    def value(tp, fn):
        # The largest are the three; of the worst they are the smallest of 1 less the rate.
        rate = ss.recall if name != "worst_group" else lambda c: 1 - ss.recall(c)
        return make(rate)(ss.Confusion(tp, 0 * tp, fn, 0 * fn))

    _, gradient = backend.value_and_grad(value, *map(backend.asarray, (tp, fn)), argnum=0)
    slope = fn / (tp + fn) ** 2
    share = np.asarray([1 / 3, 1 / 3, 1 / 3, 0])
    last = np.asarray([0, 0, 0, 1.0])
    expected = {
        "largest_gap": slope * (share - last),
        "smallest_ratio": slope * (last / 0.75 - share * 0.25 / 0.75**2),
        "worst_group": -slope * share,
    }[name]
    assert_close(gradient, expected, backend)


@pytest.mark.parametrize("name", ACROSS)
def test_groups_that_are_left_out_have_no_gradient(backend, name):
    y, groups = Y.copy(), np.where(GROUPS == 3, 2, GROUPS)
    y[groups == 1] = False  # no positives in 1, no members in 3
    loss = ss.as_loss(ACROSS[name][0](ss.recall), num_groups=NUMBER)
    value, gradient = backend.value_and_grad(
        lambda y, p, g: loss(y, p, groups=g), *(backend.asarray(x) for x in (y, P, groups))
    )
    found = backend.to_numpy(gradient)
    assert np.isfinite(found).all() and not found[groups == 1].any() and found.any()
    two = groups != 1
    expected = loss(y[two], P[two], groups=groups[two])
    assert_close(value, expected, backend)


cells = st.lists(
    st.tuples(*[st.floats(0, 100)] * 4).filter(lambda x: x[0] + x[2] > 1e-3), min_size=2, max_size=6
)


@given(cells)
def test_invariants(columns):
    """The gap and the ratio say the same of agreement; the mean is between; order is nothing."""
    c = counts(*columns)
    gap, ratio = ss.largest_gap(ss.recall)(c), ss.smallest_ratio(ss.recall)(c)
    worst, mean = ss.worst_group(ss.recall)(c), ss.group_mean(ss.recall)(c)
    assert 0 <= gap <= 1 and 0 <= ratio <= 1
    assert (gap == 0) <= (ratio == 1)
    assert worst - 1e-12 <= mean <= worst + gap + 1e-12
    other = counts(*columns[::-1], NOTHING, NO_POSITIVES)
    for make, _ in ACROSS.values():
        np.testing.assert_allclose(make(ss.recall)(other), make(ss.recall)(c), atol=1e-12)


# Options


def test_they_are_values():
    for name, (make, _) in ACROSS.items():
        one, other = (make(partial(ss.fbeta, beta=2.0)) for _ in range(2))
        assert one == other and hash(one) == hash(other)
        assert pickle.loads(pickle.dumps(one)) == one
        assert one != make(ss.f1)
        assert name_of(one) == f"{name}(fbeta(beta=2.0))"
        loss = ss.as_loss(one, num_groups=2)
        assert hash(loss) == hash(ss.as_loss(other, num_groups=2))
        assert pickle.loads(pickle.dumps(loss)) == loss
        assert "grid" not in repr(loss)


def test_their_better_direction():
    for metric, larger in ((ss.recall, True), (ss.error_rate, False), (ss.macro(ss.f1), True)):
        assert larger_is_better(ss.largest_gap(metric)) is False
        assert larger_is_better(ss.smallest_ratio(metric)) is True
        assert larger_is_better(ss.worst_group(metric)) is larger
        assert larger_is_better(ss.group_mean(metric)) is larger
    assert larger_is_better(partial(ss.largest_gap(ss.recall), zero_division=1.0)) is False
    assert larger_is_better(ss.group_mean(ss.prevalence)) is None
    assert larger_is_better(ss.largest_gap(ss.prevalence)) is False
    assert not ss.as_loss(ss.largest_gap(ss.recall), num_groups=2).maximize
    assert ss.as_loss(ss.worst_group(ss.recall), num_groups=2).maximize
    assert not ss.worst_group(ss.recall, maximize=False).maximize


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ss.largest_gap("recall"), TypeError, "`metric` must be a function of a Conf"),
        (lambda: ss.worst_group(ss.prevalence), ValueError, "`metric` prevalence is neither"),
        (
            lambda: ss.largest_gap(ss.macro(ss.worst_group(ss.recall))),
            ValueError,
            r"`metric` must be that of one group, got macro\(worst_group\(recall\)\)",
        ),
        (
            lambda: ss.as_loss(ss.macro(ss.largest_gap(ss.recall)), num_groups=2),
            ValueError,
            "`metric` must have largest_gap outermost",
        ),
        (
            lambda: ss.as_loss(ss.largest_gap(ss.recall)),
            ValueError,
            "`num_groups` must be at least 2 for largest_gap, got None",
        ),
        (
            lambda: ss.as_score(partial(ss.group_mean(ss.recall), zero_division=1), num_groups=1),
            ValueError,
            "`num_groups` must be at least 2 for group_mean, got 1",
        ),
        (
            lambda: ss.largest_gap(ss.recall)(counts((1, 1, 1, 1))),
            ValueError,
            r"`c` must hold the counts of two groups or more for largest_gap, got .* \(1,\)",
        ),
        (
            lambda: ss.largest_gap(ss.recall)(ss.Confusion(1.0, 2.0, 3.0, 4.0)),
            ValueError,
            r"`c` must hold the counts of two groups or more for largest_gap, got .* \(\)",
        ),
        (
            lambda: ss.largest_gap(ss.macro(ss.recall))(counts((1, 1, 1, 1), (1, 1, 1, 1))),
            ValueError,
            r"`axis` must leave the classes to macro\(recall\) in every group",
        ),
        (
            lambda: ss.largest_gap(ss.macro(ss.recall, axis=1))(ss.Confusion(*np.ones((4, 3, 2)))),
            ValueError,
            "`axis` must leave the classes",
        ),
        (
            lambda: ss.largest_gap(lambda c: c.tp.mean())(counts((1, 1, 1, 1), (1, 1, 1, 1))),
            ValueError,
            "`metric` must be elementwise over the counts to be compared between groups",
        ),
        (
            lambda: ss.as_score(ss.largest_gap(ss.macro(ss.recall)), axis=0, num_groups=2),
            ValueError,
            "`step` or `threshold` must be given for an average over classes",
        ),
    ],
)
def test_what_cannot_be_meant(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_area_needs_a_grid():
    with pytest.raises(ValueError, match="`thresholds` must be given for a loss of an area"):
        ss.as_loss(ss.largest_gap(ss.auroc), num_groups=2)


@pytest.mark.parametrize("backend", params("numpy", "torch"), indirect=True)
def test_hard_areas_do_not_warn_of_groups_that_are_left_out(backend):
    y, p, groups = (
        np.asarray(x)
        for x in ([0, 1, 0, 1, 0, 0], [0.1, 0.9, 0.2, 0.8, 0.1, 0.9], [0, 0, 1, 1, 2, 2])
    )
    score = ss.as_score(ss.largest_gap(ss.auroc), thresholds=ss.grid(9), num_groups=3)
    found = score(*(backend.asarray(x) for x in (y, p)), groups=backend.asarray(groups))
    assert_close(found, 0.0, backend, scale=1.0)
