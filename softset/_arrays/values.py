"""Whether array values are looked at: where they can be seen, and while the switch is on."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple

from . import library
from .library import Library

# What a block says of values: not to look, to look, and to look for soft labels too.
_OFF, _ON, NO_SOFT_LABELS = range(3)
# Which blocks are open in this thread or task, and what each says; the first is none.
_blocks: ContextVar[tuple[tuple[Any, int], ...]] = ContextVar("blocks", default=((None, _ON),))


class checks:
    """Switch the checks of array values on or off.

    Looking at values costs one more pass over the data and, on an accelerator, waits for it.
    Shapes and dtypes are checked all the same.

    Parameters
    ----------
    enabled : bool
        Whether NaN, infinite or out-of-range values raise an error.
    soft_labels : bool, default True
        Whether labels may lie between 0 and 1. If not, they raise an error too, and so do float
        labels and scores that changed places. It takes checks that are on, and one more pass.

    Raises
    ------
    ValueError
        If `soft_labels` is false where `enabled` is.

    Notes
    -----
    As a statement it lasts until the end of the `with` block around it, or else until the next
    one. It holds for the current thread or asyncio task, and for the tasks that this one starts;
    a new thread begins with the checks on. A block that a generator leaves open while it waits
    holds for whoever runs it.

    Examples
    --------
    As a statement, or for the length of a block:

    >>> import softset as ss
    >>> with ss.checks(False):
    ...     pass
    """

    def __init__(self, enabled: bool, *, soft_labels: bool = True) -> None:
        if not (enabled or soft_labels):
            raise ValueError(
                "`soft_labels` must be True where the checks are off, got False; labels are looked "
                "at by checks that are on"
            )
        self._says = (_ON if soft_labels else NO_SOFT_LABELS) if enabled else _OFF
        self._before = self._stated = ()
        if compiling():  # values are out of sight, and a compiler does not trace a ContextVar
            return
        self._before = blocks = _blocks.get()
        self._stated = (*blocks[:-1], (blocks[-1][0], self._says))
        _blocks.set(self._stated)

    def __enter__(self) -> None:
        if compiling():
            return
        blocks = _blocks.get()
        if blocks == self._stated:  # it was no statement after all
            blocks = self._before
        _blocks.set((*blocks, (self, self._says)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if compiling():
            return
        blocks = _blocks.get()
        # Blocks of generators may end in another order than they began in.
        own = [i for i, (block, _) in enumerate(blocks) if block is self]
        if own:
            _blocks.set(blocks[: own[-1]] + blocks[own[-1] + 1 :])


def checking(lib: Library | None = None) -> int:
    """Tell whether values are to be looked at: it is on, and those of these arrays can be seen.

    `NO_SOFT_LABELS` if labels between 0 and 1 are to be found too.
    """
    return _blocks.get()[-1][1] if (lib is None or lib.visible) and not compiling() else _OFF


def compiling() -> bool:
    """Tell whether torch.compile or torch.export is reading along."""
    torch: Any = sys.modules.get("torch")
    return hasattr(torch, "compiler") and torch.compiler.is_compiling()


def truth(flag: Any) -> bool | None:
    """Return the value of a 0-d boolean, or None where a transform hides it."""
    try:
        return bool(flag)
    # What jit and vmap of JAX and of torch.func raise, and MLX's ValueError.
    except (TypeError, RuntimeError, ValueError):
        return None


class Rule(NamedTuple):
    """What the values of an argument must be.

    `holds` says so of their smallest and their largest, or of `each` alone, and not of NaN; `hint`
    says more about the first value that is not.
    """

    holds: Callable[[Any, Any], Any]
    expected: str
    hint: Callable[[float, str], str]
    each: bool = False


def obey(lib: Library, rules: list[tuple[str, Any, Rule]], where: Any = None) -> bool:
    """Require that named arrays obey rules, with one wait; tell whether they could be seen."""
    masked = None if where is None else ~lib.look(where)
    good: Any = None
    for _, x, rule in rules:
        # Under a mask all values are looked at: taking some out costs more.
        whole = masked is None and not rule.each
        low, high = lib.extremes(x) if whole else (lib.look(x),) * 2
        also = rule.holds(low, high)
        good = also if good is None else good & also
    seen = _all(good if masked is None else good | masked)
    if seen is False:
        for name, x, rule in rules:
            x = lib.look(x)
            passed = rule.holds(x, x) if masked is None else rule.holds(x, x) | masked
            if not _all(passed):
                raise ValueError(_complaint(name, x, passed, rule))
    return seen is True


def all_are(lib: Library, x: Any, holds: Callable[[Any], Any], where: Any = None) -> bool:
    """Tell whether something holds for all of x that counts, and can be seen to."""
    held = holds(lib.look(x))
    return _all(held if where is None else held | ~lib.look(where)) is True


def _all(flags: Any) -> bool | None:
    if isinstance(flags, bool):
        return flags
    return truth(library(("values",), (flags,)).xp.all(flags))


def _complaint(name: str, x: Any, passed: Any, rule: Rule) -> str:
    """Say what was wrong with the first offending value, and how many there are."""
    xp = library((name,), (x,)).xp
    x = xp.broadcast_to(x, passed.shape)
    bad = xp.reshape(xp.astype(~passed, xp.int32), (-1,))
    position = int(xp.argmax(bad))
    first = float(xp.reshape(x, (-1,))[position])
    others = int(xp.sum(bad)) - 1
    more = f" and {others} more" if others else ""
    hint = rule.hint(first, name)
    return f"`{name}` must {rule.expected}, got {first} at flat position {position}{more}{hint}"


def no_hint(value: float, name: str) -> str:
    """Return nothing."""
    return ""


def finite_only(value: float, name: str) -> str:
    """Return the way out of values that are not finite."""
    return "" if math.isfinite(value) else "; mask entries that do not count with `where`"
