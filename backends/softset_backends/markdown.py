"""Tables of text in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """Return a table of text, its header first, in Markdown."""
    rule = ["---"] + ["---:"] * (len(cells[0]) - 1)
    lines = ([x.replace("|", r"\|") for x in line] for line in (cells[0], rule, *cells[1:]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
