"""The measurements of a run: how they are stored, and how one of them is found again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Record = dict[str, Any]


def save(results: Record, path: Path) -> None:
    """Write JSON with a line for each candidate."""
    lines = ["{"]
    for key in ("machine", "settings"):
        lines.append(f"{json.dumps(key)}: {json.dumps(results[key], indent=1)},")
    groups = [_lines_of_group(group) for group in results["groups"]]
    lines.append('"groups": [\n' + ",\n".join(groups) + "\n]\n}")
    path.write_text("\n".join(lines) + "\n")


def _lines_of_group(group: Record) -> str:
    candidates = ",\n  ".join(json.dumps(_rounded(x)) for x in group["candidates"])
    return (
        f'{{"work": {json.dumps(group["work"])},\n "failures": {json.dumps(group["failures"])},\n'
        f' "candidates": [\n  {candidates}\n ]}}'
    )


def _rounded(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _rounded(value) for key, value in x.items()}
    if isinstance(x, list):
        return [_rounded(value) for value in x]
    return float(f"{x:.6g}") if isinstance(x, float) else x


def load(path: Path) -> Record:
    """Read what `save` wrote."""
    return json.loads(path.read_text())


def select(results: Record, **fields: Any) -> Iterator[tuple[Record, Record]]:
    """Yield work and candidate of every measurement whose work has these fields.

    A field may be given as a set of values; `n` is the number of scores. Only what was done with
    one thread has a number of threads.
    """
    fields = {"threads": 0, **fields}
    for group in results["groups"]:
        work = {"threads": 0, "extra": "", **group["work"], "n": size(group["work"])}
        if all(work[k] in v if isinstance(v, set) else work[k] == v for k, v in fields.items()):
            for candidate in group["candidates"]:
                yield work, candidate


def committed() -> Record | None:
    """Return the results of the last commit; None where there are none, or no git."""
    command = ["git", "show", "HEAD:./benchmarks/results/speed.json"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return None if found.returncode else json.loads(found.stdout)


def size(work: Record) -> int:
    """Return how many scores some work has."""
    product = 1
    for length in work["shape"]:
        product *= length
    return product


def find(results: Record, label: str, **fields: Any) -> Record | None:
    """Return one measurement, or None where there is none."""
    return next((x for _, x in select(results, **fields) if x["label"] == label), None)


def ratio_to(candidate: Record | None, other: str) -> float | None:
    """Return how many times faster than another one, if both were measured."""
    return None if candidate is None else candidate["faster_than"].get(other)


def ratio_by_hand(candidate: Record | None) -> float | None:
    """Return how many times faster than by hand, in the same framework and mode."""
    if candidate is None:
        return None
    start = f"{candidate['framework']} {candidate['mode']}: by hand"
    found = (x for label, x in candidate["faster_than"].items() if label.startswith(start))
    return next(found, None)
