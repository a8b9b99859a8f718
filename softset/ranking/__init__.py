"""Ranking losses: over all pairs of a positive and a negative."""

from .loss import pairwise_loss
from .surrogates import Logistic, Squared, SquaredHinge, WilcoxonMannWhitney

__all__ = ["Logistic", "Squared", "SquaredHinge", "WilcoxonMannWhitney", "pairwise_loss"]
