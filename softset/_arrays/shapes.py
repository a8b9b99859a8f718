"""What shapes are to each other, with None for a length that is not known yet."""

from __future__ import annotations

from typing import TypeAlias

Shape: TypeAlias = "tuple[int | None, ...]"


def fits(shape: Shape, target: Shape) -> bool:
    """Tell whether two shapes are one, as far as they are known."""
    return len(shape) == len(target) and all(
        a is None or b is None or a == b for a, b in zip(shape, target, strict=True)
    )


def broadcasts_to(shape: Shape, target: Shape) -> bool:
    """Tell whether an array of the one shape broadcasts to the other without enlarging it."""
    last = target[max(0, len(target) - len(shape)) :]
    ones = tuple(t if s == 1 else s for s, t in zip(shape, last, strict=False))
    return len(shape) <= len(target) and fits(ones, last)
