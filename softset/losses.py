"""From a metric to a loss to train on, and to a score to report."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

from ._area_warnings import warn_of_area
from ._arrays import Library, library
from ._arrays.values import checks
from ._counting import closed_form
from ._counting.arguments import Arguments, arrive
from ._counting.checks import axes
from ._counting.decisions import decided
from ._counting.names import NAMES, Names
from ._counting.sweep import count_sweep
from ._evaluation import evaluate
from ._options import axis_or_axes
from ._types import Array, Confusion, ConfusionTable, Metric, Reduce, Step, Threshold, reduced
from .across import over_groups, require_groups
from .averages import (
    averaged_axis,
    is_average,
    is_by_weight,
    mean_of_defined,
    over_grid,
    unaveraged,
)
from .curves import is_area, is_defined
from .metrics import direction, is_built_in
from .metrics.guarded import ratio
from .metrics.options import (
    Bound,
    Wrapped,
    core,
    fixed_options,
    freeze,
    is_across,
    is_nan,
    kind_of,
    name_of,
    zero_division_of,
)
from .metrics.users import require_array, values_of
from .steps import ArgMax, Hard, Linear, Softmax, TopK, class_axis, is_own_step
from .tables import OneVsRest

_SMALLEST = 2.0**-100  # what is less is near what float32 takes for 0


@dataclass(frozen=True)
class Score:
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

    def __call__(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
        reduce: Reduce | None = None,
    ) -> Any:
        """Return the number; the arguments are those of `confusion`."""
        call = self.arguments(y_true, y_prob, sample_weight, where, groups)
        return self.of_arguments(call, reduce)

    def of_arguments(self, call: Arguments, reduce: Reduce | None = None) -> Any:
        """Return the number for what `arguments` returned."""
        if self.is_exact:
            if reduce is not None:
                raise ValueError(
                    "`reduce` adds counts up, which those at every score do not do; pass "
                    "thresholds too, as grid(199, log_odds=14)"
                )
            return self.of_counts(self.counts(call))
        if reduce is None:
            return evaluate(self, call)
        # A batch without rows has them on other machines, which wait for its zeros.
        with checks(False) if 0 in call.y_prob.shape else nullcontext():
            c = self.counts(call)
        return self.of_counts(reduced(reduce, c))

    def confusion(
        self,
        y_true: Array,
        y_prob: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
    ) -> Any:
        """Return the counts that the number is made of.

        Those of an area without `thresholds` are the counts of `sweep`, which do not add up.
        """
        return self.counts(self.arguments(y_true, y_prob, sample_weight, where, groups))

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
        if (along := class_axis(self.step)) is not None:
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
            if 0 < x < _SMALLEST:
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


def as_loss(
    metric: Metric,
    *,
    step: Step | None = None,
    threshold: Threshold = 0.5,
    thresholds: tuple[float, ...] | Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    maximize: bool | None = None,
    num_groups: int | None = None,
) -> Loss:
    """Turn a metric into a loss.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`: a built-in, one with options fixed by functools.partial,
        an average such as ``macro(f1)``, or your own. Or of a `ConfusionTable`, as
        `multiclass_matthews_corrcoef` or ``one_vs_rest(macro(f1))``.
    step : callable, optional
        The step function that replaces the hard one: Linear() by default, and for a metric of a
        table Softmax(), whose `axis` is that of the classes.
    threshold : float, tuple of floats or array, default 0.5
        The operating point, a probability; several broadcast against the scores, as for one
        per class.
    thresholds : tuple of floats or 1-D array, optional
        A grid over which the metric is averaged.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` counts each class by itself.
    from_logits : bool, default False
        Whether the loss will be called with logits.
    maximize : bool, optional
        Whether larger values of the metric are better. Known for the built-ins, True for a
        function of your own.
    num_groups : int, optional
        How many groups to count by themselves; every call then takes `groups`, as `confusion`
        does. For a metric across groups, such as ``largest_gap(recall)``; of another one the loss
        is that of the plain mean over all groups.

    Returns
    -------
    callable
        ``loss(y_true, y_prob, *, sample_weight=None, where=None, groups=None, reduce=None)``
        gives a scalar: 1 - metric, or the metric where smaller is better, averaged over whatever
        axes the metric leaves. `reduce` is applied to the counts before the metric, to sum them
        over machines; with it a batch without rows counts zeros. ``loss.values(...)`` takes no
        mean, and ``loss.confusion(...)`` stops at the counts. It is frozen, and hashable and
        picklable as far as its options are.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        If the metric has no better direction, as prevalence, and `maximize` is not given; if
        the metric is an area under a curve and `thresholds` is not given; if it is one across
        groups and `num_groups` is not given. What is wrong with the other options is said when
        the loss is called.

    Notes
    -----
    Differentiable in `y_prob` and finite on every batch, but for likelihood and odds ratios
    that divide by 0. On some batches the gradient is 0, and nothing is learned: F-beta,
    precision, recall and Jaccard without positives, MCC, informedness and the geometric mean
    with one class only. With a `zero_division` of nan what is undefined is left out of averages
    and means; where nothing is left the loss is nan, and its gradient 0. Source: Tsoi et al.
    2022, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> loss = ss.as_loss(ss.f1)
    >>> y_true = np.asarray([1, 0, 1, 0])
    >>> print(round(float(loss(y_true, np.asarray([0.9, 0.6, 0.4, 0.2]))), 4))
    0.3627
    """
    frozen = freeze(metric)
    if thresholds is None and is_area(core(frozen)):
        raise ValueError(
            "`thresholds` must be given for a loss of an area under a curve, whose exact counts "
            "have no slope; pass thresholds=grid(99), or take pairwise_loss"
        )
    num_groups = require_groups(frozen, num_groups)
    if step is None:
        step = Softmax() if kind_of(frozen) is ConfusionTable else Linear()
    larger, axis = direction(frozen, maximize), axis_or_axes(axis)
    return Loss(frozen, step, threshold, thresholds, axis, from_logits, num_groups, larger)


def as_score(
    metric: Metric,
    *,
    step: Step | None = None,
    threshold: Threshold | None = None,
    thresholds: tuple[float, ...] | Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
    num_groups: int | None = None,
) -> Score:
    """Turn a metric into the number to report: the metric of hard counts.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` or of a `ConfusionTable`, as for `as_loss`.
    step : Hard(), ArgMax(axis) or TopK(k, axis), optional
        How scores become decisions: `Hard` says yes or no to each, by a threshold, and ties are
        positive; `ArgMax` decides for one of the classes, and `TopK` for k. `Hard` by default,
        and for a metric of a `ConfusionTable` `ArgMax`.
    threshold : float, tuple of floats or array, optional
        The operating point, a probability; several broadcast against the scores. 0.5 by default.
    thresholds : tuple of floats or 1-D array, optional
        A grid over which the metric is averaged. Without one the areas under curves, `auroc` and
        `average_precision`, are exact, by a sort of the scores.
    axis : int, tuple of ints, optional
        The axes to count over, all by default. Of classes one may be true, or each by itself: for
        an average over them, `step` or a threshold has to be given.
    from_logits : bool, default False
        Whether the score will be called with logits.
    num_groups : int, optional
        How many groups to count by themselves, as for `as_loss`.

    Returns
    -------
    callable
        ``score(y_true, y_prob, *, sample_weight=None, where=None, groups=None, reduce=None)``
        gives a scalar, the metric itself in its own direction. Its gradient is 0. Decisions are
        scores too: booleans, or integers 0 and 1, beside labels of such a dtype.
        ``score.values(...)`` gives the metric of each class, example and threshold, of which the
        scalar is the mean, and ``score.confusion(...)`` the counts.

    Raises
    ------
    TypeError
        If `metric` is not callable; if `step` is none of `Hard`, `ArgMax` and `TopK`.
    ValueError
        If the metric is an average over classes and nothing says how to decide; if it is an area
        under a curve, which belongs to no decision, and a threshold or a step is given; if it is
        one across groups and `num_groups` is not given.

    Notes
    -----
    The mean of areas, as of one for each label with ``axis=0``, is that over the labels which have
    one: those of one class have no `auroc`, those without a positive no `average_precision`. An
    area with a `zero_division` of its own counts.

    Examples
    --------
    Two classes, and three of which one is true:

    >>> import numpy as np
    >>> import softset as ss
    >>> score = ss.as_score(ss.f1)
    >>> print(score(np.asarray([1, 0, 1, 0]), np.asarray([0.9, 0.6, 0.4, 0.2])))
    0.5
    >>> score = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0)
    >>> y_true = ss.one_hot(np.asarray([0, 1, 2]), 3)
    >>> y_prob = np.asarray([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]])
    >>> print(score(y_true, y_prob), score.values(y_true, y_prob))
    1.0 [1. 1. 1.]
    """
    frozen = freeze(metric)
    num_groups = require_groups(frozen, num_groups)
    if thresholds is None and is_area(core(frozen)):
        _require_all_thresholds(frozen, threshold, step)
        if num_groups is not None:
            raise ValueError(
                "`thresholds` must be given for areas by group, which are not made of every "
                "score; pass thresholds=grid(199, log_odds=14)"
            )
    if step is None:
        if is_average(frozen) and threshold is None and thresholds is None:
            raise ValueError(
                "`step` or `threshold` must be given for an average over classes: if one of them "
                "is true, step=ArgMax(axis) takes the one with the largest score; if each is true "
                "or not, threshold=0.5 decides for each by itself"
            )
        step = ArgMax() if kind_of(frozen) is ConfusionTable else Hard()
    if not isinstance(step, (Hard, ArgMax, TopK)):
        raise TypeError(
            f"`step` of a score must be Hard(), ArgMax(axis) or TopK(k, axis), which decide, got "
            f"{step!r}; as_loss takes the soft ones"
        )
    threshold = 0.5 if threshold is None else threshold
    axis = axis_or_axes(axis)
    return Score(frozen, step, threshold, thresholds, axis, from_logits, num_groups)


def _is_plain(*options: Any) -> bool:
    """Tell whether options are numbers and tuples of them, of which a key can be made."""
    for option in options:
        for x in option if type(option) is tuple else (option,):
            if not (x is None or type(x) in (int, float)):
                return False
    return True


def _require_all_thresholds(area: Metric, threshold: Any, step: Any) -> None:
    """Require that an area, which is one of all thresholds, is not given a single one."""
    if is_average(area):
        raise ValueError(
            "`metric` must be the area of each class, got an average of such; as_score(auroc, "
            "axis=0) is the mean over the classes"
        )
    for name, value in (("threshold", threshold), ("step", step)):
        if value is not None and not isinstance(value, Hard):
            raise ValueError(
                f"`{name}` must be left out for an area under a curve, got {value!r}; it is one of "
                "all thresholds: exact, or that over a grid with thresholds=grid(99)"
            )


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
