"""A model's thresholds, with what they belong to, as an object that goes into any file."""

from __future__ import annotations

import json
import math
import operator
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any

import softset as ss
from softset._arrays import arrive
from softset._arrays.values import checking, obey
from softset._counting import checks
from softset._counting.logits import logit_of
from softset._counting.names import NAMES
from softset._counting.values import check_groups, score_rule
from softset._options import between
from softset.scores import Score

from .metric_names import metric_named, text_of

_FORMAT = 1


@dataclass(frozen=True)
class DecisionRule:
    """Keep the thresholds that were chosen for a model, and decide by them on any framework.

    Plain values only: it compares, hashes and pickles, and goes into JSON, a Keras config or a
    checkpoint.

    Parameters
    ----------
    thresholds : float, or tuple or 1-D array of floats
        The probability from which on a score is positive; one for each label, which are then the
        scores' last axis, or for each group. inf for never.
    metric : callable or str, optional
        What they are best at: a metric of softset's, with options fixed by functools.partial, or
        its text, as on the command line: ``"f1"``, ``"fbeta:beta=2.0"``. It is kept as text.
    names : tuple of str, optional
        The names of the labels, or of the groups, one for each threshold.
    by_group : bool, default False
        Whether there is a threshold for each group, as `best_threshold` finds with ``by_group``.
    from_logits : bool, default False
        Whether scores are logits. Thresholds are probabilities all the same.
    expected : float, default 0.0
        The share of probabilities in the labels that chose them, as of `softset.expected_labels`.
    calibration : str, optional
        How these probabilities had been recalibrated, such as "sigmoid".

    Raises
    ------
    ValueError
        If there are no thresholds, or one is nan, or the value at them is among them, as in what
        `best_threshold` returns; if there are not as many names; if `metric` is
        not one that a text can name; if `expected` is outside [0, 1].

    Notes
    -----
    The last four say what the thresholds were chosen by, for whoever finds the file; but for
    `as_score` no decision depends on them.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends import DecisionRule
    >>> y_true, y_prob = np.asarray([0, 0, 1, 1]), np.asarray([0.1, 0.2, 0.4, 0.6])
    >>> rule = DecisionRule(ss.best_threshold(ss.f1, y_true, y_prob).threshold, ss.f1)
    >>> print(rule.decide(y_prob), rule.as_score()(y_true, y_prob))
    [False False  True  True] 1.0
    >>> DecisionRule.from_json(rule.to_json()) == rule
    True
    """

    thresholds: Any
    metric: Any = None
    names: tuple[str, ...] | None = None
    by_group: bool = False
    from_logits: bool = False
    expected: float = 0.0
    calibration: str | None = None

    def __post_init__(self) -> None:
        thresholds = _numbers(self.thresholds)
        metric = self.metric
        if metric is not None:
            metric = text_of(metric_named(metric) if isinstance(metric, str) else metric)
        if isinstance(self.names, str):
            raise ValueError(f"`names` must be a tuple of names, got {self.names!r}")
        names = None if self.names is None else tuple(self.names)
        if names is not None and len(names) != len(thresholds):
            raise ValueError(
                f"`names` must be as many as thresholds, got {len(names)} for {len(thresholds)}"
            )
        between("expected", self.expected)
        for name, value in {"thresholds": thresholds, "metric": metric, "names": names}.items():
            object.__setattr__(self, name, value)

    def decide(self, y_prob: Any, *, groups: Any = None) -> Any:
        """Return which scores are positive.

        Parameters
        ----------
        y_prob : array of any framework, of a floating dtype
            Probabilities, or logits with ``from_logits``. With several labels they are the last
            axis.
        groups : array of integers, optional
            The number of each score's group, with ``by_group``: of the shape of `y_prob` or of its
            first axes. Where values are hidden a score of no group is not positive.

        Returns
        -------
        array of bool
            Of the framework and the shape of `y_prob`: the decisions that `softset.Hard` counts.

        Raises
        ------
        TypeError
            If `y_prob` does not hold floating-point scores, or `groups` no integers.
        ValueError
            If the last axis has another length than there are labels, if `groups` is missing or
            not asked for, or, where values can be seen, if a score is NaN or out of range.
        """
        if self.by_group != (groups is not None):
            way = "pass the number of each score's group" if self.by_group else "leave it out"
            raise ValueError(f"`groups` must be given for thresholds by group only; {way}")
        lib, (y_prob, groups) = arrive(("y_prob", "groups"), (y_prob, groups))
        if not lib.is_real(y_prob.dtype):
            raise TypeError(f"`y_prob` must hold floating-point scores, got {y_prob.dtype}")
        shape, number = lib.shape(y_prob), len(self.thresholds)
        if number > 1 and not self.by_group and shape[-1:] != (number,):
            raise ValueError(
                f"`y_prob` must have one score for each of {number} labels along its last axis, "
                f"got shape {shape}"
            )
        if checking(lib):
            rule = score_rule(NAMES, from_logits=self.from_logits)
            obey(lib, [("y_prob", y_prob, rule)])
        scores = lib.counted_in(y_prob)
        if groups is None:
            limits = self.limits if number > 1 else self.limits[0]
            return scores >= lib.numbers(limits, scores)
        groups = checks.groups(lib, NAMES, groups, y_prob)
        check_groups(lib, groups, number, None)
        several = enumerate(self.limits)
        each = [(groups == g) & (scores >= lib.numbers(limit, scores)) for g, limit in several]
        return reduce(operator.or_, each)

    @property
    def limits(self) -> tuple[float, ...]:
        """What scores are compared with: the thresholds, or their logits."""
        return tuple(map(logit_of, self.thresholds)) if self.from_logits else self.thresholds

    def as_score(self) -> Score:
        """Return the metric at the thresholds as a score, the mean over labels of several."""
        if self.metric is None or self.by_group:
            what = "with `by_group` its thresholds go by index" if self.by_group else "got None"
            raise ValueError(f"`metric` must be given to score by one threshold each, {what}")
        several = len(self.thresholds) > 1
        threshold = self.thresholds if several else self.thresholds[0]
        options: Any = {"axis": 0} if several else {}
        metric = metric_named(self.metric)
        return ss.as_score(metric, threshold=threshold, from_logits=self.from_logits, **options)

    def get_config(self) -> dict[str, Any]:
        """Return it as plain values, such as JSON and Keras configs hold."""
        config = {field.name: getattr(self, field.name) for field in fields(self)}
        # JSON has no infinity.
        config["thresholds"] = [x if math.isfinite(x) else str(x) for x in self.thresholds]
        config["names"] = None if self.names is None else list(self.names)
        return {"format": _FORMAT, **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DecisionRule:
        """Return the rule that `get_config` was called on."""
        known = {field.name for field in fields(cls)}
        if not isinstance(config, dict) or config.get("format") != _FORMAT:
            raise ValueError(f"`config` must be what get_config returned, got {config!r}")
        if unknown := set(config) - known - {"format"}:
            raise ValueError(f"`config` must hold {', '.join(sorted(known))}, got {unknown} too")
        if "thresholds" not in config:
            raise ValueError(f"`config` must hold thresholds, got {config!r}")
        return cls(**{name: value for name, value in config.items() if name in known})

    def to_json(self) -> str:
        """Return it as a text in JSON."""
        return json.dumps(self.get_config(), indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> DecisionRule:
        """Return the rule that `to_json` was called on."""
        return cls.from_config(json.loads(text))


def _numbers(thresholds: Any) -> tuple[float, ...]:
    """Return thresholds, of an array of any framework too, as plain numbers."""
    if hasattr(thresholds, "_fields"):  # with the value beside it, which is no threshold
        raise ValueError(
            f"`thresholds` must be thresholds only, got {thresholds!r}; pass its `threshold`"
        )
    if hasattr(thresholds, "detach"):  # PyTorch warns of what it follows
        thresholds = thresholds.detach()
    several = thresholds
    if hasattr(thresholds, "shape"):
        shape = tuple(thresholds.shape)
        several = [thresholds[i] for i in range(shape[0])] if len(shape) == 1 else [thresholds]
    elif not isinstance(thresholds, (list, tuple)):
        several = [thresholds]
    try:
        found = tuple([float(x) for x in several])
    except (TypeError, ValueError):
        found = ()
    if not found or any(math.isnan(x) for x in found):
        raise ValueError(
            f"`thresholds` must hold a number, or one for each label or group, got {thresholds!r}"
        )
    return found
