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
    "thresholds": ss.as_score(ss.f1, thresholds=ss.grid(199)),
    "thresholds, soft": ss.as_loss(ss.f1, thresholds=ss.grid(199)),
    "an area": ss.as_score(ss.auroc, thresholds=ss.grid(199)),
}


class Module(torch.nn.Module):
    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, y_true, y_prob):
        return self.score(y_true, y_prob)


def data(n, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=n) < 0.4, rng.uniform(size=n).astype("float32")


def export(score, arrays, path):
    arrays = tuple(map(torch.asarray, arrays))
    torch.onnx.export(Module(score), arrays, path, dynamo=True, verbose=False)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("name", CASES)
def test_exported_numbers_are_the_same(name, tmp_path):
    """For other data than those it was exported with."""
    score, path = CASES[name], tmp_path / "score.onnx"
    export(score, data(64, 0), path)
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_inputs()]
    for y_true, y_prob in (data(64, 0), data(64, 1)):
        (found,) = session.run(None, dict(zip(names, (y_true, y_prob), strict=True)))
        expected = float(score(torch.asarray(y_true), torch.asarray(y_prob)))
        assert abs(found - expected) < SINGLE
        assert 0.05 < expected < 0.95


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
def test_buckets_are_not_exported_and_the_error_says_what_is_missing(tmp_path):
    """ONNX lacks nextafter, which tells on which line a score at the end of one is."""
    score = ss.as_loss(ss.f1, thresholds=ss.grid(199))
    with pytest.raises(torch.onnx.OnnxExporterError) as error:
        export(score, data(400, 0), tmp_path / "score.onnx")
    assert "nextafter" in f"{error.value} {error.value.__cause__}"
