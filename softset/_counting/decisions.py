"""Decisions in the place of scores: booleans, or integers 0 and 1, for the hard step alone."""

from __future__ import annotations

from typing import Any

from .._arrays import Library
from .._arrays.values import Rule, checking, obey
from .arguments import Arguments, check_kinds


def decided(call: Arguments) -> Arguments:
    """Return the arguments of the hard step with decisions as the scores 0 and 1.

    What cannot be meant stays as it is, for `check_kinds` to refuse: decisions as logits, at a grid
    of thresholds, which are all alike to them, or beside real labels, which may be the scores.
    """
    lib, names, y_true, y_prob = call[:4]
    if lib.is_real(y_prob.dtype) or call.from_logits or call.thresholds is not None:
        return call
    if not (_decides(lib, y_prob) and _decides(lib, y_true)):
        return call
    where = call.where
    scores = lib.cast(y_prob, lib.xp.float64 if lib.has_float64 else lib.xp.float32)
    if not lib.is_bool(y_prob.dtype):
        check_kinds(lib, names, y_true, scores, call.sample_weight, where)
        if checking(lib):
            obey(lib, [(names.y_prob, y_prob, _DECISION)], where)
        # Where they are hidden other numbers would be clipped, and class numbers be positives.
        scores = lib.where((y_prob == 0) | (y_prob == 1), scores, float("nan"))
    return call._replace(y_prob=scores)


def _decides(lib: Library, x: Any) -> bool:
    return lib.xp.isdtype(x.dtype, ("bool", "integral"))


def _is_decision(low: Any, high: Any) -> Any:
    return (low >= 0) & (high <= 1)


def _of_a_decision(value: float, name: str) -> str:
    return "; code the two classes as 0 and 1, or use class_labels for class numbers"


_DECISION = Rule(_is_decision, "hold scores, or decisions 0 and 1", _of_a_decision)
