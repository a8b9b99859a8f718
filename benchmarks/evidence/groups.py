"""Rates that have to agree between groups: constraints in training, and thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import softset as ss
from softset_backends.compare import Budget
from softset_backends.compare.cuts import Judge
from softset_backends.compare.methods import BY_GROUP, Bound
from softset_backends.compare.statistics import estimate, paired
from softset_backends.compare.tables import interval, number

from . import effects
from .fits import METRICS, fitted
from .sets import SEEDS, loaded, of_arguments, readable, splits_of
from .study import Missing, Row, Study, Unit

NAME = "groups"
ROWS, GAP = 12_000, 0.03
OF = {"recall": ss.recall, "selection rate": ss.predicted_positive_rate}
# Thresholds per group take a search of a second or more for each: one rate with both models.
MODELS = {"recall": ("linear", "mlp"), "selection rate": ("linear",)}
METHODS = ("cross-entropy", "penalty", "lagrangian", "reweighing", BY_GROUP)


def units(folder: Path) -> list[Unit]:
    """Return a unit for each column of groups, rate, model and method."""
    found, reasons = [], []
    for table in readable(folder):
        for group in table.groups:
            try:
                loaded(str(folder), table, ROWS, group)
            except Missing as reason:
                reasons.append(str(reason))
                continue
            for of in OF:
                case = {"table": table.arguments(), "group": group, "of": of}
                for model in MODELS[of]:
                    for method in METHODS:
                        name = f"{table.name}, {group}, {of}, {model}, {method}"
                        found.append(Unit(NAME, name, {**case, "model": model, "method": method}))
    if not found:
        reason = "no table in the folder of data has a known column of groups"
        raise Missing("; ".join(reasons) or reason)
    return found


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one column of groups, rate, model and method."""
    given: dict[str, Any] = unit.arguments
    table, group = of_arguments(given["table"]), given["group"]
    number_of = len(loaded(str(folder), table, ROWS, group).groups)
    splits = splits_of(str(folder), table, ROWS, group)
    judge = Judge(METRICS["f1"], Bound(OF[given["of"]], GAP, number_of))
    data = f"{table.name}, {group}"
    pair = (given["model"], given["method"])
    return fitted(data, splits, pair, judge, Budget(), f"gap of {given['of']}")


def report(rows: list[Row]) -> str:
    """Return a table for each rate and model: the metric, and the gap on test rows."""
    parts = [
        f"Up to {ROWS} rows; groups with fewer than a hundred positives are put together. The gap "
        f"between the largest and the smallest rate of a group is to be at most {GAP:g}: settings, "
        "stopping and thresholds are chosen for the best F1 on validation rows that keep it, or "
        f"for the nearest gap where none do. {SEEDS} splits. Gains are on cross-entropy with one "
        "threshold for all groups, chosen in the same way on labels.\n"
    ]
    for case in effects.unique(rows, "case"):
        for model in effects.models(rows):
            some = [row for row in rows if (row["case"], row["model"]) == (case, model)]
            if some:
                parts.append(f"### {case}, {model}\n\n{_table(some)}")
    return "\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    lines = []
    for data in effects.unique(rows, "data"):
        own = [row for row in rows if row["data"] == data]
        for way in effects.ways(own):
            some = _values(own, way)
            gap = [some[seed]["test"]["gap"] for seed in some]
            held = [some[seed]["validation"]["gap"] for seed in some]
            f1 = [some[seed]["test"]["f1"] for seed in some]
            base = _values(own, effects.BASELINE)
            gains = [
                some[seed]["test"]["f1"] - base[seed]["test"]["f1"] for seed in some if seed in base
            ]
            found = paired(gains, effects.EQUIVALENT, effects.OVERLAP)
            lines.append(
                [
                    data,
                    *way,
                    number(float(np.mean(f1))),
                    "" if way == effects.BASELINE else interval(found, "+"),
                    number(float(np.mean(held))),
                    interval(estimate(gap, effects.OVERLAP)),
                ]
            )
    header = ["groups", "method", "threshold", "F1", "gain [95 %]", "validation gap"]
    return effects.markdown([*header, "test gap [95 %]"], lines) + "\n" + _over_sets(rows)


def _over_sets(rows: Sequence[Row]) -> str:
    lines = []
    for way, found in effects.effects(rows, effects.OVERLAP).items():
        gaps = {
            data: float(np.mean([x["test"]["gap"] for x in _values(own, way).values()]))
            for data in effects.unique(rows, "data")
            if (own := [row for row in rows if row["data"] == data]) and _values(own, way)
        }
        gain = "" if way == effects.BASELINE else interval(found.mean, "+")
        lines.append([*way, gain, number(float(np.mean([*gaps.values()])))])
    header = ["method", "threshold", "mean gain over groups [95 %]", "mean test gap"]
    return effects.markdown(header, lines)


def _values(rows: Sequence[Row], way: tuple[str, str]) -> dict[int, Any]:
    return {row["seed"]: row["values"] for row in rows if (row["method"], row["rule"]) == way}


STUDY = Study(NAME, "Rates that agree between groups", units, run, report)
