"""What eager PyTorch does on a GPU, with tensors in memory that are taken for a GPU's.

On one itself the kernel's tests run with SOFTSET_DEVICE=cuda.
"""

import numpy as np
import pytest

import softset as ss
from tests.support.referees import EXACT, SINGLE, labels_and_scores

torch = pytest.importorskip("torch")

from softset._arrays.torch import closed_form, library  # noqa: E402
from softset._arrays.values import checking  # noqa: E402

LOSSES = {
    "one number": (ss.f1, {}),
    "logits": (ss.matthews_corrcoef, {"from_logits": True}),
    "grid": (ss.f1, {"thresholds": ss.grid(9)}),
    "columns": (ss.macro(ss.f1), {"axis": 0}),
    "rows": (ss.macro(ss.f1), {"axis": 1, "step": ss.Identity()}),
    "images": (ss.macro(ss.jaccard), {"axis": (0, 2), "step": ss.Identity()}),
    "shares": (ss.macro(ss.f1), {"axis": 0, "step": ss.Softmax()}),
}
SHAPES = {"one number": (300,), "logits": (300,), "grid": (300,), "images": (6, 5, 10)}


@pytest.fixture
def on_gpu(monkeypatch):
    """Take tensors in memory for those of a GPU, which NumPy does not see."""
    real = library.Torch.of
    there = {library.FREE: library.ON_GPU, library.FOLLOWED: library.FOLLOWED_ON_GPU}

    def of(self, names, arrays):
        found = real(self, names, arrays)
        if found not in there:
            return found
        return there[found] if checking() else library.ELSEWHERE

    monkeypatch.setattr(library.Torch, "of", of)
    monkeypatch.setattr(closed_form, "_suits_numpy", lambda *given: False)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weights and mask"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_numpys(on_gpu, name, checked, dtype, weighted):
    metric, options = LOSSES[name]
    y, p = labels_and_scores(SHAPES.get(name, (60, 5)), seed=3)
    p = np.log(p / (1 - p)) if "from_logits" in options else p
    loss = ss.as_loss(metric, **options)
    rng = np.random.default_rng(4)
    extra = {
        "sample_weight": rng.uniform(0.5, 2, p.shape),
        "where": rng.uniform(size=p.shape) < 0.8,
    }
    extra = extra if weighted else {}
    given = {key: torch.tensor(x) for key, x in extra.items()}
    value, gradient = ss.value_and_grad(loss)(y, p, **extra)
    scores = torch.tensor(p, dtype=getattr(torch, dtype), requires_grad=True)
    with ss.checks(checked):
        found = loss(torch.tensor(y), scores, **given)
        alone = loss(torch.tensor(y), scores.detach(), **given)
    (slope,) = torch.autograd.grad(3 * found, scores)
    tolerance = 10 * EXACT if dtype == "float64" else SINGLE
    assert found.item() == pytest.approx(float(value), rel=tolerance)
    assert alone.item() == pytest.approx(float(value), rel=tolerance)
    scale = 3 * np.abs(gradient).max()
    np.testing.assert_allclose(slope, 3 * gradient, rtol=0, atol=tolerance * scale)


def test_values_are_looked_at(on_gpu):
    y, p = torch.tensor([1, 0, 1]), torch.tensor([0.2, 1.5, 0.3], requires_grad=True)
    with pytest.raises(ValueError, match="`y_prob` must hold probabilities"):
        ss.as_loss(ss.f1)(y, p)
    weights = torch.tensor([1.0, -1.0, 1.0])
    with pytest.raises(ValueError, match="`sample_weight` must hold finite weights"):
        ss.as_loss(ss.f1)(y, p.detach().clamp(0, 1), sample_weight=weights)


def test_multipliers_lie_where_the_scores_do(on_gpu):
    """The slopes of counts are not taken in NumPy, which cannot read them there."""
    y, p = labels_and_scores(60, seed=5)
    groups, factors = np.arange(60) % 2, np.asarray([0.5, 2.0])
    loss = ss.constrained(ss.cross_entropy, (ss.at_least(ss.recall, 0.9),), num_groups=2)
    value, gradient = ss.value_and_grad(loss.lagrangian(factors))(y, p, groups=groups)
    there = loss.lagrangian(torch.tensor(factors))
    found = ss.value_and_grad(there)(torch.tensor(y), torch.tensor(p), groups=torch.tensor(groups))
    assert found[0].item() == pytest.approx(float(value), rel=10 * EXACT)
    np.testing.assert_allclose(found[1], gradient, rtol=0, atol=10 * EXACT)
