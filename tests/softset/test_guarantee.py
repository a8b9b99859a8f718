"""Bounds that hold in the population: against scipy, by simulation, and what cannot be shown."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from softset.metrics import proportions
from softset.thresholds.binomial import least_rows, shown, tolerated
from tests.support import marks
from tests.support.referees import assert_close

CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE
BUDGET = ss.at_most(ss.predicted_positive_rate, 0.3)
ENOUGH = ss.at_least(ss.predicted_positive_rate, 0.3)


def draw(rng, n, a=0.2, b=0.4):
    """Return labels, and the probabilities that they are drawn with."""
    p = rng.beta(a, b, size=n)
    return (rng.uniform(size=n) < p).astype(int), p


@pytest.mark.parametrize("level", [0.5, 0.05, 1e-6])
@pytest.mark.parametrize("bad", [1e-6, 1e-3, 0.01, 0.2, 0.5, 0.8, 0.99])
def test_exact_binomial_tails(bad, level):
    """As many as scipy's tail allows, step by step and by leaps, up to 10^6 rows."""
    binom = pytest.importorskip("scipy.stats", reason="SciPy is not installed").binom
    for rows in (np.arange(400), np.arange(99_000, 99_600), np.asarray([5, 900, 10**5, 10**6])):
        most = np.asarray(tolerated(map(int, rows), bad, 1 - bad, level))
        # The level is met but for rounding; one row more is above it, unless there is none.
        assert np.all((most < 0) | (binom.cdf(most, rows, bad) <= level * (1 + 2e-9)))
        assert np.all((most == rows) | (binom.cdf(most + 1, rows, bad) > level))
    few = least_rows(1 - bad, level)
    assert (1 - bad) ** few <= level * (1 + 2e-9) and (few == 1 or (1 - bad) ** (few - 1) > level)


def test_bounds_of_clopper_and_pearson():
    beta = pytest.importorskip("scipy.stats", reason="SciPy is not installed").beta
    for rows, number in ((1, 0), (14, 0), (56, 8), (10, 9), (10**5, 2000)):
        expected = beta.ppf(CONFIDENCE, number + 1, rows - number)
        assert shown(rows, number, LEVEL) == pytest.approx(expected, rel=1e-10)
    assert shown(3, 3, LEVEL) == 1


@pytest.mark.parametrize("name", proportions.NAMES)
def test_proportions_are_what_the_metrics_say(name):
    c = ss.Confusion(*np.random.default_rng(0).integers(1, 50, size=(4, 20)))
    metric = getattr(ss, name)
    fixed = ss.at_most(partial(metric, zero_division=1.0), 0.5).metric
    for one in (metric, fixed):
        names = proportions.proportion_of(one)
        counted, rows = (sum(getattr(c, x) for x in of) for of in names)
        np.testing.assert_allclose(metric(c), counted / rows, rtol=1e-15)


def test_others_are_none():
    for metric in (ss.f1, ss.accuracy, ss.prevalence, lambda c: c.tp / (c.tp + c.fp)):
        assert proportions.proportion_of(metric) is None
    for wrapped in (ss.macro(ss.recall), ss.largest_gap(ss.recall)):
        assert proportions.proportion_of(wrapped) is None


def counts_at(cuts, y, p):
    """Return the counts at cuts, one by one."""
    of = ((1, True), (0, True), (1, False), (0, False))
    kinds = [[np.sum((y == a) & ((p >= t) == b)) for t in cuts] for a, b in of]
    return ss.Confusion(*np.asarray(kinds))


def by_hand(counted, rows, bad, tested, level=LEVEL):
    """Return which cuts are passed, in the order of testing, by scipy's tails."""
    binom = pytest.importorskip("scipy.stats", reason="SciPy is not installed").binom
    passed, ended = np.zeros(len(rows), bool), False
    for i in range(len(rows)):
        if tested[i] and not ended:
            ended = binom.cdf(counted[i], rows[i], bad) > level
            passed[i] = not ended
    return passed


# Whether the strict side is where few are called positive, what is bad of which rows, and how much.
RATES = {
    "recall": (ss.at_least(ss.recall, 0.8), False, ["fn"], ["tp", "fn"], 0.2),
    "few found": (ss.at_most(ss.recall, 0.6), True, ["tp"], ["tp", "fn"], 0.6),
    "false alarms": (ss.at_most(ss.false_positive_rate, 0.1), True, ["fp"], ["fp", "tn"], 0.1),
    "specificity": (ss.at_least(ss.specificity, 0.9), True, ["fp"], ["fp", "tn"], 0.1),
    "budget": (BUDGET, True, ["tp", "fp"], ss.Confusion._fields, 0.3),
    "enough": (ENOUGH, False, ["fn", "tn"], ss.Confusion._fields, 0.7),
    "precision": (ss.at_least(ss.precision, 0.8), True, ["fp"], ["tp", "fp"], 0.2),
    "discoveries": (ss.at_most(ss.false_discovery_rate, 0.2), True, ["fp"], ["tp", "fp"], 0.2),
    "omissions": (ss.at_most(ss.false_omission_rate, 0.2), False, ["fn"], ["tn", "fn"], 0.2),
    "npv": (ss.at_least(ss.negative_predictive_value, 0.8), False, ["fn"], ["tn", "fn"], 0.2),
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", RATES)
def test_as_tested_one_by_one(name, ties):
    """The best accuracy among the cuts that a loop over them passes."""
    constraint, from_top, bad, rows, share = RATES[name]
    y, p = draw(np.random.default_rng(1), 500)
    p = np.round(p, 1) if ties else p
    cuts = [*np.unique(p), np.inf][:: -1 if from_top else 1]
    c = counts_at(cuts, y, p)
    number = sum(getattr(c, x) for x in rows)
    start = 0 if len(set(number)) == 1 else 25  # 5 % of 500, more than 14 rows and less than 56
    wrong = sum(getattr(c, x) for x in bad)
    passed = by_hand(wrong, number, share, number >= start)
    assert 1 < passed.sum() < len(cuts)
    found = ss.best_threshold(ss.accuracy, y, p, subject_to=(constraint,), confidence=CONFIDENCE)
    assert found.value == np.max(ss.accuracy(c)[passed])


def test_on_every_library(backend):
    y, p = draw(np.random.default_rng(2), 300)
    bounds = (ss.at_least(ss.precision, 0.7), ss.at_least(ss.recall, 0.6))
    find = partial(ss.best_threshold, ss.f1, subject_to=bounds, confidence=0.9)
    found = find(*map(backend.asarray, (y, p)))
    for x, expected in zip(found, find(y, p), strict=True):
        assert_close(x, expected, backend)


def test_each_class_by_itself():
    """Two bounds with half of the error each, and a mask."""
    rng = np.random.default_rng(2)
    y, p = draw(rng, (600, 2))
    keep = rng.uniform(size=p.shape) < 0.9
    bounds = (ss.at_least(ss.precision, 0.7), ss.at_least(ss.recall, 0.6))
    find = partial(ss.best_threshold, ss.recall, subject_to=bounds)
    found = find(y, p, where=keep, axis=0, confidence=0.9)
    for i in range(2):
        of_class = [x[keep[:, i], i] for x in (y, p)]
        assert found.threshold[i] == find(*of_class, confidence=0.9).threshold
        # The bound on precision is what stops it.
        alone = ss.threshold_at(ss.recall, ss.precision, 0.7, *of_class, confidence=0.95)
        assert found.threshold[i] == alone.threshold


def test_many_cuts_by_a_table():
    """More rows than are read one by one."""
    y, p = draw(np.random.default_rng(3), 20_000)
    found = ss.threshold_at(ss.recall, ss.precision, 0.8, y, p, confidence=CONFIDENCE)
    binom = pytest.importorskip("scipy.stats", reason="SciPy is not installed").binom
    right, number = np.cumsum(y[np.argsort(-p)]), np.arange(1, len(p) + 1)
    tail = binom.cdf(number - right, number, 0.2)
    # From 4 * 14 rows on at half of the level, and at all of it from there to 5 % on.
    second = int((56 * 1000) ** 0.5)
    assert np.all(tail[55:second] <= LEVEL / 2)
    failed = (tail > LEVEL) & (number >= second)
    assert found.value == right[np.argmax(failed) - 1] / right[-1]


@pytest.mark.parametrize("early", [False, True])
def test_two_searches(early):
    """A first cut that fails leaves half of the level to the second search, in 2000 rows."""
    y, p = draw(np.random.default_rng(4), 2000)
    order = np.argsort(-p)
    y[order[:100]] = 1
    y[order[:21:3]] = early
    binom = pytest.importorskip("scipy.stats", reason="SciPy is not installed").binom
    right, number = np.cumsum(y[order]), np.arange(1, len(p) + 1)
    tail, second = binom.cdf(number - right, number, 0.2), int((56 * 100) ** 0.5)
    assert (tail[55] <= LEVEL / 2) == early
    failed = (tail > (LEVEL if early else LEVEL / 2)) & (number >= second)
    found = ss.threshold_at(ss.recall, ss.precision, 0.8, y, p, confidence=CONFIDENCE)
    assert found.value == right[np.argmax(failed) - 1] / right[-1]


HOLDS = {
    "recall": (ss.precision, (ss.at_least(ss.recall, 0.8),)),
    "false alarms": (ss.recall, (ss.at_most(ss.false_positive_rate, 0.1),)),
    "precision": (ss.recall, (ss.at_least(ss.precision, 0.8),)),
    "both": (ss.recall, (ss.at_least(ss.precision, 0.75), ss.at_least(ss.recall, 0.7))),
}


@pytest.mark.parametrize(
    ("name", "n", "digits"),
    marks.quick_first(
        *(("precision", n, digits) for n, digits in ((300, 9), (2000, 9), (300, 1), (2000, 2))),
        *(("recall", 300, 9), ("false alarms", 2000, 9), ("both", 2000, 9)),
    ),
)
def test_holds_in_the_population_as_often_as_it_says(name, n, digits):
    """Missed in 5 % of 400 draws at most, give or take three standard deviations."""
    metric, bounds = HOLDS[name]
    rng, missed = np.random.default_rng(4), {None: 0, CONFIDENCE: 0}
    y, p = draw(rng, 1_000_000)
    p = np.round(p, digits)
    order = np.argsort(-p)
    scores, right = -p[order], np.append(0, np.cumsum(y[order]))
    for _ in range(400):
        y, p = draw(rng, n)
        for confidence in missed:
            try:
                found = ss.best_threshold(
                    metric, y, np.round(p, digits), subject_to=bounds, confidence=confidence
                )
            except ValueError:  # nothing is promised
                continue
            number = np.searchsorted(scores, -found.threshold, side="right")
            tp, fn = right[number], right[-1] - right[number]
            c = ss.Confusion(tp, number - tp, fn, len(scores) - number - fn)
            values = [(one.metric(c), one.bound, one.is_upper) for one in bounds]
            missed[confidence] += any(v > b if upper else v < b for v, b, upper in values)
    assert missed[CONFIDENCE] <= 400 * LEVEL + 3 * (400 * LEVEL * CONFIDENCE) ** 0.5
    assert missed[None] > 3 * 400 * LEVEL or digits == 1  # the test sees misses


def test_what_cannot_be_shown():
    """By name, with the reason and the way out."""
    y, p = draw(np.random.default_rng(5), 200)
    at = partial(ss.threshold_at, ss.recall, ss.precision, 0.8, y, p)
    for wrong in (0.3, 1, 95, True, "0.95"):
        with pytest.raises(ValueError, match=r"`confidence` must lie in \[0.5, 1\), as 0.95, got"):
            at(confidence=wrong)
    with pytest.raises(ValueError, match=r"`confidence` is that of the bounds.*threshold_interval"):
        ss.best_threshold(ss.f1, y, p, confidence=CONFIDENCE)
    with pytest.raises(ValueError, match="counts rows, each as one, got `sample_weight`"):
        at(confidence=CONFIDENCE, sample_weight=p)
    for metric in (ss.f1, ss.accuracy, lambda c: c.tp):
        with pytest.raises(
            ValueError, match=r"`bound` with `confidence` takes bounds on recall, .*"
        ):
            ss.threshold_at(ss.recall, metric, 0.8, y, p, confidence=CONFIDENCE)
    with pytest.raises(
        ValueError, match="strictly between 0 and 1 with `confidence`, got recall >"
    ):
        ss.threshold_at(ss.precision, ss.recall, 1, y, p, confidence=CONFIDENCE)
    with pytest.raises(
        ValueError, match=r"strictly between 0 and 1 .* false_positive_rate <= 1e-30"
    ):
        ss.threshold_at(ss.recall, ss.false_positive_rate, 1e-30, y, p, confidence=CONFIDENCE)
    with pytest.raises(
        ValueError, match="must hold labels of 0 or 1 with `confidence`, got others"
    ):
        ss.threshold_at(ss.recall, ss.precision, 0.8, p, p, confidence=CONFIDENCE)
    groups = {"groups": y, "num_groups": 2, "confidence": CONFIDENCE}
    gap = (ss.at_most(ss.largest_gap(ss.recall), 0.1),)
    with pytest.raises(ValueError, match=r"`subject_to` with.*got largest_gap\(recall\); bound"):
        ss.best_threshold(ss.f1, y, p, subject_to=gap, **groups)
    with pytest.raises(ValueError, match=r"is that of one threshold, got by_group=True; choose"):
        ss.best_threshold(ss.f1, y, p, subject_to=(BUDGET,), by_group=True, **groups)
    with ss.checks(False), pytest.raises(ValueError, match="`thresholds` must increase with"):
        at(confidence=CONFIDENCE, thresholds=np.asarray([0.6, 0.4]))


def test_what_is_missing():
    """Rows, or what the first cut would have to show; with the checks off it is nan."""
    y, p = draw(np.random.default_rng(5), 200)
    find = partial(ss.threshold_at, confidence=CONFIDENCE)
    with pytest.raises(
        ValueError, match=r"got recall >= 0.99 of \d+ positives, and it takes 299 at"
    ):
        find(ss.precision, ss.recall, 0.99, y, p)
    # The first cut that is tested is the strictest that calls 99, and no scores are tied.
    first = 1 - p >= np.sort(1 - p)[-99]
    wrong, number = int(np.sum(1 - y[first])), int(np.sum(first))
    assert number == 99
    match = f"got precision >= 0.97, against which {wrong} of 99 rows that are called positive"
    with pytest.raises(ValueError, match=match) as refused:
        find(ss.recall, ss.precision, 0.97, y, 1 - p)
    assert f"they show at least {1 - shown(number, wrong, LEVEL):.4g};" in str(refused.value)
    with pytest.raises(ValueError, match="they show at most"):
        find(ss.recall, ss.false_discovery_rate, 0.03, y, 1 - p)
    match = "of 5 rows that are called positive, and it takes 14 at least; take more rows"
    with pytest.raises(ValueError, match=match):
        find(ss.recall, ss.precision, 0.8, y, p, thresholds=(float(np.sort(p)[-5]),))
    bounds = (ss.at_least(ss.precision, 0.95), ss.at_least(ss.recall, 0.9))
    with pytest.raises(ValueError, match="each of which can be shown, but at no common threshold"):
        ss.best_threshold(ss.f1, np.tile(y, 20), np.tile(p, 20), subject_to=bounds, confidence=0.9)
    with ss.checks(False):
        assert np.all(np.isnan(find(ss.precision, ss.recall, 0.99, y, p)))
    two = np.stack([y, 0 * y], axis=1), np.stack([p, p], axis=1)
    with pytest.raises(
        ValueError, match=r"0.95 of class 1, got recall >= 0.8 of 0 positives, and it"
    ):
        find(ss.precision, ss.recall, 0.8, *two, axis=0)


@pytest.mark.parametrize("name", ["precision", "recall"])
def test_every_group_has_to_show_it(name):
    """A rate of predicted positives by half of the error in each of two groups; recall by all."""
    constraint, from_top, bad, rows, share = RATES[name]
    level, start = (LEVEL / 2, 50) if name == "precision" else (LEVEL, 0)  # 5 % of 1000 rows
    y, p = draw(np.random.default_rng(6), 2000)
    groups = np.arange(2000) % 2
    cuts = [*np.unique(p), np.inf][:: -1 if from_top else 1]
    passed = np.ones(len(cuts), bool)
    for k in range(2):
        c = counts_at(cuts, y[groups == k], p[groups == k])
        wrong, number = (sum(getattr(c, x) for x in names) for names in (bad, rows))
        passed &= by_hand(wrong, number, share, number >= start, level)
    given = {"subject_to": (constraint,), "groups": groups, "confidence": CONFIDENCE}
    found = ss.best_threshold(ss.accuracy, y, p, num_groups=2, **given)
    assert 1 < passed.sum() < len(cuts)
    assert found.value == np.max(ss.accuracy(counts_at(cuts, y, p))[passed])
    match = rf"{name} >= 0.8 of 0 .*positive.* in group 2, and it takes"
    with pytest.raises(ValueError, match=match):
        ss.best_threshold(ss.accuracy, y, p, num_groups=3, **given)
