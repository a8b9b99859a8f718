"""What the rows of a comparison say as text, and as flat rows for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .question import RULES, Question, baseline_of
from .records import Record
from .summary import Row, summarise

_BOUNDS = ("test_gap", "validation_gap", "test_bounded", "validation_bounded")


class Table(NamedTuple):
    """A table of text, and before which of its rows another model begins."""

    cells: list[list[str]]
    sections: list[int]


def table(records: Iterable[Record], question: Question) -> Table:
    """Return the table of a comparison, a row for each model and method.

    Parameters
    ----------
    records : iterable of Record
        What was fitted.
    question : Question
        The metric, and what difference of it is one.

    Returns
    -------
    Table
        The header first: the mean metric of test rows by each rule for the threshold, then what a
        threshold tuned on labels gains on cross-entropy with the same, with the interval, and the
        probability that it is practically worse, equivalent and better; with groups also the gap
        of test rows; with `subject_to` on how many splits test rows kept it, of those that have
        such a threshold.

    Raises
    ------
    ValueError
        As `summarise` does.

    Examples
    --------
    >>> from softset_backends.compare import Budget, Question, compare, table
    >>> from softset_backends.compare.sources import built_in
    >>> frame, target = built_in("breast-cancer")
    >>> options = {"models": ["linear"], "methods": ["cross-entropy"], "budget": Budget(updates=40)}
    >>> records = compare(frame, target=target, backend="numpy", seeds=2, **options)
    >>> header, row = table(records, Question()).cells
    >>> print(header[:3], row[:2])
    ['model', 'method', '0.5'] ['linear', 'cross-entropy']
    """
    return overview(summarise(records, question), question)


def overview(rows: Sequence[Row], question: Question) -> Table:
    """Return the table of `table` from its rows."""
    rules = [rule for rule in RULES if any(row.rule == rule for row in rows)]
    rules += sorted({row.rule for row in rows} - set(RULES))
    gaps = any(row.test_gap.splits for row in rows)
    header = ["model", "method", *rules, "gain [95%]", "worse", "equal", "better"]
    bounded = [x for x in rules if question.subject_to and x in ("labels", "guarantee")]
    header += [f"kept: {rule}" for rule in bounded]
    cells = [[*header, "gap [95%]"] if gaps else header]
    sections = []
    of_pairs: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        of_pairs.setdefault((row.model, row.method), {})[row.rule] = row
    above = None
    for (model, method), found in of_pairs.items():
        if above not in (None, model):
            sections.append(len(cells) - 1)
        # A method that is cut by one rule alone is compared by that.
        row = found.get("labels") or next(iter(found.values()))
        means = [number(found[rule].test.mean) if rule in found else "" for rule in rules]
        cells.append([model, method, *means, *_gain(row)])
        cells[-1] += [kept(found[rule]) if rule in found else "" for rule in bounded]
        if gaps:
            cells[-1].append(interval(row.test_gap))
        above = model
    return Table(cells, sections)


def _gain(row: Row) -> list[str]:
    if row.key == baseline_of(row.key):
        return ["compared with", "", "", ""]
    gain = row.gain
    chances = [number(x, digits=2) for x in (gain.worse, gain.equivalent, gain.better)]
    return [interval(gain, "+"), *chances]


def kept(row: Row) -> str:
    """Say on how many splits test rows kept a bound, of those where its metric is known."""
    return f"{row.kept} of {row.test_bounded.splits}"


def number(x: float, sign: str = "", digits: int = 3) -> str:
    """Return a number as text, nothing for one that is not known."""
    return f"{x:{sign}.{digits}f}" if x == x else ""


def interval(found: Any, sign: str = "") -> str:
    """Return a mean with its interval as text."""
    ends = f" [{number(found.low, sign)}, {number(found.high, sign)}]"
    return number(found.mean, sign) + (ends if found.low == found.low else "")


def flat_row(row: Row) -> dict[str, Any]:
    """Return a row of the summary with one value in each column."""
    found: dict[str, Any] = {"model": row.model, "method": row.method, "rule": row.rule}
    for name in ("test", "gain", "validation", *_BOUNDS):
        found |= {f"{name}_{k}": v for k, v in getattr(row, name)._asdict().items()}
    found["kept"] = row.kept
    return found | {"p_holm": row.p_holm, "rank": row.rank, "seconds": row.seconds}


def flat_record(record: Record) -> dict[str, Any]:
    """Return a fit with one value in each column, without its curves."""
    threshold = record.threshold
    thresholds = [threshold] if isinstance(threshold, (int, float)) else threshold
    found: dict[str, Any] = dict(zip(("model", "method", "rule", "seed"), record[:4], strict=True))
    found["threshold"] = " ".join(f"{x:.6g}" for x in thresholds)
    for part in ("setting", "validation", "test"):
        found |= {f"{part}_{k}": v for k, v in sorted(getattr(record, part).items())}
    return found | {"seconds": record.seconds}
