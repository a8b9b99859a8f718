"""Warnings of areas over a grid that its hard counts do not tell: where values can be seen."""

from __future__ import annotations

from typing import Any

from ._arrays import Library, arrive, library
from ._arrays.values import checking, truth
from ._types import Confusion
from ._warning import warn
from .curves import auroc, average_precision, is_area
from .metrics.options import core, fixed_options, is_across

_SHOWN = 5  # labels that are named


def warn_of_area(metric: Any, thresholds: Any, axis: Any, c: Confusion) -> None:
    """Warn if a metric is an area that counts over a grid leave open, or the mean of such.

    Between two thresholds the order of the scores is not known, so an area takes them for equal.
    Without thresholds the counts are those at every score, which leave nothing open.
    """
    options, across, metric = fixed_options(metric), is_across(metric), core(metric)
    if not is_area(metric):
        return
    lib, four = arrive(c._fields, c)
    if not checking(lib):
        return
    tp, fp, fn, tn = map(lib.look, four)
    looked = library(c._fields, (tp, fp, fn, tn))
    positives, negatives = (tp + fn)[..., :1], (fp + tn)[..., :1]
    word = "label" if axis == 0 or axis == (0,) else "row"
    word = "group" if across else word
    if not (across or "zero_division" in options):  # which leaves out what is undefined
        _look_for_undefined(looked, metric, word, positives, negatives)
    if thresholds is None:
        return
    max_fpr = options.get("max_fpr")
    _look_for_ties(looked, metric, max_fpr, thresholds, word, tp, fp, positives, negatives)


def _look_for_undefined(
    lib: Library, metric: Any, word: str, positives: Any, negatives: Any
) -> None:
    """Warn if an area is undefined in some places of a mean."""
    xp, ranks = lib.xp, metric is auroc
    undefined = (positives == 0) | (negatives == 0) if ranks else positives == 0
    if not truth(xp.any(undefined)) or len(_flat(lib, undefined)) == 1:
        return
    warn(
        f"`metric` {metric.__name__} is undefined for {_named(lib, word, undefined)}, with "
        f"{'one class only' if ranks else 'no positive'}, and left out of the mean; give "
        f"zero_division for it to count"
    )


def _look_for_ties(
    lib: Library,
    metric: Any,
    max_fpr: Any,
    thresholds: Any,
    word: str,
    tp: Any,
    fp: Any,
    positives: Any,
    negatives: Any,
) -> None:
    """Warn if most positives lie with many negatives where the area takes them for equal."""
    xp = lib.xp
    if max_fpr is not None:  # what lies beyond makes no difference
        negatives = negatives * max_fpr
        fp = xp.minimum(fp, negatives + xp.zeros_like(fp))
    hits, alarms = _between(lib, positives, tp), _between(lib, negatives, fp)
    many = 2 * alarms > negatives
    if metric is average_precision:  # of a precision it is the negatives next to the positives
        many = many | (2 * alarms > hits)
    most = (2 * hits > positives) & many
    if not truth(xp.any(most)):
        return
    rows = _flat(lib, xp.any(most, axis=-1))
    first = xp.reshape(most, (-1, most.shape[-1]))[rows.index(True), :]
    whose = "" if len(rows) == 1 else f" of {word} {rows.index(True)}"
    others = sum(rows) - 1
    more = f" (and those of {others} {word}s more somewhere)" if others else ""
    warn(
        f"`thresholds` must lie between the scores to tell them apart, got most positives and "
        f"many negatives{whose} {_place(thresholds, _flat(lib, first).index(True))}{more}, "
        f"which {metric.__name__} counts as equal; unless they are equal leave `thresholds` out, "
        "for the exact area, or take some where the scores are, as grid(199, log_odds=14)"
    )


def _between(lib: Library, total: Any, x: Any) -> Any:
    """Return what is counted below the lowest threshold, between two, and from the highest on."""
    xp = lib.xp
    return xp.concat([total, x], axis=-1) - xp.concat([x, xp.zeros_like(total)], axis=-1)


def _place(thresholds: Any, place: int) -> str:
    """Say between which thresholds something lies."""
    if not isinstance(thresholds, tuple):
        lib, (thresholds,) = arrive(("thresholds",), (thresholds,))
        thresholds = lib.look(thresholds)
    number = len(thresholds)
    low, high = (f"{float(thresholds[max(0, min(i, number - 1))]):g}" for i in (place - 1, place))
    if place == 0:
        return f"below {high}"
    return f"from {low} on" if place == number else f"from {low} to {high}"


def _named(lib: Library, word: str, flags: Any) -> str:
    """Return the numbers of what is flagged in words."""
    found = [str(i) for i, flag in enumerate(_flat(lib, flags)) if flag]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    *rest, last = found[:_SHOWN] + more
    return f"{word}s {', '.join(rest)} and {last}" if rest else f"{word} {last}"


def _flat(lib: Library, flags: Any) -> list[bool]:
    flags = lib.xp.reshape(flags, (-1,))
    return [bool(flags[i]) for i in range(flags.shape[0])]
