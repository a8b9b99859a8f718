"""Frameworks that keep their notices to themselves."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and start-up notices away from a progress bar."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with warnings.catch_warnings():
            silence()
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def silence() -> None:
    """Do so for good."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    warnings.simplefilter("ignore")
    # TensorFlow's C++ code writes to the descriptor, past sys.stderr.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
