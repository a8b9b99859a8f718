"""The kernel's closed-form gradient as the backward pass of autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from softset import Confusion, StraightThrough
from softset._batch import Arguments
from softset._bound import Bound
from softset._passes import first_pass, second_pass
from softset._typing import Reduce
from softset.averages import Macro, Micro, Weighted
from softset.gradients import count_slopes
from softset.losses import Loss

# Up to here PyTorch uses one thread, and NumPy spends less on each operation; a grid of
# thresholds is looked up and scattered by one thread whatever its length.
_SMALL = 2**15


def evaluate(
    loss: Loss, y_true: Any, y_prob: Any, sample_weight: Any, where: Any, reduce: Reduce | None
) -> Any:
    """Return the loss; its gradient is the closed form wherever that is the whole gradient."""
    inputs = (y_prob, y_true, sample_weight, where)
    if not _suits(loss, *inputs):
        return loss(y_true, y_prob, sample_weight=sample_weight, where=where, reduce=reduce)
    if reduce is None and y_prob.device.type == "cpu" and _is_own(loss.metric):
        return _Closed.apply(loss, True, *inputs)
    counts = Confusion(*_Closed.apply(loss, False, *inputs))
    return loss.of_counts(counts if reduce is None else reduce(counts))


class _Closed(torch.autograd.Function):
    """A loss, or its four counts, with a backward pass that writes one gradient.

    Of a loss of softset's own metrics the slopes are known here too, by NumPy: they are
    arithmetic on four numbers. Other metrics are left to autograd, and so is what `reduce` does.
    """

    @staticmethod
    def forward(ctx: Any, loss: Loss, whole: bool, *inputs: Any) -> Any:
        """Return the loss or the counts."""
        ctx.loss, ctx.whole = loss, whole
        ctx.save_for_backward(*inputs)
        arguments = _arguments(loss, inputs)
        if whole and (inputs[0].numel() <= _SMALL or loss.thresholds is not None):
            arguments = _in_numpy(arguments)
        counts, ctx.first = first_pass(arguments)
        if not whole:
            return counts
        value, ctx.slope = count_slopes(loss, Confusion(*map(np.asarray, counts)))
        return torch.as_tensor(value)

    @staticmethod
    def backward(ctx: Any, *slope: Any) -> Any:
        """Return the gradient in the scores."""
        inputs, following = ctx.saved_tensors, torch.is_grad_enabled()
        if following or torch._C._are_functorch_transforms_active():
            gradient = _by_autograd(ctx.loss, ctx.whole, inputs, slope, following)
        else:
            try:
                gradient = _closed(ctx, slope)
            except RuntimeError:  # many directions at once, which hide their values
                gradient = _by_autograd(ctx.loss, ctx.whole, inputs, slope, following)
        return None, None, gradient.to(inputs[0].dtype), None, None, None


def _closed(ctx: Any, slope: tuple[Any, ...]) -> torch.Tensor:
    """Return the gradient by the second pass."""
    if not ctx.whole:
        return second_pass(ctx.first, slope)
    factor = slope[0].item()
    slopes = tuple(x * factor for x in ctx.slope)
    if isinstance(ctx.first.arguments.y_prob, torch.Tensor):
        return second_pass(ctx.first, tuple(map(torch.as_tensor, slopes)))
    return torch.as_tensor(second_pass(ctx.first, slopes))


def _arguments(loss: Any, inputs: Any) -> Arguments:
    """Return what the kernel counts, in its order."""
    y_prob, y_true, *others = (x if x is None else x.detach() for x in inputs)
    return loss.arguments(y_true, y_prob, *others)


def _in_numpy(arguments: Arguments) -> Arguments:
    """Return the same memory as NumPy's, bfloat16, which it lacks, as float32."""
    if any(x.device.type != "cpu" for x in arguments if isinstance(x, torch.Tensor)):
        return arguments
    views: Any = (_view(x) if isinstance(x, torch.Tensor) else x for x in arguments)
    return Arguments(*views)


def _view(x: torch.Tensor) -> Any:
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _by_autograd(
    loss: Loss, whole: bool, inputs: tuple[Any, ...], slope: tuple[Any, ...], following: bool
) -> Any:
    """Return the gradient by the plain loss, so that it can be differentiated in its turn."""
    y_prob, y_true, sample_weight, where = inputs
    with torch.enable_grad():
        call = loss if whole else loss.confusion
        value = call(y_true, y_prob, sample_weight=sample_weight, where=where)
        return torch.autograd.grad(value, y_prob, slope, create_graph=following)[0]


def _suits(loss: Loss, y_prob: Any, *others: Any) -> bool:
    """Tell whether this is eager, and the scores are all that a gradient could be wanted in.

    A compiler makes two passes of the plain loss itself.
    """
    if torch.compiler.is_compiling():
        return False
    if not (isinstance(y_prob, torch.Tensor) and y_prob.requires_grad and torch.is_grad_enabled()):
        return False
    held = [*others, loss.threshold, loss.thresholds]
    if any(isinstance(x, torch.Tensor) and x.requires_grad for x in held):
        return False
    if not all(x is None or isinstance(x, torch.Tensor) for x in others):
        return False
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return False
    step = loss.step
    while isinstance(step, StraightThrough):
        step = step.step
    return type(step).__module__.partition(".")[0] == "softset"


def _is_own(metric: Any) -> bool:
    """Tell whether a metric is one of softset's, which hold no tensors and run on NumPy."""
    if isinstance(metric, (Macro, Micro, Weighted)):
        return _is_own(metric.metric)
    if isinstance(metric, Bound):
        fixed = [*metric.args, *(x for _, x in metric.options)]
        return _is_own(metric.metric) and all(isinstance(x, (int, float)) for x in fixed)
    return getattr(metric, "__module__", "").partition(".")[0] == "softset"
