"""A user's own loss for `softset check`: where it is, and data to call it with."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .function import first_line

# Central differences call the function twice for each score.
_MOST_SCORES = 4096
_MOST_AXES = 8  # TensorFlow broadcasts no more

# Labels and scores where losses go wrong. Labels agree with scores of 0 and 1, and with saturated
# logits: a loss that is infinite otherwise is right.
_PROBABILITIES = ((1, 1.0), (0, 0.0), (1, 0.5), (0, 0.5), (1, 0.25), (0, 0.75), (0, 0.25))
_PROBABILITIES += ((1, 0.75), (1, 0.625), (0, 0.625), (1, 0.625), (0, 0.0), (1, 1.0))
_LOGITS = ((1, 100.0), (0, -100.0), (1, 0.0), (0, 0.0), (1, 30.0), (0, -30.0))
_LOGITS += ((1, 0.5), (0, 0.5), (1, 0.5), (0, -100.0), (1, 100.0))


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


def draw(shape: str, *, logits: bool) -> tuple[Any, Any]:
    """Return labels and scores of a shape such as "64" or "64,3".

    Half of them are random, and up to half those where losses go wrong: at the ends, at knots of
    the steps at 0.5, in ties, and saturated.
    """
    lengths = _lengths(shape)
    size = math.prod(lengths)
    rng = np.random.default_rng(0)
    # Real labels: a function that forgets to cast them fails on some frameworks only.
    y_true = (rng.uniform(size=size) < 0.4).astype(np.float64)
    y_true[0] = 1.0  # a loss of a batch without positives may have no slope
    y_prob = rng.uniform(0.02, 0.98, size)
    scores = np.log(y_prob / (1 - y_prob)) if logits else y_prob
    special = np.asarray(_LOGITS if logits else _PROBABILITIES)
    special = np.resize(special, (min(len(special), size // 2), 2))
    if len(special):
        y_true[-len(special) :], scores[-len(special) :] = special.T
    order = rng.permutation(size)
    return np.reshape(y_true[order], lengths), np.reshape(scores[order], lengths)


def _lengths(shape: str) -> tuple[int, ...]:
    try:
        lengths = tuple(int(n) for n in shape.split(","))
    except ValueError:
        lengths = ()
    if not lengths or min(lengths) < 1:
        raise TargetError(f"`shape` must be lengths such as 64 or 64,3, got {shape!r:.80}")
    if len(lengths) > _MOST_AXES or math.prod(lengths) > _MOST_SCORES:
        raise TargetError(
            f"`shape` must have at most {_MOST_AXES} lengths and {_MOST_SCORES} scores in all, "
            f"got {shape!r:.80}"
        )
    return lengths
