"""What the extras install is under licences that ask nothing of who uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python has it from 3.11 on")
requirements = pytest.importorskip("packaging.requirements", reason="packaging is not installed")
from packaging.utils import canonicalize_name  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
OWN = ("dev", "docs")  # what builds softset itself
PAGE = (ROOT / "docs" / "licences.md").read_text()
TABLE = {
    name.strip(): licence
    for names, licence in re.findall(r"^\| ([a-z0-9, -]+) \| ([\w.-]+) \|", PAGE, re.MULTILINE)
    for name in names.split(",")
}

# Each part of what distributions call their licence is one of these.
PERMISSIVE = re.compile(
    r"(3-Clause )?(0?BSD|MIT|Apache|ISC|Python Software Foundation|PSF|CNRI|Zlib|CC0|BSL|LLVM|AFL)"
)
WEAK = {"certifi", "tqdm", "hypothesis", "pathspec"}  # MPL: of their own files only
UNSAID = {"namex"}  # Apache-2.0 by the file that it comes with
PARTLY = {"docutils"}  # of its archive only an editor's mode is under the GPL; dev alone has it


def licence_of(name: str) -> str:
    about = metadata.metadata(name)
    kinds = [x.split(" :: ")[-1] for x in about.get_all("Classifier", []) if "License ::" in x]
    said = [x for x in kinds if x != "OSI Approved"]
    return about.get("License-Expression") or "; ".join(said) or about.get("License") or ""


def required(texts: Iterable[str], extras: Iterable[str] = ("",)) -> Iterator[tuple[str, set[str]]]:
    for text in texts:
        found = requirements.Requirement(text)
        several = [{"extra": extra} for extra in (*extras, "")]
        if found.marker is None or any(map(found.marker.evaluate, several)):
            yield canonicalize_name(found.name), found.extras


def reached(texts: Iterable[str]) -> set[str]:
    """Return the installed distributions that requirements lead to."""
    waiting, seen = list(required(texts)), set()
    while waiting:
        name, extras = waiting.pop()
        if (name, frozenset(extras)) in seen:
            continue
        seen.add((name, frozenset(extras)))
        try:
            about = [] if name == "softset" else metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += required([x for e in extras for x in EXTRAS[e]]) if name == "softset" else []
        waiting += required(about, extras)
    installed = {canonicalize_name(x.metadata["Name"]) for x in metadata.distributions()}
    return {name for name, _ in seen} & installed - {"softset"}


@pytest.mark.parametrize("extra", EXTRAS)
def test_nothing_binds_who_installs_it(extra: str) -> None:
    names = reached(EXTRAS[extra])
    if not names:
        pytest.skip(f"nothing of {extra} is installed")
    for name in names - UNSAID:
        said = licence_of(name)
        if name in PARTLY:
            assert extra == "dev"
            continue
        if name in WEAK:
            assert "MPL" in said or "Mozilla" in said, f"{name}: {said}"
            assert extra in (*OWN, "all") or name in ("certifi", "tqdm")
            continue
        for part in re.split(r"; | AND | OR | WITH ", said.strip("() ")):
            assert PERMISSIVE.match(part.strip("() ")), f"{name}: {said}"


def test_a_licence_that_binds_is_found() -> None:
    for said in ("GPL-3.0-only", "GNU Lesser General Public License v3 (LGPLv3)", "Proprietary"):
        assert not PERMISSIVE.match(said)


def test_the_page_has_what_the_extras_ask_for() -> None:
    asked = {
        canonicalize_name(requirements.Requirement(text).name)
        for extra, texts in EXTRAS.items()
        if extra not in OWN
        for text in texts
    }
    assert set(TABLE) == asked - {"softset"} | {"array-api-compat"}
    for name, licence in TABLE.items():
        try:
            said = licence_of(name)
        except metadata.PackageNotFoundError:
            continue
        family = {"BSD-3-Clause": "BSD", "PSF": "Python Software Foundation"}.get(licence, licence)
        assert family.removesuffix("-2.0") in said, f"{name}: {said}"
