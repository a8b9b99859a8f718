"""The counts of earlier batches, added to those of the current one."""

from __future__ import annotations

from typing import Any

from ._arrays import library
from ._options import whole
from ._types import Counts, are_counts, arrays_of, map_counts


def empty_memory(c: Counts, size: int) -> Counts:
    """Return a memory without anything in it.

    Parameters
    ----------
    c : Confusion or ConfusionTable
        Counts like those that will be remembered, as from a first batch; only their shape, dtype
        and library matter.
    size : int
        For how many batches there is room, at least 1.

    Returns
    -------
    Confusion or ConfusionTable
        Zeros of shape ``(size, ...)``: the argument `memory` of `remember`.

    Raises
    ------
    TypeError
        If `c` is no Confusion or ConfusionTable of arrays.
    ValueError
        If `size` is not an integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(ss.empty_memory(c, 2).tp)
    [0. 0.]
    """
    _require_counts(c)
    size = whole("size", size, 1)
    lib = library(*_named(c, ""))
    xp = lib.xp
    return map_counts(lambda x: lib.constant(xp.stack([xp.zeros_like(x)] * size)), c)


def remember(c: Counts, memory: Counts) -> tuple[Any, Any]:
    """Add the counts of earlier batches to those of this one.

    A batch too small for its metric borrows the counts of the batches before it::

        total, memory = remember(loss.confusion(y_true, y_prob), memory)
        value = loss.of_counts(total)

    Parameters
    ----------
    c : Confusion or ConfusionTable
        The counts of this batch.
    memory : Confusion or ConfusionTable
        What `empty_memory` or the last call returned.

    Returns
    -------
    total : Confusion or ConfusionTable
        The counts of this batch and of those remembered. Differentiable in `c` only.
    memory : Confusion or ConfusionTable
        With this batch in the place of the oldest one, and without gradients.

    Raises
    ------
    TypeError
        If an argument is no Confusion or ConfusionTable of arrays.
    ValueError
        If `memory` does not hold counts of the shape of `c`.

    Notes
    -----
    A pure function of arrays: it may be compiled, and `memory` carried through `jax.lax.scan`.
    The gradient is biased, since the earlier counts come from earlier parameters, and no
    gradient flows to them: it is that of one batch's share, 1 / (size + 1) of the whole's, in
    a metric that changes slowly. `linearize` is the exact way, at the price of two passes.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> memory = ss.empty_memory(c, 2)
    >>> for _ in range(4):
    ...     total, memory = ss.remember(c, memory)
    >>> print(total.tp)
    9.0
    """
    _require_counts(c)
    _require_counts(memory, "memory")
    if _kinds(c) != _kinds(memory):
        raise TypeError(
            f"`memory` must hold counts of the kind of `c`, got {type(memory).__name__} for "
            f"{type(c).__name__}; start with empty_memory"
        )
    (names, arrays), (others, before) = _named(c, ""), _named(memory, "memory.")
    lib = library((*names, *others), (*arrays, *before))
    xp = lib.xp
    for x, past in zip(arrays, before, strict=True):
        if tuple(past.shape[1:]) != tuple(x.shape) or len(past.shape) != len(x.shape) + 1:
            raise ValueError(
                "`memory` must hold counts of the shape of `c`, got "
                f"{tuple(past.shape)} for counts of {tuple(x.shape)}; start with empty_memory"
            )
    total = map_counts(lambda x, past: x + xp.sum(past, axis=0), c, memory)

    def moved(x: Any, past: Any) -> Any:
        return xp.concat([xp.expand_dims(lib.constant(x), axis=0), past[:-1, ...]], axis=0)

    return total, map_counts(moved, c, memory)


def _named(c: Any, prefix: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return names for errors beside the arrays of counts."""
    arrays = tuple(arrays_of(c))
    names = c._fields if len(arrays) == len(c) else [f"parts[{i}]" for i in range(len(arrays))]
    return tuple(f"{prefix}{name}" for name in names), arrays


def _kinds(c: Any) -> list[Any]:
    """Return the kind of counts, and those of their parts."""
    return [type(c), *(_kinds(x) for x in c if isinstance(x, tuple))]


def _require_counts(c: Any, name: str = "c") -> None:
    if not are_counts(c):
        raise TypeError(f"`{name}` must be a Confusion or a ConfusionTable, got {type(c).__name__}")
