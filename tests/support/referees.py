"""What results are held to: data, definitions written again, tolerances and assertions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import softset as ss
from tests.support.backends import Backend

# Relative to the largest entry that is expected, so that entries which cancel to almost 0 are
# held to the rounding of their terms.
# Autodiff against autodiff, dual numbers and closed forms, in float64: tens of roundings of 1e-16.
EXACT = 1e-13
# Sums in another order, and a chain through one more sum (micro-batches against a whole batch).
SUMMED = 1e-12
# Central differences with h = 1e-5: h**2 of truncation plus 1e-16 / h of rounding.
DIFFERENCES = 1e-7
STEP = 1e-5
# float32 rounds at 6e-8.
SINGLE = 1e-5
# float16 and bfloat16 scores are rounded at 5e-4 and 4e-3, which hundreds of thousands average out.
HALF = 2e-3


class Referee:
    """A module to compare with; a test that calls one of its functions skips without it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(pytest.importorskip(self._module), name)(*args, **kwargs)

        return call


sklearn = Referee("sklearn.metrics")


def five_points(p: float, tau: float, delta: float) -> float:
    """Interpolate the knots of Tsoi et al. 2022, section 3.1, one score at a time."""
    half = min(tau, 1 - tau) / 2
    return float(np.interp(p, [0, tau - half, tau, tau + half, 1], [0, delta, 0.5, 1 - delta, 1]))


def raised_cosine(p: float, tau: float, half: float) -> float:
    x = max(-1.0, min(1.0, (p - tau) / half))
    return 0.5 * (1 + x + math.sin(math.pi * x) / math.pi)


# Every step with its definition for one score, written independently of the kernel.
STEPS: dict[str, tuple[Any, Callable[[float, float], float]]] = {
    "hard": (ss.Hard(), lambda p, t: float(p >= t)),
    "linear": (ss.Linear(), lambda p, t: five_points(p, t, 0.2)),
    "linear-sharp": (ss.Linear(delta=0.05), lambda p, t: five_points(p, t, 0.05)),
    "sigmoid": (ss.Sigmoid(), lambda p, t: 1 / (1 + math.exp(-10 * (p - t)))),
    "anyloss": (ss.Sigmoid(k=73.0), lambda p, t: 1 / (1 + math.exp(-73 * (p - t)))),
    "identity": (ss.Identity(), lambda p, t: p),
    "ramp": (ss.Ramp(width=0.3), lambda p, t: max(0.0, min(1.0, (p - t) / 0.3 + 0.5))),
    "cosine": (ss.Cosine(width=0.4), lambda p, t: raised_cosine(p, t, 0.2)),
    "arctan": (ss.Arctan(k=8.0), lambda p, t: 0.5 + math.atan(8 * (p - t)) / math.pi),
    "algebraic": (
        ss.Algebraic(k=6.0),
        lambda p, t: 0.5 + 3 * (p - t) / math.sqrt(1 + 36 * (p - t) ** 2),
    ),
    "straight-through": (ss.StraightThrough(ss.Sigmoid(k=5.0)), lambda p, t: float(p >= t)),
}
SOFT = {name: step for name, (step, _) in STEPS.items() if name not in ("hard", "straight-through")}


def count_by_loop(
    y_true: Any,
    y_prob: Any,
    membership: Callable[[float, float], float],
    tau: Any,
    weights: Any = 1,
) -> ss.Confusion:
    """Count one example after the other, as in Tsoi et al. 2022, Eq. 2 and Eq. 6."""
    y_true, y_prob, tau, weights = np.broadcast_arrays(y_true, y_prob, tau, weights)
    tp = fp = fn = tn = 0.0
    for y, p, t, w in zip(*(x.ravel() for x in (y_true, y_prob, tau, weights)), strict=True):
        h = membership(p, t)
        tp, fp = tp + w * y * h, fp + w * (1.0 - y) * h
        fn, tn = fn + w * y * (1 - h), tn + w * (1.0 - y) * (1 - h)
    return ss.Confusion(*np.asarray([tp, fp, fn, tn]))


def labels_and_scores(
    n: int | tuple[int, ...] = 32, seed: int = 0, positives: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """Return boolean labels and float64 probabilities that know a little about them."""
    rng = np.random.default_rng(seed)
    y_true = rng.uniform(size=n) < positives
    # Odd multiples of 2**-21: kinks at round thresholds are never hit.
    fine = np.floor(np.clip(0.25 * y_true + 0.75 * rng.uniform(size=n), 0.002, 0.998) * 2**20)
    return y_true, (fine + 0.5) / 2**20


def assert_array(x: Any, backend: Backend, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Require an array of the library with this dtype and shape; return it in NumPy."""
    found = backend.to_numpy(x)
    assert backend.dtype_name(x) == dtype
    assert found.shape == shape
    return found


def assert_close(
    x: Any,
    expected: Any,
    backend: Backend,
    rtol: float = EXACT,
    *,
    dtype: str = "float64",
    scale: float | None = None,
) -> None:
    """Require namespace, dtype and shape, then values to rtol of the largest expected one."""
    expected = np.asarray(expected)
    found = assert_array(x, backend, dtype, expected.shape)
    if scale is None:
        scale = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * scale)


def assert_counts(
    c: Any, expected: Any, backend: Backend, rtol: float = EXACT, *, dtype: str = "float64"
) -> None:
    """Require a Confusion of four arrays, equal to rtol of the total."""
    assert isinstance(c, ss.Confusion)
    scale = float(np.max(sum(np.abs(np.asarray(x, dtype=np.float64)) for x in expected)))
    for x, e in zip(c, expected, strict=True):
        assert_close(x, e, backend, rtol, dtype=dtype, scale=scale)


def central_differences(fn: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Return the gradient of a function to one number by central differences."""
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[i] += STEP
        low[i] -= STEP
        out[i] = (float(fn(high)) - float(fn(low))) / (high[i] - low[i])
    return out
