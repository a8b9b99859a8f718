"""`softset vendor`: the copy runs in another package, and its stamp tells what was changed."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

import softset as ss
from softset_backends import vendoring

CODE = """
import sys
sys.modules["softset"] = sys.modules["array_api_compat"] = None  # whoever imports them fails
import {library} as library
from app._vendor import {name} as ss
y_true, y_prob = library.asarray([1, 0, 1, 0]), library.asarray([0.9, 0.6, 0.4, 0.2])
value, gradient = ss.value_and_grad(ss.as_loss(ss.f1))(y_true, y_prob)
print(round(float(value), 4), tuple(gradient.shape), ss.__name__, ss.__version__)
"""


@pytest.mark.parametrize("library", ["numpy", "torch", "jax.numpy", "dask.array"])
def test_a_copy_with_compat_runs_without_it(tmp_path, library):
    if find_spec(library.partition(".")[0]) is None:
        pytest.skip(f"{library} is not installed")
    folder = tmp_path / "app" / "_vendor"
    assert vendoring.vendor(folder, name="metric_losses", include_compat=True).is_dir()
    (tmp_path / "app" / "__init__.py").touch()
    (folder / "__init__.py").touch()
    code = CODE.format(library=library, name="metric_losses")
    command = [
        sys.executable,
        "-P",
        "-c",
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[0] == "0.3627"
    assert done.stdout.strip().endswith(f"app._vendor.metric_losses {ss.__version__}")
    assert vendoring.problems_of(folder, name="metric_losses") == []  # despite __pycache__


def test_no_import_of_compat_is_left():
    files = vendoring._files(True)
    assert "LICENSE" in files and "py.typed" in files
    for path, content in files.items():
        if path.startswith("_array_api_compat") or not path.endswith(".py"):
            continue
        lines = content.decode().splitlines()
        assert not [x for x in lines if x.lstrip().startswith(("import array_", "from array_"))]


def test_the_stamp_tells_what_was_changed(tmp_path, monkeypatch):
    place = vendoring.vendor(tmp_path)
    assert json.loads((place / "vendored.json").read_text())["softset"] == ss.__version__
    assert vendoring.problems_of(tmp_path) == []
    vendoring.vendor(tmp_path)  # in place of an unchanged one
    with (place / "losses.py").open("a") as file:
        file.write("\n")
    (place / "counts.py").unlink()
    (place / "mine.py").touch()
    found = ["changed: losses.py", "missing: counts.py", "added: mine.py"]
    assert vendoring.problems_of(tmp_path) == found
    with pytest.raises(ValueError, match=r"no other softset in it, got .*: changed: losses.py"):
        vendoring.vendor(tmp_path)

    files = vendoring._files
    other = vendoring.vendor(tmp_path, name="other")
    monkeypatch.setattr(vendoring, "_files", lambda x: files(x) | {"new.py": b""})
    monkeypatch.setattr(ss, "__version__", "9.9")
    (text,) = vendoring.problems_of(tmp_path, name="other")
    assert text.startswith("outdated: of softset ") and "while 9.9 with other files" in text
    assert vendoring.vendor(tmp_path, name="other") == other and (other / "new.py").exists()


def test_both_licences_come_along(tmp_path):
    place = vendoring.vendor(tmp_path, include_compat=True)
    assert "BSD 3-Clause" in (place / "LICENSE").read_text()
    assert "Consortium for Python Data API" in (place / "_array_api_compat/LICENSE").read_text()


def test_a_copy_keeps_what_it_has(tmp_path):
    def has_compat(**options):
        place = vendoring.vendor(tmp_path, **options)
        assert vendoring.problems_of(tmp_path) == []
        return (place / "_array_api_compat").is_dir()

    assert not has_compat()
    assert has_compat(include_compat=True) and has_compat()
    assert not has_compat(include_compat=False) and not has_compat()


def test_a_copy_and_a_file_are_no_folders_for_one(tmp_path):
    place = vendoring.vendor(tmp_path)
    with pytest.raises(ValueError, match=r"`dest` must be the folder that holds the copy, .*pass"):
        vendoring.vendor(place)
    with pytest.raises(ValueError, match=r"`dest` must be a folder, got the file .*LICENSE"):
        vendoring.vendor(place / "LICENSE")


@pytest.mark.parametrize("stamp", [None, "{", "3", "{}"])
def test_what_is_no_copy_is_left_alone(tmp_path, stamp):
    (tmp_path / "softset").mkdir()
    if stamp is not None:
        (tmp_path / "softset" / "vendored.json").write_text(stamp)
    text = "no copy that `softset vendor` made"
    assert text in vendoring.problems_of(tmp_path)[0]
    with pytest.raises(ValueError, match=text):
        vendoring.vendor(tmp_path)
    assert text in vendoring.problems_of(tmp_path / "nowhere")[0]
    for name in ("a-b", "class"):
        with pytest.raises(ValueError, match=f"`name` must be the name of a module, got '{name}'"):
            vendoring.vendor(tmp_path, name=name)
