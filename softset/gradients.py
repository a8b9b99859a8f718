"""Gradients by the chain of four sums, without a framework's autodiff.

d loss / d score = (slope of the metric at the counts) x (slope of the step at the score).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ._arrays import arrive, library
from ._counting.names import Names
from ._counting.pieces import first_pass, rounded, second_pass
from ._evaluation import count_slopes, in_one_call
from ._types import Array, Confusion
from .losses import Score
from .ranking.loss import loss_and_gradient, pairwise_loss


def value_and_grad(loss: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives a loss and its gradient with respect to the scores.

    Parameters
    ----------
    loss : callable
        What `as_loss`, `as_score` or `linearize` returned: the cost is then that of two passes
        over the data. Or `pairwise_loss`, bare or with options fixed by functools.partial, at
        the cost of the loss. Any other function of ``(y_true, y_prob)`` to a scalar, written
        against the array API, is differentiated by dual numbers in time and memory that grow
        with the square of the number of scores: right, but for small inputs.

    Returns
    -------
    callable
        ``f(y_true, y_prob, **options) -> (value, gradient)``; the gradient has the shape, the
        dtype and the library of `y_prob`. `sample_weight` and `where` are handed on.

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
    if isinstance(loss, (Score, LinearLoss)):
        _require_slopes(loss)
        return partial(_by_chain, loss)
    bound = loss if isinstance(loss, partial) else partial(loss)
    if bound.func is pairwise_loss:
        return partial(loss_and_gradient, *bound.args, **bound.keywords)
    return partial(_by_directions, loss)


@dataclass(frozen=True)
class LinearLoss:
    """What `linearize` returns: the sum of a loss's counts times fixed slopes."""

    loss: Score
    slopes: Confusion

    def __call__(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
    ) -> Any:
        """Return the linear loss of a micro-batch."""
        counts = self.loss.confusion(y_true, y_prob, sample_weight=sample_weight, where=where)
        return self.of_counts(counts)

    def of_counts(self, c: Confusion) -> Any:
        """Return the linear loss for given counts."""
        terms = [x * slope for slope, x in zip(self.slopes, c, strict=True)]
        total = terms[0] + terms[1] + terms[2] + terms[3]
        return library(("total",), (total,)).xp.sum(total)


def linearize(loss: Score, total: Confusion) -> LinearLoss:
    """Return a linear loss with the gradient that `loss` has at the counts `total`.

    A metric of an epoch is not the mean of the metrics of its batches. With this its gradient
    is exact all the same: pass 1 adds up the counts of all micro-batches without gradients,
    pass 2 back-propagates the linear loss of each; the gradients' sum **is** the gradient of
    the loss of all data at once.

    Parameters
    ----------
    loss : what `as_loss` returned
        The loss to follow.
    total : Confusion
        The counts of all data, as added up from ``loss.confusion(...)``.

    Returns
    -------
    callable
        Called like the loss, ``linear(y_true, y_prob, *, sample_weight=None, where=None)``.
        Only its gradient means something; its values do not add up to the loss.

    Raises
    ------
    TypeError
        If `loss` does not come from `as_loss` or `total` is not a Confusion.

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
    if not isinstance(loss, Score):
        raise TypeError(f"`loss` must be what as_loss returned, got {loss!r}")
    _require_slopes(loss)
    if not isinstance(total, Confusion):
        raise TypeError(f"`total` must be a Confusion, got {type(total).__name__}")
    lib, four = arrive(total._fields, total)
    total = Confusion(*map(lib.constant, four))
    return LinearLoss(loss, count_slopes(lib.plain, loss, total)[1])


def _require_slopes(loss: Any) -> None:
    if getattr(loss, "is_exact", False):
        raise ValueError(
            "`loss` must have a gradient, which an exact area has not; take as_loss(..., "
            "thresholds=grid(99)) or pairwise_loss"
        )


def _by_chain(
    loss: Score | LinearLoss,
    y_true: Array,
    y_prob: Array,
    *,
    sample_weight: Array | None = None,
    where: Array | None = None,
) -> tuple[Any, Any]:
    """Multiply the slope of the metric at the counts by the slope of the step at the scores."""
    source = loss.loss if isinstance(loss, LinearLoss) else loss
    call = source.arguments(y_true, y_prob, sample_weight, where)
    if call.lib.compiles and isinstance(loss, Score) and loss.is_fixed:
        found = in_one_call(_chained, loss, call)
        if found is not None:
            return found
    counts, passed = first_pass(call)
    if isinstance(loss, LinearLoss):
        total = Confusion(*rounded(passed.batch, counts))
        return loss.of_counts(total), second_pass(passed, loss.slopes)
    value, slopes = count_slopes(call.lib, loss, counts, passed.batch)
    return value, second_pass(passed, slopes)


def _chained(loss: Score, names: Names, seen: int, *arrays: Any) -> tuple[Any, Any]:
    """Return the loss and its gradient for arrays that have been checked."""
    call = loss.arguments(*arrays, names=names)
    counts, passed = first_pass(call, seen=seen)
    value, slopes = count_slopes(call.lib, loss, counts, passed.batch)
    return value, second_pass(passed, slopes)


def _by_directions(
    fn: Callable[..., Any], y_true: Array, y_prob: Array, **options: Any
) -> tuple[Any, Any]:
    """Differentiate a function of all scores, one direction for each."""
    from ._arrays import duals

    _, (y_prob,) = arrive(("y_prob",), (y_prob,))
    value, (gradient,) = duals.value_and_gradients(lambda p: fn(y_true, p, **options), y_prob)
    return value, gradient
