"""PyTorch's native objects: MetricLoss, a module, and MetricScore, a torchmetrics metric."""

import copy
import importlib
import os
import pickle
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from tests.support.referees import (
    DIFFERENCES,
    EXACT,
    SINGLE,
    central_differences,
    labels_and_scores,
    sklearn,
)

torch = pytest.importorskip("torch", reason="torch is not installed")
sbt = importlib.import_module("softset_backends.torch")
MetricLoss = sbt.MetricLoss

torchmetrics_installed = pytest.mark.skipif(
    find_spec("torchmetrics") is None, reason="torchmetrics is not installed"
)
# TorchScript announces its own end on every use.
torchscript = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

F2 = partial(ss.fbeta, beta=2.0)
ROOT = Path(__file__).parents[2]


def cost(c):
    """Return a metric of one's own."""
    return (5 * c.fn + c.fp) / (c.tp + c.fp + c.fn + c.tn)


LOSSES = {
    "f1": ((40,), {"metric": ss.f1}),
    "partial": ((40,), {"metric": F2, "threshold": 0.3, "step": ss.Sigmoid(k=6.0)}),
    "mcc": ((40,), {"metric": ss.matthews_corrcoef}),
    "own": ((40,), {"metric": cost, "maximize": False}),
    "smaller": ((40,), {"metric": ss.error_rate}),
    "grid": ((40,), {"metric": ss.f1, "thresholds": (0.2, 0.5, 0.7)}),
    "area": ((40,), {"metric": ss.auroc, "thresholds": ss.grid(9)}),
    "macro": ((30, 3), {"metric": ss.macro(ss.f1), "axis": 0}),
    "per class": ((30, 3), {"metric": ss.weighted(F2), "axis": 0, "threshold": (0.3, 0.5, 0.6)}),
}
losses = pytest.mark.parametrize(("shape", "options"), LOSSES.values(), ids=LOSSES)


def data(shape=(40,), seed=0, logits=False):
    """Return NumPy labels and float64 scores."""
    y_true, y_prob = labels_and_scores(shape, seed)
    return y_true, np.log(y_prob / (1 - y_prob)) if logits else y_prob


def tensors(*args, dtype=None, **kwargs):
    """Return a tensor of scores that wants a gradient, and one of labels."""
    y_true, scores = data(*args, **kwargs)
    return torch.tensor(scores, dtype=dtype, requires_grad=True), torch.tensor(y_true)


def weights_and_mask(shape):
    rng = np.random.default_rng(5)
    return rng.uniform(0.1, 3, shape), rng.uniform(size=shape) < 0.8


def gradients(loss, scores, labels, **options):
    value = loss(scores, labels, **options)
    return value.detach(), *torch.autograd.grad(value, [scores, *loss.parameters()])


# MetricLoss: values and gradients


@losses
@pytest.mark.parametrize("logits", [False, True], ids=["probabilities", "logits"])
@pytest.mark.parametrize("extra", ["plain", "weights", "where", "both"])
def test_value_and_gradient_are_those_of_the_kernel(shape, options, logits, extra):
    y_true, scores = data(shape, logits=logits)
    weights, mask = weights_and_mask(shape)
    given = {"sample_weight": weights} if extra in ("weights", "both") else {}
    given |= {"where": mask} if extra in ("where", "both") else {}
    same = ss.as_loss(**options, from_logits=logits)
    expected, slope = ss.value_and_grad(same)(y_true, scores, **given)

    loss = MetricLoss(**options, from_logits=logits)
    x = torch.tensor(scores, requires_grad=True)
    value = loss(x, torch.tensor(y_true), **{k: torch.tensor(v) for k, v in given.items()})
    value.backward()
    assert value.shape == () and value.dtype == torch.float64
    assert loss.loss == same
    np.testing.assert_allclose(value.item(), expected, rtol=EXACT)
    scale = np.abs(slope).max()
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=0, atol=EXACT * scale)


@losses
def test_checker_passes(shape, options):
    y_true, y_prob = data(shape)
    loss = MetricLoss(**options)
    report = sb.check_gradients(
        lambda y_true, y_prob: loss(y_prob, y_true),
        y_true,
        y_prob,
        backends=["torch"],
        modes=["eager", "aot_eager"],
        reference=ss.value_and_grad(loss.loss),
        tolerance=sb.TOLERANCES,
    )
    assert len(report.rows) == 4 and report.passed


def test_groups_reach_the_counts():
    y_true, y_prob = data()
    weights, mask = weights_and_mask(y_true.shape)
    groups = np.arange(y_true.size) % 3
    given = {"sample_weight": weights, "where": mask, "groups": groups}
    loss = MetricLoss(ss.largest_gap(ss.recall), num_groups=3)
    expected, slope = ss.value_and_grad(loss.loss)(y_true, y_prob, **given)
    x = torch.tensor(y_prob, requires_grad=True)
    value = loss(x, torch.tensor(y_true), **{k: torch.tensor(v) for k, v in given.items()})
    value.backward()
    np.testing.assert_allclose(value.item(), expected, rtol=EXACT)
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=0, atol=EXACT * np.abs(slope).max())
    assert repr(loss).endswith(
        "(largest_gap(recall), step=Linear(delta=0.2), threshold=0.5, num_groups=3)"
    )
    with pytest.raises(ValueError, match="`groups` must be given where `num_groups` is"):
        loss(x, torch.tensor(y_true))


def test_gradient_of_groups_in_closed_form_is_autograds():
    """And a second derivative, which goes by ordinary operations."""
    scores, labels = tensors((60,))
    groups = torch.arange(60) % 3
    loss = ss.as_loss(ss.largest_gap(ss.f1), num_groups=3, step=ss.Sigmoid())
    value = loss(labels, scores, groups=groups)
    assert type(value.grad_fn).__name__ == "InTwoPassesBackward"
    (first,) = torch.autograd.grad(value, scores, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), scores)
    # Weights that are followed keep the loss from its closed form.
    weights = torch.ones(60, dtype=torch.float64, requires_grad=True)
    plain = loss(labels, scores, sample_weight=weights, groups=groups)
    (expected,) = torch.autograd.grad(plain, scores, create_graph=True)
    (twice,) = torch.autograd.grad(expected.square().sum(), scores)
    torch.testing.assert_close(first, expected, rtol=EXACT, atol=1e-15)
    torch.testing.assert_close(second, twice, rtol=1e-12, atol=1e-15)  # one more sum


def test_groups_under_vmap():
    scores, labels = (x.detach().reshape(4, 15) for x in tensors((60,)))
    groups = torch.arange(60).reshape(4, 15) % 3
    loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=3)
    slope = torch.func.grad(lambda p, y, g: loss(y, p, groups=g))
    found = torch.func.vmap(slope)(scores, labels, groups)
    each = [slope(*rows) for rows in zip(scores, labels, groups, strict=True)]
    torch.testing.assert_close(found, torch.stack(each), rtol=EXACT, atol=1e-15)


def test_reduce_reaches_the_counts():
    scores, labels = tensors()
    more = ss.Confusion(*torch.tensor([3.0, 1.0, 2.0, 4.0], dtype=torch.float64))
    found = MetricLoss(ss.f1)(scores, labels, reduce=lambda c: c + more)
    expected = 1 - ss.f1(ss.confusion(labels, scores) + more)
    assert found.item() == pytest.approx(expected.item(), rel=EXACT)


def test_second_derivatives():
    y_true, logits = data((12,), logits=True)
    labels, x = torch.tensor(y_true), torch.tensor(logits, requires_grad=True)
    loss = MetricLoss(ss.f1, from_logits=True)
    assert torch.autograd.gradgradcheck(lambda x: loss(x, labels), x)

    hessian = torch.func.hessian(lambda x: loss(x, labels))(x.detach()).numpy()
    slope = ss.value_and_grad(loss.loss)
    for i in range(len(logits)):
        expected = central_differences(lambda z, i=i: slope(y_true, z)[1][i], logits)
        np.testing.assert_allclose(hessian[i], expected, rtol=0, atol=DIFFERENCES)
    assert np.abs(hessian).max() > 1e-3


def test_checkpointing_gives_the_same_gradient():
    scores, labels = tensors(logits=True)
    loss = MetricLoss(ss.f1, from_logits=True, learn_threshold=True)
    expected = gradients(loss, scores, labels)

    def checkpointed(scores, labels):
        return torch.utils.checkpoint.checkpoint(loss, scores, labels, use_reentrant=False)

    checkpointed.parameters = loss.parameters
    for x, e in zip(gradients(checkpointed, scores, labels), expected, strict=True):
        assert torch.equal(x, e)


# MetricLoss: half precision


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    scores, labels = tensors(dtype=dtype, logits=True)
    loss = MetricLoss(ss.f1, from_logits=True)
    value = loss(scores, labels)
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(scores.float(), labels))
    assert torch.autograd.grad(value, scores)[0].dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("metric", [ss.f1, ss.matthews_corrcoef, ss.fowlkes_mallows])
def test_autocast(dtype, metric):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 1), torch.nn.Flatten(0))
    x, labels = torch.randn(3000, 5), torch.rand(3000) < 0.3
    loss = MetricLoss(metric, from_logits=True)
    with torch.autocast("cpu", dtype):
        logits = model(x)
        value = loss(logits, labels)
    assert logits.dtype == dtype
    assert value.dtype == torch.float32 and value.isfinite()
    assert torch.equal(value, loss(logits.float(), labels))
    value.backward()
    assert model[0].weight.grad.isfinite().all() and model[0].weight.grad.abs().max() > 0


# MetricLoss: as a module


def test_tensor_options_are_buffers():
    loss = MetricLoss(ss.macro(ss.f1), axis=0, threshold=torch.tensor([0.25, 0.5]))
    grid = MetricLoss(ss.f1, thresholds=torch.tensor([0.25, 0.5]))
    assert list(loss.state_dict()) == ["given_threshold"]
    assert list(grid.state_dict()) == ["thresholds"]
    assert not [*loss.parameters(), *grid.parameters()]
    assert loss.double().loss.threshold.dtype == torch.float64
    other = MetricLoss(ss.macro(ss.f1), axis=0, threshold=torch.tensor([0.1, 0.9]))
    other.load_state_dict(loss.state_dict())
    assert other.threshold.tolist() == [0.25, 0.5]
    # "meta" stands in for another device.
    assert loss.to("meta").loss.threshold.device.type == "meta"
    assert grid.to("meta").loss.thresholds.device.type == "meta"
    assert not MetricLoss(ss.f1, threshold=(0.3, 0.4), thresholds=(0.5,)).state_dict()


def test_parameter_that_is_given_stays_one():
    threshold = torch.nn.Parameter(torch.tensor(0.4))
    loss = MetricLoss(ss.f1, threshold=threshold)
    assert [x is threshold for x in loss.parameters()] == [True]
    scores, labels = tensors(dtype=torch.float32)
    loss(scores, labels).backward()
    assert threshold.grad.abs() > 0


@pytest.mark.parametrize("learn", [False, True], ids=["fixed", "learned"])
def test_state_and_copies(learn):
    options = {"axis": 0, "learn_threshold": learn}
    loss = MetricLoss(ss.macro(F2), threshold=torch.tensor([0.2, 0.5, 0.7]), **options)
    scores, labels = tensors((30, 3), dtype=torch.float32)
    expected = gradients(loss, scores, labels)
    loaded = MetricLoss(ss.macro(F2), threshold=torch.tensor([0.5, 0.5, 0.5]), **options)
    assert not torch.equal(loaded(scores, labels), expected[0])
    loaded.load_state_dict(loss.state_dict())
    for other in (loaded, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        for x, e in zip(gradients(other, scores, labels), expected, strict=True):
            assert torch.equal(x, e)
        assert repr(other) == repr(loss)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (MetricLoss(ss.f1), "f1, step=Linear(delta=0.2), threshold=0.5"),
        (
            MetricLoss(partial(ss.macro(F2), zero_division=1.0), axis=0, step=ss.Sigmoid()),
            "macro(fbeta(beta=2.0))(zero_division=1.0), step=Sigmoid(k=10.0), threshold=0.5, "
            "axis=0",
        ),
        (
            MetricLoss(ss.micro(ss.recall, axis=0), axis=1, thresholds=(0.2, 0.4)),
            "micro(recall, axis=0), step=Linear(delta=0.2), thresholds=(0.2, 0.4), axis=1",
        ),
        (
            MetricLoss(cost, threshold=torch.tensor([0.5, 0.5]), from_logits=True),
            "cost, step=Linear(delta=0.2), threshold=tensor of shape (2,), from_logits=True",
        ),
        (
            MetricLoss(ss.f1, threshold=(0.2, 0.3), learn_threshold=True),
            "f1, step=Linear(delta=0.2), learned threshold of shape (2,)",
        ),
    ],
)
def test_repr(loss, text):
    assert repr(loss) == f"MetricLoss({text})"


def test_functional_call_and_vmap():
    scores, labels = tensors()
    loss = MetricLoss(ss.f1, learn_threshold=True).double()
    starts = torch.tensor([-1.0, 0.0, 0.5], dtype=torch.float64)

    def at(logit, x):
        return torch.func.functional_call(loss, {"threshold_logit": logit}, (x, labels))

    x = scores.detach()
    value, slope = torch.func.vmap(torch.func.grad_and_value(at), (0, None))(starts, x)[::-1]
    for i, start in enumerate(starts):
        with torch.no_grad():
            loss.threshold_logit.copy_(start)
        expected = gradients(loss, scores, labels)
        assert value[i].item() == pytest.approx(expected[0].item(), rel=EXACT)
        assert slope[i].item() == pytest.approx(expected[2].item(), rel=EXACT)


# MetricLoss: compilers

COMPILED = {
    "logits": ((40,), {"metric": ss.f1, "from_logits": True}),
    "learned": ((30, 3), {"metric": ss.macro(F2), "axis": 0, "threshold": (0.3, 0.4, 0.5)}),
    "buffer": ((40,), {"metric": ss.matthews_corrcoef, "threshold": torch.tensor(0.3)}),
    "grid": ((40,), {"metric": ss.f1, "thresholds": torch.tensor([0.2, 0.5, 0.7])}),
}


def assert_compiled_agrees(compiler, name):
    shape, options = COMPILED[name]
    loss = MetricLoss(**options, learn_threshold=name == "learned")
    scores, labels = tensors(shape, dtype=torch.float32, logits=loss.loss.from_logits)
    weights, mask = map(torch.tensor, weights_and_mask(shape))
    torch._dynamo.reset()
    compiled = torch.compile(loss, fullgraph=True, backend=compiler)
    given = {"sample_weight": weights, "where": mask}
    expected = gradients(loss, scores, labels, **given)
    for x, e in zip(gradients(compiled, scores, labels, **given), expected, strict=True):
        torch.testing.assert_close(x, e, rtol=SINGLE, atol=SINGLE * e.abs().max())


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name):
    assert_compiled_agrees("aot_eager", name)


@pytest.mark.exhaustive
def test_compiled_by_inductor():
    assert_compiled_agrees("inductor", "learned")


def test_exported_with_any_batch_size():
    scores, labels = tensors((40, 3), dtype=torch.float32, logits=True)
    options = {"axis": 0, "from_logits": True, "learn_threshold": True}
    loss = MetricLoss(ss.macro(ss.f1), threshold=(0.3, 0.4, 0.5), **options)
    n = torch.export.Dim("n")
    exported = torch.export.export(
        loss, (scores.detach(), labels), dynamic_shapes=({0: n}, {0: n})
    ).module()
    for length in (40, 17):
        expected = loss(scores[:length], labels[:length])
        torch.testing.assert_close(exported(scores[:length], labels[:length]), expected)


@torchscript
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a model"])
def test_torchscript_is_refused(inside):
    loss = MetricLoss(ss.f1)
    module = torch.nn.Sequential(torch.nn.Linear(1, 1), loss) if inside else loss
    with pytest.raises(
        RuntimeError, match=r"MetricLoss does not work with torch\.jit\.script; use"
    ):
        torch.jit.script(module)


@torchscript
def test_tracing_is_refused():
    with pytest.raises(RuntimeError, match=r"not work with torch\.jit\.trace; use torch\.compile"):
        torch.jit.trace(MetricLoss(ss.f1), tensors())


# MetricLoss: learned thresholds


# Not 0.5, where Linear has a kink in the threshold.
@pytest.mark.parametrize("threshold", [0.3, (0.3, 0.45, 0.6)], ids=["one", "per class"])
@pytest.mark.parametrize("step", [ss.Linear(), ss.Sigmoid(k=8.0)], ids=["linear", "sigmoid"])
def test_gradient_of_the_threshold(threshold, step):
    y_true, y_prob = data((30, 3))
    loss = MetricLoss(
        ss.macro(ss.f1), axis=0, step=step, threshold=threshold, learn_threshold=True
    ).double()
    scores, labels = torch.tensor(y_prob), torch.tensor(y_true)
    loss(scores, labels).backward()
    logit = loss.threshold_logit.detach().numpy().copy()

    def moved(z):
        tau = 0.5 + (1 - 2e-6) * (1 / (1 + np.exp(-z)) - 0.5)
        return ss.as_loss(ss.macro(ss.f1), axis=0, step=step, threshold=tau)(y_true, y_prob)

    expected = central_differences(moved, logit)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(
        loss.threshold_logit.grad.numpy(), expected, rtol=0, atol=DIFFERENCES
    )


@pytest.mark.parametrize("given", [0.3, (0.3, 0.9), torch.tensor([[0.1], [0.999]]), 0.5])
def test_learned_threshold_starts_where_it_is_told(given):
    loss = MetricLoss(ss.f1, threshold=given, learn_threshold=True)
    expected = torch.as_tensor(given)
    assert [name for name, _ in loss.named_parameters()] == ["threshold_logit"]
    assert loss.threshold.shape == expected.shape
    torch.testing.assert_close(loss.threshold.detach(), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("size", [30.0, 1e4])
def test_learned_threshold_stays_inside(dtype, size):
    loss = MetricLoss(ss.macro(ss.f1), axis=0, threshold=(0.5, 0.5), learn_threshold=True)
    loss = loss.to(dtype)
    with torch.no_grad():
        loss.threshold_logit.copy_(torch.tensor([-size, size]))
    low, high = loss.threshold.tolist()
    assert 0 < low < 1.1e-6 and 1 - 1.1e-6 < high < 1
    scores, labels = tensors((30, 2), dtype=dtype)
    assert all(x.isfinite().all() for x in gradients(loss, scores, labels))


def test_threshold_is_learned():
    # All positives score above 0.2, all negatives below: at 0.5 half of the positives are missed.
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    scores = torch.tensor([0.05, 0.1, 0.12, 0.15, 0.3, 0.4, 0.6, 0.9])
    loss = MetricLoss(ss.f1, learn_threshold=True)
    optimizer = torch.optim.SGD(loss.parameters(), lr=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss(scores, labels).backward()
        optimizer.step()
    assert ss.as_score(ss.f1)(labels, scores) < 0.7
    assert ss.as_score(ss.f1, threshold=loss.threshold.detach())(labels, scores) == 1


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_made_without_gradients(mode):
    with mode():
        MetricLoss(ss.f1, learn_threshold=True)


def test_made_on_another_device():
    with torch.device("meta"):
        loss = MetricLoss(ss.f1, threshold=0.3, learn_threshold=True)
    assert loss.threshold_logit.device.type == "meta"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": (0.3, 0.5)}, "`learn_threshold` and `thresholds` must not both be given"),
        ({"step": ss.Identity()}, r"`learn_threshold` must go with .*, got Identity\(\)"),
        ({"step": ss.Hard()}, r"`learn_threshold` must go with .*, got Hard\(\)"),
        ({"step": ss.StraightThrough(ss.Identity())}, "`learn_threshold` must go with"),
        ({"threshold": 1.0}, "`threshold` must hold probabilities strictly between 0 and 1, got 1"),
        ({"threshold": (0.5, 0.0)}, "`threshold` must hold .*, got 0.0 at flat position 1"),
        ({"threshold": 2}, "`threshold` must hold .*, got 2.0"),
    ],
)
def test_threshold_that_cannot_be_learned(options, message):
    with pytest.raises(ValueError, match=message):
        MetricLoss(ss.f1, learn_threshold=True, **options)


# Errors in PyTorch's order of arguments


@pytest.fixture(params=["loss", "score"])
def module(request):
    if request.param == "loss":
        return MetricLoss
    kind = sbt.MetricScore
    return lambda *args, **kwargs: kind(*args, **kwargs).update


N, N1 = torch.full((4,), 0.5), torch.full((4, 1), 0.5)


@pytest.mark.parametrize(
    ("args", "kind", "message"),
    [
        ((N > 1, N), TypeError, r"`input` must hold .*; Metric\w+ takes \(input, target\)"),
        (([0.5], N), TypeError, "`input` must be an array .*, got list"),
        ((N, [1]), TypeError, "`target` must be an array .*, got list"),
        ((N, N1), ValueError, r"\(4, 1\) and \(4,\); drop the labels' last axis, target\[..., 0\]"),
        ((N1, N), ValueError, r"`target` and `input` must .*; drop .* last axis, input\[..., 0\]"),
        ((N1.expand(4, 3), N), ValueError, r"labels with one_hot\(target, 3\)"),
        ((4 * N, N), ValueError, "`input` must hold probabilities .*; if these are logits pass"),
        (
            (torch.tensor([0.0, 1.0, 0.0, 1.0]), torch.tensor([-2.5, 1.5, 0.5, 3.0])),
            ValueError,
            r"`target` must hold labels in \[0, 1\], got -2.5 at flat position 0 and 2 more; "
            r"Metric(Loss|Score) takes \(input, target\), and `input` holds nothing but 0 and 1$",
        ),
        ((N * torch.nan, N), ValueError, "`input` must hold probabilities .*, got nan"),
        (
            (N, 4 * N),
            ValueError,
            r"`target` must .*, got 2.0 .* where=target != 2, else",
        ),
        (
            (torch.full((2, 4, 6, 5), 0.5), torch.ones(2, 6, 5)),
            ValueError,
            r"; turn class numbers .* with one_hot\(target, 4, axis=1\)$",
        ),
        (
            (torch.full((2, 4, 6, 5), 0.5), torch.ones(2, 6, 5, 4)),
            ValueError,
            r"; torch\.moveaxis\(target, -1, 1\) has the scores' order of axes$",
        ),
        ((torch.full((4, 3), 0.5), torch.ones(3)), ValueError, r"broadcast_to\(target, \(4, 3\)\)"),
    ],
)
def test_wrong_arguments(module, args, kind, message):
    with pytest.raises(kind, match=message) as error:
        module(ss.f1)(*args)
    assert not {"y_true", "y_prob"} & set(str(error.value).replace("`", " ").split())


def test_wrong_weights(module):
    with pytest.raises(ValueError, match=r"as many dimensions as input, .* for input of \(4,\)"):
        module(ss.f1)(N, N, sample_weight=torch.ones(3))


def test_wrong_options(module):
    with pytest.raises(TypeError, match="`metric` must be a function of a Confusion"):
        module("f1")
    with pytest.raises(ValueError, match="`axis` must lie in"):
        module(ss.f1, axis=1)(N, N)
    with pytest.raises(ValueError, match="`threshold` and `thresholds` must not both be given"):
        module(ss.f1, threshold=0.3, thresholds=(0.5,))(N, N)


def test_metric_without_direction():
    with pytest.raises(ValueError, match="pass maximize=True or maximize=False"):
        MetricLoss(ss.prevalence)


def test_errors_of_the_users_metric_come_through_as_they_are():
    def metric(c):
        raise ValueError("no y_prob here", 3)

    with pytest.raises(ValueError) as error:
        MetricLoss(metric)(N, N)
    assert error.value.args == ("no y_prob here", 3)


def test_package_has_no_other_names():
    with pytest.raises(AttributeError, match="has no attribute 'MetricSore'"):
        _ = sbt.MetricSore
    for name in ("MetricLoss", "MetricScore"):
        with pytest.raises(AttributeError, match=f"it is softset_backends.torch.{name}, or"):
            getattr(sb, name)


# MetricScore


@pytest.fixture(params=[pytest.param("torchmetrics", marks=torchmetrics_installed), "plain"])
def MetricScore(request, monkeypatch):
    if request.param == "torchmetrics":
        return sbt.MetricScore
    name = "softset_backends.torch.score"
    monkeypatch.setattr(sbt, "score", importlib.import_module(name))  # to be undone
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    kind = importlib.import_module(name).MetricScore
    assert not any(base.__module__.startswith("torchmetrics") for base in kind.__mro__)
    return kind


def batches(shape, logits=False):
    """Return three uneven batches of input, target and options, and all of them together."""
    scores, labels = tensors((90, *shape[1:]), logits=logits, dtype=torch.float32)
    weights, mask = map(torch.tensor, weights_and_mask(scores.shape))
    given = (scores.detach(), labels, weights, mask)
    return list(zip(*(x.split([50, 33, 7]) for x in given), strict=True)), given


def score_options(options):
    kept = {k: v for k, v in options.items() if k not in ("step", "maximize")}
    return {"threshold": 0.5, **kept}


def test_groups_of_a_stream(MetricScore):
    parts, (scores, labels, weights, mask) = batches((60,))
    groups = torch.arange(90) % 3
    score = MetricScore(ss.worst_group(ss.recall), num_groups=3)
    for (x, y, w, m), g in zip(parts, groups.split([50, 33, 7]), strict=True):
        score.update(x, y, sample_weight=w, where=m, groups=g)
    whole = ss.as_score(ss.worst_group(ss.recall), num_groups=3)
    given = {"sample_weight": weights, "where": mask, "groups": groups}
    expected = whole(labels, scores.double(), **given)
    # The counts of a batch are sums of float32 weights.
    assert score.compute().item() == pytest.approx(expected.item(), rel=SINGLE)
    assert score.confusion.tp.shape == (3,) and score.higher_is_better is True


@losses
@pytest.mark.parametrize("logits", [False, True], ids=["probabilities", "logits"])
def test_score_of_batches(MetricScore, shape, options, logits):
    options = score_options(options)
    score = MetricScore(**options, from_logits=logits)
    parts, (scores, labels, weights, mask) = batches(shape, logits)
    for x, y, w, m in parts:
        assert score.update(x, y, sample_weight=w, where=m) is None
    whole = ss.as_score(**options, from_logits=logits)
    expected = whole(labels, scores.double(), sample_weight=weights, where=mask)
    found = score.compute()
    assert found.shape == () and found.dtype == torch.float64
    # The counts of a batch are sums of float32 weights.
    assert found.item() == pytest.approx(expected.item(), rel=SINGLE)
    assert score.score == whole


def test_score_is_that_of_scikit_learn(MetricScore):
    score = MetricScore(ss.f1), MetricScore(ss.matthews_corrcoef)
    parts, (scores, labels, _, _) = batches((90,))
    for x, y, _, _ in parts:
        for one in score:
            one.update(x, y)
    expected = [
        getattr(sklearn, name)(labels, scores >= 0.5) for name in ("f1_score", "matthews_corrcoef")
    ]
    # Whole counts add up exactly.
    assert [one.compute().item() for one in score] == pytest.approx(expected, rel=EXACT)


def test_score_of_decisions_is_that_of_scikit_learn(MetricScore):
    rng = np.random.default_rng(5)
    labels, decisions = rng.uniform(size=(2, 60)) < 0.4
    score = MetricScore(ss.precision)
    for batch in (slice(0, 25), slice(25, None)):
        given = torch.tensor(decisions[batch]), torch.tensor(labels[batch].astype(int))
        score.update(*given)
    expected = sklearn.precision_score(labels, decisions)
    assert score.compute().item() == pytest.approx(expected, rel=EXACT)


def test_calling_it_gives_the_value_of_the_batch(MetricScore):
    score, plain = MetricScore(ss.f1), ss.as_score(ss.f1)
    parts, (scores, labels, _, _) = batches((90,))
    for x, y, _, _ in parts:
        assert score(x, y).item() == pytest.approx(plain(y, x.double()).item(), rel=EXACT)
    assert score.compute().item() == pytest.approx(plain(labels, scores.double()).item())
    assert score.update_called
    score.reset()
    assert not score.update_called
    x, y, *_ = parts[0]
    score.update(x, y)
    assert score.compute().item() == pytest.approx(plain(y, x.double()).item(), rel=EXACT)


def test_counts_do_not_stand_still(MetricScore):
    score = MetricScore(ss.expected_cost)  # (fp + fn) / n
    right, wrong = torch.tensor([0.9]), torch.tensor([0.1])
    label = torch.tensor([1])
    score.update(wrong, label, sample_weight=torch.tensor([2.0**24]))
    for _ in range(10):
        score.update(wrong, label)
        score(right, label)
    assert score.compute().item() == (2**24 + 10) / (2**24 + 20)
    # A float32 sum stays where it is.
    assert torch.tensor(2.0**24) + 1 == torch.tensor(2.0**24)


def test_score_keeps_no_graph(MetricScore):
    score = MetricScore(ss.f1)
    scores, labels = tensors()
    score.update(scores, labels, sample_weight=torch.ones(40, requires_grad=True))
    assert not score.compute().requires_grad
    assert not score(scores, labels, sample_weight=scores).requires_grad


def test_direction_and_repr(MetricScore):
    assert MetricScore(ss.macro(ss.f1), step=ss.ArgMax()).higher_is_better is True
    assert MetricScore(ss.error_rate).higher_is_better is False
    assert MetricScore(ss.prevalence).higher_is_better is None
    score = MetricScore(ss.macro(F2), axis=0, threshold=(0.3, 0.5), from_logits=True)
    assert repr(score) == (
        "MetricScore(macro(fbeta(beta=2.0)), threshold=(0.3, 0.5), axis=0, from_logits=True)"
    )


def test_copies_go_on_counting(MetricScore):
    threshold = torch.tensor([0.3, 0.5, 0.6])
    score = MetricScore(ss.macro(F2), axis=0, threshold=threshold)
    parts, (scores, labels, _, _) = batches((90, 3))
    for x, y, _, _ in parts[:2]:
        score.update(x, y)
    others = [copy.deepcopy(score), pickle.loads(pickle.dumps(score))]
    assert list(score.state_dict()) == ["threshold"]
    for one in (score, *others):
        one.update(*parts[2][:2])
        expected = one.score(labels, scores.double())
        assert one.compute().item() == pytest.approx(expected.item(), rel=EXACT)


def test_moving_keeps_the_counts_in_double_precision(MetricScore):
    score = MetricScore(ss.macro(ss.f1), axis=0, threshold=torch.tensor([0.3, 0.5, 0.6]))
    x, y, *_ = batches((90, 3))[0][0]
    score.update(x, y)
    before = score.compute()
    score = torch.nn.ModuleDict({"score": score}).half().float()["score"]
    assert torch.equal(score.compute(), before)
    state = getattr(score.to("meta"), score._name)
    assert state.device.type == "meta" and state.dtype == torch.float64
    score.reset()
    assert getattr(score, score._name).device.type == "meta"


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric:UserWarning")
def test_nothing_to_compute(MetricScore):
    score = MetricScore(ss.f1)
    with pytest.raises(RuntimeError, match=r"nothing to compute: call update\(input, target\)"):
        score.compute()
    score(*tensors())
    score.reset()
    with pytest.raises(RuntimeError, match="nothing to compute"):
        score.compute()
    # Entries that do not count are a batch all the same, as for as_score.
    scores, labels = tensors()
    score.update(scores, labels, where=torch.zeros(40, dtype=torch.bool))
    assert score.compute() == 0


@pytest.mark.parametrize("axis", [0, -2, (0, 1)])
def test_axes_with_the_batch(MetricScore, axis):
    score = MetricScore(ss.recall, threshold=0.5, axis=axis)
    scores, labels = tensors((30, 3))
    score.update(scores, labels)
    expected = ss.as_score(ss.recall, threshold=0.5, axis=axis)(labels, scores)
    assert score.compute().item() == pytest.approx(expected.item(), rel=EXACT)


@pytest.mark.parametrize("axis", [(1, 2), (-2, -1)])
def test_mean_over_the_examples_of_a_stream(MetricScore, axis):
    """Of images in uneven batches, one of them empty; against scikit-learn, image by image."""
    scores, labels = tensors((5, 8, 8))
    labels[3], scores.data[3] = 0, 0.1
    score = MetricScore(partial(ss.f1, zero_division=1.0), axis=axis)
    parts = list(zip(scores.split(2), labels.split(2), strict=True))
    for x, y in [*parts, (scores[:0], labels[:0])]:
        score.update(x, y)
    each = [
        sklearn.f1_score(y.ravel(), x.detach().ravel() >= 0.5, zero_division=1.0)
        for x, y in zip(scores, labels, strict=True)
    ]
    assert score.compute().item() == pytest.approx(np.mean(each), rel=EXACT)
    with pytest.raises(RuntimeError, match="`axis` leaves the batch out, got"):
        _ = score.confusion
    score.reset()
    score.update(scores[:0], labels[:0])
    with pytest.raises(RuntimeError, match="nothing to compute"):
        score.compute()


def test_an_average_does_not_take_the_batch_for_the_classes(MetricScore):
    scores, labels = tensors((6, 3))
    for average in (ss.macro, ss.micro, ss.weighted):
        score = MetricScore(average(ss.f1), threshold=0.5, axis=1)
        with pytest.raises(ValueError, match="`axis` must leave a class axis beside the batch's"):
            score.update(scores, labels)


def test_the_state_of_a_mean_has_one_name_in_every_process(MetricScore):
    code = (
        "import softset as ss; from softset_backends.torch import MetricScore; "
        "print(MetricScore(ss.macro(ss.f1, axis=1), threshold=0.5, axis=2)._name)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    mine = MetricScore(ss.macro(ss.f1, axis=1), threshold=0.5, axis=2)
    assert mine._name == other.stdout.strip()


def test_classes_of_which_one_is_true_in_a_stream(MetricScore):
    """Against scikit-learn's arg max: of rows, and of the pixels of each image."""
    rng = np.random.default_rng(3)
    z, numbers = torch.tensor(rng.normal(size=(90, 4))), torch.tensor(rng.integers(0, 4, 90))
    score = MetricScore(ss.macro(ss.f1), step=ss.ArgMax(), axis=0, from_logits=True)
    assert repr(score) == "MetricScore(macro(f1), step=ArgMax(axis=-1), axis=0, from_logits=True)"
    for rows in torch.arange(90).split(40):
        score.update(z[rows], ss.one_hot(numbers[rows], 4))
    expected = sklearn.f1_score(numbers, z.argmax(1), average="macro")
    assert score.compute().item() == pytest.approx(expected, rel=EXACT)
    with pytest.raises(ValueError, match="`step` or `threshold` must be given for an average"):
        MetricScore(ss.macro(ss.f1), axis=0)

    z, numbers = (
        torch.tensor(rng.normal(size=(5, 3, 6, 6))),
        torch.tensor(rng.integers(0, 3, (5, 6, 6))),
    )
    score = MetricScore(ss.macro(ss.jaccard, axis=1), step=ss.ArgMax(axis=1), axis=(2, 3),
                        from_logits=True)  # fmt: skip
    for rows in torch.arange(5).split(2):
        score.update(z[rows], ss.class_labels(numbers[rows], 3, axis=1).labels)
    each = [
        sklearn.jaccard_score(y.ravel(), x.argmax(0).ravel(), average="macro")
        for x, y in zip(z, numbers, strict=True)
    ]
    assert score.compute().item() == pytest.approx(np.mean(each), rel=EXACT)


def test_loss_of_classes_of_which_one_is_true():
    """Against the softmax and the counts written out, and torch.compile."""
    rng = np.random.default_rng(4)
    z = torch.tensor(rng.normal(size=(40, 4)), requires_grad=True)
    y = ss.one_hot(torch.tensor(rng.integers(0, 4, 40)), 4)
    loss = sbt.MetricLoss(ss.macro(ss.f1), step=ss.Softmax(sharpness=2.0), axis=0, from_logits=True)
    assert "step=Softmax(sharpness=2.0, axis=-1), axis=0" in repr(loss)
    h = torch.softmax(2 * z, 1)
    tp, every = (h * y).sum(0), h.sum(0) + y.sum(0)
    expected = 1 - (2 * tp / every).mean()
    (slope,) = torch.autograd.grad(expected, z)
    for call in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
        value = call(z, y)
        (gradient,) = torch.autograd.grad(value, z)
        torch.testing.assert_close(value, expected, rtol=EXACT, atol=0)
        torch.testing.assert_close(gradient, slope, rtol=0, atol=EXACT * slope.abs().max().item())
    with pytest.raises(ValueError, match="`learn_threshold` must go with a step that has a slope"):
        sbt.MetricLoss(ss.f1, step=ss.Softmax(), learn_threshold=True)


def test_counts_of_a_stream_are_public(MetricScore):
    score = MetricScore(ss.f1, threshold=0.5, axis=0)
    with pytest.raises(RuntimeError, match="nothing to compute"):
        _ = score.confusion
    parts, (scores, labels, _, _) = batches((90, 3))
    for x, y, _, _ in parts:
        score.update(x, y)
    c = score.confusion
    assert isinstance(c, ss.Confusion) and c.tp.dtype == torch.float64
    expected = sklearn.f1_score(labels, scores >= 0.5, average=None)
    np.testing.assert_allclose(ss.f1(c), expected, rtol=EXACT)
    with score.sync_context():  # without other processes
        assert all(map(torch.equal, score.confusion, c))
    c.tp.zero_()  # the caller's own
    assert score.compute().item() == pytest.approx(expected.mean(), rel=EXACT)
    grid = MetricScore(ss.auroc, thresholds=ss.grid(99))
    for x, y, _, _ in parts:
        grid.update(x[:, 0], y[:, 0])
    assert torch.equal(ss.auroc(grid.confusion), grid.compute())


def test_values_are_those_of_each_class_and_threshold(MetricScore):
    grid = (0.2, 0.5, 0.8)
    score = MetricScore(ss.macro(F2), threshold=0.5, axis=0)
    curve = MetricScore(ss.f1, thresholds=torch.tensor(grid))
    parts, (scores, labels, _, _) = batches((90, 3))
    for x, y, _, _ in parts:
        score.update(x, y)
        curve.update(x, y)
    expected = sklearn.fbeta_score(labels, scores >= 0.5, beta=2.0, average=None)
    np.testing.assert_allclose(score.values(), expected, rtol=EXACT)
    assert score.values().mean().item() == pytest.approx(score.compute().item(), rel=EXACT)
    each = [sklearn.f1_score(labels.ravel(), scores.ravel() >= np.float32(t)) for t in grid]
    np.testing.assert_allclose(curve.values(), each, rtol=EXACT)
    assert curve.values().mean().item() == pytest.approx(curve.compute().item(), rel=EXACT)
    with score.sync_context():  # without other processes
        np.testing.assert_allclose(score.values(), expected, rtol=EXACT)
    mean = MetricScore(ss.f1, axis=1)
    mean.update(*parts[0][:2])
    with pytest.raises(RuntimeError, match="`axis` leaves the batch out, got"):
        mean.values()
    score.reset()
    with pytest.raises(RuntimeError, match="nothing to compute"):
        score.values()


def test_scores_of_several_streams_merge(MetricScore):
    """Also one that has seen no batch, either way; and of a mean over the examples."""
    parts, (scores, labels, _, _) = batches((90, 3))
    for axis in (0, 1, None):
        options = {"threshold": 0.5, "axis": axis}
        streams = [MetricScore(ss.f1, **options) for _ in range(5)]
        for stream, (x, y, _, _) in zip(streams[1:], parts, strict=False):
            stream.update(x, y)
        for stream in streams[1:]:
            streams[0].merge_state(stream)
            streams[0].compute()  # a result that is kept would be that of fewer
        expected = ss.as_score(ss.f1, **options)(labels, scores.double())
        assert streams[0].compute().item() == pytest.approx(expected.item(), rel=EXACT)
        assert streams[0].update_called
        with pytest.raises(ValueError, match="`incoming_state` must be a MetricScore with the opt"):
            streams[0].merge_state(MetricScore(ss.f1, threshold=0.3, axis=axis))
    for other in (MetricScore(ss.macro(ss.f1, axis=1), threshold=0.5, axis=1), {"counts": 0}, 3):
        with pytest.raises(ValueError, match="`incoming_state` must be a MetricScore with the opt"):
            streams[0].merge_state(other)
    one, other = (MetricScore(ss.f1, axis=0) for _ in range(2))
    one.update(*tensors((30, 3)))
    other.update(*tensors((30, 2)))
    with pytest.raises(ValueError, match=r"`incoming_state` must .* shape \(2,\) after \(3,\)"):
        one.merge_state(other)


@pytest.mark.parametrize("logits", [False, True], ids=["probabilities", "logits"])
@pytest.mark.parametrize("axis", [None, 0])
def test_an_exact_area_of_a_stream_is_scikit_learns(MetricScore, axis, logits):
    """Of scores that no usual grid tells apart, with ties, weights and a mask over NaN."""
    parts, (scores, labels, weights, mask) = batches((90, 3), logits)
    scale = (lambda x: x.round(decimals=1)) if logits else (lambda x: x.round(decimals=1) / 100)
    areas = {ss.auroc: sklearn.roc_auc_score, ss.average_precision: sklearn.average_precision_score}
    for metric, theirs in areas.items():
        score = MetricScore(metric, axis=axis, from_logits=logits)
        assert repr(score).startswith(f"MetricScore({metric.__name__}")
        assert "threshold" not in repr(score)
        for i, (x, y, w, m) in enumerate(parts):
            x = torch.where(m, scale(x), torch.nan)
            one = score if i else score.update
            one(x, y, sample_weight=w, where=m)
        kept = np.where(mask, weights.float(), 0.0)
        rows = scale(scores).numpy()
        if axis is None:
            each = theirs(labels.ravel(), rows.ravel(), sample_weight=kept.ravel())
        else:
            each = [theirs(labels[:, i], rows[:, i], sample_weight=kept[:, i]) for i in range(3)]
        found = score.compute()
        assert found.dtype == torch.float64 and found.shape == ()
        assert found.item() == pytest.approx(np.mean(each), rel=1e-12)
        np.testing.assert_allclose(score.values(), each, rtol=1e-12)
        assert score.confusion.tp.shape[-1] == (270 if axis is None else 90)


def test_the_stream_of_an_exact_area_is_one(MetricScore):
    score = MetricScore(ss.auroc, axis=0)
    with pytest.raises(RuntimeError, match="nothing to compute"):
        score.values()
    parts, (scores, labels, _, _) = batches((90, 3))
    score.update(scores[:0], labels[:0])
    with pytest.raises(RuntimeError, match="nothing to compute"):
        _ = score.confusion
    for x, y, _, _ in parts[:2]:
        score.update(x, y)
    others = [
        copy.deepcopy(score),
        pickle.loads(pickle.dumps(score)),
        MetricScore(ss.auroc, axis=0),
    ]
    others[2].merge_state(score)
    expected = ss.as_score(ss.auroc, axis=0)(labels, scores.double()).item()
    for one in (score, *others):
        one.update(*parts[2][:2])
        assert one.compute().item() == pytest.approx(expected, rel=EXACT)
    with pytest.raises(ValueError, match=r"`input` must .* scores of shape \(None, 2\) after"):
        score.update(scores[:, :2], labels[:, :2])
    with pytest.raises(ValueError, match="`incoming_state` must be a MetricScore with the options"):
        score.merge_state(MetricScore(ss.auroc, axis=0, thresholds=ss.grid(9)))
    assert len(torch.nn.ModuleList([score]).to("meta")[0].confusion.tp) == 3
    score.reset()
    assert not score.update_called
    score = MetricScore(ss.auroc, axis=0)
    score.update(*parts[0][:2])
    score.reset()
    score.update(*parts[1][:2])
    expected = ss.as_score(ss.auroc, axis=0)(parts[1][1], parts[1][0].double()).item()
    assert score.compute().item() == pytest.approx(expected, rel=EXACT)
    with pytest.raises(ValueError, match="`axis` must name the batch's axis as 0"):
        MetricScore(ss.auroc, axis=-2).update(*parts[0][:2])


@pytest.mark.filterwarnings(
    "ignore:.*undefined for row:UserWarning", "ignore:.*must lie between:UserWarning"
)
def test_the_mean_over_examples_of_an_exact_area(MetricScore):
    """Those of one class have none, and are no part of the mean whatever the batches."""
    rng = np.random.default_rng(7)
    scores, labels = torch.tensor(rng.uniform(size=(9, 6))), torch.tensor(rng.uniform(size=(9, 6)))
    labels = labels < 0.5
    labels[[0, 4, 5]] = False
    for options in ({}, {"thresholds": ss.grid(9)}):
        score = MetricScore(ss.auroc, axis=1, **options)
        for rows in torch.arange(9).split(2):
            score.update(scores[rows], labels[rows])
        c = ss.sweep(labels, scores, axis=1).confusion
        if options:
            c = ss.confusion(labels, scores, axis=1, step=ss.Hard(), **options)
            expected = ss.auroc(c)[labels.any(1) & ~labels.all(1)]
        else:
            seen = labels.any(1) & ~labels.all(1)
            pairs = zip(labels[seen], scores[seen], strict=True)
            each = [sklearn.roc_auc_score(y, x) for y, x in pairs]
            expected = torch.tensor(each, dtype=torch.float64)
        with pytest.warns(UserWarning, match="is undefined for row"):
            found = MetricScore(ss.auroc, axis=1, **options)(scores, labels)
        assert found.item() == pytest.approx(expected.mean().item(), rel=EXACT)
        assert score.compute().item() == pytest.approx(expected.mean().item(), rel=EXACT)


def test_samples_of_a_stream_are_scikit_learns(MetricScore):
    """The mean over the examples by their weights, whatever the batches."""
    _, (scores, labels, _, _) = batches((90, 5))
    weights = torch.tensor(np.random.default_rng(8).uniform(0, 3, (90, 1)))
    weights[3] = 0
    for name in ("f1", "precision", "jaccard"):
        score = MetricScore(ss.samples(getattr(ss, name)), threshold=0.5, axis=1)
        for x, y, w in zip(*(a.split([50, 33, 7]) for a in (scores, labels, weights)), strict=True):
            score.update(x, y, sample_weight=w)
        expected = getattr(sklearn, f"{name}_score")(
            labels, scores >= 0.5, average="samples", sample_weight=weights[:, 0], zero_division=0
        )
        # The counts of a batch are sums of float32 weights.
        assert score.compute().item() == pytest.approx(expected, rel=SINGLE)
    grid = MetricScore(ss.samples(ss.f1), thresholds=(0.3, 0.6), axis=1)
    grid.update(scores, labels)
    whole = ss.as_score(ss.samples(ss.f1), thresholds=(0.3, 0.6), axis=1)(labels, scores.double())
    assert grid.compute().item() == pytest.approx(whole.item(), rel=EXACT)
    images = MetricScore(ss.samples(ss.f1, axis=0), threshold=0.5, axis=2)
    with pytest.raises(ValueError, match="`axis` must leave just the axis of the examples"):
        images.update(torch.rand(4, 3, 5), torch.rand(4, 3, 5) < 0.5)


def test_plot_is_that_of_torchmetrics(MetricScore):
    score = MetricScore(ss.f1, axis=0)
    score.update(*tensors((30, 3)))
    if not any(base.__module__.startswith("torchmetrics") for base in MetricScore.__mro__):
        with pytest.raises(ModuleNotFoundError, match="plot draws with torchmetrics"):
            score.plot()
        return
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = score.plot()
    assert float(axes.lines[0].get_ydata()[0]) == pytest.approx(score.compute().item())
    plt.close(figure)
    figure, axes = score.plot([score.compute(), score.compute()])
    assert len(axes.lines[0].get_ydata()) == 2
    plt.close(figure)
    figure, axes = score.plot(score.values())
    assert [float(x.get_ydata()[0]) for x in axes.lines] == pytest.approx(score.values().tolist())
    plt.close(figure)


def test_batch_without_rows_adds_zeros(MetricScore):
    score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    scores, labels = tensors((30, 3))
    score.update(scores[:0], labels[:0])
    assert torch.equal(score.confusion.tp, torch.zeros(3, dtype=torch.float64))
    score.update(scores, labels)
    before = score.confusion
    score.update(scores[:0], labels[:0])
    assert score(scores[:0], labels[:0]) == 0
    assert all(map(torch.equal, score.confusion, before))
    with pytest.raises(ValueError, match="one_hot"):  # shapes are looked at all the same
        score.update(scores[:0], labels[:0, 0])
    with pytest.raises(ValueError, match="must not be empty"):
        score.update(scores[:, :0], labels[:, :0])


def test_stream_warns_of_an_area_as_a_score_does(MetricScore):
    score = MetricScore(ss.auroc, thresholds=torch.tensor([0.3, 0.5]), axis=0)
    score.update(
        torch.tensor([[0.1, 0.1], [0.2, 0.6], [0.3, 0.1]]), torch.tensor([[1, 1], [0, 0], [1, 1]])
    )
    score.update(torch.tensor([[0.1, 0.1], [0.2, 0.1]]), torch.tensor([[1, 1], [0, 0]]))
    with pytest.warns(UserWarning, match=r"of label 0 below 0\.3, which auroc counts as equal"):
        score.compute()


def test_other_classes(MetricScore):
    score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    score.update(*tensors((30, 3)))
    with pytest.raises(ValueError, match=r"counts of shape \(1,\) after \(3,\); call reset\(\)"):
        score.update(*tensors((30, 1)))
    score.reset()
    score.update(*tensors((30, 1)))


# MetricScore and torchmetrics


@torchmetrics_installed
def test_values_are_those_of_torchmetrics():
    tm = importlib.import_module("torchmetrics.classification")
    pairs = {
        ss.f1: tm.BinaryF1Score(),
        ss.matthews_corrcoef: tm.BinaryMatthewsCorrCoef(),
        ss.specificity: tm.BinarySpecificity(),
    }
    parts, _ = batches((90,))
    for metric, theirs in pairs.items():
        ours = sbt.MetricScore(metric)
        for x, y, _, _ in parts:
            assert ours(x, y).item() == pytest.approx(theirs(x, y).item(), rel=SINGLE)
        assert ours.compute().item() == pytest.approx(theirs.compute().item(), rel=SINGLE)

    theirs = tm.MulticlassF1Score(num_classes=4, average="macro")
    ours = sbt.MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
    rng = np.random.default_rng(1)
    for n in (50, 30, 9):
        scores = torch.tensor(rng.uniform(size=(n, 4)), dtype=torch.float32)
        target = torch.tensor(rng.integers(4, size=n))
        theirs.update(scores, target)
        ours.update(ss.one_hot(scores.argmax(1), 4).float(), ss.one_hot(target, 4))
    assert ours.compute().item() == pytest.approx(theirs.compute().item(), rel=SINGLE)


@torchmetrics_installed
def test_torchmetrics_takes_it_for_its_own():
    torchmetrics = importlib.import_module("torchmetrics")
    score = sbt.MetricScore(ss.f1)
    assert isinstance(score, torchmetrics.Metric)
    parts, (scores, labels, _, _) = batches((90,))
    expected = ss.as_score(ss.f1)(labels, scores.double()).item()

    first, rest = score.clone(), score.clone()
    first.update(*parts[0][:2])
    for x, y, _, _ in parts[1:]:
        rest.update(x, y)
    first.merge_state(rest)
    assert first.compute().item() == pytest.approx(expected, rel=EXACT)

    first.persistent(True)
    score.load_state_dict(first.state_dict())
    with pytest.warns(UserWarning, match="before the ``update``"):
        assert score.compute().item() == pytest.approx(expected, rel=EXACT)

    doubled = 2 * first
    assert doubled.compute().item() == pytest.approx(2 * expected, rel=EXACT)


@torchmetrics_installed
def test_tracker_knows_the_direction():
    torchmetrics = importlib.import_module("torchmetrics")
    tracker = torchmetrics.MetricTracker(sbt.MetricScore(ss.error_rate))
    for wrong in (1, 0, 2):
        tracker.increment()
        tracker.update(torch.tensor([0.9, 0.8, 0.2]), torch.arange(3) >= wrong)
    assert tracker.compute_all().tolist() == pytest.approx([2 / 3, 1 / 3, 1], rel=EXACT)
    assert tracker.best_metric() == pytest.approx(1 / 3, rel=EXACT)


@torchmetrics_installed
def test_collection():
    torchmetrics = importlib.import_module("torchmetrics")
    metrics = {"f1": ss.f1, "mcc": ss.matthews_corrcoef, "error": ss.error_rate}
    scores = {name: sbt.MetricScore(metric) for name, metric in metrics.items()}
    scores["low"] = sbt.MetricScore(ss.f1, threshold=0.3)
    collection = torchmetrics.MetricCollection(scores)
    # At 0.3 and at 0.5 the first batch counts alike, the second does not.
    first = torch.tensor([0.9, 0.8, 0.2, 0.1]), torch.tensor([1, 0, 1, 0])
    second = torch.tensor([0.4, 0.8, 0.4, 0.1]), torch.tensor([1, 1, 0, 0])
    for x, y in (first, second):
        collection.update(x, y, sample_weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0] * 2)
    scores, labels = (torch.cat(pair) for pair in zip(first, second, strict=True))
    found = collection.compute()
    for name, metric in (metrics | {"low": ss.f1}).items():
        score = ss.as_score(metric, threshold=0.3 if name == "low" else 0.5)
        expected = score(labels, scores.double(), sample_weight=weights.double())
        assert found[name].item() == pytest.approx(expected.item(), rel=EXACT)
    # Those that count alike share their counts.
    assert sorted(map(sorted, collection.compute_groups.values())) == [
        ["error", "f1", "mcc"],
        ["low"],
    ]


@torchmetrics_installed
def test_collection_of_areas_keeps_the_scores_once():
    torchmetrics = importlib.import_module("torchmetrics")
    areas = {"auroc": ss.auroc, "ap": ss.average_precision}
    scores = {name: sbt.MetricScore(metric) for name, metric in areas.items()}
    scores["f1"] = sbt.MetricScore(ss.f1)
    collection = torchmetrics.MetricCollection(scores)
    parts, (scores, labels, _, _) = batches((90,))
    for x, y, _, _ in parts:
        collection.update(x, y)
    assert sorted(map(sorted, collection.compute_groups.values())) == [["ap", "auroc"], ["f1"]]
    found = collection.compute()
    expected = (
        sklearn.roc_auc_score(labels, scores),
        sklearn.average_precision_score(labels, scores),
    )
    assert [found[x].item() for x in areas] == pytest.approx(expected, rel=EXACT)


@torchmetrics_installed
def test_areas_are_those_of_torchmetrics():
    """With thresholds=None theirs are exact too; in float32."""
    tm = importlib.import_module("torchmetrics.classification")
    rng = np.random.default_rng(9)
    scores = torch.tensor(rng.uniform(size=(200, 4)).round(2), dtype=torch.float32)
    labels = torch.tensor(rng.uniform(size=(200, 4)) < 0.3)
    pairs = {
        ss.auroc: tm.MultilabelAUROC(num_labels=4, average="none"),
        ss.average_precision: tm.MultilabelAveragePrecision(num_labels=4, average="none"),
    }
    for metric, theirs in pairs.items():
        ours = sbt.MetricScore(metric, axis=0)
        for rows in torch.arange(200).split(70):
            ours.update(scores[rows], labels[rows])
            theirs.update(scores[rows], labels[rows].long())
        np.testing.assert_allclose(ours.values(), theirs.compute(), rtol=SINGLE)


@torchmetrics_installed
@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_is_that_of_torchmetrics(k):
    tm = importlib.import_module("torchmetrics.classification")
    rng = np.random.default_rng(10)
    scores = torch.tensor(rng.uniform(size=(90, 5)))
    numbers = torch.tensor(rng.integers(5, size=90))
    theirs = tm.MulticlassAccuracy(num_classes=5, top_k=k, average="micro")
    ours = sbt.MetricScore(ss.micro(ss.recall), step=ss.TopK(k), axis=0)
    for rows in torch.arange(90).split(40):
        theirs.update(scores[rows], numbers[rows])
        ours.update(scores[rows], ss.one_hot(numbers[rows], 5))
    assert ours.compute().item() == pytest.approx(theirs.compute().item(), rel=SINGLE)


# MetricScore on several processes


@pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32", reason="gloo is missing"
)
def test_two_processes(tmp_path):
    script = ROOT / "tests" / "processes" / "torch_scores.py"
    paths = [str(ROOT), str(ROOT / "backends"), os.environ.get("PYTHONPATH", "")]
    others = "plain" if find_spec("torchmetrics") is None else "torchmetrics"
    done = subprocess.run(
        [sys.executable, script, tmp_path / "store", others],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0 and done.stdout == "both done\n", done.stderr[-3000:]
