"""A metric as a Keras metric: hard counts of all batches, and the metric of them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import keras
from keras import ops

from softset import Confusion, as_score, checks
from softset._arrays import shape_of
from softset._counting.checks import axes
from softset._types import Metric, Step, Threshold
from softset.metrics import larger_is_better
from softset.metrics.options import Bound, wrapper_name

from .configs import options_of, restored
from .inputs import arguments

# The shape of what is kept where each example has counts of its own: their values' sum and number.
_MEAN = (2,)


@keras.saving.register_keras_serializable("softset")
class MetricScore(keras.metrics.Metric):
    """The metric of an epoch: `softset.as_score` of all its data, not a mean over batches.

    Parameters
    ----------
    metric, step, threshold, thresholds, axis, from_logits, num_groups
        As for `softset.as_score`. `axis` speaks of the axes of `y_pred`. If axis 0, that of the
        batch, is not among them, each example has counts of its own, and the result is the mean
        over all examples: ``axis=(1, 2)`` for the Dice of each image. An area under a curve
        takes `thresholds`, since Keras keeps sums of a fixed shape and not the scores: where these
        may lie anywhere ``grid(199, log_odds=14)``, which says how large its error is.
    name : str, optional
        The name in the logs, by default the metric's, as in ``"f1"`` or ``"macro_f1"``.
    dtype : str, optional
        The dtype that labels and outputs are cast to, ``keras.config.floatx()`` by default.

    Raises
    ------
    TypeError, ValueError
        As for `MetricLoss`; also if the shape of the counts changes, if a result is asked for
        before their shape is known, or the counts where each example has its own.

    Notes
    -----
    Weights and masks act inside the counts; Keras hands `sample_weight` on to what is listed
    in `weighted_metrics`. Callbacks with ``mode="auto"`` know whether larger values are better, but
    for a metric without a direction, as prevalence. The counts are sums with a remainder, so that
    float32 does not stand still at 2**24. With an `axis`, with `thresholds` and for a table they
    are created at the first update, as those of ``keras.metrics.F1Score``; `fit` and `evaluate`
    see to it. A batch without rows adds zeros.

    Examples
    --------
    >>> import keras, softset as ss
    >>> from softset_backends.keras import MetricScore
    >>> score = MetricScore(ss.f1)
    >>> score.update_state([1, 0], keras.ops.array([[0.9], [0.6]]))
    >>> score.update_state([1, 0], keras.ops.array([[0.4], [0.2]]))
    >>> print(float(score.result()))
    0.5
    >>> print(*map(float, score.confusion))
    1.0 1.0 1.0 1.0
    """

    counts: Any
    remainders: Any

    def __init__(
        self,
        metric: Metric,
        *,
        step: Step | None = None,
        threshold: Threshold | None = None,
        thresholds: tuple[float, ...] | Any | None = None,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        num_groups: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        score = as_score(
            metric,
            step=step,
            threshold=threshold,
            thresholds=thresholds,
            axis=axis,
            from_logits=from_logits,
            num_groups=num_groups,
        )
        if score.is_exact and (axis is None or 0 in (axis if isinstance(axis, tuple) else (axis,))):
            raise ValueError(
                "`thresholds` must be given for an area under a curve: Keras keeps sums of fixed "
                "shape, and not the scores; pass thresholds=grid(199, log_odds=14)"
            )
        super().__init__(name=name or _name_of(score.metric), dtype=dtype)
        self.score = score
        larger = larger_is_better(score.metric)
        if larger is not None:  # where Keras' callbacks look for it
            self._direction = "up" if larger else "down"
        if axis is None and thresholds is None and score.kind is Confusion:
            self._build((4,) if num_groups is None else (4, num_groups))

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, groups: Any = None
    ) -> None:
        """Add the counts of a batch."""
        call = arguments(self.score, y_true, y_pred, sample_weight, groups, self.dtype)
        outputs = call.lib.shape(call.y_prob)
        empty = 0 in outputs[:1]  # as a replica's share may be
        with checks(False) if empty else nullcontext():
            c = self.score.counts(call)
        if 0 in axes(self.score.axis, len(outputs)):
            if self.score.is_exact:
                raise ValueError(
                    "`axis` must leave the batch out for an area without thresholds, got "
                    f"{self.score.axis!r}"
                )
            more = ops.stack(list(c))
        else:  # the sum of the examples' values, and of what they weigh
            if self.score.averaged(len(outputs)) == 0:
                raise ValueError(
                    "`axis` must leave a class axis beside the batch's for an average over "
                    f"classes, got {self.score.axis!r}; name it, as in macro(f1, axis=1)"
                )
            lengths: Any = ops.shape(call.y_prob)
            number: Any = ops.cast(lengths[0], c[0].dtype)
            weight: Any = self.score.weight(c, number)
            value: Any = self.score.of_counts(c) * weight
            more = ops.stack([ops.where(weight > 0, value, ops.zeros_like(value)), weight])
        self._add("y_pred", more)

    def merge_state(self, metrics: Any) -> None:
        """Add the batches of other scores that count as this one does, a list of them."""
        mine = self._counted()
        for other in metrics:
            if not (isinstance(other, MetricScore) and other._counted() == mine):
                raise ValueError(
                    "`metrics` must hold MetricScores with the options of this one, got "
                    f"{other!r} for {self!r}"
                )
            if other.variables:
                self._add("metrics", other._total())

    def _counted(self) -> Any:
        """Return the options that say what is counted, as plain values."""
        options = options_of(self.score)
        over = self.score.axis
        if over is None or 0 in (over if isinstance(over, tuple) else (over,)):
            del options["metric"]
        return str(options)

    def _add(self, name: str, more: Any) -> None:
        shape = shape_of(more)
        if not self.variables:
            self._build(shape)
        elif shape != tuple(self.counts.shape):
            raise ValueError(
                f"`{name}` must always give counts of one shape, got {shape[1:]} after "
                f"{tuple(self.counts.shape[1:])}; use a MetricScore for each output"
            )
        # Knuth's sum: what rounding takes from the total goes to the remainder.
        old: Any = ops.convert_to_tensor(self.counts)
        rest: Any = ops.convert_to_tensor(self.remainders)
        total = old + more
        added = total - old
        rest = rest + (old - (total - added)) + (more - added)
        self.counts.assign(total + rest)
        self.remainders.assign(rest - ((total + rest) - total))

    def stateless_update_state(self, metric_variables: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the variables after an update, as JAX needs them."""
        self._require_counts()
        return super().stateless_update_state(metric_variables, *args, **kwargs)

    def result(self) -> Any:
        """Return the metric of the counts so far."""
        self._require_counts()
        if tuple(self.counts.shape) != _MEAN:
            return self.score.of_counts(self.confusion)
        total, weight = self._total()[0], self._total()[1]
        return total / ops.where(weight > 0, weight, ops.ones_like(weight))

    def values(self) -> Any:
        """Return the metric of each class and threshold, of which `result` gives the mean.

        An average over classes is taken apart, as by ``softset.as_score(...).values``.
        """
        return self.score.all_values(self.confusion)

    @property
    def confusion(self) -> Any:
        """The counts so far, as for ``softset.f1(score.confusion)`` of each class."""
        self._require_counts()
        if tuple(self.counts.shape) == _MEAN:
            raise ValueError(
                f"`axis` leaves the batch out, got {self.score.axis!r}: each example has counts of "
                "its own, of which only the metric's mean is kept"
            )
        counts = self._total()
        return self.score.kind(*(counts[i] for i in range(len(self.score.kind._fields))))

    def get_config(self) -> dict[str, Any]:
        """Return the options as plain values."""
        return {**options_of(self.score), "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MetricScore:
        """Return the metric that a config was made from."""
        return cls(**restored(config))

    def _build(self, shape: tuple[int | None, ...]) -> None:
        # What the kernel counts in.
        dtype = "float64" if self.dtype == "float64" else "float32"
        self.counts = self.add_variable(shape, "zeros", dtype=dtype, name="counts")
        self.remainders = self.add_variable(shape, "zeros", dtype=dtype, name="remainders")

    def _require_counts(self) -> None:
        if not self.variables:
            raise ValueError(
                "the shape of the counts is not known before the first batch; "
                "call update_state once, and reset_state if that batch is not to count"
            )

    def _total(self) -> Any:
        counts: Any = ops.convert_to_tensor(self.counts)
        return counts + ops.convert_to_tensor(self.remainders)


def _name_of(metric: Any) -> str | None:
    """Return a metric's name, after that of the average if it is one."""
    inner = getattr(metric, "metric", None)
    if inner is None:
        name = getattr(metric, "__name__", "")
        return name if name.isidentifier() else None  # not a lambda's
    name = _name_of(inner)
    if name is None or isinstance(metric, Bound):
        return name
    return f"{wrapper_name(metric)}_{name}"
