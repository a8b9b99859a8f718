"""What `softset check` runs: every step function with every metric in every way to count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import softset as ss
from softset import metrics
from softset.scores import Loss

from .. import registry
from .case_parts import AVERAGES, BESIDE, METRICS, MODES, OTHERS, STEPS, data
from .gradients import DTYPES, check_gradients
from .report import GradientReport

# The generated code of these modes takes minutes to compile for all metrics.
_SLOW = ("compile",)
# This mode does not know how many classes there are, which a table has to.
_UNSIZED = "function"


@dataclass(frozen=True)
class Bundle:
    """Losses of the same counts as one function, so that a compiler has one thing to compile."""

    losses: tuple[Any, ...]

    def __call__(self, y_true: Any, y_prob: Any, **options: Any) -> Any:
        """Return every loss, in a 1-D array."""
        counts = self.losses[0].confusion(y_true, y_prob, **options)
        values = [loss.of_counts(counts) for loss in self.losses]
        return ss.array_namespace(*values).stack(values)

    def value_and_grad(self, y_true: Any, y_prob: Any, **options: Any) -> tuple[Any, Any]:
        """Return every loss and its gradient by `softset.value_and_grad`, on NumPy."""
        pairs = [ss.value_and_grad(loss)(y_true, y_prob, **options) for loss in self.losses]
        return np.stack([value for value, _ in pairs]), np.stack([slope for _, slope in pairs])


@dataclass(frozen=True)
class Case:
    """One step in one mode, with some metrics or all of them."""

    step: str
    mode: str
    metrics: tuple[str, ...] = tuple(METRICS)

    def __str__(self) -> str:
        return f"{self.function}, {self.mode}"

    @property
    def data(self) -> str:
        """What `data` calls the arrays."""
        return MODES[self.mode][0]

    @property
    def function(self) -> Any:
        """The step function; its parameters depend on the mode."""
        return STEPS[self.step][list(MODES).index(self.mode) % len(STEPS[self.step])]

    @property
    def smooth(self) -> bool:
        """Whether central differences see the slope that is used."""
        return self.step not in ("Hard", "StraightThrough")

    def bundle(self) -> Bundle:
        """Return the losses."""
        return Bundle(tuple(self._loss(name) for name in self.metrics))

    def _loss(self, name: str) -> Loss:
        metric = METRICS[name]
        maximize = metrics.larger_is_better(metric) is not False
        if self.mode == "averages":  # each metric with each average, by turns over the steps
            turn = list(METRICS).index(name) + list(STEPS).index(self.step)
            metric = AVERAGES[turn % len(AVERAGES)](metric)
        options = MODES[self.mode][1]
        return ss.as_loss(metric, step=self.function, maximize=maximize, **options)


@dataclass(frozen=True)
class Separate(Bundle):
    """Losses that share no counts, as one function."""

    def __call__(self, y_true: Any, y_prob: Any, **options: Any) -> Any:
        """Return every loss, in a 1-D array."""
        values = [loss(y_true, y_prob, **options) for loss in self.losses]
        return ss.array_namespace(*values).stack(values)


@dataclass(frozen=True)
class Other:
    """The losses beside the product, in one mode."""

    mode: str
    metrics: tuple[str, ...]
    smooth: bool = True

    def __str__(self) -> str:
        return self.mode

    @property
    def data(self) -> str:
        """What `data` calls the arrays."""
        return self.mode

    def bundle(self) -> Bundle:
        """Return the losses."""
        losses = BESIDE[self.mode]
        return (Separate if losses is OTHERS else Bundle)(tuple(losses[x] for x in self.metrics))


@dataclass(frozen=True)
class Job:
    """A case to run in some of the backends' modes."""

    case: Case | Other
    modes: tuple[str, ...]
    dtypes: tuple[str, ...] = DTYPES


def every_job(backends: Sequence[str]) -> list[Job]:
    """Return every step with every metric in every way to count, in all modes of the backends.

    Only torch.compile's code generation takes each pair of them, but not all three at once.
    """
    quick, slow = compiled_modes(backends)
    jobs = [Job(case, ("eager", *quick)) for case in every_case()]
    jobs += [_job(case, ("eager", *quick, *slow)) for case in other_cases()]
    return jobs + [Job(part(case), slow) for case in every_case() if slow]


def pair_jobs(backends: Sequence[str]) -> list[Job]:
    """Return every step with every metric in every way to count eagerly, and each pair compiled.

    torch.compile's code generation runs with the cases of the sample.
    """
    quick, slow = compiled_modes(backends)
    jobs = [Job(case, ("eager",)) for case in every_case()]
    jobs += [Job(case, ("eager",)) for case in other_cases() if case not in _compiled()]
    jobs += [_job(case, ("eager", *quick)) for case in _compiled()]
    jobs += [Job(part(case), quick) for case in every_case() if quick]
    return jobs + [Job(case, slow) for case in _shares(_turns()) if slow]


def sample_jobs(backends: Sequence[str]) -> list[Job]:
    """Return a sample with every step, metric, way to count, backend, and backend's mode.

    Eagerly each step meets each metric; the compiled forms take each step and each metric once,
    most in float64 only, and torch.compile's code generation runs once.
    """
    quick, slow = compiled_modes(backends)
    parts = _shares(_turns())
    jobs = [Job(case, ("eager",)) for case in _turns()]
    jobs += [_job(case, ("eager", *quick), DTYPES[:1]) for case in _compiled()]
    if quick:
        jobs += [Job(c, quick, DTYPES[: 1 + (i % 4 == 0)]) for i, c in enumerate(parts)]
    return jobs + [Job(case, slow) for case in parts[:1] if slow]


def every_case() -> list[Case]:
    """Return every step in every mode with every metric."""
    return [Case(step, mode) for step in STEPS for mode in MODES]


def other_cases() -> list[Other]:
    """Return the losses beside the product in every mode that they have."""
    return [Other(mode, tuple(losses)) for mode, losses in BESIDE.items()]


def _job(case: Other, modes: tuple[str, ...], dtypes: tuple[str, ...] = DTYPES) -> Job:
    """Return a case in those of the modes that it can run in."""
    if "table" in case.mode:
        modes = tuple(mode for mode in modes if mode != _UNSIZED)
    return Job(case, modes, dtypes)


def _compiled() -> list[Other]:
    """Return those of them that a sample compiles, with each loss once."""
    return [case for case in other_cases() if case.mode in ("table", "groups", "weighted")]


def _turns() -> list[Case]:
    """Return every step once, in modes by turns."""
    modes = list(MODES)
    return [Case(step, modes[i % len(modes)]) for i, step in enumerate(STEPS)]


def _shares(cases: Sequence[Case]) -> list[Case]:
    """Deal the metrics out to the cases."""
    return [replace(c, metrics=c.metrics[i :: len(cases)]) for i, c in enumerate(cases)]


def compiled_modes(backends: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the backends' compiled modes, those that take minutes apart."""
    compiled = tuple(mode for mode in modes_of(backends) if mode != "eager")
    return tuple(m for m in compiled if m not in _SLOW), tuple(m for m in compiled if m in _SLOW)


def modes_of(backends: Sequence[str]) -> tuple[str, ...]:
    """Return the modes that some of the backends have, eager first."""
    return tuple(dict.fromkeys(mode for name in backends for mode in registry.get(name).MODES))


def part(case: Case) -> Case:
    """Return a case with some metrics: over the steps or over the modes they are all of them."""
    turn = list(STEPS).index(case.step) + list(MODES).index(case.mode)
    return replace(case, metrics=case.metrics[turn % len(MODES) :: len(MODES)])


def run(job: Job, backends: Sequence[str]) -> GradientReport:
    """Run a job on the backends; compiled forms are compared with eager ones too."""
    bundle = job.case.bundle()
    arrays, keyword_arrays = data()[job.case.data]
    report = check_gradients(
        bundle,
        *arrays,
        backends=backends,
        modes=tuple(dict.fromkeys(("eager", *job.modes))),
        dtypes=job.dtypes,
        differences=job.case.smooth,
        reference=bundle.value_and_grad,
        cases=[f"{name}, {job.case}" for name in job.case.metrics],
        **keyword_arrays,
    )
    return GradientReport(tuple(row for row in report.rows if row.mode in job.modes))
