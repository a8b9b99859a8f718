"""Fits by the engine of `softset compare`, as rows, and rows as its records."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

import softset as ss
from softset_backends.compare import Budget, Record
from softset_backends.compare.cuts import Judge
from softset_backends.compare.plan import Common, fit
from softset_backends.compare.splits import Split

from .study import Missing, Row

BACKEND = "jax"  # the quickest of those that `softset compare` knows
METRICS = {"f1": ss.f1, "matthews_corrcoef": ss.matthews_corrcoef}
SHORTER = Budget(updates=500)
DIGITS = 5
_VALUES = ("gap", "precision", "recall", "average_precision", "brier")


def fitted(
    data: str,
    splits: Sequence[Split],
    unit: tuple[str, str],
    judge: Judge,
    budget: Budget,
    case: str = "",
) -> list[Row]:
    """Return a row for each split and rule for the threshold, of a model and a method.

    `case` says what was done to the data, or what was asked of them.

    Raises
    ------
    Missing
        If what trains is not installed.
    """
    if find_spec(BACKEND) is None:
        raise Missing(f"{BACKEND} is not installed")
    share = np.concatenate([split.train.y for split in splits]).mean()
    common = Common(splits, judge, float((1 - share) / share), BACKEND, budget)
    return [_row(data, case, judge.name, record) for record in fit(unit, common)]


def _row(data: str, case: str, metric: str, record: Record) -> Row:
    def rounded(x: Any) -> Any:
        return [rounded(one) for one in x] if isinstance(x, list) else round(x, DIGITS)

    def some(values: dict[str, float]) -> dict[str, float]:
        kept = {k: v for k, v in values.items() if k == metric or k in _VALUES}
        return {k: rounded(v) for k, v in kept.items()}

    return {
        "data": data,
        "case": case,
        "metric": metric,
        "model": record.model,
        "method": record.method,
        "rule": record.rule,
        "seed": record.seed,
        "settings": {
            **{k: float(f"{v:.4g}") for k, v in record.setting.items()},
            "threshold": rounded(record.threshold),
        },
        "values": {"validation": some(record.validation), "test": some(record.test)},
    }


def record_of(row: Row) -> Record:
    """Return a row as a record, without its curves."""
    settings, values = dict(row["settings"]), row["values"]
    return Record(
        row["model"],
        row["method"],
        row["rule"],
        row["seed"],
        threshold=settings.pop("threshold"),
        setting=settings,
        validation=values["validation"],
        test=values["test"],
        calibration=[],
        curve=[],
        seconds=0.0,
    )
