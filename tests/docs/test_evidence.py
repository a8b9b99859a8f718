"""Figures of pages are those of the evidence that is committed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"[+-]\d\.\d{3} \[[+-]\d\.\d{3}, [+-]\d\.\d{3}\]")


@pytest.mark.parametrize("name", ["docs/when-it-helps.md", "README.md"])
def test_every_gain_with_an_interval_was_measured(name):
    measured = set(FIGURE.findall((ROOT / "benchmarks/results/evidence.md").read_text("utf-8")))
    said = FIGURE.findall((ROOT / name).read_text("utf-8"))
    assert said
    assert not set(said) - measured
