"""Checks of array values: made only where values can be seen, and only while switched on."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Any

from ._checks import is_bool, is_floating
from ._namespace import static_shape, stop_gradient, truth, values_visible

_enabled = True


class checks:
    """Switch the checks of array values on or off, for the whole process.

    Looking at values costs one more pass over the data and, on an accelerator, waits for it.
    Shapes and dtypes are checked all the same.

    Parameters
    ----------
    enabled : bool
        Whether NaN, infinite or out-of-range values raise an error.

    Examples
    --------
    As a statement, or for the length of a block:

    >>> import softset as ss
    >>> with ss.checks(False):
    ...     pass
    """

    def __init__(self, enabled: bool) -> None:
        global _enabled
        self._before = _enabled
        _enabled = bool(enabled)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _enabled
        _enabled = self._before


def checking() -> bool:
    """Tell whether the checks are on."""
    return _enabled


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
    if not (_enabled and values_visible(y_true, y_prob, sample_weight, where)):
        return False
    if 0 in static_shape(y_prob):
        raise ValueError(
            f"`y_prob` must not be empty, got shape {static_shape(y_prob)}; skip the batch, or "
            "switch the checks off to count zeros"
        )
    rules = [("y_prob", y_prob, _good_scores(xp, y_prob, from_logits))]
    if not is_bool(y_true.dtype):
        rules.append(("y_true", y_true, (y_true >= 0) & (y_true <= 1)))
    if sample_weight is not None and not is_bool(sample_weight.dtype):
        passed = sample_weight >= 0
        # An integer dtype has no infinity to compare with.
        if is_floating(xp, sample_weight.dtype):
            passed = passed & (sample_weight < math.inf)
        rules.append(("sample_weight", sample_weight, passed))
    good = rules[0][2]
    for _, _, also in rules[1:]:
        good = good & also
    seen = truth(xp.all(good if where is None else good | ~where))
    if seen is False:
        for name, x, passed in rules:
            passed = passed if where is None else passed | ~where
            if not truth(xp.all(passed)):
                raise ValueError(_complaint(xp, name, x, passed, from_logits=from_logits))
    return seen is True


def check_thresholds(xp: Any, name: str, threshold: Any, *, hard: bool) -> None:
    """Require probabilities strictly inside (0, 1) in an array of thresholds."""
    if not (_enabled and values_visible(threshold)):
        return
    # Not isnan, which integers lack.
    passed = threshold == threshold if hard else (threshold > 0) & (threshold < 1)
    if truth(xp.all(passed)) is False:
        raise ValueError(_complaint(xp, name, threshold, passed, from_logits=False))


def check_increasing(xp: Any, name: str, values: Any) -> None:
    """Require an array of numbers in increasing order."""
    if _enabled and values_visible(values) and truth(xp.all(values[1:] > values[:-1])) is False:
        raise ValueError(f"`{name}` must increase, got {values}; sort them, without repeats")


def _good_scores(xp: Any, y_prob: Any, from_logits: bool) -> Any:
    if from_logits:
        return xp.isfinite(y_prob)
    return (y_prob >= 0) & (y_prob <= 1)


_EXPECTED = {
    "y_prob": "hold probabilities in [0, 1]",
    "y_true": "hold labels in [0, 1]",
    "sample_weight": "hold finite weights >= 0",
    "threshold": "hold probabilities strictly between 0 and 1",
    "thresholds": "hold probabilities strictly between 0 and 1",
}


def _complaint(xp: Any, name: str, x: Any, passed: Any, *, from_logits: bool) -> str:
    """Say what was wrong with the first offending value, and how many there are."""
    # Eager autodiff of JAX and of PyTorch has values, but will not turn x itself into a number.
    x = xp.broadcast_to(stop_gradient(x), passed.shape)
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
        hint = "; code the two classes as 0 and 1, or use one_hot for class numbers"
    elif name in ("threshold", "thresholds"):
        hint = "; it is a probability, also with from_logits=True"
    elif not math.isfinite(first):
        hint = "; mask entries that do not count with `where`"
    more = f" and {others} more" if others else ""
    return f"`{name}` must {expected}, got {first} at flat position {position}{more}{hint}"
