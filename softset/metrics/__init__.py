"""Metrics: functions of a Confusion, elementwise over its shape, for training and evaluation.

A metric of your own is any function of a Confusion; nothing has to be registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._types import Metric
from .accuracies import (
    accuracy,
    balanced_accuracy,
    bennett_s,
    error_rate,
    geometric_mean,
    index_of_balanced_accuracy,
    informedness,
)
from .agreements import (
    cohen_kappa,
    gilbert_skill_score,
    gwet_ac1,
    markedness,
    matthews_corrcoef,
    scott_pi,
    yule_q,
)
from .costs import expected_cost, net_benefit
from .marginals import bias_score, predicted_positive_rate, prevalence
from .odds import (
    diagnostic_odds_ratio,
    distance_to_corner,
    lift,
    negative_likelihood_ratio,
    positive_likelihood_ratio,
    prevalence_threshold,
)
from .options import core
from .overlaps import f1, fbeta, fowlkes_mallows, jaccard, negative_f1, p4, tversky
from .rates import (
    false_discovery_rate,
    false_negative_rate,
    false_omission_rate,
    false_positive_rate,
    negative_predictive_value,
    precision,
    recall,
    specificity,
)

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "bennett_s",
    "bias_score",
    "cohen_kappa",
    "diagnostic_odds_ratio",
    "distance_to_corner",
    "error_rate",
    "expected_cost",
    "f1",
    "false_discovery_rate",
    "false_negative_rate",
    "false_omission_rate",
    "false_positive_rate",
    "fbeta",
    "fowlkes_mallows",
    "geometric_mean",
    "gilbert_skill_score",
    "gwet_ac1",
    "index_of_balanced_accuracy",
    "informedness",
    "jaccard",
    "larger_is_better",
    "lift",
    "markedness",
    "matthews_corrcoef",
    "negative_f1",
    "negative_likelihood_ratio",
    "negative_predictive_value",
    "net_benefit",
    "p4",
    "positive_likelihood_ratio",
    "precision",
    "predicted_positive_rate",
    "prevalence",
    "prevalence_threshold",
    "recall",
    "scott_pi",
    "specificity",
    "tversky",
    "yule_q",
]

_SMALLER_IS_BETTER = frozenset(
    {
        distance_to_corner,
        error_rate,
        expected_cost,
        false_discovery_rate,
        false_negative_rate,
        false_omission_rate,
        false_positive_rate,
        negative_likelihood_ratio,
        prevalence_threshold,
    }
)
# By identity: functools.wraps gives other functions the names of these, and not all have a hash.
_BUILT_IN = frozenset(id(globals()[name]) for name in __all__ if name != "larger_is_better")
_NO_DIRECTION = frozenset({bias_score, predicted_positive_rate, prevalence})


def larger_is_better(metric: Metric) -> bool | None:
    """Tell whether a metric is to be maximised.

    Parameters
    ----------
    metric : callable
        A built-in, one with options fixed by functools.partial, an average of one, or any other
        function of a Confusion.

    Returns
    -------
    bool or None
        True or False; None for a built-in without a direction, such as `prevalence`. True for
        a function that is not built in.

    Examples
    --------
    >>> import softset as ss
    >>> from softset.metrics import larger_is_better
    >>> larger_is_better(ss.f1), larger_is_better(ss.error_rate), larger_is_better(ss.prevalence)
    (True, False, None)
    """
    metric = core(metric)
    # Not `in`: a callable need not be hashable.
    if any(metric is known for known in _NO_DIRECTION):
        return None
    return not any(metric is known for known in _SMALLER_IS_BETTER)


def direction(metric: Metric, maximize: bool | None) -> bool:
    """Return whether a metric is to be maximised: as said, else as known."""
    if maximize is None:
        maximize = larger_is_better(metric)
    if maximize is None:
        raise ValueError(
            f"`metric` {getattr(metric, '__name__', metric)} is neither better when larger nor "
            "when smaller; pass maximize=True or maximize=False"
        )
    return maximize


def is_built_in(metric: Any) -> bool:
    """Tell whether a function is a built-in metric."""
    return id(metric) in _BUILT_IN


if not TYPE_CHECKING:  # to a type checker all names would be found

    def __getattr__(name: str) -> object:
        from .._other_names import missing

        raise missing(__name__, name, __all__, __all__)
