"""Counts over a grid of thresholds: buckets against n x T memberships.

Run from a checkout: ``python -m benchmarks.grid [torch jax ...]``. Prints a Markdown table; the
committed one is results/grid.md. The work is the mean F1 over the grid with `Linear`, in float32,
one thread, value and gradient. "n x T" broadcasts scores against thresholds, all at once, as one
would write it by hand. Both ways run in turn on the same data, and what is told of them is the
median of the ratios of neighbours.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import platform
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any
from unittest.mock import patch

import numpy as np

import softset as ss
import softset_backends as sb

from .speed.timing import Limits, in_turn, median_ratio, medians, turns

SIZES = ((10**5, 1000), (10**6, 1000), (10**5, 9), (10**5, 32), (10**5, 99), (10**3, 99))
MODES = {"numpy": "eager", "torch": "eager", "jax": "jit", "tensorflow": "function"}
LIMITS = Limits(seconds=12.0, fewest=3, most=41, sample=0.0)
LARGEST = 2 * 10**8  # memberships: eager PyTorch keeps some forty bytes of each


def data(n: int) -> tuple[Any, Any]:
    """Return labels, a tenth of them positive, and scores."""
    rng = np.random.default_rng(0)
    y = rng.uniform(size=n) < 0.1
    z = rng.normal(size=n) + 2.0 * y - 2.0
    return y, (1 / (1 + np.exp(-z))).astype(np.float32)


def prepared(name: str, n: int, count: int, few: int) -> Callable[[], Any]:
    """Return a call of the loss and its gradient; `few` decides the way it counts."""
    backend = sb.get(name)
    loss = ss.as_loss(ss.f1, thresholds=ss.grid(count))
    y, p = data(n)
    arrays = backend.asarray(y), backend.asarray(p)
    call = backend.value_and_grad(loss, argnum=1, mode=MODES[name])

    def run() -> Any:
        whole = patch.object(import_module("softset._counting.count"), "_BLOCK", 2**62)
        with patch.multiple("softset._counting.buckets", FEW=few, MANY=1), whole, ss.checks(False):
            return [backend.to_numpy(x) for x in call(*arrays)]

    return run


def row(name: str, n: int, count: int) -> str:
    """Time both ways in turn."""
    buckets, broadcast = (prepared(name, n, count, few) for few in (1, 10**9))
    label = f"| {name}, {MODES[name]} | {n:,} | {count:,} |"
    fast = buckets()
    if n * count > LARGEST:
        (alone,) = medians(in_turn([buckets], turns(5)))
        return f"{label} {1e3 * alone:.1f} | | |"
    slow = broadcast()
    gap = np.max(np.abs(fast[1] - slow[1])) / np.max(np.abs(slow[1]))
    if gap > 1e-4:
        raise AssertionError(f"{name}: the gradients differ by {gap}")
    rows = in_turn([buckets, broadcast], LIMITS)
    ours, theirs = (1e3 * x for x in medians(rows))
    both = list(zip(*rows, strict=True))
    return f"{label} {ours:.2f} | {theirs:.1f} | {median_ratio(both[1], both[0]):.1f} |"


def main(names: list[str]) -> None:
    versions = ", ".join(f"{x} {version(x)}" for x in ("numpy", "torch", "jax", "tensorflow-cpu"))
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; {versions}\n")
    print("| framework | n | T | buckets, ms | n x T, ms | ratio |\n|---|---|---|---|---|---|")
    for name in names or list(MODES):
        for n, count in SIZES:
            print(row(name, n, count), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
