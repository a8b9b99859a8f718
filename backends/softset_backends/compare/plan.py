"""What a comparison fits: models times methods, without those that the data or the machine lack."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from . import boosting, training
from .cuts import Judge
from .methods import BY_GROUP, methods
from .question import METHODS, MODELS
from .records import Record
from .splits import Split
from .training import Budget

TREES = 150  # of boosting, as many for every method
_GROUPED = ("penalty", "lagrangian", "reweighing", BY_GROUP)
_RESAMPLED = ("oversampling", "smote")


class Plan(NamedTuple):
    """Pairs of model and method in the order of fitting, and what was left out with the reason."""

    units: list[tuple[str, str]]
    left_out: list[str]


class Common(NamedTuple):
    """What all fits have in common."""

    splits: Sequence[Split]
    judge: Judge
    ratio: float
    backend: str
    budget: Budget


def planned(models: Sequence[str] | None, names: Sequence[str] | None, *, grouped: bool) -> Plan:
    """Return what is fitted of what is asked for, or of everything.

    Raises
    ------
    ValueError
        If a name is unknown, needs groups where there are none, or nothing is left.
    ImportError
        If what is asked for by name needs a library that is not installed.
    """
    for option, asked, known in (("models", models, MODELS), ("methods", names, METHODS)):
        unknown = [name for name in asked or () if name not in known]
        if unknown:
            raise ValueError(f"`{option}` must be of {', '.join(known)}, got {unknown[0]!r}")
    alone = [name for name in names or () if name in _GROUPED and not grouped]
    if alone:
        raise ValueError(f"`methods` must do without groups, got {alone[0]!r}; name a group column")
    missing = []
    if boosting.installed() is None:
        missing.append(("boosting", "xgboost or lightgbm", "softset[boosting]"))
    if find_spec("imblearn") is None:
        missing += [(name, "imbalanced-learn", "softset[compare]") for name in _RESAMPLED]
    left_out, lacking = [], {name for name, *_ in missing}
    for name, library, extra in missing:
        reason = f"{name} needs {library}, which is not installed; pip install '{extra}'"
        if name in (*(models or ()), *(names or ())):
            raise ImportError(reason)
        left_out.append(reason)
    units = [
        (model, name)
        for model in dict.fromkeys(models or MODELS)
        for name in dict.fromkeys(names or METHODS)
        if not {model, name} & lacking
        and (grouped or name not in _GROUPED)
        and (model != "boosting" or name in boosting.METHODS)
    ]
    if not units:
        raise ValueError(
            f"`methods` must be of {', '.join(boosting.METHODS)} for boosting, got "
            f"{', '.join(names or ())}"
        )
    return Plan(units, left_out)


def fit(unit: tuple[str, str], common: Common) -> list[Record]:
    """Return the records of one model and method, on all splits: a function of a process."""
    model, name = unit
    splits, judge, ratio, backend, budget = common
    method = methods(judge.metric, judge.bound, ratio)[name]
    seeds = range(len(splits))
    # More than one thread slows down work this small, on a busy machine twentyfold.
    with threadpool_limits(limits=1):
        if model == "boosting":
            checks = min(budget.checks, 10)
            trees = min(TREES, budget.updates)
            return boosting.fit(name, method, splits, seeds, judge, trees, checks)
        return training.fit(model, name, method, splits, seeds, judge, backend, budget)
