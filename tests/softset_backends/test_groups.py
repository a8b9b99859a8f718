"""The table of groups: against scikit-learn, fairlearn, closed forms, and known truth."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest

import softset as ss
from softset_backends import bootstrap_interval, group_report
from softset_backends.comparisons import (
    extreme,
    largest_difference,
    percentiles,
    smallest_quotient,
)
from tests.support import marks
from tests.support.referees import EXACT, sklearn

RNG = np.random.default_rng(0)
N = 600
SITE = RNG.choice(["north", "south", "east"], size=N, p=[0.5, 0.3, 0.2])
OLD = RNG.uniform(size=N) < 0.4
Y = RNG.uniform(size=N) < 0.4
P = np.clip(RNG.beta(2, 3, size=N) + 0.2 * Y, 0.01, 0.99)
WEIGHTS = RNG.uniform(0.2, 3.0, size=N)
F2 = partial(ss.fbeta, beta=2.0)
METRICS = {
    ss.recall: sklearn.recall_score,
    ss.precision: sklearn.precision_score,
    ss.accuracy: sklearn.accuracy_score,
    F2: partial(sklearn.fbeta_score, beta=2.0),
    ss.matthews_corrcoef: sklearn.matthews_corrcoef,
    ss.predicted_positive_rate: lambda y, d, sample_weight: np.average(d, weights=sample_weight),
}
NAMES = ["recall", "precision", "accuracy", "fbeta(beta=2.0)", "matthews_corrcoef"]
NAMES += ["predicted_positive_rate"]


def value(report, row, column):
    return report.data[row][column].value


@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn_finds_it_of_each_group(weighted):
    w = WEIGHTS if weighted else np.ones(N)
    given = {"sample_weight": w} if weighted else {}
    decided = P >= 0.45
    report = group_report(list(METRICS), Y, P, groups=SITE, threshold=0.45, resamples=20, **given)
    assert report.groups == ["east", "north", "south"] and report.metrics == NAMES
    for name, theirs in zip(NAMES, METRICS.values(), strict=True):
        expected = [
            theirs(Y[m], decided[m], sample_weight=w[m]) for m in (g == SITE for g in report.groups)
        ]
        found = [value(report, g, name) for g in report.groups]
        assert found == pytest.approx(expected, rel=EXACT)
        assert value(report, "all", name) == pytest.approx(
            theirs(Y, decided, sample_weight=w), rel=EXACT
        )
        assert value(report, "largest gap", name) == pytest.approx(np.ptp(expected), rel=EXACT)
        ratio = min(expected) / max(expected)
        assert value(report, "smallest ratio", name) == pytest.approx(ratio, rel=EXACT)
        if name == "predicted_positive_rate":  # neither many nor few are better
            assert report.worst[name] is None and np.isnan(value(report, "worst group", name))
        else:
            assert report.worst[name] == report.groups[int(np.argmin(expected))]
            assert value(report, "worst group", name) == pytest.approx(min(expected), rel=EXACT)
    for group in report.groups:
        m = group == SITE
        tn, fp, fn, tp = sklearn.confusion_matrix(Y[m], decided[m], sample_weight=w[m]).ravel()
        counts = {"n": tn + fp + fn + tp, "positives": fn + tp}
        counts |= {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
        found = {name: report.data[group][name] for name in counts}
        assert found == pytest.approx(counts, rel=EXACT)
    errors = group_report(ss.error_rate, Y, P, groups=SITE, resamples=20)
    assert errors.worst["error_rate"] == max(
        errors.groups, key=lambda g: value(errors, g, "error_rate")
    )


def test_as_fairlearn_finds_it():
    theirs = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    functions = {
        "recall": theirs.true_positive_rate,
        "false_positive_rate": theirs.false_positive_rate,
        "predicted_positive_rate": theirs.selection_rate,
    }
    report = group_report(
        [ss.recall, ss.false_positive_rate, ss.predicted_positive_rate],
        *(Y, P),
        groups=np.stack([SITE, OLD], axis=1),
        sample_weight=WEIGHTS,
        resamples=20,
    )
    frame = theirs.MetricFrame(
        metrics=functions,
        y_true=Y.astype(int),
        y_pred=(P >= 0.5).astype(int),
        sensitive_features={"site": SITE, "old": OLD.astype(str)},
        sample_params={name: {"sample_weight": WEIGHTS} for name in functions},
    )
    worst = {"recall": frame.group_min(), "false_positive_rate": frame.group_max()}
    for name in functions:
        assert {g: value(report, g, name) for g in report.groups} == pytest.approx(
            frame.by_group[name].to_dict(), rel=EXACT
        )
        assert value(report, "all", name) == pytest.approx(frame.overall[name], rel=EXACT)
        gap, ratio = frame.difference()[name], frame.ratio()[name]
        assert value(report, "largest gap", name) == pytest.approx(gap, rel=EXACT)
        assert value(report, "smallest ratio", name) == pytest.approx(ratio, rel=EXACT)
        if name in worst:
            expected = worst[name][name]
            assert value(report, "worst group", name) == pytest.approx(expected, rel=EXACT)


# The intervals


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_interval_of_a_group_is_that_of_its_examples_alone(weights):
    report = group_report(F2, Y, P, groups=SITE, sample_weight=weights, resamples=4000)
    for group in report.groups:
        m = group == SITE
        alone = bootstrap_interval(
            *(F2, Y[m], P[m]),
            sample_weight=None if weights is None else weights[m],
            resamples=4000,
        )
        # Another stream: the difference of two 2.5 % quantiles of 4000 draws is uncertain by 0.06
        # standard deviations, of which a 95 % interval has four: four times that.
        width = alone.high - alone.low
        np.testing.assert_allclose(
            report.data[group]["fbeta(beta=2.0)"], alone, rtol=0, atol=0.06 * width
        )


def shares_of(rates, number):
    """Return labels, scores and groups with these recalls of so many positives each."""
    found = np.round(np.asarray(rates) * number).astype(int)
    hit = np.concatenate([np.arange(number) < k for k in found])
    groups = np.repeat(np.arange(len(found)), number)
    return np.ones(hit.shape, dtype=int), np.where(hit, 0.9, 0.1), groups


def test_intervals_as_textbooks_have_them():
    """Of many examples all errors are normal, so that each interval has a closed form."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    number, rates = 4000, np.asarray([0.8, 0.7])
    y, p, groups = shares_of(rates, number)
    data = group_report(ss.recall, y, p, groups=groups, resamples=20_000).data
    # A quantile of 20000 draws is uncertain by 0.02 standard deviations of the two in a side.
    close = partial(pytest.approx, rel=0.03)
    error = np.sqrt(rates * (1 - rates) / number)
    z = stats.norm.ppf(0.975)
    gap = data["largest gap"]["recall"]
    assert gap.high - gap.value == close(z * np.hypot(*error))
    assert gap.value - gap.low == close(z * np.hypot(*error))
    ratio = data["smallest ratio"]["recall"]
    assert np.log(ratio.high / ratio.value) == close(z * np.hypot(*(error / rates)))
    assert np.log(ratio.value / ratio.low) == close(z * np.hypot(*(error / rates)))
    of_all = data["all"]["recall"]
    assert of_all.high - of_all.low == close(z * np.hypot(*error))  # half of twice
    worst = data["worst group"]["recall"]
    z_of_two = stats.norm.ppf((1 + np.sqrt(0.95)) / 2)
    assert worst.high - worst.low == close(2 * z_of_two * error[1])
    # All pairs of four groups of one variance: Tukey's studentized range.
    y, p, groups = shares_of([0.8, 0.8, 0.2, 0.2], number)
    gap = group_report(ss.recall, y, p, groups=groups, resamples=20_000).data["largest gap"]
    assert gap["recall"].high - gap["recall"].value == close(
        stats.studentized_range.ppf(0.95, 4, np.inf) * np.sqrt(0.16 / number)
    )


def test_all_pairs_of_unlike_groups_written_plainly():
    rng = np.random.default_rng(3)
    values, error = np.asarray([0.3, 0.5, 0.9, 0.6]), np.asarray([0.1, 0.02, 0.05, 0.0])
    draws = values + error * rng.normal(size=(500, 4))
    draws[:100, 1] = np.nan  # resamples without positives
    spread = [
        np.mean([(x - v) ** 2 for x in d if x == x]) for v, d in zip(values, draws.T, strict=True)
    ]
    pairs = [(i, j, np.sqrt(spread[i] + spread[j])) for i, j in combinations(range(4), 2)]
    largest = []
    for draw in draws - values:
        several = [abs(draw[i] - draw[j]) / s for i, j, s in pairs]
        largest.append(max(x for x in several if x == x))
    c = np.quantile(largest, 0.9)
    ends = [(abs(values[i] - values[j]), c * s) for i, j, s in pairs]
    expected = max(0, max(d - r for d, r in ends)), max(d + r for d, r in ends)
    assert largest_difference(values, draws, 0.9) == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize(
    ("rates", "number", "naive"),
    marks.quick_first(((0.8, 0.8), 200, 0.19), ((0.8, 0.6), 200, 0.91), ((0.7,) * 6, 150, 0.0)),
)
def test_interval_of_a_gap_covers_the_truth_as_often_as_it_says(rates, number, naive):
    """And percentiles of the gaps of resamples do not where groups are equal, as the docs say."""
    rng = np.random.default_rng(5)
    gap, ratio, worst = np.ptp(rates), min(rates) / max(rates), min(rates)
    inside = np.zeros(4)
    for _ in range(400):
        values = rng.binomial(number, rates) / number
        draws = rng.binomial(number, values, size=(300, len(rates))) / number
        ends = [
            (*largest_difference(values, draws, 0.9), gap),
            (*smallest_quotient(values, draws, 0.9), ratio),
            (*extreme(draws, 0.9, largest=False), worst),
            (*percentiles(np.ptp(draws, axis=1), 0.9), gap),
        ]
        inside += [low - EXACT <= true <= high + EXACT for low, high, true in ends]
    # 3.5 standard deviations of 400 tosses are 0.0525.
    np.testing.assert_allclose(inside[:2] / 400, 0.9, rtol=0, atol=0.0525)
    assert inside[2] / 400 >= 0.9 - 0.0525  # on the safe side where groups are equal
    assert inside[3] / 400 == pytest.approx(naive, abs=0.07)


def test_seed_confidence_and_order():
    report = group_report([ss.recall, ss.f1], Y, P, groups=SITE)
    assert group_report([ss.recall, ss.f1], Y, P, groups=SITE, seed=0) == report
    assert (
        group_report(ss.f1, Y, P, groups=SITE, seed=0).data["all"]["f1"]
        == (report.data["all"]["f1"])
    )
    assert group_report(ss.f1, Y, P, groups=SITE, seed=1).data["all"]["f1"].low != (
        report.data["all"]["f1"].low
    )
    order = np.random.default_rng(112).permutation(N)
    assert group_report([ss.recall, ss.f1], Y[order], P[order], groups=SITE[order]) == report
    narrow = group_report([ss.recall, ss.f1], Y, P, groups=SITE, confidence=0.5)
    for row in narrow.data:
        one, other = narrow.data[row]["recall"], report.data[row]["recall"]
        assert other.low <= one.low <= one.value <= one.high <= other.high


# What is left out


def test_groups_of_which_a_metric_is_undefined_are_left_out():
    y = np.where(SITE == "south", 0, Y)
    report = group_report([ss.recall, ss.accuracy], y, P, groups=SITE, resamples=50)
    assert np.isnan(report.data["south"]["recall"]).all()
    assert not np.isnan(report.data["south"]["accuracy"]).any()
    numbers = np.unique(SITE, return_inverse=True)[1]
    c = ss.confusion(y, P, step=ss.Hard(), groups=numbers, num_groups=3)
    for row, across in (
        ("largest gap", ss.largest_gap),
        ("smallest ratio", ss.smallest_ratio),
        ("worst group", ss.worst_group),
    ):
        expected = float(across(ss.recall)(c))
        assert value(report, row, "recall") == pytest.approx(expected, rel=EXACT)
    [line] = [x for x in str(report).splitlines() if x.strip().startswith("south")]
    assert line.count("[") == 1  # the recall's cell is blank
    # A value that was chosen counts; so there is a group with a rate of 0, and no ratio's interval.
    name = "recall(zero_division=0.0)"
    given = group_report(partial(ss.recall, zero_division=0.0), y, P, groups=SITE, resamples=50)
    assert given.data["south"][name] == (0.0, 0.0, 0.0) and given.worst[name] == "south"
    assert np.isnan(given.data["smallest ratio"][name]).tolist() == [False, True, True]
    # One group that is left has no gap.
    y = np.where(SITE == "east", Y, 0)
    report = group_report(ss.recall, y, P, groups=SITE, resamples=50)
    assert np.isnan([report.data[row]["recall"] for row in list(report.data)[4:]]).all()
    assert report.worst == {"recall": None}


def test_resamples_of_which_a_metric_is_undefined_are_left_out():
    """One positive in four: (3 / 4)**4 = 32 % of the resamples have none."""
    y, p = np.asarray([1, 0, 0, 0] * 2), np.asarray([0.9, 0.1, 0.1, 0.1] * 2)
    data = group_report(ss.recall, y, p, groups=[0] * 4 + [1] * 4).data
    assert data[0]["recall"] == (1.0, 1.0, 1.0)
    one = group_report(ss.recall, y, p, groups=[0] * 4 + [1] * 4, resamples=1, seed=3).data
    assert np.isnan(one[1]["recall"]).tolist() == [False, True, True]


def test_metric_that_is_infinite_in_some_resamples():
    """An interval's end is infinite; a gap of infinite values is nothing."""

    def bounded(c):
        return np.minimum(ss.diagnostic_odds_ratio(c), 1e9)

    y = np.repeat([1, 1, 0, 0] * 2, [8, 3, 3, 9, 7, 2, 4, 9])
    p = np.repeat([0.9, 0.2, 0.7, 0.1] * 2, [8, 3, 3, 9, 7, 2, 4, 9])
    site = np.repeat(["a", "b"], [23, 22])
    report = group_report([ss.diagnostic_odds_ratio, bounded], y, p, groups=site)
    for label in ("a", "b", "all"):
        value, low, high = report.data[label]["diagnostic_odds_ratio"]
        end = report.data[label]["bounded"]
        assert (value, low) == end[:2] and np.isfinite(value)
        assert high == (np.inf if end.high == 1e9 else end.high)
    assert report.data["a"]["diagnostic_odds_ratio"].high == np.inf
    gap = report.data["largest gap"]["diagnostic_odds_ratio"]
    assert gap.value == pytest.approx(8 - 7.875, rel=EXACT) and np.isnan(gap[1:]).all()
    worst = report.data["worst group"]["diagnostic_odds_ratio"]
    assert report.worst["diagnostic_odds_ratio"] == "b" and worst.high == np.inf
    assert "inf]" in str(report)


def test_metric_of_ones_own():
    def cost(c):
        return (5 * c.fn + c.fp) / (c.tp + c.fp + c.fn + c.tn)

    report = group_report([cost, ss.matthews_corrcoef], 1 - Y, P, groups=SITE, resamples=50)
    costs = [value(report, g, "cost") for g in report.groups]
    assert value(report, "largest gap", "cost") == pytest.approx(np.ptp(costs), rel=EXACT)
    assert report.worst["cost"] is None  # whether more is better nobody said
    assert np.isnan(value(report, "smallest ratio", "matthews_corrcoef"))  # below 0


# Labels and tables


def test_labels_of_any_kind():
    expected = group_report(ss.f1, Y, P, groups=SITE, resamples=50)
    numbers = np.unique(SITE, return_inverse=True)[1]
    for labels in (list(SITE), SITE.astype(object), 7 - numbers, numbers == 1):
        report = group_report(ss.f1, Y, P, groups=labels, resamples=50)
        for label in report.groups:
            mask = np.asarray(labels) == label
            assert report.data[label]["n"] == mask.sum()
        assert value(report, "all", "f1") == value(expected, "all", "f1")
    both = np.empty((N, 2), dtype=object)
    both[:, 0], both[:, 1] = SITE, numbers % 2
    report = group_report(ss.f1, Y, P, groups=both, resamples=50)
    assert report.groups == [("east", 0), ("north", 1), ("south", 0)]  # those that occur
    assert [row["f1"] for row in report.data.values()] == [
        row["f1"] for row in expected.data.values()
    ]
    assert "east, 0" in str(report)
    at = np.asarray([0.3, 0.5, 0.6])[numbers]
    cut = group_report(ss.f1, Y, P, groups=SITE, threshold=at, resamples=50)
    for group, t in zip(cut.groups, (0.3, 0.5, 0.6), strict=True):
        m = group == SITE
        expected = sklearn.f1_score(Y[m], P[m] >= t)
        assert value(cut, group, "f1") == pytest.approx(expected, rel=EXACT)
    z = np.log(P / (1 - P))
    assert group_report(ss.f1, Y, z, groups=SITE, threshold=at, from_logits=True, resamples=50) == (
        cut
    )


def test_pandas():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    data = pandas.DataFrame({"site": SITE, "old": OLD, "y": Y, "p": P})
    report = group_report(
        *([ss.recall, ss.f1], data.y, data.p),
        groups=data[["site", "old"]],
        resamples=50,
    )
    frame = report.to_pandas()
    assert list(frame.index) == list(report.data) and frame.index[0] == ("east", False)
    assert set(frame.dtypes) == {np.dtype(np.float64)}
    for row, cells in report.data.items():
        for name in ("recall", "f1"):
            np.testing.assert_array_equal(frame.loc[[row], name].to_numpy()[0], cells[name])
    by_hand = data.groupby(["site", "old"]).y.agg(["size", "sum"])
    np.testing.assert_array_equal(frame[["n", "positives"]].to_numpy()[:6], by_hand)


def test_resamples_are_drawn_from_counts_and_not_from_rows(monkeypatch):
    """One draw for each group, of the four kinds of examples that it has."""
    drawn = []
    real = np.random.default_rng

    class Spy:
        def __init__(self, seed):
            self.rng = real(seed)

        def multinomial(self, number, shares, size):
            drawn.append((int(number), len(shares)))
            return self.rng.multinomial(number, shares, size=size)

    monkeypatch.setattr(np.random, "default_rng", Spy)
    group_report(ss.f1, Y, P, groups=SITE, resamples=50)
    sizes = [int((group == SITE).sum()) for group in ("east", "north", "south")]
    assert drawn == [(size, 4) for size in sizes]


def test_errors():
    report = partial(group_report, ss.recall, Y, P)
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        group_report("recall", Y, P, groups=SITE)
    for metrics in ([], [ss.recall, ss.recall], [lambda c: c.tp, lambda c: c.fp]):
        with pytest.raises(ValueError, match="`metrics` must hold at least one, with names that"):
            group_report(metrics, Y, P, groups=SITE)
    for metric in (ss.macro(ss.recall), ss.largest_gap(ss.recall), ss.auroc):
        with pytest.raises(ValueError, match="`metrics` must be of the four counts of one group"):
            group_report(metric, Y, P, groups=SITE)
    with pytest.raises(ValueError, match=r"`metrics` must be .*, got multiclass_accuracy"):
        group_report(ss.multiclass_accuracy, Y, P, groups=SITE)
    with pytest.raises(ValueError, match="`metric` must be elementwise over the counts"):
        group_report(lambda c: c.tp.sum(), Y, P, groups=SITE)
    for groups in (SITE[:5], "north", np.zeros((N, 0), dtype=int), np.zeros((N, 2, 2), dtype=int)):
        with pytest.raises(ValueError, match=r"`groups` must have shape \(600,\) or \(600, k\)"):
            report(groups=groups)
    with pytest.raises(ValueError, match=r"`groups` must hold two groups .*, got 'a' alone"):
        report(groups=["a"] * N)
    with pytest.raises(ValueError, match=r"none of them called all, largest gap, .*, got 'all'"):
        report(groups=np.where(OLD, "all", "young"))
    missing = SITE.astype(object)
    missing[3] = None
    for groups in (P, missing, np.where(OLD, np.nan, SITE.astype(object)), [1, "a"] * 300):
        given = np.asarray(groups, dtype=object if isinstance(groups, list) else None)
        with pytest.raises(TypeError, match="`groups` must hold integers, strings or booleans"):
            report(groups=given)
    with pytest.raises(ValueError, match=r"`y_prob` must have shape \(n,\), got \(300, 2\)"):
        group_report(ss.recall, Y.reshape(-1, 2), P.reshape(-1, 2), groups=SITE)
    with pytest.raises(ValueError, match="`confidence` must lie strictly between 0 and 1"):
        report(groups=SITE, confidence=95)
    with pytest.raises(ValueError, match="`resamples` must be an integer of at least 1"):
        report(groups=SITE, resamples=0)
    with pytest.raises(ValueError, match="if these are logits pass from_logits=True"):
        group_report(ss.recall, Y, 10 * P, groups=SITE)
