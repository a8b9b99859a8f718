"""Checks of the values of arguments."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from .._arrays import Library
from .._arrays.values import NO_SOFT_LABELS, Rule, all_are, checking, finite_only, obey, truth
from .names import Names

# What is known of the values; CLEAN says that nothing is wrong under a mask either.
HIDDEN, SEEN, CLEAN = 0, 1, 2


def check_values(
    lib: Library,
    names: Names,
    y_true: Any,
    y_prob: Any,
    sample_weight: Any,
    where: Any,
    *,
    from_logits: bool,
) -> int:
    """Look at the values, with one wait for a device; tell whether they could be seen."""
    level = checking(lib)
    if not level:
        return HIDDEN
    if 0 in y_prob.shape:
        raise ValueError(
            f"`{names.y_prob}` must not be empty, got shape {lib.shape(y_prob)}; skip the batch, "
            "or switch the checks off to count zeros"
        )
    # One look at each, also at what a mask takes out: as a rule nothing is wrong with it.
    if (
        (lib.are_finite(y_prob) if from_logits else lib.are_shares(y_prob))
        and (lib.is_bool(y_true.dtype) or (level != NO_SOFT_LABELS and lib.are_shares(y_true)))
        and (sample_weight is None or lib.are_weights(sample_weight))
    ):
        return CLEAN
    rules = [(names.y_prob, y_prob, score_rule(names, from_logits=from_logits))]
    if not lib.is_bool(y_true.dtype):
        rules.append((names.y_true, y_true, label_rule(lib, names, y_true, y_prob, where)))
    if sample_weight is not None and not lib.is_bool(sample_weight.dtype):
        rules.append(("sample_weight", sample_weight, weight_rule(lib, sample_weight)))
    return SEEN if obey(lib, rules, where) else HIDDEN


def check_groups(lib: Library, groups: Any, num_groups: int | None, where: Any) -> bool:
    """Look at the numbers of groups; tell whether they could be seen."""
    if not checking(lib):
        return False

    def holds(low: Any, high: Any) -> Any:
        return is_group(lib, low, num_groups) & is_group(lib, high, num_groups)

    def hint(value: float, name: str) -> str:
        return "; mask entries of no group with `where`, or raise `num_groups`"

    rule = Rule(holds, f"hold group numbers below num_groups={num_groups}, from 0 on", hint)
    return obey(lib, [("groups", groups, rule)], where)


def is_group(lib: Library, x: Any, num_groups: Any) -> Any:
    """Tell which integers are the number of a group."""
    if isinstance(x, int):
        return 0 <= x < num_groups
    return (x >= 0) & (x <= min(num_groups - 1, lib.xp.iinfo(x.dtype).max))


def label_rule(lib: Library, names: Names, y_true: Any, y_prob: Any, where: Any) -> Rule:
    """Return what labels of a real or an integer dtype must be."""
    if not lib.is_real(y_true.dtype):
        return _LABEL
    rule = _HARD_LABEL if checking(lib) == NO_SOFT_LABELS else _LABEL
    return rule._replace(hint=partial(_of_a_real_label, lib, names, y_prob, where))


def score_rule(names: Names, *, from_logits: bool) -> Rule:
    """Return what scores must be."""
    return Rule(_is_finite, f"hold finite {names.logits}", finite_only) if from_logits else _SCORE


def weight_rule(lib: Library, sample_weight: Any) -> Rule:
    """Return what weights must be; an integer dtype has no infinity to compare with."""
    return _WEIGHT if lib.is_real(sample_weight.dtype) else _WHOLE_WEIGHT


def check_thresholds(lib: Library, name: str, threshold: Any, *, hard: bool) -> None:
    """Require probabilities strictly inside (0, 1) in an array of thresholds."""
    if checking(lib):
        obey(lib, [(name, threshold, _NUMBER if hard else _THRESHOLD)])


def check_increasing(lib: Library, name: str, values: Any) -> None:
    """Require an array of numbers in increasing order."""
    if checking(lib) and truth(lib.xp.all(values[1:] > values[:-1])) is False:
        raise ValueError(f"`{name}` must increase, got {values}; sort them, without repeats")


def _if_logits(value: float, name: str) -> str:
    if math.isfinite(value):
        return "; if these are logits pass from_logits=True"
    return finite_only(value, name)


def _of_a_label(value: float, name: str) -> str:
    if not math.isfinite(value):
        return finite_only(value, name)
    return (
        f"; if {value:g} marks entries to ignore pass where={name} != {value:g}, else code the "
        "two classes as 0 and 1, or use class_labels for class numbers"
    )


def _of_a_real_label(
    lib: Library, names: Names, y_prob: Any, where: Any, value: float, name: str
) -> str:
    """Say so if the labels look like scores, and the scores like labels."""
    soft = "; if soft labels are meant leave out soft_labels=False"
    hint = soft if 0 < value < 1 else _of_a_label(value, name)
    if not (math.isfinite(value) and all_are(lib, y_prob, _is_binary, where)):
        return hint
    order = f"; {names.order}, and `{names.y_prob}` holds nothing but 0 and 1"
    return order if value % 1 else hint + order


def _of_a_threshold(value: float, name: str) -> str:
    return "; it is a probability, also with from_logits=True"


def _is_share(low: Any, high: Any) -> Any:
    return (low >= 0) & (high <= 1)


def _is_binary(x: Any) -> Any:
    return (x == 0) | (x == 1)


def _are_binary(low: Any, high: Any) -> Any:
    return _is_binary(low) & _is_binary(high)


def _is_inside(low: Any, high: Any) -> Any:
    return (low > 0) & (high < 1)


def _is_finite(low: Any, high: Any) -> Any:
    return (low > -math.inf) & (high < math.inf)


def _is_weight(low: Any, high: Any) -> Any:
    return (low >= 0) & (high < math.inf)


def _is_not_negative(low: Any, high: Any) -> Any:
    return low >= 0


def _is_number(low: Any, high: Any) -> Any:
    return low == low  # not isnan, which integers lack


_EXPECTED = "hold probabilities strictly between 0 and 1"
_SCORE = Rule(_is_share, "hold probabilities in [0, 1]", _if_logits)
_LABEL = Rule(_is_share, "hold labels in [0, 1]", _of_a_label)
_HARD_LABEL = Rule(_are_binary, "hold labels of 0 or 1 (soft_labels=False)", _of_a_label, each=True)
_WEIGHT = Rule(_is_weight, "hold finite weights >= 0", finite_only)
_WHOLE_WEIGHT = Rule(_is_not_negative, "hold finite weights >= 0", finite_only)
_THRESHOLD = Rule(_is_inside, _EXPECTED, _of_a_threshold)
_NUMBER = Rule(_is_number, _EXPECTED, _of_a_threshold)
