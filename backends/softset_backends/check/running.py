"""A function run on one backend, in one mode and dtype, whatever it raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import registry
from .function import first_line
from .gaps import Result


def run_on(
    fn: Callable[..., Any],
    arrays: Sequence[Any],
    argnum: int,
    name: str,
    mode: str,
    dtype: str,
    parts: Sequence[Callable[..., Any]] = (),
) -> Result:
    """Run a function on one backend, in one mode and one dtype."""
    backend = registry.get(name)

    def pair(fn: Callable[..., Any], moved: Sequence[Any]) -> tuple[Any, Any]:
        value, gradient = backend.value_and_grad(fn, argnum=argnum, mode=mode)(*moved)
        return backend.to_numpy(value), backend.to_numpy(gradient)

    def run(*arrays: Any) -> tuple[Any, Any]:
        moved = [backend.asarray(x.copy(), dtype if x.dtype.kind == "f" else None) for x in arrays]
        if not parts or mode != "eager" or name == "numpy":
            return pair(fn, moved)
        values, gradients = zip(*(pair(part, moved) for part in parts), strict=True)
        return np.stack(values), np.stack(gradients)

    with backend.double_precision() if dtype == "float64" else nullcontext():
        return attempt(run, arrays, dtype)


def attempt(
    run: Callable[..., tuple[Any, Any]], arrays: Sequence[Any], dtype: str = "float64"
) -> Result:
    """Return values and gradients with one leading axis, or whatever error came."""
    try:
        value, gradient = (np.asarray(x) for x in run(*arrays))
        for name, x in (("value", value), ("gradient", gradient)):
            if str(x.dtype) != dtype:
                raise TypeError(f"the {name} should be {dtype}, but it is {x.dtype}")
        values = np.reshape(value, (-1,)).astype("float64")
        return Result(values, np.reshape(gradient, (len(values), -1)).astype("float64"))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a user's function or a framework raises
        return Result(error=first_line(error))


def attempt_sides(run: Callable[..., tuple[Any, Any, Any]], arrays: Sequence[Any]) -> Result:
    """Return values and the slopes of two sides with one leading axis, or whatever error came."""
    highest: Any = None

    def lowest(*arrays: Any) -> tuple[Any, Any]:
        nonlocal highest
        value, low, highest = run(*arrays)
        return value, low

    found = attempt(lowest, arrays)
    if found.error:
        return found
    return found._replace(highest=np.reshape(highest, found.gradients.shape))
