"""Do the tests notice a small change in the kernel? ``python -m tests.mutants.run --mutants 400``.

Needs Linux, Python 3.11 or later, what the kernel's tests need on NumPy, pytest-cov, and
mutmut 3.8.1, whose changes these are. A run that was stopped goes on with what `.mutants` keeps.
``--kernel softset/steps --tests tests/softset/test_steps.py`` does a part of it, and leaves to a
run with all tests what survives; ``--again`` runs survivors once more, after tests were written.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import json
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import pytest
from _pytest.main import pytest_runtestloop

from tests.mutants.draw import KERNEL, Mutant, draw
from tests.mutants.report import write

PYTEST = ["-q", "-m", "not exhaustive", "--hypothesis-seed=0", "-p", "no:cacheprovider"]
TESTS = [Path("tests/softset"), Path("tests/fuzz")]
SURVIVED = ("survived", "no test")
LIMIT = 30.0  # seconds of a processor's time for one test
NOT_MADE = 2  # the exit status then
Functions = dict[tuple[str, str, int], list[FunctionType]]


class Mutants:
    """A plugin of pytest's: the tests of each mutant, in a fork of the session once collected."""

    def __init__(self, waiting: list[Mutant], state: Path, *, all_tests: bool) -> None:
        self.waiting, self.state, self.all_tests = waiting, state, all_tests
        data = coverage.CoverageData(str(state / "reached"))
        data.read()
        self.tests = {file: _tests(data, file) for file in data.measured_files()}
        self.reach = Counter(x for of in self.tests.values() for line in of.values() for x in line)

    def pytest_runtest_logstart(self) -> None:
        """Give each test its time: a mutant with which one does not end is noticed."""
        signal.setitimer(signal.ITIMER_PROF, LIMIT)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        manager, functions = session.config.pluginmanager, _functions()
        manager.unregister(manager.getplugin("terminalreporter"))
        for i, mutant in enumerate(self.waiting):
            items = self._reaching(session, mutant)
            outcome = _outcome(session, items, mutant, functions) if items else "no test"
            if self.all_tests or outcome not in SURVIVED:
                with (self.state / "records.jsonl").open("a") as file:
                    file.write(json.dumps([mutant.name, outcome]) + "\n")
            print(f"{i + 1}/{len(self.waiting)} {outcome}, {len(items)}: {mutant.name}", flush=True)
        return True

    def _reaching(self, session: pytest.Session, mutant: Mutant) -> list[pytest.Item]:
        """Return the tests that reach the changed statement, those first that reach little else."""
        of_line, (first, last) = self.tests.get(str(Path(mutant.file).resolve()), {}), mutant.lines
        names = {x for i in range(first, last + 1) for x in of_line.get(i, ())}
        chosen = [x for x in session.items if x.nodeid in names]
        return sorted(chosen, key=lambda item: self.reach[item.nodeid])


def _tests(data: coverage.CoverageData, file: str) -> dict[int, set[str]]:
    """Return the tests that reach each line; what imports reach is of no test."""
    found = data.contexts_by_lineno(file)
    return {line: {x.rpartition("|")[0] for x in names} - {""} for line, names in found.items()}


def _functions() -> Functions:
    """Return the functions of the kernel that exist, by file, name and first line."""
    found: Functions = {}
    gc.unfreeze()  # what is frozen is not listed
    for x in gc.get_objects():
        if isinstance(x, FunctionType) and f"/{KERNEL}/" in x.__code__.co_filename:
            code = x.__code__
            key = (code.co_filename, code.co_qualname, code.co_firstlineno)
            found.setdefault(key, []).append(x)
    gc.freeze()
    return found


def _outcome(
    session: pytest.Session, items: list[pytest.Item], mutant: Mutant, functions: Functions
) -> str:
    file = str(Path(mutant.file).resolve())
    swaps = [(functions.get((file, *key), []), code) for key, code in mutant.functions().items()]
    if not any(found for found, _ in swaps):
        return "no function"
    child = os.fork()
    if not child:
        _try(session, items, swaps)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    words = {0: "survived", NOT_MADE: "no function", -signal.SIGPROF: "timed out"}
    return words.get(status, "killed")


def _try(
    session: pytest.Session,
    items: list[pytest.Item],
    swaps: list[tuple[list[FunctionType], CodeType]],
) -> None:
    """Exchange the code of functions, run the tests up to the first that fails, and exit."""
    status = NOT_MADE
    try:
        for found, code in swaps:
            for function in found:
                function.__code__ = code  # fails if the mutant no longer calls super()
        session.items, session.config.option.maxfail, status = items, 1, 0
        pytest_runtestloop(session)
    finally:
        os._exit(status or session.testsfailed != 0)


def _measure(state: Path, tests: list[Path]) -> None:
    """Let tests that are new or have changed run, to know which lines each of them reaches."""
    measured = state / "measured.json"
    done = json.loads(measured.read_text()) if measured.exists() else {}
    files = [x for path in tests for x in (sorted(path.rglob("test_*.py")) or [path])]
    texts = {str(x): hashlib.sha256(x.read_bytes()).hexdigest() for x in files}
    waiting = [x for x, text in texts.items() if done.get(x) != text]
    if waiting:
        options = [f"--cov={KERNEL}", "--cov-context=test", "--cov-append", "--cov-report="]
        command = [sys.executable, "-m", "pytest", *PYTEST, *options, "--cov-fail-under=0"]
        environment = {**os.environ, "COVERAGE_FILE": str(state / "reached")}
        subprocess.run([*command, *waiting], env=environment, check=True)
        measured.write_text(json.dumps({**done, **texts}))


def _outcomes(state: Path) -> dict[str, str]:
    """Return the last outcome of each mutant."""
    records = state / "records.jsonl"
    return dict(map(json.loads, records.read_text().splitlines())) if records.exists() else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kernel", nargs="+", default=[str(KERNEL)], help="the mutants' files")
    parser.add_argument("--tests", nargs="+", type=Path, default=TESTS, help="files or folders")
    parser.add_argument("--again", action="store_true", help="run survivors once more")
    options = parser.parse_args()
    os.environ["SOFTSET_BACKENDS"] = "numpy"
    # Where lines are depends on the kernel.
    kernel = b"".join(x.read_bytes() for x in sorted(KERNEL.rglob("*.py")))
    state = Path(".mutants", hashlib.sha256(kernel).hexdigest()[:12])
    state.mkdir(parents=True, exist_ok=True)
    _measure(state, options.tests)
    drawn = state / f"drawn-{options.mutants}-{options.seed}.pickle"
    if not drawn.exists():
        drawn.write_bytes(pickle.dumps(draw(options.mutants, options.seed)))
    mutants, outcomes = pickle.loads(drawn.read_bytes()), _outcomes(state)
    done = {x for x, how in outcomes.items() if not (options.again and how in SURVIVED)}
    waiting = [
        x for x in mutants if x.name not in done and x.file.startswith(tuple(options.kernel))
    ]
    for file in {x.file for x in waiting}:
        importlib.import_module(".".join(Path(file.replace("/__init__", "")).with_suffix("").parts))
    plugin = Mutants(waiting, state, all_tests=options.tests == TESTS)
    code = pytest.main([*PYTEST, "-s", *map(str, options.tests)], plugins=[plugin])
    outcomes = _outcomes(state)
    left = sum(x.name not in outcomes for x in mutants)
    if left:
        print(f"{left} mutants are left; the page is written when there are none")
    else:
        write(mutants, outcomes, options.mutants, options.seed)
    return code


if __name__ == "__main__":
    sys.exit(main())
