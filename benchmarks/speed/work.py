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
IMAGES = (8, 4, 256, 256)  # four classes, in PyTorch's order of axes
FORWARD, GRADIENT, COUNTS = "forward", "value and gradient", "counts"
MASK, WEIGHTS = "mask", "weights"


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
    extra: str = ""  # a mask or weights beside labels and scores
    threads: int = 0  # 0: as many as the framework takes

    @property
    def n(self) -> int:
        """Return how many scores there are."""
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        """Return a name that ``--only`` is matched with."""
        shape = "x".join(map(str, self.shape))
        grid = f"/{self.thresholds} thresholds" if self.thresholds else ""
        extra = f" with {self.extra}" if self.extra else ""
        threads = "/one thread" if self.threads else ""
        question = f"{self.question}/{self.process}/{self.metric}{extra}"
        return f"{question}/{shape}{grid}/{self.task}{threads}"

    @property
    def from_logits(self) -> bool:
        """Tell whether the scores are logits."""
        return self.metric.endswith("of logits")

    @property
    def per_class(self) -> bool:
        """Tell whether each class, along the second axis, has a metric of its own."""
        return self.metric.startswith("macro")

    @property
    def per_image(self) -> bool:
        """Tell whether each image, along the first axis, has a metric of its own."""
        return self.metric.startswith("image")

    def to_json(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return asdict(self)


def from_json(fields: dict[str, Any]) -> Work:
    """Return the work of `Work.to_json`."""
    return Work(**{**fields, "shape": tuple(fields["shape"])})


def plan(*, quick: bool = False, device: str = "cpu", only: str = "*") -> list[Work]:
    """Return all work, in the order of processes."""
    found = _all_work() if device == "cpu" else _gpu_work()
    if quick:
        found = [work for work in found if _is_quick(work)]
    found = [replace(work, device=device) for work in found if matches(work, only)]
    return sorted(found, key=lambda work: (PROCESSES.index(work.process), work.threads))


def matches(work: Work, pattern: str) -> bool:
    """Tell whether a pattern, with or without stars, is in the name of the work."""
    return fnmatchcase(work.name, f"*{pattern}*")


def _all_work() -> list[Work]:
    found = []
    for process in FRAMEWORKS:
        found += [Work("sizes", process, "F1", (n,), FORWARD) for n in (2**10, 10**6, 10**7)]
        found += [Work("sizes", process, "F1", (n,)) for n in SIZES]
        found += [Work("thresholds", process, "F1", (10**5,), thresholds=t) for t in (1, 9, 1000)]
        found += [Work("classes", process, "macro F1", (10**6 // c, c)) for c in (10, 100)]
        found += [Work("masks", process, "F1", MASKS), Work("MCC", process, "MCC", (10**6,))]
    found += [Work("bfloat16", x, "F1", (10**6,), dtype="bfloat16") for x in ("torch", "jax")]
    found += [Work("logits", "torch", "F1 of logits", (n,)) for n in (10**6, 10**7)]
    found += _dice()
    found += [Work("large", x, "F1", (n,)) for x in ("numpy", "torch") for n in (10**6, 10**8)]
    found += [Work("across", "across", "F1", (n,)) for n in (2**10, 10**6, 10**7)]
    for metric in ("F1 score", "AUROC", "AP"):
        found += [Work("evaluation", "evaluation", metric, (n,), FORWARD) for n in (2**14, 10**6)]
    one = [Work("sizes", "torch", "F1", (n,), threads=1) for n in (2**10, 10**6, 10**7)]
    one += [Work("Dice", "torch", x, MASKS, threads=1) for x in ("Dice", "Dice of logits")]
    return found + one


def _dice() -> list[Work]:
    found = []
    for process in ("torch", "jax", "tensorflow"):
        shapes = ((1, 1000, 1000), MASKS) if process == "torch" else (MASKS,)
        for metric in ("Dice", "Dice of logits"):
            found += [Work("Dice", process, metric, shape) for shape in shapes]
            found.append(Work("image Dice", process, f"image {metric}", MASKS))
        found.append(Work("images", process, "macro Dice", IMAGES))
    found.append(Work("images", "torch", "macro Dice of logits", IMAGES))
    found.append(Work("images", "torch", "macro Dice", IMAGES, threads=1))
    return found + [Work("images", "torch", "macro Dice", IMAGES, extra=x) for x in (MASK, WEIGHTS)]


def _gpu_work() -> list[Work]:
    found = []
    for process in ("torch", "jax", "tensorflow"):
        found += [Work("sizes", process, "F1", (n,)) for n in (2**10, 10**6, 10**7, 10**8)]
        found.append(Work("counts", process, "F1", (10**8,), COUNTS))
        found += [Work("Dice", process, metric, MASKS) for metric in ("Dice", "Dice of logits")]
        found.append(Work("images", process, "macro Dice", IMAGES))
        found.append(Work("classes", process, "macro F1", (10**5, 100)))
    return found


def _is_quick(work: Work) -> bool:
    if work.threads:
        return False
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
    return y, np.log(p / (1 - p)) if work.from_logits else p


def extras(work: Work) -> dict[str, np.ndarray]:
    """Return what goes with labels and scores, by its name: one entry for all classes."""
    rng = np.random.default_rng(1)
    shape = (work.shape[0], 1, *work.shape[2:])
    if work.extra == MASK:
        return {"where": rng.random(size=shape, dtype=np.float32) < 0.8}
    if work.extra == WEIGHTS:
        return {"sample_weight": rng.random(size=shape, dtype=np.float32) + np.float32(0.5)}
    return {}
