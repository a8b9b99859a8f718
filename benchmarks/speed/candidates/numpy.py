"""NumPy: by hand there is the value alone, since there is no autodiff."""

from __future__ import annotations

from functools import partial

import numpy as np

import softset as ss

from .. import by_hand
from ..work import GRADIENT, Work, data
from . import BY_HAND, FUSED, PLAIN, REFERENCE, Call, Candidate, loss_of, unchecked


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    y, p = data(work)
    loss = loss_of(work)
    if work.question == "large":
        return [_candidate("value_and_grad", FUSED, partial(ss.value_and_grad(loss), y, p))]
    grid = np.asarray(ss.grid(work.thresholds or 1), y.dtype)
    hand = partial(by_hand.loss_of(np, work, grid), y, p)
    if work.task != GRADIENT:
        return [
            _candidate("by hand", BY_HAND, hand),
            *_checked("plain kernel", PLAIN, partial(loss, y, p)),
        ]
    alone = _candidate("by hand, forward alone", BY_HAND, hand)
    whole = _checked("value_and_grad", FUSED, partial(ss.value_and_grad(loss), y, p))
    if work.question != "sizes":
        return [alone, whole[0]]
    closed = partial(by_hand.closed_form(np), y, p)
    return [alone, *whole, _candidate("closed form by hand", REFERENCE, closed)]


def _checked(name: str, kind: str, call: Call) -> list[Candidate]:
    off = _candidate(f"{name}, checks off", kind, unchecked(call))
    return [_candidate(name, kind, call), off]


def _candidate(name: str, kind: str, call: Call) -> Candidate:
    return Candidate("numpy", "eager", name, kind, call)
