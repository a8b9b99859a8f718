"""Checks of kinds, dtypes and shapes: always on, and the one place for their wording."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .._arrays import NUMBERS, Library
from .._options import as_int, whole
from .hints import broadcasts_to, fits, for_companion, for_labels, for_names, for_threshold
from .names import Names


def scores(lib: Library, names: Names, y_true: Any, y_prob: Any) -> None:
    """Require real floating-point scores."""
    if not lib.is_real(y_prob.dtype):
        if lib.is_real(y_true.dtype) or not _is_number(lib, y_prob.dtype):
            hint = f"{names.order}: if the arguments are in order, cast the scores to a "
            hint += "floating-point dtype"
        else:
            hint = "a loss, a curve and a ranking need the scores that decisions were made of; "
            hint += "decisions of 0 and 1 are for the hard step, without thresholds and logits; "
            hint += "numbers of classes become scores by one_hot(..., C) * 1.0"
        raise TypeError(
            f"`{names.y_prob}` must hold floating-point scores, got {y_prob.dtype}; {hint}"
        )


def labels(lib: Library, names: Names, y_true: Any) -> None:
    """Require labels of a boolean, an integer or a real floating-point dtype."""
    if not _is_number(lib, y_true.dtype):
        raise TypeError(
            f"`{names.y_true}` must hold boolean, integer or real labels, got {y_true.dtype}"
            f"{for_names(names.y_true, y_true.dtype)}"
        )


def same_shape(lib: Library, names: Names, y_true: Any, y_prob: Any) -> None:
    """Require labels of the scores' shape: broadcasting here is silently another metric."""
    true, prob = lib.shape(y_true), lib.shape(y_prob)
    if fits(true, prob):
        return
    hint = for_labels(names, true, prob, lib.moveaxis)
    raise ValueError(
        f"`{names.y_true}` and `{names.y_prob}` must have one shape, got {true} and {prob}; {hint}"
    )


def aligned(lib: Library, names: Names, name: str, x: Any, y_prob: Any) -> None:
    """Require x to have the scores' dimensions, each of the same length or of length 1."""
    shape, target = lib.shape(x), lib.shape(y_prob)
    if len(shape) == len(target) and broadcasts_to(shape, target):
        return
    hint = for_companion(name, shape, target, lib.moveaxis)
    raise ValueError(
        f"`{name}` must have as many dimensions as {names.y_prob}, each of the same length or 1, "
        f"got {shape} for {names.y_prob} of {target}{hint}"
    )


def mask(lib: Library, names: Names, where: Any, y_prob: Any, name: str = "where") -> None:
    """Require a boolean mask that lines up with the scores."""
    boolean(lib, where, name)
    aligned(lib, names, name, where, y_prob)


def boolean(lib: Library, where: Any, name: str = "where") -> None:
    """Require a boolean mask."""
    if not lib.is_bool(where.dtype):
        raise TypeError(f"`{name}` must be a boolean mask, got {where.dtype}; pass mask != 0")


def both_or_none(groups: Any, num_groups: int | None) -> int:
    """Return how many groups there are, requiring their numbers beside it."""
    if num_groups is None:
        raise ValueError(
            "`num_groups` must be given where `groups` is, got None; pass how many groups there "
            "are to confusion, or to as_loss or as_score for all their calls"
        )
    num_groups = whole("num_groups", num_groups, 1)
    if groups is None:
        raise ValueError(
            f"`groups` must be given where `num_groups` is, got None and num_groups={num_groups}; "
            "pass the number of each score's group, from 0 on"
        )
    if type(groups) in NUMBERS:
        raise TypeError(f"`groups` must be an array of group numbers, got {groups!r}")
    return num_groups


def groups(lib: Library, names: Names, groups: Any, y_prob: Any) -> Any:
    """Require group numbers for the scores, or for their first axes, and return all axes."""
    if not lib.xp.isdtype(groups.dtype, "integral"):
        raise TypeError(
            f"`groups` must hold integer group numbers, got {groups.dtype}; number the groups from "
            "0 on, as numpy.unique(attribute, return_inverse=True)[1] does"
        )
    groups = lib.signed(groups)
    shape, target = lib.shape(groups), lib.shape(y_prob)
    missing = len(target) - len(shape)
    if missing < 0 or not broadcasts_to(shape, target[: len(shape)]):
        raise ValueError(
            f"`groups` must have the shape of {names.y_prob} or of its first axes, with lengths 1 "
            f"where all are of one group, got {shape} for {names.y_prob} of {target}"
        )
    return groups[(..., *(None,) * missing)] if missing else groups


def real(lib: Library, name: str, x: Any) -> None:
    """Require real numbers, booleans among them."""
    if not _is_number(lib, x.dtype):
        raise TypeError(f"`{name}` must hold real numbers, got {x.dtype}")


def weights(lib: Library, names: Names, sample_weight: Any, y_prob: Any) -> None:
    """Require real weights that line up with the scores."""
    real(lib, "sample_weight", sample_weight)
    aligned(lib, names, "sample_weight", sample_weight, y_prob)


def _is_number(lib: Library, dtype: Any) -> bool:
    return lib.is_real(dtype) or lib.xp.isdtype(dtype, ("bool", "integral"))


def axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes to sum over as non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    given = tuple([as_int(a) for a in given])
    for a in given:
        if type(a) is not int:
            raise TypeError(f"`axis` must be None, an integer or a tuple of them, got {axis!r}")
        if not -ndim <= a < ndim:
            raise ValueError(f"`axis` must lie in [{-ndim}, {ndim}) for {ndim} dimensions, got {a}")
    found = tuple(sorted(a % ndim for a in given))
    if len(set(found)) != len(found):
        raise ValueError(f"`axis` must not name an axis twice, got {axis!r}")
    return found


def no_threshold(step: Any, threshold: Any, thresholds: Any) -> None:
    """Require that a step that looks along the class axis is given no operating point."""
    for name, value, is_given in (
        ("threshold", threshold, not (isinstance(threshold, (int, float)) and threshold == 0.5)),
        ("thresholds", thresholds, thresholds is not None),
    ):
        if is_given:
            raise ValueError(
                f"`{name}` must be left out with {step}, got {value}; classes of which one is true "
                "are compared with each other, not with a threshold"
            )


def threshold_number(name: str, value: float, *, hard: bool) -> None:
    """Require a probability strictly inside (0, 1); any number will do for the hard step."""
    # A nan differs from itself; math.isnan does not trace in torch.compile.
    if value != value or not (hard or 0 < value < 1):
        raise ValueError(
            f"`{name}` must lie strictly between 0 and 1, got {value}; it is a probability, also "
            "with from_logits=True"
        )


def increasing(name: str, values: tuple[float, ...]) -> None:
    """Require numbers in increasing order."""
    if any(b <= a for a, b in pairwise(values)):
        raise ValueError(f"`{name}` must increase, got {values}; sort them, without repeats")


def broadcasts(lib: Library, names: Names, name: str, x: Any, y_prob: Any) -> None:
    """Require x to broadcast against the scores without enlarging them."""
    shape, target = lib.shape(x), lib.shape(y_prob)
    if broadcasts_to(shape, target):
        return
    raise ValueError(
        f"`{name}` must broadcast against {names.y_prob} of {target}, got {shape}; "
        f"{for_threshold(shape, target)}"
    )
