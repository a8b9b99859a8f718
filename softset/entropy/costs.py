"""What each example costs, and the slopes of that in its scores.

With labels y, probabilities p and weights w the cost of two classes is
``w (-a y log p - b (1 - y) log(1 - p))`` with factors a and b; in logits its slope is
``w (b (1 - y) p - a y (1 - p))``. That of several classes with targets t is
``sum over classes of -w t log p``; in logits its slope is ``p sum(w t) - w t``.
"""

from __future__ import annotations

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


def sums(x: Examples, options: Options) -> tuple[Any, Any]:
    """Return the sum of the costs, and that of the weights."""
    xp = x.lib.xp
    ones = xp.ones_like(x.scores)
    weights = ones if x.weights is None else x.weights * ones
    if options.class_axis is None:
        positives, negatives = _shares(x, options)
        minus_log = _softplus if options.from_logits else _minus_log
        cost = minus_log(x.lib, x.scores, 1) * positives
        cost = cost + minus_log(x.lib, x.scores, 0) * negatives
        return xp.sum(cost * weights), xp.sum(weights)
    cost = _minus_log_share(x.lib, x.scores, options) * _targets(x, options)
    return xp.sum(cost * weights), xp.sum(weights * x.labels)


def slopes(x: Examples, options: Options) -> Any:
    """Return the slope of the sum of the costs in each score."""
    lib = x.lib
    if options.class_axis is not None:
        slope = _slopes_of_classes(x, options)
    else:
        slope = _weighted(_slopes_of_two(x, options), x.weights)
    return slope if x.unclipped is None else slope * lib.inside(x.unclipped)


def curvatures(x: Examples, options: Options) -> Any:
    """Return the second derivative of the sum of the costs in each logit by itself."""
    lib = x.lib
    if options.class_axis is None:
        score, lack = lib.logistics(x.scores)
        positives, negatives = _shares(x, options)
        return _weighted((positives + negatives) * score * lack, x.weights)
    targets = _weighted(_targets(x, options), x.weights)
    whole = lib.xp.sum(targets, axis=options.class_axis, keepdims=True)
    share = _share(lib, x.scores, options.class_axis)
    return whole * share * (1 - share)


def _weighted(x: Any, weights: Any) -> Any:
    return x if weights is None else x * weights


# Two classes


def _shares(x: Examples, options: Options) -> tuple[Any, Any]:
    """Return how much of an example is a positive and a negative, times their factors."""
    positives = x.labels * (1 - options.label_smoothing) + 0.5 * options.label_smoothing
    negatives = 1 - positives
    cells = options.cell_weight
    if cells is not None:
        hit = x.scores >= (0.0 if options.from_logits else 0.5)
        positives = positives * _choose(x.lib, hit, cells.tp, cells.fn, x.scores)
        negatives = negatives * _choose(x.lib, hit, cells.fp, cells.tn, x.scores)
    return positives * options.pos_weight, negatives


def _slopes_of_two(x: Examples, options: Options) -> Any:
    lib, p = x.lib, x.scores
    positives, negatives = _shares(x, options)
    if options.from_logits:
        score, lack = lib.logistics(p)
        return negatives * score - positives * lack
    return negatives * _reciprocal(lib, 1 - p) - positives * _reciprocal(lib, p)


def _choose(lib: Library, condition: Any, yes: float, no: float, like: Any) -> Any:
    xp = lib.xp
    return xp.where(condition, xp.full_like(like, float(yes)), xp.full_like(like, float(no)))


def _softplus(lib: Library, logits: Any, label: int) -> Any:
    """Return -log of the probability of the label, stable for every logit."""
    xp, z = lib.xp, -logits if label else logits
    positive = xp.where(z > 0, z, xp.zeros_like(z))
    return positive + xp.log1p(xp.exp(xp.where(z > 0, -z, z)))


def _minus_log(lib: Library, y_prob: Any, label: int) -> Any:
    """Return -log of the probability of the label, finite for every probability."""
    xp, p = lib.xp, y_prob if label else 1 - y_prob
    smallest = _smallest(lib, p)
    return -xp.log(xp.where(p < smallest, xp.full_like(p, smallest), p))


def _reciprocal(lib: Library, p: Any) -> Any:
    """Return the slope of log p as `_minus_log` takes it."""
    none = p < _smallest(lib, p)
    return lib.where(none, 0.0, 1 / lib.where(none, 1.0, p))


def _smallest(lib: Library, p: Any) -> float:
    return float(lib.xp.finfo(p.dtype).smallest_normal)


# Several classes


def _targets(x: Examples, options: Options) -> Any:
    """Return the labels, smoothed towards equal shares."""
    smoothing, xp = options.label_smoothing, x.lib.xp
    if not smoothing:
        return x.labels
    number = xp.sum(xp.ones_like(x.labels), axis=options.class_axis, keepdims=True)
    return x.labels * (1 - smoothing) + smoothing / number


def _minus_log_share(lib: Library, scores: Any, options: Options) -> Any:
    """Return -log of the share of each class."""
    xp, axis = lib.xp, options.class_axis
    if not options.from_logits:
        return _minus_log(lib, scores, 1) + xp.log(_total(lib, scores, axis))
    less = scores - xp.max(lib.constant(scores), axis=axis, keepdims=True)
    return xp.log(xp.sum(xp.exp(less), axis=axis, keepdims=True)) - less


def _slopes_of_classes(x: Examples, options: Options) -> Any:
    lib, axis = x.lib, options.class_axis
    targets = _weighted(_targets(x, options), x.weights)
    whole = lib.xp.sum(targets, axis=axis, keepdims=True)
    if options.from_logits:
        return whole * _share(lib, x.scores, axis) - targets
    return whole / _total(lib, x.scores, axis) - targets * _reciprocal(lib, x.scores)


def _share(lib: Library, logits: Any, axis: Any) -> Any:
    xp = lib.xp
    parts = xp.exp(logits - xp.max(lib.constant(logits), axis=axis, keepdims=True))
    return parts / xp.sum(parts, axis=axis, keepdims=True)


def _total(lib: Library, y_prob: Any, axis: Any) -> Any:
    """Return the sum of an example's probabilities, 1 where it is 0."""
    total = lib.xp.sum(y_prob, axis=axis, keepdims=True)
    return lib.where(total > 0, total, lib.xp.ones_like(total))
