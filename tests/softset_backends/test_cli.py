"""The command line: info, check of the library's losses and of one's own, demo's errors."""

import builtins
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

import softset as ss
from softset_backends import _registry, cases, cli
from softset_backends._quiet import quiet

for _name in ("typer", "rich"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
from typer.testing import CliRunner  # noqa: E402

from softset_backends import commands  # noqa: E402

OWN = """
import softset as ss

loss = ss.as_loss(ss.macro(ss.f1), axis=0)
number = 3


def brier(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return xp.mean((y_prob - y_true) ** 2)


def from_logits(y_true, logits):
    return ss.cross_entropy(y_true, logits, from_logits=True)


def jump(y_true, y_prob):
    return ss.as_loss(ss.f1, step=ss.StraightThrough())(y_true, y_prob)


def broken(y_true, y_prob):
    raise RuntimeError("no such luck\\nat all")
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def call(*arguments):
    result = CliRunner().invoke(commands.app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def test_info():
    status, text = call("info")
    assert status == 0
    assert f"{np.__version__}" in text and "python" in text and "softset" in text
    for name in _registry.NAMES:
        assert name in text


def test_info_says_how_to_install_what_is_not(monkeypatch):
    found = _registry.find_spec
    monkeypatch.setattr(_registry, "find_spec", lambda n: None if n == "jax" else found(n))
    monkeypatch.setattr(commands, "version", lambda name: "1.2.3")
    monkeypatch.setattr(_registry, "NAMES", ("numpy", "jax"))
    status, text = call("info")
    assert status == 0
    assert re.search(r"softset +1\.2\.3", text)
    assert re.search(r"jax +not installed +pip install 'softset\[jax\]'", text)


def test_info_without_metadata(monkeypatch):
    def version(name):
        raise commands.PackageNotFoundError(name)

    monkeypatch.setattr(commands, "version", version)
    monkeypatch.setattr(_registry, "NAMES", ("numpy",))
    assert re.search(r"softset +unknown", call("info")[1])


def test_check_of_the_sample():
    status, text = call("check", "--backend", "numpy")
    assert status == 0, text
    assert "all within tolerance" in text
    product = len(cases.STEPS) * len(cases.METRICS)
    for dtype, number in (("float64", product + len(cases.OTHERS)), ("float32", product)):
        assert re.search(rf"numpy +eager +{dtype} .* {number} *\n", text)


def test_check_fails_above_tolerance(monkeypatch):
    right = ss.value_and_grad

    def wrong(loss):
        def call(y_true, y_prob, **options):
            value, gradient = right(loss)(y_true, y_prob, **options)
            return value, gradient * (1 + 1e-12 * (loss.metric is ss.recall))

        return call

    monkeypatch.setattr(cases.ss, "value_and_grad", wrong)
    status, text = call("check", "--backend", "numpy")
    assert status == 1
    assert re.search(
        r"above tolerance; the worst: recall, .*, .* on numpy eager float64 against dual numbers:"
        r" value \S+, gradient 1\.0e-12",
        text.replace("\n", " "),
    )


def test_check_full_runs_every_job(monkeypatch):
    ran = []

    def run_all(jobs, backends, *, processes):
        ran.extend(jobs)
        return (
            cases.run(replace(j, case=replace(j.case, metrics=j.case.metrics[:1])), backends)
            for j in jobs
        )

    monkeypatch.setattr(commands, "run_all", run_all)
    status, text = call("check", "--full", "--backend", "numpy")
    assert status == 0 and ran == cases.every_job(["numpy"])
    assert f" {len(ran)} " in text


@pytest.mark.parametrize("name", ["loss", "brier"])
def test_check_of_a_users_function(own, name):
    status, text = call("check", f"{own}:{name}", "--backend", "numpy", "--shape", "12,3")
    assert status == 0 and "all within tolerance" in text


def test_check_of_a_users_function_on_logits(own):
    arguments = ("check", f"{own}:from_logits", "--backend", "numpy", "--logits", "--shape", "9")
    assert call(*arguments)[0] == 0


def test_check_of_a_users_function_that_disagrees(own):
    status, text = call("check", f"{own}:jump", "--backend", "numpy")
    assert status == 1
    assert "above tolerance; the worst:" in text and "against central differences" in text


def test_check_of_a_users_function_that_fails(own):
    status, text = call("check", f"{own}:broken", "--backend", "numpy")
    assert status == 1
    assert "numpy eager float64 failed: RuntimeError: no such luck" in text
    assert "at all" not in text and "Traceback" not in text


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("mine.py", (), "must be FILE.py:FUNCTION, got"),
        ("mine.txt:loss", (), "must be FILE.py:FUNCTION, got"),
        ("mine.py:", (), "must be FILE.py:FUNCTION, got"),
        ("none.py:loss", (), "there is no file"),
        ("mine.py:none", (), "mine.py has no function 'none'"),
        ("mine.py:number", (), "is not a function, but 3"),
        ("mine.py:loss", ("--shape", "3,a"), "must be lengths such as 64 or 64,3, got '3,a'"),
        ("mine.py:loss", ("--shape", "0"), "must be lengths such as"),
        ("mine.py:loss", ("--backend", "cupy"), "must be one of numpy, torch, jax"),
        ("bad.py:loss", (), "fails when run: SyntaxError"),
        ("worse.py:loss", (), "fails when run: ModuleNotFoundError: No module named 'nothing_like"),
    ],
)
def test_errors(own, name, arguments, message):
    own.with_name("bad.py").write_text("def loss(:\n")
    own.with_name("worse.py").write_text("import nothing_like_it\n")
    own.with_name("mine.txt").write_text(OWN)
    status, text = call("check", str(own.with_name(name)), "--backend", "numpy", *arguments)
    assert status == 2
    assert message in text and "Traceback" not in text


def test_a_users_file_finds_its_neighbours(own):
    own.with_name("neighbour_of_mine.py").write_text("factor = 2.0\n")
    own.write_text(OWN + "\nfrom neighbour_of_mine import factor\n")
    before = list(sys.path)
    assert call("check", f"{own}:brier", "--backend", "numpy")[0] == 0
    assert sys.path == before


def test_backend_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(_registry, "find_spec", lambda name: None)
    for command in ("check", "demo"):
        status, text = call(command, "--backend", "jax")
        assert status == 2 and "pip install 'softset[jax]'" in text


def test_demo_is_handed_its_options(monkeypatch, tmp_path):
    given = []
    demo = pytest.importorskip("softset_backends.demo")
    monkeypatch.setattr(
        demo, "run", lambda *arguments, **options: given.append((arguments, options))
    )
    arguments = ("--output", str(tmp_path), "--backend", "numpy", "--epochs", "2")
    assert call("demo", *arguments)[0] == 0
    assert given == [((tmp_path,), {"backends": ["numpy"], "epochs": 2})]
    assert call("demo", "--epochs", "0")[0] == 2


def test_warnings_stay_away_from_the_progress_bar(capfd):
    with quiet():
        print("notice", file=sys.__stderr__, flush=True)
        np.log(np.zeros(1))
    print("afterwards", file=sys.__stderr__, flush=True)
    assert "notice" not in capfd.readouterr().err


def test_entry(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["softset", "--help"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    text = capsys.readouterr().out
    assert all(command in text for command in ("info", "check", "demo"))


@pytest.mark.parametrize("missing", ["typer", "rich", "numpy"])
def test_entry_without_its_dependencies(monkeypatch, capsys, missing):
    importing = builtins.__import__

    def fail(name, globals=None, locals=None, fromlist=(), level=0):
        if name == "commands" and level == 1:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=f"{missing}.table")
        return importing(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    found = capsys.readouterr().err
    assert f"needs {missing}" in found and "pip install 'softset[cli]'" in found


def test_entry_hides_no_other_error(monkeypatch):
    importing = builtins.__import__

    def fail(name, globals=None, locals=None, fromlist=(), level=0):
        if name == "commands" and level == 1:
            raise ImportError("something else", name="softset")
        return importing(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(ImportError, match="something else"):
        cli.main()
