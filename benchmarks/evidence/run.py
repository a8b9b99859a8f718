"""Work in processes: every finished unit is stored at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from joblib import Parallel, delayed

from . import store
from .study import Missing, Row, Study, Unit

# One thread for each process: work this small takes longer on several.
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Plan(NamedTuple):
    """The units of every study by its name, and what is skipped with the reason."""

    units: dict[str, list[Unit]]
    skipped: dict[str, str]


def planned(studies: Sequence[Study], data: Path) -> Plan:
    """Return what there is to do."""
    plan = Plan({}, {})
    for study in studies:
        try:
            plan.units[study.name] = study.units(data)
        except Missing as reason:
            plan.units[study.name] = []
            plan.skipped[study.name] = str(reason)
    return plan


class Outcome(NamedTuple):
    """A unit and its record, or why there is none."""

    unit: Unit
    record: store.Record | None = None
    skipped: str = ""
    failed: str = ""


def finish(
    studies: Sequence[Study], plan: Plan, data: Path, scratch: Path, jobs: int
) -> Iterator[tuple[Outcome, int, int]]:
    """Do what is left; yield each outcome, how many units are done, and of how many."""
    work = []
    for study in studies:
        records = store.read(store.path_of(scratch, study.name))
        work += [(study.run, unit) for unit in store.left(plan.units[study.name], records)]
    total = sum(map(len, plan.units.values()))
    done = total - len(work)
    for outcome in _outcomes(work, data, jobs):
        if outcome.record is not None:
            store.append(store.path_of(scratch, outcome.unit.study), outcome.record)
        done += 1
        yield outcome, done, total


def _outcomes(work: Sequence[Any], data: Path, jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from (one(run, data, unit) for run, unit in work)
        return
    os.environ.setdefault("XLA_FLAGS", _ONE_THREAD)
    for name in _THREADS:
        os.environ.setdefault(name, "1")
    options: dict[str, Any] = {"return_as": "generator_unordered", "batch_size": 1}
    pool: Any = Parallel(n_jobs=jobs, **options)
    yield from pool(delayed(one)(run, data, unit) for run, unit in work)


def one(run: Callable[[Path, Unit], list[Row]], data: Path, unit: Unit) -> Outcome:
    """Return the outcome of a unit: one that fails must not end the others."""
    start, spent = time.perf_counter(), time.process_time()
    try:
        rows = run(data, unit)
    except Missing as reason:
        return Outcome(unit, skipped=str(reason))
    except Exception as error:
        return Outcome(unit, failed=f"{type(error).__name__}: {error}")
    record = {
        "unit": unit._asdict(),
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - spent, 2),
        "versions": store.versions(),
        "rows": rows,
    }
    return Outcome(unit, record)
