"""A row of the table of capabilities: functions, small calls of them, and where they work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.support.referees import labels_and_scores

_Y, _P = labels_and_scores(12, seed=5)
_SHARES = np.random.default_rng(5).dirichlet((1.0, 1.0, 1.0), size=12)
_NUMBERS = np.arange(12) % 3
# The arguments of calls: labels, scores, and what comes after them.
DATA = {
    "scores": (_Y, _P),
    "groups": (_Y, _P, np.arange(12) // 3 % 2),
    "labels": (_NUMBERS[:, None] == np.arange(3), _SHARES),
    "numbers": (_NUMBERS, _SHARES),
}

FORMS = ("compiled", "Dask", "ONNX")


@dataclass(frozen=True, eq=False)
class Row:
    """Functions that work in the same forms, each with a small call of arrays.

    `gradient` is "yes", "0" for what is constant in the scores, or "no" for what is not meant to
    have one. `refused` has the forms in which the calls raise, with what the error says. `values`
    and `slopes` have NumPy's functions where the values, or the slopes, are those of others.
    `library` is the one that they are for, all by default; then `calls` has what makes the calls.
    """

    calls: Mapping[str, Callable[..., Any]]
    data: str = "scores"
    gradient: str = "yes"
    refused: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    slopes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    library: str = ""
    title: str = ""

    def __str__(self) -> str:
        return next(iter(self.calls))

    def made(self) -> list[Callable[..., Any]]:
        """Return the calls, made of what has to be there before they are compiled."""
        return [call() if self.library else call for call in self.calls.values()]

    def in_numpy(self, *, slopes: bool = False) -> list[Callable[..., Any]]:
        """Return NumPy's functions, which have the values, or else the slopes."""
        return list({**self.calls, **self.values, **(self.slopes if slopes else {})}.values())

    def works(self, form: str) -> str:
        """Return what the table says of one of FORMS."""
        return "no" if form in self.refused else "yes"


def leaves(result: Any) -> list[Any]:
    """Return the arrays of what a function returned."""
    if isinstance(result, tuple):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]
