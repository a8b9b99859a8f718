"""Both kinds of counts, four and a table, behind the same functions."""

from __future__ import annotations

from typing import Any

from .._types import ConfusionTable
from ..steps import Hard, is_own_step
from . import arguments, table
from . import count as four
from .arguments import Arguments
from .table import Rows


def prepare(call: Arguments, *, seen: int | None = None) -> Any:
    """Check the arguments and bring them to one dtype, for what they are counted as."""
    if call.kind is ConfusionTable:
        return table.prepare(call, seen=seen)
    return arguments.prepare(call, seen=seen)


def check(call: Arguments) -> int:
    """Check dtypes, shapes and values; tell whether the values could be seen."""
    return table.check(call) if call.kind is ConfusionTable else arguments.check(call)


def has_slope(call: Arguments) -> bool:
    """Tell whether the step has a gradient that is known in closed form."""
    if call.kind is ConfusionTable:
        return table.has_slope(call.step)
    return type(call.step) is not Hard and is_own_step(call.step)


def count(batch: Any, step: Any) -> tuple[Any, ...]:
    """Return the counts."""
    return table.count(batch, step) if type(batch) is Rows else four.count(batch, step)


def count_and_find(batch: Any, step: Any) -> tuple[tuple[Any, ...], Any]:
    """Return the counts, and what the gradient needs beside the slopes in them."""
    if type(batch) is Rows:
        return table.count(batch, step), None
    return four.count_and_find(batch, step)


def gradient(batch: Any, found: Any, step: Any, slope: Any, room: Any = None) -> Any:
    """Return the gradient in the scores, given the loss's slopes in the counts."""
    if type(batch) is Rows:
        return table.gradient(batch, step, slope)
    return four.gradient(batch, found, step, slope, room)
