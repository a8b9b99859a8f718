"""Cross-entropy, a metric's loss, both together and one after the other, linear and with 32 units.

Run ``python benchmarks/compound.py`` from a checkout; it prints a page in Markdown and needs NumPy
and the data sets of shared/data beside the checkout.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import softset as ss

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("phoneme", "page_blocks0", "wine_white_quality")
SPLITS, BATCH, UPDATES, CHECKS = 5, 512, 800, 8
RATES = {"linear": (0.03, 0), "32 units": (0.005, 32)}

ENTROPY = partial(ss.cross_entropy, from_logits=True)
F1 = ss.as_loss(ss.f1, from_logits=True)
BOTH = ss.compound_loss((ENTROPY, F1))


def first_entropy(update: int) -> Any:
    """Return cross-entropy for the first half of the updates, and F1 after it."""
    share = ss.linear_schedule(update, UPDATES // 2, UPDATES // 2)
    return ss.compound_loss((ENTROPY, F1), weights=(1 - share, share))


LOSSES: dict[str, Callable[[int], Any]] = {
    "cross-entropy": lambda update: ENTROPY,
    "F1": lambda update: F1,
    "cross-entropy, then F1": first_entropy,
    "cross-entropy + F1": lambda update: BOTH,
}


def read(name: str) -> tuple[Any, Any]:
    """Return features and labels, without duplicates of wines and without what is no feature."""
    with np.errstate(all="raise"):
        table = np.genfromtxt(DATA / f"{name}.csv.gz", delimiter=",", names=True)
    columns = [c for c in table.dtype.names if c not in ("y", "quality")]
    x, y = np.column_stack([table[c] for c in columns]), table["y"]
    if name.startswith("wine"):
        _, rows = np.unique(np.column_stack([x, table["quality"], y]), axis=0, return_index=True)
        x, y = x[np.sort(rows)], y[np.sort(rows)]
    return x, y


def split(y: Any, seed: int) -> list[Any]:
    """Return the rows of 60 %, 20 % and 20 %, with as many positives in each."""
    rng = np.random.default_rng(seed)
    parts: list[list[Any]] = [[], [], []]
    for label in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == label))
        cuts = [int(0.6 * len(rows)), int(0.8 * len(rows))]
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]


def logits(params: list[Any], x: Any) -> tuple[Any, Any]:
    """Return the scores, and what the backward pass needs."""
    if len(params) == 2:
        return x @ params[0] + params[1], x
    hidden = np.maximum(x @ params[0] + params[1], 0)
    return hidden @ params[2] + params[3], hidden


def gradients(params: list[Any], x: Any, inner: Any, slope: Any) -> list[Any]:
    """Return the gradient in each parameter, given that in the scores."""
    last = [inner.T @ slope, slope.sum()]
    if len(params) == 2:
        return last
    back = np.outer(slope, params[2]) * (inner > 0)
    return [x.T @ back, back.sum(axis=0), *last]


def fits(x: Any, y: Any, loss_of: Callable[[int], Any], kind: str, seed: int) -> Iterator[Any]:
    """Train by Adam; yield the parameters as they are at each of the checks."""
    rng = np.random.default_rng(seed)
    rate, width = RATES[kind]
    n = x.shape[1]
    params: list[Any] = [np.zeros(n), np.zeros(())]
    if width:
        first = rng.normal(size=(n, width)) * np.sqrt(2 / n)
        params = [first, np.zeros(width), rng.normal(size=width) / np.sqrt(width), np.zeros(())]
    means, squares = ([np.zeros_like(p) for p in params] for _ in range(2))
    for update in range(UPDATES):
        rows = rng.integers(0, len(y), BATCH)
        z, inner = logits(params, x[rows])
        _, slope = ss.value_and_grad(loss_of(update))(y[rows], z)
        for i, g in enumerate(gradients(params, x[rows], inner, slope)):
            means[i] = 0.9 * means[i] + 0.1 * g
            squares[i] = 0.999 * squares[i] + 0.001 * g * g
            step = means[i] / (1 - 0.9 ** (update + 1))
            scale = np.sqrt(squares[i] / (1 - 0.999 ** (update + 1))) + 1e-8
            params[i] = params[i] - rate * step / scale
        if (update + 1) % (UPDATES // CHECKS) == 0:
            yield list(params)


def scores_of(name: str, kind: str, seed: int) -> dict[str, tuple[float, float]]:
    """Return the F1 on test data of each loss, at 0.5 and at a tuned threshold."""
    x, y = read(name)
    train, validation, test = split(y, seed)
    x = (x - x[train].mean(axis=0)) / np.maximum(x[train].std(axis=0), 1e-12)
    score = ss.as_score(ss.f1, from_logits=True)
    found = {}
    for loss, loss_of in LOSSES.items():
        fixed, tuned = (-1.0, 0.0), (-1.0, 0.0)
        for params in fits(x[train], y[train], loss_of, kind, seed):
            on_validation, on_test = (logits(params, x[rows])[0] for rows in (validation, test))
            value = float(score(y[validation], on_validation))
            if value > fixed[0]:
                fixed = (value, float(score(y[test], on_test)))
            p, q = (1 / (1 + np.exp(-z.clip(-700, 700))) for z in (on_validation, on_test))
            best = ss.best_threshold(ss.f1, y[validation], p)
            if best.value > tuned[0]:
                at = ss.as_score(ss.f1, threshold=float(best.threshold))
                tuned = (float(best.value), float(at(y[test], q)))
        found[loss] = (fixed[1], tuned[1])
    return found


def table(kind: str) -> str:
    """Return the table of one model: means over splits, and differences from cross-entropy."""
    results = {name: [scores_of(name, kind, seed) for seed in range(SPLITS)] for name in SETS}
    lines = [f"### {kind}", "", f"| loss | threshold | {' | '.join(SETS)} | all |"]
    lines.append("|---" * (len(SETS) + 3) + "|")
    for loss in LOSSES:
        for i, threshold in enumerate(("0.5", "tuned")):
            cells, differences = [], []
            for runs in results.values():
                own = np.asarray([run[loss][i] for run in runs])
                apart = own - np.asarray([run["cross-entropy"][1] for run in runs])
                differences.append(apart.mean())
                cells.append(f"{own.mean():.3f} ({apart.mean():+.3f} ± {apart.std(ddof=1):.3f})")
            cells.append(f"{np.mean(differences):+.3f}")
            lines.append(f"| {loss} | {threshold} | {' | '.join(cells)} |")
    return "\n".join(lines)


PAGE = """# Cross-entropy, F1, both together, and one after the other

`python benchmarks/compound.py`, from a checkout. F1 on the test part of {splits} random splits
into 60 % training, 20 % validation and 20 % test, stratified; Adam, {updates} updates with
batches of {batch}, the same first weights and batches for every loss; the model is looked at
{checks} times, and validation chooses among these by F1 at the threshold of the row. In brackets
is the difference from cross-entropy at a tuned threshold, on the same split: mean and standard
deviation. "all" is the mean of the differences over the sets. Nothing was tuned for a loss;
"cross-entropy, then F1" changes at half of the updates, "cross-entropy + F1" has weights of 1.
Five splits of three sets share most of their rows: take differences of less than 0.01 as none.
"""


if __name__ == "__main__":
    start = time.perf_counter()
    numbers = {"splits": SPLITS, "updates": UPDATES, "batch": BATCH, "checks": CHECKS}
    print(PAGE.format(**numbers))
    for kind in RATES:
        print(table(kind) + "\n", flush=True)
    print(f"NumPy {np.__version__}, {time.perf_counter() - start:.0f} seconds.")
