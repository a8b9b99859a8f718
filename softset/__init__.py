"""Train a classifier on the metric that it is judged by, on any array library."""

from ._arrays import array_namespace
from ._arrays.values import checks
from ._types import Confusion
from .averages import macro, micro, weighted
from .counts import confusion, one_hot, sweep
from .curves import (
    auroc,
    average_precision,
    grid,
    precision_recall_curve,
    roc_curve,
)
from .entropy import cross_entropy
from .gradients import linearize, value_and_grad
from .losses import as_loss, as_score
from .memory import empty_memory, remember
from .metrics import (
    accuracy,
    balanced_accuracy,
    bennett_s,
    bias_score,
    cohen_kappa,
    diagnostic_odds_ratio,
    distance_to_corner,
    error_rate,
    expected_cost,
    f1,
    false_discovery_rate,
    false_negative_rate,
    false_omission_rate,
    false_positive_rate,
    fbeta,
    fowlkes_mallows,
    geometric_mean,
    gilbert_skill_score,
    gwet_ac1,
    index_of_balanced_accuracy,
    informedness,
    jaccard,
    lift,
    markedness,
    matthews_corrcoef,
    negative_f1,
    negative_likelihood_ratio,
    negative_predictive_value,
    net_benefit,
    p4,
    positive_likelihood_ratio,
    precision,
    predicted_positive_rate,
    prevalence,
    prevalence_threshold,
    recall,
    scott_pi,
    specificity,
    tversky,
    yule_q,
)
from .ranking import Logistic, Squared, SquaredHinge, WilcoxonMannWhitney, pairwise_loss
from .steps import (
    Algebraic,
    Arctan,
    Cosine,
    Hard,
    Identity,
    Linear,
    Ramp,
    Sigmoid,
    StraightThrough,
)
from .thresholds import best_threshold, cost_threshold, threshold_at
from .weights import class_weight, pos_weight, sample_weight

__all__ = [
    # Counting
    "Confusion",
    "confusion",
    "one_hot",
    # Step functions
    "Hard",
    "Linear",
    "Sigmoid",
    "Identity",
    "Ramp",
    "Cosine",
    "Arctan",
    "Algebraic",
    "StraightThrough",
    # Losses and scores
    "as_loss",
    "as_score",
    "cross_entropy",
    # Curves and thresholds
    "grid",
    "roc_curve",
    "precision_recall_curve",
    "auroc",
    "average_precision",
    "sweep",
    "best_threshold",
    "threshold_at",
    "cost_threshold",
    # Ranking
    "pairwise_loss",
    "SquaredHinge",
    "Squared",
    "Logistic",
    "WilcoxonMannWhitney",
    # Averages over classes
    "micro",
    "macro",
    "weighted",
    # Gradients without a framework
    "value_and_grad",
    "linearize",
    # Counts of earlier batches
    "empty_memory",
    "remember",
    # Weights
    "class_weight",
    "pos_weight",
    "sample_weight",
    # For metrics of your own
    "array_namespace",
    "checks",
    # Metrics
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
