"""The site builds, needs no network, and its search finds what readers look for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.docs.test_docs import DOCS, ROOT, environment

pytestmark = pytest.mark.exhaustive  # the build imports and reads every package


def build(folder, config=ROOT / "mkdocs.yml"):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", folder],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for name in ("mkdocs", "material", "mkdocstrings", "matplotlib", "sklearn"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_site_has_every_page_and_its_pictures(site):
    for page in [*DOCS.rglob("*.md"), *(DOCS / "gallery").glob("*.py")]:
        assert (site / page.relative_to(DOCS).with_suffix(".html")).is_file()
    for script in (DOCS / "gallery").glob("*.py"):
        assert (site / "gallery" / f"{script.stem}.ipynb").is_file()
    for html in site.rglob("*.html"):
        for picture in re.findall(r'<img [^>]*src="([^"]+)"', html.read_text("utf-8")):
            folder = site if picture.startswith("/") else html.parent  # as in 404.html
            assert (folder / picture.lstrip("/")).is_file(), f"{html.name}: {picture}"
    for name in ("home", "steps"):
        assert (site / "assets" / f"{name}.svg").stat().st_size > 10_000
    assert not list(site.rglob("*.py"))


def test_site_needs_no_network(site):
    for html in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]*src="(https?:[^"]+)"', html.read_text("utf-8")
        )
        loaded += re.findall(
            r'<link[^>]*stylesheet[^>]*href="(https?:[^"]+)"', html.read_text("utf-8")
        )
        assert not loaded, f"{html.name}: {loaded}"


def test_reference_shows_what_the_docstrings_say(site):
    html = (site / "api" / "losses.html").read_text("utf-8")
    assert 'id="softset.as_loss"' in html
    assert "Turn a metric into a loss" in html


def test_strict_build_fails_for_a_broken_link(site, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text("site_name: broken\nstrict: true\ntheme: {name: material, font: false}\n")
    assert build(tmp_path / "site", config).returncode != 0


# What readers look for, and the page that is to answer: by its title or by its tags.
LOOKED_FOR = {
    "imbalanced": "imbalanced.html",
    "imbalance": "imbalanced.html",
    "multilabel": "classes.html",
    "multiclass": "classes.html",
    "argmax": "classes.html",
    "segmentation": "segmentation.html",
    "ignore_index": "segmentation.html",
    "huggingface": "loops/hugging-face.html",
    "catboost": "loops/boosting.html",
    "faq": "faq.html",
    "migrate": "migrate.html",
    "torchmetrics": "migrate.html",
    "fairness": "groups.html",
    "mcc": "metrics.html",
    "iou": "metrics.html",
    "nan": "edge-cases.html",
    "onnx": "capabilities.html",
    "jit": "capabilities.html",
    "ddp": "loops/data-parallel.html",
    "versions": "compatibility.html",
    "glossary": "glossary.html",
    "bibliography": "bibliography.html",
}


def test_search_finds_what_readers_look_for(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    separator = index["config"]["separator"]
    words = {}
    for entry in index["docs"]:
        named = " ".join([entry["title"], *entry.get("tags", [])])
        words.setdefault(entry["location"], set()).update(re.split(separator, named.lower()))
    for query, page in LOOKED_FOR.items():
        assert re.split(separator, query) == [query]  # is looked for as one word
        assert any(word.startswith(query) for word in words[page]), f"{query}: {page}"


def test_search_works_on_pages_from_the_file_system(site):
    """There nothing can be fetched and no worker be started: both come as scripts."""
    assert (site / "search" / "search_index.js").read_text("utf-8").startswith("var __index = {")
    for html in site.rglob("*.html"):
        scripts = re.findall(r'<script src="([^"]+)"', html.read_text("utf-8"))
        assert any(script.endswith("/iframe-worker.js") for script in scripts), html.name


def test_search_index_splits_words_from_marks(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    words = re.split(index["config"]["separator"], '(`ignore_index`, "multilabel": ss.f1) 0.5')
    assert [word for word in words if word] == ["ignore_index", "multilabel", "ss", "f1", "0.5"]
