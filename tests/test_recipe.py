"""The conda recipe says what the package says."""

from __future__ import annotations

import re
from pathlib import Path

import softset

ROOT = Path(__file__).resolve().parents[1]
RECIPE = (ROOT / "recipe" / "recipe.yaml").read_text()
PROJECT = (ROOT / "pyproject.toml").read_text()


def only(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return found


def test_versions_are_those_of_the_package() -> None:
    assert only(r'^  version: "(.+)"$', RECIPE) == softset.__version__
    assert only(r'^  python_min: "(.+)"$', RECIPE) == only(r'^requires-python = ">=(.+)"$', PROJECT)
    required = only(r'^dependencies = \["array-api-compat>=(.+)"\]$', PROJECT)
    assert only(r"^    - array-api-compat >=(.+)$", RECIPE) == required
    built = only(r'^requires = \["hatchling>=(.+)"\]$', PROJECT)
    assert only(r"^    - hatchling >=(.+)$", RECIPE) == built


def test_the_rest_is_that_of_the_package() -> None:
    for key, name in (("summary", "description"), ("license", "license")):
        said = only(rf'^  {key}: "?(.+?)"?$', RECIPE)
        assert said == only(rf'^{name} = "(.+)"$', PROJECT)
    script = only(r'^(softset = ".+")$', PROJECT).replace('"', "")
    assert f"- {script}\n" in RECIPE
