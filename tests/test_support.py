"""The tests' own tools: a backend asked for must run, and every assertion can fail."""

import itertools
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import softset as ss
from tests import slow
from tests.support import marks
from tests.support.backends import EAGER, KINDS, TRACED, NumPy, total
from tests.support.referees import (
    assert_array,
    assert_close,
    assert_counts,
    central_differences,
    count_by_loop,
    five_points,
    raised_cosine,
)

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = f"{Path(__file__).name}::test_backends_are_what_they_say"


def test_backends_are_what_they_say(backend):
    """Arrays go in and come out, functions run more than once, gradients are gradients."""
    x = np.asarray([1.0, 2.0, 3.0])
    array = backend.asarray(x)
    assert_close(array, x, backend, 0)

    def square(x):
        return total(x * x)

    compiled = backend.compile(square, array)
    for factor in (1.0, 2.0):
        found = compiled(backend.asarray(factor * x))
        assert_close(found, 14.0 * factor**2, backend, 0)
    value, gradient = backend.value_and_grad(square, array, argnum=0)
    assert_close(value, 14.0, backend, 0)
    assert_close(gradient, 2 * x, backend, 0)
    for dtype in backend.dtypes:
        assert_array(backend.asarray(x, dtype), backend, dtype, (3,))


def test_no_file_has_marks_of_a_merge():
    """Of conflicts in files that nothing imports, as requirements and workflows."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "-C", str(ROOT), "grep", "-nE", "^(<{7}|>{7}|[|]{7}) "]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 1 and not found.stdout, found.stdout


def pytest_in_subprocess(tmp_path, **variables):
    """Run one test of this file where JAX does not import."""
    (tmp_path / "jax.py").write_text('raise ImportError("no JAX here")')
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    command += ["-p", "no:xdist", f"tests/{SAMPLE}"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_backend_asked_for_and_missing_fails_the_run(tmp_path):
    code, output = pytest_in_subprocess(tmp_path, SOFTSET_BACKENDS="numpy,jax-jit")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "SOFTSET_BACKENDS asks for 'jax-jit', which does not import: no JAX here" in output
    assert "passed" not in output


def test_an_unknown_backend_fails_the_run(tmp_path):
    code, output = pytest_in_subprocess(tmp_path, SOFTSET_BACKENDS="numpy,jaxx")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "SOFTSET_BACKENDS names 'jaxx'; it must hold all or some of numpy, " in output


def test_backends_asked_for_are_those_that_run(tmp_path):
    pytest.importorskip("array_api_strict", exc_type=ImportError)
    code, output = pytest_in_subprocess(tmp_path, SOFTSET_BACKENDS="numpy, array_api_strict")
    assert code == pytest.ExitCode.OK
    assert "2 passed" in output and "skipped" not in output


def test_a_missing_framework_skips_with_a_reason_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv(marks.VARIABLE, raising=False)
    monkeypatch.setattr(marks, "find_spec", lambda name: None if name == "jax" else name)
    skipped = {x.id: x.marks[0] for x in marks.params(*KINDS) if x.marks[0].args[0]}
    assert set(skipped) == {"jax", "jax-jit"}
    assert skipped["jax"].kwargs == {"reason": "jax is not installed"}


@hypothesis.given(st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_every_two_values_meet_in_few_combinations(sizes):
    values = [[(which, i) for i in range(size)] for which, size in enumerate(sizes)]
    rows = marks.pairwise(*values)
    assert rows == marks.pairwise(*values) and len(set(rows)) == len(rows)
    assert all(x in of for row in rows for x, of in zip(row, values, strict=True))
    met = {pair for row in rows for pair in itertools.combinations(row, 2)}
    pairs = [itertools.product(*two) for two in itertools.combinations(values, 2)]
    assert met == (set(itertools.chain(*pairs)) if all(sizes) else set())
    fewest = math.prod(sorted(sizes)[-2:]) if all(sizes) else 0
    assert fewest <= len(rows) <= 2 * fewest


def test_eager_modes_meet_all_combinations_and_compiled_ones_every_two_values(monkeypatch):
    monkeypatch.delenv(marks.VARIABLE, raising=False)
    mark = marks.combined(one="abc", other=range(4)).mark
    names, rows = mark.args[0], [param.values for param in mark.args[1]]
    assert names == ("backend", "one", "other") and mark.kwargs["indirect"] == ["backend"]
    eager = [row for row in rows if row[0] in EAGER]
    unasked = [name for name in EAGER if not KINDS[name].optional]
    assert sorted(eager) == sorted(itertools.product(unasked, "abc", range(4)))
    compiled = [row for row in rows if row not in eager]
    assert set(compiled) == set(marks.pairwise(TRACED, "abc", range(4)))
    assert len(compiled) < len(TRACED) * 12
    assert mark.args[1][0].id == "numpy-a-0"
    monkeypatch.setenv(marks.VARIABLE, "torch-compiled")
    only = marks.combined(one="abc", other=range(4)).mark.args[1]
    assert {param.values[0] for param in only} == {"torch-compiled"}


def test_a_part_of_what_compiles_is_left_in_which_everything_is(monkeypatch):
    monkeypatch.delenv(marks.COMPILED, raising=False)
    forms = {f"test_{i}[]": [(i, form) for form in TRACED] for i in range(400)}
    left_out = set(marks.all_but_one(forms))
    assert left_out == set(marks.all_but_one(forms))
    kept = [x for of in forms.values() for x in of if x not in left_out]
    assert sorted(i for i, _ in kept) == list(range(400))
    assert all(sum(f == form for _, f in kept) > 60 for form in TRACED)
    few = marks.fourth("abcdefgh", range(6))
    assert len(few) == 12 and {x for x, _ in few} == set("abcdefgh")
    assert {y for _, y in few} == set(range(6))
    of_one = {f"test[{i}]": i for i in range(300)}
    others = marks.two_thirds([of_one, {"alone": -1}])
    assert set(others) < set(range(1, 300)) and 150 < len(others) < 250
    monkeypatch.setenv(marks.COMPILED, "all")
    assert (
        marks.all_but_one(forms) == [] == marks.two_thirds([of_one])
        and len(marks.fourth("abcdefgh", range(6))) == 48
    )


def test_all_but_the_first_parameters_are_for_ci():
    found = marks.quick_first("a", (1, 2))
    assert [param.values for param in found] == [("a",), (1, 2)]
    assert [[mark.name for mark in param.marks] for param in found] == [[], ["exhaustive"]]


def test_assertions_can_fail():
    numpy, x = NumPy(), np.asarray([1.0, 2.0])
    assert_close(x, [1.0, 2.0], numpy)
    for found, expected in (
        (x, [1.0, 2.0 + 1e-12]),
        (x, [1.0]),
        (x, [[1.0, 2.0]]),
        (x.astype(np.float32), [1.0, 2.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        (1.0, 1.0),
        (np.asarray([1.0, np.nan]), [1.0, 2.0]),
    ):
        with pytest.raises(AssertionError):
            assert_close(found, expected, numpy)
    c = ss.Confusion(*np.asarray([1.0, 2.0, 3.0, 4.0]))
    assert_counts(c, c, numpy)
    swapped = ss.Confusion(c.tp, c.fn, c.fp, c.tn)
    for wrong in (swapped, tuple(c), ss.Confusion(1.0, 2.0, 3.0, 4.0)):
        with pytest.raises(AssertionError):
            assert_counts(wrong, c, numpy)


@marks.on("torch", "jax", "tensorflow", "array_api_strict")
def test_arrays_of_another_library_are_refused(backend):
    with pytest.raises(AssertionError, match="is no array of"):
        backend.to_numpy(np.ones(2))
    with pytest.raises(AssertionError, match="is no array of numpy"):
        NumPy().to_numpy(backend.asarray(np.ones(2)))


def test_references_are_right():
    """By hand: five knots, a loop over examples, a slope by differences."""
    assert five_points(0.25, 0.5, 0.2) == pytest.approx(0.2)
    assert five_points(0.05, 0.2, 0.1) == pytest.approx(0.05)
    assert raised_cosine(0.5, 0.5, 0.2) == 0.5
    c = count_by_loop([1, 0, 1], [0.9, 0.6, 0.2], lambda p, t: float(p >= t), 0.5, [2, 1, 1])
    assert tuple(c) == (2, 1, 1, 0)
    slopes = central_differences(lambda x: np.sum(x**3), np.asarray([1.0, 2.0]))
    np.testing.assert_allclose(slopes, [3, 12], rtol=1e-9)


def test_slow_tests_exist():
    """A test that is renamed leaves its line in tests/slow.txt."""
    for test in slow.listed():
        file, _, function = test.partition("[")[0].partition("::")
        name = function.rpartition("::")[2]
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file} has no {name}"
