"""A comparison from data to records, which continues where it was stopped."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed

import softset as ss
from softset._types import Metric
from softset.constraints.bounds import Constraint
from softset.metrics import larger_is_better
from softset.metrics.options import freeze, name_of

from .. import registry
from ..folders import files_in
from .cuts import Judge
from .data import rows
from .methods import BY_GROUP, Bound
from .plan import Common, fit, planned
from .question import require_bound
from .records import Record, append, begin, keep, read
from .snippets import metric_code
from .splits import of_one_width, split
from .training import Budget

RECORDS = "records.jsonl"
_PACKAGES = ("numpy", "torch", "jax", "tensorflow", "scikit-learn", "xgboost-cpu", "xgboost")
_PACKAGES += ("lightgbm", "imbalanced-learn", "pandas")


def compare(
    data: Any,
    *,
    target: str,
    positive: str | None = None,
    metric: Metric = ss.f1,
    group: str | None = None,
    max_gap: float = 0.03,
    of: Metric = ss.recall,
    subject_to: Constraint | None = None,
    confidence: float | None = None,
    drop: Sequence[str] = (),
    backend: str = "torch",
    models: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    seeds: int = 5,
    jobs: int = 1,
    out: Path | str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    budget: Budget | None = None,
) -> list[Record]:
    """Train in every way that may help with a metric, on data of your own, and say how each did.

    Parameters
    ----------
    data : path or data frame
        A .csv or .parquet file, or a frame of pandas, Polars or another library that narwhals
        knows: a row for each example. Columns of numbers are scaled, all others are categories;
        missing values are allowed.
    target : str
        The column to predict. Of 0 and 1 the latter is positive, of two other values the rarer.
    positive : str, optional
        The value of the target that is positive; all others are negative.
    metric : callable, default f1
        The metric that is to be best, a function of a `Confusion` with a better direction.
    group : str, optional
        The column of groups whose rates shall be near each other. It is no feature.
    max_gap : float, default 0.03
        The largest gap between groups.
    of : callable, default recall
        The metric whose gap it is.
    subject_to : Constraint, optional
        Without groups, a bound such as ``at_least(precision, 0.8)``, which tuned thresholds keep
        on validation rows where they can.
    confidence : float, optional
        The probability, from 0.5 on, with which that bound is to hold on other rows too: the rule
        "guarantee" cuts each model at the best threshold that shows it, see `threshold_at`.
    drop : sequence of str
        Columns that are no features.
    backend : {"torch", "jax", "tensorflow", "numpy"}, default "torch"
        Whose loop trains the linear model and the network.
    models : sequence of str, optional
        Of "linear", "mlp", a network with 32 hidden units, and "boosting"; all by default.
    methods : sequence of str, optional
        By their names in `Record`; all that the data allow by default.
    seeds : int, default 5
        How many splits into 60 % training, 20 % validation and 20 % test rows.
    jobs : int, default 1
        How many processes train.
    out : path, optional
        A folder for the records. A run with the same data and arguments continues what is there.
    progress : callable, optional
        Called with the number of fits that are done, of all, and the name of the last.
    budget : Budget, optional
        How long is trained, for every method alike.

    Returns
    -------
    list of Record
        One for each model, method, rule for the threshold, and seed. All tuning, early stopping,
        settings and thresholds, is by validation rows; test rows are looked at once.

    Raises
    ------
    TypeError, ValueError
        As `softset_backends.compare.data.rows` does; if a name is unknown, `metric` has no better
        direction, `subject_to` comes with groups or cannot be shown, `seeds` or `jobs` is not
        positive, or `out` has records of something else.
    ImportError
        If what is asked for by name is not installed.

    Examples
    --------
    >>> from softset_backends.compare import compare
    >>> from softset_backends.compare.sources import built_in
    >>> frame, target = built_in("breast-cancer")
    >>> options = {"models": ["linear"], "methods": ["cross-entropy"], "seeds": 1}
    >>> records = compare(frame, target=target, backend="numpy", **options)
    >>> print([record.rule for record in records], records[0].test["f1"] > 0.9)
    ['0.5', 'labels', 'expected'] True
    """
    for name, value in (("seeds", seeds), ("jobs", jobs)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}")
    if larger_is_better(freeze(metric)) is None:
        raise ValueError(
            f"`metric` must be better when larger or when smaller, got {name_of(freeze(metric))}"
        )
    if not 0 <= max_gap <= 1:
        raise ValueError(f"`max_gap` must lie in [0, 1], got {max_gap}")
    require_bound(subject_to, confidence, grouped=group is not None)
    registry.get(backend)
    budget = Budget() if budget is None else budget
    units = planned(models, methods, grouped=group is not None).units
    given = rows(data, target, positive=positive, group=group, drop=drop)
    bounds: dict[str, Any] = (
        {} if group is None else {"group": group, "max_gap": max_gap, "of": metric_code(of)}
    )
    if subject_to is not None:
        bounds = {"subject_to": str(subject_to), "confidence": confidence}
    judge = Judge(
        metric,
        None if group is None else Bound(of, max_gap, len(given.groups)),
        subject_to,
        confidence,
    )
    arguments = {
        "target": target,
        "positive": given.positive,
        "metric": metric_code(metric),
        **bounds,
        "drop": sorted(drop),
        "backend": backend,
        "seeds": seeds,
        **budget._asdict(),
    }
    store, found = None, []
    if out is not None:
        (store,) = files_in("out", Path(out), [RECORDS])
        begin(store, _header(arguments, given.fingerprint, len(given.y), int(given.y.sum())))
        found = _complete(store, seeds, len(judge.rules))
    done = {(record.model, record.method) for record in found}
    left = [unit for unit in units if unit not in done]
    tell = progress or (lambda *_: None)
    tell(len(units) - len(left), len(units), "")
    if left:
        splits = of_one_width([split(given, seed) for seed in range(seeds)])
        ratio = float((given.y == 0).sum() / given.y.sum())
        common = Common(splits, judge, ratio, backend, budget)
        for i, fitted in enumerate(_fitted(left, common, jobs)):
            if store is not None:
                append(store, fitted)
            found += fitted
            tell(len(units) - len(left) + i + 1, len(units), ", ".join(fitted[0][:2]))
    order = {unit: i for i, unit in enumerate(units)}
    chosen = [record for record in found if record[:2] in order]
    return sorted(chosen, key=lambda record: order[record[:2]])


def _fitted(units: Sequence[tuple[str, str]], common: Common, jobs: int) -> Iterator[list[Record]]:
    """Yield the records of each fit as soon as they are there."""
    if jobs == 1:
        yield from (fit(unit, common) for unit in units)
        return
    options: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
    pool: Any = Parallel(n_jobs=jobs, **options)
    yield from pool(delayed(fit)(unit, common) for unit in units)


def _complete(store: Path, seeds: int, rules: int) -> list[Record]:
    """Return the records of fits that were written as a whole, and forget the others."""
    _, found = read(store)
    of_unit: dict[tuple[str, str], list[Record]] = {}
    for record in found:
        of_unit.setdefault((record.model, record.method), []).append(record)
    whole = [
        record
        for (_, method), records in of_unit.items()
        if len(records) == seeds * (2 if method == BY_GROUP else rules)
        for record in records
    ]
    if len(whole) < len(found):
        keep(store, whole)
    return whole


def _header(arguments: dict[str, Any], data: str, n: int, positives: int) -> dict[str, Any]:
    packages = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    return {
        "version": ss.__version__,
        "arguments": arguments,
        "data": data,
        "rows": n,
        "positives": positives,
        "packages": packages | {"python": platform.python_version()},
    }
