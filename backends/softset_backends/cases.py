"""What `softset check` runs: every step function with every metric in every way to count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

import softset as ss
from softset import metrics
from softset.losses import Loss

from . import _registry
from .checker import DTYPES, check_gradients
from .report import GradientReport

# Every step function with some of its parameters, which take turns over the modes.
STEPS: Mapping[str, Sequence[Any]] = {
    "Linear": (ss.Linear(), ss.Linear(delta=0.05), ss.Linear(delta=0.35)),
    "Sigmoid": (ss.Sigmoid(k=10.0), ss.Sigmoid(k=40.0)),
    "Identity": (ss.Identity(),),
    "Ramp": (ss.Ramp(width=0.5), ss.Ramp(width=0.9)),
    "Cosine": (ss.Cosine(width=0.7), ss.Cosine(width=0.4)),
    "Arctan": (ss.Arctan(k=10.0), ss.Arctan(k=3.0)),
    "Algebraic": (ss.Algebraic(k=10.0), ss.Algebraic(k=3.0)),
    "Hard": (ss.Hard(),),
    "StraightThrough": (
        ss.StraightThrough(ss.Linear()),
        ss.StraightThrough(ss.Sigmoid(k=10.0)),
    ),
}

_OPTIONS: Mapping[str, Sequence[Mapping[str, float]]] = {
    "fbeta": ({"beta": 0.5}, {"beta": 2.0}),
    "tversky": ({"fp_weight": 0.3, "fn_weight": 0.7},),
    "net_benefit": ({"fp_weight": 0.25},),
    "expected_cost": ({"fp": 1.0, "fn": 5.0},),
}


def _metrics() -> dict[str, Any]:
    """Return every metric by name, with options where it has them."""
    found = {}
    for name in metrics.__all__:
        if name == "larger_is_better":
            continue
        for options in _OPTIONS.get(name, ({},)):
            text = ", ".join(f"{key}={value:g}" for key, value in options.items())
            metric = getattr(metrics, name)
            found[f"{name}({text})" if text else name] = (
                partial(metric, **options) if options else metric
            )
    return found


METRICS: Mapping[str, Any] = _metrics()


_PER_CLASS: Mapping[str, Any] = {"axis": 0, "threshold": (0.3, 0.5, 0.75)}

_GRID = (0.25, 0.4, 0.5, 0.6, 0.7)

# Every way to count: the data to call a loss with, and the loss's options.
MODES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "scalar": ("scalar", {"threshold": 0.4}),
    "per class": ("classes", _PER_CLASS),
    "averages": ("classes", _PER_CLASS),
    "masked": ("masked", {}),
    "weighted": ("weighted", {"threshold": 0.6}),
    "logits": ("logits", {"threshold": 0.35, "from_logits": True}),
    "thresholds": ("scalar", {"thresholds": _GRID}),
}
_AVERAGES = (ss.micro, ss.macro, ss.weighted)

# Beside the product: areas, long grids, and what is no function of a Confusion.
_AREAS: Mapping[str, Any] = {
    "auroc": ss.auroc,
    "auroc(max_fpr=0.3)": partial(ss.auroc, max_fpr=0.3),
    "average_precision": ss.average_precision,
}
# So long that it is counted from buckets; so narrow that its kinks are those of one threshold.
_LONG_GRID = tuple(0.4995 + 0.001 * i / 2100 for i in range(2100))
_SURROGATES = (
    ss.Squared(),
    ss.SquaredHinge(margin=0.45),
    ss.Logistic(scale=3.0),
    ss.WilcoxonMannWhitney(margin=0.45, power=3.0),
)
OTHERS: Mapping[str, Any] = {
    **{
        f"{name}, {type(step).__name__}": ss.as_loss(area, thresholds=_GRID, step=step)
        for name, area in _AREAS.items()
        for step in (ss.Linear(), ss.Sigmoid())
    },
    **{
        f"f1 over a long grid, {type(step).__name__}": ss.as_loss(
            ss.f1, thresholds=_LONG_GRID, step=step
        )
        for step in (ss.Linear(), ss.Ramp(width=0.9))
    },
    **{f"pairwise {x}": partial(ss.pairwise_loss, surrogate=x) for x in _SURROGATES},
    "pairwise, max_fpr=0.4": partial(ss.pairwise_loss, max_fpr=0.4),
    "cross-entropy": partial(ss.cross_entropy, pos_weight=3.0),
}

# The generated code of these modes takes minutes to compile for all metrics.
_SLOW = ("compile",)


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
            metric = _AVERAGES[turn % len(_AVERAGES)](metric)
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
    metrics: tuple[str, ...] = tuple(OTHERS)
    smooth: bool = True

    def __str__(self) -> str:
        return self.mode

    def bundle(self) -> Separate:
        """Return the losses."""
        return Separate(tuple(OTHERS[name] for name in self.metrics))


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
    jobs += [Job(case, ("eager", *quick, *slow)) for case in other_cases()]
    return jobs + [Job(part(case), slow) for case in every_case() if slow]


def pair_jobs(backends: Sequence[str]) -> list[Job]:
    """Return every step with every metric in every way to count eagerly, and each pair compiled.

    torch.compile's code generation runs with the cases of the sample.
    """
    quick, slow = compiled_modes(backends)
    jobs = [Job(case, ("eager",)) for case in every_case()]
    jobs += [Job(case, ("eager",)) for case in other_cases()[:-1]]
    jobs += [Job(other_cases()[-1], ("eager", *quick))]
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
    jobs += [Job(other_cases()[-1], ("eager", *quick), DTYPES[:1])]
    if quick:
        jobs += [Job(c, quick, DTYPES[: 1 + (i % 4 == 0)]) for i, c in enumerate(parts)]
    return jobs + [Job(case, slow) for case in parts[:1] if slow]


def every_case() -> list[Case]:
    """Return every step in every mode with every metric."""
    return [Case(step, mode) for step in STEPS for mode in MODES]


def other_cases() -> list[Other]:
    """Return the losses beside the product in every mode that they have."""
    return [Other(mode) for mode in ("scalar", "masked", "weighted")]


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
    return tuple(dict.fromkeys(mode for name in backends for mode in _registry.get(name).MODES))


def part(case: Case) -> Case:
    """Return a case with some metrics: over the steps or over the modes they are all of them."""
    turn = list(STEPS).index(case.step) + list(MODES).index(case.mode)
    return replace(case, metrics=case.metrics[turn % len(MODES) :: len(MODES)])


def run(job: Job, backends: Sequence[str]) -> GradientReport:
    """Run a job on the backends; compiled forms are compared with eager ones too."""
    bundle = job.case.bundle()
    arrays, keyword_arrays = data()[MODES[job.case.mode][0]]
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


@cache
def data() -> dict[str, tuple[tuple[Any, Any], dict[str, Any]]]:
    """Return the arrays of every mode: generic, two-class, scores away from all kinks.

    Scores are the same in float32 and float64, and at least 1e-3 from every kink.
    """
    rng = np.random.default_rng(20)
    y_true = rng.permutation(np.arange(32) % 5 < 2)
    y_prob = _scores(rng, (32,))
    classes = rng.permuted(np.tile(np.arange(24) % 5 < 2, (3, 1)), axis=1).T
    where = np.arange(32) % 4 != 1
    weight = np.where(np.arange(32) == 5, 0.0, rng.uniform(0.25, 2.0, 32))
    soft = np.where(y_true, rng.uniform(0.75, 1.0, 32), rng.uniform(0.0, 0.25, 32))
    return {
        "scalar": ((y_true.astype(np.int64), y_prob), {}),
        "classes": ((classes, _scores(rng, (24, 3))), {}),
        "masked": ((y_true, np.where(where, y_prob, np.nan)), {"where": where}),
        "weighted": ((soft, y_prob), {"sample_weight": weight}),
        "logits": ((y_true.astype(np.int64), np.log(y_prob / (1 - y_prob))), {}),
    }


def _scores(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw scores that keep away from the kinks of every step at every threshold."""
    drawn = rng.uniform(0.02, 0.98, 4 * int(np.prod(shape))).astype(np.float32).astype(np.float64)
    distance = np.min(np.abs(drawn[:, None] - kinks()), axis=1)
    return np.reshape(drawn[distance > 2e-3][: int(np.prod(shape))], shape)


def kinks() -> Any:
    """Return the scores at which some step has a kink or a jump at some threshold."""
    found = set()
    for _, options in MODES.values():
        given = options.get("thresholds", options.get("threshold", 0.5))
        for threshold in given if isinstance(given, tuple) else (given,):
            widths = [0.0, min(threshold, 1 - threshold)]
            widths += [step.width for step in (*STEPS["Ramp"], *STEPS["Cosine"])]
            found |= {threshold + sign * 0.5 * w for w in widths for sign in (-1, 1)}
    return np.asarray(sorted(found))
