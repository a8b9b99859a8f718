"""The tables of docs/capabilities.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.support.capabilities import FUNCTIONS, OBJECTS, Row

PAGE = Path(__file__).parents[3] / "docs" / "capabilities.md"


def tables() -> list[str]:
    """Return what the page says of functions, and of objects of frameworks."""
    return [
        table("Functions", ("Dask", "ONNX"), FUNCTIONS),
        table("Objects of `softset_backends`", (), OBJECTS),
    ]


def table(head: str, forms: tuple[str, ...], rows: Iterable[Row]) -> str:
    lines = [[head, "Compiled", "Gradient", *forms], ["---"] * (3 + len(forms))]
    for row in rows:
        names = row.title or ", ".join(f"`{name}`" for name in row.calls)
        others = [row.works(form) for form in forms]
        lines.append([names, row.works("compiled"), row.gradient, *others])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write() -> None:
    """Put the tables in the places of those on the page."""
    made = iter(tables())
    text = re.sub(r"(?:^\|.*\n)+", lambda _: next(made), PAGE.read_text("utf-8"), flags=re.M)
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
