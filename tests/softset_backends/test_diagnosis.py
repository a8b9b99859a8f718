"""Batches without a signal, and what is said about them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import softset as ss
import softset_backends as sb

RNG = np.random.default_rng(5)
Y_TRUE = (np.arange(40) % 4 == 0).astype(np.int64)
Y_PROB = np.clip(0.3 * Y_TRUE + RNG.uniform(0.05, 0.65, 40), 0, 1)
F1 = ss.as_loss(ss.f1)

NAMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(name not in sb.available(), reason=f"{name} is not installed"),
    )
    for name in ("numpy", "torch", "jax", "tensorflow")
]


def names(*arguments, **options):
    return [finding.name for finding in sb.diagnose(*arguments, **options).findings]


def text(*arguments, **options):
    return str(sb.diagnose(*arguments, **options))


def logit(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize(
    "loss",
    [
        F1,
        ss.as_loss(ss.f1, thresholds=(0.25, 0.5, 0.75)),
        ss.as_loss(ss.matthews_corrcoef, step=ss.Sigmoid()),
        ss.as_loss(ss.f1, threshold=np.full(40, 0.4)),
        ss.as_loss(ss.f1, step=ss.StraightThrough()),
        ss.cross_entropy,
    ],
)
def test_nothing_found(loss):
    found = sb.diagnose(Y_TRUE, Y_PROB, loss)
    assert found and found.ok and found.findings == ()
    assert str(found) == "Nothing found: the batch has a signal."


def test_nothing_found_in_logits():
    assert sb.diagnose(Y_TRUE, logit(Y_PROB), ss.as_loss(ss.f1, from_logits=True)).ok


@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_every_framework(name):
    backend = sb.get(name)
    labels = backend.asarray(np.zeros(40), "float32")
    scores = backend.asarray(Y_PROB, "float32")
    found = sb.diagnose(labels, scores, F1)
    assert not found and [f.name for f in found.findings] == ["no positives", "no gradient"]
    assert sb.diagnose(backend.asarray(Y_TRUE), scores, F1).ok
    array = replace(F1, threshold=backend.asarray([0.4], "float32"))
    assert sb.diagnose(backend.asarray(Y_TRUE), scores, array).ok


def test_arrays_that_numpy_does_not_have():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    scores = torch.asarray(Y_PROB).to(torch.bfloat16).requires_grad_(True)
    assert sb.diagnose(torch.asarray(Y_TRUE), scores, F1).ok


def test_tensorflow_variables():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    assert sb.diagnose(tf.constant(Y_TRUE), tf.Variable(Y_PROB), F1).ok


def test_one_class_only():
    found = sb.diagnose(np.zeros(40), Y_PROB, F1)
    assert [f.name for f in found.findings] == ["no positives", "no gradient"]
    assert "There are no positives: one class is all there is." in str(found)
    assert "exactly 0 for every score" in str(found)
    assert names(np.ones(40), Y_PROB, ss.as_loss(ss.specificity)) == ["no negatives", "no gradient"]
    assert names(np.ones(40), Y_PROB, F1) == ["no negatives"]


def test_classes_are_named():
    y_true = np.stack([Y_TRUE, 0 * Y_TRUE, 0 * Y_TRUE], axis=1)
    y_prob = np.random.default_rng(107).uniform(0.05, 0.95, (40, 3))
    loss = ss.as_loss(ss.macro(ss.f1), axis=0)
    assert "There are no positives in class 1, 2: one class" in text(y_true, y_prob, loss)
    many = np.zeros((40, 9))
    many[:6] = 1
    many[:, :7] = 0
    assert "in class 0, 1, 2, 3, 4 and 2 more:" in text(
        many, np.random.default_rng(108).uniform(size=(40, 9)), loss
    )


def test_few_positives():
    y_true = (np.arange(40) < 3).astype(np.float64)
    assert names(y_true, Y_PROB, F1) == ["few positives"]
    assert "There are 3 positives, fewer than 5:" in text(y_true, Y_PROB, F1)
    weight = np.full(40, 0.25)
    assert names(Y_TRUE, Y_PROB, F1, sample_weight=weight) == ["few positives"]
    assert names(Y_TRUE, Y_PROB, F1, where=np.arange(40) < 12) == ["few positives"]


def test_hard_step_and_zero_gradient():
    assert names(Y_TRUE, Y_PROB, ss.as_loss(ss.f1, step=ss.Hard())) == ["no gradient"]
    assert "gradient of the hard step is 0" in text(Y_TRUE, Y_PROB, ss.as_score(ss.f1))
    prevalence = ss.as_loss(ss.prevalence, maximize=True)
    assert names(Y_TRUE, Y_PROB, prevalence) == ["no gradient"]


def test_sharp_step():
    sharp = ss.as_loss(ss.f1, step=ss.Sigmoid(k=500.0))
    assert names(Y_TRUE, Y_PROB, sharp) == ["sharp step"]
    assert "Sigmoid(k=500.0) has vanishing slopes at" in text(Y_TRUE, Y_PROB, sharp)
    assert names(Y_TRUE, logit(Y_PROB), replace(sharp, from_logits=True)) == ["sharp step"]
    narrow = ss.as_loss(ss.f1, step=ss.Ramp(width=0.1))
    assert names(Y_TRUE, Y_PROB, narrow) == ["sharp step"]
    # Whether the metric looks at negatives is not the step's doing.
    assert sb.diagnose(Y_TRUE, Y_PROB, ss.as_loss(ss.recall)).ok


def test_logits_given_as_probabilities():
    found = sb.diagnose(Y_TRUE, logit(Y_PROB), F1)
    assert [f.name for f in found.findings] == ["logits"]
    assert "look like logits. Pass from_logits=True to as_loss." in str(found)
    assert names(Y_TRUE, logit(Y_PROB), ss.cross_entropy) == ["logits"]


def test_swapped_arguments():
    assert names(Y_PROB, Y_TRUE.astype(np.float64), F1) == ["swapped"]
    assert "The order is (y_true, y_prob)." in text(Y_PROB, Y_TRUE, F1)


def test_labels_of_another_code():
    found = text(2 * Y_TRUE - 1, Y_PROB, F1)
    assert "Labels must lie in [0, 1], got -1 to 1. Code the two classes as 0 and 1." in found


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    y_prob = np.where(np.arange(40) < 2, bad, Y_PROB)
    found = "`y_prob` holds 2 values that are NaN or infinite, of 40."
    assert text(Y_TRUE, y_prob, F1) == found
    y_true = np.where(np.arange(40) < 1, bad, Y_TRUE)
    assert "`y_true` holds 1 values" in text(y_true, Y_PROB, F1)
    # Where they do not count they do not matter.
    assert sb.diagnose(Y_TRUE, y_prob, F1, where=np.arange(40) >= 2).ok


def test_gradient_that_is_not_finite():
    def rooted(y_true, y_prob):
        return ss.array_namespace(y_prob).sum(ss.array_namespace(y_prob).sqrt(y_prob))

    y_prob = np.where(np.arange(40) < 3, 0.0, Y_PROB)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert "NaN or infinite for" in text(Y_TRUE, y_prob, rooted)


def test_constant_scores():
    assert names(Y_TRUE, np.full(40, 0.3), F1) == ["constant scores"]
    assert "All scores are 0.3" in text(Y_TRUE, np.full(40, 0.3), F1)


@pytest.mark.parametrize("metric", [ss.accuracy, ss.error_rate, partial(ss.accuracy)])
def test_accuracy_of_imbalanced_data(metric):
    y_true = (np.arange(100) < 10).astype(np.int64)
    y_prob = np.random.default_rng(109).uniform(0.05, 0.95, 100)
    assert names(y_true, y_prob, ss.as_loss(metric)) == ["accuracy"]
    assert "right for 90% of the data" in text(1 - y_true, y_prob, ss.as_loss(metric))
    micro = ss.as_loss(ss.micro(metric), axis=0)
    assert names(y_true[:, None], y_prob[:, None], micro) == ["accuracy"]
    assert sb.diagnose(np.arange(100) % 2, y_prob, ss.as_loss(metric)).ok
    assert sb.diagnose(y_true, y_prob, ss.as_loss(ss.balanced_accuracy)).ok


def test_empty():
    assert names(np.zeros(0), np.zeros(0), F1) == ["empty"]
    assert names(Y_TRUE, Y_PROB, F1, where=np.zeros(40, dtype=bool)) == ["empty"]


def test_large_batches_of_other_losses():
    y_true = np.tile(Y_TRUE, 200)
    y_prob = np.tile(Y_PROB, 200)
    calls = []

    def counted(y_true, y_prob):
        calls.append(1)
        return ss.cross_entropy(y_true, y_prob)

    assert sb.diagnose(y_true, y_prob, counted).ok and not calls


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ((Y_TRUE, Y_PROB, 3), TypeError, "`loss` must be a function of"),
        (([0, 1], Y_PROB, F1), TypeError, "must be an array"),
        ((Y_TRUE, Y_PROB[:, None], F1), ValueError, r"one shape, got \(40,\) and \(40, 1\)"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        sb.diagnose(*arguments)
