"""The bootstrap of counts: against SciPy, every resample of small data, and known truth."""

from functools import partial
from itertools import product

import numpy as np
import pytest

import softset as ss
from softset_backends import bootstrap_interval
from softset_backends.quantiles import ends
from tests.support import marks
from tests.support.referees import EXACT, labels_and_scores

Y, P = labels_and_scores(300, seed=41)
WEIGHTS = np.random.default_rng(42).uniform(0.2, 3.0, size=Y.shape)
F2 = partial(ss.fbeta, beta=2.0)


def by_scipy(score, arrays, resamples=10_000):
    """Return SciPy's interval, and the standard deviation of its resamples."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    found = stats.bootstrap(
        arrays,
        score,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=resamples,
        rng=np.random.default_rng(0),
    )
    return found.confidence_interval, found.standard_error


@pytest.mark.parametrize(
    "metric", marks.quick_first(ss.f1, ss.matthews_corrcoef, ss.precision), ids=lambda m: m.__name__
)
def test_as_scipy_finds_it(metric):
    score = ss.as_score(metric)
    expected, error = by_scipy(lambda y, p: float(score(y, p)), (Y, P), 4000)
    value, low, high = bootstrap_interval(metric, Y, P, resamples=20_000)
    assert value == pytest.approx(float(score(Y, P)), rel=EXACT)
    # A 2.5 % quantile of 4000 draws is uncertain by 0.04 standard deviations: four of those.
    assert low == pytest.approx(expected.low, abs=0.16 * error)
    assert high == pytest.approx(expected.high, abs=0.16 * error)


def test_weights_as_scipy_finds_them():
    score = ss.as_score(ss.f1)
    expected, error = by_scipy(
        lambda y, p, w: float(score(y, p, sample_weight=w)), (Y, P, WEIGHTS), 4000
    )
    value, low, high = bootstrap_interval(ss.f1, Y, P, sample_weight=WEIGHTS, resamples=20_000)
    assert value == pytest.approx(float(score(Y, P, sample_weight=WEIGHTS)), rel=EXACT)
    assert low == pytest.approx(expected.low, abs=0.16 * error)
    assert high == pytest.approx(expected.high, abs=0.16 * error)


@pytest.mark.parametrize("weights", [None, np.asarray([0.5, 1.0, 2.0, 4.0])])
@pytest.mark.parametrize("confidence", [0.5, 0.8])
def test_of_all_resamples_of_four(weights, confidence):
    """All 256 of them, so a quantile between two steps is known exactly."""
    y, p = np.asarray([1, 1, 0, 0]), np.asarray([0.9, 0.3, 0.7, 0.2])
    w = np.ones(4) if weights is None else weights
    values = []
    for rows in product(range(4), repeat=4):
        i = list(rows)
        values.append(float(ss.as_score(ss.accuracy)(y[i], p[i], sample_weight=w[i])))
    found = bootstrap_interval(
        ss.accuracy, y, p, sample_weight=weights, confidence=confidence, resamples=50_000
    )
    tail = (1 - confidence) / 2
    expected = np.quantile(values, (tail, 1 - tail), method="inverted_cdf")
    np.testing.assert_allclose(found[1:], expected, rtol=EXACT)


def test_weight_is_one_of_two_values():
    """Examples that count alike are drawn together, also with weights."""
    weights = np.where(P > 0.4, 2.0, 1.0)
    heavy = bootstrap_interval(ss.f1, Y, P, sample_weight=weights)
    again = bootstrap_interval(ss.f1, Y, P, sample_weight=3 * weights)
    np.testing.assert_allclose(heavy, again, rtol=EXACT)


def test_memory_in_blocks(monkeypatch):
    """However many resamples fit into a block, they are the same."""
    whole = bootstrap_interval(ss.f1, Y, P, sample_weight=WEIGHTS, resamples=50)
    monkeypatch.setattr("softset_backends.bootstrap._BLOCK", 7 * len(Y))
    assert bootstrap_interval(ss.f1, Y, P, sample_weight=WEIGHTS, resamples=50) == whole


def test_infinite_ends():
    """By hand: an end is on the outer side of a gap that nothing can be interpolated in."""
    inf = np.inf
    assert ends(np.asarray([3.0, inf, 1, 2]), 0.5).tolist() == [1.75, inf]
    assert ends(np.asarray([1.0, 2, 3, -inf]), 0.5).tolist() == [-inf, 2.25]
    assert ends(np.asarray([1.0, inf, inf]), 0.5).tolist() == [1, inf]
    assert ends(np.asarray([1.0, 2, 3, 4, inf]), 0.5).tolist() == [2, 4]
    assert ends(np.full(4, inf), 0.5).tolist() == [inf, inf]
    both = ends(np.asarray([[1.0, 2, 3, inf], [1, 2, 3, 4]]).T, 0.5)
    assert both.tolist() == [[1.75, 1.75], [inf, 3.25]]


def test_metric_that_is_infinite_in_some_resamples():
    """Without errors of a kind, as a share of resamples is, odds are beyond any bound."""
    y = np.repeat([1, 1, 0, 0], [8, 3, 3, 9])
    p = np.repeat([0.9, 0.2, 0.7, 0.1], [8, 3, 3, 9])

    def bounded(c):
        return np.minimum(ss.diagnostic_odds_ratio(c), 1e9)

    value, low, high = bootstrap_interval(ss.diagnostic_odds_ratio, y, p)
    assert value == pytest.approx(8, rel=EXACT)
    assert (value, low, 1e9) == bootstrap_interval(bounded, y, p)
    assert high == np.inf
    # 95 % of them are finite, or of any share that is small enough.
    narrow = bootstrap_interval(ss.diagnostic_odds_ratio, y, p, confidence=0.5)
    assert narrow == bootstrap_interval(bounded, y, p, confidence=0.5) and narrow.high < 100
    several = bootstrap_interval(
        lambda c: np.stack([ss.diagnostic_odds_ratio(c), ss.recall(c)], axis=-1), y, p
    )
    assert several.high.tolist() == [np.inf, bootstrap_interval(ss.recall, y, p).high]


def test_seed_and_confidence():
    one = bootstrap_interval(ss.f1, Y, P)
    assert bootstrap_interval(ss.f1, Y, P, seed=0) == one
    assert bootstrap_interval(ss.f1, Y, P, seed=1)[1:] != one[1:]
    narrow = bootstrap_interval(ss.f1, Y, P, confidence=0.5)
    assert one.low < narrow.low < one.value < narrow.high < one.high


def test_classes_and_averages():
    """An example is drawn with all its labels; each class is as by itself."""
    y, p = labels_and_scores((200, 3), seed=8)
    each = bootstrap_interval(ss.f1, y, p, axis=0, resamples=20_000)
    assert each.low.shape == each.high.shape == each.value.shape == (3,)
    for i in range(3):
        alone = bootstrap_interval(ss.f1, y[:, i], p[:, i], resamples=20_000)
        # Another stream: 2.5 % quantiles of 20000 draws are uncertain by 0.02 standard
        # deviations, of which a 95 % interval has four.
        width = alone.high - alone.low
        np.testing.assert_allclose([x[i] for x in each], alone, rtol=0, atol=0.03 * width)
    macro = bootstrap_interval(ss.macro(ss.f1), y, p, axis=0)
    assert macro.value == pytest.approx(each.value.mean(), rel=EXACT)
    assert macro.low.shape == ()
    # The same label three times is no more data than once; taken for 600 examples it would be.
    thrice = [np.repeat(x[:, :1], 3, axis=1) for x in (y, p)]
    one = bootstrap_interval(ss.f1, y[:, 0], p[:, 0])
    for axis, metric in ((None, ss.f1), (0, ss.macro(ss.f1)), ((0, -1), ss.f1)):
        found = bootstrap_interval(metric, *thrice, axis=axis)
        np.testing.assert_allclose(found, one, rtol=EXACT)


def test_thresholds_and_logits():
    z = np.log(P / (1 - P))
    found = bootstrap_interval(ss.f1, Y, z, threshold=0.3, from_logits=True)
    assert found == bootstrap_interval(ss.f1, Y, P, threshold=0.3)
    assert found.value == ss.as_score(ss.f1, threshold=0.3)(Y, P)
    assert found != bootstrap_interval(ss.f1, Y, P)
    y, p = np.stack([Y, Y], axis=1), np.stack([P, P], axis=1)
    each = bootstrap_interval(ss.f1, y, p, threshold=(0.3, 0.5), axis=0)
    assert each.value[0] == found.value


def test_other_libraries():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    expected = bootstrap_interval(F2, Y, P)
    assert bootstrap_interval(F2, torch.as_tensor(Y), torch.as_tensor(P)) == expected


def test_undefined_resamples_are_zero_division():
    """One positive in four: (3 / 4)**4 = 32 % of the resamples have none."""
    y, p = np.asarray([1, 0, 0, 0]), np.asarray([0.9, 0.1, 0.1, 0.1])
    assert bootstrap_interval(ss.recall, y, p) == (1.0, 0.0, 1.0)
    one = partial(ss.recall, zero_division=1.0)
    assert bootstrap_interval(one, y, p) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "metric", marks.quick_first(ss.accuracy, ss.recall, ss.f1), ids=lambda m: m.__name__
)
def test_covers_the_truth_as_often_as_it_says(metric):
    """400 data sets of 500 examples whose true counts are known."""
    share = np.asarray([0.2, 0.08, 0.1, 0.62])  # tp, fp, fn, tn
    truth = metric(ss.Confusion(*share))
    rng = np.random.default_rng(5)
    inside = 0
    for seed in range(400):
        kind = rng.choice(4, size=500, p=share)
        y, p = np.isin(kind, (0, 2)), np.where(np.isin(kind, (0, 1)), 0.9, 0.1)
        _, low, high = bootstrap_interval(metric, y, p, confidence=0.9, resamples=500, seed=seed)
        inside += low <= truth <= high
    # 3.5 standard deviations of 400 tosses are 0.0525; the percentile bootstrap is right to 1/n.
    assert inside / 400 == pytest.approx(0.9, abs=0.0525)


@pytest.mark.parametrize(
    ("positives", "share"), marks.quick_first((5, 0.67), (10, 0.89), (50, 0.95))
)
def test_few_positives_make_it_too_short(positives, share):
    """As the docstring says, give or take three standard deviations of 400 tosses."""
    rng = np.random.default_rng(0)
    y, inside = np.repeat([True, False], [positives, 200]), 0
    for seed in range(400):
        p = np.where(y & (rng.uniform(size=y.shape) < 0.8), 0.9, 0.1)
        _, low, high = bootstrap_interval(ss.recall, y, p, resamples=500, seed=seed)
        inside += low <= 0.8 <= high
    assert inside / 400 == pytest.approx(share, abs=3 * (share * (1 - share) / 400) ** 0.5)


def test_errors():
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        bootstrap_interval("f1", Y, P)
    for confidence in (0, 1, 95, np.nan):
        with pytest.raises(ValueError, match="`confidence` must lie strictly between 0 and 1, got"):
            bootstrap_interval(ss.f1, Y, P, confidence=confidence)
    for resamples in (0, 10.0, True):
        with pytest.raises(ValueError, match="`resamples` must be an integer of at least 1, got"):
            bootstrap_interval(ss.f1, Y, P, resamples=resamples)
    with pytest.raises(ValueError, match=r"`metric` must belong to one threshold.*scipy\.stats"):
        bootstrap_interval(partial(ss.auroc, max_fpr=0.1), Y, P)
    y, p = Y.reshape(100, 3), P.reshape(100, 3)
    with pytest.raises(ValueError, match=r"`axis` must name the first axis.*, got 1"):
        bootstrap_interval(ss.f1, y, p, axis=1)
    for wrong, shape in ((lambda c: ss.f1(c).mean(), ""), (lambda c: ss.f1(c).mean(axis=0), "3,")):
        match = rf"of shape \(2000,\) for 2000 resamples at once, got \({shape}\); average"
        with pytest.raises(ValueError, match=match):
            bootstrap_interval(wrong, y, p, axis=0)
    # Two rows, one positive: a quarter of the resamples has none.
    never = partial(ss.recall, zero_division=np.nan)
    match = r"got nan of recall\(zero_division=nan\) for 2\d\.\d\d% of 2000; return a number"
    with pytest.raises(ValueError, match=match):
        bootstrap_interval(never, np.asarray([1, 0]), np.asarray([0.9, 0.1]))
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        bootstrap_interval(ss.f1, Y[:5], P)
    with pytest.raises(ValueError, match="if these are logits pass from_logits=True"):
        bootstrap_interval(ss.f1, Y, 10 * P)
