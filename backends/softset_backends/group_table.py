"""The table of groups: text, and a DataFrame."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bootstrap import Interval

ROWS = ALL, GAP, RATIO, WORST = "all", "largest gap", "smallest ratio", "worst group"


@dataclass(frozen=True)
class GroupReport:
    """What `group_report` returns; as ``str`` it is a table.

    Attributes
    ----------
    data : dict of dicts
        The numbers by the names of the rows and of the columns: counts, and an `Interval` for each
        metric. The rows are the groups by their labels, then ``"all"``, ``"largest gap"``,
        ``"smallest ratio"`` and ``"worst group"``.
    worst : dict
        For each metric the label of the group where it is worst.
    digits : int
        How many decimals the table has.
    """

    data: dict[Hashable, dict[str, Any]]
    worst: dict[str, Hashable]
    digits: int

    @property
    def groups(self) -> list[Hashable]:
        """The labels of the groups."""
        return [label for label in self.data if label not in ROWS]

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""
        return list(self.worst)

    def to_pandas(self) -> Any:
        """Return the table as a pandas DataFrame, with columns such as ``("recall", "low")``."""
        import pandas

        rows = [
            {(column, part): x for column, cell in row.items() for part, x in _parts(cell)}
            for row in self.data.values()
        ]
        columns = pandas.MultiIndex.from_tuples(rows[0])
        index = pandas.Index(list(self.data), tupleize_cols=False, name="group")
        return pandas.DataFrame(rows, columns=columns, index=index, dtype=np.float64)

    def cells(self) -> list[tuple[str, ...]]:
        """Return the table as text: its header, the groups, and five rows of all of them."""
        columns = ("n", "positives", *self.metrics)
        rows: list[tuple[str, ...]] = [("", *columns)]
        for label, row in self.data.items():
            found = [text_of_cell(row[x], self.digits) if x in row else "" for x in columns]
            rows.append((text_of(label), *found))
        return [*rows, ("which", "", "", *(text_of(self.worst[name]) for name in self.metrics))]

    def __str__(self) -> str:
        """Return the table."""
        rows = self.cells()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.rjust, row, widths)).rstrip() for row in rows]
        parts = (lines[:1], lines[1:-5], lines[-5:])
        return "\n\n".join("\n".join(part) for part in parts)


def text_of_cell(cell: Any, digits: int) -> str:
    """Return a count, or a value with its interval, with so many decimals."""
    if not isinstance(cell, Interval):
        return f"{cell:.0f}" if float(cell).is_integer() else f"{cell:.{digits}f}"
    value, *ends = (f"{x:.{digits}f}" for x in cell)
    if cell.value != cell.value:
        return ""
    return value if cell.low != cell.low else f"{value} [{', '.join(ends)}]"


def text_of(label: Hashable) -> str:
    """Return the label of a group, or of a row, as it is shown."""
    if label is None:
        return ""
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _parts(cell: Any) -> list[tuple[str, Any]]:
    return list(cell._asdict().items()) if isinstance(cell, Interval) else [("", cell)]
