"""The tables of a folder with two labels: read, sampled, and split."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from softset_backends.compare.data import Rows, rows
from softset_backends.compare.splits import Split, of_one_width, split
from softset_backends.tabular import read_frame

from .study import Missing

MOST, RARE = 8_000, 20_000  # rows; the latter where fewer have less than POSITIVES
POSITIVES = 200
SEEDS = 5
SUFFIXES = (".csv", ".csv.gz", ".parquet", ".npz")


class Table(NamedTuple):
    """A file with a column of labels, what of it is no feature, and columns of groups.

    `distinct` leaves out rows that are there twice.
    """

    file: str
    target: str = "y"
    drop: tuple[str, ...] = ()
    distinct: bool = False
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the set is called."""
        return Path(self.file).name.split(".")[0]

    def arguments(self) -> dict[str, Any]:
        """Return what `of_arguments` takes, as JSON has it."""
        return {k: [*v] if isinstance(v, tuple) else v for k, v in self._asdict().items()}


def of_arguments(given: dict[str, Any]) -> Table:
    """Return the table of a unit."""
    return Table(**given)._replace(drop=tuple(given["drop"]), groups=tuple(given["groups"]))


# What is no feature: other forms of the label, official splits, weights, numbers of rows, and
# the length of a call, which is known only after it.
_IDS = ("stamp", "frame", "person1_id", "person2_id", "frame_has_filled_person", "same_group")
KNOWN = (
    Table("adult.csv.gz", drop=("fnlwgt", "split"), groups=("sex", "race")),
    Table("bank_marketing.csv.gz", drop=("duration",), groups=("marital",)),
    Table("cocktailparty.csv.gz", drop=(*_IDS, "dyad1_y", "dyad2_y")),
    Table("covtype_class4_vs_2.npz"),
    Table("page_blocks0.csv.gz"),
    Table("phoneme.csv.gz"),
    Table("satimage_class4.csv.gz", drop=("soil_class", "split")),
    Table("wine_white_quality.csv.gz", drop=("quality",), distinct=True),
)


# Of studies of their own.
_OTHERS = ("fashion_mnist_t10k.npz", "yeast_multilabel.csv.gz")


def tables_in(folder: Path) -> list[Table]:
    """Return the known tables, there or not, and all other files of the folder."""
    known = {*_OTHERS, *(table.file for table in KNOWN)}
    there = sorted(path.name for path in folder.glob("*") if path.name.endswith(SUFFIXES))
    return [*KNOWN, *(Table(name) for name in there if name not in known)]


def readable(folder: Path) -> list[Table]:
    """Return the tables of two labels that are there.

    Raises
    ------
    Missing
        If there is none.
    """
    found = []
    for table in tables_in(folder):
        try:
            loaded(str(folder), table)
        except Missing:
            continue
        found.append(table)
    if not found:
        raise Missing("the folder of data has no table with two labels")
    return found


def most_positives(folder: Path, number: int, most: int = 0) -> list[Table]:
    """Return the tables with the most positives among the rows that are read."""
    tables = readable(folder)
    return sorted(tables, key=lambda x: -loaded(str(folder), x, most).y.sum())[:number]


@lru_cache(maxsize=4)
def frame_of(folder: str, table: Table) -> Any:
    """Return the file as a frame.

    Raises
    ------
    Missing
        If it is not there or is no table with a target.
    """
    path = Path(folder) / table.file
    if not path.is_file():
        raise Missing(f"{table.file} is not there")
    try:
        if path.suffix == ".npz":
            frame = _of_arrays(path)
        else:
            frame = read_frame(path, {"--target": [table.target]}, every=True)
    except (ValueError, ImportError) as error:
        raise Missing(str(error).replace(str(path), table.file)) from error
    if table.distinct:
        frame = frame.drop_duplicates(ignore_index=True)
    return frame.drop(columns=[x for x in table.drop if x in frame])


def _of_arrays(path: Path) -> Any:
    with np.load(path) as arrays:
        if not {"X", "y"} <= {*arrays} or arrays["X"].ndim != 2:
            raise ValueError(f"{path.name} has no array X of two axes with labels y")
        return pd.DataFrame(arrays["X"]).rename(columns="x{}".format).assign(y=arrays["y"])


@lru_cache(maxsize=16)
def loaded(folder: str, table: Table, most: int = 0, group: str | None = None) -> Rows:
    """Return some rows, drawn once for all, with the groups of a column.

    Without `most` there are MOST, or RARE where these have fewer than POSITIVES positives.
    Groups with fewer than a hundred positives are put together.

    Raises
    ------
    Missing
        If there is no such file, or it cannot be compared on.
    """
    frame = frame_of(folder, table)
    try:
        rarest = frame[table.target].value_counts(normalize=True).min()
        usual = MOST if rarest * MOST >= POSITIVES else RARE
        frame = frame.sample(min(most or usual, len(frame)), random_state=0)
        if group is not None:
            frame = frame.assign(**{group: _pooled(frame, table.target, group)})
        return rows(frame, table.target, group=group)
    except (ValueError, ImportError) as error:
        raise Missing(f"{table.name}: {error}") from error


def _pooled(frame: Any, target: str, group: str) -> Any:
    """Return the groups, the small ones as one."""
    labels = pd.Series(rows(frame, target, drop=[group]).y, index=frame.index)
    positives: Any = labels.groupby(frame[group]).sum()
    small = positives.index[positives < 100]
    return frame[group].where(~frame[group].isin(small), "other")


@lru_cache(maxsize=2)
def splits_of(
    folder: str, table: Table, most: int = 0, group: str | None = None
) -> tuple[Split, ...]:
    """Return as many splits of these rows as there are seeds."""
    return in_splits(lambda seed: split(loaded(folder, table, most, group), seed))


def in_splits(make: Callable[[int], Split], seeds: int = SEEDS) -> tuple[Split, ...]:
    """Return splits, one for each seed, with as many features."""
    return tuple(of_one_width([make(seed) for seed in range(seeds)]))
