"""The best of each framework beside a copy of the scores, in one process."""

from __future__ import annotations

from ..work import Work
from . import COPY, Candidate, jax, numpy, tensorflow, torch

CHOSEN = {
    "numpy": ("by hand, forward alone", "value_and_grad"),
    "torch": ("by hand", "MetricLoss", "value_and_grad", "closed form by hand"),
    "jax": ("by hand", "plain kernel", "value_and_grad"),
    "tensorflow": ("by hand", "plain kernel", "value_and_grad"),
}
COMPILED = {"numpy": "eager", "torch": "compile", "jax": "jit", "tensorflow": "xla"}


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work."""
    found = [*torch.copies(work), *torch.candidates(work), *jax.candidates(work)]
    found += [*numpy.candidates(work), *tensorflow.candidates(work)]
    return [
        x
        for x in found
        if x.kind == COPY
        or (x.name in CHOSEN[x.framework] and x.mode == COMPILED[x.framework])
        or (x.label == "torch eager: MetricLoss")
    ]
