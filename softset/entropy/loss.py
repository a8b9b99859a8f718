"""Cross-entropy: the function, and the loss that it is with its options fixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from .._additive import Additive
from .._arrays import Library, library
from .._counting.arguments import Arguments, arrive
from .._counting.names import NAMES, Names
from .._types import Array, Confusion, Costs, Reduce
from ..metrics.guarded import ratio
from ..steps import Hard, Softmax
from . import costs
from .costs import Options


def cross_entropy(
    y_true: Array,
    y_prob: Array,
    *,
    from_logits: bool = False,
    pos_weight: float = 1.0,
    cell_weight: Confusion | None = None,
    label_smoothing: float = 0.0,
    class_axis: int | None = None,
    sample_weight: Array | None = None,
    where: Array | None = None,
    reduce: Reduce | None = None,
) -> Any:
    """Return the mean cross-entropy, ``-y log p - (1 - y) log(1 - p)``.

    With `class_axis` it is that of classes of which one is true, ``-sum(y log p)`` over them.

    Parameters
    ----------
    y_true : array
        Labels of the shape of `y_prob`: boolean, 0 or 1, or real in [0, 1].
    y_prob : array of a floating dtype
        Probabilities in [0, 1], or logits with ``from_logits=True``. Logits are better: a
        probability of exactly 0 or 1 that is wrong costs a large finite number and gets no
        gradient.
    from_logits : bool, default False
        Whether `y_prob` holds logits.
    pos_weight : float, default 1.0
        Factor on the positives' part, as in PyTorch's BCEWithLogitsLoss.
    cell_weight : Confusion of four floats, optional
        Factor for each cell of the confusion matrix: an example's cross-entropy is multiplied
        by the weight of the cell that it falls in when scores from 0.5 on count as positive;
        a label between 0 and 1 falls in two cells with its shares. The cell is a constant to
        the gradient.
    label_smoothing : float, default 0.0
        Labels become ``y (1 - s) + s / 2``, of k classes ``y (1 - s) + s / k``; in [0, 1).
    class_axis : int, optional
        The axis of classes of which one is true: logits are then compared by a softmax along it,
        probabilities divided by their sum. Labels are one-hot, as of `class_labels`. Without it
        every score is one of its own: of two classes, or of labels of which several may be true.
    sample_weight : array, optional
        Finite weights >= 0 with the dimensions of `y_prob`, each of the same length or 1.
    where : array of bool, optional
        False for entries that do not count, whatever they hold; with `class_axis` as for the step
        `Softmax`.
    reduce : callable, optional
        Applied to the two sums before they are divided, as for what `as_loss` returns: to sum
        them over machines.

    Returns
    -------
    0-d array
        The mean weighted by `sample_weight`, in the dtype of the scores (float32 for half
        types), 0 if no entry counts. With `class_axis` an example has the weight of its class, as
        in PyTorch. Differentiable in `y_prob`.

    Raises
    ------
    TypeError, ValueError
        As for `confusion`; if a factor is negative or not finite; if `class_axis` is no axis of
        two classes or more, or comes with factors of two classes.

    Notes
    -----
    With options fixed by functools.partial it is a part of a `compound_loss`, and what
    `value_and_grad` and `linearize` take: its counts are the two sums, which add up.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true, y_prob = np.asarray([1, 0]), np.asarray([0.5, 0.5])
    >>> print(round(float(ss.cross_entropy(y_true, y_prob)), 6))
    0.693147

    Missed positives five times as dear as everything else:

    >>> weight = ss.Confusion(tp=1.0, fp=1.0, fn=5.0, tn=1.0)
    >>> loss = ss.cross_entropy(np.asarray([1]), np.asarray([0.25]), cell_weight=weight)
    >>> print(round(float(loss), 6))
    6.931472

    Three classes of which one is true:

    >>> y_true, logits = ss.one_hot(np.asarray([0, 2]), 3), np.zeros((2, 3))
    >>> loss = ss.cross_entropy(y_true, logits, from_logits=True, class_axis=-1)
    >>> print(round(float(loss), 6))
    1.098612
    """
    options = (pos_weight, cell_weight, label_smoothing, class_axis)
    loss = CrossEntropy(from_logits, *options)
    return loss(y_true, y_prob, sample_weight=sample_weight, where=where, reduce=reduce)


@dataclass(frozen=True)
class CrossEntropy(Options, Additive):
    """`cross_entropy` with its options fixed, as the quotient of two sums."""

    def arguments(
        self,
        y_true: Array,
        y_prob: Array,
        sample_weight: Array | None,
        where: Array | None,
        groups: None = None,
        names: Names = NAMES,
    ) -> Arguments:
        """Return the arguments of a call, recognised; errors use the caller's names."""
        if groups is not None:
            raise TypeError("`groups` must be left out of cross_entropy, which has no counts")
        axis = self.class_axis
        step = Hard() if axis is None else Softmax(axis=axis)  # which says what competes
        count = (sample_weight, where, None, self.from_logits)
        call = arrive(y_true, y_prob, 0.5, None, step, *count, names)
        shape = call.lib.shape(call.y_prob)
        if axis is None:
            return call
        number = shape[axis] if -len(shape) <= axis < len(shape) else 0
        if number is not None and number < 2:
            raise ValueError(
                f"`class_axis` must be that of two classes or more, got {axis} for scores of "
                f"{shape}; leave it out for the scores of one class"
            )
        return call

    def counts(self, call: Arguments) -> Costs:
        """Return the two sums for what `arguments` returned."""
        found = costs.examples(call)
        if not call.lib.is_alone(call.y_prob, (call.y_true, call.sample_weight)):
            return Costs(costs.cost(found, self), costs.weight(found, self))

        def cost_and_slopes(scores: Array) -> tuple[Any, tuple[Any]]:
            free = found._replace(lib=library(("y_prob",), (scores,)), scores=scores)
            cost, slopes = costs.cost_and_slopes(free, self)
            return cost, (slopes,)

        cost = partial(costs.cost, found, self)
        cost = call.lib.with_gradients(cost_and_slopes, found.scores, otherwise=cost)
        return Costs(cost, costs.weight(found._replace(lib=call.lib.plain), self))

    def of_counts(self, c: Costs) -> Any:
        """Return the mean for given sums."""
        return ratio(self._library(c), c.cost, c.weight, 0.0)

    def slopes_at(self, c: Costs) -> Costs:
        """Return the slopes of the mean in the two sums."""
        lib = self._library(c)
        one = ratio(lib, lib.xp.ones_like(c.weight), c.weight, 0.0)
        return Costs(one, -ratio(lib, c.cost, c.weight, 0.0) * one)

    def value_and_gradient(self, call: Arguments, slopes: Costs | None = None) -> tuple[Any, Any]:
        """Return the mean and its gradient in the scores, in closed form.

        With slopes it is the sum of the two sums times these.
        """
        found = costs.examples(call)
        cost, gradient = costs.cost_and_slopes(found, self)
        c = Costs(cost, costs.weight(found, self))
        if slopes is None:
            value, slopes = self.of_counts(c), self.slopes_at(c)
        else:
            value = c.cost * slopes.cost + c.weight * slopes.weight
        return value, call.lib.cast(gradient * slopes.cost, call.y_prob.dtype)

    def curvature(self, call: Arguments) -> Any:
        """Return the second derivative of the mean in each logit by itself."""
        found = costs.examples(call)
        slopes = self.slopes_at(Costs(costs.cost(found, self), costs.weight(found, self)))
        return costs.curvatures(found, self) * slopes.cost

    def _library(self, c: Costs) -> Library:
        return library(Costs._fields, c)


def loss_and_gradient(
    y_true: Array,
    y_prob: Array,
    *,
    sample_weight: Array | None = None,
    where: Array | None = None,
    **options: Any,
) -> tuple[Any, Any]:
    """Return what `cross_entropy` does and its gradient in the scores, in closed form."""
    loss = CrossEntropy(**options)
    return loss.value_and_gradient(loss.arguments(y_true, y_prob, sample_weight, where))
