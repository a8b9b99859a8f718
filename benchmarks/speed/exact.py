"""Value and gradient of all work in closed form, in float64: what every row is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import softset as ss

from .by_hand import linear, linear_at
from .work import COUNTS, FORWARD, Work, data, extras

ROWS = 2**20  # scores that are looked at together
KEPT = 2**27  # up to so many the gradient is kept for the next candidate
Four = tuple[Any, Any, Any, Any]


@dataclass(frozen=True)
class Exact:
    """What the work comes to: a value, or four counts, and how the gradient is made."""

    work: Work
    y: np.ndarray
    p: np.ndarray
    factor: np.ndarray | None
    value: np.ndarray
    slopes: list[Four]  # of the value in the four counts, for each threshold

    def gradient(self) -> Iterable[tuple[slice, np.ndarray]]:
        """Return parts of the gradient, and the rows that they belong to."""
        return self._kept if self.p.size <= KEPT else self._made()

    @cached_property
    def _kept(self) -> list[tuple[slice, np.ndarray]]:
        return list(self._made())

    def _made(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows in _parts(self.p):
            y, x = (a[rows].astype(np.float64) for a in (self.y, self.p))
            total = np.zeros(y.shape)
            for t, four in zip(_thresholds(self.work), self.slopes, strict=True):
                tp, fp, fn, tn = (x[rows] for x in four) if self.work.per_image else four
                total += _slope(self.work, x, t) * (y * (tp - fn) + (1 - y) * (fp - tn))
            yield rows, total if self.factor is None else total * self.factor[rows]


def exact(work: Work) -> Exact:
    """Return the closed form for some work, on its data."""
    y, p = data(work)
    given = list(extras(work).values())
    factor = given[0].astype(np.float64) if given else None
    if work.metric in ("AUROC", "AP"):
        value = {"AUROC": _auroc, "AP": _average_precision}[work.metric](y, p)
        return Exact(work, y, p, None, np.asarray(value), [])
    if work.metric == "F1 score":
        called, actual = p >= 0.5, y == 1
        value = 2 * np.sum(called & actual) / (np.sum(called) + np.sum(actual))
        return Exact(work, y, p, None, value, [])
    counts = _counts(work, y, p, factor)
    if work.task == COUNTS:
        return Exact(work, y, p, None, np.asarray(counts[0]), [])
    values, slopes = zip(*(_metric(work, *four) for four in counts), strict=True)
    value = 1 - np.mean(values)
    if work.task == FORWARD:
        return Exact(work, y, p, factor, value, [])
    size = np.size(values)  # thresholds, classes or images
    scaled = [(-a / size, -b / size, -c / size, -d / size) for a, b, c, d in slopes]
    return Exact(work, y, p, factor, value, scaled)


def _parts(x: np.ndarray) -> Iterator[slice]:
    step = max(1, ROWS * x.shape[0] // x.size)
    for start in range(0, x.shape[0], step):
        yield slice(start, start + step)


def _thresholds(work: Work) -> tuple[float, ...]:
    return ss.grid(work.thresholds) if work.thresholds else (0.5,)


def _membership(work: Work, x: np.ndarray, t: float) -> np.ndarray:
    p = _logistic(x)[0] if work.from_logits else x
    return p if "Dice" in work.metric else linear(np, p) if t == 0.5 else linear_at(np, p, t)


def _slope(work: Work, x: np.ndarray, t: float) -> Any:
    """Return the slopes of the memberships in the scores."""
    p, inner = _logistic(x) if work.from_logits else (x, 1.0)
    if "Dice" in work.metric:
        return inner
    half = min(t, 1 - t) / 2
    low, high = t - half, t + half
    outer = np.where(p > high, 0.2 / (1 - high), 0.3 / half)
    return np.where(p < low, 0.2 / low, outer) * inner


def _logistic(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logistic function and its slope, where neither is lost."""
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small), small / (1 + small) ** 2


def _counts(work: Work, y: np.ndarray, p: np.ndarray, factor: np.ndarray | None) -> list[Four]:
    """Return tp, fp, fn and tn for each threshold, of each class or image if it has its own."""
    kept = 1 if work.per_class else 0 if work.per_image else None
    axes = tuple(i for i in range(p.ndim) if i != kept)
    found: list[list[Any]] = [[0.0] * 4 for _ in _thresholds(work)]
    for rows in _parts(p):
        labels, x = (a[rows].astype(np.float64) for a in (y, p))
        weight = 1.0 if factor is None else factor[rows]
        for four, t in zip(found, _thresholds(work), strict=True):
            h = _membership(work, x, t)
            products = (labels * h, (1 - labels) * h, labels * (1 - h), (1 - labels) * (1 - h))
            for i, product in enumerate(products):
                whole = np.sum(weight * product, axis=axes, keepdims=kept is not None)
                if work.per_image and rows.start:
                    four[i] = np.concatenate((four[i], whole))
                else:
                    four[i] = four[i] + whole
    return [(a, b, c, d) for a, b, c, d in found]


def _metric(work: Work, tp: Any, fp: Any, fn: Any, tn: Any) -> tuple[Any, Four]:
    """Return F1, which Dice is too, or MCC, with the slopes in the four counts."""
    if work.metric != "MCC":
        total = 2 * tp + fp + fn
        less = -2 * tp / total**2
        return 2 * tp / total, (2 * (fp + fn) / total**2, less, less, 0 * tp)
    sums = (tp + fp, tp + fn, tn + fp, tn + fn)
    root = np.sqrt(np.prod(sums))
    value = (tp * tn - fp * fn) / root
    called, true, false, rest = (value / 2 / x for x in sums)
    return value, (
        tn / root - called - true,
        -fn / root - called - false,
        -fp / root - true - rest,
        tp / root - false - rest,
    )


def _auroc(y: np.ndarray, p: np.ndarray) -> float:
    positives, negatives = p[y == 1], np.sort(p[y == 0])
    below = np.searchsorted(negatives, positives) + np.searchsorted(negatives, positives, "right")
    return float(np.sum(below) / (2 * positives.size * negatives.size))


def _average_precision(y: np.ndarray, p: np.ndarray) -> float:
    order = np.argsort(-p)
    last = np.append(np.diff(p[order]) != 0, True)  # of equal scores
    positives = np.cumsum(y[order], dtype=np.float64)[last]
    called = np.arange(1, p.size + 1)[last]
    return float(np.sum(np.diff(positives, prepend=0) * positives / called) / positives[-1])
