"""PyTorch: autograd, eager and under torch.compile for fixed shapes."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

import softset as ss
import softset_backends as sb
from softset_backends.torch import MetricLoss

from .. import by_hand
from ..work import GRADIENT, Work, data
from . import (
    BY_HAND,
    COPY,
    FUSED,
    PLAIN,
    REFERENCE,
    Candidate,
    loss_of,
    metric_and_options,
    unchecked,
)
from .torch_calls import Loss, call_of, compiled, waiting


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    torch._dynamo.reset()  # it keeps few versions of a function
    y, p = arrays(work)
    metric, options = metric_and_options(work)
    module = MetricLoss(metric, **options).to(work.device)

    def metric_loss(y: Any, p: Any) -> Any:
        return module(p, y)

    if work.question == "large":
        return both_modes("MetricLoss", FUSED, metric_loss, work, y, p)
    grid = torch.tensor(ss.grid(work.thresholds or 1), device=work.device)
    hand = by_hand.loss_of(torch, work, grid)
    plain = loss_of(work)
    found = [
        *both_modes("by hand", BY_HAND, hand, work, y, p),
        *both_modes("plain kernel", PLAIN, lambda y, p: plain(y, p), work, y, p),
        *both_modes("MetricLoss", FUSED, metric_loss, work, y, p),
    ]
    if work.question == "sizes":
        found += [
            Candidate(
                "torch", "eager", f"{x.name}, checks off", x.kind, unchecked(x.call), x.gradient
            )
            for x in found
            if x.mode == "eager" and x.kind != BY_HAND
        ]
    if work.task == GRADIENT and work.question in ("sizes", "across"):
        whole = ss.value_and_grad(plain)
        for name, kind, fn in (
            ("value_and_grad", FUSED, lambda y, p: whole(y, p)),
            ("closed form by hand", REFERENCE, by_hand.closed_form(torch)),
        ):
            call = waiting(compiled(fn), y, p.detach())
            found.append(Candidate("torch", "compile", name, kind, call))
    if work.question in ("thresholds", "Dice"):
        from .torch_peers import peers

        found += peers(work, y, p)
    return found


def copies(work: Work) -> list[Candidate]:
    """Return copies of the scores into memory that is there, and into new memory."""
    p = arrays(work)[1].detach()
    there = torch.empty_like(p)
    return [
        Candidate("torch", "eager", name, COPY, waiting(fn), gradient=False, same=False)
        for name, fn in (("copy", partial(there.copy_, p)), ("copy into new memory", p.clone))
    ]


def arrays(work: Work) -> tuple[Any, Any]:
    """Return labels, and scores that want a gradient."""
    y, p = (sb.get("torch").asarray(x, work.dtype).to(work.device) for x in data(work))
    return y, p.requires_grad_(work.task == GRADIENT)


def both_modes(name: str, kind: str, loss: Loss, work: Work, y: Any, p: Any) -> list[Candidate]:
    """Return a loss, eager and compiled."""
    gradient = work.task == GRADIENT
    return [
        Candidate("torch", mode, name, kind, call_of(fn, work, y, p), gradient)
        for mode, fn in (("eager", loss), ("compile", compiled(loss)))
    ]
