"""A loss under constraints: multipliers, and the penalty that needs none.

The soft counts of a batch move the model, its hard counts the multipliers: a bound is to hold for
decisions, which have no slope. Source: Cotter et al. 2019, sections 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._arrays import Library, arrive
from .._arrays.values import Rule, checking, finite_only, no_hint, obey
from .._counting.checks import real
from .._options import axis_or_axes, positive
from .._types import Array, Confusion, Metric, Step, Threshold
from ..across.axes import over_groups
from ..across.groups_left import values_left
from ..compound import CompoundLoss, as_part
from ..scores import Loss, Score
from ..steps import ArgMax, Hard, Linear, class_axis
from .bounds import Constraint, require_constraints


@dataclass(frozen=True)
class Violations(Score):
    """The score of `constrained` that does not stop at one number: one for each constraint."""

    def of_values(self, values: Any, where: Any = None) -> Any:
        """Return the violations as they are."""
        return values


@dataclass(frozen=True)
class Constrained:
    """What `constrained` returns."""

    objective: Any
    step: Step
    violations: Violations

    def lagrangian(self, multipliers: Array) -> CompoundLoss:
        """Return the objective plus the sum of multipliers times soft violations."""
        return self._plus(_Lagrangian(self.violations.metric, multipliers))

    def penalty(self, strength: float) -> CompoundLoss:
        """Return the objective plus `strength` times the sum of squares of positive violations."""
        positive("strength", strength)
        return self._plus(_Penalty(self.violations.metric, strength))

    def _plus(self, term: Metric) -> CompoundLoss:
        hard = self.violations
        options = (hard.threshold, None, hard.axis, hard.from_logits, hard.num_groups)
        added = Loss(term, self.step, *options, maximize=False)
        return CompoundLoss((self.objective, added), (1.0, 1.0))


def constrained(
    objective: Callable[..., Any],
    constraints: Sequence[Constraint],
    *,
    step: Step | None = None,
    threshold: Threshold = 0.5,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    num_groups: int | None = None,
) -> Constrained:
    """Put a loss under constraints that hold for the decisions of the model.

    Parameters
    ----------
    objective : what `as_loss` or `compound_loss` returned, or `cross_entropy`
        What is to be small. It takes the same scores as the constraints.
    constraints : sequence of Constraint
        What `at_most` and `at_least` returned. A metric that is elementwise makes one constraint
        for each element of the counts: for each group with `num_groups`, and with ``axis=0`` for
        each class.
    step, threshold, axis, from_logits, num_groups
        How the constraints' metrics are counted, as for `as_loss`; the violations are those of the
        decisions at `threshold`.

    Returns
    -------
    Constrained
        With three methods. ``lagrangian(multipliers)`` is the loss ``objective + sum(multipliers *
        soft violations)``, and ``penalty(strength)`` is ``objective + strength * sum(max(0, soft
        violations) ** 2)``, which needs no state: both are losses as of `compound_loss`, called
        with ``groups=groups`` where there are any. ``violations(y_true, y_prob, *,
        sample_weight=None, where=None, groups=None, reduce=None)`` is a 1-D array of hard
        violations, positive where a bound is broken, negative where there is room, in the order of
        the constraints and then of classes and groups; ``violations.confusion`` and
        ``violations.of_counts`` are its two halves, for the sum over batches.

    Raises
    ------
    TypeError
        If `objective` is no such loss, or `constraints` holds what is no constraint.
    ValueError
        If there are no constraints; if the objective takes logits and the constraints do not, or
        the other way round; if a metric is one across groups and `num_groups` is not at least 2;
        when a lagrangian is called, if `multipliers` are not 1-D with one for each violation, or
        one is negative or not finite, where that can be seen.

    Notes
    -----
    A violation is 0, without a gradient, where the metric says nothing: of a group without
    members, and of a recall without positives, by the rule of the metrics across groups; a
    `zero_division` fixed by functools.partial is a value like others. The step is soft, so that a
    bound that the soft counts keep may be broken by the decisions; the multipliers, which
    `raise_multipliers` takes from these, make up for it. Where no model keeps all bounds the
    violations stay positive and the multipliers grow: look at both. Source: Cotter et al. 2019,
    Two-Player Games for Efficient Non-Convex Constrained Optimization, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> gap = ss.at_most(ss.largest_gap(ss.recall), 0.02)
    >>> loss = ss.constrained(ss.cross_entropy, (gap, ss.at_least(ss.recall, 0.5)), num_groups=2)
    >>> y_true, groups = np.asarray([1, 1, 0, 1, 1, 0]), np.asarray([0, 0, 0, 1, 1, 1])
    >>> y_prob = np.asarray([0.9, 0.8, 0.3, 0.7, 0.2, 0.4])
    >>> violations = loss.violations(y_true, y_prob, groups=groups)
    >>> print(violations)
    [ 0.48 -0.5   0.  ]
    >>> multipliers = ss.raise_multipliers(np.zeros(3), violations, rate=0.5)
    >>> print(multipliers)
    [0.24 0.   0.  ]
    >>> print(round(float(loss.lagrangian(multipliers)(y_true, y_prob, groups=groups)), 4))
    0.6254
    """
    objective = as_part(objective, "objective")
    if objective.from_logits not in (None, from_logits):
        raise ValueError(
            f"`from_logits` must be that of `objective`, got {from_logits} for one that takes "
            f"from_logits={objective.from_logits}; pass it to both"
        )
    if not constraints:
        raise TypeError(f"`constraints` must be a tuple of constraints, got {constraints!r}")
    constraints, num_groups = require_constraints("constraints", constraints, num_groups)
    step = Linear() if step is None else step
    along = class_axis(step)
    term = _Violations(constraints, num_groups is not None)
    hard = Hard() if along is None else ArgMax(along)
    options = (threshold, None, axis_or_axes(axis), from_logits, num_groups)
    return Constrained(objective, step, Violations(term, hard, *options))


def raise_multipliers(multipliers: Array, violations: Array, rate: float) -> Any:
    """Raise the multipliers of broken bounds, and lower those of bounds with room: one step.

    Parameters
    ----------
    multipliers : 1-D array
        Not negative, one for each violation; zeros to begin with.
    violations : 1-D array
        What ``violations`` of `constrained` returned, positive where a bound is broken.
    rate : float
        How far to go for a violation of 1, positive.

    Returns
    -------
    array
        ``max(0, multipliers + rate * violations)``, of the dtype of `multipliers`. Not
        differentiable.

    Raises
    ------
    ValueError
        If the two are not 1-D and of one length; if `rate` is not positive; where values can be
        seen, if a multiplier is negative, or one of both not finite.

    Notes
    -----
    A pure function of arrays: it may be compiled, and the multipliers carried through
    `jax.lax.scan`. Source: the Lagrangian of Cotter et al. 2019, section 3, where multipliers have
    an upper end.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> print(ss.raise_multipliers(np.asarray([0.5, 0.1]), np.asarray([0.2, -0.3]), rate=1.0))
    [0.7 0. ]
    """
    positive("rate", rate)
    lib, (multipliers, violations) = arrive(
        ("multipliers", "violations"), (multipliers, violations)
    )
    shapes = lib.shape(multipliers), lib.shape(violations)
    if len(shapes[0]) != 1 or (None not in shapes[0] + shapes[1] and shapes[0] != shapes[1]):
        raise ValueError(
            f"`multipliers` must be 1-D, one for each violation, got shape {shapes[0]} for "
            f"violations of {shapes[1]}; start with zeros of their shape"
        )
    for name, x in (("multipliers", multipliers), ("violations", violations)):
        real(lib, name, x)
    if checking(lib):
        obey(lib, [("multipliers", multipliers, _FACTOR), ("violations", violations, _FINITE)])
    violations = lib.of_one_shape(lib.cast(violations, multipliers.dtype), multipliers)
    found = multipliers + rate * violations
    return lib.constant(lib.where(found < 0, 0.0, found))


@dataclass(frozen=True)
class _Violations:
    """The violations of all constraints, as a metric of hard counts."""

    constraints: tuple[Constraint, ...]
    by_group: bool

    def __call__(self, c: Confusion) -> Any:
        pairs = self.of_each(c)
        rows = [lib.constant(lib.xp.reshape(x, (-1,))) for lib, x in pairs]
        return pairs[0][0].xp.concat(rows)

    def of_each(self, c: Confusion) -> list[tuple[Library, Any]]:
        """Return each constraint's, 0 where its metric says nothing, beside their library."""
        found = []
        for one in self.constraints:
            metric = one.metric
            if self.by_group:
                metric = over_groups(metric, len(c.tp.shape), grid=False)
            lib, values, left = values_left(metric, c)
            over = values - one.bound if one.is_upper else one.bound - values
            found.append((lib, lib.where(left, over, 0.0)))
        return found


@dataclass(frozen=True)
class _Lagrangian:
    """The sum of soft violations times their multipliers."""

    violations: Any
    multipliers: Any

    def __call__(self, c: Confusion) -> Any:
        pairs = self.violations.of_each(c)
        sizes = [math.prod(x.shape) for _, x in pairs]
        factors = _factors(self.multipliers, sum(sizes), c.tp)
        terms, first = [], 0
        for (lib, x), size in zip(pairs, sizes, strict=True):
            own = factors[first : first + size]
            # The factors on the right: not every library takes dual numbers there.
            terms.append(lib.xp.sum(x * lib.xp.reshape(own, tuple(x.shape))))
            first += size
        return sum(terms[1:], terms[0])


@dataclass(frozen=True)
class _Penalty:
    """The sum of squares of soft violations above 0."""

    violations: Any
    strength: float

    def __call__(self, c: Confusion) -> Any:
        pairs = self.violations.of_each(c)
        terms = [lib.xp.sum(lib.where(x < 0, 0.0, x) ** 2) for lib, x in pairs]
        return self.strength * sum(terms[1:], terms[0])


def _factors(multipliers: Any, number: int, like: Any) -> Any:
    """Return multipliers in the dtype of counts, refusing what are none."""
    lib, (x, _) = arrive(("multipliers", "y_prob"), (multipliers, like))
    if lib.shape(x) == (None,):
        x = lib.plain.of_one_shape(x, lib.plain.numbers((0.0,) * number, x))
    elif lib.shape(x) != (number,):
        raise ValueError(
            f"`multipliers` must be 1-D, of the length {number} for as many constraints by class "
            f"and group, got shape {lib.shape(x)}; start with zeros of the shape of the violations"
        )
    real(lib, "multipliers", x)
    if checking(lib):
        obey(lib, [("multipliers", x, _FACTOR)])
    return lib.cast(x, like.dtype)


def _is_factor(low: Any, high: Any) -> Any:
    return (low >= 0) & (high < math.inf)


def _is_finite(low: Any, high: Any) -> Any:
    return (low > -math.inf) & (high < math.inf)


_FACTOR = Rule(_is_factor, "hold finite numbers >= 0", no_hint)
_FINITE = Rule(_is_finite, "hold finite numbers", finite_only)
