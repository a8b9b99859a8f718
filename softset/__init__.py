"""Train a classifier on the metric that it is judged by, on any array library."""

from __future__ import annotations

__version__ = "0.1.0"  # the one place, which the build reads as well

TYPE_CHECKING = False  # typing itself takes long to import

if TYPE_CHECKING:
    from ._arrays import array_namespace
    from ._arrays.values import checks
    from ._types import Confusion, ConfusionTable
    from .across import group_mean, largest_gap, smallest_ratio, worst_group
    from .averages import macro, micro, samples, weighted
    from .compound import compound_loss
    from .constraints import at_least, at_most, constrained, raise_multipliers
    from .counts import confusion, sweep
    from .curves import auroc, average_precision, grid, precision_recall_curve, roc_curve
    from .entropy import cross_entropy
    from .gradients import linearize, value_and_grad
    from .labels import class_labels, one_hot
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
    from .metrics.tables import (
        multiclass_accuracy,
        multiclass_balanced_accuracy,
        multiclass_cohen_kappa,
        multiclass_expected_cost,
        multiclass_geometric_mean,
        multiclass_matthews_corrcoef,
        of_table,
    )
    from .powers import focal
    from .ranking import Logistic, Squared, SquaredHinge, WilcoxonMannWhitney, pairwise_loss
    from .schedules import linear_schedule
    from .steps import (
        Algebraic,
        Arctan,
        ArgMax,
        Cosine,
        Hard,
        Identity,
        Linear,
        Ramp,
        Sigmoid,
        Softmax,
        StraightThrough,
        TopK,
    )
    from .tables import confusion_table, one_vs_rest, one_vs_rest_counts
    from .thresholds import best_threshold, cost_threshold, expected_labels, threshold_at
    from .weights import class_weight, pos_weight, sample_weight

__all__ = [
    # Counting
    "Confusion",
    "confusion",
    "one_hot",
    "class_labels",
    "ConfusionTable",
    "confusion_table",
    "one_vs_rest_counts",
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
    "ArgMax",
    "TopK",
    "Softmax",
    # Losses and scores
    "as_loss",
    "as_score",
    "cross_entropy",
    "compound_loss",
    "linear_schedule",
    # Constraints
    "at_most",
    "at_least",
    "constrained",
    "raise_multipliers",
    # Curves and thresholds
    "grid",
    "roc_curve",
    "precision_recall_curve",
    "auroc",
    "average_precision",
    "sweep",
    "best_threshold",
    "threshold_at",
    "expected_labels",
    "cost_threshold",
    # Ranking
    "pairwise_loss",
    "SquaredHinge",
    "Squared",
    "Logistic",
    "WilcoxonMannWhitney",
    # Averages over classes and examples
    "micro",
    "macro",
    "weighted",
    "samples",
    # Focal powers
    "focal",
    # Metrics across groups
    "largest_gap",
    "smallest_ratio",
    "worst_group",
    "group_mean",
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
    # Metrics of a table
    "one_vs_rest",
    "of_table",
    "multiclass_accuracy",
    "multiclass_balanced_accuracy",
    "multiclass_cohen_kappa",
    "multiclass_expected_cost",
    "multiclass_geometric_mean",
    "multiclass_matthews_corrcoef",
]

# Which room each name comes from, in the order of the chain: loaded when it is asked for.
_ROOMS = {
    "_types": ("Confusion", "ConfusionTable"),
    "counts": ("confusion", "sweep"),
    "labels": ("class_labels", "one_hot"),
    "_arrays": ("array_namespace",),
    "_arrays.values": ("checks",),
    "steps": (
        "Algebraic",
        "ArgMax",
        "Arctan",
        "Cosine",
        "Hard",
        "Identity",
        "Linear",
        "Ramp",
        "Sigmoid",
        "Softmax",
        "StraightThrough",
        "TopK",
    ),
    "losses": ("as_loss", "as_score"),
    "entropy": ("cross_entropy",),
    "compound": ("compound_loss",),
    "schedules": ("linear_schedule",),
    "constraints": ("at_least", "at_most", "constrained", "raise_multipliers"),
    "curves": ("auroc", "average_precision", "grid", "precision_recall_curve", "roc_curve"),
    "tables": ("confusion_table", "one_vs_rest", "one_vs_rest_counts"),
    "metrics.tables": (
        "multiclass_accuracy",
        "multiclass_balanced_accuracy",
        "multiclass_cohen_kappa",
        "multiclass_expected_cost",
        "multiclass_geometric_mean",
        "multiclass_matthews_corrcoef",
        "of_table",
    ),
    "thresholds": ("best_threshold", "cost_threshold", "expected_labels", "threshold_at"),
    "ranking": ("Logistic", "Squared", "SquaredHinge", "WilcoxonMannWhitney", "pairwise_loss"),
    "across": ("group_mean", "largest_gap", "smallest_ratio", "worst_group"),
    "averages": ("macro", "micro", "samples", "weighted"),
    "powers": ("focal",),
    "gradients": ("linearize", "value_and_grad"),
    "memory": ("empty_memory", "remember"),
    "weights": ("class_weight", "pos_weight", "sample_weight"),
}
_AREAS = ("auroc", "average_precision")
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
_ROOM_OF.update({name: "metrics" for name in __all__ if name not in _ROOM_OF})


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _ROOM_OF:
        value = getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    elif name == "metrics" or name in _ROOMS:
        value = import_module(f".{name}", __name__)
    else:
        from ._other_names import missing

        metrics = [x for x, room in _ROOM_OF.items() if room == "metrics" or x in _AREAS]
        metrics += [x for x in _ROOMS["metrics.tables"] if x != "of_table"]
        raise missing(__name__, name, __all__, metrics)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
