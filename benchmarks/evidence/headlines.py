"""What all studies say in short: by situation, what one way of training gains on another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from softset_backends.compare.methods import BY_GROUP, THEN
from softset_backends.compare.statistics import Estimate
from softset_backends.compare.tables import interval

from . import effects, few_rows, groups, images, multilabel, ordinal, segmentation, tables
from .effects import Values
from .model_tables import ratio_of
from .study import Row

Rows = Mapping[str, Sequence[Row]]  # by the name of the study
EXPECTED, LABELS, FIXED = "expected", "labels", "0.5"
ENTROPY, ADDED = "cross-entropy", "cross-entropy + metric"


class Headline(NamedTuple):
    """A comparison.

    Attributes
    ----------
    situation, taken, instead : str
        When, and what is compared with what: a method and where it is cut.
    gain : Estimate
        Of the metric on test rows: over `number` sets where there are several, else over the
        splits or seeds of one.
    number : int
        How many sets.
    """

    situation: str
    taken: str
    instead: str
    gain: Estimate
    number: int


def headlines(rows: Rows) -> list[Headline]:
    """Return all that the rows have."""
    return [*_of_tables(rows), *_of_few(rows), *_of_groups(rows), *_of_models(rows)]


def markdown(found: Iterable[Headline]) -> str:
    """Return the table."""
    lines = [[x.situation, x.taken, x.instead, interval(x.gain, "+"), str(x.number)] for x in found]
    header = ["situation", "taken", "instead of", "gain on test rows [95 %]", "data sets"]
    return (
        "The gain is of the metric in question, F1 where no other is named. The interval is over "
        "sets where there are several, and else over the splits of one.\n\n"
        + effects.markdown(header, lines)
    )


def _of_tables(rows: Rows) -> Iterator[Headline]:
    f1 = [row for row in rows.get(tables.NAME, ()) if row["metric"] == "f1"]
    room = tables.headroom(f1)
    narrow = [row for row in f1 if room.get(row["data"], 0.0) >= tables.UNDERFITS]
    wide = [row for row in f1 if row["data"] in room and row not in narrow]
    base = (ENTROPY, LABELS)
    yield from _ways(
        "a network, one metric",
        _of(f1, model="mlp"),
        [(ENTROPY, EXPECTED), (THEN, LABELS), (ADDED, LABELS), ("class-weighted", LABELS)],
        base,
    )
    yield from _ways(
        "a linear model that cannot fit the data",
        _of(narrow, model="linear"),
        [(THEN, LABELS), (THEN, FIXED), ("class-weighted", LABELS), ("smote", LABELS)],
        base,
    )
    yield from _ways("a linear model that can", _of(wide, model="linear"), [(THEN, LABELS)], base)
    for model, name in (("linear", "a linear model"), ("mlp", "a network")):
        yield from _ways(
            f"{name}, the threshold is fixed at 0.5",
            _of(f1, model=model),
            [(THEN, FIXED), (ADDED, FIXED), ("class-weighted", FIXED)],
            (ENTROPY, FIXED),
        )
    yield from _ways(
        "boosting",
        _of(f1, model="boosting"),
        [(ENTROPY, EXPECTED), ("metric (linear)", LABELS), (THEN, LABELS)],
        base,
    )


def _of_few(rows: Rows) -> Iterator[Headline]:
    given = rows.get(few_rows.NAME, ())
    for size in few_rows.SIZES:
        for model, name in (("linear", "a linear model"), ("mlp", "a network")):
            some = _of(given, case=f"{size} rows", model=model)
            yield from _ways(
                f"{size} rows in all, {name}",
                some,
                [(ENTROPY, EXPECTED), (THEN, FIXED), (ADDED, EXPECTED)],
                (ENTROPY, LABELS),
                effects.INDEPENDENT,
            )


def _of_groups(rows: Rows) -> Iterator[Headline]:
    """Yield those of each column of groups: those of one file are not independent."""
    given = rows.get(groups.NAME, ())
    for case in effects.unique(given, "case"):
        for model, name in (("linear", "a linear model"), ("mlp", "a network")):
            for data in effects.unique(given, "data"):
                yield from _ways(
                    f"{case} of at most {groups.GAP:g}, {data}, {name}",
                    _of(given, case=case, model=model, data=data),
                    [("penalty", LABELS), ("lagrangian", LABELS), (BY_GROUP, LABELS)],
                    (ENTROPY, LABELS),
                )


def _of_models(rows: Rows) -> Iterator[Headline]:
    """Yield those of the studies of one set each, by the names that their methods have there."""
    wanted = (
        (multilabel.STUDY.name, "macro F1", (ENTROPY, LABELS), None),
        (ordinal.STUDY.name, None, (ENTROPY, "arg max"), None),
        (images.STUDY.name, None, None, None),
        (segmentation.STUDY.name, "Dice", (ENTROPY, LABELS), effects.INDEPENDENT),
    )
    for study, metric, base, overlap in wanted:
        given = rows.get(study, ())
        for data, model in dict.fromkeys((r["data"], r["settings"]["model"]) for r in given):
            some = [r for r in given if (r["data"], r["settings"]["model"]) == (data, model)]
            name = metric or next(iter(some[0]["values"]))
            by_way: dict[tuple[str, str], Values] = {}
            for row in some:
                way = row["method"], row["settings"]["decision"]
                by_way.setdefault(way, {})[row["data"], row["seed"]] = row["values"][name]
            own = base or (
                (ENTROPY, LABELS) if (ENTROPY, LABELS) in by_way else (ENTROPY, "arg max")
            )
            for way in by_way:
                if way != own and (way[1] == own[1] or way[1] == EXPECTED):
                    ratio = ratio_of(some) if overlap is None else overlap
                    gain = effects.effect(by_way[way], by_way[own], ratio)
                    yield _headline(f"{data}, {model}, {name}", way, own, gain)


def _ways(
    situation: str,
    rows: Sequence[Row],
    ways: Iterable[tuple[str, str]],
    base: tuple[str, str],
    overlap: float = effects.OVERLAP,
) -> Iterator[Headline]:
    other = effects.tested(rows, method=base[0], rule=base[1])
    for way in ways:
        one = effects.tested(rows, method=way[0], rule=way[1])
        if one and other:
            yield _headline(situation, way, base, effects.effect(one, other, overlap))


def _headline(
    situation: str, way: tuple[str, str], base: tuple[str, str], found: effects.Effect
) -> Headline:
    gain = found.mean
    if len(found.sets) == 1:
        gain = Estimate(*next(iter(found.sets.values()))[: len(Estimate._fields)])
    return Headline(situation, ", ".join(way), ", ".join(base), gain, len(found.sets))


def _of(rows: Sequence[Row], **fields: Any) -> list[Row]:
    return [row for row in rows if all(row[key] == value for key, value in fields.items())]
