"""Step functions: the Heaviside step and what takes its place while training.

Each maps a probability and a threshold to a membership in [0, 1].
"""

from __future__ import annotations

from typing import Any

from .classes import ArgMax, Softmax, TopK, classes_along
from .members import members
from .own import has_lines, is_ours
from .piecewise import Hard, Identity, Linear, Ramp
from .smooth import Algebraic, Arctan, Cosine, Sigmoid
from .through import StraightThrough

__all__ = [
    "Algebraic",
    "ArgMax",
    "Arctan",
    "Cosine",
    "Hard",
    "Identity",
    "Linear",
    "Ramp",
    "Sigmoid",
    "Softmax",
    "StraightThrough",
    "TopK",
    "class_axis",
    "class_step",
    "classes_along",
    "has_lines",
    "is_ours",
    "is_own_step",
    "keeps_nan",
    "members",
]


def is_own_step(step: Any) -> bool:
    """Tell whether a step is one of softset's: elementwise, and nothing in it has a gradient."""
    while type(step) is StraightThrough:
        step = step.step
    if not is_ours(step) or class_axis(step) is not None:
        return False
    for name in step.__dataclass_fields__:  # noqa: SIM110, whose generator takes longer
        if not isinstance(getattr(step, name), (int, float)):
            return False
    return True


def keeps_nan(step: Any) -> bool:
    """Tell whether a score that is not a number has a membership that is none."""
    while type(step) is StraightThrough:
        step = step.step
    return is_ours(step) and type(step) not in (Hard, ArgMax, TopK)


def class_axis(step: Any) -> int | None:
    """Return the axis of classes of which one is true, if the step looks along one."""
    if type(step) is StraightThrough:
        return class_axis(step.step)
    return step.axis if isinstance(step, (ArgMax, Softmax, TopK)) else None


def class_step(step: Any) -> Any:
    """Return the step that looks along an axis of classes, bare or straight through, or None."""
    while type(step) is StraightThrough:
        step = step.step
    return step if isinstance(step, (ArgMax, Softmax)) else None
