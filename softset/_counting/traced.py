"""Counts that a compiler reads, with the closed form as their gradient.

Its own, of the four sums, would read more and write more.
"""

from __future__ import annotations

from typing import Any

from ..steps import has_lines, is_ours
from .arguments import Arguments, prepare
from .count import count, find_slopes, gradient
from .joined import joined
from .kinds import TABLE, kind_of
from .values import HIDDEN

_FOLLOWED = ("y_prob", "y_true", "sample_weight", "where", "threshold", "groups")


def count_traced(arguments: Arguments, seen: int | None = None) -> tuple[Any, ...]:
    """Return tp, fp, fn and tn of arrays whose values a compiler does not see.

    Where they were checked before, `seen` is that of `prepare`.
    """
    arguments = joined(arguments)
    lib, step = arguments.lib, arguments.step
    kind = kind_of(arguments)
    if arguments.thresholds is not None or kind is TABLE or not _knows_slope(step):
        return kind.count(kind.prepare(arguments, seen=seen), step)
    numbers = isinstance(arguments.threshold, (int, float, tuple))
    names = [name for name in _FOLLOWED if getattr(arguments, name) is not None]
    if numbers:
        names.remove("threshold")

    def counts(*arrays: Any) -> tuple[Any, ...]:
        given = arguments._replace(**dict(zip(names, arrays, strict=True)))
        return count(prepare(given, seen=seen), step)

    def backward(slopes: tuple[Any, ...], *arrays: Any) -> Any:
        given = arguments._replace(**dict(zip(names, arrays, strict=True)))
        batch = prepare(given, seen=HIDDEN if seen is None else seen)
        found = find_slopes(batch, step)
        product = gradient(batch, found, step, slopes)
        if batch.clipped:
            product = lib.kept_inside(product, lib.counted_in(given.y_prob))
        return lib.cast(product, given.y_prob.dtype)

    return lib.with_backward(counts, backward, *(getattr(arguments, name) for name in names))


def _knows_slope(step: Any) -> bool:
    return has_lines(step) or (is_ours(step) and hasattr(step, "with_slope"))
