"""Decision rules: as counted by the hard step, through files, and behind PyTorch's models."""

import json
import math
import pickle
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends import DecisionRule
from tests.support.referees import labels_and_scores, sklearn

Y, P = labels_and_scores((40, 3), seed=5)
EACH = (0.3, 0.5, 0.71)
F2 = partial(ss.fbeta, beta=2.0)


@pytest.mark.parametrize("logits", [False, True])
def test_decisions_are_those_that_are_counted(backend, logits):
    """For each label, at scores that tie with the threshold too."""
    p = np.where(P > 0.6, 0.5, P)
    scores = np.log(p / (1 - p)) if logits else p
    rule = DecisionRule(EACH, from_logits=logits)
    found = backend.to_numpy(backend.run(rule.decide, backend.asarray(scores)))
    np.testing.assert_array_equal(found, p >= EACH)
    counts = ss.confusion(Y, scores, threshold=EACH, step=ss.Hard(), axis=0, from_logits=logits)
    np.testing.assert_array_equal(found.sum(axis=0), counts.tp + counts.fp)


def test_one_threshold_for_scores_of_any_shape(backend):
    for p in (P, P[:, 0], P[0, 0]):
        found = DecisionRule(0.5).decide(backend.asarray(np.asarray(p)))
        np.testing.assert_array_equal(backend.to_numpy(found), p >= 0.5)
    assert not backend.to_numpy(DecisionRule(math.inf).decide(backend.asarray(P))).any()


def test_groups_by_their_number(backend):
    groups = np.arange(40) % 3
    rule = DecisionRule(EACH, by_group=True)
    for p in (P, P[:, 1]):
        found = backend.run(
            lambda p, g: rule.decide(p, groups=g), *map(backend.asarray, (p, groups))
        )
        limits = np.asarray(EACH)[groups]
        expected = p >= (limits[:, None] if p.ndim == 2 else limits)
        np.testing.assert_array_equal(backend.to_numpy(found), expected)


def test_thresholds_of_any_library(backend):
    found = ss.best_threshold(ss.f1, *map(backend.asarray, (Y, P)), axis=0)
    rule = DecisionRule(found.threshold, ss.f1)
    assert rule.thresholds == tuple(backend.to_numpy(found.threshold).tolist())
    decisions = backend.to_numpy(rule.decide(backend.asarray(P)))
    np.testing.assert_array_equal(decisions, np.asarray(rule.thresholds) <= P)


@pytest.mark.parametrize(
    "rule",
    [
        DecisionRule(0.3),
        DecisionRule((math.inf, -math.inf), "f1"),
        DecisionRule(EACH, F2, names=("a", "b", "c"), from_logits=True),
        DecisionRule(EACH, partial(ss.expected_cost, fn=5), by_group=True),
        DecisionRule([0.1], ss.matthews_corrcoef, expected=0.5, calibration="sigmoid"),
    ],
    ids=repr,
)
def test_there_and_back(rule):
    """JSON without what JSON has not, Keras' kind of config, and pickle."""
    text = rule.to_json()
    json.loads(text, parse_constant=pytest.fail)
    for copy in (
        DecisionRule.from_json(text),
        DecisionRule.from_config(rule.get_config()),
        pickle.loads(pickle.dumps(rule)),
    ):
        assert copy == rule and hash(copy) == hash(rule)


def test_score_at_the_thresholds():
    found = DecisionRule(EACH, F2).as_score()(Y, P)
    expected = sklearn.fbeta_score(Y.astype(int), P >= EACH, beta=2, average="macro")
    assert found == pytest.approx(expected, rel=1e-12)
    z = np.log(P / (1 - P))[:, 0]
    found = DecisionRule(0.4, "f1", from_logits=True).as_score()(Y[:, 0], z)
    assert found == pytest.approx(sklearn.f1_score(Y[:, 0], P[:, 0] >= 0.4), rel=1e-12)


def test_metrics_as_text():
    assert DecisionRule(0.5, F2).metric == "fbeta:beta=2.0"
    assert DecisionRule(0.5, "fbeta:2") == DecisionRule(0.5, F2)
    metrics = (ss.macro(ss.f1), lambda c: c.tp, partial(ss.f1, zero_division=1.0), ss.auroc)
    for metric in (*metrics, ss.multiclass_accuracy):
        with pytest.raises(ValueError, match="`metric` must be one of softset's, of one class"):
            DecisionRule(0.5, metric)
    with pytest.raises(ValueError, match=r"`metric` must name a metric, got 'mcc'; it is matthews"):
        DecisionRule(0.5, "mcc")


def test_errors():
    for thresholds in ((), None, math.nan, "f1", [[0.1]]):
        with pytest.raises(ValueError, match="`thresholds` must hold a number, or one for each"):
            DecisionRule(thresholds)
    with pytest.raises(ValueError, match=r"`thresholds` must be thresholds only, .*`threshold`"):
        DecisionRule(ss.best_threshold(ss.f1, Y[:, 0], P[:, 0]))
    with pytest.raises(ValueError, match="`names` must be a tuple of names, got 'abc'"):
        DecisionRule(EACH, names="abc")
    with pytest.raises(ValueError, match="`names` must be as many as thresholds, got 1 for 3"):
        DecisionRule(EACH, names=("a",))
    with pytest.raises(ValueError, match=r"`expected` must lie in \[0, 1\], got 2"):
        DecisionRule(0.5, expected=2)
    with pytest.raises(ValueError, match=r"one score for each of 3 labels .* got shape \(40, 2\)"):
        DecisionRule(EACH).decide(P[:, :2])
    with pytest.raises(TypeError, match="`y_prob` must hold floating-point scores, got bool"):
        DecisionRule(0.5).decide(P > 0.5)
    with pytest.raises(ValueError, match=r"`y_prob` must hold probabilities.*from_logits=True"):
        DecisionRule(0.5).decide(P * 3)
    with pytest.raises(ValueError, match=r"`groups` must be given .* only; pass the number"):
        DecisionRule(EACH, by_group=True).decide(P)
    with pytest.raises(ValueError, match=r"`groups` must be given .* only; leave it out"):
        DecisionRule(EACH).decide(P, groups=np.arange(40) % 3)
    with pytest.raises(ValueError, match="`groups` must hold group numbers below num_groups=3"):
        DecisionRule(EACH, by_group=True).decide(P, groups=np.arange(40))
    for rule in (DecisionRule(0.5), DecisionRule(EACH, ss.f1, by_group=True)):
        with pytest.raises(ValueError, match="`metric` must be given to score by one threshold"):
            rule.as_score()
    with pytest.raises(ValueError, match="`config` must be what get_config returned, got"):
        DecisionRule.from_config({"thresholds": [0.5]})
    with pytest.raises(ValueError, match="`config` must hold thresholds, got"):
        DecisionRule.from_config({"format": 1})
    with pytest.raises(ValueError, match=r"`config` must hold .*, got \{'more'\} too"):
        DecisionRule.from_config({**DecisionRule(0.5).get_config(), "more": 1})


# Behind a model of PyTorch's


def decision(rule, columns=3):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from softset_backends.torch import Decision

    torch.manual_seed(0)
    layers = torch.nn.Linear(4, columns), *([] if rule.from_logits else [torch.nn.Sigmoid()])
    return Decision(torch.nn.Sequential(*layers), rule)


def test_state_dict_has_the_thresholds(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    model = decision(DecisionRule(EACH, F2, names=("a", "b", "c")))
    torch.save(model.state_dict(), tmp_path / "state.pt")
    other = decision(DecisionRule((0.5, 0.5, 0.5)))
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert other.rule == model.rule
    x = torch.randn(50, 4)
    with torch.no_grad():
        scores, found = model.model(x), other(x)
    np.testing.assert_array_equal(found, scores.numpy() >= np.asarray(EACH, np.float32))
    np.testing.assert_array_equal(found, model.rule.decide(scores))
    assert model.bfloat16().limits.dtype == torch.float64
    assert model(x.bfloat16()).dtype == torch.bool
    assert "fbeta:beta=2.0" in repr(model)


def test_refused_rules():
    with pytest.raises(ValueError, match="`rule` must have a threshold for all groups"):
        decision(DecisionRule(EACH, by_group=True))
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from softset_backends.torch import Decision

    with pytest.raises(TypeError, match=r"`rule` must be a DecisionRule, got 0\.5"):
        Decision(torch.nn.Sigmoid(), 0.5)


def test_refused_scores():
    """Thresholds of several labels are none for one, and lose their digits in no integer."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from softset_backends.torch import Decision

    same = torch.nn.Identity()
    for scores in (torch.rand(5, 1), torch.rand(5, 4), torch.rand(3, 5), torch.rand(())):
        with pytest.raises(ValueError, match="`model` must return one score for each of 3 labels"):
            Decision(same, DecisionRule(EACH))(scores)
    with pytest.raises(TypeError, match=r"`model` must return a tensor of .* got torch\.int64"):
        Decision(same, DecisionRule(0.5))(torch.asarray([0, 1]))
    with pytest.raises(TypeError, match=r"`model` must return a tensor of .* got tuple"):
        Decision(same, DecisionRule(0.5))((torch.rand(5), None))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the exporter's own
@pytest.mark.parametrize("logits", [False, True])
def test_exported_decisions_are_the_same(logits, tmp_path):
    """The thresholds go along, for batches of any length."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name)
    onnxruntime = pytest.importorskip("onnxruntime")
    model = decision(DecisionRule(EACH, from_logits=logits)).eval()
    path, length = tmp_path / "decision.onnx", {0: torch.export.Dim.DYNAMIC}
    torch.onnx.export(
        model, (torch.randn(8, 4),), path, dynamo=True, verbose=False, dynamic_shapes=((length,),)
    )
    session = onnxruntime.InferenceSession(path)
    for n in (8, 1, 1000):
        x = torch.randn(n, 4)
        (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        assert found.dtype == bool and (n < 1000 or 0 < found.mean() < 1)
        np.testing.assert_array_equal(found, model(x))
