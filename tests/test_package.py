"""What is published: the source archive, the wheel that is made from it, and what both say."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import softset

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.exhaustive  # the build installs its backend, in an environment of its own


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the archive and the wheel; `build` makes the wheel from the unpacked archive."""
    pytest.importorskip("build", reason="build is not installed")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


def _sources() -> set[str]:
    """Return the files of both packages by the names that they are imported by."""
    found = set()
    for root, package in ((ROOT, "softset"), (ROOT / "backends", "softset_backends")):
        for file in (root / package).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                found.add(file.relative_to(root).as_posix())
    return found


def test_the_wheel_holds_the_two_packages_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
    info = f"softset-{softset.__version__}.dist-info"
    about = {f"{info}/{x}" for x in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert names == _sources() | about | {f"{info}/licenses/LICENSE"}
    assert "softset/py.typed" in names and "softset_backends/py.typed" in names


def test_the_archive_holds_what_its_tests_need(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for file in ("pyproject.toml", "constraints.txt", "Makefile", "README.md", "CHANGELOG.md"):
        assert file in names
    tracked = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    missing = {file.relative_to(ROOT).as_posix() for file in tracked} - names
    assert not missing


def test_the_metadata_are_those_of_the_project(built):
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = (x for x in wheel.namelist() if x.endswith("/METADATA"))
        about = message_from_string(wheel.read(name).decode())
    assert about["Version"] == softset.__version__
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about["Description-Content-Type"] == "text/markdown"
    required = [x for x in about.get_all("Requires-Dist") if "extra ==" not in x]
    assert required == ["array-api-compat>=1.13"]
    assert "all" in about.get_all("Provides-Extra")


def test_the_extra_all_is_all_extras_but_those(built):
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = (x for x in wheel.namelist() if x.endswith("/METADATA"))
        about = message_from_string(wheel.read(name).decode())
    within: dict[str, set[str]] = {extra: set() for extra in about.get_all("Provides-Extra")}
    for required in about.get_all("Requires-Dist"):
        package, _, condition = required.partition(";")
        for extra in within:
            if f"extra == '{extra}'" in condition:
                within[extra].add(package.strip())
    missing = {extra for extra, packages in within.items() if not packages <= within["all"]}
    # What is for Macs first, and what builds the project itself.
    assert missing == {"dev", "docs", "mlx"}
