"""The command line: info, check of the library's losses and of one's own, demo's errors."""

import builtins
import importlib.util
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

import softset as ss
from softset_backends import cli, registry
from softset_backends.check import cases
from softset_backends.check.draws import draw
from softset_backends.quiet import quiet

for _name in ("typer", "rich"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: they must come after the skips.
from typer.testing import CliRunner  # noqa: E402

from softset_backends.cli import commands  # noqa: E402

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


class Loss:
    def call(self, y_true, y_prob):
        return brier(y_true, y_prob)


instance = Loss()


async def later(y_true, y_prob):
    return brier(y_true, y_prob)


def leaves(y_true, y_prob):
    raise SystemExit(0)


def two(y_true, y_prob):
    return brier(y_true, y_prob), y_prob


def each(y_true, y_prob):
    return (y_prob - y_true) ** 2


def naive(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return -xp.mean(y_true * xp.log(y_prob) + (1 - y_true) * xp.log(1 - y_prob))


def naive_sigmoid(y_true, logits):
    xp = ss.array_namespace(y_true, logits)
    return xp.mean((1 / (1 + xp.exp(-logits)) - y_true) ** 2)


def at_half(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return xp.mean(xp.sqrt((y_prob - 0.5) ** 2))


def clipped(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return naive(y_true, xp.clip(y_prob, 1e-7, 1 - 1e-7))


def pairs(y_true, y_prob):
    return ss.pairwise_loss(y_true, y_prob)


def grows(y_true, y_prob):
    return ss.f1(ss.confusion(y_true, y_prob))


def without_positives(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return 1 - xp.sum(y_true * y_prob) / xp.sum(y_true)


metric = ss.f1
hard = ss.as_score(ss.f1)


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
    for name in registry.NAMES:
        assert name in text


def test_info_says_how_to_install_what_is_not(monkeypatch):
    found = registry.find_spec
    monkeypatch.setattr(registry, "find_spec", lambda n: None if n == "jax" else found(n))
    monkeypatch.setattr(ss, "__version__", "1.2.3")
    monkeypatch.setattr(registry, "NAMES", ("numpy", "jax"))
    status, text = call("info")
    assert status == 0
    assert re.search(r"softset +1\.2\.3", text)
    assert re.search(r"jax +not installed +pip install 'softset\[jax\]'", text)


def test_check_of_the_sample():
    status, text = call("check", "--backend", "numpy")
    assert status == 0, text
    assert "all within tolerance" in text
    product = len(cases.STEPS) * len(cases.METRICS)
    others = sum(len(cases.BESIDE[mode]) for mode in ("table", "groups", "weighted"))
    for dtype, number in (("float64", product + others), ("float32", product)):
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


@pytest.mark.parametrize("name", ["loss", "brier", "instance.call", "clipped", "pairs"])
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


def test_check_says_what_is_wrong(own, monkeypatch):
    arguments = ("check", f"{own}:without_positives", "--backend", "numpy")
    status, text = call(*arguments)
    assert status == 1
    assert "mine.py:without_positives, without positives: the value is NaN on numpy; keep" in text
    monkeypatch.setattr(commands, "_MOST_FINDINGS", 0)
    text = call(*arguments)[1]
    assert "NaN on numpy" not in text and "... and 1 more" in text


def test_check_of_a_users_function_that_fails(own):
    status, text = call("check", f"{own}:broken", "--backend", "numpy")
    assert status == 1
    assert "mine.py:broken: fails on numpy: RuntimeError: no such luck" in text
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
        ("mine.py:loss", ("--shape=-4,2",), "must be lengths such as 64 or 64,3, got '-4,2'"),
        ("mine.py:loss", ("--shape", ""), "must be lengths such as 64 or 64,3, got ''"),
        ("mine.py:loss", ("--shape", "9" * 5000), "`shape` must "),
        ("mine.py:loss", ("--shape", "1000000000000"), "at most 8 lengths and 4096 scores in all"),
        ("mine.py:loss", ("--shape", ",".join("1" * 20)), "at most 8 lengths and 4096 scores"),
        ("m" * 5000 + ".py:loss", (), "there is no file"),
        ("mine.py:loss", ("--backend", "cupy"), "must be one of numpy, torch, jax"),
        ("bad.py:loss", (), "fails when run: SyntaxError"),
        ("leaves.py:loss", (), "fails when run: SystemExit: 0; it calls sys.exit"),
        ("related.py:loss", (), "no known parent package; import its neighbours by their names"),
        ("lazy.py:loss", (), "fails when run: SystemExit; it calls sys.exit"),
        ("mine.py:Loss", (), "'Loss' in "),
        ("mine.py:Loss.call", (), "must take the arrays, as fn(y_true, y_prob) does"),
        ("mine.py:Loss.none", (), "mine.py has no function 'Loss.none'"),
        ("mine.py:later", (), "must return an array, got coroutine"),
        ("mine.py:leaves", (), "`fn` must return, got SystemExit: 0; it calls sys.exit"),
        ("mine.py:metric", (), "a metric of counts needs softset.as_loss"),
        ("mine.py:hard", (), "must change smoothly with the scores, got a gradient of 0"),
        ("mine.py:grows", (), "must fall as the scores get better, got 0.98"),
        ("mine.py:each", ("--shape", "2,2,2"), "return the mean"),
        ("mine.py:two", (), "must return one array, got 2 results (tuple)"),
        ("mine.py:each", (), "got the shape (64,) for scores of shape (64,); return the mean"),
        ("worse.py:loss", (), "fails when run: ModuleNotFoundError: No module named 'nothing_like"),
    ],
)
def test_errors(own, name, arguments, message):
    own.with_name("bad.py").write_text("def loss(:\n")
    own.with_name("worse.py").write_text("import nothing_like_it\n")
    own.with_name("mine.txt").write_text(OWN)
    own.with_name("leaves.py").write_text("import sys\nsys.exit(0)\n")
    own.with_name("related.py").write_text("from .mine import loss\n")
    own.with_name("lazy.py").write_text("def __getattr__(name):\n    raise SystemExit\n")
    before = sorted(sys.modules)
    status, text = call("check", f"{own.parent / name}", "--backend", "numpy", *arguments)
    assert status == 2
    assert message in text and "Traceback" not in text
    assert len(text.splitlines()) == 1  # however narrow the terminal
    assert not [x for x in set(sys.modules) - set(before) if x.startswith("softset_check")]


@pytest.mark.parametrize("shape", ["1", "2", "7", "40,3", "2,3,4,5"])
def test_a_right_function_passes_in_any_shape(own, shape):
    for name, logits in (("brier", ()), ("clipped", ()), ("from_logits", ("--logits",))):
        arguments = ("check", f"{own}:{name}", "--backend", "numpy", "--shape", shape, *logits)
        status, text = call(*arguments)
        assert status == 0, text


@pytest.mark.parametrize(
    "name, options", [("naive", ()), ("at_half", ()), ("naive_sigmoid", ("--logits",))]
)
def test_wrong_at_the_ends_at_a_knot_and_saturated(own, name, options):
    status, text = call("check", f"{own}:{name}", "--backend", "numpy", *options)
    assert status == 1 and "above tolerance; the worst:" in text and "gradient inf" in text


def test_scores_are_drawn_where_losses_go_wrong():
    y_true, y_prob = draw((8, 8), logits=False)
    for score in (0, 1, 0.25, 0.5, 0.75):
        assert np.sum(y_prob == score) >= 2
    below = np.nextafter(np.float32(1), np.float32(0))
    assert {below, np.finfo(np.float32).eps} < set(np.ravel(y_prob))
    assert all(set(y_true[y_prob == end]) == {end} for end in (0, 1))
    assert all(set(y_true[y_prob == x]) == {0, 1} for x in (0.25, 0.5, 0.625, 0.75))
    _, logits = draw((64,), logits=True)
    assert {-100, -40, -30, 0, 0.5, 30, 40, 100} <= set(logits)
    for size in range(1, 20):
        y_true, y_prob = draw((size,), logits=False)
        assert y_true.shape == y_prob.shape == (size,) and np.any(y_true == 1)


def test_a_users_file_finds_its_neighbours(own):
    own.with_name("neighbour_of_mine.py").write_text("factor = 2.0\n")
    own.with_name("lazy_neighbour.py").write_text("power = 2\n")
    late = "from lazy_neighbour import power\n    return xp.mean((y_prob - y_true) ** power)"
    own.write_text(
        OWN.replace("return xp.mean((y_prob - y_true) ** 2)", late)
        + "\nfrom neighbour_of_mine import factor\n"
    )
    before = list(sys.path)
    status, text = call("check", f"{own}:brier", "--backend", "numpy")
    assert status == 0, text
    assert sys.path == before


WHOLE = """
from __future__ import annotations

import pickle
import typing
from dataclasses import dataclass

import numpy

import softset as ss


@dataclass(frozen=True)
class Options:
    power: typing.ClassVar[int] = 2
    scale: float = 1.0


def brier(y_true: Options, y_prob: float):
    options = pickle.loads(pickle.dumps(Options()))
    assert options == Options() and pickle.loads(pickle.dumps(brier)) is brier
    assert typing.get_type_hints(brier)["y_true"] is Options and numpy.asarray(1) == 1
    xp = ss.array_namespace(y_true, y_prob)
    return xp.mean((y_prob - y_true) ** options.power) * options.scale
"""


@pytest.mark.parametrize("name", ["mine", "numpy", "torch", "test", "json", "my-own losses", "1.5"])
def test_a_users_file_is_a_module_that_hides_no_other(tmp_path, name):
    path = tmp_path / f"{name}.py"
    path.write_text(WHOLE)
    before = dict(sys.modules)
    status, text = call("check", f"{path}:brier", "--backend", "numpy")
    assert status == 0, text
    assert all(sys.modules[x] is module for x, module in before.items())
    assert not [x for x in sys.modules.values() if getattr(x, "__file__", "") == str(path)]


@pytest.mark.parametrize("name", ["mine", "torch"])
def test_check_of_a_users_function_compiled(tmp_path, monkeypatch, name):
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(registry.get("torch"), "MODES", ("eager", "aot_eager"))
    path = tmp_path / f"{name}.py"
    path.write_text(OWN)
    status, text = call("check", f"{path}:brier", "--backend", "torch")
    assert status == 0, text
    assert re.search("torch +aot_eager +float32", text)


def test_the_backend_that_is_wrong_is_named(own, monkeypatch):
    torch = registry.get("torch") if "torch" in registry.available() else None
    if torch is None:
        pytest.skip("torch is not installed")
    monkeypatch.setattr(torch, "MODES", ("eager",))
    own.write_text(
        OWN.replace(
            "return xp.mean((y_prob - y_true) ** 2)",
            "other = y_prob.detach() if hasattr(y_prob, 'detach') else y_prob\n"
            "    return xp.mean(y_prob * other)",
        )
    )
    status, text = call("check", f"{own}:brier", "--backend", "numpy", "--backend", "torch")
    assert status == 1
    assert re.search(r"the worst: \S+:brier on torch eager float64 against", text)


def test_vendor(tmp_path):
    arguments = ("vendor", str(tmp_path), "--name", "copied")
    status, text = call(*arguments, "--include-compat")
    assert status == 0 and f"softset {ss.__version__} copied to {tmp_path / 'copied'}" in text
    assert (tmp_path / "copied" / "_array_api_compat" / "__init__.py").is_file()
    status, text = call(*arguments, "--check")
    assert status == 0 and text == f"{tmp_path / 'copied'}: unchanged and current\n"
    (tmp_path / "copied" / "losses.py").write_text("")
    status, text = call(*arguments, "--check")
    assert status == 1 and text == f"{tmp_path / 'copied'}: changed: losses.py\n"
    status, text = call(*arguments)
    assert status == 2 and "must have no other copied in it" in text


def test_keyboard_interrupts_are_the_users(own):
    own.write_text("raise KeyboardInterrupt\n")
    assert call("check", f"{own}:loss", "--backend", "numpy")[0] == 130
    own.write_text("def loss(y_true, y_prob):\n    raise KeyboardInterrupt\n")
    assert call("check", f"{own}:loss", "--backend", "numpy")[0] == 130


@pytest.mark.parametrize("kind", ["a file", "below a file", "a folder for the report"])
def test_demo_whose_output_is_no_folder(tmp_path, kind):
    pytest.importorskip("softset_backends.demo")
    path = tmp_path / "out[put]"
    if kind == "a folder for the report":
        (path / "report.md").mkdir(parents=True)
    else:
        path.write_text("kept")
    output = path / "deeper" if kind == "below a file" else path
    status, text = call("demo", "--output", str(output), "--backend", "numpy")
    assert status == 2 and len(text.splitlines()) == 1
    assert f"`output` must be a folder that can be written to, got {output}: " in text
    assert path.is_dir() or path.read_text() == "kept"


def test_paths_are_not_wrapped(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    folder = tmp_path / ("a folder whose name is long [and strange] " * 3).strip()
    folder.mkdir()
    path = folder / "mine.py"
    path.write_text(OWN)
    for name, found in (("jump", f"the worst: {path}:jump on numpy"), ("none", f"{path} has no f")):
        assert found in call("check", f"{path}:{name}", "--backend", "numpy")[1]
    assert f"there is no file {path}x.py" in call("check", f"{path}x.py:f")[1]
    (folder / "file").touch()
    if importlib.util.find_spec("matplotlib") and importlib.util.find_spec("sklearn"):
        assert f"got {folder / 'file'}: " in call("demo", "--output", f"{folder / 'file'}")[1]
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    for name in registry.NAMES:
        assert f"{registry.pip_command(name)} " in call("info")[1]
        assert registry.pip_command(name) in call("check", "--backend", name)[1]


def test_backend_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
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
