"""Run keras_checks.py in a process of its own for each Keras backend."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import marks

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ROOT / "tests" / "processes" / "keras_checks.py"


# One test each, and not one for each check: pytest's workers would all start the processes.
@pytest.mark.parametrize("which", marks.quick_first("not exhaustive", "exhaustive"))
@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_checks_hold_on_backend(backend, which):
    for library in ("keras", backend):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    command = [sys.executable, "-m", "pytest", CHECKS, "-q", "-p", "no:cacheprovider", "--tb=short"]
    command += ["-m", which]
    settings = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "KERAS_BACKEND": backend,
        marks.VARIABLE: "numpy",  # so that the other frameworks are not imported
    }
    done = subprocess.run(
        [*command, "--show-capture=no"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]


def test_import_of_the_backends_does_not_import_keras():
    code = "import sys, softset_backends; print('keras' in sys.modules)"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "backends")])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
