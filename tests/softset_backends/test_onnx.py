"""What is exported to ONNX, with the numbers that another runtime then gives.

Every public function for a batch of one length, or the error that says why not; and losses, scores
and counts for batches of any, some of them so long that PyTorch counts a grid in buckets.
"""

import re

import numpy as np
import pytest

import softset as ss
from tests.support.capabilities import DATA, FUNCTIONS, leaves
from tests.support.referees import SINGLE

for name in ("torch", "onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(name)

import onnxruntime  # noqa: E402
import torch  # noqa: E402


def hard_counts(y_true, y_prob):
    counts = ss.confusion(y_true, y_prob, step=ss.Hard(), thresholds=ss.grid(199))
    return ss.array_namespace(y_prob).stack(list(counts))


# Exporting takes a quarter of a minute each.
CASES = {
    "no grid": ss.as_loss(ss.f1),
    "thresholds": ss.as_score(ss.f1, thresholds=ss.grid(199)),
    "thresholds, soft": ss.as_loss(ss.f1, thresholds=ss.grid(199)),
    "an area": ss.as_score(ss.auroc, thresholds=ss.grid(199)),
    "counts": hard_counts,
}


class Module(torch.nn.Module):
    def __init__(self, score):
        super().__init__()
        self.score = score

    def forward(self, y_true, y_prob):
        return self.score(y_true, y_prob)


def data(n, seed):
    """Return labels and scores, of which half are thresholds of the grid."""
    rng = np.random.default_rng(seed)
    return rng.uniform(size=n) < 0.4, (rng.integers(1, 400, n) / 400).astype("float32")


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("name", CASES)
def test_exported_numbers_are_the_same(name, tmp_path):
    """For other data than those it was exported with, and for batches of other lengths."""
    score, path = CASES[name], tmp_path / "score.onnx"
    arrays, length = tuple(map(torch.asarray, data(64, 0))), {0: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        Module(score), arrays, path, dynamo=True, verbose=False, dynamic_shapes=(length, length)
    )
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_inputs()]
    for y_true, y_prob in (data(64, 0), data(64, 1), data(4000, 2)):
        (found,) = session.run(None, dict(zip(names, (y_true, y_prob), strict=True)))
        expected = score(torch.asarray(y_true), torch.asarray(y_prob)).numpy()
        if name == "counts":
            np.testing.assert_array_equal(found, expected)
            hit = y_prob >= np.asarray(ss.grid(199), dtype="float32")[:, None]
            np.testing.assert_array_equal(found[0], (hit & y_true).sum(axis=1))
        else:
            assert abs(found - expected) < SINGLE
            assert 0.05 < expected < 0.95


class Calls(torch.nn.Module):
    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def forward(self, *arrays):
        return tuple(leaves(tuple(call(*arrays) for call in self.calls)))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("row", FUNCTIONS, ids=str)
def test_functions_are_exported_or_refused(row, tmp_path):
    path, data = tmp_path / "row.onnx", [np.asarray(x) for x in DATA[row.data]]
    data = [x.astype("float32") if x.dtype == np.float64 else x for x in data]
    arrays = tuple(map(torch.asarray, data))

    def export(*calls):
        torch.onnx.export(Calls(calls), arrays, path, dynamo=True, verbose=False)

    if "ONNX" in row.refused:
        for name, call in row.calls.items():
            with pytest.raises(torch.onnx.OnnxExporterError) as refused:
                export(call)
            words = f"{refused.value} {refused.value.__cause__}"
            assert re.search(row.refused["ONNX"], words), (name, words)
        return
    export(*row.calls.values())
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_inputs()]
    found = session.run(None, dict(zip(names, data, strict=True)))
    expected = [x for call in row.in_numpy() for x in leaves(call(*DATA[row.data]))]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=SINGLE, atol=SINGLE)
