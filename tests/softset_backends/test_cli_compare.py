"""The command compare, and the data that need no file."""

import hashlib
import io
import json
import re
import urllib.error
import warnings

import numpy as np
import pytest

for _name in ("typer", "rich", "pandas", "sklearn", "scipy", "jinja2", "matplotlib"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
import pandas as pd  # noqa: E402
from sklearn.datasets import load_breast_cancer  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from softset_backends.cli import commands  # noqa: E402
from softset_backends.compare import sources  # noqa: E402
from softset_backends.compare.records import read  # noqa: E402

QUICK = ("--backend", "numpy", "--models", "linear", "--methods", "cross-entropy", "--jobs", "1")
PLACE = "https://www.openml.org/"


def invoke(*arguments):
    result = CliRunner().invoke(commands.app, ["compare", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def error(*arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2 and not result.stdout.strip()
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_a_comparison_from_the_command_line(tmp_path):
    out = tmp_path / "found here"
    result = invoke("--dataset", "breast-cancer", *QUICK, "--seeds", 2, "--out", out)
    assert result.exit_code == 0, result.output
    shown = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "Train a linear model on cross-entropy" in shown and "decisions = " in shown
    header, records = read(out / "records.jsonl")
    assert header["rows"] == 569 and header["positives"] == 212
    assert [r.rule for r in records] == ["0.5", "labels", "expected"] * 2
    assert min(r.test["f1"] for r in records) > 0.9
    assert {"report.html", "report.md", "report.json", "summary.csv", "fits.csv"} <= {
        path.name for path in out.iterdir()
    }
    # The same again has nothing left to fit.
    before = (out / "records.jsonl").read_text()
    assert invoke("--dataset", "breast-cancer", *QUICK, "--seeds", 2, "--out", out).exit_code == 0
    assert (out / "records.jsonl").read_text() == before
    more = error("--dataset", "breast-cancer", *QUICK, "--seeds", 3, "--out", out)
    assert "must be a folder without records of other arguments" in more


def test_a_bound_and_what_makes_no_difference(tmp_path):
    options = ("--seeds", 1, "--out", tmp_path, "--equivalent", "0.03")
    bound = ("--subject-to", "precision >= 0.8", "--confidence", "0.9")
    result = invoke("--dataset", "breast-cancer", *QUICK, *options, *bound)
    assert result.exit_code == 0, result.output
    assert "so that they show precision >= 0.8 with a confidence of 0.9" in result.stdout
    question = json.loads((tmp_path / "report.json").read_text())["question"]
    assert (question["equivalent"], question["subject_to"]) == (0.03, "precision >= 0.8")
    _, records = read(tmp_path / "records.jsonl")
    assert records[-1].rule == "guarantee" and records[-1].validation["precision"] > 0.8


def test_what_is_wrong_is_one_line(tmp_path):
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame({"a": np.arange(40.0) % 7, "y": np.arange(40) % 3 == 0})
    frame.to_csv(path, index=False)
    out = ("--out", tmp_path / "out")
    assert "one of `FILE`, `--dataset` and `--openml` must be given, got none" in error(*out)
    assert "`--target` must name the column of" in error(path, *out)
    assert "there are 'a', 'y'" in error(path, "--target", "z", *out)
    assert "`--dataset` must be one of digits-8" in error("--dataset", "iris", *out)
    assert "`--metric` must name a metric, got 'f9'" in error(
        path, "--target", "y", "--metric", "f9", *out
    )
    assert "`--of` must name a metric, got 'f9'" in error(path, "--target", "y", "--of", "f9", *out)
    assert "it is matthews_corrcoef" in error(path, "--target", "y", "--metric", "mcc", *out)
    given = (path, "--target", "y", *out)
    assert "`--subject-to` must be a bound such as" in error(*given, "--subject-to", "recall")
    assert "`equivalent` must be a number from 0 on" in error(*given, "--equivalent", "-1")
    assert "`confidence` is that of the bounds" in error(*given, "--confidence", "0.9")
    assert "`name` must be one of numpy, torch" in error(
        path, "--target", "y", "--backend", "mxnet", *out
    )
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in error(path, "--target", "y", *out)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_as_people_have_them(separator, tmp_path):
    """Names of columns with marks of their own, and columns of no use: no trouble, no warning."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=120)
    frame = pd.DataFrame(
        {
            "Größe, (cm)": x,
            "a[1] <5": rng.choice(["Köln", "東京", None], 120),
            "nothing": np.nan,
            "number": np.arange(120) + 7.5,
            "constant": "z",
            "when": pd.date_range("2024-01-01", periods=120, freq="h"),
            "Outcome?": np.where(x + rng.normal(size=120) > 1, "Yes", "No"),
        }
    )
    path = tmp_path / "rows of May.csv"
    frame.to_csv(path, sep=separator, index=False, encoding="utf-8-sig")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        result = invoke(
            path, "--target", "Outcome?", *QUICK, "--seeds", 1, "--out", tmp_path / "out"
        )
    assert result.exit_code == 0, result.output
    header, _ = read(tmp_path / "out" / "records.jsonl")
    assert header["rows"] == 120 and header["positives"] == (frame["Outcome?"] == "Yes").sum()


def test_sets_of_scikit_learn():
    frame, target = sources.built_in("digits-8")
    assert frame[target].sum() == 174 and len(frame.columns) == 65
    frame, target = sources.built_in("breast-cancer")
    assert (frame[target] == (load_breast_cancer().target == 0)).all()


# What OpenML answers, for a set of its kind with three columns.
ARFF = b"""@relation small
@attribute height numeric
@attribute color {red, blue}
@attribute class {no, yes}
@data
1.5,red,no
?,blue,yes
2.5,red,no
"""
ANSWERS = {
    "api/v1/json/data/list/data_name/small/limit/2/status/active/": {
        "data": {"dataset": [{"did": 7, "name": "small", "version": 1, "status": "active"}]}
    },
    "api/v1/json/data/7": {
        "data_set_description": {
            "id": "7",
            "name": "small",
            "version": "1",
            "description": "three rows",
            "format": "ARFF",
            "status": "active",
            "url": f"{PLACE}data/v1/download/70/small.arff",
            "file_id": "70",
            "default_target_attribute": "class",
            "md5_checksum": hashlib.md5(ARFF).hexdigest(),
        }
    },
    "api/v1/json/data/features/7": {
        "data_features": {
            "feature": [
                {
                    "index": str(i),
                    "name": name,
                    "data_type": kind,
                    "is_target": str(name == "class").lower(),
                    "is_ignore": "false",
                    "is_row_identifier": "false",
                    "number_of_missing_values": "0",
                }
                for i, (name, kind) in enumerate(
                    [("height", "numeric"), ("color", "nominal"), ("class", "nominal")]
                )
            ]
        }
    },
    "api/v1/json/data/qualities/7": {
        "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "3.0"}]}
    },
}


@pytest.fixture
def openml(monkeypatch):
    """Answer as OpenML does, from what is stored here."""

    def answer(request, **_):
        path = request.full_url.removeprefix(PLACE)
        if path == "data/v1/download/70/small.arff":
            content = ARFF
        elif path in ANSWERS:
            content = json.dumps(ANSWERS[path]).encode()
        else:  # of what it does not know
            raise urllib.error.HTTPError(request.full_url, 412, "unknown", {}, io.BytesIO())
        found = io.BytesIO(content)
        found.info = lambda: {}
        return found

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", answer)


def test_a_set_of_openml(openml, tmp_path):
    frame, target = sources.openml("small", cache=str(tmp_path))
    assert target == "class" and frame["class"].tolist() == ["no", "yes", "no"]
    assert frame["height"].isna().tolist() == [False, True, False]
    assert frame["color"].tolist() == ["red", "blue", "red"]
    assert sources.openml("small", "color", cache=str(tmp_path))[1] == "color"
    with pytest.raises(ValueError, match="`--openml` must name a data set of OpenML, got 'none'"):
        sources.openml("none", cache=str(tmp_path))
