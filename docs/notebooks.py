"""Make a page and a notebook of each script of docs/gallery (Jupytext's percent format)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

GALLERY = Path(__file__).with_name("gallery")
_MARK = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and the notebooks; nothing is written to the source tree."""
    for script in sorted(GALLERY.glob("*.py")):
        source = script.read_text("utf-8")
        for suffix, made in ((".md", page(source, script.stem)), (".ipynb", notebook(source))):
            name = f"gallery/{script.stem}{suffix}"
            files.append(File.generated(config, name, content=made))
    return files


def cells(source: str) -> list[tuple[str, str]]:
    """Return the kind, "markdown" or "code", and the content of each cell of a script."""
    _, *parts = _MARK.split(source)
    found = []
    for mark, content in zip(parts[::2], parts[1::2], strict=True):
        if mark:
            content = re.sub(r"^# ?", "", content, flags=re.MULTILINE)
        found.append(("markdown" if mark else "code", content.strip()))
    return found


def page(source: str, name: str) -> str:
    """Return a page, which begins with the title of the script and links to the notebook."""
    made = [f"```python\n{x}\n```" if kind == "code" else x for kind, x in cells(source)]
    title, _, rest = made[0].partition("\n")
    link = f"[A notebook]({name}.ipynb) of this page, to run and to change."
    return "\n\n".join([title, rest.strip(), *made[1:], link]) + "\n"


def notebook(source: str) -> str:
    """Return a notebook of nbformat 4."""
    made: list[dict[str, Any]] = []
    for number, (kind, content) in enumerate(cells(source)):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": content}
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps(
        {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )
