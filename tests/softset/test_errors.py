"""Every error of the kernel: the argument, what was got, what was expected, the way out."""

import importlib
import math
import re
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset import metrics
from tests.support import marks
from tests.support.backends import EAGER, KINDS, TRACED
from tests.support.referees import assert_close, assert_counts

Y, P = np.asarray([1, 0, 1, 0]), np.asarray([0.9, 0.6, 0.4, 0.2])
Y2, P2 = np.stack([Y, 1 - Y], axis=-1), np.stack([P, 1 - P], axis=-1)
COLUMN = (slice(None), None)

eager = marks.on(*EAGER)

# Name: (arguments in NumPy, options, error, message). Known from shapes and dtypes alone.
STATIC = {
    "column of scores": (
        (Y, P[COLUMN]),
        {},
        ValueError,
        r"`y_true` and `y_prob` must have one shape, got \((4|None),\) and \((4|None), 1\); "
        r"drop the scores' last axis, y_prob\[..., 0\]",
    ),
    "column of labels": (
        (Y[COLUMN], P),
        {},
        ValueError,
        r"got \((4|None), 1\) and \((4|None),\); drop the labels' last axis, y_true\[..., 0\]",
    ),
    "class numbers": (
        (Y, P2),
        {},
        ValueError,
        r"got \((4|None),\) and \((4|None), 2\); turn class numbers into one-vs-rest labels with "
        r"one_hot\(y_true, 2\)",
    ),
    "a row for all": (
        (Y2[:, :1], P2),
        {},
        ValueError,
        r"got \((4|None), 1\) and \((4|None), 2\); turn class numbers .* "
        r"one_hot\(y_true\[\.\.\., 0\], 2\), or take y_prob\[\.\.\., 1\]",
    ),
    "integer scores": (
        (P, Y),
        {},
        TypeError,
        "`y_prob` must hold floating-point scores, got .*int64.*; y_true comes first: if the "
        "arguments are in order, cast the scores",
    ),
    "boolean scores": ((P, Y > 0), {}, TypeError, "`y_prob` must hold floating-point scores, got"),
    "complex scores": ((Y, P + 0j), {}, TypeError, "`y_prob` must hold .* got .*complex"),
    "complex labels": (
        (Y + 0j, P),
        {},
        TypeError,
        "`y_true` must hold boolean, integer or real labels, got .*complex",
    ),
    "complex weights": (
        (Y, P),
        {"sample_weight": P + 0j},
        TypeError,
        "`sample_weight` must hold real numbers, got .*complex",
    ),
    "weights of rows": (
        (Y2, P2),
        {"sample_weight": P},
        ValueError,
        r"`sample_weight` must have as many dimensions as y_prob, each of the same length or 1, "
        r"got \((4|None),\) for y_prob of \((4|None), 2\); for one value per row pass "
        r"sample_weight\[:, None\]",
    ),
    "weights of classes": (
        (Y2, P2),
        {"sample_weight": np.ones((1, 3))},
        ValueError,
        r"`sample_weight` must have as many dimensions as y_prob, each of the same length or 1, "
        r"got \((1|None), 3\)",
    ),
    "integer mask": (
        (Y, P),
        {"where": Y},
        TypeError,
        "`where` must be a boolean mask, got .*int64.*; pass mask != 0",
    ),
    "mask of rows": (
        (Y2, P2),
        {"where": Y > 0},
        ValueError,
        r"`where` must have as many dimensions as y_prob, .*; for one value per row pass where",
    ),
}
COUNTING = {
    "threshold that enlarges": (
        (Y, P),
        {"threshold": np.full((2, 1), 0.5)},
        ValueError,
        r"`threshold` must broadcast against y_prob of \((4|None),\), got \((2|None), 1\); for a "
        "grid of thresholds use `thresholds`",
    ),
    "threshold of three classes": (
        (Y2, P2),
        {"threshold": (0.2, 0.3, 0.4)},
        ValueError,
        r"`threshold` must broadcast against y_prob of \((4|None), 2\), got \(3,\)",
    ),
    "complex threshold": (
        (Y, P),
        {"threshold": P + 0j},
        TypeError,
        "`threshold` must hold real numbers, got .*complex",
    ),
    "complex grid": (
        (Y, P),
        {"thresholds": P + 0j},
        TypeError,
        "`thresholds` must hold real numbers, got .*complex",
    ),
    "2-D grid": (
        (Y, P),
        {"thresholds": P2},
        ValueError,
        "`thresholds` must be a tuple of numbers or a 1-D array, got",
    ),
}


def check(backend, function, arrays, options, error, message):
    """Require the error from a call in this backend's mode."""
    # torch.compile reports what was raised while it traced.
    kinds = (error, RuntimeError) if backend.name == "torch-compiled" else error
    named = {k: v for k, v in options.items() if isinstance(v, np.ndarray)}
    rest = {k: v for k, v in options.items() if k not in named}

    def call(y, p, *more):
        return function(y, p, **dict(zip(named, more, strict=True)), **rest)

    given = [backend.asarray(x) for x in (*arrays, *named.values())]
    with pytest.raises(kinds, match=message):
        backend.run(call, *given)


@pytest.mark.parametrize("name", STATIC)
def test_shapes_and_dtypes_are_checked_in_every_mode(backend, name):
    """Under tracers too: no silently broadcast result."""
    with ss.checks(False):
        check(backend, ss.confusion, *STATIC[name])
        if not backend.traced:
            check(backend, ss.cross_entropy, *STATIC[name])
            check(backend, ss.as_loss(metrics.f1), *STATIC[name])
            check(backend, ss.value_and_grad(ss.as_loss(metrics.f1)), *STATIC[name])


@pytest.mark.parametrize("name", COUNTING)
def test_thresholds_are_checked_in_every_mode(backend, name):
    check(backend, ss.confusion, *COUNTING[name])


# tf.function learns lengths when it runs: see test_namespace.
@marks.on(*(name for name in KINDS if not name.startswith("tf-")))
@pytest.mark.parametrize("lengths", [(3, 4), (1, 4), (4, 1)])
def test_lengths(backend, lengths):
    n, m = lengths
    message = rf"got \({n},\) and \({m},\); nothing is broadcast here"
    check(backend, ss.confusion, (Y[:n], P[:m]), {}, ValueError, message)
    if m > 1:
        message = rf"`sample_weight` .* got \(3,\) for y_prob of \({m},\)"
        options = {"sample_weight": P[:3]}
        check(backend, ss.confusion, (Y[:m], P[:m]), options, ValueError, message)


# Shapes that do not fit, and the call that makes them fit: (labels, scores, call).
LABELS = [
    ((2, 6, 5), (2, 4, 6, 5), "one_hot(y_true, 4, axis=1)"),
    ((2, 4, 5), (2, 4, 4, 5), "one_hot(y_true, 4, axis=1)"),
    ((2, 6, 5), (2, 2, 6, 5), "one_hot(y_true, 2, axis=1)"),
    ((2, 1, 6, 5), (2, 4, 6, 5), "one_hot(y_true[:, 0], 4, axis=1)"),
    ((2, 6, 5, 1), (2, 4, 6, 5), "one_hot(y_true[..., 0], 4, axis=1)"),
    ((7, 5), (7, 3, 5), "one_hot(y_true, 3, axis=1)"),
    ((2, 3, 6, 5), (2, 3, 4, 6, 5), "one_hot(y_true, 4, axis=2)"),
    ((2, 6, 5), (2, 6, 5, 4), "one_hot(y_true, 4)"),
    ((7,), (7, 3), "one_hot(y_true, 3)"),
    ((7, 1), (7, 3), "one_hot(y_true[..., 0], 3)"),
    ((2, 6, 5, 4), (2, 4, 6, 5), "{xp}.moveaxis(y_true, -1, 1)"),
    ((2, 4, 6, 5), (2, 6, 5, 4), "{xp}.moveaxis(y_true, 1, -1)"),
    ((3, 7), (7, 3), "{xp}.moveaxis(y_true, -1, 0)"),
    ((2, 1, 6, 5), (2, 6, 5), "y_true[:, 0]"),
    ((2, 6, 5, 1), (2, 6, 5), "y_true[..., 0]"),
    ((1, 6, 5), (6, 5), "y_true[0]"),
]
SCORES = [
    ((2, 6, 5), (2, 1, 6, 5), "y_prob[:, 0]"),
    ((7,), (7, 1), "y_prob[..., 0]"),
    ((7,), (7, 2), "y_prob[..., 1]"),
    ((2, 6, 5), (2, 2, 6, 5), "y_prob[:, 1]"),
]
# The same of a mask or weights.
BESIDE = [
    ((2, 6, 5), (2, 4, 6, 5), "{name}[:, None]"),
    ((2, 4, 5), (2, 4, 4, 5), "{name}[:, None]"),
    ((2,), (2, 4, 6, 5), "{name}[:, None, None, None]"),
    ((4,), (2, 4, 6, 5), "{name}[None, :, None, None]"),
    ((2, 4), (2, 4, 6, 5), "{name}[:, :, None, None]"),
    ((6, 5), (2, 4, 6, 5), "{name}[None, None]"),
    ((2, 6, 5), (2, 6, 5, 4), "{name}[:, :, :, None]"),
    ((7,), (7, 3), "{name}[:, None]"),
    ((2, 6, 5, 4), (2, 4, 6, 5), "{xp}.moveaxis({name}, -1, 1)"),
    ((2, 6, 5, 1), (2, 4, 6, 5), "{xp}.moveaxis({name}, -1, 1)"),
    ((3, 7), (7, 3), "{xp}.moveaxis({name}, -1, 0)"),
    ((7, 1), (7,), "{name}[..., 0]"),
    ((2, 1, 6, 5), (2, 6, 5), "{name}[:, 0]"),
]
PREFIXES = {"jax": "jax.numpy", "tensorflow": "tf.experimental.numpy", "mlx": "mlx.core"}


def follow(backend, arrays, named, call, message):
    """Require an error that names the call, and counts once it is followed."""
    given = dict(zip(("y_true", "y_prob"), map(backend.asarray, arrays), strict=True))
    given |= {name: backend.asarray(x) for name, x in named.items()}
    (name,) = [x for x in given if x in call]
    prefix = PREFIXES.get(backend.library, backend.library)
    call = call.format(xp=prefix)
    with pytest.raises(ValueError, match=message) as error:
        ss.confusion(**given)
    assert re.search(rf"(?<![\w.]){re.escape(call)}", str(error.value)), error.value
    known = {"one_hot": ss.one_hot, **given}
    library = prefix.partition(".")[0]
    known[library] = importlib.import_module({"tf": "tensorflow"}.get(library, library))
    given[name] = eval(call, known)
    ss.confusion(**given)


# array_api_strict wants an index for every axis.
friendly = marks.on(*(name for name in EAGER if name != "array_api_strict"))


@friendly
@pytest.mark.parametrize(("true", "prob", "call"), LABELS + SCORES)
def test_shapes_of_labels_and_scores_name_the_call(backend, true, prob, call):
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 2, size=true)
    message = r"`y_true` and `y_prob` must have one shape, got \(.*\) and \(.*\); "
    follow(backend, (numbers, rng.uniform(size=prob)), {}, call, message)


@friendly
@pytest.mark.parametrize("name", ["where", "sample_weight"])
@pytest.mark.parametrize(("shape", "prob", "call"), BESIDE)
def test_shapes_of_masks_and_weights_name_the_call(backend, name, shape, prob, call):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=shape)
    named = {name: x if name == "sample_weight" else x < 0.5}
    message = rf"`{name}` must have as many dimensions as y_prob, .*; .*{name}"
    arrays = np.ones(prob), rng.uniform(size=prob)
    follow(backend, arrays, named, call.format(name=name, xp="{xp}"), message)


@pytest.mark.parametrize("name", ["where", "sample_weight"])
@pytest.mark.parametrize("shape", [(1, 3), (3, 2), (3,), (4, 2, 2)])
def test_no_call_is_named_where_none_fits(name, shape):
    x = np.ones(shape, dtype=bool if name == "where" else float)
    message = rf"^`{name}` must have as many dimensions as y_prob, .* for y_prob of \(4, 2\)$"
    with pytest.raises(ValueError, match=message):
        ss.confusion(Y2, P2, **{name: x})


@pytest.mark.parametrize(
    ("true", "prob", "way"),
    [
        ((3,), (4,), "give one label for each score"),
        ((7, 3), (8, 3), "give one label for each score"),
        ((1,), (4,), r"repeat the labels with broadcast_to\(y_true, \(4,\)\) if they hold for all"),
        ((3,), (4, 3), r"repeat the labels with broadcast_to\(y_true, \(4, 3\)\)"),
        ((4, 3), (1, 3), r"repeat the scores with broadcast_to\(y_prob, \(4, 3\)\) if they hold"),
        ((12,), (4, 3), r"reshape\(y_true, \(4, 3\)\) has the scores' shape"),
        ((5, 4, 2), (2, 4, 5), "bring the axes of y_true into the order of y_prob's"),
    ],
)
def test_nothing_is_broadcast_but_there_is_a_way(true, prob, way):
    with pytest.raises(ValueError, match=f"; nothing is broadcast here, {way}"):
        ss.confusion(np.zeros(true), np.full(prob, 0.5))


def test_a_library_that_is_not_known_has_xp():
    xp = pytest.importorskip("array_api_strict")
    y, p = xp.zeros((2, 6, 5, 4), dtype=xp.int64), xp.full((2, 4, 6, 5), 0.5)
    with pytest.raises(ValueError, match=r"; xp\.moveaxis\(y_true, -1, 1\) has"):
        ss.confusion(y, p)


@pytest.mark.parametrize("given", [(0.2, 0.3, 0.4, 0.5), np.full(4, 0.5)])
def test_thresholds_of_classes_that_are_not_last(given):
    y, p = np.zeros((2, 4, 6, 5)), np.full((2, 4, 6, 5), 0.5)
    message = r"got \(4,\); for one threshold per place of axis 1 pass an array of \(4, 1, 1\)"
    with pytest.raises(ValueError, match=message):
        ss.confusion(y, p, threshold=given)
    assert ss.confusion(y, p, threshold=np.reshape(given, (4, 1, 1))).tn.shape == ()


@marks.on("tensorflow")
def test_lengths_that_are_not_known_yet_have_a_way(backend):
    tf = backend.tf
    for true, prob, way in (
        ([None, 64, 64], [None, 4, 64, 64], "with one_hot(y_true, 4, axis=1)"),
        ([None, None, None], [None, 4, None, None], "with one_hot(y_true, 4, axis=1)"),
        ([None, 64, 64, 4], [None, 4, 64, 64], "moveaxis(y_true, -1, 1) has"),
        ([None], [None, None], "with one_hot(y_true, num_classes)"),
    ):
        specs = [tf.TensorSpec(true, tf.int64), tf.TensorSpec(prob, tf.float64)]
        with pytest.raises(ValueError, match=re.escape(way)):
            tf.function(ss.confusion).get_concrete_function(*specs)


# Values, which only eager code sees. Functions: 1 for losses of logits.
BAD = {
    "logits": (
        (Y, np.asarray([0.5, 3.0, -2.0, 0.1])),
        {},
        r"`y_prob` must hold probabilities in \[0, 1\], got 3.0 at flat position 1 and 1 more; if "
        "these are logits pass from_logits=True$",
    ),
    "percent": (
        (Y, 100 * P),
        {},
        r"`y_prob` must hold probabilities in \[0, 1\], got 90.0 at flat position 0 and 3 more",
    ),
    "nan score": (
        (Y, np.asarray([0.5, 0.5, math.nan, 0.1])),
        {},
        r"`y_prob` must hold probabilities in \[0, 1\], got nan at flat position 2; mask entries "
        "that do not count with `where`$",
    ),
    "infinite score": ((Y, np.asarray([0.5, math.inf, 0.5, 0.1])), {}, "`y_prob` must .* got inf"),
    "nan logit": (
        (Y, np.asarray([5.0, math.nan, -3.0, 0.1])),
        {"from_logits": True},
        "`y_prob` must hold finite logits, got nan at flat position 1; mask entries",
    ),
    "infinite logit": (
        (Y, np.asarray([5.0, -math.inf, -3.0, 0.1])),
        {"from_logits": True},
        "`y_prob` must hold finite logits, got -inf at flat position 1; mask entries",
    ),
    "labels of -1 and 1": (
        (2 * Y - 1, P),
        {},
        r"`y_true` must hold labels in \[0, 1\], got -1.0 at flat position 1 and 1 more; if -1 "
        "marks entries to ignore pass where=y_true != -1, else code the two classes as 0 and 1, "
        "or use class_labels for class numbers$",
    ),
    "label to ignore": (
        (np.asarray([1, 255, 1, 255]), P),
        {},
        "got 255.0 at flat position 1 and 1 more; if 255 marks .* pass where=y_true != 255, else",
    ),
    "logits for labels": (
        (np.asarray([0.5, -2.5, 3.0, 1.0]), Y.astype(float)),
        {},
        r"`y_true` must hold labels in \[0, 1\], got -2.5 at flat position 1 and 1 more; y_true "
        "comes first, and `y_prob` holds nothing but 0 and 1$",
    ),
    "whole logits for labels": (
        (np.asarray([0.5, 3.0, -2.5, 1.0]), Y.astype(float)),
        {"from_logits": True},
        "got 3.0 at flat position 1 and 1 more; if 3 marks entries .* class_labels for class "
        "numbers; y_true comes first, and `y_prob` holds nothing but 0 and 1$",
    ),
    "logits for labels beside a mask": (
        (np.asarray([0.5, -2.5, 3.0, 1.0]), np.asarray([0.5, 0.0, 1.0, math.nan])),
        {"where": np.asarray([False, True, True, False])},
        "got -2.5 .*; y_true comes first, and `y_prob` holds nothing but 0 and 1$",
    ),
    "real labels of scores": (
        (np.asarray([0.5, -2.5, 1.0, 1.0]), np.asarray([0.0, 1.0, 1.0, 0.5])),
        {},
        "got -2.5 at flat position 1; if -2.5 marks entries .* class_labels for class numbers$",
    ),
    "class number beside decisions": (
        (2 * Y, Y.astype(float)),
        {},
        "got 2.0 at flat position 0 and 1 more; if 2 marks .* or use class_labels for class num",
    ),
    "class number": ((2 * Y, P), {}, r"`y_true` must hold labels in \[0, 1\], got 2.0"),
    "nan label": (
        (np.asarray([1, math.nan, 0, 0]), P),
        {},
        r"`y_true` must hold labels in \[0, 1\], got nan at flat position 1; mask entries",
    ),
    "negative weight": (
        (Y, P),
        {"sample_weight": np.asarray([1.0, 0.0, -0.5, 1.0])},
        "`sample_weight` must hold finite weights >= 0, got -0.5 at flat position 2$",
    ),
    "negative integer weight": (
        (Y, P),
        {"sample_weight": np.asarray([1, 0, -2, 1])},
        "`sample_weight` must hold finite weights >= 0, got -2.0 at flat position 2$",
    ),
    "nan weight": (
        (Y, P),
        {"sample_weight": np.asarray([1.0, math.nan, 1.0, 1.0])},
        "`sample_weight` must hold finite weights >= 0, got nan at flat position 1; mask entries",
    ),
    "infinite weight": (
        (Y, P),
        {"sample_weight": np.asarray([1.0, math.inf, 1.0, 1.0])},
        "`sample_weight` must hold finite weights >= 0, got inf",
    ),
    "one weight for all rows": (
        (Y2, P2),
        {"sample_weight": np.asarray([[-1.0], [1.0], [1.0], [1.0]])},
        "`sample_weight` must hold finite weights >= 0, got -1.0 at flat position 0",
    ),
    "beside a mask": (
        (Y, np.asarray([math.nan, 2.0, 0.5, 0.1])),
        {"where": np.asarray([False, True, True, True])},
        r"`y_prob` must hold probabilities in \[0, 1\], got 2.0 at flat position 1; if these",
    ),
    "empty": (
        (Y[:0], P[:0]),
        {},
        r"`y_prob` must not be empty, got shape \(0,\); skip the batch, or switch the checks off",
    ),
    "empty classes": (
        (Y2[:, :0], P2[:, :0]),
        {},
        r"`y_prob` must not be empty, got shape \(4, 0\)",
    ),
}


@eager
@pytest.mark.parametrize("name", BAD)
def test_values_are_checked_where_they_can_be_seen(backend, name):
    arrays, options, message = BAD[name]
    check(backend, ss.confusion, arrays, options, ValueError, message)
    check(backend, ss.cross_entropy, arrays, options, ValueError, message)
    logits = options.get("from_logits", False)
    options = {k: v for k, v in options.items() if k != "from_logits"}
    loss = ss.as_loss(metrics.f1, from_logits=logits)
    check(backend, loss, arrays, options, ValueError, message)
    check(backend, ss.value_and_grad(loss), arrays, options, ValueError, message)
    check(
        backend, ss.as_score(metrics.f1, from_logits=logits), arrays, options, ValueError, message
    )


@eager
def test_values_are_seen_under_a_gradient_tape(backend):
    """Eager autodiff is no reason to let a NaN through."""
    arrays = [backend.asarray(x) for x in BAD["nan score"][0]]
    with pytest.raises(ValueError, match="got nan at flat position 2"):
        backend.value_and_grad(ss.as_loss(metrics.f1), *arrays)


@eager
def test_values_of_other_dtypes_are_checked(backend):
    for dtype in backend.dtypes[1:]:
        check_values_of(backend, dtype)


def check_values_of(backend, dtype):
    y, p = backend.asarray(Y), backend.asarray(np.asarray([0.5, 3.0, 0.5, 0.1]), dtype)
    with pytest.raises(ValueError, match=r"got 3.0 at flat position 1; if these are logits"):
        ss.confusion(y, p)
    labels = backend.asarray(np.asarray([0.0, 1.5, 1.0, 0.0]), dtype)
    p = backend.asarray(P, dtype)
    with pytest.raises(ValueError, match=r"`y_true` .* got 1.5 at flat position 1"):
        ss.confusion(labels, p)
    weights = backend.asarray(np.asarray([1.0, -3.0, 1.0, 1.0]), dtype)
    with pytest.raises(ValueError, match=r"`sample_weight` .* got -3.0 at flat position 1"):
        ss.confusion(y, p, sample_weight=weights)


@eager
@pytest.mark.parametrize("name", ["threshold", "thresholds"])
@pytest.mark.parametrize("value", [0.0, 1.0, -0.2, 1.5, math.nan])
def test_thresholds_outside(backend, name, value):
    """Rule A5, A18: as a number, in a tuple, in an array; the hard step takes all but NaN."""
    y, p = backend.asarray(Y), backend.asarray(P)
    pair = (0.5, value) if not value < 0.5 else (value, 0.5)
    given = [pair, backend.asarray(np.asarray(pair))]
    if name == "threshold":
        y, p = backend.asarray(Y2), backend.asarray(P2)
        given.append(value)
    message = f"`{name}` must (lie|hold probabilities) strictly between 0 and 1, got {value}.*"
    for x in given:
        with pytest.raises(ValueError, match=message + "it is a probability, also with from_logi"):
            ss.confusion(y, p, **{name: x})
        if math.isnan(value):
            with pytest.raises(ValueError, match=f"`{name}` must .* got nan"):
                ss.confusion(y, p, step=ss.Hard(), **{name: x})
        else:
            ss.confusion(y, p, step=ss.Hard(), **{name: x})


@eager
@pytest.mark.parametrize("grid", [(0.5, 0.2), (0.5, 0.5), (0.1, 0.3, 0.2)])
def test_grid_that_does_not_increase(backend, grid):
    """An area under a curve over it would be silently wrong."""
    y, p = backend.asarray(Y), backend.asarray(P)
    for x in (grid, backend.asarray(np.asarray(grid))):
        with pytest.raises(ValueError, match=r"`thresholds` must increase, got .*sort them"):
            ss.confusion(y, p, thresholds=x)


@eager
def test_integer_thresholds_of_the_hard_step(backend):
    y, p = backend.asarray(Y), backend.asarray(P)
    c = ss.confusion(y, p, thresholds=backend.asarray(np.asarray([0, 1])), step=ss.Hard())
    assert_close(c.tp, [2.0, 0.0], backend, 0)


@marks.on(*TRACED)
def test_no_silent_nan_where_values_are_hidden(backend):
    """What a tracer cannot refuse stays visible in the result."""
    loss = ss.as_loss(metrics.f1)
    for name in ("nan score", "nan label", "nan weight"):
        (y, p), options, _ = BAD[name]
        w = options.get("sample_weight", np.ones(4))
        value = backend.run(
            lambda y, p, w: loss(y, p, sample_weight=w), *(backend.asarray(x) for x in (y, p, w))
        )
        assert np.isnan(backend.to_numpy(value)), name


# Arguments that are no arrays, or arrays of what is no number


@pytest.mark.parametrize("function", [ss.confusion, ss.cross_entropy, ss.as_loss(metrics.f1)])
def test_arrays_are_needed(function):
    for y, p, message in (
        (Y.tolist(), P, "`y_true` must be an array .* got list; convert it to an array of your"),
        (Y, P.tolist(), "`y_prob` must be an array .* got list; convert it to an array of your"),
        (tuple(Y), P, "`y_true` must be an array .* got tuple; convert it"),
        (None, P, "`y_true` must be an array, got None"),
        (Y, None, "`y_prob` must be an array, got None"),
        (Y, 0.5, "`y_prob` must be an array, got 0.5"),
        (1, P, "`y_true` must be an array, got 1"),
        (Y, "p", r"`y_prob` must be an array .* got str$"),
    ):
        with pytest.raises(TypeError, match=message):
            function(y, p)
    for name in ("sample_weight", "where"):
        with pytest.raises(TypeError, match=f"`{name}` must be an array or None, got True"):
            function(Y, P, **{name: True})
        with pytest.raises(TypeError, match=f"`{name}` must be an array .* got list"):
            function(Y, P, **{name: [1.0]})


@pytest.mark.parametrize("function", [ss.confusion, ss.cross_entropy, ss.as_loss(metrics.f1)])
@pytest.mark.parametrize(
    ("labels", "way"),
    [
        (Y.astype(str), r"got <U21; compare them with the positive class, y_true == \.\.\.$"),
        (Y.astype("S"), r"got .*S.*; compare them with the positive class, y_true == \.\.\.$"),
        (Y.astype(object), r"got object; cast them, as by y_true\.astype\(float\)$"),
        (Y.astype("datetime64[s]"), r"got datetime64\[s\]$"),
    ],
)
def test_labels_that_are_no_numbers_have_a_way(function, labels, way):
    message = f"`y_true` must hold boolean, integer or real labels, {way}"
    with pytest.raises(TypeError, match=message):
        function(labels, P)


@marks.on("tensorflow")
def test_so_have_strings_of_tensorflow(backend):
    message = "string.*; compare them with the positive class, y_true =="
    with pytest.raises(TypeError, match=message):
        ss.confusion(backend.tf.constant(["yes", "no", "no", "no"]), backend.asarray(P))


@pytest.mark.parametrize("step", ["linear", 0.5, ss.Linear], ids=repr)
def test_a_loss_says_at_once_that_a_step_is_none(step):
    with pytest.raises(TypeError, match=r"`step` must be a step.*Linear\(\)"):
        ss.as_loss(ss.f1, step=step)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"step": None}, TypeError, r"`step` must be a step function such as Linear\(\), got None"),
        ({"step": 0.2}, TypeError, "`step` must be a step function"),
        ({"axis": 1}, ValueError, r"`axis` must lie in \[-1, 1\) for 1 dimensions, got 1"),
        ({"axis": -2}, ValueError, r"`axis` must lie in \[-1, 1\)"),
        ({"axis": (0, -1)}, ValueError, r"`axis` must not name an axis twice, got \(0, -1\)"),
        ({"axis": 0.0}, TypeError, "`axis` must be None, an integer or a tuple of them, got 0.0"),
        ({"axis": True}, TypeError, "`axis` must be None, an integer or a tuple of them, got True"),
        ({"axis": [0]}, TypeError, r"`axis` must be None, .* got \[0\]"),
        ({"threshold": None}, TypeError, "`threshold` must be a number, a tuple of .* got None"),
        ({"threshold": [0.5]}, TypeError, "`threshold` must be an array .* got list"),
        ({"thresholds": [0.5]}, TypeError, "`thresholds` must be an array .* got list"),
        ({"thresholds": ()}, ValueError, r"`thresholds` must not be empty, got \(\)"),
        (
            {"thresholds": np.zeros(0)},
            ValueError,
            r"`thresholds` must not be empty, got shape \(0,",
        ),
        ({"thresholds": 0.5}, ValueError, "`thresholds` must be a tuple of numbers or a 1-D array"),
        (
            {"threshold": 0.3, "thresholds": (0.2, 0.3)},
            ValueError,
            "`threshold` and `thresholds` must not both be given; threshold is one operating",
        ),
        (
            {"threshold": P, "thresholds": (0.2, 0.3)},
            ValueError,
            "`threshold` and `thresholds` must not both be given",
        ),
    ],
    ids=str,
)
def test_options_of_confusion(options, error, message):
    with pytest.raises(error, match=message):
        ss.confusion(Y, P, **options)
    if "step" in options and options["step"] is None:  # the default of as_loss
        return
    with pytest.raises(error, match=message):  # as_loss says so when the loss is called
        ss.as_loss(metrics.f1, **options)(Y, P)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        *(
            (partial(ss.Linear, delta=d), ValueError, f"`delta` must lie .*0 and 0.5, got {d}")
            for d in (0, 0.5, -0.1, 0.7, math.nan)
        ),
        *(
            (partial(step, x), ValueError, f"`{name}` must be a positive finite number, got {x!r}")
            for step, name in (
                (ss.Sigmoid, "k"),
                (ss.Arctan, "k"),
                (ss.Algebraic, "k"),
                (ss.Ramp, "width"),
                (ss.Cosine, "width"),
            )
            for x in (0, -1.0, math.inf, math.nan, "1")
        ),
        (
            partial(ss.StraightThrough, 0.5),
            TypeError,
            "`step` must be a step function, got 0.5",
        ),
    ],
)
def test_parameters_of_steps(make, error, message):
    """Rule A18."""
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("beta", [0, 0.0, -1.0, math.inf, math.nan])
def test_beta_must_be_positive(beta):
    """Rule A18."""
    loss = ss.as_loss(partial(metrics.fbeta, beta=beta))
    with pytest.raises(ValueError, match=f"`beta` must be a positive finite number, got {beta}"):
        loss(Y, P)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ss.as_loss(None), TypeError, "`metric` must be a function of a Confusion .* None"),
        (lambda: ss.as_score("f1"), TypeError, "`metric` must be a function of .* got 'f1'"),
        (lambda: ss.micro(1), TypeError, "`metric` must be a function of a Confusion .* got 1"),
        (lambda: ss.macro(None), TypeError, "`metric` must be a function of a Confusion"),
        (lambda: ss.weighted(None), TypeError, "`metric` must be a function of a Confusion"),
        (
            lambda: ss.as_loss(metrics.prevalence),
            ValueError,
            "`metric` prevalence is neither better when larger nor when smaller; pass "
            "maximize=True or maximize=False",
        ),
        (
            lambda: ss.as_loss(ss.macro(metrics.bias_score)),
            ValueError,
            "is neither better when larger nor when smaller; pass maximize=True",
        ),
        (lambda: ss.value_and_grad(None), TypeError, r"`loss` must be a function of \(y_true, y_p"),
        (
            lambda: ss.value_and_grad(ss.as_loss(metrics.f1))(Y, P, reduce=lambda c: c),
            TypeError,
            "reduce",
        ),
        (
            lambda: ss.linearize(metrics.f1, ss.Confusion(1.0, 1.0, 1.0, 1.0)),
            TypeError,
            "`loss` must be what as_loss returned, a compound_loss or cross",
        ),
        (
            lambda: ss.linearize(ss.as_loss(metrics.f1), (1.0, 1.0, 1.0, 1.0)),
            TypeError,
            "`total` must be a Confusion, got tuple",
        ),
        (lambda: ss.one_hot(P, 2), TypeError, "`y_true` must hold integer class numbers, got flo"),
        (lambda: ss.one_hot(Y > 0, 2), TypeError, "`y_true` must hold integer class numbers"),
        (lambda: ss.one_hot([0, 1], 2), TypeError, "`y_true` must be an array .* got list"),
        (lambda: ss.one_hot(Y, 1), ValueError, "`num_classes` must be an integer of at least 2"),
        (lambda: ss.one_hot(Y, True), ValueError, "`num_classes` must be .* got True"),
        (lambda: ss.one_hot(Y, 2.0), ValueError, "`num_classes` must be .* got 2.0"),
        (lambda: ss.class_weight(P), TypeError, "`y_true` must hold integer class numbers, got fl"),
        (lambda: ss.class_weight(Y, num_classes=1), ValueError, "`num_classes` must be"),
        (lambda: ss.class_weight([0, 1]), TypeError, "`y_true` must be an array .* got list"),
        (lambda: ss.pos_weight([0, 1]), TypeError, "`y_true` must be an array .* got list"),
        (lambda: ss.sample_weight(P, P), TypeError, "`y_true` must hold integer class numbers"),
        (
            lambda: ss.sample_weight(Y, Y),
            TypeError,
            "`class_weight` must hold real numbers, got int64",
        ),
        (
            lambda: ss.sample_weight(Y, P2),
            ValueError,
            r"`class_weight` must be 1-D and of a known length, got shape \(4, 2\)",
        ),
        (lambda: ss.sample_weight(Y, [1.0]), TypeError, "`class_weight` must be an array .* list"),
        (
            lambda: ss.cross_entropy(Y, P, pos_weight=-1.0),
            ValueError,
            "`pos_weight` must be a finite number >= 0, got -1.0",
        ),
        (lambda: ss.cross_entropy(Y, P, pos_weight=math.nan), ValueError, "`pos_weight` must be"),
        (lambda: ss.cross_entropy(Y, P, pos_weight=P), ValueError, "`pos_weight` must be a finite"),
        (
            lambda: ss.cross_entropy(Y, P, label_smoothing=1.0),
            ValueError,
            r"`label_smoothing` must lie in \[0, 1\), got 1.0",
        ),
        (lambda: ss.cross_entropy(Y, P, label_smoothing=-0.1), ValueError, "`label_smoothing`"),
        (lambda: ss.cross_entropy(Y, P, label_smoothing=None), ValueError, "`label_smoothing`"),
        (
            lambda: ss.cross_entropy(Y, P, cell_weight=(1.0, 1.0, 1.0, 1.0)),
            TypeError,
            "`cell_weight` must be a Confusion of four floats, got",
        ),
        (
            lambda: ss.cross_entropy(Y, P, cell_weight=ss.Confusion(1.0, 1.0, -1.0, 1.0)),
            ValueError,
            "`cell_weight.fn` must be a finite number >= 0, got -1.0",
        ),
        (
            lambda: metrics.f1(ss.Confusion(1.0, Y, 1.0, 1.0)),
            TypeError,
            r"`tp` must be an array, got 1.0; make arrays of the counts",
        ),
    ],
)
def test_other_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The switch


def test_checks_are_a_statement():
    y, p = BAD["logits"][0]
    try:
        ss.checks(False)
        ss.confusion(y, p)
        ss.checks(True)
        with pytest.raises(ValueError, match="pass from_logits=True"):
            ss.confusion(y, p)
    finally:
        ss.checks(True)


def test_checks_are_a_context():
    """Nested, and restored after an error."""
    y, p = BAD["logits"][0]
    with ss.checks(False):
        ss.confusion(y, p)
        with ss.checks(True), pytest.raises(ValueError, match="pass from_logits=True"):
            ss.confusion(y, p)
        ss.confusion(y, p)
    with pytest.raises(ZeroDivisionError), ss.checks(False):
        1 / 0  # noqa: B018
    with pytest.raises(ValueError, match="pass from_logits=True"):
        ss.confusion(y, p)


@eager
def test_without_checks_scores_are_clipped(backend):
    """As under a tracer: out of range counts as 0 or 1, NaN stays NaN, empty counts nothing."""
    y, p = BAD["logits"][0]
    with ss.checks(False):
        found = ss.confusion(backend.asarray(y), backend.asarray(p))
        assert_counts(found, ss.confusion(y, np.clip(p, 0, 1)), backend)
        found = ss.confusion(*(backend.asarray(x) for x in BAD["empty"][0]))
        assert_counts(found, np.zeros(4), backend, 0)
        thresholds = backend.asarray(np.asarray([0.0, 1.0]))
        found = ss.confusion(backend.asarray(Y), backend.asarray(P), thresholds=thresholds)
        assert all(np.isfinite(backend.to_numpy(x)).all() for x in found)
