"""How a loss becomes a number: with a gradient in closed form, in one compiled call, or as it is.

And its slopes in the four counts: of plain numbers as numbers, of arrays by dual numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ._arrays import Library
from ._arrays.numbers import value_and_slopes
from ._arrays.refusals import NotElementwise
from ._arrays.values import checking
from ._counting import closed_form
from ._counting.arguments import Arguments, Batch
from ._counting.kinds import kind_of
from ._counting.names import Names
from ._counting.pieces import rounded, sum_up
from ._counting.quickest import quickest
from ._counting.traced import count_traced
from ._counting.values import HIDDEN, SEEN
from ._types import Confusion, ConfusionTable
from .averages.of_few import mean_and_slopes, suits
from .metrics.margins import slopes_by_margins


def evaluate(loss: Any, call: Arguments) -> Any:
    """Return a loss, or a score, for the arguments that its `arguments` returned."""
    lib = call.lib
    if loss.metric_is_own and lib.reads and closed_form.suits(call):
        return closed_form.value(
            call,
            lambda lib, batch, four: count_slopes(lib, loss, four, batch),
            lambda four: loss.of_counts(loss.kind(*four)),
        )
    if lib.compiles and loss.is_fixed:
        found = in_one_call(_evaluate, loss, call)
        if found is not None:
            return found
    if not (lib.free and loss.metric_is_own):
        return loss.of_counts(loss.counts(call), lib)
    return quickest(partial(_evaluate_free, loss), call)


def _evaluate_free(loss: Any, call: Arguments) -> Any:
    four, batch = sum_up(call)
    numbers = loss.as_numbers(call.lib, four)
    if numbers is not None:
        return call.lib.number(loss.of_values(loss.metric(numbers)), batch.scores)
    return loss.of_counts(loss.kind(*rounded(batch, four)))


def in_one_call(function: Callable[..., Any], loss: Any, call: Arguments) -> Any:
    """Return what a function makes of a loss and of arrays, or None if it is not compiled yet.

    The arrays are checked before; it is told whether their values were looked at.
    """
    arrays = (call.y_true, call.y_prob, call.sample_weight, call.where, call.groups)
    options = (loss, call.names, SEEN if checking(call.lib) else HIDDEN)
    given = tuple([x for x in arrays if x is not None])
    compiled = call.lib.compiled(given, function, *options)
    if compiled is None:
        return None
    kind_of(call).check(call)
    return compiled(*arrays)


def _evaluate(loss: Any, names: Names, seen: int, *arrays: Any) -> Any:
    call = loss.arguments(*arrays, names=names)
    return loss.of_counts(loss.kind(*count_traced(call, seen)))


def count_slopes(
    lib: Library, loss: Any, counts: tuple[Any, ...], batch: Batch | None = None
) -> tuple[Any, Any]:
    """Return the loss of counts and its slope with respect to each of them.

    The slopes of plain numbers are such as well. With the batch that they are of, the counts are
    what `sum_up` returns.
    """
    numbers = loss.as_numbers(lib, counts)
    if numbers is not None:
        value, slopes = value_and_slopes(loss.metric, numbers)
        if getattr(loss, "maximize", False):
            slopes = (-slopes[0], -slopes[1], -slopes[2], -slopes[3])
        like = counts[0] if batch is None else batch.scores
        return lib.number(loss.of_values(value), like), Confusion(*slopes)
    few = None if batch is None or not lib.free else _slopes_of_few(lib, loss, counts, batch)
    if few is not None:
        return few
    if batch is None:
        value, parts = _slopes_of_arrays(lib, loss, counts)
    elif loss.metric_is_own:
        value, parts = _slopes_of_arrays(lib, loss, lib.nearby(counts, batch.scores))
        value, parts = lib.back(value, parts, batch.scores)
    else:  # a metric of others may hold arrays, as of multipliers, that lie where the scores do
        value, parts = _slopes_of_arrays(lib, loss, rounded(batch, counts))
    return value, loss.kind(*parts)


def _slopes_of_few(
    lib: Library, loss: Any, counts: tuple[Any, ...], batch: Batch
) -> tuple[Any, Any] | None:
    if loss.kind is ConfusionTable or not loss.metric_is_own:
        return None
    if type(counts[0]) is float or not suits(loss.metric, tuple(counts[0].shape)):
        return None
    found = mean_and_slopes(loss.metric, lib.nearby(counts, batch.scores))
    if found is None:
        return None
    value, slopes = found
    if getattr(loss, "maximize", False):
        slopes = tuple([-x for x in slopes])
    value = lib.number(loss.of_values(value), batch.scores)
    value, parts = lib.back(value, slopes, batch.scores)
    return value, Confusion(*parts)


def _slopes_of_arrays(lib: Library, loss: Any, c: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    from ._arrays import duals

    if loss.kind is ConfusionTable and loss.metric_is_own:
        values, slope = slopes_by_margins(loss.metric, ConfusionTable(*c))
        factor = 1 / max(1, math.prod(values.shape))
        factor = -factor if getattr(loss, "maximize", False) else factor
        return loss.of_values(values), (factor * slope,)

    def of_counts(*counts: Any) -> Any:
        return loss.of_counts(loss.kind(*counts))

    found = lib.own_slopes(of_counts, c) if loss.metric_is_own else None
    if found is not None:
        return found
    try:
        return duals.gradients_of_sums(of_counts, *c)
    except NotElementwise:  # an area, say, or a metric that compares one class with another
        return duals.value_and_gradients(of_counts, *c)
