"""Curves and areas: scikit-learn's from a sweep, chords and ends over a grid, and gradients."""

import warnings
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER, TRACED, forget_compiled
from tests.support.referees import (
    DIFFERENCES,
    SINGLE,
    SUMMED,
    assert_close,
    assert_counts,
    central_differences,
    labels_and_scores,
    sklearn,
)

Y, P = labels_and_scores(200, seed=21)
TIED = np.round(P, 1)
WEIGHTS = np.random.default_rng(22).uniform(0.1, 3.0, size=Y.shape)
GRID = ss.grid(9)


def swept(y, p, w=None, *, where=None):
    return ss.sweep(y, p, sample_weight=w, where=where)


SCORES = {"probabilities": P, "tied": TIED, "logits": np.log(P / (1 - P)), "negative": -5 * TIED}


@marks.combined(scores=SCORES, weights=["plain", "weighted"])
def test_areas_of_a_sweep_are_scikit_learns(backend, scores, weights):
    """Ties, weights and scores of any scale; sums of 200 terms, so tens of roundings."""
    scores, weights = SCORES[scores], WEIGHTS if weights == "weighted" else None

    def areas(y, s, *w):
        _, c = swept(y, s, *w)
        return (
            ss.auroc(c),
            ss.auroc(c, max_fpr=0.3),
            ss.auroc(c, max_fpr=1),
            ss.average_precision(c),
        )

    arrays = [backend.asarray(x) for x in (Y, scores, weights) if x is not None]
    found = backend.run(areas, *arrays)
    auc = partial(sklearn.roc_auc_score, Y, scores, sample_weight=weights)
    expected = [auc(), auc(max_fpr=0.3), auc()]
    expected.append(sklearn.average_precision_score(Y, scores, sample_weight=weights))
    for x, e in zip(found, expected, strict=True):
        assert_close(x, e, backend, SUMMED)


def test_curves_of_a_sweep_are_scikit_learns(backend):
    """Each point of theirs is one of ours, which has one for every score."""
    y, s, w = backend.asarray(Y), backend.asarray(TIED), backend.asarray(WEIGHTS)
    found = backend.run(lambda *a: (*ss.roc_curve(swept(*a).confusion),), y, s, w)
    fpr, tpr, _ = sklearn.roc_curve(Y, TIED, sample_weight=WEIGHTS, drop_intermediate=False)
    points = distinct(backend, found)
    np.testing.assert_allclose(points, np.stack([fpr, tpr])[:, ::-1], atol=SUMMED)
    found = backend.run(lambda *a: (*ss.precision_recall_curve(swept(*a).confusion),), y, s, w)
    precision, recall, _ = sklearn.precision_recall_curve(Y, TIED, sample_weight=WEIGHTS)
    np.testing.assert_allclose(distinct(backend, found), [precision, recall], atol=SUMMED)


def distinct(backend, curve):
    """Return a curve's points in order, one of each run of equal ones."""
    points = np.stack([backend.to_numpy(x) for x in curve])
    new = np.any(np.abs(np.diff(points, axis=1)) > SUMMED, axis=0)
    return points[:, np.concatenate([[True], new])]


def test_counts_of_a_sweep_are_those_of_hard_steps(backend):
    """At every score, with weights, a mask over NaN, and another shape than a line."""
    shape = (40, 5)
    y, s, w = (x.reshape(shape) for x in (Y, TIED, WEIGHTS))
    keep = np.random.default_rng(3).uniform(size=shape) < 0.8
    holes = np.where(keep, s, np.nan)
    arrays = [backend.asarray(x) for x in (y, holes, w, keep)]
    thresholds, c = backend.run(lambda y, s, w, m: tuple(swept(y, s, w, where=m)), *arrays)
    cuts = backend.to_numpy(thresholds)
    assert np.all(np.diff(cuts) >= 0) and set(cuts) == set(s[keep])
    kept = y[keep], s[keep], w[keep]
    expected = [
        ss.confusion(*kept[:2], threshold=t, step=ss.Hard(), sample_weight=kept[2]) for t in cuts
    ]
    assert_counts(c, ss.Confusion(*np.asarray(expected).T), backend, SUMMED)


EIGHTHS = np.random.default_rng(23).integers(0, 9, Y.shape) / 8  # of which sums are exact
KINDS_OF_LABELS = {"hard": (Y, None), "soft": (EIGHTHS, None), "weighted": (Y, EIGHTHS)}


@pytest.mark.parametrize("weights", ["plain", "weighted", "masked"])
@pytest.mark.parametrize("axis", [0, 1, (0, 2), -2])
def test_a_sweep_along_axes_is_one_of_each_row(backend, axis, weights):
    """With ties in each row and across them."""
    shape = (8, 5, 5)
    y, s, w = (x.reshape(shape) for x in (Y, TIED, WEIGHTS))
    options = {"weighted": {"sample_weight": w}, "masked": {"where": w > 1}}.get(weights, {})

    def counted(y, s, *given):
        return tuple(swept_along(y, s, axis, **dict(zip(options, given, strict=True))))

    arrays = [backend.asarray(x) for x in (y, s, *options.values())]
    thresholds, c = backend.run(counted, *arrays)
    over = tuple(a % 3 for a in (axis if isinstance(axis, tuple) else (axis,)))
    kept = [i for i in range(3) if i not in over]
    rows = tuple(shape[i] for i in kept)
    for place in np.ndindex(rows):
        index = tuple(place[kept.index(i)] if i in kept else slice(None) for i in range(3))
        own = {name: x[index] for name, x in options.items()}
        cuts, expected = ss.sweep(y[index], s[index], **own)
        np.testing.assert_array_equal(backend.to_numpy(thresholds)[place], cuts)
        for x, e in zip(c, expected, strict=True):
            np.testing.assert_allclose(backend.to_numpy(x)[place], e, rtol=0, atol=1e-11)


def swept_along(y, s, axis, **options):
    return ss.sweep(y, s, axis=axis, **options)


EXACT_AREAS = {
    "auroc": (ss.auroc, sklearn.roc_auc_score),
    "partial auroc": (
        partial(ss.auroc, max_fpr=0.3),
        lambda *a, **k: sklearn.roc_auc_score(*a, max_fpr=0.3, **k),
    ),
    "average precision": (ss.average_precision, sklearn.average_precision_score),
}


@pytest.mark.parametrize("name", EXACT_AREAS)
@pytest.mark.parametrize("axis", [None, 0])
def test_a_score_of_an_area_is_scikit_learns(backend, axis, name):
    """Without thresholds, with ties and weights, of probabilities and of logits."""
    metric, theirs = EXACT_AREAS[name]
    y, p, w = Y.reshape(50, 4), TIED.reshape(50, 4) / 100, WEIGHTS[:50, None]
    for scores in (p, np.log(p + 1e-3)):
        score = ss.as_score(metric, axis=axis, from_logits=scores is not p)

        def both(y, s, w, score=score):
            options = {"sample_weight": w}
            return score(y, s, **options), score.values(y, s, **options)

        found, values = backend.run(both, *map(backend.asarray, (y, scores, w)))
        given = w + np.zeros((50, 4))
        if axis is None:
            each = theirs(y.ravel(), scores.ravel(), sample_weight=given.ravel())
        else:
            each = [theirs(y[:, i], scores[:, i], sample_weight=w[:, 0]) for i in range(4)]
        assert_close(found, np.mean(each), backend, SUMMED)
        assert_close(values, each, backend, SUMMED)


@pytest.mark.parametrize("thresholds", [None, ss.grid(9)])
def test_labels_of_one_class_have_no_part_in_a_mean(backend, thresholds):
    y, p = labels_and_scores((60, 4), seed=13)
    y[:, 1], y[:, 2] = False, True

    def run(metric):
        score = ss.as_score(metric, thresholds=thresholds, axis=0)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`metric` a.* is undefined")
            return backend.run(score, backend.asarray(y), backend.asarray(p))

    def each(metric):
        c = ss.sweep(y, p, axis=0).confusion
        if thresholds is not None:
            c = ss.confusion(y, p, thresholds=thresholds, axis=0, step=ss.Hard())
        return metric(c)

    assert_close(run(ss.auroc), each(ss.auroc)[[0, 3]].mean(), backend, SUMMED)
    areas = each(ss.average_precision)
    assert_close(run(ss.average_precision), areas[[0, 2, 3]].mean(), backend, SUMMED)
    if thresholds is None:
        kept = [sklearn.roc_auc_score(y[:, i], p[:, i]) for i in (0, 3)]
        assert_close(run(ss.auroc), np.mean(kept), backend, SUMMED)
    chosen = partial(ss.auroc, zero_division=0.25)
    expected = (each(ss.auroc)[[0, 3]].sum() + 0.5) / 4
    assert_close(run(chosen), expected, backend, SUMMED)


def test_a_loss_of_areas_leaves_out_labels_of_one_class_too(backend):
    """And goes its gradient: that of the others alone."""
    y, p = labels_and_scores((30, 3), seed=14)
    y[:, 1] = False
    loss = ss.as_loss(ss.auroc, thresholds=GRID, axis=0)
    value, slope = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    kept = [0, 2]
    expected, part = ss.value_and_grad(loss)(y[:, kept], p[:, kept])
    assert_close(value, expected, backend)
    whole = np.zeros_like(p)
    whole[:, kept] = part
    np.testing.assert_allclose(backend.to_numpy(slope), whole, rtol=0, atol=1e-12)


def test_what_exact_areas_cannot_do():
    score = ss.as_score(ss.auroc)
    assert score == ss.as_score(ss.auroc, step=ss.Hard())
    for options in ({"threshold": 0.5}, {"step": ss.ArgMax()}):
        with pytest.raises(ValueError, match="must be left out for an area under a curve, got"):
            ss.as_score(ss.auroc, **options)
    with pytest.raises(ValueError, match="`metric` must be the area of each class"):
        ss.as_score(ss.macro(ss.auroc), axis=0)
    with pytest.raises(ValueError, match="`reduce` adds counts up"):
        score(Y, P, reduce=lambda c: c)
    for call in (ss.value_and_grad, lambda s: ss.linearize(s, s.confusion(Y, P))):
        with pytest.raises(ValueError, match="`loss` must have a gradient, which an exact area"):
            call(score)
    with pytest.raises(TypeError, match="a curve and a ranking need the scores"):
        score(Y, P > 0.5)
    with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
        score(Y, 5 * P)


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
@pytest.mark.parametrize("scores", SCORES)
def test_a_sweep_counts_exactly_in_every_dtype(backend, scores, kind):
    """At each score, as its dtype rounds it, what compares each with all others."""
    labels, weights = KINDS_OF_LABELS[kind]
    for dtype in backend.dtypes if not backend.traced else ("float64", "float32"):
        s = backend.asarray(SCORES[scores], dtype)
        arrays = [backend.asarray(labels), s]
        if weights is not None:
            arrays.append(backend.asarray(weights, dtype))
        thresholds, c = backend.run(lambda *a: tuple(swept(*a)), *arrays)
        rounded = backend.to_numpy(s).astype(np.float64)
        cuts = backend.to_numpy(thresholds).astype(np.float64)
        np.testing.assert_array_equal(cuts, np.sort(rounded))
        above, w = rounded >= cuts[:, None], 1.0 if weights is None else weights
        cells = [labels * w, (1 - labels) * w]
        tp, fp = (np.sum(x * above, axis=1) for x in cells)
        fn, tn = (np.sum(x * ~above, axis=1) for x in cells)
        for x, e in zip(c, (tp, fp, fn, tn), strict=True):
            np.testing.assert_array_equal(backend.to_numpy(x), e)


@marks.on("numpy", "torch")
@pytest.mark.parametrize("scores", ["probabilities", "tied", "logits"])
def test_areas_of_a_float32_sweep_are_torchmetrics(backend, scores):
    theirs = pytest.importorskip("torchmetrics.functional.classification")
    torch = pytest.importorskip("torch")
    s = SCORES[scores].astype(np.float32)
    c = swept(backend.asarray(Y), backend.asarray(s)).confusion
    given = torch.sigmoid(torch.asarray(s)) if scores == "logits" else torch.asarray(s)
    for area, name in (
        (ss.auroc, "binary_auroc"),
        (ss.average_precision, "binary_average_precision"),
    ):
        expected = getattr(theirs, name)(given, torch.asarray(Y, dtype=torch.int64))
        np.testing.assert_allclose(float(area(c)), float(expected), rtol=SINGLE)


@pytest.mark.exhaustive
def test_float32_sweep_counts_exactly_far_beyond_its_ulp():
    """A running float32 sum would stand still at 2**24 = 1.7e7."""
    forget_compiled()  # this takes another GB
    n = 2**24 + 2**16
    y = np.zeros(n, dtype=np.float32)
    y[0] = 1.0
    c = ss.sweep(y, np.linspace(0.0, 1.0, n, dtype=np.float32)).confusion
    assert c.fp.dtype == np.float32
    assert c.fp[1] == n - 1 and c.tn[-1] >= n - 3


def test_curves_over_a_grid(backend):
    """With both ends, in the order of the thresholds."""
    c = backend.run(partial(ss.confusion, thresholds=GRID), *map(backend.asarray, (Y, P)))
    expected = ss.confusion(Y, P, thresholds=GRID)
    fpr, tpr = ss.roc_curve(c)
    assert_close(fpr, [1, *ss.false_positive_rate(expected), 0], backend)
    assert_close(tpr, [1, *ss.recall(expected), 0], backend)
    precision, recall = ss.precision_recall_curve(c)
    assert_close(precision, [Y.mean(), *ss.precision(expected), 1], backend)
    assert_close(recall, [1, *ss.recall(expected), 0], backend)


def test_areas_over_a_grid_are_those_of_the_curves(backend):
    """By NumPy's trapezoids, per class, and by the sum over steps."""
    y, p = labels_and_scores((50, 3), seed=5)
    c = backend.run(
        partial(ss.confusion, thresholds=GRID, axis=0), backend.asarray(y), backend.asarray(p)
    )
    fpr, tpr = (backend.to_numpy(x) for x in ss.roc_curve(c))
    assert_close(ss.auroc(c), np.trapezoid(tpr[:, ::-1], fpr[:, ::-1]), backend)
    fine = np.linspace(0, 0.25, 200_001)
    partial_area = [
        np.trapezoid(np.interp(fine, *x), fine)
        for x in zip(fpr[:, ::-1], tpr[:, ::-1], strict=True)
    ]
    low, high = 0.25**2 / 2, 0.25
    standardised = (1 + (np.asarray(partial_area) - low) / (high - low)) / 2
    assert_close(ss.auroc(c, max_fpr=0.25), standardised, backend, 1e-9)  # the fine grid's error
    precision, recall = (backend.to_numpy(x) for x in ss.precision_recall_curve(c))
    steps = -np.diff(recall, axis=1) * precision[:, :-1]
    assert_close(ss.average_precision(c), steps.sum(axis=1), backend)


def test_perfect_separation_scores_one(backend):
    """Without the curve's ends the loss of a perfect ranking is far from 0."""
    y, p = (
        backend.asarray(np.asarray([0, 0, 1, 1])),
        backend.asarray(np.asarray([0.0, 0.0, 1.0, 1.0])),
    )
    for metric in (ss.auroc, partial(ss.auroc, max_fpr=0.2), ss.average_precision):
        loss = ss.as_loss(metric, thresholds=GRID)
        assert_close(backend.run(loss, y, p), 0.0, backend, scale=1.0)


LOSSES = {
    "auroc": ss.as_loss(ss.auroc, thresholds=GRID),
    "partial auroc": ss.as_loss(partial(ss.auroc, max_fpr=0.3), thresholds=GRID, step=ss.Sigmoid()),
    "average precision": ss.as_loss(ss.average_precision, thresholds=GRID, axis=0),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_areas(backend, name):
    """Autodiff or the chain of counts, against central differences and the other way."""
    loss = LOSSES[name]
    shape = (8, 4)
    y, p = Y[:32].reshape(shape), P[:32].reshape(shape)
    value, gradient = backend.value_and_grad(loss, backend.asarray(y), backend.asarray(p))
    expected, slopes = ss.value_and_grad(loss)(y, p)
    assert_close(value, expected, backend)
    assert_close(gradient, slopes, backend)
    assert_close(gradient, central_differences(lambda x: loss(y, x), p), backend, DIFFERENCES)


ONE_CLASS = (ss.auroc, partial(ss.auroc, max_fpr=0.3), ss.average_precision)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_is_finite(backend, label):
    """Undefined areas are zero_division; every gradient is finite.

    In sums whose terms differ, each of which is compiled once.
    """
    y, p = backend.asarray(np.full(8, label)), backend.asarray(P[:8])
    every = [(metric, zero) for metric in ONE_CLASS for zero in (0.0, 0.5)]
    defined = [pair for pair in every if label and pair[0] is ss.average_precision]
    undefined = [pair for pair in every if pair not in defined]
    for pairs in filter(None, (undefined, defined)):
        losses = [ss.as_loss(partial(m, zero_division=z), thresholds=GRID) for m, z in pairs]

        def weighted(y, p, losses=losses):
            terms = [3.0**i * loss(y, p) for i, loss in enumerate(losses)]
            return sum(terms[1:], terms[0])

        value, gradient = backend.value_and_grad(weighted, y, p)
        assert np.all(np.isfinite(backend.to_numpy(gradient)))
        if pairs is undefined:
            expected = sum(3.0**i * (1 - zero) for i, (_, zero) in enumerate(pairs))
            assert_close(value, expected, backend)
            assert_close(gradient, np.zeros(8), backend, scale=1.0)
    c = ss.confusion(y, p, thresholds=GRID)
    for curve in (ss.roc_curve(c), ss.precision_recall_curve(c)):
        for x in curve:
            assert np.all(np.isfinite(backend.to_numpy(x)))


@marks.on(*EAGER)
@pytest.mark.parametrize("label", [0, 1])
def test_a_sweep_of_one_class_where_values_are_not_checked(backend, label):
    """All of one class from each place on, and none of the other."""
    y, p = backend.asarray(np.full(5, label)), backend.asarray(np.linspace(0.1, 0.9, 5))
    with ss.checks(False):
        tp, fp, fn, tn = (backend.to_numpy(x).tolist() for x in ss.sweep(y, p).confusion)
    above, below, none = [5.0, 4.0, 3.0, 2.0, 1.0], [0.0, 1.0, 2.0, 3.0, 4.0], [0.0] * 5
    expected = (above, none, below, none) if label else (none, above, none, below)
    assert (tp, fp, fn, tn) == expected


def test_linearized_area_has_the_gradient_of_the_whole():
    loss = LOSSES["auroc"]
    total = sum(loss.confusion(Y[i : i + 8], P[i : i + 8]) for i in range(0, 200, 8))
    linear = ss.value_and_grad(ss.linearize(loss, total))
    parts = [linear(Y[i : i + 8], P[i : i + 8])[1] for i in range(0, 200, 8)]
    whole = ss.value_and_grad(loss)(Y, P)[1]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=SUMMED * abs(whole).max())


def test_a_grid_in_log_odds():
    found = ss.grid(7, log_odds=9.0)
    np.testing.assert_allclose(np.log(found) - np.log1p(-np.asarray(found)), np.arange(-9, 10, 3))
    assert found[3] == 0.5 and all(0 < t < 1 for t in ss.grid(2, log_odds=36))
    for n in (1, 0, 2.0):
        with pytest.raises(ValueError, match="`n` must be an integer of at least 2, got"):
            ss.grid(n, log_odds=9.0)
    for odds in (0, -1.0, 36.5, np.nan, np.inf, True, "9"):
        with pytest.raises(ValueError, match=r"`log_odds` must lie in \(0, 36\], got"):
            ss.grid(9, log_odds=odds)


@pytest.mark.parametrize("shift", [-9.0, -4.0, 0.0, 5.0])
def test_a_grid_in_log_odds_has_the_error_that_it_says(shift):
    """Wherever the scores are: below its bound, and of the order of the square of its steps."""
    rng = np.random.default_rng(6)
    y = rng.uniform(size=20_000) < 0.1
    z = rng.normal(size=20_000) + 1.5 * y + shift
    p = 1 / (1 + np.exp(-z))
    exact = sklearn.roc_auc_score(y, z)
    for n in (57, 113):
        thresholds = ss.grid(n, log_odds=14.0)
        found = ss.as_score(ss.auroc, thresholds=thresholds)(y, p)
        gap = np.searchsorted(thresholds, p, side="right")
        shares = [np.bincount(gap[of], minlength=n + 1) / of.sum() for of in (y, ~y)]
        assert abs(found - exact) <= (shares[0] * shares[1]).sum() / 2
        assert abs(found - exact) < 0.05 * (28 / (n - 1)) ** 2 + 1e-4
    if shift == -9:  # all below 0.01
        with pytest.warns(UserWarning, match="as grid"):
            assert ss.as_score(ss.auroc, thresholds=ss.grid(99))(y, p) < 0.51 < 0.8 < exact


def test_grid():
    assert ss.grid(1) == (0.5,)
    assert ss.grid(99)[24] == 0.25 and len(ss.grid(99)) == 99
    for n in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match="`n` must be an integer of at least 1, got"):
            ss.grid(n)


def test_counts_without_thresholds():
    c = ss.confusion(Y, P)
    for function in (ss.auroc, ss.average_precision, ss.roc_curve, ss.precision_recall_curve):
        with pytest.raises(ValueError, match="`c` must have a last axis of thresholds"):
            function(c)
    for metric in (ss.auroc, partial(ss.average_precision, zero_division=1.0), ss.macro(ss.auroc)):
        with pytest.raises(ValueError, match=r"`thresholds` must be given .* pass thresholds=grid"):
            ss.as_loss(metric, axis=0)


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.5, float("nan"), "all"])
def test_max_fpr_outside(limit):
    with pytest.raises(ValueError, match=r"`max_fpr` must lie in \(0, 1\], got"):
        ss.auroc(ss.sweep(Y, P).confusion, max_fpr=limit)


def test_scores_of_a_sweep_are_finite():
    with pytest.raises(ValueError, match="`y_score` must hold finite scores, got inf"):
        ss.sweep(Y[:2], np.asarray([0.0, np.inf]))


@pytest.mark.parametrize("average", [ss.macro, ss.weighted])
def test_averages_of_areas_say_what_to_do(average):
    y, p = labels_and_scores((20, 3), seed=5)
    loss = ss.as_loss(average(ss.auroc), axis=0, thresholds=GRID)
    with pytest.raises(ValueError, match=r"`metric` must be elementwise .* got \(3,\) for counts"):
        loss(y, p)


# Areas that a grid cannot tell

RARE = np.random.default_rng(2)
Y_RARE = RARE.uniform(size=400) < 0.1
P_RARE = np.where(Y_RARE, RARE.uniform(0.003, 0.009, 400), RARE.uniform(0.0, 0.006, 400))
AREAS = {
    "auroc": ss.auroc,
    "auroc with options": partial(ss.auroc, max_fpr=0.5, zero_division=0.5),
    "average_precision": ss.average_precision,
}
eager = marks.on(*EAGER)


def warned(call):
    """Return the texts of the warnings of a call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert all(w.category is UserWarning for w in found)
    return [str(w.message) for w in found]


@eager
@pytest.mark.parametrize("name", AREAS)
@pytest.mark.parametrize(
    ("shift", "where"), [(0.0, "below 0.01"), (0.505, "from 0.5 to 0.52"), (0.99, "from 0.99 on")]
)
def test_scores_between_two_thresholds_are_warned_of(backend, name, shift, where):
    """The area over the grid is far from scikit-learn's, and says so."""
    thresholds = tuple(t for t in ss.grid(99) if t != 0.51)
    score = ss.as_score(AREAS[name], thresholds=thresholds)
    y, p = backend.asarray(Y_RARE), backend.asarray(P_RARE + shift)
    message = (
        rf"^`thresholds` must lie between the scores .*, got most .* {where}, which "
        rf"{name.split()[0]} counts as equal; unless they are equal leave `thresholds` out, for "
        r"the exact area, or take some where the scores are, as grid\(199, log_odds=14\)"
    )
    with pytest.warns(UserWarning, match=message):
        found = float(score(y, p))
    assert abs(found - sklearn.roc_auc_score(Y_RARE, P_RARE)) > 0.05
    c = score.confusion(y, p)
    with pytest.warns(UserWarning, match=message):
        score.of_counts(c)
    with ss.checks(False):
        score(y, p)
    AREAS[name](ss.sweep(y, p).confusion)  # exact
    for step in (ss.Linear(), ss.StraightThrough(ss.Linear())):
        ss.as_loss(AREAS[name], thresholds=thresholds, step=step)(y, p)


@pytest.mark.parametrize("kind", [tuple, np.asarray])
@pytest.mark.parametrize("metric", [ss.auroc, ss.average_precision])
def test_most_positives_and_many_negatives(metric, kind):
    """A warning wherever one gap between thresholds holds too many of both: by a loop.

    That is more than half of each, or for a precision more than half as many negatives.
    """
    rng, outcomes = np.random.default_rng(0), []
    for _ in range(400):
        y = rng.uniform(size=41) < 0.4
        centre, spread = rng.uniform(size=2)
        p = np.clip(rng.normal(centre + 0.1 * y, 0.4 * spread), 0, 1)
        grid = ss.grid(int(rng.integers(1, 6)))
        gap = np.asarray([sum(t <= x for t in grid) for x in p])
        coarse = False
        for k in range(len(grid) + 1):
            hits, alarms = np.sum(gap[y] == k), np.sum(gap[~y] == k)
            many = alarms > (~y).sum() / 2
            many |= metric is ss.average_precision and alarms > hits / 2
            coarse |= bool(hits > y.sum() / 2 and many)
        score = ss.as_score(metric, thresholds=kind(grid))
        assert bool(warned(partial(score, y, p))) == coarse
        outcomes.append(coarse)
    assert 100 < sum(outcomes) < 350


def test_negatives_beside_the_positives_matter_to_the_precision():
    """Most negatives are far below, and yet those among the positives may be in any order."""
    rng = np.random.default_rng(4)
    y = np.arange(10_000) < 100
    p = np.where(y | (np.arange(10_000) < 200), rng.uniform(0.991, 0.999, 10_000), 0.2)
    assert not warned(lambda: ss.as_score(ss.auroc, thresholds=ss.grid(99))(y, p))
    score = ss.as_score(ss.average_precision, thresholds=ss.grid(99))
    assert "from 0.99 on, which average_precision" in warned(lambda: score(y, p))[0]


def test_a_partial_area_needs_thresholds_in_its_part_only():
    thresholds = tuple(np.quantile(P[~Y], np.linspace(0.9, 0.999, 30)))
    low = np.where(np.quantile(P[~Y], 0.85) > P, 0.1, P)  # most of both are below all thresholds
    score = ss.as_score(partial(ss.auroc, max_fpr=0.05), thresholds=thresholds)
    assert 2 * np.sum(low[Y] < thresholds[0]) > Y.sum()
    assert not warned(lambda: score(Y, low))
    found = ss.as_score(partial(ss.auroc, max_fpr=0.05), thresholds=thresholds)(Y, low)
    assert abs(found - sklearn.roc_auc_score(Y, low, max_fpr=0.05)) < 0.02
    assert warned(lambda: ss.as_score(ss.auroc, thresholds=thresholds)(Y, low))


@eager
def test_labels_of_one_class_are_named(backend):
    y = np.stack([Y, Y, np.zeros_like(Y), np.ones_like(Y)], axis=-1)
    p = np.stack([P, 0.5 + P / 200, P, P], axis=-1)
    arrays = backend.asarray(y), backend.asarray(p)

    def texts(metric, axis=0):
        return warned(lambda: ss.as_score(metric, thresholds=ss.grid(99), axis=axis)(*arrays))

    one_class, coarse = texts(ss.auroc)
    assert one_class == (
        "`metric` auroc is undefined for labels 2 and 3, with one class only, and left out of the "
        "mean; give zero_division for it to count"
    )
    assert "most positives and many negatives of label 1 from 0.5 to 0.51, which" in coarse
    assert "undefined for label 2, with no positive, and" in texts(ss.average_precision)[0]
    for option in (0.5, np.nan):  # as asked for
        assert len(texts(partial(ss.auroc, zero_division=option))) == 1
    assert not texts(ss.auroc, axis=None)
    with ss.checks(False):
        assert not texts(ss.auroc)
    many = np.zeros((8, 9), dtype=bool), np.full((8, 9), 0.3)
    (text,) = warned(lambda: ss.as_score(ss.auroc, thresholds=GRID, axis=0)(*many))
    assert "undefined for labels 0, 1, 2, 3, 4 and 4 more, with one class" in text


def test_the_warning_is_shown_where_the_score_is_called():
    with pytest.warns(UserWarning, match="must lie between") as found:
        ss.as_score(ss.auroc, thresholds=GRID)(Y_RARE, P_RARE)
    assert found[0].filename == __file__


@marks.on(*TRACED)
def test_a_compiler_sees_no_values_to_warn_of(backend):
    score = ss.as_score(ss.auroc, thresholds=GRID)
    found = backend.run(score, backend.asarray(Y_RARE), backend.asarray(P_RARE))
    assert_close(found, 0.5, backend)


def test_masked_scores_are_no_thresholds_of_a_sweep(backend):
    """Whatever stands there: above all others, below them, or nothing at all."""
    y, scores = np.asarray([0, 1, 0, 1, 1]), np.asarray([-2.0, 3.0, np.nan, -4.0, 5.0])
    for where in ([1, 1, 0, 1, 0], [0, 1, 0, 0, 1], [1, 0, 0, 1, 0], [0, 0, 0, 1, 0]):
        keep = np.asarray(where) == 1
        thresholds, c = backend.run(
            lambda y, s, w: ss.sweep(y, s, where=w), *map(backend.asarray, (y, scores, keep))
        )
        thresholds = backend.to_numpy(thresholds)
        assert set(thresholds) == set(scores[keep])
        for i, threshold in enumerate(thresholds):
            predicted = keep & (scores >= threshold)
            assert backend.to_numpy(c.tp)[i] == np.sum(predicted & (y == 1))
            assert backend.to_numpy(c.fp)[i] == np.sum(predicted & (y == 0))
    nothing = backend.run(
        lambda y, s, w: ss.sweep(y, s, where=w)[0],
        *map(backend.asarray, (y, scores, np.zeros(5, dtype=bool))),
    )
    np.testing.assert_array_equal(backend.to_numpy(nothing), np.zeros(5))
