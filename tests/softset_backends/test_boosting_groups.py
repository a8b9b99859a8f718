"""Objectives for boosters of losses that count by groups."""

import pickle
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends.numpy import central_differences
from tests.support.referees import DIFFERENCES

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from softset_backends.sklearn import boosting_objective

RNG = np.random.default_rng(5)
Y = np.asarray(RNG.random(80) < 0.4, dtype=np.int64)
Z = RNG.normal(size=80)
GROUPS = RNG.integers(0, 3, size=80)
WEIGHTS = RNG.uniform(0.5, 2, size=80)
ENTROPY = partial(ss.cross_entropy, from_logits=True)
GAP = ss.at_most(ss.largest_gap(ss.recall), 0.02)
LOSS = ss.constrained(ENTROPY, (GAP,), from_logits=True, num_groups=3)
WORST = ss.as_loss(ss.worst_group(ss.f1), from_logits=True, num_groups=3)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "loss",
    [WORST, LOSS.penalty(5.0), LOSS.lagrangian(np.asarray([0.7]))],
    ids=["worst", "penalty", "lagrangian"],
)
def test_gradient_is_that_of_the_loss_times_the_total_weight(loss, weights):
    total = len(Y) if weights is None else weights.sum()
    objective = pickle.loads(pickle.dumps(boosting_objective(loss, groups=GROUPS)))
    gradient, hessian = objective(Y, Z, weights)

    def whole(y, z):
        return total * loss(y, z, sample_weight=weights, groups=GROUPS)

    _, expected = central_differences(whole)(Y, Z)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=DIFFERENCES * scale)
    assert np.all(hessian > 0)


def test_groups_of_rows_serve_all_classes():
    labels, scores = (
        np.random.default_rng(110).integers(0, 4, size=80),
        np.random.default_rng(111).normal(size=(80, 4)),
    )
    loss = ss.as_loss(
        ss.largest_gap(ss.macro(ss.recall)), axis=0, from_logits=True, num_groups=3, maximize=False
    )
    gradient, _ = boosting_objective(loss, groups=GROUPS)(labels, scores)
    of_each = np.repeat(GROUPS[:, None], 4, axis=1)
    _, expected = ss.value_and_grad(loss)(np.eye(4)[labels], scores, groups=of_each)
    np.testing.assert_allclose(gradient, scores.size * expected, rtol=1e-12)


def test_groups_that_change_later_are_those_of_the_call():
    groups = GROUPS.copy()
    objective = boosting_objective(WORST, groups=groups)
    before, _ = objective(Y, Z)
    groups[:] = 0
    np.testing.assert_array_equal(objective(Y, Z)[0], before)


def _make(booster):
    options = {"n_estimators": 60, "max_depth": 3, "learning_rate": 0.1, "n_jobs": 1}
    if booster == "xgboost":
        return pytest.importorskip("xgboost").XGBClassifier, {**options, "base_score": 0.5}
    return pytest.importorskip("lightgbm").LGBMClassifier, {**options, "verbose": -1}


@pytest.mark.parametrize("booster", ["xgboost", "lightgbm"])
def test_a_penalty_brings_the_recalls_of_groups_together(booster):
    classifier, options = _make(booster)
    rng = np.random.default_rng(0)
    group, y = (rng.random(4000) < 0.5).astype(int), (rng.random(4000) < 0.3).astype(int)
    x = np.stack([rng.normal(np.where(group, 0.8, 2.0) * y), rng.normal(1.5 * y)], axis=1)
    given = {"step": ss.Hard(), "from_logits": True, "groups": group, "num_groups": 2}
    loss = ss.constrained(
        ENTROPY, (ss.at_most(ss.largest_gap(ss.recall), 0.02),), from_logits=True, num_groups=2
    )
    gaps = []
    for strength in (1e-9, 100.0):
        objective = boosting_objective(loss.penalty(strength), groups=group)
        model = classifier(objective=objective, **options).fit(x, y)
        option = "output_margin" if booster == "xgboost" else "raw_score"
        recalls = ss.recall(ss.confusion(y, model.predict(x, **{option: True}), **given))
        gaps.append(abs(recalls[0] - recalls[1]))
    assert gaps[0] > 0.15  # of cross-entropy alone
    assert gaps[1] < gaps[0] / 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: boosting_objective(WORST), "`groups` must be given for a loss"),
        (lambda: boosting_objective(ENTROPY, groups=GROUPS), "`groups` must be left out"),
        (lambda: boosting_objective(WORST, groups=GROUPS[:, None]), r"1-D.*\(80, 1\)"),
        (lambda: boosting_objective(WORST, groups=GROUPS)(Y[:9], Z[:9]), "got 80 for 9 rows"),
        (lambda: boosting_objective(WORST, groups=GROUPS + 1)(Y, Z), "below num_groups=3"),
        (lambda: boosting_objective(WORST, groups=GROUPS / 2)(Y, Z), "`groups`"),
    ],
    ids=["missing", "not asked for", "shape", "length", "range", "floats"],
)
def test_bad_groups_are_told(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
