"""The kernel's closed-form gradient as the backward pass of autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch._C import _len_torch_dispatch_stack
from torch.autograd import forward_ad

from softset._types import Confusion, Reduce
from softset.gradients import count_again, first_pass, loss_and_slopes, second_pass
from softset.losses import Loss, reduced

from .options import LOSS_NAMES, at

# Up to so many scores PyTorch uses one thread, and so few threads are no faster than NumPy's one,
# which waits for no other; a grid of thresholds is looked up by one thread whatever its length.
_SMALL = 2**15
_FEW_THREADS = 2

_DENSE = (torch.Tensor, torch.nn.Parameter)


def evaluate(
    loss: Loss, y_true: Any, y_prob: Any, sample_weight: Any, where: Any, reduce: Reduce | None
) -> Any:
    """Return the loss; its gradient is the closed form wherever that is the whole gradient.

    A compiler makes two passes of the plain loss itself.
    """
    inputs = (y_true, y_prob, sample_weight, where)
    if torch.compiler.is_compiling() or not _suits(loss, *inputs):
        return loss.of_arguments(loss.arguments(*inputs, LOSS_NAMES), reduce)
    # Buffers may change before the gradient is asked for.
    loss = at(loss, _copy(loss.threshold), _copy(loss.thresholds))
    if reduce is None and loss.metric_is_own and y_prob.is_cpu:
        return _Closed.apply(loss, True, *inputs)
    counts = Confusion(*_Closed.apply(loss, False, *inputs))
    return loss.of_counts(counts if reduce is None else reduced(reduce, counts))


class _Closed(torch.autograd.Function):
    """A loss, or its four counts, with a backward pass that writes one gradient.

    Of a loss of softset's own metrics the slopes are known here too: they are arithmetic on four
    numbers. Other metrics are left to autograd, and so is what `reduce` does.
    """

    @staticmethod
    def forward(ctx: Any, loss: Loss, whole: bool, *inputs: Any) -> Any:
        """Return the loss or the counts."""
        ctx.loss, ctx.whole = loss, whole
        ctx.save_for_backward(*inputs)
        if not whole:
            counts, ctx.first = first_pass(loss.arguments(*_detached(inputs), names=LOSS_NAMES))
            ctx.seen = ctx.first.batch.seen
            return tuple(x.clone() for x in counts)  # `reduce` may write to them
        size = inputs[1].numel()
        small = size <= _SMALL or torch.get_num_threads() <= _FEW_THREADS
        if (small or loss.thresholds is not None) and _all_on_cpu(loss, inputs):
            # The same memory as NumPy's.
            loss = at(loss, _view(loss.threshold), _view(loss.thresholds))
            given = [_view(x) for x in inputs]
        else:
            given = _detached(inputs)
        call = loss.arguments(*given, names=LOSS_NAMES)
        value, ctx.slopes, ctx.first = loss_and_slopes(loss, call)
        ctx.seen = ctx.first.batch.seen
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
        return None, None, None, gradient.to(inputs[1].dtype), None, None


def _closed(ctx: Any, first: Any, slope: tuple[Any, ...]) -> torch.Tensor:
    """Return the gradient by the second pass."""
    if not ctx.whole:
        return second_pass(first, slope)
    factor = slope[0].item()
    slopes = ctx.slopes if factor == 1 else tuple([x * factor for x in ctx.slopes])
    return _tensor(second_pass(first, slopes))


def _detached(inputs: tuple[Any, ...]) -> list[Any]:
    return [x if x is None else x.detach() for x in inputs]


def _all_on_cpu(loss: Loss, inputs: tuple[Any, ...]) -> bool:
    for x in (*inputs, loss.threshold, loss.thresholds):
        if isinstance(x, torch.Tensor) and not x.is_cpu:
            return False
    return True


def _copy(x: Any) -> Any:
    return x.detach().clone() if isinstance(x, torch.Tensor) else x


def _view(x: Any) -> Any:
    """Return a tensor as NumPy's array, bfloat16, which it lacks, as float32."""
    if not isinstance(x, torch.Tensor):
        return x
    x = x.detach()
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _tensor(x: Any) -> torch.Tensor:
    return x if isinstance(x, torch.Tensor) else torch.from_numpy(np.asarray(x))


def _by_autograd(ctx: Any, inputs: tuple[Any, ...], slope: tuple[Any, ...], following: bool) -> Any:
    """Return the gradient by the plain loss, so that it can be differentiated in its turn."""
    loss, (y_true, y_prob, sample_weight, where) = ctx.loss, inputs
    with torch.enable_grad():
        y_prob = y_prob.view_as(y_prob)  # the hooks of the scores themselves are called later
        # Not by `loss`: the values were checked before, if at all.
        counts = count_again(loss.arguments(y_true, y_prob, sample_weight, where), ctx.seen)
        value = loss.of_counts(counts) if ctx.whole else tuple(counts)
        return torch.autograd.grad(value, y_prob, slope, create_graph=following)[0]


def _suits(loss: Loss, y_true: Any, y_prob: Any, sample_weight: Any, where: Any) -> bool:
    """Tell whether the scores, of which there are some, are all that has a gradient, eagerly."""
    if not (isinstance(y_prob, torch.Tensor) and y_prob.requires_grad and torch.is_grad_enabled()):
        return False
    for x in (y_prob, y_true, sample_weight, where):
        if x is None:
            continue
        if type(x) not in _DENSE or x.layout is not torch.strided or x.is_nested:
            return False
        # Autograd may save neither of these two.
        if x.is_neg() or x.is_inference() or (x.requires_grad and x is not y_prob):
            return False
    for x in (loss.threshold, loss.thresholds):
        if isinstance(x, torch.Tensor) and x.requires_grad:
            return False
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return False
    return loss.step_is_own and not _len_torch_dispatch_stack() and y_prob.numel() > 0
