"""What a comparison asks, and the order in which ways of training are simple."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import softset as ss
from softset._types import Metric
from softset.constraints.bounds import Constraint
from softset.metrics import direction
from softset.metrics.options import freeze, name_of
from softset.thresholds.guarantee import tests_of

from .records import Record

# The simplest first. Nothing is added to cross-entropy before what needs data, weights or rows of
# other kinds; a constraint comes last, as it needs groups while training, or at prediction.
METHODS = (
    "cross-entropy",
    "class-weighted",
    "focal",
    "oversampling",
    "smote",
    "pairwise",
    "metric (linear)",
    "metric (sigmoid)",
    "metric (identity)",
    "cross-entropy, then metric",
    "cross-entropy + metric",
    "micro-batches",
    "reweighing",
    "penalty",
    "lagrangian",
    "thresholds per group",
)
MODELS = ("linear", "boosting", "mlp")
RULES = ("0.5", "expected", "labels", "guarantee")
BASELINE = ("cross-entropy", "labels")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Question:
    """What a comparison is to answer.

    Parameters
    ----------
    metric : callable
        The metric that decides, a function of a `Confusion` with a better direction.
    equivalent : float, default 0.01
        The difference of the metric below which two ways of training are practically the same:
        half the width of the region of practical equivalence.
    max_gap : float, optional
        The largest gap between groups that is allowed, as in "gap" of the records.
    of : callable, optional
        The metric that the gap is one of.
    backend : {"torch", "jax", "tensorflow", "numpy"}, default "torch"
        The framework of the code that is recommended.
    subject_to : Constraint, optional
        Instead of a gap, a bound on another metric, as `at_least` and `at_most` return it.
    confidence : float, optional
        That of "guarantee" for `subject_to`.
    test_ratio : float, default 1/3
        How many test rows there are for one of training: 20 to 60 percent.

    Raises
    ------
    ValueError
        If `equivalent` is negative, if the metric has no better direction, if `max_gap` comes
        without `of`, or with `subject_to`, or if that cannot be shown.

    Examples
    --------
    >>> import softset as ss
    >>> from softset_backends.compare import Question
    >>> question = Question(ss.error_rate, equivalent=0.005)
    >>> question.name, question.sign
    ('error_rate', -1.0)
    """

    metric: Metric = ss.f1
    equivalent: float = 0.01
    max_gap: float | None = None
    of: Metric | None = None
    backend: str = "torch"
    subject_to: Constraint | None = None
    confidence: float | None = None
    test_ratio: float = 20 / 60

    def __post_init__(self) -> None:
        if not 0 <= self.equivalent < float("inf"):
            raise ValueError(
                f"`equivalent` must be a number from 0 on, got {self.equivalent!r}; it is the "
                "difference that makes none to you"
            )
        if (self.max_gap is None) != (self.of is None):
            raise ValueError("`max_gap` needs `of`, the metric whose gap is bounded, and back")
        direction(freeze(self.metric), None)
        require_bound(self.subject_to, self.confidence, grouped=self.of is not None)

    @property
    def bound(self) -> Constraint | None:
        """What has to be kept: the bound on the gap, or `subject_to`."""
        if self.of is not None and self.max_gap is not None:
            return Constraint(ss.largest_gap(self.of), self.max_gap, is_upper=True)
        return self.subject_to

    @property
    def bounded(self) -> str:
        """What is bounded is called in the records."""
        return "gap" if self.subject_to is None else name_of(self.subject_to.metric)

    @property
    def name(self) -> str:
        """What the metric is called in the records."""
        return name_of(freeze(self.metric))

    @property
    def gap_name(self) -> str:
        """What the gap between groups is called in words."""
        return f"gap of {name_of(freeze(self.of))}" if self.of else "gap between groups"

    @property
    def sign(self) -> float:
        """1 for a metric that is better when larger, -1 for one that is better when smaller."""
        return 1.0 if direction(freeze(self.metric), None) else -1.0


def require_bound(
    subject_to: Constraint | None, confidence: float | None, *, grouped: bool
) -> None:
    """Refuse a bound beside groups, and one that no rows can show."""
    if subject_to is not None and grouped:
        raise ValueError(
            f"`subject_to` must do without groups, whose gap is bounded, got {subject_to}; ask for "
            "one of them"
        )
    tests_of("subject_to", confidence, () if subject_to is None else (subject_to,), None, False)


def excess(bound: Constraint, value: float) -> float:
    """Return what a value is beyond a bound by, infinite for one that is not a number."""
    over = value - bound.bound if bound.is_upper else bound.bound - value
    return over if over == over else float("inf")


def key_of(record: Record) -> Key:
    """Return what a record is of, whatever its split."""
    return record.model, record.method, record.rule


def baseline_of(key: Key) -> Key:
    """Return what a way of training is compared with: cross-entropy with a tuned threshold.

    A threshold that shows a bound is compared with such a one.
    """
    return key[0], BASELINE[0], "guarantee" if key[2] == "guarantee" else BASELINE[1]


def simplicity(key: Key) -> tuple[tuple[int, str], ...]:
    """Return what sorts the simplest first: by the method, then the model, then the threshold."""
    model, method, rule = key
    pairs = ((method, METHODS), (model, MODELS), (rule, RULES))
    return tuple((order.index(x) if x in order else len(order), x) for x, order in pairs)


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Return ways of training in the order of tables: by model, method and threshold."""
    return sorted(
        keys, key=lambda key: (simplicity(key)[1], simplicity(key)[0], simplicity(key)[2])
    )
