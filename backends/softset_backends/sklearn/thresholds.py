"""A classifier with tuned thresholds."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import cross_val_predict
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

import softset as ss
from softset._options import between
from softset._types import Metric

from .calibration import Method, recalibrated
from .responses import method_of, of_positives, two_columns

# Of so many rows labels and probabilities weigh the same, as benchmarks/thresholds.py measures. Of
# fewer the labels are noise, of more a curve that does not fit the scores would cost more.
_WORTH = 300
_TINY = np.finfo(np.float64).tiny


def _has_probabilities(self: Any) -> bool:
    return hasattr(getattr(self, "estimator_", self.estimator), "predict_proba")


def _has_margins_only(self: Any) -> bool:
    estimator = getattr(self, "estimator_", self.estimator)
    return hasattr(estimator, "decision_function") and not _has_probabilities(self)


class ThresholdClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Give a classifier the thresholds that a metric is best at.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`, or else `decision_function`, for two classes or for an indicator
        matrix of labels. LightGBM with an objective of your own gives raw scores as
        `predict_proba`, of shape (n,); their logistic function is taken for the probability.
    metric : callable, default f1
        Any function of a `Confusion`, as for `best_threshold`. With several labels each gets
        the threshold that its own metric is best at, which is best for the macro average too.
    cv : int, splitter or "prefit", default 5
        How `sklearn.model_selection.cross_val_predict` splits the data. With "prefit" the
        estimator is used as it is, and the data of `fit` choose the thresholds only: they must
        not be those that it was fitted on.
    maximize : bool, optional
        Whether larger values of the metric are better, as for `as_loss`.
    expected : float, optional
        The share of probabilities in what is counted, as for `softset.expected_labels`: 0 for the
        labels alone, 1 for expected counts alone. By default they are worth 300 rows: of n rows
        the share is 300 / (300 + n).
    calibration : {"sigmoid", "isotonic"} or None, default "sigmoid"
        How `recalibrated` makes these probabilities of the scores, on the rows that choose the
        thresholds; with None they are those of the estimator. `predict_proba` gives the
        estimator's in any case.

    Attributes
    ----------
    estimator_ : classifier
        The estimator, fitted on all data.
    thresholds_ : array of shape (1,), or (k,) for k labels
        The probabilities from which on a label is given, or the values of `decision_function`.
    classes_
        Those of `estimator_`. Of two classes the second is the positive one.

    Raises
    ------
    TypeError
        When fitted, if the estimator has neither `predict_proba` nor `decision_function`, as a
        Booster of XGBoost or LightGBM.
    ValueError
        When fitted, for more than two classes: thresholds do not make an arg max. For a decision
        about each class by itself pass the indicator matrix of
        ``sklearn.preprocessing.label_binarize``. If `predict_proba` gives neither of the
        above, or anything outside [0, 1]; if `expected` is no share or `calibration` is another
        one, or None for what has no probabilities.

    Warns
    -----
    UserWarning
        When fitted, if the labels are far from the estimator's probabilities and these are counted
        with as they are and without weights, as `softset.expected_labels` says.

    Notes
    -----
    The thresholds come from probabilities for rows that were not fitted on, all folds together,
    and every cut between two of them is tried, of counts by the labels and by what these
    probabilities, recalibrated, say of the rows. scikit-learn's ``TunedThresholdClassifierCV``
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
        expected: float | None = None,
        calibration: Method | None = "sigmoid",
    ) -> None:
        self.estimator = estimator
        self.metric = metric
        self.cv = cv
        self.maximize = maximize
        self.expected = expected
        self.calibration = calibration

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ThresholdClassifier:
        """Choose the thresholds on rows that were not fitted on, and fit on all rows."""
        method = method_of(self.estimator)
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
            scores = getattr(self.estimator_, method)(X)
        else:
            scores = cross_val_predict(
                self.estimator, X, y, cv=self.cv, method=method, params=options
            )
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
        columns = of_positives(scores, method, labels.shape[1])
        # Margins as shares of their range: midway between two of these is midway between those.
        low, size = np.zeros(1), np.ones(1)
        if method != "predict_proba":
            low, size = columns.min(axis=0), np.ptp(columns, axis=0)
            size = np.where(size > 0, size, 1.0)
        shares, _ = ss.best_threshold(
            self.metric,
            self._counted_as(labels, columns, weights),
            (columns - low) / size,
            sample_weight=weights,
            axis=0,
            maximize=self.maximize,
        )
        self.thresholds_ = low + size * shares
        return self

    def _counted_as(self, labels: Any, columns: Any, weights: Any) -> Any:
        """Return what chooses the thresholds in the place of the labels."""
        share = _WORTH / (_WORTH + len(labels)) if self.expected is None else self.expected
        between("expected", share)
        margins = not _has_probabilities(self)
        known = get_args(Method) if margins else (*get_args(Method), None)
        if self.calibration not in known:
            raise ValueError(
                f"`calibration` must be one of {known}, got {self.calibration!r}"
                f"{'; the estimator has no predict_proba' if margins else ''}"
            )
        if share == 0:
            return labels
        if margins:  # a line through the logits of these is one through the margins
            columns = expit((columns - columns.mean(axis=0)) / (columns.std(axis=0) + _TINY))
        method: Any = self.calibration
        if method is not None:
            columns = recalibrated(labels, columns, method=method, sample_weight=weights)
        elif weights is None:
            return ss.expected_labels(labels, columns, share=share, axis=0)
        # What is fitted to weighted rows need not expect what the rows have, each as one.
        return labels + share * (columns - labels)

    @property
    def classes_(self) -> Any:
        """Return the classes of the fitted estimator."""
        return self.estimator_.classes_

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of the fitted estimator, of two classes in two columns."""
        check_is_fitted(self, "estimator_")
        return two_columns(self.estimator_.predict_proba(X))

    @available_if(_has_margins_only)
    def decision_function(self, X: Any) -> Any:
        """Return the decision function of the fitted estimator, if it has no probabilities."""
        check_is_fitted(self, "estimator_")
        return self.estimator_.decision_function(X)

    def predict(self, X: Any) -> Any:
        """Return the labels: positive from the threshold on."""
        check_is_fitted(self, "thresholds_")
        method = method_of(self.estimator_)
        scores = getattr(self.estimator_, method)(X)
        positive = of_positives(scores, method, len(self.thresholds_)) >= self.thresholds_
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


def _check_both(labels: Any) -> None:
    for i, column in enumerate(labels.T):
        if len(np.unique(column)) < 2:
            which = f" of label {i}" if labels.shape[1] > 1 else ""
            raise ValueError(f"`y` must hold both classes{which} to choose a threshold, got one")
