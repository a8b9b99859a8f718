"""PyTorch libraries with losses of the same kind."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch

from ..work import WEIGHTS, Work
from . import PEER, Candidate
from .torch_calls import Loss, call_of, in_modes

IGNORED = -1


def peers(work: Work, y: Any, p: Any, given: dict[str, Any]) -> list[Candidate]:
    """Return the peers that do this work and are installed."""
    found = []
    if work.thresholds in (1, 9) and find_spec("torch_btg"):
        found.append(_btg(work, y, p))
    if "Dice" not in work.metric:
        return found
    for name, loss in _dice_losses(work, y, given).items():
        whole = loss if work.per_class else _with_channel(loss)
        for mode, fn in in_modes(whole, work, fullgraph=False).items():
            # Weights enter MONAI's intersection twice, once with the scores and with the labels.
            same = work.extra != WEIGHTS
            call = call_of(fn, work, y, p)
            found.append(Candidate("torch", mode, f"{name} DiceLoss", PEER, call, same=same))
    return found


def _dice_losses(work: Work, y: Any, given: dict[str, Any]) -> dict[str, Loss]:
    """Return losses of labels and scores that have an axis of classes."""
    found: dict[str, Loss] = {}
    factor = next(iter(given.values()), None)
    smp = find_spec("segmentation_models_pytorch")
    if smp and work.extra != WEIGHTS and not work.per_image:
        mode = "multilabel" if work.per_class else "binary"
        options = {"from_logits": work.from_logits, "ignore_index": IGNORED if given else None}
        dice = _losses_alone(smp).DiceLoss(mode, **options)
        # It finds its mask in the labels.
        labels = y if factor is None else torch.where(factor, y, torch.full_like(y, IGNORED))
        found["segmentation-models-pytorch"] = lambda y, p: dice(p, labels.view_as(p))
    if find_spec("monai"):
        losses = import_module("monai.losses")
        kind = losses.DiceLoss if factor is None else losses.MaskedDiceLoss
        monai = kind(batch=not work.per_image, sigmoid=work.from_logits)
        more = () if factor is None else (factor,)
        found["MONAI"] = lambda y, p: monai(p, y, *more)
    return found


def _with_channel(loss: Loss) -> Loss:
    return lambda y, p: loss(y[:, None], p[:, None])


def _btg(work: Work, y: Any, p: Any) -> Candidate:
    """Return torch-btg's loss, or its F1 with its approximation where that has one threshold.

    The loss always takes 9 thresholds. Scores below a threshold are counted at 1 - threshold,
    which is another function than Eq. 6 but at 0.5.
    """
    btg, metric = import_module("torch_btg.loss"), import_module("torch_btg.metric")
    of_nine = btg.fb_loss(device=work.device)
    one = torch.tensor([0.5], device=work.device)

    def loss(y: Any, p: Any) -> Any:
        # It puts its sums on a GPU, whatever device it is told.
        with patch.object(torch.Tensor, "cuda", lambda x: x.to(work.device)):
            if work.thresholds == 9:
                return of_nine(p, y)[0]
            return 1 - metric.fb(y, p, one, btg.linear_approx()).mean()

    call = call_of(loss, work, y, p)
    return Candidate("torch", "eager", "torch-btg", PEER, call, same=work.thresholds == 1)


def _losses_alone(spec: ModuleSpec) -> ModuleType:
    """Import a library's losses without the library, whose networks need more packages."""
    sys.modules.setdefault(spec.name, module_from_spec(spec))
    return import_module(f"{spec.name}.losses")
