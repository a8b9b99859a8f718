"""What all metrics across groups do: evaluate the metric in each group, and make one of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._arrays import Library
from .._types import Confusion
from ..curves import is_area
from ..metrics.options import Directed, core
from .axes import over_groups
from .groups_left import values_left


@dataclass(frozen=True)
class Across(Directed):
    """A metric across groups; `grid` says that the last axis of the counts is that of a grid."""

    called: ClassVar[str] = ""  # pyright: ignore[reportIncompatibleMethodOverride]
    empty: ClassVar[float] = 0.0

    grid: bool = field(default=False, kw_only=True, repr=False)

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return what is made of the metric's values in the groups."""
        zero_division = options.pop("zero_division", self.empty)
        area, ndim = is_area(core(self.metric)), len(getattr(c.tp, "shape", ()))
        self._require_groups(c, area or self.grid)
        inner = over_groups(self.metric, ndim, grid=area or self.grid)
        lib, values, left = values_left(inner, c, **options)
        axis = -1 if area or not self.grid else -2
        found = self._of_groups(lib, values, left, axis)
        some = lib.xp.any(left, axis=axis)
        return lib.where(some, found, zero_division)

    def _of_groups(self, lib: Library, values: Any, left: Any, axis: int) -> Any:
        """Return what is made of the values of the groups that are left."""
        raise NotImplementedError

    def _require_groups(self, c: Confusion, grid: bool) -> None:
        shape, place = tuple(getattr(c.tp, "shape", ())), -2 if grid else -1
        number = shape[place] if len(shape) >= -place else 0
        if number is not None and number < 2:
            raise ValueError(
                f"`c` must hold the counts of two groups or more for {self.called}, got counts of "
                f"shape {shape}; count with confusion(..., groups=groups, num_groups=2)"
            )
