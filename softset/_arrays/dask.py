"""Dask: lazy arrays, some of a length that only computing would tell."""

from __future__ import annotations

import math
from typing import Any

import array_api_compat.dask.array as xp
import dask.array as da

from .library import Library
from .refusals import library_of, refusal


class Dask(Library):
    """Dask's arrays."""

    moveaxis = "dask.array.moveaxis"

    visible = False

    def of(self, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
        """Refuse arrays whose blocks mean more than their values."""
        for name, x in zip(names, arrays, strict=True):
            if isinstance(x, da.Array) and not _is_plain(x._meta):
                raise refusal(name, x._meta)
        return self

    def shape(self, x: Any) -> tuple[int | None, ...]:
        """Return the shape; Dask says nan for a length that only computing would tell."""
        lengths: Any = [None if isinstance(d, float) and math.isnan(d) else d for d in x.shape]
        return tuple(lengths)


def _is_plain(block: Any) -> bool:
    if library_of(type(block)) in ("sparse", "scipy", "pandas"):
        return False
    # NumPy's own classes other than the plain one, and those derived from it.
    names = [f"{kind.__module__}.{kind.__name__}" for kind in type(block).__mro__]
    return "numpy.ndarray" not in names[1:]


LIBRARY = Dask(xp)


def recognises(x: Any) -> bool:
    """Tell whether x is a Dask array."""
    return isinstance(x, da.Array)
