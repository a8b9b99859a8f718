"""Paired differences on each data set, their means over sets, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from softset_backends.compare.question import METHODS, MODELS
from softset_backends.compare.statistics import Difference, Estimate, estimate, paired
from softset_backends.compare.tables import interval, number

from .study import Row

EQUIVALENT = 0.01
OVERLAP = 20 / 60  # test rows for one of training, where splits share their rows
INDEPENDENT = 0.0  # draws from many rows, which share few of training
BASELINE = ("cross-entropy", "labels")
RULES = ("0.5", "labels", "expected")
Way = tuple[str, str]  # a method and a rule for the threshold
Values = dict[tuple[str, int], float]  # by the set and the seed


class Effect(NamedTuple):
    """What one way of training gains on another: on each set, and the mean over sets.

    The interval of the mean is that of Student, of the means of sets, which are independent.
    """

    sets: dict[str, Difference]
    mean: Estimate


def effect(one: Values, other: Values, overlap: float) -> Effect:
    """Return what one gains on the other, on the splits that both have."""
    gains: dict[str, list[float]] = {}
    for (data, seed), value in one.items():
        if (data, seed) in other:
            gains.setdefault(data, []).append(value - other[data, seed])
    sets = {data: paired(found, EQUIVALENT, overlap) for data, found in gains.items()}
    return Effect(sets, over(sets.values()))


def over(found: Iterable[Difference]) -> Estimate:
    """Return the mean over sets with its interval."""
    return estimate([x.mean for x in found], INDEPENDENT)


def tested(rows: Iterable[Row], **fields: Any) -> Values:
    """Return the metric on test rows, of the rows with these fields."""
    return {
        (row["data"], row["seed"]): row["values"]["test"][row["metric"]]
        for row in rows
        if all(row[key] == value for key, value in fields.items())
    }


def ways(rows: Iterable[Row]) -> list[Way]:
    """Return the methods and rules of rows, in the order of tables."""
    found = {(row["method"], row["rule"]) for row in rows}
    return sorted(found, key=lambda way: (METHODS.index(way[0]), RULES.index(way[1])))


def models(rows: Iterable[Row]) -> list[str]:
    """Return the models of rows, in the order of tables."""
    found = {row["model"] for row in rows}
    return [model for model in MODELS if model in found]


def unique(rows: Iterable[Row], field: str) -> list[Any]:
    """Return the values of a field in the order in which they come."""
    return list(dict.fromkeys(row[field] for row in rows))


def effects(rows: Sequence[Row], overlap: float) -> dict[Way, Effect]:
    """Return what every way gains on the baseline, of rows of one model, case and metric."""
    base = tested(rows, method=BASELINE[0], rule=BASELINE[1])
    return {
        (method, rule): effect(tested(rows, method=method, rule=rule), base, overlap)
        for method, rule in ways(rows)
    }


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def of_sets(rows: Sequence[Row], overlap: float) -> str:
    """Return the table of one model and case: every way on every set, and the mean.

    An asterisk is where the interval of 95 % leaves out 0.
    """
    base = tested(rows, method=BASELINE[0], rule=BASELINE[1])
    sets = unique(rows, "data")
    lines = [
        [*BASELINE, *(number(mean_of(base, data)) for data in sets), number(mean_of(base))],
    ]
    for way, found in effects(rows, overlap).items():
        if way != BASELINE:
            cells = [signed(found.sets.get(data)) for data in sets]
            lines.append([*way, *cells, interval(found.mean, "+")])
    return markdown(["method", "threshold", *sets, "mean [95 %]"], lines)


def of_cases(rows: Sequence[Row], overlap: float) -> str:
    """Return the table of one model: the mean gain over sets of every way in every case."""
    cases = unique(rows, "case")
    by_case = [[row for row in rows if row["case"] == case] for case in cases]
    found = [effects(some, overlap) for some in by_case]
    bases = [tested(some, method=BASELINE[0], rule=BASELINE[1]) for some in by_case]
    lines = [[*BASELINE, *(number(mean_of(base)) for base in bases)]]
    for way in ways(rows):
        if way != BASELINE:
            cells = [interval(x[way].mean, "+") if way in x else "" for x in found]
            lines.append([*way, *cells])
    return markdown(["method", "threshold", *cases], lines)


def signed(found: Difference | None) -> str:
    """Return the mean of a difference as text, marked where 0 is outside of its interval."""
    if found is None:
        return ""
    return number(found.mean, "+") + ("*" if found.low > 0 or found.high < 0 else "")


def mean_of(values: Values, data: str | None = None) -> float:
    """Return the mean over splits of a set, or over the means of all sets."""
    if data is not None:
        return float(np.mean([value for (name, _), value in values.items() if name == data]))
    return float(np.mean([mean_of(values, name) for name in dict.fromkeys(k[0] for k in values)]))
