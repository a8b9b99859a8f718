"""Objectives for boosting, scikit-learn's scorers, and a classifier with thresholds."""

import functools
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import softset as ss
from softset_backends.numpy import central_differences
from tests.support.referees import DIFFERENCES, EXACT, SUMMED

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import (
    f1_score,
    get_scorer,
    make_scorer,
    matthews_corrcoef,
    precision_recall_curve,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, label_binarize
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from softset_backends.sklearn import ThresholdClassifier, boosting_objective, scorer

DATA = Path(__file__).parents[2].parent / "shared" / "data"
RNG = np.random.default_rng(3)
Y = (np.arange(60) % 4 == 0).astype(np.int64)
Z = RNG.normal(size=60) + Y
WEIGHTS = RNG.uniform(0.2, 2, 60)
F1 = ss.as_loss(ss.f1, from_logits=True)
MACRO = ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True)


@pytest.fixture(scope="module")
def xgboost():
    return pytest.importorskip("xgboost", reason="xgboost is not installed")


@pytest.fixture(scope="module")
def lightgbm():
    return pytest.importorskip("lightgbm", reason="lightgbm is not installed")


def raw(model, x):
    """Return the raw scores of a scikit-learn class of either booster."""
    option = "raw_score" if type(model).__name__.startswith("LGBM") else "output_margin"
    return model.predict(x, **{option: True})


def logistic(z):
    return 1 / (1 + np.exp(-z))


# The objective


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "loss",
    [
        F1,
        ss.as_loss(ss.f1, step=ss.Sigmoid(), threshold=0.3, from_logits=True),
        ss.as_loss(ss.matthews_corrcoef, from_logits=True),
        ss.as_loss(ss.error_rate, from_logits=True),
        ss.as_loss(functools.partial(ss.fbeta, beta=2.0), thresholds=(0.2, 0.7), from_logits=True),
    ],
)
def test_gradient_is_that_of_the_loss_times_the_total_weight(loss, weights):
    total = len(Y) if weights is None else weights.sum()
    gradient, hessian = boosting_objective(loss)(Y, Z, weights)
    _, expected = central_differences(lambda y, z: total * loss(y, z, sample_weight=weights))(Y, Z)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=DIFFERENCES * scale)
    np.testing.assert_allclose(hessian, np.abs(gradient) / 2, rtol=EXACT)
    assert gradient.dtype == hessian.dtype == np.float64


def test_gradient_of_f1_in_closed_form():
    loss = ss.as_loss(ss.f1, step=ss.Identity(), from_logits=True)
    p = logistic(Z)
    size = Y.sum() + p.sum()
    slope = -(2 * Y - 2 * (Y * p).sum() / size) / size * p * (1 - p)
    np.testing.assert_allclose(boosting_objective(loss)(Y, Z)[0], len(Y) * slope, rtol=1e-12)


def test_scale_is_that_of_a_sum_over_examples():
    # 1 - accuracy of probabilities is the mean of |y - p|, so the sum has slopes of p (1 - p).
    loss = ss.as_loss(ss.accuracy, step=ss.Identity(), from_logits=True)
    p = logistic(Z)
    gradient, _ = boosting_objective(loss)(Y, Z)
    np.testing.assert_allclose(gradient, np.where(Y, -1, 1) * p * (1 - p), rtol=1e-12)


def test_data_twice_leave_the_slopes():
    once = boosting_objective(F1)(Y, Z, WEIGHTS)
    twice = boosting_objective(F1)(np.tile(Y, 2), np.tile(Z, 2), np.tile(WEIGHTS, 2))
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_allclose(np.tile(a, 2), b, rtol=SUMMED)


def test_weight_is_a_number_of_copies():
    copies = np.arange(60) % 3
    gradient, hessian = boosting_objective(F1)(Y, Z, copies)
    rows = np.repeat(np.arange(60), copies)
    expected, curvature = boosting_objective(F1)(Y[rows], Z[rows])
    np.testing.assert_allclose(
        gradient, np.bincount(rows, expected, minlength=60), rtol=SUMMED, atol=0
    )
    assert np.all(hessian[copies == 0] == 1e-16)
    np.testing.assert_allclose(
        hessian[copies > 0], np.bincount(rows, curvature, minlength=60)[copies > 0], rtol=SUMMED
    )


@given(
    hnp.arrays(np.float32, st.integers(1, 20), elements=st.floats(-40, 40, width=32)),
    st.data(),
)
def test_hessian_is_positive_and_all_is_finite(scores, data):
    labels = data.draw(hnp.arrays(np.float32, scores.shape, elements=st.sampled_from([0, 1])))
    for loss in (F1, ss.as_loss(ss.matthews_corrcoef, step=ss.Sigmoid(73), from_logits=True)):
        gradient, hessian = boosting_objective(loss)(labels, scores)
        assert np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))
        assert np.all(hessian.astype(np.float32) > 0)  # what both boosters make of it


def test_classes_are_one_against_the_rest():
    numbers = np.arange(60) % 3
    scores = np.random.default_rng(115).normal(size=(60, 3))
    one = boosting_objective(MACRO)(numbers.astype(np.float32), scores, WEIGHTS)
    labels = np.eye(3)[numbers]
    for a, b in zip(one, boosting_objective(MACRO)(labels, scores, WEIGHTS), strict=True):
        np.testing.assert_array_equal(a, b)
    total = 3 * WEIGHTS.sum()
    _, expected = central_differences(
        lambda y, z: total * MACRO(y, z, sample_weight=WEIGHTS[:, None])
    )(labels, scores)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(one[0], expected, rtol=0, atol=DIFFERENCES * scale)


def test_objective_is_picklable():
    copy = pickle.loads(pickle.dumps(boosting_objective(F1)))
    for a, b in zip(copy(Y, Z), boosting_objective(F1)(Y, Z), strict=True):
        np.testing.assert_array_equal(a, b)


def test_objective_of_cross_entropy_is_that_of_boosters():
    """Gradient and Hessian of the sum of log losses, weighted, as XGBoost's own objective has."""
    entropy = functools.partial(ss.cross_entropy, from_logits=True)
    gradient, hessian = boosting_objective(entropy)(Y, Z, WEIGHTS)
    p = logistic(Z)
    np.testing.assert_allclose(gradient, WEIGHTS * (p - Y), rtol=1e-12)
    np.testing.assert_allclose(hessian, WEIGHTS * p * (1 - p), rtol=1e-12)
    factors = ss.Confusion(tp=1.0, fp=2.0, fn=5.0, tn=0.5)
    options = {"pos_weight": 3.0, "cell_weight": factors, "label_smoothing": 0.2}
    objective = boosting_objective(functools.partial(entropy, **options))
    _, hessian = objective(Y, Z, WEIGHTS)
    up, down = objective(Y, Z + 1e-5, WEIGHTS)[0], objective(Y, Z - 1e-5, WEIGHTS)[0]
    np.testing.assert_allclose(hessian, (up - down) / 2e-5, rtol=DIFFERENCES)


def test_objective_of_cross_entropy_of_classes():
    """That of XGBoost's multi:softprob: a mean over examples, times their number."""
    numbers, scores = np.arange(60) % 3, np.random.default_rng(116).normal(size=(60, 3))
    entropy = functools.partial(ss.cross_entropy, from_logits=True, class_axis=-1)
    gradient, hessian = boosting_objective(entropy)(numbers, scores, WEIGHTS)
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    weights = WEIGHTS[:, None]
    np.testing.assert_allclose(gradient, weights * (share - np.eye(3)[numbers]), rtol=1e-11)
    np.testing.assert_allclose(hessian, weights * 2 * share * (1 - share), rtol=1e-11)


def test_objective_of_a_sum_is_the_sum():
    entropy = functools.partial(ss.cross_entropy, from_logits=True)
    pairs = functools.partial(ss.pairwise_loss, surrogate=ss.Logistic())
    loss = ss.compound_loss((entropy, F1, pairs), weights=(1.0, 0.5, 2.0))
    found = boosting_objective(loss)(Y, Z, WEIGHTS)
    first, second = (boosting_objective(x)(Y, Z, WEIGHTS) for x in (entropy, F1))
    _, of_pairs = ss.value_and_grad(pairs)(Y, Z, sample_weight=WEIGHTS)
    third = (WEIGHTS.sum() * of_pairs, WEIGHTS.sum() * np.abs(of_pairs) / 2)
    for x, a, b, c in zip(found, first, second, third, strict=True):
        np.testing.assert_allclose(x, a + 0.5 * b + 2 * c, rtol=1e-11)
    copy = pickle.loads(pickle.dumps(boosting_objective(loss)))
    np.testing.assert_array_equal(copy(Y, Z, WEIGHTS)[0], found[0])


def test_objective_under_constraints():
    entropy = functools.partial(ss.cross_entropy, from_logits=True)
    bounds = (ss.at_least(ss.recall, 0.9), ss.at_most(ss.false_positive_rate, 0.1))
    loss = ss.constrained(entropy, bounds, from_logits=True)
    for one in (loss.penalty(3.0), loss.lagrangian(np.asarray([0.5, 2.0]))):
        gradient, hessian = boosting_objective(one)(Y, Z, WEIGHTS)
        _, expected = ss.value_and_grad(one)(Y, Z, sample_weight=WEIGHTS)
        np.testing.assert_allclose(gradient, WEIGHTS.sum() * expected, rtol=1e-11)
        assert (hessian >= boosting_objective(entropy)(Y, Z, WEIGHTS)[1]).all()


@pytest.mark.parametrize("loss", [ss.f1, ss.as_score(ss.f1, from_logits=True), None])
def test_objective_of_something_else(loss):
    with pytest.raises(TypeError, match="`loss` must be what as_loss returned"):
        boosting_objective(loss)


def test_objective_of_probabilities():
    for loss in (ss.as_loss(ss.f1), ss.cross_entropy, ss.compound_loss((ss.cross_entropy,))):
        with pytest.raises(ValueError, match=r"`loss` must take raw scores.*from_logits=True"):
            boosting_objective(loss)


@pytest.mark.parametrize("labels", [[0, 1, 3], [0, -1, 2], [0.5, 1, 2]])
def test_labels_that_are_no_class_numbers(labels):
    with pytest.raises(ValueError, match="`y_true` must hold class numbers from 0 to 2"):
        boosting_objective(MACRO)(np.asarray(labels, np.float32), np.zeros((3, 3)))


def test_errors_of_the_loss():
    objective = boosting_objective(F1)
    with pytest.raises(ValueError, match="must have one shape"):
        objective(Y[:-1], Z)
    with pytest.raises(ValueError, match="must have one shape"):
        boosting_objective(MACRO)(np.zeros(4), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="`y_true` must hold labels in"):
        objective(2 * Y - 1, Z)
    with pytest.raises(ValueError, match="finite logits"):
        objective(Y, np.full(60, np.nan))
    with pytest.raises(ValueError, match="`sample_weight`"):
        objective(Y, Z, WEIGHTS[:-1])


# In the boosters

X_SMALL, Y_SMALL = make_classification(
    400, 6, weights=[0.8], flip_y=0.1, class_sep=0.7, random_state=1
)
SMALL = {"n_estimators": 5, "max_depth": 3, "n_jobs": 1}


def test_both_interfaces_of_xgboost(xgboost):
    objective = boosting_objective(F1)
    weights = 1.0 + Y_SMALL
    model = xgboost.XGBClassifier(objective=objective, **SMALL)
    model.fit(X_SMALL, Y_SMALL, sample_weight=weights)
    data = xgboost.DMatrix(X_SMALL, Y_SMALL, weight=weights)
    options = {"max_depth": 3, "nthread": 1, "objective": "binary:logistic"}
    native = xgboost.train(options, data, 5, obj=objective)
    np.testing.assert_array_equal(native.predict(data, output_margin=True), raw(model, X_SMALL))
    # As the pages say: probabilities, and a threshold of 0.5 at a raw score of 0.
    np.testing.assert_allclose(
        model.predict_proba(X_SMALL)[:, 1], logistic(raw(model, X_SMALL)), rtol=1e-5
    )
    np.testing.assert_array_equal(model.predict(X_SMALL), raw(model, X_SMALL) >= 0)


def test_both_interfaces_of_lightgbm(lightgbm):
    objective = boosting_objective(F1)
    weights = 1.0 + Y_SMALL
    model = lightgbm.LGBMClassifier(objective=objective, verbose=-1, **SMALL)
    model.fit(X_SMALL, Y_SMALL, sample_weight=weights)
    data = lightgbm.Dataset(X_SMALL, Y_SMALL, weight=weights)
    options = {"max_depth": 3, "num_threads": 1, "verbose": -1, "objective": objective}
    native = lightgbm.train(options, data, 5)
    # Labels and scores are the same; the order of threads' sums is that of one thread.
    np.testing.assert_allclose(native.predict(X_SMALL), raw(model, X_SMALL), rtol=1e-12)


def test_cross_entropy_trains_xgboost_as_its_own(xgboost):
    entropy = boosting_objective(functools.partial(ss.cross_entropy, from_logits=True))
    ours = xgboost.XGBClassifier(objective=entropy, **SMALL).fit(X_SMALL, Y_SMALL)
    theirs = xgboost.XGBClassifier(base_score=0.5, **SMALL).fit(X_SMALL, Y_SMALL)
    np.testing.assert_allclose(raw(ours, X_SMALL), raw(theirs, X_SMALL), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_weight_is_a_number_of_copies_in_training(name, request):
    module = request.getfixturevalue(name)
    # Few values, so that copies do not move the histograms' bins; rows are not counted.
    x = np.round(X_SMALL)
    options = {"n_jobs": 1, "n_estimators": 5, "objective": boosting_objective(F1)}
    if name == "xgboost":
        make = functools.partial(module.XGBClassifier, max_depth=3, **options)
    else:
        fixed = {"min_child_samples": 1, "min_data_in_bin": 1, "verbose": -1}
        make = functools.partial(module.LGBMClassifier, num_leaves=8, **fixed, **options)
    copies = 1 + np.arange(400) % 2
    weighted = make().fit(x, Y_SMALL, sample_weight=copies.astype(float))
    rows = np.repeat(np.arange(400), copies)
    copied = make().fit(x[rows], Y_SMALL[rows])
    plain = make().fit(x, Y_SMALL)
    # The boosters count in float32.
    np.testing.assert_allclose(raw(weighted, x), raw(copied, x), rtol=1e-4, atol=1e-5)
    assert np.abs(raw(weighted, x) - raw(plain, x)).max() > 0.01


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_several_classes(name, request):
    module = request.getfixturevalue(name)
    x, y = load_digits(return_X_y=True)
    x, y = x[y < 4], y[y < 4]
    objective = boosting_objective(MACRO)
    options = {"objective": objective, **SMALL, "n_estimators": 20}
    if name == "xgboost":
        model = module.XGBClassifier(base_score=0.0, **options)
    else:
        model = module.LGBMClassifier(verbose=-1, **options)
    scores = raw(model.fit(x[::2], y[::2]), x[1::2])
    assert scores.shape == (len(y) // 2, 4)
    assert f1_score(y[1::2], scores.argmax(axis=1), average="macro") > 0.95
    positive = (scores >= 0).astype(float)
    assert ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0)(np.eye(4)[y[1::2]], positive) > 0.95


def test_several_labels(xgboost):
    labels = np.stack([Y_SMALL, 1 - Y_SMALL], axis=1)
    model = xgboost.XGBClassifier(objective=boosting_objective(MACRO), **SMALL)
    model.fit(X_SMALL, labels)
    scores = raw(model, X_SMALL)
    assert scores.shape == (400, 2)
    assert np.corrcoef(scores.T)[0, 1] < -0.9


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_start(name, request):
    module = request.getfixturevalue(name)
    seen = []

    def spy(y_true, y_pred):
        seen.append(float(np.ravel(y_pred)[0]))
        return boosting_objective(F1)(y_true, y_pred)

    # What the page on boosting says about where training starts.
    if name == "lightgbm":
        module.LGBMClassifier(objective=spy, verbose=-1, **SMALL).fit(X_SMALL, Y_SMALL)
        assert seen[0] == 0
        return
    for options, start in (({}, 0), ({"base_score": 0.0}, np.log(1e-6)), ({"base_score": 0.5}, 0)):
        seen.clear()
        module.XGBClassifier(objective=spy, **options, **SMALL).fit(X_SMALL, Y_SMALL)
        assert seen[0] == pytest.approx(start, abs=1e-4)
    data = module.DMatrix(X_SMALL, Y_SMALL)
    logistic = {"objective": "binary:logistic"}
    for options, start in (({}, 0.5), ({"base_score": 0.0}, 0), (logistic, 0)):
        seen.clear()
        module.train(options, data, 1, obj=lambda z, d: spy(d.get_label(), z))
        assert seen[0] == start


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_continued_training_starts_from_the_first_model(name, request):
    module = request.getfixturevalue(name)
    seen = []

    def spy(y_true, y_pred, sample_weight=None):
        seen.append(np.array(y_pred))
        return boosting_objective(F1)(y_true, y_pred, sample_weight)

    if name == "xgboost":
        make, start = functools.partial(module.XGBClassifier, **SMALL), "xgb_model"
    else:
        make, start = functools.partial(module.LGBMClassifier, verbose=-1, **SMALL), "init_model"
    first = make().fit(X_SMALL, Y_SMALL)
    both = make(objective=spy).fit(X_SMALL, Y_SMALL, **{start: first})
    np.testing.assert_allclose(seen[0], raw(first, X_SMALL), rtol=1e-5, atol=1e-6)
    moved = raw(both, X_SMALL) - raw(first, X_SMALL)
    assert moved[Y_SMALL == 1].mean() > 0.1 > moved[Y_SMALL == 0].mean()


def test_models_are_picklable(xgboost, lightgbm):
    for model in (
        xgboost.XGBClassifier(objective=boosting_objective(F1), **SMALL),
        lightgbm.LGBMClassifier(objective=boosting_objective(F1), verbose=-1, **SMALL),
    ):
        model.fit(X_SMALL, Y_SMALL)
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(raw(copy, X_SMALL), raw(model, X_SMALL))


def satimage():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    file = DATA / "satimage_class4.csv.gz"
    if not file.exists():
        pytest.skip(f"{file.name} is not here")
    frame = pandas.read_csv(file).drop(columns=["soil_class", "split"])
    return frame.drop(columns="y").to_numpy(float), frame["y"].to_numpy()


def page_blocks():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    file = DATA / "page_blocks0.csv.gz"
    if not file.exists():
        pytest.skip(f"{file.name} is not here")
    frame = pandas.read_csv(file)
    return frame.drop(columns="y").to_numpy(float), frame["y"].to_numpy()


def synthetic():
    return make_classification(
        4000, 20, n_informative=5, weights=[0.93], flip_y=0.05, class_sep=0.8, random_state=0
    )


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
@pytest.mark.parametrize(
    ("data", "margin"),
    # On page blocks the two objectives draw; it must not get worse by more than the folds vary.
    [(synthetic, 0), (satimage, 0.005), (page_blocks, -0.01)],
    ids=["synthetic", "satimage", "page-blocks"],
)
def test_better_f1_than_with_the_log_loss(name, data, margin, request):
    module = request.getfixturevalue(name)
    x, y = data()
    options = {"n_estimators": 100, "learning_rate": 0.1, "n_jobs": 1}
    if name == "xgboost":
        make = functools.partial(module.XGBClassifier, max_depth=4, **options)
    else:
        make = functools.partial(module.LGBMClassifier, num_leaves=15, verbose=-1, **options)
    found = {"log loss": [], "F1": []}
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        models = {"log loss": make(), "F1": make(objective=boosting_objective(F1))}
        for key, model in models.items():
            scores = raw(model.fit(x[train], y[train]), x[test])
            found[key].append(f1_score(y[test], scores >= 0))
    assert np.mean(found["F1"]) > np.mean(found["log loss"]) + margin


# The scorer

CANCER, BENIGN = load_breast_cancer(return_X_y=True)
IMAGES, DIGITS = load_digits(return_X_y=True)


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        (ss.f1, "f1"),
        (ss.balanced_accuracy, "balanced_accuracy"),
        (ss.matthews_corrcoef, "matthews_corrcoef"),
        (ss.precision, "precision"),
        (ss.recall, "recall"),
        (ss.jaccard, "jaccard"),
        (ss.accuracy, "accuracy"),
    ],
)
def test_equal_to_scikit_learn_in_cross_validation(metric, theirs):
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    mine = cross_val_score(tree, CANCER, BENIGN, scoring=scorer(metric))
    np.testing.assert_allclose(
        mine, cross_val_score(tree, CANCER, BENIGN, scoring=theirs), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("metric", "axis", "theirs"),
    [
        (ss.macro(ss.f1), 0, "f1_macro"),
        (ss.micro(ss.f1), 0, "f1_micro"),
        (ss.weighted(ss.f1), 0, "f1_weighted"),
        (ss.macro(ss.precision), 0, "precision_macro"),
    ],
)
def test_equal_to_scikit_learn_for_classes(metric, axis, theirs):
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    names = np.asarray([f"digit {i}" for i in DIGITS])  # labels of any kind
    mine = cross_val_score(tree, IMAGES, names, scoring=scorer(metric, axis=axis), cv=3)
    expected = cross_val_score(tree, IMAGES, names, scoring=theirs, cv=3)
    np.testing.assert_allclose(mine, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("labels", "positive"),
    [(np.where(BENIGN, -1, 1), 1), (np.where(BENIGN, "benign", "malignant"), "malignant")],
    ids=["signs", "strings"],
)
def test_labels_of_two_classes(labels, positive):
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    mine = cross_val_score(tree, CANCER, labels, scoring=scorer(ss.f1, pos_label=positive))
    theirs = make_scorer(f1_score, pos_label=positive)
    expected = cross_val_score(tree, CANCER, labels, scoring=theirs)
    np.testing.assert_allclose(mine, expected, rtol=1e-12)
    tuned = [
        TunedThresholdClassifierCV(linear(), scoring=s, cv=3).fit(CANCER, labels).best_threshold_
        for s in (scorer(ss.f1, pos_label=positive), theirs)
    ]
    assert tuned[0] == tuned[1]


def test_indicator_matrix():
    labels = np.stack([DIGITS % 2, DIGITS > 4], axis=1).astype(int)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(IMAGES, labels)
    weights = np.linspace(0, 2, len(labels))
    mine = scorer(ss.macro(ss.f1), axis=0)(tree, IMAGES, labels, sample_weight=weights)
    expected = f1_score(labels, tree.predict(IMAGES), average="macro", sample_weight=weights)
    np.testing.assert_allclose(mine, expected, rtol=1e-12)
    micro = scorer(ss.f1)(tree, IMAGES, labels)
    expected = f1_score(labels, tree.predict(IMAGES), average="micro")
    np.testing.assert_allclose(micro, expected, rtol=1e-12)


@pytest.mark.parametrize("labels", [BENIGN, DIGITS], ids=["two classes", "ten classes"])
def test_weights_enter_the_counts(labels):
    x = CANCER if labels is BENIGN else IMAGES
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(x, labels)
    weights = np.linspace(0, 2, len(labels))
    if labels is BENIGN:
        mine, average = scorer(ss.f1), "binary"
    else:
        mine, average = scorer(ss.macro(ss.f1), axis=0), "macro"
    expected = f1_score(labels, tree.predict(x), average=average, sample_weight=weights)
    found = mine(tree, x, labels, sample_weight=weights)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_weights_are_routed():
    sklearn = pytest.importorskip("sklearn")
    weights = np.linspace(0.1, 2, len(BENIGN))
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        tree.set_fit_request(sample_weight=True)
        found = [
            cross_validate(
                tree,
                CANCER,
                BENIGN,
                scoring=s.set_score_request(sample_weight=True),
                params={"sample_weight": weights},
            )["test_score"]
            for s in (scorer(ss.f1), make_scorer(f1_score))
        ]
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_direction():
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(CANCER, BENIGN)
    accuracy = scorer(ss.accuracy)(tree, CANCER, BENIGN)
    assert scorer(ss.error_rate)(tree, CANCER, BENIGN) == pytest.approx(accuracy - 1, abs=1e-12)
    assert scorer(ss.error_rate, maximize=True)(tree, CANCER, BENIGN) > 0
    predicted = tree.predict(CANCER).mean()
    rate = scorer(ss.predicted_positive_rate, maximize=False)
    assert rate(tree, CANCER, BENIGN) == pytest.approx(-predicted, abs=1e-12)
    with pytest.raises(ValueError, match="pass maximize=True or maximize=False"):
        scorer(ss.prevalence)


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        (ss.f1, "f1"),
        (ss.matthews_corrcoef, "matthews_corrcoef"),
        (ss.balanced_accuracy, "balanced_accuracy"),
    ],
)
def test_tuned_threshold_is_that_of_scikit_learn_and_better(metric, theirs):
    x, y = make_classification(1500, 8, weights=[0.9], flip_y=0.1, class_sep=0.7, random_state=2)
    train, test = slice(0, 750), slice(750, None)
    base = LogisticRegression()
    mine, expected = (
        TunedThresholdClassifierCV(base, scoring=s, cv=3).fit(x[train], y[train])
        for s in (scorer(metric), theirs)
    )
    assert mine.best_threshold_ == expected.best_threshold_
    assert mine.best_score_ == pytest.approx(expected.best_score_, abs=1e-12)
    plain = FixedThresholdClassifier(base, threshold=0.5).fit(x[train], y[train])
    assert get_scorer(theirs)(mine, x[test], y[test]) > get_scorer(theirs)(plain, x[test], y[test])


def test_grid_search_in_processes():
    # Processes, so the scorer is pickled.
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3, 5]},
        scoring={"mine": scorer(ss.f1), "mcc": scorer(ss.matthews_corrcoef), "theirs": "f1"},
        refit="mine",
        cv=3,
        n_jobs=2,
    ).fit(CANCER, BENIGN)
    found = search.cv_results_
    np.testing.assert_allclose(found["mean_test_mine"], found["mean_test_theirs"], rtol=1e-12)
    best = search.best_estimator_.predict(CANCER)
    mcc = scorer(ss.matthews_corrcoef)(search.best_estimator_, CANCER, BENIGN)
    assert mcc == pytest.approx(matthews_corrcoef(BENIGN, best), abs=1e-12)


def test_scorer_has_a_name_and_a_copy():
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(CANCER, BENIGN)
    mine = scorer(functools.partial(ss.fbeta, beta=2.0))
    assert "fbeta" in repr(mine)
    copy = pickle.loads(pickle.dumps(mine))
    assert copy(tree, CANCER, BENIGN) == mine(tree, CANCER, BENIGN)


def test_scorer_of_something_else():
    with pytest.raises(TypeError, match="`metric` must be a function"):
        scorer("f1")


def test_scorer_of_classes_without_an_axis():
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(IMAGES, DIGITS)
    with pytest.raises(ValueError, match=r"`axis` must be given for 10 classes.*macro\(f1\)"):
        scorer(ss.f1)(tree, IMAGES, DIGITS)


def test_unknown_positive_label():
    labels = np.where(BENIGN, "benign", "malignant")
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(CANCER, labels)
    with pytest.raises(ValueError, match="pos_label=1 is not a valid label"):  # scikit-learn's
        scorer(ss.f1)(tree, CANCER, labels)
    # Nobody but the scorer asks what a regressor predicts.
    tree = DecisionTreeRegressor(max_depth=8, random_state=0).fit(CANCER, BENIGN)
    with pytest.raises(ValueError, match=r"`pos_label` must be one of \[0.0, 1.0\], got 2"):
        scorer(ss.f1, pos_label=2)(tree, CANCER, BENIGN)


def test_one_class_only_is_no_error():
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(CANCER, BENIGN)
    rows = BENIGN == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = f1_score(BENIGN[rows], tree.predict(CANCER[rows]))
    assert scorer(ss.f1)(tree, CANCER[rows], BENIGN[rows]) == expected


# The classifier with thresholds

X_RARE, Y_RARE = make_classification(
    600, 8, weights=[0.8], flip_y=0.1, class_sep=0.7, random_state=2
)
TAGS = np.stack([Y_RARE, X_RARE[:, 0] + X_RARE[:, 1] > 1.0, X_RARE[:, 2] > 0.5], axis=1).astype(int)


def best_f1(y, p, weights=None):
    """Return the best F1 of scikit-learn's curve, which has every cut."""
    precision, recall, _ = precision_recall_curve(y, p, sample_weight=weights)
    return np.max(2 * precision * recall / np.maximum(precision + recall, 1e-300))


def of_positives(probability):
    if isinstance(probability, list):
        return np.stack([x[:, 1] for x in probability], axis=1)
    return probability


@parametrize_with_checks(
    [ThresholdClassifier(LogisticRegression()), ThresholdClassifier(RidgeClassifier())],
    # It compares the labels with a threshold of 0.5, and expects scikit-learn's own to fail too.
    expected_failed_checks=lambda model: (
        {"check_classifiers_train": "thresholds are not 0.5"}
        if hasattr(model, "predict_proba")
        else {}
    ),
)
# What scikit-learn itself warns of on infinite labels.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [(ss.f1, f1_score), (ss.matthews_corrcoef, matthews_corrcoef)],
    ids=["f1", "mcc"],
)
def test_threshold_is_best_on_rows_that_were_not_fitted_on(metric, theirs):
    model = ThresholdClassifier(LogisticRegression(), metric, expected=0.0).fit(X_RARE, Y_RARE)
    p = cross_val_predict(LogisticRegression(), X_RARE, Y_RARE, cv=5, method="predict_proba")[:, 1]
    best = max(theirs(Y_RARE, p >= t) for t in p)
    assert theirs(Y_RARE, p >= model.thresholds_[0]) == pytest.approx(best, rel=1e-12)
    plain = LogisticRegression().fit(X_RARE, Y_RARE)
    probability = plain.predict_proba(X_RARE)
    np.testing.assert_array_equal(model.predict_proba(X_RARE), probability)
    np.testing.assert_array_equal(model.predict(X_RARE), probability[:, 1] >= model.thresholds_[0])


def test_thresholds_of_costs():
    cost = functools.partial(ss.expected_cost, fn=9.0)
    model = ThresholdClassifier(LogisticRegression(), cost).fit(X_RARE, Y_RARE)
    assert -scorer(cost)(model, X_RARE, Y_RARE) < -scorer(cost)(model.estimator_, X_RARE, Y_RARE)
    turned = ThresholdClassifier(LogisticRegression(), lambda c: cost(c), maximize=False)
    assert turned.fit(X_RARE, Y_RARE).thresholds_ == model.thresholds_


def test_labels_of_any_kind():
    names = np.where(BENIGN, "benign", "malignant")
    model = ThresholdClassifier(linear()).fit(CANCER, names)
    assert list(model.classes_) == ["benign", "malignant"]
    numbers = ThresholdClassifier(linear()).fit(CANCER, 1 - BENIGN)
    assert model.thresholds_ == numbers.thresholds_
    np.testing.assert_array_equal(model.predict(CANCER) == "malignant", numbers.predict(CANCER))


def test_data_frames():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(X_RARE, columns=[f"x{i}" for i in range(8)])
    model = ThresholdClassifier(LogisticRegression()).fit(frame, pandas.Series(Y_RARE))
    assert list(model.feature_names_in_) == list(frame.columns) and model.n_features_in_ == 8
    expected = ThresholdClassifier(LogisticRegression()).fit(X_RARE, Y_RARE)
    # A frame has its columns in another order in memory: sums, and so fits, differ by rounding.
    np.testing.assert_allclose(model.thresholds_, expected.thresholds_, rtol=1e-6)


@pytest.mark.parametrize(
    "base",
    [
        OneVsRestClassifier(LogisticRegression()),
        MultiOutputClassifier(LogisticRegression()),
        RandomForestClassifier(10, max_depth=4, random_state=0),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_threshold_for_each_label(base):
    """Whatever form the probabilities come in."""
    model = ThresholdClassifier(base, cv=3, expected=0.0).fit(X_RARE, TAGS)
    p = of_positives(cross_val_predict(base, X_RARE, TAGS, cv=3, method="predict_proba"))
    assert model.thresholds_.shape == (3,)
    for y, scores, threshold in zip(TAGS.T, p.T, model.thresholds_, strict=True):
        found = f1_score(y, scores >= threshold)
        assert found == pytest.approx(best_f1(y, scores), rel=1e-12)
    p = of_positives(clone(base).fit(X_RARE, TAGS).predict_proba(X_RARE))
    found = model.predict(X_RARE)
    np.testing.assert_array_equal(found, (p >= model.thresholds_).astype(int))
    macro = scorer(ss.macro(ss.f1), axis=0)(model, X_RARE, TAGS)
    assert macro == pytest.approx(f1_score(TAGS, found, average="macro"), rel=1e-12)


def test_sparse_labels():
    sparse = pytest.importorskip("scipy.sparse")
    model = ThresholdClassifier(OneVsRestClassifier(LogisticRegression()))
    found = clone(model).fit(X_RARE, sparse.csr_matrix(TAGS)).thresholds_
    np.testing.assert_array_equal(found, model.fit(X_RARE, TAGS).thresholds_)


def test_weights_of_a_pipeline():
    """By metadata routing; without it a pipeline refuses them itself."""
    sklearn = pytest.importorskip("sklearn")
    weights = np.random.default_rng(117).uniform(0.2, 2, len(Y_RARE))
    base = LogisticRegression()
    with pytest.raises(ValueError, match=r"Pipeline\.fit does not accept the sample_weight"):
        model = ThresholdClassifier(make_pipeline(base))
        model.fit(X_RARE, Y_RARE, sample_weight=weights)
    expected = ThresholdClassifier(base).fit(X_RARE, Y_RARE, sample_weight=weights)
    with sklearn.config_context(enable_metadata_routing=True):
        model = ThresholdClassifier(make_pipeline(base.set_fit_request(sample_weight=True)))
        found = model.fit(X_RARE, Y_RARE, sample_weight=weights)
    np.testing.assert_array_equal(found.thresholds_, expected.thresholds_)


def test_a_fitted_estimator_is_left_alone():
    train, tune = slice(0, 300), slice(300, None)
    plain = LogisticRegression().fit(X_RARE[train], Y_RARE[train])
    before = plain.coef_.copy()
    model = ThresholdClassifier(plain, cv="prefit", expected=0.0).fit(X_RARE[tune], Y_RARE[tune])
    assert model.estimator_ is plain
    np.testing.assert_array_equal(plain.coef_, before)
    p = plain.predict_proba(X_RARE[tune])[:, 1]
    assert model.thresholds_[0] == ss.best_threshold(ss.f1, Y_RARE[tune], p).threshold
    with pytest.raises(NotFittedError):
        ThresholdClassifier(LogisticRegression(), cv="prefit").fit(X_RARE, Y_RARE)


def test_weights_go_to_both():
    weights = np.random.default_rng(118).uniform(0.2, 2, len(Y_RARE))
    model = ThresholdClassifier(LogisticRegression(), expected=0.0)
    model.fit(X_RARE, Y_RARE, sample_weight=weights)
    plain = LogisticRegression().fit(X_RARE, Y_RARE, sample_weight=weights)
    np.testing.assert_array_equal(model.estimator_.coef_, plain.coef_)
    p = cross_val_predict(
        LogisticRegression(),
        X_RARE,
        Y_RARE,
        method="predict_proba",
        params={"sample_weight": weights},
    )[:, 1]
    found = f1_score(Y_RARE, p >= model.thresholds_[0], sample_weight=weights)
    assert found == pytest.approx(best_f1(Y_RARE, p, weights), rel=1e-12)
    assert found != pytest.approx(best_f1(Y_RARE, p), rel=1e-3)


def test_in_a_search_and_pickled():
    search = GridSearchCV(
        ThresholdClassifier(DecisionTreeClassifier(random_state=0), cv=3),
        {"estimator__max_depth": [2, 4], "metric": [ss.f1, ss.matthews_corrcoef]},
        scoring="f1",
        cv=3,
    ).fit(CANCER, BENIGN)
    best = search.best_estimator_
    copy = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(copy.predict(CANCER), best.predict(CANCER))


def test_several_classes_are_refused():
    with pytest.raises(ValueError, match=r"The type of the target is multiclass.*label_binarize"):
        ThresholdClassifier(LogisticRegression()).fit(IMAGES, DIGITS)
    each = ThresholdClassifier(OneVsRestClassifier(LogisticRegression(max_iter=2000)), cv=3)
    each.fit(IMAGES[:400] / 16, label_binarize(DIGITS[:400], classes=range(10)))
    assert each.thresholds_.shape == (10,)


def test_refused_data():
    with pytest.raises(ValueError, match="Unknown label type: `y` must hold numbers"):
        ThresholdClassifier(LogisticRegression()).fit(X_RARE, np.full(len(Y_RARE), None))
    with pytest.raises(ValueError, match="`y` must hold both classes of label 2 to choose"):
        one = TAGS * [1, 1, 0]
        ThresholdClassifier(RandomForestClassifier(2), cv=3).fit(X_RARE, one)
    with pytest.raises(ValueError, match="`y` must hold both classes to choose a threshold"):
        ThresholdClassifier(DecisionTreeClassifier(), cv=3).fit(X_RARE, np.zeros(len(Y_RARE)))
    with pytest.raises(ValueError, match="`metric` must give one value for each threshold"):
        ThresholdClassifier(RandomForestClassifier(2), ss.macro(ss.f1), cv=3).fit(X_RARE, TAGS)
    assert not hasattr(ThresholdClassifier(RidgeClassifier()), "predict_proba")
    with pytest.raises(NotFittedError):
        ThresholdClassifier(LogisticRegression()).predict(X_RARE)
