"""Class weights and sample weights for imbalanced data."""

from __future__ import annotations

from typing import Any

from ._arrays import Library, arrive
from ._options import as_int
from ._types import Array
from .labels import one_hot
from .metrics.guarded import ratio


def class_weight(y_true: Array, *, num_classes: int = 2) -> Any:
    """Return the balanced weight of each class, ``n / (num_classes * n_c)``.

    Parameters
    ----------
    y_true : array of bool or integers
        Class numbers of any shape; for two classes boolean labels do.
    num_classes : int, default 2
        The number of classes.

    Returns
    -------
    array of float32
        Shape (num_classes,), for class 0 first. 0 for a class that does not occur.

    Raises
    ------
    TypeError
        If `y_true` does not hold booleans or integers.
    ValueError
        If `num_classes` is not an integer of at least 2.

    Notes
    -----
    The same numbers as scikit-learn's ``compute_class_weight("balanced")``.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.class_weight(np.asarray([0, 0, 0, 1])))
    [0.6666667 2.       ]
    """
    lib, numbers = _class_numbers(y_true)
    num_classes, xp = as_int(num_classes), lib.xp
    rows = xp.reshape(one_hot(numbers, num_classes), (-1, num_classes))
    count = xp.sum(xp.astype(rows, xp.float32), axis=0)
    total = xp.ones_like(count) * xp.sum(count)
    return ratio(lib, total, count * num_classes, 0.0)


def pos_weight(y_true: Array) -> Any:
    """Return the number of negatives for each positive, for `cross_entropy` and its like.

    Parameters
    ----------
    y_true : array
        Labels: boolean, 0 or 1, or real in [0, 1].

    Returns
    -------
    0-d array of float32
        ``float()`` of it is what `cross_entropy` takes. 1 if there is no positive.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.pos_weight(np.asarray([0, 0, 0, 1])))
    3.0
    """
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    xp = lib.xp
    labels = lib.cast(y_true, xp.float32)
    return ratio(lib, xp.sum(1 - labels), xp.sum(labels), 1.0)


def sample_weight(y_true: Array, class_weight: Array) -> Any:
    """Return the weight of each entry's class.

    Parameters
    ----------
    y_true : array of bool or integers
        Class numbers of any shape.
    class_weight : 1-D array of a floating dtype
        The weight of each class, class 0 first.

    Returns
    -------
    array
        Shape of `y_true`, dtype of `class_weight`; 0 for a number that is no class.

    Raises
    ------
    TypeError
        If `y_true` does not hold booleans or integers, or `class_weight` is not floating.
    ValueError
        If `class_weight` is not 1-D, or if its length is not known while tracing.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.sample_weight(np.asarray([0, 1, 0]), np.asarray([0.5, 2.0])))
    [0.5 2.  0.5]
    """
    _, numbers = _class_numbers(y_true)
    names = ("y_true", "class_weight")
    lib, (numbers, class_weight) = arrive(names, (numbers, class_weight))
    if not lib.is_real(class_weight.dtype):
        raise TypeError(f"`class_weight` must hold real numbers, got {class_weight.dtype}")
    shape = lib.shape(class_weight)
    if len(shape) != 1 or shape[0] is None:
        raise ValueError(f"`class_weight` must be 1-D and of a known length, got shape {shape}")
    members = lib.cast(one_hot(numbers, shape[0]), class_weight.dtype)
    return lib.xp.sum(members * class_weight, axis=-1)


def _class_numbers(y_true: Any) -> tuple[Library, Any]:
    lib, (y_true,) = arrive(("y_true",), (y_true,))
    if lib.xp.isdtype(y_true.dtype, "bool"):
        return lib, lib.cast(y_true, lib.xp.int32)
    if not lib.xp.isdtype(y_true.dtype, "integral"):
        raise TypeError(f"`y_true` must hold integer class numbers, got {y_true.dtype}")
    return lib, y_true
