"""The evidence suite: what is stored, what rows say, and tables that nobody has seen before."""

import json

import numpy as np
import pytest

for _name in ("pandas", "sklearn", "scipy", "jinja2", "joblib", "typer", "rich", "torch"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
import pandas as pd  # noqa: E402
import typer  # noqa: E402
from scipy import stats  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from benchmarks.evidence import __main__ as command  # noqa: E402
from benchmarks.evidence import (  # noqa: E402
    choosing,
    effects,
    few_rows,
    fits,
    groups,
    imbalance,
    noise,
    report,
    run,
    sets,
    store,
    tables,
)
from benchmarks.evidence.study import Missing, Study, Unit  # noqa: E402
from softset_backends.compare import Budget  # noqa: E402
from softset_backends.compare.data import rows as rows_of_frame  # noqa: E402
from softset_backends.compare.plan import Plan  # noqa: E402
from softset_backends.compare.splits import split  # noqa: E402


class Counting:
    """A study of some units that tells which were run."""

    def __init__(self, names, arguments=None):
        self.names, self.ran, self.arguments = names, [], arguments or {}

    def units(self, folder):
        return [Unit("counting", name, self.arguments) for name in self.names]

    def run(self, folder, unit):
        self.ran.append(unit.name)
        if unit.name == "absent":
            raise Missing("there is no such file")
        if unit.name == "wrong":
            raise ZeroDivisionError("by nothing")
        return [{"data": unit.name, "values": {"f1": 0.5}}]

    @property
    def study(self):
        return Study("counting", "Counting", self.units, self.run, lambda rows: f"{len(rows)} rows")

    def finish(self, folder, most=None):
        plan = run.planned([self.study], folder)
        found = []
        for outcome, *_ in run.finish([self.study], plan, folder, folder, 1):
            found.append(outcome)
            if len(found) == most:
                break
        return found


def test_a_run_that_was_killed_loses_and_repeats_nothing(tmp_path):
    first, second = Counting("abcde"), Counting("abcde")
    first.finish(tmp_path, most=2)
    path = store.path_of(tmp_path, "counting")
    with path.open("a") as file:
        file.write('{"unit": {"study": "counting", "na')
    second.finish(tmp_path)
    assert first.ran + second.ran == [*"abcde"]
    found = report.rows_of(store.read(path))
    assert found == [{"data": x, "values": {"f1": 0.5}} for x in "abcde"]
    assert "numpy" in store.read(path)[0]["versions"]
    assert Counting("abcde").finish(tmp_path) == []


def test_other_arguments_are_run_again_and_replace_the_unit(tmp_path):
    Counting("ab").finish(tmp_path)
    other = Counting("ab", {"rows": 200})
    other.finish(tmp_path)
    assert other.ran == ["a", "b"]
    found = store.read(store.path_of(tmp_path, "counting"))
    assert [record["unit"]["arguments"] for record in found] == [{"rows": 200}] * 2


def test_what_is_skipped_and_what_fails_is_named_and_ends_nothing(tmp_path, monkeypatch):
    found = Counting(["absent", "wrong", "a"]).finish(tmp_path)
    assert found[0].skipped == "there is no such file"
    assert found[1].failed == "ZeroDivisionError: by nothing"
    monkeypatch.setattr(command, "STUDIES", (Counting(["absent", "a"]).study,))
    said = invoke(tmp_path, monkeypatch)
    assert said.exit_code == 0, said.output
    text = (tmp_path / "results" / "evidence.md").read_text()
    assert "- counting: absent: there is no such file" in text
    assert "1 rows" in text
    monkeypatch.setattr(command, "STUDIES", (Counting(["wrong", "a"]).study,))
    said = invoke(tmp_path, monkeypatch)
    assert said.exit_code == 1
    assert "ZeroDivisionError: by nothing" in said.output


def test_a_study_without_its_data_is_skipped(tmp_path):
    plan = run.planned([few_rows.STUDY, groups.STUDY], tmp_path)
    assert plan.units == {"few-rows": [], "groups": []}
    assert plan.skipped["few-rows"] == "the folder of data has no table with two labels"
    # Known tables that are not there are told one by one.
    (first, *others) = [unit for unit in tables.units(tmp_path) if "table" in unit.arguments]
    assert len(others) + 1 == len(sets.KNOWN)
    with pytest.raises(Missing, match=f"{first.name}.*is not there"):
        tables.run(tmp_path, first)


def invoke(folder, monkeypatch, *arguments):
    monkeypatch.setattr(command, "SCRATCH", folder / "scratch")
    monkeypatch.setattr(command, "RESULTS", folder / "results")
    app = typer.Typer()
    app.command()(command.main)
    common = ["--data", str(folder), "--jobs", "1"]
    return CliRunner().invoke(app, [*common, *arguments], env={"COLUMNS": "400"})


def row(data, method, rule, seed, test, validation=0.5, model="linear", metric="f1"):
    values = {"validation": {metric: validation}, "test": {metric: test}}
    named = {"data": data, "case": "", "metric": metric, "model": model, "method": method}
    settings = {"learning_rate": 0.1, "threshold": 0.4}
    return {**named, "rule": rule, "seed": seed, "settings": settings, "values": values}


GAINS = {"one": [0.02, 0.04], "two": [-0.01, 0.03], "three": [0.0, 0.0]}


def some_rows():
    found = []
    for data, gains in GAINS.items():
        for seed, gain in enumerate(gains):
            found.append(row(data, "cross-entropy", "labels", seed, 0.6))
            found.append(row(data, "smote", "0.5", seed, 0.6 + gain))
    return found


def test_gains_are_means_over_sets_with_their_interval():
    found = effects.effects(some_rows(), effects.OVERLAP)["smote", "0.5"]
    means = [0.03, 0.01, 0.0]
    assert [found.sets[x].mean for x in GAINS] == pytest.approx(means, abs=1e-12)
    expected = stats.ttest_1samp(means, 0.0)
    interval = expected.confidence_interval(0.95)
    # Sums of a few numbers of order 1.
    assert found.mean[1:] == pytest.approx((np.mean(means), *interval), abs=1e-12)


def test_tables_show_the_baseline_and_the_gains():
    text = effects.of_sets(some_rows(), effects.OVERLAP)
    header, _, base, smote = text.splitlines()
    assert header == "| method | threshold | one | two | three | mean [95 %] |"
    assert base == "| cross-entropy | labels | 0.600 | 0.600 | 0.600 | 0.600 |"
    assert smote.startswith("| smote | 0.5 | +0.030 | +0.010 | +0.000 | +0.013 [")


def test_an_asterisk_is_where_the_interval_leaves_out_0():
    gains = [0.031, 0.030, 0.029, 0.030]
    same = [row("one", "cross-entropy", "labels", seed, 0.6) for seed in range(4)]
    far = [row("one", "focal", "0.5", seed, 0.6 + gain) for seed, gain in enumerate(gains)]
    assert "+0.030*" in effects.of_sets(same + far, effects.OVERLAP)


def test_validation_rows_choose_and_test_rows_are_reported():
    rows = [
        row("one", "cross-entropy", "labels", 0, test=0.9, validation=0.5),
        row("one", "class-weighted", "labels", 0, test=0.6, validation=0.7),
        row("one", "class-weighted", "0.5", 0, test=0.8, validation=0.9),
        row("one", "focal", "labels", 0, test=0.4, validation=0.95),
    ]
    # Neither at 0.5 nor focal, which are not among the usual ways.
    assert choosing.best_usual(rows) == {("one", 0): 0.6}
    assert choosing.recommended(rows) == {("one", 0): 0.4}


def test_headroom_is_what_a_network_is_ahead_by():
    rows = [row("one", "cross-entropy", "labels", seed, 0.6) for seed in range(2)]
    rows += [
        row("one", "cross-entropy", "labels", seed, value, model="mlp")
        for seed, value in enumerate([0.7, 0.66])
    ]
    assert tables.headroom(rows) == pytest.approx({"one": 0.08})
    assert "mean where it is 0.02 or more" in tables.report(rows)


def people(n=400, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.3
    x = rng.normal(y, 1.0)
    x[rng.random(n) < 0.1] = np.nan
    where = np.where(rng.random(n) < 0.5, "north", "south")
    columns = {"a number": x, "where": where, "row": np.arange(n), "the label": y}
    return pd.DataFrame(columns)


def rows_of_people(n=1000):
    return rows_of_frame(people(n), "the label", drop=["where"])


def test_few_rows_are_drawn_without_test_rows():
    rows = rows_of_people()
    found = few_rows.drawn(rows, 200, seed=3)
    assert len(found.train.y) + len(found.validation.y) == 200
    assert len(found.validation.y) == 50
    assert len(found.test.y) == 800
    parts = np.concatenate([part.x[:, 1] for part in found])  # the number of the row, scaled
    assert len(np.unique(parts)) == 1000
    share = rows.y.mean()
    for part in found:
        assert part.y.mean() == pytest.approx(share, abs=0.02)  # a row of 50


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_wrong_labels_are_in_all_rows_but_those_of_test(share):
    clean = split(rows_of_people(), 0)
    noisy = noise.flipped(clean, share, seed=0)
    for one, other in ((clean.train, noisy.train), (clean.validation, noisy.validation)):
        assert np.sum(one.y != other.y) == round(share * len(one.y))
        np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(clean.test.y, noisy.test.y)


@pytest.mark.parametrize("share", [0.1, 0.03])
def test_positives_are_thinned_to_a_share(share):
    rows = rows_of_people()
    some, others = (imbalance.thinned(rows, share, seed) for seed in (0, 1))
    assert (some.y == 0).sum() == (rows.y == 0).sum()
    assert some.y.mean() == pytest.approx(share, abs=1 / len(some.y))
    assert set(some.features["row"]) != set(others.features["row"])


def test_a_folder_may_have_other_tables(tmp_path):
    people().rename(columns={"the label": "y"}).to_csv(tmp_path / "anything.csv", index=False)
    pd.DataFrame({"a": [1.0, 2.0], "b": [0, 1]}).to_csv(tmp_path / "labels.csv", index=False)
    np.savez(tmp_path / "pictures.npz", images=np.zeros((3, 2, 2)), label=np.zeros(3))
    names = [table.name for table in sets.tables_in(tmp_path)[len(sets.KNOWN) :]]
    assert names == ["anything", "labels", "pictures"]
    assert [table.name for table in sets.readable(tmp_path)] == ["anything"]
    with pytest.raises(Missing, match="'y'"):
        sets.loaded(str(tmp_path), sets.Table("labels.csv"))
    with pytest.raises(Missing, match=r"pictures\.npz"):
        sets.loaded(str(tmp_path), sets.Table("pictures.npz"))


def test_rare_positives_have_more_rows(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(25_000, 2))
    for name, share in (("rare", 0.01), ("usual", 0.1)):
        np.savez(tmp_path / f"{name}.npz", X=x, y=(rng.random(len(x)) < share).astype(int))
    found = [sets.loaded(str(tmp_path), sets.Table(f"{name}.npz")) for name in ("rare", "usual")]
    assert [len(rows.y) for rows in found] == [20_000, 8_000]


def test_small_groups_are_put_together(tmp_path):
    rng = np.random.default_rng(0)
    where = np.repeat(["north", "south", "east", "west"], [500, 500, 150, 150])
    y = (rng.random(1300) < 0.5).astype(int)
    frame = pd.DataFrame({"x": rng.normal(size=1300), "where": where, "y": y})
    frame.to_csv(tmp_path / "people.csv", index=False)
    found = sets.loaded(str(tmp_path), sets.Table("people.csv"), group="where")
    assert found.groups == ("north", "other", "south")
    assert np.bincount(found.group).tolist() == [500, 300, 500]


@pytest.fixture
def short(monkeypatch):
    """Two methods of the linear model in NumPy, trained for a moment on two splits."""

    def two(folder, table):
        return sets.in_splits(lambda seed: split(sets.loaded(folder, table), seed), 2)

    pairs = [("linear", "cross-entropy"), ("linear", "cross-entropy, then metric")]
    monkeypatch.setattr(fits, "BACKEND", "numpy")
    monkeypatch.setattr(tables, "planned", lambda *_, **__: Plan(pairs, []))
    monkeypatch.setattr(tables, "SECOND", ("matthews_corrcoef", ("cross-entropy",)))
    monkeypatch.setattr(tables, "splits_of", two)
    monkeypatch.setattr(tables, "Budget", lambda: Budget(updates=20, batch=64, checks=2))


def test_a_file_of_a_stranger(tmp_path, monkeypatch, short):
    folder = tmp_path / "a folder"
    folder.mkdir()
    people().to_csv(folder / "my data.csv", index=False)
    stored = [{"unit": {"study": "tables", "name": "x", "arguments": {}}, "rows": some_rows()}]
    given = {"machine": {}, "skipped": {}}
    results = tmp_path / "results"
    results.mkdir()
    lines = "\n".join(json.dumps(x) for x in [given, *stored])
    (results / report.RUNS).write_bytes(report.gzip.compress(lines.encode()))
    options = ["--add", str(folder / "my data.csv"), "--target", "the label", "--drop", "row"]
    said = invoke(tmp_path, monkeypatch, *options)
    assert said.exit_code == 0, said.output
    text = (tmp_path / "scratch" / "added.md").read_text()
    assert "| gain on the best of the usual ways | 3 sets | this one | with it |" in text
    (recipe,) = [x for x in said.output.splitlines() if "linear: what is recommended" in x]
    assert recipe.count("|") == 5
    header = next(x for x in text.splitlines() if x.startswith("| method | threshold |"))
    assert header == "| method | threshold | one | two | three | my data, added | mean [95 %] |"
    # Nothing is run again.
    monkeypatch.setattr(tables, "fitted", None)
    again = invoke(tmp_path, monkeypatch, *options)
    assert again.exit_code == 0
    assert (tmp_path / "scratch" / "added.md").read_text() == text


def test_a_file_that_is_no_table_of_two_labels_is_refused(tmp_path, monkeypatch):
    people().to_csv(tmp_path / "people.csv", index=False)
    path = str(tmp_path / "people.csv")
    assert invoke(tmp_path, monkeypatch, "--add", path).exit_code == 2
    said = invoke(tmp_path, monkeypatch, "--add", path, "--target", "row")
    assert said.exit_code == 2
    assert "two values" in said.output


def test_one_study_from_run_to_report_and_back(tmp_path, monkeypatch, short):
    monkeypatch.setattr(command, "STUDIES", (tables.STUDY,))
    people().rename(columns={"the label": "y"}).to_csv(tmp_path / "some.csv", index=False)
    said = invoke(tmp_path, monkeypatch)
    assert said.exit_code == 0, said.output
    assert "Skipped: tables: adult" in said.output
    results = tmp_path / "results"
    text, packed = results / report.TEXT, results / report.RUNS
    first = text.read_text()
    _, records = report.read(packed)
    rows = report.rows_of(records["tables"])
    # Three units, three rules and two splits.
    assert len(rows) == 3 * 3 * 2
    assert {x["data"] for x in rows} == {"some"}
    assert fits.record_of(rows[0]).setting.keys() == {"learning_rate"}
    # From the committed file alone the same report is written.
    for path in (tmp_path / "scratch").iterdir():
        path.unlink()
    said = invoke(tmp_path, monkeypatch, "--report-only")
    assert said.exit_code == 0, said.output
    assert text.read_text() == first
