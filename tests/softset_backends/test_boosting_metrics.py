"""Evaluation metrics for boosting, and early stopping by them."""

import copy
import functools
import pickle

import numpy as np
import pytest

import softset as ss

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from softset_backends.sklearn import boosting_objective, lightgbm_metric, scorer, xgboost_metric

X, Y = make_classification(1200, 6, weights=[0.8], flip_y=0.1, class_sep=0.7, random_state=1)
FIT, VAL = slice(0, 700), slice(700, None)
# As float32 numbers, which is what both boosters keep.
WEIGHTS = np.random.default_rng(0).uniform(0.2, 2, len(Y)).astype(np.float32).astype(np.float64)
OPTIONS = {"max_depth": 3, "n_jobs": 1, "learning_rate": 0.3}
OBJECTIVE = boosting_objective(ss.as_loss(ss.f1, from_logits=True))
PROBABILITIES, LOGITS = ss.as_score(ss.f1), ss.as_score(ss.f1, from_logits=True)
# Raw scores are handed over with an objective of one's own, probabilities otherwise.
KINDS = [(OBJECTIVE, LOGITS), (None, PROBABILITIES)]
kinds = pytest.mark.parametrize(("objective", "score"), KINDS, ids=["own", "log-loss"])
weighted = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
# XGBoost writes the values of metrics into a line of text, with six digits after the point.
WRITTEN = 5.1e-7


@pytest.fixture(scope="module")
def xgboost():
    return pytest.importorskip("xgboost", reason="xgboost is not installed")


@pytest.fixture(scope="module")
def lightgbm():
    return pytest.importorskip("lightgbm", reason="lightgbm is not installed")


@pytest.fixture(scope="module")
def xgb_classifier(xgboost):
    def make(objective, **options):
        chosen = {} if objective is None else {"objective": objective}
        return xgboost.XGBClassifier(**OPTIONS, **chosen, **options)

    return make


@pytest.fixture(scope="module")
def lgbm_classifier(lightgbm):
    def make(objective, **options):
        return lightgbm.LGBMClassifier(objective=objective, verbose=-1, **OPTIONS, **options)

    return make


def fit_xgb(model, weights=None):
    options = {}
    if weights is not None:
        options = {"sample_weight": weights[FIT], "sample_weight_eval_set": [weights[VAL]]}
    return model.fit(X[FIT], Y[FIT], eval_set=[(X[VAL], Y[VAL])], verbose=False, **options)


def evaluation(lightgbm, x, y):
    """Return what LGBMClassifier.fit takes an evaluation set by."""
    if tuple(map(int, lightgbm.__version__.split(".")[:2])) < (4, 7):
        return {"eval_set": [(x, y)]}
    return {"eval_X": (x,), "eval_y": (y,)}


def fit_lgbm(lightgbm, model, metric, weights=None, callbacks=()):
    options = {}
    if weights is not None:
        options = {"sample_weight": weights[FIT], "eval_sample_weight": [weights[VAL]]}
    options |= evaluation(lightgbm, X[VAL], Y[VAL])
    return model.fit(X[FIT], Y[FIT], eval_metric=metric, callbacks=list(callbacks), **options)


def lgbm_labels(model, x, rounds=None):
    return model.predict(x, raw_score=True, num_iteration=rounds) >= 0


def of_validation(labels, weights):
    return f1_score(Y[VAL], labels, sample_weight=None if weights is None else weights[VAL])


# Values, in every round


@kinds
@weighted
def test_class_of_xgboost(xgb_classifier, objective, score, weights):
    model = xgb_classifier(objective, n_estimators=8, eval_metric=xgboost_metric(score))
    fit_xgb(model, weights)
    found = model.evals_result()["validation_0"]["f1"]
    # What `predict` says, which cuts at 0.5 by itself.
    rounds = [model.predict(X[VAL], iteration_range=(0, i + 1)) for i in range(8)]
    expected = [of_validation(labels, weights) for labels in rounds]
    np.testing.assert_allclose(found, expected, rtol=0, atol=WRITTEN)
    assert len(set(expected)) >= 4


@kinds
@weighted
def test_native_interface_of_xgboost(xgboost, objective, score, weights):
    weights = np.ones(len(Y)) if weights is None else weights
    fit, val = (xgboost.DMatrix(X[i], Y[i], weight=weights[i]) for i in (FIT, VAL))
    record = {}
    options = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    booster = xgboost.train(
        options,
        fit,
        8,
        evals=[(val, "val")],
        obj=objective,
        custom_metric=xgboost_metric(score),
        evals_result=record,
        verbose_eval=False,
    )
    rounds = [booster.predict(val, iteration_range=(0, i + 1)) for i in range(8)]
    expected = [of_validation(p > 0.5, weights) for p in rounds]
    np.testing.assert_allclose(record["val"]["f1"], expected, rtol=0, atol=WRITTEN)


@kinds
@weighted
def test_class_of_lightgbm(lightgbm, lgbm_classifier, objective, score, weights):
    model = lgbm_classifier(objective, n_estimators=8)
    fit_lgbm(lightgbm, model, lightgbm_metric(score), weights)
    found = model.evals_result_["valid_0"]["f1"]
    expected = [of_validation(lgbm_labels(model, X[VAL], i + 1), weights) for i in range(8)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert len(set(expected)) >= 4


@kinds
@weighted
def test_native_interface_of_lightgbm(lightgbm, objective, score, weights):
    fit, val = (
        lightgbm.Dataset(X[i], Y[i], weight=None if weights is None else weights[i])
        for i in (FIT, VAL)
    )
    record = {}
    options = {"objective": objective or "binary", "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(
        options,
        fit,
        8,
        valid_sets=[val.set_reference(fit)],
        feval=lightgbm_metric(score),
        callbacks=[lightgbm.record_evaluation(record)],
    )
    rounds = [booster.predict(X[VAL], raw_score=True, num_iteration=i + 1) for i in range(8)]
    expected = [of_validation(z >= 0, weights) for z in rounds]
    np.testing.assert_allclose(record["valid_0"]["f1"], expected, rtol=1e-12)
    # As the page says: there is a log loss beside it with LightGBM's own objective only.
    assert ("binary_logloss" in record["valid_0"]) == (objective is None)


@kinds
def test_cross_validation_of_both_libraries(xgboost, lightgbm, objective, score):
    """The values of the folds' own models, by scikit-learn."""
    options = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    folds = list(StratifiedKFold(3).split(X, Y))
    found = xgboost.cv(
        options,
        xgboost.DMatrix(X, Y),
        4,
        folds=folds,
        obj=objective,
        custom_metric=xgboost_metric(score),
        as_pandas=False,
    )["test-f1-mean"][-1]
    expected = []
    for train, test in folds:
        booster = xgboost.train(options, xgboost.DMatrix(X[train], Y[train]), 4, obj=objective)
        labels = booster.predict(xgboost.DMatrix(X[test])) > 0.5
        expected.append(f1_score(Y[test], labels))
    assert found == pytest.approx(np.mean(expected), abs=1e-6)
    options = {"objective": objective or "binary", "num_threads": 1, "verbose": -1}
    found = lightgbm.cv(
        options, lightgbm.Dataset(X, Y), 4, folds=folds, feval=lightgbm_metric(score)
    )
    assert len(found["valid f1-mean"]) == 4 and 0.3 < found["valid f1-mean"][-1] < 1


@pytest.mark.parametrize("own", [True, False], ids=["own", "log-loss"])
@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_several_classes(name, own, request):
    """Against scikit-learn's F1 of the arg max."""
    module = request.getfixturevalue(name)
    x, y = load_digits(return_X_y=True)
    x, y = x[y < 4], y[y < 4]
    macro = ss.macro(ss.f1)
    objective = boosting_objective(ss.as_loss(macro, axis=0, from_logits=True))
    score = ss.as_score(macro, step=ss.ArgMax(), axis=0, from_logits=own)
    options = {**OPTIONS, "n_estimators": 3}
    if name == "xgboost":
        chosen = {"objective": objective, "base_score": 0.0} if own else {}
        model = module.XGBClassifier(eval_metric=xgboost_metric(score), **chosen, **options)
        model.fit(x[::2], y[::2], eval_set=[(x[1::2], y[1::2])], verbose=False)
        found = model.evals_result()["validation_0"]["macro(f1)"][-1]
        scores = model.predict(x[1::2], output_margin=True) if own else model.predict_proba(x[1::2])
    else:
        model = module.LGBMClassifier(objective=objective if own else None, verbose=-1, **options)
        model.fit(
            x[::2],
            y[::2],
            eval_metric=lightgbm_metric(score),
            **evaluation(module, x[1::2], y[1::2]),
        )
        found = model.evals_result_["valid_0"]["macro(f1)"][-1]
        scores = model.predict(x[1::2], raw_score=True) if own else model.predict_proba(x[1::2])
    expected = f1_score(y[1::2], scores.argmax(1), average="macro")
    assert found == pytest.approx(expected, abs=WRITTEN)
    assert 0.5 < expected < 1


def test_several_labels(xgboost):
    labels = np.stack([Y, X[:, 0] > 0], axis=1).astype(int)
    metric = xgboost_metric(ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0))
    model = xgboost.XGBClassifier(n_estimators=3, eval_metric=metric, **OPTIONS)
    model.fit(X[FIT], labels[FIT], eval_set=[(X[VAL], labels[VAL])], verbose=False)
    expected = f1_score(labels[VAL], model.predict(X[VAL]), average="macro")
    found = model.evals_result()["validation_0"]["macro(f1)"][-1]
    assert found == pytest.approx(expected, abs=WRITTEN)


def test_several_labels_in_a_row():
    """As XGBoost 2 hands them over."""
    labels = np.stack([Y, X[:, 0] > 0], axis=1).astype(float)
    z = X[:, :2]
    metric = xgboost_metric(ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0, from_logits=True))
    expected = f1_score(labels, z >= 0, average="macro")
    assert metric(labels.ravel(), z) == pytest.approx(expected, rel=1e-12)


def test_loss_of_hard_counts_and_of_soft_ones():
    z = np.asarray([2.0, 0.5, -0.5, -3.0])
    y = np.asarray([1, 0, 1, 0])
    hard = ss.as_loss(ss.f1, step=ss.Hard(), from_logits=True)
    assert xgboost_metric(hard)(y, z) == lightgbm_metric(hard)(y, z)[1] == 0.5
    soft = ss.as_loss(ss.accuracy, step=ss.Identity(), from_logits=True)
    expected = np.mean(np.abs(y - 1 / (1 + np.exp(-z))))
    assert xgboost_metric(soft)(y, z) == pytest.approx(expected, rel=1e-12)


# Names and directions


def cost(c):
    return c.fn


@pytest.mark.parametrize(
    ("score", "name", "larger"),
    [
        (PROBABILITIES, "f1", True),
        (ss.as_score(ss.error_rate), "error_rate", False),
        (ss.as_score(functools.partial(ss.fbeta, beta=2.0)), "fbeta(beta=2.0)", True),
        (
            ss.as_score(functools.partial(ss.tversky, fp_weight=0.3, fn_weight=0.7)),
            "tversky(fn_weight=0.7,fp_weight=0.3)",
            True,
        ),
        (ss.as_loss(ss.f1), "loss_f1", False),
        (ss.as_loss(ss.precision), "loss_precision", False),
        (ss.as_loss(cost, step=ss.Hard(), maximize=False), "loss_cost", False),
        (ss.as_loss(ss.prevalence, maximize=True), "loss_prevalence", False),
    ],
)
def test_name_and_direction(score, name, larger):
    assert xgboost_metric(score).__name__ == name
    assert lightgbm_metric(score)(Y, np.full(len(Y), 0.5))[::2] == (name, larger)


def test_metric_with_options_in_xgboost(xgb_classifier):
    """A space in the name would make XGBoost fail."""
    tversky = functools.partial(ss.tversky, fp_weight=0.5, fn_weight=0.5)
    model = xgb_classifier(None, n_estimators=2, eval_metric=xgboost_metric(ss.as_score(tversky)))
    record = fit_xgb(model).evals_result()["validation_0"]
    found = record["tversky(fn_weight=0.5,fp_weight=0.5)"][-1]
    assert found == pytest.approx(of_validation(model.predict(X[VAL]), None), abs=WRITTEN)


def test_metrics_are_picklable():
    z = np.linspace(-2, 2, len(Y))
    for make in (xgboost_metric, lightgbm_metric):
        metric = make(LOGITS)
        for one in (pickle.loads(pickle.dumps(metric)), copy.deepcopy(metric)):
            assert one(Y, z, WEIGHTS) == metric(Y, z, WEIGHTS)
    assert pickle.loads(pickle.dumps(xgboost_metric(LOGITS))).__name__ == "f1"


@pytest.mark.parametrize("make", [xgboost_metric, lightgbm_metric])
def test_metric_of_something_else(make):
    with pytest.raises(TypeError, match="`score` must be what as_score or as_loss returned"):
        make(ss.f1)


def test_metric_without_a_direction():
    score = ss.as_score(ss.prevalence)
    with pytest.raises(ValueError, match=r"`score` must have a better direction.*as_loss\(prev"):
        lightgbm_metric(score)
    assert xgboost_metric(score)(Y, 1.0 * Y) == pytest.approx(Y.mean())


def test_raw_scores_for_probabilities(lightgbm, xgb_classifier, lgbm_classifier):
    model = xgb_classifier(OBJECTIVE, eval_metric=xgboost_metric(PROBABILITIES))
    with pytest.raises(ValueError, match=r"must hold probabilities in \[0, 1\].*from_logits=True"):
        fit_xgb(model)
    with pytest.raises(ValueError, match=r"must hold probabilities in \[0, 1\].*from_logits=True"):
        fit_lgbm(lightgbm, lgbm_classifier(OBJECTIVE), lightgbm_metric(PROBABILITIES))
    # The other way round there is no error, as the page says.
    model = fit_xgb(xgb_classifier(None, n_estimators=4, eval_metric=xgboost_metric(LOGITS)))
    assert len(set(model.evals_result()["validation_0"]["f1"])) == 1


# Early stopping

ROUNDS = 6


def first_best(values):
    """Return the round that early stopping keeps, and how many rounds it trains."""
    best = int(np.argmax(values))
    return best, best + 1 + ROUNDS


@kinds
@pytest.mark.parametrize("way", ["callback", "loss", "minimised"])
def test_xgboost_stops_early(xgboost, xgb_classifier, objective, score, way):
    own = objective is not None
    if way == "callback":
        stop = xgboost.callback.EarlyStopping(rounds=ROUNDS, maximize=True)
        options = {"eval_metric": xgboost_metric(score), "callbacks": [stop]}
    elif way == "loss":
        hard = ss.as_loss(ss.f1, step=ss.Hard(), from_logits=own)
        options = {"eval_metric": xgboost_metric(hard), "early_stopping_rounds": ROUNDS}
    else:  # what happens without either
        options = {"eval_metric": xgboost_metric(score), "early_stopping_rounds": ROUNDS}
    model = fit_xgb(xgb_classifier(objective, n_estimators=200, **options))
    names = model.evals_result()["validation_0"]
    assert list(names) == ["logloss", "loss_f1" if way == "loss" else "f1"]
    found = np.asarray(list(names.values())[-1])
    best, trained = first_best(found if way == "callback" else -found)
    assert (model.best_iteration, len(found)) == (best, trained)
    assert trained < 200
    f1 = of_validation(model.predict(X[VAL]), None)
    assert found[best] == pytest.approx(1 - f1 if way == "loss" else f1, abs=WRITTEN)


@kinds
def test_native_interface_of_xgboost_stops_early(xgboost, objective, score):
    fit, val = (xgboost.DMatrix(X[i], Y[i]) for i in (FIT, VAL))
    record = {}
    booster = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "nthread": 1},
        fit,
        200,
        evals=[(val, "val")],
        obj=objective,
        custom_metric=xgboost_metric(score),
        maximize=True,
        early_stopping_rounds=ROUNDS,
        evals_result=record,
        verbose_eval=False,
    )
    best, trained = first_best(record["val"]["f1"])
    assert (booster.best_iteration, booster.num_boosted_rounds()) == (best, trained)
    labels = booster.predict(val, iteration_range=(0, best + 1)) > 0.5
    assert booster.best_score == pytest.approx(of_validation(labels, None), abs=WRITTEN)


@kinds
def test_lightgbm_stops_early(lightgbm, lgbm_classifier, objective, score):
    stop = lightgbm.early_stopping(ROUNDS, verbose=False)
    model = lgbm_classifier(objective, n_estimators=200, metric="None")
    fit_lgbm(lightgbm, model, lightgbm_metric(score), callbacks=[stop])
    assert list(model.evals_result_["valid_0"]) == ["f1"]
    found = model.evals_result_["valid_0"]["f1"]
    best, trained = first_best(found)
    assert (model.best_iteration_ - 1, len(found)) == (best, trained)
    assert max(found) == pytest.approx(of_validation(lgbm_labels(model, X[VAL]), None), rel=1e-12)


def test_lightgbm_adds_a_log_loss_of_raw_scores(lightgbm, lgbm_classifier):
    """As the page says, which is why it passes metric="None"."""
    model = lgbm_classifier(OBJECTIVE, n_estimators=3)
    fit_lgbm(lightgbm, model, lightgbm_metric(LOGITS))
    raw = model.predict(X[VAL], raw_score=True)
    of_label = np.where(Y[VAL], raw, 1 - raw)  # LightGBM takes logarithms of 1e-15 or more
    expected = -np.log(np.maximum(of_label, 1e-15)).mean()
    found = model.evals_result_["valid_0"]["binary_logloss"][-1]
    assert found == pytest.approx(expected, rel=1e-5)


def of_raw(model, x, y):
    return f1_score(y, lgbm_labels(model, x))


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_grid_search_with_early_stopping(name, request):
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    grid = {"max_depth": [2, 4]}
    if name == "xgboost":
        hard = ss.as_loss(ss.f1, step=ss.Hard(), from_logits=True)
        metric = {"eval_metric": xgboost_metric(hard), "early_stopping_rounds": ROUNDS}
        base = request.getfixturevalue("xgb_classifier")(OBJECTIVE, n_estimators=100, **metric)
        options = {"eval_set": [(X[VAL], Y[VAL])], "verbose": False}
        mine, theirs = scorer(ss.f1), "f1"
    else:
        module = request.getfixturevalue(name)
        make = request.getfixturevalue("lgbm_classifier")
        base = make(OBJECTIVE, n_estimators=100, metric="None")
        options = {
            "eval_metric": lightgbm_metric(LOGITS),
            "callbacks": [module.early_stopping(ROUNDS, verbose=False)],
            **evaluation(module, X[VAL], Y[VAL]),
        }
        mine = theirs = of_raw
    scoring = {"mine": mine, "theirs": theirs}
    search = GridSearchCV(base, grid, scoring=scoring, refit="mine", cv=folds)
    search.fit(X[FIT], Y[FIT], **options)
    results = search.cv_results_
    np.testing.assert_allclose(results["mean_test_mine"], results["mean_test_theirs"], rtol=1e-12)
    for depth, found in zip(grid["max_depth"], results["mean_test_mine"], strict=True):
        expected = []
        for train, test in folds.split(X[FIT], Y[FIT]):
            model = clone(base).set_params(max_depth=depth).fit(X[train], Y[train], **options)
            labels = model.predict(X[test]) if name == "xgboost" else lgbm_labels(model, X[test])
            expected.append(f1_score(Y[test], labels))
        assert found == pytest.approx(np.mean(expected), rel=1e-12)
    best = search.best_estimator_
    stopped = best.best_iteration if name == "xgboost" else best.best_iteration_
    assert stopped < 99 - ROUNDS


# Weights of classes


@pytest.mark.parametrize("name", ["xgb_classifier", "lgbm_classifier"])
def test_scale_pos_weight_is_of_the_log_loss_alone(name, request):
    make = functools.partial(request.getfixturevalue(name), n_estimators=5)
    option = {"output_margin" if name == "xgb_classifier" else "raw_score": True}

    def scores(objective, weights=None, **options):
        model = make(objective, **options).fit(X, Y, sample_weight=weights)
        return model.predict(X, **option)

    plain, log_loss = scores(OBJECTIVE), scores(None)
    np.testing.assert_array_equal(scores(OBJECTIVE, scale_pos_weight=5.0), plain)
    assert np.abs(scores(None, scale_pos_weight=5.0) - log_loss).max() > 0.1
    heavy = scores(OBJECTIVE, np.where(Y, 5.0, 1.0))
    assert heavy.mean() > plain.mean() + 0.1
    if name == "lgbm_classifier":
        np.testing.assert_array_equal(scores(OBJECTIVE, is_unbalance=True), plain)
        np.testing.assert_array_equal(scores(OBJECTIVE, class_weight={0: 1.0, 1: 5.0}), heavy)
