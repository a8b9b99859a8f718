"""The report of a classification against scikit-learn's."""

import importlib
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends import classification_report
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import sklearn

RNG = np.random.default_rng(0)
NUMBERS = RNG.integers(0, 4, 60)
SCORES = RNG.dirichlet(np.ones(4), 60) + 0.3 * np.eye(4)[NUMBERS]
SCORES = SCORES / SCORES.sum(1, keepdims=True)
NAMES = ["a", "b", "a much longer name", "d"]
BEST = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0)


def flat(data):
    """Return the numbers of a report by two names."""
    rows = {k: v if isinstance(v, dict) else {"value": v} for k, v in data.items()}
    return {(row, column): x for row, cells in rows.items() for column, x in cells.items()}


@marks.on(*EAGER)
@pytest.mark.parametrize("weighted", [False, True])
def test_classes_of_which_one_is_true(backend, weighted):
    weights = np.random.default_rng(102).uniform(0.5, 2, 60) if weighted else None
    options = {"sample_weight": backend.asarray(weights[:, None])} if weighted else {}
    labels = backend.asarray(ss.one_hot(NUMBERS, 4))
    report = classification_report(
        BEST.confusion(labels, backend.asarray(SCORES), **options), names=NAMES
    )
    theirs = partial(
        sklearn.classification_report,
        NUMBERS,
        SCORES.argmax(1),
        target_names=NAMES,
        sample_weight=weights,
    )
    expected = theirs(output_dict=True)
    assert list(report.data) == list(expected)
    assert flat(report.data) == pytest.approx(flat(expected), rel=1e-12)
    if not weighted:
        assert str(report).split() == theirs().split()


def test_labels_each_by_itself():
    """Some examples have none, so that there is no accuracy; one label is nowhere."""
    y, p = (
        np.random.default_rng(103).uniform(size=(50, 3)) < 0.3,
        np.random.default_rng(104).uniform(size=(50, 3)),
    )
    c = ss.confusion(y, p, step=ss.Hard(), axis=0)
    report = classification_report(c, digits=3)
    theirs = partial(sklearn.classification_report, y, p >= 0.5, digits=3, zero_division=0)
    expected = theirs(output_dict=True)
    del expected["samples avg"]
    assert flat(report.data) == pytest.approx(flat(expected), rel=1e-12)
    text = [line for line in theirs().splitlines() if "samples" not in line]
    assert str(report).split() == " ".join(text).split()
    each = ss.confusion(y[:, None], p[:, None], step=ss.Hard(), axis=1)
    assert classification_report(each, axis=-1, digits=3) == report
    assert classification_report(ss.Confusion(*(x.T for x in each)), axis=0, digits=3) == report


def test_one_label_is_two_classes():
    y, p = (
        np.random.default_rng(105).uniform(size=40) < 0.3,
        np.random.default_rng(106).uniform(size=40),
    )
    report = classification_report(ss.confusion(y, p, step=ss.Hard()), names=["no", "yes"])
    expected = sklearn.classification_report(
        y, p >= 0.5, target_names=["no", "yes"], output_dict=True
    )
    assert flat(report.data) == pytest.approx(flat(expected), rel=1e-12)


@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_a_class_that_is_never_predicted(zero_division):
    numbers, predicted = np.asarray([0, 1, 1, 2]), np.asarray([0, 1, 0, 1])
    c = ss.confusion(ss.one_hot(numbers, 3), 1.0 * ss.one_hot(predicted, 3), step=ss.Hard(), axis=0)
    report = classification_report(c, zero_division=zero_division)
    expected = sklearn.classification_report(
        numbers, predicted, output_dict=True, zero_division=zero_division
    )
    assert flat(report.data) == pytest.approx(flat(expected), rel=1e-12)


def test_counts_of_a_stream():
    torch = pytest.importorskip("torch")
    score = importlib.import_module("softset_backends.torch").MetricScore(
        ss.macro(ss.f1), step=ss.ArgMax(), axis=0
    )
    for rows in np.split(np.arange(60), 3):
        score.update(torch.tensor(SCORES[rows]), torch.tensor(ss.one_hot(NUMBERS[rows], 4)))
    report = classification_report(score.confusion)
    assert report.data["macro avg"]["f1-score"] == pytest.approx(score.compute().item())
    assert report.data["3"]["support"] == (NUMBERS == 3).sum()


def test_what_makes_no_sense_is_refused():
    c = BEST.confusion(ss.one_hot(NUMBERS, 4), SCORES)
    for names in (["a", "b"], ["a", "a", "b", "c"], ["a", "b", "c", "macro avg"]):
        with pytest.raises(ValueError, match="`names` must be one for each of 4 classes"):
            classification_report(c, names=names)
    with pytest.raises(TypeError, match="`confusion` must be a Confusion, got ndarray"):
        classification_report(np.zeros((4, 3)))
    grid = ss.confusion(ss.one_hot(NUMBERS, 4), SCORES, thresholds=(0.3, 0.5), axis=0)
    with pytest.raises(ValueError, match=r"`axis` must say which axis .* of shape \(4, 2\)"):
        classification_report(grid)
    with pytest.raises(ValueError, match="`axis` must be one of the 1 axes of the counts, got 2"):
        classification_report(c, axis=2)
