"""What is timed: the sizes, and the data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

PROCESSES = ("numpy", "torch", "jax", "tensorflow", "across", "evaluation")
FRAMEWORKS = PROCESSES[:4]
SIZES = (2**10, 2**14, 2**17, 10**6, 10**7)
MASKS = (16, 512, 512)
FORWARD, GRADIENT = "forward", "value and gradient"


@dataclass(frozen=True)
class Work:
    """One group of candidates that are timed in turn on the same data."""

    question: str
    process: str
    metric: str
    shape: tuple[int, ...]
    task: str = GRADIENT
    thresholds: int = 0  # 0: one operating point, not a grid
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def n(self) -> int:
        """Return how many scores there are."""
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        """Return a name that ``--only`` is matched with."""
        shape = "x".join(map(str, self.shape))
        grid = f"/{self.thresholds} thresholds" if self.thresholds else ""
        return f"{self.question}/{self.process}/{self.metric}/{shape}{grid}/{self.task}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


def from_json(fields: dict[str, Any]) -> Work:
    """Return the work of `Work.to_json`."""
    return Work(**{**fields, "shape": tuple(fields["shape"])})


def plan(*, quick: bool = False, device: str = "cpu", only: str = "*") -> list[Work]:
    """Return all work, in the order of processes."""
    processes = ("torch", "jax", "across") if device == "cuda" else PROCESSES
    found = [work for work in _all_work() if work.process in processes]
    if quick:
        found = [work for work in found if _is_quick(work)]
    found = [replace(work, device=device) for work in found if matches(work, only)]
    return sorted(found, key=lambda work: PROCESSES.index(work.process))


def matches(work: Work, pattern: str) -> bool:
    """Tell whether a pattern, with or without stars, is in the name of the work."""
    return fnmatchcase(work.name, f"*{pattern}*")


def _all_work() -> list[Work]:
    found = []
    for process in FRAMEWORKS:
        found += [Work("sizes", process, "F1", (n,), t) for n in SIZES for t in (FORWARD, GRADIENT)]
        found += [Work("thresholds", process, "F1", (10**5,), thresholds=t) for t in (1, 9, 1000)]
        found += [
            Work("classes", process, "macro F1", (10**6 // count, count)) for count in (1, 10, 100)
        ]
        found += [Work("masks", process, "F1", MASKS), Work("MCC", process, "MCC", (10**6,))]
    found += [Work("bfloat16", x, "F1", (10**6,), dtype="bfloat16") for x in ("torch", "jax")]
    for shape in ((1, 1000, 1000), MASKS):
        found += [Work("Dice", x, "Dice", shape) for x in ("torch", "tensorflow")]
        found.append(Work("Dice", "jax", "Dice of logits", shape))
    found += [Work("large", x, "F1", (n,)) for x in ("numpy", "torch") for n in (10**6, 10**8)]
    found += [Work("across", "across", "F1", (n,)) for n in (2**10, 10**6, 10**7)]
    for metric in ("F1 score", "AUROC"):
        found += [Work("evaluation", "evaluation", metric, (n,), FORWARD) for n in (2**14, 10**6)]
    return found


def _is_quick(work: Work) -> bool:
    if work.question in ("sizes", "across"):
        return work.n in (2**10, 10**6) and work.task == GRADIENT
    if work.question == "thresholds":
        return work.thresholds == 9 and work.process in ("numpy", "torch")
    return work.n <= 10**6 and work.question in ("Dice", "evaluation")


def data(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 labels, 30 % positive, and scores.

    The scores are odd multiples of a power of two, so that none is where two lines of `Linear`
    meet, at which slopes are a matter of convention, and so that bfloat16 holds them exactly.
    """
    rng = np.random.default_rng(0)
    cells = 2**7 if work.dtype == "bfloat16" else 2**23
    p = rng.integers(cells, size=work.shape, dtype=np.int32).astype(np.float32)
    p += np.float32(0.5)
    p /= np.float32(cells)
    y = (rng.random(size=work.shape, dtype=np.float32) < 0.3).astype(np.float32)
    if work.metric == "Dice of logits":
        p = np.log(p / (1 - p))
    return y, p
