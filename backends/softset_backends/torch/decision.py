"""A model that decides: its thresholds are in its state dict, and in what is exported of it."""

from __future__ import annotations

from typing import Any

import torch

from ..decision import DecisionRule


class Decision(torch.nn.Module):
    """Put a decision rule behind a model.

    Parameters
    ----------
    model : torch.nn.Module
        Whatever returns the scores that the rule is for, with the labels last if it has several.
    rule : DecisionRule
        With one threshold, or one for each label.

    Attributes
    ----------
    limits : tensor, a buffer in float64
        What scores are compared with: the thresholds, or their logits. Of shape (), or (k,) for k
        labels. It is in the state dict, and the rule is beside it as its extra state.
    rule : DecisionRule

    Raises
    ------
    TypeError
        If `rule` is no DecisionRule; when called, if the model does not return a tensor of
        floating-point scores.
    ValueError
        If the rule has a threshold for each group; when called, if the last axis of the scores has
        another length than there are labels.

    Notes
    -----
    Called like the model, it returns booleans of the shape of the scores. ``torch.onnx.export`` and
    ``torch.export`` take it, with the thresholds as constants. Values are not looked at: a score
    that is NaN is no positive.

    Examples
    --------
    >>> import torch
    >>> from softset_backends import DecisionRule
    >>> from softset_backends.torch import Decision
    >>> decision = Decision(torch.nn.Sigmoid(), DecisionRule(0.7, "f1"))
    >>> print(decision(torch.asarray([0.0, 1.0])))
    tensor([False,  True])
    """

    limits: torch.Tensor

    def __init__(self, model: torch.nn.Module, rule: DecisionRule) -> None:
        super().__init__()
        if not isinstance(rule, DecisionRule):
            raise TypeError(f"`rule` must be a DecisionRule, got {rule!r}")
        if rule.by_group:
            raise ValueError(
                "`rule` must have a threshold for all groups, got one for each; call its decide"
            )
        self.model = model
        self.rule = rule
        self.register_buffer("limits", _limits(rule))

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return which of the model's scores are positive."""
        scores = self.model(*args, **kwargs)
        if not isinstance(scores, torch.Tensor) or not scores.is_floating_point():
            found = scores.dtype if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise TypeError(f"`model` must return a tensor of floating-point scores, got {found}")
        if self.limits.ndim and scores.shape[-1:] != self.limits.shape:
            raise ValueError(
                f"`model` must return one score for each of {len(self.limits)} labels along the "
                f"last axis, got shape {tuple(scores.shape)}"
            )
        wide = scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores
        return wide >= self.limits.to(wide.dtype)

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Move the limits to another device with the module, but keep their digits."""
        limits = self.limits
        super()._apply(fn, recurse)
        self.limits = limits.to(self.limits.device)
        return self

    def get_extra_state(self) -> dict[str, Any]:
        """Return the rule for the state dict."""
        return self.rule.get_config()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take the rule from a state dict."""
        self.rule = DecisionRule.from_config(state)

    def extra_repr(self) -> str:
        """Return the rule in words."""
        return repr(self.rule)


def _limits(rule: DecisionRule) -> torch.Tensor:
    limits = torch.asarray(rule.limits, dtype=torch.float64)
    return limits if len(limits) > 1 else limits[0].clone()
