"""The closed forms that every row is compared with: against what others compute."""

import numpy as np
import pytest

import softset as ss
from benchmarks.speed import agreement, by_hand, candidates, exact
from benchmarks.speed.work import COUNTS, FORWARD, MASK, WEIGHTS, Work, data, extras
from tests.support.referees import sklearn

# In float64, by hand and by softset: sums differ in their order only.
EXACT = 1e-12
WORKS = [
    Work("sizes", "numpy", "F1", (1000,)),
    Work("logits", "numpy", "F1 of logits", (1000,)),
    Work("thresholds", "numpy", "F1", (1000,), thresholds=9),
    Work("classes", "numpy", "macro F1", (100, 10)),
    Work("MCC", "numpy", "MCC", (1000,)),
    Work("Dice", "numpy", "Dice", (2, 20, 25)),
    Work("Dice", "numpy", "Dice of logits", (2, 20, 25)),
    Work("image Dice", "numpy", "image Dice", (3, 20, 25)),
    Work("image Dice", "numpy", "image Dice of logits", (3, 20, 25)),
    Work("images", "numpy", "macro Dice", (2, 3, 5, 4)),
    Work("images", "numpy", "macro Dice of logits", (2, 3, 5, 4)),
    Work("images", "numpy", "macro Dice", (2, 3, 5, 4), extra=MASK),
    Work("images", "numpy", "macro Dice", (2, 3, 5, 4), extra=WEIGHTS),
]


def in_double(work):
    y, p = (x.astype(np.float64) for x in data(work))
    given = extras(work)
    factor = next((x.astype(np.float64) for x in given.values()), None)
    grid = np.asarray(ss.grid(work.thresholds or 1))
    hand = by_hand.loss_of(np, work, grid, lambda z: 1 / (1 + np.exp(-z)), factor)
    return y, p, given, hand


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_exact_values_are_those_by_hand_and_softset_s(work):
    y, p, given, hand = in_double(work)
    whole = exact.exact(work)
    assert float(whole.value) == pytest.approx(float(hand(y, p)), rel=EXACT)
    given = {k: x if x.dtype == bool else x.astype(np.float64) for k, x in given.items()}
    result = ss.value_and_grad(candidates.loss_of(work))(y, p, **given)
    errors = agreement.errors(result, whole)
    assert max(errors) < EXACT


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_exact_gradients_are_the_differences_of_values_by_hand(work):
    y, p, _, hand = in_double(work)
    slopes = np.concatenate([part for _, part in exact.exact(work).gradient()]).ravel()
    step = 1e-6  # errors: the square of it, and 1e-16 of a loss of about 0.5 over it
    for i in (0, 3, slopes.size // 2, slopes.size - 1):
        up, down = p.copy(), p.copy()
        up.flat[i] += step
        down.flat[i] -= step
        slope = (hand(y, up) - hand(y, down)) / (2 * step)
        assert slope == pytest.approx(slopes[i], rel=1e-4, abs=2e-10)


@pytest.mark.parametrize(
    "work",
    [
        Work("images", "numpy", "macro Dice", (6, 3, 5, 4), extra=WEIGHTS),
        Work("image Dice", "numpy", "image Dice", (6, 5, 12)),
    ],
    ids=lambda work: work.name,
)
def test_exact_results_do_not_depend_on_the_parts(work, monkeypatch):
    whole = exact.exact(work)
    ((_, gradient),) = whole.gradient()
    monkeypatch.setattr(exact, "ROWS", 120)
    monkeypatch.setattr(exact, "KEPT", 0)
    parts = exact.exact(work)
    assert float(parts.value) == pytest.approx(float(whole.value), rel=EXACT)
    found = [part for _, part in parts.gradient()]
    assert [len(part) for part in found] == [2, 2, 2]
    np.testing.assert_allclose(np.concatenate(found), gradient, rtol=EXACT)


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("F1 score", lambda y, p: sklearn.f1_score(y, p >= 0.5)),
        ("AUROC", sklearn.roc_auc_score),
        ("AP", sklearn.average_precision_score),
    ],
)
def test_exact_areas_and_scores_are_scikit_learn_s(metric, reference):
    work = Work("evaluation", "evaluation", metric, (500,), FORWARD, dtype="bfloat16")
    y, p = data(work)
    assert np.unique(p).size <= 128  # with ties
    assert float(exact.exact(work).value) == pytest.approx(reference(y, p), rel=EXACT)


def test_exact_counts_are_compared_one_by_one():
    work = Work("counts", "numpy", "F1", (1000,), COUNTS)
    y, p = data(work)
    whole = exact.exact(work)
    counts = ss.confusion(y.astype(np.float64), p.astype(np.float64))
    assert agreement.errors(counts, whole).value < EXACT
    wrong = counts._replace(fn=1.001 * counts.fn)
    assert agreement.errors(wrong, whole).value == pytest.approx(1e-3, rel=1e-6)


def test_closed_form_by_hand_is_softset_s():
    y, p = (x.astype(np.float64) for x in data(WORKS[0]))
    value, gradient = by_hand.closed_form(np)(y, p)
    expected, slope = ss.value_and_grad(ss.as_loss(ss.f1))(y, p)
    assert float(value) == pytest.approx(float(expected), rel=EXACT)
    assert np.allclose(gradient, slope, rtol=EXACT, atol=0)


@pytest.mark.parametrize("task", ["forward", "value and gradient"])
def test_candidates_of_numpy_are_exact_to_float32(task):
    work = Work("sizes", "numpy", "F1", (1000,), task)
    found = candidates.candidates(work)
    assert len({x.label for x in found}) == len(found)
    for candidate in found:
        errors = agreement.errors(candidate.call(), exact.exact(work))
        assert errors.value < 1e-6
        assert errors.gradient is None or errors.gradient < 1e-6


def test_errors_see_values_gradients_and_nan():
    work = Work("sizes", "numpy", "F1", (1000,))
    whole = exact.exact(work)
    ((_, gradient),) = whole.gradient()
    errors = agreement.errors((1.1 * whole.value, gradient), whole)
    assert errors.value == pytest.approx(0.1, rel=EXACT)
    assert errors[1:] == (0, 0)
    assert agreement.errors((whole.value, 0 * gradient), whole) == (0, 1, 1)
    broken = gradient.copy()
    broken[7] = np.nan
    assert agreement.errors((whole.value, broken), whole)[1:] == (np.inf, np.inf)
    assert agreement.errors(np.nan, whole) == (np.inf, None, None)
