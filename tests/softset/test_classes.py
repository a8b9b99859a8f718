"""Classes of which one is true: decisions and shares along the class axis, and their labels."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    SUMMED,
    assert_array,
    assert_close,
    central_differences,
    sklearn,
)

AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted}
RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(24, 4))
NUMBERS = RNG.integers(0, 4, 24)
LABELS = NUMBERS[:, None] == np.arange(4)
# An example without a class, with every tie there is, and with scores that are equal to the bit.
TIED = np.asarray([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.25, 0.25, 0.25], [0, 0, 0], [0.1, 0.3, 0.6]])


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


PROBABILITIES = softmax(LOGITS)


def shares(scores, sharpness, from_logits):
    return softmax(sharpness * (scores if from_logits else np.log(scores)))


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("from_logits", [False, True])
def test_decisions_give_scikit_learns_numbers(backend, average, from_logits):
    score = partial(ss.as_score, step=ss.ArgMax(), axis=0, from_logits=from_logits)
    names = ("f1", "precision", "recall", "jaccard")
    scores = [score(AVERAGES[average](getattr(ss, name))) for name in names]
    arrays = backend.asarray(LABELS), backend.asarray(LOGITS if from_logits else PROBABILITIES)
    found = backend.run(lambda y, p: [one(y, p) for one in scores], *arrays)
    best = PROBABILITIES.argmax(1)
    for name, value in zip(names, found, strict=True):
        expected = getattr(sklearn, f"{name}_score")(NUMBERS, best, average=average)
        assert_close(value, expected, backend)


def test_ties_go_to_the_lowest_class(backend):
    hit = backend.run(lambda p: ss.ArgMax()(p), backend.asarray(TIED))
    expected = np.eye(3)[[0, 1, 0, 0, 2]]
    np.testing.assert_array_equal(assert_array(hit, backend, "float64", TIED.shape), expected)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_k_best_give_scikit_learns_top_k_accuracy(backend, k, from_logits):
    score = ss.as_score(ss.micro(ss.recall), step=ss.TopK(k), axis=0, from_logits=from_logits)
    scores = LOGITS if from_logits else PROBABILITIES
    found = backend.run(score, backend.asarray(LABELS), backend.asarray(scores))
    expected = 1.0 if k == 4 else sklearn.top_k_accuracy_score(NUMBERS, PROBABILITIES, k=k)
    assert_close(found, expected, backend)


def test_the_k_best_are_k_in_each_row(backend):
    """Ties go to the lowest classes; one is the arg max, along any axis."""
    hit = backend.run(lambda p: ss.TopK(2)(p), backend.asarray(TIED))
    expected = [[1, 1, 0], [0, 1, 1], [1, 1, 0], [1, 1, 0], [0, 1, 1]]
    np.testing.assert_array_equal(assert_array(hit, backend, "float64", TIED.shape), expected)
    one = backend.run(lambda p: ss.TopK(1)(p), backend.asarray(TIED))
    best = backend.run(lambda p: ss.ArgMax()(p), backend.asarray(TIED))
    np.testing.assert_array_equal(backend.to_numpy(one), backend.to_numpy(best))
    tied = RNG.integers(0, 4, size=(5, 6, 7)) / 4
    hit = backend.run(lambda p: ss.TopK(3, axis=1)(p), backend.asarray(tied))
    order = np.argsort(-tied, axis=1, kind="stable")
    expected = np.zeros(tied.shape)
    np.put_along_axis(expected, order[:, :3], 1.0, axis=1)
    np.testing.assert_array_equal(backend.to_numpy(hit), expected)
    for dtype in backend.dtypes[1:] if not backend.traced else ():
        hit = ss.TopK(3, axis=1)(backend.asarray(tied, dtype))
        assert backend.dtype_name(hit) == dtype
        np.testing.assert_array_equal(backend.to_numpy(hit).astype("float64"), expected)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_the_class_axis_may_be_any(backend, axis):
    if backend.name in ("tf-function", "tf-xla") and axis in (0, -3):
        pytest.skip("that length is not known")
    scores = RNG.uniform(size=(3, 4, 5))
    hit = backend.run(lambda p: ss.ArgMax(axis)(p), backend.asarray(scores))
    expected = scores == scores.max(axis, keepdims=True)
    np.testing.assert_array_equal(backend.to_numpy(hit), expected)
    soft = backend.run(lambda p: ss.Softmax(sharpness=2.0, axis=axis)(p), backend.asarray(scores))
    expected = scores**2 / (scores**2).sum(axis, keepdims=True)
    assert_close(soft, expected, backend)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("sharpness", [1, 1.0, 3.5])
def test_soft_counts_are_those_of_the_shares(backend, sharpness, from_logits):
    scores = LOGITS if from_logits else PROBABILITIES
    count = partial(
        ss.confusion, step=ss.Softmax(sharpness=sharpness), axis=0, from_logits=from_logits
    )
    h = shares(scores, sharpness, from_logits)
    expected = [(a * b).sum(0) for a in (LABELS, ~LABELS) for b in (h, 1 - h)]
    found = backend.run(count, backend.asarray(LABELS), backend.asarray(scores))
    for x, e in zip((found.tp, found.fn, found.fp, found.tn), expected, strict=True):
        np.testing.assert_allclose(backend.to_numpy(x), e, rtol=SUMMED)


STEPS = {
    "shares": ss.Softmax(),
    "sharp": ss.Softmax(sharpness=2.5),
    "straight through": ss.StraightThrough(ss.Softmax(sharpness=2.5)),
}


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", STEPS)
def test_gradient_is_that_of_the_softmax(backend, name, from_logits):
    """Against central differences; a straight-through gradient, of what it goes through."""
    scores, step = LOGITS if from_logits else PROBABILITIES, STEPS[name]
    weights, where = RNG.uniform(0.5, 2, size=(24, 1)), RNG.uniform(size=(24, 4)) < 0.9

    loss = ss.as_loss(ss.macro(ss.f1), step=step, axis=0, from_logits=from_logits)
    options = {"sample_weight": backend.asarray(weights), "where": backend.asarray(where)}
    arrays = backend.asarray(LABELS), backend.asarray(scores)
    value, gradient = backend.value_and_grad(lambda y, p: loss(y, p, **options), *arrays)

    def by_hand(p, h=None):
        h = shares(p, getattr(step, "sharpness", 2.5), from_logits) if h is None else h
        w = weights * where
        tp, fp, fn = ((w * x).sum(0) for x in (LABELS * h, ~LABELS * h, LABELS * (1 - h)))
        return 1 - (2 * tp / (2 * tp + fp + fn)).mean()

    if name == "straight through":
        hard = np.eye(4)[scores.argmax(1)]
        assert_close(value, by_hand(scores, hard), backend)
        # The slopes in the shares are those at the decisions.
        slopes = central_differences(lambda h: by_hand(scores, h), hard)
        s = shares(scores, 2.5, from_logits)
        expected = 2.5 * s * (slopes - (slopes * s).sum(1, keepdims=True))
        expected = expected if from_logits else expected / scores
    else:
        assert_close(value, by_hand(scores), backend)
        expected = central_differences(by_hand, scores)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        backend.to_numpy(gradient), expected, rtol=0, atol=DIFFERENCES * scale
    )


@marks.on("numpy", "torch", "jax", "tensorflow", "mlx")
@pytest.mark.parametrize("from_logits", [False, True])
def test_closed_form_is_the_gradient_of_dual_numbers(backend, from_logits):
    scores = backend.asarray(LOGITS if from_logits else PROBABILITIES)
    options = {"axis": 0, "from_logits": from_logits}
    for step in (*STEPS.values(), ss.ArgMax(), ss.TopK(2)):
        loss = ss.as_loss(ss.macro(ss.jaccard), step=step, **options)
        found = ss.value_and_grad(loss)(backend.asarray(LABELS), scores)
        whole = ss.value_and_grad(lambda y, p, loss=loss: loss(y, p))
        expected = [backend.to_numpy(x) for x in whole(backend.asarray(LABELS), scores)]
        scale = max(np.abs(expected[1]).max(), EXACT)
        for x, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(backend.to_numpy(x), e, rtol=0, atol=EXACT * scale + 1e-16)


def test_micro_batches_add_up_to_the_gradient_of_all(backend):
    loss = ss.as_loss(ss.macro(ss.f1), step=ss.Softmax(sharpness=2.0), axis=0, from_logits=True)
    y, z = backend.asarray(LABELS), backend.asarray(LOGITS)
    whole = backend.to_numpy(backend.value_and_grad(loss, y, z)[1])
    for part in (slice(0, 10), slice(10, 24)):
        linear = ss.linearize(loss, loss.confusion(y, z))
        inputs = backend.asarray(LABELS[part]), backend.asarray(LOGITS[part])
        gradient = backend.to_numpy(backend.value_and_grad(linear, *inputs)[1])
        scale = np.abs(whole).max()
        np.testing.assert_allclose(gradient, whole[part], rtol=0, atol=SUMMED * scale)


def test_large_logits_and_empty_rows_stay_finite(backend):
    far = np.asarray([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4]])
    loss = partial(ss.as_loss(ss.f1, step=ss.Softmax(sharpness=5.0), from_logits=True))
    y = backend.asarray(np.eye(3) > 0)
    value, gradient = backend.value_and_grad(lambda y, p: loss(y, p), y, backend.asarray(far))
    assert np.isfinite(backend.to_numpy(value)) and np.isfinite(backend.to_numpy(gradient)).all()
    loss = ss.as_loss(ss.f1, step=ss.Softmax(sharpness=2.0))
    none = np.asarray([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    value, gradient = backend.value_and_grad(loss, y, backend.asarray(none))
    assert np.isfinite(backend.to_numpy(value)) and np.isfinite(backend.to_numpy(gradient)).all()


def test_masked_examples_may_hold_anything(backend):
    bad = PROBABILITIES.copy()
    bad[3] = [np.nan, -2.0, np.inf, 255.0]
    where = np.arange(24)[:, None] != 3
    kept = where[:, 0]
    for step in (ss.ArgMax(), ss.TopK(2), ss.Softmax()):
        count = partial(ss.confusion, step=step, axis=0)
        found = backend.run(
            lambda y, p, m, count=count: count(y, p, where=m),
            *(backend.asarray(x) for x in (LABELS, bad, where)),
        )
        expected = count(LABELS[kept], PROBABILITIES[kept])
        for x, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(backend.to_numpy(x), e, rtol=SUMMED)


@marks.on(*EAGER)
def test_a_masked_class_competes_all_the_same(backend):
    """As the background, which is not counted; so its scores have to be scores."""
    foreground = np.broadcast_to(np.arange(4) > 0, (24, 4))
    y, mask = backend.asarray(LABELS), backend.asarray(foreground)
    c = ss.confusion(y, backend.asarray(PROBABILITIES), step=ss.ArgMax(), axis=0, where=mask)
    best = np.eye(4)[PROBABILITIES.argmax(1)]
    np.testing.assert_array_equal(backend.to_numpy(c.tp), (LABELS * best).sum(0) * [0, 1, 1, 1])
    bad = PROBABILITIES.copy()
    bad[3, 0] = np.nan
    with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
        ss.confusion(y, backend.asarray(bad), step=ss.ArgMax(), axis=0, where=mask)


@marks.on(*EAGER)
def test_half_types_and_float32_count_as_they_should(backend):
    for dtype in backend.dtypes[1:]:
        scores = backend.asarray(LOGITS, dtype)
        seen = backend.to_numpy(scores).astype(np.float64)
        options = {"axis": 0, "from_logits": True}
        found = ss.confusion(
            backend.asarray(LABELS), scores, step=ss.Softmax(sharpness=2.0), **options
        )
        h = softmax(2 * seen)
        assert backend.dtype_name(found.tp) == "float32"
        np.testing.assert_allclose(backend.to_numpy(found.tp), (LABELS * h).sum(0), rtol=SINGLE)


@marks.on(*EAGER)
def test_a_nan_that_nobody_looks_for_is_a_nan(backend):
    bad = PROBABILITIES.copy()
    bad[3, 2] = np.nan
    for step in (ss.ArgMax(), ss.TopK(2), ss.Softmax()):
        with ss.checks(False):
            c = ss.confusion(backend.asarray(LABELS), backend.asarray(bad), step=step)
        assert all(np.isnan(backend.to_numpy(x)) for x in c)
        with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
            ss.confusion(backend.asarray(LABELS), backend.asarray(bad), step=step)


def test_sharp_shares_of_small_probabilities_do_not_vanish(backend):
    """Powers of a thousandth are 0 in float32; against the same scores as logits."""
    logits = np.zeros((4, 100))
    logits[range(4), range(4)] = 1.0
    labels = backend.asarray(np.eye(100)[:4] > 0)
    options = {"step": ss.Softmax(sharpness=30.0), "axis": 0}
    dtype = "float32"
    of_logits = ss.as_loss(ss.micro(ss.f1), from_logits=True, **options)
    whole = backend.value_and_grad(of_logits, labels, backend.asarray(logits, dtype))
    scores = backend.asarray(softmax(logits), dtype)
    found = backend.value_and_grad(ss.as_loss(ss.micro(ss.f1), **options), labels, scores)
    np.testing.assert_allclose(backend.to_numpy(found[0]), backend.to_numpy(whole[0]), atol=SINGLE)
    even = backend.run(
        lambda p: ss.Softmax(sharpness=50.0)(p), backend.asarray(np.full((2, 10), 0.1))
    )
    np.testing.assert_allclose(backend.to_numpy(even), 0.1, rtol=EXACT)


def test_straight_through_may_be_nested(backend):
    step = ss.StraightThrough(ss.StraightThrough(ss.Softmax()))
    losses = [ss.as_loss(ss.macro(ss.f1), step=x, axis=0) for x in (step, step.step)]
    arrays = backend.asarray(LABELS), backend.asarray(PROBABILITIES)
    (a, b), (c, d) = (backend.value_and_grad(loss, *arrays) for loss in losses)
    np.testing.assert_array_equal(backend.to_numpy(a), backend.to_numpy(c))
    np.testing.assert_allclose(backend.to_numpy(b), backend.to_numpy(d), rtol=EXACT, atol=1e-17)


@marks.on("tensorflow")
def test_what_is_not_known_in_a_graph_is_named(backend):
    tf = backend.tf
    loss = ss.as_loss(ss.f1, step=ss.Softmax(), from_logits=True)
    unknown = [tf.TensorSpec((None, None), "bool"), tf.TensorSpec((None, None), "float64")]
    graph = tf.function(lambda y, z: loss(y, z), input_signature=unknown)
    np.testing.assert_allclose(float(graph(LABELS, LOGITS)), loss(LABELS, LOGITS), rtol=EXACT)
    score = ss.as_score(ss.f1, step=ss.ArgMax())
    with pytest.raises(ValueError, match="`axis` of ArgMax must be that of a known number"):
        tf.function(lambda y, p: score(y, p), input_signature=unknown)(LABELS, PROBABILITIES)
    spec = [tf.TensorSpec(None, "bool"), tf.TensorSpec(None, "float64")]
    for one in (ss.as_score(ss.f1), score):
        with pytest.raises(ValueError, match="number of dimensions must be known"):
            tf.function(lambda y, p, one=one: one(y, p), input_signature=spec)(
                LABELS, PROBABILITIES
            )


# What has to be said


def test_a_score_of_classes_says_how_it_decides():
    """Cut at 0.5, a model of ten digits that is right in 88 of 100 looks like one of 16."""
    for average in AVERAGES.values():
        for metric in (average(ss.f1), partial(average(ss.fbeta), beta=2.0)):
            for axis in (None, 0, -1, (0, 2, 3)):
                with pytest.raises(ValueError, match=r"`step` or `threshold` must .* step=ArgMax"):
                    ss.as_score(metric, axis=axis)
                ss.as_score(metric, axis=axis, threshold=0.5)
                ss.as_score(metric, axis=axis, thresholds=(0.3, 0.5))
                ss.as_score(metric, axis=axis, step=ss.Hard())
                ss.as_score(metric, axis=axis, step=ss.ArgMax())
    ss.as_score(ss.f1, axis=0)  # no average over classes: of images, say
    ss.as_score(ss.auroc, axis=0, thresholds=(0.3, 0.6))
    ss.as_score(ss.f1)
    for step in (ss.Linear(), ss.Softmax(), 0.5, "argmax"):
        with pytest.raises(
            TypeError, match=r"`step` of a score must be Hard\(\), ArgMax\(axis\) or"
        ):
            ss.as_score(ss.f1, step=step)


def test_an_average_over_another_axis_than_the_classes_is_refused():
    y, p = RNG.uniform(size=(2, 3, 4, 5)) < 0.3, RNG.uniform(size=(2, 3, 4, 5))
    macro = ss.macro(ss.f1)
    for axis, average in (((0, 1, 2), macro), ((1, 2, 3), macro), (0, ss.macro(ss.f1, axis=-1))):
        loss = ss.as_loss(average, step=ss.Softmax(axis=1), axis=axis)
        score = ss.as_score(average, step=ss.ArgMax(axis=1), axis=axis)
        for call in (loss, score, ss.value_and_grad(loss)):
            with pytest.raises(ValueError, match=r"`axis` must leave the classes, .* axis 1, got"):
                call(y, p)
    for axis, average in (((0, 2, 3), macro), (0, ss.macro(ss.f1, axis=0)), (None, ss.f1)):
        assert np.isfinite(ss.as_score(average, step=ss.ArgMax(axis=1), axis=axis)(y, p))
    # An average that has no such axis, or was not told of one, says so itself.
    for axis, words in ((None, "say which axis"), (3, "be an axis .* got 3"), (-4, ".* got -4")):
        score = ss.as_score(ss.macro(ss.f1, axis=axis), step=ss.ArgMax(axis=1), axis=0)
        with pytest.raises(ValueError, match=rf"`axis`.* must {words}"):
            score(y, p)


@marks.on(*EAGER)
def test_what_makes_no_sense_is_refused(backend):
    y, p = backend.asarray(LABELS), backend.asarray(PROBABILITIES)
    for step in (ss.ArgMax(), ss.TopK(2), ss.Softmax(), ss.StraightThrough(ss.Softmax())):
        with pytest.raises(ValueError, match="`threshold` must be left out with"):
            ss.confusion(y, p, step=step, threshold=0.3)
        with pytest.raises(ValueError, match="`thresholds` must be left out with"):
            ss.confusion(y, p, step=step, thresholds=(0.3, 0.5))
    for axis in (2, -3):
        with pytest.raises(ValueError, match=r"`axis` of ArgMax must be .* got -?\d for scores of"):
            ss.confusion(y, p, step=ss.ArgMax(axis))
    one = backend.asarray(LABELS[:, :1]), backend.asarray(PROBABILITIES[:, :1])
    with pytest.raises(ValueError, match="`axis` of Softmax must be that of two classes or more"):
        ss.confusion(*one, step=ss.Softmax())
    for axis in (None, 1.0, True, (0,)):
        for step in (ss.ArgMax, partial(ss.TopK, 2), ss.Softmax):
            with pytest.raises(TypeError, match="`axis` of the step must be that of the classes"):
                step(axis=axis)
    row = backend.asarray(LABELS[0]), backend.asarray(PROBABILITIES[0])
    for call in (ss.as_score(ss.f1, step=ss.ArgMax()), ss.as_loss(ss.f1, step=ss.Softmax())):
        with pytest.raises(ValueError, match="`step` must be one for scores without a class axis"):
            call(*row)
    for kind in (ss.ArgMax, ss.Softmax, ss.Linear):
        with pytest.raises(TypeError, match=rf"got its class; call it: {kind.__name__}\(\)"):
            ss.confusion(y, p, step=kind)
    for k in (0, -1, 2.0, True, None):
        with pytest.raises(ValueError, match="`k` must be an integer of at least 1, got"):
            ss.TopK(k)
    with pytest.raises(
        ValueError, match="`k` of TopK must be at most the number of classes, got 5"
    ):
        ss.confusion(y, p, step=ss.TopK(5))
    for sharpness in (0.5, 0, -1.0, np.inf, np.nan, "2", True):
        with pytest.raises(ValueError, match="`sharpness` must be a finite number of at least 1"):
            ss.Softmax(sharpness=sharpness)


# Class numbers


@pytest.mark.parametrize("axis", [-1, 1, 0, -3])
def test_class_numbers_become_labels_and_a_mask(backend, axis):
    numbers = np.asarray([[0, 2, 1], [255, 1, 2]])
    for dtype in ("int64", "int32", "uint8", "uint16", "uint32", "uint64"):
        found = backend.run(
            lambda y: ss.class_labels(y, 3, axis=axis, ignore=255),
            backend.asarray(numbers.astype(dtype)),
        )
        expected = np.stack([numbers == i for i in range(3)], axis)
        labels = assert_array(found.labels, backend, "bool", expected.shape)
        np.testing.assert_array_equal(labels, expected)
        where = np.expand_dims(numbers != 255, axis)
        mask = assert_array(found.where, backend, "bool", where.shape)
        np.testing.assert_array_equal(mask, where)


def test_without_a_number_to_ignore_there_is_no_mask(backend):
    numbers = backend.asarray(NUMBERS)
    labels, where = ss.class_labels(numbers, 4)
    assert where is None
    np.testing.assert_array_equal(backend.to_numpy(labels), LABELS)


def test_more_classes_than_the_dtype_holds(backend):
    numbers = np.asarray([0, 200, 255], np.uint8)
    labels = backend.run(lambda y: ss.one_hot(y, 300), backend.asarray(numbers))
    np.testing.assert_array_equal(backend.to_numpy(labels), numbers[:, None] == np.arange(300))
    found = backend.run(lambda y: ss.class_labels(y, 256, ignore=-1), backend.asarray(numbers))
    assert backend.to_numpy(found.where).all()


@marks.on(*EAGER)
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint16", "uint32", "uint64"])
def test_numbers_of_no_class_are_refused(backend, dtype):
    numbers = backend.asarray(np.asarray([[0, 1], [3, 255]], dtype))
    with pytest.raises(ValueError, match=r"from 0 to 2, got 3.* and 1 more; if 3 .* ignore=3"):
        ss.class_labels(numbers, 3)
    with pytest.raises(ValueError, match=r"`y_true` must hold class numbers from 0 to 2, got 3"):
        ss.class_labels(numbers, 3, ignore=255)
    with pytest.raises(TypeError, match=r"`ignore` must be an integer or None, got 255\.0"):
        ss.class_labels(numbers, 3, ignore=255.0)
    for axis in (3, -4):
        with pytest.raises(ValueError, match="`axis` must be one of the 3 axes"):
            ss.class_labels(numbers, 4, axis=axis)
    for axis in (None, 1.0, True):
        with pytest.raises(TypeError, match="`axis` must be that of the classes"):
            ss.one_hot(numbers, 4, axis=axis)
    with pytest.raises(TypeError, match="`y_true` must hold integer class numbers"):
        ss.class_labels(backend.asarray(PROBABILITIES), 4)
    largest = np.asarray([0, np.iinfo(dtype).max], dtype)
    with pytest.raises(ValueError, match=r"`y_true` must hold class numbers from 0 to 2, got"):
        ss.class_labels(backend.asarray(largest), 3)
    with ss.checks(False):
        assert not backend.to_numpy(ss.class_labels(numbers, 3).labels)[1].any()


def test_pixels_with_ignored_ones_are_scikit_learns(backend):
    numbers = RNG.integers(0, 3, (2, 6, 5))
    numbers[0, :2] = 255
    scores = np.moveaxis(RNG.dirichlet(np.ones(3), (2, 6, 5)), -1, 1)
    score = ss.as_score(ss.macro(ss.jaccard), step=ss.ArgMax(axis=1), axis=(0, 2, 3))

    def call(y, p):
        labels, where = ss.class_labels(y, 3, axis=1, ignore=255)
        return score(labels, p, where=where)

    found = backend.run(call, backend.asarray(numbers), backend.asarray(scores))
    seen = numbers != 255
    best = scores.argmax(1)
    assert_close(found, sklearn.jaccard_score(numbers[seen], best[seen], average="macro"), backend)
