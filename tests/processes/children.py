"""Make calls in children of a process that has made some: by fork, and by spawn from pickles.

python -m tests.processes.children fork|spawn BACKEND
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import warnings
from functools import partial
from typing import Any

import numpy as np

import softset as ss
import softset_backends as sb
from tests.processes import calls


def pickled() -> dict[str, Any]:
    """Return what is sent to other processes: losses, scores and what they are made of."""
    c = ss.confusion(calls.Y, calls.P)
    bounds = (ss.at_least(ss.precision, 0.5), ss.at_most(calls.F2, 0.9))
    return {
        **calls.LOSSES,
        **calls.OF_CLASSES,
        "table": calls.OF_TABLE,
        "groups": calls.OF_GROUPS,
        "argmax": calls.ARGMAX,
        "linear": ss.linearize(calls.LOSS, c),
        "violations": ss.constrained(calls.LOSS, bounds).violations,
        "gradient": ss.value_and_grad(calls.LOSS),
        "rule": sb.DecisionRule((0.4,), calls.F2).as_score(),
        "counts": c,
    }


def value(name: str, function: Any) -> Any:
    """Return what a function gives on the data, or what it is if it is none."""
    data = {
        "macro": (np.eye(4)[calls.NUMBERS] > 0, calls.LOGITS),
        "softmax": (np.eye(4)[calls.NUMBERS] > 0, calls.LOGITS),
        "argmax": (np.eye(4)[calls.NUMBERS] > 0, calls.LOGITS),
        "table": (calls.NUMBERS, calls.LOGITS),
    }
    if not callable(function):
        return function
    options = {"groups": calls.GROUPS} if name == "groups" else {}
    return function(*data.get(name, (calls.Y, calls.P)), **options)


def module_and_gradient(criterion: Any) -> Any:
    """Return the loss of a module and its gradient, by autograd."""
    import torch

    scores = torch.tensor(calls.P, requires_grad=True)
    found = criterion(scores, torch.tensor(calls.Y))
    found.backward()
    return found.detach().numpy(), scores.grad.numpy()


def of_torch() -> dict[str, Any]:
    """Return modules and scores of PyTorch's."""
    from softset_backends.torch import MetricLoss

    return {"module": MetricLoss(ss.f1), "sigmoid": MetricLoss(calls.F2, step=ss.Sigmoid())}


def same(one: Any, other: Any) -> bool:
    """Tell whether two results are the same to the last bit."""
    backend = sb.get("numpy")
    pairs = zip(calls.flat(backend, one), calls.flat(backend, other), strict=True)
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in pairs)


def main(method: str, name: str) -> None:
    """Compare what two children give with what this process does."""
    before = calls.digests(name)
    functions, modules = pickled(), of_torch() if name == "torch" else {}
    expected = {x: value(x, f) for x, f in functions.items()}
    gradients = {x: module_and_gradient(f) for x, f in modules.items()}
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(calls.digests, [name, name]) == [before, before]
        found = pool.starmap(value, functions.items())
        for x, one in zip(functions, found, strict=True):
            assert same(one, expected[x]), x
        found = pool.map(module_and_gradient, modules.values())
        for x, one in zip(modules, found, strict=True):
            assert same(one, gradients[x]), x
    for x, function in functions.items():
        again = pickle.loads(pickle.dumps(function))
        assert same(value(x, again), expected[x]), x
        if not isinstance(function, (ss.Confusion, partial)):
            assert again == function, x


if __name__ == "__main__":
    # Python 3.12 warns of forks of processes with threads, which NumPy's and PyTorch's pools are.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
    main(*sys.argv[1:])
    print("the same")
