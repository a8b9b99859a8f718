"""Which steps are softset's own: elementwise, and known by their type alone."""

from __future__ import annotations

from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)

_OWN: set[type] = set()


def own(kind: _Class) -> _Class:
    """Mark a class of steps as softset's."""
    _OWN.add(kind)
    return kind


def is_ours(step: Any) -> bool:
    """Tell whether a step's class is one of softset's; one derived from it may do otherwise."""
    return type(step) in _OWN


def has_lines(step: Any) -> bool:
    """Tell whether a step is made of three lines."""
    return type(step) in _OWN and hasattr(step, "lines")
