"""F-beta: whether beta steers precision and recall, by the loss or by the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import softset as ss
from softset_backends.compare.cuts import probabilities
from softset_backends.compare.statistics import estimate

from .fitting import Budget, Parts, Rows, always, fits, network
from .judging import Judge, Rule, fixed, judged
from .model_tables import Cells, cells, shown, wrapped
from .sets import of_arguments, readable, splits_of
from .study import Row, Study, Unit

BETAS, SPLITS, HIDDEN = (0.5, 1.0, 2.0, 3.0), 3, 32
BUDGET = Budget(updates=600, batch=512, checks=6, rates=(0.003, 0.01, 0.03))
CE = "cross-entropy"
LOSS, CUT = ("F-beta", "0.5"), (CE, "labels")  # methods and decisions
# Tsoi et al. 2022, Table 4, Mammography: precision and recall of the loss of each beta.
PAPER = {1.0: (0.70, 0.55), 2.0: (0.57, 0.71), 3.0: (0.44, 0.81)}


def units(folder: Path) -> list[Unit]:
    """Return a unit for each split of every table with two labels."""
    given = {"betas": BETAS, "budget": BUDGET._asdict()}
    return [
        Unit(
            "steering",
            f"{table.name}, split {seed}",
            {"table": table.arguments(), "seed": seed, **given},
        )
        for table in readable(folder)
        for seed in range(SPLITS)
    ]


def judge_of_beta(beta: float) -> Judge:
    """Return the judge by F-beta, which reports precision and recall beside it."""
    metric = partial(ss.fbeta, beta=beta)

    def tuned(y: Any, p: Any) -> float:
        return min(float(ss.best_threshold(metric, y, p).threshold), 1.0)

    def values(y: Any, p: Any, threshold: Any) -> dict[str, float]:
        counts = ss.confusion(y, p, threshold=threshold, step=ss.Hard())
        found = {"F-beta": metric, "precision": ss.precision, "recall": ss.recall}
        return {name: float(one(counts)) for name, one in found.items()}

    rules = {"0.5": Rule(fixed, fixed), "labels": Rule(tuned, tuned)}
    return Judge(probabilities, values, rules)


def run(folder: Path, unit: Unit) -> list[Row]:
    """Return the rows of one split: a training for each beta, and one of cross-entropy for all."""
    given = unit.arguments
    table, seed, budget = of_arguments(given["table"]), given["seed"], Budget(**given["budget"])
    parts = Parts(
        *(
            Rows(torch.tensor(part.x), torch.tensor(part.y, dtype=torch.float32))
            for part in splits_of(str(folder), table)[seed]
        )
    )
    make = partial(network, parts.train.x.shape[1], HIDDEN, 1)
    entropy = fits(make, always(partial(ss.cross_entropy, from_logits=True)), parts, budget, seed)
    found = []
    for beta in given["betas"]:
        loss = ss.as_loss(partial(ss.fbeta, beta=beta), from_logits=True)
        own = fits(make, always(loss), parts, budget, seed)
        for method, checkpoints in ((CE, entropy), ("F-beta", own)):
            for one in judged(checkpoints, parts, judge_of_beta(beta)):
                one["settings"] |= {"model": f"{HIDDEN} units", "beta": beta}
                found.append({"data": table.name, "method": method, "seed": seed, **one})
    return found


def _means(rows: Sequence[Row], method: str, decision: str) -> str:
    """Return precision, recall and F-beta, as the mean of the means of data sets."""
    own = [r for r in rows if (r["method"], r["settings"]["decision"]) == (method, decision)]
    if not own:
        return "| | | "
    by_set: dict[str, list[Row]] = {}
    for row in own:
        by_set.setdefault(row["data"], []).append(row)
    means = [
        np.mean([np.mean([r["values"][metric] for r in some]) for some in by_set.values()])
        for metric in ("precision", "recall", "F-beta")
    ]
    return "".join(f"| {mean:.3f} " for mean in means)


def _steered(rows: Sequence[Row], betas: Sequence[float]) -> str:
    """Return precision and recall by beta, beside the paper's."""
    head = ("precision", "recall", "F-beta")
    lines = [
        f"| beta | {' | '.join(f'loss, 0.5: {x}' for x in head)} "
        f"| {' | '.join(f'cross-entropy, tuned: {x}' for x in head)} "
        "| paper: precision | paper: recall |",
        "|---" * 9 + "|",
    ]
    for beta in betas:
        own = [row for row in rows if row["settings"]["beta"] == beta]
        paper = " | ".join(f"{x:.2f}" for x in PAPER[beta]) if beta in PAPER else "|"
        lines.append(f"| {beta:g} {_means(own, *LOSS)}{_means(own, *CUT)}| {paper} |")
    return "\n".join(lines)


def _differences(rows: Sequence[Row], names: Sequence[str], betas: Sequence[float]) -> str:
    """Return what the loss gains on the threshold, on each data set."""
    lines = [
        f"| data | {' | '.join(f'beta {beta:g}' for beta in betas)} |",
        "|---" * (len(betas) + 1) + "|",
    ]
    means: dict[float, list[float]] = {beta: [] for beta in betas}
    for name in names:
        parts = []
        for beta in betas:
            own = [r for r in rows if r["settings"]["beta"] == beta and r["data"] == name]
            found = cells(own, "F-beta", CUT) if own else Cells({}, {})
            difference = found.differences.get(LOSS)
            if difference is not None:
                means[beta].append(difference.mean)
            mean = found.means.get(LOSS)
            parts.append("" if mean is None else f"{mean:.3f}{shown(difference)}")
        lines.append(f"| {name} | {' | '.join(parts)} |")
    over = [shown(estimate(means[beta], 0.0)).strip(" ()") for beta in betas]
    lines.append(f"| mean difference | {' | '.join(over)} |")
    return "\n".join(lines)


def report(rows: Sequence[Row]) -> str:
    """Return what beta does, and the differences on each data set."""
    betas = sorted({row["settings"]["beta"] for row in rows})
    names = list(dict.fromkeys(row["data"] for row in rows))
    what = (
        f"A network of {HIDDEN} units; the F-beta loss at 0.5, beside cross-entropy with the "
        "threshold that has the best F-beta on validation rows. The same budget for every loss, "
        "learning rate and checkpoint by F-beta on validation rows. Means over "
        f"{len(names)} data sets: {', '.join(names)}. The paper's Table 4 is of Mammography, "
        "which is not among these data: compare directions, not numbers."
    )
    below = (
        "F-beta of the loss at 0.5 on test rows, and in brackets the paired difference from "
        "cross-entropy with the tuned threshold, with its interval of 95 %; at the end the "
        "mean of these differences, and its interval over data sets:"
    )
    differences = _differences(rows, names, betas)
    return "\n\n".join([wrapped(what), _steered(rows, betas), wrapped(below), differences])


STUDY = Study("steering", "F-beta: steering precision and recall", units, run, report)
