"""Tables of C x C counts: how they are counted, and what everything makes of them."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    SUMMED,
    assert_close,
    central_differences,
    sklearn,
)

RNG = np.random.default_rng(11)
C = 4
LOGITS = RNG.normal(size=(24, C)) + np.eye(C)[np.arange(24) % C]
NUMBERS = np.arange(24) % C
NUMBERS[:3] = 1
HOT = np.eye(C)[NUMBERS]
SHARES = RNG.dirichlet(np.ones(C), size=24)
WEIGHTS = RNG.uniform(0.5, 2, 24)
WHERE = RNG.uniform(size=24) < 0.8
COST = tuple(tuple(float(x) for x in row) for row in RNG.uniform(size=(C, C)))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


PROBABILITIES = softmax(LOGITS)
METRICS = {
    "accuracy": ss.multiclass_accuracy,
    "balanced accuracy": ss.multiclass_balanced_accuracy,
    "geometric mean": ss.multiclass_geometric_mean,
    "MCC": ss.multiclass_matthews_corrcoef,
    "kappa": ss.multiclass_cohen_kappa,
    "linear kappa": partial(ss.multiclass_cohen_kappa, weights="linear"),
    "quadratic kappa": partial(ss.multiclass_cohen_kappa, weights="quadratic"),
    "cost": partial(ss.multiclass_expected_cost, cost=COST),
    "macro f1": ss.one_vs_rest(ss.macro(ss.f1)),
    "weighted MCC": ss.one_vs_rest(ss.weighted(ss.matthews_corrcoef)),
}


@pytest.mark.parametrize("name", ["MCC", "kappa", "linear kappa", "quadratic kappa"])
def test_one_class_that_is_always_right_has_no_agreement_beyond_chance(backend, name):
    """Whether the share of its cell is rounded to 1 or, as by XLA, to the number before."""
    cells = np.zeros((40, C, C))
    cells[:, 2, 2] = np.random.default_rng(3).uniform(0.01, 3, 40)

    def undefined(counts):
        return METRICS[name](ss.ConfusionTable(counts), zero_division=-7.0)

    found = backend.run(undefined, backend.asarray(cells))
    np.testing.assert_array_equal(backend.to_numpy(found), -7.0)


@ss.of_table
def off_diagonal(c):
    """A metric of a user's, which is no function of the margins."""
    xp = ss.array_namespace(c.counts)
    return 1 - xp.sum(c.counts[..., 0, 1:] ** 2) / xp.sum(c.counts) ** 2


STEPS = {
    "shares": (ss.Softmax(), lambda z: softmax(z)),
    "sharp": (ss.Softmax(sharpness=3.0), lambda z: softmax(3.0 * z)),
    "decisions": (ss.ArgMax(), lambda z: np.eye(C)[z.argmax(-1)]),
    "through": (ss.StraightThrough(ss.Softmax()), lambda z: np.eye(C)[z.argmax(-1)]),
}
LABELS = {"numbers": NUMBERS, "one-hot": HOT > 0, "shares": SHARES}


# Counting


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", STEPS)
def test_counts_are_sums_of_products(backend, name, labels):
    step, members = STEPS[name]
    y = LABELS[labels]
    shares = HOT if labels == "numbers" else y * 1.0
    count = partial(ss.confusion_table, step=step, from_logits=True)
    found = backend.run(lambda *a: count(*a).counts, *map(backend.asarray, (y, LOGITS)))
    assert_close(found, shares.T @ members(LOGITS), backend)
    arrays = [backend.asarray(x) for x in (y, LOGITS, WEIGHTS, WHERE)]
    found = backend.run(lambda y, z, w, m: count(y, z, sample_weight=w, where=m).counts, *arrays)
    w = (WEIGHTS * WHERE)[:, None]
    assert_close(found, shares.T @ (w * members(LOGITS)), backend)


@marks.on(*EAGER)
def test_decisions_are_scikit_learns_confusion_matrix(backend):
    y, p = backend.asarray(NUMBERS), backend.asarray(PROBABILITIES)
    found = ss.confusion_table(y, p, step=ss.ArgMax(), sample_weight=backend.asarray(WEIGHTS))
    best = PROBABILITIES.argmax(1)
    expected = sklearn.confusion_matrix(NUMBERS, best, sample_weight=WEIGHTS)
    assert_close(found.counts, expected, backend)


@pytest.mark.parametrize("axis", [None, (2, 3), (0, 2, 3), 0, (), (3, 0)])
def test_images_and_axes_that_are_kept(backend, axis):
    """Classes on axis 1; what is kept comes first."""
    z, y = RNG.normal(size=(3, C, 2, 5)), RNG.integers(0, C, (3, 2, 5))
    w, where = RNG.uniform(size=(3, 1, 5)), RNG.uniform(size=(3, 2, 1)) < 0.7
    count = partial(ss.confusion_table, step=ss.Softmax(axis=1), from_logits=True, axis=axis)
    arrays = [backend.asarray(x) for x in (y, z, w, where)]
    found = backend.run(lambda y, z, w, m: count(y, z, sample_weight=w, where=m).counts, *arrays)
    over = {0, 2, 3} if axis is None else set(axis if isinstance(axis, tuple) else (axis,))
    kept = "".join("bchw"[i] for i in (0, 2, 3) if i not in over)
    h = np.einsum("bchw,bhw->bchw", softmax(z, 1), w * where)
    expected = np.einsum(f"bhwi,bchw->{kept}ic", np.eye(C)[y], h)
    assert_close(found, expected, backend)
    # The mask and the weights of class_labels have a class axis of length 1.
    labels = np.moveaxis(np.eye(C)[y], -1, 1) > 0
    arrays = [backend.asarray(x) for x in (labels, z, w[:, None], where[:, None])]
    found = backend.run(lambda y, z, w, m: count(y, z, sample_weight=w, where=m).counts, *arrays)
    assert_close(found, expected, backend)


@marks.on(*EAGER)
def test_float32_and_half_types_are_summed_without_standing_still(backend):
    """Ones and shares, of which float32 could not add up so many one after another."""
    n = 2**14
    y, z = RNG.integers(0, C, n), RNG.normal(size=(n, C))
    for dtype in backend.dtypes[1:]:
        scores = backend.asarray(z, dtype)
        seen = backend.to_numpy(scores).astype(np.float64)
        found = ss.confusion_table(backend.asarray(y), scores, from_logits=True).counts
        expected = np.eye(C)[y].T @ softmax(seen)
        assert backend.dtype_name(found) == "float32"
        np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=3e-6)
        ones = backend.asarray(np.ones((n, 1)))  # of float64, where there is one
        weighted = ss.confusion_table(
            backend.asarray(y), scores, sample_weight=ones, from_logits=True
        )
        assert backend.dtype_name(weighted.counts) == "float32"


@marks.on(*EAGER)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_class_numbers_of_any_integer_dtype_and_many_classes(backend, dtype):
    """More than NumPy multiplies by, and than a byte counts in the end."""
    for classes in (3, 300):
        y = RNG.integers(0, min(classes, 120), 700)
        p = softmax(RNG.normal(size=(700, classes)))
        found = ss.confusion_table(backend.asarray(y, dtype), backend.asarray(p)).counts
        assert_close(found, np.eye(classes)[y].T @ p, backend)


def test_an_example_with_a_mask_may_hold_anything(backend):
    bad, y = PROBABILITIES.copy(), NUMBERS.copy()
    bad[~WHERE] = [np.nan, -2.0, np.inf, 255.0]
    y[~WHERE] = 255
    for step in (ss.ArgMax(), ss.Softmax()):
        found = backend.run(
            lambda y, p, m, step=step: ss.confusion_table(y, p, step=step, where=m).counts,
            *map(backend.asarray, (y, bad, WHERE)),
        )
        expected = ss.confusion_table(NUMBERS[WHERE], PROBABILITIES[WHERE], step=step).counts
        assert_close(found, expected, backend)
        loss = ss.as_loss(ss.multiclass_matthews_corrcoef, step=step)
        arrays = map(backend.asarray, (y, bad, WHERE))
        _, gradient = backend.value_and_grad(lambda y, p, m, f=loss: f(y, p, where=m), *arrays)
        gradient = backend.to_numpy(gradient)
        assert np.isfinite(gradient).all() and not gradient[~WHERE].any()


def test_a_number_that_is_no_class_counts_nowhere_where_it_is_hidden(backend):
    y = NUMBERS.copy()
    y[[2, 5, 7]] = [-1, C, 255]
    kept = np.isin(np.arange(24), [2, 5, 7], invert=True)
    arrays = backend.asarray(y), backend.asarray(PROBABILITIES)
    with ss.checks(False):
        found = backend.run(lambda y, p: ss.confusion_table(y, p).counts, *arrays)
    expected = ss.confusion_table(NUMBERS[kept], PROBABILITIES[kept]).counts
    assert_close(found, expected, backend)
    if not backend.traced:
        with pytest.raises(ValueError, match=r"`y_true` must hold class numbers from 0 to 3, got"):
            ss.confusion_table(*arrays)


def test_logits_that_nobody_looks_at_are_not_clipped(backend):
    def counts(y, z):
        return ss.confusion_table(y, z, step=ss.Softmax(), from_logits=True).counts

    with ss.checks(False):
        found = backend.run(counts, backend.asarray(NUMBERS), backend.asarray(LOGITS))
    assert_close(found, counts(NUMBERS, LOGITS), backend, SUMMED)


@marks.on(*EAGER)
def test_a_nan_that_nobody_looks_for_is_a_nan(backend):
    bad = PROBABILITIES.copy()
    bad[3, 2] = np.nan
    y, p = backend.asarray(NUMBERS), backend.asarray(bad)
    for step in (ss.ArgMax(), ss.Softmax()):
        loss = ss.as_loss(ss.multiclass_accuracy, step=step)
        with ss.checks(False):
            assert np.isnan(backend.to_numpy(loss(y, p)))
        with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
            loss(y, p)


# Losses, and all that is made of their counts


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", METRICS)
def test_gradient_is_that_of_differences(backend, name, labels):
    """Autodiff of every framework, and NumPy's closed form."""
    y = LABELS[labels]
    loss = ss.as_loss(METRICS[name], step=ss.Softmax(sharpness=2.0), from_logits=True)
    options = {"sample_weight": WEIGHTS, "where": WHERE}
    arrays = [backend.asarray(x) for x in (y, LOGITS, WEIGHTS, WHERE)]
    value, gradient = backend.value_and_grad(
        lambda y, z, w, m: loss(y, z, sample_weight=w, where=m), *arrays
    )
    assert_close(value, loss(y, LOGITS, **options), backend)
    expected = central_differences(lambda z: loss(y, z, **options), LOGITS)
    found = backend.to_numpy(gradient)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=DIFFERENCES * scale)


@marks.on(*EAGER)
@pytest.mark.parametrize("name", [*METRICS, "off diagonal"])
def test_closed_form_is_the_gradient_of_dual_numbers(backend, name):
    metric = METRICS.get(name, off_diagonal)
    z = backend.asarray(LOGITS)
    for step in (ss.Softmax(), ss.StraightThrough(ss.Softmax()), ss.ArgMax()):
        loss = ss.as_loss(metric, step=step, from_logits=True)
        for y in LABELS.values():
            y = backend.asarray(y)
            found = ss.value_and_grad(loss)(y, z)
            whole = ss.value_and_grad(lambda y, z, loss=loss: loss(y, z))(y, z)
            for x, e in zip(found, whole, strict=True):
                expected = backend.to_numpy(e)
                scale = max(np.abs(expected).max(), EXACT)
                np.testing.assert_allclose(
                    backend.to_numpy(x), expected, rtol=0, atol=20 * EXACT * scale
                )


@marks.on("numpy", "torch")
def test_slopes_of_several_tables_are_each_its_own(backend):
    z, y = RNG.normal(size=(5, C, 12)), RNG.integers(0, C, (5, 12))
    for name, metric in METRICS.items():
        options = {"step": ss.Softmax(axis=1), "from_logits": True}
        found = ss.value_and_grad(ss.as_loss(metric, axis=2, **options))(
            backend.asarray(y), backend.asarray(z)
        )
        each = [
            ss.value_and_grad(ss.as_loss(metric, **options))(y[i : i + 1], z[i : i + 1])
            for i in range(5)
        ]
        assert_close(found[0], np.mean([value for value, _ in each]), backend, SUMMED)
        expected = np.concatenate([gradient for _, gradient in each]) / 5
        assert_close(found[1], expected, backend, SUMMED), name


def test_micro_batches_add_up_to_the_gradient_of_all(backend):
    loss = ss.as_loss(partial(ss.multiclass_cohen_kappa, weights="quadratic"), from_logits=True)
    y, z = backend.asarray(NUMBERS), backend.asarray(LOGITS)
    whole = backend.to_numpy(backend.value_and_grad(loss, y, z)[1])
    linear = ss.linearize(loss, loss.confusion(y, z))
    for part in (slice(0, 10), slice(10, 24)):
        inputs = backend.asarray(NUMBERS[part]), backend.asarray(LOGITS[part])
        gradient = backend.to_numpy(backend.value_and_grad(linear, *inputs)[1])
        np.testing.assert_allclose(gradient, whole[part], atol=SUMMED * np.abs(whole).max())


@marks.on(*EAGER)
def test_counts_add_up_are_remembered_and_reduced(backend):
    loss = ss.as_loss(ss.multiclass_matthews_corrcoef)
    parts = [slice(0, 10), slice(10, 24)]
    arrays = [(backend.asarray(NUMBERS[i]), backend.asarray(PROBABILITIES[i])) for i in parts]
    counts = [loss.confusion(*pair) for pair in arrays]
    whole = loss.confusion(backend.asarray(NUMBERS), backend.asarray(PROBABILITIES))
    assert isinstance(whole, ss.ConfusionTable)
    for total in (sum(counts), counts[0] + counts[1]):
        assert isinstance(total, ss.ConfusionTable)
        assert_close(total.counts, backend.to_numpy(whole.counts), backend, SUMMED)
    memory = ss.empty_memory(counts[0], 2)
    _, memory = ss.remember(counts[0], memory)
    total, _ = ss.remember(counts[1], memory)
    assert_close(total.counts, backend.to_numpy(whole.counts), backend, SUMMED)
    value = loss(*arrays[1], reduce=lambda c: c + counts[0])
    assert_close(value, backend.to_numpy(loss.of_counts(whole)), backend, SUMMED)
    four = ss.Confusion(*(whole.counts[0, i] for i in range(4)))
    with pytest.raises(TypeError, match="`reduce` must return a ConfusionTable, got Confusion"):
        loss(*arrays[0], reduce=lambda c: four)
    with pytest.raises(TypeError, match="`c` must be a ConfusionTable, which multiclass_matthews"):
        loss.of_counts(four)
    with pytest.raises(TypeError, match="`total` must be a ConfusionTable, got Confusion"):
        ss.linearize(loss, four)
    with pytest.raises(TypeError, match="`memory` must hold counts of the kind of `c`"):
        ss.remember(four, memory)
    with pytest.raises(TypeError):
        whole + four


def test_second_derivatives(backend):
    """Of the sum of squares of the gradient, against differences of it."""
    if backend.name not in ("torch", "jax"):
        pytest.skip("second derivatives are those of PyTorch and JAX")
    loss = ss.as_loss(ss.multiclass_matthews_corrcoef, from_logits=True)
    of_numpy = ss.value_and_grad(loss)

    def squares(z):
        return np.sum(of_numpy(NUMBERS, z)[1] ** 2)

    y = backend.asarray(NUMBERS)
    if backend.name == "torch":
        z = backend.asarray(LOGITS).requires_grad_()
        (slope,) = backend.torch.autograd.grad(loss(y, z), z, create_graph=True)
        (found,) = backend.torch.autograd.grad((slope**2).sum(), z)
    else:
        grad = backend.jax.grad(lambda z: loss(y, z))
        found = backend.jax.grad(lambda z: (grad(z) ** 2).sum())(backend.asarray(LOGITS))
    expected = central_differences(squares, LOGITS)
    np.testing.assert_allclose(
        backend.to_numpy(found), expected, rtol=0, atol=1e-6 * np.abs(expected).max()
    )


def test_transforms_of_jax_and_torch():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    loss = ss.as_loss(ss.multiclass_matthews_corrcoef, from_logits=True)
    y, z = NUMBERS.reshape(3, 8), LOGITS.reshape(3, 8, C)
    expected = [loss(y[i], z[i]) for i in range(3)]
    slopes = [ss.value_and_grad(loss)(y[i], z[i])[1] for i in range(3)]
    each = jax.vmap(jax.value_and_grad(loss, argnums=1))
    for fn in (each, jax.jit(each)):
        value, slope = fn(jax.numpy.asarray(y), jax.numpy.asarray(z))
        np.testing.assert_allclose(value, expected, rtol=SUMMED)
        np.testing.assert_allclose(slope, slopes, rtol=0, atol=SUMMED)
    of_torch = torch.func.vmap(torch.func.grad_and_value(loss, argnums=1))
    slope, value = of_torch(torch.tensor(y), torch.tensor(z))
    np.testing.assert_allclose(value, expected, rtol=SUMMED)
    np.testing.assert_allclose(slope, slopes, rtol=0, atol=SUMMED)
    value, tangent = torch.func.jvp(
        lambda z: loss(torch.tensor(y[0]), z), (torch.tensor(z[0]),), (torch.ones(8, C),)
    )
    np.testing.assert_allclose(tangent, slopes[0].sum(), atol=SUMMED)


def test_dask_adds_up_its_chunks():
    da = pytest.importorskip("dask.array")
    y, p = da.from_array(NUMBERS, 7), da.from_array(PROBABILITIES, (7, C))
    expected = ss.confusion_table(NUMBERS, PROBABILITIES).counts
    found = ss.confusion_table(y, p).counts
    np.testing.assert_allclose(found.compute(), expected, rtol=SUMMED)
    for labels in (HOT > 0, SHARES):
        found = ss.confusion_table(da.from_array(labels, (7, C)), p, step=ss.ArgMax()).counts
        expected = ss.confusion_table(labels, PROBABILITIES, step=ss.ArgMax()).counts
        np.testing.assert_allclose(found.compute(), expected, rtol=SUMMED)
    score = ss.as_score(ss.multiclass_matthews_corrcoef)
    np.testing.assert_allclose(score(y, p).compute(), score(NUMBERS, PROBABILITIES), rtol=SUMMED)
    lengths_unknown = y[y >= 0], p[y >= 0]
    found = ss.confusion_table(*lengths_unknown).counts.compute()
    np.testing.assert_allclose(found, ss.confusion_table(NUMBERS, PROBABILITIES).counts)
    value, slope = ss.value_and_grad(ss.as_loss(ss.multiclass_accuracy))(y, p)
    expected = ss.value_and_grad(ss.as_loss(ss.multiclass_accuracy))(NUMBERS, PROBABILITIES)
    np.testing.assert_allclose(value.compute(), expected[0], rtol=SUMMED)
    np.testing.assert_allclose(slope.compute(), expected[1], atol=SUMMED)


@marks.on("tensorflow")
def test_graphs_of_lengths_that_are_not_known(backend):
    tf = backend.tf
    z, y = RNG.normal(size=(3, 2, 5, C)), RNG.integers(0, C, (3, 2, 5))
    spec = [
        tf.TensorSpec((None, None, None), "int64"),
        tf.TensorSpec((None, None, None, C), "float64"),
    ]

    def count(axis):
        return tf.function(
            lambda y, z: ss.confusion_table(y, z, from_logits=True, axis=axis).counts,
            input_signature=spec,
        )(y, z)

    expected = ss.confusion_table(y, z, from_logits=True).counts
    np.testing.assert_allclose(count(None), expected, rtol=SUMMED)
    with pytest.raises(ValueError, match="`axis` must leave lengths that are known"):
        count((1, 2))
    spec[1] = tf.TensorSpec((None, None, None, None), "float64")
    with pytest.raises(ValueError, match="`y_prob` must have a known number of classes, got"):
        count(None)


@marks.on("torch")
def test_eager_torch_has_the_closed_form(backend):
    loss = ss.as_loss(ss.multiclass_matthews_corrcoef, from_logits=True)
    z = backend.asarray(LOGITS).requires_grad_()
    assert type(loss(backend.asarray(NUMBERS), z).grad_fn).__name__ == "InTwoPassesBackward"
    assert type(loss.confusion(backend.asarray(NUMBERS), z).counts.grad_fn).__name__ == (
        "InTwoPassesBackward"
    )


# Invariants


ROWS = st.integers(1, 30)


@st.composite
def batches(draw):
    classes, n = draw(st.integers(2, 5)), draw(st.integers(1, 30))
    y = draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    z = draw(hnp.arrays(np.float64, (n, classes), elements=st.floats(-8, 8)))
    w = draw(hnp.arrays(np.float64, n, elements=st.floats(0, 4)))
    return y, z, w


@given(batches(), st.sampled_from([ss.Softmax(), ss.ArgMax(), ss.Softmax(sharpness=4.0)]))
def test_rows_conserve_the_weight_of_their_class(batch, step):
    y, z, w = batch
    table = ss.confusion_table(y, z, step=step, sample_weight=w, from_logits=True).counts
    assert (table >= 0).all()
    expected = np.bincount(y, weights=w, minlength=z.shape[1])
    np.testing.assert_allclose(table.sum(1), expected, rtol=1e-12, atol=1e-12)


@given(batches(), st.integers(0, 30))
def test_tables_of_parts_add_up(batch, cut):
    y, z, w = batch
    count = partial(ss.confusion_table, from_logits=True)
    parts = [
        count(y[i], z[i], sample_weight=w[i])
        for i in (slice(None, cut), slice(cut, None))
        if len(y[i])
    ]
    whole = count(y, z, sample_weight=w).counts
    np.testing.assert_allclose(sum(parts).counts, whole, rtol=1e-12, atol=1e-12)


@given(batches(), st.sampled_from([ss.Softmax(), ss.ArgMax()]))
def test_one_against_the_rest_are_the_counts_of_each_class(batch, step):
    y, z, w = batch
    hot, options = np.eye(z.shape[1])[y], {"step": step, "from_logits": True}
    found = ss.one_vs_rest_counts(ss.confusion_table(y, z, sample_weight=w, **options))
    expected = ss.confusion(hot, z, axis=0, sample_weight=w[:, None], **options)
    for x, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, e, atol=1e-11)


@given(batches())
def test_a_permutation_of_classes_permutes_the_table(batch):
    y, z, w = batch
    order = np.random.default_rng(0).permutation(z.shape[1])
    options = {"sample_weight": w, "from_logits": True}
    found = ss.confusion_table(np.argsort(order)[y], z[:, order], **options).counts
    expected = ss.confusion_table(y, z, **options).counts[order][:, order]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# What has to be said


def test_defaults_and_names():
    loss, score = ss.as_loss(ss.multiclass_accuracy), ss.as_score(ss.multiclass_accuracy)
    assert loss.step == ss.Softmax() and score.step == ss.ArgMax()
    assert ss.as_loss(ss.f1).step == ss.Linear() and ss.as_score(ss.f1).step == ss.Hard()
    assert loss.maximize and not ss.as_loss(METRICS["cost"]).maximize
    assert ss.as_loss(ss.one_vs_rest(ss.macro(ss.error_rate))).maximize is False
    assert ss.as_score(ss.one_vs_rest(ss.macro(ss.f1))).step == ss.ArgMax()
    for one in (loss, score, *map(ss.as_loss, METRICS.values())):
        assert pickle.loads(pickle.dumps(one)) == one and hash(one) == hash(one)


@marks.on(*EAGER)
def test_what_makes_no_sense_is_refused(backend):
    y, p = backend.asarray(NUMBERS), backend.asarray(PROBABILITIES)
    hot = backend.asarray(HOT)
    for step in (ss.Linear(), ss.Hard(), ss.Identity(), lambda p, t: p):
        with pytest.raises(ValueError, match="`step` of a table of classes must look along them"):
            ss.confusion_table(y, p, step=step)
    with pytest.raises(ValueError, match="`threshold` must be left out with"):
        ss.as_loss(ss.multiclass_accuracy, threshold=0.3)(y, p)
    with pytest.raises(ValueError, match="`axis` must leave the class axis, 1, to the table"):
        ss.confusion_table(y, p, axis=(0, 1))
    with pytest.raises(ValueError, match=r"`axis` must lie in \[-2, 2\)"):
        ss.confusion_table(y, p, axis=2)
    with pytest.raises(TypeError, match="`y_true` must hold integer class numbers beside"):
        ss.confusion_table(backend.asarray(NUMBERS * 1.0), p)
    with pytest.raises(ValueError, match=r"`y_true` must hold class numbers, of \(24,\), or"):
        ss.confusion_table(backend.asarray(NUMBERS[:5]), p)
    with pytest.raises(ValueError, match=r"; pass y_true\[..., 0\]"):
        ss.confusion_table(backend.asarray(NUMBERS[:, None]), p)
    images = (
        backend.asarray(NUMBERS.reshape(2, 3, 4)),
        backend.asarray(RNG.uniform(size=(2, C, 3, 4))),
    )
    with pytest.raises(ValueError, match=r"if axis 1 holds the classes pass Softmax\(axis=1\)"):
        ss.confusion_table(*images)
    with pytest.raises(ValueError, match="`y_true` must hold labels that sum to 1 along"):
        ss.confusion_table(backend.asarray(np.ones((24, C)) > 0), p)
    with pytest.raises(ValueError, match="`y_true` must hold labels that sum to 1 along"):
        ss.confusion_table(hot * 0, p)
    with pytest.raises(ValueError, match=r"`y_true` must hold labels in \[0, 1\], got 2.0"):
        ss.confusion_table(hot * 2, p)
    with pytest.raises(ValueError, match=r"`sample_weight` must have the shape of y_prob without"):
        ss.confusion_table(y, p, sample_weight=hot)
    with pytest.raises(ValueError, match=r"`where` must have the shape of y_prob without"):
        ss.confusion_table(y, p, where=hot > 0)
    with pytest.raises(TypeError, match="`where` must be a boolean mask"):
        ss.confusion_table(y, p, where=y)
    with pytest.raises(ValueError, match="`sample_weight` must hold finite weights"):
        ss.confusion_table(y, p, sample_weight=backend.asarray(-WEIGHTS))
    with pytest.raises(ValueError, match="`y_prob` must not be empty"):
        ss.confusion_table(backend.asarray(NUMBERS[:0]), backend.asarray(LOGITS[:0]))
    with pytest.raises(TypeError, match="`y_prob` must hold floating-point scores"):
        ss.confusion_table(y, y)
    with pytest.raises(ValueError, match="`axis` of Softmax must be that of the classes"):
        ss.confusion_table(y, p, step=ss.Softmax(axis=2))
    masked = np.where(np.arange(24) == 3, 255, NUMBERS)
    with pytest.raises(ValueError, match=r"got 255.0 at flat position 3; if 255 marks entries"):
        ss.confusion_table(backend.asarray(masked), p)


def test_the_wrong_kind_of_counts_is_refused():
    table = ss.confusion_table(NUMBERS, PROBABILITIES)
    four = ss.one_vs_rest_counts(table)
    for metric in METRICS.values():
        with pytest.raises(TypeError, match="takes a ConfusionTable, got a Confusion"):
            metric(four)
    for metric in (ss.f1, ss.macro(ss.f1), ss.micro(ss.f1), ss.weighted(ss.f1)):
        with pytest.raises(TypeError, match=r"takes a Confusion of four counts, got a ConfusionT"):
            metric(table)
    for wrap in (ss.macro, ss.micro, ss.weighted, ss.one_vs_rest):
        with pytest.raises(TypeError, match="must be one of a Confusion, got multiclass_accuracy"):
            wrap(ss.multiclass_accuracy)
    with pytest.raises(TypeError, match="`c` must be a Confusion, which f1 takes"):
        ss.as_loss(ss.f1).of_counts(table)
    with pytest.raises(ValueError, match=r"`counts` must be a table of shape \(\.\.\., C, C\)"):
        ss.multiclass_accuracy(ss.ConfusionTable(np.ones((2, 3))))
    with pytest.raises(TypeError, match="`metric` must be a function of a ConfusionTable"):
        ss.of_table(3)
    with pytest.raises(TypeError, match="`metric` must be a function that can be marked"):
        ss.of_table(len)


def test_float32_gradients_agree_with_float64s():
    loss = ss.value_and_grad(ss.as_loss(ss.multiclass_matthews_corrcoef, from_logits=True))
    value, gradient = loss(NUMBERS, LOGITS.astype(np.float32))
    assert value.dtype == gradient.dtype == np.float32
    expected = loss(NUMBERS, LOGITS)
    np.testing.assert_allclose(value, expected[0], rtol=SINGLE)
    np.testing.assert_allclose(gradient, expected[1], atol=SINGLE * np.abs(expected[1]).max())


@marks.on("numpy", "torch")
@pytest.mark.parametrize("number", [3, 50, 250])
def test_a_long_table_is_counted_in_pieces_as_it_is_at_once(backend, number):
    """And decisions one by one; each number of classes is added up in another way."""
    rng = np.random.default_rng(number)
    n = 2**18 // number + 7
    scores, classes = rng.uniform(size=(n, number)), rng.integers(0, number, n)
    weight, where = rng.uniform(size=n), rng.uniform(size=n) < 0.8
    weighted = (weight * where)[:, None] * np.eye(number)[classes]
    shares = scores / scores.sum(axis=1, keepdims=True)
    given = [backend.asarray(x) for x in (classes, scores)]
    options = {"sample_weight": backend.asarray(weight), "where": backend.asarray(where)}
    for step, members in (
        (ss.Softmax(), shares),
        (ss.ArgMax(), np.eye(number)[scores.argmax(axis=1)]),
    ):
        found = ss.confusion_table(*given, step=step, **options).counts
        np.testing.assert_allclose(
            backend.to_numpy(found), weighted.T @ members, rtol=1e-12, atol=1e-12
        )
    _, gradient = backend.value_and_grad(ss.as_loss(ss.multiclass_accuracy), *given)
    own = np.eye(number)[classes] - shares[np.arange(n), classes][:, None]
    expected = -own / scores.sum(axis=1, keepdims=True) / n
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-10, atol=1e-18)


@marks.on("numpy", "torch")
def test_images_are_counted_in_pieces_as_they_are_at_once(backend):
    """Labels of the images' shape beside scores with the classes on the second axis."""
    rng = np.random.default_rng(4)
    shape, number = (7, 96, 128), 4  # two images to a piece, and one that is left over
    scores = rng.uniform(size=(shape[0], number, *shape[1:]))
    classes, weight = rng.integers(0, number, shape), rng.uniform(size=shape)
    where = rng.uniform(size=shape) < 0.8
    shares = np.moveaxis(scores / scores.sum(axis=1, keepdims=True), 1, -1).reshape(-1, number)
    best = np.eye(number)[scores.argmax(axis=1).ravel()]
    weighted = (weight * where).reshape(-1, 1) * np.eye(number)[classes.ravel()]
    given = [backend.asarray(x) for x in (classes, scores)]
    options = {"sample_weight": backend.asarray(weight), "where": backend.asarray(where)}
    for step, members in ((ss.Softmax(axis=1), shares), (ss.ArgMax(axis=1), best)):
        found = ss.confusion_table(*given, step=step, **options).counts
        np.testing.assert_allclose(
            backend.to_numpy(found), weighted.T @ members, rtol=1e-12, atol=1e-12
        )
    loss = ss.as_loss(ss.multiclass_accuracy, step=ss.Softmax(axis=1))
    _, gradient = backend.value_and_grad(loss, *given)
    n = classes.size
    own = np.eye(number)[classes.ravel()] - shares[np.arange(n), classes.ravel()][:, None]
    own = np.moveaxis(own.reshape(*shape, number), -1, 1)
    expected = -own / scores.sum(axis=1, keepdims=True) / n
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-10, atol=1e-18)
