"""Calls of public functions on one backend, which other processes and threads repeat.

python -m tests.processes.calls BACKEND prints a digest of every bit that they return, and what
errors say.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import softset as ss
import softset_backends as sb

RNG = np.random.default_rng(0)
N = 3000
Y = RNG.uniform(size=N) < 0.3
P = np.clip(RNG.beta(1, 2, size=N) + 0.3 * Y, 0.001, 0.999)
WEIGHTS = RNG.uniform(0.2, 2.0, size=N)
KEPT = RNG.uniform(size=N) < 0.9
GROUPS = RNG.integers(3, size=N)
NUMBERS = RNG.integers(4, size=N)
LOGITS = RNG.normal(size=(N, 4)) + 2 * np.eye(4)[NUMBERS]
MANY, WIDE = RNG.uniform(size=(2, 200_000)).astype(np.float32)  # of more pieces than one

F2 = partial(ss.fbeta, beta=2.0)
LOSS = ss.as_loss(ss.f1)
LOSSES = {
    "f1": LOSS,
    "sigmoid": ss.as_loss(ss.matthews_corrcoef, step=ss.Sigmoid(k=5.0)),
    "cosine": ss.as_loss(F2, step=ss.Cosine(width=0.4), threshold=0.4),
    "straight": ss.as_loss(ss.jaccard, step=ss.StraightThrough()),
    "grid": ss.as_loss(ss.auroc, thresholds=(0.2, 0.4, 0.6, 0.8)),
    "entropy": partial(ss.cross_entropy, pos_weight=2.0),
    "compound": ss.compound_loss((LOSS, ss.cross_entropy), weights=(1.0, 0.5)),
}
OF_CLASSES = {
    "macro": ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True),
    "softmax": ss.as_loss(ss.macro(ss.f1), step=ss.Softmax(), axis=0, from_logits=True),
}
OF_TABLE = ss.as_loss(ss.multiclass_matthews_corrcoef, step=ss.Softmax(), from_logits=True)
ARGMAX = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0, from_logits=True)
OF_GROUPS = ss.as_score(ss.largest_gap(ss.recall), num_groups=3)


def calls(name: str) -> dict[str, Callable[[], Any]]:
    """Return functions without arguments, each of which makes a call."""
    backend = sb.get(name)
    asarray = backend.asarray
    y, p, w, kept = (asarray(x) for x in (Y, P, WEIGHTS, KEPT))
    numbers, groups, logits = (asarray(x) for x in (NUMBERS, GROUPS, LOGITS))
    of_class = asarray(np.eye(4)[NUMBERS] > 0)
    many, wide = asarray(MANY > 0.5), asarray(WIDE)
    found: dict[str, Callable[[], Any]] = {}
    for loss_name, loss in LOSSES.items():
        found[loss_name] = partial(loss, y, p, sample_weight=w, where=kept)
        found[f"{loss_name} with gradient"] = partial(ss.value_and_grad(loss), y, p)
    for loss_name, loss in OF_CLASSES.items():
        found[loss_name] = partial(ss.value_and_grad(loss), of_class, logits)
    found |= {
        "pairs": partial(ss.value_and_grad(ss.pairwise_loss), y, p),
        "table": partial(ss.value_and_grad(OF_TABLE), numbers, logits),
        "gap": partial(OF_GROUPS, y, p, groups=groups),
        "score": partial(ss.as_score(ss.f1, threshold=0.4), y, p),
        "exact area": partial(ss.as_score(ss.auroc), y, p),
        "argmax": partial(ARGMAX, of_class, logits),
        "sweep": partial(ss.sweep, y, p),
        "best threshold": partial(ss.best_threshold, ss.f1, y, p, sample_weight=w),
        "many": partial(ss.value_and_grad(LOSS), many, wide),
        "many thresholds": partial(ss.confusion, many, wide, thresholds=ss.grid(99)),
        "linear": partial(ss.value_and_grad(ss.linearize(LOSS, LOSS.confusion(y, p))), y, p),
        "weights": partial(ss.class_weight, y),
    }
    return found


def in_numpy_alone() -> dict[str, Callable[[], Any]]:
    """Return the calls whose random numbers are seeded."""
    some, rows = (Y[:200], P[:200]), {"resamples": 30, "seed": 1}
    return {
        "bootstrap": partial(sb.bootstrap_interval, ss.f1, *some, **rows),
        "threshold": partial(sb.threshold_interval, ss.f1, *some, **rows),
        "report": lambda: str(sb.group_report(ss.f1, *some, groups=GROUPS[:200], **rows)),
    }


def flat(backend: Any, result: Any) -> Iterator[Any]:
    """Yield the arrays of a result in NumPy, or its text."""
    if isinstance(result, tuple):
        for part in result:
            yield from flat(backend, part)
    elif isinstance(result, (str, float, int, np.generic, np.ndarray)):
        yield np.asarray(result)
    else:
        yield backend.to_numpy(result)


def digests(name: str) -> dict[str, str]:
    """Return a digest of what each call returns."""
    backend, found = sb.get(name), {}
    every = calls(name) | (in_numpy_alone() if name == "numpy" else {})
    for called, call in every.items():
        arrays = list(flat(backend, call()))
        text = b"".join(f"{x.dtype}{x.shape}".encode() + x.tobytes() for x in arrays)
        found[called] = hashlib.sha256(text).hexdigest()[:16]
    return found


WRONG: dict[str, Callable[[], Any]] = {
    "shapes": lambda: LOSS(Y[:5], P),
    "nan": lambda: LOSS(Y, np.where(KEPT, P, np.nan)),
    "logits": lambda: LOSS(Y, 9 * P),
    "labels": lambda: LOSS(3.0 * Y, P),
    "weights": lambda: LOSS(Y, P, sample_weight=-WEIGHTS),
    "list": lambda: LOSS([1, 0], P),
    "mask": lambda: LOSS(Y, P, where=WEIGHTS),
    "step": lambda: ss.Linear(delta=0.7),
    "threshold": lambda: ss.as_loss(ss.f1, threshold=1.5)(Y, P),
    "both": lambda: ss.as_loss(ss.f1, threshold=0.4, thresholds=(0.2, 0.4))(Y, P),
    "metric": lambda: ss.as_loss("f1"),
    "direction": lambda: ss.as_loss(ss.prevalence),
    "exact area": lambda: ss.value_and_grad(ss.as_loss(ss.auroc)),
    "name": lambda: ss.f1_score,
    "resamples": lambda: sb.bootstrap_interval(ss.f1, Y, P, resamples=0),
    "groups": lambda: sb.group_report(ss.f1, Y, P, groups=GROUPS[:5]),
    "backend": lambda: sb.get("theano"),
}


def errors() -> dict[str, str]:
    """Return what is said of wrong arguments; a check by ``assert`` would say nothing."""
    found = {}
    for name, call in WRONG.items():
        try:
            call()
        except (ValueError, TypeError, AttributeError, ImportError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


if __name__ == "__main__":
    print(json.dumps({"digests": digests(sys.argv[1]), "errors": errors()}))
