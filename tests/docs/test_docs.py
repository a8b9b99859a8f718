"""The documentation says what is true: its code runs, its names exist, its tables agree."""

from __future__ import annotations

import ast
import contextlib
import doctest
import functools
import importlib
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import softset as ss
import softset_backends
from softset import metrics
from tests.processes.docs_pages import (
    FENCE,
    FRAMEWORKS,
    blocks,
    compare_output,
    imported,
    imports_of,
    run_block,
)

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUN_PAGES = ROOT / "tests" / "processes" / "docs_pages.py"
SCRIPTS = sorted((DOCS / "scripts").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
WITH_CODE = [page for page in PAGES if "```python" in page.read_text("utf-8")]

_INCLUDED = re.compile(r'^--8<-- "docs/scripts/(\w+\.py)"$', re.MULTILINE)
_COMMAND = re.compile(r"^ *((?:\w+=\S+ )*(?:python|torchrun) .*\.py)$", re.MULTILINE)


# The pages' code


def absent(page):
    return [name for name in imported(page) if find_spec(name) is None]


def slowest(page):
    """Return the framework of a page that takes longest to import."""
    return next((name for name in ("tensorflow", "jax", "torch") if name in imported(page)), "")


# What trains or compiles for many seconds on each of its pages.
_SLOW = {"jax", "tensorflow", "keras", "transformers", "lightning", "sklearn"}
_SLOW |= {"xgboost", "lightgbm"}


def is_slow(page):
    return bool(_SLOW.intersection(imported(page)))


@functools.cache
def errors_of_pages(framework, slow):
    """Return what goes wrong on the pages that need a framework, in a process for all of them."""
    pages = [
        str(page)
        for page in WITH_CODE
        if (slowest(page), is_slow(page)) == (framework, slow) and not absent(page)
    ]
    done = subprocess.run(
        [sys.executable, RUN_PAGES, *pages], env=environment(), capture_output=True, text=True
    )
    if done.returncode not in (0, 1) or not done.stdout:
        return dict.fromkeys(pages, done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def in_order_of_frameworks():
    """Return the pages so that one process of tests has all of one, the slow ones for CI alone."""
    return [
        pytest.param(
            page,
            marks=[pytest.mark.exhaustive] * is_slow(page),
            id=str(page.relative_to(ROOT)),
        )
        for page in sorted(WITH_CODE, key=lambda page: (is_slow(page), slowest(page)))
    ]


@pytest.mark.parametrize("page", in_order_of_frameworks())
def test_code_of_page_runs(page):
    if absent(page):
        pytest.skip(f"{', '.join(absent(page))} not installed")
    error = errors_of_pages(slowest(page), is_slow(page)).get(str(page))
    assert error is None, error[-4000:]


def environment():
    """Return a user's environment: the packages of this checkout, no settings of the tests."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("JAX_")}
    paths = [str(ROOT), str(ROOT / "backends"), env.get("PYTHONPATH", "")]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return env | {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "NO_MKDOCS_2_WARNING": "1"}


def commands_of_scripts():
    """Return the scripts with the commands that their docstrings say to run.

    Each imports a framework, which takes seconds: all but the first of each are for CI alone.
    """
    found, known = [], set()
    for script in SCRIPTS:
        docstring = ast.get_docstring(ast.parse(script.read_text("utf-8")), clean=False) or ""
        commands = _COMMAND.findall(docstring)
        assert commands, f"{script} does not say how to run it"
        imported = imports_of(script.read_text("utf-8"))
        framework = next((x for x in ("keras", "tensorflow", "jax", "torch") if x in imported), "")
        for command in commands:
            marks = [pytest.mark.exhaustive] * (framework in known)
            found.append(pytest.param(script, command, marks=marks, id=command))
            known.add(framework)
    return found


@pytest.mark.parametrize(("script", "command"), commands_of_scripts())
def test_script_runs(script, command):
    """A script that a page shows whole prints what its `# ->` comments say."""
    source = script.read_text("utf-8")
    needed = imports_of(source) + re.findall(r"KERAS_BACKEND=(\w+)", command)
    absent = [name for name in needed if find_spec(name) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")
    *settings, program = re.match(r"((?:\w+=\S+ )*)(.*)", command).groups()
    env = environment() | dict(pair.split("=", 1) for pair in "".join(settings).split())
    python = {
        "python": [sys.executable],
        "torchrun": [sys.executable, "-m", "torch.distributed.run"],
    }
    first, *rest = program.split()
    done = subprocess.run(
        [*python[first], *rest], cwd=script.parent, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    compare_output(done.stdout, source, script.name)


def test_every_script_is_shown_on_one_page():
    shown = [name for page in PAGES for name in _INCLUDED.findall(page.read_text("utf-8"))]
    assert sorted(shown) == [script.name for script in SCRIPTS]


def test_there_is_code_to_run():
    total = sum(len(blocks(page.read_text("utf-8"))) for page in PAGES)
    fences = sum(page.read_text("utf-8").count("```python\n") for page in PAGES)
    assert total == fences >= 60
    assert len(WITH_CODE) >= 10


def test_tables_have_headers():
    for page in PAGES:
        assert not re.search(r"^\|[ |]*\|\n\|[-: |]+\|$", page.read_text("utf-8"), re.M), page


def test_every_block_that_is_python_says_so():
    for page in PAGES:
        languages = {match[2] for match in FENCE.finditer(page.read_text("utf-8"))}
        assert languages <= {"python", "console", "text", "bibtex"}, page


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print(1)  # -> 2", "expected '2', got '1'"),
        ("print(1)\nprint(2)  # -> 2", "expected .*, got"),
        ("print(0.9)  # -> about 0.8", "expected 'about 0.8'"),
        (">>> 1 + 1\n3\n", "Expected"),
        ("raise RuntimeError('broken')", "broken"),
    ],
)
def test_broken_block_is_found(code, message):
    with pytest.raises((AssertionError, RuntimeError), match=message):
        run_block(code, {})


def test_sound_blocks_pass():
    namespace = {}
    run_block("x = 1\nprint(x)  # -> 1\nprint(0.81)  # -> about 0.8", namespace)
    run_block(">>> x + 1\n2\n", namespace)


def test_broken_page_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n```python\nx = 1\n```\n\n```python\nprint(x)  # -> 2\n```\n")
    sound = tmp_path / "sound.md"
    sound.write_text("```python\nx = 1\nprint(x)  # -> 1\n```\n")
    done = subprocess.run(
        [sys.executable, RUN_PAGES, str(page), str(sound)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    found = json.loads(done.stdout)
    assert list(found) == [str(page)] and "expected '2', got '1'" in found[str(page)]


# The docstrings' examples


def modules():
    """Return the names of all modules, from their files: to import them takes every framework."""
    for package in (ss, softset_backends):
        root = Path(package.__path__[0])
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root.parent).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__")


def import_or_skip(name):
    """Import a module of ours, or skip the test where the framework that it serves is absent."""
    with skipping_absent():
        # A module may be left over from an import of its package that failed.
        importlib.import_module(name.rpartition(".")[0] or name)
        return importlib.import_module(name)


@contextlib.contextmanager
def skipping_absent():
    try:
        yield
    except ImportError as error:
        absent = (error.name or getattr(error.__cause__, "name", "") or "").partition(".")[0]
        if absent not in (*FRAMEWORKS, "typer", "rich"):
            raise
        pytest.skip(f"{absent} not installed")


@pytest.mark.parametrize("name", list(modules()))
def test_examples_of_docstrings(name):
    module = import_or_skip(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        report = io.StringIO()
        doctest.DocTestRunner().run(test, out=report.write)
        assert not report.getvalue(), report.getvalue()


def test_public_functions_have_examples():
    finder = doctest.DocTestFinder()
    for name in ss.__all__:
        assert any(test.examples for test in finder.find(getattr(ss, name), name)), name


# The papers

CITED = re.compile(
    r"\b([A-Z][a-zA-Z]+)(?:(?:,| and|, and) [A-Z]\w+)*(?: et al\.)?,? \(?((?:19|20)\d\d)\b"
)
NO_AUTHORS = {"Beyond", "NeurIPS"}


def citations():
    """Return the first author and the year of everything that is cited, with the file."""
    files = [*Path(ss.__path__[0]).rglob("*.py"), *Path(softset_backends.__path__[0]).rglob("*.py")]
    for file in [*files, *(page for page in PAGES if page.name != "bibliography.md")]:
        for author, year in CITED.findall(" ".join(file.read_text("utf-8").split())):
            if author not in NO_AUTHORS:
                yield author, year, file


def test_every_paper_that_is_cited_is_in_the_bibliography():
    text = (DOCS / "bibliography.md").read_text("utf-8")
    listed = set(re.findall(r"^\* (\w+)[^(]* \((\d{4})\)", text, re.MULTILINE))
    found = list(citations())
    assert len({(author, year) for author, year, _ in found}) > 20
    for author, year, file in found:
        assert (author, year) in listed, f"{author} {year} in {file}"


# The names


def names_of_pages():
    """Return the names that each page of the reference shows."""
    return {
        page: re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
        for page in sorted((DOCS / "api").rglob("*.md"))
    }


def names_in_the_reference():
    return [name for names in names_of_pages().values() for name in names]


def public_in_folders():
    """Return the public names of folders, but for those that every backend has."""
    of_all = {"MODES", *(n for n in dir(softset_backends.Backend) if n[0] != "_")}
    for file in sorted(Path(softset_backends.__path__[0]).glob("*/__init__.py")):
        tree = ast.parse(file.read_text("utf-8"))
        lists = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        if file.parent.name in FOLDERS:
            names = set(ast.literal_eval(lists[0])) - of_all
            yield from (f"softset_backends.{file.parent.name}.{name}" for name in names)


FOLDERS = {"numpy", "torch", "jax", "tensorflow", "keras", "sklearn", "plots", "compare"}


def test_every_public_name_is_on_one_page_of_the_reference():
    listed = names_in_the_reference()
    assert len(listed) == len(set(listed))
    public = [f"softset.{name}" for name in ss.__all__]
    public += [f"softset_backends.{name}" for name in public_names(softset_backends)]
    public += ["softset.metrics.larger_is_better", *public_in_folders()]
    # What `compare` returns is shown too, from the rooms that it is in.
    rest = [name for name in listed if not re.match(r"softset_backends\.compare\.\w+\.", name)]
    assert set(public) == set(rest)


def test_pages_of_metrics_are_the_modules_of_metrics():
    """A metric is on the page of its family, and no page grows without end."""
    for page, names in names_of_pages().items():
        assert len(names) <= 20, page
        if page.parent.name == "metrics" and page.stem != "tables":
            rooms = {getattr(ss, name.removeprefix("softset.")).__module__ for name in names}
            assert rooms == {f"softset.metrics.{page.stem}"}


@pytest.mark.parametrize("path", names_in_the_reference())
def test_names_in_the_reference_exist(path):
    owner, _, name = path.rpartition(".")
    module = import_or_skip(owner)
    with skipping_absent():
        assert hasattr(module, name)


def public_names(module):
    """Return what a package's `__all__` or, without one, its `x as x` imports offer."""
    return getattr(module, "__all__", None) or re.findall(
        r"import \w+ as (\w+)$", Path(module.__file__).read_text("utf-8"), re.MULTILINE
    )


PLACES = re.findall(
    r"^\| [^|]+ \| (`(?:softset|backends)/[^|]*) \| ([^|]*) \|$",
    (DOCS / "how-it-works.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_there_are_places():
    assert len(PLACES) > 30


@pytest.mark.parametrize(("files", "names"), PLACES, ids=[files for files, _ in PLACES])
def test_formulas_are_where_the_page_says(files, names):
    paths = [ROOT / name for name in re.findall("`([^`]+)`", files)]
    assert all(path.exists() for path in paths)
    source = "\n".join(path.read_text("utf-8") for path in paths if path.is_file())
    for name in re.findall("`([^`]+)`", names):
        if name.endswith(".py"):
            assert (paths[0] / name).is_file(), name
            continue
        for part in name.split("."):
            assert re.search(rf"^ *(?:def|class) {part}\b", source, re.MULTILINE), name


def commands():
    """Return every `make ...` and `softset ...` that a page names, with the page."""
    inline = re.compile(r"`((?:make|softset) [^`]+)`")
    for page in PAGES:
        text = page.read_text("utf-8")
        for line in (line for _, code in blocks(text, "console") for line in code.splitlines()):
            command = line.partition("#")[0].removeprefix("$ ").strip()
            if command.startswith(("make ", "softset ")):
                yield page, command
        yield from ((page, " ".join(found.split())) for found in inline.findall(text))


def test_commands_are_found():
    assert {"make demo", "make test", "make docs", "softset check", "softset demo"} <= {
        command for _, command in commands()
    }


def test_make_targets_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page, command in commands():
        program, target, *_ = command.split()
        assert program != "make" or target in targets, f"{page.name}: {command}"


def test_commands_of_softset_exist():
    typer = pytest.importorskip("typer", reason="the command line is not installed")
    app = importlib.import_module("softset_backends.cli.commands").app
    group = typer.main.get_command(app)
    known = group.commands
    for page, command in commands():
        program, name, *arguments = command.split()
        if program != "softset":
            continue
        if name in {option for parameter in group.params for option in parameter.opts}:
            continue
        assert name in known, f"{page.name}: {command}"
        options = {option for parameter in known[name].params for option in parameter.opts}
        options.add("--help")
        for argument in (a for a in arguments if a.startswith("-")):
            assert argument.partition("=")[0] in options, f"{page.name}: {command}"


# The table of metrics

OPTIONS = {
    "fbeta": {"beta": 2.0},
    "tversky": {"fp_weight": 0.3, "fn_weight": 0.9},
    "index_of_balanced_accuracy": {"alpha": 1.0},
    "net_benefit": {"fp_weight": 0.7},
    "expected_cost": {"tp": 0.5, "fp": 2.0, "fn": 5.0, "tn": 0.25},
}
UNDEFINED = {
    "no positives": lambda tp, fp, fn, tn: tp + fn == 0,
    "no negatives": lambda tp, fp, fn, tn: fp + tn == 0,
    "nothing predicted positive": lambda tp, fp, fn, tn: tp + fp == 0,
    "nothing predicted negative": lambda tp, fp, fn, tn: fn + tn == 0,
    "all predictions alike": lambda tp, fp, fn, tn: 0 in (tp + fp, fn + tn),
    "a class absent": lambda tp, fp, fn, tn: 0 in (tp + fn, fp + tn),
    "n = 0": lambda tp, fp, fn, tn: tp + fp + fn + tn == 0,
    "tp = fp = fn = 0": lambda tp, fp, fn, tn: tp + fp + fn == 0,
    "tn = fp = fn = 0": lambda tp, fp, fn, tn: tn + fp + fn == 0,
    "tp = tn = 0": lambda tp, fp, fn, tn: tp + tn == 0,
    "one of them 0 and no error": lambda tp, fp, fn, tn: tp * tn == 0 and fp + fn == 0,
    "only tp": lambda tp, fp, fn, tn: fp + fn + tn == 0,
    "only tn": lambda tp, fp, fn, tn: tp + fp + fn == 0,
    "tp tn = fp fn = 0": lambda tp, fp, fn, tn: tp * tn == 0 and fp * fn == 0,
    "fp = 0": lambda tp, fp, fn, tn: fp == 0,
    "fn = 0": lambda tp, fp, fn, tn: fn == 0,
    "tn = 0": lambda tp, fp, fn, tn: tn == 0,
}
RANGES = {
    "[0, 1]": (0, 1),
    "[-1, 1]": (-1, 1),
    "[-1/3, 1]": (-1 / 3, 1),
    "[0, √2]": (0, math.sqrt(2)),
    "[0, ∞)": (0, math.inf),
    "[0, ∞]": (0, math.inf),
    "(-∞, 1]": (-math.inf, 1),
}
ROW = re.compile(r"^\| `(\w+)`[^|]* \| `(.*?)` \| (.*?) \| (\w+) \| (.*?) \| (\w+) \| ", re.M)
TABLE = {row[1]: row.groups()[1:] for row in ROW.finditer((DOCS / "metrics.md").read_text("utf-8"))}


def metric(name):
    return functools.partial(getattr(metrics, name), **OPTIONS.get(name, {}))


def tables(number=50):
    """Return random tables without empty cells."""
    rng = np.random.default_rng(0)
    return ss.Confusion(*rng.uniform(0.5, 40, size=(4, number)))


def test_table_has_every_metric():
    assert set(TABLE) == set(metrics.__all__) - {"larger_is_better"}


@pytest.mark.parametrize("name", TABLE)
def test_formula_of_table(name):
    c = tables()
    tp, fp, fn, tn = c
    n, q, e = tp + fp + fn + tn, (2 * tp + fp + fn), (tp + fp) * (tp + fn)
    plain = {key: getattr(metrics, key)(c) for key in TABLE if key not in OPTIONS}
    costs = {f"cost_{key}": value for key, value in OPTIONS["expected_cost"].items()}
    plain.pop(name, None)  # a formula must not stand for itself
    known = OPTIONS.get(name, {}) | costs | plain
    known |= {"sqrt": np.sqrt, "n": n, "q": q / (2 * n), "e": e / n}
    known |= {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    np.testing.assert_allclose(eval(TABLE[name][0], known), metric(name)(c), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", TABLE)
def test_range_of_table(name):
    low, high = RANGES[TABLE[name][1]]
    small = ss.Confusion(*np.asarray(list(itertools.product((0.0, 1.0, 7.0), repeat=4))).T)
    for c in (tables(500), small):
        value = metric(name)(c)
        assert np.all((value >= low - 1e-12) & (value <= high + 1e-12))


@pytest.mark.parametrize("name", TABLE)
def test_direction_of_table(name):
    known = {True: "larger", False: "smaller", None: "neither"}
    assert TABLE[name][2] == known[metrics.larger_is_better(metric(name))]


@pytest.mark.parametrize("name", TABLE)
def test_undefined_of_table(name):
    phrases = re.split(r", or | or |, ", TABLE[name][3])
    for four in itertools.product((0.0, 1.0, 3.0), repeat=4):
        value = metric(name)(ss.Confusion(*np.asarray(four)), zero_division=-7.25)
        assert (value == -7.25) == any(UNDEFINED[phrase](*four) for phrase in phrases), four


@pytest.mark.parametrize("name", TABLE)
def test_needs_tn_of_table(name):
    c = tables()
    moved = metric(name)(c._replace(tn=c.tn + 3))
    assert TABLE[name][4] == ("no" if np.array_equal(moved, metric(name)(c)) else "yes")


@pytest.mark.parametrize("name", TABLE)
def test_zero_gradient_of_edge_cases(name):
    text = (DOCS / "edge-cases.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (only \w+|either|neither) \| (.*) \|$", text, re.MULTILINE))
    said = [batch for batch, names in rows.items() if f"`{name}`" in names]
    gradient = ss.value_and_grad(ss.as_loss(metric(name), maximize=True))
    negatives, positives = (
        not np.any(gradient(np.full(4, label), np.asarray([0.1, 0.35, 0.6, 0.8]))[1])
        for label in (0, 1)
    )
    known = {
        (1, 0): "only negatives",
        (0, 1): "only positives",
        (1, 1): "either",
        (0, 0): "neither",
    }
    assert said == [known[negatives, positives]]


def test_tolerances_of_check():
    text = (DOCS / "check.md").read_text("utf-8")
    said = {
        row[1]: dict(
            zip(("dual", "others", "differences"), map(float, row.groups()[1:]), strict=True)
        )
        for row in re.finditer(r"^\| (float\d+) \| (\S+) \| (\S+) \| (\S+) \|$", text, re.MULTILINE)
    }
    assert said == softset_backends.TOLERANCES
