"""Losses and scores of tables in the frameworks' own objects, loops and boosters."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SUMMED, sklearn

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from softset_backends.sklearn import (
    boosting_objective,
    lightgbm_metric,
    xgboost_metric,
)

RNG = np.random.default_rng(2)
C, N = 3, 60
NUMBERS = RNG.integers(0, C, N)
LOGITS = RNG.normal(size=(N, C)) + np.eye(C)[NUMBERS]
WEIGHTS = RNG.uniform(0.5, 2, N)
NOISE = RNG.normal(size=LOGITS.shape)
KAPPA = partial(ss.multiclass_cohen_kappa, weights="quadratic")


# PyTorch


def test_torch_loss_is_that_of_the_kernel():
    torch = pytest.importorskip("torch")
    from softset_backends.torch import MetricLoss

    module = MetricLoss(KAPPA, from_logits=True)
    assert repr(module) == (
        "MetricLoss(multiclass_cohen_kappa(weights='quadratic'), "
        "step=Softmax(sharpness=1.0, axis=-1), from_logits=True)"
    )
    loss = ss.as_loss(KAPPA, from_logits=True)
    value, gradient = ss.value_and_grad(loss)(NUMBERS, LOGITS, sample_weight=WEIGHTS)
    for fn in (module, torch.compile(module, fullgraph=True, backend="aot_eager")):
        z = torch.tensor(LOGITS, requires_grad=True)
        found = fn(z, torch.tensor(NUMBERS), sample_weight=torch.tensor(WEIGHTS))
        found.backward()
        np.testing.assert_allclose(found.item(), value, rtol=SUMMED)
        np.testing.assert_allclose(z.grad, gradient, atol=SUMMED * np.abs(gradient).max())
    images = torch.tensor(LOGITS.reshape(5, 3, 4, C)).movedim(-1, 1)
    whole = MetricLoss(KAPPA, step=ss.Softmax(axis=1), from_logits=True)
    found = whole(images, torch.tensor(NUMBERS.reshape(5, 3, 4)))
    np.testing.assert_allclose(found.item(), loss(NUMBERS, LOGITS), rtol=SUMMED)
    with pytest.raises(ValueError, match="`target` must hold class numbers"):
        module(torch.tensor(LOGITS), torch.tensor(NUMBERS[:5]))


def test_torch_score_keeps_the_table_of_a_stream():
    torch = pytest.importorskip("torch")
    from softset_backends.torch import MetricScore

    score = MetricScore(KAPPA, from_logits=True)
    best = LOGITS.argmax(1)
    for part in (slice(0, 10), slice(10, 10), slice(10, N)):
        options = {"sample_weight": torch.tensor(WEIGHTS[part])}
        score.update(torch.tensor(LOGITS[part]), torch.tensor(NUMBERS[part]), **options)
    table = sklearn.confusion_matrix(NUMBERS, best, sample_weight=WEIGHTS)
    assert isinstance(score.confusion, ss.ConfusionTable)
    np.testing.assert_allclose(score.confusion.counts, table, rtol=SUMMED)
    expected = sklearn.cohen_kappa_score(NUMBERS, best, weights="quadratic", sample_weight=WEIGHTS)
    np.testing.assert_allclose(score.compute(), expected, rtol=SUMMED)
    assert score.higher_is_better
    again = copy.deepcopy(score)
    again.update(torch.tensor(LOGITS), torch.tensor(NUMBERS))
    assert again.confusion.counts.sum() > score.confusion.counts.sum()
    with pytest.raises(ValueError, match="`input` must have the classes of the batches before"):
        score.update(torch.zeros(4, C + 1), torch.arange(4))
    score.reset()
    with pytest.raises(RuntimeError, match="there is nothing to compute"):
        _ = score.confusion


def test_torch_score_of_each_image():
    torch = pytest.importorskip("torch")
    from softset_backends.torch import MetricScore

    y, z = NUMBERS.reshape(5, 12), LOGITS.reshape(5, 12, C)
    score = MetricScore(ss.multiclass_matthews_corrcoef, axis=1, from_logits=True)
    for part in (slice(0, 2), slice(2, 5)):
        score.update(torch.tensor(z[part]), torch.tensor(y[part]))
    expected = [sklearn.matthews_corrcoef(a, b.argmax(1)) for a, b in zip(y, z, strict=True)]
    np.testing.assert_allclose(score.compute(), np.mean(expected), rtol=SUMMED)


def test_torchmetrics_collections_share_a_table_and_nothing_else():
    torch, theirs = pytest.importorskip("torch"), pytest.importorskip("torchmetrics")
    from softset_backends.torch import MetricScore

    options = {"step": ss.ArgMax(), "from_logits": True}
    scores = theirs.MetricCollection(
        {
            "MCC": MetricScore(ss.multiclass_matthews_corrcoef, **options),
            "kappa": MetricScore(KAPPA, **options),
            "f1": MetricScore(ss.micro(ss.f1), axis=0, **options),
        }
    )
    y, z, hot = torch.tensor(NUMBERS), torch.tensor(LOGITS), torch.tensor(np.eye(C)[NUMBERS])
    for _ in range(2):
        scores.update(z, hot)
    assert sorted(map(len, scores.compute_groups.values())) == [1, 2]
    found = scores.compute()
    np.testing.assert_allclose(
        found["MCC"], ss.as_score(ss.multiclass_matthews_corrcoef)(y, z.softmax(1))
    )
    assert found["f1"] == ss.as_score(ss.multiclass_accuracy, from_logits=True)(y, z)


def test_backward_in_parts_is_the_gradient_of_all():
    torch = pytest.importorskip("torch")
    from softset_backends.torch import MetricLoss, backward_in_parts

    x, y = torch.tensor(LOGITS), torch.tensor(NUMBERS)
    w = torch.eye(C, dtype=torch.float64, requires_grad=True)
    loss = MetricLoss(KAPPA, from_logits=True)
    whole = loss(x @ w, y)
    (expected,) = torch.autograd.grad(whole, w)
    value = backward_in_parts(loss, lambda x: x @ w, [(x[:7], y[:7]), (x[7:], y[7:])])
    torch.testing.assert_close(value, whole.detach(), rtol=SUMMED, atol=0)
    torch.testing.assert_close(w.grad, expected, rtol=1e-9, atol=SUMMED)


# JAX and TensorFlow


def test_jax_in_parts_and_over_devices():
    jax = pytest.importorskip("jax")
    from softset_backends.jax import psum, value_and_grad_in_parts

    loss = ss.as_loss(KAPPA, from_logits=True)
    x, y = jax.numpy.asarray(LOGITS), jax.numpy.asarray(NUMBERS)
    w = jax.numpy.eye(C)
    whole = jax.value_and_grad(lambda w: loss(y, x @ w))(w)
    parts = x.reshape(4, -1, C), y.reshape(4, -1)
    found = jax.jit(value_and_grad_in_parts(loss, lambda w, x: x @ w))(w, parts)
    for a, b in zip(found, whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=SUMMED)
    both = jax.vmap(lambda x, y: loss(y, x, reduce=psum("data")), axis_name="data")(*parts)
    np.testing.assert_allclose(both, whole[0], rtol=SUMMED)


def test_tensorflow_in_parts():
    tf = pytest.importorskip("tensorflow")
    from softset_backends.tensorflow import value_and_grad_in_parts

    loss = ss.as_loss(KAPPA, from_logits=True)
    x, y, w = tf.constant(LOGITS), tf.constant(NUMBERS), tf.Variable(np.eye(C))
    with tf.GradientTape() as tape:
        whole = loss(y, x @ w)
    expected = tape.gradient(whole, w)
    value, (found,) = value_and_grad_in_parts(
        loss, lambda x: x @ w, [w], [(x[:7], y[:7]), (x[7:], y[7:])]
    )
    np.testing.assert_allclose(value, whole, rtol=SUMMED)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=SUMMED)


# Boosting


def test_objective_of_a_table_counts_examples():
    """Softmax's cross-entropy has slopes of order 1 an example, and so has this."""
    loss = ss.as_loss(KAPPA, from_logits=True)
    objective = pickle.loads(pickle.dumps(boosting_objective(loss)))
    for weights, total in ((None, N), (WEIGHTS, WEIGHTS.sum())):
        gradient, hessian = objective(NUMBERS, LOGITS, weights)
        expected = ss.value_and_grad(loss)(NUMBERS, LOGITS, sample_weight=weights)[1]
        np.testing.assert_allclose(gradient, total * expected, rtol=SUMMED)
        np.testing.assert_allclose(hessian, np.maximum(0.5 * np.abs(gradient), 1e-16))
    with pytest.raises(ValueError, match="`y_true` must hold class numbers from 0 to 2"):
        objective(NUMBERS + 1, LOGITS)


def test_boosters_learn_and_are_evaluated_by_a_table():
    x, y = LOGITS + NOISE, NUMBERS
    loss = ss.as_loss(KAPPA, from_logits=True)
    score = ss.as_score(KAPPA, from_logits=True)
    xgboost = pytest.importorskip("xgboost")
    evals: dict = {}
    data = xgboost.DMatrix(x, y)
    booster = xgboost.train(
        {"num_class": C, "disable_default_eval_metric": 1, "base_score": 0.0},
        data,
        8,
        obj=boosting_objective(loss),
        custom_metric=xgboost_metric(score),
        evals=[(data, "train")],
        evals_result=evals,
        verbose_eval=False,
    )
    best = booster.predict(data, output_margin=True).argmax(1)
    expected = sklearn.cohen_kappa_score(y, best, weights="quadratic")
    (values,) = evals["train"].values()
    np.testing.assert_allclose(values[-1], expected, atol=1e-5)  # written with few digits
    assert expected > 0.6


def test_lightgbm_learns_by_a_table():
    lightgbm = pytest.importorskip("lightgbm")
    x, y = LOGITS + NOISE, NUMBERS
    data = lightgbm.Dataset(x, y, params={"min_data_in_leaf": 3, "verbose": -1})
    evals: dict = {}
    model = lightgbm.train(
        {
            "objective": boosting_objective(ss.as_loss(KAPPA, from_logits=True)),
            "num_class": C,
            "min_data_in_leaf": 3,
            "verbose": -1,
        },
        data,
        10,
        valid_sets=[data],
        feval=lightgbm_metric(ss.as_score(KAPPA, from_logits=True)),
        callbacks=[lightgbm.record_evaluation(evals)],
    )
    expected = sklearn.cohen_kappa_score(y, model.predict(x).argmax(1), weights="quadratic")
    (values,) = evals["training"].values()
    np.testing.assert_allclose(values[-1], expected, rtol=1e-6)
    assert expected > 0.6
