"""Metrics for the evaluation sets of XGBoost and LightGBM."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from softset.metrics import larger_is_better
from softset.metrics.options import name_of
from softset.scores import Loss, Score

from .objective import arrays_of


def xgboost_metric(score: Score) -> Callable[..., Any]:
    """Turn a score or a loss into an evaluation metric for XGBoost.

    Parameters
    ----------
    score : what `as_score` or `as_loss` returned
        With ``from_logits=True`` if the objective is one of your own, for which XGBoost hands
        over raw scores, or ``binary:logitraw``; without it for ``binary:logistic`` and
        ``multi:softprob``, for which it hands over probabilities.

    Returns
    -------
    callable
        ``metric(y_true, y_pred, sample_weight=None)``, a float, as ``XGBClassifier(eval_metric=
        ...)`` calls it, or ``metric(y_pred, data)``, the name and the float, as
        ``xgboost.train(custom_metric=...)`` and ``xgboost.cv`` do. `y_pred` has the shape (n,),
        or (n, k) for k classes, where integer labels of shape (n,) become one-vs-rest: such a score
        has ``step=ArgMax()``. Picklable. It is named after the metric; that of
        a loss is ``loss_f1``.

    Raises
    ------
    TypeError
        If `score` does not come from `as_score` or `as_loss`.
    ValueError
        When called, if the labels are not class numbers from 0 to k - 1, and for all that the
        score itself refuses, among it raw scores outside [0, 1] without ``from_logits=True``.

    Notes
    -----
    **XGBoost stops early where its metric is smallest**, unless it is told ``maximize=True``:
    ``xgboost.train(..., maximize=True)``, or ``xgboost.callback.EarlyStopping(rounds=10,
    maximize=True)`` among the callbacks of a class. Or give it a loss of hard counts,
    ``as_loss(f1, step=Hard())``, which is 1 - F1. Without being told it maximises what has a name
    that begins with "auc", "map", "ndcg" or "pre", such as `precision`; no loss has.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends.sklearn import xgboost_metric
    >>> metric = xgboost_metric(ss.as_score(ss.f1, from_logits=True))
    >>> print(metric.__name__, metric(np.asarray([1, 0, 1]), np.asarray([2.0, 1.0, -1.0])))
    f1 0.5
    """
    name = _name_of(score)
    metric = partial(_for_xgboost, score, name)
    vars(metric)["__name__"] = name  # where XGBClassifier looks for it
    return metric


def lightgbm_metric(score: Score) -> Callable[..., tuple[str, float, bool]]:
    """Turn a score or a loss into an evaluation metric for LightGBM.

    Parameters
    ----------
    score : what `as_score` or `as_loss` returned
        With ``from_logits=True`` if the objective is one of your own, for which LightGBM hands
        over raw scores; without it for ``binary``, ``multiclass`` and ``multiclassova``, for
        which it hands over probabilities.

    Returns
    -------
    callable
        ``metric(y_true, y_pred, sample_weight=None)`` as ``LGBMClassifier().fit(eval_metric=...)``
        calls it, or ``metric(y_pred, data)`` as ``lightgbm.train(feval=...)`` and
        ``lightgbm.cv`` do. It returns the name, the value, and whether larger values are
        better, which LightGBM stops early by. Shapes, names and pickling as for
        `xgboost_metric`.

    Raises
    ------
    TypeError
        If `score` does not come from `as_score` or `as_loss`.
    ValueError
        If the metric has no better direction, as prevalence; when called, as for
        `xgboost_metric`.

    Notes
    -----
    Larger values of a function of your own count as better. For a cost of your own pass
    ``as_loss(cost, step=Hard(), maximize=False)``: of any loss smaller values are better.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends.sklearn import lightgbm_metric
    >>> metric = lightgbm_metric(ss.as_score(ss.f1, from_logits=True))
    >>> print(metric(np.asarray([1, 0, 1]), np.asarray([2.0, 1.0, -1.0])))
    ('f1', 0.5, True)
    """
    name = _name_of(score)
    larger = False if isinstance(score, Loss) else larger_is_better(score.metric)
    if larger is None:
        raise ValueError(
            f"`score` must have a better direction, got one of {name}; pass as_loss({name}, "
            "step=Hard(), maximize=...)"
        )
    return partial(_for_lightgbm, score, name, larger)


def _for_xgboost(
    score: Score, name: str, y_true: Any, y_pred: Any, sample_weight: Any = None
) -> Any:
    value = _value(score, y_true, y_pred, sample_weight)
    return (name, value) if hasattr(y_pred, "get_label") else value


def _for_lightgbm(
    score: Score, name: str, larger: bool, y_true: Any, y_pred: Any, sample_weight: Any = None
) -> tuple[str, float, bool]:
    return name, _value(score, y_true, y_pred, sample_weight), larger


def _value(score: Score, y_true: Any, y_pred: Any, sample_weight: Any) -> float:
    labels, scores, weights = arrays_of(y_true, y_pred, sample_weight)
    return float(score(labels, scores, sample_weight=weights))


def _name_of(score: Any) -> str:
    if not isinstance(score, Score):
        raise TypeError(f"`score` must be what as_score or as_loss returned, got {score!r}")
    # XGBoost writes "name:value" into a line, and splits it again at spaces and colons.
    name = re.sub(r"[\s:]+", "", name_of(score.metric))
    # In front: XGBoost maximises what begins with "pre".
    return f"loss_{name}" if isinstance(score, Loss) else name
