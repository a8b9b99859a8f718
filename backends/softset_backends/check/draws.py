"""Labels and scores to call a loss with: random ones, and those where losses go wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# Central differences call the function twice for each score.
_MOST_SCORES = 4096
_MOST_AXES = 8  # TensorFlow broadcasts no more

# Labels and scores where losses go wrong. Labels agree with scores of 0 and 1, and with saturated
# logits: a loss that is infinite otherwise is right.
_PROBABILITIES = ((1, 1.0), (0, 0.0), (1, 0.5), (0, 0.5), (1, 0.25), (0, 0.75), (0, 0.25))
_PROBABILITIES += ((1, 0.75), (1, 0.625), (0, 0.625), (1, 0.625), (0, 0.0), (1, 1.0))
# The spacing of float32 above 1, and below it.
_PROBABILITIES += ((0, 2.0**-23), (1, 1 - 2.0**-23), (0, 2.0**-24), (1, 1 - 2.0**-24))
_LOGITS = ((1, 100.0), (0, -100.0), (1, 0.0), (0, 0.0), (1, 40.0), (0, -40.0))
_LOGITS += ((1, 0.5), (0, 0.5), (1, 0.5), (0, -100.0), (1, 100.0), (1, 30.0), (0, -30.0))


def require_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape as a tuple of lengths."""
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not lengths or not all(type(n) is int and n >= 1 for n in lengths):
        raise ValueError(f"`shape` must be lengths such as 64 or (64, 3), got {shape!r:.80}")
    if len(lengths) > _MOST_AXES or math.prod(lengths) > _MOST_SCORES:
        raise ValueError(
            f"`shape` must have at most {_MOST_AXES} lengths and {_MOST_SCORES} scores in all, "
            f"got {','.join(map(str, lengths)):.80}"
        )
    return lengths


def draw(shape: tuple[int, ...], *, logits: bool) -> tuple[Any, Any]:
    """Return labels and scores.

    Half of them are random, and up to half those where losses go wrong: at the ends, at knots of
    the steps at 0.5, in ties, and saturated.
    """
    size = math.prod(shape)
    rng = np.random.default_rng(0)
    # Real labels: a function that forgets to cast them fails on some frameworks only.
    y_true = (rng.uniform(size=size) < 0.4).astype(np.float64)
    y_true[0] = 1.0  # a loss of a batch without positives may have no slope
    y_prob = rng.uniform(0.02, 0.98, size)
    scores = np.log(y_prob / (1 - y_prob)) if logits else y_prob
    special = np.asarray(_LOGITS if logits else _PROBABILITIES)
    special = np.resize(special, (min(len(special), size // 2), 2))
    if len(special):
        y_true[-len(special) :], scores[-len(special) :] = special.T
    order = rng.permutation(size)
    return np.reshape(y_true[order], shape), np.reshape(scores[order], shape)


def edges(y_true: Any, *, logits: bool) -> dict[str, tuple[Any, Any]]:
    """Return batches where quotients go wrong, by name: without a class, and without a mistake."""
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.02, 0.98, y_true.shape)
    scores = np.log(scores / (1 - scores)) if logits else scores
    perfect = 80 * y_true - 40 if logits else y_true.copy()
    return {
        "without positives": (np.zeros_like(y_true), scores),
        "without negatives": (np.ones_like(y_true), scores),
        "of perfect scores": (y_true, perfect),
    }
