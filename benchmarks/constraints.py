"""Bounds on gaps between groups: thresholds, weights, penalty, multipliers, and fairlearn.

Run ``python benchmarks/constraints.py`` from a checkout; it prints tables in Markdown and needs
JAX, pandas, scikit-learn and the data sets of shared/data beside the checkout. Without fairlearn
its rows are left out. constraints_fits.py has the data and the training, constraints_peers.py what
is fairlearn's.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from constraints_fits import (
    CROSS_ENTROPY,
    GROUPS,
    KINDS,
    Fit,
    Part,
    fits,
    parts_of,
    read,
)

import softset as ss

try:
    from constraints_peers import eg_fits, threshold_fit

    HAS_FAIRLEARN = True
except ImportError:
    HAS_FAIRLEARN = False

SPLITS = 5
CUTS = 100  # thresholds that are tried for all rows; for each group all are
ONE, PAIR = CROSS_ENTROPY, "cross-entropy, a threshold for each group"
EG, EG_MEAN = "ExponentiatedGradient, as it predicts", "ExponentiatedGradient, mean score"


class Task(NamedTuple):
    """A data set, the rate whose gap is bounded, and what is to be large."""

    data: str
    rate: Any
    bound: float
    objectives: tuple[Any, ...]
    kinds: tuple[str, ...] = tuple(KINDS)


TASKS = (
    Task("adult", ss.predicted_positive_rate, 0.03, (ss.accuracy, ss.f1)),
    Task("bank_marketing", ss.predicted_positive_rate, 0.03, (ss.f1,)),
    Task("adult", ss.false_positive_rate, 0.01, (ss.f1,), ("linear",)),
    # A bound that cross-entropy all but keeps by itself.
    Task("adult", ss.false_positive_rate, 0.06, (ss.accuracy,), ("linear",)),
)


class Outcome(NamedTuple):
    """What was found on test data, by the choice of validation data."""

    objective: float
    gap: float
    recall: float
    seconds: float
    kept: bool  # the bound, on validation data


# Decisions


def counts(part: Part, scores: Any, cuts: Any) -> Any:
    """Return hard counts of shape (groups, cuts)."""
    options = {"groups": part.group, "num_groups": GROUPS}
    return ss.confusion(part.y, scores, thresholds=cuts, step=ss.Hard(), **options)


def both(c: Any) -> Any:
    """Return the counts of all groups together."""
    return ss.Confusion(*(x.sum(axis=0) for x in c))


def gap_of(rate: Any, c: Any) -> Any:
    """Return the largest difference of a rate between groups."""
    values = rate(c)
    return values.max(axis=0) - values.min(axis=0)


def candidates(scores: Any, number: int) -> Any:
    """Return thresholds among the scores, with 0.5."""
    inner = np.quantile(scores, np.linspace(0, 1, number)).clip(1e-6, 1 - 1e-6)
    return np.unique(np.append(inner, 0.5))


class Chosen(NamedTuple):
    """The preferred model and threshold of one method, with what validation says of them."""

    worth: tuple[bool, float]
    outcome: Outcome


def choose(task: Task, objective: Any, fit: Fit, held: Part, test: Part, by_group: bool) -> Chosen:
    """Return the best check and threshold under the bound; the smallest gap where there is none."""
    best: Any = None
    for on_held, on_test in fit.checks:
        if fit.randomized:
            c = expected(held, on_held)
        elif by_group:
            cuts = best_pair(task, objective, held, on_held)
            if cuts is None:
                continue
            c = at_own(held, on_held, cuts)
        else:
            cuts = candidates(on_held, CUTS)
            c = counts(held, on_held, cuts)
        gaps, values = gap_of(task.rate, c), objective(both(c))
        keeps = gaps <= task.bound
        at = int(np.argmax(np.where(keeps, values, -1 - gaps)))
        worth = (bool(keeps[at]), float(values[at] if keeps[at] else -gaps[at]))
        if best is not None and worth <= best.worth:
            continue
        if fit.randomized:
            t = expected(test, on_test)
        elif by_group:
            t = at_own(test, on_test, cuts)
        else:
            t = counts(test, on_test, cuts[[at]])
        recall = float(ss.recall(t).min())
        found = float(objective(both(t))[0]), float(gap_of(task.rate, t)[0])
        best = Chosen(worth, Outcome(*found, recall, fit.seconds, worth[0]))
    return best


def best_pair(task: Task, objective: Any, part: Part, scores: Any) -> Any:
    """Return the best threshold of each group under the bound, over all of them."""
    bound = ss.at_most(ss.largest_gap(task.rate), task.bound)
    options = {"groups": part.group, "num_groups": GROUPS, "by_group": True}
    found = ss.best_threshold(objective, part.y, scores, subject_to=(bound,), **options).threshold
    return None if np.isnan(found).any() else found


def at_own(part: Part, scores: Any, thresholds: Any) -> Any:
    """Return the counts of shape (groups, 1) at each group's threshold."""
    options = {"groups": part.group, "num_groups": GROUPS, "step": ss.Hard()}
    c = ss.confusion(part.y, scores, threshold=thresholds[part.group], **options)
    return ss.Confusion(*(x[:, None] for x in c))


def expected(part: Part, scores: Any) -> Any:
    """Return the counts that are expected of decisions drawn with these probabilities."""
    options = {"step": ss.Identity(), "groups": part.group, "num_groups": GROUPS}
    return ss.Confusion(*(x[:, None] for x in ss.confusion(part.y, scores, **options)))


# Tables

Runs = dict[str, list[dict[str, Chosen]]]  # method: for each split, of each setting


def compare(task: Task, kind: str, runs: dict[Any, Runs]) -> None:
    """Train by every method, and fill `runs` for each objective of a task."""
    frame = read(task.data)
    for seed in range(SPLITS):
        train, held, test = parts_of(frame, seed)
        found: dict[str, dict[str, Fit]] = {}
        for method, setting, fit in fits(train, held, test, kind, task.rate, task.bound, seed):
            found.setdefault(method, {})[setting] = fit
        found[PAIR] = found[ONE]
        if HAS_FAIRLEARN:
            for as_predicts, as_mean, setting in eg_fits(
                train, held, test, kind, task.rate, task.bound, seed
            ):
                found.setdefault(EG, {})[setting] = as_predicts
                found.setdefault(EG_MEAN, {})[setting] = as_mean
            found["ThresholdOptimizer"] = {
                setting: threshold_fit(fit, held, test, task.rate)
                for setting, fit in found[ONE].items()
            }
        for objective in task.objectives:
            rows = runs.setdefault((task, kind, objective), {})
            for method, of_setting in found.items():
                chosen = {
                    setting: choose(task, objective, fit, held, test, method == PAIR)
                    for setting, fit in of_setting.items()
                }
                rows.setdefault(method, []).append(chosen)
        print(f"{task.data} {kind} {seed} {time.process_time():.0f} s", file=sys.stderr, flush=True)


def spread(values: Any, sign: str = "") -> str:
    """Return the mean and the standard deviation."""
    return f"{np.mean(values):{sign}.3f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.3f}"


def best_of(runs: Runs) -> dict[str, list[Outcome]]:
    """Return the outcomes of the setting that validation prefers, split by split."""
    return {
        method: [max(of.values(), key=lambda one: one.worth).outcome for of in splits]
        for method, splits in runs.items()
    }


def print_table(task: Task, kind: str, objective: Any, runs: Runs) -> None:
    """Print what was chosen."""
    rows = best_of(runs)
    title = f"{objective.__name__} of {task.data}, {kind}; {task.rate.__name__} gap <= {task.bound}"
    name = objective.__name__
    print(f"\n### {title}\n\n| | {name} | to one threshold | to ExponentiatedGradient ", end="")
    print("| gap | recall of the worse group | seconds | kept on validation |")
    print("|---" * 8 + "|")
    score = {method: np.asarray([o.objective for o in one]) for method, one in rows.items()}
    peers = [method for method in (EG, EG_MEAN) if method in rows]
    peer = max(peers, key=lambda one: score[one].mean()) if peers else None
    for method, outcomes in rows.items():
        against = [
            spread(score[method] - score[base], "+") if base and base != method else ""
            for base in (ONE, peer)
        ]
        gaps, recalls = ([getattr(o, key) for o in outcomes] for key in ("gap", "recall"))
        seconds = np.mean([o.seconds for o in outcomes])
        kept = f"{sum(o.kept for o in outcomes)} of {len(outcomes)}"
        cells = [method, spread(score[method]), *against, spread(gaps), spread(recalls)]
        print(f"| {' | '.join([*cells, f'{seconds:.2f}', kept])} |", flush=True)


def print_every_run(runs: dict[Any, Runs]) -> None:
    """Print the mean of all settings, chosen or not: objective and gap on test data."""
    columns = list(runs)
    print("\n### Every setting: objective, and gap, on test data\n\n| | | ", end="")
    heads = (f"{o.__name__} {t.data} {kind} {t.rate.__name__}" for t, kind, o in columns)
    print(f"{' | '.join(heads)} |\n{'|---' * (len(columns) + 2)}|")
    settings: dict[tuple[str, str], None] = {}
    for one in runs.values():
        settings |= {(m, s): None for m, splits in one.items() for s in splits[0]}
    for method, setting in settings:
        cells = []
        for column in columns:
            splits = runs[column].get(method, [])
            outcomes = [of[setting].outcome for of in splits if setting in of]
            pair = [np.mean([getattr(o, key) for o in outcomes]) for key in ("objective", "gap")]
            cells.append(f"{pair[0]:.3f}, {pair[1]:.3f}")
        print(f"| {method} | {setting} | {' | '.join(cells)} |")


def main() -> None:
    """Print all tables."""
    warnings.filterwarnings("ignore", module="fairlearn")
    names = ("jax", "numpy", "scikit-learn", *(("fairlearn",) if HAS_FAIRLEARN else ()))
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    if not HAS_FAIRLEARN:
        print("\nfairlearn is not installed: its rows are left out.")
    runs: dict[Any, Runs] = {}
    with ss.checks(False):
        for task in TASKS:
            for kind in task.kinds:
                compare(task, kind, runs)
                for objective in task.objectives:
                    print_table(task, kind, objective, runs[task, kind, objective])
    print_every_run(runs)


if __name__ == "__main__":
    main()
