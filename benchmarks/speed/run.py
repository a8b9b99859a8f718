"""Start the processes that time and measure, and collect what they answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from threading import Timer
from typing import IO, Any

from .memory import can_measure
from .results import ROOT
from .work import GRADIENT, MASKS, Work, from_json

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
Probe = tuple[str, list[Work]]  # a candidate's label, and work in increasing size


def times(
    works: list[Work], *, quick: bool, seconds: float = float("inf")
) -> Iterator[dict[str, Any]]:
    """Yield the answer for each group, framework after framework, while `seconds` last."""
    end = time.monotonic() + seconds
    for (process, _), part in groupby(works, key=lambda work: (work.process, work.threads)):
        asked = list(part)
        message = json.dumps({"quick": quick, "works": [work.to_json() for work in asked]})
        with tempfile.TemporaryFile("w+") as log, _worker(asked[0], log) as child:
            assert child.stdin and child.stdout
            child.stdin.write(message)
            child.stdin.close()
            # What computes or compiles when the time is over is not waited for.
            timer = Timer(max(end - time.monotonic(), 0), child.kill)
            if end < float("inf"):
                timer.start()
            done = 0
            for line in child.stdout:
                done += 1
                yield json.loads(line)
            ended = child.wait()
            timer.cancel()
            log.seek(0)
            reason = f"the process ended with {ended}: {log.read()[-1000:]}"
            if time.monotonic() >= end:
                reason = f"not measured, {seconds:.0f} seconds were over"
            failure = {"label": process, "kind": "error", "reason": reason}
            for work in asked[done:]:
                yield {"work": work.to_json(), "candidates": [], "failures": [failure]}


def _worker(work: Work, log: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.speed.worker"],
        cwd=ROOT,
        env=_environment(work),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def probes(groups: list[dict[str, Any]], device: str) -> list[Probe]:
    """Return whose memory is to be measured."""
    if device != "cpu" or not can_measure():
        return []
    asked: dict[tuple[Any, ...], list[Work]] = {}
    for group in groups:
        work = from_json(group["work"])
        for candidate in group["candidates"]:
            if _has_probe(work) and not _is_variant(candidate):
                # TensorFlow does not give back what a call has taken: one process, one call.
                own = work if candidate["framework"] == "tensorflow" else None
                key = (candidate["label"], work.process, work.question, own)
                asked.setdefault(key, []).append(work)
    order = [lambda work: work.n, lambda work: work.thresholds]
    return [
        (label, sorted(works, key=lambda work: tuple(f(work) for f in order)))
        for (label, *_), works in asked.items()
    ]


def _has_probe(work: Work) -> bool:
    if work.task != GRADIENT or work.threads:
        return False
    return (
        (work.question == "sizes" and work.n >= 10**6)
        or (work.question == "logits" and work.n == 10**7)
        or (work.question == "thresholds" and work.thresholds > 1)
        or (work.metric == "Dice" and work.shape == MASKS)
        or (work.question == "large" and work.n == 10**8)
    )


def _is_variant(candidate: dict[str, Any]) -> bool:
    return candidate["kind"] == "copy" or candidate["name"].endswith("checks off")


def peaks(asked: list[Probe]) -> Iterator[tuple[Probe, list[int | None]]]:
    """Yield the peaks of each probe; two run at a time, since nothing is timed."""
    with ThreadPoolExecutor(2) as pool:
        futures = {pool.submit(_peak, *probe): probe for probe in asked}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _peak(label: str, works: list[Work]) -> list[int | None]:
    message = json.dumps({"label": label, "works": [work.to_json() for work in works]})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.memory"],
        cwd=ROOT,
        env=_environment(works[0]),
        input=message,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return [None] * len(works)
    return json.loads(done.stdout.splitlines()[-1])


def add_peaks(groups: list[dict[str, Any]], probe: Probe, found: list[int | None]) -> None:
    """Write peaks to the candidates that they belong to."""
    label, works = probe
    for work, peak in zip(works, found, strict=True):
        (group,) = (x for x in groups if from_json(x["work"]) == work)
        (candidate,) = (x for x in group["candidates"] if x["label"] == label)
        candidate["peak_bytes"] = peak


def _environment(work: Work) -> dict[str, str]:
    """Return the environment of a process."""
    found = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    if work.threads:
        found |= {name: str(work.threads) for name in THREADS}
    if work.device == "cpu":
        return {**found, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    # A framework takes no more of the GPU than it needs.
    return {**found, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
