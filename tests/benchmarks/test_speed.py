"""The arithmetic of the benchmarks: nothing is timed here."""

import itertools

import numpy as np
import pytest

from benchmarks.speed import (
    candidates,
    exact,
    report,
    results,
    run,
    targets,
    timing,
    worker,
)
from benchmarks.speed.work import MASKS, Work, data, from_json, plan
from tests.benchmarks.records import candidate, group, of_groups


class Clock:
    """Time that passes only in calls."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.called = []
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def call(self, name, seconds):
        def run():
            self.called.append(name)
            self.now += seconds

        return run


def test_turns_alternate_and_end_with_the_budget(monkeypatch):
    clock = Clock(monkeypatch)
    limits = timing.Limits(seconds=1.5, fewest=2, most=4, sample=0.1)
    rows = timing.in_turn([clock.call("a", 0.05), clock.call("b", 0.25)], limits)
    # A turn takes 3 calls of a and two of b, 0.65 s: the third begins at 1.3, none at 1.95.
    assert np.allclose(rows, [[0.05, 0.25]] * 3, rtol=1e-12)
    assert clock.called[6:17] == ["a", "a", "a", "b", "b", "b", "b", "a", "a", "a", "a"]


def test_turns_are_no_fewer_and_no_more_than_asked(monkeypatch):
    clock = Clock(monkeypatch)
    for seconds, expected in ((0.0, 3), (100.0, 5)):
        limits = timing.Limits(seconds=seconds, fewest=3, most=5, sample=0.1)
        assert len(timing.in_turn([clock.call("a", 0.2)], limits)) == expected


def test_short_calls_are_warmed_up_and_repeated(monkeypatch):
    clock = Clock(monkeypatch)
    limits = timing.Limits(seconds=0.0, fewest=1, most=1, sample=0.01)
    timing.in_turn([clock.call("a", 0.001)], limits)
    assert len(clock.called) == 3 + 1 + 10
    timing.in_turn([clock.call("b", 1.5)], limits)
    assert clock.called[14:] == ["b", "b"]


def test_ratios_are_of_neighbours():
    # A machine that gets three times slower: the ratio of the medians would be 3, not 2.
    ours, theirs = [1.0, 3.0, 3.0], [2.0, 6.0, 6.0]
    assert timing.median_ratio(theirs, ours) == 2.0
    assert timing.median_ratio([1.0, 9.0, 4.0], [1.0, 3.0, 2.0]) == 2.0


def test_bound_of_copies():
    assert timing.bound_of_copies([2.0, 4.0], [3.0, 5.0]) == [4.0, 7.0]


def test_quartiles():
    assert timing.quartiles([4.0]) == (4.0, 4.0)
    assert timing.quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 4.0)


def test_plan_has_every_group_once_and_in_the_order_of_processes():
    works = plan()
    assert len({*works}) == len(works)
    processes = [key for key, _ in itertools.groupby(work.process for work in works)]
    assert processes == ["numpy", "torch", "jax", "tensorflow", "across", "evaluation"]
    assert {*plan(quick=True)} < {*works}
    assert {work.process for work in plan(device="cuda")} == {"torch", "jax", "tensorflow"}
    assert {work.device for work in plan(device="cuda")} == {"cuda"}
    assert {work.question for work in plan(only="MCC/*")} == {"MCC"}
    assert {work.threads for work in plan(only="/one thread")} == {1}
    assert plan(only="nothing of the kind") == []


def test_work_goes_through_json():
    work = Work("Dice", "torch", "Dice", MASKS)
    assert from_json(work.to_json()) == work
    assert work.n == 16 * 512 * 512


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_data_avoid_the_places_where_lines_meet(dtype):
    y, p = data(Work("sizes", "numpy", "F1", (10_000,), dtype=dtype))
    assert y.dtype == p.dtype == np.float32
    assert p.min() > 0 and p.max() < 1
    assert not np.isin(p, [0.25, 0.5, 0.75]).any()
    # Four standard deviations of the share of 10,000 labels.
    assert y.mean() == pytest.approx(0.3, abs=0.019)
    if dtype == "bfloat16":  # of which the upper half of a float32 is all
        assert not np.any(p.view(np.uint32) & 0xFFFF)


HAND = "torch eager: by hand"
OURS = "torch eager: MetricLoss"
MILLION = Work("sizes", "torch", "F1", (10**6,))
NINE = Work("thresholds", "torch", "F1", (10**5,), thresholds=9)


def some_results(ratio=3.5):
    million = (
        candidate(HAND, 0.007, {OURS: 1 / ratio}, kind="by hand", peak_bytes=60_000_000),
        candidate(OURS, 0.002, {HAND: ratio}, peak_bytes=4_200_000),
    )
    btg = "torch eager: torch-btg"
    nine = (
        candidate(HAND, 0.01, kind="by hand"),
        candidate(OURS, 0.001, {HAND: 10.0, btg: 46.0}, peak_bytes=1_000_000),
        candidate(btg, 0.046, {HAND: 0.2}, kind="peer", peak_bytes=9_000_000),
    )
    return of_groups(group(MILLION, *million), group(NINE, *nine))


def test_results_are_read_as_they_were_written(tmp_path):
    found = some_results()
    found["groups"][0]["candidates"][0]["seconds"] = 0.00123456789
    path = tmp_path / "speed.json"
    results.save(found, path)
    found["groups"][0]["candidates"][0]["seconds"] = 0.00123457
    found["groups"][0]["candidates"][0]["faster_than"] = {OURS: 0.285714}
    assert results.load(path) == {
        **found,
        "groups": [
            {**x, "work": {**x["work"], "shape": list(x["work"]["shape"])}} for x in found["groups"]
        ],
    }


def test_one_measurement_is_found_again():
    found = some_results()
    alone = Work("sizes", "torch", "F1", (10**6,), threads=1)
    found["groups"].insert(0, group(alone, candidate(OURS, 0.003)))
    assert results.find(found, OURS, n=10**6, threads=1)["seconds"] == 0.003
    assert results.find(found, OURS, n=10**6)["seconds"] == 0.002
    assert results.find(found, OURS, question="thresholds", thresholds=9)["seconds"] == 0.001
    assert results.find(found, OURS, n=10**7) is None
    assert len(list(results.select(found, question={"sizes", "thresholds"}))) == 5
    assert results.ratio_by_hand(results.find(found, OURS, n=10**6)) == 3.5
    assert results.ratio_by_hand(results.find(found, HAND, n=10**6)) is None


@pytest.mark.parametrize(("ratio", "met"), [(3.994, False), (3.996, True), (4.0, True)])
def test_targets_judge_the_number_that_they_show(ratio, met):
    row = targets.verdicts(some_results(ratio))[0]
    assert row.asked.startswith("PyTorch `MetricLoss`, eager, 1,000,000 scores, all threads: 4")
    assert row.met is met
    assert row.measured == f"{ratio:.3g} times"


def test_targets_against_a_peer():
    rows = targets.verdicts(some_results())
    assert [(x.measured, x.met) for x in rows] == [
        ("3.5 times", False),
        ("46 times", True),
        ("9 times", False),
    ]


def test_targets_that_were_not_measured_are_told_after_all_work_only():
    rows = targets.verdicts(of_groups(complete=True))
    assert {(x.measured, x.met) for x in rows} == {("not measured", None)}
    assert len({x.asked for x in rows}) == len(rows)
    assert targets.verdicts(of_groups()) == []


def test_targets_of_time_and_of_memory_beside_the_gradient():
    label = "numpy eager: value_and_grad"
    small, large = (Work("large", "numpy", "F1", (n,)) for n in (10**6, 10**8))
    found = of_groups(
        group(small, candidate(label, 0.004)),
        group(large, candidate(label, 0.6, peak_bytes=450_000_000)),
    )
    assert [(x.measured, x.met) for x in targets.verdicts(found)] == [
        ("50 MB", True),
        ("1.5 times", True),
    ]
    assert targets.at_most("", 1.004, 1).met
    assert not targets.at_most("", 1.006, 1).met


def test_targets_against_a_copy_take_the_best_path():
    work = Work("across", "across", "F1", (10**6,))
    found = of_groups(
        group(
            work,
            candidate("jax jit: plain kernel", 0.004, {"copy bound": 0.25}),
            candidate("jax jit: value_and_grad", 0.002, {"copy bound": 0.5}),
        )
    )
    assert [(x.measured, x.met) for x in targets.verdicts(found)] == [("2 times", True)]


def test_report_has_the_figures_and_the_units():
    text = report.write(some_results())
    assert f"| {OURS} | 2.00 ms (3.50; 2e-8, 3e-7) |" in text
    assert "| PyTorch `MetricLoss`, eager, 1,000,000 scores, all threads: 4 times faster" in text
    assert "4.2 MB (4.2)" in text
    assert "| torch-btg 0.0.1 |" in text
    assert "| monai, not installed |" in text
    assert "NumPy, forward" not in text
    assert "did not run" not in text
    shown = [report.time(x) for x in (2.0, 0.0123, 4.56e-4, 1.234e-5, 7e-9)]
    assert shown == ["2.00 s", "12.3 ms", "456 µs", "12.3 µs", "7.00 ns"]


def test_report_tells_what_failed():
    found = some_results()
    failure = {"label": OURS, "kind": "fused", "reason": "Traceback\nValueError: no"}
    found["groups"][0]["failures"].append(failure)
    text = report.write(found)
    assert f"- {OURS}, sizes, 1000000: ValueError: no" in text


def test_report_on_copies():
    work = Work("across", "across", "F1", (10**6,))
    found = of_groups(
        group(
            work,
            candidate("torch eager: copy", 0.001, kind="copy"),
            candidate("jax jit: plain kernel", 0.004, {"copy bound": 0.4}),
        )
    )
    text = report.write(found)
    assert "| jax jit: plain kernel | 4.00 ms (2.50; 3.0 GB/s) |" in text
    assert "| copy | 1,000,000 | 8.0 |" in text


def test_peaks_come_to_their_candidates(monkeypatch):
    monkeypatch.setattr(run, "can_measure", lambda: True)
    ten = Work("sizes", "torch", "F1", (10**7,))
    small = Work("sizes", "torch", "F1", (1024,))
    off = candidate(f"{OURS}, checks off", 0.1)
    groups = [group(ten, candidate(OURS, 0.1), off), group(MILLION, candidate(OURS, 0.01))]
    groups.append(group(small, candidate(OURS, 0.001)))
    asked = run.probes(groups, "cpu")
    assert asked == [(OURS, [MILLION, ten])]
    run.add_peaks(groups, asked[0], [4, 40])
    found = [x["candidates"][0].get("peak_bytes") for x in groups]
    assert found == [40, 4, None]
    assert "peak_bytes" not in off
    keeps = candidate("tensorflow xla: value_and_grad", 0.1)
    alone = [group(ten, keeps), group(MILLION, keeps)]
    assert [x for _, x in run.probes(alone, "cpu")] == [[ten], [MILLION]]
    monkeypatch.setattr(run, "can_measure", lambda: False)
    assert run.probes(groups, "cpu") == []


def test_a_group_leaves_out_what_fails_and_what_disagrees(monkeypatch):
    work = Work("across", "across", "F1", (3,))
    whole = exact.exact(work)
    value = float(whole.value)
    ((_, gradient),) = whole.gradient()

    def broken():
        raise ValueError("no such thing")

    def make(name, call, kind=candidates.FUSED, **more):
        return candidates.Candidate("torch", "eager", name, kind, call, **more)

    copy = {"kind": candidates.COPY, "same": False}
    found = [
        make("copy", lambda: None, **copy),
        make("copy into new memory", lambda: None, **copy),
        make("value alone", lambda: value),
        make("by hand", lambda: (value, gradient), candidates.BY_HAND),
        make("right", lambda: (1.00002 * value, gradient)),
        make("wrong value", lambda: (1.2 * value, gradient)),
        make("wrong gradient", lambda: (value, -gradient)),
        make("no number", lambda: (value, np.nan * gradient)),
        make("another function", lambda: (0.7, gradient), candidates.PEER, same=False),
        make("broken", broken),
    ]
    # Seconds of the six that are left, in two turns.
    rows = [[1.0, 2.0, 1.0, 8.0, 2.0, 1.0], [1.0, 2.0, 1.0, 8.0, 4.0, 1.0]]
    monkeypatch.setattr(worker, "candidates", lambda work: found)
    monkeypatch.setattr(worker, "in_turn", lambda calls, limits: rows)
    answer = worker.group(work, timing.QUICK)
    failed = {x["label"]: x["kind"] for x in answer["failures"]}
    assert failed == {
        "torch eager: wrong value": "disagreement",
        "torch eager: wrong gradient": "disagreement",
        "torch eager: no number": "disagreement",
        "torch eager: broken": "fused",
    }
    assert answer["failures"][-1]["reason"] == "ValueError: no such thing"
    right = next(x for x in answer["candidates"] if x["name"] == "right")
    assert right["seconds"] == 3.0
    assert right["faster_than"] == {
        "torch eager: by hand": 3.0,  # 4 and 2
        "torch eager: another function": 0.375,
        "copy bound": 0.9375,  # 2.5 s over 2 s and over 4 s
    }
    assert right["value_error"] == pytest.approx(2e-5, rel=1e-3)
    assert right["gradient_error"] == 0
    other = next(x for x in answer["candidates"] if x["name"] == "another function")
    assert other["value_error"] is None
