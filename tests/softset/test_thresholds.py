"""Thresholds: against every cut by brute force, scikit-learn, torchmetrics and theory."""

import math
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import TRACED
from tests.support.referees import (
    EXACT,
    SUMMED,
    assert_array,
    assert_close,
    labels_and_scores,
    sklearn,
)

Y, P = labels_and_scores(120, seed=31)
SCORES = {"distinct": P, "tied": np.round(P, 1)}
WEIGHTS = {"plain": None, "weighted": np.random.default_rng(32).uniform(0.1, 3.0, size=Y.shape)}
F2 = partial(ss.fbeta, beta=2.0)
METRICS = {
    "f1": (ss.f1, sklearn.f1_score),
    "f2": (F2, partial(sklearn.fbeta_score, beta=2)),
    "mcc": (ss.matthews_corrcoef, sklearn.matthews_corrcoef),
    "balanced accuracy": (ss.balanced_accuracy, sklearn.balanced_accuracy_score),
}


def by_brute_force(score, y, p, w=None):
    """Return the best value of a scikit-learn metric over all sets a threshold can give."""
    return max(score(y, p >= t, sample_weight=w) for t in (*np.unique(p), 2.0))


@pytest.mark.filterwarnings("ignore:.*y_pred contains classes not in y_true")
@marks.combined(name=METRICS, scores=SCORES, weights=WEIGHTS)
def test_no_cut_is_better(backend, name, scores, weights):
    (metric, reference), scores, weights = METRICS[name], SCORES[scores], WEIGHTS[weights]
    arrays = [backend.asarray(x) for x in (Y, scores, weights) if x is not None]
    threshold, value = backend.run(
        lambda y, p, *w: tuple(ss.best_threshold(metric, y, p, sample_weight=w[0] if w else None)),
        *arrays,
    )
    assert_close(value, by_brute_force(reference, Y, scores, weights), backend, SUMMED)
    at = assert_array(threshold, backend, "float64", ())
    assert reference(Y, scores >= at, sample_weight=weights) == pytest.approx(
        float(backend.to_numpy(value)), rel=SUMMED
    )


def test_each_class_gets_its_own(backend):
    """axis=0; with a mask over NaN, the same as each class alone without the masked rows."""
    y, p = labels_and_scores((60, 3), seed=8)
    keep = np.random.default_rng(9).uniform(size=p.shape) < 0.7
    arrays = [backend.asarray(x) for x in (y, np.where(keep, p, np.nan), keep)]
    found = backend.run(
        lambda y, p, m: tuple(ss.best_threshold(ss.f1, y, p, where=m, axis=0)), *arrays
    )
    columns = [ss.best_threshold(ss.f1, y[m, i], p[m, i]) for i, m in enumerate(keep.T)]
    for x, expected in zip(found, np.asarray(columns).T, strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_undefined_cuts_do_not_compete_in_any_class(backend):
    """Below all scores no class has a negative predictive value."""
    y = np.asarray([[0, 1], [1, 0], [0, 0], [1, 1]])
    p = np.repeat(np.asarray([0.2, 0.4, 0.6, 0.8])[:, None], 2, axis=1)
    # From the second cut on it is 1, 1/2, 2/3 and 1/2 of the first class, 0, 1/2, 2/3 and 1/2 of
    # the second.
    found = backend.run(
        lambda y, p: tuple(ss.best_threshold(ss.negative_predictive_value, y, p, axis=0)),
        *map(backend.asarray, (y, p)),
    )
    for x, expected in zip(found, ([0.3, 0.7], [1.0, 2 / 3]), strict=True):
        assert_close(x, expected, backend)


def test_logits_give_a_probability(backend):
    z = np.log(P / (1 - P))
    found = backend.run(
        lambda y, z: tuple(ss.best_threshold(ss.f1, y, z, from_logits=True)),
        *map(backend.asarray, (Y, z)),
    )
    for x, expected in zip(found, ss.best_threshold(ss.f1, Y, P), strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_given_candidates(backend):
    """The first of the best, per class too, from a tuple and from an array."""
    y, p = labels_and_scores((60, 3), seed=8)
    for given in (ss.grid(19), backend.asarray(np.asarray(ss.grid(19)))):
        best = partial(ss.best_threshold, ss.f1, thresholds=given, axis=0)
        found = backend.run(lambda y, p, f=best: tuple(f(y, p)), *map(backend.asarray, (y, p)))
        values = ss.f1(ss.confusion(y, p, thresholds=ss.grid(19), step=ss.Hard(), axis=0))
        assert_close(found[0], np.asarray(ss.grid(19))[values.argmax(axis=1)], backend)
        assert_close(found[1], values.max(axis=1), backend)


def test_smaller_is_better():
    cost = partial(ss.expected_cost, fp=1.0, fn=5.0)
    threshold, value = ss.best_threshold(cost, Y, P)
    costs = [cost(ss.confusion(Y, P, threshold=t, step=ss.Hard())) for t in (*np.unique(P), 2.0)]
    assert value == min(costs)
    assert value == cost(ss.confusion(Y, P, threshold=float(threshold), step=ss.Hard()))
    largest = ss.best_threshold(lambda c: -cost(c), Y, P)
    assert largest.threshold == threshold and largest.value == -value
    assert ss.best_threshold(lambda c: cost(c), Y, P, maximize=False).value == value


def test_best_f_is_at_half_its_value():
    """Lipton et al. 2014: F* / (1 + beta**2) for calibrated scores; 1e6 draws, 3 digits."""
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 3.0, size=1_000_000)
    y = rng.uniform(size=p.shape) < p
    for beta in (0.5, 1.0, 2.0):
        threshold, value = ss.best_threshold(partial(ss.fbeta, beta=beta), y, p)
        assert threshold == pytest.approx(value / (1 + beta**2), abs=0.01)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_half_of_f_is_a_check_of_calibration(beta):
    """Labels that are the chances themselves: no draw, so only the gaps between scores remain."""
    p = np.random.default_rng(1).beta(0.3, 3.0, size=200_000)
    metric = partial(ss.fbeta, beta=beta)
    threshold, value = ss.best_threshold(metric, p, p)
    assert threshold == pytest.approx(value / (1 + beta**2), abs=1e-5)
    # The same order of scores, so the same best F, but no longer chances.
    threshold, squared = ss.best_threshold(metric, p, p**2)
    assert squared == pytest.approx(value, rel=SUMMED)
    assert abs(threshold - squared / (1 + beta**2)) > 0.05


def test_the_ends():
    """All positive and none positive are candidates as well."""
    y, p = np.asarray([0, 0, 1]), np.asarray([0.8, 0.6, 0.2])
    assert ss.best_threshold(ss.recall, y, p) == (0.1, 1.0)
    assert ss.best_threshold(ss.accuracy, y, p) == (pytest.approx(0.9), pytest.approx(2 / 3))
    sure = np.asarray([1.0, 0.6, 0.2])
    assert ss.best_threshold(ss.accuracy, y, sure) == (math.inf, pytest.approx(2 / 3))
    assert ss.as_score(ss.accuracy, threshold=math.inf)(y, sure) == pytest.approx(2 / 3)
    assert ss.best_threshold(ss.recall, np.asarray([1]), np.asarray([0.0])) == (0.0, 1.0)


def test_cuts_separate_neighbouring_floats():
    """Halfway between two neighbours is one of them, and the lower one is no cut."""
    low = 0.7
    middle = np.nextafter(low, 1)
    p = np.asarray([low, middle, np.nextafter(middle, 1), low, 0.1])
    found = ss.best_threshold(ss.f1, np.asarray([0, 1, 1, 0, 0]), p)
    assert found == (middle, 1.0)


def test_the_lowest_of_equals():
    y, p = np.asarray([0, 1, 0, 1]), np.asarray([0.2, 0.4, 0.6, 0.8])
    # F1 is 2/3, 4/5, 1/2 and 2/3; with the labels turned 2/3, 1/2, 1/2 and 0.
    assert ss.best_threshold(ss.f1, y, p).threshold == pytest.approx(0.3)
    assert ss.best_threshold(ss.f1, 1 - y, p).threshold == pytest.approx(0.1)


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize(
    "metric", [ss.expected_cost, lambda c: -(c.fp + c.fn)], ids=["cost", "own"]
)
def test_sums_that_round_are_equal(metric, scale):
    """A mistake of 0.1 + 0.2 below all scores, or one of 0.3 above: in floats the first is more."""
    y, p, w = np.asarray([0, 0, 1]), np.full(3, 0.4), scale * np.asarray([0.1, 0.2, 0.3])
    assert ss.best_threshold(metric, y, p, sample_weight=w).threshold == pytest.approx(0.2)


def test_undefined_values_are_not_best():
    """A metric of one's own that is nan at some cut loses there."""
    value = ss.best_threshold(lambda c: c.tp / np.where(c.fp > 0, c.tp + c.fp, np.nan), Y, P).value
    assert np.isfinite(value)


def test_errors():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        ss.best_threshold("f1", Y, P)
    with pytest.raises(ValueError, match="`metric` prevalence is neither better when larger"):
        ss.best_threshold(ss.prevalence, Y, P)
    with pytest.raises(ValueError, match=r"`metric` must give one value for each threshold"):
        ss.best_threshold(ss.auroc, Y, P)
    with pytest.raises(ValueError, match=r"`metric` must give one value for each threshold"):
        ss.best_threshold(lambda c: 1.0, Y, P)
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        ss.best_threshold(ss.f1, Y[:5], P)
    with pytest.raises(ValueError, match="`thresholds` must increase"):
        ss.best_threshold(ss.f1, Y, P, thresholds=(0.5, 0.2))


# The best of one metric within a bound of another

AT = {
    "recall at precision": (ss.recall, ss.precision, 0.7),
    "precision at recall": (ss.precision, ss.recall, 0.8),
    "recall at false positive rate": (ss.recall, ss.false_positive_rate, 0.2),
    "least cost at specificity": (partial(ss.expected_cost, fn=5.0), ss.specificity, 0.5),
    "f1 at few alarms": (ss.f1, lambda c: -ss.predicted_positive_rate(c), -0.3),
}


def at_every_cut(y, p, w=None):
    """Return every set that a threshold can give, counted by scikit-learn."""
    tables = [
        sklearn.confusion_matrix(y, p >= t, sample_weight=w, labels=[0, 1]).ravel()
        for t in (*np.unique(p), 2.0)
    ]
    tn, fp, fn, tp = np.asarray(tables, dtype=np.float64).T
    return ss.Confusion(tp, fp, fn, tn)


@marks.combined(name=AT, scores=SCORES, weights=WEIGHTS)
def test_no_cut_within_the_bound_is_better(backend, name, scores, weights):
    (metric, constraint, bound), scores, weights = AT[name], SCORES[scores], WEIGHTS[weights]
    smaller = constraint is ss.false_positive_rate
    arrays = [backend.asarray(x) for x in (Y, scores, weights) if x is not None]
    threshold, value = backend.run(
        lambda y, p, *w: tuple(
            ss.threshold_at(metric, constraint, bound, y, p, sample_weight=w[0] if w else None)
        ),
        *arrays,
    )
    c = at_every_cut(Y, scores, weights)
    meets = constraint(c) <= bound if smaller else constraint(c) >= bound
    best = min if name.startswith("least") else max
    assert_close(value, best(metric(c)[meets]), backend, SUMMED)
    at = float(assert_array(threshold, backend, "float64", ()))
    there = ss.confusion(Y, scores, threshold=at, step=ss.Hard(), sample_weight=weights)
    assert metric(there) == pytest.approx(float(backend.to_numpy(value)), rel=SUMMED)
    assert constraint(there) <= bound if smaller else constraint(there) >= bound


@pytest.mark.parametrize("bound", [0.01, 0.1, 0.3])
def test_as_read_off_the_roc_curve(bound):
    rates = sklearn.roc_curve(Y, P, drop_intermediate=False)
    found = ss.threshold_at(ss.recall, ss.false_positive_rate, bound, Y, P)
    assert found.value == rates[1][rates[0] <= bound].max()


@pytest.mark.parametrize("bound", [0.5, 0.7, 0.9])
def test_as_read_off_the_precision_recall_curve(bound):
    precision, recall, _ = sklearn.precision_recall_curve(Y, P)
    found = ss.threshold_at(ss.recall, ss.precision, bound, Y, P)
    assert found.value == recall[precision >= bound].max()


@pytest.mark.parametrize(
    ("theirs", "option", "metric", "constraint"),
    [
        ("recall_at_fixed_precision", "min_precision", ss.recall, ss.precision),
        ("precision_at_fixed_recall", "min_recall", ss.precision, ss.recall),
        ("sensitivity_at_specificity", "min_specificity", ss.recall, ss.specificity),
    ],
)
def test_as_in_torchmetrics(theirs, option, metric, constraint):
    """The same value, and the same scores above the threshold."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    functional = pytest.importorskip(
        "torchmetrics.functional.classification", reason="torchmetrics is not installed"
    )
    function = getattr(functional, f"binary_{theirs}")
    y, p = torch.as_tensor(Y.astype(int)), torch.as_tensor(P, dtype=torch.float32)
    for bound in (0.55, 0.7, 0.85):
        value, threshold = function(p, y, **{option: bound})
        found = ss.threshold_at(metric, constraint, bound, y, p)
        assert float(found.value) == float(value)
        assert torch.equal(p >= found.threshold, p >= threshold)


def test_bounds_per_class(backend):
    """axis=0; with a mask over NaN, the same as each class alone without the masked rows."""
    y, p = labels_and_scores((60, 3), seed=8)
    keep = np.random.default_rng(9).uniform(size=p.shape) < 0.7
    arrays = [backend.asarray(x) for x in (y, np.where(keep, p, np.nan), keep)]
    at = partial(ss.threshold_at, ss.recall, ss.precision, 0.6)
    found = backend.run(lambda y, p, m: tuple(at(y, p, where=m, axis=0)), *arrays)
    columns = [at(y[m, i], p[m, i]) for i, m in enumerate(keep.T)]
    for x, expected in zip(found, np.asarray(columns).T, strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_candidates_and_logits(backend):
    at = partial(ss.threshold_at, ss.recall, ss.precision, 0.7)
    z = np.log(P / (1 - P))
    given = backend.run(
        lambda y, z: tuple(at(y, z, thresholds=ss.grid(19), from_logits=True)),
        *map(backend.asarray, (Y, z)),
    )
    c = ss.confusion(Y, P, thresholds=ss.grid(19), step=ss.Hard())
    values = np.where(ss.precision(c) >= 0.7, ss.recall(c), -1.0)
    assert_close(given[1], values.max(), backend, SUMMED)
    every = backend.run(
        lambda y, z: tuple(at(y, z, from_logits=True)), *map(backend.asarray, (Y, z))
    )
    for x, expected in zip(every, at(Y, P), strict=True):
        assert_close(x, expected, backend, SUMMED)


def test_the_better_constraint_of_equals():
    """Recall stays at 1 from 0.1 to 0.35; the false positive rate falls."""
    y, p = np.asarray([0, 0, 1, 1]), np.asarray([0.2, 0.3, 0.4, 0.6])
    found = ss.threshold_at(ss.recall, ss.false_positive_rate, 1.0, y, p)
    assert found == (pytest.approx(0.35), 1.0)
    # Of equals in both, the lowest.
    assert ss.threshold_at(ss.recall, ss.recall, 0.5, y, p).threshold == pytest.approx(0.1)


def test_a_bound_is_met_exactly():
    """9 of 10 is 0.9, in float32 as well."""
    y = np.asarray([0] * 10 + [1] * 9 + [0])
    for dtype in (np.float64, np.float32):
        p = np.linspace(0.1, 0.9, 20).astype(dtype)
        assert ss.threshold_at(ss.recall, ss.precision, 0.9, y, p).value == 1.0


def test_predicting_no_positive():
    """It has a precision of 0, unless said otherwise, and a false positive rate of 0."""
    y, p = np.asarray([1, 0]), np.asarray([0.3, 0.6])
    assert ss.threshold_at(ss.recall, ss.false_positive_rate, 0.1, y, p) == (pytest.approx(0.8), 0)
    with pytest.raises(ValueError, match=r"precision >= 0\.9, which is 0\.5 at the closest"):
        ss.threshold_at(ss.recall, ss.precision, 0.9, y, p)
    one = partial(ss.precision, zero_division=1.0)
    assert ss.threshold_at(ss.recall, one, 0.9, y, p) == (pytest.approx(0.8), 0.0)


def test_bounds_that_nothing_meets():
    y, p = np.asarray([1, 0]), np.asarray([0.3, 0.6])
    with pytest.raises(ValueError, match=r"precision >= 0.9, which is 0\.5 at.*; lower the bound"):
        ss.threshold_at(ss.recall, ss.precision, 0.9, y, p)
    with pytest.raises(ValueError, match=r"false_positive_rate <= -1, which is 0 at .*; raise"):
        ss.threshold_at(ss.recall, ss.false_positive_rate, -1, y, p)
    good = np.asarray([0, 1])
    at = partial(ss.threshold_at, ss.recall, ss.precision, 0.9, axis=0)
    with pytest.raises(ValueError, match=r"threshold of class 1, got .* which is 0\.5 .*; lower"):
        at(np.stack([good, y], axis=1), np.stack([p, p], axis=1))
    with pytest.raises(ValueError, match=r"of class 0, got .* is 0\.5 .*; 1 more classes fail"):
        at(np.stack([y, y], axis=1), np.stack([p, p], axis=1))
    with ss.checks(False):
        found = ss.threshold_at(ss.recall, ss.precision, 0.9, y, p)
    assert np.isnan(found).all()


@marks.on(*TRACED)
def test_bounds_that_nothing_meets_in_traced_code(backend):
    """Nothing can be seen; the classes that meet the bound are right all the same."""
    y, p = np.asarray([[0, 1], [1, 0]]), np.asarray([[0.3, 0.3], [0.6, 0.6]])
    found = backend.run(
        lambda y, p: tuple(ss.threshold_at(ss.recall, ss.precision, 0.9, y, p, axis=0)),
        *map(backend.asarray, (y, p)),
    )
    for x, expected in zip(found, ([0.45, np.nan], [1.0, np.nan]), strict=True):
        np.testing.assert_allclose(backend.to_numpy(x), expected, rtol=EXACT)


def test_errors_of_bounds():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        ss.threshold_at("f1", ss.precision, 0.9, Y, P)
    with pytest.raises(TypeError, match="`constraint` must be a function of a Confusion"):
        ss.threshold_at(ss.f1, 0.9, ss.precision, Y, P)
    with pytest.raises(ValueError, match=r"`constraint` predicted_positive_rate is neither.*-pred"):
        ss.threshold_at(ss.f1, ss.predicted_positive_rate, 0.1, Y, P)
    with pytest.raises(ValueError, match="`metric` prevalence is neither better when larger"):
        ss.threshold_at(ss.prevalence, ss.f1, 0.1, Y, P)
    with pytest.raises(ValueError, match="`constraint` must give one value for each threshold"):
        ss.threshold_at(ss.f1, ss.auroc, 0.1, Y, P)
    for bound in (np.nan, math.inf, True, "0.9", None):
        with pytest.raises(ValueError, match="`bound` must be a finite number, got"):
            ss.threshold_at(ss.f1, ss.precision, bound, Y, P)
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        ss.threshold_at(ss.f1, ss.precision, 0.9, Y[:5], P)


# The threshold for given costs


def test_cost_threshold_is_where_both_decisions_cost_the_same():
    rng = np.random.default_rng(3)
    for tp, tn in ((0.0, 0.0), (-2.0, 0.5), (1.0, -1.0)):
        fp, fn = tn + rng.uniform(0.1, 5), tp + rng.uniform(0.1, 5)
        p = ss.cost_threshold(fp=fp, fn=fn, tp=tp, tn=tn)
        assert 0 < p < 1
        positive, negative = p * tp + (1 - p) * fp, p * fn + (1 - p) * tn
        assert positive == pytest.approx(negative, rel=SUMMED)
    assert ss.cost_threshold(fp=1.0, fn=1.0) == 0.5
    assert ss.cost_threshold(fp=1, fn=9) == 0.1


@pytest.mark.parametrize("costs", [{"fp": 1.0, "fn": 5.0}, {"fp": 4.0, "fn": 1.0, "tp": -2.0}])
def test_cost_threshold_is_best_for_calibrated_scores(costs):
    """To the gap between scores with the chances as labels; with a draw of them to 0.02."""
    rng = np.random.default_rng(4)
    p = rng.beta(0.5, 1.0, size=200_000)
    cost = partial(ss.expected_cost, **costs)
    at = ss.cost_threshold(**costs)
    assert ss.best_threshold(cost, p, p).threshold == pytest.approx(at, abs=1e-4)
    y = rng.uniform(size=p.shape) < p
    threshold, value = ss.best_threshold(cost, y, p)
    assert threshold == pytest.approx(at, abs=0.02)
    assert ss.as_score(cost, threshold=at)(y, p) == pytest.approx(value, abs=2e-3)
    # The same order of scores, no longer chances.
    assert ss.as_score(cost, threshold=at)(y, p**2) > value + 0.02


def test_errors_of_costs():
    with pytest.raises(ValueError, match=r"`fp` must be larger than `tn`, got 1 and 1\.0"):
        ss.cost_threshold(fp=1, fn=1, tn=1.0)
    with pytest.raises(ValueError, match="`fn` must be larger than `tp`, got 1 and 2; a mistake"):
        ss.cost_threshold(fp=1, fn=1, tp=2)
    for cost in (np.nan, math.inf, "1", None, np.asarray([1.0, 2.0])):
        with pytest.raises(ValueError, match="`fn` must be a finite number"):
            ss.cost_threshold(fp=1.0, fn=cost)


def test_a_bound_holds_where_the_metric_has_no_value():
    def precision(c):
        with np.errstate(invalid="ignore"):
            return c.tp / (c.tp + c.fp)

    y, p = np.asarray([1, 0, 1]), np.asarray([0.3, 0.6, 0.2])
    found = ss.threshold_at(precision, ss.false_positive_rate, 0.0, y, p)
    assert found.threshold > 0.6 and np.isnan(found.value)


def test_a_class_without_scores_gets_a_probability(backend):
    y, p = labels_and_scores((20, 2), seed=9)
    keep = np.broadcast_to(np.asarray([True, False]), p.shape)
    arrays = [backend.asarray(x) for x in (y, p, keep)]
    found = backend.run(
        lambda y, p, m: tuple(ss.best_threshold(ss.f1, y, p, where=m, axis=0)), *arrays
    )
    threshold, value = (backend.to_numpy(x) for x in found)
    assert 0 <= threshold[1] <= 1 and value[1] == 0


def test_the_cut_above_all_scores_predicts_nothing(backend):
    """Where it is best, no score reaches the threshold: a score of 1 neither, nor a masked one."""
    y = np.asarray([0.0, 0.0, 1.0, 0.0, 1.0])
    keep = np.asarray([1, 1, 1, 1, 0]) == 1
    for p in ([0.2, 0.9, 0.1, 1.0, 0.3], [0.2, 0.9, 0.1, 0.8, 1.0], [0.2, 0.9, 0.1, 0.8, np.nan]):
        found = backend.run(
            lambda y, p, w: ss.best_threshold(ss.accuracy, y, p, where=w),
            *map(backend.asarray, (y, np.asarray(p), keep)),
        )
        threshold, value = (float(backend.to_numpy(x)) for x in found)
        assert not np.any(np.asarray(p)[keep] >= threshold)
        assert value == pytest.approx(0.75)
        assert threshold <= 1 or 1.0 in np.asarray(p)[keep]
