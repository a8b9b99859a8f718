"""Boosters in scikit-learn that give raw scores or columns where labels or probabilities belong."""

import numpy as np
import pytest

import softset as ss

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_recall_curve
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softset_backends.sklearn import ThresholdClassifier, boosting_objective, scorer

X, Y = make_classification(1200, 6, weights=[0.8], flip_y=0.1, class_sep=0.7, random_state=1)
FIT, TUNE = slice(0, 700), slice(700, None)
OBJECTIVE = boosting_objective(ss.as_loss(ss.f1, from_logits=True))
raw_expected = pytest.mark.filterwarnings("ignore:Cannot compute class probabilities:UserWarning")


@pytest.fixture(scope="module")
def xgboost():
    return pytest.importorskip("xgboost", reason="xgboost is not installed")


@pytest.fixture(scope="module")
def lightgbm():
    return pytest.importorskip("lightgbm", reason="lightgbm is not installed")


@pytest.fixture
def raw_classifier(lightgbm):
    """Return a classifier whose predict_proba gives raw scores, of shape (n,)."""
    return lightgbm.LGBMClassifier(objective=OBJECTIVE, n_estimators=5, n_jobs=1, verbose=-1)


def best_f1(y, scores):
    """Return the best F1 of scikit-learn's curve, which has every cut."""
    precision, recall, _ = precision_recall_curve(y, scores)
    return np.max(2 * precision * recall / (precision + recall))


@raw_expected
def test_threshold_of_raw_scores(raw_classifier):
    model = ThresholdClassifier(raw_classifier, cv=3, expected=0.0).fit(X, Y)
    raw = cross_val_predict(raw_classifier, X, Y, cv=3, method="predict_proba")
    cut = np.log(model.thresholds_[0] / (1 - model.thresholds_[0]))
    assert f1_score(Y, raw >= cut) == pytest.approx(best_f1(Y, raw), rel=1e-12)
    raw = clone(raw_classifier).fit(X, Y).predict(X, raw_score=True)
    np.testing.assert_array_equal(model.predict(X), raw >= cut)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-raw)), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert scorer(ss.f1)(model, X, Y) == pytest.approx(f1_score(Y, raw >= cut), rel=1e-12)
    fitted = clone(raw_classifier).fit(X[FIT], Y[FIT])
    prefit = ThresholdClassifier(make_pipeline(fitted), cv="prefit", expected=0.0)
    prefit.fit(X[TUNE], Y[TUNE])
    expected = ss.best_threshold(ss.f1, Y[TUNE], fitted.predict(X[TUNE]), from_logits=True)
    assert prefit.thresholds_[0] == pytest.approx(expected.threshold, rel=1e-12)


@raw_expected
def test_thresholds_of_raw_scores_of_several_labels(raw_classifier):
    labels = np.stack([Y, X[:, 0] > 0], axis=1).astype(int)
    base = MultiOutputClassifier(raw_classifier)
    model = ThresholdClassifier(base, cv=3).fit(X, labels)
    raw = np.stack(clone(base).fit(X, labels).predict_proba(X), axis=1)
    cuts = np.log(model.thresholds_ / (1 - model.thresholds_))
    np.testing.assert_array_equal(model.predict(X), raw >= cuts)


@raw_expected
def test_cross_validation_of_raw_scores(raw_classifier):
    model = ThresholdClassifier(raw_classifier, cv=3)
    mine = cross_val_score(model, X, Y, scoring=scorer(ss.f1), cv=3)
    theirs = cross_val_score(model, X, Y, scoring="f1", cv=3)
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@raw_expected
def test_scorer_refuses_raw_scores(raw_classifier):
    model = raw_classifier.fit(X, Y)
    for mine in (scorer(ss.f1), scorer(ss.macro(ss.f1), axis=0)):
        with pytest.raises(ValueError, match=r"`y_pred` must hold labels, got scores from.*Thresh"):
            mine(model, X, Y)
    classes = Y + (X[:, 0] > 0)
    macro = boosting_objective(ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True))
    model = raw_classifier.set_params(objective=macro).fit(X, classes)
    with pytest.raises(ValueError, match=r"one label for each.*\(1200,\), got shape \(1200, 3\)"):
        scorer(ss.macro(ss.f1), axis=0)(model, X, classes)


class Columns(LogisticRegression):
    """A classifier that gives labels, and the probabilities of the positives, in one column."""

    def predict(self, X):
        return super().predict(X)[:, None]

    def predict_proba(self, X):
        return super().predict_proba(X)[:, 1:]


def test_labels_in_a_column():
    model = Columns().fit(X, Y)
    expected = f1_score(Y, model.predict(X)[:, 0])
    assert scorer(ss.f1)(model, X, Y) == pytest.approx(expected, rel=1e-12)


def test_boosters_in_a_pipeline_and_a_search(xgboost, lightgbm):
    """With their own objectives, several labels among them, by expected counts."""
    tags = np.stack([Y, X[:, 0] > 0], axis=1).astype(int)
    options = {"n_estimators": 5, "max_depth": 3, "n_jobs": 1}
    light = MultiOutputClassifier(lightgbm.LGBMClassifier(verbose=-1, **options))
    for base, y in ((xgboost.XGBClassifier(**options), tags), (light, tags), (light.estimator, Y)):
        model = make_pipeline(StandardScaler(), ThresholdClassifier(base, cv=3))
        shares = {"thresholdclassifier__expected": [0.0, 0.3, 1.0]}
        search = GridSearchCV(model, shares, scoring="f1_macro", cv=2).fit(X, y)
        best = search.best_estimator_
        p = best.predict_proba(X)
        p = np.stack([x[:, 1] for x in p], axis=1) if isinstance(p, list) else p
        p = p[:, 1] if y.ndim == 1 else p
        np.testing.assert_array_equal(best.predict(X), p >= best[-1].thresholds_)
        assert search.best_score_ > 0.5


def test_threshold_of_neither_probabilities_nor_raw_scores(xgboost):
    raw = xgboost.XGBClassifier(objective="binary:logitraw", n_estimators=2, n_jobs=1)
    with pytest.raises(ValueError, match=r"`estimator` must give prob.* \[0, 1\], got values from"):
        ThresholdClassifier(raw).fit(X, Y)
    with pytest.raises(ValueError, match=r"of shape \(n, 2\), got \(1200, 1\)"):
        ThresholdClassifier(Columns().fit(X, Y), cv="prefit").fit(X, Y)
    booster = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, Y).get_booster()
    with pytest.raises(TypeError, match=r"`estimator` must have predict_proba or.*Booster.*best_"):
        ThresholdClassifier(booster, cv="prefit").fit(X, Y)


def test_threshold_of_boosters(xgboost, lightgbm):
    """What the message of ThresholdClassifier says to do."""
    data = xgboost.DMatrix(X, Y)
    options = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    p = xgboost.train(options, data, 5).predict(data).astype(np.float64)
    options = {"objective": OBJECTIVE, "num_threads": 1, "verbose": -1}
    raw = lightgbm.train(options, lightgbm.Dataset(X, Y), 5).predict(X)
    for scores, logits in ((p, False), (raw, True)):
        threshold, value = ss.best_threshold(ss.f1, Y, scores, from_logits=logits)
        probability = 1 / (1 + np.exp(-scores)) if logits else scores
        expected = f1_score(Y, probability >= threshold)
        assert value == pytest.approx(expected, rel=1e-12)
        assert value == pytest.approx(best_f1(Y, scores), rel=1e-12)
