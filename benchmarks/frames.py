"""Counts of a Parquet file that need not fit into memory: DuckDB, Polars and Dask.

Run from a checkout: ``python -m benchmarks.frames 7`` for 10^7 rows, 8 for 10^8 (0.9 GB of disk).
Prints a Markdown table; the committed one is results/frames.md. Each way runs in a process of its
own, counts at 99 thresholds, and has to get the same numbers. Peaks are those that the
operating system reports, Python and its libraries included, of all processes together.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import softset as ss

from .speed.timing import seconds

GROUPS, GRID, WORKERS = 20, ss.grid(99), 2
COLUMNS: dict[str, Any] = {"y_true": "label", "y_prob": "score", "thresholds": GRID}
PACKAGES = ("narwhals", "duckdb", "polars", "dask", "pyarrow", "numpy")

# Uniform numbers from a hash, so that every run and any number of threads makes the same rows.
_ROWS = """
COPY (
    SELECT site, label, 1 / (1 + exp(1.9 - 2.2 * label::DOUBLE - z)) AS score FROM (
        SELECT
            (hash(4 * i) % {groups})::TINYINT AS site,
            hash(4 * i + 1) / 18446744073709551616.0 < 0.02 AS label,
            sqrt(-2 * ln((hash(4 * i + 2) + 1.0) / 18446744073709551617.0))
                * cos(2 * pi() * hash(4 * i + 3) / 18446744073709551616.0) AS z
        FROM range({rows}) AS numbers(i)
    )
) TO '{path}' (FORMAT parquet)
"""

Found = tuple[float, float, float, ss.Confusion]  # seconds, those of processors, MB, counts


def peak() -> float:
    """Return the largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def timed(count: Callable[[], ss.Confusion]) -> Found:
    """Return the seconds, this process' seconds of processors and peak, and the counts."""
    found: list[ss.Confusion] = []
    before = process_time()
    taken = seconds(lambda: found.append(count()))
    return taken, process_time() - before, peak(), found[0]


def by_duckdb(path: str) -> Found:
    """Count by `count_table` in DuckDB."""
    import duckdb

    from softset_backends import count_table

    return timed(lambda: count_table(duckdb.read_parquet(path), **COLUMNS).confusion)


def by_duckdb_grouped(path: str) -> Found:
    """Do so by group, and add the groups up."""
    import duckdb

    from softset_backends import count_table

    def count() -> ss.Confusion:
        c = count_table(duckdb.read_parquet(path), by="site", **COLUMNS).confusion
        return ss.Confusion(*(x.sum(axis=0) for x in c))

    return timed(count)


def by_polars(path: str) -> Found:
    """Count by `count_table` in Polars, lazily, with its streaming engine."""
    import polars as pl

    from softset_backends import count_table

    pl.Config.set_engine_affinity("streaming")
    return timed(lambda: count_table(pl.scan_parquet(path), **COLUMNS).confusion)


def by_dask(path: str) -> Found:
    """Count by `confusion` of Dask arrays, on two workers of one thread, a row group at a time."""
    import dask
    import dask.dataframe as dd
    from distributed import Client, LocalCluster

    def count(frame: Any) -> ss.Confusion:
        label, score = frame["label"].values, frame["score"].values
        c = ss.confusion(label, score, thresholds=GRID, step=ss.Hard())
        return ss.Confusion(*dask.compute(*c))

    cluster = LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, memory_limit="2GB", dashboard_address=":0"
    )
    with cluster, Client(cluster) as client:
        frame = dd.read_parquet(path, split_row_groups=1)
        before: Any = client.run(process_time)
        taken, busy, here, c = timed(lambda: count(frame))
        after: Any = client.run(process_time)
        workers: Any = client.run(peak)
    busy += sum(after.values()) - sum(before.values())
    return taken, busy, here + sum(workers.values()), c


WAYS: dict[str, tuple[str, Callable[[str], Found]]] = {
    "duckdb": ("`count_table`, DuckDB", by_duckdb),
    "duckdb-groups": (f"the same of {GROUPS} groups", by_duckdb_grouped),
    "polars": ("`count_table`, Polars, streaming", by_polars),
    "dask": ("`confusion`, Dask arrays", by_dask),
}


def run(way: str, path: str) -> dict[str, Any]:
    """Count in one way and say what came of it."""
    taken, busy, megabytes, c = WAYS[way][1](path)
    counts = np.stack([np.asarray(x, dtype=np.float64) for x in c])
    at_half = ss.Confusion(*counts[..., GRID.index(0.5)])
    return {
        "seconds": taken,
        "busy": busy,
        "megabytes": megabytes,
        "counts": hashlib.sha256(counts.tobytes()).hexdigest(),
        "f1": float(ss.f1(at_half)),
        "rows": float(sum(at_half)),
    }


def main(power: int) -> None:
    """Make the file, count in every way, each in a process of its own, and print."""
    import duckdb

    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; ")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.parquet")
        duckdb.sql(_ROWS.format(groups=GROUPS, rows=10**power, path=path))
        size = os.path.getsize(path) / 1e6
        print(
            f"\n| 10^{power} rows, {size:.0f} MB on disk | seconds | seconds of processors ", end=""
        )
        print("| peak, MB |\n|---|---|---|---|")
        found = []
        for way, (title, _) in WAYS.items():
            command = [sys.executable, "-m", "benchmarks.frames", way, path]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            one = found[-1]
            print(
                f"| {title} | {one['seconds']:.1f} | {one['busy']:.1f} | {one['megabytes']:.0f} |",
                flush=True,
            )
    same = len({one["counts"] for one in found}) == 1
    print(f"\nAll {found[0]['rows']:.0f} rows counted, the same in every way: {same}.", end=" ")
    print(f"F1 at 0.5 is {found[0]['f1']:.6f}.")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(run(*sys.argv[1:])))
    else:
        main(int(sys.argv[1]))
