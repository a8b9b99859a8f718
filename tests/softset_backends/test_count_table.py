"""Counts of data frames: those of `softset.confusion`, on every engine; errors say where."""

from importlib.util import find_spec

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SUMMED, labels_and_scores

pytest.importorskip("narwhals", reason="narwhals is not installed")

from softset_backends import count_table

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning")

GRID = (0.0, 0.07, 0.25, 0.5, 0.7, 1.0)
COLUMNS = {"y_true": "label", "y_prob": "score"}


def pandas(data):
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(data)


def pandas_nullable(data):
    """Labels in a type of pandas' own, and a category nobody is in."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(data).convert_dtypes()
    if "site" in frame:
        frame["site"] = pd.Categorical(frame["site"], categories=["none", "b", "a", "é"])
    return frame


def polars(data):
    return pytest.importorskip("polars").DataFrame(data)


def polars_lazy(data):
    return polars(data).lazy()


def pyarrow(data):
    return pytest.importorskip("pyarrow").table(data)


def duckdb(data):
    return pytest.importorskip("duckdb").from_arrow(pyarrow(data))


def spark(data):
    sql = pytest.importorskip("pyspark.sql")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    # Not from pandas, to which a float is missing where it is NaN.
    types = [pyarrow(data).schema.field(name).type for name in data]
    names = {"bool": "boolean", "int64": "long", "double": "double", "float": "float"}
    schema = ", ".join(
        f"{k} {names.get(str(t), 'string')}" for k, t in zip(data, types, strict=True)
    )
    columns = [np.asarray(x, dtype=object).tolist() for x in data.values()]
    return session.createDataFrame(list(zip(*columns, strict=True)), schema)


MAKERS = [pandas, pandas_nullable, polars, polars_lazy, pyarrow, duckdb]
if find_spec("pyspark") is not None:  # by `make test-spark`
    MAKERS.append(spark)
every_engine = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def rows():
    """Return columns with ties at thresholds, at the ends too, and an accent."""
    rng = np.random.default_rng(1)
    y, p = labels_and_scores(400, seed=2)
    p = np.round(p, 2)
    p[:8] = [0.0, 1.0, 0.5, 0.7, 0.07, 0.25, 0.0, 1.0]
    site = np.asarray(["b", "a", "é"])[rng.integers(0, 3, 400)]
    return {
        "label": y.astype(bool),
        "score": p,
        "weight": rng.uniform(0, 3, 400) * rng.integers(0, 2, 400),
        "site": site.tolist(),
        "year": rng.integers(2020, 2022, 400),
    }


def counted(data, keys, **options):
    """Count each group of `softset.confusion` by itself."""
    chosen = [
        np.logical_and.reduce([np.asarray(data[k]) == v for k, v in key.items()] or [True])
        for key in keys
    ]
    each = [
        ss.confusion(
            data["label"],
            data["score"],
            step=ss.Hard(),
            where=np.broadcast_to(where, data["score"].shape),
            **options,
        )
        for where in chosen
    ]
    return ss.Confusion(*(np.stack(x) for x in zip(*each, strict=True)))


def agree(found, expected, rtol=0):
    for one, other in zip(found, expected, strict=True):
        assert type(one) is np.ndarray or one.shape == ()
        assert one.dtype == np.float64 and one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


@every_engine
def test_as_confusion_counts(make):
    data = rows()
    frame = make(data)
    keys, c = count_table(frame, **COLUMNS)
    assert keys == ()
    agree(c, ss.Confusion(*(x[0] for x in counted(data, [{}]))))

    keys, c = count_table(frame, **COLUMNS, by="site", threshold=0.07)
    assert keys == ("a", "b", "é")
    agree(c, counted(data, [{"site": key} for key in keys], threshold=0.07))

    pairs = [(site, year) for site in ("a", "b", "é") for year in (2020, 2021)]
    keys, c = count_table(frame, **COLUMNS, by=["site", "year"], weight="weight", thresholds=GRID)
    assert keys == tuple(pairs)
    each = [{"site": site, "year": year} for site, year in pairs]
    agree(c, counted(data, each, thresholds=GRID, sample_weight=data["weight"]), SUMMED * 400)

    whole = ss.grid(40)
    agree(
        count_table(frame, **COLUMNS, thresholds=np.asarray(whole)).confusion,
        ss.Confusion(*(x[0] for x in counted(data, [{}], thresholds=whole))),
    )


@every_engine
def test_kinds_of_columns(make):
    """Scores in float32 meet thresholds in float32; labels are numbers; decisions are scores."""
    data = rows()
    data |= {"score": data["score"].astype(np.float32), "label": data["label"].astype(np.float64)}
    # 0.7 is a little less in float32, so that in float64 a tie would be none.
    data["score"][:50] = 0.7
    frame = make(data | {"label": data["label"].astype(np.int64)})
    expected = counted(data, [{}], thresholds=GRID)
    agree(
        count_table(frame, **COLUMNS, thresholds=GRID).confusion,
        ss.Confusion(*(np.asarray(x[0], dtype=np.float64) for x in expected)),
    )
    decided = data["score"] >= np.float32(0.5)
    frame = make(data | {"score": decided})
    c = count_table(frame, **COLUMNS).confusion
    y = data["label"] == 1
    assert c == (sum(y & decided), sum(~y & decided), sum(y & ~decided), sum(~y & ~decided))


@every_engine
def test_missing_values(make):
    clean = {"label": [1, 0, 1, 0], "score": [0.9, 0.1, 0.4, 0.6], "weight": [1.0, 2.0, 3.0, 4.0]}
    clean["site"] = ["a", "b", "a", "b"]
    options = {**COLUMNS, "by": "site", "weight": "weight"}
    for column, argument in (("score", "y_prob"), ("weight", "weight"), ("label", "y_true")):
        frame = make(clean | {column: [*clean[column][:2], None, None]})
        message = (
            rf"`{argument}` must have no missing values, got 2 nulls or NaN in column '{column}'"
        )
        with pytest.raises(ValueError, match=message):
            count_table(frame, **options)
        keys, c = count_table(frame, **options, missing="omit")
        assert keys == ("a", "b")
        assert [x.tolist() for x in c] == [[1, 0], [0, 0], [0, 0], [0, 2]]
    with pytest.raises(ValueError, match="`by` must have no missing values, got 1 nulls"):
        count_table(make(clean | {"site": ["a", None, "a", "b"]}), **options)
    frame = make(clean | {"score": np.asarray([0.9, np.nan, np.nan, 0.6])})
    with pytest.raises(ValueError, match="`y_prob` must have no missing values, got 2 nulls"):
        count_table(frame, **options)
    keys, c = count_table(frame, **options, missing="omit")
    assert [x.tolist() for x in c] == [[1, 0], [0, 4], [0, 0], [0, 0]]


@every_engine
def test_values_that_cannot_be_meant(make):
    clean = {"label": [1, 0, 1], "score": [0.9, 0.1, 0.4], "weight": [1.0, 2.0, 3.0]}
    options = {**COLUMNS, "weight": "weight"}
    for column, values, message in (
        ("label", [1, 2, -1], "`y_true` must hold 0 and 1 or booleans, got 2 other values in"),
        ("label", [1.0, 0.5, 0.0], "`y_true` must hold 0 and 1 or booleans, got 1 other values"),
        ("score", [0.9, 1.5, -0.5], r"`y_prob` must .* in \[0, 1\], got values from -0.5 to 1.5"),
        ("score", [0.9, np.inf, 0.1], r"`y_prob` must .* \[0, 1\], got values from 0.1 to inf"),
        ("weight", [1.0, 2.0, -3.0], "`weight` must hold finite weights >= 0, got values from -3"),
        ("weight", [1.0, np.inf, 3.0], "`weight` must hold finite weights .* to inf in column 'w"),
    ):
        with pytest.raises(ValueError, match=message):
            count_table(make(clean | {column: values}), **options)
    with pytest.raises(TypeError, match="`y_true` must be a column of booleans or numbers, got 'l"):
        count_table(make(clean | {"label": ["yes", "no", "no"]}), **options)
    with pytest.raises(ValueError, match=r"`y_prob` must be a column .*'p'; it has 'label', 'sc"):
        count_table(make(clean), y_true="label", y_prob="p")


def test_an_empty_frame():
    with pytest.raises(ValueError, match="`frame` must have a row, got none"):
        count_table(pandas({"label": [True], "score": [0.5]}).iloc[:0], **COLUMNS)
    frame = pandas({"label": [True], "score": [np.nan]})
    with pytest.raises(ValueError, match="must have a row, or one without a missing value"):
        count_table(frame, **COLUMNS, missing="omit")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"frame": [1, 2]}, TypeError, "`frame` must be a data frame of .*, got builtins.list"),
        ({"y_true": 3}, TypeError, "`y_true` must be the name of a column, got 3"),
        ({"by": ["site", 3]}, TypeError, "`by` must be the name of a column, got 3"),
        ({"by": []}, ValueError, "`by` must name a column or several"),
        ({"by": "lists"}, TypeError, "`by` must be a column of one kind of labels, got 'lists' of"),
        ({"weight": "site"}, TypeError, "`weight` must be a column of numbers, got 'site'"),
        ({"threshold": np.nan}, ValueError, "`threshold` must be a number, finite"),
        ({"threshold": (0.2, 0.5)}, ValueError, "`threshold` must be a number, finite"),
        ({"threshold": "half"}, ValueError, "`threshold` must be a number, finite"),
        ({"thresholds": ()}, ValueError, "`thresholds` must be a sequence of numbers, .* empty"),
        ({"thresholds": 0.5}, ValueError, "`thresholds` must be a sequence of numbers"),
        ({"thresholds": (0.5, 0.2)}, ValueError, "`thresholds` must increase"),
        ({"threshold": 0.3, "thresholds": (0.2,)}, ValueError, "must not both be given"),
        ({"missing": "drop"}, ValueError, '`missing` must be "raise" or "omit", got \'drop\''),
    ],
)
def test_options_that_cannot_be_meant(options, error, message):
    data = {"label": [True], "score": [0.5], "site": ["a"], "lists": [[1]]}
    with pytest.raises(error, match=message):
        count_table(**({"frame": pandas(data), **COLUMNS} | options))


def test_without_narwhals(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    module = sys.modules["softset_backends.frames"]
    with pytest.raises(ImportError, match=r"needs narwhals, .*pip install 'softset\[frames\]'"):
        importlib.reload(module)
