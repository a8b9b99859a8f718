"""Counts from data frames and tables: the frame's own engine groups and sums."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from softset import Confusion

from .registry import pip_command

try:
    import narwhals.stable.v2 as nw
except ModuleNotFoundError as error:
    raise ImportError(
        f"count_table needs narwhals, which is not installed; {pip_command('narwhals')}"
    ) from error


class FrameCounts(NamedTuple):
    """What `count_table` returns: the groups' keys in increasing order, and their counts.

    Attributes
    ----------
    keys : tuple
        One for each group; empty without `by`.
    confusion : Confusion
        Arrays of float64, with a first axis for the groups where there are any.
    """

    keys: tuple[Any, ...]
    confusion: Confusion


def count_table(
    frame: Any,
    *,
    y_true: str,
    y_prob: str,
    by: str | Sequence[str] | None = None,
    weight: str | None = None,
    threshold: float = 0.5,
    thresholds: Sequence[float] | np.ndarray | None = None,
    missing: Literal["raise", "omit"] = "raise",
) -> FrameCounts:
    """Count true and false positives and negatives in a data frame, in one pass of its engine.

    Parameters
    ----------
    frame : data frame
        Of pandas, Polars (a lazy one too), PyArrow, DuckDB, PySpark or another library that
        narwhals knows. A lazy one stays where it is: only counts come back.
    y_true : str
        The column of the labels: booleans, or numbers 0 and 1.
    y_prob : str
        The column of the scores: probabilities in [0, 1], or decisions.
    by : str or sequence of str, optional
        The column or columns whose values make the groups.
    weight : str, optional
        The column of finite weights >= 0.
    threshold : float, default 0.5
        The score from which on a row counts as positive.
    thresholds : sequence of floats or 1-D array, optional
        A grid of T thresholds in increasing order, such as `softset.grid(99)`; every count gets a
        trailing axis of length T. Not together with `threshold`.
    missing : {"raise", "omit"}, default "raise"
        What to do with rows that have a null or NaN in one of these columns.

    Returns
    -------
    FrameCounts
        ``(keys, confusion)``, a named tuple. Counts are NumPy's in float64, of shape (G,) with
        `by` and () without, and (G, T) or (T,) with `thresholds`. `keys` has the G groups that
        occur, sorted: values of the column, tuples of them where `by` is a sequence; without `by`
        it is empty.

    Raises
    ------
    TypeError
        If `frame` is no data frame, a column's name is no string, or a column has a type that
        cannot be meant.
    ValueError
        If a column does not exist, the frame has no rows, a column has missing values or one out
        of range, or a threshold is not a number or not in order.

    Notes
    -----
    The engine sorts rows into the T + 1 stretches between thresholds and adds up each, so that
    G times (T + 1) rows come back and one pass counts for any number of thresholds. Float32 scores
    are compared with float32 thresholds, as `softset.confusion` compares them. Without weights the
    counts are exact; sums of weights are as exact as the engine adds.

    DuckDB and PySpark hand their counts over by PyArrow, which has to be installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import softset as ss
    >>> from softset_backends import count_table
    >>> frame = pd.DataFrame(
    ...     {
    ...         "site": ["north", "south", "north", "south", "south"],
    ...         "label": [1, 0, 0, 1, 1],
    ...         "score": [0.9, 0.6, 0.2, 0.5, 0.1],
    ...     }
    ... )
    >>> keys, c = count_table(frame, y_true="label", y_prob="score", by="site")
    >>> print(keys, ss.recall(c), ss.largest_gap(ss.recall)(c))
    ('north', 'south') [1.  0.5] 0.5
    """
    if missing not in ("raise", "omit"):
        raise ValueError(f'`missing` must be "raise" or "omit", got {missing!r}')
    grid = _grid(threshold, thresholds)
    columns = _columns(y_true, y_prob, by, weight)
    rows = _lazy(frame)
    types = _types(rows, columns)
    if types["y_prob"] == nw.Float32:
        grid = grid.astype(np.float32).astype(np.float64)
    rows = rows.select(**{name: nw.col(column) for name, (_, column) in columns.items()})
    absent = {name: _is_missing(name, types[name]) for name in columns}
    if missing == "omit":
        rows = rows.filter(*(~where for where in absent.values()))
    keys = [name for name in columns if name.startswith("key")]
    rows = _summed(rows, types, absent, keys, grid.tolist())
    found = {name: rows[name].to_list() for name in rows.columns}
    _require_rows(found, missing)
    _require_values(found, columns)
    groups = list(zip(*(found[name] for name in keys), strict=True)) if keys else []
    c = _confusion(found, groups, len(grid))
    if thresholds is None:
        c = Confusion(*(x[..., 0] for x in c))
    if by is None:
        return FrameCounts((), Confusion(*(x[0] for x in c)))
    each = sorted(set(groups))
    return FrameCounts(tuple(key for (key,) in each) if isinstance(by, str) else tuple(each), c)


def _grid(threshold: Any, thresholds: Any) -> np.ndarray:
    """Return the thresholds in float64."""
    if thresholds is not None and threshold != 0.5:
        raise ValueError(
            "`threshold` and `thresholds` must not both be given; threshold is one operating "
            "point, thresholds a grid of them"
        )
    name, given = ("threshold", [threshold]) if thresholds is None else ("thresholds", thresholds)
    what = "a number" if thresholds is None else "a sequence of numbers"
    try:
        grid = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        grid = np.empty(0)
    if grid.ndim != 1 or grid.size == 0 or not np.all(np.isfinite(grid)):
        got = threshold if thresholds is None else thresholds
        raise ValueError(f"`{name}` must be {what}, finite and not empty, got {got!r:.200}")
    if any(b <= a for a, b in pairwise(grid.tolist())):
        raise ValueError(f"`{name}` must increase, got {given!r:.200}; sort them, without repeats")
    return grid


def _columns(y_true: Any, y_prob: Any, by: Any, weight: Any) -> dict[str, tuple[str, str]]:
    """Return the argument and the column of everything that is read, by names of our own."""
    columns = {"y_true": ("y_true", y_true), "y_prob": ("y_prob", y_prob)}
    if weight is not None:
        columns["weight"] = ("weight", weight)
    if by is not None:
        given = [by] if isinstance(by, str) else list(by)
        if not given:
            raise ValueError(f"`by` must name a column or several, got {by!r}; leave it out")
        columns |= {f"key{i}": ("by", column) for i, column in enumerate(given)}
    for argument, column in columns.values():
        if not isinstance(column, str):
            raise TypeError(f"`{argument}` must be the name of a column, got {column!r:.200}")
    return columns


def _lazy(frame: Any) -> nw.LazyFrame:
    try:
        return cast(nw.LazyFrame, nw.from_native(frame).lazy())
    except TypeError:
        raise TypeError(
            "`frame` must be a data frame of pandas, Polars, PyArrow, DuckDB, PySpark or another "
            f"library that narwhals knows, got {type(frame).__module__}.{type(frame).__name__}"
        ) from None


def _types(rows: nw.LazyFrame, columns: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the types of the columns, if all exist and can be meant."""
    schema = rows.collect_schema()
    for name, (argument, column) in columns.items():
        if column not in schema:
            raise ValueError(
                f"`{argument}` must be a column of the frame, got {column!r}; it has "
                f"{', '.join(map(repr, schema)) or 'none'}"
            )
        kind = schema[column]
        if name.startswith("key"):
            right, what = not (kind.is_nested() or kind == nw.Object), "one kind of labels"
        elif name == "weight":
            right, what = kind.is_numeric(), "numbers"
        else:
            right, what = kind.is_numeric() or kind == nw.Boolean, "booleans or numbers"
        if not right:
            raise TypeError(
                f"`{argument}` must be a column of {what}, got {column!r} of {kind}; cast it first"
            )
    return {name: schema[column] for name, (_, column) in columns.items()}


def _is_missing(name: str, kind: Any) -> nw.Expr:
    column = nw.col(name)
    return column.is_null() | column.is_nan() if kind.is_float() else column.is_null()


def _summed(
    rows: nw.LazyFrame, types: Any, absent: dict[str, nw.Expr], keys: list[str], grid: list[float]
) -> nw.DataFrame:
    """Return the sums of each group between two thresholds, and what tells that values are bad."""
    label, score = nw.col("y_true"), nw.col("y_prob").cast(nw.Float64)
    number = label.cast(nw.Int8) if types["y_true"] == nw.Boolean else label
    weight = nw.col("weight").cast(nw.Float64) if "weight" in types else nw.lit(1)
    made = {
        "positive": nw.when(number == 1).then(weight).otherwise(nw.lit(0)),
        "negative": nw.when(number == 1).then(nw.lit(0)).otherwise(weight),
        "odd": nw.when((number == 0) | (number == 1)).then(nw.lit(0)).otherwise(nw.lit(1)),
        "y_prob": score,
        "place": _place(score, grid, 0, len(grid)),
    }
    if "weight" in types:
        made["weight"] = weight
    flags = {f"{name}_missing": where for name, where in absent.items()}
    made |= {k: nw.when(where).then(nw.lit(1)).otherwise(nw.lit(0)) for k, where in flags.items()}
    sums = [nw.col(name).sum() for name in ("positive", "negative", "odd", *flags)]
    extremes = [
        extreme.alias(f"{name}_{end}")
        for name in ("y_prob", "weight")
        if name in types
        for end, extreme in (("low", nw.col(name).min()), ("high", nw.col(name).max()))
    ]
    return rows.with_columns(**made).group_by(*keys, "place").agg(*sums, *extremes).collect()


def _place(score: nw.Expr, grid: list[float], low: int, high: int) -> nw.Expr:
    """Return how many thresholds a score reaches, by halving: an engine may skip what is not it."""
    if low == high:
        return nw.lit(low)
    middle = (low + high) // 2
    above, below = _place(score, grid, middle + 1, high), _place(score, grid, low, middle)
    return nw.when(score >= grid[middle]).then(above).otherwise(below)


def _require_rows(found: dict[str, list[Any]], missing: str) -> None:
    if not found["place"]:
        hint = ", or one without a missing value, got none" if missing == "omit" else ", got none"
        raise ValueError(f"`frame` must have a row{hint}")


def _require_values(found: dict[str, list[Any]], columns: dict[str, tuple[str, str]]) -> None:
    for name, (argument, column) in columns.items():
        number = int(sum(found[f"{name}_missing"]))
        if number:
            raise ValueError(
                f"`{argument}` must have no missing values, got {number} nulls or NaN in column "
                f'{column!r}; fill them, or leave such rows out with missing="omit"'
            )
    odd = int(sum(found["odd"]))
    if odd:
        raise ValueError(
            f"`y_true` must hold 0 and 1 or booleans, got {odd} other values in column "
            f"{columns['y_true'][1]!r}"
        )
    for name, most, what in (
        ("y_prob", 1.0, "probabilities in [0, 1]"),
        ("weight", np.finfo(np.float64).max, "finite weights >= 0"),
    ):
        if name in columns:
            low, high = min(found[f"{name}_low"]), max(found[f"{name}_high"])
            if low < 0 or high > most:
                raise ValueError(
                    f"`{name}` must hold {what}, got values from {low} to {high} in column "
                    f"{columns[name][1]!r}"
                )


def _confusion(found: dict[str, list[Any]], groups: list[Any], length: int) -> Confusion:
    """Return counts of shape (G, T), G of 1 where there are no groups."""
    rank = {key: i for i, key in enumerate(sorted(set(groups)))}
    where = [rank[key] for key in groups] if groups else [0] * len(found["place"])
    sums = np.zeros((2, max(len(rank), 1), length + 1))
    for side, name in zip(sums, ("positive", "negative"), strict=True):
        np.add.at(side, (where, found["place"]), np.asarray(found[name], dtype=np.float64))
    below = np.cumsum(sums, axis=-1)[..., :-1]
    above = np.cumsum(sums[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    return Confusion(above[0], above[1], below[0], below[1])
