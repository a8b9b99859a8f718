"""Files of rows, read as data frames: what the command line and comparisons share."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

# What reads a file, and what pip installs it by.
_READERS = {
    ".csv": {"pandas": "softset[cli]"},
    ".parquet": {"pandas": "softset[cli]", "pyarrow": "softset[parquet]"},
}


class UnknownColumn(ValueError):
    """A column that the file does not have."""


def read_frame(
    path: Path, columns: dict[str, list[str]], *, every: bool = False
) -> pandas.DataFrame:
    """Return a file's columns, those that options name or every one.

    Parameters
    ----------
    path : path
        It ends in .csv, of which compression may follow, or in .parquet. Columns of the former
        are apart by commas, or all by semicolons or tabs.
    columns : dict of str to list of str
        The columns that have to be there, by the option that names them.
    every : bool, default False
        Whether to return the other columns too.

    Raises
    ------
    ValueError
        If the file cannot be read, has no rows or lacks a column.
    ImportError
        If what reads it is not installed.
    """
    kind = _kind(path)
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
    try:
        if kind == ".csv":
            names, separator = _header(path, wanted)
            require_columns(path, names, columns)
            frame = pandas.read_csv(
                path, sep=separator, usecols=None if every else wanted, low_memory=False
            )
        else:
            from pyarrow import parquet

            require_columns(path, parquet.read_schema(path).names, columns)
            # What pandas kept beside the columns would make an index of one.
            table = parquet.read_table(path, columns=None if every else wanted)
            frame = table.to_pandas(ignore_metadata=True)
    except UnknownColumn:
        raise
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if not len(frame):
        raise ValueError(f"{path} must have rows, got none below the names of its columns")
    return frame


def _header(path: Path, wanted: list[str]) -> tuple[list[str], str]:
    """Return the names of columns, and the mark between them that makes those that are wanted."""
    import pandas

    found = {x: list(pandas.read_csv(path, sep=x, nrows=0).columns) for x in (",", ";", "\t")}
    fits = [x for x, names in found.items() if {*wanted} <= {*names}]
    separator = fits[0] if fits else max(found, key=lambda x: len(found[x]))
    return found[separator], separator


def require_columns(where: Any, names: list[str], columns: dict[str, list[str]]) -> None:
    """Refuse names of columns that are not there."""
    for option, given in columns.items():
        for name in given:
            if name not in names:
                there = ", ".join(map(repr, names[:20])) + ", ..." * (len(names) > 20)
                raise UnknownColumn(
                    f"`{option}` must name a column of {where}, got {name!r}; there are {there}"
                )


def _kind(path: Path) -> str:
    """Return the ending of a file, without that of a compression that pandas reads."""
    endings = [ending.lower() for ending in path.suffixes]
    if len(endings) > 1 and endings[-2:-1] == [".csv"] and endings[-1] in (".gz", ".bz2", ".xz"):
        return ".csv"
    if not endings or endings[-1] not in _READERS:
        raise ValueError(f"`FILE` must end in {' or '.join(_READERS)}, got {path}")
    return endings[-1]
