"""A process that times the groups of one framework and writes a line of JSON for each."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import IO, Any

import numpy as np

from softset._arrays.often import OFTEN

from .agreement import TOLERANCES, Errors, errors
from .candidates import BY_HAND, COPY, FUSED, PEER, PLAIN, REFERENCE, Candidate, candidates
from .exact import exact
from .memory import peak_on_gpu
from .timing import QUICK, Limits, bound_of_copies, in_turn, median_ratio, quartiles
from .work import Work, from_json

COMPARED = (BY_HAND, PEER, REFERENCE)
OURS = (PLAIN, FUSED)
FULL = Limits()
RESTING = Limits(rest=0.01)  # several frameworks' threads
ON_GPU = Limits(seconds=1.0)


def group(work: Work, limits: Limits) -> dict[str, Any]:
    """Check and time the candidates for some work."""
    measured: list[Candidate] = []
    gaps: dict[str, Errors] = {}
    failures = []
    expected = exact(work)
    for candidate in candidates(work):
        try:
            result = candidate.call()
            if candidate.same:
                gaps[candidate.label] = errors(result, expected)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".split("\n\n")[0]
            failures.append({"label": candidate.label, "kind": candidate.kind, "reason": reason})
            continue
        worst = max(_known(gaps.get(candidate.label)), default=0.0)
        if worst > TOLERANCES[work.dtype]:
            reason = f"value or gradient differs by {worst:.1e}, relative, from the exact one"
            failures.append({"label": candidate.label, "kind": "disagreement", "reason": reason})
        else:
            measured.append(candidate)
    for candidate in measured:
        for _ in range(OFTEN if candidate.mode == "eager" and candidate.kind in OURS else 0):
            candidate.call()
    rows = in_turn([x.call for x in measured], limits)
    times = {x.label: [row[i] for row in rows] for i, x in enumerate(measured)}
    references = {x.label: times[x.label] for x in measured if x.kind in COMPARED}
    copies = [times[x.label] for x in measured if x.kind == COPY]
    if copies:
        references["copy bound"] = bound_of_copies(*copies)
    found = []
    for candidate in measured:
        own = times[candidate.label]
        low, high = quartiles(own)
        gap = gaps.get(candidate.label)
        found.append(
            {
                "label": candidate.label,
                "framework": candidate.framework,
                "mode": candidate.mode,
                "name": candidate.name,
                "kind": candidate.kind,
                "same": candidate.same,
                "seconds": float(np.median(own)),
                "quartiles": [low, high],
                "turns": len(own),
                # How many times faster than others of the group; the medians over turns.
                "faster_than": {
                    label: median_ratio(other, own)
                    for label, other in references.items()
                    if label != candidate.label
                },
                "value_error": gap and gap.value,
                "gradient_error": gap and gap.gradient,
            }
        )
        if work.device == "cuda" and candidate.framework == "torch":
            found[-1]["peak_bytes"] = peak_on_gpu(candidate)
    return {"work": work.to_json(), "candidates": found, "failures": failures}


def _known(gap: Errors | None) -> list[float]:
    """Return what of a candidate has to be small."""
    return [x for x in (gap.value, gap.distance) if x is not None] if gap else []


def threads(process: str) -> dict[str, int]:
    """Return how many threads the frameworks of a process use; 0 where they do not tell."""
    cores = os.cpu_count() or 1
    found = {}
    if "torch" in sys.modules and process in ("torch", "across", "evaluation"):
        import torch

        found["torch"] = torch.get_num_threads()
    if process == "tensorflow":
        import tensorflow

        tf: Any = tensorflow
        # 0 stands for one a core.
        found["tensorflow"] = tf.config.threading.get_intra_op_parallelism_threads() or cores
    if process == "jax":
        found["jax"] = cores
    return found


def settle_memory() -> None:
    """Bring malloc to where it is in a process that has worked for a while.

    glibc hands freed memory back, and pays for its pages again at the next array, until an array
    of almost 32 MB was freed once; or else times would depend on what was timed before.
    """
    np.empty(2**25 - 2**16, dtype=np.uint8)


def main() -> None:
    """Read what to do from standard input; answer on standard output, prints elsewhere."""
    answers: IO[str] = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # frameworks print
    asked = json.load(sys.stdin)
    settle_memory()
    for fields in asked["works"]:
        work = from_json(fields)
        limits = QUICK if asked["quick"] else _limits(work)
        try:
            answer = group(work, limits)
        except Exception:
            failure = {"label": "all", "kind": "error", "reason": traceback.format_exc(limit=-3)}
            answer = {"work": fields, "candidates": [], "failures": [failure]}
        answer["threads"] = {} if work.threads else threads(work.process)
        print(json.dumps(answer), file=answers, flush=True)


def _limits(work: Work) -> Limits:
    if work.device == "cuda":
        return ON_GPU
    return RESTING if work.process in ("across", "evaluation") else FULL


if __name__ == "__main__":
    main()
