"""The parts of a report that a GPU adds: what each framework reached there, and counts."""

from __future__ import annotations

from collections.abc import Callable

from .results import Record, select
from .rivals import in_words, shown
from .targets import TITLES
from .work import GRADIENT, plan

# Bytes a float32 score: a copy reads and writes it; counting reads label and score; a gradient
# is written as well.
COPIED, READ, MOVED = 8, 8, 12
FRAMEWORKS = ("torch", "jax", "tensorflow")


def bandwidth(work: Record, candidate: Record) -> str:
    """Return the bytes that the work cannot do without, over the time."""
    counted = MOVED if work["task"] == GRADIENT else READ
    moved = COPIED if candidate["kind"] == "copy" else counted
    return f"{shown(moved * work['n'] / candidate['seconds'] / 1e9):,g} GB/s"


def overview(results: Record, time: Callable[[float], str]) -> list[list[str]]:
    """Return a row for all that a GPU is asked for: the fastest way of each framework."""
    rows: dict[str, list[str]] = {}
    for work in plan(device="cuda"):
        fields = {"n": work.n, **work.to_json(), "shape": list(work.shape)}
        ours = [
            (candidate["seconds"], f"{time(candidate['seconds'])}, {bandwidth(fields, candidate)}")
            for _, candidate in select(results, **fields)
            if candidate["kind"] in ("plain kernel", "fused")
        ]
        row = rows.setdefault(in_words(fields), ["not measured"] * len(FRAMEWORKS))
        if ours:
            row[FRAMEWORKS.index(work.process)] = min(ours)[1]
    return [[what, *cells] for what, cells in rows.items()]


def header(results: Record) -> list[str]:
    """Return the frameworks, and why one was not measured."""
    missing = results["settings"].get("missing", {})
    names = {x: f"{TITLES[x]}: {missing[x]}" if x in missing else TITLES[x] for x in FRAMEWORKS}
    return ["", *names.values()]
