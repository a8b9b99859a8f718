"""Count 10^6 rows chunk by chunk in two worker processes, and compare with NumPy.

python dask_cluster.py
"""

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import softset as ss

CHUNK, CHUNKS = 50_000, 20
GRID = ss.grid(99)


def rows(number):
    """Make the labels and the scores of a chunk, or read them from where they lie."""
    rng = np.random.default_rng(number)
    y_true = rng.uniform(size=CHUNK) < 0.02
    return y_true, 1 / (1 + np.exp(1.9 - 2.2 * y_true - rng.normal(size=CHUNK)))


def block(part, block_id=(0,)):
    return rows(block_id[0])[part]


def results(y_true, y_prob):
    c = ss.confusion(y_true, y_prob, thresholds=GRID, step=ss.Hard())
    best = ss.best_threshold(ss.f1, y_true, y_prob, thresholds=GRID)
    return [ss.as_score(ss.f1)(y_true, y_prob), *best, ss.auroc(c), *ss.roc_curve(c)]


def main():
    chunks = ((CHUNK,) * CHUNKS,)
    y_true = da.map_blocks(block, 0, chunks=chunks, dtype=bool, meta=np.zeros(0, bool))
    y_prob = da.map_blocks(block, 1, chunks=chunks, dtype=float, meta=np.zeros(0))
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit="1GB", dashboard_address=":0"
    )
    with cluster, Client(cluster):
        found = dask.compute(*results(y_true, y_prob))  # once, so that chunks are made once

    f1, threshold, best, area = (float(x) for x in found[:4])
    print(f"{f1:.4f} {threshold:.2f} {best:.4f} {area:.4f}")
    # -> 0.4096 0.59 0.4631 0.9404
    everything = [np.concatenate(part) for part in zip(*map(rows, range(CHUNKS)), strict=True)]
    expected = results(*everything)
    print(all(np.allclose(a, b, rtol=1e-12) for a, b in zip(found, expected, strict=True)))
    # -> True


if __name__ == "__main__":  # worker processes import this file
    main()
