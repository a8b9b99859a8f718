"""Which way of training is best on the user's own data: fits, records, and what they say."""

from __future__ import annotations

try:
    from .question import Question
    from .recommendation import Recommendation, recommend
    from .records import Record
    from .report import write
    from .runner import compare
    from .summary import summarise
    from .tables import table
    from .training import Budget
except ModuleNotFoundError as error:
    raise ImportError(
        f"comparisons need {error.name}, which is not installed; pip install 'softset[compare]'"
    ) from error

__all__ = [
    "compare",
    "Budget",
    "Record",
    "Question",
    "recommend",
    "Recommendation",
    "summarise",
    "table",
    "write",
]
