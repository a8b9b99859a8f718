"""The command line on files of predictions: values, errors, pictures, and what its page shows."""

import ast
import json
import math
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import softset as ss
from tests.processes.docs_pages import FENCE, run_block

for _name in ("typer", "rich", "pandas", "sklearn"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
import pandas as pd  # noqa: E402
from sklearn import metrics as sk  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from softset_backends import (  # noqa: E402
    bootstrap_interval,
    group_report,
    tabular,
    threshold_interval,
)
from softset_backends.cli import commands, libraries, metric_names  # noqa: E402

ROOT = Path(__file__).parents[2]


def invoke(*arguments):
    result = CliRunner().invoke(commands.app, [str(x) for x in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def printed(*arguments):
    """Return what a command that succeeds prints."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    assert not result.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)


def error(*arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2 and not result.stdout
    assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) == 1
    return result.stderr


def table(rows=400):
    rng = np.random.default_rng(0)
    y = rng.random(rows) < 0.3
    z = rng.normal(2 * y - 1, 1)
    p = 1 / (1 + np.exp(-z))
    site, age = rng.choice(["north", "a|b"], rows), rng.choice([30, 40], rows)
    return pd.DataFrame({"y": y.astype(int), "p": p, "z": z, "site": site, "age": age})


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "predictions.csv"
    table().to_csv(path, index=False)
    return path


EVALUATE = ("--target", "y", "--score", "p")
NAMES = ("precision", "recall", "fbeta:2", "matthews_corrcoef")


def in_sklearn(y, decided):
    """Return the metrics of NAMES as scikit-learn has them."""
    return {
        "precision": sk.precision_score(y, decided),
        "recall": sk.recall_score(y, decided),
        "fbeta(beta=2.0)": sk.fbeta_score(y, decided, beta=2),
        "matthews_corrcoef": sk.matthews_corrcoef(y, decided),
    }


def options(names):
    return [x for name in names for x in ("--metric", name)]


def test_values_of_all_rows_and_their_intervals(csv):
    frame, at = pd.read_csv(csv), 0.4
    asked = ("evaluate", csv, "--target", "y", *options(NAMES), "--threshold", at)
    found = json.loads(printed(*asked, "--score", "p", "--json"))
    row, expected = found["all"], in_sklearn(frame.y, frame.p >= at)
    (tn, fp), (fn, tp) = sk.confusion_matrix(frame.y, frame.p >= at)
    assert [row[x] for x in ("n", "positives", "tp", "fp", "fn", "tn")] == [
        *(400, frame.y.sum(), tp, fp, fn, tn)
    ]
    assert list(row["metrics"]) == list(expected)
    for name, value in expected.items():
        assert row["metrics"][name]["value"] == pytest.approx(value, rel=1e-12)
    y, p = frame.y.to_numpy(), frame.p.to_numpy()
    interval = [float(x) for x in bootstrap_interval(ss.recall, y, p, threshold=at)]
    assert list(row["metrics"]["recall"].values()) == pytest.approx(interval, rel=1e-12)

    # Logits are cut at the same probability.
    assert json.loads(printed(*asked, "--score", "z", "--logits", "--json"))["all"] == row
    text, cells = printed(*asked, "--score", "p"), row["metrics"]["recall"]
    value, low, high = (f"{x:.3f}" for x in cells.values())
    assert re.search(rf"recall +{value} \[{low}, {high}\]", text)
    assert f"400 rows, {frame.y.sum()} positive; at threshold 0.4: tp {tp}, fp {fp}" in text
    assert f"| recall | {value} [{low}, {high}] |" in printed(*asked, "--score", "p", "--markdown")


def test_values_of_groups(csv, tmp_path):
    frame = pd.read_csv(csv)
    asked = ("evaluate", csv, "--target", "y", "--score", "p", *options(NAMES))
    found = json.loads(printed(*asked, "--by", "site", "--by", "age", "--json"))
    assert found["by"] == ["site", "age"]
    groups = dict(iter(frame.groupby(["site", "age"])))
    assert [tuple(x["group"]) for x in found["groups"]] == list(groups)
    values = []
    for row, part in zip(found["groups"], groups.values(), strict=True):
        expected = in_sklearn(part.y, part.p >= 0.5)
        values.append({name: x["value"] for name, x in row["metrics"].items()})
        assert values[-1] == pytest.approx(expected, rel=1e-12)
        assert (row["n"], row["positives"]) == (len(part), part.y.sum())
    recalls = [x["recall"] for x in values]
    assert found["largest_gap"]["recall"]["value"] == pytest.approx(max(recalls) - min(recalls))
    assert found["worst_group"]["recall"]["group"] == list(list(groups)[np.argmin(recalls)])

    # The same from Parquet, where pandas has kept a column as the index.
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = tmp_path / "predictions.PARQUET"
    frame.set_index("site").to_parquet(path)
    asked = ("evaluate", path, *asked[2:])
    again = json.loads(printed(*asked, "--by", "site", "--by", "age", "--json"))
    assert again == found | {"file": str(path)}
    metrics = metric_names.named(NAMES)
    report = group_report(metrics, frame.y.to_numpy(), frame.p.to_numpy(), groups=frame.site)
    lines = printed(*asked, "--by", "site", "--markdown").splitlines()
    assert [line.count(" | ") for line in lines[2:]] == [6] * 9
    assert lines[2].startswith("| site | n | positives | precision |")
    text = printed(*asked, "--by", "site")
    for name in report.metrics:
        assert "{:.3f} [{:.3f}, {:.3f}]".format(*report.data["a|b"][name]) in text
    assert r"a\|b" in lines[4] and "a|b" in text


def test_threshold(tmp_path):
    path, frame = tmp_path / "predictions.csv", table(40)
    frame.to_csv(path, index=False)
    for name, of in (("f1", sk.f1_score), ("accuracy", sk.accuracy_score)):
        asked = ("threshold", path, "--target", "y", "--metric", name)
        found = json.loads(printed(*asked, "--score", "p", "--json"))
        best = max(of(frame.y, frame.p >= cut) for cut in frame.p)
        at = found["threshold"]
        assert found["value"] == pytest.approx(best, rel=1e-12)
        assert of(frame.y, frame.p >= at) == pytest.approx(best, rel=1e-12)
        assert found["tp"] == (frame.y.astype(bool) & (frame.p >= at)).sum()
        # The probability midway between two logits is not the one midway between probabilities.
        logits = json.loads(printed(*asked, "--score", "z", "--logits", "--json"))
        assert logits["value"] == pytest.approx(best) and logits["tp"] == found["tp"]
        text = printed(*asked, "--score", "p")
        assert (
            f"{at!r}" in text
            and f"{best:.3f}" in text
            and "evaluate it on a file of others" in text
        )


def test_threshold_has_its_interval(csv, monkeypatch):
    frame = pd.read_csv(csv)
    asked = ("threshold", csv, *EVALUATE, "--metric", "f1")
    expected = threshold_interval(ss.f1, frame.y.to_numpy(), frame.p.to_numpy(), resamples=200)
    found = json.loads(printed(*asked, "--json"))
    assert [found[name] for name in expected._fields] == pytest.approx(list(map(float, expected)))
    low, high, corrected = (f"{found[name]:.3f}" for name in ("low", "high", "corrected"))
    text = printed(*asked)
    assert re.search(rf"f1 .* \[{low}, {high}\] +{found['value']:.3f} +{corrected}", text)
    assert "the corrected one is what resamples say of others" in text
    # More rows than are worth the time.
    monkeypatch.setattr("softset_backends.cli.tuning._ROWS", 100)
    assert "corrected" not in printed(*asked)
    assert set(found) - set(json.loads(printed(*asked, "--json"))) == {"low", "high", "corrected"}


def test_threshold_whose_bounds_hold_in_the_population(csv):
    frame = pd.read_csv(csv)
    asked = ("threshold", csv, *EVALUATE, "--metric", "recall")
    bounds = ("--subject-to", "precision >= 0.6", "--subject-to", "false_positive_rate <= 0.3")
    found = json.loads(printed(*asked, *bounds, "--confidence", "0.9", "--json"))
    expected = ss.best_threshold(
        ss.recall,
        frame.y.to_numpy(),
        frame.p.to_numpy(),
        subject_to=(ss.at_least(ss.precision, 0.6), ss.at_most(ss.false_positive_rate, 0.3)),
        confidence=0.9,
    )
    assert (found["threshold"], found["value"]) == tuple(map(float, expected))
    assert found["confidence"] == 0.9 and found["subject_to"]["precision >= 0.6"] > 0.6
    text = printed(*asked, *bounds, "--confidence", "0.9")
    assert "With a confidence of 0.9 the bounds hold where these rows come from." in text
    assert "With --confidence the bounds hold" in printed(*asked, *bounds)
    for options, message in (
        (("--confidence", "0.9"), "is that of the bounds of `--subject-to`, got none"),
        ((*bounds, "--confidence", "95"), "`confidence` must lie in [0.5, 1), as 0.95, got 95.0"),
        (
            ("--subject-to", "precision >= 0.999", "--confidence", "0.95"),
            "of 400 rows that are called positive, and it takes 2995 at least; take more rows",
        ),
        (("--subject-to", "f1 >= 0.5", "--confidence", "0.95"), "takes bounds on recall, false_"),
    ):
        assert message in error(*asked, *options)


def test_threshold_within_bounds(tmp_path):
    path, frame = tmp_path / "predictions.csv", table(40)
    frame.to_csv(path, index=False)
    asked = ("threshold", path, *EVALUATE, "--metric", "recall", "--subject-to")
    bounds = ("precision >= 0.8", "--subject-to", "false_positive_rate<=0.1")
    best = max(
        sk.recall_score(frame.y, frame.p >= cut)
        for cut in frame.p
        if sk.precision_score(frame.y, frame.p >= cut) >= 0.8
        and 1 - sk.recall_score(1 - frame.y, frame.p < cut) <= 0.1
    )
    found = json.loads(printed(*asked, *bounds, "--json"))
    precision = sk.precision_score(frame.y, frame.p >= found["threshold"])
    assert found["value"] == pytest.approx(best) and best < 1
    assert found["subject_to"]["precision >= 0.8"] == pytest.approx(precision)
    assert list(found["subject_to"]) == ["precision >= 0.8", "false_positive_rate <= 0.1"]
    assert re.search(rf"precision >= 0.8 +{precision:.3f}", printed(*asked, *bounds))
    for text, message in (
        ("precision > 0.8", "must be a bound such as 'precision >= 0.9', got 'precision > 0.8'"),
        ("precision >= much", "must be a bound such as"),
        ("ppv >= 0.9", "`--subject-to` must name a metric, got 'ppv'; it is precision"),
        ("precision >= 2", "`bound` must lie in [0.0, 1.0], the range of precision, got 2.0"),
    ):
        assert message in error(*asked, text)


def test_undefined_and_infinite(tmp_path):
    path = tmp_path / "predictions.csv"
    frame = pd.DataFrame(
        {"y": [0, 0, 1, 1] * 5, "p": [0.1, 0.2, 0.8, 0.3] * 5, "g": [1, 1, 2, 2] * 5}
    )
    frame.to_csv(path, index=False)
    asked = ("evaluate", path, "--target", "y", "--score", "p")
    high = (*asked, "--threshold", "0.9", "--metric", "precision")
    assert re.search("precision +undefined", printed(*high))
    assert set(json.loads(printed(*high, "--json"))["all"]["metrics"]["precision"].values()) == {
        None
    }
    by = (*asked, "--by", "g", "--metric", "diagnostic_odds_ratio", "--metric", "recall", "--json")
    found = json.loads(printed(*by))
    assert found["all"]["metrics"]["diagnostic_odds_ratio"]["value"] == "inf"
    assert found["groups"][0]["metrics"]["recall"]["value"] is None
    assert math.isclose(found["groups"][1]["metrics"]["recall"]["value"], 0.5)
    odds = ("--metric", "diagnostic_odds_ratio")
    assert "inf [inf, inf]" in printed(*asked, *odds)
    interval = json.loads(printed(*asked, *odds, "--json"))["all"]["metrics"]
    assert interval["diagnostic_odds_ratio"] == dict.fromkeys(("value", "low", "high"), "inf")
    at = ("threshold", *asked[1:], *odds)
    assert re.search(r"\] +inf +inf", printed(*at))
    found = json.loads(printed(*at, "--subject-to", "diagnostic_odds_ratio >= 2", "--json"))
    assert found["value"] == found["subject_to"]["diagnostic_odds_ratio >= 2.0"] == "inf"
    frame.assign(p=1.0, y=[1] + [0] * 19).to_csv(path, index=False)
    assert "no row is positive" in error("threshold", *asked[1:], "--metric", "accuracy")


def test_plots(csv, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from PIL import Image

    folder = tmp_path / "a" / "b"
    asked = ("evaluate", csv, "--target", "y", "--score", "z", "--logits", "--metric", "recall")
    text = printed(*asked, "--by", "site", "--plots", folder)
    names = ["groups.png", "metrics.png", "precision_recall.png", "roc.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for path in folder.iterdir():
        assert str(path) in text
        assert np.asarray(Image.open(path).convert("L")).min() < 100  # something is drawn
    assert "must be a folder that can be written to" in error(*asked, "--plots", csv)


CHANGES = {
    "words": {"y": ["sick", "well"] * 10},
    "three": {"y": [0, 1, 2, 1] * 5},
    "constant": {"y": [0] * 20},
    "gaps": {"p": [0.1] * 6 + [None] * 3 + [0.3] * 11},
    "holes": {"y": [1] * 18 + [None] * 2},
    "high": {"p": [0.1] * 7 + ["high"] + [0.2] * 12},
    "dates": {"p": ["2020-01-01"] * 20},
    "infinite": {"z": [0.0] * 4 + [math.inf] + [0.0] * 15},
    "parts": {"site": [0.5, 1.5] * 10},
    "one": {"site": ["a"] * 20},
    "mixed": {"site": ["a", None] * 10},
    "all": {"site": ["all", "b"] * 10},
}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("none.csv", EVALUATE, "there is no file "),
        ("some.txt", EVALUATE, "`FILE` must end in .csv or .parquet, got "),
        ("empty.csv", EVALUATE, "cannot be read: No columns to parse"),
        ("bytes.csv", EVALUATE, "cannot be read: 'utf-8' codec can't decode"),
        ("bytes.parquet", EVALUATE, "cannot be read: "),
        ("header.csv", EVALUATE, "must have rows, got none"),
        ("plain.csv", ("--target", "y", "--score", "q"), "`--score` must name a column of "),
        (
            "plain.csv",
            ("--target", "y", "--score", "q"),
            "got 'q'; there are 'y', 'p', 'z', 'site'",
        ),
        ("plain.csv", (*EVALUATE, "--by", "q"), "`--by` must name a column of "),
        ("plain.csv", ("--target", "y", "--score", "y"), "must be two columns, got 'y' for both"),
        ("plain.csv", ("--target", "p", "--score", "z"), "must hold the labels 0 and 1"),
        ("plain.csv", ("--target", "y", "--score", "z"), "for logits pass --logits"),
        ("plain.csv", ("--target", "y", "--score", "site"), "must hold finite numbers, got '"),
        ("words.csv", EVALUATE, "or false and true, got 'sick', 'well'; write 1 for the positive"),
        ("three.csv", EVALUATE, "'y' must hold the labels 0 and 1, or false and true, got 0, 1, 2"),
        ("constant.csv", EVALUATE, "'y' must hold both labels, got 0 in all 20 rows"),
        (
            "gaps.csv",
            EVALUATE,
            "'p' must have a value in every row, got 3 missing of 20, the first in row 7",
        ),
        ("holes.csv", EVALUATE, "'y' must have a value in every row, got 2 missing of 20"),
        ("high.csv", EVALUATE, "'p' must hold finite numbers, got 'high' in row 8, the first of 1"),
        (
            "dates.csv",
            EVALUATE,
            "must hold finite numbers, got '2020-01-01' in row 1, the first of 20",
        ),
        ("infinite.csv", ("--target", "y", "--score", "z", "--logits"), "got inf in row 5"),
        ("parts.csv", (*EVALUATE, "--by", "site"), "got floating values such as 0.5"),
        ("one.csv", (*EVALUATE, "--by", "site"), "two groups or more, got a alone"),
        ("mixed.csv", (*EVALUATE, "--by", "site"), "got 10 missing of 20"),
        ("all.csv", (*EVALUATE, "--by", "site"), "none of them called all"),
        ("plain.csv", (*EVALUATE, "--metric", "mcc"), "got 'mcc'; it is matthews_corrcoef"),
        ("plain.csv", (*EVALUATE, "--metric", "f2"), "got 'f2'; it is fbeta"),
        ("plain.csv", (*EVALUATE, "--metric", "larger_is_better"), "; there are accuracy, "),
        ("plain.csv", (*EVALUATE, "--metric", "fbeta"), "takes beta, as in fbeta:2, got 'fbeta'"),
        ("plain.csv", (*EVALUATE, "--metric", "fbeta:x"), "takes beta, as in fbeta:2, got"),
        ("plain.csv", (*EVALUATE, "--metric", "fbeta:-1"), "`beta` must be a positive"),
        ("plain.csv", (*EVALUATE, "--metric", "f1:2"), "f1 takes no options, got 'f1:2'"),
        (
            "plain.csv",
            (*EVALUATE, "--metric", "tversky:1"),
            "as in tversky:fp_weight=2,fn_weight=2",
        ),
        ("plain.csv", (*EVALUATE, "--metric", "auroc"), "got the area auroc"),
        ("plain.csv", (*EVALUATE, "--threshold", "1.5"), "must lie in [0, 1], got 1.5"),
        ("plain.csv", (*EVALUATE, "--threshold", "nan"), "must lie in [0, 1], got nan"),
        (
            "plain.csv",
            (*EVALUATE, "--logits", "--threshold", "0"),
            "strictly between 0 and 1, got 0.0",
        ),
        ("plain.csv", (*EVALUATE, "--json", "--markdown"), "pass one"),
    ],
)
def test_errors(tmp_path, name, arguments, message):
    path = tmp_path / name
    kind, plain = path.stem, table(20)
    if kind in ("plain", *CHANGES):
        plain.assign(**CHANGES.get(kind, {})).to_csv(path, index=False)
    elif kind == "header":
        plain.head(0).to_csv(path, index=False)
    elif kind != "none":
        path.write_bytes(b"\xff\xfe\x00" if kind == "bytes" else b"")
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    assert message in error("evaluate", path, *arguments)


def test_threshold_needs_a_direction(csv):
    asked = ("threshold", csv, *EVALUATE, "--metric", "prevalence")
    assert "prevalence is neither better when larger nor when smaller" in error(*asked)


def test_what_is_not_installed_is_named_with_its_command(csv, tmp_path, monkeypatch):
    path = tmp_path / "predictions.parquet"
    path.touch()
    found = tabular.find_spec
    for name, file, extra in (("pandas", csv, "cli"), ("pyarrow", path, "parquet")):
        monkeypatch.setattr(tabular, "find_spec", lambda x, n=name: None if x == n else found(x))
        for command in ("evaluate", "threshold"):
            text = error(command, file, *EVALUATE, "--metric", "f1")
            assert f"needs {name}, which is not installed; pip install 'softset[{extra}]'" in text
        monkeypatch.setattr(libraries, "find_spec", lambda x, n=name: None if x == n else found(x))
        text = printed("info")
        assert re.search(rf"{name} +not installed .*: pip install 'softset\[{extra}\]'", text)


def test_metrics_by_name():
    (plain, beta, cost) = metric_names.named(["f1", "fbeta:2", "expected_cost:fp=1,fn=5", "f1"])
    c = ss.Confusion(8.0, 3.0, 2.0, 7.0)
    assert plain is ss.f1
    assert beta(c) == ss.fbeta(c, beta=2.0) and cost(c) == ss.expected_cost(c, fp=1.0, fn=5.0)
    assert metric_names.complete("f") == [x for x in ss.metrics.__all__ if x.startswith("f")]
    assert set(metric_names.NAMES) == set(ss.metrics.__all__) - {"larger_is_better"}


def test_version_and_completion():
    assert printed("--version") == f"softset {ss.__version__}\n"
    assert "--install-completion" in printed("--help")


def test_info_lists_every_library_that_is_used():
    """Those that the packages import, and those of the extras for users."""
    used = set()
    for path in (*ROOT.glob("softset/**/*.py"), *ROOT.glob("backends/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                used.add(node.module.partition(".")[0])
    used -= {*sys.stdlib_module_names, "softset", "softset_backends"}
    # The one dependency, and those of scikit-learn.
    used -= {"array_api_compat", "joblib", "scipy", "threadpoolctl"}
    listed = {x.module or x.package for x in libraries.LIBRARIES} | set(commands.registry.NAMES)
    assert used <= listed, used - listed

    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    names = {
        re.match(r"[\w-]+", requirement)[0].removesuffix("-cpu")
        for extra in set(extras) - {"dev", "docs"}
        for requirement in extras[extra]
    }
    packages = {x.package for x in libraries.LIBRARIES} | set(commands.registry.NAMES)
    assert names - {"softset", "array-api-compat"} <= packages
    assert all(x.package in " ".join(extras[x.extra]) for x in libraries.LIBRARIES)


def test_the_page_shows_what_is_printed(tmp_path, monkeypatch):
    """Its Python runs, and each command prints the text below it."""
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    found = [(match[2], match[3]) for match in FENCE.finditer(text)]
    commands_run, namespace = 0, {}
    monkeypatch.chdir(tmp_path)
    for (kind, code), (following, expected) in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "python":
            run_block(code, namespace)
        if kind != "console" or following != "text":
            continue
        lines = printed(*shlex.split(code.removeprefix("$ softset "))).splitlines()
        shown = [line.rstrip() for line in lines if line.strip()]
        assert shown == [line for line in expected.splitlines() if line.strip()]
        commands_run += 1
    assert commands_run >= 5
