"""The page of what was found."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from tests.mutants.draw import Mutant
from tests.mutants.survivors import REASONS

PAGE = Path("benchmarks/results/mutants.md")
PACKAGES = ("mutmut", "numpy", "pytest", "hypothesis", "coverage", "scikit-learn")
COLUMNS = ("killed", "timed out", "survived", "no test")


def write(mutants: list[Mutant], outcomes: dict[str, str], wanted: int, seed: int) -> None:
    """Write the page."""
    run = [x for x in mutants if outcomes[x.name] in COLUMNS]
    rooms: dict[str, Counter[str]] = {}
    for x in sorted(run, key=_room):
        rooms.setdefault(_room(x), Counter())[outcomes[x.name]] += 1
    rooms["all"] = sum(rooms.values(), Counter())
    left = [x for x in run if outcomes[x.name] not in COLUMNS[:2]]
    reached = sum(outcomes[x.name] != COLUMNS[-1] for x in run)
    noticed = (len(run) - len(left)) / max(reached, 1)
    survivors = "".join(sorted(map(_survivor, left))) or "Nothing.\n"
    PAGE.write_text(
        f"""# Small changes in the kernel, and whether its tests notice

`python -m tests.mutants.run --mutants {wanted} --seed {seed}`, from a checkout, with \
Python {platform.python_version()}, {", ".join(f"{x} {version(x)}" for x in PACKAGES)}.

{_WORDS}
Of {len(mutants)} drawn {len(run)} could be made while the kernel was loaded. Of the {reached} \
that a test on NumPy reaches {noticed:.1%} are noticed; those that none reaches are of other \
libraries.

| room | mutants | {" | ".join(COLUMNS)} | noticed |
|---|{"---|" * (len(COLUMNS) + 2)}
{"".join(_row(room, found) for room, found in rooms.items())}
## What no test notices

{survivors}""",
        "utf-8",
    )


_WORDS = """\
A mutant is the kernel with one change in the body of one function: an operator for its neighbour, \
`<` for `<=`, a number plus 1, `None` for an argument or for what is assigned, an argument left \
out, one arm of a condition for both. They are mutmut's, without those of strings, which are the \
words of errors, and drawn by chance from every file, twice as many from the rooms that step, \
count, measure, average, rank and choose. Left out are files that NumPy does not run, what stands \
outside functions, and decorated functions. The tests are those that run at once, on NumPy alone: \
of them those that reach the changed statement, up to the first that fails. A mutant with which \
a test takes 30 seconds has timed out. One that survives is no change in what the kernel does, for \
the reason given, or a gap in the tests.
"""


def _room(mutant: Mutant) -> str:
    """Return the folder within the kernel, or the file at its top."""
    return mutant.file.split("/")[1]


def _row(room: str, found: Counter[str]) -> str:
    many = found.total()
    noticed = (found["killed"] + found["timed out"]) / max(many, 1)
    cells = [room, many, *(found[x] for x in COLUMNS), f"{noticed:.1%}"]
    return "| " + " | ".join(map(str, cells)) + " |\n"


def _survivor(mutant: Mutant) -> str:
    reason = REASONS.get((mutant.file, mutant.change), "Not explained yet.")
    change = mutant.change.replace("`", "'")
    return f"- `{mutant.file}`: `{change}`. {reason}\n"
