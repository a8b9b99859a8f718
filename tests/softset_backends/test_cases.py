"""The cases of `softset check`: what they cover, and that every backend passes them."""

import importlib

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from softset.metrics import tables
from softset_backends.check import case_parts, cases
from softset_backends.check.processes import run_all
from tests.support import marks

ALL = sb.available()


EVERY = {(s, m, x) for s in cases.STEPS for m in cases.MODES for x in cases.METRICS}


def of_steps(jobs):
    return [job for job in jobs if isinstance(job.case, cases.Case)]


def met(jobs, mode):
    """Return the steps, ways to count and metrics that meet in a backend's mode, once each."""
    mine = [job for job in of_steps(jobs) if mode in job.modes]
    assert all(job.dtypes == ("float64", "float32") for job in mine)
    found = [(job.case.step, job.case.mode, x) for job in mine for x in job.case.metrics]
    assert len(found) == len(set(found))
    return set(found)


def pairs(triples):
    return [{(t[i], t[j]) for t in triples} for i, j in ((0, 1), (0, 2), (1, 2))]


def singles(triples):
    return [{t[i] for t in triples} for i in range(3)]


def test_full_is_the_product():
    for mode in cases.modes_of(ALL):
        found = met(cases.every_job(ALL), mode)
        assert found == EVERY or (mode == "compile" and pairs(found) == pairs(EVERY))


def test_pairs_are_compiled():
    for mode in cases.modes_of(ALL):
        found = met(cases.pair_jobs(ALL), mode)
        if mode == "eager":
            assert found == EVERY
        elif mode == "compile":
            assert [{t[i] for t in found} for i in range(3)] == [
                {t[i] for t in EVERY} for i in range(3)
            ]
        else:
            assert pairs(found) == pairs(EVERY)


def test_sample_covers():
    every = cases.sample_jobs(ALL)
    jobs = of_steps(every)
    for mode in cases.modes_of(ALL):
        mine = [job for job in jobs if mode in job.modes]
        assert {d for job in mine for d in job.dtypes} == {"float64", "float32"}
        if mode == "compile":
            continue
        assert {job.case.step for job in mine} == set(cases.STEPS)
        assert {job.case.mode for job in mine} == set(cases.MODES)
        assert {x for job in mine for x in job.case.metrics} == set(cases.METRICS)
    modes = {mode for job in jobs for mode in job.modes}
    assert modes == {mode for name in ALL for mode in sb.get(name).MODES}
    others = [job for job in every if job not in jobs]
    names = {name for job in others for name in job.case.metrics}
    assert names == {name for losses in cases.BESIDE.values() for name in losses}
    of_sizes = {job.case.mode: modes - {"compile"} - set(job.modes) for job in others}
    assert of_sizes == {"table": modes & {"function"}, "groups": set(), "weighted": set()}


def test_full_and_pairs_have_the_losses_beside_the_product():
    for jobs in (cases.every_job(ALL), cases.pair_jobs(ALL)):
        others = [job for job in jobs if not isinstance(job.case, cases.Case)]
        assert sorted(map(str, (job.case for job in others))) == sorted(cases.BESIDE)
    compiled = tuple(m for m in cases.modes_of(ALL) if m not in ("eager", "compile"))
    sized = tuple(m for m in compiled if m != "function")  # a table has to know its classes
    assert [job.modes for job in others] == [
        *[("eager",)] * 3, ("eager", *sized), *[("eager", *compiled)] * 2
    ]  # fmt: skip
    assert {
        type(loss.keywords["surrogate"])
        for loss in cases.OTHERS.values()
        if "surrogate" in getattr(loss, "keywords", {})
    } == {ss.Squared, ss.SquaredHinge, ss.Logistic, ss.WilcoxonMannWhitney}


def test_cases_name_every_metric_and_step():
    names = {name.partition("(")[0] for name in cases.METRICS}
    assert names == set(ss.metrics.__all__) - {"larger_is_better"}
    steps = {type(step) for family in cases.STEPS.values() for step in family}
    public = [getattr(ss, name) for name in ss.__all__]
    found = {x for x in public if isinstance(x, type) and hasattr(x, "symmetric")}
    # Those that look along a class axis: Softmax is that of the tables, the others only decide.
    assert steps == found - {ss.ArgMax, ss.Softmax, ss.TopK}
    averages = {
        type(loss.metric).__name__
        for step in cases.STEPS
        for loss in cases.Case(step, "averages").bundle().losses
        if "f1" in repr(loss.metric)
    }
    assert averages == {"Micro", "Macro", "Weighted", "Samples"}


def test_cases_name_every_metric_of_tables_and_across_groups():
    found = [loss.metric for loss in cases.BESIDE["table"].values()]
    of_tables = {getattr(metric, "metric", metric) for metric in found}  # without options
    assert of_tables >= set(tables.TABLES)
    kinds = {type(loss.metric).__name__ for loss in cases.BESIDE["groups"].values()}
    assert {"LargestGap", "SmallestRatio", "WorstGroup", "GroupMean"} <= kinds
    shared = {case.mode for case in cases.other_cases() if type(case.bundle()) is cases.Bundle}
    assert shared == {"table", "table of logits", "groups"}


def test_scores_are_away_from_kinks_and_fit_float32():
    for (_, y_prob), keyword_arrays in cases.data().values():
        scores = y_prob[keyword_arrays.get("where", np.ones(y_prob.shape, dtype=bool))]
        if np.max(scores) > 1:
            scores = 1 / (1 + np.exp(-scores))
        else:
            np.testing.assert_array_equal(scores, scores.astype(np.float32))
        assert np.min(np.abs(scores[..., None] - case_parts.kinks())) > 1e-3
        assert np.min(scores) < 0.1 and np.max(scores) > 0.9


def test_a_bundle_is_its_losses():
    case = cases.Case("Linear", "per class", ("f1", "precision", "matthews_corrcoef"))
    bundle = case.bundle()
    (y_true, y_prob), _ = cases.data()["classes"]
    found = bundle(y_true, y_prob)
    expected = [loss(y_true, y_prob) for loss in bundle.losses]
    np.testing.assert_array_equal(found, expected)
    value, slopes = bundle.value_and_grad(y_true, y_prob)
    np.testing.assert_array_equal(value, expected)
    assert slopes.shape == (3, *y_prob.shape)


def test_the_bundle_runs_part_by_part_only_eagerly(monkeypatch):
    called = []

    class Counted(cases.Bundle):
        def __call__(self, *arrays, **options):
            called.append(type(arrays[1]))
            return super().__call__(*arrays, **options)

    (y_true, y_prob), _ = cases.data()["scalar"]
    bundle = Counted(cases.Case("Linear", "scalar", ("f1", "recall")).bundle().losses)
    report = sb.check_gradients(
        bundle, y_true, y_prob, modes=["eager"], differences=False, dtypes=["float64"]
    )
    assert report.passed and all(row.cases == 2 for row in report.rows)
    assert all(issubclass(kind, (np.ndarray, ss._arrays.duals.Dual)) for kind in called)


@pytest.mark.parametrize("step", cases.STEPS)
def test_sample_without_compilation(step):
    (job,) = (
        job
        for job in of_steps(cases.sample_jobs(ALL))
        if job.case.step == step and job.modes == ("eager",)
    )
    report = cases.run(job, ALL)
    assert report.passed, f"{report.worst}\n{report}"


def test_jobs_in_processes():
    jobs = [cases.Job(cases.Case(step, "scalar", ("f1",)), ("eager",)) for step in cases.STEPS]
    reports = list(run_all(jobs, ["numpy"], processes=1))
    assert reports == [cases.run(job, ["numpy"]) for job in jobs]


def jobs_of(step, mode):
    """Return a step and a way to count with some metrics, eagerly and in one form by turns.

    And what `pair_jobs` has for code generation.
    """
    quick, slow = cases.compiled_modes(ALL)
    turn = list(cases.STEPS).index(step) + 3 * list(cases.MODES).index(mode)
    forms = ("eager", *quick[turn % len(quick) :][:1]) if quick else ("eager",)
    jobs = [job for job in of_steps(cases.pair_jobs(ALL)) if slow and job.modes == slow]
    return [cases.Job(cases.part(cases.Case(step, mode)), forms)] + [
        job for job in jobs if (job.case.step, job.case.mode) == (step, mode)
    ]


def test_the_sweep_covers_pairs():
    """Eagerly and in all compiled forms together, each of which has every single one."""
    jobs = [job for step in cases.STEPS for mode in cases.MODES for job in jobs_of(step, mode)]
    assert pairs(met(jobs, "eager")) == pairs(EVERY)
    forms = {form: met(jobs, form) for form in cases.modes_of(ALL) if form != "eager"}
    assert all(singles(found) == singles(EVERY) for found in forms.values())
    assert not forms or pairs(set.union(*forms.values())) == pairs(EVERY)


# By name, since making the jobs imports every framework.
@pytest.mark.exhaustive
@pytest.mark.parametrize(("step", "mode"), marks.fourth(cases.STEPS, cases.MODES))
def test_sweep(step, mode):
    """Each two of a step, a metric and a way to count, on every backend eagerly and compiled.

    `softset check --full` takes all three at once.
    """
    for job in jobs_of(step, mode):
        report = cases.run(job, ALL)
        assert {row.dtype for row in report.rows} == {"float64", "float32"}
        assert {row.mode for row in report.rows} == set(job.modes)
        assert report.passed, f"{report.worst}\n{report}"


@pytest.mark.parametrize("case", cases.other_cases(), ids=str)
def test_losses_beside_the_product(case):
    report = cases.run(cases.Job(case, ("eager",)), ALL)
    assert report.passed, f"{report.worst}\n{report}"


@pytest.mark.exhaustive
def test_losses_beside_the_product_compiled():
    jobs = [job for job in cases.pair_jobs(ALL) if isinstance(job.case, cases.Other)]
    compiles = bool(cases.compiled_modes(ALL)[0])
    assert compiles == any(job.modes != ("eager",) for job in jobs)
    for job in jobs:
        if job.modes != ("eager",):
            report = cases.run(job, ALL)
            assert report.passed, f"{report.worst}\n{report}"


def test_the_long_grid_is_counted_from_buckets(monkeypatch):
    module = importlib.import_module("softset._counting.count")
    taken = []
    original = module.count_buckets
    monkeypatch.setattr(module, "count_buckets", lambda *a: taken.append(1) or original(*a))
    for name, loss in cases.OTHERS.items():
        if "long grid" in name:
            loss(*cases.data()["scalar"][0])
    assert taken == [1, 1]
