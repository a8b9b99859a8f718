"""What the commands print with, and how they stop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def console() -> Console:
    """Return a console at least as wide as the tables of `info` and `check`."""
    found = Console()
    return found if found.width >= 104 else Console(width=104)


def stop(error: Exception | str) -> NoReturn:
    """Say what is wrong, on standard error, and exit with status 2."""
    Console(stderr=True).print(
        f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True
    )
    raise typer.Exit(2)


def print_cells(
    cells: Sequence[Sequence[str]],
    sections: Sequence[int] = (),
    justify: Literal["left", "right"] = "left",
) -> None:
    """Print a table of text, its header first, with a line before some of its rows."""
    table = Table(box=SIMPLE_HEAD)
    for i, title in enumerate(cells[0]):
        table.add_column(escape(title), justify=justify if i else "left", no_wrap=True)
    for i, row in enumerate(cells[1:]):
        if i in sections:
            table.add_section()
        table.add_row(*map(escape, row))
    wide = console()
    # Numbers that are cut off would be wrong ones.
    needed = wide.measure(table, options=wide.options.update(max_width=sys.maxsize)).maximum
    wide.width = max(wide.width, needed)
    wide.print(table)
