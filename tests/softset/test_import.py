"""Importing softset loads no framework, is quick, and works from a vendored copy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow", "keras", "dask", "sklearn")
REPORT = f"import sys; print([n for n in {FRAMEWORKS} if n in sys.modules])"


def run(code: str, path: Path = ROOT) -> str:
    """Run code in a fresh interpreter that sees `path` and the installed packages only."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(path)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_no_framework() -> None:
    assert run(f"import softset\n{REPORT}") == "[]"


def test_the_check_of_the_import_can_fail() -> None:
    pytest.importorskip("numpy")
    assert run(f"import softset, numpy\n{REPORT}") == "['numpy']"


def test_rooms_are_loaded_when_they_are_asked_for() -> None:
    """So the import takes about a millisecond: typing and dataclasses alone would take fifteen."""
    loaded = "print(sorted(n.partition('.')[2] for n in sys.modules if n.startswith('softset')))"
    assert run(f"import softset\n{loaded}") == "['']"
    assert run("import softset\nprint({'dataclasses', 'typing'} & set(sys.modules))") == run(
        "print({'dataclasses', 'typing'} & set(sys.modules))"
    )
    metric = run(f"import softset\nsoftset.f1(softset.Confusion(3, 1, 2, 4))\n{loaded}")
    assert "metrics" in metric and "_counting" not in metric and "numpy" not in metric


def test_every_public_name_is_found_and_others_are_not() -> None:
    code = """
import softset
assert set(softset.__all__) <= set(dir(softset))
for name in softset.__all__:
    assert callable(getattr(softset, name)), name
from softset import *
print(softset.metrics.larger_is_better(f1), hasattr(softset, "f2"))
"""
    assert run(code) == "True False"


def test_the_version_is_in_one_place_which_the_build_reads() -> None:
    """A copied folder has no metadata, and so the number is in the folder."""
    build = (ROOT / "pyproject.toml").read_text()
    assert not re.search(r"^version\b", build, re.MULTILINE)
    (file,) = re.findall(r'\[tool\.hatch\.version\]\npath = "(.+)"', build)
    found = re.findall(r'^__version__ = "(\d+\.\d+\.\d+)"', (ROOT / file).read_text(), re.MULTILINE)
    assert found == [run("import softset\nprint(softset.__version__)")]


def test_import_of_the_backends_loads_no_compiler_framework() -> None:
    pytest.importorskip("numpy")
    loaded = run(f"sys.path.insert(0, 'backends')\nimport softset_backends\n{REPORT}")
    assert loaded in ("[]", "['numpy']")


def test_import_needs_only_the_standard_library_and_array_api_compat() -> None:
    code = """
before = set(sys.modules)
import softset
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - sys.stdlib_module_names))
"""
    assert run(code) in ("['softset']", "['array_api_compat', 'softset']")


@pytest.mark.parametrize("library", ["numpy", "torch", "jax.numpy", "tensorflow"])
def test_vendored_copy_runs_under_another_name(tmp_path: Path, library: str) -> None:
    """`cp -r softset somewhere/_vendor/` works with array-api-compat alone."""
    pytest.importorskip(library)
    vendor = tmp_path / "app" / "_vendor"
    vendor.mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()
    (vendor / "__init__.py").touch()
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "softset", vendor / "softset", ignore=ignore)
    convert = "convert_to_tensor" if library == "tensorflow" else "asarray"
    code = f"""
sys.path[:] = [p for p in sys.path if not p.rstrip("/").endswith({ROOT.name!r})]
sys.modules["softset"] = None  # whoever imports the real one fails
import {library} as library
from app._vendor import softset as ss
y_true = library.{convert}([1, 0, 1, 0])
y_prob = library.{convert}([0.9, 0.6, 0.4, 0.2])
loss = ss.as_loss(ss.f1)
value, gradient = ss.value_and_grad(loss)(y_true, y_prob)
print(round(float(value), 4), tuple(gradient.shape), ss.as_score(ss.f1)(y_true, y_prob) * 1.0)
assert ss.__version__
"""
    assert run(code, tmp_path).startswith("0.3627 (4,) ")


def test_tensors_without_numpy_are_an_error_that_says_what_to_install() -> None:
    """Each time: what was imported by half is not found by the second call."""
    pytest.importorskip("torch")
    code = """
sys.modules["numpy"] = None  # whoever imports it fails
import torch, softset
y_true, y_prob = torch.tensor([1, 0]), torch.tensor([0.75, 0.5])
for function in (softset.confusion, softset.as_loss(softset.f1), softset.confusion):
    try:
        function(y_true, y_prob)
    except ModuleNotFoundError as error:
        print(error.name, "need NumPy" in str(error), "pip install numpy" in str(error))
"""
    assert run(code) == "\n".join(["numpy True True"] * 3)


def test_mlx_needs_no_numpy() -> None:
    pytest.importorskip("mlx")
    code = """
sys.modules["numpy"] = None
import mlx.core as mx, softset
mx.set_default_device(mx.cpu)
y_true, y_prob = mx.array([1, 0, 1, 0]), mx.array([0.9, 0.6, 0.4, 0.2])
value, gradient = softset.value_and_grad(softset.as_loss(softset.f1))(y_true, y_prob)
print(round(value.item(), 4), gradient.shape)
"""
    assert run(code) == "0.3627 (4,)"


def test_vendored_copy_imports_nothing_by_absolute_name() -> None:
    for file in (ROOT / "softset").rglob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] == ["from"] or words[:1] == ["import"]:
                assert not words[1].startswith("softset"), f"{file.name}: {line}"
