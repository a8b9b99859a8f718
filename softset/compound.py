"""Compound losses: a sum of losses by weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ._additive import Additive
from ._arrays import Library, arrive
from ._arrays.values import Rule, checking, finite_only, obey
from ._counting.checks import real
from ._counting.names import NAMES, Names
from ._options import non_negative
from ._types import Array, CompoundCounts, Reduce
from .entropy import CrossEntropy, cross_entropy
from .metrics.options import Bound
from .ranking import pairwise_loss
from .scores import Loss


@dataclass(frozen=True)
class Ranking(Bound):
    """`pairwise_loss` with its options fixed: a part that is no function of counts."""

    from_logits: ClassVar[bool | None] = None  # scores of any scale

    def __call__(self, y_true: Any, y_score: Any, **options: Any) -> Any:
        """Return the loss."""
        return self.metric(y_true, y_score, **{**dict(self.options), **options})

    def arguments(
        self,
        y_true: Any,
        y_score: Any,
        sample_weight: Any,
        where: Any,
        groups: None = None,
        names: Names = NAMES,
    ) -> Any:
        """Return the arguments of a call."""
        return y_true, y_score, sample_weight, where

    def of_arguments(self, call: Any, reduce: Reduce | None = None) -> Any:
        """Return the loss for what `arguments` returned."""
        if reduce is not None:
            raise self.no_counts()
        return self(call[0], call[1], sample_weight=call[2], where=call[3])

    def no_counts(self) -> TypeError:
        """Return the error of what asks for counts."""
        return TypeError(
            "pairwise_loss has no counts that add up, which micro-batches, `reduce` and "
            "`linearize` need: its pairs are of all examples; leave it out of the sum"
        )


@dataclass(frozen=True)
class CompoundLoss(Additive):
    """What `compound_loss` returns: a sum of losses by weights."""

    losses: tuple[Any, ...]
    weights: Any

    @property
    def from_logits(self) -> bool | None:
        """Whether the parts take logits; None if any scores do."""
        return _kind_of_scores(self)

    @property
    def by_group(self) -> bool:
        """Whether a part has counts by group."""
        return any(_is_by_group(loss) for loss in self.losses)

    def arguments(
        self,
        y_true: Array,
        y_prob: Array,
        sample_weight: Array | None,
        where: Array | None,
        groups: Array | None = None,
        names: Names = NAMES,
    ) -> list[Any]:
        """Return the arguments of each loss; errors use the caller's names."""
        given = (y_true, y_prob, sample_weight, where)
        pairs = zip(self.losses, self.groups_of_parts(groups), strict=True)
        return [loss.arguments(*given, own, names=names) for loss, own in pairs]

    def groups_of_parts(self, groups: Array | None) -> list[Array | None]:
        """Return the groups for each loss that counts by them."""
        if groups is not None and not self.by_group:
            raise ValueError(
                "`groups` must be left out where no loss counts by them; give one of the losses "
                "num_groups, as in as_loss(largest_gap(recall), num_groups=2)"
            )
        return [groups if _is_by_group(loss) else None for loss in self.losses]

    def of_arguments(self, calls: list[Any], reduce: Reduce | None = None) -> Any:
        """Return the sum for what `arguments` returned."""
        pairs = zip(self.losses, calls, strict=True)
        return self.total([loss.of_arguments(call, reduce) for loss, call in pairs])

    def counts(self, calls: list[Any]) -> CompoundCounts:
        """Return the counts of each loss, for what `arguments` returned."""
        self.require_counts()
        pairs = zip(self.losses, calls, strict=True)
        return CompoundCounts(tuple([loss.counts(call) for loss, call in pairs]))

    def of_counts(self, c: CompoundCounts) -> Any:
        """Return the sum for given counts."""
        pairs = zip(self.losses, c.parts, strict=True)
        return self.total([loss.of_counts(x) for loss, x in pairs])

    def require_counts(self) -> None:
        """Raise an error if a loss is no function of counts."""
        for loss in self.losses:
            if isinstance(loss, Ranking):
                raise loss.no_counts()
            if isinstance(loss, CompoundLoss):
                loss.require_counts()

    def total(self, terms: Sequence[Any]) -> Any:
        """Return the sum of terms by the weights, one term for each loss."""
        products = [w * x for w, x in zip(self.weights_of(terms[0]), terms, strict=True)]
        return sum(products[1:], products[0])

    def weights_of(self, term: Any) -> list[Any]:
        """Return the weights, those that are arrays in the dtype of a term."""
        several = isinstance(self.weights, tuple)
        given = self.weights if several else (self.weights,)
        names = tuple([f"weights[{i}]" if several else "weights" for i in range(len(given))])
        arrays = [None if isinstance(w, float) else w for w in given]
        lib, (_, *arrays) = arrive(("y_prob", *names), (term, *arrays))
        if several:
            pairs = zip(names, given, arrays, strict=True)
            return [w if x is None else _as_weight(lib, name, x, term, ()) for name, w, x in pairs]
        whole = _as_weight(lib, "weights", arrays[0], term, (len(self.losses),))
        return [whole[i] for i in range(len(self.losses))]


def compound_loss(
    losses: Sequence[Callable[..., Any]],
    *,
    weights: Sequence[float | Array] | Array | None = None,
) -> CompoundLoss:
    """Add losses up: cross-entropy, which learns from scratch, and the metric that is reported.

    Parameters
    ----------
    losses : sequence of losses
        What `as_loss` or this function returned; `cross_entropy` or `pairwise_loss`, bare or with
        options fixed by functools.partial. All take logits, or all probabilities; `pairwise_loss`
        takes both.
    weights : sequence of numbers or 0-d arrays, or 1-D array, optional
        The factor of each loss, finite and not negative; all 1 by default. Arrays may be traced
        and learned: a loss made of them in a compiled function does not compile it again when
        they change.

    Returns
    -------
    callable
        ``loss(y_true, y_prob, *, sample_weight=None, where=None, groups=None, reduce=None)``, the
        sum; its counts are those of each loss, which `reduce` is called with one after the other.
        `groups` are those of the losses that have ``num_groups``. It is frozen, and hashable and
        picklable as far as its losses and weights are.

    Raises
    ------
    TypeError
        If there is no such loss, or `weights` holds none.
    ValueError
        If there are no losses, or not as many as weights; if a weight is negative or not finite,
        where that can be seen; if some take logits and others probabilities.

    Notes
    -----
    Differentiable in `y_prob` and in weights that are arrays. `linearize`, `remember` and gradients
    from micro-batches take it unless `pairwise_loss` is among the losses, whose pairs do not add
    up.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> import softset as ss
    >>> f1 = ss.as_loss(ss.f1, from_logits=True)
    >>> entropy = partial(ss.cross_entropy, from_logits=True)
    >>> loss = ss.compound_loss((entropy, f1), weights=(1.0, 0.5))
    >>> y_true, logits = np.asarray([1, 0, 1, 0]), np.asarray([2.0, 0.5, -0.5, -1.0])
    >>> print(round(float(loss(y_true, logits)), 4))
    0.7924
    >>> print(round(float(entropy(y_true, logits) + 0.5 * f1(y_true, logits)), 4))
    0.7924
    """
    if not isinstance(losses, (tuple, list)):
        raise TypeError(f"`losses` must be a tuple of losses, got {losses!r}")
    parts = tuple([as_part(loss, f"losses[{i}]") for i, loss in enumerate(losses)])
    if not parts:
        raise ValueError("`losses` must hold at least one loss, got none")
    loss = CompoundLoss(parts, _weights(weights, len(parts)))
    _ = loss.from_logits  # refuses losses of different scores
    return loss


def as_part(loss: Any, name: str = "loss") -> Any:
    """Return a loss in the form that a sum keeps it in, refusing what is none."""
    if isinstance(loss, (Loss, CrossEntropy, Ranking, CompoundLoss)):
        return loss
    bound = loss if isinstance(loss, partial) else partial(loss) if callable(loss) else partial(int)
    fixed = not bound.args and not {"sample_weight", "where", "reduce"} & set(bound.keywords)
    if fixed and bound.func is cross_entropy:
        return CrossEntropy(**bound.keywords)
    if fixed and bound.func is pairwise_loss:
        return Ranking(pairwise_loss, (), tuple(sorted(bound.keywords.items())))
    raise TypeError(
        f"`{name}` must be what as_loss returned, a compound_loss or cross_entropy, which "
        f"functools.partial may fix options of, got {loss!r}"
    )


def additive(loss: Any) -> Any:
    """Return a loss as a function of counts that add up, refusing one that is none."""
    found = as_part(loss)
    if isinstance(found, Ranking):
        raise found.no_counts()
    if isinstance(found, CompoundLoss):
        found.require_counts()
    return found


def _is_by_group(loss: Any) -> bool:
    """Tell whether a loss has counts by group."""
    if isinstance(loss, CompoundLoss):
        return loss.by_group
    return isinstance(loss, Loss) and loss.num_groups is not None


def _kind_of_scores(loss: CompoundLoss) -> bool | None:
    """Return what scores all parts take; None if any scores do."""
    found, first = None, -1
    for i, part in enumerate(loss.losses):
        one = part.from_logits
        if one is None or one == found:
            continue
        if found is not None:
            i, first = (i, first) if one else (first, i)
            raise ValueError(
                f"`losses` must all take one kind of scores, got from_logits=True in losses[{i}] "
                f"and from_logits=False in losses[{first}]; pass it to both"
            )
        found, first = one, i
    return found


def _weights(weights: Any, number: int) -> Any:
    """Return weights as a tuple of floats and arrays, or as one array."""
    if weights is None:
        return (1.0,) * number
    if hasattr(weights, "shape") and not isinstance(weights, (int, float)):
        return weights
    if not isinstance(weights, (tuple, list)):
        raise TypeError(f"`weights` must hold a number for each loss, got {weights!r}")
    if len(weights) != number:
        raise ValueError(
            f"`weights` must hold a number for each of {number} losses, got {len(weights)}"
        )
    found = []
    for i, w in enumerate(weights):
        if not hasattr(w, "shape") or isinstance(w, float):
            non_negative(f"weights[{i}]", w)
            w = float(w)
        found.append(w)
    return tuple(found)


def _as_weight(lib: Library, name: str, x: Any, term: Any, shape: tuple[int, ...]) -> Any:
    """Return an array of weights in the dtype of a term."""
    if lib.shape(x) != shape:
        expected = f"1-D, of the length {shape[0]} for as many losses" if shape else "0-d"
        raise ValueError(f"`{name}` must be {expected}, got shape {lib.shape(x)}")
    real(lib, name, x)
    x = lib.cast(x, term.dtype)
    if checking(lib) and not lib.are_weights(x):
        obey(lib, [(name, x, _WEIGHT)])
    return x


def _is_weight(low: Any, high: Any) -> Any:
    return (low >= 0) & (high < float("inf"))


_WEIGHT = Rule(_is_weight, "hold finite weights >= 0", finite_only)
