"""What is done on a GPU: the same calls, on the CPU."""

import json
from dataclasses import replace
from importlib import import_module

import pytest

from benchmarks.speed import agreement, candidates, exact, report, run
from benchmarks.speed.work import COUNTS, GRADIENT, Work, plan
from tests.benchmarks.records import candidate, group, of_groups


@pytest.mark.parametrize("process", ["torch", "jax", "tensorflow"])
@pytest.mark.parametrize("question", ["counts", "sizes"])
def test_calls_are_right_with_checks_on_and_off(process, question):
    pytest.importorskip(process)
    work = next(x for x in plan(device="cuda", only=f"{question}/{process}/"))
    work = replace(work, shape=(1000,), device="cpu")
    found = [x for x in candidates.candidates(work) if x.mode == "eager"]
    whole = exact.exact(work)
    for one in found:
        if one.kind != candidates.COPY:
            assert agreement.errors(one.call(), whole).value < 1e-6  # float32
    ours = "confusion" if question == "counts" else "plain kernel"
    assert {"by hand", ours, f"{ours}, checks off"} <= {x.name for x in found}


def results_on_gpu():
    small, large = Work("sizes", "jax", "F1", (10**6,)), Work("sizes", "torch", "F1", (10**8,))
    counts = Work("counts", "torch", "F1", (10**8,), COUNTS)
    found = of_groups(
        group(replace(small, device="cuda"), candidate("jax jit: plain kernel", 1e-5)),
        group(
            replace(large, device="cuda"),
            candidate("torch eager: by hand", 1e-3, kind="by hand"),
            candidate("torch eager: MetricLoss", 4e-3),
            candidate("torch compile: MetricLoss", 6e-4),
            candidate("torch eager: copy", 4e-4, kind="copy"),
        ),
        group(replace(counts, device="cuda"), candidate("torch eager: confusion", 4e-4)),
    )
    found["settings"] |= {"device": "cuda", "missing": {"tensorflow": "sees no GPU; install it"}}
    return json.loads(json.dumps(found))


def test_report_has_the_fastest_way_the_bandwidth_and_what_was_not_measured():
    text = report.write(results_on_gpu())
    assert "|  | PyTorch | JAX | TensorFlow: sees no GPU; install it |" in text
    row = "| sizes: F1, 100,000,000 | 600 µs, 2,000 GB/s | not measured | not measured |"
    assert row in text
    assert "| counts: F1, 100,000,000, counts | 400 µs, 2,000 GB/s | not measured |" in text
    assert "| torch eager: copy | " in text.split("## Bandwidth")[1]
    assert "400 µs (2e-8, 3e-7; 2,000 GB/s)" in text.split("## Four counts")[1]


def test_report_of_no_gpu_has_a_row_for_everything():
    found = of_groups()
    found["settings"]["device"] = "cuda"
    rows = [x for x in report.write(found).splitlines() if x.count("| not measured") == 3]
    shapes = {(x.question, x.metric, x.shape, x.task) for x in plan(device="cuda")}
    assert len(rows) == len(shapes)


def test_a_machine_without_gpu_says_so(monkeypatch, capsys):
    for name in ("typer", "rich", "matplotlib"):
        pytest.importorskip(name)
    command = import_module("benchmarks.speed.__main__")
    asked = {"torch": ("print(False)", "install another"), "jax": ("print(True)", "no need")}
    monkeypatch.setattr(command, "SEEN", asked)
    assert command._missing() == {"torch": "sees no NVIDIA GPU here; install another"}
    assert "No GPU" not in capsys.readouterr().out
    monkeypatch.setattr(command, "SEEN", {"torch": asked["torch"]})
    command._missing()
    assert "No GPU: nothing is measured" in capsys.readouterr().out


def test_what_is_not_done_in_time_is_told():
    works = [Work("sizes", "numpy", "F1", (n,), GRADIENT) for n in (1000, 2000)]
    answers = list(run.times(works, quick=True, seconds=0.0))
    assert [x["work"]["shape"] for x in answers] == [(1000,), (2000,)]
    assert {x["failures"][0]["reason"] for x in answers} == {"not measured, 0 seconds were over"}
