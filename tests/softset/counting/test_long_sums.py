"""Sums of millions of float32 numbers: each count and the gradient as in float64, in each form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import KINDS

# What a score, a product and a sum round in float32. A running sum of thousands of equal numbers,
# which round in one direction, would be wrong by 1e-5 to 1e-4.
TOLERANCE = 1e-6
LONG = 10**7
FORMS = marks.params(*(name for name in KINDS if name != "array_api_strict"))
NAMES = [form.values[0] for form in FORMS if not form.marks or not form.marks[0].args[0]]
# Equal scores, crowded ones, few errors; weights; several sums.
BATCHES = ("equal", "lines", "crowded", "rare", "logits", "weights", "classes", "rows")
OTHERS = [name for name in BATCHES if name not in ("lines", "rare")]


def batch(name, n) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Return labels, scores and weights, and the options of a loss."""
    rng = np.random.default_rng(81)
    labels, equal, noise = rng.random(n) < 0.3, np.full(n, 0.1), rng.random(n)
    if name in ("classes", "rows"):
        shape = (-1, 10) if name == "classes" else (10, -1)
        arrays = [x[: n - n % 10].reshape(shape) for x in (labels, equal)]
        options: dict[str, Any] = {"axis": 0 if name == "classes" else 1}
    else:
        errors = 2e-4 * noise  # fn / P = fp / N = 1e-4
        scores = {
            "crowded": 0.1 + 1e-3 * noise,
            "rare": np.where(labels, 1 - errors, errors),
            "logits": np.where(labels, 9.2, -9.2),  # the same
        }
        arrays = [labels, scores.get(name, equal)]
        options = {"from_logits": name == "logits"}
    if name == "weights":
        arrays.append(np.full(n, 0.7))
    if name in ("equal", "rare"):  # 1 - h of a line rounds more than it is
        options["step"] = ss.Identity()
    return [np.asarray(x, np.float32) for x in arrays], options


def form_of(name):
    form: Any = KINDS[name]()
    if name == "torch-compiled":
        form.compiler = "inductor"  # whose sums they are
    return form


def hold(form, name, n):
    """Require the counts, the loss and its gradients, by autodiff and in closed form."""
    arrays, options = batch(name, n)
    loss = ss.as_loss(ss.f1, **options)

    def autodiff(y, p, w=None):
        return loss(y, p, sample_weight=w)

    # How many rows a graph of TensorFlow's has is not known, and their losses are averaged.
    closed = not (name == "rows" and form.name in ("tf-function", "tf-xla"))

    def everything(y, p, w=None):
        found = ss.value_and_grad(loss)(y, p, sample_weight=w) if closed else ()
        return *loss.confusion(y, p, sample_weight=w), *found

    given = [form.asarray(x) for x in arrays]
    double = [x.astype(np.float64) for x in arrays]
    weights = double[2] if len(double) > 2 else None
    wanted = [
        *loss.confusion(*double[:2], sample_weight=weights),
        *ss.value_and_grad(loss)(*double[:2], sample_weight=weights),
    ]
    found = [form.to_numpy(x) for x in form.run(everything, *given)]
    for x, expected in zip(found[:4], wanted, strict=False):
        np.testing.assert_allclose(x, expected, rtol=TOLERANCE)
    pairs = [found[4:]] if closed else []
    if form.library != "numpy":
        pairs.append([form.to_numpy(x) for x in form.value_and_grad(autodiff, *given)])
    for value, gradient in pairs:
        np.testing.assert_allclose(value, wanted[4], rtol=0, atol=TOLERANCE)
        largest = np.max(np.abs(wanted[5]))
        np.testing.assert_allclose(gradient, wanted[5], rtol=0, atol=TOLERANCE * largest)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["lines", "rare"])
def test_a_million_scores(form, name):
    hold(form_of(form), name, 10**6 + 1)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("form", "name"), marks.fourth(NAMES, OTHERS))
def test_a_million_scores_of_every_kind(form, name):
    hold(form_of(form), name, 10**6 + 1)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("form", "name"), marks.fourth(NAMES, ["equal", "rare"]))
def test_ten_million_scores(form, name):
    hold(form_of(form), name, LONG)
