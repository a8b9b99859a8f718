"""Reports of the gradient checker: they add up, judge and print."""

from dataclasses import replace

import numpy as np
import pytest

from softset_backends.check.report import Gap, GradientReport, GradientRow


def test_reports_add_up():
    one = GradientRow("torch", "eager", "float64", 2, Gap(1e-16, 3e-15, "a"), None, None)
    two = GradientRow("torch", "eager", "float64", 3, Gap(2e-16, 1e-15, "b"), Gap(0, 0, "b"))
    bad = replace(two, error="ValueError: no", backend="jax")
    first = GradientReport((one,), ("fails on jax",), notes=("a kink",))
    report = first + GradientReport((two, bad), ("fails on jax", "it jumps"), "it jumps")
    assert report.findings == ("fails on jax", "it jumps") and report.jump == "it jumps"
    merged, failed = report.rows
    assert merged.cases == 5
    assert merged.dual == Gap(2e-16, 3e-15, "a") and merged.others == Gap(0, 0, "b")
    assert merged.differences is None and merged.error == "" and failed == bad
    assert not report.passed and GradientReport((merged,)).passed
    assert (GradientReport((bad,)) + GradientReport((bad,))).rows[0].error == "ValueError: no"
    assert GradientReport().passed and GradientReport().worst is None
    lines = str(report).splitlines()
    assert [len(line.split()) for line in lines[1:4]] == [10, 10, 10]
    assert lines[2].split() == [
        "torch",
        "eager",
        "float64",
        "2.0e-16",
        "3.0e-15",
        "0",
        "0",
        "-",
        "-",
        "5",
    ]
    assert lines[-3:] == ["fails on jax", "it jumps", "a kink"]
    starts = [line.index(x) for line, x in zip(lines, ("dual", "value", "2.0e-16"), strict=False)]
    assert len(set(starts)) == 1


def test_worst_weighs_by_tolerance():
    first = GradientRow("numpy", "eager", "float64", 1, Gap(0, 1e-14, "a"), None, Gap(0, 5e-8, "b"))
    second = GradientRow("numpy", "eager", "float32", 1, Gap(1e-6, 0, "c"))
    report = GradientReport((first, second))
    assert report.worst.gap.case == "b" and report.worst.ratio == pytest.approx(0.5)
    assert report.worst_of({"float32": {"dual": 0.0}}).ratio == np.inf
    assert "b on numpy eager float64 against central differences: value 0" in str(report.worst)


def test_above_tolerance_the_row_that_is_to_blame_comes_first():
    far, further = Gap(0, 1e-3, "a"), Gap(0, 1e-2, "b")
    right = GradientRow("jax", "eager", "float64", 1, None, further)
    wrong = GradientRow("torch", "eager", "float64", 1, None, far, blamed=True)
    for rows in ((right, wrong), (wrong, right)):
        assert GradientReport(rows).worst.row == wrong
    # Within the tolerance nobody is to blame.
    loose = {"float64": {"others": 1.0}}
    assert GradientReport((right, wrong)).worst_of(loose).row == right
    merged = GradientReport((right,)) + GradientReport((replace(right, blamed=True),))
    assert merged.rows[0].blamed


def test_a_jump_is_within_no_tolerance_of_differences():
    row = GradientRow("jax", "eager", "float64", 1, None, None, Gap(0, 0))
    report = GradientReport((row,), ("it jumps",), "it jumps")
    assert not report.passed and report.within({"float64": {"dual": 1.0}})
