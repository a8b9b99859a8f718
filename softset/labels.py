"""Class numbers as labels of one class against the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._arrays import Library, arrive
from ._arrays.values import Rule, checking, obey
from ._options import as_int, whole
from ._types import Array


def one_hot(y_true: Array, num_classes: int, *, axis: int = -1) -> Any:
    """Turn class numbers into one-vs-rest labels.

    Parameters
    ----------
    y_true : array of integers
        Class numbers from 0 to ``num_classes - 1``, of any shape. A number outside that range
        gives False for every class; `class_labels` refuses it.
    num_classes : int
        The number of classes, at least 2.
    axis : int, default -1
        Where the class axis comes in the labels: 1 for scores of (N, C, H, W).

    Returns
    -------
    array of bool
        The shape of `y_true` with an axis of length `num_classes` more; not differentiable.

    Raises
    ------
    TypeError
        If `y_true` is not an integer array.
    ValueError
        If `num_classes` is not an integer of at least 2, or `axis` no axis of the labels.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.one_hot(np.asarray([0, 2]), 3))
    [[ True False False]
     [False False  True]]
    """
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    return _labels(lib, y_true, num_classes, axis)


class ClassLabels(NamedTuple):
    """What `class_labels` returns."""

    labels: Any
    where: Any


def class_labels(
    y_true: Array, num_classes: int, *, axis: int = -1, ignore: int | None = None
) -> ClassLabels:
    """Turn class numbers into one-vs-rest labels, and a number to ignore into a mask.

    Parameters
    ----------
    y_true : array of integers
        Class numbers from 0 to ``num_classes - 1``, of any shape, as (N,) or (N, H, W).
    num_classes : int
        The number of classes, at least 2.
    axis : int, default -1
        The class axis of the scores that the labels go with: 1 for (N, C, H, W).
    ignore : int, optional
        The number of entries that do not count, often 255 or -1.

    Returns
    -------
    ClassLabels
        ``(labels, where)``, a named tuple: booleans of the scores' shape, and a mask with a class
        axis of length 1 for `where`, or None without `ignore`. Not differentiable.

    Raises
    ------
    TypeError
        If `y_true` is not an integer array, or `ignore` is not an integer.
    ValueError
        If `num_classes` is not an integer of at least 2, or `axis` no axis of the labels; if a
        class number is neither one of the classes nor `ignore`.

    Examples
    --------
    Masks of pixels, scores with the classes on axis 1, and one pixel that nobody labelled:

    >>> import numpy as np
    >>> import softset as ss
    >>> y_true = np.asarray([[[0, 1], [1, 255]]])
    >>> y_prob = np.asarray([[[[0.9, 0.2], [0.6, 0.5]], [[0.1, 0.8], [0.4, 0.5]]]])
    >>> labels, where = ss.class_labels(y_true, 2, axis=1, ignore=255)
    >>> score = ss.as_score(ss.macro(ss.jaccard), step=ss.ArgMax(axis=1), axis=(0, 2, 3))
    >>> print(score(labels, y_prob, where=where))
    0.5
    """
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    num_classes, axis, ignore = as_int(num_classes), as_int(axis), as_int(ignore)
    labels = _labels(lib, y_true, num_classes, axis)
    if ignore is not None and type(ignore) is not int:
        raise TypeError(f"`ignore` must be an integer or None, got {ignore!r}")
    where: Any = None
    limits = lib.xp.iinfo(y_true.dtype)
    if ignore is not None:
        held = limits.min <= ignore <= limits.max
        where = y_true != ignore if held else y_true == y_true

    last = min(num_classes - 1, limits.max)

    def is_class(low: Any, high: Any) -> Any:
        return (low >= 0) & (high <= last)

    def hint(value: float, name: str) -> str:
        return f"; if {value:g} marks entries to ignore pass ignore={value:g}"

    if checking(lib):
        rule = Rule(is_class, f"hold class numbers from 0 to {num_classes - 1}", hint)
        obey(lib, [("y_true", y_true, rule)], where)
    return ClassLabels(labels, None if where is None else where[_with_axis(where, axis)])


def _labels(lib: Library, y_true: Any, num_classes: int, axis: int) -> Any:
    if not lib.xp.isdtype(y_true.dtype, "integral"):
        raise TypeError(f"`y_true` must hold integer class numbers, got {y_true.dtype}")
    num_classes = whole("num_classes", num_classes, 2)
    ndim = len(y_true.shape) + 1
    axis = as_int(axis)
    if type(axis) is not int:
        raise TypeError(f"`axis` must be that of the classes, an integer, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"`axis` must be one of the {ndim} axes that the labels will have, got {axis}"
        )
    if lib.xp.iinfo(y_true.dtype).max < num_classes:
        y_true = lib.xp.astype(y_true, lib.xp.int32)
    shape = [1] * ndim
    shape[axis] = num_classes
    numbers = lib.xp.reshape(lib.numbers(tuple(range(num_classes)), y_true), tuple(shape))
    return y_true[_with_axis(y_true, axis)] == numbers


def _with_axis(x: Any, axis: int) -> tuple[Any, ...]:
    """Return the index that adds an axis, for which Dask needs no lengths."""
    place: list[Any] = [slice(None)] * len(x.shape)
    place.insert(axis % (len(place) + 1), None)
    return tuple(place)
