"""The fits of a comparison: data, splits, training in every framework, choices, records."""

import json
from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends import registry
from tests.support import marks

for _name in ("pandas", "sklearn", "scipy", "jinja2", "joblib"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
import pandas as pd  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import average_precision_score, f1_score, recall_score  # noqa: E402

from softset_backends.compare import (  # noqa: E402
    Budget,
    compare,
    splits,
)
from softset_backends.compare import data as tables  # noqa: E402
from softset_backends.compare.cuts import Judge, labels_of, value_elsewhere  # noqa: E402
from softset_backends.compare.methods import BY_GROUP, SETTINGS, Bound, Focal, methods  # noqa: E402
from softset_backends.compare.records import read  # noqa: E402

SHORT = Budget(updates=40, batch=64, checks=4)
FRAMEWORKS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name not in registry.available()
            or bool(marks.requested() and name not in marks.requested()),
            reason=f"{name} is not installed, or not asked for",
        ),
    )
    for name in registry.NAMES
]


def people(n=600, seed=0):
    """Return rows with numbers, categories and missing values; "site" moves the positives."""
    rng = np.random.default_rng(seed)
    site = rng.choice(["north", "south"], n, p=[0.6, 0.4])
    y = rng.random(n) < 0.25
    a = rng.normal(np.where(site == "north", 2.0, 1.2) * y, 1.0)
    b = rng.normal(y, 1.0)
    b[rng.random(n) < 0.1] = np.nan
    color = np.where(rng.random(n) < 0.3 + 0.3 * y, "red", rng.choice(["blue", "green"], n))
    color = np.where(rng.random(n) < 0.05, None, color)
    return pd.DataFrame({"a": a, "b": b, "color": color, "site": site, "y": y.astype(int)})


def fit(frame=None, **options):
    options = {"target": "y", "backend": "numpy", "seeds": 2, "budget": SHORT} | options
    return compare(people() if frame is None else frame, **options)


LINEAR = {"models": ["linear"], "methods": ["cross-entropy"]}


# Data


def test_parts_keep_shares_of_labels_and_groups_and_no_row_is_in_two():
    given = tables.rows(people().assign(row=np.arange(600.0)), "y", group="site")
    assert given.groups == ("north", "south")
    made = splits.split(given, 3)
    assert [len(part.y) for part in made] == [360, 120, 120]
    # A feature of its own for each row tells where each row went.
    number = 2  # numbers come first, in the order of their columns
    assert len(np.unique(np.concatenate([part.x[:, number] for part in made]))) == 600
    whole = np.bincount(2 * given.group + given.y.astype(int), minlength=4) / 600
    for part in made:
        cells = np.bincount(2 * part.group + part.y.astype(int), minlength=4) / len(part.y)
        np.testing.assert_allclose(cells, whole, atol=0.01)


def test_features_are_made_by_training_rows_alone():
    given = tables.rows(people().assign(row=np.arange(600.0)), "y")
    made = splits.split(given, 0)
    np.testing.assert_allclose(made.train.x[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(made.train.x[:, 0].std(), 1, rtol=1e-5)
    number = 2  # numbers come first, in the order of their columns
    row = np.concatenate([part.x[:, number] for part in made]).argsort().argsort()
    other = given.features.copy()
    other.loc[row[-len(made.test.y) :], ["a", "color"]] = [1e6, "violet"]
    again = splits.split(given._replace(features=other), 0)
    np.testing.assert_array_equal(again.train.x, made.train.x)
    assert again.test.x[:, 0].min() > 1e5 and np.isfinite(again.test.x).all()


def test_positives():
    words = people().assign(y=lambda x: x["y"].map({1: "sick", 0: "well"}))
    assert tables.rows(words, "y").positive == "sick"  # the rarer one
    assert tables.rows(words, "y", positive="well").y.mean() > 0.5
    three = words.assign(y=np.where(words["a"] > 1.5, "old", words["y"]))
    assert tables.rows(three, "y", positive="sick").y.sum() == (three["y"] == "sick").sum()
    flipped = people().assign(y=lambda x: 1 - x["y"])
    assert tables.rows(flipped, "y").y.mean() > 0.5  # 1 is positive, whether rare or not


def test_polars_and_files_are_read_as_pandas_is(tmp_path):
    frame = people()
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame.to_csv(tmp_path / "rows.csv.gz", index=False)
    expected = splits.split(tables.rows(frame, "y"), 0)
    for source in (polars.from_pandas(frame), tmp_path / "rows.csv.gz"):
        found = splits.split(tables.rows(source, "y"), 0)
        np.testing.assert_allclose(found.test.x, expected.test.x, atol=1e-6)


CASES = {
    "no column": ({"target": "z"}, "`--target` must name a column of the frame, got 'z'"),
    "no group": ({"group": "z"}, "`--group` must name a column of the frame, got 'z'"),
    "one class": ({"y": 0}, "must be a column of two values, got 'y' with 1"),
    "three": ({"y": np.arange(600) % 3}, "got 'y' with 3: .*; name the one .* by --positive"),
    "few": ({"y": np.arange(600) < 9}, "10 rows of each label or more, got 9 positives"),
    "few negatives": ({"y": np.arange(600) > 8}, "got 9 negatives"),
    "missing": ({"y": [None, *[0.0, 1.0] * 299, 1.0]}, "got 1 missing of 600 in 'y', the first"),
    "positive": ({"positive": "7"}, "`--positive` must be a value of column 'y', got '7'"),
    "group as target": ({"group": "y"}, "`--target` must be a column of its own, got 'y'"),
    "group of none": (
        {"group": "g", "g": lambda x: np.where(x["y"] == 1, "a", x["site"])},
        "groups of 5 positives or more, got 0 in 'north' of column 'g'",
    ),
    "one group": ({"group": "g", "g": "a"}, "of 2 to 20 groups, got 'g' with 1"),
    "many groups": ({"group": "a"}, "of 2 to 20 groups, got 'a' with 600"),
    "group missing": ({"group": "color"}, "`--group` must be .* in every row, got"),
    "target again": (
        {"g": lambda x: np.where(x["y"] == 1, "yes", "no")},
        "column 'g' must not be the target in other words",
    ),
    "target by its absence": (
        {"g": lambda x: np.where(x["y"] == 1, "yes", None)},
        "column 'g' must not be the target in other words",
    ),
    "known of positives alone": (
        {"g": lambda x: np.where(x["y"] == 1, np.arange(600.0), np.nan)},
        "column 'g' must not be the target in other words",
    ),
    "too large": ({"b": 1e200}, "column 'b' must hold finite .* got 600 .* too large"),
    "infinite": ({"b": np.inf}, "column 'b' must hold finite numbers or nothing, got 600"),
    "nothing": ({"drop": ["a", "b", "color", "site"]}, "must have columns besides the target"),
    "models": ({"models": ["tree"]}, "`models` must be of linear, .*, got 'tree'"),
    "methods": ({"methods": ["magic"]}, "`methods` must be of cross-entropy, .*, got 'magic'"),
    "groups": ({"methods": ["penalty"]}, "got 'penalty'; name a group column"),
    "none left": ({"models": ["boosting"], "methods": ["focal"]}, "for boosting, got focal"),
    "seeds": ({"seeds": 0}, "`seeds` must be at least 1, got 0"),
    "metric": ({"metric": ss.prevalence}, "`metric` must be better when larger or when smaller"),
    "bound and groups": (
        {"group": "site", "subject_to": ss.at_least(ss.precision, 0.8)},
        "`subject_to` must do without groups, .*, got precision >= 0.8",
    ),
    "bound that cannot be shown": (
        {"subject_to": ss.at_least(ss.f1, 0.8), "confidence": 0.9},
        "`subject_to` with `confidence` takes bounds on recall, .* got f1",
    ),
    "confidence": ({"confidence": 0.9}, "`confidence` is that of the bounds of `subject_to`"),
    "max_gap": ({"max_gap": 2.0}, r"`max_gap` must lie in \[0, 1\], got 2.0"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said_before_training(name, monkeypatch):
    options, message = CASES[name]
    columns = {k: options[k] for k in ("y", "g", "b") if k in options}
    frame = people().assign(**columns)
    monkeypatch.setattr("softset_backends.compare.runner.fit", None)
    with pytest.raises(ValueError, match=message):
        fit(frame, **{k: v for k, v in options.items() if k not in columns})


def test_what_is_no_frame():
    with pytest.raises(TypeError, match="`data` must be a path or a data frame"):
        fit([[1, 2]])
    with pytest.raises(ValueError, match=r"there is no file nowhere\.csv"):
        fit("nowhere.csv")
    with pytest.raises(ValueError, match="columns of different names, got 'a' twice"):
        fit(people().rename(columns={"b": "a"}))
    with pytest.raises(ValueError, match="must have rows, got none"):
        fit(people().head(0))


# Training


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_every_framework_trains_the_same_linear_model(backend):
    """In float32, over 40 updates of Adam, which rounding moves by some 1e-6."""
    options = {**LINEAR, "seeds": 1}
    expected, found = fit(**options), fit(**options, backend=backend)
    for one, other in zip(expected, found, strict=True):
        assert one.setting == other.setting
        np.testing.assert_allclose(one.test["brier"], other.test["brier"], rtol=1e-4)
        np.testing.assert_allclose(
            [x[0] for x in one.calibration], [x[0] for x in other.calibration], rtol=1e-3
        )


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_every_framework_trains_networks_by_every_method(backend):
    """Two updates, after which all frameworks have the same network still."""
    known = methods(ss.f1, Bound(ss.recall, 0.1, 2), 3.0)
    skipped = () if _has("imblearn") else ("oversampling", "smote")
    options = {
        "models": ["mlp"],
        "methods": [name for name in known if name not in skipped],
        "seeds": 1,
        "group": "site",
        "max_gap": 0.1,
        "budget": Budget(updates=2, batch=64, checks=1),
    }
    if backend in ("jax", "tensorflow"):  # which compile each for seconds
        options["methods"] = ["cross-entropy + metric", "penalty", "focal"]
    found = fit(**options, backend=backend)
    assert {record.method for record in found} == set(options["methods"])
    expected = fit(**options)
    for one, other in zip(expected, found, strict=True):
        assert one.setting == other.setting
        # A ranking has no level, so that the offset is moved by rounding alone.
        name = "average_precision" if one.method == "pairwise" else "brier"
        np.testing.assert_allclose(one.test[name], other.test[name], rtol=1e-4)


def _has(name):
    from importlib.util import find_spec

    return find_spec(name) is not None


def test_a_linear_model_comes_near_that_of_scikit_learn():
    frame = people(3000)
    budget = Budget(updates=400, batch=512, checks=8)
    records = fit(frame, **LINEAR, seeds=1, budget=budget)
    made = splits.split(tables.rows(frame, "y"), 0)
    model = LogisticRegression(C=1e6).fit(made.train.x, made.train.y)
    p = model.predict_proba(made.test.x)[:, 1]
    at_half = next(record for record in records if record.rule == "0.5")
    # A model of 400 updates, chosen by F1 and not by cross-entropy.
    assert abs(at_half.test["f1"] - f1_score(made.test.y, p >= 0.5)) < 0.03
    ap = average_precision_score(made.test.y, p)
    assert abs(at_half.test["average_precision"] - ap) < 0.02


def test_the_focal_loss_and_its_gradient():
    rng = np.random.default_rng(0)
    y, z = (rng.random(20) < 0.3).astype(float), rng.normal(size=20)
    p = np.where(y == 1, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z)))
    loss = Focal(2.0)
    value, gradient = loss.value_and_grad(y, z)
    np.testing.assert_allclose(value, np.mean(-((1 - p) ** 2) * np.log(p)), rtol=1e-12)
    np.testing.assert_allclose(loss(y, z), value, rtol=1e-12)
    for i in range(20):
        h = 1e-5 * (np.arange(20) == i)
        slope = (loss(y, z + h) - loss(y, z - h)) / 2e-5
        np.testing.assert_allclose(gradient[i], slope, rtol=1e-6, atol=1e-10)


def test_all_methods_try_as_many_settings():
    for method in methods(ss.f1, Bound(ss.recall, 0.1, 2), 3.0).values():
        settings = method.settings(0.01)
        assert len(settings) == SETTINGS == len({tuple(x.values()) for x in settings})


def test_reweighing_makes_labels_and_groups_independent():
    method = methods(ss.f1, Bound(ss.recall, 0.1, 2), 3.0)["reweighing"]
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 500)
    y = (rng.random(500) < 0.2 + 0.3 * group).astype(float)
    weight = method.row_weight(y, group, {"equal": 0.0})
    shares = [np.average(y[group == g], weights=weight[group == g]) for g in (0, 1)]
    np.testing.assert_allclose(shares, y.mean(), rtol=1e-12)
    weight = method.row_weight(y, group, {"equal": 1.0})
    cells = np.bincount(2 * group + y.astype(int), weights=weight)
    np.testing.assert_allclose(cells, 125, rtol=1e-12)


# Choices


def test_values_and_gaps_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    n = 300
    y, p, group = (rng.random(n) < 0.4).astype(float), rng.random(n), rng.integers(0, 2, n)
    judge = Judge(ss.f1, Bound(ss.recall, 0.1, 2))
    part = splits.Part(None, y, group)
    for cut in (0.4, np.asarray([0.3, 0.6])):
        decided = p >= (cut if np.isscalar(cut) else cut[group])
        values = judge.values(part, p, cut)
        recalls = [recall_score(y[group == g], decided[group == g]) for g in (0, 1)]
        np.testing.assert_allclose(values["f1"], f1_score(y, decided), rtol=1e-12)
        np.testing.assert_allclose(values["gap"], abs(recalls[0] - recalls[1]), rtol=1e-12)


def test_thresholds_are_within_the_bound_where_they_can_be():
    rng = np.random.default_rng(1)
    n = 400
    group = rng.integers(0, 2, n)
    y = (rng.random(n) < 0.3).astype(float)
    p = 1 / (1 + np.exp(-rng.normal(np.where(group == 0, 2.0, 1.0) * y - 1, 1.0)))
    judge = Judge(ss.f1, Bound(ss.recall, 0.02, 2))
    part = splits.Part(None, y, group)
    free = judge._replace(bound=None).cut(y, p, group)
    one = judge.cut(y, p, group)
    each = judge.cut(y, p, group, by_group=True)
    assert judge.values(part, p, free)["gap"] > 0.02
    assert judge.values(part, p, one)["gap"] <= 0.02 >= judge.values(part, p, each)["gap"]
    values = [judge.values(part, p, cut)["f1"] for cut in (one, each, free)]
    assert values[0] < min(values[1:])
    assert judge.rank({"f1": 0.1, "gap": 0.02}) > judge.rank({"f1": 0.9, "gap": 0.03})
    assert judge.rank({"f1": 0.1, "gap": 0.03}) > judge.rank({"f1": 0.9, "gap": 0.04})


def test_a_metric_that_is_better_when_smaller_is_made_small():
    metric = partial(ss.expected_cost, fp=1.0, fn=5.0)
    judge = Judge(metric, None)
    assert judge.rank({judge.name: 0.1}) > judge.rank({judge.name: 0.2})
    records = fit(**LINEAR, metric=metric)
    by_rule = {rule: [r for r in records if r.rule == rule] for rule in ("0.5", "labels")}
    means = {rule: np.mean([r.validation[judge.name] for r in of]) for rule, of in by_rule.items()}
    assert means["labels"] < means["0.5"]


def test_a_threshold_is_worth_less_on_rows_that_did_not_choose_it():
    """Of scores that say nothing no threshold is better than all rows or none."""
    rng = np.random.default_rng(0)
    judge, own, other = Judge(ss.matthews_corrcoef, None), [], []
    for _ in range(50):
        y, p = np.repeat([0.0, 1.0], 30), rng.random(60)
        part = splits.Part(None, y, np.zeros(60, int))
        own.append(judge.values(part, p, judge.cut(y, p, None))[judge.name])
        other.append(value_elsewhere(judge, part, p, "labels", by_group=False))
    # Some 0.13 for one value, so 0.02 for the mean of fifty.
    assert np.mean(own) > 0.15 and abs(np.mean(other)) < 0.06


def test_expected_labels_are_those_of_each_group():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 4000)
    y = (rng.random(4000) < p).astype(float)
    group = rng.integers(0, 2, 4000)
    assert labels_of("labels", y, p, group) is y
    share = 300 / 4300
    # The scores are calibrated, so that the logistic regression on them changes little.
    expected = (labels_of("expected", y, p, group) - (1 - share) * y) / share
    np.testing.assert_allclose(expected, p, atol=0.05)
    # Those of one group say too little; as many positives are expected as there are.
    low = np.where(group == 1, p**3, p)
    expected = (labels_of("expected", y, low, group) - (1 - share) * y) / share
    for one in (0, 1):
        own = group == one
        np.testing.assert_allclose(expected[own].mean(), y[own].mean(), atol=0.01)


# Records


def test_records_have_what_they_promise():
    records = fit(**LINEAR, group="site", max_gap=0.2)
    assert [r.rule for r in records] == ["0.5", "labels", "expected"] * 2
    assert [r.seed for r in records] == [0] * 3 + [1] * 3
    for r in records:
        assert {"f1", "gap"} <= set(r.validation) and r.setting.keys() == {"learning_rate"}
        assert {"f1", "gap", "average_precision", "brier"} <= set(r.test)
        assert len(r.calibration) == 10 and sum(x[2] for x in r.calibration) == 120
        assert len(r.curve) == 51 and r.seconds > 0
        assert (r.threshold == 0.5) == (r.rule == "0.5") or r.rule != "0.5"


def test_bounds_hold_where_thresholds_are_chosen_and_shown_ones_are_stricter(tmp_path):
    frame = people(2000)
    bound = ss.at_least(ss.recall, 0.6)
    options = {"subject_to": bound, "confidence": 0.9, "metric": ss.precision, "out": tmp_path}
    records = fit(frame, **LINEAR, **options)
    assert [r.rule for r in records] == ["0.5", "labels", "expected", "guarantee"] * 2
    for seed in (0, 1):
        _, labels, _, shown = records[4 * seed : 4 * seed + 4]
        # Positives of 100 are found if 0.6 are in the population and 67 here: 67 is the least
        # number with a probability of 0.1 or less.
        assert labels.validation["recall"] >= 0.6 and shown.validation["recall"] >= 0.66
        assert shown.threshold < labels.threshold
        assert shown.test["recall"] >= labels.test["recall"]
    before = (tmp_path / "records.jsonl").read_text()
    again = fit(frame, **LINEAR, **options)
    assert again == records and (tmp_path / "records.jsonl").read_text() == before


def test_what_few_rows_cannot_show_is_not_known():
    bound = ss.at_least(ss.precision, 0.9)
    records = fit(people(200), **LINEAR, subject_to=bound, confidence=0.95, seeds=1)
    (shown,) = [r for r in records if r.rule == "guarantee"]
    # It takes 29 rows in a row that are right; there are 40 rows, 10 of them positive.
    assert np.isnan([shown.threshold, *shown.validation.values(), shown.test["f1"]]).all()
    assert set(shown.validation) == {"f1", "precision"}


def test_models_within_the_bound_come_first():
    for bound, name in (
        (ss.at_least(ss.precision, 0.8), "precision"),
        (ss.at_most(ss.false_positive_rate, 0.1), "false_positive_rate"),
    ):
        judge = Judge(ss.recall, None, bound)
        good, near, far = (0.8, 0.7, 0.6) if name == "precision" else (0.1, 0.2, 0.3)
        ranks = [
            judge.rank({"recall": recall, name: x})
            for recall, x in ((0.1, np.nan), (0.9, far), (0.5, near), (0.2, good), (0.4, good))
        ]
        assert ranks == sorted(ranks) and [kept for kept, _ in ranks] == [False] * 3 + [True] * 2


def test_groups_have_a_threshold_each():
    (one, *_) = fit(models=["linear"], methods=[BY_GROUP], group="site", seeds=1)
    assert len(one.threshold) == 2 and one.validation["gap"] <= 0.03


def test_a_run_is_the_same_again_and_in_processes():
    options = {"models": ["linear"], "methods": ["cross-entropy", "pairwise"], "seeds": 1}
    first, again = fit(**options), fit(**options, jobs=2)
    assert [r._replace(seconds=0) for r in first] == [r._replace(seconds=0) for r in again]


def test_a_run_that_was_killed_continues(tmp_path, monkeypatch):
    """What is there is not fitted again, but for the fit that was cut off half-way."""
    options = {"models": ["linear"], "methods": ["cross-entropy", "pairwise"], "out": tmp_path}
    whole = fit(**options)
    path = tmp_path / "records.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 12
    # Killed while the last line was written, and again before the second fit had written any.
    for kept, fits in ("".join(lines)[:-40], ["pairwise"]), ("".join(lines[:7]), ["pairwise"]):
        path.write_text(kept)
        told = []
        again = fit(**options, progress=lambda done, total, name, told=told: told.append(name))
        assert told == ["", *(f"linear, {name}" for name in fits)]
        assert [r._replace(seconds=0) for r in again] == [r._replace(seconds=0) for r in whole]
        assert len(read(path)[1]) == 12
    told = []
    fit(**options | {"methods": ["pairwise"]}, progress=lambda *x: told.append(x))
    assert told == [(1, 1, "")]
    header = json.loads(lines[0])
    assert header["arguments"]["backend"] == "numpy" and header["packages"]["numpy"]
    with pytest.raises(ValueError, match="a folder without records of other data"):
        fit(people(seed=1), **options)
    with pytest.raises(ValueError, match="a folder without records of other arguments"):
        fit(**options, seeds=3)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosted_trees(library, monkeypatch):
    pytest.importorskip(library, reason=f"{library} is not installed")
    monkeypatch.setattr("softset_backends.compare.boosting.installed", lambda: library)
    names = ["cross-entropy", "metric (linear)", "cross-entropy, then metric", "penalty"]
    options = {"models": ["boosting"], "seeds": 1, "group": "site", "max_gap": 0.1}
    records = fit(**options, methods=names)
    assert [r.method for r in records[::3]] == names
    assert all(0 < r.setting["n_estimators"] <= 40 for r in records)
    assert min(r.test["average_precision"] for r in records) > 0.7
