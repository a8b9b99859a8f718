"""The rows of a comparison: read, and checked before anything is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from ..tabular import read_frame, require_columns

FEWEST = 10  # rows of each label
FEWEST_OF_GROUP = 5  # positives of each group: one or more on each side of the splits
MOST_GROUPS = 20

_hashes: Any = hash_pandas_object  # for the stubs no function


class Rows(NamedTuple):
    """What is compared on.

    Attributes
    ----------
    features : data frame
        Of (n, columns).
    y : array
        Labels (n,), 0.0 and 1.0.
    group : array
        The number of each row's group, (n,), zeros without groups.
    groups : tuple
        The groups' names, empty without groups.
    positive : str
        The value of the target that counts as 1.
    """

    features: pd.DataFrame
    y: Any
    group: Any
    groups: tuple[Any, ...]
    positive: str

    @property
    def fingerprint(self) -> str:
        """Return a hash of all rows, by which a run knows whether it continues another one."""
        found = hashlib.sha256()
        for x in (self.features.astype(str), pd.DataFrame({"y": self.y, "group": self.group})):
            found.update(_hashes(x, index=False).to_numpy().tobytes())
        found.update(repr([*self.features.columns]).encode())
        return found.hexdigest()[:16]


def rows(
    source: Any,
    target: str,
    *,
    positive: str | None = None,
    group: str | None = None,
    drop: Sequence[str] = (),
) -> Rows:
    """Return the rows of a file or a data frame, checked.

    Parameters
    ----------
    source : path or data frame
        A .csv or .parquet file, or a frame of pandas, Polars or what narwhals knows.
    target, group : str
        The columns of the labels and of the groups, which are no features.
    positive : str, optional
        The value of the target that counts as 1, all others as 0. Without it the target has two
        values: of 0 and 1, or false and true, the latter counts as 1, of others the rarer one.
    drop : sequence of str
        Columns to leave out.

    Raises
    ------
    TypeError
        If `source` is neither a path nor a data frame.
    ValueError
        If a column does not exist, values are missing where they must not be, the target has not
        two values, or a label or group has too few rows.
    """
    named = {"--target": [target], "--drop": list(drop), "--group": [group] if group else []}
    if target in (group, *drop):
        raise ValueError(
            f"`--target` must be a column of its own, got {target!r}, which is dropped or the group"
        )
    if isinstance(source, (str, Path)):
        frame = read_frame(Path(source), named, every=True)
    else:
        frame = _pandas(source)
        require_columns("the frame", list(frame.columns), named)
    labels, positive = _labels(frame[target], positive)
    numbers, groups = np.zeros(len(frame), np.int64), ()
    if group is not None:
        numbers, groups = _groups(frame[group], labels)
    features = frame.drop(columns=[target, *drop, *([group] if group else [])])
    _require_features(features, labels)
    return Rows(
        features.reset_index(drop=True), labels.astype(np.float64), numbers, groups, positive
    )


def _pandas(source: Any) -> pd.DataFrame:
    """Return a data frame as one of pandas."""
    if isinstance(source, pd.DataFrame):
        frame = source
    else:
        try:
            import narwhals.stable.v2 as nw

            frame = nw.from_native(source, eager_only=True).to_pandas()
        except ModuleNotFoundError as error:
            raise ImportError(
                f"frames other than pandas' need {error.name}, which is not installed; "
                "pip install 'softset[frames]'"
            ) from error
        except TypeError:
            raise TypeError(
                "`data` must be a path or a data frame of pandas, Polars or another library that "
                f"narwhals knows, got {type(source).__module__}.{type(source).__name__}"
            ) from None
    frame = frame.rename(columns=str)
    if frame.columns.duplicated().any():
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"`data` must have columns of different names, got {twice!r} twice")
    if not len(frame):
        raise ValueError("`data` must have rows, got none")
    return frame


def _labels(column: pd.Series, positive: str | None) -> tuple[Any, str]:
    """Return which rows are positive, and the value that makes them so."""
    _require_complete("--target", column)
    counts = column.value_counts()
    shown = ", ".join(repr(str(x)) for x in counts.index[:5]) + ", ..." * (len(counts) > 5)
    name = column.name
    if positive is not None:
        matches = [x for x in counts.index if str(x) == str(positive) or _same(x, positive)]
        if not matches:
            raise ValueError(
                f"`--positive` must be a value of column {name!r}, got {positive!r}; "
                f"there are {shown}"
            )
        (value,) = matches[:1]
    elif len(counts) != 2:
        hint = "; name the one that counts as 1 by --positive" if 2 < len(counts) <= 50 else ""
        raise ValueError(
            f"`--target` must be a column of two values, got {name!r} with {len(counts)}: "
            f"{shown}{hint}"
        )
    elif all(
        isinstance(x, (bool, np.bool_, int, float, np.number)) and x in (0, 1) for x in counts.index
    ):
        value = next(x for x in counts.index if x == 1)
    else:
        value = counts.index[-1]
    labels = (column == value).to_numpy(dtype=bool)
    few = min(labels.sum(), (~labels).sum())
    if few < FEWEST:
        kind = "positives" if labels.sum() == few else "negatives"
        raise ValueError(
            f"`--target` must have {FEWEST} rows of each label or more, got {few} {kind} of "
            f"{len(labels)} rows in column {name!r}, where {str(value)!r} counts as positive"
        )
    return labels, str(value)


def _same(value: Any, text: str) -> bool:
    try:
        return float(value) == float(text)
    except (TypeError, ValueError):
        return False


def _groups(column: pd.Series, labels: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the number of each row's group, and the names of groups."""
    _require_complete("--group", column)
    numbers, names = pd.factorize(column, sort=True)
    if not 2 <= len(names) <= MOST_GROUPS:
        raise ValueError(
            f"`--group` must be a column of 2 to {MOST_GROUPS} groups, got {column.name!r} with "
            f"{len(names)}"
        )
    positives = np.bincount(numbers[labels], minlength=len(names))
    if positives.min() < FEWEST_OF_GROUP:
        raise ValueError(
            f"`--group` must have groups of {FEWEST_OF_GROUP} positives or more, got "
            f"{positives.min()} in {str(names[positives.argmin()])!r} of column {column.name!r}"
        )
    return numbers.astype(np.int64), tuple(map(str, names))


def _require_complete(option: str, column: pd.Series) -> None:
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"`{option}` must be a column with a value in every row, got {missing.sum()} missing "
            f"of {len(column)} in {column.name!r}, the first in row {missing.argmax() + 1}"
        )


def _require_features(features: pd.DataFrame, labels: Any) -> None:
    if not len(features.columns):
        raise ValueError("`data` must have columns besides the target, got none to train on")
    for name, column in features.items():
        if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(
            column.dtype
        ):
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            with np.errstate(over="ignore"):
                wrong = np.isinf(values**2).sum()  # which a deviation is made of
            if wrong:
                raise ValueError(
                    f"column {name!r} must hold finite numbers or nothing, got {wrong} that are "
                    "infinite or too large to be squared; make them missing"
                )
        # A missing value is one like others; of many values, whether there is one may tell.
        codes, values = pd.factorize(column.astype(str), use_na_sentinel=False)
        if len(values) > max(len(column) // 10, 2):
            codes, values = column.isna().to_numpy().astype(int), [False, True]
        table = np.zeros((len(values), 2), np.int64)
        np.add.at(table, (codes, labels.astype(int)), 1)
        if not table.min(axis=1).any():
            raise ValueError(
                f"column {name!r} must not be the target in other words, got one whose every "
                "value, or absence, has one label; leave it out by --drop"
            )
