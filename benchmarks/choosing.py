"""What to train on, for each metric that a classifier may be judged by.

Run from a checkout: ``python benchmarks/choosing.py``. Prints Markdown tables; the committed ones
are results/choosing.md. The data are read from shared/data beside the checkout, or are
scikit-learn's own where that folder does not exist. choosing_fits.py has the data, the losses and
the training.
"""

from __future__ import annotations

import platform
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import torch
from choosing_fits import (
    COST,
    RATE,
    SEEDS,
    Scores,
    binary_sets,
    class_sets,
    exclusive_losses,
    fit,
    label_losses,
    losses_of,
    remembering,
    split,
)
from rich.console import Console
from rich.progress import track
from sklearn.metrics import average_precision_score, roc_auc_score

import softset as ss

BATCH, BATCHES = 512, (32, 128, 512, 2048)
RATES = (0.001, 0.003, 0.01, 0.03)
SOME = ("satimage_class4", "page_blocks0", "bank_marketing", "covtype_class4_vs_2")
REMEMBERED = 1024  # rows, those of this batch included


class Judge(NamedTuple):
    """What models are judged by: the metric that checks and thresholds are chosen by.

    `reported` is the metric of the test part where it is another one; `rows` are the losses shown
    beside the usual ones.
    """

    name: str
    metric: Any
    rows: tuple[str, ...] = ()
    reported: Any = None
    ranking: bool = False


def precision_at_recall(c: ss.Confusion) -> Any:
    """Return the precision where the recall is at least 0.9, and less than 0 elsewhere."""
    return torch.where(ss.recall(c) >= 0.9, ss.precision(c), ss.recall(c) - 1)


USUAL = ("cross-entropy", "weighted cross-entropy", "F1")
F1_ROWS = ("F1, Sigmoid", "F1, Identity", "F1, StraightThrough", "cross-entropy, then F1", "MCC")
RANKING = ("pairwise", "AUROC on a grid", "AP on a grid")
AT_RECALL = partial(Judge, metric=precision_at_recall, rows=("F2", *RANKING))
COST_ROWS = ("cross-entropy, positives x5", "expected cost")
JUDGES = (
    Judge("F1", ss.f1, (*F1_ROWS, "balanced accuracy", "accuracy")),
    Judge("F2", partial(ss.fbeta, beta=2.0), ("F2", "balanced accuracy")),
    Judge("MCC", ss.matthews_corrcoef, ("MCC",)),
    Judge("accuracy", ss.accuracy, ("accuracy",)),
    Judge("balanced accuracy", ss.balanced_accuracy, ("balanced accuracy", "G-mean")),
    Judge("G-mean", ss.geometric_mean, ("G-mean", "balanced accuracy")),
    Judge("expected cost", partial(ss.expected_cost, fn=COST), COST_ROWS),
    AT_RECALL("precision where the recall on validation data is 0.9", reported=ss.precision),
    AT_RECALL("recall at that threshold", reported=ss.recall),
    Judge("AUROC", roc_auc_score, RANKING, ranking=True),
    Judge("average precision", average_precision_score, RANKING, ranking=True),
)


def judged(judge: Judge, fitted: tuple[Scores, Scores], threshold: float | None) -> Any:
    """Return the metric of the test part for each seed, at the check that validation prefers.

    Without a threshold the best one of the validation part is taken.
    """
    validation, test = fitted
    seeds = torch.arange(SEEDS)
    if judge.ranking:
        best = ranking(judge.metric, validation).argmax(0)
        return ranking(judge.metric, Scores(test.z[best, seeds][None], test.y))[0]
    p, y = probabilities(validation), validation.y.expand_as(validation.z)
    cut: Any = threshold
    if threshold is None:
        cut = ss.best_threshold(judge.metric, y, p, axis=-2).threshold.unsqueeze(-2)
    values = judge.metric(hard(y, p, cut)).mean(-1)
    smaller = ss.metrics.larger_is_better(judge.metric) is False
    best = (-values if smaller else values).argmax(0)
    chosen = Scores(test.z[best, seeds], test.y)
    cut = threshold if threshold is not None else cut[best, seeds]
    return (judge.reported or judge.metric)(hard(test.y, probabilities(chosen), cut)).mean(-1)


def probabilities(scores: Scores) -> torch.Tensor:
    """Return probabilities in float64: in float32 those of confident models are all 1."""
    return scores.z.double().sigmoid()


def hard(y: torch.Tensor, p: torch.Tensor, threshold: Any) -> ss.Confusion:
    """Return counts without the axis of rows."""
    return ss.confusion(y, p, threshold=threshold, step=ss.Hard(), axis=-2)


def ranking(metric: Any, scores: Scores) -> torch.Tensor:
    """Return scikit-learn's metric of each check and seed."""
    y, z = scores.y[..., 0].bool().numpy(), scores.z[..., 0].numpy()
    return torch.tensor([[metric(y[s], check[s]) for s in range(SEEDS)] for check in z])


# Tables

Results = dict[tuple[str, str], dict[str, torch.Tensor]]  # (loss, threshold): data: seeds


def print_table(title: str, results: Results, reference: tuple[str, str], smaller: bool) -> None:
    """Print means over seeds, and differences from the reference, paired by seed."""
    base = results[reference]
    several = ["all", "won"] if len(base) > 1 else ["won"]
    print(f"\n### {title}\n\n| loss | threshold | {' | '.join([*base, *several])} |")
    print("|---" * (len(base) + len(several) + 2) + "|")
    for row, by_data in results.items():
        x = torch.stack(list(by_data.values()))
        d = x - torch.stack(list(base.values()))
        if row == reference:
            cells = [f"{seeds.mean():.3f} ± {seeds.std():.3f}" for seeds in x]
            ends = [f"{x.mean():.3f}", ""]
        else:
            pairs = zip(x, d, strict=True)
            cells = [f"{a.mean():.3f} ({b.mean():+.3f} ± {b.std():.3f})" for a, b in pairs]
            won = int((d < 0).sum() if smaller else (d > 0).sum())
            ends = [f"{x.mean():.3f} ({d.mean():+.3f})", f"{won} of {d.numel()}"]
        print(f"| {' | '.join([*row, *cells, *ends[-len(several) :]])} |", flush=True)


def compare(sets: dict[str, Any]) -> None:
    """Train on every loss; print a table for every judge."""
    tables: dict[str, Results] = {judge.name: {} for judge in JUDGES}
    for name, (x, y) in progress(sets, "losses"):
        parts = split(x, y, y)
        found = fit(parts, losses_of(parts[0]), BATCH)
        for judge in JUDGES:
            for row in dict.fromkeys((*USUAL, *judge.rows)):
                for label, threshold in thresholds_of(judge, row).items():
                    values = judged(judge, found[row], threshold)
                    tables[judge.name].setdefault((row, label), {})[name] = values
    for judge in JUDGES:
        results = tables[judge.name]
        reference = ("cross-entropy", "" if judge.ranking else "tuned")
        smaller = ss.metrics.larger_is_better(judge.metric) is False
        print_table(judge.name, results, reference, smaller)


def thresholds_of(judge: Judge, row: str) -> dict[str, float | None]:
    """Return the thresholds that a table shows a loss at; None is tuned."""
    if judge.ranking:
        return {"": None}
    if judge.metric is precision_at_recall:
        return {"tuned": None}
    if judge.name == "expected cost" and row == "cross-entropy":
        return {"0.5": 0.5, "1 / (1 + 5)": 1 / (1 + COST), "tuned": None}
    return {"0.5": 0.5, "tuned": None}


def compare_settings(
    title: str, sets: dict[str, Any], settings: dict[str, tuple[int, float]]
) -> None:
    """Print F1 by the size of batches, or by the learning rate."""
    print(f"\n### F1, by {title}\n\n| data | positives in 32 | loss | threshold |", end="")
    print(f" {' | '.join(settings)} |\n{'|---' * (len(settings) + 4)}|")
    for name, (x, y) in progress(sets, title):
        parts = split(x, y, y)
        rows: dict[tuple[str, str], list[str]] = {}
        for size, rate in settings.values():
            every = losses_of(parts[0])
            losses = {key: every[key] for key in ("cross-entropy", "F1", "F1, Sigmoid")}
            if size < REMEMBERED:
                losses["F1, remembering"] = remembering(every["F1"], REMEMBERED // size - 1)
            for loss, fitted in fit(parts, losses, size, rate).items():
                for label, threshold in (("0.5", 0.5), ("tuned", None)):
                    values = judged(JUDGES[0], fitted, threshold)
                    cell = f"{values.mean():.3f} ± {values.std():.3f}"
                    rows.setdefault((loss, label), []).append(cell)
        for row, cells in rows.items():
            cells += [""] * (len(settings) - len(cells))
            print(f"| {name} | {32 * y.mean():.1f} | {' | '.join((*row, *cells))} |", flush=True)


def compare_classes() -> None:
    """Print macro F1 of labels that go together, and of classes of which one is true."""
    for name, (x, y, exclusive) in class_sets().items():
        parts = split(x, y, y.argmax(1) if exclusive else None)
        losses = exclusive_losses() if exclusive else label_losses(parts[0])
        cuts = {"arg max": 0.5} if exclusive else {"0.5": 0.5, "tuned": None}
        results: Results = {}
        for loss, (validation, test) in fit(parts, losses, BATCH).items():
            fitted = (largest(validation), largest(test)) if exclusive else (validation, test)
            for label, threshold in cuts.items():
                results[loss, label] = {name: judged(JUDGES[0], fitted, threshold)}
        title = f"macro F1, {y.shape[1]} {'classes' if exclusive else 'labels'}"
        print_table(title, results, ("cross-entropy", list(cuts)[-1]), False)


def largest(scores: Scores) -> Scores:
    """Return a positive logit for the class with the largest one, negative ones for the others."""
    top = scores.z == scores.z.amax(-1, keepdim=True)
    return Scores(torch.where(top, 1.0, -1.0), scores.y)


def progress(sets: dict[str, Any], what: str) -> Any:
    """Show how far it is, on the standard error stream."""
    return track(sets.items(), description=what, console=Console(stderr=True))


def main() -> None:
    """Print all tables."""
    torch.set_num_threads(1)
    names = ("torch", "numpy", "scikit-learn")
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread; ", end="")
    print(", ".join(f"{name} {version(name)}" for name in names))
    sets = binary_sets()
    print("\n| data | rows | features | positives |\n|---|---|---|---|")
    for name, (x, y) in sets.items():
        print(f"| {name} | {len(x)} | {x.shape[1]} | {y.mean():.1%} |")
    with ss.checks(False):
        compare(sets)
        compare_classes()
        some = {name: sets[name] for name in SOME if name in sets} or sets
        compare_settings("batch size", some, {str(size): (size, RATE) for size in BATCHES})
        compare_settings("learning rate", some, {str(rate): (BATCH, rate) for rate in RATES})


if __name__ == "__main__":
    main()
