"""The counts of earlier batches, added to those of the current one."""

from __future__ import annotations

from typing import Any

from ._arrays import library
from ._options import whole
from ._types import Confusion


def empty_memory(c: Confusion, size: int) -> Confusion:
    """Return a memory without anything in it.

    Parameters
    ----------
    c : Confusion
        Counts like those that will be remembered, as from a first batch; only their shape, dtype
        and library matter.
    size : int
        For how many batches there is room, at least 1.

    Returns
    -------
    Confusion
        Zeros of shape ``(size, ...)``: the argument `memory` of `remember`.

    Raises
    ------
    TypeError
        If `c` is not a Confusion of arrays.
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
    lib = library(c._fields, c)
    xp = lib.xp
    return Confusion(*(lib.constant(xp.stack([xp.zeros_like(x)] * size)) for x in c))


def remember(c: Confusion, memory: Confusion) -> tuple[Confusion, Confusion]:
    """Add the counts of earlier batches to those of this one.

    A batch too small for its metric borrows the counts of the batches before it::

        total, memory = remember(loss.confusion(y_true, y_prob), memory)
        value = loss.of_counts(total)

    Parameters
    ----------
    c : Confusion
        The counts of this batch.
    memory : Confusion
        What `empty_memory` or the last call returned.

    Returns
    -------
    total : Confusion
        The counts of this batch and of those remembered. Differentiable in `c` only.
    memory : Confusion
        With this batch in the place of the oldest one, and without gradients.

    Raises
    ------
    TypeError
        If an argument is not a Confusion of arrays.
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
    lib = library((*c._fields, *(f"memory.{name}" for name in c._fields)), (*c, *memory))
    xp = lib.xp
    for x, past in zip(c, memory, strict=True):
        if tuple(past.shape[1:]) != tuple(x.shape) or len(past.shape) != len(x.shape) + 1:
            raise ValueError(
                "`memory` must hold counts of the shape of `c`, got "
                f"{tuple(past.shape)} for counts of {tuple(x.shape)}; start with empty_memory"
            )
    total = Confusion(*(x + xp.sum(past, axis=0) for x, past in zip(c, memory, strict=True)))
    pairs = (
        (xp.expand_dims(lib.constant(x), axis=0), past) for x, past in zip(c, memory, strict=True)
    )
    return total, Confusion(*(xp.concat([x, past[:-1, ...]], axis=0) for x, past in pairs))


def _require_counts(c: Any, name: str = "c") -> None:
    if not isinstance(c, Confusion):
        raise TypeError(f"`{name}` must be a Confusion, got {type(c).__name__}")
