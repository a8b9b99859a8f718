"""A gradient in closed form as the backward pass of autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch._C import _len_torch_dispatch_stack

# Up to so many scores PyTorch uses one thread, and so few threads are no faster than NumPy's one,
# which waits for no other.
_SMALL = 2**15
_FEW_THREADS = 2

_DENSE = (torch.Tensor, torch.nn.Parameter)


def is_alone(y_prob: Any, others: tuple[Any, ...]) -> bool:
    """Tell whether the scores, of which there are some, are all that has a gradient, eagerly."""
    if not (y_prob.requires_grad and torch.is_grad_enabled() and y_prob.numel()):
        return False
    for x in (y_prob, *others):
        if not isinstance(x, torch.Tensor):
            continue
        if type(x) not in _DENSE or (x.requires_grad and x is not y_prob):
            return False
        # Autograd may save neither of these two.
        if x.is_neg() or x.is_inference():
            return False
    return not _len_torch_dispatch_stack()


class InTwoPasses(torch.autograd.Function):
    """A value, or several, with a backward pass that writes one gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        first: Callable[..., Any],
        second: Callable[..., Any],
        again: Callable[..., Any],
        *inputs: Any,
    ) -> Any:
        """Return the values."""
        tensors = [x if isinstance(x, torch.Tensor) else None for x in inputs]
        ctx.save_for_backward(*tensors)
        ctx.second, ctx.again = second, again
        ctx.others = [None if isinstance(x, torch.Tensor) else x for x in inputs]
        ctx.in_numpy = _suits_numpy(tensors)
        view = _view if ctx.in_numpy else _detached
        values, ctx.state = first(*[view(x) for x in inputs])
        if isinstance(values, tuple):  # which a user's function may write to
            return tuple([_tensor(x).clone() for x in values])
        return _tensor(values)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        """Return the gradient in the scores."""
        saved, following, state = ctx.saved_tensors, torch.is_grad_enabled(), ctx.state
        if not torch._C._autograd._get_current_graph_task_keep_graph():  # pyright: ignore[reportAttributeAccessIssue]
            ctx.state = None  # autograd frees what it saved itself
        if following or torch._C._are_functorch_transforms_active():
            gradient = _by_autograd(ctx, saved, slopes, following)
        else:
            try:
                known = [_number(x) for x in slopes] if saved[1].is_cpu else list(slopes)
                if ctx.in_numpy:
                    known = [_view(x) for x in known]
                gradient = _tensor(ctx.second(state, *known))
            except RuntimeError:  # many directions at once, which hide their values
                gradient = _by_autograd(ctx, saved, slopes, following)
        gradient = gradient.to(saved[1].dtype)
        return None, None, None, None, gradient, *[None] * (len(saved) - 2)


def _by_autograd(ctx: Any, saved: Any, slopes: tuple[Any, ...], following: bool) -> Any:
    """Return the gradient by plain arithmetic, so that it can be differentiated in its turn."""
    inputs = [x if y is None else y for x, y in zip(ctx.others, saved, strict=True)]
    with torch.enable_grad():
        # The hooks of the scores themselves are called later.
        inputs[1] = y_prob = saved[1].view_as(saved[1])
        values = ctx.again(*inputs)
        return torch.autograd.grad(values, y_prob, slopes, create_graph=following)[0]


def _suits_numpy(tensors: list[Any]) -> bool:
    for x in tensors:
        if x is not None and not x.is_cpu:
            return False
    return tensors[1].numel() <= _SMALL or torch.get_num_threads() <= _FEW_THREADS


def _number(x: Any) -> Any:
    return x if x.ndim else x.item()


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, torch.Tensor) else x


def _view(x: Any) -> Any:
    """Return a tensor as NumPy's array of the same memory, bfloat16, which it lacks, as float32."""
    if not isinstance(x, torch.Tensor):
        return x
    x = x.detach()
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _tensor(x: Any) -> torch.Tensor:
    return x if isinstance(x, torch.Tensor) else torch.from_numpy(np.asarray(x))
