"""Losses that are wrong on purpose: who is blamed, and that nobody is who is right."""

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from softset_backends.check.blame import judge
from softset_backends.check.case_parts import METRICS
from softset_backends.check.gaps import Referees, Result
from softset_backends.check.jumps import find_jump
from softset_backends.check.words import Batch, sentences
from tests.support.backends import lib_of

FOUR = ("numpy", "torch", "jax", "tensorflow")
RIGHT = Result(np.asarray([0.5]), np.asarray([[0.1, -0.2, 0.3]]))
DIFFERENCES = RIGHT._replace(highest=RIGHT.gradients)


def runs(names=FOUR, modes=("eager",), dtypes=("float64",)):
    return [(n, m, d) for n in names for m in modes for d in dtypes]


def off(factor=1.0, value=0.0):
    return Result(RIGHT.values + value, factor * RIGHT.gradients)


def blamed(found, moved=DIFFERENCES, dual=RIGHT, dual_run=("numpy", "eager", "float64")):
    found = judge(Referees(found, dual, moved, dual_run))
    return {(x.run[0], x.name) for x in found}


@pytest.mark.parametrize("wrong", FOUR)
def test_one_of_four(wrong):
    found = {run: off(2.0) if run[0] == wrong else RIGHT for run in runs()}
    for moved in (DIFFERENCES, None):
        assert blamed(found, moved, found[runs()[0]]) == {(wrong, "wrong gradient")}
    found = {run: off(value=0.1) if run[0] == wrong else RIGHT for run in runs()}
    moved = DIFFERENCES._replace(values=found[runs()[0]].values)
    assert blamed(found, moved, found[runs()[0]]) == {(wrong, "wrong value")}


def test_differences_overrule_a_majority_of_slopes():
    found = {run: RIGHT if run[0] == "jax" else off(0.5) for run in runs()}
    others = {(name, "wrong gradient") for name in FOUR if name != "jax"}
    assert blamed(found) == others
    assert blamed(found, moved=None, dual=off(0.5)) == {("jax", "wrong gradient")}
    assert blamed(dict.fromkeys(found, off(0.5))) == others | {("jax", "wrong gradient")}


def test_differences_do_not_judge_other_values_than_those_of_numpy():
    """A function that is another one on NumPy has other slopes there."""
    found = {run: RIGHT if run[0] == "numpy" else off(3.0, 0.1) for run in runs()}
    assert blamed(found) == {("numpy", "wrong value")}


def test_nobody_is_blamed_for_a_tie():
    two = {("numpy", "eager", "float64"): RIGHT, ("jax", "eager", "float64"): off(value=0.1)}
    assert {name for _, name in blamed(two)} == {"values disagree"}
    two = {("numpy", "eager", "float64"): RIGHT, ("jax", "eager", "float64"): off(2.0)}
    assert {name for _, name in blamed(two, moved=None)} == {"gradients disagree"}
    # A closed form that is given, or NumPy where it is not among them, is one more voice.
    assert blamed(two, moved=None, dual_run=None) == {("jax", "wrong gradient")}
    two = {("torch", "eager", "float64"): RIGHT, ("jax", "eager", "float64"): off(value=0.1)}
    assert blamed(two) == {("jax", "wrong value")}


def test_modes_share_the_voice_of_their_backend():
    modes = ("eager", "aot_eager", "compile")
    found = {run: off(2.0) for run in runs(("torch",), modes)}
    found |= dict.fromkeys(runs(("numpy", "jax")), RIGHT)
    assert blamed(found, moved=None) == {("torch", "wrong gradient")}
    one = dict.fromkeys(runs(), RIGHT) | {("torch", "compile", "float64"): off(2.0)}
    (text,) = sentences(judge(Referees(one, RIGHT, DIFFERENCES, None)), one, batch())
    assert text.startswith("wrong gradient on torch (compile) at score 0.75 of label 0: 0.6, but")


def test_small_disagreements_are_seen_where_differences_see_none():
    found = {run: off(1 + 1e-10) if run[0] == "torch" else RIGHT for run in runs()}
    assert blamed(found) == {("torch", "wrong gradient")}


def test_every_slope_between_those_of_two_sides_is_right():
    low, high = np.asarray([[0.1, -0.2, 0.0]]), np.asarray([[0.1, -0.2, 0.3]])
    moved = Result(RIGHT.values, low, highest=high)
    slopes = {name: [[0.1, -0.2, x]] for name, x in zip(FOUR, (0, 0.15, 0.3, 0.4), strict=True)}
    found = {run: Result(RIGHT.values, np.asarray(slopes[run[0]])) for run in runs()}
    assert blamed(found, moved) == {("tensorflow", "wrong gradient")}


def test_what_is_not_finite_is_wrong_even_if_all_are():
    nan = Result(RIGHT.values, np.asarray([[0.1, np.nan, np.inf]]))
    moved = Result(RIGHT.values, nan.gradients, highest=nan.gradients)
    found = dict.fromkeys(runs(), nan)
    assert blamed(found, moved, nan) == {(name, "gradient not finite") for name in FOUR}
    (text,) = sentences(judge(Referees(found, nan, moved, None)), found, batch())
    assert text.startswith("the gradient is NaN on every backend at score 0.5 of label 1 (so at 2")
    found = dict.fromkeys(runs(), Result(np.asarray([np.inf]), nan.gradients))
    assert blamed(found, moved, nan) == {(name, "value not finite") for name in FOUR}


def test_sentences():
    found = dict.fromkeys(runs(dtypes=("float64", "float32")), RIGHT)
    found["jax", "eager", "float32"] = Result(error="ValueError: " + 200 * "x")
    found["torch", "eager", "float64"] = Result(np.zeros(2), np.zeros((2, 3)))
    one, other = sentences(judge(Referees(found, RIGHT, None, None)), found, batch("mine"))
    assert one.startswith("mine: fails on jax in float32: ValueError: xxx") and len(one) < 200
    assert other == "mine: returns 2 values on torch in float64, but another number elsewhere"


def batch(*cases):
    return Batch(np.asarray([0.25, 0.5, 0.75]), np.asarray([1, 1, 0]), cases)


# Functions


def mean(x):
    return ss.array_namespace(x).mean(x)


def square(y_true, y_prob):
    return mean((y_prob - y_true) ** 2)


def constant(x):
    return lib_of(x).constant(x)


def calls(y_true, y_prob):
    xp = ss.array_namespace(y_prob)
    return mean(xp.abs(xp.astype(y_prob >= 0.3, y_prob.dtype) - y_true))


def in_single(y_true, y_prob):
    xp = ss.array_namespace(y_prob)
    single = square(xp.astype(y_true, xp.float32), xp.astype(y_prob, xp.float32))
    return xp.astype(single, y_prob.dtype)


def recall(y_true, y_prob):
    xp = ss.array_namespace(y_prob)
    return 1 - xp.sum(y_true * y_prob) / xp.sum(y_true)


def specificity(y_true, y_prob):
    return recall(1 - y_true, 1 - y_prob)


def root(y_true, y_prob):
    return ss.array_namespace(y_prob).sqrt(square(y_true, y_prob))


def saturated(y_true, logits):
    return mean(ss.array_namespace(logits).log(1 + ss.array_namespace(logits).exp(logits)))


def where(x, at, wrong):
    return ss.array_namespace(x).where(at, wrong, x)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of dividing by 0
@pytest.mark.parametrize(
    ("fn", "text"),
    [
        (lambda y, p: square(y, p) + calls(y, p), "the loss jumps by 0.0156 at score 0.3 of label"),
        (lambda y, p: mean(constant(p - y) * (p - y)), "wrong gradient on every backend at score"),
        (lambda y, p: square(y, where(p, p == 0.625, constant(p))), "at score 0.625 of label"),
        (lambda y, p: square(1 - y, where(p, p == 1, constant(p))) - 2 * mean(p * y), "at score 1"),
        (in_single, "computes with single precision on every backend;"),
        (recall, "without positives: the value is NaN on every backend;"),
        (specificity, "without negatives: the value is NaN on every backend;"),
        (root, "of perfect scores: the gradient is NaN on every backend at score"),
        (saturated, "the value is infinite on every backend in float32;"),
    ],
)
def test_wrong_on_every_backend(fn, text):
    report = sb.check_loss(fn, modes=["eager"], logits=fn is saturated)
    backends = "every backend" if len(sb.available()) > 1 else "numpy"
    assert not report.passed
    assert text.replace("every backend", backends) in report.findings[0]


def counting():
    seen = []
    return lambda y, p: square(y, p) * len(seen.append(1) or seen)


def in_place(y_true, y_prob):
    y_prob -= y_true
    return mean(y_prob**2)


@pytest.mark.parametrize(
    ("fn", "text"),
    [
        (calls, "must change smoothly .* a step, such as a hard metric"),
        (lambda y, p: ss.f1(ss.confusion(y, p)), "must fall as the scores .* it is a metric"),
        (lambda y, p: -square(y, p), "must fall as the scores get better, got -0.0004 .*-0.9604"),
        (lambda y, p: p, "return the mean"),
        (lambda y, p: square(y, p) * ss.array_namespace(p).ones_like(p[:1]), r"shape \(1,\) for"),
        (counting(), "must return the same for the same arrays, got 0.3.* and then 0.6"),
        (in_place, "must leave its arrays as they are, but it changes `argument 1`"),
        (lambda y, p: mean(y) * mean(1 + 0 * p), "must change smoothly"),
    ],
)
def test_no_loss(fn, text):
    with pytest.raises(ValueError, match=text):
        sb.check_loss(fn, backends=["numpy"])


def clipped(y_true, y_prob):
    xp = ss.array_namespace(y_prob)
    y_prob = xp.clip(y_prob, 1e-7, 1 - 1e-7)
    return -mean(y_true * xp.log(y_prob) + (1 - y_true) * xp.log(1 - y_prob))


def hinge(y_true, logits):
    margin = 1 - (2 * y_true - 1) * logits
    return mean(ss.array_namespace(logits).maximum(margin, 0 * margin))


def absolute(y_true, y_prob):
    xp = ss.array_namespace(y_prob)
    return mean((1 - 2 * y_true) * xp.maximum(y_prob, 1 - y_prob) + y_prob)


def refuses(y_true, y_prob):
    if type(y_true) is np.ndarray and not y_true.any():
        raise ValueError("a batch needs positives")
    return square(y_true, y_prob)


@pytest.mark.parametrize(
    "fn",
    [
        clipped,
        hinge,
        absolute,
        lambda y, p: mean(ss.array_namespace(p).sort((p - y) ** 2)[-8:]),
        lambda y, p: ss.array_namespace(p).max((p - y) ** 2),
        lambda y, p: mean(p) ** 2,
        ss.pairwise_loss,
        ss.cross_entropy,
        ss.as_loss(ss.f1),
        ss.as_loss(ss.matthews_corrcoef, step=ss.Ramp(width=0.5)),
    ],
)
def test_right_and_hard(fn):
    report = sb.check_loss(fn, modes=["eager"], logits=fn is hinge)
    assert report.passed and not report.findings, report


# Metrics that are infinite without a false positive.
UNBOUNDED = ("positive_likelihood_ratio", "diagnostic_odds_ratio")
GOOD = [name for name, x in METRICS.items() if ss.metrics.larger_is_better(x) is not None]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", GOOD)
def test_built_in_metrics_on_batches_without_a_class(name):
    maximize = ss.metrics.larger_is_better(METRICS[name])
    loss = ss.as_loss(METRICS[name], maximize=maximize)
    report = sb.check_loss(loss, shape=20, backends=["numpy"])
    if name in UNBOUNDED:
        assert report.findings[0].startswith("of perfect scores: the value is infinite on numpy")
    else:
        assert report.passed and not report.findings, report


@pytest.mark.parametrize("step", [ss.Linear(), ss.Cosine(width=0.5), ss.Sigmoid()])
def test_built_in_steps_choose_one_slope_at_their_knots(step):
    report = sb.check_loss(ss.as_loss(ss.f1, step=step), modes=["eager"])
    assert report.passed and not report.notes


def test_backends_may_choose_slopes_at_kinks():
    if not {"jax", "tensorflow"} <= set(sb.available()):
        pytest.skip("NumPy and PyTorch choose alike")
    report = sb.check_loss(absolute, modes=["eager"])
    assert report.passed
    assert report.notes[0].startswith("tensorflow takes another slope at a kink than numpy, ")


def test_a_batch_that_is_refused_everywhere_is_left_out():
    report = sb.check_loss(refuses, backends=["numpy"], name="mine")
    # And the one of perfect scores, whose slopes are 0, has nothing to compare.
    assert report.passed and {row.cases for row in report.rows} == {2}


def test_shapes():
    assert sb.check_loss(square, shape=(5, 3), backends=["numpy"]).passed
    for shape in (0, (), (3, 0), (2.0,), "64", True):
        with pytest.raises(ValueError, match="`shape` must be lengths such as 64 or"):
            sb.check_loss(square, shape=shape)
    with pytest.raises(ValueError, match="at most 8 lengths and 4096 scores in all, got 4097"):
        sb.check_loss(square, shape=4097)


# Jumps


def jump_of(fn, x):
    return find_jump(lambda y, p: np.asarray(fn(p)), (np.zeros(len(x)), np.asarray(x)), 1)


SCORES = np.random.default_rng(4).permutation(np.linspace(0, 1, 33))


def test_jumps_are_found_with_their_size_and_place():
    found = jump_of(lambda p: np.mean(p**2) + 0.25 * np.mean(p > 0.3), SCORES)
    assert found.size == pytest.approx(0.25 / 33) and found.score == pytest.approx(0.3, abs=1e-9)
    found = jump_of(lambda p: np.round(np.mean(p * np.arange(33)), 2), SCORES)
    assert found.size == pytest.approx(0.01)


@pytest.mark.parametrize(
    "fn",
    [
        lambda p: np.mean(1 / (1 + np.exp(-1e4 * (p - 0.3)))),
        lambda p: np.mean(np.abs(p - 0.3)),
        lambda p: np.sum(np.sqrt(p)),
        lambda p: -np.mean(np.log(p)),
        lambda p: -np.mean(np.log(np.maximum(p, 1e-300))),
        lambda p: np.mean(np.float32(p) ** 2),
        lambda p: np.sort(p)[5],
        lambda p: 1 / 0 if p[0] != SCORES[0] else 1.0,
    ],
)
def test_what_is_steep_or_has_a_kink_does_not_jump(fn):
    with np.errstate(all="ignore"):
        assert jump_of(fn, SCORES) is None
