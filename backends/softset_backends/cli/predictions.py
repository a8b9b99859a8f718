"""A file of predictions, read and checked before anything is computed of it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas

# What reads a file, and what pip installs it by.
_READERS = {
    ".csv": {"pandas": "softset[cli]"},
    ".parquet": {"pandas": "softset[cli]", "pyarrow": "softset[parquet]"},
}


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
    kind = path.suffix.lower()
    if kind not in _READERS:
        raise ValueError(f"`FILE` must end in {' or '.join(_READERS)}, got {path}")
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    for library, extra in _READERS[kind].items():
        if find_spec(library) is None:
            raise ImportError(
                f"reading {kind} files needs {library}, which is not installed; "
                f"pip install '{extra}'"
            )
    import pandas

    wanted = list(dict.fromkeys(name for names in columns.values() for name in names))
    if columns["--target"] == columns["--score"]:
        raise ValueError(
            f"`--target` and `--score` must be two columns, got {wanted[0]!r} for both"
        )
    try:
        if kind == ".csv":
            _require_columns(path, list(pandas.read_csv(path, nrows=0).columns), columns)
            frame = pandas.read_csv(path, usecols=wanted, low_memory=False)
        else:
            from pyarrow import parquet

            _require_columns(path, parquet.read_schema(path).names, columns)
            # What pandas kept beside the columns would make an index of one.
            frame = parquet.read_table(path, columns=wanted).to_pandas(ignore_metadata=True)
    except _UnknownColumn:
        raise
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if not len(frame):
        raise ValueError(f"{path} must have rows, got none below the names of its columns")
    return frame


class _UnknownColumn(ValueError):
    """A column that the file does not have."""


def _require_columns(path: Path, names: list[str], columns: dict[str, list[str]]) -> None:
    for option, given in columns.items():
        for name in given:
            if name not in names:
                there = ", ".join(map(repr, names[:20])) + ", ..." * (len(names) > 20)
                raise _UnknownColumn(
                    f"`{option}` must name a column of {path}, got {name!r}; there are {there}"
                )


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
