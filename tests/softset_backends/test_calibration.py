"""Recalibrated probabilities, and thresholds that are chosen by expected counts in scikit-learn."""

import functools
import warnings

import numpy as np
import pytest

import softset as ss

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from softset_backends.sklearn import ThresholdClassifier, recalibrated

RNG = np.random.default_rng(4)
P = RNG.beta(0.5, 1.0, size=(300, 2))
Y = (RNG.uniform(size=P.shape) < P**2).astype(int)
X_RARE, Y_RARE = make_classification(
    600, 8, weights=[0.8], flip_y=0.1, class_sep=0.7, random_state=2
)
TAGS = np.stack([Y_RARE, X_RARE[:, 0] + X_RARE[:, 1] > 1.0, X_RARE[:, 2] > 0.5], axis=1).astype(int)


def logits(p):
    return np.log(p / (1 - p))


def best_f1(y, scores):
    """Return the best F1 of scikit-learn's curve, which has every cut."""
    precision, recall, _ = precision_recall_curve(y, scores)
    return np.max(2 * precision * recall / np.maximum(precision + recall, 1e-300))


# Recalibration


def test_sigmoid_is_a_logistic_regression():
    """Its equations: residuals add up to 0, and against the logits too, but for the penalty."""
    p, y = P[:, 0], Y[:, 0]
    q = recalibrated(y, p)
    line = np.polyfit(logits(p), logits(q), 1)
    np.testing.assert_allclose(np.polyval(line, logits(p)), logits(q), rtol=0, atol=1e-9)
    spread = logits(p).std()
    assert np.sum(q - y) == pytest.approx(0, abs=0.01)
    penalty = line[0] * spread / 100
    assert np.sum((q - y) * logits(p)) / spread == pytest.approx(-penalty, abs=0.01)
    # Odds of p**2 rise faster than those of p.
    assert line[0] > 1 and np.abs(q - p**2).max() < 0.15


def test_isotonic_has_the_counts_of_labels():
    """Its steps are at cuts of the labels' curve, among them the best of F-beta."""
    p, y = P[:, 0], Y[:, 0]
    q = recalibrated(y, p, method="isotonic")
    assert np.all(np.diff(q[np.argsort(p)]) >= 0)
    for step in np.unique(q):
        assert y[q == step].mean() == pytest.approx(step, abs=1e-12)
    for beta in (0.5, 1.0, 2.0):
        metric = functools.partial(ss.fbeta, beta=beta)
        threshold, value = ss.best_threshold(metric, q, p)
        expected = ss.best_threshold(metric, y, p)
        assert threshold == expected.threshold and value == pytest.approx(expected.value, 1e-12)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_each_class_by_itself(method):
    labelled = RNG.uniform(size=len(P)) < 0.7
    y = np.where(labelled[:, None], Y, -1)
    found = recalibrated(y, P, method=method, labelled=labelled)
    for i, (y, p) in enumerate(zip(Y.T, P.T, strict=True)):
        alone = recalibrated(y[labelled], p[labelled], method=method)
        np.testing.assert_allclose(found[labelled, i], alone, rtol=1e-9)
    assert found.shape == P.shape and np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_weights_are_copies(method):
    copies = np.arange(len(P)) % 3
    rows = np.repeat(np.arange(len(P)), copies)
    found = recalibrated(Y, P, method=method, sample_weight=copies)
    expected = recalibrated(Y[rows], P[rows], method=method)
    np.testing.assert_allclose(found[rows], expected, atol=2e-3)


def test_what_float32_rounds_to_one():
    p = np.asarray([0.2, 0.7, 1.0, 0.0, 0.9, 0.1], np.float32)
    q = recalibrated(np.asarray([0, 1, 1, 1, 0, 0]), p)
    assert q.dtype == np.float64 and np.all((q > 0) & (q < 1))
    separated = recalibrated(p > 0.5, p)
    assert np.all((separated > 0.5) == (p > 0.5)) and np.all((separated > 0) & (separated < 1))
    constant = recalibrated(np.asarray([0, 0, 1]), np.full(3, 0.9))
    np.testing.assert_allclose(constant, 1 / 3, atol=1e-4)


def test_no_warning_of_what_was_recalibrated():
    for method in ("sigmoid", "isotonic"):
        ss.expected_labels(Y, recalibrated(Y, P, method=method), axis=0)
    with pytest.warns(UserWarning, match=r"`y_prob` must expect.*recalibrated"):
        ss.expected_labels(Y, P, axis=0)


def test_errors_of_recalibration():
    with pytest.raises(ValueError, match="`method` must be 'sigmoid' or 'isotonic', got 'platt'"):
        recalibrated(Y, P, method="platt")
    with pytest.raises(ValueError, match=r"must have one shape.*got \(5, 2\) and \(300, 2\)"):
        recalibrated(Y[:5], P)
    with pytest.raises(ValueError, match=r"`y_prob` must hold probabilities in \[0, 1\], got val"):
        recalibrated(Y, logits(P))
    with pytest.raises(ValueError, match=r"`y_true` must hold labels of 0 and 1.*`labelled`"):
        recalibrated(Y - 1, P)
    with pytest.raises(ValueError, match=r"`y_true` must hold both classes.*got one in column 1"):
        recalibrated(Y * [1, 0], P)
    with pytest.raises(ValueError, match=r"`sample_weight` must have the shape .*got \(5,\)"):
        recalibrated(Y, P, sample_weight=np.ones(5))
    with pytest.raises(ValueError, match=r"`sample_weight` must hold finite weights .* from -1.0"):
        recalibrated(Y, P, sample_weight=np.where(Y == 1, -1.0, 1.0))
    with pytest.raises(TypeError, match="`labelled` must be a boolean mask, got int64; pass"):
        recalibrated(Y, P, labelled=np.ones(300, np.int64))
    with pytest.raises(TypeError, match="`y_prob` must hold floating-point probabilities, got int"):
        recalibrated(Y, Y)


# Expected counts in ThresholdClassifier


def counted_as(y, p, share):
    """Return the labels of expected counts by scikit-learn alone."""
    z = logits(p)[:, None]
    line = make_pipeline(StandardScaler(), LogisticRegression(C=100.0)).fit(z, y)
    return (1 - share) * y + share * line.predict_proba(z)[:, 1]


@pytest.mark.parametrize("expected", [None, 0.5, 1.0])
def test_thresholds_by_expected_counts(expected):
    share = 300 / (300 + len(Y_RARE)) if expected is None else expected
    base = OneVsRestClassifier(LogisticRegression())
    model = ThresholdClassifier(base, ss.matthews_corrcoef, cv=3, expected=expected)
    found = model.fit(X_RARE, TAGS).thresholds_
    p = cross_val_predict(base, X_RARE, TAGS, cv=3, method="predict_proba")
    for threshold, y, one in zip(found, TAGS.T, p.T, strict=True):
        best = ss.best_threshold(ss.matthews_corrcoef, counted_as(y, one, share), one)
        assert threshold == pytest.approx(best.threshold, rel=1e-12)
    binary = ThresholdClassifier(LogisticRegression(), ss.matthews_corrcoef, expected=expected)
    p = cross_val_predict(LogisticRegression(), X_RARE, Y_RARE, method="predict_proba")[:, 1]
    best = ss.best_threshold(ss.matthews_corrcoef, counted_as(Y_RARE, p, share), p)
    found = binary.fit(X_RARE, Y_RARE).thresholds_[0]
    assert found == pytest.approx(best.threshold, rel=1e-12)


def test_probabilities_as_they_are():
    """Those of naive Bayes are far from the labels, which is said."""
    model = ThresholdClassifier(GaussianNB(), expected=1.0, calibration=None)
    wide = np.repeat(X_RARE, 4, axis=1)  # the same evidence, counted four times
    with pytest.warns(UserWarning, match="`y_prob` must expect.*recalibrated"):
        found = model.fit(wide, Y_RARE).thresholds_[0]
    p = cross_val_predict(GaussianNB(), wide, Y_RARE, method="predict_proba")[:, 1]
    assert found == ss.best_threshold(ss.f1, p, p).threshold
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ThresholdClassifier(GaussianNB(), expected=1.0).fit(wide, Y_RARE)


@pytest.mark.parametrize("base", [LinearSVC(random_state=0), RidgeClassifier()])
def test_margins(base):
    """Thresholds of what has no probabilities are values of its decision function."""
    model = ThresholdClassifier(base, cv=3, expected=0.0).fit(X_RARE, Y_RARE)
    margins = cross_val_predict(base, X_RARE, Y_RARE, cv=3, method="decision_function")
    hit = margins >= model.thresholds_[0]
    f1 = ss.f1(ss.confusion(Y_RARE, hit, step=ss.Hard()))
    assert f1 == pytest.approx(best_f1(Y_RARE, margins), rel=1e-12)
    # Midway between the margins on both sides.
    sides = margins[hit].min(), margins[~hit].max()
    assert model.thresholds_[0] == pytest.approx(np.mean(sides), rel=1e-9)
    assert not hasattr(model, "predict_proba")
    margins = model.decision_function(X_RARE)
    np.testing.assert_array_equal(margins, model.estimator_.decision_function(X_RARE))
    np.testing.assert_array_equal(model.predict(X_RARE), margins >= model.thresholds_[0])
    # Which scale they have changes nothing.
    scaled = ThresholdClassifier(_Scaled(), cv=3).fit(X_RARE, Y_RARE)
    plain = ThresholdClassifier(RidgeClassifier(), cv=3).fit(X_RARE, Y_RARE)
    np.testing.assert_allclose(scaled.thresholds_, 1e6 * plain.thresholds_ + 7, rtol=1e-6)


class _Scaled(RidgeClassifier):
    def decision_function(self, X):
        return 1e6 * super().decision_function(X) + 7


def test_margins_of_labels_in_a_search():
    model = ThresholdClassifier(OneVsRestClassifier(LinearSVC(random_state=0)), cv=3)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), model),
        {
            "thresholdclassifier__expected": [0.0, 0.5],
            "thresholdclassifier__calibration": ["sigmoid", "isotonic"],
        },
        scoring="f1_macro",
        cv=3,
    ).fit(X_RARE, TAGS)
    best = search.best_estimator_
    margins = best.decision_function(X_RARE)
    found = best[-1].thresholds_
    np.testing.assert_array_equal(best.predict(X_RARE), (margins >= found).astype(int))


def test_weights_of_a_classifier_are_copies():
    """Rows with weights, and as many copies, choose alike; neither is said to be expected badly."""
    times = np.where(Y_RARE == 1, 12, 1)
    copies = np.repeat(np.arange(len(Y_RARE)), times)
    base = LogisticRegression().fit(X_RARE, Y_RARE)
    model = ThresholdClassifier(base, cv="prefit", expected=0.5, calibration="isotonic")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weighted = model.fit(X_RARE, Y_RARE, times).thresholds_
        found = model.fit(X_RARE[copies], Y_RARE[copies]).thresholds_
        model.set_params(calibration=None).fit(X_RARE, Y_RARE, times)
    np.testing.assert_allclose(weighted, found, rtol=1e-12)


def test_errors_of_classifiers():
    def fit(base=LogisticRegression(), **options):  # noqa: B008
        ThresholdClassifier(base, **options).fit(X_RARE, Y_RARE)

    with pytest.raises(ValueError, match=r"`expected` must lie in \[0, 1\], got 2"):
        fit(expected=2)
    with pytest.raises(ValueError, match=r"`calibration` must be one of .*None.*, got 'beta'"):
        fit(calibration="beta")
    with pytest.raises(ValueError, match=r"`calibration` must be one of .*got None; the estimator"):
        fit(RidgeClassifier(), calibration=None)
    with pytest.raises(TypeError, match="`estimator` must have predict_proba or decision_function"):
        fit(LinearRegression())
