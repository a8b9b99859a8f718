"""Slopes of a loss in the four counts: of plain numbers as numbers, of arrays by dual numbers."""

from __future__ import annotations

from typing import Any

from ._arrays import Library
from ._arrays.numbers import value_and_slopes
from ._arrays.refusals import NotElementwise
from ._types import Confusion


def count_slopes(lib: Library, loss: Any, c: Confusion) -> tuple[Any, Confusion]:
    """Return the loss of the counts and its slope with respect to each count.

    The slopes of plain numbers are such as well.
    """
    if (numbers := loss.as_numbers(lib, c)) is not None:
        value, four = value_and_slopes(loss.metric, numbers)
        if getattr(loss, "maximize", False):
            four = (-four[0], -four[1], -four[2], -four[3])
        return lib.number(loss.of_values(value), c.tp), Confusion(*four)
    from ._arrays import duals

    def of_counts(*four: Any) -> Any:
        return loss.of_counts(Confusion(*four))

    try:
        value, parts = duals.gradients_of_sums(of_counts, *c)
    except NotElementwise:  # an area, say, or a metric that compares one class with another
        value, parts = duals.value_and_gradients(of_counts, *c)
    return value, Confusion(*parts)
