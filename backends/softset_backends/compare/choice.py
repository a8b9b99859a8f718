"""The best model of every split and rule, by validation rows, among all that were offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .cuts import (
    Judge,
    calibration,
    curve,
    labels_of,
    probabilities,
    test_values,
    value_elsewhere,
)
from .methods import Setting
from .records import Record
from .splits import Split


class Candidate(NamedTuple):
    """A model that is the best so far: its logits of validation rows, and how to get others."""

    rank: tuple[bool, float]
    setting: Setting
    threshold: float
    logits: Any
    model: Any


class Choice:
    """Keeps the best model of each split, at 0.5 and at the threshold of the labels.

    A class, because it is offered models while they are trained. Test rows are looked at once, by
    `records`, after all has been chosen.
    """

    def __init__(self, judge: Judge, splits: Sequence[Split]) -> None:
        """Begin without a model."""
        self.judge, self.splits = judge, splits
        self.best: list[dict[str, Candidate]] = [{} for _ in splits]
        self.improved = 0  # the last check at which a model was better than all before

    def offer(
        self, split: int, setting: Setting, logits: Any, model: Callable[[], Any], check: int = 0
    ) -> None:
        """Keep a model where it is the best; `model` makes what is kept of it."""
        part = self.splits[split].validation
        p = probabilities(logits)
        for rule in ("0.5", "labels"):
            cut = 0.5 if rule == "0.5" else float(self.judge.cut(part.y, p, part.group))
            rank = self.judge.rank(self.judge.values(part, p, cut))
            known = self.best[split].get(rule)
            if known is None or rank > known.rank:
                self.best[split][rule] = Candidate(rank, setting, cut, logits, model())
                self.improved = check

    def records(
        self,
        names: tuple[str, str],
        seeds: Sequence[int],
        test_logits: Callable[[int, Any], Any],
        seconds: float,
        by_group: Judge | None = None,
    ) -> list[Record]:
        """Return what the chosen models make of test rows, for every split and rule.

        With `by_group`, a judge with a bound, thresholds are those of each group.
        """
        judge, found = by_group or self.judge, []
        for i, (seed, parts) in enumerate(zip(seeds, self.splits, strict=True)):
            for rule in ("labels", "expected") if by_group else judge.rules:
                # All tuned rules cut the same model.
                best = self.best[i]["0.5" if rule == "0.5" else "labels"]
                held, p = parts.validation, probabilities(best.logits)
                cut: Any = best.threshold
                if rule == "guarantee":
                    cut = judge.shown(held.y, p)
                elif rule == "expected" or by_group:
                    labels = labels_of(rule, held.y, p, held.group)
                    cut = judge.cut(labels, p, held.group, by_group=by_group is not None)
                values = judge.values(held, p, cut)
                if rule in ("labels", "expected"):
                    other = value_elsewhere(judge, held, p, rule, by_group=by_group is not None)
                    values[judge.name] = other
                p_test = probabilities(test_logits(i, best.model))
                found.append(
                    Record(
                        *names,
                        rule,
                        seed,
                        best.setting,
                        np.asarray(cut).tolist(),
                        values,
                        test_values(judge, parts.test, p_test, cut),
                        calibration(parts.test, p_test),
                        curve(judge, parts.test, p_test),
                        seconds / len(seeds),
                    )
                )
        return found
