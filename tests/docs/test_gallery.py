"""Scripts of the gallery print what they say; their pages and notebooks have all of their cells."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.docs.test_docs import DOCS, environment
from tests.processes.docs_pages import blocks, compare_output, imports_of

GALLERY = sorted((DOCS / "gallery").glob("*.py"))
scripts = pytest.mark.parametrize("script", GALLERY, ids=[script.stem for script in GALLERY])


@pytest.fixture(scope="module")
def notebooks():
    pytest.importorskip("mkdocs", reason="MkDocs is not installed")
    spec = importlib.util.spec_from_file_location("notebooks", DOCS / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@scripts
def test_script_prints_what_it_says(script):
    source = script.read_text("utf-8")
    absent = [name for name in imports_of(source) if find_spec(name) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")
    command = [sys.executable, "-W", "error", script]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "# -> " in source
    compare_output(done.stdout, source, script.name)


@scripts
def test_page_and_notebook_hold_the_script(notebooks, script):
    source = script.read_text("utf-8")
    page, made = notebooks.page(source, script.stem), json.loads(notebooks.notebook(source))
    code = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "code"]
    text = [cell["source"] for cell in made["cells"] if cell["cell_type"] == "markdown"]
    assert [x.strip() for _, x in blocks(page)] == code
    assert text[0].startswith("# ") and page.startswith(text[0].splitlines()[0] + "\n")
    assert f"]({script.stem}.ipynb)" in page
    # Nothing of the script is lost: its lines are those of the cells, and the marks between them.
    lines = [line for line in source.splitlines() if not line.startswith("# %%")]
    cells = "\n".join(
        x if kind == "code" else "\n".join(f"# {line}".rstrip() for line in x.splitlines())
        for kind, x in notebooks.cells(source)
    )
    assert [line for line in lines if line] == [line for line in cells.splitlines() if line]
