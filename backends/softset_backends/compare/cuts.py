"""The thresholds of a comparison, found on validation rows, and what is reported at them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score

import softset as ss
from softset._types import Metric
from softset.constraints.bounds import Constraint
from softset.metrics import larger_is_better
from softset.metrics.options import freeze, name_of

from ..sklearn import recalibrated
from .methods import Bound
from .question import excess
from .splits import Part

_BINS, _POINTS = 10, 51


class Judge(NamedTuple):
    """What is to be best, and the bound that is to hold: on a gap, or `subject_to`."""

    metric: Metric
    bound: Bound | None
    subject_to: Constraint | None = None
    confidence: float | None = None

    @property
    def name(self) -> str:
        """What the metric is called in records."""
        return name_of(freeze(self.metric))

    @property
    def rules(self) -> tuple[str, ...]:
        """How thresholds are chosen."""
        return ("0.5", "labels", "expected", *(["guarantee"] if self.confidence else []))

    def cut(self, labels: Any, p: Any, group: Any, *, by_group: bool = False) -> Any:
        """Return the best threshold within the bound, or without it where none keeps it.

        Labels may be probabilities: their counts are expected counts.
        """
        options: dict[str, Any] = self._options(group)
        if self.bound is not None:
            options |= {"subject_to": (self.bound.constraint,), "by_group": by_group}
        elif self.subject_to is not None:
            options |= {"subject_to": (self.subject_to,)}
        try:
            found = ss.best_threshold(self.metric, labels, p, **options).threshold
        except ValueError:
            if not options:
                raise
            found = ss.best_threshold(self.metric, labels, p).threshold
        # A threshold above all probabilities is infinite; none of them is 1.
        return np.minimum(found, 1.0)

    def shown(self, y: Any, p: Any) -> float:
        """Return the best threshold at which rows show `subject_to`, nan where none does."""
        options: dict[str, Any] = {"confidence": self.confidence, "subject_to": (self.subject_to,)}
        try:
            found = ss.best_threshold(self.metric, y, p, **options).threshold
        except ValueError:  # Whether it can be shown of any rows was asked before.
            return float("nan")
        return min(float(found), 1.0)

    def values(self, part: Part, p: Any, threshold: Any) -> dict[str, float]:
        """Return the metric and the gap at a threshold, or at one for each group."""
        c = self._counts(part, p, threshold)
        whole = c if self.bound is None else ss.Confusion(*(x.sum() for x in c))
        found = {self.name: float(self.metric(whole))}
        if self.bound is not None:
            found["gap"] = float(ss.largest_gap(self.bound.metric)(c))
        if self.subject_to is not None:
            found[name_of(self.subject_to.metric)] = float(self.subject_to.metric(whole))
        return found

    def rank(self, values: dict[str, float]) -> tuple[bool, float]:
        """Return what is larger for better values: within the bound, then the metric."""
        larger = larger_is_better(freeze(self.metric))
        better = values[self.name] if larger else -values[self.name]
        over = 0.0
        if self.bound is not None:
            over = excess(self.bound.constraint, values["gap"])
        elif self.subject_to is not None:
            over = excess(self.subject_to, values[name_of(self.subject_to.metric)])
        if over <= 1e-9:
            return True, better if np.isfinite(better) else -np.inf
        return False, -over

    def _counts(self, part: Part, p: Any, threshold: Any) -> ss.Confusion:
        at = np.asarray(threshold)
        if np.isnan(at).any():  # There is no threshold, so nothing is known.
            return ss.Confusion(*4 * (np.float64(np.nan),))
        decisions = (p >= (at[part.group] if at.ndim else at)).astype(np.float64)
        return ss.confusion(part.y, decisions, step=ss.Hard(), **self._options(part.group))

    def _options(self, group: Any) -> dict[str, Any]:
        if self.bound is None:
            return {}
        return {"groups": group, "num_groups": self.bound.num_groups}


def probabilities(logits: Any) -> Any:
    """Return probabilities in float64, none of which is 0 or 1."""
    z = np.clip(np.asarray(logits, np.float64), -30, 30)
    return 1 / (1 + np.exp(-z))


def labels_of(rule: str, y: Any, p: Any, group: Any) -> Any:
    """Return what the counts of a rule are taken of.

    "labels" are the labels. "expected" mixes them with probabilities that are recalibrated on the
    same rows of the same group, which weigh as much as 300 labels.
    """
    if rule == "labels":
        return y
    expected = np.array(y)
    for one in np.unique(group):
        own = group == one
        if 0 < y[own].sum() < own.sum():
            expected[own] = recalibrated(y[own], p[own])
    return ss.expected_labels(y, expected, share=300 / (300 + len(y)))


def value_elsewhere(judge: Judge, part: Part, p: Any, rule: str, *, by_group: bool) -> float:
    """Return the metric of rows whose threshold was chosen on other rows of the same part.

    The best of many thresholds is best partly by luck, so that on its own rows it would look
    better than 0.5, which was not chosen.
    """
    # A search for a threshold of each group takes a second or two.
    number = 2 if by_group else 5
    fold, decisions = np.empty(len(p), np.int64), np.empty(len(p))
    for label in (0, 1):
        own = np.flatnonzero(part.y == label)
        fold[own] = np.arange(len(own)) % number
    for i in range(number):
        there, here = fold != i, fold == i
        group = part.group[there]
        labels = labels_of(rule, part.y[there], p[there], group)
        cut = judge.cut(labels, p[there], group, by_group=by_group)
        decisions[here] = p[here] >= (cut[part.group[here]] if np.ndim(cut) else cut)
    return judge.values(part, decisions, 0.5)[judge.name]


def test_values(judge: Judge, part: Part, p: Any, threshold: Any) -> dict[str, float]:
    """Return what is reported of test rows."""
    found = judge.values(part, p, threshold)
    c = judge._counts(part, p, threshold)
    whole = ss.Confusion(*(np.sum(x) for x in c))
    for metric in (ss.precision, ss.recall):
        found.setdefault(name_of(metric), float(metric(whole)))
    found["average_precision"] = float(average_precision_score(part.y, p))
    found["brier"] = float(np.mean((p - part.y) ** 2))
    return found


def calibration(part: Part, p: Any) -> list[list[float]]:
    """Return mean probability, share of positives and number of ten bins of as many rows."""
    bins = np.array_split(np.argsort(p, kind="stable"), _BINS)
    return [[float(p[b].mean()), float(part.y[b].mean()), float(len(b))] for b in bins if len(b)]


def curve(judge: Judge, part: Part, p: Any) -> list[list[float]]:
    """Return the metric at thresholds from 0 to 1."""
    grid = np.linspace(0, 1, _POINTS)
    values = judge.metric(ss.confusion(part.y, p, thresholds=grid, step=ss.Hard()))
    return [[float(a), float(b)] for a, b in zip(grid, values, strict=True)]
