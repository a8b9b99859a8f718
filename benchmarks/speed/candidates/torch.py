"""PyTorch: autograd, eager and under torch.compile for fixed shapes."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

import softset as ss
import softset_backends as sb
from softset_backends.torch import MetricLoss

from .. import by_hand
from ..work import COUNTS, GRADIENT, Work, data, extras
from . import (
    BY_HAND,
    COPY,
    FUSED,
    PLAIN,
    REFERENCE,
    Candidate,
    counts_by_hand,
    loss_of,
    metric_and_options,
    unchecked,
)
from .torch_calls import Loss, call_of, compiled, in_modes, waiting


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    torch._dynamo.reset()  # it keeps few versions of a function
    y, p = arrays(work)
    if work.task == COUNTS:
        return _counts(work, y, p)
    given = {k: torch.asarray(x, device=work.device) for k, x in extras(work).items()}
    metric, options = metric_and_options(work)
    module = MetricLoss(metric, **options).to(work.device)

    def metric_loss(y: Any, p: Any) -> Any:
        return module(p, y, **given)

    if work.question == "large":
        return both_modes("MetricLoss", FUSED, metric_loss, work, y, p)
    grid = torch.tensor(ss.grid(work.thresholds or 1), device=work.device)
    factor = next(iter(given.values()), None)
    hand = by_hand.loss_of(torch, work, grid, torch.sigmoid, factor)
    plain = loss_of(work)
    found = [
        *both_modes("by hand", BY_HAND, hand, work, y, p),
        *both_modes("plain kernel", PLAIN, lambda y, p: plain(y, p, **given), work, y, p),
        *both_modes("MetricLoss", FUSED, metric_loss, work, y, p),
    ]
    if work.question == "sizes" and not work.threads:
        found += [
            Candidate("torch", "eager", f"{x.name}, checks off", x.kind, unchecked(x.call))
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
    if work.device == "cuda" and work.question == "sizes":
        found += copies(work)
    if work.question in ("thresholds", "Dice", "image Dice", "images"):
        from .torch_peers import peers

        found += peers(work, y, p, given)
    return found


def _counts(work: Work, y: Any, p: Any) -> list[Candidate]:
    found = []
    for name, kind, fn in (
        ("by hand", BY_HAND, counts_by_hand(torch)),
        ("confusion", FUSED, lambda y, p: ss.confusion(y, p)),
    ):
        found += both_modes(name, kind, fn, work, y, p)
    off = unchecked(waiting(ss.confusion, y, p))
    found.append(Candidate("torch", "eager", "confusion, checks off", FUSED, off))
    return [*copies(work), *found]


def copies(work: Work) -> list[Candidate]:
    """Return copies of the scores into memory that is there, and into new memory."""
    p = arrays(work)[1].detach()
    there = torch.empty_like(p)
    return [
        Candidate("torch", "eager", name, COPY, waiting(fn), same=False)
        for name, fn in (("copy", partial(there.copy_, p)), ("copy into new memory", p.clone))
    ]


def arrays(work: Work) -> tuple[Any, Any]:
    """Return labels, and scores that want a gradient."""
    y, p = (sb.get("torch").asarray(x, work.dtype).to(work.device) for x in data(work))
    return y, p.requires_grad_(work.task == GRADIENT)


def both_modes(name: str, kind: str, loss: Loss, work: Work, y: Any, p: Any) -> list[Candidate]:
    """Return a loss, eager and compiled."""
    return [
        Candidate("torch", mode, name, kind, call_of(fn, work, y, p))
        for mode, fn in in_modes(loss, work).items()
    ]
