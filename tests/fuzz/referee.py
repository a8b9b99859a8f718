"""The result of a call by its definition, and the comparison with what a library gave."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

import softset as ss
from tests.fuzz.calls import Call, rows_of
from tests.fuzz.definitions import average, cells, counts, metric
from tests.fuzz.forward import Forward
from tests.softset.test_metrics import SMALLER
from tests.support.referees import STEPS

AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted, "samples": ss.samples}
# A count that is a smaller share of all is a difference of which few digits are left.
SHARE = {"float64": 1e-6, "float32": 2e-3}
# Tens of roundings, over a denominator that is not much below 1e-2 for these few scores.
ROUNDING = {"float64": 1e-15, "float32": 2e-7}
TOLERANCE = {"float64": 1e-8, "float32": 2e-4}


def function(call: Call) -> Any:
    """Return the call as a function of positional arrays: y_true, y_prob, and those by name."""
    options: dict[str, Any] = {"axis": call.axis, "from_logits": call.from_logits}
    if call.thresholds is not None:
        options["thresholds"] = call.thresholds
    else:
        options["threshold"] = call.threshold
    if call.num_groups:
        options["num_groups"] = call.num_groups
    step = STEPS[call.step][0]
    if call.kind in ("confusion", "groups"):
        return partial(ss.confusion, step=step, **options)
    name, given, _ = call.metric
    chosen: Any = partial(getattr(ss, name), **dict(given)) if given else getattr(ss, name)
    if call.average:
        chosen = AVERAGES[call.average](chosen)
    if call.kind == "score":
        return ss.as_score(chosen, **options)
    return ss.as_loss(chosen, step=step, maximize=name not in SMALLER, **options)


def expected_counts(call: Call, data: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return tp, fp, fn and tn in the shape that counts have."""
    groups = data.get("groups")
    grid = len(call.thresholds) if call.thresholds else 1
    found = []
    kept = [n for i, n in enumerate(call.shape) if i not in call.axes]
    for _, places in cells(call.shape, call.axes):
        for g in range(call.num_groups or 1):
            own = places
            if groups is not None:
                own = [at for at in places if groups[at[: groups.ndim]] == g]
            for t in range(grid):
                rows = rows_of(call, data, own, t)
                c = counts(call.step, rows, data["y_prob"].size, call.from_logits)
                found.append([x.value for x in c])
    shape = [*kept, *([call.num_groups] if call.num_groups else [])]
    shape += [grid] if call.thresholds else []
    return [np.reshape(x, shape) for x in np.transpose(found)]


def expected_value(call: Call, data: dict[str, np.ndarray]) -> Forward | None:
    """Return a loss or a score, with its slopes in the scores; None where digits are lost."""
    name, _, formula = call.metric
    of_one = partial(metric, name, formula)
    grid = len(call.thresholds) if call.thresholds else 1
    values = []
    for t in range(grid):
        classes = [
            counts(call.step, rows_of(call, data, at, t), data["y_prob"].size, call.from_logits)
            for _, at in cells(call.shape, call.axes)
        ]
        if any(map(partial(_is_lost, call), classes)):
            return None
        if call.average:
            values.append(average(call.average, of_one, classes))
        else:
            zero = classes[0][0] * 0.0
            values += [zero if v is None else v for v in map(of_one, classes)]
    value = sum(values[1:], values[0]) / len(values)
    return 1 - value if call.kind == "loss" and name not in SMALLER else value


def _is_lost(call: Call, c: list[Forward]) -> bool:
    several = [x.value for x in c]
    return any(0 < x < SHARE[call.dtype] * sum(several) for x in several)


def compare(
    call: Call, data: dict[str, np.ndarray], value: Any, gradient: Any = None
) -> str | None:
    """Return what is wrong with a result, or nothing; None where it cannot be told."""
    tolerance = TOLERANCE[call.dtype]
    if call.kind in ("confusion", "groups"):
        several = expected_counts(call, data)
        total = float(np.max(sum(map(np.abs, several)), initial=0.0))
        for which, x, e in zip(("tp", "fp", "fn", "tn"), value, several, strict=True):
            atol = ROUNDING[call.dtype] * total  # 1 - h of a membership near 1 has no more digits
            if x.shape != e.shape or not np.allclose(x, e, rtol=tolerance, atol=atol):
                return f"{which}: expected {e.tolist()}, got {x.tolist()}"
        return ""
    expected = expected_value(call, data)
    if expected is None:
        return None
    value = float(value)
    if math.isinf(expected.value):
        return "" if math.isinf(value) else f"expected {expected.value}, got {value}"
    if not abs(value - expected.value) <= tolerance * max(1.0, abs(expected.value)):
        return f"value: expected {expected.value}, got {value}"
    if gradient is None:
        return ""
    slopes = np.reshape(expected.slopes, gradient.shape)
    known = slopes == slopes
    size = float(np.max(np.abs(slopes[known]), initial=0.0))
    wrong = known & ~(np.abs(gradient - slopes) <= tolerance * (size + 0.1))
    if np.any(wrong):
        return f"gradient: expected {slopes.tolist()}, got {gradient.tolist()}"
    if not np.all(np.isfinite(gradient)):
        return f"gradient is not finite: {gradient.tolist()}"
    return ""
