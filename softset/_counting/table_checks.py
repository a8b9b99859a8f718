"""What may be counted in a table of classes: dtypes, shapes and values of its arguments."""

from __future__ import annotations

from typing import Any

from .._arrays import Library
from .._arrays.shapes import broadcasts_to, fits
from .._arrays.values import Rule, checking, obey
from ..steps import class_step, classes_along
from . import checks
from .arguments import Arguments
from .hints import for_classes
from .values import CLEAN, HIDDEN, SEEN, label_rule, score_rule, weight_rule

# How far the shares of an example's label may be from 1 in all, as float16 rounds them.
_ROUNDED = 2.0**-6


def check(arguments: Arguments) -> int:
    """Check dtypes, shapes and values; tell whether the values could be seen."""
    along, number = class_axis(arguments)
    _check_kinds(arguments, along)
    return _check_values(arguments, along, number)


def class_axis(arguments: Arguments) -> tuple[int, int]:
    """Return the axis of the classes, and how many there are."""
    lib, step, shape = arguments.lib, arguments.step, arguments.lib.shape(arguments.y_prob)
    found = class_step(step)
    if found is None:
        raise ValueError(
            f"`step` of a table of classes must look along them, got {step}; take "
            "Softmax(axis=...), StraightThrough(Softmax(axis=...)) or ArgMax(axis)"
        )
    axis, number = classes_along(lib, found, arguments.y_prob)
    if number is None:
        raise ValueError(
            f"`{arguments.names.y_prob}` must have a known number of classes, got {shape} with "
            f"the classes on axis {axis}; give tf.function an input_signature that has it"
        )
    return axis, number


def companions(arguments: Arguments, along: int) -> tuple[Any, Any]:
    """Return weights and the mask with a class axis of length 1."""
    ndim = len(arguments.y_prob.shape)
    weights, where = (
        x if x is None or len(x.shape) == ndim else with_axis(x, along)
        for x in (arguments.sample_weight, arguments.where)
    )
    return weights, where


def of_places(lib: Library, y_true: Any) -> Any:
    """Return class numbers in a dtype that arrays are indexed by."""
    xp = lib.xp
    return lib.cast(y_true, xp.int64 if lib.has_float64 else xp.int32)


def with_axis(x: Any, along: int) -> Any:
    """Return x with a class axis of length 1; Dask needs no lengths for it."""
    return x[(*[slice(None)] * along, None, ...)]


def _check_kinds(arguments: Arguments, along: int) -> None:
    lib, names, y_true, y_prob = arguments[:4]
    true, shape = lib.shape(y_true), lib.shape(y_prob)
    rows = shape[:along] + shape[along + 1 :]
    if not lib.is_real(y_prob.dtype):
        checks.scores(lib, names, y_true, y_prob)
    if len(true) == len(rows) and fits(true, rows):
        if not lib.xp.isdtype(y_true.dtype, "integral"):
            raise TypeError(
                f"`{names.y_true}` must hold integer class numbers beside scores with a class axis "
                f"more, got {y_true.dtype}; cast them to integers"
            )
    elif fits(true, shape):
        checks.labels(lib, names, y_true)
    else:
        raise ValueError(
            f"`{names.y_true}` must hold class numbers, of {rows}, or labels of {shape}: those of "
            f"scores with the classes on axis {along}; got {true}"
            f"{for_classes(names, type(class_step(arguments.step)).__name__, true, shape)}"
        )
    for name, x in (("sample_weight", arguments.sample_weight), ("where", arguments.where)):
        if x is None:
            continue
        if name == "where":
            checks.boolean(lib, x)
        else:
            checks.real(lib, name, x)
        found = lib.shape(x)
        one = (*shape[:along], 1, *shape[along + 1 :])
        if not (len(found) == len(rows) and broadcasts_to(found, rows)) and not (
            len(found) == len(one) and broadcasts_to(found, one)
        ):
            raise ValueError(
                f"`{name}` must have the shape of {names.y_prob} without the class axis, {rows}, "
                f"or with one of length 1, and each length may be 1, got {found}; an example "
                "counts as a whole"
            )


def _check_values(arguments: Arguments, along: int, number: int) -> int:
    lib, names, y_true, y_prob = arguments[:4]
    if not checking(lib):
        return HIDDEN
    if 0 in y_prob.shape:
        raise ValueError(
            f"`{names.y_prob}` must not be empty, got shape {lib.shape(y_prob)}; skip the batch, "
            "or switch the checks off to count zeros"
        )
    weights, where = companions(arguments, along)
    rules = []
    if len(y_true.shape) < len(y_prob.shape):
        numbers = with_axis(of_places(lib, y_true), along)
        rules.append((names.y_true, numbers, _class_rule(number)))
    else:
        shares = lib.cast(y_true, lib.counted_in(y_prob).dtype)
        total = lib.xp.sum(shares, axis=along, keepdims=True)
        if not lib.is_bool(y_true.dtype):
            rules.append((names.y_true, y_true, label_rule(lib, names, y_true, y_prob, where)))
        rules.append((names.y_true, lib.constant(total), _WHOLE))
    if not (weights is None or lib.is_bool(weights.dtype)):
        rules.append(("sample_weight", weights, weight_rule(lib, weights)))
    clean = lib.are_finite(y_prob) if arguments.from_logits else lib.are_shares(y_prob)
    if not clean:
        rules.insert(
            0, (names.y_prob, y_prob, score_rule(names, from_logits=arguments.from_logits))
        )
        return SEEN if obey(lib, rules, where) else HIDDEN
    seen = obey(lib, rules, where)
    return (CLEAN if where is None else SEEN) if seen else HIDDEN


def _class_rule(number: int) -> Rule:
    def is_class(low: Any, high: Any) -> Any:
        return (low >= 0) & (high <= number - 1)

    return Rule(is_class, f"hold class numbers from 0 to {number - 1}", _of_a_class)


def _of_a_class(value: float, name: str) -> str:
    return f"; if {value:g} marks entries to ignore pass where={name} != {value:g}"


def _is_whole(low: Any, high: Any) -> Any:
    return (low >= 1 - _ROUNDED) & (high <= 1 + _ROUNDED)


def _not_whole(value: float, name: str) -> str:
    return (
        "; an example is of one class, or in shares of several: mask others with `where`, and "
        "count labels that are each true or not by `confusion`"
    )


_WHOLE = Rule(_is_whole, "hold labels that sum to 1 along the class axis", _not_whole)
