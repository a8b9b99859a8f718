"""A metric as a PyTorch loss module, called as PyTorch's losses are: ``(input, target)``."""

from __future__ import annotations

from typing import Any, NoReturn

import torch

import softset as ss
from softset._arrays import library
from softset._counting.values import check_thresholds
from softset._types import Array, Metric, Reduce, Step, Threshold
from softset.scores import Loss
from softset.steps import class_axis

from .options import LOSS_NAMES, at, describe, describe_thresholds, hold

# A learned threshold keeps this distance to 0 and 1, which a float32 sigmoid would reach.
_MARGIN = 1e-6


class MetricLoss(torch.nn.Module):
    """A metric as a loss module: ``loss(input, target)``, smaller is better.

    It is `softset.as_loss` in PyTorch's order of arguments, with tensors among its options as
    buffers and, if asked for, a learned threshold.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion` or a `ConfusionTable`, as for `softset.as_loss`.
    step : callable, optional
        The step function that replaces the hard one, by default as for `softset.as_loss`.
    threshold : float, tuple of floats or tensor, default 0.5
        The operating point, a probability; several broadcast against the scores, as for one per
        class.
    thresholds : tuple of floats or 1-D tensor, optional
        A grid over which the metric is averaged.
    axis : int, tuple of ints, optional
        The axes to count over, all by default; ``axis=0`` counts each class by itself.
    from_logits : bool, default False
        Whether `input` will hold logits.
    maximize : bool, optional
        Whether larger values of the metric are better. Known for the built-ins.
    num_groups : int, optional
        How many groups to count by themselves; every call then takes `groups`.
    learn_threshold : bool, default False
        Whether the threshold is a parameter, `threshold_logit`, that starts at `threshold`.
        It stays at least 1e-6 away from 0 and 1 whatever an optimizer does.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        If the metric has no better direction and `maximize` is not given; if a threshold to
        learn is not strictly between 0 and 1, is a grid, or makes no difference to the step.

    Notes
    -----
    Called with ``(input, target, *, sample_weight=None, where=None, groups=None, reduce=None)``
    it returns a scalar: float32 for float16 and bfloat16, also under autocast, and otherwise of
    the dtype of `input`. Differentiable in `input`, twice too, in the threshold, `sample_weight`
    and a real `target`. Errors are those of `softset.confusion`. `torch.compile` and
    `torch.export` take it, TorchScript does not.

    Examples
    --------
    >>> import torch
    >>> import softset as ss
    >>> from softset_backends.torch import MetricLoss
    >>> loss = MetricLoss(ss.f1, from_logits=True, learn_threshold=True)
    >>> loss
    MetricLoss(f1, step=Linear(delta=0.2), learned threshold of shape (), from_logits=True)
    >>> logits = torch.tensor([2.0, 0.5, -0.5, -1.0], requires_grad=True)
    >>> value = loss(logits, torch.tensor([1, 0, 1, 0]))
    >>> value.backward()
    >>> print(f"{value.item():.4f}", f"{loss.threshold.item():.1f}")
    0.3906 0.5
    """

    def __init__(
        self,
        metric: Metric,
        *,
        step: Step | None = None,
        threshold: Threshold = 0.5,
        thresholds: tuple[float, ...] | Array | None = None,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        maximize: bool | None = None,
        num_groups: int | None = None,
        learn_threshold: bool = False,
    ) -> None:
        super().__init__()
        loss = ss.as_loss(
            metric,
            step=step,
            thresholds=thresholds,
            axis=axis,
            from_logits=from_logits,
            maximize=maximize,
            num_groups=num_groups,
        )
        # The thresholds in use are the module's, where an optimizer or a device may change them.
        held = learn_threshold or isinstance(threshold, torch.Tensor)
        grid = None if isinstance(thresholds, torch.Tensor) else thresholds
        self._loss = at(loss, 0.5 if held else threshold, grid)
        hold(self, "thresholds", thresholds)
        self.learn_threshold = learn_threshold
        if not learn_threshold:
            hold(self, "given_threshold", threshold)
            return
        if thresholds is not None:
            raise ValueError(
                "`learn_threshold` and `thresholds` must not both be given; a grid has no "
                "threshold to learn"
            )
        self._require_threshold_in(loss.step)
        self.threshold_logit = torch.nn.Parameter(_logit(threshold))

    @property
    def threshold(self) -> Any:
        """The operating point: what was given, or the learned probabilities as a tensor."""
        if not self.learn_threshold:
            return self.given_threshold
        logit = self.threshold_logit
        logit = logit.to(torch.promote_types(logit.dtype, torch.float32))
        return 0.5 + (1 - 2 * _MARGIN) * (torch.sigmoid(logit) - 0.5)

    @property
    def loss(self) -> Loss:
        """The loss of ``(y_true, y_prob)`` as `softset.as_loss` gives it, at the threshold."""
        return at(self._loss, self.threshold, self.thresholds)

    def forward(
        self,
        input: Array,
        target: Array,
        *,
        sample_weight: Array | None = None,
        where: Array | None = None,
        groups: Array | None = None,
        reduce: Reduce | None = None,
    ) -> Any:
        """Return the loss; the options are those of what `softset.as_loss` returns."""
        if torch.jit.is_tracing():
            _refuse("torch.jit.trace")
        loss = self.loss
        call = loss.arguments(target, input, sample_weight, where, groups, LOSS_NAMES)
        return loss.of_arguments(call, reduce)

    def extra_repr(self) -> str:
        """Return the options in words."""
        if self.learn_threshold:
            shown = f"learned threshold of shape {tuple(self.threshold_logit.shape)}"
        else:
            shown = describe_thresholds(self._loss.step, self.given_threshold, self.thresholds)
        return describe(self._loss, f"step={self._loss.step}", shown)

    def _require_threshold_in(self, step: Step) -> None:
        if class_axis(step) is not None or not _has_slope_in_threshold(step):
            raise ValueError(
                f"`learn_threshold` must go with a step that has a slope in the threshold, got "
                f"{step}; take Linear()"
            )

    def __prepare_scriptable__(self) -> NoReturn:
        """Refuse to be compiled by TorchScript."""
        _refuse("torch.jit.script")


def _has_slope_in_threshold(step: Step) -> bool:
    # Modules are also made where gradients are switched off.
    with torch.inference_mode(False):
        threshold = torch.tensor(0.5, requires_grad=True)
        y, p = torch.tensor([0, 1]), torch.tensor([0.4, 0.6])
        return ss.confusion(y, p, threshold=threshold, step=step).tp.requires_grad


def _logit(threshold: Any) -> torch.Tensor:
    """Return what `MetricLoss.threshold` makes the thresholds of."""
    values = torch.as_tensor(threshold).detach()
    if not values.is_floating_point():
        values = values.to(torch.get_default_dtype())
    check_thresholds(library(("threshold",), (values,)), "threshold", values, hard=False)
    return torch.logit(0.5 + (values - 0.5) / (1 - 2 * _MARGIN), eps=_MARGIN)


def _refuse(what: str) -> NoReturn:
    raise RuntimeError(
        f"MetricLoss does not work with {what}; use torch.compile to run it faster and "
        "torch.export to save it, or take it out of the model and script the model alone"
    )
