"""Dual numbers over another library's arrays: what follows them is the chain rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import OVER, library
from ..library import Both, Library
from ..refusals import NotElementwise
from .dual import Dual, namespace, operate


class Duals(Library):
    """Arrays with their derivatives, and plain ones beside them."""

    def __init__(self, base: Library) -> None:
        super().__init__(namespace(base.xp))
        self.base = base
        self.visible = base.visible
        self.moveaxis = base.moveaxis

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Return what holds for the values of these arrays."""
        return over(self.base.of(names, tuple([_value(x) for x in arrays])))

    @property
    def plain(self) -> Library:
        """The library of constants."""
        return self.base.plain

    @property
    def has_float64(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the values can be summed in float64."""
        return self.base.has_float64

    def shape(self, x: Any) -> tuple[int | None, ...]:
        """Return the shape of x."""
        return self.base.shape(_value(x))

    def of_one_shape(self, y_true: Any, y_prob: Any) -> Any:
        """Return the labels."""
        if isinstance(y_true, Dual):
            return y_true
        return self.base.of_one_shape(y_true, _value(y_prob))

    def is_real(self, dtype: Any) -> bool:
        """Tell whether a dtype is real floating-point."""
        return self.base.is_real(dtype)

    def is_bool(self, dtype: Any) -> bool:
        """Tell whether a dtype is boolean."""
        return self.base.is_bool(dtype)

    def numbers(self, value: Any, like: Any) -> Any:
        """Return a number, or a tuple of them, as an array without a slope."""
        return self.base.numbers(value, _value(like))

    def constant(self, x: Any) -> Any:
        """Return the value of x as a constant."""
        return self.base.constant(_value(x))

    def sum(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Sum over the axes."""
        return super().sum(x, axes) if isinstance(x, Dual) else self.base.sum(x, axes)

    def running(self, x: Any) -> Any:
        """Return the running sums along the last axis."""
        return super().running(x) if isinstance(x, Dual) else self.base.running(x)

    def scatter(self, x: Any, place: Any, size: int) -> Any:
        """Add each element of x up at its place; there is no rule for it."""
        return None if isinstance(x, Dual) else self.base.scatter(x, place, size)

    def add_rows(self, x: Any, place: Any, size: int) -> Any:
        """Add each row of x up at its place, and its slopes with it."""
        if not isinstance(x, Dual):
            return self.base.add_rows(x, place, size)
        return self._linear(x, 3, lambda rows: self.base.add_rows(rows, place, size))

    def outer_sums(self, x: Any, y: Any) -> Any:
        """Sum the outer products of the rows of x and y, by the rule of products."""
        a, b = _value(x), _value(y)
        if a is x and b is y:
            return self.base.outer_sums(x, y)
        parts: list[Any] = []
        if isinstance(y, Dual):
            parts.append(self._linear(y, 3, lambda rows: self.base.outer_sums(a, rows)))
        if isinstance(x, Dual):
            parts.append(self._linear(x, 2, lambda rows: self.base.outer_sums(rows, b)))
        if len(parts) == 1:
            return parts[0]
        one, other = parts
        return Dual(one.value, one.tangent + other.tangent)

    def _linear(self, x: Dual, axis: int, function: Callable[[Any], Any]) -> Dual:
        """Return what a linear function makes of rows (k, n, m), which it puts on another axis.

        The directions are more columns for it.
        """
        if x.elementwise:
            raise NotElementwise("sums of rows mix positions")
        xp, cast = self.base.xp, self.base.cast
        out = cast(function(x.value), x.dtype)
        many, k, n, m = x.tangent.shape
        columns = xp.reshape(xp.permute_dims(x.tangent, (1, 2, 0, 3)), (k, n, many * m))
        found = cast(function(columns), x.dtype)
        if axis == 3:
            parts = xp.reshape(found, (k, out.shape[1], many, m))
            return Dual(out, xp.permute_dims(parts, (2, 0, 1, 3)))
        parts = xp.reshape(found, (k, many, m, out.shape[2]))
        return Dual(out, xp.permute_dims(parts, (1, 0, 2, 3)))

    def look_up(self, table: Any, place: Any) -> Any:
        """Return the entries of a 1-D array at places."""
        if isinstance(table, Dual):
            return super().look_up(table, place)
        return self.base.look_up(table, place)

    def divided(self, x: Any, y: Any) -> Any:
        """Return x / y; torch.compile takes no operator between a dual number and a tensor."""
        if isinstance(x, Dual) and not self.divides_by_squares(y):
            return operate("divide", x, y)
        return super().divided(x, y)

    def divides_by_squares(self, y: Any) -> bool:
        """Tell whether a slope in y is to be a quotient of its square."""
        return self.base.divides_by_squares(_value(y))

    def look(self, x: Any) -> Any:
        """Return the values of x."""
        return self.base.look(_value(x))

    def extremes(self, x: Any) -> tuple[Any, Any]:
        """Return the smallest and the largest value of x."""
        return self.base.extremes(_value(x))

    def is_followed(self, x: Any) -> bool:
        """Tell whether a gradient in x may be wanted."""
        return isinstance(x, Dual) or self.base.is_followed(x)

    def with_gradients(self, both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
        """Return the value by its own arithmetic, which the chain rule follows."""
        return otherwise()


_OVER: dict[Library, Duals] = {}


def over(base: Library) -> Duals:
    """Return the library of duals over the arrays of another one."""
    if base not in _OVER:
        _OVER[base] = Duals(base)
    return _OVER[base]


def _recognised(name: str, x: Any) -> Library:
    return over(library((name,), (x.value,)))


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


OVER[Dual] = _recognised
