"""Which arrays the kernel takes, and how it tells whose they are."""

import array
import importlib
import itertools
import re
from collections import OrderedDict, deque
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset import metrics
from softset._arrays import duals as _dual
from softset._arrays import shape_of
from softset._arrays.values import truth
from softset._counting import buckets as _grid
from tests.support import marks
from tests.support.backends import KINDS, lib_of
from tests.support.referees import (
    DIFFERENCES,
    SINGLE,
    assert_close,
    assert_counts,
    central_differences,
    labels_and_scores,
)

Y, P = labels_and_scores(8, seed=41)
MODULES = {
    "numpy": "array_api_compat.numpy",
    "array_api_strict": "array_api_strict",
    "torch": "array_api_compat.torch",
    "jax": "jax.numpy",
    "tensorflow": "softset._arrays.tensorflow.namespace",
    "mlx": "mlx.core",
}
LIBRARIES = ("numpy", "array_api_strict", "torch", "jax", "tensorflow")


def test_every_library_has_its_namespace(backend):
    names = []

    def double(x):
        names.append(ss.array_namespace(x, None, 1, 2.0).__name__)
        return x + x

    backend.run(double, backend.asarray(P))
    assert set(names) == {MODULES[backend.library]}


@pytest.mark.parametrize("x", [np.float64(0.5), np.float32(0.5), np.int64(1), np.bool_(True)])
def test_numpy_scalars_are_arrays(x):
    """NumPy's sums are scalars, and its float64 is a Python float as well."""
    assert ss.array_namespace(x) is ss.array_namespace(P)


def test_numpy_scalars_in_the_kernel():
    c = ss.confusion(np.bool_(True), np.float64(0.75))
    np.testing.assert_allclose(np.asarray(c), [0.8, 0, 0.2, 0])
    counts = ss.Confusion(np.float64(1), np.float64(1), np.float64(0), np.float64(2))
    assert metrics.precision(counts) == 0.5


@marks.on(*LIBRARIES, "mlx")
def test_a_numpy_number_is_a_threshold_for_every_library(backend):
    y, p = backend.asarray(Y), backend.asarray(P)
    c = ss.confusion(y, p, threshold=np.float64(0.25))
    assert_counts(c, ss.confusion(Y, P, threshold=0.25), backend)


def test_dual_numbers_have_a_namespace_of_their_own():
    x = _dual.Dual(P, np.ones((1, 8)))
    assert ss.array_namespace(x) == _dual.namespace(ss.array_namespace(P))
    assert ss.array_namespace(x, P, 1.0) == ss.array_namespace(x)
    twice = _dual.Dual(x, _dual.Dual(np.ones((1, 8)), np.zeros((1, 1, 8))))
    assert ss.array_namespace(P, twice, x).base == ss.array_namespace(x)


@pytest.mark.parametrize("arguments", [(), (None,), (1, 2.5, None), (True, 1j)])
def test_at_least_one_array(arguments):
    with pytest.raises(TypeError, match="at least one array is needed among"):
        ss.array_namespace(*arguments)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([0.1, 0.2], r"got list; convert it to an array of your framework first"),
        ((0.1, 0.2), r"got tuple; convert it"),
        ("scores", r"`argument 1` must be an array \(NumPy, PyTorch, .*\), got str$"),
        ({0.1}, "got set$"),
        (OrderedDict(logits=P), "got collections.OrderedDict; pass one of its values$"),
        ([P, P], r"got list; it holds arrays: pass one of them, or join them, as by numpy\.conc"),
        ((P, Y), r"got tuple; it holds arrays: pass one of them"),
        ([np.float64(0.1)], r"got list; convert it to an array of your framework first"),
        (range(2), r"got range; pass numpy\.asarray\(list\(\.\.\.\)\) of it$"),
        ((x for x in P), r"got generator; pass numpy\.asarray\(list\("),
        (map(float, P), r"got map; pass numpy\.asarray\(list\("),
        (filter(None, P), r"got filter; pass numpy\.asarray\(list\("),
        ({0: 0.1}.values(), r"got dict_values; pass numpy\.asarray\(list\("),
        (deque(P), r"got collections.deque; pass numpy\.asarray\(list\("),
        (memoryview(P), r"got memoryview; pass numpy\.asarray\(\.\.\.\) of it$"),
        (array.array("d", P), r"got array.array; pass numpy\.asarray\(\.\.\.\) of it$"),
        (type("Image", (), {"__array_interface__": {}})(), r"Image; pass numpy\.asarray\("),
        (type("Field", (), {"__array__": lambda x: P})(), r"Field; pass numpy\.asarray\("),
        (ss.Linear(), "got softset.steps.piecewise.Linear$"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_array(x, message):
    with pytest.raises(TypeError, match=message):
        ss.array_namespace(x)


@pytest.mark.parametrize("kind", ["Series", "DataFrame"])
def test_a_data_frame_is_no_array(kind):
    frame = getattr(pytest.importorskip("pandas"), kind)([0.1])
    with pytest.raises(TypeError, match=rf"got pandas.*{kind}; pass its .to_numpy\(\)"):
        ss.array_namespace(frame)


@pytest.mark.parametrize("pair", list(itertools.combinations(LIBRARIES, 2)), ids="-".join)
def test_libraries_are_not_mixed(pair):
    """Whatever array-api-compat's arrays would do with each other."""
    for name in pair:
        if marks.missing(name):
            pytest.skip(f"{name} is not installed")
    first, second = (KINDS[name]() for name in pair)
    y, p = first.asarray(Y), second.asarray(P)
    for a, b in ((y, p), (p, y)):
        with pytest.raises(TypeError, match=r"must come from one library, got .*; convert one"):
            ss.array_namespace(a, b)
    with pytest.raises(TypeError, match="`y_true` and `y_prob` must come from one library"):
        ss.confusion(y, p)
    labels = second.asarray(Y)
    for name, x in (("sample_weight", first.asarray(P)), ("where", y)):
        with pytest.raises(TypeError, match=f"`y_true` and `{name}` must come from one library"):
            ss.confusion(labels, p, **{name: x})
        with pytest.raises(TypeError, match=f"`y_true` and `{name}` must come from one library"):
            ss.cross_entropy(labels, p, **{name: x})
    with pytest.raises(TypeError, match="`y_true` and `threshold` must come from one library"):
        ss.confusion(labels, p, threshold=first.asarray(P))
    with pytest.raises(TypeError, match="`y_true` and `class_weight` must come from one library"):
        ss.sample_weight(labels, first.asarray(P))


def evaluate(call, **names):
    """Return what a call makes that an error names."""
    module = call.partition(".")[0]
    known = {module: importlib.import_module({"tf": "tensorflow"}.get(module, module))}
    importlib.import_module("jax.numpy" if module == "jax" else "numpy")
    return eval(call, known | names)


@marks.on("torch", "jax", "tensorflow", "mlx")
def test_numpys_arrays_are_taken_over_by_the_call_that_the_error_names(backend):
    y, p = backend.asarray(Y), backend.asarray(P)
    with pytest.raises(TypeError, match=r"; convert one of them, as by \S+\(y_true\)$") as error:
        ss.confusion(Y, p)
    labels = evaluate(re.search(r"as by (\S+)$", str(error.value))[1], y_true=Y)
    assert_counts(ss.confusion(labels, p), ss.confusion(Y, P), backend)
    with pytest.raises(TypeError, match=r"; convert one of them, as by \S+\(y_prob\)$") as error:
        ss.confusion(y, P)
    scores = evaluate(re.search(r"as by (\S+)$", str(error.value))[1], y_prob=P)
    c, single = ss.confusion(y, scores), backend.dtype_name(scores) == "float32"  # MLX's of float64
    known = {"rtol": SINGLE, "dtype": "float32"} if single else {}
    assert_counts(c, ss.confusion(Y, P), backend, **known)


@marks.on("numpy", "torch", "jax", "tensorflow", "mlx")
def test_batches_in_a_list_are_joined_by_the_call_that_the_error_names(backend):
    parts = [backend.asarray(P[:3]), backend.asarray(P[3:])]
    with pytest.raises(TypeError, match=r"`y_prob` must be .* got list; it holds") as error:
        ss.confusion(backend.asarray(Y), parts)
    call = re.search(r"join them, as by (.*)$", str(error.value))[1]
    joined = evaluate(call.replace("...", "parts"), parts=parts)
    assert_counts(ss.confusion(backend.asarray(Y), joined), ss.confusion(Y, P), backend)
    numbers = [backend.asarray(np.asarray(0.5))]
    with pytest.raises(TypeError, match="got list; convert it to an array of your framework"):
        ss.confusion(backend.asarray(Y), numbers)


@marks.on("tensorflow")
class TestTensorFlow:
    def test_ragged_tensors_are_refused(self, backend):
        ragged = backend.tf.ragged.constant([[0.1, 0.2], [0.3]])
        message = r"RaggedTensor; pass its .to_tensor\(\) and mask the padding with `where`"
        with pytest.raises(TypeError, match=f"`y_prob` must be an array .*{message}"):
            ss.confusion(backend.asarray(Y), ragged)
        with pytest.raises(TypeError, match=f"`y_true` must be an array .*{message}"):
            ss.cross_entropy(ragged, backend.asarray(P))

    def test_sparse_and_symbolic_tensors_are_refused(self, backend):
        sparse = backend.tf.sparse.from_dense(backend.asarray(P))
        with pytest.raises(TypeError, match=r"SparseTensor; pass tf.sparse.to_dense\(...\) of it"):
            ss.confusion(backend.asarray(Y), sparse)
        symbolic = backend.tf.keras.Input((3,))
        with pytest.raises(TypeError, match="KerasTensor; a symbolic Keras tensor has no values"):
            ss.confusion(backend.asarray(Y), symbolic)

    def test_variables_are_arrays(self, backend):
        y, p = backend.tf.Variable(backend.asarray(Y)), backend.tf.Variable(backend.asarray(P))
        w = backend.tf.Variable(np.linspace(0.5, 1, 8))
        assert ss.array_namespace(p).__name__ == "softset._arrays.tensorflow.namespace"
        loss = ss.as_loss(metrics.f1)
        expected = ss.value_and_grad(loss)(Y, P, sample_weight=np.linspace(0.5, 1, 8))
        with backend.tf.GradientTape() as tape:
            value = loss(y, p, sample_weight=w)
        assert_close(value, expected[0], backend)
        assert_close(tape.gradient(value, p), expected[1], backend)
        value, gradient = ss.value_and_grad(loss)(y, p, sample_weight=w)
        assert_close(gradient, expected[1], backend)

    def test_keras_variables_are_arrays(self, backend):
        keras = pytest.importorskip("keras")
        if keras.backend.backend() != "tensorflow":
            pytest.skip(f"Keras runs on {keras.backend.backend()}")
        p, tau = keras.Variable(P, dtype="float64"), keras.Variable(0.4, dtype="float64")
        y = backend.asarray(Y)
        c = ss.confusion(y, p, threshold=tau)
        assert_counts(c, ss.confusion(Y, P, threshold=0.4), backend)
        with backend.tf.GradientTape() as tape:
            value = metrics.f1(ss.confusion(y, p, threshold=tau, step=ss.Sigmoid()))
        slope = tape.gradient(value, tau.value)
        numbers = central_differences(
            lambda t: metrics.f1(ss.confusion(Y, P, threshold=t, step=ss.Sigmoid())),
            np.asarray(0.4),
        )
        assert_close(slope, numbers, backend, DIFFERENCES)
        value, gradient = ss.value_and_grad(ss.as_loss(metrics.f1))(y, p)
        assert_close(gradient, ss.value_and_grad(ss.as_loss(metrics.f1))(Y, P)[1], backend)
        assert_close(ss.cross_entropy(y, p), ss.cross_entropy(Y, P), backend)

    def test_unknown_rank(self, backend):
        tf = backend.tf
        spec = [tf.TensorSpec(None, tf.float64)] * 2
        message = r"number of dimensions must be known, .*set_shape\(\[None\]\)"
        with pytest.raises(ValueError, match=message):
            tf.function(ss.confusion, input_signature=spec, autograph=False)(P, P)

    def test_lengths_that_only_running_tells(self, backend):
        """Unknown lengths are no licence to broadcast one label over all scores."""
        tf = backend.tf
        y, p = backend.asarray(Y), backend.asarray(P)
        pairs = [(y[:1], p), (y, p[:1]), (y[:3], p)]
        message = "`y_true` and `y_prob` must have one shape|the requested shape has"
        columns = [(tf.reshape(a, (-1, 1)), tf.reshape(b, (-1, 1))) for a, b in pairs]
        for function in (ss.confusion, ss.cross_entropy):
            for rest, cases in (((), pairs), ((1,), columns)):
                spec = [tf.TensorSpec((None, *rest), x.dtype) for x in (y, p)]
                for options in ({}, {"jit_compile": True}):
                    compiled = tf.function(function, input_signature=spec, **options)
                    compiled(*(x[:1] for x in cases[0]))
                    for labels, scores in cases:
                        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                            compiled(labels, scores)

    def test_weights_whose_lengths_only_running_tells(self, backend):
        """A weight for each example, class or batch, whose sum is that of what it weighs."""
        tf = backend.tf
        rng = np.random.default_rng(12)
        # Few and low, so that a sum of weights that is too small leaves no count below 0.
        y, p = rng.uniform(size=(40, 5)) < 0.05, rng.uniform(0, 0.05, (40, 5))
        places = itertools.product((None, 0, 1), ((1, 1), (40, 1), (1, 5), (40, 5)), (1, 2))
        for axis, shape, unknown in places:
            w = rng.uniform(0.5, 2.0, shape)
            spec = [
                tf.TensorSpec([None] * unknown + [x.shape[1]] * (2 - unknown), dtype)
                for x, dtype in ((y, tf.bool), (p, tf.float64), (w, tf.float64))
            ]
            linear = ss.Linear()(p, 0.5)
            products = (linear * y, linear * ~y, (1 - linear) * y, (1 - linear) * ~y)
            count = partial(ss.confusion, axis=axis)
            for options in ({}, {"jit_compile": True}):
                found = tf.function(
                    lambda y, p, w, count=count: count(y, p, sample_weight=w),
                    input_signature=spec,
                    autograph=False,
                    **options,
                )(*(tf.constant(x, s.dtype) for x, s in zip((y, p, w), spec, strict=True)))
                for x, product in zip(found, products, strict=True):
                    np.testing.assert_allclose(x, (product * w).sum(axis), rtol=1e-12)


@marks.on("torch")
def test_torch_parameters_and_meta_tensors(backend):
    torch = backend.torch
    p = torch.nn.Parameter(backend.asarray(P))
    loss = ss.as_loss(metrics.f1)
    loss(backend.asarray(Y), p).backward()
    assert_close(p.grad, ss.value_and_grad(loss)(Y, P)[1], backend)
    assert not lib_of(p.detach().to("meta")).visible


def test_values_are_seen_in_eager_modes_only(backend):
    seen = []

    def look(p):
        seen.append(lib_of(p).visible and truth(p[0] >= 0) is not None)
        return p + 0

    backend.run(look, backend.asarray(P))
    assert seen == [not backend.traced] * len(seen)


def test_static_shapes(backend):
    shapes = []

    def look(p):
        shapes.append(shape_of(p))
        return p + 0

    backend.run(look, backend.asarray(np.ones((2, 3))))
    assert shapes[-1] == ((None, 3) if backend.name in ("tf-function", "tf-xla") else (2, 3))


def traced(fn, *specs, **options):
    """Return fn as a TensorFlow function for float64 arrays of these shapes."""
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    signature = [tf.TensorSpec(shape, tf.float64) for shape in specs]
    compiled = tf.function(fn, input_signature=signature, autograph=False, **options)
    return lambda *arrays: compiled(*(tf.constant(x, tf.float64) for x in arrays)).numpy()


def test_lengths_that_only_running_tells_are_none():
    seen = []

    def look(x):
        seen.append(shape_of(x))
        return x

    for shape in ((None,), (None, 3), (2, None), (None, None), (2, 3), ()):
        traced(look, shape)(np.zeros([d or 2 for d in shape]))
        assert seen[-1] == shape
    with pytest.raises(ValueError, match="number of dimensions must be known"):
        traced(look, None)(np.zeros(2))


@pytest.mark.parametrize(
    "of_labels, of_scores, wrong",
    [
        ((None,), (None,), (1,)),
        ((None,), (3,), (1,)),
        ((3,), (None,), None),
        ((None, 2), (None, 2), (1, 2)),
        ((None, None), (None, None), (2, 3)),
        ((3, None), (None, 2), (3, 1)),
        ((None, 2), (3, 2), (1, 2)),
        ((None, None), (3, 2), (3, 1)),
        ((None, None), (3, None), (1, 2)),
        ((None, 2), (3, None), (1, 2)),
    ],
    ids=str,
)
def test_labels_of_unknown_length_must_have_the_scores_shape(of_labels, of_scores, wrong):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")

    def product(y, p):
        return lib_of(y, p).of_one_shape(y, p) * p

    right = (3,) if len(of_scores) == 1 else (3, 2)
    y, p = np.arange(6.0)[: np.prod(right)].reshape(right), np.full(right, 0.5)
    run = traced(product, of_labels, of_scores)
    np.testing.assert_array_equal(run(y, p), y * p)
    if wrong is None:  # the scores are the shorter ones
        p = p[:1]
    else:
        y = np.zeros(wrong)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"one shape|expected shape"):
        run(y, p)


@pytest.mark.parametrize(
    "of_labels, of_scores", [((3,), (None,)), ((None,), (3,)), ((None, 1), (3, None))], ids=str
)
def test_an_unknown_length_fits_a_known_one(of_labels, of_scores):
    shape = (3, 1)[: len(of_scores)]
    run = traced(lambda y, p: ss.confusion(y, p, step=ss.Hard()).tp, of_labels, of_scores)
    assert run(np.reshape([1, 0, 1], shape), np.reshape([0.9, 0.8, 0.2], shape)) == 1


@pytest.mark.parametrize("lengths, wrong", [((None,), (1,)), ((None, None), (2, 3))], ids=str)
def test_labels_of_unknown_length_under_xla(lengths, wrong):
    """It drops assertions: a single label is not repeated, nor are two lengths exchanged."""
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    p = np.full((3, 2)[: len(lengths)], 0.5)
    run = traced(
        lambda y, p: lib_of(y, p).of_one_shape(y, p) * p, lengths, lengths, jit_compile=True
    )
    np.testing.assert_array_equal(run(2 * p, p), 2 * p * p)
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(np.ones(wrong), p)


def test_labels_of_known_length_are_as_they_are():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    y, p = tf.zeros(3), tf.ones(3)
    assert lib_of(y, p).of_one_shape(y, p) is y
    assert lib_of(Y, P).of_one_shape(Y, P) is Y


@pytest.mark.parametrize(
    "shape, axis, buckets",
    [
        ((None,), None, True),
        ((None, 3), 0, True),
        ((None, 3), None, True),
        ((3, None), 1, True),
        ((None, 3), 1, False),
        ((None, None), None, False),
        ((None, None), 0, False),
    ],
    ids=str,
)
def test_counts_over_a_grid_of_arrays_of_unknown_length(shape, axis, buckets, monkeypatch):
    """From buckets if the rows of counts are known, and if one length is all that is not."""
    monkeypatch.setattr(_grid, "MANY", 1)
    y, p = labels_and_scores(60 if len(shape) == 1 else (20, 3), seed=42)
    if shape[0] == 3:
        y, p = y.T, p.T
    taken, suits = [], _grid.suits_buckets
    counting = importlib.import_module("softset._counting.count")
    monkeypatch.setattr(counting, "suits_buckets", lambda *a: taken.append(suits(*a)) or taken[-1])

    def counts(y, p):
        c = ss.confusion(y, p, thresholds=ss.grid(19), axis=axis)
        return ss.array_namespace(c.tp).stack(list(c))

    found = traced(counts, shape, shape)(y, p)
    assert taken[-1] is buckets
    alone = [ss.confusion(y, p, threshold=t, axis=axis) for t in ss.grid(19)]
    expected = np.stack([np.stack(x, axis=-1) for x in zip(*alone, strict=True)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
