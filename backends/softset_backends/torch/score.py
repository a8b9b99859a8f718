"""A metric of all batches, by adding up hard counts."""

from __future__ import annotations

import zlib
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed

import softset as ss
from softset._counting.checks import axes
from softset._types import Array, Metric, Step, Threshold
from softset.losses import Score
from softset.metrics import larger_is_better
from softset.metrics.options import name_of

from .options import SCORE_NAMES, at, describe, describe_thresholds, hold

if not TYPE_CHECKING and find_spec("torchmetrics") is not None:
    from torchmetrics import Metric as Base
else:
    from .score_base import Metric as Base

# The shape of what is kept where each example has counts of its own: their values' sum and number.
_MEAN = (2,)
_NOTHING = "there is nothing to compute: call update(input, target) with a batch first"


class MetricScore(Base):
    """The metric of all batches so far, by adding up their hard counts.

    It is a `torchmetrics.Metric` where torchmetrics is installed, and otherwise a module with
    the same `update`, `compute`, `reset` and call. Processes of `torch.distributed` add their
    counts in `compute`; one that has seen no batch adds zeros.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` or a `ConfusionTable`, as for `softset.as_score`.
    step : Hard() or ArgMax(axis), optional
        How scores become decisions, as for `softset.as_score`: `ArgMax` for classes of which one
        is true, and otherwise `Hard`, whose ties are positive. For an average over classes it, or
        a threshold, has to be given.
    threshold : float, tuple of floats or tensor, optional
        The operating point, a probability; several broadcast against the scores. 0.5 by default.
    thresholds : tuple of floats or 1-D tensor, optional
        A grid over which the metric is averaged.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` counts each class by itself. If axis 0,
        that of the batch, is not among them, each example has counts of its own, and the value
        is the mean over all examples: ``axis=(1, 2)`` for the Dice of each image.
    from_logits : bool, default False
        Whether `input` will hold logits.
    num_groups : int, optional
        How many groups to count by themselves; every `update` then takes `groups`.

    Raises
    ------
    TypeError, ValueError
        As from `softset.as_score`.
    ValueError
        From `update`: as from `softset.confusion`, or if a batch has other classes than those
        before. From `compute`, on every process: if the processes have counts of different
        shapes.
    RuntimeError
        From `compute` and `confusion`: if there was no batch; 0 would look like a result. From
        `confusion`: if each example has counts of its own, which are not kept.

    Notes
    -----
    The value is that of `softset.as_score` on all batches put together, not a mean over the
    batches, also where it is a mean over the examples. Batches are added in float64, and the value
    is a float64 scalar: whole counts stay exact up to 2**53. The counts are no part of the
    `state_dict` unless torchmetrics' ``persistent(True)`` is called. A batch without rows adds
    zeros.

    Examples
    --------
    >>> import torch
    >>> import softset as ss
    >>> from softset_backends.torch import MetricScore
    >>> score = MetricScore(ss.f1)
    >>> score.update(torch.tensor([0.9, 0.6]), torch.tensor([1, 0]))
    >>> score.update(torch.tensor([0.4, 0.2]), torch.tensor([1, 0]))
    >>> print(score.compute().item())
    0.5
    >>> print(*map(float, score.confusion))
    1.0 1.0 1.0 1.0
    >>> score.reset()
    """

    full_state_update = False
    is_differentiable = False

    def __init__(
        self,
        metric: Metric,
        *,
        step: Step | None = None,
        threshold: Threshold | None = None,
        thresholds: tuple[float, ...] | Array | None = None,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        num_groups: int | None = None,
    ) -> None:
        super().__init__()
        score = ss.as_score(
            metric,
            step=step,
            threshold=threshold,
            thresholds=thresholds,
            axis=axis,
            from_logits=from_logits,
            num_groups=num_groups,
        )
        # The thresholds in use are the module's.
        self._score = replace(score, threshold=0.5, thresholds=None)
        threshold = score.threshold
        hold(self, "threshold", threshold)
        hold(self, "thresholds", thresholds)
        # torchmetrics' collections take two metrics whose first counts are equal for ones that
        # will always count alike. So a state is named by what is counted.
        counted = (score.step, *map(_numbers, (threshold, thresholds)), axis, from_logits)
        if score.kind is not ss.Confusion:
            counted = (*counted, score.kind.__name__)
        counted = counted if num_groups is None else (*counted, num_groups)
        if axis is not None and 0 not in (axis if isinstance(axis, tuple) else (axis,)):
            counted = (*counted, name_of(score.metric))  # its values may be what is added up
        self._name = f"counts_{zlib.crc32(repr(counted).encode()):08x}"
        # It broadcasts: how many classes there are is for the first batch to say.
        zero = torch.zeros((), dtype=torch.float64)
        self.add_state(self._name, zero, dist_reduce_fx="sum")

    @property
    def score(self) -> Score:
        """The score of ``(y_true, y_prob)`` as `softset.as_score` gives it."""
        return at(self._score, self.threshold, self.thresholds)

    @property
    def higher_is_better(self) -> bool | None:
        """Whether larger values are better; None for a metric without a direction."""
        return larger_is_better(self._score.metric)

    def update(
        self,
        input: Array,
        target: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
    ) -> None:
        """Add a batch; the options are those of what `softset.as_score` returns."""
        empty = 0 in getattr(input, "shape", ())[:1]
        # An error on the one process that has no rows would leave the others waiting.
        with ss.checks(False) if empty else nullcontext():
            given, score = (sample_weight, where, groups), self.score
            c = score.counts(score.arguments(target, input, *given, SCORE_NAMES))
        if 0 in axes(self._score.axis, len(input.shape)):
            batch = torch.stack(tuple(c)).detach().double()
        else:  # the sum of the examples' values, and how many there are
            if score.averaged(len(input.shape)) == 0:
                raise ValueError(
                    "`axis` must leave a class axis beside the batch's for an average over "
                    f"classes, got {self._score.axis}; name it, as in macro(f1, axis=1)"
                )
            number = input.shape[0]
            value = c[0].new_zeros(()) if empty else score.of_counts(c).detach()
            batch = torch.stack((value.double(), torch.ones_like(value).double())) * number
        counts = getattr(self, self._name)
        if counts.ndim and counts.shape != batch.shape:
            raise ValueError(
                f"`input` must have the classes of the batches before, got counts of shape "
                f"{tuple(batch.shape[1:])} after {tuple(counts.shape[1:])}; call reset() first"
            )
        setattr(self, self._name, counts + batch)

    def compute(self) -> Any:
        """Return the metric of all batches, those of other processes included."""
        counts = getattr(self, self._name)
        if counts.shape != _MEAN:
            return self.score.of_counts(self.confusion)
        if not counts[1]:
            raise RuntimeError(_NOTHING)
        return counts[0] / counts[1]

    @property
    def confusion(self) -> Any:
        """The counts of all batches so far, as for ``softset.f1(score.confusion)`` of each class.

        They are those of this process, and those of all processes within
        ``with score.sync_context():``, which every process has to enter.
        """
        counts = getattr(self, self._name)
        if not counts.ndim:
            raise RuntimeError(_NOTHING)
        if counts.shape == _MEAN:
            raise RuntimeError(
                f"`axis` leaves the batch out, got {self._score.axis}: each example has counts of "
                "its own, of which only the metric's mean is kept"
            )
        return self._score.kind(*counts.clone())

    def sync(
        self,
        dist_sync_fn: Any = None,
        process_group: Any = None,
        should_sync: bool = True,
        distributed_available: Any = None,
    ) -> None:
        """Put the sum over the processes in the place of the counts."""
        if should_sync and torch.distributed.is_available() and torch.distributed.is_initialized():
            self._take_shape_of_others(process_group or self.process_group)
        super().sync(dist_sync_fn, process_group, should_sync, distributed_available)

    def extra_repr(self) -> str:
        """Return the options in words."""
        step = self._score.step
        shown = describe_thresholds(step, self.threshold, self.thresholds)
        return describe(self._score, shown or f"step={step}")

    def _take_shape_of_others(self, group: Any) -> None:
        """Require counts of one shape; a process that has seen no batch gets zeros of it."""
        counts = getattr(self, self._name)
        shapes: list[Any] = [None] * torch.distributed.get_world_size(group)
        torch.distributed.all_gather_object(shapes, tuple(counts.shape), group=group)
        if not any(shapes):
            raise RuntimeError(_NOTHING)
        if len({shape for shape in shapes if shape}) > 1:
            found = "; ".join(f"rank {rank}: {_kept(shape)}" for rank, shape in enumerate(shapes))
            if _MEAN in shapes:
                raise ValueError(
                    f"`input` must have as many dimensions on all processes, got {found}; with "
                    f"axis={self._score.axis} a batch of one dimension is counted as a whole"
                )
            raise ValueError(
                "`input` must have the same classes on all processes, got counts of shape "
                f"{found}; give every process scores of all classes"
            )
        setattr(self, self._name, counts + counts.new_zeros(max(shapes, key=len)))


def _kept(shape: tuple[int, ...]) -> str:
    """Say what a process keeps in a tensor of this shape."""
    if shape == _MEAN:
        return "a mean over examples"
    return f"{shape[1:]}" if shape else "no batch"


def _numbers(x: Any) -> Any:
    return x.tolist() if isinstance(x, torch.Tensor) else x
