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

from ..work import Work
from . import PEER, Candidate
from .torch_calls import call_of, compiled


def peers(work: Work, y: Any, p: Any) -> list[Candidate]:
    """Return the peers that do this work and are installed."""
    found = []
    if work.thresholds in (1, 9) and find_spec("torch_btg"):
        found.append(_btg(work, y, p))
    if work.metric == "Dice":
        losses = {}
        if smp := find_spec("segmentation_models_pytorch"):
            dice = _losses_alone(smp).DiceLoss("binary", from_logits=False)
            losses["segmentation-models-pytorch"] = dice
        if find_spec("monai"):
            losses["MONAI"] = import_module("monai.losses").DiceLoss(batch=True)
        for name, loss in losses.items():

            def of_masks(y: Any, p: Any, loss: Any = loss) -> Any:
                return loss(p[:, None], y[:, None])

            for mode, fn in (("eager", of_masks), ("compile", compiled(of_masks, fullgraph=False))):
                call = call_of(fn, work, y, p)
                found.append(Candidate("torch", mode, f"{name} DiceLoss", PEER, call))
    return found


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
