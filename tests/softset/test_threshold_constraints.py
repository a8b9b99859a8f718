"""Thresholds within several bounds, for all groups or for each: against every cut, one by one."""

import itertools
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import SUMMED, assert_array, assert_close, sklearn

NUMBER = 2
RECALL = ss.at_least(ss.recall, 0.6)
ALARMS = ss.at_most(ss.false_positive_rate, 0.5)
GAP = ss.at_most(ss.largest_gap(ss.predicted_positive_rate), 0.1)
COST = partial(ss.expected_cost, fn=3.0)


def draw(rng, n=30, number=NUMBER):
    """Return labels, scores with ties, groups, weights and a mask; both classes in each group."""
    y, groups = rng.integers(0, 2, n), rng.integers(0, number, n)
    y[: 2 * number] = np.repeat([0, 1], number)
    groups[: 2 * number] = np.tile(np.arange(number), 2)
    p = np.round(np.clip(0.3 * y + 0.1 * groups + 0.6 * rng.uniform(size=n), 0, 0.99), 2)
    keep = rng.uniform(size=n) < 0.9
    keep[: 2 * number] = True
    return y, p, groups, rng.choice([1.0, 2.0, 0.5], n), keep


def rates(y, w, positive):
    """Return tp, fp, fn and tn of decisions."""
    return [np.sum(w * a * b) for b in (positive, ~positive) for a in (y == 1, y == 0)]


def by_brute_force(metric, keeps, y, p, groups, w, keep, *, each):
    """Return the best value over every cut, or every pair of cuts, that `keeps` says to keep."""
    y, p, groups, w = (x[keep] for x in (y, p, groups, w))
    number = groups.max() + 1
    values = []
    cuts = [(*np.unique(p[groups == k]), 2.0) for k in range(number)]
    alike = ([t] * number for t in (*np.unique(p), 2.0))
    for thresholds in itertools.product(*cuts) if each else alike:
        positive = p >= np.asarray(thresholds)[groups]
        of_each = [rates(*(x[groups == k] for x in (y, w, positive))) for k in range(number)]
        if keeps(np.asarray(of_each)):
            values.append(metric(ss.Confusion(*np.sum(of_each, axis=0))))
    return values


def spread(top, bottom):
    return np.ptp(top / bottom)


# Bounds, and what they say of (groups, 4) counts tp, fp, fn, tn, written again.
BOUNDS = {
    "none": ((), lambda c: True),
    "in each group": (
        (RECALL, ALARMS),
        lambda c: (
            np.all(c[:, 0] / (c[:, 0] + c[:, 2]) >= 0.6)
            and np.all(c[:, 1] / (c[:, 1] + c[:, 3]) <= 0.5)
        ),
    ),
    "a gap": ((GAP,), lambda c: spread(c[:, 0] + c[:, 1], c.sum(axis=1)) <= 0.1 + 1e-12),
    "a ratio, and in each group": (
        (ss.at_least(ss.smallest_ratio(ss.recall), 0.9), ALARMS),
        lambda c: (
            np.min(r := c[:, 0] / (c[:, 0] + c[:, 2])) >= 0.9 * np.max(r) - 1e-12
            and np.all(c[:, 1] / (c[:, 1] + c[:, 3]) <= 0.5)
        ),
    ),
    "equalized odds": (
        tuple(
            ss.at_most(ss.largest_gap(rate), 0.15) for rate in (ss.recall, ss.false_positive_rate)
        ),
        lambda c: (
            spread(c[:, 0], c[:, 0] + c[:, 2]) <= 0.15 + 1e-12
            and spread(c[:, 1], c[:, 1] + c[:, 3]) <= 0.15 + 1e-12
        ),
    ),
}


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("name", BOUNDS)
def test_no_cuts_within_the_bounds_are_better(name, each):
    rng, refused = np.random.default_rng(71), 0
    bounds, keeps = BOUNDS[name]
    for metric, best in ((ss.f1, max), (ss.accuracy, max), (COST, min), (ss.geometric_mean, max)):
        for number in (2, 3):
            y, p, groups, w, keep = draw(rng, 12 * number, number)
            options = {"groups": groups, "num_groups": number, "by_group": each}
            options |= {"sample_weight": w, "where": keep}
            values = by_brute_force(metric, keeps, y, p, groups, w, keep, each=each)
            if not values:
                with pytest.raises(ValueError, match="`subject_to` must be met at some threshold"):
                    ss.best_threshold(metric, y, p, subject_to=bounds, **options)
                refused += 1
                continue
            found = ss.best_threshold(metric, y, p, subject_to=bounds, **options)
            assert found.value == pytest.approx(best(values), rel=SUMMED)
            # Used as they are used on new rows.
            at = found.threshold[groups] if each else found.threshold
            c = ss.confusion(
                *(y, p), threshold=at, step=ss.Hard(), where=keep, sample_weight=w, groups=groups,
                num_groups=number,
            )  # fmt: skip
            assert keeps(np.stack(c, axis=1))
            assert metric(ss.Confusion(*(x.sum() for x in c))) == pytest.approx(found.value)
    assert refused < 8


def test_one_threshold_on_every_backend(backend):
    """Compiled too, with weights and a mask over NaN: the same as in NumPy."""
    y, p, groups, w, keep = draw(np.random.default_rng(72), 60)
    options = {"subject_to": (GAP, RECALL, ALARMS), "num_groups": NUMBER}

    def search(y, p, groups, w, keep):
        return tuple(
            ss.best_threshold(ss.f1, y, p, groups=groups, sample_weight=w, where=keep, **options)
        )

    expected = search(y, p, groups, w, keep)
    arrays = (y, np.where(keep, p, np.nan), groups, w, keep)
    found = backend.run(search, *map(backend.asarray, arrays))
    for x, of in zip(found, expected, strict=True):
        assert_close(x, of, backend, SUMMED)


@marks.on(*EAGER)
def test_a_threshold_for_each_group_on_every_backend(backend):
    """Of probabilities in float64, of logits in float32 and in float16, and of two classes."""
    y, p, groups, w, keep = draw(np.random.default_rng(73), 60)
    options = {"subject_to": (GAP, ALARMS), "num_groups": NUMBER, "by_group": True}

    def search(y, p, groups, w, keep, **more):
        given = {"groups": groups, "sample_weight": w, "where": keep}
        return ss.best_threshold(ss.f1, y, p, **given, **options, **more)

    expected = search(y, p, groups, w, keep)
    found = search(*map(backend.asarray, (y, np.where(keep, p, np.nan), groups, w, keep)))
    assert_close(found.threshold, expected.threshold, backend, SUMMED)
    assert_close(found.value, expected.value, backend, SUMMED)
    z = 8 * p - 4  # exact in the half types but for 4 digits, which keep the order
    for dtype in ("float32", "float16") if backend.has_float16 else ("float32",):
        arrays = [backend.asarray(y), backend.asarray(z, dtype), *map(backend.asarray, (groups,))]
        arrays += [backend.asarray(w, "float32"), backend.asarray(keep)]
        at = assert_array(search(*arrays, from_logits=True).threshold, backend, "float64", (2,))
        own = z.astype(dtype).astype(np.float64)
        assert np.array_equal(own >= np.log(at / (1 - at))[groups], p >= expected.threshold[groups])
    two = [np.stack([x, x], axis=1) for x in (y, p)]
    rows = [*two, groups, w[:, None], keep[:, None]]
    found = search(*map(backend.asarray, rows), axis=0)
    assert_close(found.threshold, np.stack([expected.threshold] * 2), backend, SUMMED)
    assert_close(found.value, np.stack([expected.value] * 2), backend, SUMMED)


def test_candidates():
    """Given thresholds are tried as all cuts are."""
    y, p, groups, _, _ = draw(np.random.default_rng(74), 60)
    grid, options = ss.grid(99), {"subject_to": (GAP,), "groups": groups, "num_groups": NUMBER}
    for each in (False, True):
        every = ss.best_threshold(ss.f1, y, p - 0.005 + 1e-9, by_group=each, **options)
        found = ss.best_threshold(
            ss.f1, y, p - 0.005 + 1e-9, by_group=each, thresholds=grid, **options
        )
        assert found.value == every.value
        assert np.all(np.isin(found.threshold, grid))


def test_metrics_across_groups_are_objectives():
    y, p, groups, _, _ = draw(np.random.default_rng(75), 60)
    worst = ss.worst_group(ss.f1)
    given = {"groups": groups, "num_groups": NUMBER}
    one = ss.best_threshold(worst, y, p, **given)
    cuts = ss.confusion(y, p, thresholds=(*np.unique(p), 2.0), step=ss.Hard(), **given)
    assert one.value == ss.f1(cuts).min(axis=0).max()
    each = ss.best_threshold(worst, y, p, by_group=True, **given)
    assert each.value == pytest.approx(ss.f1(cuts).max(axis=1).min())


def test_groups_of_many_scores_are_searched_to_both_ends():
    """All are positive for the best recall, none for the best specificity, within no bound."""
    rng = np.random.default_rng(77)
    y, p, groups = rng.uniform(size=5000) < 0.3, rng.uniform(size=5000), rng.integers(0, 2, 5000)
    given = {"groups": groups, "num_groups": 2, "by_group": True, "subject_to": (GAP,)}
    for metric in (ss.recall, ss.specificity):
        found = ss.best_threshold(metric, y, p, **given)
        assert found.value == 1.0
        for k, threshold in enumerate(found.threshold):
            of = p[groups == k], y[groups == k]
            extreme = of[0][of[1]].min() if metric is ss.recall else of[0][~of[1]].max()
            assert (threshold <= extreme) if metric is ss.recall else (threshold > extreme)


def test_threshold_at_is_a_case():
    y, p, _, w, _ = draw(np.random.default_rng(76), 60)
    at = ss.threshold_at(ss.recall, ss.precision, 0.7, y, p, sample_weight=w)
    within = (ss.at_least(ss.precision, 0.7),)
    assert at == ss.best_threshold(ss.recall, y, p, sample_weight=w, subject_to=within)
    # Of one group.
    zeros = {"groups": np.zeros(60, int), "num_groups": 1}
    assert at == ss.best_threshold(ss.recall, y, p, sample_weight=w, subject_to=within, **zeros)
    several = (*within, ss.at_most(ss.false_positive_rate, 0.2), ss.at_least(ss.f1, 0.1))
    found = ss.best_threshold(ss.recall, y, p, sample_weight=w, subject_to=several)
    c = ss.confusion(y, p, thresholds=(*np.unique(p), 2.0), step=ss.Hard(), sample_weight=w)
    keep = (ss.precision(c) >= 0.7) & (ss.false_positive_rate(c) <= 0.2) & (ss.f1(c) >= 0.1)
    assert found.value == ss.recall(c)[keep].max()


def test_many_scores_are_searched_from_coarse_to_fine():
    """5000 scores of two groups: no more than 0.001 below the best of all pairs of cuts."""
    rng = np.random.default_rng(77)
    groups = (rng.uniform(size=5000) < 0.3).astype(int)
    y = rng.uniform(size=5000) < np.where(groups == 0, 0.3, 0.1)
    p = 1 / (1 + np.exp(-(rng.normal(size=5000) + 2 * y - 1.5 - 0.5 * groups)))
    given = {"groups": groups, "num_groups": 2, "by_group": True}
    bound = ss.at_most(ss.largest_gap(ss.predicted_positive_rate), 0.03)
    found = ss.best_threshold(ss.f1, y, p, subject_to=(bound,), **given)
    counts = []
    for k in (0, 1):
        own = y[groups == k][np.argsort(-p[groups == k])]
        tp, fp = (np.append(0.0, np.cumsum(x)) for x in (own, ~own))
        counts.append(np.stack([tp, fp, tp[-1] - tp, fp[-1] - fp]))
    many, few = counts
    share = ss.predicted_positive_rate(ss.Confusion(*many))
    best = 0.0
    for c in few.T:
        near = np.abs(share - (c[0] + c[1]) / c.sum()) <= 0.03
        best = max(best, ss.f1(ss.Confusion(*(many[:, near] + c[:, None]))).max())
    assert best - 0.001 < found.value <= best + SUMMED


# What cannot be kept, and what cannot be meant


def test_bounds_that_nothing_keeps():
    """Which fails, by how much, in which group; without checks nan."""
    y, groups = np.asarray([1, 0, 0, 1]), np.asarray([0, 0, 1, 1])
    p = np.asarray([0.3, 0.6, 0.2, 0.9])
    given = {"groups": groups, "num_groups": 2}
    search = partial(ss.best_threshold, ss.f1, y, p, **given)
    both = (ss.at_least(ss.recall, 0.9), ss.at_most(ss.false_positive_rate, 0.4))
    for each, where in ((False, "the closest threshold;"), (True, "thresholds that were found;")):
        with pytest.raises(ValueError, match=f"in group 0 at .*{where} .* the bound$") as caught:
            search(subject_to=both, by_group=each)
        assert "`subject_to` must be met at some threshold, got" in str(caught.value)
        with ss.checks(False):
            found = search(subject_to=both, by_group=each)
        assert np.all(np.isnan(found.threshold)) and np.isnan(found.value)
    gap = (ss.at_least(ss.recall, 0.5), ss.at_most(ss.largest_gap(ss.false_positive_rate), 0.9))
    with pytest.raises(ValueError, match=r"largest_gap\(false_positive_rate\) <= 0\.9, which is 1"):
        search(subject_to=gap, thresholds=(0.25,))


def test_groups_of_which_nothing_is_known_keep_every_bound():
    """A recall without positives; but at a cut without alarms a precision keeps none."""
    y, groups = np.asarray([1, 0, 0, 0]), np.asarray([0, 0, 1, 1])
    p = np.asarray([0.7, 0.6, 0.2, 0.9])
    given = {"groups": groups, "num_groups": 2}
    for each in (False, True):
        search = partial(ss.best_threshold, ss.accuracy, y, p, by_group=each, **given)
        assert search(subject_to=(ss.at_least(ss.recall, 0.9),)).value == (1.0 if each else 0.75)
        with pytest.raises(ValueError, match=r"precision >= 0\.9, which is 0 in group 1"):
            search(subject_to=(ss.at_least(ss.precision, 0.9),))


def test_what_each_group_comes_closest_by():
    """A precision of 3/4 where all of group 0 are called, 2/3 where three of group 1 are."""
    y, p = np.asarray([1, 1, 1, 0, 0, 1, 1, 0]), np.tile([0.1, 0.2, 0.3, 0.4], 2)
    groups = np.repeat([0, 1], 4)
    find = partial(ss.best_threshold, ss.f1, y, p, subject_to=(ss.at_least(ss.precision, 0.9),))
    given = {"groups": groups, "num_groups": 2}
    with pytest.raises(ValueError, match=r"is 0\.666667 in group 1 at the closest thresholds"):
        find(by_group=True, **given)
    with pytest.raises(ValueError, match=r"is 0\.666667 in group 0 at the closest threshold;"):
        find(**given)


def test_errors():
    y, p, groups, _, _ = draw(np.random.default_rng(79))
    search = partial(ss.best_threshold, ss.f1, y, p)
    given = {"groups": groups, "num_groups": NUMBER}
    with pytest.raises(TypeError, match=r"`subject_to` must be a tuple .* as \(constraint,\)"):
        search(subject_to=RECALL)
    with pytest.raises(TypeError, match=r"`subject_to\[0\]` must be at_most\(metric, bound\)"):
        search(subject_to=(ss.recall, 0.9))
    with pytest.raises(ValueError, match="`num_groups` must be at least 2 for largest_gap"):
        search(subject_to=(GAP,))
    with pytest.raises(ValueError, match="`num_groups` must be at least 2 for worst_group"):
        ss.best_threshold(ss.worst_group(ss.f1), y, p)
    with pytest.raises(ValueError, match="`groups` must be given where `num_groups` is"):
        search(num_groups=2)
    with pytest.raises(ValueError, match="`groups` must be given for a threshold of each group"):
        search(by_group=True)
    with pytest.raises(ValueError, match="`groups` must be given for a threshold of each group"):
        search(by_group=True, thresholds=(0.5,))
    with pytest.raises(ValueError, match="`groups` must hold group numbers below num_groups=1"):
        search(groups=groups, num_groups=1, by_group=True)
    with pytest.raises(ValueError, match=r"`groups` must have members of .*, got none of group 2"):
        search(groups=groups, num_groups=3, by_group=True)
    with pytest.raises(ValueError, match="`subject_to` must give one value for each threshold"):
        search(subject_to=(ss.at_least(ss.macro(ss.recall), 0.5),), **given)
    with pytest.raises(ValueError, match=r"tells apart at the best cut, got 60\.0 and 90"):
        z = np.asarray([60.0, 90.0, 0.0, 1.0])
        labels = np.asarray([0, 1, 0, 1])
        own = {"groups": np.asarray([0, 0, 1, 1]), "num_groups": 2, "by_group": True}
        ss.best_threshold(ss.f1, labels, z, from_logits=True, **own)


# Exact counts by group


def test_a_sweep_by_group(backend):
    """At the scores of all: the counts of hard steps there, and each group's exact area."""
    y, p, groups, w, keep = draw(np.random.default_rng(80), 40)

    def sweep(y, p, groups, w, keep):
        t, c = ss.sweep(y, p, groups=groups, num_groups=NUMBER, sample_weight=w, where=keep)
        return (t, *c, ss.auroc(c))

    t, *c, areas = backend.run(sweep, *map(backend.asarray, (y, p, groups, w, keep)))
    scores = backend.to_numpy(t)
    own = [[x[keep & (groups == k)] for x in (y, p, w)] for k in range(NUMBER)]
    for k, (of_y, of_p, of_w) in enumerate(own):
        expected = np.asarray([rates(of_y, of_w, of_p >= s) for s in scores])
        for x, of in zip(c, expected.T, strict=True):
            np.testing.assert_allclose(backend.to_numpy(x)[k], of, rtol=SUMMED, atol=1e-12)
        area = sklearn.roc_auc_score(of_y, of_p, sample_weight=of_w)
        assert backend.to_numpy(areas)[k] == pytest.approx(area, rel=SUMMED)


def test_exact_areas_by_group():
    y, p, groups, _, _ = draw(np.random.default_rng(81), 60, 3)
    rows = np.stack([y, 1 - y], axis=1), np.stack([p, p**2 / 2 + 0.1], axis=1)
    each = [sklearn.roc_auc_score(y[groups == k], p[groups == k]) for k in range(3)]
    given = {"groups": groups}
    assert ss.as_score(ss.largest_gap(ss.auroc), num_groups=3)(y, p, **given) == pytest.approx(
        max(each) - min(each), rel=SUMMED
    )
    both = ss.as_score(ss.largest_gap(ss.auroc), num_groups=3, axis=0).values(*rows, **given)
    np.testing.assert_allclose(both, [max(each) - min(each)] * 2, rtol=SUMMED)
    np.testing.assert_allclose(
        ss.as_score(ss.auroc, num_groups=3).values(y, p, **given), each, rtol=SUMMED
    )
