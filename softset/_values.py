"""Checks of array values: made only where values can be seen, and only while switched on."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeAlias

from ._checks import is_bool, is_floating
from ._namespace import array_namespace, static_shape
from ._visible import at_hand, compiling, extremes, truth, values_visible

# Which blocks are open in this thread or task, and what each says; the first is none.
_blocks: ContextVar[tuple[tuple[Any, bool], ...]] = ContextVar("blocks", default=((None, True),))


class checks:
    """Switch the checks of array values on or off.

    Looking at values costs one more pass over the data and, on an accelerator, waits for it.
    Shapes and dtypes are checked all the same.

    Parameters
    ----------
    enabled : bool
        Whether NaN, infinite or out-of-range values raise an error.

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

    def __init__(self, enabled: bool) -> None:
        self._enabled = bool(enabled)
        self._before = self._stated = ()
        if compiling():  # values are out of sight, and a compiler does not trace a ContextVar
            return
        self._before = blocks = _blocks.get()
        self._stated = (*blocks[:-1], (blocks[-1][0], self._enabled))
        _blocks.set(self._stated)

    def __enter__(self) -> None:
        if compiling():
            return
        blocks = _blocks.get()
        if blocks == self._stated:  # it was no statement after all
            blocks = self._before
        _blocks.set((*blocks, (self, self._enabled)))

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


def checking(*arrays: Any) -> bool:
    """Tell whether values of these arrays are to be looked at: it is on, and they can be seen."""
    return values_visible(*arrays) and not compiling() and _blocks.get()[-1][1]


def check_values(
    xp: Any,
    y_true: Any,
    y_prob: Any,
    sample_weight: Any,
    where: Any,
    *,
    from_logits: bool,
) -> bool:
    """Look at the values, with one wait for a device; tell whether they could be seen."""
    if not checking(y_true, y_prob, sample_weight, where):
        return False
    if 0 in static_shape(y_prob):
        raise ValueError(
            f"`y_prob` must not be empty, got shape {static_shape(y_prob)}; skip the batch, or "
            "switch the checks off to count zeros"
        )
    rules = [("y_prob", y_prob, _finite if from_logits else _probability)]
    # NumPy takes long to name a dtype, as is_bool has it do.
    if is_floating(xp, y_true.dtype) or not is_bool(y_true.dtype):
        rules.append(("y_true", y_true, _probability))
    if sample_weight is not None and not is_bool(sample_weight.dtype):
        # An integer dtype has no infinity to compare with.
        rule = _weight if is_floating(xp, sample_weight.dtype) else _not_negative
        rules.append(("sample_weight", sample_weight, rule))
    return _obeyed(rules, where, from_logits=from_logits)


def check_thresholds(xp: Any, name: str, threshold: Any, *, hard: bool) -> None:
    """Require probabilities strictly inside (0, 1) in an array of thresholds."""
    if checking(threshold):
        _obeyed([(name, threshold, _number if hard else _inside)], None, from_logits=False)


def check_memberships(step_returned: Any) -> None:
    """Require what a step function returned to lie in [0, 1], up to rounding."""
    if checking(step_returned):
        _obeyed([("step", step_returned, _membership)], None, from_logits=False)


def check_increasing(xp: Any, name: str, values: Any) -> None:
    """Require an array of numbers in increasing order."""
    if checking(values) and truth(xp.all(values[1:] > values[:-1])) is False:
        raise ValueError(f"`{name}` must increase, got {values}; sort them, without repeats")


# The rules hold for all values if they hold for the smallest and the largest, and not for NaN.
Rule: TypeAlias = Callable[[Any, Any], Any]


def _probability(low: Any, high: Any) -> Any:
    return (low >= 0) & (high <= 1)


def _membership(low: Any, high: Any) -> Any:
    return (low >= -1e-6) & (high <= 1 + 1e-6)  # some roundings of float32


def _inside(low: Any, high: Any) -> Any:
    return (low > 0) & (high < 1)


def _finite(low: Any, high: Any) -> Any:
    return (low > -math.inf) & (high < math.inf)


def _weight(low: Any, high: Any) -> Any:
    return (low >= 0) & (high < math.inf)


def _not_negative(low: Any, high: Any) -> Any:
    return low >= 0


def _number(low: Any, high: Any) -> Any:
    return low == low  # not isnan, which integers lack


def _obeyed(rules: list[tuple[str, Any, Rule]], where: Any, *, from_logits: bool) -> bool:
    """Require that named arrays obey their rules; tell whether their values could be seen."""
    arrays = [at_hand(x) for _, x, _ in rules]
    masked = None if where is None else ~at_hand(where)
    # Under a mask all values are looked at: taking some out costs more.
    pairs = [extremes(x) if masked is None else (x, x) for x in arrays]
    flags = [rule(*pair) for (_, _, rule), pair in zip(rules, pairs, strict=True)]
    good = flags[0]
    for also in flags[1:]:
        good = good & also
    seen = _all(good if masked is None else good | masked)
    if seen is False:
        for (name, _, rule), x in zip(rules, arrays, strict=True):
            passed = rule(x, x) if masked is None else rule(x, x) | masked
            if not _all(passed):
                raise ValueError(_complaint(name, x, passed, from_logits=from_logits))
    return seen is True


def _all(flags: Any) -> bool | None:
    return flags if isinstance(flags, bool) else truth(array_namespace(flags).all(flags))


_EXPECTED = {
    "step": "return memberships in [0, 1]",
    "y_prob": "hold probabilities in [0, 1]",
    "y_true": "hold labels in [0, 1]",
    "sample_weight": "hold finite weights >= 0",
    "threshold": "hold probabilities strictly between 0 and 1",
    "thresholds": "hold probabilities strictly between 0 and 1",
}


def _complaint(name: str, x: Any, passed: Any, *, from_logits: bool) -> str:
    """Say what was wrong with the first offending value, and how many there are."""
    xp = array_namespace(x)
    x = xp.broadcast_to(x, passed.shape)
    bad = xp.reshape(xp.astype(~passed, xp.int32), (-1,))
    position = int(xp.argmax(bad))
    first = float(xp.reshape(x, (-1,))[position])
    others = int(xp.sum(bad)) - 1
    expected, hint = _EXPECTED[name], ""
    if name == "y_prob" and from_logits:
        expected = "hold finite logits"
    if name == "y_prob" and math.isfinite(first):
        hint = "; if these are logits pass from_logits=True"
    elif name == "y_true" and math.isfinite(first):
        hint = (
            f"; if {first:g} marks entries to ignore pass where=y_true != {first:g}, else code the "
            "two classes as 0 and 1, or use one_hot for class numbers"
        )
    elif name in ("threshold", "thresholds"):
        hint = "; it is a probability, also with from_logits=True"
    elif name != "step" and not math.isfinite(first):
        hint = "; mask entries that do not count with `where`"
    more = f" and {others} more" if others else ""
    return f"`{name}` must {expected}, got {first} at flat position {position}{more}{hint}"
