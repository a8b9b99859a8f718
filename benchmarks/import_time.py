"""How long `import softset` takes over starting Python.

Run from a checkout: ``python -m benchmarks.import_time``. Prints a Markdown table; the committed
one is results/import_time.md. Each round starts one interpreter of each kind, in turn, so that a
noisy machine disturbs all of them alike; the figures are medians over rounds.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

from .speed.timing import in_turn, turns

ROUNDS = 41
PROGRAMS = {
    "python": "pass",
    "import dataclasses, typing, functools": "import dataclasses, typing, functools",
    "import softset": "import softset",
    "import softset; softset.as_loss(softset.f1)": "import softset; softset.as_loss(softset.f1)",
}


def run(code: str) -> None:
    """Run the code in a fresh interpreter."""
    root = str(Path(__file__).resolve().parents[1])
    # As for an installed package: bytecode is there.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], cwd=root, env=env, check=True)


def main() -> None:
    """Print the table."""
    rows = in_turn([partial(run, code) for code in PROGRAMS.values()], turns(ROUNDS))
    columns = [[1000 * x for x in times] for times in zip(*rows, strict=True)]
    taken = dict(zip(PROGRAMS, columns, strict=True))
    print(f"Python {platform.python_version()}, {platform.machine()}, {ROUNDS} rounds\n")
    print("| program | median ms | median ms over bare Python |\n|---|---|---|")
    for name, times in taken.items():
        over = [a - b for a, b in zip(times, taken["python"], strict=True)]
        print(f"| `{name}` | {statistics.median(times):.1f} | {statistics.median(over):.1f} |")


if __name__ == "__main__":
    main()
