"""Who is wrong where results disagree: differences judge slopes, and a majority values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .gaps import Referees, Result, Run, slope_gaps, value_gap
from .report import TOLERANCES


class Blame(NamedTuple):
    """What is wrong with a run in one case, and at which score that is seen best."""

    run: Run
    name: str  # what is wrong: a key of the sentences in words.py
    case: int = 0
    index: int = -1  # of the score, or -1 for the value
    found: float = 0.0
    expected: float = 0.0
    count: int = 0  # scores that are concerned
    by: tuple[str, ...] = ()  # the backends that are right, or none for differences
    text: str = ""


# Of one case: what was found, of shapes (1,) and (1, size of the argument).
_Results = dict[Run, Result]


def judge(referees: Referees) -> list[Blame]:
    """Return what is wrong with each run, nothing for those that are right.

    Values are those of more than half of the backends, each by the share of its modes. Slopes
    are those of the differences where these are known, and else of more than half as well. Who
    is in no majority, of two backends say, is not wrong: they disagree.
    """
    found = referees.found
    blames = [Blame(run, "fails", text=x.error) for run, x in found.items() if x.error]
    for dtype in dict.fromkeys(run[2] for run in found):
        ran = {run: x for run, x in found.items() if run[2] == dtype and not x.error}
        if len({x.gradients.shape for x in ran.values()}) > 1:
            blames += _of_shapes(ran)
            continue
        for case in range(max((len(x.values) for x in ran.values()), default=0)):
            one = {run: _case(x, case) for run, x in ran.items()}
            blames += [
                _or_single_precision(blame, one)._replace(case=case)
                for blame in _of_case(one, referees, case, dtype)
            ]
    rounded = any(x.name == "single precision" and x.run[0] == "numpy" for x in blames)
    # Of a function that rounds, differences are nothing to judge by.
    return [x for x in blames if x.by or x.name != "wrong gradient" or not rounded]


def choices_at_kinks(referees: Referees) -> list[Blame]:
    """Return where a run takes another slope at a kink than most do, all of them right."""
    blames = []
    for dtype in dict.fromkeys(run[2] for run in referees.found):
        ran = {r: x for r, x in referees.found.items() if r[2] == dtype and not x.error}
        if len({x.gradients.shape for x in ran.values()}) != 1:
            continue
        kinks = referees.kinks_of(next(iter(ran.values())))
        for case in range(len(kinks) if np.any(kinks) else 0):
            one = {run: _case(x, case) for run, x in ran.items()}
            at = {
                run: x._replace(gradients=np.where(kinks[case], x.gradients, 0))
                for run, x in one.items()
            }
            same = partial(_same_slopes, at, False, dtype)
            right = _majority(at, same) or list(at)[:1]
            blames += [
                _farthest(run, at[run], at[right[0]], "kink", dtype, by=right)._replace(case=case)
                for run in at
                if run not in right
            ]
    return blames


def _or_single_precision(blame: Blame, ran: _Results) -> Blame:
    """Return a blame as one of single precision if that explains it."""
    x = ran[blame.run]
    if blame.name not in ("wrong value", "wrong gradient") or blame.run[2] != "float64":
        return blame
    found = np.concatenate([x.values, x.gradients[0]])
    with np.errstate(over="ignore"):
        single, half = (found.astype(dtype).astype("float64") for dtype in ("float32", "float16"))
    # A few digits are enough for -1 and 0.25.
    rounded = np.array_equal(single, found) and not np.array_equal(half, found)
    return blame._replace(name="single precision", by=(), index=-1) if rounded else blame


def _case(x: Result, case: int) -> Result:
    highest = None if x.highest is None else x.highest[case : case + 1]
    return Result(x.values[case : case + 1], x.gradients[case : case + 1], highest=highest)


def _of_shapes(ran: _Results) -> Iterator[Blame]:
    shapes = {run: x.gradients.shape for run, x in ran.items()}
    right = _majority(ran, lambda a, b: shapes[a] == shapes[b])
    for run, shape in shapes.items():
        if right is None or run not in right:
            text = f"{shape[0]} value{'s' if shape[0] > 1 else ''}"
            yield Blame(run, "wrong shape", text=text, by=_backends(right or ()))


def _of_case(ran: _Results, referees: Referees, case: int, dtype: str) -> list[Blame]:
    blames = [blame for run, x in ran.items() for blame in _not_finite(run, x)]
    ran = _without(ran, blames)
    dual, moved = (
        None if x is None or x.error or len(x.values) <= case else _case(x, case)
        for x in (referees.dual, referees.moved)
    )
    # Dual numbers run the function on NumPy; where that runs as well, or in a closed form that
    # is given, they are one more voice.
    voice = dual if not any(run[0] == "numpy" for run in referees.found) else None
    if referees.dual_run is None:
        voice = dual
    blames += _wrong_values(ran, voice, dtype)
    ran = _without(ran, blames)
    if moved is not None and ran:
        limit, one = TOLERANCES[dtype]["differences"], next(iter(ran.values()))
        # Differences are those of the values on NumPy: of no others do they say anything.
        if float(value_gap(one, moved)[0]) <= limit:
            far = [run for run, x in ran.items() if np.max(slope_gaps(x, moved)) > limit]
            blames += [_farthest(run, ran[run], moved, "wrong gradient", dtype) for run in far]
            ran = _without(ran, blames)
    kinks = False if moved is None else moved.kinks
    return blames + _wrong_slopes(ran, voice, kinks, dtype)


def _not_finite(run: Run, x: Result) -> Iterator[Blame]:
    if not np.isfinite(x.values[0]):
        yield Blame(run, "value not finite", found=float(x.values[0]))
        return
    at = np.flatnonzero(~np.isfinite(x.gradients[0]))
    if len(at):
        first = int(at[0])
        yield Blame(
            run, "gradient not finite", 0, first, float(x.gradients[0][first]), count=len(at)
        )


def _wrong_values(ran: _Results, voice: Result | None, dtype: str) -> list[Blame]:
    def same(a: Run, b: Run) -> bool:
        return float(value_gap(ran[a], ran[b])[0]) <= TOLERANCES[dtype]["others"]

    def heard(a: Run) -> bool:
        limit = TOLERANCES[dtype]["dual"]
        return voice is not None and float(value_gap(ran[a], voice)[0]) <= limit

    right = _majority(ran, same, heard if voice is not None else None)
    if right is None:
        return [Blame(r, "values disagree", found=float(x.values[0])) for r, x in ran.items()]
    by, value = _backends(right), float(ran[right[0]].values[0]) if right else 0.0
    return [
        Blame(run, "wrong value", found=float(x.values[0]), expected=value, by=by)
        for run, x in ran.items()
        if run not in right
    ]


def _wrong_slopes(ran: _Results, voice: Result | None, kinks: Any, dtype: str) -> list[Blame]:
    same = partial(_same_slopes, ran, kinks, dtype)

    def heard(a: Run) -> bool:
        limit = TOLERANCES[dtype]["dual"]
        return voice is not None and float(np.max(slope_gaps(ran[a], voice, kinks))) <= limit

    right = _majority(ran, same, heard if voice is not None else None)
    if right is None:
        one = next(iter(ran))
        other = next(run for run in ran if not same(run, one))
        found = {run: ran[one] if run != one else ran[other] for run in ran}
        return [_farthest(r, x, found[r], "gradients disagree", dtype) for r, x in ran.items()]
    return [
        _farthest(run, x, ran[right[0]], "wrong gradient", dtype, by=right)
        for run, x in ran.items()
        if run not in right
    ]


def _same_slopes(ran: _Results, kinks: Any, dtype: str, a: Run, b: Run) -> bool:
    return float(np.max(slope_gaps(ran[a], ran[b], kinks))) <= TOLERANCES[dtype]["others"]


def _farthest(
    run: Run, x: Result, right: Result, name: str, dtype: str, by: Collection[Run] = ()
) -> Blame:
    """Return a blame at the score whose slope is farthest from the right one."""
    gaps = slope_gaps(x, right)[0]
    index = int(np.argmax(gaps))
    found = float(x.gradients[0][index])
    low = float(right.gradients[0][index])
    high = low if right.highest is None else float(right.highest[0][index])
    expected = low if abs(found - low) <= abs(found - high) else high
    limit = TOLERANCES[dtype]["others" if by else "differences"]
    count = int(np.sum(gaps > limit))
    return Blame(run, name, 0, index, found, expected, count, _backends(by))


def _without(ran: _Results, blames: Collection[Blame]) -> _Results:
    gone = {blame.run for blame in blames}
    return {run: x for run, x in ran.items() if run not in gone}


def _backends(runs: Collection[Run]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run[0] for run in runs))


def _majority(
    ran: Mapping[Run, Any],
    same: Callable[[Run, Run], bool],
    heard: Callable[[Run], bool] | None = None,
) -> list[Run] | None:
    """Return the runs that agree and are more than half of the backends, or None.

    With a voice of one more backend, that `heard` tells of, that is counted as well.
    """
    modes = [run[0] for run in ran]
    best, most = [], 0.0
    for run in ran:
        group = [other for other in ran if same(run, other)]
        weight = sum(1 / modes.count(other[0]) for other in group)
        weight += heard is not None and heard(run)
        if weight > most + 1e-9:
            best, most = group, weight
    total = len(set(modes)) + (heard is not None)
    return best if len(best) == len(ran) or most > 0.5 * total + 1e-9 else None
