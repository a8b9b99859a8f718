"""One row for each way of training: means over splits, and what it gains over cross-entropy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .question import Key, Question, baseline_of, excess, in_order, key_of
from .records import Record
from .statistics import Difference, Estimate, estimate, holm, mean_ranks, paired

Values = dict[int, float]


class Row(NamedTuple):
    """What the splits say of one way of training.

    Attributes
    ----------
    model, method, rule : str
        As in a Record.
    validation, test : Estimate
        The metric of validation rows and of test rows.
    gain : Difference
        Of the metric of test rows, from cross-entropy with the same model and a threshold tuned on
        labels: positive where this one is better, also of a metric that is better when smaller.
    p_holm : float
        The p-value of `gain`, corrected for the number of rows that are compared with a baseline.
    rank : float
        The mean rank over splits among the same model's, 1 for the best; nan without a value on
        every split.
    validation_gap, test_gap : Estimate
        The gap between groups; of 0 splits without groups.
    validation_bounded, test_bounded : Estimate
        The metric of `Question.subject_to`; of 0 splits without such a bound.
    kept : int
        On how many splits test rows kept that bound.
    seconds : float
        The mean time of a fit.
    """

    model: str
    method: str
    rule: str
    validation: Estimate
    test: Estimate
    gain: Difference
    p_holm: float
    rank: float
    validation_gap: Estimate
    test_gap: Estimate
    validation_bounded: Estimate
    test_bounded: Estimate
    kept: int
    seconds: float

    @property
    def key(self) -> Key:
        """The way of training."""
        return self.model, self.method, self.rule


def summarise(records: Iterable[Record], question: Question) -> list[Row]:
    """Return what records say of each way of training, in the order of tables.

    Parameters
    ----------
    records : iterable of Record
        In any order. A split on which a value is not a number is left out, and the number of
        splits in each Estimate says so.
    question : Question
        The metric, and what difference of it is one.

    Returns
    -------
    list of Row
        One for each model, method and rule that occurs.

    Raises
    ------
    ValueError
        If there are no records, if one lacks the metric, or if two are of the same fit.

    Examples
    --------
    >>> from softset_backends.compare import Budget, Question, compare, summarise
    >>> from softset_backends.compare.sources import built_in
    >>> frame, target = built_in("breast-cancer")
    >>> options = {"models": ["linear"], "methods": ["cross-entropy"], "budget": Budget(updates=40)}
    >>> records = compare(frame, target=target, backend="numpy", seeds=2, **options)
    >>> rows = summarise(records, Question())
    >>> print([row.rule for row in rows], rows[0].test.splits)
    ['0.5', 'expected', 'labels'] 2
    """
    found = by_key(records, question)
    gains = {key: _gain(key, found, question) for key in found}
    compared = [key for key in found if key != baseline_of(key)]
    corrected = dict(zip(compared, holm([gains[key].p for key in compared]), strict=True))
    ranks = _ranks(found, question)

    def row(key: Key) -> Row:
        of_key = found[key]

        def mean(values: Values) -> Estimate:
            return estimate(list(values.values()), question.test_ratio)

        bound = question.subject_to
        tested = values_of(of_key, "test", question.bounded) if bound else {}
        return Row(
            *key,
            mean(values_of(of_key, "validation", question.name)),
            mean(values_of(of_key, "test", question.name)),
            gains[key],
            corrected.get(key, math.nan),
            ranks.get(key, math.nan),
            mean(values_of(of_key, "validation", "gap")),
            mean(values_of(of_key, "test", "gap")),
            mean(values_of(of_key, "validation", question.bounded) if bound else {}),
            mean(tested),
            sum(excess(bound, x) <= 0 for x in tested.values()) if bound else 0,
            math.fsum(record.seconds for record in of_key) / len(of_key),
        )

    return [row(key) for key in found]


def by_key(records: Iterable[Record], question: Question) -> dict[Key, list[Record]]:
    """Return the records of each way of training by split, in the order of tables."""
    found: dict[Key, dict[int, Record]] = {}
    for record in records:
        for part in (record.validation, record.test):
            if question.name not in part:
                raise ValueError(
                    f"`records` must have the metric {question.name}, got {', '.join(part)}"
                )
        of_key = found.setdefault(key_of(record), {})
        if record.seed in of_key:
            raise ValueError(
                "`records` must hold each fit once, got two of "
                f"{', '.join(key_of(record))} on split {record.seed}"
            )
        of_key[record.seed] = record
    if not found:
        raise ValueError("`records` must hold at least one fit, got none")
    return {key: [found[key][seed] for seed in sorted(found[key])] for key in in_order(found)}


def values_of(records: Sequence[Record], part: str, name: str) -> Values:
    """Return the finite values of a metric of validation or test rows, by split."""
    found = {r.seed: getattr(r, part).get(name, math.nan) for r in records}
    return {seed: x for seed, x in found.items() if x is not None and math.isfinite(x)}


def differences(one: Values, other: Values, sign: float) -> list[float]:
    """Return what one is better by than the other, on the splits that both have."""
    return [sign * (one[seed] - other[seed]) for seed in one if seed in other]


def _gain(key: Key, found: dict[Key, list[Record]], question: Question) -> Difference:
    one, other = (
        values_of(found.get(k, []), "test", question.name) for k in (key, baseline_of(key))
    )
    gained = differences(one, other, question.sign)
    return paired(gained, question.equivalent, question.test_ratio)


def _ranks(found: dict[Key, list[Record]], question: Question) -> dict[Key, float]:
    ranks: dict[Key, float] = {}
    for model in dict.fromkeys(key[0] for key in found):
        values = {
            key: {s: question.sign * x for s, x in values_of(r, "test", question.name).items()}
            for key, r in found.items()
            if key[0] == model
        }
        ranks |= mean_ranks(values)
    return ranks
