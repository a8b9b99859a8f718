"""A few hundred random calls in each run, other ones every time; the failure names their seeds."""

import random

from tests.fuzz.run import run, run_others
from tests.support.backends import Backend


def _size(backend: Backend) -> tuple[int, int, int]:
    """Return how many calls, inputs for each, and calls of other functions: what seconds allow."""
    if backend.traced:
        return 3, 20, 3
    return (10, 10, 12) if backend.library == "jax" else (80, 5, 120)


def test_random_calls_are_what_the_definitions_say(backend):
    """``python -m tests.fuzz.run BACKEND --first SEED --calls 1`` repeats one."""
    calls, inputs, others = _size(backend)
    first = random.SystemRandom().randrange(10**9)
    made, failures = run(backend, first, calls, inputs)
    more, wrong = run_others(backend, first, others)
    assert made > calls and more == others
    assert not failures + wrong, f"first seed {first}: {failures + wrong}"
