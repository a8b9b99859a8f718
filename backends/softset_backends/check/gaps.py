"""How far apart the gradients of backends and referees are, and who is outvoted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .report import TOLERANCES, Gap, GradientRow

Run = tuple[str, str, str]  # backend, mode and dtype


class Result(NamedTuple):
    """The values of a function and their gradients, or the first line of an error."""

    values: Any = None  # shape (cases,)
    gradients: Any = None  # shape (cases, size of the argument)
    error: str = ""


class Referees(NamedTuple):
    """What every run is compared with."""

    found: Mapping[Run, Result]
    dual: Result
    moved: Result | None  # central differences, NaN where they are no referee
    dual_run: Run | None  # the run that dual numbers were taken from, if they were


def row_of(run: Run, referees: Referees, cases: Sequence[str]) -> GradientRow:
    """Compare what one run found with the referees."""
    found, dual, moved, dual_run = referees
    result, dtype = found[run], run[2]
    others = {other: x for other, x in found.items() if other != run and other[2] == dtype}
    sizes = [len(x.values) for x in (result, dual, *others.values()) if x.values is not None]
    gaps = {
        "dual": None if run == dual_run else _gap(result, [dual], cases),
        "others": _gap(result, list(others.values()), cases),
        "differences": None if moved is None else _gap(*_where_known(result, moved), cases),
    }
    against = sum(_is_far(gaps[name], dtype, name) for name in ("dual", "differences"))
    if _is_far(gaps["others"], dtype):
        against += _votes(run, result, others)
    return GradientRow(
        *run, cases=sizes[0] if sizes else 1, error=result.error, against=against, **gaps
    )


def _votes(run: Run, result: Result, others: Mapping[Run, Result]) -> float:
    """Return how many backends disagree with a run, each by the share of its modes."""
    votes: dict[str, list[bool]] = {}
    for other, x in others.items():
        if not x.error:
            votes.setdefault(other[0], []).append(_is_far(_gap(result, [x], ()), run[2]))
    return sum(sum(far) / len(far) for far in votes.values())


def _is_far(gap: Gap | None, dtype: str, referee: str = "others") -> bool:
    return gap is not None and gap.largest > TOLERANCES[dtype][referee]


def _where_known(result: Result, moved: Result) -> tuple[Result, list[Result]]:
    """Return a result and differences with 0 for both where differences are no referee."""
    if result.error or moved.error or result.gradients.shape != moved.gradients.shape:
        return result, [moved]
    unknown = np.isnan(moved.gradients)
    # What is not finite is not right at a kink either.
    skipped = unknown & np.isfinite(result.gradients)
    return (
        result._replace(gradients=np.where(skipped, 0.0, result.gradients)),
        [moved._replace(gradients=np.where(unknown, 0.0, moved.gradients))],
    )


def _gap(result: Result, referees: Sequence[Result], cases: Sequence[str]) -> Gap | None:
    """Return the largest disagreement with some referees, those left out that failed."""
    referees = [r for r in referees if not r.error]
    if not referees:
        return None
    shape = np.shape(result.gradients)
    if result.error or any(r.gradients.shape != shape for r in referees):
        return Gap(math.inf, math.inf, cases[0] if cases else "")
    values = np.max([_value_gap(result, r) for r in referees], axis=0)
    gradients = np.max([_gradient_gap(result, r) for r in referees], axis=0)
    worst = int(np.argmax(np.maximum(values, gradients)))
    name = cases[worst] if len(cases) > 1 else "".join(cases)
    return Gap(float(values.max()), float(gradients.max()), name)


def _value_gap(result: Result, referee: Result) -> Any:
    gap = np.abs(result.values - referee.values)
    return _finite(gap / np.maximum(1, np.abs(referee.values)))


def _gradient_gap(result: Result, referee: Result) -> Any:
    gap = np.max(np.abs(result.gradients - referee.gradients), axis=1)
    # A loss's slopes are of the order of its value over the number of scores. Those far below
    # are what rounding leaves where large slopes cancel, as for the prevalence.
    usual = np.maximum(1, np.abs(referee.values)) / referee.gradients.shape[1]
    return _finite(gap / np.maximum(usual, np.max(np.abs(referee.gradients), axis=1)))


def _finite(gap: Any) -> Any:
    """Return infinity for NaN, which would compare as no disagreement."""
    return np.where(np.isnan(gap), math.inf, gap)
