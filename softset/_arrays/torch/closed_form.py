"""Work on tensors by NumPy, on the same memory, and a gradient in closed form by it in autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch._C import _len_torch_dispatch_stack

from ..values import checking

# Up to so many scores PyTorch uses one thread, and NumPy's operations start faster. Two threads
# gain nothing from eight times as many.
_SMALL = 2**15
_MANY_THREADS = 3  # so many are faster than NumPy's one, which waits for no other

_DENSE = (torch.Tensor, torch.nn.Parameter)
# What is the same number in NumPy, without a copy.
_SHARED = {torch.float64, torch.float32, torch.float16, torch.bool, torch.uint8}
_SHARED |= {torch.int64, torch.int32, torch.int16, torch.int8}


def is_alone(y_prob: Any, others: tuple[Any, ...]) -> bool:
    """Tell whether the scores, of which there are some, are all that has a gradient, eagerly."""
    if not (y_prob.requires_grad and torch.is_grad_enabled() and y_prob.numel()):
        return False
    for i, x in enumerate((y_prob, *others)):
        if not isinstance(x, torch.Tensor):
            continue
        if type(x) not in _DENSE or (i and x.requires_grad):  # it may be the scores once more
            return False
        # Autograd may save neither of these two.
        if x.is_neg() or x.is_inference():
            return False
    return not _len_torch_dispatch_stack()


def in_numpy(function: Callable[..., Any], arrays: tuple[Any, ...]) -> Any:
    """Return what a function makes of tensors in memory, followed by nothing; None if it cannot.

    The scores are the first.
    """
    if not _suits_numpy(arrays[:1], _MANY_THREADS) or _len_torch_dispatch_stack():
        return None
    views: list[Any] = []
    for x in arrays:
        if isinstance(x, torch.Tensor):
            if x.dtype not in _SHARED or x.is_neg() or not x.numel():
                return None
            x = x.detach().numpy()
        views.append(x)
    with np.errstate(all="ignore"):  # PyTorch does not warn
        found = function(*views)
    return tuple(map(_tensor, found)) if isinstance(found, tuple) else _tensor(found)


class Passes(NamedTuple):
    """What to call, with which inputs, and which of these are tensors: the scores are the first.

    And from how many threads on PyTorch takes less time for large ones than NumPy, whose library
    on the memory of tensors is `lent`.
    """

    first: Callable[..., tuple[Any, Any]]
    second: Callable[..., Any]
    again: Callable[..., Any]
    inputs: tuple[Any, ...]
    places: list[int]
    threads: int
    lent: Any


class InTwoPasses(torch.autograd.Function):
    """A value, or several, with a backward pass that writes one gradient."""

    @staticmethod
    def forward(ctx: Any, passes: Passes, *tensors: Any) -> Any:
        """Return the values."""
        ctx.save_for_backward(*tensors)
        ctx.passes, ctx.in_numpy = passes, _suits_numpy(tensors, passes.threads)
        ctx.reads = tensors[0].is_cpu or (tensors[0].is_cuda and checking())
        view = _view if ctx.in_numpy else _detached
        with np.errstate(all="ignore"):  # PyTorch does not warn
            lib = passes.lent if ctx.in_numpy else None
            values, ctx.state = passes.first(lib, *_filled(passes, [view(x) for x in tensors]))
        if isinstance(values, tuple):  # which a user's function may write to
            return tuple([_tensor(x).clone() for x in values])
        return _tensor(values)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        """Return the gradient in the scores."""
        tensors, following, state = ctx.saved_tensors, torch.is_grad_enabled(), ctx.state
        if not torch._C._autograd._get_current_graph_task_keep_graph():  # pyright: ignore[reportAttributeAccessIssue]
            ctx.state = None  # autograd frees what it saved itself
        if following or torch._C._are_functorch_transforms_active():
            gradient = _by_autograd(ctx.passes, tensors, slopes, following)
        else:
            try:
                known = [_number(x) for x in slopes] if ctx.reads else slopes
                if ctx.in_numpy:
                    known = [_view(x) for x in known]
                with np.errstate(all="ignore"):
                    gradient = _tensor(ctx.passes.second(state, *known))
            except RuntimeError:  # many directions at once, which hide their values
                gradient = _by_autograd(ctx.passes, tensors, slopes, following)
        return None, gradient.to(tensors[0].dtype), *[None] * (len(tensors) - 1)


def in_two_passes(
    first: Any, second: Any, again: Any, inputs: tuple[Any, ...], threads: int, lent: Any
) -> Any:
    """Return what `first` makes of the inputs, with `second` as its backward pass."""
    places = [i for i, x in enumerate(inputs) if isinstance(x, torch.Tensor)]
    # Autograd alone holds the tensors, until it has gone back.
    others = tuple([None if isinstance(x, torch.Tensor) else x for x in inputs])
    passes = Passes(first, second, again, others, places, threads, lent)
    return InTwoPasses.apply(passes, *[inputs[i] for i in places])


def _filled(passes: Passes, tensors: Any) -> list[Any]:
    """Return all inputs, with these for tensors."""
    inputs = list(passes.inputs)
    for place, x in zip(passes.places, tensors, strict=True):
        inputs[place] = x
    return inputs


def _by_autograd(passes: Passes, tensors: Any, slopes: tuple[Any, ...], following: bool) -> Any:
    """Return the gradient by plain arithmetic, so that it can be differentiated in its turn."""
    with torch.enable_grad():
        # The hooks of the scores themselves are called later.
        y_prob = tensors[0].view_as(tensors[0])
        values = passes.again(*_filled(passes, [y_prob, *tensors[1:]]))
        return torch.autograd.grad(values, y_prob, slopes, create_graph=following)[0]


def _suits_numpy(tensors: tuple[Any, ...], threads: int) -> bool:
    for x in tensors:
        if not x.is_cpu:
            return False
    number, shared = tensors[0].numel(), torch.get_num_threads()
    return number <= (_SMALL if shared > 2 else 8 * _SMALL) or shared < threads


def _number(x: Any) -> Any:
    return x if x.ndim else x.item()


def _detached(x: Any) -> Any:
    return x.detach()


def _view(x: Any) -> Any:
    """Return a tensor as NumPy's array of the same memory, bfloat16, which it lacks, as float32."""
    if type(x) is float:
        return x
    x = x.detach()
    return (x.float() if x.dtype is torch.bfloat16 else x).numpy()


def _tensor(x: Any) -> torch.Tensor:
    return x if isinstance(x, torch.Tensor) else torch.from_numpy(np.asarray(x))
