"""Calls of losses in PyTorch: the value, or value and gradient by autograd, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import softset_backends as sb

from ..work import GRADIENT, Work
from . import Call

Loss = Callable[[Any, Any], Any]


def compiled(fn: Callable[..., Any], *, fullgraph: bool = True) -> Callable[..., Any]:
    """Return the function compiled for arrays of one shape."""
    return torch.compile(fn, fullgraph=fullgraph, dynamic=False)


def in_modes(fn: Loss, work: Work, *, fullgraph: bool = True) -> dict[str, Loss]:
    """Return the function, eager and compiled; some work is eager alone, for compiling is slow."""
    if work.extra or (work.threads and work.per_class):
        return {"eager": fn}
    return {"eager": fn, "compile": compiled(fn, fullgraph=fullgraph)}


def call_of(loss: Loss, work: Work, y: Any, p: Any) -> Call:
    """Return a call for the value, or for the value and the gradient by autograd."""
    if work.task != GRADIENT:
        return waiting(loss, y, p)

    def value_and_gradient() -> Any:
        p.grad = None
        value = loss(y, p)
        value.backward()
        return value.detach(), p.grad

    return waiting(value_and_gradient)


def waiting(fn: Callable[..., Any], *arguments: Any) -> Call:
    """Return a call that ends when the result is there."""

    def call() -> Any:
        result = fn(*arguments)
        sb.get("torch").synchronize(result[1] if isinstance(result, tuple) else result)
        return result

    return call
