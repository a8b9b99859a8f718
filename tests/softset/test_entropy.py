"""Cross-entropy against its formula, PyTorch's and scikit-learn's."""

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import NumPy
from tests.support.referees import (
    HALF,
    SINGLE,
    assert_array,
    assert_close,
    central_differences,
    labels_and_scores,
    sklearn,
)

Y, P = labels_and_scores(30, seed=21)
Z = np.log(P) - np.log1p(-P)
WEIGHTS = np.random.default_rng(22).uniform(0, 3, 30)
CELLS = ss.Confusion(tp=1.0, fp=2.0, fn=5.0, tn=0.5)


def reference(y, p, *, pos_weight=1.0, cells=(1, 1, 1, 1), smoothing=0.0, weights=1.0):
    """Average one example after the other."""
    y, p, weights = np.broadcast_arrays(np.asarray(y, np.float64), p, weights)
    total = 0.0
    for label, q, w in zip(y, p, weights, strict=True):
        label = label * (1 - smoothing) + smoothing / 2
        tp, fp, fn, tn = cells
        up, down = (tp, fp) if q >= 0.5 else (fn, tn)
        cost = -pos_weight * up * label * np.log(q) - down * (1 - label) * np.log1p(-q)
        total += w * cost
    return total / np.sum(weights)


OPTIONS = {
    "plain": ({}, {}),
    "pos_weight": ({"pos_weight": 4.5}, {"pos_weight": 4.5}),
    "smoothing": ({"label_smoothing": 0.1}, {"smoothing": 0.1}),
    "cells": ({"cell_weight": CELLS}, {"cells": CELLS}),
    "all": (
        {"pos_weight": 2.0, "label_smoothing": 0.2, "cell_weight": CELLS},
        {"pos_weight": 2.0, "smoothing": 0.2, "cells": CELLS},
    ),
}


def test_values_follow_the_formula(backend):
    """Probabilities and logits, every option, with weights and without."""
    p = np.concatenate([P[:-1], [0.5]])  # a score at 0.5 is in the positives' cell
    z = np.log(p) - np.log1p(-p)

    def losses(y, p, z, w):
        return [
            (
                ss.cross_entropy(y, p, **options),
                ss.cross_entropy(y, z, from_logits=True, **options),
                ss.cross_entropy(y, p, sample_weight=w, **options),
            )
            for options, _ in OPTIONS.values()
        ]

    found = backend.run(losses, *(backend.asarray(x) for x in (Y, p, z, WEIGHTS)))
    for values, (_, expected) in zip(found, OPTIONS.values(), strict=True):
        for x in values[:2]:
            assert_close(x, reference(Y, p, **expected), backend)
        assert_close(values[2], reference(Y, p, weights=WEIGHTS, **expected), backend)


def test_soft_labels(backend):
    y = np.linspace(0, 1, 30)
    found = backend.run(
        lambda y, z: ss.cross_entropy(y, z, from_logits=True, cell_weight=CELLS),
        backend.asarray(y),
        backend.asarray(Z),
    )
    assert_close(found, reference(y, P, cells=CELLS), backend)


def test_it_is_scikit_learns_log_loss(backend):
    found = backend.run(
        lambda y, p, w: ss.cross_entropy(y, p, sample_weight=w),
        *(backend.asarray(x) for x in (Y, P, WEIGHTS)),
    )
    assert_close(found, sklearn.log_loss(Y, P, sample_weight=WEIGHTS), backend)


@marks.on("torch", "torch-compiled")
@pytest.mark.parametrize("pos_weight", [1.0, 3.0])
def test_it_is_pytorchs(backend, pos_weight):
    """Value and gradient, by logits and by probabilities."""
    functional = backend.torch.nn.functional
    y, z, p = backend.asarray(Y), backend.asarray(Z), backend.asarray(P)
    factor = backend.asarray(np.asarray(pos_weight))
    ours = backend.value_and_grad(
        lambda y, z: ss.cross_entropy(y, z, from_logits=True, pos_weight=pos_weight), y, z
    )
    theirs = backend.value_and_grad(
        lambda y, z: functional.binary_cross_entropy_with_logits(z, y, pos_weight=factor),
        y.double(),
        z,
    )
    for x, e in zip(ours, theirs, strict=True):
        assert_close(x, backend.to_numpy(e), backend)
    if pos_weight == 1:
        ours = backend.value_and_grad(ss.cross_entropy, y, p)
        theirs = backend.value_and_grad(
            lambda y, p: functional.binary_cross_entropy(p, y), y.double(), p
        )
        for x, e in zip(ours, theirs, strict=True):
            assert_close(x, backend.to_numpy(e), backend)


def test_one_weight_for_all_is_none(backend):
    """Also where tf.function does not know that there is but one."""
    arrays = [backend.asarray(x) for x in (Y, Z, np.asarray([2.0]))]
    value, gradient = backend.value_and_grad(
        lambda y, z, w: ss.cross_entropy(y, z, from_logits=True, sample_weight=w), *arrays
    )
    assert_close(value, reference(Y, P), backend)
    assert_close(gradient, (P - Y) / len(Y), backend)


@marks.on("torch")
@pytest.mark.parametrize("kind", ["logits", "probabilities", "classes", "class probabilities"])
def test_derivatives_of_pytorch_are_those_of_differences(backend, kind):
    """The first and the second, of what eager PyTorch gets in closed form."""
    torch, classes = backend.torch, "class" in kind
    from_logits = kind in ("logits", "classes")
    scores = (Z if from_logits else P)[:12].reshape((4, 3) if classes else (12,)).copy()
    y = np.eye(3)[[0, 2, 1, 1]] if classes else Y[:12] * 1.0
    weights = WEIGHTS[:4, None] if classes else WEIGHTS[:12]
    factors = {"class_axis": 1} if classes else {"pos_weight": 2.0, "cell_weight": CELLS}

    def loss(z):
        return ss.cross_entropy(
            backend.asarray(y),
            z,
            from_logits=from_logits,
            label_smoothing=0.1,
            sample_weight=backend.asarray(weights),
            where=backend.asarray(np.arange(len(y)) != 1)[:, None] if classes else None,
            **factors,
        )

    z = backend.asarray(scores).requires_grad_(True)
    with ss.checks(False):  # differences may leave [0, 1]
        assert torch.autograd.gradcheck(loss, z)
        assert torch.autograd.gradgradcheck(loss, z)


def test_gradient_in_logits(backend):
    """(sigmoid(z) - y) / n, with no loss of precision far out and at 0."""
    z = np.asarray([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0] * 2)
    y = np.repeat([True, False], 7)
    value, gradient = backend.value_and_grad(
        lambda y, z: ss.cross_entropy(y, z, from_logits=True),
        backend.asarray(y),
        backend.asarray(z),
    )
    assert_close(value, np.mean(np.logaddexp(0, np.where(y, -z, z))), backend)
    expected = (np.exp(-np.logaddexp(0, -z)) - y) / 14
    assert_close(gradient, expected, backend)
    found = backend.to_numpy(gradient)
    np.testing.assert_allclose(found[5] * 14, -np.exp(-40.0), rtol=1e-10)


@pytest.mark.parametrize("name", OPTIONS)
def test_gradient_by_differences(name):
    """The cell of an example is a constant; its weight is not differentiated."""
    options, _ = OPTIONS[name]
    for scores, logits in ((P, False), (Z, True)):
        _, gradient = NumPy().value_and_grad(
            lambda y, s, o=logits: ss.cross_entropy(y, s, from_logits=o, **options), Y, scores
        )
        expected = central_differences(
            lambda s, o=logits: ss.cross_entropy(Y, s, from_logits=o, **options), scores
        )
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["pos_weight", "cells"])
def test_gradients_agree(backend, name):
    options, _ = OPTIONS[name]
    for scores, logits in ((P, False), (Z, True)):
        _, gradient = backend.value_and_grad(
            lambda y, s, o=logits: ss.cross_entropy(y, s, from_logits=o, **options),
            backend.asarray(Y),
            backend.asarray(scores),
        )
        p, up = P, np.where(P >= 0.5, 1.0, 5.0) if name == "cells" else 4.5
        down = np.where(P >= 0.5, 2.0, 0.5) if name == "cells" else 1.0
        expected = np.where(Y, -up * (1 - p), down * p) / Y.size
        if not logits:
            expected = expected / (p * (1 - p))
        assert_close(gradient, expected, backend, 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_certain_and_wrong_probabilities_cost_a_finite_number(backend, dtype):
    """-log of the smallest normal number, about 708 or 87, and a gradient of 0."""
    y, p = np.asarray([1, 0, 1, 0]), np.asarray([0, 1, 1, 0])
    value, gradient = backend.value_and_grad(
        ss.cross_entropy, backend.asarray(y), backend.asarray(p, dtype)
    )
    smallest = np.finfo(dtype).smallest_normal
    assert_close(value, -np.log(smallest) / 2, backend, SINGLE, dtype=dtype)
    expected = np.asarray([0, 0, -0.25, 0.25])
    assert_close(gradient, expected, backend, SINGLE, dtype=dtype)


def test_masked_entries_do_not_count_whatever_they_hold(backend):
    mask = np.arange(30) % 3 > 0
    y, p, z, w = (np.where(mask, x, np.nan) for x in (1.0 * Y, P, Z, WEIGHTS))
    w[0] = -1.0
    for scores, logits in ((p, False), (z, True)):
        value, gradient = backend.value_and_grad(
            lambda y, s, w, m, o=logits: ss.cross_entropy(
                y, s, sample_weight=w, where=m, from_logits=o
            ),
            *(backend.asarray(x) for x in (y, scores, w, mask)),
        )
        assert_close(value, reference(Y[mask], P[mask], weights=WEIGHTS[mask]), backend)
        found = backend.to_numpy(gradient)
        assert not found[~mask].any() and found[mask].all()


def test_nothing_left_costs_nothing(backend):
    """Rule A12: all masked, or all weights 0: 0 with a gradient of 0."""
    y, p = backend.asarray(Y), backend.asarray(P)
    for name, x in (("where", np.zeros(30, bool)), ("sample_weight", np.zeros(30))):
        value, gradient = backend.value_and_grad(
            lambda y, p, x, n=name: ss.cross_entropy(y, p, **{n: x}), y, p, backend.asarray(x)
        )
        assert_close(value, 0.0, backend, 0)
        assert_close(gradient, np.zeros(30), backend, 0)


def test_weights_of_rows_are_repeated(backend):
    y, p = labels_and_scores((6, 2), seed=1)
    w = np.arange(6.0)[:, None]
    found = backend.run(
        lambda y, p, w: ss.cross_entropy(y, p, sample_weight=w),
        *(backend.asarray(x) for x in (y, p, w)),
    )
    expected = reference(y.ravel(), p.ravel(), weights=np.repeat(w, 2))
    assert_close(found, expected, backend)


def test_half_types_are_averaged_in_float32(backend):
    """Rule A10, peers 8."""
    y, p = labels_and_scores(2**18, seed=23)
    z = np.log(p) - np.log1p(-p)
    for dtype in backend.halves:
        for scores, logits in ((p, False), (z, True)):
            if dtype == "bfloat16" and not logits:
                scores = np.clip(scores, 0.01, 0.99)  # 0.998 would be rounded to 1
            value, gradient = (
                backend.value_and_grad(
                    lambda y, s, o=logits: ss.cross_entropy(y, s, from_logits=o),
                    backend.asarray(y),
                    backend.asarray(scores, dtype),
                )
                if backend.library not in ("numpy", "array_api_strict")
                else (
                    ss.cross_entropy(y, backend.asarray(scores, dtype), from_logits=logits),
                    None,
                )
            )
            expected = ss.cross_entropy(y, scores, from_logits=logits)
            assert_close(value, expected, backend, HALF, dtype="float32")
            if gradient is not None:
                found = assert_array(gradient, backend, dtype, (2**18,))
                assert np.isfinite(found).all() and found.any()


def test_out_of_range_probabilities_are_clipped_where_values_are_hidden(backend):
    """Rule A6: with a gradient of 0, and NaN stays NaN."""
    y, p = np.asarray([1, 0, 1]), np.asarray([1.5, -0.5, 0.5])
    with ss.checks(False):
        value, gradient = backend.value_and_grad(
            ss.cross_entropy, backend.asarray(y), backend.asarray(p)
        )
        assert_close(value, np.log(2) / 3, backend)
        assert_close(gradient, [0, 0, -2 / 3], backend)
        p[0] = np.nan
        value = backend.run(ss.cross_entropy, backend.asarray(y), backend.asarray(p))
        assert np.isnan(backend.to_numpy(value))
