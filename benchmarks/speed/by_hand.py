"""The losses as one would write them by hand, for any library with the functions of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .work import MASK, WEIGHTS, Work

DELTA = 0.2
PIXELS = (0, 2, 3)  # all axes of images but that of classes
Loss = Callable[[Any, Any], Any]


def linear(xp: Any, p: Any) -> Any:
    """Return the five-point line of Tsoi et al. 2022, Eq. 5 and 6, at a threshold of 0.5."""
    return xp.where(p < 0.25, 0.8 * p, xp.where(p > 0.75, 0.8 * p + 0.2, 1.2 * p - 0.1))


def linear_at(xp: Any, p: Any, t: Any) -> Any:
    """Return the same at any thresholds."""
    half = xp.minimum(t, 1 - t) / 2
    low, high = t - half, t + half
    steep = (0.5 - DELTA) / half * (p - t) + 0.5
    flat = DELTA / (1 - high) * (p - high) + (1 - DELTA)
    return xp.where(p < low, DELTA / low * p, xp.where(p > high, flat, steep))


def loss_of(
    xp: Any, work: Work, thresholds: Any = None, sigmoid: Any = None, factor: Any = None
) -> Loss:
    """Return a loss of labels and scores; `factor` is a mask or weights."""

    def f1(y: Any, p: Any) -> Any:
        h = linear(xp, p)
        tp, fp, fn = xp.sum(y * h), xp.sum((1 - y) * h), xp.sum(y * (1 - h))
        return 1 - 2 * tp / (2 * tp + fp + fn)

    def mean_f1(y: Any, p: Any) -> Any:
        y, h = y[:, None], linear_at(xp, p[:, None], thresholds)
        tp, fp, fn = (xp.sum(x, axis=0) for x in (y * h, (1 - y) * h, y * (1 - h)))
        return 1 - xp.mean(2 * tp / (2 * tp + fp + fn))

    def macro_f1(y: Any, p: Any) -> Any:
        h = linear(xp, p)
        tp, fp, fn = (xp.sum(x, axis=0) for x in (y * h, (1 - y) * h, y * (1 - h)))
        return 1 - xp.mean(2 * tp / (2 * tp + fp + fn))

    def mcc(y: Any, p: Any) -> Any:
        h = linear(xp, p)
        tp, fp, fn = xp.sum(y * h), xp.sum((1 - y) * h), xp.sum(y * (1 - h))
        tn = xp.sum((1 - y) * (1 - h))
        product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return 1 - (tp * tn - fp * fn) / xp.sqrt(product)

    def dice(y: Any, p: Any) -> Any:
        return 1 - 2 * xp.sum(y * p) / (xp.sum(y) + xp.sum(p))

    def image_dice(y: Any, p: Any) -> Any:
        both, whole = (xp.sum(x, axis=(1, 2)) for x in (y * p, y + p))
        return 1 - xp.mean(2 * both / whole)

    def macro_dice(y: Any, p: Any) -> Any:
        if factor is not None:
            y, p = y * factor, p * factor if work.extra == MASK else p
        both = xp.sum(y * p, axis=PIXELS)
        if work.extra == WEIGHTS:
            p = p * factor
        return 1 - xp.mean(2 * both / (xp.sum(y, axis=PIXELS) + xp.sum(p, axis=PIXELS)))

    if work.thresholds:
        return mean_f1
    losses = {"F1": f1, "macro F1": macro_f1, "MCC": mcc}
    losses |= {"Dice": dice, "image Dice": image_dice, "macro Dice": macro_dice}
    loss = losses[work.metric.removesuffix(" of logits")]
    return (lambda y, z: loss(y, sigmoid(z))) if work.from_logits else loss


def closed_form(xp: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return F1's value and gradient, written out: nothing is left for autodiff."""

    def value_and_gradient(y: Any, p: Any) -> tuple[Any, Any]:
        h = linear(xp, p)
        tp, total = xp.sum(y * h), xp.sum(y) + xp.sum(h)
        slope = xp.where((p < 0.25) | (p > 0.75), 0.8, 1.2)
        gradient = slope * (2 * tp / total**2 - y * (2 / total))
        return 1 - 2 * tp / total, gradient

    return value_and_gradient
