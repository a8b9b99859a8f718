"""What validation rows choose on each split, and what that is worth on test rows."""

from __future__ import annotations

from collections.abc import Sequence

from softset_backends.compare import Question, recommend

from .effects import EQUIVALENT, Values
from .fits import METRICS, record_of
from .study import Row

USUAL = ("cross-entropy", "class-weighted", "oversampling", "smote")


def recommended(rows: Sequence[Row]) -> Values:
    """Return the metric on test rows of what is recommended on each split alone."""
    found = {}
    for (data, seed), some in _by_split(rows).items():
        question = Question(METRICS[some[0]["metric"]], EQUIVALENT, backend="numpy")
        records = {(r.model, r.method, r.rule): r for r in map(record_of, some)}
        said = recommend(records.values(), question)
        chosen = records[said.model, said.method, said.rule]
        found[data, seed] = chosen.test[question.name]
    return found


def best_usual(rows: Sequence[Row]) -> Values:
    """Return the metric on test rows of the best usual way by validation rows of each split."""
    found = {}
    usual = [row for row in rows if row["method"] in USUAL and row["rule"] == "labels"]
    for split, some in _by_split(usual).items():
        best = max(some, key=lambda row: row["values"]["validation"][row["metric"]])
        found[split] = best["values"]["test"][best["metric"]]
    return found


def _by_split(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row["data"], row["seed"]), []).append(row)
    return found
