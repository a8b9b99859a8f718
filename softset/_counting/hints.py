"""What was meant by shapes that do not fit: the call that makes them fit, in a line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from .._arrays.shapes import Shape, broadcasts_to, fits
from .names import Names


def for_labels(names: Names, true: Shape, prob: Shape, moveaxis: str) -> str:
    """Return the way from labels of one shape to scores of another."""
    for name, whose, x, other in (
        (names.y_prob, "scores", prob, true),
        (names.y_true, "labels", true, prob),
    ):
        for axis in _single(x):
            if fits(_without(x, axis), other):
                where = "last axis" if axis == len(x) - 1 else f"axis {axis}"
                return f"drop the {whose}' {where}, {_dropped(name, x, axis)}"
    smaller = [(_dropped(names.y_true, true, a), _without(true, a)) for a in _single(true)]
    for name, shape in [(names.y_true, true), *smaller]:
        found = [a for a in _class_axes(prob) if fits(shape, _without(prob, a))]
        if found:
            axis = min(found, key=lambda a: prob[a] is None)
            return _one_hot(names, name, axis, prob)
    for source, target in _moves(len(true)):
        if fits(_moved(true, source, target), prob):
            moved = f"{moveaxis}({names.y_true}, {source}, {target})"
            return f"{moved} has the scores' order of axes"
    return "nothing is broadcast here, " + _repeated(names, true, prob)


def for_classes(names: Names, step: str, true: Shape, prob: Shape) -> str:
    """Return the step that labels of one shape and scores of another were meant for, or nothing."""
    for axis in _class_axes(prob):
        if fits(true, _without(prob, axis)):
            return f"; if axis {axis} holds the classes pass {step}(axis={axis})"
    for single in _single(true):
        for axis in _class_axes(prob):
            if fits(_without(true, single), _without(prob, axis)):
                return f"; pass {_dropped(names.y_true, true, single)}"
    return ""


def for_companion(name: str, shape: Shape, target: Shape, moveaxis: str) -> str:
    """Return the way from a mask or from weights to the scores they go with, or nothing."""
    missing = len(target) - len(shape)
    if missing > 0:
        for kept in _kept(len(shape), len(target)):
            if broadcasts_to(shape, tuple(target[a] for a in kept)):
                rows = "for one value per row " if kept == (0,) else ""
                return f"; {rows}pass {name}[{_inserted(kept, len(target))}]"
    for source, to in _moves(len(shape)):
        if not missing and broadcasts_to(_moved(shape, source, to), target):
            return f"; {moveaxis}({name}, {source}, {to}) has the scores' order of axes"
    for axis in _single(shape):
        if missing == -1 and broadcasts_to(_without(shape, axis), target):
            return f"; pass {_dropped(name, shape, axis)}"
    return ""


def for_names(name: str, dtype: object) -> str:
    """Return the way from labels that are text, or Python objects, or nothing."""
    kind = str(dtype).lower()
    if kind == "object":
        return f"; cast them, as by {name}.astype(float)"
    if "string" in kind or kind.lstrip("<>=|")[:1] in ("u", "s"):
        return f"; compare them with the positive class, {name} == ..."
    return ""


def for_threshold(shape: Shape, target: Shape) -> str:
    """Return the way from thresholds of classes to scores whose classes are not last."""
    for axis in range(1, len(target) - 1):
        if len(shape) == 1 and shape[0] is not None and fits(shape, (target[axis],)):
            ones = (1,) * (len(target) - 1 - axis)
            return f"for one threshold per place of axis {axis} pass an array of {(*shape, *ones)}"
    return "for a grid of thresholds use `thresholds`"


def _order(ndim: int) -> list[int]:
    """Return the axes, those that classes are on as a rule first: the last one, and axis 1."""
    return sorted(range(ndim), key=lambda a: (a != ndim - 1, a != 1, a))


def _single(shape: Shape) -> list[int]:
    return [a for a in _order(len(shape)) if shape[a] == 1]


def _class_axes(shape: Shape) -> list[int]:
    # Over axis 0 there are examples: labels that lack it are a row that was to be repeated.
    return [a for a in _order(len(shape)) if a and shape[a] not in (0, 1)]


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]


def _dropped(name: str, shape: Shape, axis: int, place: int = 0) -> str:
    """Return the index that drops an axis."""
    before = "..." if axis == len(shape) - 1 else ", ".join(":" * axis)
    return f"{name}[{before}{', ' if before else ''}{place}]"


def _inserted(kept: tuple[int, ...], ndim: int) -> str:
    """Return the index that adds axes of length 1 between those that are there."""
    places = [":" if a in kept else "None" for a in range(ndim)]
    while places[-1] == ":":
        places.pop()
    return ", ".join(places)


def _moves(ndim: int) -> Iterator[tuple[int, int]]:
    """Return what moveaxis may be told, the ways between classes last and first first."""
    yield from ((-1, a) for a in (1, *range(ndim)) if a < ndim - 1)
    yield from ((a, -1) for a in range(1, ndim - 1))
    yield from ((a, b) for a in range(ndim) for b in range(ndim) if a != b)


def _moved(shape: Shape, source: int, target: int) -> Shape:
    rest = list(shape)
    axis = rest.pop(source)
    rest.insert(target % len(shape), axis)
    return tuple(rest)


def _kept(number: int, ndim: int) -> list[tuple[int, ...]]:
    """Return which axes so many may be, the likeliest first."""
    if ndim - number == 1:
        return [tuple(b for b in range(ndim) if b != a) for a in _order(ndim)]
    return list(combinations(range(ndim), number))


def _one_hot(names: Names, name: str, axis: int, prob: Shape) -> str:
    number = "num_classes" if prob[axis] is None else prob[axis]
    place = "" if axis == len(prob) - 1 else f", axis={axis}"
    hint = f"turn class numbers into one-vs-rest labels with one_hot({name}, {number}{place})"
    return hint + (f", or take {_dropped(names.y_prob, prob, axis, 1)}" if number == 2 else "")


def _repeated(names: Names, true: Shape, prob: Shape) -> str:
    """Say what to do about labels that are no rearrangement of what the scores need."""
    y_true, y_prob = names.y_true, names.y_prob
    if broadcasts_to(true, prob):
        return f"repeat the labels with broadcast_to({y_true}, {prob}) if they hold for all"
    if broadcasts_to(prob, true):
        return f"repeat the scores with broadcast_to({y_prob}, {true}) if they hold for all"
    if sorted(true, key=str) == sorted(prob, key=str):
        return f"bring the axes of {y_true} into the order of {y_prob}'s"
    if 1 in (len(true), len(prob)) and _size(true) == _size(prob) is not None:
        return f"reshape({y_true}, {prob}) has the scores' shape"
    return "give one label for each score"


def _size(shape: Shape) -> int | None:
    size = 1
    for length in shape:
        if length is None:
            return None
        size *= length
    return size
