"""Every way of training on every table with two labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr

from softset_backends.compare import Budget
from softset_backends.compare.cuts import Judge
from softset_backends.compare.methods import THEN
from softset_backends.compare.plan import planned
from softset_backends.compare.statistics import Estimate, estimate
from softset_backends.compare.tables import interval, number

from . import effects
from .choosing import USUAL, best_usual, recommended
from .fits import METRICS, fitted
from .sets import Table, loaded, of_arguments, splits_of, tables_in
from .study import Missing, Row, Study, Unit

NAME = "tables"
UNDERFITS = 0.02  # a network is ahead of the linear model by as much
# Of a second metric, with the linear model alone.
SECOND = ("matthews_corrcoef", (*USUAL, THEN, "cross-entropy + metric"))
# What is worth a comparison with the best of the usual ways.
RECIPES = (
    ("cross-entropy", "expected"),
    (THEN, "0.5"),
    (THEN, "labels"),
    ("cross-entropy + metric", "0.5"),
    ("cross-entropy + metric", "labels"),
    ("cross-entropy + metric", "expected"),
)


def units(folder: Path) -> list[Unit]:
    """Return the units of all tables, first those of F1."""
    return units_of(folder, tables_in(folder))


def units_of(folder: Path, tables: Sequence[Table]) -> list[Unit]:
    """Return a unit for each table, metric, model and method, and one for what is missing."""
    plan = planned(None, None, grouped=False)
    found = [Unit(NAME, reason, {"left out": reason}) for reason in plan.left_out]
    second = [("linear", method) for method in SECOND[1] if ("linear", method) in plan.units]
    there = []
    for table in tables:
        try:
            loaded(str(folder), table)
        except Missing:
            found.append(Unit(NAME, table.name, {"table": table.arguments(), "metric": "f1"}))
        else:
            there.append(table)
    second = [("linear", method) for method in SECOND[1] if ("linear", method) in plan.units]
    for metric, pairs in (("f1", plan.units), (SECOND[0], second)):
        for table in there:
            for model, method in pairs:
                given = {"table": table.arguments(), "metric": metric}
                name = f"{table.name}, {metric}, {model}, {method}"
                found.append(Unit(NAME, name, {**given, "model": model, "method": method}))
    return found


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one table, metric, model and method."""
    given: dict[str, Any] = unit.arguments
    if "left out" in given:
        raise Missing(given["left out"])
    table = of_arguments(given["table"])
    splits = splits_of(str(folder), table)
    judge = Judge(METRICS[given["metric"]], None)
    return fitted(table.name, splits, (given["model"], given["method"]), judge, Budget())


def report(rows: list[Row]) -> str:
    """Return all tables of the study."""
    f1 = [row for row in rows if row["metric"] == "f1"]
    parts = [
        "Every table, all methods, five splits into 60 % training, 20 % validation and 20 % test "
        "rows. The first row has the mean F1 on test rows of cross-entropy at a threshold tuned "
        "on labels of validation rows; all others what is gained on it on the same splits. "
        "The last column is the mean over sets. An asterisk: the interval of 95 % of this set, "
        "corrected for the rows that splits share, leaves out 0.\n"
    ]
    for metric in effects.unique(rows, "metric"):
        of_metric = [row for row in rows if row["metric"] == metric]
        for model in effects.models(of_metric):
            some = [row for row in of_metric if row["model"] == model]
            parts.append(f"### {metric}, {model}\n\n{effects.of_sets(some, effects.OVERLAP)}")
    if f1:
        parts.append("### Against the best of the usual ways\n\n" + _against_usual(f1))
        parts.append("### A linear model and what it cannot fit\n\n" + _headroom(f1))
    return "\n".join(parts)


def conclusion(rows: Sequence[Row]) -> dict[str, effects.Effect]:
    """Return what each recipe gains on the best of the usual ways, which validation rows choose."""
    found = {}
    for models in (effects.models(rows), *([model] for model in effects.models(rows))):
        some = [row for row in rows if row["model"] in models]
        usual = best_usual(some)
        label = models[0] if len(models) == 1 else "all models"
        found[f"{label}: what is recommended"] = effects.effect(
            recommended(some), usual, effects.OVERLAP
        )
        if len(models) == 1:
            for method, rule in RECIPES:
                values = effects.tested(some, method=method, rule=rule)
                if values:
                    key = f"{label}: {method}, {rule}"
                    found[key] = effects.effect(values, usual, effects.OVERLAP)
    return found


def _against_usual(rows: Sequence[Row]) -> str:
    sets = effects.unique(rows, "data")
    lines = [
        [name, *(effects.signed(found.sets.get(x)) for x in sets), interval(found.mean, "+")]
        for name, found in conclusion(rows).items()
    ]
    return (
        f"The usual ways are {', '.join(USUAL)}, at thresholds tuned on labels. On every split "
        "the best of them by validation rows is taken, and so is what `recommend` says of that "
        "split alone; both are then compared on test rows. With all models the usual ways may be "
        "of any model as well.\n\n" + effects.markdown(["gain of", *sets, "mean [95 %]"], lines)
    )


def headroom(rows: Sequence[Row]) -> dict[str, float]:
    """Return by how much the network is ahead of the linear model, both on cross-entropy."""
    ways = {"method": effects.BASELINE[0], "rule": effects.BASELINE[1]}
    linear, mlp = (effects.tested(rows, model=model, **ways) for model in ("linear", "mlp"))
    return {x: d.mean for x, d in effects.effect(mlp, linear, effects.OVERLAP).sets.items()}


def _headroom(rows: Sequence[Row]) -> str:
    room = headroom(rows)
    if not room:
        return "It takes a linear model and a network.\n"
    linear = [row for row in rows if row["model"] == "linear"]
    base = effects.tested(linear, method=effects.BASELINE[0], rule=effects.BASELINE[1])
    ways = [way for way in effects.ways(linear) if way in RECIPES[1:]]
    found = {
        way: effects.effect(
            effects.tested(linear, method=way[0], rule=way[1]), base, effects.OVERLAP
        )
        for way in ways
    }
    sets = sorted(room, key=room.__getitem__, reverse=True)
    lines = [
        [x, number(room[x], "+"), *(effects.signed(found[w].sets.get(x)) for w in ways)]
        for x in sets
    ]
    for label, some in (
        (f"mean where it is {UNDERFITS:g} or more", [x for x in sets if room[x] >= UNDERFITS]),
        ("mean elsewhere", [x for x in sets if room[x] < UNDERFITS]),
    ):
        if some:
            means = [_mean(found[way], some) for way in ways]
            lines.append([label, "", *(interval(mean, "+") for mean in means)])
    if len(sets) > 2:
        lines.append(["rank correlation", "", *(_correlation(room, found[w]) for w in ways)])
    header = ["set", "network ahead by", *(", ".join(way) for way in ways)]
    return (
        "What the linear model gains on cross-entropy with a threshold tuned on labels, and by how "
        "much a network on cross-entropy is ahead of the linear one.\n\n"
        + effects.markdown(header, lines)
    )


def _mean(found: effects.Effect, sets: Sequence[str]) -> Estimate:
    return estimate([found.sets[x].mean for x in sets if x in found.sets], effects.INDEPENDENT)


def _correlation(room: dict[str, float], found: effects.Effect) -> str:
    pairs = [(room[x], gain.mean) for x, gain in found.sets.items() if x in room]
    result: Any = spearmanr([x for x, _ in pairs], [gain for _, gain in pairs])
    return number(float(result.statistic), "+", digits=2)


STUDY = Study(NAME, "Tables with two labels", units, run, report)
