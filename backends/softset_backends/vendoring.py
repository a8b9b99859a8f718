"""A copy of softset inside another package, with a stamp that tells whether it was changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from keyword import iskeyword
from pathlib import Path
from typing import Any

import array_api_compat

import softset as ss

STAMP = "vendored.json"
_COMPAT = "_array_api_compat"
# The forms of import that the kernel uses.
_IMPORT = re.compile(r"^( *)import array_api_compat(?:\.([\w.]+) as (\w+))?$", re.MULTILINE)


# That of array-api-compat, whose wheels need not have it.
_MIT = """MIT License

Copyright (c) 2022 Consortium for Python Data API Standards

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def vendor(dest: Path, *, name: str = "softset", include_compat: bool | None = None) -> Path:
    """Copy softset into a folder, in place of a copy that nobody changed.

    Parameters
    ----------
    dest : Path
        The folder, such as ``yourproject/_vendor``; it is made if it is not there.
    name : str, default "softset"
        What to call the copy.
    include_compat : bool, optional
        Whether to copy array-api-compat into it, which it then uses instead of an installed one:
        by default if the copy that is replaced has it.

    Returns
    -------
    Path
        The folder of the copy. Its file vendored.json names version, options and hashes.

    Raises
    ------
    ValueError
        If `name` is no name of a module; if `dest` is a file or a copy itself, or something
        stands there that is no unchanged copy.
    """
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"`name` must be the name of a module, got {name!r}")
    dest = Path(dest)
    if dest.is_file():
        raise ValueError(f"`dest` must be a folder, got the file {dest}")
    if _stamp(dest) is not None:
        raise ValueError(
            f"`dest` must be the folder that holds the copy, got the copy {dest}; pass its parent, "
            f"{dest.parent}"
        )
    place = dest / name
    if place.exists() and (problems := _changes(place)):
        raise ValueError(
            f"`dest` must have no other {name} in it, got {place}: {problems[0]}; move it away"
        )
    if include_compat is None:
        before = _stamp(place)
        include_compat = before is not None and before["array-api-compat"] is not None
    files = _files(include_compat)
    if place.exists():
        shutil.rmtree(place)
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    compat = array_api_compat.__version__ if include_compat else None
    stamp = {"softset": ss.__version__, "array-api-compat": compat, "files": _hashes(files)}
    (place / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", "utf-8")
    return place


def problems_of(dest: Path, *, name: str = "softset") -> list[str]:
    """Return in what a copy differs from its stamp, and its stamp from the installed softset."""
    place = Path(dest) / name
    changes = _changes(place)
    stamp = _stamp(place)
    if stamp is None:
        return changes
    now = _hashes(_files(stamp["array-api-compat"] is not None))
    if now != stamp["files"]:
        changes.append(
            f"outdated: of softset {stamp['softset']}, while {ss.__version__} with other files "
            "is installed"
        )
    return changes


def _changes(place: Path) -> list[str]:
    stamp = _stamp(place)
    if stamp is None:
        return [f"no copy that `softset vendor` made: it has no {STAMP}"]
    found = {
        str(path.relative_to(place).as_posix()): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and path.name != STAMP
    }
    then, now = stamp["files"], _hashes(found)
    changes = [f"changed: {path}" for path in then if now.get(path, then[path]) != then[path]]
    changes += [f"missing: {path}" for path in then if path not in now]
    return changes + [f"added: {path}" for path in now if path not in then]


def _stamp(place: Path) -> Any:
    try:
        stamp = json.loads((place / STAMP).read_text("utf-8"))
        return stamp if {"softset", "array-api-compat", "files"} <= set(stamp) else None
    except (OSError, ValueError, TypeError):
        return None


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: sha256(content).hexdigest() for path, content in files.items()}


def _files(include_compat: bool) -> dict[str, bytes]:
    """Return the files of a copy by their paths."""
    files = _package(Path(ss.__file__).parent)
    files |= _license("softset", "LICENSE")
    if not include_compat:
        return files
    files = {path: _with_relative_compat(path, content) for path, content in files.items()}
    compat = _package(Path(array_api_compat.__file__).parent)
    files |= {f"{_COMPAT}/{path}": content for path, content in compat.items()}
    path = f"{_COMPAT}/LICENSE"
    return files | ({path: _MIT.encode()} | _license("array-api-compat", path))


def _package(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root).as_posix()): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in (".py", ".pyi", ".typed") or path.name == "py.typed"
    }


def _license(package: str, path: str) -> dict[str, bytes]:
    """Return the licence's file, of a wheel or of the checkout."""
    try:
        found: Distribution | None = distribution(package)
    except PackageNotFoundError:
        found = None
    texts = [found.read_text(x) for x in ("licenses/LICENSE", "LICENSE")] if found else []
    checkout = Path(ss.__file__).parents[1] / "LICENSE"
    if package == "softset" and checkout.is_file():
        texts.append(checkout.read_text("utf-8"))
    return next(({path: text.encode()} for text in texts if text), {})


def _with_relative_compat(path: str, content: bytes) -> bytes:
    """Return a module's source with array-api-compat imported from the copy's own folder."""
    if not path.endswith(".py"):
        return content
    dots = "." * (path.count("/") + 1)

    def relative(found: re.Match[str]) -> str:
        indent, module, alias = found.groups()
        if module is None:
            return f"{indent}from {dots} import {_COMPAT} as array_api_compat"
        parent, _, last = f"{_COMPAT}.{module}".rpartition(".")
        return f"{indent}from {dots}{parent} import {last} as {alias}"

    return _IMPORT.sub(relative, content.decode()).encode()
