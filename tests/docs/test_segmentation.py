"""The page on segmentation: each row of its tables gives the number of the library's own call."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.processes.docs_pages import blocks

PAGE = (Path(__file__).parents[2] / "docs" / "segmentation.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)`[^|]* \| `([^`]+)`(?:, `(where=\w+)`)? \|$", re.MULTILINE)
SECTION = re.compile(r"^## From (\w+).*?(?=^## )", re.MULTILINE | re.DOTALL)
ROWS = [
    (section[1], *row.groups())
    for section in SECTION.finditer(PAGE)
    for row in ROW.finditer(section[0])
]
# What the libraries' own arithmetic leaves: in float64 MONAI, but for weights of volumes, and SMP,
# but for weights of classes; Keras adds 1e-7, and counts in float32 as torchmetrics and optax do.
TOLERANCES = {"SMP": 1e-6, "MONAI": 1e-9, "Keras": 1e-5, "torchmetrics": 1e-6, "optax": 1e-5}
RNG = np.random.default_rng(7)
PIXELS = RNG.permuted(
    np.arange(3 * 6 * 5).reshape(3, 6, 5) % 4, axis=1
)  # all classes in each image
MASK = PIXELS[:, None] == 0
IGNORED = np.where(RNG.uniform(size=PIXELS.shape) < 0.2, 255, PIXELS)
LOGITS = RNG.normal(size=(3, 4, 6, 5))
LABELS = np.moveaxis(PIXELS[..., None] == np.arange(4), -1, 1)
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Return the names that the page's own code gives, with softset's."""
    names: dict[str, Any] = {name: getattr(ss, name) for name in ss.__all__}
    with contextlib.redirect_stdout(io.StringIO()):
        for _, code in blocks(PAGE):
            exec(code, names)
    labels, labelled = ss.class_labels(IGNORED, 4, axis=1, ignore=255)
    return names | {"labelled": labelled, "labels_with_ignored": labels}


def ours(page, here, where, y, scores):
    loss = eval(here, dict(page))
    options = {} if where is None else eval(f"dict({where})", dict(page))
    return np.asarray(loss(y, scores, **options))


def last(x):
    return np.moveaxis(x, 1, -1)


def torch_of(*arrays):
    torch = import_module("torch")
    return [torch.asarray(x) for x in arrays]


def of_smp(call, page):
    """Return SMP's number with what ours is called with; its losses need none of its networks."""
    name = "segmentation_models_pytorch"
    spec = find_spec(name)
    assert spec is not None
    sys.modules.setdefault(name, module_from_spec(spec))
    loss = eval(call, vars(import_module(f"{name}.losses")).copy())
    if '"binary"' in call:
        y, scores, target = MASK, LOGITS[:, :1], MASK
    else:
        y, scores, target = LABELS, LOGITS, LABELS if '"multilabel"' in call else PIXELS
    if "ignore_index" in call:
        y, target = page["labels_with_ignored"], IGNORED
    scores = SHARES if "from_logits=False" in call else scores
    return loss(*torch_of(scores, target)).numpy(), (y, scores)


def of_monai(call, page):
    loss = eval(call, vars(import_module("monai.losses")).copy())
    y = 0.9 * LABELS + 0.025 if "soft_label" in call else LABELS
    scores = LOGITS if "softmax" in call or "sigmoid" in call else SHARES
    found = loss(*torch_of(scores, y.astype(float))).numpy()
    return found.squeeze((2, 3)) if 'reduction="none"' in call else found, (y, scores)


def of_keras(call, page):
    thing = eval(
        call.replace("losses.", "keras.losses.").replace("metrics.", "keras.metrics."),
        {"keras": import_module("keras")},
    )
    y, p = last(LABELS), last(SHARES)
    return np.asarray(thing(y.astype("float32"), p.astype("float32"))), (y, p)


def of_torchmetrics(call, page):
    names = vars(import_module("torchmetrics")) | {
        "segmentation": import_module("torchmetrics.segmentation")
    }
    metric = eval(call, names)
    y, target = LABELS, PIXELS
    if "ignore_index" in call:
        y, target = page["labels_with_ignored"], IGNORED
    scores, target = torch_of(LOGITS, target)
    if "segmentation" in call:
        scores, target = torch_of(
            np.moveaxis(np.eye(4, dtype=int)[LOGITS.argmax(1)], -1, 1), LABELS
        )
        target = target.long()
    metric.update(scores, target)
    return metric.compute().numpy(), (y, LOGITS)


def of_optax(call, page):
    names = {**vars(import_module("optax.losses")), "z": last(LOGITS), "y": last(LABELS)}
    return np.asarray(eval(call, names)), (last(LABELS), last(LOGITS))


LIBRARIES = {
    "SMP": ("segmentation_models_pytorch", of_smp),
    "MONAI": ("monai", of_monai),
    "Keras": ("keras", of_keras),
    "torchmetrics": ("torchmetrics", of_torchmetrics),
    "optax": ("optax", of_optax),
}


def test_there_are_rows_for_every_library():
    assert {library for library, *_ in ROWS} == set(LIBRARIES)
    # None is passed over by the pattern: all rows but heads and rules.
    lines = [x for section in SECTION.finditer(PAGE) for x in section[0].splitlines()]
    assert len(ROWS) == sum(x.startswith("| `") for x in lines) >= 30


@pytest.mark.filterwarnings("ignore:DiceScore metric currently defaults")
@pytest.mark.parametrize(("library", "theirs", "here", "where"), ROWS, ids=[x[1] for x in ROWS])
def test_both_calls_give_one_number(page, library, theirs, here, where):
    module, call = LIBRARIES[library]
    for name in (module, "torch" if module != "optax" else "jax"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    expected, (y, scores) = call(theirs, page)
    found = ours(page, here, where, y, scores)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=TOLERANCES[library])


# The page's own forms, also where no library is installed to compare with.

P = SHARES
TP, FP = (LABELS * P).sum((0, 2, 3)), (~LABELS * P).sum((0, 2, 3))
FN = (LABELS * (1 - P)).sum((0, 2, 3))
PRIORS = {
    "smoothed(f1, 1.0)": (TP + 1) / (TP + FP / 2 + FN / 2 + 1),
    "smoothed(f1, 3 / 2)": (2 * TP + 3) / (2 * TP + FP + FN + 3),
    "smoothed(f1, 2 / 2, 5 - 2)": (2 * TP + 2) / (2 * TP + FP + FN + 5),
    "smoothed(jaccard, 2 / 2, (5 - 2) / 2)": (2 * TP + 2) / (2 * TP + 2 * FP + 2 * FN + 5),
    "smoothed(index, 1.0)": (TP + 1) / (TP + 0.3 * FP + 0.7 * FN + 1),
    "smoothed(f1, 0.0, 1e-7)": 2 * TP / (2 * TP + FP + FN + 1e-7),
    "lambda c: 1 - focal(index, power=0.75)(c)": (1 - TP / (TP + 0.3 * FP + 0.7 * FN)) ** 0.75,
    "minus_log(f1)": -np.log(2 * TP / (2 * TP + FP + FN)),
}


@pytest.mark.parametrize("metric", PRIORS)
def test_priors_are_the_formulas(page, metric):
    counts = ss.confusion(LABELS, P, axis=(0, 2, 3), step=ss.Identity())
    np.testing.assert_allclose(eval(metric, dict(page))(counts), PRIORS[metric], rtol=1e-12)


def test_forms_of_all_classes_are_the_formulas(page):
    counts = ss.confusion(LABELS, P, axis=(0, 2, 3), step=ss.Identity())
    volume, f1 = LABELS.sum((0, 2, 3)), 2 * TP / (2 * TP + FP + FN)
    weight = 1 / volume**2
    expected = 2 * (weight * TP).sum() / (weight * (volume + P.sum((0, 2, 3)))).sum()
    np.testing.assert_allclose(page["generalized_dice"](counts), expected, rtol=1e-12)
    found = page["class_weighted"](ss.f1, 1.0, 2.0, 2.0, 4.0)(counts)
    np.testing.assert_allclose(found, np.average(f1, weights=[1, 2, 2, 4]), rtol=1e-12)
    squares = (P**2).sum((0, 2, 3)) + volume
    np.testing.assert_allclose(
        page["squared_dice"](LABELS, P), 1 - (2 * TP / squares).mean(), rtol=1e-12
    )


def test_soft_labels_are_best_where_scores_are_the_labels(page):
    soft = 0.9 * LABELS + 0.025
    c = page["soft_label_counts"](soft, P)
    distance = np.abs(soft - P).sum((0, 2, 3))
    whole = soft.sum((0, 2, 3)) + P.sum((0, 2, 3))
    np.testing.assert_allclose(ss.f1(c), 1 - distance / whole, rtol=1e-12)
    np.testing.assert_allclose(sum(c), soft[:, 0].size, rtol=1e-12)
