"""Functions that are compiled once they have been called often enough for that to pay."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

OFTEN = 16  # compiling takes some tenths of a second, and saves milliseconds of a call


class _Calls:
    """How often a function was asked for, and the function when compiled."""

    def __init__(self, compiled: Callable[..., Any]) -> None:
        self.count = 0
        self.compiled = compiled


@lru_cache(maxsize=256)
def _calls(
    compiler: Callable[..., Any], function: Callable[..., Any], options: tuple[Any, ...]
) -> _Calls:
    return _Calls(compiler(partial(function, *options)))


def compiled_if_often(
    compiler: Callable[..., Any], function: Callable[..., Any], options: tuple[Any, ...]
) -> Callable[..., Any] | None:
    """Return a function with its first arguments fixed, compiled, or None the first few times."""
    calls = _calls(compiler, function, options)
    calls.count += 1
    return calls.compiled if calls.count > OFTEN else None


def forget() -> None:
    """Drop what was compiled."""
    _calls.cache_clear()
