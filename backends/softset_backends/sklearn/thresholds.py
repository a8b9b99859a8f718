"""A classifier with tuned thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import cross_val_predict
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

import softset as ss
from softset._types import Metric


def _has_probabilities(self: Any) -> bool:
    return hasattr(getattr(self, "estimator_", self.estimator), "predict_proba")


class ThresholdClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Give a classifier the thresholds that a metric is best at.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`, for two classes or for an indicator matrix of labels. LightGBM with
        an objective of your own gives raw scores there, of shape (n,); their logistic function
        is taken for the probability.
    metric : callable, default f1
        Any function of a `Confusion`, as for `best_threshold`. With several labels each gets
        the threshold that its own metric is best at, which is best for the macro average too.
    cv : int, splitter or "prefit", default 5
        How `sklearn.model_selection.cross_val_predict` splits the data. With "prefit" the
        estimator is used as it is, and the data of `fit` choose the thresholds only: they must
        not be those that it was fitted on.
    maximize : bool, optional
        Whether larger values of the metric are better, as for `as_loss`.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted on all data.
    thresholds_ : array of shape (1,), or (k,) for k labels
        The probabilities from which on a label is given.
    classes_
        Those of `estimator_`. Of two classes the second is the positive one.

    Raises
    ------
    TypeError
        When fitted, if the estimator has no `predict_proba`, as a Booster of XGBoost or LightGBM.
    ValueError
        When fitted, for more than two classes: thresholds do not make an arg max. For a decision
        about each class by itself pass the indicator matrix of
        ``sklearn.preprocessing.label_binarize``. If `predict_proba` gives neither of the
        above, or anything outside [0, 1].

    Notes
    -----
    The thresholds come from probabilities for rows that were not fitted on, all folds together,
    and every cut between two of them is tried. scikit-learn's ``TunedThresholdClassifierCV``
    tries 100 thresholds on each fold and averages the scores; it takes two classes only and any
    scorer. `sample_weight` goes to the estimator's `fit`, which a pipeline takes by scikit-learn's
    metadata routing only, and enters the counts.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from softset_backends.sklearn import ThresholdClassifier
    >>> x, y = load_breast_cancer(return_X_y=True)
    >>> model = ThresholdClassifier(make_pipeline(StandardScaler(), LogisticRegression()))
    >>> print(model.fit(x, y).thresholds_.round(2))
    [0.49]
    """

    def __init__(
        self,
        estimator: Any,
        metric: Metric = ss.f1,
        *,
        cv: Any = 5,
        maximize: bool | None = None,
    ) -> None:
        self.estimator = estimator
        self.metric = metric
        self.cv = cv
        self.maximize = maximize

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ThresholdClassifier:
        """Choose the thresholds on rows that were not fitted on, and fit on all rows."""
        _check_estimator(self.estimator)
        kind = type_of_target(y, input_name="y")
        if kind == "unknown":
            raise ValueError(
                "Unknown label type: `y` must hold numbers, booleans or strings, got "
                f"{np.ravel(y)[0]!r} among them"
            )
        if kind not in ("binary", "multilabel-indicator"):
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}. For "
                "a decision about each class by itself pass its indicator matrix, as from "
                "sklearn.preprocessing.label_binarize"
            )
        if kind == "binary":
            y = column_or_1d(y, warn=True)
        elif issparse(y):
            y = y.toarray()
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        if isinstance(self.cv, str) and self.cv == "prefit":
            self.estimator_ = self.estimator
            probability = self.predict_proba(X)
        else:
            probability = cross_val_predict(
                self.estimator, X, y, cv=self.cv, method="predict_proba", params=options
            )
            probability = _in_columns(probability)
            model: Any = clone(self.estimator)
            self.estimator_ = model.fit(X, y, **options)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        labels = np.asarray(y)
        if kind == "binary":
            labels = labels[:, None] == self.classes_[-1]
        _check_both(labels)
        weights = None if sample_weight is None else np.asarray(sample_weight)[:, None]
        self.thresholds_, _ = ss.best_threshold(
            self.metric,
            labels,
            _of_positives(probability, labels.shape[1]),
            sample_weight=weights,
            axis=0,
            maximize=self.maximize,
        )
        return self

    @property
    def classes_(self) -> Any:
        """Return the classes of the fitted estimator."""
        return self.estimator_.classes_

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of the fitted estimator, of two classes in two columns."""
        check_is_fitted(self, "estimator_")
        return _in_columns(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> Any:
        """Return the labels: positive from the threshold on."""
        check_is_fitted(self, "thresholds_")
        positive = _of_positives(self.predict_proba(X), len(self.thresholds_)) >= self.thresholds_
        if len(self.thresholds_) > 1:
            return positive.astype(int)
        return self.classes_[positive[:, 0].astype(int)]

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import get_tags  # since 1.6, as is whoever asks for tags

        tags, theirs = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = getattr(theirs.classifier_tags, "multi_label", False)
        tags.input_tags = theirs.input_tags
        return tags


def _check_estimator(estimator: Any) -> None:
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"`estimator` must have predict_proba, got {type(estimator).__name__}; for scores that "
            "you have, as a Booster's, take softset.best_threshold(metric, y_true, scores), with "
            "from_logits=True if they are raw"
        )


def _in_columns(probability: Any) -> Any:
    """Return probabilities, of raw scores in one dimension too, in a column for each class."""
    if isinstance(probability, list):  # one array for each label
        return [_in_columns(p) for p in probability]
    if np.ndim(probability) == 1:
        logits = np.asarray(probability, dtype=np.float64)
        return np.stack([expit(-logits), expit(logits)], axis=1)
    return probability


def _of_positives(probability: Any, labels: int) -> Any:
    """Return the probabilities of the positives, one column for each label."""
    if isinstance(probability, list):
        found = np.stack([p[:, 1] for p in probability], axis=1)
    else:
        columns = 2 if labels == 1 else labels
        if np.shape(probability)[1:] != (columns,):
            raise ValueError(
                f"`estimator` must give probabilities of shape (n, {columns}), got "
                f"{np.shape(probability)}"
            )
        found = probability if labels > 1 else probability[:, 1:]
    if not np.all((found >= 0) & (found <= 1)):
        raise ValueError(
            "`estimator` must give probabilities in [0, 1], got values from "
            f"{np.min(found)} to {np.max(found)}; XGBoost gives them with binary:logistic"
        )
    return found


def _check_both(labels: Any) -> None:
    for i, column in enumerate(labels.T):
        if len(np.unique(column)) < 2:
            which = f" of label {i}" if labels.shape[1] > 1 else ""
            raise ValueError(f"`y` must hold both classes{which} to choose a threshold, got one")
