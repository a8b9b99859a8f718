"""The closed form as autograd's backward pass: the same numbers, and used where it may be."""

import functools
import gc
import os
import subprocess
import sys
import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import softset as ss
from tests.support.referees import EXACT

torch = pytest.importorskip("torch", reason="torch is not installed")

from softset._arrays.torch import closed_form, library  # noqa: E402
from softset._counting import pieces  # noqa: E402
from softset_backends.torch import MetricLoss  # noqa: E402

LABELS = torch.tensor(np.random.default_rng(0).uniform(size=(60, 4)) < 0.4)
SCORES = torch.tensor(np.random.default_rng(1).uniform(0.01, 0.99, (60, 4)))
WEIGHTS = torch.tensor(np.random.default_rng(2).uniform(0.5, 2.0, (60, 1)))
KEPT = torch.tensor(np.random.default_rng(3).uniform(size=(60, 4)) < 0.8)


def own(c):
    return c.tp / (c.tp + c.fp + 0.5 * c.fn + 1.0)


LOSSES = {
    "f1": (ss.f1, {}),
    "bound": (partial(ss.fbeta, beta=2.0), {}),
    "smaller": (ss.error_rate, {}),
    "own": (own, {}),
    "macro": (ss.macro(ss.f1), {"axis": 0}),
    "macro of own": (ss.macro(own), {"axis": 0}),
    "per class": (ss.matthews_corrcoef, {"axis": 0, "threshold": (0.2, 0.4, 0.5, 0.7)}),
    "buffer": (ss.f1, {"axis": 0, "threshold": torch.tensor([0.2, 0.4, 0.5, 0.7]).double()}),
    "grid": (ss.f1, {"thresholds": ss.grid(9)}),
    "area": (ss.auroc, {"thresholds": ss.grid(20)}),
    "smooth": (ss.f1, {"step": ss.Sigmoid()}),
    "straight": (ss.f1, {"step": ss.StraightThrough(ss.Sigmoid())}),
    "logits": (ss.f1, {"from_logits": True}),
    "shares": (ss.macro(ss.f1), {"axis": 0, "step": ss.Softmax()}),
    "shares of logits": (ss.macro(ss.f1), {"axis": 0, "step": ss.Softmax(), "from_logits": True}),
    "sharp shares": (ss.f1, {"step": ss.Softmax(sharpness=3.0), "from_logits": True}),
    "decided shares": (
        ss.macro(ss.jaccard),
        {"axis": 0, "step": ss.StraightThrough(ss.Softmax()), "from_logits": True},
    ),
}


def scores(loss, *, dtype=torch.float64):
    given = torch.logit(SCORES) if loss.loss.from_logits else SCORES
    return given.to(dtype).clone().requires_grad_()


def both(call, p):
    value = call(p)
    return value, torch.autograd.grad(value * 3.0, p)[0]


def plain(loss, p, **options):
    """Return the loss as autograd follows it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "is_alone", lambda *arrays: False)
        return loss.loss(LABELS, p, **options)


def is_closed_form(value):
    """Tell whether a closed form is anywhere in the graph of a value."""
    names, nodes = set(), [value.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is not None:
            names.add(type(node).__name__)
            nodes += [x for x, _ in node.next_functions]
    return "InTwoPassesBackward" in names


@pytest.mark.parametrize("small", [0, 2**15], ids=["torch", "numpy"])
@pytest.mark.parametrize("size", [50, 2**17], ids=["pieces", "whole"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_it_agrees_with_the_plain_loss(name, weighted, size, small, monkeypatch):
    monkeypatch.setattr(closed_form, "_SMALL", small)
    monkeypatch.setattr(pieces, "_SIZE", size)
    metric, options = LOSSES[name]
    loss = MetricLoss(metric, **options)
    more = {"sample_weight": WEIGHTS, "where": KEPT} if weighted else {}
    value, gradient = both(lambda p: loss(p, LABELS, **more), scores(loss))
    expected, slope = both(lambda p: plain(loss, p, **more), scores(loss))
    assert is_closed_form(value) and not is_closed_form(expected)
    assert value.dtype == torch.float64 and value.shape == ()
    torch.testing.assert_close(value, expected, rtol=EXACT, atol=0)
    atol = EXACT * slope.abs().max().item()
    torch.testing.assert_close(gradient, slope, rtol=EXACT, atol=atol)


@pytest.mark.parametrize("small", [0, 2**15], ids=["torch", "numpy"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_dtypes(dtype, small, monkeypatch):
    monkeypatch.setattr(closed_form, "_SMALL", small)
    loss = MetricLoss(ss.f1)
    value, gradient = both(lambda p: loss(p, LABELS), scores(loss, dtype=dtype))
    expected, slope = both(lambda p: plain(loss, p), scores(loss, dtype=dtype))
    assert value.dtype == torch.float32 and gradient.dtype == dtype
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
    # A unit in the last place of bfloat16 is 2 ** -7.
    torch.testing.assert_close(
        gradient, slope, rtol=1e-5 if dtype == torch.float32 else 1e-2, atol=0
    )


@pytest.mark.parametrize("name", ["smooth", "own", "macro", "shares of logits"])
def test_second_derivatives(name):
    metric, options = LOSSES[name]
    loss = MetricLoss(metric, **{"step": ss.Sigmoid(), **options})
    p = scores(loss)[:12].detach().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: loss(x, LABELS[:12]), p)
    assert torch.autograd.gradcheck(lambda x: loss(x, LABELS[:12]), p)


# Rows that are shorter than a vector, longer ones, and classes that are not the last axis.
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((300, 5), 1), ((300, 40), 1), ((20000, 20), 1), ((90000, 4), 1), ((2, 6, 40, 30), 1)],
)
def test_macro_f1_of_shares_is_as_by_hand(shape, axis, threads):
    generator = torch.Generator().manual_seed(7)
    others = tuple(i for i in range(len(shape)) if i != axis)
    classes = torch.randint(shape[axis], [shape[i] for i in others], generator=generator)
    y = torch.movedim(torch.nn.functional.one_hot(classes, shape[axis]), -1, axis)
    loss = MetricLoss(ss.macro(ss.f1), axis=others, step=ss.Softmax(axis=axis), from_logits=True)

    def by_hand(z):
        hit = torch.softmax(z, axis)
        tp, hits = (hit * y).sum(others), hit.sum(others)
        return 1 - (2 * tp / (hits + y.sum(others))).mean()

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        # A share is rounded twice, a sum of float32 numbers a few times.
        for dtype, exactly in ((torch.float64, 1e-12), (torch.float32, 2e-6)):
            z = (4 * torch.randn(shape, dtype=torch.float64, generator=generator)).to(dtype)
            z.requires_grad_()
            expected, slope = both(by_hand, z.detach().double().requires_grad_())
            value, gradient = both(lambda z: loss(z, y), z)
            assert is_closed_form(value)
            torch.testing.assert_close(value.double(), expected, rtol=exactly, atol=0)
            atol = exactly * slope.abs().max().item()
            torch.testing.assert_close(gradient.double(), slope, rtol=10 * exactly, atol=atol)
    finally:
        torch.set_num_threads(before)


def test_second_derivatives_flow_through_what_makes_the_scores():
    loss, w = MetricLoss(ss.f1, step=ss.Sigmoid()), torch.tensor(0.7).double().requires_grad_()

    def penalty(call):
        (slope,) = torch.autograd.grad(call(SCORES * w), w, create_graph=True)
        return torch.autograd.grad(slope**2, w)[0]

    expected = penalty(lambda p: plain(loss, p))
    torch.testing.assert_close(penalty(lambda p: loss(p, LABELS)), expected, rtol=1e-12, atol=0)


def test_backward_can_run_twice():
    loss = MetricLoss(ss.f1)
    p = scores(loss)
    value = loss(p, LABELS)
    first = torch.autograd.grad(value, p, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(value, p)[0], first, rtol=0, atol=0)


def dice_of_logits(z, y, axes):
    """Return the mean of 1 - soft Dice and its gradient, in float64."""
    z = z.astype("float64")
    p, lack = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
    tp, both = (p * y).sum(axes, keepdims=True), (p + y).sum(axes, keepdims=True)
    dice = 2 * tp / both
    return 1 - dice.mean(), -(2 * y / both - dice / both) * p * lack / dice.size


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("scale", [1.0, 12.0], ids=["early", "trained"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((700_001,), (0,)), ((8, 3, 150, 170), (0, 2, 3)), ((3, 120_000), (1,)), ((400_000, 3), (0,))],
)
def test_soft_dice_of_many_logits(shape, axes, scale, threads):
    """Far from the threshold as well, where false ones are far below the true ones."""
    rng = np.random.default_rng(5)
    y = (rng.uniform(size=shape) < 0.3).astype("float32")
    z = (rng.normal(2 * y - 1, 1 / scale) * scale).astype("float32")
    z.reshape(-1)[:4] = -60, 60, -17, 17
    value, slopes = dice_of_logits(z, y, axes)
    axis = None if len(axes) == len(shape) else axes
    metric = ss.f1 if axis is None else ss.macro(ss.f1)
    dice = MetricLoss(metric, axis=axis, from_logits=True, step=ss.Identity())
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        given, labels = torch.tensor(z, requires_grad=True), torch.tensor(y)
        found = dice(given, labels)
        first = torch.autograd.grad(found, given, retain_graph=True)[0]
        kept = first.clone()
        second = torch.autograd.grad(3.0 * found, given)[0]
        both = ss.value_and_grad(dice.loss)(labels, given.detach())
        without = dice(given.detach(), labels)
    finally:
        torch.set_num_threads(before)
    for x in (found, both[0], without):  # a float32 number near 1 was taken from 1
        np.testing.assert_allclose(x.item(), value, rtol=1e-6, atol=1.2e-7)
    for x in (first, both[1]):
        np.testing.assert_allclose(x.numpy(), slopes, rtol=2e-6)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_allclose(second, 3 * kept, rtol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_soft_dice_of_images_in_another_order_in_memory(from_logits):
    """The channels of a pixel side by side, columns first, and a part of larger images."""
    shape = (4, 3, 200, 200)
    z = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    z = z if from_logits else z.sigmoid()
    y = (torch.arange(4 * 3 * 200 * 200) % 7 < 3).float().reshape(shape)
    options = {"axis": (0, 2, 3), "from_logits": from_logits, "step": ss.Identity()}
    dice = MetricLoss(ss.macro(ss.f1), **options)
    expected, slopes = both(lambda p: dice(p, y), z.clone().requires_grad_())
    last = {"memory_format": torch.channels_last}
    for p, labels in (
        (z.contiguous(**last), y),
        (z.contiguous(**last), y.contiguous(**last)),
        (z.transpose(2, 3).contiguous().transpose(2, 3), y),
        (torch.cat([z, z], dim=3)[..., :200], y),
    ):
        value, gradient = both(lambda p, labels=labels: dice(p, labels), p.requires_grad_())
        torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
        torch.testing.assert_close(gradient, slopes, rtol=1e-6, atol=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_many_logits_that_are_not_finite(value):
    z = torch.zeros(600_000)
    z[500_000] = value
    dice = MetricLoss(ss.f1, from_logits=True, step=ss.Identity())
    with pytest.raises(ValueError, match=r"hold finite logits, got .* at flat position 500000"):
        dice(z.requires_grad_(), torch.ones(600_000))


def test_scores_changed_in_place_are_an_error_as_ever():
    loss, labels = MetricLoss(ss.f1), LABELS.clone()
    value = loss(scores(loss), labels)
    labels[0] = ~labels[0]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


@pytest.mark.parametrize("metric", [ss.f1, own])
def test_many_directions_at_once(metric, monkeypatch):
    monkeypatch.setattr(pieces, "_SIZE", 50)
    loss = MetricLoss(metric)

    def twice(p):
        value = loss(p, LABELS)
        return torch.stack([value, 2.0 * value])

    slow = torch.autograd.functional.jacobian(twice, SCORES)
    fast = torch.autograd.functional.jacobian(twice, SCORES, vectorize=True)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-18)


class Learned(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5).double())

    def forward(self, c):
        return c.tp / (c.tp + self.weight * (c.fp + c.fn))


def test_a_metric_with_a_parameter_of_its_own_gets_its_gradient():
    metric = Learned()
    loss = MetricLoss(metric)
    value = loss(scores(loss), LABELS)
    assert is_closed_form(value)
    fast = torch.autograd.grad(value, metric.weight)[0]
    slow = torch.autograd.grad(plain(loss, scores(loss)), metric.weight)[0]
    torch.testing.assert_close(fast, slow, rtol=EXACT, atol=0)


def test_a_metric_of_ours_with_a_tensor_among_its_options_is_left_to_autograd():
    def is_own(option):
        return MetricLoss(ss.macro(partial(ss.f1, zero_division=option))).loss.metric_is_own

    assert is_own(1.0) and not is_own(torch.tensor(1.0))


def test_reduce_is_applied_to_the_counts():
    loss, more = MetricLoss(ss.f1), ss.Confusion(*torch.tensor([3.0, 1.0, 2.0, 4.0]).double())
    fast = both(lambda p: loss(p, LABELS, reduce=lambda c: c + more), scores(loss))
    slow = both(lambda p: plain(loss, p, reduce=lambda c: c + more), scores(loss))
    assert is_closed_form(fast[0])
    for x, e in zip(fast, slow, strict=True):
        torch.testing.assert_close(x, e, rtol=EXACT, atol=1e-18)


def test_hooks_of_the_scores_are_called_once():
    w = torch.tensor(0.7).double().requires_grad_()

    def slope(call):
        p = SCORES * w
        p.register_hook(lambda g: 2.0 * g)
        return torch.autograd.grad(call(p), w, create_graph=True)[0]

    loss = MetricLoss(ss.f1, step=ss.Sigmoid())
    expected = slope(lambda p: plain(loss, p))
    torch.testing.assert_close(slope(lambda p: loss(p, LABELS)), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["buffer", "grid in a buffer"])
def test_a_buffer_that_changes_before_the_gradient_does_not_change_it(name):
    options = {"thresholds": torch.linspace(0.1, 0.9, 9).double()}
    metric, options = LOSSES["buffer"] if name == "buffer" else (ss.f1, options)
    loss, changed = MetricLoss(metric, **options), MetricLoss(metric, **options)
    expected = both(lambda p: loss(p, LABELS), scores(loss))[1]
    p = scores(changed)
    value = changed(p, LABELS)
    for buffer in changed.buffers():
        buffer.mul_(0.5)
    gradient = torch.autograd.grad(value * 3.0, p)[0]
    torch.testing.assert_close(gradient, expected, rtol=0, atol=0)


def test_checks_that_were_off_stay_off_for_the_second_derivative():
    loss, p = MetricLoss(ss.f1, step=ss.Sigmoid()), scores(MetricLoss(ss.f1))
    with torch.no_grad():
        p[0, 0] = 1.5
    with ss.checks(False):
        value = loss(p, LABELS)
    (slope,) = torch.autograd.grad(value, p, create_graph=True)
    assert slope[0, 0] == 0 and torch.isfinite(torch.autograd.grad(slope.sum(), p)[0]).all()


def test_nothing_is_held_once_the_gradient_is_known():
    loss = MetricLoss(ss.f1)
    value = loss(scores(loss), LABELS)
    assert value.grad_fn.state is not None
    value.backward()
    assert value.grad_fn.state is None


def test_another_default_device_does_not_matter():
    loss = MetricLoss(ss.f1)
    with torch.device("meta"):
        value, gradient = both(lambda p: loss(p, LABELS), scores(loss))
    assert value.device.type == gradient.device.type == "cpu"


@functools.wraps(ss.f1)
def wrapped(c):
    return torch.log1p(c.tp) / torch.log1p(c.tp + c.fp + c.fn)


def test_a_metric_that_only_has_the_name_of_one_of_ours():
    loss = MetricLoss(wrapped, maximize=True)
    fast, slow = (
        both(f, scores(loss)) for f in (lambda p: loss(p, LABELS), lambda p: plain(loss, p))
    )
    for x, e in zip(fast, slow, strict=True):
        torch.testing.assert_close(x, e, rtol=EXACT, atol=1e-18)


def test_a_step_with_a_parameter_of_its_own_gets_its_gradient():
    delta = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    loss = MetricLoss(ss.f1, step=ss.Linear(delta=delta))
    assert torch.autograd.grad(loss(scores(loss), LABELS), delta)[0] != 0


def test_reduce_may_write_to_the_counts(monkeypatch):
    monkeypatch.setattr(pieces, "_SIZE", 50)
    loss = MetricLoss(ss.f1)

    def add(c):
        c.tp.add_(1.0)
        return c

    assert loss(scores(loss), LABELS, reduce=add) < loss(scores(loss), LABELS)


def own_step(y_prob, threshold):
    return y_prob**2


def inference():
    with torch.inference_mode():
        return LABELS.clone()


@dataclass(frozen=True, kw_only=True)
class HalfShares(ss.Softmax):
    def among(self, lib, scores, *, from_logits):
        return super().among(lib, scores, from_logits=from_logits) / 2


LEFT_TO_AUTOGRAD = {
    "derived step": lambda p: MetricLoss(ss.macro(ss.f1), axis=0, step=HalfShares())(p, LABELS),
    "inference labels": lambda p: MetricLoss(ss.f1)(p, inference()),
    "labels": lambda p: MetricLoss(ss.f1)(p, LABELS.double().requires_grad_()),
    "weights": lambda p: MetricLoss(ss.f1)(
        p, LABELS, sample_weight=WEIGHTS.clone().requires_grad_()
    ),
    "threshold": lambda p: MetricLoss(ss.f1, learn_threshold=True)(p, LABELS),
    "step": lambda p: MetricLoss(ss.f1, step=own_step)(p, LABELS),
    "inner step": lambda p: MetricLoss(ss.f1, step=ss.StraightThrough(own_step))(p, LABELS),
}


@pytest.mark.parametrize("name", LEFT_TO_AUTOGRAD)
def test_what_needs_more_gradients_is_left_to_autograd(name):
    value = LEFT_TO_AUTOGRAD[name](SCORES.clone().requires_grad_())
    assert value.requires_grad and not is_closed_form(value)


def test_nothing_is_kept_where_no_gradient_is_wanted():
    loss = MetricLoss(ss.f1)
    assert not loss(SCORES, LABELS).requires_grad
    with torch.no_grad():
        assert not loss(scores(loss), LABELS).requires_grad


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_numbers_without_gradients_are_those_of_plain_tensors(dtype, monkeypatch):
    """NumPy, which has no bfloat16, finds them as tensors: of this dtype, to be written to."""
    loss, given = ss.as_loss(ss.macro(ss.f1), axis=0), (LABELS, SCORES.to(dtype))

    def found():
        options = {"sample_weight": WEIGHTS.to(dtype), "where": KEPT}
        return (
            loss(*given, **options),
            *ss.value_and_grad(loss)(*given, **options),
            *ss.confusion(*given, axis=0, **options),
            ss.as_score(ss.f1)(*given, **options),
        )

    by_numpy = found()
    monkeypatch.setattr(library, "in_numpy", lambda function, arrays: None)
    for x, y in zip(by_numpy, found(), strict=True):
        # float32 sums of 60 numbers are rounded in another order; half types are counted in it.
        close = EXACT if dtype is torch.float64 else 1e-6
        close = 2e-3 if dtype is torch.float16 and x.dtype is dtype else close
        torch.testing.assert_close(x, y, rtol=close, atol=close)
        x += 1


def test_function_transforms_and_forward_mode():
    loss = MetricLoss(ss.f1, step=ss.Sigmoid())
    gradient = torch.func.grad(lambda p: loss(p, LABELS))(SCORES)
    expected = both(lambda p: loss(p, LABELS) / 3.0, scores(loss))[1]
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-18)
    rows = torch.func.vmap(lambda p, y: loss(p, y))(SCORES, LABELS)
    one = torch.stack([loss(p, y) for p, y in zip(SCORES, LABELS, strict=True)])
    torch.testing.assert_close(rows, one, rtol=1e-12, atol=0)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(scores(loss), torch.ones_like(SCORES))
        slope = torch.autograd.forward_ad.unpack_dual(loss(dual, LABELS)).tangent
    torch.testing.assert_close(slope, expected.sum(), rtol=1e-12, atol=0)


def test_errors_name_the_arguments_of_the_module():
    loss = MetricLoss(ss.f1)
    with pytest.raises(ValueError, match=r"`input` must hold probabilities in \[0, 1\], got 1.5"):
        loss(torch.full_like(SCORES, 1.5).requires_grad_(), LABELS)
    with pytest.raises(ValueError, match="`target` and `input` must have one shape"):
        loss(scores(loss), LABELS[:5])
    with pytest.raises(TypeError, match="`target` must be an array"):
        loss(scores(loss), 1)


@pytest.mark.parametrize("role", ["labels", "weights", "threshold"])
def test_one_tensor_in_two_places_gets_both_gradients(role):
    """Against those of two tensors of the same values."""

    def value(p, q):
        if role == "labels":
            return ss.as_loss(ss.f1)(q, p)
        if role == "weights":
            return ss.as_loss(ss.f1)(LABELS, p, sample_weight=q)
        return ss.as_loss(ss.f1, threshold=q)(LABELS, p)

    p, q = (SCORES.clone().requires_grad_() for _ in range(2))
    expected = sum(torch.autograd.grad(value(p, q), (p, q)))
    torch.testing.assert_close(
        torch.autograd.grad(value(p, p), p)[0], expected, rtol=1e-12, atol=1e-16
    )


def test_arrays_are_let_go_with_the_graph():
    p = SCORES.clone().requires_grad_()
    labels, weights = LABELS.clone(), WEIGHTS.clone()
    value = ss.as_loss(ss.f1)(labels, p * 1.0, sample_weight=weights)
    held = [weakref.ref(x) for x in (labels, weights)]
    value.backward()
    del labels, weights
    gc.collect()
    assert [x() for x in held] == [None, None] and value.grad_fn is not None


def test_an_exported_training_step_keeps_its_gradient():
    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(0.7).double())

        def forward(self, y, x):
            return ss.as_loss(ss.f1)(y, torch.sigmoid(x * self.weight))

    step, given = Step(), (LABELS.double(), torch.logit(SCORES))
    expected = torch.autograd.grad(step(*given), step.weight)[0]
    exported = torch.export.export(step, given, strict=True).module()
    exported(*given).backward()
    found = next(iter(exported.parameters())).grad
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


FIRST = """
import sys
import torch
import softset as ss
y, p = torch.arange(40) % 3 == 0, torch.linspace(0.01, 0.99, 40, dtype=torch.float64)
step = ss.Linear() if sys.argv[1] == "bias_score" else ss.StraightThrough(ss.Sigmoid())
gradient = ss.value_and_grad(ss.as_loss(getattr(ss, sys.argv[1]), step=step, maximize=True))
found = torch.compile(gradient, fullgraph=True, backend="eager")(y, p)
for x, expected in zip(found, gradient(y, p), strict=True):
    torch.testing.assert_close(x, expected, rtol=1e-12, atol=1e-16)
print("the same")
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("metric", ["bias_score", "f1"])
def test_first_call_of_a_process_may_be_compiled(metric):
    """What a compiler reads has to be loaded before: it does not see what an import changes."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", FIRST, metric]
    env = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.stdout.strip() == "the same", done.stderr
