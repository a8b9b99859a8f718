"""Random calls: which function with which options, and random input for it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fuzz.definitions import logistic
from tests.softset.test_metrics import CASES
from tests.support.referees import STEPS

# Few shapes, so that what a framework compiles for one serves many calls.
SHAPES = ((), (1,), (2,), (7,), (40,), (6, 3), (1, 3), (5, 1), (2, 3, 4))
# More than the inputs of a call, whose seeds are those from its own times this many on.
INPUTS = 10_007
# A ratio of large numbers that cancel has few digits left, which is no fault.
DIGITS = {
    "diagnostic_odds_ratio",
    "gilbert_skill_score",
    "prevalence_threshold",
    "scott_pi",
    "yule_q",
}


@dataclass(frozen=True)
class Call:
    """One way of calling a function; `arrays` makes input for it."""

    kind: str
    metric: tuple[str, tuple[tuple[str, Any], ...], str]
    average: str | None
    step: str
    shape: tuple[int, ...]
    axis: int | tuple[int, ...] | None
    threshold: float | tuple[float, ...]
    thresholds: tuple[float, ...] | None
    from_logits: bool
    labels: str
    weights: str | None
    mask: str | None
    num_groups: int | None
    dtype: str

    @property
    def axes(self) -> tuple[int, ...]:
        """Return the axes that are summed over."""
        if self.axis is None:
            return tuple(range(len(self.shape)))
        several = (self.axis,) if isinstance(self.axis, int) else self.axis
        return tuple(i % len(self.shape) for i in several)


def draw(seed: int) -> Call:
    """Return a call; the same for the same seed."""
    rng = random.Random(seed)
    kind = rng.choice(("loss", "loss", "score", "confusion", "groups"))
    shape = rng.choice([s for s in SHAPES if s] if kind == "groups" else SHAPES)
    axis = _axis(rng, shape)
    kept = len(shape) - (len(shape) if axis is None else 1 if isinstance(axis, int) else len(axis))
    average = None
    if kept == 1 and kind in ("loss", "score") and rng.random() < 0.7:
        average = rng.choice(("micro", "macro", "weighted", "samples"))
    step = rng.choice(("hard",) if kind == "score" else tuple(STEPS))
    threshold: Any = rng.choice((0.5, 0.3, 1 / 3, 0.05, 0.9, round(rng.uniform(0.1, 0.9), 3)))
    thresholds = None
    if step == "hard" and kind != "loss" and rng.random() < 0.1:
        threshold = rng.choice((0.0, 1.0, 1.5, -0.5))
    if rng.random() < 0.2:
        thresholds = tuple(sorted(rng.sample((0.1, 0.25, 0.5, 0.625, 0.9), rng.choice((1, 3)))))
        threshold = 0.5
    elif len(shape) > 1 and rng.random() < 0.3:
        threshold = tuple(round(rng.uniform(0.1, 0.9), 2) for _ in range(shape[-1]))
    name, options, formula, *_ = rng.choice([c for c in CASES if c[0] not in DIGITS])
    return Call(
        kind,
        (name, tuple(options.items()), formula),
        average,
        step,
        shape,
        axis,
        threshold,
        thresholds,
        rng.random() < 0.4,
        rng.choice(("bool", "int64", "uint8", "float", "soft")),
        rng.choice((None, None, "some", "zeros", "tiny", "huge", "one each", "integers", "bool")),
        rng.choice((None, None, "some", "none", "one each")),
        rng.choice((2, 3)) if kind == "groups" else None,
        rng.choice(("float64", "float64", "float32")),
    )


def _axis(rng: random.Random, shape: tuple[int, ...]) -> Any:
    if len(shape) == 2:
        return rng.choice((None, 0, 1, -1, (0, 1)))
    if len(shape) == 3:
        return rng.choice((None, 0, (0, 1), (0, 2), (-1, 0)))
    return rng.choice((None, 0)) if shape else None


def arrays(call: Call, seed: int) -> dict[str, np.ndarray]:
    """Return y_true, y_prob and, as the call asks, sample_weight, where and groups."""
    rng = np.random.default_rng(seed)
    # The same shapes for all inputs of a call, so that it is compiled once.
    shapes = np.random.default_rng(seed // INPUTS)
    shape, found = call.shape, {}
    positives = rng.choice([0.0, 0.1, 0.5, 0.5, 0.9, 1.0])
    y = rng.uniform(size=shape) < positives
    kinds = {"bool": bool, "int64": np.int64, "uint8": np.uint8}
    if call.labels == "soft":
        found["y_true"] = np.where(rng.uniform(size=shape) < 0.5, y, rng.uniform(size=shape))
        found["y_true"] = found["y_true"].astype(call.dtype)
    else:
        found["y_true"] = np.asarray(y).astype(kinds.get(call.labels, call.dtype))
    found["y_prob"] = _scores(call, rng).astype(call.dtype)
    ones = tuple(1 if shapes.random() < 0.5 else n for n in shape)
    if call.weights:
        size = ones if call.weights == "one each" else shape
        found["sample_weight"] = _weights(call, rng, size)
    if call.mask:
        size = ones if call.mask == "one each" else shape
        found["where"] = np.asarray(rng.uniform(size=size) < (0.0 if call.mask == "none" else 0.7))
        _spoil(found, rng)
    if call.num_groups:
        lead = shape[: shapes.integers(1, len(shape) + 1)]
        found["groups"] = rng.integers(0, call.num_groups, lead)
    return found


def _weights(call: Call, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    if call.weights == "integers":
        return rng.integers(0, 4, size)
    if call.weights == "bool":
        return np.asarray(rng.uniform(size=size) < 0.6)
    w = np.asarray(rng.uniform(0.1, 3, size))
    if call.weights == "zeros":
        w = w * (rng.uniform(size=size) < 0.5)
    small, large = (1e-30, 1e30) if call.dtype == "float64" else (1e-15, 1e15)
    w = w * {"tiny": small, "huge": large}.get(call.weights or "", 1.0)
    return np.asarray(w).astype(call.dtype)


def _scores(call: Call, rng: np.random.Generator) -> np.ndarray:
    """Return scores among which some are on borders: ends, thresholds, and their neighbours."""
    shape = call.shape
    if call.from_logits:
        z = np.asarray(rng.normal(0, 2.5, shape))
        special = np.asarray([0.0, -0.0, 40.0, -40.0, 800.0, -800.0, 1e30, -1e30])
        return np.where(rng.uniform(size=shape) < 0.2, rng.choice(special, shape), z)
    one = np.asarray(1.0, call.dtype)
    below = np.nextafter(one, 0 * one)
    thresholds = call.thresholds or call.threshold
    several = thresholds if isinstance(thresholds, tuple) else (thresholds,)
    special = np.asarray([0.0, -0.0, 1.0, 0.5, float(below), 1e-310, 1e-30, *several])
    p = np.asarray(rng.uniform(size=shape))
    p = np.where(rng.uniform(size=shape) < 0.25, rng.choice(special, shape), p)
    return np.clip(p, 0, 1)


def _spoil(found: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Put what is no value where nothing counts."""
    out = ~np.broadcast_to(found["where"], found["y_prob"].shape)
    for name in ("y_prob", "y_true", "sample_weight"):
        x = found.get(name)
        if x is not None and x.dtype.kind == "f" and x.shape == out.shape:
            found[name] = np.where(out, np.asarray(math.nan, x.dtype), x)
    if found["y_true"].dtype == np.uint8:
        found["y_true"] = np.where(out, np.uint8(255), found["y_true"])


def rows_of(call: Call, data: dict[str, np.ndarray], places: list[Any], index: int) -> list[Any]:
    """Return what counts at some places: label, score, weight, threshold and the score's place."""
    shape, rows = call.shape, []
    full = {k: np.broadcast_to(x, shape) for k, x in data.items() if k != "groups"}
    for at in places:
        if "where" in full and not full["where"][at]:
            continue
        t: Any = call.threshold
        if call.thresholds is not None:
            t = call.thresholds[index]
        elif isinstance(t, tuple):
            t = t[at[-1]]
        if call.dtype == "float32":
            t = float(np.float32(t))
        w = float(full["sample_weight"][at]) if "sample_weight" in full else 1.0
        place = int(np.ravel_multi_index(at, shape)) if shape else 0
        rows.append((float(full["y_true"][at]), float(full["y_prob"][at]), w, t, place))
    return rows


def is_ill(call: Call, data: dict[str, np.ndarray]) -> bool:
    """Tell whether a score lies where rounding decides on which side of a threshold it is."""
    if not call.from_logits:
        return False
    several = call.thresholds or call.threshold
    borders = several if isinstance(several, tuple) else (several,)
    z = data["y_prob"].ravel()
    eps = 1e-5 if call.dtype == "float32" else 1e-12
    return any(abs(logistic(float(x)) - t) < eps for x in z if x == x for t in borders)
