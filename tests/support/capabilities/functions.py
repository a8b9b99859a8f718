"""Every public function of softset, each in one row, with a call of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import softset as ss
from softset import metrics
from tests.support.capabilities.rows import FORMS, Row

_GRID = ss.grid(7)
_F1 = ss.as_loss(ss.f1)
_SORTS = {"Dask": "needs? a sort|takes a sort", "ONNX": r"aten\.sort"}


def hidden(option: str) -> dict[str, str]:
    return dict.fromkeys(FORMS, f"`{option}` needs values that can be seen")


def counted(metric: Any, **options: Any) -> Callable[..., Any]:
    return lambda y, p: metric(ss.confusion(y, p, **options))


def stepped(step: Any, **options: Any) -> Callable[..., Any]:
    return partial(ss.confusion, step=step, **options)


def grouped(metric: Any) -> Callable[..., Any]:
    return lambda y, p, g: metric(ss.confusion(y, p, groups=g, num_groups=2))


def tabled(metric: Any) -> Callable[..., Any]:
    return lambda y, p: metric(ss.confusion_table(y, p))


def constrained(constraint: Any) -> Callable[..., Any]:
    found = ss.constrained(_F1, (constraint,))

    def call(y: Any, p: Any) -> Any:
        loss = found.lagrangian(ss.array_namespace(p).ones_like(p[:1]))
        return loss(y, p), found.penalty(2.0)(y, p), found.violations(y, p)

    return call


def remembered(y: Any, p: Any) -> Any:
    c = ss.confusion(y, p)
    return ss.remember(c, ss.empty_memory(c, 2))[0]


def unchecked(y: Any, p: Any) -> Any:
    with ss.checks(False):
        return ss.confusion(y, p)


_OPTIONS: dict[str, dict[str, float]] = {
    "expected_cost": {"fp": 1.0, "fn": 4.0},
    "fbeta": {"beta": 2.0},
    "net_benefit": {"fp_weight": 0.7},
    "tversky": {"fp_weight": 0.3, "fn_weight": 0.9},
}
_METRICS = {
    name: counted(partial(getattr(ss, name), **_OPTIONS.get(name, {})))
    for name in metrics.__all__
    if name not in ("larger_is_better", "prevalence")
}
_COST = ((0.0, 1.0, 2.0), (1.0, 0.0, 1.0), (3.0, 1.0, 0.0))

FUNCTIONS = (
    Row(
        {
            "Confusion": counted(lambda c: c + ss.Confusion(1.0, 1.0, 1.0, 1.0)),
            "confusion": ss.confusion,
            "grid": partial(ss.confusion, thresholds=_GRID),
            "cost_threshold": stepped(ss.Linear(), threshold=ss.cost_threshold(fp=1.0, fn=4.0)),
            "remember": remembered,
        }
    ),
    Row(
        {
            "ConfusionTable": tabled(lambda c: (c + c).counts),
            "confusion_table": tabled(lambda c: c.counts),
            "one_vs_rest_counts": tabled(ss.one_vs_rest_counts),
        },
        "numbers",
    ),
    Row(
        {
            "one_hot": lambda y, p: ss.one_hot(y, 3),
            "class_labels": lambda y, p: tuple(ss.class_labels(y, 3, ignore=2)),
            "class_weight": lambda y, p: ss.class_weight(y, num_classes=3),
            "sample_weight": lambda y, p: ss.sample_weight(y, p[0, :]),
        },
        "numbers",
        gradient="no",
    ),
    Row(
        {
            "pos_weight": lambda y, p: ss.pos_weight(y),
            "empty_memory": counted(lambda c: ss.empty_memory(c, 2)),
            "expected_labels": ss.expected_labels,
            "linear_schedule": lambda y, p: ss.linear_schedule(p[0], 0.1, 0.9),
            "raise_multipliers": lambda y, p: ss.raise_multipliers(p[:2], p[2:4] - 0.5, 0.5),
            "prevalence": counted(ss.prevalence),
            "Hard": stepped(ss.Hard()),
            "as_score": ss.as_score(ss.f1),
        },
        gradient="0",
    ),
    Row(
        {
            "Linear": stepped(ss.Linear()),
            "Sigmoid": stepped(ss.Sigmoid()),
            "Identity": stepped(ss.Identity()),
            "Ramp": stepped(ss.Ramp(0.4)),
            "Cosine": stepped(ss.Cosine(0.4)),
            "Arctan": stepped(ss.Arctan(8.0)),
            "Algebraic": stepped(ss.Algebraic(6.0)),
            "StraightThrough": stepped(ss.StraightThrough(ss.Sigmoid())),
        },
        slopes={"StraightThrough": stepped(ss.Sigmoid())},
    ),
    Row({"Softmax": stepped(ss.Softmax(), axis=0)}, "labels"),
    Row({"ArgMax": stepped(ss.ArgMax(), axis=0)}, "labels", gradient="0"),
    Row({"TopK": stepped(ss.TopK(2), axis=0)}, "labels", gradient="0", refused=_SORTS),
    Row(
        {
            "as_loss": _F1,
            "cross_entropy": ss.cross_entropy,
            "compound_loss": ss.compound_loss((_F1, ss.cross_entropy), weights=(0.7, 0.3)),
            "linearize": lambda y, p: ss.linearize(_F1, _F1.confusion(y, p))(y, p),
            "at_most": constrained(ss.at_most(ss.false_positive_rate, 0.2)),
            "at_least": constrained(ss.at_least(ss.recall, 0.9)),
            "constrained": constrained(ss.at_most(ss.predicted_positive_rate, 0.3)),
        },
        slopes={"linearize": _F1},
    ),
    Row({"value_and_grad": ss.value_and_grad(_F1)}, gradient="no"),
    Row(
        {
            "roc_curve": counted(ss.roc_curve, thresholds=_GRID),
            "precision_recall_curve": counted(ss.precision_recall_curve, thresholds=_GRID),
            "auroc": counted(ss.auroc, thresholds=_GRID),
            "average_precision": counted(ss.average_precision, thresholds=_GRID),
        }
    ),
    Row(
        {
            "sweep": ss.sweep,
            "best_threshold": partial(ss.best_threshold, ss.f1),
            "threshold_at": partial(ss.threshold_at, ss.recall, ss.precision, 0.5),
        },
        gradient="no",
        refused=_SORTS,
    ),
    Row(
        {
            "best_threshold(thresholds=)": partial(ss.best_threshold, ss.f1, thresholds=_GRID),
            "threshold_at(thresholds=)": partial(
                ss.threshold_at, ss.recall, ss.precision, 0.5, thresholds=_GRID
            ),
        },
        gradient="0",
    ),
    Row(
        {
            "threshold_at(confidence=)": partial(
                ss.threshold_at, ss.precision, ss.recall, 0.5, confidence=0.8, thresholds=_GRID
            )
        },
        gradient="no",
        refused=hidden("confidence"),
    ),
    Row(
        {
            "best_threshold(by_group=True)": lambda y, p, g: ss.best_threshold(
                ss.f1, y, p, thresholds=_GRID, groups=g, num_groups=2, by_group=True
            )
        },
        "groups",
        gradient="no",
        refused=hidden("by_group"),
    ),
    Row(
        {
            "pairwise_loss": ss.pairwise_loss,
            "SquaredHinge": partial(ss.pairwise_loss, surrogate=ss.SquaredHinge(0.4)),
            "WilcoxonMannWhitney": partial(ss.pairwise_loss, surrogate=ss.WilcoxonMannWhitney()),
        },
        refused=_SORTS,
    ),
    Row(
        {"Logistic": partial(ss.pairwise_loss, surrogate=ss.Logistic())},
        refused={"Dask": _SORTS["Dask"]},
    ),
    Row({"Squared": partial(ss.pairwise_loss, surrogate=ss.Squared())}),
    Row(
        {
            "micro": counted(ss.micro(ss.f1), axis=0),
            "macro": counted(ss.macro(ss.f1), axis=0),
            "weighted": counted(ss.weighted(ss.f1), axis=0),
            "samples": counted(ss.samples(ss.f1), axis=1),
        },
        "labels",
    ),
    Row(
        {
            "largest_gap": grouped(ss.largest_gap(ss.recall)),
            "smallest_ratio": grouped(ss.smallest_ratio(ss.recall)),
            "worst_group": grouped(ss.worst_group(ss.recall)),
            "group_mean": grouped(ss.group_mean(ss.recall)),
        },
        "groups",
    ),
    Row(
        _METRICS | {"focal": counted(ss.focal(ss.f1, power=0.75))},
        title="`focal`, and every other [metric](metrics.md) of a `Confusion`",
    ),
    Row(
        {
            "one_vs_rest": tabled(ss.one_vs_rest(ss.f1)),
            "of_table": tabled(ss.of_table(lambda c: ss.multiclass_accuracy(c))),
            "multiclass_accuracy": tabled(ss.multiclass_accuracy),
            "multiclass_balanced_accuracy": tabled(ss.multiclass_balanced_accuracy),
            "multiclass_cohen_kappa": tabled(ss.multiclass_cohen_kappa),
            "multiclass_expected_cost": tabled(partial(ss.multiclass_expected_cost, cost=_COST)),
            "multiclass_geometric_mean": tabled(ss.multiclass_geometric_mean),
            "multiclass_matthews_corrcoef": tabled(ss.multiclass_matthews_corrcoef),
        },
        "numbers",
    ),
    Row(
        {"array_namespace": lambda y, p: ss.array_namespace(y, p).sum(p), "checks": unchecked},
    ),
)
