"""A metric of all batches, by adding up hard counts."""

from __future__ import annotations

import zlib
from contextlib import nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed

import softset as ss
from softset._counting.checks import axes
from softset._types import Array, Metric, Threshold
from softset.losses import Score
from softset.metrics import larger_is_better
from softset.metrics.options import name_of

from .options import SCORE_NAMES, at, describe, describe_thresholds, hold

if not TYPE_CHECKING and find_spec("torchmetrics") is not None:
    from torchmetrics import Metric as Base
else:
    from .score_base import Metric as Base

_NOTHING = "there is nothing to compute: call update(input, target) with a batch first"


class MetricScore(Base):
    """The metric of all batches so far, by adding up their hard counts.

    It is a `torchmetrics.Metric` where torchmetrics is installed, and otherwise a module with
    the same `update`, `compute`, `reset` and call. Processes of `torch.distributed` add their
    counts in `compute`; one that has seen no batch adds zeros.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, as for `softset.as_score`.
    threshold : float, tuple of floats or tensor, default 0.5
        The operating point, a probability; several broadcast against the scores. Ties are
        positive.
    thresholds : tuple of floats or 1-D tensor, optional
        A grid over which the metric is averaged.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` counts each class by itself. The
        batch's axis 0 must be among them.
    from_logits : bool, default False
        Whether `input` will hold logits.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        From `update`: as from `softset.confusion`, if `axis` leaves the batch's axis out, or if
        a batch has other classes than those before. From `compute`, on every process: if the
        processes have counts of different shapes.
    RuntimeError
        From `compute` and `confusion`: if there was no batch; 0 would look like a result.

    Notes
    -----
    The value is that of `softset.as_score` on all batches put together, not a mean over the
    batches. Batches are added in float64, and the value is a float64 scalar: whole counts stay
    exact up to 2**53. The counts are no part of the `state_dict` unless torchmetrics'
    ``persistent(True)`` is called. A batch without rows adds zeros.

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
        threshold: Threshold = 0.5,
        thresholds: tuple[float, ...] | Array | None = None,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__()
        score = ss.as_score(metric, thresholds=thresholds, axis=axis, from_logits=from_logits)
        self._score = at(score, 0.5, None)  # the thresholds in use are the module's
        hold(self, "threshold", threshold)
        hold(self, "thresholds", thresholds)
        # torchmetrics' collections take two metrics whose first counts are equal for ones that
        # will always count alike. So a state is named by what is counted.
        counted = (*map(_numbers, (threshold, thresholds)), axis, from_logits)
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
    ) -> None:
        """Add a batch; the options are those of what `softset.as_score` returns."""
        empty = 0 in getattr(input, "shape", ())[:1]
        # An error on the one process that has no rows would leave the others waiting.
        with ss.checks(False) if empty else nullcontext():
            score = self.score
            c = score.counts(score.arguments(target, input, sample_weight, where, SCORE_NAMES))
        axis = self._score.axis
        if 0 not in axes(axis, len(input.shape)):
            name = name_of(self._score.metric)
            raise ValueError(
                f"`axis` must include 0, the axis of a batch, to add batches up, got {axis}; for "
                f"the mean over examples add up softset.as_score({name}, axis={axis})(target, "
                "input) * len(input) over the batches, and divide by the number of examples"
            )
        batch = torch.stack(tuple(c)).detach().double()
        counts = getattr(self, self._name)
        if counts.ndim and counts.shape != batch.shape:
            raise ValueError(
                f"`input` must have the classes of the batches before, got counts of shape "
                f"{tuple(batch.shape[1:])} after {tuple(counts.shape[1:])}; call reset() first"
            )
        setattr(self, self._name, counts + batch)

    def compute(self) -> Any:
        """Return the metric of all batches, those of other processes included."""
        return self.score.of_counts(self.confusion)

    @property
    def confusion(self) -> ss.Confusion:
        """The counts of all batches so far, as for ``softset.f1(score.confusion)`` of each class.

        They are those of this process, and those of all processes within
        ``with score.sync_context():``, which every process has to enter.
        """
        counts = getattr(self, self._name)
        if not counts.ndim:
            raise RuntimeError(_NOTHING)
        return ss.Confusion(*counts.clone())

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
        return describe(self._score, describe_thresholds(self.threshold, self.thresholds))

    def _take_shape_of_others(self, group: Any) -> None:
        """Require counts of one shape; a process that has seen no batch gets zeros of it."""
        counts = getattr(self, self._name)
        shapes: list[Any] = [None] * torch.distributed.get_world_size(group)
        torch.distributed.all_gather_object(shapes, tuple(counts.shape), group=group)
        if not any(shapes):
            raise RuntimeError(_NOTHING)
        if len({shape for shape in shapes if shape}) > 1:
            found = "; ".join(
                f"rank {rank}: {shape[1:] if shape else 'no batch'}"
                for rank, shape in enumerate(shapes)
            )
            raise ValueError(
                "`input` must have the same classes on all processes, got counts of shape "
                f"{found}; give every process scores of all classes"
            )
        setattr(self, self._name, counts + counts.new_zeros(max(shapes, key=len)))


def _numbers(x: Any) -> Any:
    return x.tolist() if isinstance(x, torch.Tensor) else x
