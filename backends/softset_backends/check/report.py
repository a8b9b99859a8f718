"""The outcome of a gradient check: how far each backend is from each referee."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

REFEREES = ("dual", "others", "differences")

# Largest relative disagreement by dtype and referee. Central differences with a step of 1e-5
# are good to about 1e-9 in float64, and worthless in float32: there they are those of float64.
TOLERANCES: Mapping[str, Mapping[str, float]] = {
    "float64": {"dual": 1e-13, "others": 1e-13, "differences": 1e-7},
    "float32": {"dual": 1e-5, "others": 1e-5, "differences": 1e-5},
}


class Gap(NamedTuple):
    """The largest relative disagreement with one referee, and the case that it occurred in."""

    value: float
    gradient: float
    case: str = ""

    @property
    def largest(self) -> float:
        """The larger of the two."""
        return max(self.value, self.gradient)


class Worst(NamedTuple):
    """The disagreement to look at first; above a ratio of 1 of its tolerance it fails."""

    ratio: float
    row: GradientRow
    referee: str
    gap: Gap

    def __str__(self) -> str:
        gap, row = self.gap, self.row
        return (
            f"{gap.case or 'the function'} on {row.backend} {row.mode} {row.dtype} against "
            f"{_TITLES[self.referee]}: value {_number(gap.value)}, gradient {_number(gap.gradient)}"
        )


@dataclass(frozen=True)
class GradientRow:
    """One backend in one mode and one dtype.

    Attributes
    ----------
    backend, mode, dtype : str
        What ran.
    cases : int
        How many functions ran.
    dual, others, differences : Gap or None
        The largest relative disagreement with dual numbers, with the other backends and modes,
        and with central differences; None where there was no such referee.
    blamed : bool
        Whether it is this row that is wrong, where some disagree by more than `TOLERANCES`:
        by central differences if they can tell, and else because most others agree.
    error : str
        First line of the first error; empty if every case ran. A case that fails counts as
        infinite disagreement.
    """

    backend: str
    mode: str
    dtype: str
    cases: int = 1
    dual: Gap | None = None
    others: Gap | None = None
    differences: Gap | None = None
    error: str = ""
    blamed: bool = False

    def gap(self, referee: str) -> Gap | None:
        """Return the disagreement with a referee by name."""
        return getattr(self, referee)

    def __add__(self, other: GradientRow) -> GradientRow:
        """Return the row of both: the larger disagreements, all cases."""
        gaps = {name: _larger(self.gap(name), other.gap(name)) for name in REFEREES}
        error, blamed = self.error or other.error, self.blamed or other.blamed
        return replace(self, cases=self.cases + other.cases, error=error, blamed=blamed, **gaps)


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` returns; reports add up, and `str` gives a table.

    Attributes
    ----------
    rows : tuple of GradientRow
        One for each backend, mode and dtype.
    findings : tuple of str
        What is wrong by `TOLERANCES`, in sentences: on which backends, at which score, by how much.
    jump : str
        The sentence of them on a jump of the function, which no gradient shows; empty if none
        was met, or none looked for.
    notes : tuple of str
        What is not wrong but good to know: where backends choose different slopes at a kink.
    """

    rows: tuple[GradientRow, ...] = ()
    findings: tuple[str, ...] = ()
    jump: str = ""
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every disagreement is within `TOLERANCES`, and the function does not jump."""
        return self.within(TOLERANCES)

    @property
    def worst(self) -> Worst | None:
        """The disagreement that uses up most of `TOLERANCES`; None without any.

        Of those above it, one of a row that is to blame.
        """
        return self.worst_of(TOLERANCES)

    def within(self, tolerance: Mapping[str, Mapping[str, float]]) -> bool:
        """Tell whether everything ran and every disagreement is within a tolerance.

        A jump is within none that names differences.
        """
        worst = self.worst_of(tolerance)
        failed = any(row.error for row in self.rows)
        jumps = self.jump and any("differences" in limits for limits in tolerance.values())
        return not failed and not jumps and (worst is None or worst.ratio <= 1)

    def worst_of(self, tolerance: Mapping[str, Mapping[str, float]]) -> Worst | None:
        """Return the disagreement that uses up most of a tolerance.

        Two sides disagree: above the tolerance, the row that is to blame comes first. A dtype or a
        referee that the tolerance does not name is not judged.
        """
        found = [
            Worst(_ratio(gap.largest, limit), row, referee, gap)
            for row in self.rows
            for referee, limit in tolerance.get(row.dtype, {}).items()
            if (gap := row.gap(referee)) is not None
        ]
        return max(found, key=_blame, default=None)

    def __add__(self, other: GradientReport) -> GradientReport:
        """Return the report of both, rows of one backend, mode and dtype merged."""
        merged = {(row.backend, row.mode, row.dtype): row for row in self.rows}
        for row in other.rows:
            key = (row.backend, row.mode, row.dtype)
            merged[key] = merged[key] + row if key in merged else row
        return GradientReport(
            tuple(merged.values()),
            tuple(dict.fromkeys(self.findings + other.findings)),
            self.jump or other.jump,
            tuple(dict.fromkeys(self.notes + other.notes)),
        )

    def __str__(self) -> str:
        lines = [
            ("", "", "", "dual numbers", "", "other backends", "", "central differences", "", ""),
            HEADER,
            *(cells(row) for row in self.rows),
        ]
        widths = [max(len(line[i]) for line in lines[1:]) for i in range(len(HEADER))]
        table = [_joined(line, widths) for line in lines]
        return "\n".join([*table, *self.findings, *self.notes])


HEADER = ("backend", "mode", "dtype", *("value", "gradient") * 3, "cases")
_TITLES = {
    "dual": "dual numbers",
    "others": "other backends",
    "differences": "central differences",
}


def cells(row: GradientRow) -> tuple[str, ...]:
    """Return a row of the table as text."""
    numbers = []
    for referee in REFEREES:
        gap = row.gap(referee)
        numbers += ["-", "-"] if gap is None else [_number(gap.value), _number(gap.gradient)]
    return (row.backend, row.mode, row.dtype, *numbers, str(row.cases))


def _joined(line: tuple[str, ...], widths: list[int]) -> str:
    """Join cells in columns; titles of two columns run over into the second."""
    text = ""
    for cell, width, start in zip(line, widths, _starts(widths), strict=True):
        text = text.ljust(start) + cell.ljust(width) if cell else text
    return text.rstrip()


def _starts(widths: list[int]) -> list[int]:
    # Two titles of 19 characters must fit over two columns of 8 each.
    gaps = [2, 2, 2, 2, 4, 2, 4, 2, 4]
    starts = [0]
    for width, gap in zip(widths, gaps, strict=False):
        starts.append(starts[-1] + max(width, 8) + gap)
    return starts


def _number(x: float) -> str:
    return "0" if x == 0 else f"{x:.1e}"


def _larger(a: Gap | None, b: Gap | None) -> Gap | None:
    if a is None or b is None:
        return a or b
    case = a.case if a.largest >= b.largest else b.case
    return Gap(max(a.value, b.value), max(a.gradient, b.gradient), case)


def _blame(worst: Worst) -> tuple[float, float]:
    return (worst.ratio > 1 and 1.0 + worst.row.blamed, worst.ratio)


def _ratio(gap: float, limit: float) -> float:
    if gap == 0:
        return 0.0
    return gap / limit if limit else math.inf
