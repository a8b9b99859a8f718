"""Exact AUROC and average precision: a sweep against scikit-learn, on NumPy.

Run from a checkout: ``python -m benchmarks.sweep``. Prints a Markdown table; the committed one is
results/sweep.md. One thread; both run in turn on the same data, the ratio is the median of the
ratios of neighbours.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

import softset as ss

from .speed.timing import in_turn, median_ratio, medians, turns

SIZES = {10**5: 15, 10**6: 5, 10**7: 3}
DATA = {"distinct": (False, False), "weighted": (False, True), "weighted, ties": (True, True)}
AREAS = {"AUROC": (ss.auroc, roc_auc_score), "AP": (ss.average_precision, average_precision_score)}


def row(n: int, rounds: int, name: str, kind: str) -> str:
    """Time both in turn."""
    rng = np.random.default_rng(0)
    y: Any = rng.uniform(size=n) < 0.1
    ties, weighted = DATA[kind]
    s = rng.normal(size=n) + y
    s = s.round(4) if ties else s  # a hundred thousand values or so
    w = rng.uniform(0.5, 2.0, size=n) if weighted else None
    area, reference = AREAS[name]

    def ours() -> float:
        return float(area(ss.sweep(y, s, sample_weight=w).confusion))

    def theirs() -> float:
        return float(reference(y, s, sample_weight=w))

    gap = abs(ours() - theirs()) / theirs()
    times = in_turn([ours, theirs], turns(rounds))
    middle = medians(times)
    ratio = median_ratio(*reversed(list(zip(*times, strict=True))))
    label = f"| {name}, {kind} | {n:,} |"
    return f"{label} {middle[0]:.3f} | {middle[1]:.3f} | {ratio:.2f} | {gap:.0e} |"


def main() -> None:
    versions = ", ".join(f"{x} {version(x)}" for x in ("numpy", "scikit-learn"))
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; {versions}\n")
    print("| area | n | sweep, s | scikit-learn, s | ratio | difference |")
    print("|---|---|---|---|---|---|")
    for n, rounds in SIZES.items():
        for name in AREAS:
            for kind in DATA:
                print(row(n, rounds, name, kind), flush=True)


if __name__ == "__main__":
    main()
