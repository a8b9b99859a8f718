"""What metrics of a table are made of: its diagonal, the sums of its rows and of its columns.

A metric of these has slopes in the table that are sums of few: 3 C + 1 of them instead of C x C.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .._arrays import Library, arrive
from .._arrays.refusals import NotElementwise
from .._types import ConfusionTable
from .guarded import absent, floating


class Margins(NamedTuple):
    """The library of a table, and counts of shape (..., C).

    `right` are those on the diagonal, `true` the sums of the rows, `predicted` of the columns, and
    `total_of` sums the table times numbers of shape (C, C), given as a tuple of tuples.
    """

    lib: Library
    right: Any
    true: Any
    predicted: Any
    total_of: Callable[[tuple[tuple[float, ...], ...]], Any]

    @property
    def n(self) -> Any:
        """The sum of the table."""
        return self.lib.xp.sum(self.true, axis=-1)

    def shares(self) -> Margins:
        """Return the margins of the table divided by its sum, so that products cannot overflow."""
        n = self.n
        n = self.lib.where(absent(self.lib, n), 1.0, n)

        def total_of(weights: tuple[tuple[float, ...], ...]) -> Any:
            return self.lib.divided(self.total_of(weights), n)

        right, true, predicted = (self.lib.divided(x, n[..., None]) for x in self[1:4])
        return Margins(self.lib, right, true, predicted, total_of)


def margins(c: ConfusionTable) -> Margins:
    """Return the margins of a table."""
    if not isinstance(c, ConfusionTable):
        raise TypeError(
            f"a metric of classes takes a ConfusionTable, got a {type(c).__name__}; "
            "confusion_table counts one, and as_loss takes step=Softmax(axis=...) for it"
        )
    if type(c.counts) is _Probe:
        return c.counts.margins
    lib, (table,) = arrive(c._fields, c)
    table = floating(lib, table)
    shape = tuple(table.shape)
    # tf.function may leave one of the two open.
    known = {x for x in shape[-2:] if x is not None}
    if len(shape) < 2 or len(known) != 1:
        raise ValueError(f"`counts` must be a table of shape (..., C, C), got {shape}")

    def total_of(weights: tuple[tuple[float, ...], ...]) -> Any:
        return lib.xp.sum(table * matrix(lib, weights, table), axis=(-2, -1))

    xp, number = lib.xp, known.pop()
    right = xp.sum(table * _unit(lib, number, table), axis=-1)
    return Margins(lib, right, xp.sum(table, axis=-1), xp.sum(table, axis=-2), total_of)


def slopes_by_margins(metric: Callable[[Any], Any], c: ConfusionTable) -> tuple[Any, Any]:
    """Return a metric of the margins of a table, and the slope of the sum of its values in each."""
    from .._arrays import duals

    found = margins(c)
    number, kept = found.right.shape[-1], len(found.right.shape) - 1
    probe = _Probe(found, number)
    out = metric(ConfusionTable(probe))
    if not isinstance(out, duals.Dual):
        return out, found.lib.xp.zeros_like(c.counts)
    base = found.lib.xp
    rise = out.tangent
    extra = tuple(range(1 + kept, len(rise.shape)))
    rise = base.sum(rise, axis=extra) if extra else rise
    # The directions last, as the tables' axes.
    rise = base.permute_dims(rise, (*range(1, 1 + kept), 0))
    unit = _unit(found.lib, number, rise)
    slope = rise[..., :number][..., :, None] * unit
    slope = slope + rise[..., number : 2 * number][..., :, None]
    slope = slope + rise[..., 2 * number : 3 * number][..., None, :]
    if probe.weights is not None:
        slope = slope + rise[..., 3 * number :][..., None] * matrix(found.lib, probe.weights, rise)
    return out.value, slope


class _Probe:
    """A table of which only the margins are known, as dual numbers with a direction for each."""

    def __init__(self, plain: Margins, number: int) -> None:
        from .._arrays import duals

        lib, size = plain.lib, 3 * number + 1
        kept = len(plain.right.shape) - 1
        unit = _unit(lib, size, plain.right)
        unit = lib.xp.reshape(unit, (size, *(1,) * kept, size))

        def dual(x: Any, first: int) -> Any:
            part = unit[..., first : first + number]
            return duals.Dual(x, part + lib.xp.zeros_like(x))

        def total_of(weights: tuple[tuple[float, ...], ...]) -> Any:
            if self.weights not in (None, weights):
                raise NotElementwise("two sums of a table have slopes of their own")
            self.weights = weights
            x = plain.total_of(weights)
            return duals.Dual(x, unit[..., 3 * number] + lib.xp.zeros_like(x))

        self.weights: Any = None
        right, true, predicted = (dual(x, i * number) for i, x in enumerate(plain[1:4]))
        self.margins = Margins(duals.over(lib), right, true, predicted, total_of)


def matrix(lib: Library, rows: tuple[tuple[float, ...], ...], like: Any) -> Any:
    """Return rows of numbers as a matrix of the dtype of another array."""
    flat = tuple([x for row in rows for x in row])
    return lib.xp.reshape(lib.numbers(flat, like), (len(rows), len(rows[0])))


def _unit(lib: Library, number: int, like: Any) -> Any:
    places = lib.numbers(tuple(range(number)), like)
    return lib.cast(places[:, None] == places[None, :], like.dtype)
