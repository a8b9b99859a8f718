"""What each example costs, and the slopes of that in its scores.

With labels y, probabilities p and weights w the cost of two classes is
``w (-a y log p - b (1 - y) log(1 - p))`` with factors a and b; in logits its slope is
``w (b (1 - y) p - a y (1 - p))``. That of several classes with targets t is
``sum over classes of -w t log p``; in logits its slope is ``p sum(w t) - w t``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._arrays import Library
from .._counting.arguments import Arguments, check, counted_rows, masked
from .._options import non_negative, share
from .._types import Confusion


class Examples(NamedTuple):
    """Checked input in one dtype.

    `weights` is None where all are 1; `unclipped` are the scores before they were clipped, if they
    were.
    """

    lib: Library
    labels: Any
    scores: Any
    weights: Any
    unclipped: Any


@dataclass(frozen=True)
class Options:
    """The options of `cross_entropy` that say what an example costs."""

    from_logits: bool = False
    pos_weight: float = 1.0
    cell_weight: Confusion | None = None
    label_smoothing: float = 0.0
    class_axis: int | None = None

    def __post_init__(self) -> None:
        non_negative("pos_weight", self.pos_weight)
        share("label_smoothing", self.label_smoothing)
        axis, cells = self.class_axis, self.cell_weight
        if cells is not None:
            if not isinstance(cells, Confusion):
                raise TypeError(f"`cell_weight` must be a Confusion of four floats, got {cells!r}")
            for name, factor in zip(Confusion._fields, cells, strict=True):
                non_negative(f"cell_weight.{name}", factor)
        if axis is None:
            return
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise TypeError(f"`class_axis` must be an integer or None, got {axis!r}")
        for name, given in (("pos_weight", self.pos_weight != 1), ("cell_weight", cells)):
            if given:
                raise ValueError(
                    f"`{name}` and `class_axis` must not both be given; weigh classes by "
                    "`sample_weight`"
                )


def examples(call: Arguments) -> Examples:
    """Check the arguments of `cross_entropy` and bring them to one dtype."""
    lib, where, weights = call.lib, call.where, None
    seen = check(call)
    scores = lib.counted_in(call.y_prob)
    labels = lib.of_one_shape(lib.cast(call.y_true, scores.dtype), scores)
    if call.sample_weight is not None:
        weights = lib.cast(call.sample_weight, scores.dtype)
    if where is not None:
        rows = counted_rows(call, where)
        labels, _, weights = masked(lib, labels, scores, weights, where, seen, rows)
        scores = lib.where(rows, scores, 0.5)  # whose logarithm is finite
    if seen or call.from_logits:
        return Examples(lib, labels, scores, weights, None)
    return Examples(lib, labels, lib.clipped(scores), weights, scores)


def cost(x: Examples, options: Options) -> Any:
    """Return the sum of the costs."""
    return x.lib.xp.sum(_weighted(_of(options)(x, options, False)[0], x.weights))


def weight(x: Examples, options: Options) -> Any:
    """Return the sum of the weights."""
    lib = x.lib
    if options.class_axis is not None:
        return lib.xp.sum(_weighted(x.labels, x.weights))
    if x.weights is None and lib.free:
        return lib.number(float(math.prod(x.scores.shape)), x.scores)
    ones = lib.xp.ones_like(x.scores)
    # Of lengths that tf.function leaves open equal shapes may yet be broadcast.
    return lib.xp.sum(ones if x.weights is None else x.weights * ones)


def cost_and_slopes(x: Examples, options: Options) -> tuple[Any, Any]:
    """Return the sum of the costs and its slope in each score."""
    costs, slopes = _of(options)(x, options, True)
    if x.unclipped is not None:
        slopes = slopes * x.lib.inside(x.unclipped)
    return x.lib.xp.sum(_weighted(costs, x.weights)), slopes


def curvatures(x: Examples, options: Options) -> Any:
    """Return the second derivative of the sum of the costs in each logit by itself."""
    lib = x.lib
    if options.class_axis is None:
        score, lack = lib.logistics(x.scores)
        positives, negatives = _shares(x, options)
        return _weighted((positives + negatives) * score * lack, x.weights)
    whole = _whole(x, options)
    share = _softmax(x, options)[1]
    return whole * share * (1 - share)


def _weighted(x: Any, weights: Any) -> Any:
    return x if weights is None else x * weights


def _of(options: Options) -> Callable[[Examples, Options, bool], tuple[Any, Any]]:
    """Return what gives the costs, without weights, and if it is asked for their slopes, with."""
    if options.class_axis is None:
        return _of_logits if options.from_logits else _of_probabilities
    return _of_classes_logits if options.from_logits else _of_classes_probabilities


# Two classes


def _of_logits(x: Examples, options: Options, sloping: bool) -> tuple[Any, Any]:
    # By arithmetic, which is faster than choices. Both tails keep their value: what is small is
    # added to a 0.
    lib, z = x.lib, x.scores
    add, multiply = lib.in_place(z)
    positives, negatives = _shares(x, options)
    equal = options.pos_weight == 1 and options.cell_weight is None
    both = None if equal else positives + negatives  # else it is 1
    below = lib.below(z, 0.0)
    line = negatives - _weighted(below, both)
    costs = add(z * line, _weighted(lib.softplus_tail(z), both))
    if not sloping:
        return costs, None
    sign = add(multiply(below, 2.0), -1.0)
    tail = _weighted(lib.logistic(z * sign), both)
    return costs, _weighted(add(multiply(tail, sign), line), x.weights)


def _of_probabilities(x: Examples, options: Options, sloping: bool) -> tuple[Any, Any]:
    lib, p = x.lib, x.scores
    positives, negatives = _shares(x, options)
    costs = _minus_log(lib, p) * positives + _minus_log(lib, 1 - p) * negatives
    if not sloping:
        return costs, None
    slopes = negatives * _reciprocal(lib, 1 - p) - positives * _reciprocal(lib, p)
    return costs, _weighted(slopes, x.weights)


def _shares(x: Examples, options: Options) -> tuple[Any, Any]:
    """Return how much of an example is a positive and a negative, times their factors."""
    positives, smoothing = x.labels, options.label_smoothing
    if smoothing:
        positives = positives * (1 - smoothing) + 0.5 * smoothing
    negatives = 1 - positives
    cells = options.cell_weight
    if cells is not None:
        hit = x.scores >= (0.0 if options.from_logits else 0.5)
        positives = positives * _choose(x.lib, hit, cells.tp, cells.fn, x.scores)
        negatives = negatives * _choose(x.lib, hit, cells.fp, cells.tn, x.scores)
    if options.pos_weight != 1:
        positives = positives * options.pos_weight
    return positives, negatives


def _choose(lib: Library, condition: Any, yes: float, no: float, like: Any) -> Any:
    xp = lib.xp
    return xp.where(condition, xp.full_like(like, float(yes)), xp.full_like(like, float(no)))


def _minus_log(lib: Library, p: Any) -> Any:
    """Return -log of a probability, finite for every one."""
    xp, smallest = lib.xp, _smallest(lib, p)
    return -xp.log(xp.where(p < smallest, xp.full_like(p, smallest), p))


def _reciprocal(lib: Library, p: Any) -> Any:
    """Return the slope of log p as `_minus_log` takes it."""
    none = p < _smallest(lib, p)
    return lib.where(none, 0.0, 1 / lib.where(none, 1.0, p))


def _smallest(lib: Library, p: Any) -> float:
    return float(lib.xp.finfo(p.dtype).smallest_normal)


# Several classes


def _of_classes_logits(x: Examples, options: Options, sloping: bool) -> tuple[Any, Any]:
    minus_log, share = _softmax(x, options)
    costs = minus_log * _targets(x, options)
    if not sloping:
        return costs, None
    return costs, _whole(x, options) * share - _weighted(_targets(x, options), x.weights)


def _of_classes_probabilities(x: Examples, options: Options, sloping: bool) -> tuple[Any, Any]:
    lib, p, targets = x.lib, x.scores, _targets(x, options)
    total = lib.xp.sum(p, axis=options.class_axis, keepdims=True)
    total = lib.where(total > 0, total, lib.xp.ones_like(total))
    costs = (_minus_log(lib, p) + lib.xp.log(total)) * targets
    if not sloping:
        return costs, None
    slopes = _weighted(targets, x.weights) * _reciprocal(lib, p)
    return costs, _whole(x, options) / total - slopes


def _targets(x: Examples, options: Options) -> Any:
    """Return the labels, smoothed towards equal shares."""
    smoothing, xp = options.label_smoothing, x.lib.xp
    if not smoothing:
        return x.labels
    number = xp.sum(xp.ones_like(x.labels), axis=options.class_axis, keepdims=True)
    return x.labels * (1 - smoothing) + smoothing / number


def _whole(x: Examples, options: Options) -> Any:
    """Return the weight of each example: that of its classes."""
    targets = _weighted(_targets(x, options), x.weights)
    return x.lib.xp.sum(targets, axis=options.class_axis, keepdims=True)


def _softmax(x: Examples, options: Options) -> tuple[Any, Any]:
    """Return -log of the share of each class, and the share."""
    xp, axis = x.lib.xp, options.class_axis
    less = x.scores - xp.max(x.lib.constant(x.scores), axis=axis, keepdims=True)
    parts = xp.exp(less)
    total = xp.sum(parts, axis=axis, keepdims=True)
    return xp.log(total) - less, parts / total
