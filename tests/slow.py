"""The tests that take a second or more, which `make test` leaves to CI, and a plugin to find them.

``python -m pytest -p tests.slow -n 2 -m ''`` times all tests and writes them down anew;
with a part of the tests it does so for those that ran, and keeps the rest.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("slow.txt")
SECONDS = 1.0


def listed() -> set[str]:
    """Return the node ids of the slow tests."""
    return set(LIST.read_text("utf-8").splitlines())


class Stopwatch:
    """Adds up what each test takes with its fixtures, in the process that hears of all tests."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test to its time."""
        self.seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write the list."""
        slow = {test for test, seconds in self.seconds.items() if seconds >= SECONDS}
        lines = sorted(slow | (listed() - set(self.seconds)))
        LIST.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Take the time, unless this is a process that another one hears of."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch())
