"""Soft Dice over some axes, where compilers sum strips and rows, and its gradients, by formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.softset.counting.test_long_sums import form_of
from tests.support import marks
from tests.support.backends import KINDS

# Strips that nothing is left of, and others; of the last axes, of the first, of those between.
CASES = {
    "all": ((3, 100, 31), None),
    "images": ((2, 3, 40, 90), (0, 2, 3)),
    "halves": ((4, 2, 512), (0, 2)),
    "columns": ((3000, 5), 0),
    "between": ((3, 2500, 4), 1),
    "short": ((4000, 9), 1),
}
FORMS = marks.params(*(name for name in KINDS if name.startswith("tf-")))
# What sums of some thousand float32 numbers round, beside the largest.
TOLERANCE = 1e-6


def by_formula(y, p, w, axis):
    """Return 1 - mean(2 sum(w y p) / sum(w (y + p))), and its slopes in p and in w."""
    axes = tuple(range(p.ndim)) if axis is None else axis
    q = np.clip(p, 0, 1)
    both = np.sum(w * y * q, axis=axes, keepdims=True)
    total = np.sum(w * (y + q), axis=axes, keepdims=True)
    slope = (2 * y - 2 * both / total) / total / both.size
    of_w = (2 * y * q - 2 * both / total * (y + q)) / total / both.size
    return 1 - np.mean(2 * both / total), -w * slope * (p == q), -of_w


def hold(form, name, outside):
    rng = np.random.default_rng(17)
    shape, axis = CASES[name]
    y = (rng.random(shape) < 0.3).astype(np.float32)
    p, w = rng.random((2, *shape), dtype=np.float32)
    if outside:
        p[rng.random(shape) < 0.1] = 1.5
        p[rng.random(shape) < 0.1] = -0.5
    loss = ss.as_loss(ss.f1, step=ss.Identity(), axis=axis)
    given = [form.asarray(x) for x in (y, p, w)]
    wanted = by_formula(*(x.astype(np.float64) for x in (y, p, w)), axis)

    def of_scores(y: Any, p: Any, w: Any) -> Any:
        return loss(y, p, sample_weight=w)

    def of_weights(y: Any, w: Any, p: Any) -> Any:
        return loss(y, p, sample_weight=w)

    orders = ((of_scores, given), (of_weights, [given[0], given[2], given[1]]))
    for (fn, arrays), slope in zip(orders, wanted[1:], strict=True):
        value, gradient = form.value_and_grad(fn, *arrays)
        np.testing.assert_allclose(form.to_numpy(value), wanted[0], rtol=TOLERANCE)
        largest = np.max(np.abs(slope))
        np.testing.assert_allclose(form.to_numpy(gradient), slope, atol=TOLERANCE * largest)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "outside"), [("images", True), ("columns", False)])
def test_some_axes(form, name, outside):
    hold(form_of(form), name, outside)


@pytest.mark.exhaustive
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("form", [*FORMS, *marks.params("torch-compiled", "jax-jit")])
def test_all_axes(form, name, outside):
    hold(form_of(form), name, outside)
