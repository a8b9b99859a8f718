"""How many Python functions one loss calls: what small batches cost, whatever a machine does.

Run from a checkout: ``python -m benchmarks.calls``. Prints a Markdown table; the committed one is
results/calls.md. A loss of 1024 float32 scores, with the values checked; by hand is F1 of the
paper's line in the framework's own functions, and in NumPy its gradient written out. Calls of C
functions do not count.
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import softset as ss

SIZE = 1024
# The most that each may call.
BOUNDS = {
    "NumPy forward": 70,
    "NumPy value_and_grad": 120,
    "PyTorch forward": 95,
    "PyTorch plain gradient": 200,
    "PyTorch MetricLoss gradient": 200,
    "JAX eager forward": 100,
    "TensorFlow eager forward": 900,
}


def calls(function: Callable[[], Any]) -> int:
    """Return how many Python functions a call makes once all that is made once is there."""
    for _ in range(20):
        function()
    number = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal number
        number += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return number - 1  # the function itself


def by_hand(xp: Any, total: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Return 1 - F1 of the line through (0.25, 0.2) and (0.75, 0.8), as one would write it."""

    def loss(y: Any, p: Any) -> Any:
        above = xp.where(p > 0.75, 0.8 * p + 0.2, 1.2 * p - 0.1)
        h = xp.where(p < 0.25, 0.8 * p, above)
        tp, fp, fn = total(y * h), total((1 - y) * h), total(y * (1 - h))
        return 1 - 2 * tp / (2 * tp + fp + fn)

    return loss


def closed_form(y: Any, p: Any) -> tuple[Any, Any]:
    """Return the same loss and its gradient, as one would write them for NumPy."""
    above = np.where(p > 0.75, 0.8 * p + 0.2, 1.2 * p - 0.1)
    h = np.where(p < 0.25, 0.8 * p, above)
    tp, total = np.sum(y * h), np.sum(y) + np.sum(h)
    slope = np.where((p < 0.25) | (p > 0.75), 0.8, 1.2)
    return 1 - 2 * tp / total, slope * (2 * tp / total**2 - y * (2 / total))


def data() -> tuple[Any, Any]:
    """Return labels and scores."""
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=SIZE) < 0.3).astype(np.float32)
    return y, rng.uniform(0.01, 0.99, SIZE).astype(np.float32)


def cases(library: str) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Return what is called through a library: by softset, and by hand."""
    loss, (y, p) = ss.as_loss(ss.f1), data()
    if library == "numpy":
        hand, gradient = by_hand(np, np.sum), ss.value_and_grad(loss)
        return {
            "NumPy forward": (lambda: loss(y, p), lambda: hand(y, p)),
            "NumPy value_and_grad": (lambda: gradient(y, p), lambda: closed_form(y, p)),
        }
    xp: Any = importlib.import_module("jax.numpy" if library == "jax" else library)
    if library == "jax":
        labels, scores, hand = xp.asarray(y), xp.asarray(p), by_hand(xp, xp.sum)
        return {"JAX eager forward": (lambda: loss(labels, scores), lambda: hand(labels, scores))}
    if library == "tensorflow":
        labels, scores, hand = xp.constant(y), xp.constant(p), by_hand(xp, xp.reduce_sum)
        name = "TensorFlow eager forward"
        return {name: (lambda: loss(labels, scores), lambda: hand(labels, scores))}
    from softset_backends.torch import MetricLoss

    labels, scores, hand = xp.from_numpy(y), xp.from_numpy(p), by_hand(xp, xp.sum)
    followed, module = scores.clone().requires_grad_(True), MetricLoss(ss.f1)

    def gradient_of(loss: Callable[[Any, Any], Any]) -> Callable[[], None]:
        def run() -> None:
            followed.grad = None
            loss(labels, followed).backward()

        return run

    return {
        "PyTorch forward": (lambda: loss(labels, scores), lambda: hand(labels, scores)),
        "PyTorch plain gradient": (gradient_of(loss), gradient_of(hand)),
        "PyTorch MetricLoss gradient": (
            gradient_of(lambda y, p: module(p, y)),
            gradient_of(hand),
        ),
    }


def main() -> None:
    """Print the table."""
    versions = [f"Python {platform.python_version()}"]
    rows = []
    for library in ("numpy", "torch", "jax", "tensorflow"):
        if find_spec(library) is None:
            continue
        versions.append(f"{library} {importlib.import_module(library).__version__}")
        for name, (softset, hand) in cases(library).items():
            rows.append(f"| {name} | {calls(softset)} | {BOUNDS[name]} | {calls(hand)} |")
    print(f"{', '.join(versions)}; {SIZE} float32 scores, values checked\n")
    print("| | Python calls | at most | by hand |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
