"""The kernel's closed-form gradient as the backward pass of autograd."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch._C import _len_torch_dispatch_stack
from torch.autograd import forward_ad

from softset import Confusion
from softset._arrays import library
from softset._counting.arguments import Arguments, arrive, prepare
from softset._counting.count import count
from softset._counting.pieces import first_pass, second_pass
from softset._types import Reduce
from softset.averages import Macro, Micro, Weighted
from softset.gradients import count_slopes
from softset.losses import Loss, reduced
from softset.metrics.options import Bound
from softset.steps import is_own

# Up to so many scores PyTorch uses one thread, and so few threads are no faster than NumPy's one,
# which waits for no other; a grid of thresholds is looked up by one thread whatever its length.
_SMALL = 2**15
_FEW_THREADS = 2


def evaluate(
    loss: Loss, y_true: Any, y_prob: Any, sample_weight: Any, where: Any, reduce: Reduce | None
) -> Any:
    """Return the loss; its gradient is the closed form wherever that is the whole gradient."""
    inputs = (y_prob, y_true, sample_weight, where)
    if not _suits(loss, *inputs) or (reduce is not None and 0 in y_prob.shape):
        return loss(y_true, y_prob, sample_weight=sample_weight, where=where, reduce=reduce)
    # Buffers may change before the gradient is asked for.
    if any(isinstance(x, torch.Tensor) for x in (loss.threshold, loss.thresholds)):
        loss = replace(loss, threshold=_copy(loss.threshold), thresholds=_copy(loss.thresholds))
    if reduce is None and y_prob.device.type == "cpu" and _is_own(loss.metric):
        return _Closed.apply(loss, True, *inputs)
    counts = Confusion(*_Closed.apply(loss, False, *inputs))
    return loss.of_counts(counts if reduce is None else reduced(reduce, counts))


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
        small = inputs[0].numel() <= _SMALL or torch.get_num_threads() <= _FEW_THREADS
        if whole and (small or loss.thresholds is not None):
            arguments = _in_numpy(arguments)
        counts, ctx.first = first_pass(arguments)
        ctx.seen = ctx.first.batch.seen
        if not whole:
            return tuple(x.clone() for x in counts)  # `reduce` may write to them
        c = Confusion(*map(np.asarray, counts))
        value, ctx.slope = count_slopes(library(c._fields, c), loss, c)
        return _tensor(value)

    @staticmethod
    def backward(ctx: Any, *slope: Any) -> Any:
        """Return the gradient in the scores."""
        inputs, following = ctx.saved_tensors, torch.is_grad_enabled()
        first = ctx.first
        if not torch._C._autograd._get_current_graph_task_keep_graph():  # pyright: ignore[reportAttributeAccessIssue]
            ctx.first = None  # autograd frees what it saved itself
        if following or torch._C._are_functorch_transforms_active():
            gradient = _by_autograd(ctx, inputs, slope, following)
        else:
            try:
                gradient = _closed(ctx, first, slope)
            except RuntimeError:  # many directions at once, which hide their values
                gradient = _by_autograd(ctx, inputs, slope, following)
        return None, None, gradient.to(inputs[0].dtype), None, None, None


def _closed(ctx: Any, first: Any, slope: tuple[Any, ...]) -> torch.Tensor:
    """Return the gradient by the second pass."""
    if not ctx.whole:
        return second_pass(first, slope)
    factor = slope[0].item()
    slopes = tuple(x * factor for x in ctx.slope)
    if isinstance(first.arguments.y_prob, torch.Tensor):
        return second_pass(first, tuple(map(_tensor, slopes)))
    return _tensor(second_pass(first, slopes))


def _copy(x: Any) -> Any:
    return x.detach().clone() if isinstance(x, torch.Tensor) else x


def _arguments(loss: Any, inputs: Any) -> Arguments:
    """Return what the kernel counts, in its order."""
    y_prob, y_true, *others = (x if x is None else x.detach() for x in inputs)
    return loss.arguments(y_true, y_prob, *others)


def _in_numpy(arguments: Arguments) -> Arguments:
    """Return the same memory as NumPy's, bfloat16, which it lacks, as float32."""
    if any(x.device.type != "cpu" for x in arguments if isinstance(x, torch.Tensor)):
        return arguments
    _, names, *call = arguments
    views = [_view(x) if isinstance(x, torch.Tensor) else x for x in call]
    return arrive(*views, names)


def _view(x: torch.Tensor) -> Any:
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _tensor(x: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(x))


def _by_autograd(ctx: Any, inputs: tuple[Any, ...], slope: tuple[Any, ...], following: bool) -> Any:
    """Return the gradient by the plain loss, so that it can be differentiated in its turn."""
    loss, (y_prob, y_true, sample_weight, where) = ctx.loss, inputs
    with torch.enable_grad():
        y_prob = y_prob.view_as(y_prob)  # the hooks of the scores themselves are called later
        # Not by `loss`: the values were checked before, if at all.
        batch = prepare(loss.arguments(y_true, y_prob, sample_weight, where), seen=ctx.seen)
        counts = Confusion(*count(batch, loss.step))
        value = loss.of_counts(counts) if ctx.whole else tuple(counts)
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
    tensors = [y_prob, *(x for x in others if x is not None)]
    if not all(_is_plain(x) for x in tensors) or _len_torch_dispatch_stack():
        return False
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return False
    return is_own(loss.step)


def _is_plain(x: Any) -> bool:
    """Tell whether x is a dense tensor, of no subclass, that autograd may save."""
    return (
        type(x) in (torch.Tensor, torch.nn.Parameter)
        and x.layout is torch.strided
        and not (x.is_neg() or x.is_inference())
    )


def _is_own(metric: Any) -> bool:
    """Tell whether a metric is one of softset's, which hold no tensors and run on NumPy."""
    if isinstance(metric, (Macro, Micro, Weighted)):
        return _is_own(metric.metric)
    if isinstance(metric, Bound):
        fixed = [*metric.args, *(x for _, x in metric.options)]
        return _is_own(metric.metric) and all(isinstance(x, (int, float)) for x in fixed)
    # By identity: functools.wraps gives other functions the name of a module of softset's.
    home, name = getattr(metric, "__module__", ""), getattr(metric, "__name__", "")
    own = home.partition(".")[0] == "softset"
    return own and getattr(sys.modules.get(home), name, None) is metric
