"""What a study is: units of work, the rows that a unit gives, and what rows say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]


class Missing(Exception):
    """Why something is skipped: a file or a package that is not there."""


class Unit(NamedTuple):
    """One piece of work, which is resumed as a whole; at most about a minute.

    Attributes
    ----------
    study : str
        The name of its study.
    name : str
        Unique in its study, such as "adult, linear, 900 rows".
    arguments : dict
        What JSON can hold. A unit is done again when they change.
    """

    study: str
    name: str
    arguments: dict[str, Any]


class Study(NamedTuple):
    """One question to the data.

    Attributes
    ----------
    name : str
        Such as "few-rows": its rows are in build/evidence/few-rows.jsonl.
    title : str
        The heading in the report.
    units : callable
        The units, of the folder of data. Where all that it needs is missing it raises `Missing`
        with the reason, which the report prints.
    run : callable
        The rows of a unit, of the folder and the unit: what JSON can hold, each with "data",
        "method", "seed", "settings" and "values". It may raise `Missing` too.
    report : callable
        The Markdown below the heading, of all rows that there are.
    """

    name: str
    title: str
    units: Callable[[Path], list[Unit]]
    run: Callable[[Path, Unit], list[Row]]
    report: Callable[[list[Row]], str]
