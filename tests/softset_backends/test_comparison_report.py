"""What a comparison says of the fits that it made: numbers, words, code and files."""

from __future__ import annotations

import csv
import html.parser
import json
import math
from functools import partial

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("jinja2")

import softset as ss
from softset_backends.compare import Question, boosting, recommend, summarise, table
from softset_backends.compare.question import METHODS
from softset_backends.compare.report import write
from softset_backends.compare.snippets import code_of
from softset_backends.compare.statistics import estimate, holm, mean_ranks, paired
from tests.support.compared import records

GAINS = [0.031, 0.012, 0.019, 0.044, 0.023, 0.008, 0.027, -0.004]


# The numbers


def test_posterior_is_that_of_a_simulation():
    """Draw the variance and the mean of correlated normal values from their posterior."""
    rng = np.random.default_rng(0)
    n, rho = len(GAINS), 0.25
    correlated = np.full((n, n), rho) + (1 - rho) * np.eye(n)
    inverse = np.linalg.inv(correlated)
    mean = np.mean(GAINS)
    squares = (GAINS - mean) @ inverse @ (GAINS - mean)
    # With the prior 1 / variance, of the normal model's two parameters.
    variance = squares / rng.chisquare(n - 1, size=400_000)
    drawn = mean + np.sqrt(variance / inverse.sum()) * rng.normal(size=400_000)
    found = paired(GAINS, equivalent=0.01, test_ratio=rho / (1 - rho))
    shares = (drawn < -0.01).mean(), (np.abs(drawn) <= 0.01).mean(), (drawn > 0.01).mean()
    assert np.allclose(found[4:7], shares, atol=4e-3)  # five standard errors
    assert np.allclose(found[2:4], np.quantile(drawn, (0.025, 0.975)), atol=3e-4)


@pytest.mark.parametrize(
    ("rope", "expected"),
    [
        (0.01, (0.010147920173913229, 0.16609682237284285, 0.823755257453244)),
        (0.02, (0.002650303535500624, 0.49734969646449934, 0.5)),
    ],
)
def test_posterior_is_that_of_baycomp(rope, expected):
    """Compare with two_on_single(zeros(8), GAINS, rope, runs=2) of baycomp 1.0.3: 4 folds twice."""
    found = paired(GAINS, equivalent=rope, test_ratio=1 / 3)
    assert np.allclose(found[4:7], expected, rtol=1e-12)


def test_without_correction_it_is_the_t_test():
    from scipy.stats import ttest_1samp

    plain = ttest_1samp(GAINS, 0.0)
    found = paired(GAINS, equivalent=0.01, test_ratio=0.0)
    assert np.isclose(found.p, plain.pvalue, rtol=1e-12)
    ends = plain.confidence_interval(0.95)
    assert np.allclose(found[2:4], (ends.low, ends.high), rtol=1e-12)


def test_correction_makes_the_spread_larger_by_its_factor():
    plain, corrected = (paired(GAINS, 0.01, ratio) for ratio in (0.0, 1 / 3))
    factor = math.sqrt(1 + len(GAINS) / 3)
    assert np.isclose(corrected.high - corrected.mean, factor * (plain.high - plain.mean))


@pytest.mark.parametrize("gain", [0.0, 0.01, 0.02, -0.02])
def test_equal_differences_leave_no_doubt(gain):
    found = paired([gain] * 4, equivalent=0.01, test_ratio=1 / 3)
    assert found[:4] == (4, gain, gain, gain)
    assert found[4:7] == (gain < -0.01, abs(gain) <= 0.01, gain > 0.01)
    assert found.p == (gain == 0)


def test_what_is_not_known_is_not_a_number():
    assert math.isnan(estimate([], 1 / 3).mean)
    found = paired([0.02], 0.01, 1 / 3)
    assert found[:2] == (1, 0.02) and all(math.isnan(x) for x in found[2:])
    assert paired([0.02, math.nan, 0.04], 0.01, 1 / 3) == paired([0.02, 0.04], 0.01, 1 / 3)


def test_holm_is_that_of_r():
    """Compare with p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") of R."""
    shuffled = holm([0.04, 0.01, math.nan, 0.05, 0.03, 0.02])
    assert np.allclose(shuffled, [0.09, 0.05, math.nan, 0.09, 0.09, 0.08], equal_nan=True)


def test_ranks_are_of_those_with_every_split():
    values = {"a": {0: 1.0, 1: 0.2}, "b": {0: 0.5, 1: 0.4}, "c": {0: 0.5, 1: 0.1}, "d": {0: 2.0}}
    assert mean_ranks(values) == {"a": 1.5, "b": 1.75, "c": 2.75}


# The recommendation

PLAIN = {"cross-entropy": 0.0, "class-weighted": 0.002, "metric (linear)": 0.03}


def test_the_best_is_recommended_and_its_gain_is_that_of_test_rows():
    found = recommend(records(methods=PLAIN), Question(ss.f1))
    assert (found.method, found.model, found.rule, found.kept) == (
        *("metric (linear)", "linear", "expected"),
        True,
    )
    assert found.text.startswith("Train a linear model on the loss of f1 with the step Linear ")
    row = next(
        row
        for row in summarise(records(methods=PLAIN), Question(ss.f1))
        if row.key == ("linear", "metric (linear)", "expected")
    )
    assert f"f1 on test rows is {row.test.mean:.3f} [{row.test.low:.3f}, " in found.text
    assert f"by {row.gain.mean:+.3f} [{row.gain.low:+.3f}, " in found.text
    assert row.gain.better > 0.95 and "It is better than cross-entropy" in found.text


def test_no_practical_difference_leaves_the_simplest():
    question = Question(ss.f1, equivalent=0.1)
    found = recommend(records(models=("mlp", "linear"), methods=PLAIN), question)
    assert (found.method, found.model, found.rule) == ("cross-entropy", "linear", "0.5")
    assert "was ahead by 0.0" in found.text and "no practical difference" in found.text


def test_the_choice_does_not_look_at_test_rows():
    """Test rows that say the opposite change what is said, not what is chosen."""
    found = [
        r._replace(test=r.test | {"f1": 1 - r.test["f1"]}) for r in records(methods=PLAIN, spread=0)
    ]
    chosen = recommend(found, Question(ss.f1))
    assert chosen.method == "metric (linear)"
    assert "On test rows it is worse than" in chosen.text


def test_smaller_may_be_better():
    methods = {"cross-entropy": 0.0, "class-weighted": 0.03, "metric (linear)": -0.03}
    found = recommend(records(methods=methods, metric="error_rate"), Question(ss.error_rate))
    assert found.method == "metric (linear)" and "It is better than" in found.text


GAPS = {"cross-entropy": 0.2, "class-weighted": 0.02, "metric (linear)": 0.1}


@pytest.mark.parametrize(
    ("bound", "method", "kept"),
    [
        (0.3, "metric (linear)", True),
        (0.05, "class-weighted", True),
        (0.001, "class-weighted", False),
    ],
)
def test_a_bound_on_the_gap_comes_first(bound, method, kept):
    question = Question(ss.f1, max_gap=bound, of=ss.recall)
    found = recommend(records(methods=PLAIN, gaps=GAPS), question)
    assert (found.method, found.kept) == (method, kept)
    assert f"Its gap of recall is 0.{'1' if method.startswith('metric') else '0'}" in found.text
    assert ("Nothing that was tried (9 ways of training) kept" in found.text) == (not kept)
    assert (f"above the bound of {bound:g}" in found.text) == (not kept)


PRECISE = ss.at_least(ss.precision, 0.8)
# The precision of validation rows and of test rows, by rule.
PRECISIONS = {"0.5": (0.7, 0.7), "labels": (0.81, 0.79), "guarantee": (0.9, 0.88)}


def bounded(rules=PRECISIONS, lost=None):
    """Return records with a precision, of which "guarantee" has none on the split `lost`."""
    gains = {"0.5": 0.2, "labels": 0.0, "guarantee": -0.1}
    found = []
    for r in records(methods=PLAIN, rules={rule: gains[rule] for rule in rules}):
        values = zip(("validation", "test"), rules[r.rule], strict=True)
        parts = {part: getattr(r, part) | {"precision": x} for part, x in values}
        if (r.rule, r.seed) == ("guarantee", lost):
            parts = {
                part: of_part | {"f1": math.nan, "precision": math.nan}
                for part, of_part in parts.items()
            }
        found.append(r._replace(**parts))
    return found


def test_what_shows_a_bound_is_preferred_and_says_what_it_costs():
    question = Question(ss.f1, subject_to=PRECISE, confidence=0.9)
    found = recommend(bounded(), question)
    assert (found.method, found.rule, found.kept) == ("metric (linear)", "guarantee", True)
    assert "so that they show precision >= 0.8 with a confidence of 0.9." in found.text
    assert "which kept precision >= 0.8 on 5 of 5 splits" in found.text
    assert "That costs 0.1" in found.text or "That costs 0.09" in found.text
    assert "not shown, they kept it on 0 of 5 splits" in found.text
    # Compared with cross-entropy that shows it too, so that its price is no loss.
    assert "It is better than cross-entropy with a threshold that shows the bound" in found.text
    assert "subject_to=(bound,),\n    confidence=0.9," in found.code
    assert "bound = ss.at_least(ss.precision, 0.8)" in found.code


def test_where_nothing_shows_a_bound_it_is_said():
    question = Question(ss.f1, subject_to=PRECISE, confidence=0.9)
    found = recommend(bounded(lost=2), question)
    assert (found.rule, found.kept) == ("labels", True)
    assert found.text.startswith("No way of training has a threshold on every split at which")
    assert "on the labels of validation rows, of those with precision >= 0.8." in found.text
    assert "confidence" not in found.code and "subject_to=(bound,)" in found.code


def test_a_bound_that_nothing_keeps_is_said():
    found = recommend(bounded({"0.5": (0.7, 0.7)}), Question(ss.f1, subject_to=PRECISE))
    assert not found.kept and "precision >= 0.8 on validation rows; the nearest" in found.text
    assert "bound" not in found.code


def test_the_table_says_how_often_a_bound_was_kept():
    question = Question(ss.f1, subject_to=PRECISE, confidence=0.9)
    cells = table(bounded(lost=2), question).cells
    assert cells[0][-2:] == ["kept: labels", "kept: guarantee"]
    assert [line[-2:] for line in cells[1:]] == [["0 of 5", "4 of 4"]] * 3


@pytest.mark.parametrize(("seeds", "said"), [(1, "one split"), (2, "With 2 splits"), (5, "")])
def test_few_splits_are_said_to_be_few(seeds, said):
    found = recommend(records(methods=PLAIN, seeds=seeds), Question(ss.f1))
    assert said in found.text and ("uncertain" in found.text) == bool(said)
    assert "nan" not in found.text


def test_the_order_of_records_does_not_matter(tmp_path):
    found = records(models=("linear", "mlp"), methods=PLAIN, gaps=GAPS, seeds=3)
    question = Question(ss.f1, max_gap=0.05, of=ss.recall)
    write(found, tmp_path / "one", question)
    order = np.random.default_rng(0).permutation(len(found))
    for file in write([found[i] for i in order], tmp_path / "two", question):
        assert file.read_bytes() == (tmp_path / "one" / file.name).read_bytes(), file.name


def test_what_has_no_value_on_a_split_is_left_out_and_named():
    found = records(methods=PLAIN, rules={"labels": 0.0})
    lost = [r for r in found if (r.method, r.seed) != ("metric (linear)", 4)]
    undefined = [
        r._replace(validation={"f1": math.nan}, test={"f1": math.nan})
        if (r.method, r.seed) == ("metric (linear)", 4)
        else r
        for r in found
    ]
    for some in (lost, undefined):
        chosen = recommend(some, Question(ss.f1))
        assert chosen.method == "cross-entropy"
        assert "Left out of the choice" in chosen.text and "metric (linear)" in chosen.text
        *_, row = summarise(some, Question(ss.f1))
        assert (row.test.splits, row.gain.splits) == (4, 4) and math.isfinite(row.gain.p)
        assert math.isnan(row.rank)


def test_all_equal_is_cross_entropy():
    same = dict.fromkeys(PLAIN, 0.0)
    found = records(methods=same, rules={"labels": 0.0}, spread=0.0)
    chosen = recommend(found, Question(ss.f1))
    assert chosen.method == "cross-entropy" and "That is the usual way" in chosen.text
    assert {row.rank for row in summarise(found, Question(ss.f1))} == {2.0}


def test_without_a_baseline_no_gain_is_claimed():
    found = records(methods={"metric (linear)": 0.0})
    chosen = recommend(found, Question(ss.f1))
    assert "is not known" in chosen.text and "missing" in chosen.text


@pytest.mark.parametrize(
    ("some", "message"),
    [
        ([], "must hold at least one fit, got none"),
        (records(seeds=1, metric="recall"), "must have the metric f1, got recall"),
        (records(seeds=1) * 2, "must hold each fit once, got two of linear, cross-entropy, 0.5 on"),
        (
            [r._replace(validation={"f1": math.nan}) for r in records(seeds=1)],
            "must hold values of f1 on validation rows, got none",
        ),
    ],
)
def test_unusable_records_are_refused(some, message):
    with pytest.raises(ValueError, match=message):
        recommend(some, Question(ss.f1))


def test_gaps_that_are_missing_are_refused():
    with pytest.raises(ValueError, match="must hold a gap on validation rows, got none"):
        recommend(records(seeds=1), Question(ss.f1, max_gap=0.1, of=ss.recall))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"equivalent": -1.0}, "`equivalent` must be a number from 0 on, got -1.0"),
        ({"max_gap": 0.1}, "`max_gap` needs `of`"),
        ({"confidence": 0.9}, "`confidence` is that of the bounds of `subject_to`, got none"),
        (
            {"max_gap": 0.1, "of": ss.recall, "subject_to": PRECISE},
            "`subject_to` must do without groups",
        ),
        ({"metric": ss.prevalence}, "neither better when larger nor"),
    ],
)
def test_unusable_questions_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Question(**options)


# The code


def arrays(n=120):
    """Return what the code is for: rows in three parts, two groups."""
    rng = np.random.default_rng(0)
    found = {}
    for part in ("train", "validation", "test"):
        y = rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)
        found[f"y_{part}"] = y
        found[f"x_{part}"] = rng.normal(size=(n, 4)) + 2.0 * y[:, None]
        found[f"groups_{part}"] = rng.integers(0, 2, size=n)
    return found


def decide(code, data):
    """Run code with few updates; return its decisions."""
    short = code.replace("range(1000)", "range(60)").replace("1000", "60")
    namespace = dict(data)
    exec(compile(short.replace("500", "30"), "code", "exec"), namespace)
    return namespace["decisions"]


FAIR = Question(partial(ss.fbeta, beta=2.0), max_gap=0.3, of=ss.recall)


def check_code(method, model, rule, backend):
    if method == "smote":
        pytest.importorskip("imblearn")
    question = Question(FAIR.metric, max_gap=0.3, of=ss.recall, backend=backend)
    settings = [{"learning_rate": 0.05}] * 3
    code = code_of(question, (model, method, rule), settings)
    data = arrays()
    decisions = decide(code, data)
    assert decisions.shape == (120,) and decisions.dtype == bool
    # The classes are four standard deviations apart.
    assert (decisions == data["y_test"]).mean() > 0.8, code
    return code


# What the loop of a framework has a line of its own for; the others differ in the loss alone.
LOOPS = {
    *("cross-entropy", "focal", "cross-entropy, then metric", "micro-batches"),
    *("reweighing", "lagrangian"),
}
NAMES = ("numpy", "torch", "jax", "tensorflow")
CODES = [
    (name, method)
    for name in NAMES
    for method in METHODS
    if name in ("numpy", "torch") or method in LOOPS
]


@pytest.mark.parametrize(("name", "method"), CODES)
def test_code_runs(name, method):
    pytest.importorskip(name)
    # Every other method of a framework with the network, and of the next one the others.
    model = ("mlp", "linear")[(METHODS.index(method) + NAMES.index(name)) % 2]
    rule = ("labels", "expected")[METHODS.index(method) // 2 % 2]
    check_code(method, model, rule, name)


@pytest.mark.parametrize("method", boosting.METHODS)
@pytest.mark.parametrize("library", boosting.LIBRARIES)
def test_code_of_boosting_runs(method, library, monkeypatch):
    pytest.importorskip(library)
    monkeypatch.setattr("softset_backends.compare.snippets.installed", lambda: library)
    code = check_code(method, "boosting", "labels", "torch")
    assert f"from {library} import" in code


@pytest.mark.parametrize("rule", ["labels", "expected", "guarantee"])
def test_code_of_a_bound_runs(rule):
    question = Question(ss.f1, subject_to=ss.at_least(ss.recall, 0.7), confidence=0.9)
    data = arrays()
    code = code_of(question, ("linear", "cross-entropy", rule))
    decisions = decide(code, data)
    assert decisions[data["y_test"] == 1].mean() > 0.7 and ("confidence" in code) == (
        rule == "guarantee"
    )


def test_code_has_the_median_of_what_was_tuned():
    settings = [{"learning_rate": x, "weight": 10 * x} for x in (0.1, 0.4, 0.2)]
    code = code_of(Question(ss.f1), ("mlp", "class-weighted", "0.5"), settings)
    assert "lr=0.2)" in code and "pos_weight=2)" in code and "best_threshold" not in code


def test_code_of_groups_needs_a_bound():
    with pytest.raises(ValueError, match="`method` penalty needs a question with `of`"):
        code_of(Question(ss.f1), ("mlp", "penalty", "0.5"))


@pytest.mark.parametrize("key", [("boosting", "pairwise"), ("mlp", "magic"), ("forest", "focal")])
def test_code_is_of_ways_that_there_are(key):
    with pytest.raises(ValueError, match="`key` must be a way of training that there is, got "):
        code_of(Question(ss.f1), (*key, "0.5"))


# The files


class Parser(html.parser.HTMLParser):
    """Checks that tags are closed in order, and keeps texts, images and addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text, self.sources = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_page_is_whole_needs_nothing_else_and_escapes(tmp_path):
    nasty = '<script>alert("x")</script> & `a|b`'
    found = records(methods=PLAIN, gaps=GAPS, seeds=2)
    question = Question(ss.f1, max_gap=0.05, of=ss.recall)
    header = {"command": f"softset compare {nasty}.csv", "data": {nasty: 1}}
    html_file, markdown_file = write(
        found, tmp_path, question, header=header, formats=["html", "markdown"]
    )
    parser = Parser()
    parser.feed(html_file.read_text("utf-8"))
    parser.close()
    assert not parser.open and "script" not in parser.tags
    assert f"softset compare {nasty}.csv" in parser.text and f"data {nasty}" in parser.text
    assert len(parser.sources) == 5
    assert all(source.startswith("data:image/png;base64,") for source in parser.sources)
    text = markdown_file.read_text("utf-8")
    assert "<script>" not in text and r"&#96;a\|b&#96;" in text


def test_files_hold_every_fit(tmp_path):
    found = records(methods=PLAIN, seeds=3)
    found[0] = found[0]._replace(test={"f1": math.nan}, validation={"f1": math.nan})
    names = [
        file.name for file in write(found, tmp_path / "a", Question(ss.f1), formats=["csv", "json"])
    ]
    assert names == ["summary.csv", "fits.csv", "report.json"]
    fits = list(csv.DictReader((tmp_path / "a" / "fits.csv").read_text().splitlines()))
    assert len(fits) == len(found) and fits[0]["test_f1"] == ""
    content = json.loads((tmp_path / "a" / "report.json").read_text())
    assert len(content["fits"]) == len(found) and content["fits"][0]["test"]["f1"] is None
    assert content["recommendation"]["method"] == "metric (linear)"
    row = summarise(found, Question(ss.f1))[-1]
    assert content["summary"][-1]["gain_better"] == row.gain.better
    rows = list(csv.DictReader((tmp_path / "a" / "summary.csv").read_text().splitlines()))
    assert float(rows[-1]["gain_mean"]) == row.gain.mean


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match="`formats` must be of csv, json, markdown, html, got 'pdf'"
    ):
        write(records(seeds=1), tmp_path, Question(ss.f1), formats=["pdf"])


def test_table_is_by_model_and_method():
    found = table(records(models=("mlp", "linear"), methods=PLAIN, gaps=GAPS), Question(ss.f1))
    assert found.cells[0] == [
        *("model", "method", "0.5", "expected", "labels"),
        *("gain [95%]", "worse", "equal", "better", "gap [95%]"),
    ]
    assert [line[0] for line in found.cells[1:]] == ["linear"] * 3 + ["mlp"] * 3
    assert found.sections == [3]
    assert found.cells[1][5:9] == ["compared with", "", "", ""]
    assert all(len(line) == 10 for line in found.cells)
