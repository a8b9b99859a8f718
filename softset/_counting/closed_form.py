"""Counts, and what is made of them, with the gradient of two passes in autodiff's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..steps import Algebraic, Arctan, Cosine, Sigmoid
from .arguments import Arguments, arrive
from .kinds import has_slope, kind_of
from .pieces import count_pass, first_pass, has_few_passes, rounded, second_pass
from .quickest import quickest
from .traced import count_traced
from .values import SEEN

Counts: TypeAlias = "tuple[Any, ...]"


def suits(call: Arguments) -> bool:
    """Tell whether the gradient in the scores is all that is wanted, and known in closed form."""
    others = (call.y_true, call.sample_weight, call.where, call.threshold, call.thresholds)
    others += (call.groups,)
    if not call.lib.is_alone(call.y_prob, others):
        return False
    return has_slope(call)


def counts(call: Arguments) -> Counts:
    """Return tp, fp, fn and tn, or the table."""
    if call.lib.hides(call.y_prob):
        return count_traced(call)
    if not suits(call):
        return quickest(count_pass, call)
    return _in_two_passes(call, lambda lib, batch, four: (rounded(batch, four), None), _as_it_is)


def value(
    call: Arguments,
    value_and_slopes: Callable[[Any, Any, Counts], tuple[Any, Counts]],
    value_of: Callable[[Counts], Any],
) -> Any:
    """Return a function of the counts, given with its slopes in them and without."""
    return _in_two_passes(call, value_and_slopes, value_of)


def _in_two_passes(call: Arguments, found: Callable[..., Any], plain: Callable[..., Any]) -> Any:
    """Let a library take `found`, a value and its slopes, and the second pass for its gradient.

    Without slopes the value are the counts. `plain` is the value that autodiff can follow.
    """
    seen = SEEN
    # The arrays are a framework's to hold, and `call` has them.
    step, axis, from_logits, names = call.step, call.axis, call.from_logits, call.names
    kind, num_groups = call.kind, call.num_groups

    def arrived(lib: Any, y_prob: Any, y_true: Any, *rest: Any) -> Arguments:
        sample_weight, where, groups, threshold, thresholds = rest
        cut, count = (threshold, thresholds, step), (sample_weight, where, axis, from_logits)
        if lib is None:
            call = arrive(y_true, y_prob, *cut, *count, names, groups, num_groups)
            return call._replace(kind=kind)
        return Arguments(lib, names, y_true, y_prob, *cut, *count, groups, num_groups, kind)

    def first(lib: Any, *inputs: Any) -> tuple[Any, Any]:
        nonlocal seen
        again = arrived(lib, *inputs)
        four, passed = first_pass(again)
        seen = passed.batch.seen
        number, slopes = found(again.lib, passed.batch, four)
        return number, (passed, slopes)

    def second(state: Any, *slope: Any) -> Any:
        passed, slopes = state
        if slopes is not None and slope[0] != 1:
            slopes = tuple([x * slope[0] for x in slopes])
        return second_pass(passed, slope if slopes is None else slopes)

    def again(*inputs: Any) -> Any:
        # The values were checked before, if at all.
        given = arrived(None, *inputs)
        counted = kind_of(given)
        return plain(counted.count(counted.prepare(given, seen=seen), step))

    # Thresholds may change before the gradient is asked for.
    thresholds = map(call.lib.copy, (call.threshold, call.thresholds))
    arrays = (call.y_prob, call.y_true, call.sample_weight, call.where, call.groups)
    inputs = (*arrays, *thresholds)
    return call.lib.in_two_passes(first, second, again, *inputs, threads=_worth(call))


def _worth(call: Arguments) -> int:
    """Return how many threads are worth sharing operations.

    The fewer operations there are, and the longer they take, the sooner they are. What NumPy takes
    for a sine or an arctangent is a third of what PyTorch does.
    """
    if has_few_passes(call):
        return 1
    if type(call.step) in (Cosine, Arctan, Algebraic):
        return 3
    return 2 if call.from_logits or (call.thresholds is None and type(call.step) is Sigmoid) else 3


def _as_it_is(four: Counts) -> Counts:
    return four
