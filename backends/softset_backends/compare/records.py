"""The records of `softset compare`: what one fitted model scored, and the file that keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Record(NamedTuple):
    """One fitted model, cut by one rule, on one split.

    Attributes
    ----------
    model : str
        "linear", "mlp" or "boosting".
    method : str
        How it was trained, such as "cross-entropy" or "metric (linear)".
    rule : str
        How its threshold was chosen: "0.5", "labels", "expected" or "guarantee".
    seed : int
        Of the split, the initial weights and the batches.
    setting : dict of str to float
        What was tuned on validation rows: the learning rate, a weight.
    threshold : float or list of floats
        One for all rows, or one for each group.
    validation, test : dict of str to float
        Values by the name of the metric; the metric that was asked for is always there, and "gap"
        with groups, or the metric of a bound by its name. Where a threshold was tuned on labels or
        on expected counts, the metric of validation rows is at thresholds that other validation
        rows chose; all else is at `threshold`. Where nothing shows a bound, the threshold of
        "guarantee" and its values are nan. `test` has "average_precision" and "brier" too.
    calibration : list of lists of floats
        Ten bins of test rows: mean probability, share of positives, rows.
    curve : list of lists of floats
        Up to 51 points: a threshold, and the metric of test rows there.
    seconds : float
        What the fit took, with its share of the tuning.
    """

    model: str
    method: str
    rule: str
    seed: int
    setting: dict[str, float]
    threshold: float | list[float]
    validation: dict[str, float]
    test: dict[str, float]
    calibration: list[list[float]]
    curve: list[list[float]]
    seconds: float


def begin(path: Path, header: dict[str, Any]) -> None:
    """Begin a file with its header, unless it has one.

    Parameters
    ----------
    path : path
        A file of one JSON object a line.
    header : dict
        What the records are of: "version", "arguments", "data" (a fingerprint), "packages".

    Raises
    ------
    ValueError
        If the file has records of other data or of other arguments.
    """
    if not path.exists() or not _whole_lines(path):
        path.write_text(json.dumps(header) + "\n", encoding="utf-8")
        return
    there, _ = read(path)
    for key in ("data", "arguments"):
        if there.get(key) != header.get(key):
            raise ValueError(
                f"`--out` must be a folder without records of other {key}, got {path}, which has "
                f"{there.get(key)} where this run has {header.get(key)}; choose another folder"
            )


def keep(path: Path, records: Iterable[Record]) -> None:
    """Leave these records alone in a file, below its header."""
    header, *_ = _whole_lines(path)
    path.write_text(header + "\n", encoding="utf-8")
    append(path, records)


def append(path: Path, records: Iterable[Record]) -> None:
    """Add records to a file that `begin` began; a last line that was cut short goes."""
    whole = "".join(line + "\n" for line in _whole_lines(path))
    if path.stat().st_size != len(whole.encode()):
        path.write_text(whole, encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(record._asdict()) + "\n" for record in records))


def read(path: Path) -> tuple[dict[str, Any], list[Record]]:
    """Return the header and the records of a file, without a last line that was cut short.

    Raises
    ------
    ValueError
        If a line is no record.
    """
    lines = _whole_lines(path)
    try:
        header, *rest = [json.loads(line) for line in lines]
        return header, [Record(**line) for line in rest]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} must be a file of records of softset compare: {error}") from error


def _whole_lines(path: Path) -> list[str]:
    """Return the lines that end: a writer that was killed leaves one that does not."""
    *whole, _ = path.read_text(encoding="utf-8").split("\n")
    return whole
