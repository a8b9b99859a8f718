"""Axes that are counted over together, as one: a loop over one axis is the fastest."""

from __future__ import annotations

import math
from typing import Any

from ..steps import is_own_step
from .arguments import Arguments, shape_of_threshold
from .checks import axes


def joined(arguments: Arguments) -> Arguments:
    """Return arguments with the last axes that are counted over, side by side, as one.

    As they are where that takes a copy, or where the library sees no use in it.
    """
    if not arguments.lib.joins(arguments.y_prob):
        return arguments
    shape = arguments.y_prob.shape
    counted = axes(arguments.axis, len(shape))
    start, stop = _side_by_side(counted)
    if stop - start < 2 or arguments.y_true.shape != shape or not is_own_step(arguments.step):
        return arguments
    if shape_of_threshold(arguments.threshold):
        return arguments
    found = {}
    for name in ("y_true", "y_prob", "sample_weight", "where", "groups"):
        x = getattr(arguments, name)
        if x is None:
            continue
        middle = tuple(x.shape[start:stop])
        if len(x.shape) < len(shape) or len({middle, shape[start:stop], (1,) * len(middle)}) > 2:
            return arguments
        joint = (*x.shape[:start], math.prod(middle), *x.shape[stop:])
        found[name] = arguments.lib.joined(x, joint)
        if found[name] is None:
            return arguments
    axis: Any = (*(i for i in counted if i < start), start)
    return arguments._replace(axis=axis, **found)


def _side_by_side(counted: tuple[int, ...]) -> tuple[int, int]:
    """Return where the last of the axes that are side by side begin and end."""
    stop = start = counted[-1] + 1 if counted else 0
    while start - 1 in counted:
        start -= 1
    return start, stop
