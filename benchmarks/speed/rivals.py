"""Whom softset is listed against, and what of a run has fallen behind: that fails the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .results import Record, ratio_by_hand, ratio_to, select

LEAST = 0.75  # of a row's last committed ratio
THREADS = {0, 1}


class Rival(NamedTuple):
    """A row of softset's, a peer that computes the same, and how many times faster it has to be."""

    what: str
    ours: str
    theirs: str
    times: float
    fields: dict[str, Any]


def _of_dice() -> Iterator[Rival]:
    dice, logits = {"Dice", "macro Dice"}, {"Dice of logits", "macro Dice of logits"}
    monai, smp = "MONAI DiceLoss", "segmentation-models-pytorch DiceLoss"
    for mode, name in (("eager", "eager"), ("compile", "compiled")):
        ours = f"torch {mode}: MetricLoss"
        bounds = {"eager": (1.5, 0.9), "compile": (0.9, 1.4)}[mode]
        metrics = {"probabilities": dice, "logits": logits}
        for (given, metric), bound in zip(metrics.items(), bounds, strict=True):
            question = {"Dice"} if mode == "eager" else {"Dice", "images"}
            fields = {"question": question, "metric": metric}
            what = f"PyTorch `MetricLoss`, {name}, soft Dice of {given}"
            yield Rival(what, ours, f"torch {mode}: {monai}", bound, fields)
        if mode == "eager":
            for extra, words in (("", ""), ("mask", ", with a mask"), ("weights", ", weighted")):
                fields = {"question": "images", "extra": extra}
                what = f"PyTorch `MetricLoss`, eager, soft Dice of each class{words}"
                yield Rival(what, ours, f"torch eager: {monai}", 1.1, fields)
        what = f"PyTorch `MetricLoss`, {name}, soft Dice"
        yield Rival(what, ours, f"torch {mode}: {smp}", 1, {"question": {"Dice", "images"}})
    for mode, bound in (("eager", 1), ("jit", 2)):
        fields = {"question": "Dice", "metric": "Dice of logits"}
        ours, theirs = f"jax {mode}: plain kernel", f"jax {mode}: optax dice_loss"
        yield Rival(f"JAX `as_loss`, {mode}, soft Dice of logits", ours, theirs, bound, fields)
    for mode in ("eager", "function", "xla"):
        fields = {"question": {"Dice", "images"}}
        ours, theirs = f"tensorflow {mode}: plain kernel", f"tensorflow {mode}: keras Dice"
        yield Rival(f"TensorFlow `as_loss`, {mode}, soft Dice", ours, theirs, 1, fields)


def _of_metrics() -> Iterator[Rival]:
    for metric, bound in (("F1 score", 1), ("AUROC", 4), ("AP", 4)):
        fields = {"question": "evaluation", "metric": metric}
        ours, theirs = "numpy eager: softset", "numpy eager: scikit-learn"
        yield Rival(f"NumPy, {metric}", ours, theirs, 1, fields)
        ours, theirs = "torch eager: softset", "torch eager: torchmetrics"
        yield Rival(f"PyTorch, {metric}", ours, theirs, bound, fields)
    for count, bound in ((1, 1), (9, 30)):
        fields = {"question": "thresholds", "process": "torch", "thresholds": count}
        what = f"PyTorch `MetricLoss`, eager, mean F1 over thresholds, {count}"
        ours, theirs = "torch eager: MetricLoss", "torch eager: torch-btg"
        yield Rival(what, ours, theirs, bound, fields)


RIVALS = (*_of_dice(), *_of_metrics())


def met(results: Record, rival: Rival) -> Iterator[tuple[Record, float]]:
    """Yield the work that a row and its rival both did, and how many times faster the row was."""
    for work, candidate in select(results, **{"threads": THREADS, **rival.fields}):
        ratio = ratio_to(candidate, rival.theirs)
        if candidate["label"] == rival.ours and ratio is not None:
            yield work, ratio


def behind(results: Record, committed: Record | None) -> list[str]:
    """Return which rows are behind a peer that they are listed against, or behind themselves.

    A bound below 1 is what a row may be behind by. Behind itself is a row whose ratio to code by
    hand or to a listed peer is below three quarters of the one that was committed last.
    """
    found = []
    for rival in RIVALS:
        for work, ratio in met(results, rival):
            if shown(ratio) < min(rival.times, 1):
                times = f"{shown(ratio):g} times as fast as {rival.theirs}"
                found.append(f"{rival.ours}, {in_words(work)}: {times}")
    before = dict(_ratios(committed)) if committed else {}
    for key, ratio in _ratios(results):
        if key in before and ratio < LEAST * before[key]:
            row, other = key
            change = f"{shown(ratio):g} times as fast as {other}, committed {shown(before[key]):g}"
            found.append(f"{row}: {change}")
    return found


def _ratios(results: Record) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield a row and what it is compared with, and how many times faster it is."""
    against: dict[str, set[str]] = {}
    for rival in RIVALS:
        against.setdefault(rival.ours, set()).add(rival.theirs)
    for work, candidate in select(results, threads=THREADS):
        checked = not candidate["name"].endswith("checks off")
        if not checked or candidate["kind"] not in ("plain kernel", "fused"):
            continue
        row = f"{candidate['label']}, {in_words(work)}"
        by_hand = ratio_by_hand(candidate)
        if by_hand is not None:
            yield (row, "by hand"), by_hand
        for other in sorted(against.get(candidate["label"], ())):
            ratio = ratio_to(candidate, other)
            if ratio is not None:
                yield (row, other), ratio


def shown(ratio: float) -> float:
    """Return a ratio as it is printed, so that a reader comes to the same verdict."""
    return float(f"{ratio:.3g}")


def in_words(work: Record) -> str:
    """Return what was done."""
    same = work["question"] in work["metric"]
    parts = [work["metric"] if same else f"{work['question']}: {work['metric']}"]
    parts += [" x ".join(f"{x:,}" for x in work["shape"])]
    parts += [f"{work['thresholds']} thresholds"] if work["thresholds"] else []
    parts += [f"with {work['extra']}"] if work["extra"] else []
    parts += [work["dtype"]] if work["dtype"] != "float32" else []
    parts += [work["task"]] if work["task"] != "value and gradient" else []
    return ", ".join(parts + (["one thread"] if work["threads"] else []))
