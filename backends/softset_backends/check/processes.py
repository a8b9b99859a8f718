"""Many jobs of `softset check`, in processes that are replaced before they grow too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from ..quiet import silence
from . import cases
from .cases import Job
from .report import GradientReport

# Compiled code is never unloaded: a job with all metrics leaves up to 200 MB behind.
_JOBS_PER_PROCESS = 8


def run_all(
    jobs: Sequence[Job], backends: Sequence[str], *, processes: int
) -> Iterator[GradientReport]:
    """Yield the report of every job, in order.

    Parameters
    ----------
    jobs : sequence of Job
        What to run.
    backends : sequence of str
        On which backends.
    processes : int
        How many to run at a time; each needs up to 3 GB.
    """
    size = processes * _JOBS_PER_PROCESS
    run = partial(cases.run, backends=tuple(backends))
    for first in range(0, len(jobs), size):
        # Fresh processes, not copies: the frameworks' threads do not survive a fork.
        with ProcessPoolExecutor(processes, get_context("spawn"), silence) as pool:
            yield from pool.map(run, jobs[first : first + size])
