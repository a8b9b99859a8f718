"""Make the same calls from many threads at once, in a process that has made none before.

python -m tests.processes.threads BACKEND
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np

import softset as ss
import softset_backends as sb
from tests.processes import calls

THREADS, ROUNDS = 8, 3
# Compilation, after some calls, changes the order of sums.
TOLERANCE = {"numpy": 0.0, "torch": 0.0, "jax": 1e-12, "tensorflow": 1e-12}


def at_once(work: Any) -> list[Any]:
    """Run a function of the thread's number in several threads that begin together."""
    found: list[Any] = [None] * THREADS
    start = threading.Barrier(THREADS)

    def run(i: int) -> None:
        start.wait()
        try:
            found[i] = work(i)
        except BaseException as error:  # a thread's error would be printed and forgotten
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


def same_as_alone(name: str) -> None:
    """Hold what every thread gets to what one gets alone afterwards."""
    backend, every = sb.get(name), calls.calls(name)
    names = list(every)

    def work(i: int) -> dict[str, Any]:
        results = {}
        for _ in range(ROUNDS):
            for called in names[i:] + names[:i]:  # one after the other, and all the first at once
                results[called] = list(calls.flat(backend, every[called]()))
        return results

    found = at_once(work)
    for called, call in every.items():
        alone = list(calls.flat(backend, call()))
        for results in found:
            for one, expected in zip(results[called], alone, strict=True):
                assert one.dtype == expected.dtype and one.shape == expected.shape, called
                largest = np.abs(expected).max() if expected.dtype.kind == "f" else 0
                bound = TOLERANCE[name] * largest if np.isfinite(largest) else 0
                # of float32 sums, which are of the same pieces
                bound *= 1e6 if expected.dtype == np.float32 else 1
                np.testing.assert_allclose(one, expected, rtol=0, atol=bound, err_msg=called)


def switches() -> None:
    """Checks that one thread switches off stay on in the others."""

    def work(i: int) -> list[str]:
        said = []
        for _ in range(50):
            with ss.checks(bool(i % 2)):
                try:
                    calls.LOSS(calls.Y, 2 * calls.P)
                except ValueError as error:
                    said.append(str(error)[:8])
        return said

    for i, said in enumerate(at_once(work)):
        assert said == ["`y_prob`"] * 50 * (i % 2), (i, said)


def modules() -> None:
    """Hold gradients of a module by autograd, each thread with tensors of its own."""
    import torch

    from softset_backends.torch import MetricLoss

    criterion = MetricLoss(ss.f1, step=ss.Sigmoid())

    def work(i: int) -> Any:
        scores = torch.tensor(calls.P[i * 100 : i * 100 + 800], requires_grad=True)
        for _ in range(20):
            scores.grad = None
            criterion(scores, torch.tensor(calls.Y[i * 100 : i * 100 + 800])).backward()
        return scores.grad

    for i, gradient in enumerate(at_once(work)):
        assert torch.equal(gradient, work(i))


if __name__ == "__main__":
    same_as_alone(sys.argv[1])
    switches()
    if sys.argv[1] == "torch":
        modules()
    print("the same")
