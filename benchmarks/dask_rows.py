"""Counts, curves and the best threshold of 10^8 rows that are nowhere in memory at once.

Run from a checkout: ``python -m benchmarks.dask_rows``. Prints a Markdown table; the committed one
is results/dask_rows.md. Two worker processes of one thread make the labels and scores of a chunk,
count them, and drop them; nothing is written to disk. The peaks are those that the operating
system reports for the workers, Python and its libraries included.
"""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import version
from typing import Any

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import softset as ss

from .speed.timing import seconds

ROWS, CHUNK, WORKERS = 100_000_000, 100_000, 2
FIRST = 1_000_000  # rows that NumPy counts as well
GRID = ss.grid(99)


def rows(number: int) -> tuple[Any, Any]:
    """Return the labels and scores of a chunk; 2 % are positive."""
    rng = np.random.default_rng((2026, number))
    y_true = rng.uniform(size=CHUNK) < 0.02
    return y_true, 1 / (1 + np.exp(1.9 - 2.2 * y_true - rng.normal(size=CHUNK)))


def block(part: int, block_id: tuple[int, ...] = (0,)) -> Any:
    """Return the labels (0) or the scores (1) of a chunk."""
    return rows(block_id[0])[part]


def lazy(length: int) -> tuple[Any, Any]:
    """Return Dask arrays of the first rows."""
    chunks = ((CHUNK,) * (length // CHUNK),)
    y_true = da.map_blocks(block, 0, chunks=chunks, dtype=bool, meta=np.zeros(0, bool))
    return y_true, da.map_blocks(block, 1, chunks=chunks, dtype=float, meta=np.zeros(0))


def results(y_true: Any, y_prob: Any) -> list[Any]:
    """Return all that is compared, lazy for lazy arrays."""
    c = ss.confusion(y_true, y_prob, thresholds=GRID, step=ss.Hard())
    at_half = ss.confusion(y_true, y_prob, step=ss.Hard())
    best = ss.best_threshold(ss.f1, y_true, y_prob, thresholds=GRID)
    curves = [*ss.roc_curve(c), *ss.precision_recall_curve(c)]
    return [ss.auroc(c), ss.f1(at_half), best.threshold, best.value, *at_half, *c, *curves]


def peak() -> float:
    """Return the largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Count on a cluster, compare, and print."""
    names = ("dask", "distributed", "numpy")
    print(f"Python {platform.python_version()}, {platform.machine()}, ", end="")
    print(f"{WORKERS} workers of one thread on {os.cpu_count()} cores; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    cluster = LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, memory_limit="1GB", dashboard_address=":0"
    )
    with cluster, Client(cluster) as client:
        before: Any = client.run(peak)
        found: list[Any] = []
        taken = seconds(lambda: found.extend(dask.compute(*results(*lazy(ROWS)))))
        after: Any = client.run(peak)
        first = dask.compute(*results(*lazy(FIRST)))
    chunks = [rows(i) for i in range(FIRST // CHUNK)]
    expected = results(*(np.concatenate(part) for part in zip(*chunks, strict=True)))
    difference = max(float(np.max(np.abs(a - b))) for a, b in zip(first, expected, strict=True))
    auroc, f1, threshold, value, *counts = (np.asarray(x) for x in found)
    print(f"\n| {ROWS:.0e} rows in chunks of {CHUNK:.0e} | |\n|---|---|")
    print(f"| seconds, counts at 0.5 and at {len(GRID)} thresholds | {taken:.0f} |")
    print(f"| peak of each worker, MB | {', '.join(f'{x:.0f}' for x in after.values())} |")
    print(f"| before the first chunk, MB | {', '.join(f'{x:.0f}' for x in before.values())} |")
    print(f"| scores alone would take, MB | {ROWS * 8 / 1e6:.0f} |")
    print(f"| tp, fp, fn, tn at 0.5 | {', '.join(f'{x:.0f}' for x in counts[:4])} |")
    print(f"| F1 at 0.5 | {f1:.6f} |")
    print(f"| best threshold of the grid, F1 there | {threshold:.2f}, {value:.6f} |")
    print(f"| area under the ROC curve | {auroc:.6f} |")
    print(f"| largest difference from NumPy, first {FIRST:.0e} rows | {difference:.1e} |")


if __name__ == "__main__":
    main()
