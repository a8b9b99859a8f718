"""How often a bound that holds on the validation rows is missed in the population.

Run ``python benchmarks/guarantees.py`` from a checkout; it prints a page in Markdown. Its rows of
MAPIE need ``pip install --no-deps mapie==1.6.0``, and are left out without it.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import softset as ss

ROWS, DRAWS, CONFIDENCE, POPULATION = (300, 1000, 2000, 5000), 400, 0.95, 2_000_000
# Calibrated scores: what they are drawn from, beta(a, b).
SCORES = {"scores that say much": (0.2, 0.4), "scores that say little": (0.5, 2.0)}
# The metric to be best, the bounded one, its bound, and what MAPIE calls both.
TASKS = {
    "recall at precision >= 0.8": (ss.recall, ss.precision, 0.8, "precision"),
    "precision at recall >= 0.8": (ss.precision, ss.recall, 0.8, "recall"),
    "recall at false positive rate <= 0.1": (ss.recall, ss.false_positive_rate, 0.1, "fpr"),
}
Method = Callable[[str, Any, Any], "float | None"]


class Population(NamedTuple):
    """Scores in decreasing order, negated, and how many positives are among the first k."""

    scores: Any
    positives: Any

    def counts(self, threshold: float) -> ss.Confusion:
        """Return the counts at a threshold."""
        k = int(np.searchsorted(self.scores, -threshold, side="right"))
        tp, total = int(self.positives[k]), int(self.positives[-1])
        return ss.Confusion(
            *map(float, (tp, k - tp, total - tp, len(self.scores) - k - total + tp))
        )


def draw(rng: Any, n: int, kind: str) -> tuple[Any, Any]:
    p = rng.beta(*SCORES[kind], size=n)
    return (rng.random(n) < p).astype(int), p


def population(kind: str) -> Population:
    y, p = draw(np.random.default_rng(0), POPULATION, kind)
    order = np.argsort(-p)
    return Population(-p[order], np.append(0, np.cumsum(y[order])))


def by_softset(confidence: float | None) -> Method:
    def method(task: str, y: Any, p: Any) -> float | None:
        metric, constraint, bound, _ = TASKS[task]
        try:
            return float(
                ss.threshold_at(metric, constraint, bound, y, p, confidence=confidence).threshold
            )
        except ValueError:
            return None

    return method


def by_mapie(fwer: str) -> Method:
    """Return MAPIE's risk control; in a sequence the thresholds go from strict to loose."""
    control: Any = importlib.import_module("mapie.risk_control")

    def method(task: str, y: Any, p: Any) -> float | None:
        _, _, bound, name = TASKS[task]
        grid = np.linspace(0, 0.99, 100)
        controller = control.BinaryClassificationController(
            lambda x: np.stack([1 - x[:, 0], x[:, 0]], axis=1),
            name,
            bound,
            confidence_level=CONFIDENCE,
            best_predict_param_choice="precision" if name == "recall" else "recall",
            list_predict_params=grid if name == "recall" else grid[::-1].copy(),
            fwer_method=fwer,
        )
        controller.calibrate(p[:, None], y)
        found = controller.best_predict_param
        return None if found is None else float(found)

    return method


def methods() -> dict[str, Method]:
    found = {"threshold_at": by_softset(None), "with confidence=0.95": by_softset(CONFIDENCE)}
    try:
        importlib.import_module("mapie")
    except ImportError as error:
        print(f"left out: {error}", file=sys.stderr)
        return found
    return found | {
        "MAPIE, Bonferroni-Holm": by_mapie("bonferroni_holm"),
        "MAPIE, fixed sequence": by_mapie("fixed_sequence"),
    }


def table(kind: str, task: str, several: dict[str, Method]) -> str:
    """Return a row for each number of rows and method."""
    metric, constraint, bound, _ = TASKS[task]
    upper, everyone = constraint is ss.false_positive_rate, population(kind)
    lines = [
        "| rows | method | misses | finds none | mean of the metric |",
        "|---|---|---|---|---|",
    ]
    for n in ROWS:
        rng, found = np.random.default_rng(1), {name: [] for name in several}
        for _ in range(DRAWS):
            y, p = draw(rng, n, kind)
            for name, method in several.items():
                at = method(task, y, p)
                if at is None:
                    found[name].append((False, True, 0.0))
                    continue
                c = everyone.counts(at)
                value = constraint(c)
                missed = value > bound if upper else value < bound
                found[name].append((missed, False, metric(c)))
        for name, rows in found.items():
            misses, none, value = np.mean(rows, axis=0)
            known = f"{value / (1 - none):.3f}" if none < 1 else ""
            lines.append(f"| {n} | {name} | {misses:.1%} | {none:.1%} | {known} |")
    return "\n".join(lines)


PAGE = """# Bounds that hold in the population

`python benchmarks/guarantees.py`, from a checkout. Validation rows are drawn {draws} times from a
population of {population} rows with calibrated scores, a threshold is chosen on them, and looked
at in the population:

- **misses**: the share of draws whose threshold does not keep the bound there; more than 5 % is
  more than `confidence=0.95` allows, give or take 2 %
- **finds none**: the share of draws without a threshold
- **mean of the metric** in the population, where a threshold was found

MAPIE's `BinaryClassificationController` tests 100 thresholds from 0 to 0.99; by Bonferroni-Holm,
its default, or in a fixed sequence, which is given to it from strict to loose. `threshold_at` tests
every cut.
"""


if __name__ == "__main__":
    import logging
    import warnings

    # MAPIE warns where it finds none.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    start, several = time.process_time(), methods()
    print(PAGE.format(draws=DRAWS, population=f"{POPULATION:,}"))
    for kind in SCORES:
        for task in TASKS:
            title = f"{task[0].upper()}{task[1:]}, {kind}"
            print(f"## {title}\n\n{table(kind, task, several)}\n", flush=True)
    version = "".join(f", MAPIE {m.__version__}" for m in [sys.modules.get("mapie")] if m)
    seconds = time.process_time() - start
    print(f"NumPy {np.__version__}{version}; {seconds:.0f} seconds.")
