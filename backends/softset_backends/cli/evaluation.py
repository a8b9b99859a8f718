"""Metrics of a file's predictions with their intervals, as text and as numbers."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

import softset as ss
from softset._types import Metric
from softset.across.groups_left import values_left
from softset.metrics.options import name_of

from ..bootstrap import Interval, bootstrap_interval
from ..group_table import ALL, GAP, RATIO, WORST, GroupReport, text_of_cell
from ..groups import group_report
from .predictions import Predictions

CONFIDENCE = 0.95
DIGITS = 3
_COUNTS = ("n", "positives", "tp", "fp", "fn", "tn")


class Evaluation(NamedTuple):
    """A table as text, its header first, where its last part begins, and its numbers."""

    cells: Sequence[Sequence[str]]
    sections: Sequence[int]
    numbers: dict[str, Any]


def of_all(
    predictions: Predictions, metrics: Sequence[Metric], threshold: float, *, logits: bool
) -> Evaluation:
    """Return the metrics of all rows."""
    labels, scores, _ = predictions
    c = counted(predictions, threshold, logits=logits)
    intervals = bootstrap_interval(
        # One metric of several numbers: all are of the same resamples, which are drawn once.
        lambda counts: np.stack([metric(counts) for metric in metrics], axis=-1),
        labels,
        scores,
        threshold=threshold,
        confidence=CONFIDENCE,
        from_logits=logits,
    )
    found = {}
    for i, metric in enumerate(metrics):
        known = bool(values_left(metric, ss.Confusion(*(np.reshape(x, 1) for x in c)))[2][0])
        ends = (float(x[i]) for x in intervals)
        found[name_of(metric)] = Interval(*ends) if known else Interval(*[math.nan] * 3)
    rows = [(name, text_of_cell(x, DIGITS) or "undefined") for name, x in found.items()]
    header = ("", f"value [{CONFIDENCE:.0%} interval]")
    row = counts_of(c) | found
    return Evaluation([header, *rows], [], {"all": _row(row, list(found))})


def of_groups(report: GroupReport, by: Sequence[str]) -> Evaluation:
    """Return the metrics of each group, and what compares them."""
    names = report.metrics
    numbers: dict[str, Any] = {
        "by": list(by),
        "groups": [
            {"group": _labels(label)} | _row(report.data[label], names) for label in report.groups
        ],
        "all": _row(report.data[ALL], names),
    }
    for row in (GAP, RATIO, WORST):
        numbers[row.replace(" ", "_")] = {name: _ends(report.data[row][name]) for name in names}
    for name, label in report.worst.items():
        if label is not None:
            numbers["worst_group"][name]["group"] = _labels(label)
    (_, *header), *rows = report.cells()
    return Evaluation([(", ".join(by), *header), *rows], [len(report.groups)], numbers)


def by_group(
    predictions: Predictions, metrics: Sequence[Metric], threshold: float, *, logits: bool
) -> GroupReport:
    """Return the table of the groups."""
    labels, scores, groups = predictions
    return group_report(
        list(metrics),
        labels,
        scores,
        groups=groups,
        threshold=threshold,
        confidence=CONFIDENCE,
        from_logits=logits,
        digits=DIGITS,
    )


def counted(predictions: Predictions, threshold: float, *, logits: bool) -> ss.Confusion:
    """Return the four hard counts at a threshold."""
    labels, scores, _ = predictions
    return ss.confusion(labels, scores, threshold=threshold, step=ss.Hard(), from_logits=logits)


def counts_of(c: ss.Confusion) -> dict[str, Any]:
    """Return the counts by their names, with the numbers of rows and of positives."""
    tp, fp, fn, tn = (int(x) for x in c)
    return dict(zip(_COUNTS, (tp + fp + fn + tn, tp + fn, tp, fp, fn, tn), strict=True))


def _row(row: dict[str, Any], metrics: Sequence[str]) -> dict[str, Any]:
    counts = {name: int(row[name]) for name in _COUNTS}
    return counts | {"metrics": {name: _ends(row[name]) for name in metrics}}


def _ends(interval: Interval) -> dict[str, Any]:
    """Return an interval's numbers as JSON has them."""
    return {name: number(float(x)) for name, x in interval._asdict().items()}


def number(x: float) -> float | str | None:
    """Return a number as JSON has it: None for nan, and words for infinity."""
    if math.isnan(x):
        return None
    return x if math.isfinite(x) else str(x)


def _labels(label: Hashable) -> list[Any]:
    return list(label) if isinstance(label, tuple) else [label]
