"""The way of training to take, in words and in code.

It is chosen on validation rows, and reported with the values of test rows, which took no part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from . import words
from .question import Key, Question, baseline_of, excess, simplicity
from .records import Record
from .snippets import code_of
from .statistics import Estimate, estimate
from .summary import Row, Values, by_key, differences, summarise, values_of
from .tables import kept


class Recommendation(NamedTuple):
    """What `recommend` returns.

    Attributes
    ----------
    text : str
        The recommendation in words, a sentence on each line: what to do, its value on test rows,
        and how sure it is.
    code : str
        Python that does it, for arrays ``x_train``, ``y_train``, ``x_validation``,
        ``y_validation`` and ``x_test``, with groups ``groups_train`` and so on too: it makes
        ``decisions`` for the rows of ``x_test``.
    method, model, rule : str
        As in a Record.
    kept : bool
        Whether the bound is kept on validation rows; True without a bound.
    """

    text: str
    code: str
    method: str
    model: str
    rule: str
    kept: bool


def recommend(records: Iterable[Record], question: Question) -> Recommendation:
    """Return the simplest way of training that is not practically worse than the best.

    Parameters
    ----------
    records : iterable of Record
        What was fitted. The choice is by their `validation` values; those of a rule that tunes a
        threshold are fair to the others if the rows that they are of did not choose it.
    question : Question
        The metric, what difference of it is one, and the bound if there is one.

    Returns
    -------
    Recommendation
        Of the ways of training that have values on as many splits as any, and keep the bound with
        the mean of validation rows, the simplest within `question.equivalent` of the best
        mean of validation rows. Simplest is first by the method, then by the model, then by the
        threshold, each in the order of `softset_backends.compare.question`. Where none keeps the
        bound it is that which is nearest to it, and the text says so. With a confidence only those
        by "guarantee" are considered, unless there are some on fewer splits alone.

    Raises
    ------
    ValueError
        As `summarise` does, and if no validation value is a number.

    Examples
    --------
    >>> from softset_backends.compare import Budget, Question, compare, recommend
    >>> from softset_backends.compare.sources import built_in
    >>> frame, target = built_in("breast-cancer")
    >>> options = {"models": ["linear"], "methods": ["cross-entropy"], "budget": Budget(updates=40)}
    >>> records = compare(frame, target=target, backend="numpy", seeds=2, **options)
    >>> found = recommend(records, Question())
    >>> print(found.model, found.method)
    linear cross-entropy
    """
    found = by_key(records, question)
    rows = {row.key: row for row in summarise([r for x in found.values() for r in x], question)}
    key, best, kept = _choose(found, question)
    row = rows[key]
    sentences = [f"Train {words.MODELS.get(key[0], key[0])} {words.method(key[1], question)}"]
    sentences[0] += f" {words.rule(key[2], key[1], question)}."
    if not kept:
        sentences.insert(0, _infeasible(rows, row, question))
    if question.confidence is not None and key[2] != "guarantee":
        sentences.insert(0, words.unshown(question))
    sentences.append(_value(row, question))
    sentences.append(words.verdict(row, question))
    if best != key:
        sentences.append(_nearly(found, key, best, question))
    sentences += _gap(row, question)
    sentences += _bounded(rows, found, row, question)
    sentences += _procedure(found, question)
    sentences += _doubts(rows, row)
    code = code_of(question, key, [record.setting for record in found[key]])
    return Recommendation("\n".join(sentences), code, key[1], key[0], key[2], kept)


def _choose(found: dict[Key, list[Record]], question: Question) -> tuple[Key, Key, bool]:
    """Return what is recommended, the best of validation rows, and whether the bound is kept."""
    values = {
        key: values_of(records, "validation", question.name) for key, records in found.items()
    }
    most = max(map(len, values.values()), default=0)
    if not most:
        raise ValueError(
            f"`records` must hold values of {question.name} on validation rows, got none"
        )
    values = {key: of_key for key, of_key in values.items() if len(of_key) == most}
    # Of the ways to keep a bound, those that show it are preferred, whatever they cost.
    values = {key: x for key, x in values.items() if key[2] == "guarantee"} or values
    kept, bound = True, question.bound
    if bound is not None:
        over = {
            key: excess(bound, _mean(values_of(found[key], "validation", question.bounded)))
            for key in values
        }
        nearest = max(0.0, min(over.values()))
        if nearest == math.inf:
            named = question.bounded if question.subject_to else "a gap"
            raise ValueError(f"`records` must hold {named} on validation rows, got none")
        kept = nearest == 0
        values = {key: x for key, x in values.items() if over[key] <= nearest}
    ordered = sorted(values, key=simplicity)
    best = max(ordered, key=lambda key: question.sign * _mean(values[key]))
    # Rounding of a mean makes no difference practical.
    limit = question.equivalent + 1e-12

    def near(key: Key) -> bool:
        behind = differences(values[best], values[key], question.sign)
        return bool(behind) and math.fsum(behind) / len(behind) <= limit

    return next(key for key in ordered if key == best or near(key)), best, kept


def _mean(values: Values) -> float:
    return math.fsum(values.values()) / len(values) if values else math.nan


def _value(row: Row, question: Question) -> str:
    splits = "1 split" if row.test.splits == 1 else f"{row.test.splits} splits"
    return f"Its {question.name} on test rows is {words.interval(row.test)}, the mean of {splits}."


def _nearly(found: dict[Key, list[Record]], key: Key, best: Key, question: Question) -> str:
    """Say what was best on validation rows, and that it makes no practical difference."""
    one, other = (values_of(found[k], "validation", question.name) for k in (best, key))
    ahead = differences(one, other, question.sign)
    return (
        f"The best on validation rows, {words.key(best)}, was ahead by "
        f"{math.fsum(ahead) / len(ahead):.3f}: no practical difference, which starts at "
        f"{question.equivalent:g}."
    )


def _infeasible(rows: dict[Key, Row], row: Row, question: Question) -> str:
    start = f"Nothing that was tried ({len(rows)} ways of training) kept"
    if question.subject_to is not None:
        return (
            f"{start} {question.subject_to} on validation rows; the nearest was "
            f"{row.validation_bounded.mean:.3f}, of what follows. Loosen the bound, or find "
            "features or rows that tell more."
        )
    return (
        f"{start} {question.gap_name} at most "
        f"{question.max_gap:g} on validation rows; the smallest was {row.validation_gap.mean:.3f}, "
        "of what follows. Allow a larger gap, or find features or rows that tell more of the "
        "group that is behind."
    )


def _gap(row: Row, question: Question) -> list[str]:
    if question.max_gap is None:
        return []
    gap = row.test_gap
    if not gap.splits:
        return [f"The {question.gap_name} of test rows is not known."]
    holds = "within" if gap.mean <= question.max_gap else "above"
    return [
        f"Its {question.gap_name} is {row.validation_gap.mean:.3f} on validation rows and "
        f"{words.interval(gap, least=0.0)} on test rows, {holds} the bound of "
        f"{question.max_gap:g}."
    ]


def _bounded(
    rows: dict[Key, Row], found: dict[Key, list[Record]], row: Row, question: Question
) -> list[str]:
    """Say how often test rows kept `subject_to`, and what it costs to have it shown."""
    if question.subject_to is None:
        return []
    said = [
        f"Its {question.bounded} is {row.validation_bounded.mean:.3f} on validation rows and "
        f"{words.interval(row.test_bounded)} on test rows, which kept {question.subject_to} on "
        f"{kept(row)} splits."
    ]
    other = (*row.key[:2], "labels")
    if row.rule == "guarantee" and other in found:
        one, best = (values_of(found[k], "test", question.name) for k in (row.key, other))
        lost = estimate(differences(best, one, question.sign), question.test_ratio)
        said.append(
            f"That costs {words.interval(lost)} of {question.name} on test rows: cut at the best "
            f"threshold that keeps the bound on validation rows, not shown, they kept it on "
            f"{kept(rows[other])} splits."
        )
    return said


def _procedure(found: dict[Key, list[Record]], question: Question) -> list[str]:
    """Say what choosing is worth: on each split by its own validation rows, once more."""
    splits = sorted({record.seed for records in found.values() for record in records})
    values = []
    for seed in splits:
        of_split = {
            key: kept
            for key, records in found.items()
            if (kept := [record for record in records if record.seed == seed])
        }
        try:
            key, _, _ = _choose(of_split, question)
        except ValueError:  # no number on this split
            continue
        values.append(of_split[key][0].test.get(question.name, math.nan))
    chosen: Estimate = estimate(values, question.test_ratio)
    if chosen.splits < 2:
        return []
    return [
        "Choosing anew on each split, by its validation rows alone, gives "
        f"{words.interval(chosen)} on its test rows: what this way of choosing is worth."
    ]


def _doubts(rows: dict[Key, Row], row: Row) -> list[str]:
    """Return what makes the answer less sure."""
    found = []
    if row.test.splits < 5:
        found.append(
            f"With {row.test.splits} split{'s' * (row.test.splits != 1)} this is uncertain: ask "
            "for more seeds."
        )
    most = max(x.validation.splits for x in rows.values())
    short = [key for key, x in rows.items() if x.validation.splits < most]
    if short:
        named = "; ".join(map(words.key, short[:3])) + "; ..." * (len(short) > 3)
        found.append(f"Left out of the choice, without a value on every split: {named}.")
    if baseline_of(row.key) not in rows:
        found.append(
            "Cross-entropy with a tuned threshold is missing, so nothing was gained on it."
        )
    return found


def tested(rows: Sequence[Row]) -> str:
    """Say how many ways of training differ from their baseline, corrected for their number."""
    known = [row for row in rows if row.p_holm == row.p_holm]
    ahead = sum(row.p_holm < 0.05 and row.gain.mean > 0 for row in known)
    behind = sum(row.p_holm < 0.05 and row.gain.mean < 0 for row in known)
    return (
        f"Of {len(known)} comparisons with cross-entropy at a tuned threshold {ahead} are ahead "
        f"and {behind} behind at a level of 5 %, corrected for their number."
    )
