"""A file of predictions, read and checked before anything is computed of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..tabular import read_frame

if TYPE_CHECKING:
    import pandas


class Predictions(NamedTuple):
    """Labels (n,), scores (n,) in float64, and the groups' labels, (n,) or (n, k), if any."""

    labels: Any
    scores: Any
    groups: Any


def read(
    path: Path, target: str, score: str, by: Sequence[str] = (), *, logits: bool = False
) -> Predictions:
    """Return the columns of a file that are asked for."""
    frame = _frame(path, {"--target": [target], "--score": [score], "--by": list(by)})
    labels = _labels(frame[target])
    scores = _scores(frame[score], logits=logits)
    for name in by:
        _require_groups(frame[name])
    if by and len(frame[list(by)].drop_duplicates()) < 2:
        only = ", ".join(str(frame[name].tolist()[0]) for name in by)
        raise ValueError(f"`--by` must name columns with two groups or more, got {only} alone")
    columns = [np.asarray(frame[name].astype(object)) for name in by]
    groups = None if not by else columns[0] if len(by) == 1 else np.stack(columns, axis=1)
    return Predictions(labels, scores, groups)


def _frame(path: Path, columns: dict[str, list[str]]) -> pandas.DataFrame:
    """Return the columns of a file, each by the option that names it."""
    if columns["--target"] == columns["--score"]:
        raise ValueError(
            f"`--target` and `--score` must be two columns, got {columns['--target'][0]!r} for both"
        )
    return read_frame(path, columns)


def _labels(column: pandas.Series) -> Any:
    """Return labels of 0 and 1, or false and true, as booleans."""
    _require_complete(column)
    found = column.drop_duplicates().tolist()
    if not all(isinstance(x, (bool, int, float)) and x in (0, 1) for x in found):
        shown = ", ".join(map(repr, found[:3])) + ", ..." * (len(found) > 3)
        raise ValueError(
            f"column {column.name!r} must hold the labels 0 and 1, or false and true, got {shown}; "
            "write 1 for the positive class and 0 for the other"
        )
    if len(found) < 2:
        raise ValueError(
            f"column {column.name!r} must hold both labels, got {int(found[0])} in all "
            f"{len(column)} rows"
        )
    return column.to_numpy().astype(bool)


def _scores(column: pandas.Series, *, logits: bool) -> Any:
    """Return probabilities or logits in double precision."""
    import pandas

    _require_complete(column)
    found = column.to_numpy()
    if not pandas.api.types.is_numeric_dtype(column.dtype):
        found = np.asarray(pandas.to_numeric(column.astype(str), errors="coerce"))
    scores = found.astype(np.float64)
    _require_all(column, np.isfinite(scores), "finite numbers")
    if not logits:
        inside = (scores >= 0) & (scores <= 1)
        _require_all(column, inside, "probabilities, in [0, 1]", "; for logits pass --logits")
    return scores


def _require_groups(column: pandas.Series) -> None:
    import pandas

    _require_complete(column)
    kind = pandas.api.types.infer_dtype(np.asarray(column.astype(object)))
    if kind not in ("string", "integer", "boolean"):
        raise ValueError(
            f"column {column.name!r} must name groups by words, by integers or by booleans, got "
            f"{kind} values such as {column.tolist()[0]!r}"
        )


def _require_complete(column: pandas.Series) -> None:
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"column {column.name!r} must have a value in every row, got {missing.sum()} missing "
            f"of {len(column)}, the first in row {missing.argmax() + 1}"
        )


def _require_all(column: pandas.Series, valid: Any, what: str, hint: str = "") -> None:
    if not valid.all():
        place = int(np.argmin(valid))
        raise ValueError(
            f"column {column.name!r} must hold {what}, got {column.tolist()[place]!r} in row "
            f"{place + 1}, the first of {len(valid) - valid.sum()}{hint}"
        )
