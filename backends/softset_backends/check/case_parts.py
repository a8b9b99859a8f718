"""What the cases of `softset check` are made of: steps, metrics, ways to count, and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

import softset as ss
from softset import metrics

# Every step function with some of its parameters, which take turns over the modes.
STEPS: Mapping[str, Sequence[Any]] = {
    "Linear": (ss.Linear(), ss.Linear(delta=0.05), ss.Linear(delta=0.35)),
    "Sigmoid": (ss.Sigmoid(k=10.0), ss.Sigmoid(k=40.0)),
    "Identity": (ss.Identity(),),
    "Ramp": (ss.Ramp(width=0.5), ss.Ramp(width=0.9)),
    "Cosine": (ss.Cosine(width=0.7), ss.Cosine(width=0.4)),
    "Arctan": (ss.Arctan(k=10.0), ss.Arctan(k=3.0)),
    "Algebraic": (ss.Algebraic(k=10.0), ss.Algebraic(k=3.0)),
    "Hard": (ss.Hard(),),
    "StraightThrough": (
        ss.StraightThrough(ss.Linear()),
        ss.StraightThrough(ss.Sigmoid(k=10.0)),
    ),
}

_OPTIONS: Mapping[str, Sequence[Mapping[str, float]]] = {
    "fbeta": ({"beta": 0.5}, {"beta": 2.0}),
    "tversky": ({"fp_weight": 0.3, "fn_weight": 0.7},),
    "net_benefit": ({"fp_weight": 0.25},),
    "expected_cost": ({"fp": 1.0, "fn": 5.0},),
}


def _metrics() -> dict[str, Any]:
    """Return every metric by name, with options where it has them."""
    found = {}
    for name in metrics.__all__:
        if name == "larger_is_better":
            continue
        for options in _OPTIONS.get(name, ({},)):
            text = ", ".join(f"{key}={value:g}" for key, value in options.items())
            metric = getattr(metrics, name)
            found[f"{name}({text})" if text else name] = (
                partial(metric, **options) if options else metric
            )
    return found


METRICS: Mapping[str, Any] = _metrics()


_PER_CLASS: Mapping[str, Any] = {"axis": 0, "threshold": (0.3, 0.5, 0.75)}

_GRID = (0.25, 0.4, 0.5, 0.6, 0.7)

# Every way to count: the data to call a loss with, and the loss's options.
MODES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "scalar": ("scalar", {"threshold": 0.4}),
    "per class": ("classes", _PER_CLASS),
    "averages": ("classes", _PER_CLASS),
    "masked": ("masked", {}),
    "weighted": ("weighted", {"threshold": 0.6}),
    "logits": ("logits", {"threshold": 0.35, "from_logits": True}),
    "thresholds": ("scalar", {"thresholds": _GRID}),
}
AVERAGES = (ss.micro, ss.macro, ss.weighted, ss.samples)

# Beside the product: areas, long grids, and what is no function of a Confusion.
_AREAS: Mapping[str, Any] = {
    "auroc": ss.auroc,
    "auroc(max_fpr=0.3)": partial(ss.auroc, max_fpr=0.3),
    "average_precision": ss.average_precision,
}
# So long that it is counted from buckets; so narrow that its kinks are those of one threshold.
_LONG_GRID = tuple(0.4995 + 0.001 * i / 2100 for i in range(2100))
_SURROGATES = (
    ss.Squared(),
    ss.SquaredHinge(margin=0.45),
    ss.Logistic(scale=3.0),
    ss.WilcoxonMannWhitney(margin=0.45, power=3.0),
)
OTHERS: Mapping[str, Any] = {
    **{
        f"{name}, {type(step).__name__}": ss.as_loss(area, thresholds=_GRID, step=step)
        for name, area in _AREAS.items()
        for step in (ss.Linear(), ss.Sigmoid())
    },
    **{
        f"f1 over a long grid, {type(step).__name__}": ss.as_loss(
            ss.f1, thresholds=_LONG_GRID, step=step
        )
        for step in (ss.Linear(), ss.Ramp(width=0.9))
    },
    **{f"pairwise {x}": partial(ss.pairwise_loss, surrogate=x) for x in _SURROGATES},
    "pairwise, max_fpr=0.4": partial(ss.pairwise_loss, max_fpr=0.4),
    "cross-entropy": partial(ss.cross_entropy, pos_weight=3.0),
}

_COST = ((0.0, 1.0, 2.0, 4.0), (1.0, 0.0, 1.0, 2.0), (3.0, 1.0, 0.0, 1.0), (5.0, 3.0, 1.0, 0.0))
_OF_TABLES: Mapping[str, Any] = {
    "accuracy of a table": ss.multiclass_accuracy,
    "balanced accuracy of a table": ss.multiclass_balanced_accuracy,
    "geometric mean of a table": ss.multiclass_geometric_mean,
    "MCC of a table": ss.multiclass_matthews_corrcoef,
    "kappa of a table": ss.multiclass_cohen_kappa,
    "linear kappa": partial(ss.multiclass_cohen_kappa, weights="linear"),
    "quadratic kappa": partial(ss.multiclass_cohen_kappa, weights="quadratic"),
    "expected cost of a table": partial(ss.multiclass_expected_cost, cost=_COST),
    "macro f1 of a table": ss.one_vs_rest(ss.macro(ss.f1)),
}
_ACROSS: Mapping[str, Any] = {
    "largest gap": ss.largest_gap(ss.recall),
    "smallest ratio": ss.smallest_ratio(ss.predicted_positive_rate),
    "worst group": ss.worst_group(ss.f1),
    "group mean": ss.group_mean(ss.matthews_corrcoef),
    "f1 of each group": ss.f1,
}
# What the losses beside the product are called with; of tables, and of groups, they share counts.
BESIDE: Mapping[str, Mapping[str, Any]] = {
    "table": {name: ss.as_loss(x, step=ss.Softmax()) for name, x in _OF_TABLES.items()},
    "table of logits": {
        name: ss.as_loss(x, step=ss.Softmax(sharpness=2.0), from_logits=True)
        for name, x in _OF_TABLES.items()
    },
    "groups": {name: ss.as_loss(x, num_groups=3) for name, x in _ACROSS.items()},
    "scalar": OTHERS,
    "masked": OTHERS,
    "weighted": OTHERS,
}


@cache
def data() -> dict[str, tuple[tuple[Any, Any], dict[str, Any]]]:
    """Return the arrays of every mode: generic, two-class, scores away from all kinks.

    Scores are the same in float32 and float64, and at least 1e-3 from every kink.
    """
    rng = np.random.default_rng(20)
    y_true = rng.permutation(np.arange(32) % 5 < 2)
    y_prob = _scores(rng, (32,))
    classes = rng.permuted(np.tile(np.arange(24) % 5 < 2, (3, 1)), axis=1).T
    where = np.arange(32) % 4 != 1
    weight = np.where(np.arange(32) == 5, 0.0, rng.uniform(0.25, 2.0, 32))
    soft = np.where(y_true, rng.uniform(0.75, 1.0, 32), rng.uniform(0.0, 0.25, 32))
    per_class = _scores(rng, (24, 3))
    numbers, of_table = rng.permutation(np.arange(32) % 4), _scores(rng, (32, 4))
    of_table[~where] = np.nan
    shares, of_logits = rng.dirichlet(np.ones(4), 32), _scores(rng, (32, 4))
    return {
        "scalar": ((y_true.astype(np.int64), y_prob), {}),
        "classes": ((classes, per_class), {}),
        "masked": ((y_true, np.where(where, y_prob, np.nan)), {"where": where}),
        "weighted": ((soft, y_prob), {"sample_weight": weight}),
        "logits": ((y_true.astype(np.int64), np.log(y_prob / (1 - y_prob))), {}),
        "table": ((numbers, of_table), {"sample_weight": weight, "where": where}),
        "table of logits": ((shares, np.log(of_logits / (1 - of_logits))), {}),
        "groups": ((y_true, y_prob), {"groups": np.arange(32) % 3, "where": where}),
    }


def _scores(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw scores that keep away from the kinks of every step at every threshold."""
    drawn = rng.uniform(0.02, 0.98, 4 * int(np.prod(shape))).astype(np.float32).astype(np.float64)
    distance = np.min(np.abs(drawn[:, None] - kinks()), axis=1)
    return np.reshape(drawn[distance > 2e-3][: int(np.prod(shape))], shape)


def kinks() -> Any:
    """Return the scores at which some step has a kink or a jump at some threshold."""
    found = set()
    for _, options in MODES.values():
        given = options.get("thresholds", options.get("threshold", 0.5))
        for threshold in given if isinstance(given, tuple) else (given,):
            widths = [0.0, min(threshold, 1 - threshold)]
            widths += [step.width for step in (*STEPS["Ramp"], *STEPS["Cosine"])]
            found |= {threshold + sign * 0.5 * w for w in widths for sign in (-1, 1)}
    return np.asarray(sorted(found))
