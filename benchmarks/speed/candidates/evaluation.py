"""Metrics to report, not to train on: F1 at a threshold of 0.5, and areas under curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    binary_f1_score,
)

import softset as ss

from ..work import Work, data
from . import BY_HAND, FUSED, PEER, Candidate, unchecked

AREAS: dict[str, tuple[Callable[..., Any], ...]] = {
    "AUROC": (ss.auroc, roc_auc_score, binary_auroc),
    "AP": (ss.average_precision, average_precision_score, binary_average_precision),
}


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    y, p = data(work)
    labels = y.astype(np.int64)
    tensors = torch.asarray(y), torch.asarray(p)
    whole = torch.asarray(labels)

    def ours(framework: str, fn: Callable[..., Any], *arrays: Any) -> list[Candidate]:
        call = partial(fn, *arrays)
        return [
            _candidate(framework, "softset", FUSED, call),
            _candidate(framework, "softset, checks off", FUSED, unchecked(call)),
        ]

    if work.metric == "F1 score":
        score = ss.as_score(ss.f1)
        return [
            _candidate("numpy", "by hand", BY_HAND, partial(_f1_by_hand, y, p)),
            *ours("numpy", score, y, p),
            _candidate("numpy", "scikit-learn", PEER, lambda: f1_score(labels, p >= 0.5)),
            _candidate("torch", "by hand", BY_HAND, partial(_f1_by_hand, *tensors)),
            *ours("torch", score, *tensors),
            _candidate("torch", "torchmetrics", PEER, lambda: binary_f1_score(tensors[1], whole)),
        ]
    area, of_sklearn, of_torchmetrics = AREAS[work.metric]
    return [
        *ours("numpy", partial(_swept, area), y, p),
        _candidate("numpy", "scikit-learn", PEER, lambda: of_sklearn(labels, p)),
        *ours("torch", partial(_swept, area), *tensors),
        _candidate("torch", "torchmetrics", PEER, lambda: of_torchmetrics(tensors[1], whole)),
    ]


def _f1_by_hand(y: Any, p: Any) -> Any:
    predicted, actual = p >= 0.5, y == 1
    return 2 * (predicted & actual).sum() / (predicted.sum() + actual.sum())


def _swept(area: Callable[..., Any], y: Any, p: Any) -> Any:
    return area(ss.sweep(y, p).confusion)


def _candidate(framework: str, name: str, kind: str, call: Callable[[], Any]) -> Candidate:
    return Candidate(framework, "eager", name, kind, call)
