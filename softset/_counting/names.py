"""What the caller calls the labels and the scores: errors speak of them so."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """The names of a call's two arrays, what the scores are, and which of both comes first."""

    y_true: str = "y_true"
    y_prob: str = "y_prob"
    logits: str = "logits"
    order: str = "y_true comes first"


NAMES = Names()
RANKING = Names(y_prob="y_score", logits="scores")
