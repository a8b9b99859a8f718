"""Times of calls that take turns, so that a noisy machine disturbs all of them alike."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True)
class Limits:
    """How long a group may take.

    A group has at least `fewest` turns, and more, up to `most`, while `seconds` last. In a turn a
    call is repeated until it has taken `sample` seconds. `rest` lets the threads of one framework
    fall asleep before the next one starts.
    """

    seconds: float = 2.0
    fewest: int = 5
    most: int = 41
    sample: float = 0.002
    rest: float = 0.0


QUICK = Limits(seconds=0.4, fewest=3, most=5)
SLOW = 1.0  # seconds; caches, threads and new pages make no difference to calls that take longer


def in_turn(calls: Sequence[Call], limits: Limits) -> list[list[float]]:
    """Return the seconds that each call takes after one of its own, one row for each turn.

    Every second turn goes backwards; what comes before a call is then not always the same.
    """
    single = [_estimate(call) for call in calls]
    loops = [max(1, math.ceil(limits.sample / x)) for x in single]
    rows: list[list[float]] = []
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    try:
        while len(rows) < limits.fewest or (
            len(rows) < limits.most and time.perf_counter() - start < limits.seconds
        ):
            row = [0.0] * len(calls)
            order = range(len(calls))
            for i in order if len(rows) % 2 == 0 else reversed(order):
                if limits.rest:
                    time.sleep(limits.rest)
                if single[i] < SLOW:
                    calls[i]()
                row[i] = seconds(calls[i], loops[i])
            rows.append(row)
    finally:
        gc.enable()
    return rows


def _estimate(call: Call) -> float:
    first = seconds(call)
    return first if first > SLOW else min(first, seconds(call), seconds(call))


def seconds(call: Call, loops: int = 1) -> float:
    """Return how long a call takes, on average."""
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - start) / loops


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median over turns of the ratio of two times of one turn."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def bound_of_copies(copy: Sequence[float], into_new: Sequence[float]) -> list[float]:
    """Return how long reading two arrays and writing a new one takes at a copy's speed.

    A copy reads one and writes one; half a copy is one more read; a copy into new memory has in
    it what the pages of a new array cost.
    """
    return [new + there / 2 for there, new in zip(copy, into_new, strict=True)]


def medians(rows: Sequence[Sequence[float]]) -> list[float]:
    """Return the median time of each call of `in_turn`."""
    return [statistics.median(times) for times in zip(*rows, strict=True)]


def turns(number: int) -> Limits:
    """Return the limits of so many turns of one call each, however long they take."""
    return Limits(seconds=0.0, fewest=number, most=number, sample=0.0)


def quartiles(times: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third quartile."""
    if len(times) < 2:
        return times[0], times[0]
    first, _, third = statistics.quantiles(times, n=4, method="inclusive")
    return first, third
