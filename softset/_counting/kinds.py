"""What is done for each kind of counts, four and a table, on the way to them and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .._types import ConfusionTable
from ..steps import Hard, class_axis, is_own_step
from . import arguments, count, table
from .arguments import Arguments


class Kind(NamedTuple):
    """The functions of a kind of counts: those of `arguments` and `count`, or of `table`."""

    prepare: Callable[..., Any]
    check: Callable[[Arguments], int]
    count: Callable[[Any, Any], tuple[Any, ...]]
    count_and_find: Callable[[Any, Any], tuple[tuple[Any, ...], Any]]
    gradient: Callable[..., Any]


FOUR = Kind(arguments.prepare, arguments.check, count.count, count.count_and_find, count.gradient)
TABLE = Kind(table.prepare, table.check, table.count, table.count_and_find, table.gradient)


def kind_of(call: Arguments) -> Kind:
    """Return what is done for the counts that are asked for."""
    return TABLE if call.kind is ConfusionTable else FOUR


def has_slope(call: Arguments) -> bool:
    """Tell whether the step has a gradient that is known in closed form."""
    if call.kind is ConfusionTable or class_axis(call.step) is not None:
        return table.has_slope(call.step)
    return type(call.step) is not Hard and is_own_step(call.step)
