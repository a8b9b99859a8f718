"""Gradients by the chain of four sums, without a framework's autodiff.

d loss / d score = (slope of the metric at the counts) x (slope of the step at the score).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ._arrays import arrive, duals, library
from ._counting.arguments import Arguments
from ._counting.names import Names
from ._counting.pieces import first_pass, rounded, second_pass
from ._counting.quickest import quickest
from ._evaluation import count_slopes, in_one_call
from ._types import Array, CompoundCounts, Costs, arrays_of, map_counts
from .compound import CompoundLoss, Ranking, additive
from .entropy import CrossEntropy, cross_entropy
from .entropy.loss import loss_and_gradient as entropy_and_gradient
from .ranking.loss import loss_and_gradient, pairwise_loss
from .scores import Score


def value_and_grad(loss: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives a loss and its gradient with respect to the scores.

    Parameters
    ----------
    loss : callable
        What `as_loss`, `as_score`, `compound_loss` or `linearize` returned: the cost is then that
        of two passes over the data for each metric. Or `cross_entropy` or `pairwise_loss`, bare or
        with options fixed by functools.partial, at the cost of the loss. Any other function of
        ``(y_true, y_prob)`` to a scalar, written against the array API, is differentiated by dual
        numbers in time and memory that grow with the square of the number of scores: right, but
        for small inputs.

    Returns
    -------
    callable
        ``f(y_true, y_prob, **options) -> (value, gradient)``; the gradient has the shape, the
        dtype and the library of `y_prob`. `sample_weight`, `where` and `groups` are handed on.

    Raises
    ------
    TypeError
        If `loss` is not callable; when called, if `reduce` is given.

    Notes
    -----
    Works on NumPy and on every other array-API library. At kinks the slope is that of the step
    functions' rule, the same as by autodiff.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> f = ss.value_and_grad(ss.as_loss(ss.accuracy))
    >>> value, gradient = f(np.asarray([1, 0]), np.asarray([0.5, 0.5]))
    >>> print(value, gradient)
    0.5 [-0.6  0.6]
    """
    if not callable(loss):
        raise TypeError(f"`loss` must be a function of (y_true, y_prob), got {loss!r}")
    if isinstance(loss, LinearLoss):
        return partial(_in_closed_form, loss.loss, loss.slopes)
    if isinstance(loss, (Score, CrossEntropy, Ranking, CompoundLoss)):
        _require_slopes(loss)
        return partial(_in_closed_form, loss, None)
    bound = loss if isinstance(loss, partial) else partial(loss)
    if bound.func in _CLOSED_FORMS:
        return partial(_CLOSED_FORMS[bound.func], *bound.args, **bound.keywords)
    return partial(_by_directions, loss)


@dataclass(frozen=True)
class LinearLoss:
    """What `linearize` returns: the sum of a loss's counts times fixed slopes."""

    loss: Any
    slopes: Any

    def __call__(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
    ) -> Any:
        """Return the linear loss of a micro-batch."""
        options: Any = {"sample_weight": sample_weight, "where": where}
        if groups is not None:
            options["groups"] = groups
        return self.of_counts(self.loss.confusion(y_true, y_prob, **options))

    def of_counts(self, c: Any) -> Any:
        """Return the linear loss for given counts."""
        pairs = zip(arrays_of(c), arrays_of(self.slopes), strict=True)
        terms = [x * slope for x, slope in pairs]
        if isinstance(c, CompoundCounts):  # counts per class beside those of all
            terms = [library(("total",), (x,)).xp.sum(x) for x in terms]
        total = sum(terms[1:], terms[0])
        return library(("total",), (total,)).xp.sum(total)


def linearize(loss: Callable[..., Any], total: Any) -> LinearLoss:
    """Return a linear loss with the gradient that `loss` has at the counts `total`.

    A metric of an epoch is not the mean of the metrics of its batches. With this its gradient
    is exact all the same: pass 1 adds up the counts of all micro-batches without gradients,
    pass 2 back-propagates the linear loss of each; the gradients' sum **is** the gradient of
    the loss of all data at once.

    Parameters
    ----------
    loss : what `as_loss` or `compound_loss` returned
        The loss to follow.
    total : Confusion, ConfusionTable, or other counts of the loss
        The counts of all data, as added up from ``loss.confusion(...)``.

    Returns
    -------
    callable
        Called like the loss, ``linear(y_true, y_prob, *, sample_weight=None, where=None,
        groups=None)``.
        Only its gradient means something; its values do not add up to the loss.

    Raises
    ------
    TypeError
        If `loss` does not come from `as_loss` or `compound_loss`, or is one of pairs; if `total`
        does not hold counts of its kind.

    Notes
    -----
    Exact as long as a micro-batch's scores are the same in both passes: dropout needs the same
    random state in both, batch normalisation must not use batch statistics.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([1, 0, 1, 0]), np.asarray([0.9, 0.6, 0.4, 0.2])
    >>> loss = ss.as_loss(ss.f1)
    >>> linear = ss.linearize(loss, loss.confusion(y_true, y_prob))
    >>> whole = ss.value_and_grad(loss)(y_true, y_prob)[1]
    >>> parts = [ss.value_and_grad(linear)(y_true[i : i + 2], y_prob[i : i + 2])[1] for i in (0, 2)]
    >>> bool(np.allclose(np.concatenate(parts), whole, rtol=1e-13))
    True
    """
    found = loss if isinstance(loss, Score) else additive(loss)
    _require_slopes(found)
    return LinearLoss(found, _slopes_at(found, total))


def _require_slopes(loss: Any) -> None:
    if getattr(loss, "is_exact", False):
        raise ValueError(
            "`loss` must have a gradient, which an exact area has not; take as_loss(..., "
            "thresholds=grid(99)) or pairwise_loss"
        )


def _slopes_at(loss: Any, total: Any) -> Any:
    """Return the slopes of a loss in its counts."""
    kinds = {CompoundLoss: CompoundCounts, CrossEntropy: Costs}
    kind = loss.kind if isinstance(loss, Score) else kinds[type(loss)]
    if not isinstance(total, kind):
        raise TypeError(f"`total` must be a {kind.__name__}, got {type(total).__name__}")
    if isinstance(loss, CompoundLoss):
        if len(total.parts) != len(loss.losses):
            raise ValueError(
                f"`total` must hold the counts of {len(loss.losses)} losses, got those of "
                f"{len(total.parts)}"
            )
        parts = [_slopes_at(part, c) for part, c in zip(loss.losses, total.parts, strict=True)]
        weights = loss.weights_of(arrays_of(total)[0])
        pairs = zip(weights, parts, strict=True)
        return CompoundCounts(tuple([map_counts(lambda x, w=w: w * x, c) for w, c in pairs]))
    lib, arrays = arrive(total._fields, total)
    total = type(total)(*map(lib.constant, arrays))
    if isinstance(loss, CrossEntropy):
        return loss.slopes_at(total)
    return count_slopes(lib.plain, loss, total)[1]


def _in_closed_form(
    loss: Any,
    slopes: Any,
    y_true: Array,
    y_prob: Array,
    *,
    sample_weight: Array | None = None,
    where: Array | None = None,
    groups: Array | None = None,
) -> tuple[Any, Any]:
    """Return a loss and its gradient; with slopes, the sum of its counts times these."""
    given: dict[str, Any] = {"sample_weight": sample_weight, "where": where}
    if isinstance(loss, Ranking):
        return loss_and_gradient(y_true, y_prob, **dict(loss.options), **given)
    if isinstance(loss, CompoundLoss):
        of_parts = (None,) * len(loss.losses) if slopes is None else slopes.parts
        of_groups = loss.groups_of_parts(groups)
        pairs = [
            _in_closed_form(part, one, y_true, y_prob, **given, groups=own)
            for part, one, own in zip(loss.losses, of_parts, of_groups, strict=True)
        ]
        values, gradients = zip(*pairs, strict=True)
        if slopes is not None:  # which have the weights
            return sum(values[1:], values[0]), sum(gradients[1:], gradients[0])
        return loss.total(values), loss.total(gradients)
    call = loss.arguments(y_true, y_prob, sample_weight, where, groups)
    if isinstance(loss, CrossEntropy):
        return loss.value_and_gradient(call, slopes)
    return _by_chain(loss, slopes, call)


def _by_chain(loss: Score, slopes: Any, call: Arguments) -> tuple[Any, Any]:
    """Multiply the slope of the metric at the counts by the slope of the step at the scores."""
    if call.lib.compiles and slopes is None and loss.is_fixed:
        found = in_one_call(_checked, loss, call)
        if found is not None:
            return found
    if slopes is None:
        chained = partial(_chained, loss)
        return quickest(chained, call) if loss.metric_is_own else chained(call)
    counts, passed = first_pass(call)
    total = loss.kind(*rounded(passed.batch, counts))
    return LinearLoss(loss, slopes).of_counts(total), second_pass(passed, slopes)


def _checked(loss: Score, names: Names, seen: int, *arrays: Any) -> tuple[Any, Any]:
    """Return the loss and its gradient for arrays that have been checked."""
    return _chained(loss, loss.arguments(*arrays, names=names), seen)


def _chained(loss: Score, call: Arguments, seen: int | None = None) -> tuple[Any, Any]:
    counts, passed = first_pass(call, seen=seen)
    value, slopes = count_slopes(call.lib, loss, counts, passed.batch)
    return value, second_pass(passed, slopes)


def _by_directions(
    fn: Callable[..., Any], y_true: Array, y_prob: Array, **options: Any
) -> tuple[Any, Any]:
    """Differentiate a function of all scores, one direction for each."""
    _, (y_prob,) = arrive(("y_prob",), (y_prob,))
    value, (gradient,) = duals.value_and_gradients(lambda p: fn(y_true, p, **options), y_prob)
    return value, gradient


_CLOSED_FORMS = {pairwise_loss: loss_and_gradient, cross_entropy: entropy_and_gradient}
