"""What a metric becomes: a function of labels and scores, with its counts and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._additive import Additive
from ._area_warnings import warn_of_area
from ._arrays import Library, library
from ._arrays.numbers import SMALLEST
from ._counting import closed_form
from ._counting.arguments import Arguments, arrive
from ._counting.checks import axes
from ._counting.decisions import decided
from ._counting.names import NAMES, Names
from ._counting.sweep import count_sweep
from ._evaluation import evaluate
from ._types import Array, Confusion, ConfusionTable, Metric, Reduce, Step, Threshold
from .across.axes import over_groups
from .averages.axes import averaged_axis, is_by_weight, over_grid, unaveraged
from .averages.means import mean_of_defined
from .curves import is_area, is_defined
from .metrics import is_built_in
from .metrics.guarded import ratio
from .metrics.options import (
    Bound,
    Wrapped,
    core,
    fixed_options,
    is_across,
    is_nan,
    kind_of,
    name_of,
    zero_division_of,
)
from .metrics.users import require_array, values_of
from .steps import Hard, class_axis, is_own_step
from .tables import OneVsRest


@dataclass(frozen=True)
class Score(Additive):
    """What `as_score` returns: a metric of the counts of a step."""

    metric: Metric
    step: Step
    threshold: Threshold
    thresholds: tuple[float, ...] | Array | None
    axis: int | tuple[int, ...] | None
    from_logits: bool
    num_groups: int | None

    kind: ClassVar[Any] = Confusion  # of the counts
    metric_is_own: ClassVar[bool] = False
    step_is_own: ClassVar[bool] = False
    is_fixed: ClassVar[bool] = False  # all of it is softset's own, and nothing in it an array
    is_exact: ClassVar[bool] = False  # an area of the counts at every score

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", kind_of(self.metric))
        object.__setattr__(self, "metric_is_own", is_own(self.metric))
        object.__setattr__(self, "step_is_own", is_own_step(self.step))
        # A score over a grid looks at its counts, to warn of what they miss.
        own = self.metric_is_own and self.step_is_own
        exact = self.thresholds is None and is_area(core(self.metric))
        looks = exact or (self.thresholds is not None and isinstance(self.step, Hard))
        plain = _is_plain(self.threshold, self.thresholds, self.axis)
        object.__setattr__(self, "is_exact", exact)
        object.__setattr__(self, "is_fixed", own and plain and not looks)

    def of_arguments(self, call: Arguments, reduce: Reduce | None = None) -> Any:
        """Return the number for what `arguments` returned."""
        if self.is_exact and reduce is not None:
            raise ValueError(
                "`reduce` adds counts up, which those at every score do not do; pass thresholds "
                "too, as grid(199, log_odds=14)"
            )
        if self.is_exact or reduce is not None:
            return super().of_arguments(call, reduce)
        return evaluate(self, call)

    def values(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
    ) -> Any:
        """Return what the number is the mean of: the metric of each class, example, threshold.

        The axes that `axis` leaves stay, and a grid of thresholds is the last of them. Of an
        average over classes it is the metric that is averaged. As the number, of a loss smaller
        values are better.
        """
        call = self.arguments(y_true, y_prob, sample_weight, where, groups)
        return self.all_values(self.counts(call))

    def counts(self, call: Arguments) -> Any:
        """Return the counts for what `arguments` returned."""
        return count_sweep(call) if self.is_exact else self.kind(*closed_form.counts(call))

    def arguments(
        self,
        y_true: Array,
        y_prob: Array,
        sample_weight: Array | None,
        where: Array | None,
        groups: Array | None = None,
        names: Names = NAMES,
    ) -> Arguments:
        """Return what `confusion` would be called with; errors use the caller's names."""
        cut = (self.threshold, self.thresholds, self.step)
        count = (sample_weight, where, self.axis, self.from_logits)
        call = arrive(y_true, y_prob, *cut, *count, names, groups, self.num_groups)
        if self.kind is ConfusionTable:
            return call._replace(kind=ConfusionTable)
        along = class_axis(self.step)
        if along is not None:
            self._require_class_axis(len(call.lib.shape(call.y_prob)), along)
        return decided(call) if isinstance(self.step, Hard) and not self.is_exact else call

    def averaged(self, ndim: int) -> int | None:
        """Return the axis of the scores, of so many, over which the metric is an average."""
        over = axes(self.axis, ndim)
        return averaged_axis(self.metric, [i for i in range(ndim) if i not in over])

    def _require_class_axis(self, ndim: int, along: int) -> None:
        if ndim == 1:
            raise ValueError(
                f"`step` must be one for scores without a class axis, got {self.step}; take Hard() "
                "for a score and Linear() for a loss"
            )
        found = self.averaged(ndim)
        if found is not None and -ndim <= along < ndim and found != along % ndim:
            raise ValueError(
                f"`axis` must leave the classes, which the step looks for along axis {along % ndim}"
                f", got counts over others, and an average over axis {found}; give the step and "
                "the average one class axis"
            )

    def of_counts(self, c: Any, lib: Library | None = None) -> Any:
        """Return the number for given counts: the metric, averaged over what it leaves."""
        if not isinstance(c, self.kind):
            raise TypeError(
                f"`c` must be a {self.kind.__name__}, which {name_of(self.metric)} takes, got a "
                f"{type(c).__name__}"
            )
        numbers = None if lib is None else self.as_numbers(lib, c)
        if lib is not None and numbers is not None:
            return lib.number(self.of_values(self.metric(numbers)), c[0])
        values = self._values_of(self.metric, c)
        if self.is_exact or (self.thresholds is not None and isinstance(self.step, Hard)):
            warn_of_area(self.metric, self.thresholds, self.axis, c)
        if len(getattr(values, "shape", ())) and is_nan(zero_division_of(self.metric, {})):
            values = mean_of_defined(c, values)
        return self.of_values(values, self._counting(c))

    def _counting(self, c: Any) -> Any:
        """Return which values count in the mean, if not all do: areas where they are defined."""
        area = core(self.metric)
        if not is_area(area) or is_across(self.metric) or len(c.tp.shape) < 2:
            return None
        return None if "zero_division" in fixed_options(self.metric) else is_defined(area, c)

    def as_numbers(self, lib: Library, c: tuple[Any, ...]) -> Confusion | None:
        """Return counts as plain numbers, of which our metrics are too, where nothing follows them.

        None where there are several, or some so small that float32 could not divide by them.
        """
        if not self.metric_is_own:
            return None
        if type(c[0]) is float:
            four = c
        elif c[0].shape:
            return None
        else:
            four = lib.items(c)
        for x in four or ():
            if 0 < x < SMALLEST:
                return None
        return None if four is None else Confusion(*four)

    def weight(self, c: Any, number: Any) -> Any:
        """Return what the number for the counts of so many examples weighs in a mean over more."""
        where = self._counting(c)
        if where is not None:
            lib = library(c._fields, c)
            return lib.xp.sum(lib.xp.astype(where, c.tp.dtype))
        if not is_by_weight(self.metric):
            return number
        if len(c.tp.shape) > 1 + (self.thresholds is not None):
            raise ValueError(
                "`axis` must leave just the axis of the examples for their mean by weight, got "
                f"counts of shape {tuple(c.tp.shape)}"
            )
        return library(c._fields, c).xp.sum((c.tp + c.fp) + (c.fn + c.tn))

    def all_values(self, c: Any) -> Any:
        """Return what `values` does for given counts."""
        return self._values_of(unaveraged(self.metric), c)

    def _values_of(self, metric: Metric, c: Any) -> Any:
        grid = self.thresholds is not None
        if self.num_groups is not None:
            metric = over_groups(metric, len(c[0].shape), grid=grid)
        elif grid:
            metric = over_grid(metric, len(c[0].shape))
        if self.metric_is_own:
            return metric(c)
        return values_of(library(c._fields, c), metric, c)

    def of_values(self, values: Any, where: Any = None) -> Any:
        """Return the number for given values of the metric, of those where a mask holds."""
        if type(values) is float and self.metric_is_own:
            return values
        return mean(values, where)


@dataclass(frozen=True)
class Loss(Score):
    """What `as_loss` returns: a score turned so that smaller is better."""

    maximize: bool

    def all_values(self, c: Confusion) -> Any:
        """Return what `values` does for given counts."""
        values = super().all_values(c)
        return 1 - values if self.maximize else values

    def of_values(self, values: Any, where: Any = None) -> Any:
        """Return the loss for given values of the metric."""
        value = super().of_values(values, where)
        return 1 - value if self.maximize else value


def _is_plain(*options: Any) -> bool:
    """Tell whether options are numbers and tuples of them, of which a key can be made."""
    for option in options:
        for x in option if type(option) is tuple else (option,):
            if not (x is None or type(x) in (int, float)):
                return False
    return True


def is_own(metric: Any) -> bool:
    """Tell whether a metric is one of softset's, bare, in an average or with numbers for options.

    It then takes numbers for counts, and nothing in it has a gradient.
    """
    while isinstance(metric, (Wrapped, OneVsRest)):
        if isinstance(metric, Bound) and not metric.holds_numbers():
            return False
        metric = metric.metric
    return is_built_in(metric) or is_area(metric)


def mean(values: Any, where: Any = None) -> Any:
    """Return the mean of a metric's values, or the value itself if there is only one.

    With a mask it is the mean of the values where it holds, 0 if it does nowhere.
    """
    if not require_array(values).shape:
        return values
    if where is None:
        return library(("metric",), (values,)).xp.mean(values)
    lib = library(("metric", "where"), (values, where))
    xp = lib.xp
    total = xp.sum(lib.where(where, values, 0.0))
    return ratio(lib, total, xp.sum(xp.astype(where, values.dtype)), 0.0)
