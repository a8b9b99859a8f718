"""The first study on somebody else's table, beside those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from softset_backends.compare.tables import interval

from . import tables
from .effects import markdown
from .sets import Table, loaded
from .study import Row, Study, Unit

NAME = "added"


def study_of(path: Path, target: str, drop: Sequence[str]) -> Study:
    """Return the study of one file, whose rows are called after it.

    Raises
    ------
    Missing
        If the file is no table with two labels.
    """
    table = Table(str(path.resolve()), target, tuple(drop))
    loaded("", table)

    def units(folder: Path) -> list[Unit]:
        found = tables.units_of(folder, [table])
        return [
            unit._replace(study=NAME)
            for unit in found
            if unit.arguments.get("metric", "f1") == "f1"
        ]

    return Study(NAME, f"{table.name}, added", units, tables.run, tables.report)


def compared(there: Sequence[Row], added: Sequence[Row]) -> str:
    """Return the tables with the added set, and what it does to the conclusion."""
    renamed = [{**row, "data": f"{row['data']}, added"} for row in added]
    before = tables.conclusion([row for row in there if row["metric"] == "f1"])
    alone = tables.conclusion(renamed)
    both = tables.conclusion([row for row in there if row["metric"] == "f1"] + renamed)
    lines = []
    for name, found in alone.items():
        (one,) = found.sets.values()
        without = interval(before[name].mean, "+") if name in before else ""
        lines.append([name, without, interval(one, "+"), interval(both[name].mean, "+")])
    number = len({row["data"] for row in there})
    header = ["gain on the best of the usual ways", f"{number} sets", "this one", "with it"]
    sections = [
        f"### What it changes\n\n{markdown(header, lines)}",
        tables.report([row for row in there if row["metric"] == "f1"] + renamed),
    ]
    return "\n".join(sections)
