"""Threads, children and interpreters: the same calls give the same bits in all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="NumPy is not installed")

ROOT = Path(__file__).resolve().parents[1]
SEED = "PYTHONHASHSEED"


def run(*arguments: str, **variables: str) -> str:
    """Run a module of `tests.processes` in an interpreter of its own, with options of its own."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "backends")))
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def calls(name: str, *options: str, **variables: str) -> dict[str, dict[str, str]]:
    return json.loads(run(*options, "-m", "tests.processes.calls", name, **variables))


@cache
def plain(name: str) -> dict[str, dict[str, str]]:
    """Return what an interpreter without options gives."""
    return calls(name, **{SEED: "0"})


def frameworks(*names: str) -> list[object]:
    """Return parameters, those that take long to import or to trace marked."""
    slow = [pytest.mark.exhaustive]
    return [pytest.param(x, marks=slow * (x in ("jax", "tensorflow"))) for x in names]


@pytest.mark.parametrize("option", ["-Werror", "-O", "-OO"])
def test_interpreters_options_change_nothing(option: str) -> None:
    """No check is an ``assert``, nothing reads docstrings, and no warning is issued."""
    assert calls("numpy", option) == plain("numpy")


def test_what_is_wrong_is_said_of_every_wrong_call() -> None:
    from tests.processes.calls import WRONG

    assert plain("numpy")["errors"].keys() == WRONG.keys()


@pytest.mark.parametrize("name", frameworks("numpy", "torch", "jax", "tensorflow"))
def test_every_bit_is_the_same_in_another_process(name: str) -> None:
    """With other hashes, and so sets in another order."""
    pytest.importorskip(name, reason=f"{name} is not installed")
    assert calls(name, **{SEED: "1"}) == plain(name)


@pytest.mark.parametrize("name", frameworks("numpy", "torch", "jax", "tensorflow"))
def test_threads_get_what_one_gets_alone(name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed")
    assert run("-m", "tests.processes.threads", name).endswith("the same")


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_children_get_what_their_parent_gets(name: str, method: str) -> None:
    """JAX and TensorFlow do not survive a fork; their arrays are not looked at here."""
    pytest.importorskip(name, reason=f"{name} is not installed")
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("the system has no fork")
    assert run("-m", "tests.processes.children", method, name) == "the same"


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_command_line_without_docstrings(option: str) -> None:
    pytest.importorskip("typer", reason="typer is not installed")
    code = "from softset_backends.cli import main; main()"
    assert "evaluate" in run(option, "-c", code, "--help")
    assert "softset" in run(option, "-c", code, "--version")
