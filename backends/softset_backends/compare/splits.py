"""Rows split into those to train on, to choose by and to report, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .data import Rows

SHARES = (0.6, 0.8)  # where training rows end, and validation rows


class Part(NamedTuple):
    """Rows for one purpose: features in float32 (n, d), labels and groups (n,)."""

    x: Any
    y: Any
    group: Any


class Split(NamedTuple):
    """Rows to train on, to choose by, and to report."""

    train: Part
    validation: Part
    test: Part


def split(given: Rows, seed: int) -> Split:
    """Return 60 % of the rows to train, 20 % to choose, 20 % to report, as numbers.

    Every label of every group has these shares.
    """
    rng = np.random.default_rng(seed)
    pieces: list[list[Any]] = [[], [], []]
    strata = 2 * given.group + given.y.astype(np.int64)
    for stratum in np.unique(strata):
        own = rng.permutation(np.flatnonzero(strata == stratum))
        cuts = [round(share * len(own)) for share in SHARES]
        for piece, some in zip(pieces, np.split(own, cuts), strict=True):
            piece.append(some)
    return parted(given, *(rng.permutation(np.concatenate(piece)) for piece in pieces))


def parted(given: Rows, train: Any, validation: Any, test: Any) -> Split:
    """Return the rows with these numbers, to train, to choose and to report, as numbers.

    Means, categories and all else that numbers are made by are those of the training rows.
    """
    pipeline = _pipeline(given.features.iloc[train])
    x = pipeline.fit_transform(_clean(given.features.iloc[train]))
    rest = (validation, test)
    made = [x, *(pipeline.transform(_clean(given.features.iloc[part])) for part in rest)]
    return Split(
        *(
            Part(np.asarray(x, np.float32), given.y[part], given.group[part])
            for x, part in zip(made, (train, *rest), strict=True)
        )
    )


def of_one_width(splits: Sequence[Split]) -> list[Split]:
    """Return splits with as many features: of zeros, where training rows had fewer categories."""
    widest = max(split.train.x.shape[1] for split in splits)

    def padded(part: Part) -> Part:
        return part._replace(x=np.pad(part.x, ((0, 0), (0, widest - part.x.shape[1]))))

    return [Split(*map(padded, split)) for split in splits]


def _is_number(column: pd.Series) -> bool:
    kind = pd.api.types
    return kind.is_numeric_dtype(column.dtype) or kind.is_datetime64_any_dtype(column.dtype)


def _clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return numbers in float64 and all else as text, missing values as None."""
    made = {}
    for name, column in frame.items():
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            days = (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
            made[name] = days.to_numpy(dtype=np.float64, na_value=np.nan)
        elif _is_number(column):
            made[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            made[name] = np.where(column.isna(), "missing", column.astype(str)).astype(object)
    return pd.DataFrame(made, index=frame.index)


def _pipeline(features: pd.DataFrame) -> ColumnTransformer:
    # A column without any value in training rows says nothing.
    features = features.loc[:, features.notna().any()]
    numbers = [name for name, column in features.items() if _is_number(column)]
    others = [name for name in features.columns if name not in numbers]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    encoded = OneHotEncoder(
        min_frequency=0.01,
        max_categories=30,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    return ColumnTransformer([("numbers", scaled, numbers), ("categories", encoded, others)])
