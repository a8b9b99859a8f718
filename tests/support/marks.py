"""Marks that say on which backends, and with which combinations of parameters, a test runs."""

from __future__ import annotations

import itertools
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import pytest

from tests.support.backends import KINDS

VARIABLE = "SOFTSET_BACKENDS"
COMPILED = "SOFTSET_COMPILED"  # "all" for what the three functions at the end leave out


def requested() -> list[str]:
    """Return the names that the environment variable asks for, or nothing without it."""
    names = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    return [n for n, kind in KINDS.items() if not kind.optional] if names == ["all"] else names


def missing(library: str) -> bool:
    return find_spec(library) is None


def params(*names: str) -> list[Any]:
    """Return what the `backend` fixture runs: those of the names that are asked for."""
    asked, found = requested(), []
    for name in names:
        library = KINDS[name].library
        skip = pytest.mark.skipif(missing(library), reason=f"{library} is not installed")
        if name in asked or not (asked or KINDS[name].optional):
            found.append(pytest.param(name, marks=skip, id=name))
    return found


def on(*names: str) -> Any:
    """Return a mark that runs a test in these modes only."""
    return pytest.mark.parametrize("backend", params(*names), indirect=True)


def pairwise(*parameters: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return few combinations in which every two values of two parameters meet."""
    values = [tuple(parameter) for parameter in parameters]
    if len(values) == 1 or not all(values):
        return list(itertools.product(*values))
    sides = [[(k, i) for i in range(len(of))] for k, of in enumerate(values)]
    pairs = (itertools.product(*two) for two in itertools.combinations(sides, 2))
    left = dict.fromkeys(itertools.chain.from_iterable(pairs))  # a set that keeps its order
    rows = []
    while left:
        row = list(next(iter(left)))
        for side in sides:
            if side[0][0] not in dict(row):
                row.append(max(side, key=lambda x: sum(p in left for p in _with(x, row))))
        row.sort()
        for pair in itertools.combinations(row, 2):
            left.pop(pair, None)
        rows.append(tuple(values[k][i] for k, i in row))
    return rows


def _with(one: tuple[int, int], others: list[tuple[int, int]]) -> list[Any]:
    return [(min(one, other), max(one, other)) for other in others]


def quick_first(*values: Any) -> list[Any]:
    """Return parameters of a test, all but the first of them for CI alone."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    later = [pytest.mark.exhaustive]
    return [pytest.param(*row, marks=later * (i > 0)) for i, row in enumerate(rows)]


def combined(backend: Iterable[str] = tuple(KINDS), **parameters: Iterable[Any]) -> Any:
    """Return a mark: all combinations in eager modes, and every two values in compiled ones.

    A compiled form takes a second or more, so that each meets every value, and every two values
    meet in one of them.
    """
    eager = [name for name in backend if not KINDS[name].traced]
    traced = [name for name in backend if KINDS[name].traced]
    rows = list(itertools.product(eager, *parameters.values()))
    rows += pairwise(traced, *parameters.values())
    marks = {param.values[0]: param.marks for param in params(*eager, *traced)}
    return pytest.mark.parametrize(
        ("backend", *parameters),
        [
            pytest.param(*row, marks=marks[row[0]], id="-".join(map(str, row)))
            for row in rows
            if row[0] in marks
        ],
        indirect=["backend"],
        scope="session",  # in the order of the backends, as where the fixture stands alone
    )


def all_asked() -> bool:
    return os.environ.get(COMPILED) == "all"


def all_but_one(forms: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Return, of the compiled forms of each test, all but the one that its name decides for.

    Of the tests of a kind each form gets some.
    """
    if all_asked():
        return []
    chosen = {test: zlib.crc32(test.encode()) % len(of) for test, of in forms.items()}
    return [x for test, of in forms.items() for i, x in enumerate(of) if i != chosen[test]]


def two_thirds(tests: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return what each test has two thirds of, by their names: never the first."""
    if all_asked():
        return []
    others = itertools.chain.from_iterable([*of.items()][1:] for of in tests)
    return [x for name, x in others if zlib.crc32(name.encode()) % 3]


def fourth(first: Iterable[Any], second: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Return a fourth of two parameters' combinations, in which each value is."""
    pairs = itertools.product(enumerate(first), enumerate(second))
    return [(x, y) for (i, x), (j, y) in pairs if all_asked() or (i + j) % 4 == 0]
