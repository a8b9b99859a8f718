"""What is timed: each module gives the candidates of one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import softset as ss

from ..by_hand import PIXELS, linear
from ..work import Work

BY_HAND, PLAIN, FUSED, REFERENCE, PEER, COPY = (
    "by hand",
    "plain kernel",
    "fused",
    "reference",
    "peer",
    "copy",
)
Call = Callable[[], Any]  # gives a value, or a value and a gradient, once it is there


@dataclass(frozen=True)
class Candidate:
    """One way to do the work."""

    framework: str
    mode: str
    name: str
    kind: str
    call: Call
    same: bool = True  # whether it computes what the closed form does

    @property
    def label(self) -> str:
        """Return what it is called in a group."""
        return f"{self.framework} {self.mode}: {self.name}"


def candidates(work: Work) -> list[Candidate]:
    """Return the candidates for some work, in arrays of their framework."""
    return import_module(f".{work.process}", __name__).candidates(work)


def metric_and_options(work: Work) -> tuple[Any, dict[str, Any]]:
    """Return what softset's losses are made of."""
    options: dict[str, Any] = {}
    if work.thresholds:
        options["thresholds"] = ss.grid(work.thresholds)
    if work.from_logits:
        options["from_logits"] = True
    if "Dice" in work.metric:
        options["step"] = ss.Identity()
    if work.per_image:
        return ss.f1, {**options, "axis": (1, 2)}
    if work.per_class:
        return ss.macro(ss.f1), {**options, "axis": PIXELS if "Dice" in work.metric else 0}
    return (ss.matthews_corrcoef if work.metric == "MCC" else ss.f1), options


def loss_of(work: Work) -> Any:
    """Return softset's loss."""
    metric, options = metric_and_options(work)
    return ss.as_loss(metric, **options)


def counts_by_hand(xp: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
    """Return the four counts as one would write them by hand."""

    def counts(y: Any, p: Any) -> tuple[Any, ...]:
        h = linear(xp, p)
        products = (y * h, (1 - y) * h, y * (1 - h), (1 - y) * (1 - h))
        return tuple(xp.sum(x) for x in products)

    return counts


def unchecked(call: Call) -> Call:
    """Return the call with the checks of values off."""

    def run() -> Any:
        with ss.checks(False):
            return call()

    return run
