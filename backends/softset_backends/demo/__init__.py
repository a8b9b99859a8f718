"""Training on F1 against training on cross-entropy, with every installed framework's own loop."""

from __future__ import annotations

try:
    from .runner import DemoResult, run
except ModuleNotFoundError as error:
    raise ImportError(
        f"the demo needs scikit-learn, matplotlib and rich, and {error.name} is not installed; "
        "pip install 'softset[cli]'"
    ) from error

__all__ = ["DemoResult", "run"]
