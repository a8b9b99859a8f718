"""What the functions are, one score after the other, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.fuzz.forward import Forward
from tests.softset.test_metrics import INFINITE
from tests.support.referees import STEPS


def logistic(z: float) -> float:
    """Return the probability of a logit, with all its digits on both sides."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(max(z, -745.0)) / (1 + math.exp(z))


def kinks(name: str, t: float) -> list[float]:
    """Return where a step's slope jumps: it has one there by convention, not by definition."""
    half = min(t, 1 - t) / 2
    width = {"ramp": 0.15, "cosine": 0.2}
    if name in width:
        return [t - width[name], t + width[name]]
    return [t - half, t + half] if name.startswith("linear") else []


def slope(name: str, p: float, t: float) -> float:
    """Return the slope of a step between its kinks."""
    d = p - t
    if name.startswith("linear"):
        delta, half = 0.05 if name == "linear-sharp" else 0.2, min(t, 1 - t) / 2
        if abs(d) < half:
            return (0.5 - delta) / half
        return delta / (t - half) if d < 0 else delta / (1 - t - half)
    if name in ("sigmoid", "anyloss", "straight-through"):
        k = {"sigmoid": 10.0, "anyloss": 73.0, "straight-through": 5.0}[name]
        q = logistic(-abs(k * d))
        return k * q * (1 - q)
    if name == "ramp":
        return 1 / 0.3 if abs(d) < 0.15 else 0.0
    if name == "cosine":
        return (1 + math.cos(math.pi * d / 0.2)) / 0.4 if abs(d) < 0.2 else 0.0
    if name == "arctan":
        return 8 / math.pi / (1 + (8 * d) ** 2)
    if name == "algebraic":
        return 3 / (1 + 36 * d * d) ** 1.5
    return {"identity": 1.0, "hard": 0.0}[name]


def member(
    name: str, score: float, t: float, from_logits: bool
) -> tuple[float, float, float, bool]:
    """Return a score's membership, what is left of it to 1, its slope, and if that is no kink.

    What is left has all its digits, as the membership of the other class: the steps are symmetric.
    """
    definition = STEPS[name][1]
    p, q = (logistic(score), logistic(-score)) if from_logits else (score, 1 - score)
    if name in ("hard", "straight-through"):
        border = t
        if from_logits:  # large logits do not tie
            border = math.inf if t >= 1 else -math.inf if t <= 0 else math.log(t) - math.log1p(-t)
        h = float(score >= border)
        left = 1 - h
    else:
        h, left = (min(1.0, max(0.0, definition(*x))) for x in ((p, t), (q, 1 - t)))
    rise = slope(name, p, t) * (p * q if from_logits else 1)
    return h, left, rise, all(abs(p - x) > 1e-7 for x in kinks(name, t))


def counts(
    name: str, rows: list[tuple[float, float, float, float, int]], size: int, from_logits: bool
) -> list[Forward]:
    """Count rows of label, score, weight, threshold and the score's place."""
    values: list[list[float]] = [[], [], [], []]
    slopes = np.zeros((4, size))
    for y, score, w, t, place in rows:
        h, left, rise, smooth = member(name, score, t, from_logits)
        rise = rise if smooth else math.nan
        for i, (of_label, of_member, sign) in enumerate(
            [(y, h, 1), (1 - y, h, 1), (y, left, -1), (1 - y, left, -1)]
        ):
            values[i].append(w * of_label * of_member)
            slopes[i, place] += w * of_label * rise * sign if w * of_label else 0.0
    return [Forward(math.fsum(v), s) for v, s in zip(values, slopes, strict=True)]


def metric(name: str, formula: str, c: list[Forward]) -> Forward | None:
    """Return a metric of four counts by its formula; None where it is undefined."""
    tp, fp, fn, tn = c
    n = tp + fp + fn + tn
    if name in INFINITE:
        known = dict(zip(("tp", "fp", "fn", "tn"), (x.value for x in c), strict=True))
        top, bottom = (eval(part, known) for part in INFINITE[name])
        if top > 0 and bottom == 0:
            return Forward(math.inf, n.slopes * math.nan)
    if name == "balanced_accuracy":  # of one class it is that class's rate
        pairs = ((tp, tp + fn), (tn, tn + fp))
        rates = [part / whole for part, whole in pairs if whole.value]
        return sum(rates[1:], rates[0]) / len(rates) if rates else None
    try:
        names: dict[str, Any] = {"tp": tp, "fp": fp, "fn": fn, "tn": tn, "n": n}
        names |= {"a": (tp + tn) / n, "q": (2 * tp + fp + fn) / (2 * n)}
        return eval(formula.replace("^", "**"), names)
    except ZeroDivisionError:
        return None


def average(kind: str, of_each: Callable[[Any], Forward | None], several: list[Any]) -> Forward:
    """Return an average over classes, of which each is four counts."""
    zero = several[0][0] * 0.0
    if kind == "micro":
        summed = [sum(part[1:], part[0]) for part in zip(*several, strict=True)]
        return _or_zero(of_each(summed), zero)
    values = [_or_zero(of_each(c), zero) for c in several]
    if kind == "macro":
        left = [v for v, c in zip(values, several, strict=True) if any(x.value for x in c[:3])]
        return sum(left[1:], left[0]) / len(left) if left else zero
    shares = {"weighted": lambda c: c[0] + c[2], "samples": lambda c: c[0] + c[1] + c[2] + c[3]}
    # The share of a class is a constant: the weights of its positives, or of its members.
    weights = [shares[kind](c).value for c in several]
    total = math.fsum(weights)
    if not total:
        return zero
    terms = [v * (w / total) for v, w in zip(values, weights, strict=True)]
    return sum(terms[1:], terms[0])


def _or_zero(x: Forward | None, zero: Forward) -> Forward:
    return zero if x is None else x


def cells(shape: tuple[int, ...], axes: tuple[int, ...]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each place of the axes that stay, with the places that are summed for it."""
    kept = [i for i in range(len(shape)) if i not in axes]
    found: dict[Any, list[Any]] = {}
    for at in np.ndindex(shape):
        found.setdefault(tuple(at[i] for i in kept), []).append(at)
    yield from found.items()
