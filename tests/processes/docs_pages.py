"""Run the code of pages of the documentation, and print what went wrong on each.

To run one by hand: python tests/processes/docs_pages.py docs/idea.md
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

FRAMEWORKS = (
    "torch",
    "jax",
    "optax",
    "flax",
    "tensorflow",
    "keras",
    "sklearn",
    "xgboost",
    "lightgbm",
    "dask",
    "distributed",
    "torchmetrics",
    "lightning",
    "skorch",
    "transformers",
    "mlx",
    "pandas",
    "narwhals",
    "polars",
    "pyarrow",
    "duckdb",
    "matplotlib",
    "scipy",
    "jinja2",
)
# What a package of softset_backends that is no framework's needs.
_NEEDED = {"compare": {"scipy", "sklearn", "pandas", "jinja2", "matplotlib"}}

FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"# -> (.*)$", re.MULTILINE)
_ABOUT = 0.05  # how near a number must be to one that is said to be "about" something


def blocks(text, language="python"):
    """Return the line and the source of every fenced block of a language."""
    return [
        (text[: match.start()].count("\n") + 1, re.sub(f"^{match[1]}", "", match[3], flags=re.M))
        for match in FENCE.finditer(text)
        if match[2] == language
    ]


def run_block(code, namespace, where="block"):
    """Run a block; what it prints must be what its `# ->` comments or its `>>>` say."""
    if code.lstrip().startswith(">>>"):
        return run_examples(code, namespace, where)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, where, "exec"), namespace)
    compare_output(printed.getvalue(), code, where)


def compare_output(printed, code, where):
    """Compare what was printed with the `# ->` comments of the code, if it has any."""
    expected = _OUTPUT.findall(code)
    if expected:
        found = [line.strip() for line in printed.strip().splitlines()]
        assert len(found) == len(expected), f"{where}: expected {expected}, got {found}"
        for one, other in zip(found, expected, strict=True):
            assert agrees(one, other.strip()), f"{where}: expected {other!r}, got {one!r}"


def agrees(found, expected):
    """Compare a printed line with what a comment says of it."""
    if not expected.startswith("about "):
        return found == expected
    pairs = zip(found.split(), expected.removeprefix("about ").split(), strict=True)
    return all(abs(float(a) - float(b)) <= _ABOUT for a, b in pairs)


def run_examples(code, namespace, where):
    test = doctest.DocTestParser().get_doctest(code, namespace, where, where, 0)
    report = io.StringIO()
    doctest.DocTestRunner().run(test, out=report.write, clear_globs=False)
    assert not report.getvalue(), report.getvalue()


def run_page(page):
    """Run the blocks of a page in order, in one namespace, with warnings as errors."""
    namespace = {"__name__": page.stem}
    for module in imported(page):
        importlib.import_module(module)  # whatever a framework warns of on import is its own
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for line, code in blocks(page.read_text("utf-8")):
            placed = code if code.startswith(">>>") else "\n" * line + code
            run_block(placed, namespace, f"{page}")


def run_pages(pages):
    """Run pages one after the other, in a folder to write to; return what went wrong on each."""
    found = {}
    paths = {page: Path(page).absolute() for page in pages}
    os.chdir(tempfile.mkdtemp())
    for page, path in paths.items():
        try:
            run_page(path)
        except BaseException:
            traceback.print_exc()
            found[page] = traceback.format_exc()
    return found


def imported(page):
    """Return the frameworks that a page imports or names as backends."""
    found = set()
    for _, code in blocks(page.read_text("utf-8")):
        found |= set(re.findall(r'"(torch|jax|tensorflow)"', code))
        source = (
            "\n".join(example.source for example in doctest.DocTestParser().get_examples(code))
            or code
        )
        found |= set(imports_of(source))
    return [name for name in FRAMEWORKS if name in found]


def imports_of(source):
    """Return the frameworks that code imports, by itself or through softset_backends."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found |= {name.removeprefix("softset_backends.").partition(".")[0] for name in names}
    found = found.union(*(_NEEDED.get(name, ()) for name in found))
    return [name for name in FRAMEWORKS if name in found]


if __name__ == "__main__":
    errors = run_pages(sys.argv[1:])
    print(json.dumps(errors))
    sys.exit(bool(errors))
