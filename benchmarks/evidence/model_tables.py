"""Tables of methods and decisions, with paired differences from a reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill
from typing import NamedTuple

from softset_backends.compare.statistics import Difference, Estimate, paired

from .study import Row

EQUIVALENT = 0.01  # differences of this size and less are taken as none
Key = tuple[str, str]  # a method and a decision
DECISIONS = {
    "0.5": "'0.5' is a threshold that nobody chose",
    "labels": "'labels' the one that is best on the validation rows' labels",
    "expected": "'expected' the one that is best on labels mixed with recalibrated probabilities",
    "arg max": "'arg max' the class with the largest score",
    "least expected square": "'least expected square' the class that is nearest to the expected "
    "grades in the square, which needs no training for it",
}


class Cells(NamedTuple):
    """The means of methods and decisions, and their differences from the reference."""

    means: dict[Key, float]
    differences: dict[Key, Difference]


def groups(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each data set and model, in the order in which they came."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["data"], row["settings"]["model"]), []).append(row)
    return found


def ratio_of(rows: Sequence[Row]) -> float:
    """Return how many test rows there are for one of training."""
    settings = rows[0]["settings"]
    return settings["test rows"] / settings["train rows"]


def cells(
    rows: Sequence[Row], metric: str, reference: Key, *, test_ratio: float | None = None
) -> Cells:
    """Return means over splits, and differences on the same splits.

    The ratio of test rows to training rows, by which splits of the same rows are correlated, is
    that of the rows; 0 is for data that are new for every seed.
    """
    by_key: dict[Key, dict[int, float]] = {}
    for row in rows:
        key = row["method"], row["settings"]["decision"]
        by_key.setdefault(key, {})[row["seed"]] = row["values"][metric]
    ratio = ratio_of(rows) if test_ratio is None else test_ratio
    means = {key: math.fsum(v.values()) / len(v) for key, v in by_key.items()}
    base = by_key.get(reference, {})
    differences = {}
    for key, values in by_key.items():
        both = [values[seed] - base[seed] for seed in values if seed in base]
        if key != reference and both:
            differences[key] = paired(both, EQUIVALENT, ratio)
    return Cells(means, differences)


def shown(difference: Difference | Estimate | None) -> str:
    """Return a difference with its interval."""
    if difference is None:
        return ""
    if difference.splits < 2:
        return f" ({difference.mean:+.3f})"
    return f" ({difference.mean:+.3f}, {difference.low:+.3f} to {difference.high:+.3f})"


def table(found: Cells) -> str:
    """Return the table: a method in each line, a decision in each column."""
    methods = list(dict.fromkeys(method for method, _ in found.means))
    decisions = list(dict.fromkeys(decision for _, decision in found.means))
    lines = [f"| method | {' | '.join(decisions)} |", "|---" * (len(decisions) + 1) + "|"]
    for method in methods:
        parts = []
        for decision in decisions:
            key = method, decision
            mean = found.means.get(key)
            parts.append("" if mean is None else f"{mean:.3f}{shown(found.differences.get(key))}")
        lines.append(f"| {method} | {' | '.join(parts)} |")
    return "\n".join(lines)


def verdict(found: Cells, reference: Key) -> str:
    """Return which are above and below the reference by more than the interval."""
    apart = {k: d for k, d in found.differences.items() if d.splits > 1}
    above = [f"{m} ({d})" for (m, d), x in apart.items() if x.low > 0]
    below = [f"{m} ({d})" for (m, d), x in apart.items() if x.high < 0]
    words = [
        f"{', '.join(these)} {'is' if len(these) == 1 else 'are'} {where} {reference[0]} "
        f"({reference[1]}) by more than the interval."
        for these, where in ((above, "above"), (below, "below"))
        if these
    ]
    return wrapped(" ".join(words) or f"No interval excludes {reference[0]} ({reference[1]}).")


def tables(
    rows: Sequence[Row],
    metric: str,
    reference: Key = ("cross-entropy", "labels"),
    *,
    test_ratio: float | None = None,
) -> str:
    """Return the table and the verdict of each data set and model."""
    texts = []
    for (data, model), own in groups(rows).items():
        found = cells(own, metric, reference, test_ratio=test_ratio)
        seeds = len({row["seed"] for row in own})
        title = f"**{data}, {model}**: {metric} on test rows, {seeds} splits"
        texts += [title, table(found), verdict(found, reference)]
    return "\n\n".join(texts)


def wrapped(text: str) -> str:
    """Return a paragraph in lines."""
    return fill(text, 100, break_on_hyphens=False, break_long_words=False)


def protocol(rows: Sequence[Row], what: str, reference: Key = ("cross-entropy", "labels")) -> str:
    """Return how the rows came about, with the number of trainings that they list."""
    trained = {
        (row["data"], row["settings"]["model"], row["method"], row["seed"], rate)
        for row in rows
        for rate in row["settings"]["validation"]
    }
    rates = sorted({float(rate) for *_, rate in trained})
    own = {row["settings"]["decision"] for row in rows}
    decisions = ", ".join(words for name, words in DECISIONS.items() if name in own)
    return wrapped(
        f"{what} {len(trained)} trainings: every method has the same updates, first weights and "
        f"batches on a split, and the learning rates {', '.join(f'{r:g}' for r in rates)}. "
        f"Validation rows choose rate, checkpoint and decision ({decisions}), and test rows are "
        "seen by what was chosen alone. In brackets is the paired difference from "
        f"{' at '.join(reference)} and its interval of 95 %, corrected for splits that share rows."
    )
