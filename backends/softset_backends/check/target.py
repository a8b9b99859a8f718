"""A user's own loss for `softset check`: the file that it is in, and the shape of its scores."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any

from .function import first_line


class TargetError(Exception):
    """Raised when there is nothing to check under the name that was given."""


@contextmanager
def loaded(target: str) -> Iterator[Callable[..., Any]]:
    """Yield the function that ``FILE.py:FUNCTION`` names.

    Meanwhile its module can be found by its name, as compilers and pickles do, and its neighbours
    can be imported.
    """
    place, _, name = target.rpartition(":")
    path = Path(place)
    if not place or not name or path.suffix != ".py":
        raise TargetError(f"`target` must be FILE.py:FUNCTION, got {target!r}")
    if not _is_file(path):
        raise TargetError(f"there is no file {place}")
    spec = spec_from_file_location(_module_name(path), path.resolve())
    assert spec is not None and spec.loader is not None  # it is so for every .py
    module = module_from_spec(spec)
    before = list(sys.path)
    # The last place to look in: what stands beside the file hides no module from anyone else.
    sys.path.append(str(path.parent.resolve()))
    sys.modules[spec.name] = module
    try:
        yield _function(module, spec.loader.exec_module, place, name)
    finally:
        sys.path[:] = before
        del sys.modules[spec.name]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or no name
        return False


def _module_name(path: Path) -> str:
    """Return a name that no other module has, whatever the file's."""
    return "softset_check_" + re.sub(r"\W", "_", path.stem)


def _function(
    module: ModuleType, run: Callable[[ModuleType], None], place: str, name: str
) -> Callable[..., Any]:
    """Run the module and return what the name stands for in it."""
    function: Any = module
    try:
        run(module)
        for part in name.split("."):
            function = getattr(function, part, None)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the user's file raises, and sys.exit
        hint = ""
        if "relative import" in str(error):
            hint = "; import its neighbours by their names alone"
        raise TargetError(f"{place} fails when run: {first_line(error)}{hint}") from error
    if function is None:
        raise TargetError(f"{place} has no function {name!r}")
    if isclass(function):
        raise TargetError(f"{name!r} in {place} is a class; name a function, or an instance of it")
    if not callable(function):
        raise TargetError(f"{name!r} in {place} is not a function, but {function!r:.80}")
    return function


def lengths(shape: str) -> tuple[int, ...]:
    """Return the lengths of a shape such as "64" or "64,3"."""
    try:
        found = tuple(int(n) for n in shape.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise TargetError(f"`shape` must be lengths such as 64 or 64,3, got {shape!r:.80}")
    return found
