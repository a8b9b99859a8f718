"""A user's own loss for `softset check`: where it is, and data to call it with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np


class TargetError(Exception):
    """Raised when there is nothing to check under the name that was given."""


def load(target: str) -> Callable[..., Any]:
    """Return the function that ``FILE.py:FUNCTION`` names."""
    place, _, name = target.rpartition(":")
    path = Path(place)
    if not place or not name or path.suffix != ".py":
        raise TargetError(f"`target` must be FILE.py:FUNCTION, got {target!r}")
    if not path.is_file():
        raise TargetError(f"there is no file {place}")
    function = getattr(_module(path), name, None)
    if function is None:
        raise TargetError(f"{place} has no function {name!r}")
    if not callable(function):
        raise TargetError(f"{name!r} in {place} is not a function, but {function!r}")
    return function


def _module(path: Path) -> Any:
    """Run a file as a module; it finds its neighbours as a script does."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # it is so for every .py
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's file raises
        message = (str(error).splitlines() or [""])[0]
        raise TargetError(f"{path} fails when run: {type(error).__name__}: {message}") from error
    finally:
        sys.path.pop(0)
    return module


def draw(shape: str, *, logits: bool) -> tuple[Any, Any]:
    """Return random labels and scores of a shape such as "64" or "64,3"."""
    try:
        lengths = tuple(int(n) for n in shape.split(","))
    except ValueError:
        lengths = ()
    if not lengths or min(lengths) < 1:
        raise TargetError(f"`shape` must be lengths such as 64 or 64,3, got {shape!r}")
    rng = np.random.default_rng(0)
    # Real labels: a function that forgets to cast them fails on some frameworks only.
    y_true = (rng.uniform(size=lengths) < 0.4).astype(np.float64)
    y_prob = rng.uniform(0.02, 0.98, lengths)
    return y_true, np.log(y_prob / (1 - y_prob)) if logits else y_prob
