"""The squared hinge over all pairs: value and gradient by one sort, against all pairs.

Run from a checkout: ``python -m benchmarks.pairwise``. Prints a Markdown table; the committed one
is results/pairwise.md. One score in ten is positive, everything is float32 on the CPU. "All
pairs" is the loss as it is usually written, a matrix of positives by negatives, in the same
framework; where it would take more than 4 GB it is left out. Each round takes both in turn, so
that a noisy machine disturbs them alike; compiling is not timed. Each figure comes from a process
of its own, whose memory is what its peak grows by in the first call, compiling included.
"""

from __future__ import annotations

import functools
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import softset as ss

from .speed.timing import in_turn, median_ratio, medians, turns

SIZES = (10**3, 10**4, 10**5, 10**6)
ROUNDS = {10**3: 101, 10**4: 31, 10**5: 11, 10**6: 5}
LIBRARIES = ("numpy", "torch", "jax")
PAIRS_AT_MOST = 10**8
MARGIN = 1.0
Call = Callable[[], Any]


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores that know a little about them."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 10 == 0
    return y, (2 * rng.normal(size=n) + y).astype(np.float32)


def with_numpy(y: np.ndarray, s: np.ndarray) -> tuple[Call, Call]:
    """Return what computes value and gradient by a sort, and by all pairs."""

    def pairs() -> Any:
        short = np.maximum(MARGIN - (s[y][:, None] - s[~y][None, :]), 0)
        gradient = np.empty_like(s)
        gradient[y] = -2 * short.sum(axis=1) / short.size
        gradient[~y] = 2 * short.sum(axis=0) / short.size
        return np.mean(short * short), gradient

    return functools.partial(ss.value_and_grad(ss.pairwise_loss), y, s), pairs


def with_torch(y: np.ndarray, s: np.ndarray) -> tuple[Call, Call]:
    """Return the same for PyTorch, eager."""
    import torch

    torch.set_num_threads(1)
    labels, scores = torch.tensor(y), torch.tensor(s, requires_grad=True)

    def both(loss: Callable[[], Any]) -> Any:
        value = loss()
        return value.detach(), torch.autograd.grad(value, scores)[0]

    def pairs() -> Any:
        difference = scores[labels][:, None] - scores[~labels][None, :]
        return torch.relu(MARGIN - difference).square().mean()

    by_sort = functools.partial(ss.pairwise_loss, labels, scores)
    return functools.partial(both, by_sort), functools.partial(both, pairs)


def with_jax(y: np.ndarray, s: np.ndarray) -> tuple[Call, Call]:
    """Return the same for JAX, compiled; for all pairs the classes' places are known before."""
    import jax
    import jax.numpy as jnp

    labels, scores = jnp.asarray(y), jnp.asarray(s)
    (positives,), (negatives,) = np.nonzero(y), np.nonzero(~y)

    def pairs(scores: Any) -> Any:
        difference = scores[positives][:, None] - scores[negatives][None, :]
        return jnp.mean(jnp.square(jax.nn.relu(MARGIN - difference)))

    by_sort = jax.jit(jax.value_and_grad(lambda scores: ss.pairwise_loss(labels, scores)))
    by_pairs = jax.jit(jax.value_and_grad(pairs))

    def wait(call: Callable[[Any], Any]) -> Any:
        return jax.block_until_ready(call(scores))

    return functools.partial(wait, by_sort), functools.partial(wait, by_pairs)


def calls(library: str, n: int) -> tuple[Call, Call | None]:
    """Return both calls of a library; None for all pairs where they do not fit."""
    y, s = data(n)
    by_sort, by_pairs = {"numpy": with_numpy, "torch": with_torch, "jax": with_jax}[library](y, s)
    return by_sort, by_pairs if int(y.sum()) * int((~y).sum()) <= PAIRS_AT_MOST else None


def peak() -> float:
    """Return the most memory that this process held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def times(library: str, n: int) -> None:
    """Print median milliseconds by sort, by all pairs, and the median ratio."""
    by_sort, by_pairs = calls(library, n)
    found = [by_sort, by_pairs] if by_pairs else [by_sort]
    rows = in_turn(found, turns(ROUNDS[n]))
    ours, *theirs = (1000 * x for x in medians(rows))
    ratio = median_ratio(*reversed(list(zip(*rows, strict=True)))) if theirs else 0.0
    print(ours, *(theirs or [0.0]), ratio)


def memory(library: str, n: int, which: int) -> None:
    """Print by how many MB the peak grows in one call."""
    call = calls(library, n)[which]
    before = peak()
    if call:
        call()
    print(peak() - before)


def child(*arguments: Any) -> list[float]:
    """Return the numbers that this script prints in a process of its own."""
    root = Path(__file__).resolve().parents[1]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "benchmarks.pairwise", *map(str, arguments)]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return [float(x) for x in done.stdout.split()]


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in LIBRARIES) + "\n")
    print("| library | scores | sort, ms | all pairs, ms | ratio | sort, MB | all pairs, MB |")
    print("|---" * 7 + "|")
    for library in LIBRARIES:
        for n in SIZES:
            ours, theirs, ratio = child("times", library, n)
            (held,), (held_by_pairs,) = (
                child("memory", library, n, 0),
                child("memory", library, n, 1),
            )
            others = (
                (f"{theirs:.1f}", f"{ratio:.1f}", f"{held_by_pairs:.0f}") if theirs else ("-",) * 3
            )
            cells = (f"{ours:.2f}", *others[:2], f"{held:.0f}", others[2])
            print(f"| {library} | {n:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["times"]:
        times(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["memory"]:
        memory(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
