"""How far apart the gradients of backends and referees are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .report import Gap, GradientRow

Run = tuple[str, str, str]  # backend, mode and dtype


class Result(NamedTuple):
    """The values of a function and their gradients, or the first line of an error.

    Of differences `gradients` are the least slopes, and `highest` the largest: they differ at
    kinks, where each slope between them is right.
    """

    values: Any = None  # shape (cases,)
    gradients: Any = None  # shape (cases, size of the argument)
    error: str = ""
    highest: Any = None

    @property
    def kinks(self) -> Any:
        """Where the slopes of two sides differ."""
        return False if self.highest is None else self.gradients != self.highest


class Referees(NamedTuple):
    """What every run is compared with."""

    found: Mapping[Run, Result]
    dual: Result
    moved: Result | None  # differences, if they were taken
    dual_run: Run | None  # the run that dual numbers were taken from, if they were

    def kinks_of(self, result: Result) -> Any:
        """Return where differences saw a kink, at which no two slopes need agree."""
        moved = self.moved
        if moved is None or moved.error or moved.gradients.shape != result.gradients.shape:
            return False
        return moved.kinks


def row_of(run: Run, referees: Referees, cases: Sequence[str], *, blamed: bool) -> GradientRow:
    """Compare what one run found with the referees."""
    found, dual, moved, dual_run = referees
    result, dtype = found[run], run[2]
    others = {other: x for other, x in found.items() if other != run and other[2] == dtype}
    sizes = [len(x.values) for x in (result, dual, *others.values()) if x.values is not None]
    kinks = False if result.error else referees.kinks_of(result)
    gaps = {
        "dual": None if run == dual_run else _gap(result, [dual], kinks, cases),
        "others": _gap(result, list(others.values()), kinks, cases),
        "differences": None if moved is None else _gap(result, [moved], False, cases),
    }
    return GradientRow(
        *run, cases=sizes[0] if sizes else 1, error=result.error, blamed=blamed, **gaps
    )


def _gap(
    result: Result, referees: Sequence[Result], kinks: Any, cases: Sequence[str]
) -> Gap | None:
    """Return the largest disagreement with some referees, those left out that failed."""
    referees = [r for r in referees if not r.error]
    if not referees:
        return None
    shape = np.shape(result.gradients)
    if result.error or any(r.gradients.shape != shape for r in referees):
        return Gap(math.inf, math.inf, cases[0] if cases else "")
    values = np.max([value_gap(result, r) for r in referees], axis=0)
    gradients = np.max([np.max(slope_gaps(result, r, kinks), axis=1) for r in referees], axis=0)
    worst = int(np.argmax(np.maximum(values, gradients)))
    name = cases[worst] if len(cases) > 1 else "".join(cases)
    return Gap(float(values.max()), float(gradients.max()), name)


def value_gap(result: Result, referee: Result) -> Any:
    """Return the relative disagreement of values, for each case."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(result.values - referee.values)
        return _finite(gap / np.maximum(1, np.abs(referee.values)))


def slope_gaps(result: Result, referee: Result, kinks: Any = False) -> Any:
    """Return the relative disagreement of slopes, for each case and score.

    At `kinks` only what is not finite disagrees.
    """
    low = referee.gradients
    high = low if referee.highest is None else referee.highest
    found = result.gradients
    with np.errstate(invalid="ignore"):
        gap = np.maximum(np.maximum(low - found, found - high), 0)
        # A loss's slopes are of the order of its value over the number of scores. Those far below
        # are what rounding leaves where large slopes cancel, as for the prevalence.
        usual = np.maximum(1, np.abs(referee.values)) / low.shape[1]
        largest = np.max(np.maximum(np.abs(low), np.abs(high)), axis=1)
        if referee.highest is not None:  # one side of a kink may be no measure
            largest = np.max(np.where(low == high, np.abs(low), 0), axis=1)
        gap = gap / np.maximum(usual, largest)[:, None]
    return _finite(np.where(kinks & np.isfinite(found), 0, gap))


def _finite(gap: Any) -> Any:
    """Return infinity for NaN, which would compare as no disagreement."""
    return np.where(np.isnan(gap), math.inf, gap)
