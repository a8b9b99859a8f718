"""Scores and losses exported to ONNX, with the numbers that another runtime then gives.

Of fixed lengths: whether a grid is counted in buckets depends on the length.
"""

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SINGLE

for name in ("torch", "onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(name)

import onnxruntime  # noqa: E402
import torch  # noqa: E402

# Exporting takes a quarter of a minute each.
CASES = {
    "no grid": ss.as_loss(ss.f1),
    "few thresholds": ss.as_score(ss.f1, thresholds=ss.grid(3)),
    "buckets": ss.as_score(ss.f1, thresholds=ss.grid(199)),
    "buckets of lines": ss.as_loss(ss.f1, thresholds=ss.grid(199)),
    "an area": ss.as_score(ss.auroc, thresholds=ss.grid(199)),
}


class Module(torch.nn.Module):
    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, y_true, y_prob):
        return self.score(y_true, y_prob)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("name", CASES)
def test_exported_numbers_are_the_same(name, tmp_path):
    """For other data than those it was exported with."""
    score, rng = CASES[name], np.random.default_rng(0)
    data = [(rng.uniform(size=n) < 0.4, rng.uniform(size=n).astype("float32")) for n in (400, 400)]
    path = tmp_path / "score.onnx"
    torch.onnx.export(
        Module(score),
        tuple(map(torch.asarray, data[0])),
        path,
        dynamo=True,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_inputs()]
    for y_true, y_prob in data:
        (found,) = session.run(None, dict(zip(names, (y_true, y_prob), strict=True)))
        expected = float(score(torch.asarray(y_true), torch.asarray(y_prob)))
        assert abs(found - expected) < SINGLE
        assert 0.05 < expected < 0.95
