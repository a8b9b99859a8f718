"""Random calls of the functions that are no metric of four counts, by their definitions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import softset as ss
from tests.fuzz.definitions import logistic


class Example(NamedTuple):
    """A function of arrays, the arrays, and what it gives: numbers, and slopes in the second."""

    function: Callable[..., Any]
    arrays: list[np.ndarray]
    expected: Any
    slopes: Any = None


def _data(rng: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    """Return labels of which both may lack, scores with ties, and weights of which some are 0."""
    y = rng.uniform(size=n) < rng.choice([0.0, 0.2, 0.5, 1.0])
    p = np.where(
        rng.uniform(size=n) < 0.5, rng.choice([0.0, 0.25, 0.5, 1.0], n), rng.uniform(size=n)
    )
    return y, p, rng.uniform(0.1, 2, n) * (rng.uniform(size=n) < 0.8)


def pairwise(rng: np.random.Generator, n: int) -> Example:
    y, s, w = _data(rng, n)
    s = np.round(s * 3, 2) + 1e-3 * rng.integers(1, 5, n)
    surrogate, of_pair, slope = [
        (ss.SquaredHinge(), lambda d: max(1 - d, 0.0) ** 2, lambda d: -2 * max(1 - d, 0.0)),
        (ss.Squared(0.5), lambda d: (0.5 - d) ** 2, lambda d: -2 * (0.5 - d)),
        (
            ss.Logistic(2.0),
            lambda d: math.log1p(math.exp(-2 * d)),
            lambda d: -2 * logistic(-2 * d),
        ),
    ][rng.integers(3)]
    total, weight, slopes = 0.0, 0.0, np.zeros(n)
    for i, j in itertools.product(range(n), repeat=2):
        if y[i] and not y[j]:
            pair = w[i] * w[j]
            total, weight = total + pair * of_pair(s[i] - s[j]), weight + pair
            slopes[i] += pair * slope(s[i] - s[j])
            slopes[j] -= pair * slope(s[i] - s[j])
    if not weight:
        weight = 1.0
    fn = partial(ss.pairwise_loss, surrogate=surrogate)
    return Example(
        lambda y, s, w: fn(y, s, sample_weight=w), [y, s, w], total / weight, slopes / weight
    )


def entropy(rng: np.random.Generator, n: int) -> Example:
    y, p, w = _data(rng, n)
    positive, smooth = float(rng.choice([1.0, 4.0])), float(rng.choice([0.0, 0.2]))
    z = np.where(rng.uniform(size=n) < 0.2, rng.choice([0.0, 50.0, -50.0, 700.0], n), 4 * (p - 0.5))
    values, slopes = [], np.zeros(n)
    for i in range(n):
        label = float(y[i]) * (1 - smooth) + smooth / 2
        log_p, log_q = (-max(-x, 0.0) - math.log1p(math.exp(-abs(x))) for x in (z[i], -z[i]))
        values.append(w[i] * -(positive * label * log_p + (1 - label) * log_q))
        slopes[i] = w[i] * (-positive * label * logistic(-z[i]) + (1 - label) * logistic(z[i]))
    total = math.fsum(w) or 1.0
    fn = partial(ss.cross_entropy, from_logits=True, pos_weight=positive, label_smoothing=smooth)
    return Example(
        lambda y, z, w: fn(y, z, sample_weight=w),
        [y, z, w],
        math.fsum(values) / total,
        slopes / total,
    )


def areas(rng: np.random.Generator, n: int) -> Example:
    """The share of pairs in order, ties by half; the sum of recall's steps times precision."""
    y, p, w = _data(rng, n)
    right = pairs = 0.0
    for i, j in itertools.product(range(n), repeat=2):
        if y[i] and not y[j]:
            pairs += w[i] * w[j]
            right += w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j]))
    positives, precision = float(w[y].sum()), 0.0
    for t in sorted(set(p), reverse=True):
        above, new = w[p >= t].sum(), w[y & (p == t)].sum()
        if new:
            precision += new / positives * w[y & (p >= t)].sum() / above

    def both(y: Any, p: Any, w: Any) -> Any:
        c = ss.sweep(y, p, sample_weight=w).confusion
        return ss.auroc(c), ss.average_precision(c)

    return Example(both, [y, p, w], [right / pairs if pairs else 0.0, precision])


def best(rng: np.random.Generator, n: int) -> Example:
    """The best value of all cuts, by trying them."""
    y, p, w = _data(rng, n)
    name, of_counts = [
        ("f1", lambda tp, fp, fn, tn: (2 * tp, 2 * tp + fp + fn)),
        ("accuracy", lambda tp, fp, fn, tn: (tp + tn, tp + fp + fn + tn)),
        ("jaccard", lambda tp, fp, fn, tn: (tp, tp + fp + fn)),
    ][rng.integers(3)]
    values = []
    for t in [0.0, *sorted(set(p)), math.inf]:
        up = p >= t
        parts = (w[y & up], w[~y & up], w[y & ~up], w[~y & ~up])
        top, bottom = of_counts(*(float(x.sum()) for x in parts))
        values.append(top / bottom if bottom else math.nan)
    expected = np.nanmax(values) if not np.all(np.isnan(values)) else 0.0

    def fn(y: Any, p: Any, w: Any) -> Any:
        return ss.best_threshold(getattr(ss, name), y, p, sample_weight=w).value

    return Example(fn, [y, p, w], expected)


def table(rng: np.random.Generator, n: int) -> Example:
    """Decisions counted one by one; accuracy and the kappa of the table."""
    classes = 4
    y, w = rng.integers(0, classes, n), _data(rng, n)[2]
    p = rng.choice([0.1, 0.2, 0.3, 0.4], (n, classes))
    found = [[0.0] * classes for _ in range(classes)]
    for i in range(n):
        found[y[i]][max(range(classes), key=lambda j, i=i: (p[i, j], -j))] += w[i]
    whole = sum(map(sum, found)) or 1.0
    same = sum(found[k][k] for k in range(classes)) / whole
    rows, columns = ([sum(x) / whole for x in side] for side in (found, zip(*found, strict=True)))
    chance = sum(a * b for a, b in zip(rows, columns, strict=True))
    kappa = (same - chance) / (1 - chance) if abs(1 - chance) > 1e-12 else 0.0

    def fn(y: Any, p: Any, w: Any) -> Any:
        c = ss.confusion_table(y, p, step=ss.ArgMax(), sample_weight=w)
        return c.counts, ss.multiclass_accuracy(c), ss.multiclass_cohen_kappa(c)

    return Example(fn, [y, p, w], [found, same if any(w) else 0.0, kappa if any(w) else 0.0])


def across(rng: np.random.Generator, n: int) -> Example:
    """The largest gap of recalls between groups that have positives, with its slopes."""
    y, p, w = _data(rng, n)
    groups, number = rng.integers(0, 3, n), 3
    p = 0.1 + 0.8 * p + 1e-3 * rng.integers(1, 5, n)
    recalls: dict[int, float] = {}
    slopes = np.zeros((number, n))
    for g in range(number):
        own = y & (groups == g)
        if total := float(w[own].sum()):
            recalls[g] = float((w[own] * p[own]).sum()) / total
            slopes[g] = w * own / total
    high, low = (pick(recalls, key=recalls.__getitem__, default=0) for pick in (max, min))
    ends = sum(abs(x - recalls[k]) < 1e-9 for x in recalls.values() for k in (high, low))
    gap = recalls[high] - recalls[low] if len(recalls) > 1 else 0.0
    loss = ss.as_loss(
        ss.largest_gap(ss.recall), step=ss.Identity(), num_groups=number, maximize=False
    )
    return Example(
        lambda y, p, w, g: loss(y, p, sample_weight=w, groups=g),
        [y, p, w, groups],
        gap,
        slopes[high] - slopes[low] if ends == 2 and gap > 1e-9 else None,  # a tie has a convention
    )


EXAMPLES = {f.__name__: f for f in (pairwise, entropy, areas, best, table, across)}
