"""Run random calls on one backend: ``python -m tests.fuzz.run numpy --calls 400 --inputs 25``."""

from __future__ import annotations

import os

os.environ.setdefault("JAX_ENABLE_X64", "1")

import argparse
import sys
import time
from functools import partial
from typing import Any

import numpy as np

import softset as ss
from tests.fuzz.calls import INPUTS, Call, arrays, draw, is_ill
from tests.fuzz.others import EXAMPLES
from tests.fuzz.referee import compare, function
from tests.support.backends import KINDS, Backend

Failure = tuple[int, int, str]
NAMES = sorted(EXAMPLES)


def run(backend: Backend, first: int, calls: int, inputs: int) -> tuple[int, list[Failure]]:
    """Return how many comparisons were made, and the seeds and words of those that failed."""
    made, failures = 0, []
    for seed in range(first, first + calls):
        call = draw(seed)
        try:
            compiled, shapes = None, []
            for i in range(inputs):
                data = arrays(call, seed * INPUTS + i)
                if is_ill(call, data):
                    continue
                given = [backend.asarray(x) for x in data.values()]
                found = [x.shape for x in data.values()]
                if compiled is None or found != shapes:
                    compiled = _compile(backend, call, list(data), given, own=seed % 3 == 0)
                    shapes = found
                words = _wrong(backend, call, data, compiled(*given))
                made += words is not None
                if words:
                    failures.append((seed, i, words))
                    break
        except Exception as error:
            failures.append((seed, i, f"{type(error).__name__}: {error}"))
    return made, failures


def run_others(backend: Backend, first: int, examples: int) -> tuple[int, list[Failure]]:
    """Do the same for the functions that are no metric of four counts."""
    failures = []
    for seed in range(first, first + examples):
        name = NAMES[seed % len(NAMES)]
        rng = np.random.default_rng(seed)
        example = EXAMPLES[name](rng, int(rng.choice([2, 9, 30])))
        given = [backend.asarray(x) for x in example.arrays]
        try:
            # Its arrays refuse a dual on their right.
            if example.slopes is None or backend.library == "array_api_strict":
                found, expected = backend.run(example.function, *given), example.expected
            else:
                found = backend.value_and_grad(example.function, *given)
                expected = (example.expected, example.slopes)
            if not isinstance(found, tuple):
                found, expected = (found,), (expected,)
            words = next(filter(None, map(partial(_differs, backend), found, expected)), "")
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
        if words:
            failures.append((seed, 0, f"{name}: {words}"))
    return examples, failures


def _differs(backend: Backend, found: Any, expected: Any) -> str:
    """Return what is wrong: sums of tens of terms, and a difference of two of them."""
    found, expected = backend.to_numpy(found), np.asarray(expected)
    size = float(np.max(np.abs(expected), initial=0.0))
    if found.shape == expected.shape and np.allclose(found, expected, 1e-9, 1e-11 * (size + 1)):
        return ""
    return f"expected {expected.tolist()}, got {found.tolist()}"


def _compile(backend: Backend, call: Call, names: list[str], given: list[Any], own: bool) -> Any:
    """Return the call in the backend's mode; a loss with its gradient, softset's or autodiff's."""
    fn = function(call)
    own = own or backend.library in ("numpy", "array_api_strict")
    own = own and backend.name != "torch-compiled"  # which takes no dual numbers of some steps
    if call.kind == "loss" and own:
        fn = ss.value_and_grad(fn)

    def by_name(*xs: Any) -> Any:
        return fn(*xs[:2], **dict(zip(names[2:], xs[2:], strict=True)))

    if call.kind == "loss" and not own:
        return backend.compile_gradient(by_name, *given)
    return backend.compile(by_name, *given)


def _wrong(backend: Backend, call: Call, data: dict[str, Any], found: Any) -> str | None:
    if call.kind == "loss":
        value, gradient = (backend.to_numpy(x) for x in found)
        return compare(call, data, value, gradient)
    if call.kind == "score":
        return compare(call, data, backend.to_numpy(found))
    return compare(call, data, [backend.to_numpy(x) for x in found])


def main() -> None:
    """Print a row of the report, and the first failures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("backend", choices=KINDS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--inputs", type=int, default=25)
    parser.add_argument("--others", type=int, default=0)
    options = parser.parse_args()
    start, backend = time.process_time(), KINDS[options.backend]()
    made, failures = run(backend, options.first, options.calls, options.inputs)
    more, others = run_others(backend, options.first, options.others)
    seconds = time.process_time() - start
    print(
        f"| {options.backend} | {options.calls} | {made:,} | {more:,} | "
        f"{len(failures) + len(others)} | {seconds:.0f} s |"
    )
    for seed, i, words in failures[:20]:
        print(seed, i, draw(seed), words[:600], sep="\n   ", file=sys.stderr)
    for failure in others[:20]:
        print(*failure, file=sys.stderr)


if __name__ == "__main__":
    main()
