"""The peak memory of one call, in a process of its own.

Linux tells the peak of a process since it was last reset; what the inputs and the frameworks
hold before the call is not counted. On a GPU PyTorch tells the peak of its own arrays.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from .candidates import Candidate, candidates
from .work import Work, from_json

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def can_measure() -> bool:
    """Tell whether there is a way to measure here."""
    return RESET.exists()


def peak_of(work: Work, label: str) -> int | None:
    """Return by how many bytes the memory grows during a call, compiling not counted."""
    candidate = _candidate(work, label)
    # TensorFlow keeps what a call has taken: a second one would need nothing. What it loads and
    # compiles with is there after a call for few scores.
    keeps = candidate.framework == "tensorflow"
    warm = _candidate(_few(work), label) if keeps else candidate
    warm.call()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    RESET.write_text("5")
    before = _kilobytes("VmRSS")
    result: Any = candidate.call()
    peak = _kilobytes("VmHWM") - before
    del result
    return 1024 * max(peak, 0)


def _candidate(work: Work, label: str) -> Candidate:
    return next(x for x in candidates(work) if x.label == label)


def _few(work: Work) -> Work:
    return replace(work, shape=(1024,) if len(work.shape) == 1 else (1, 32, 32))


def peak_on_gpu(candidate: Candidate) -> int | None:
    """Return the same for PyTorch's arrays on a GPU, after a call that has compiled."""
    if candidate.framework != "torch":
        return None
    import torch

    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = candidate.call()
    peak = torch.cuda.max_memory_allocated() - before
    del result
    return peak


def _kilobytes(field: str) -> int:
    (line,) = (x for x in STATUS.read_text().splitlines() if x.startswith(f"{field}:"))
    return int(line.split()[1])


def main() -> None:
    """Read a label and work, in increasing size, from standard input; print the peaks."""
    asked = json.load(sys.stdin)
    works = [from_json(fields) for fields in asked["works"]]
    answer = json.dumps([peak_of(work, asked["label"]) for work in works])
    print(f"\n{answer}", flush=True)


if __name__ == "__main__":
    main()
