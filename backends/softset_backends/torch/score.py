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
from softset._counting.arguments import Batch, prepare
from softset._counting.checks import axes
from softset._types import Array, Metric, Step, Threshold
from softset.metrics import larger_is_better
from softset.metrics.options import name_of
from softset.scores import Score

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
    step : Hard(), ArgMax(axis) or TopK(k, axis), optional
        How scores become decisions, as for `softset.as_score`: `ArgMax` or `TopK` for classes of
        which one is true, and otherwise `Hard`, whose ties are positive. For an average over
        classes it, or a threshold, has to be given.
    threshold : float, tuple of floats or tensor, optional
        The operating point, a probability; several broadcast against the scores. 0.5 by default.
    thresholds : tuple of floats or 1-D tensor, optional
        A grid over which the metric is averaged. Without one the areas under curves, `auroc` and
        `average_precision`, are exact, and what is kept is each label, score and weight.
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
        From `merge_state`: if the other score has other options.
    RuntimeError
        From `compute`, `values` and `confusion`: if there was no batch; 0 would look like a result.
        From the last two: if each example has counts of its own, which are not kept.

    Notes
    -----
    The value is that of `softset.as_score` on all batches put together, not a mean over the
    batches, also where it is a mean over the examples. Batches are added in float64, and the value
    is a float64 scalar: whole counts stay exact up to 2**53. The counts are no part of the
    `state_dict` unless torchmetrics' ``persistent(True)`` is called. A batch without rows adds
    zeros. An exact area takes 12 bytes of memory for each float32 score, and its processes send
    them all to each other; one over a grid takes 32 for each threshold.

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

    The best threshold of a grid:

    >>> grid = ss.grid(9)
    >>> score = MetricScore(ss.f1, thresholds=grid)
    >>> score.update(torch.tensor([0.9, 0.6, 0.4, 0.2]), torch.tensor([1, 0, 1, 0]))
    >>> print(grid[score.values().argmax()])
    0.3
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
        batch_is_counted = axis is None or 0 in (axis if isinstance(axis, tuple) else (axis,))
        if not batch_is_counted:
            counted = (*counted, name_of(score.metric))  # its values may be what is added up
        self._keeps = score.is_exact and batch_is_counted
        if self._keeps:
            counted = (*counted, "scores")
        self._name = f"counts_{zlib.crc32(repr(counted).encode()):08x}"
        if self._keeps:
            self.add_state(self._name, [], dist_reduce_fx="cat")
            return
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
            call = score.arguments(target, input, *given, SCORE_NAMES)
            if self._keeps:
                self._add("input", [_rows(prepare(call))])
                return
            c = score.counts(call)
        if 0 in axes(self._score.axis, len(input.shape)):
            if score.is_exact:
                raise ValueError(
                    f"`axis` must name the batch's axis as 0 for an exact area, got {score.axis}"
                )
            batch = torch.stack(tuple(c)).detach().double()
        else:  # the sum of the examples' values, and of what they weigh
            if score.averaged(len(input.shape)) == 0:
                raise ValueError(
                    "`axis` must leave a class axis beside the batch's for an average over "
                    f"classes, got {self._score.axis}; name it, as in macro(f1, axis=1)"
                )
            c = score.kind(*(x.detach().double() for x in c))
            value = weight = c[0].new_zeros(())
            if not empty:
                value = score.of_counts(c)
                weight = score.weight(c, torch.full_like(value, input.shape[0]))
            batch = torch.stack((value * weight, weight))
        self._add("input", batch)

    def compute(self) -> Any:
        """Return the metric of all batches, those of other processes included."""
        counts = getattr(self, self._name)
        if self._keeps or counts.shape != _MEAN:
            return self.score.of_counts(self.confusion)
        if not counts[1]:
            raise RuntimeError(_NOTHING)
        return counts[0] / counts[1]

    def values(self) -> Any:
        """Return the metric of each class and threshold, of which `compute` gives the mean.

        Of all processes, so that every process has to call it. An average over classes is taken
        apart, as by ``softset.as_score(...).values``.
        """
        with nullcontext() if self._is_synced else self.sync_context():
            return self.score.all_values(self.confusion)

    @property
    def confusion(self) -> Any:
        """The counts of all batches so far, as for ``softset.f1(score.confusion)`` of each class.

        Those of an exact area are the counts at every score, as for ``softset.roc_curve``. They are
        those of this process, and those of all processes within ``with score.sync_context():``,
        which every process has to enter.
        """
        if self._keeps:
            return self._swept()
        counts = getattr(self, self._name)
        if not counts.ndim:
            raise RuntimeError(_NOTHING)
        if counts.shape == _MEAN:
            raise RuntimeError(
                f"`axis` leaves the batch out, got {self._score.axis}: each example has counts of "
                "its own, of which only the metric's mean is kept"
            )
        return self._score.kind(*counts.clone())

    def merge_state(self, incoming_state: Any) -> None:
        """Add the batches of another score that counts as this one does, or of its state.

        A state is what torchmetrics has in `metric_state`, a dict.
        """
        state = incoming_state
        if isinstance(state, MetricScore):
            state = {state._name: getattr(state, state._name)}
        if not (isinstance(state, dict) and self._name in state):
            raise ValueError(
                "`incoming_state` must be a MetricScore with the options of this one, or the state "
                f"of such a score, got {incoming_state!r}"
            )
        counts = state[self._name]
        if self._keeps:
            kept = counts if isinstance(counts, list) else [counts]
            self._add("incoming_state", [x.to(self.device) for x in kept])
        else:
            self._add("incoming_state", counts.to(getattr(self, self._name).device))
        self._update_count += getattr(incoming_state, "_update_count", 1)
        self._computed = None

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot one or several numbers, by default what `compute` returns, with torchmetrics.

        Returns
        -------
        tuple
            The figure and the axes of matplotlib.
        """
        return self._plot(val, ax)

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
        if self.score.is_exact:
            return describe(self._score)
        return describe(self._score, shown or f"step={step}")

    def _swept(self) -> ss.Confusion:
        """Return the counts at every score."""
        kept = _joined(getattr(self, self._name))
        if kept is None or not len(kept):
            raise RuntimeError(_NOTHING)
        labels, scores, weights = kept.double().unbind(1)
        score = self.score
        return score.counts(score.arguments(labels, scores, weights, None, names=SCORE_NAMES))

    def _add(self, name: str, batch: Any) -> None:
        counts = getattr(self, self._name)
        if self._keeps:
            kept = [*(counts if isinstance(counts, list) else [counts]), *batch]
            shapes = {x.shape[2:] for x in kept}
            if len(shapes) > 1:
                raise ValueError(
                    f"`{name}` must have the classes of the batches before, got scores of shape "
                    f"{(None, *kept[-1].shape[2:])} after {(None, *kept[0].shape[2:])}; "
                    "call reset() first"
                )
            setattr(self, self._name, kept)
            return
        if counts.ndim and batch.ndim and counts.shape != batch.shape:
            raise ValueError(
                f"`{name}` must have the classes of the batches before, got counts of shape "
                f"{tuple(batch.shape[1:])} after {tuple(counts.shape[1:])}; call reset() first"
            )
        setattr(self, self._name, counts + batch)

    def _take_shape_of_others(self, group: Any) -> None:
        """Require counts of one shape; a process that has seen no batch gets zeros of it."""
        counts = getattr(self, self._name)
        kept = _joined(counts) if self._keeps else None
        if kept is not None:  # without how many rows there are
            mine = (str(kept.dtype), *kept.shape[2:])
        else:
            mine = () if self._keeps else tuple(counts.shape)
        shapes: list[Any] = [None] * torch.distributed.get_world_size(group)
        torch.distributed.all_gather_object(shapes, mine, group=group)
        if not any(shapes):
            raise RuntimeError(_NOTHING)
        if len({shape[self._keeps :] for shape in shapes if shape}) > 1:
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
        if not self._keeps:
            setattr(self, self._name, counts + counts.new_zeros(max(shapes, key=len)))
            return
        dtypes, (_, *shape) = [x[0] for x in shapes if x], max(shapes, key=len)
        dtype = torch.float64 if "torch.float64" in dtypes else torch.float32
        if kept is None:
            kept = torch.zeros((0, 3, *shape), device=self.device)
        setattr(self, self._name, [kept.to(dtype)])


def _rows(batch: Batch) -> torch.Tensor:
    """Return labels, scores and weights along an axis behind that of the rows."""
    scores = batch.scores
    weights = torch.ones_like(scores) if batch.weights is None else batch.weights
    parts = (batch.labels, scores, weights.expand(scores.shape))
    return torch.stack([x.detach() for x in parts], dim=1)


def _joined(kept: Any) -> Any:
    """Return all rows that were kept, or None; torchmetrics joins those of all processes."""
    if isinstance(kept, list):
        return torch.cat(kept) if kept else None
    return kept


def _kept(shape: tuple[int, ...]) -> str:
    """Say what a process keeps in a tensor of this shape."""
    if shape == _MEAN:
        return "a mean over examples"
    return f"{shape[1:]}" if shape else "no batch"


def _numbers(x: Any) -> Any:
    return x.tolist() if isinstance(x, torch.Tensor) else x
