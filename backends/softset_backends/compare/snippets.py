"""The code that trains as one way of training does, in the user's framework.

What is common to all is here, the loops are in `templates`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import softset as ss
from softset.metrics.options import Bound, freeze, name_of

from .boosting import installed
from .question import METHODS, MODELS, Key, Question

UPDATES = 1000
_GROUPED = ("penalty", "lagrangian")
_TREES = ("xgboost", "lightgbm")
_LOOPS = ("pairwise", "micro-batches", "lagrangian")  # which boosting does not have
# What needs no loop with a linear model: scikit-learn fits it on cross-entropy.
_READY = (
    *("cross-entropy", "class-weighted", "oversampling", "smote", "reweighing"),
    "thresholds per group",
)
_STEPS = {"linear": "ss.Linear()", "sigmoid": "ss.Sigmoid()", "identity": "ss.Identity()"}
_ENTROPY = "partial(ss.cross_entropy, from_logits=True{})"
_IMPORTS = {
    "torch": ("import torch",),
    "jax": ("import jax", "import jax.numpy as jnp", "import optax"),
    "tensorflow": ("import tensorflow as tf",),
    "numpy": (),
}
_IN_PARTS = {
    "torch": "from softset_backends.torch import backward_in_parts",
    "jax": "from softset_backends.jax import value_and_grad_in_parts",
    "tensorflow": "from softset_backends.tensorflow import value_and_grad_in_parts",
}
# The focal loss of Lin et al. 2017 for a power of 2; 1 - p of the true class is 1 - exp(-cost).
_FOCAL = {
    "torch": (
        "def loss(y, logits):",
        "    cost = torch.nn.functional.softplus(torch.where(y > 0, -logits, logits))",
        "    return ((1 - torch.exp(-cost)) ** {gamma} * cost).mean()",
    ),
    "jax": (
        "def loss(y, logits):",
        "    cost = jax.nn.softplus(jnp.where(y > 0, -logits, logits))",
        "    return ((1 - jnp.exp(-cost)) ** {gamma} * cost).mean()",
    ),
    "tensorflow": (
        "def loss(y, logits):",
        "    cost = tf.nn.softplus(tf.where(y > 0, -logits, logits))",
        "    return tf.reduce_mean((1 - tf.exp(-cost)) ** {gamma} * cost)",
    ),
    "numpy": (
        "def slope_of(y, logits):",
        "    side = np.where(y > 0, 1.0, -1.0)",
        "    p = 1 / (1 + np.exp(-side * logits))  # of the true class",
        "    inner = {gamma} * p * np.log(np.maximum(p, 1e-300)) + p - 1",
        "    return side * (1 - p) ** {gamma} * inner / len(y)",
    ),
    "trees": (
        "def focal(y, logits):",
        "    side = np.where(y > 0, 1.0, -1.0)",
        "    p = 1 / (1 + np.exp(-side * logits))  # of the true class",
        "    inner = {gamma} * p * np.log(np.maximum(p, 1e-30)) + p - 1",
        "    slope = side * (1 - p) ** {gamma} * inner",
        "    return slope, np.maximum((1 - p) ** {gamma} * p * (1 - p), 1e-6)",
    ),
}


def code_of(question: Question, key: Key, settings: Sequence[dict[str, float]] = ()) -> str:
    """Return Python that trains in one way, cuts by one rule, and decides about new rows.

    Parameters
    ----------
    question : Question
        The metric, the backend, and the bound if there is one.
    key : tuple of str
        Model, method and rule.
    settings : sequence of dict, optional
        What was tuned on each split; the code has the median of each.

    Returns
    -------
    str
        Code for NumPy arrays ``x_train``, ``y_train``, ``x_validation``, ``y_validation``,
        ``x_test``, and with groups their numbers ``groups_train`` and so on. It ends with
        ``decisions`` for the rows of ``x_test``. Trees are those of the library that fits them
        here: XGBoost, or LightGBM where that alone is installed.

    Raises
    ------
    ValueError
        If there is no such way, or it needs groups and the question has none.
    """
    model, method, rule = key
    if method in (*_GROUPED, "thresholds per group") and question.of is None:
        raise ValueError(f"`method` {method} needs a question with `of` and `max_gap`")
    if method not in METHODS or model not in MODELS or (model == "boosting" and method in _LOOPS):
        raise ValueError(f"`key` must be a way of training that there is, got {method} ({model})")
    chosen = _chosen(settings)
    place = question.backend
    if model == "boosting":
        place = "lightgbm" if installed() == "lightgbm" else "xgboost"
    if model == "linear" and method in _READY:
        place = "sklearn"
    parts = method == "micro-batches"
    context: dict[str, Any] = {
        "hidden": model == "mlp",
        "grouped": method in _GROUPED,
        "weighted": method == "reweighing",
        "lagrangian": method == "lagrangian",
        "switched": method == "cross-entropy, then metric",
        "own": method in ("penalty", "cross-entropy + metric") or method.startswith("metric"),
        "focal": method == "focal",
        "parts": parts,
        "weight": _weight(chosen) if method == "class-weighted" else "",
        "by_group": method == "thresholds per group",
        "bounded": question.of is not None,
        "subject_to": question.subject_to is not None,
        "confidence": question.confidence if rule == "guarantee" else None,
        "rule": rule,
        "metric": metric_code(question.metric),
        "updates": UPDATES,
        "trees": max(2, int(chosen.get("n_estimators", 100))),
        "rate": f"{chosen.get('learning_rate', 0.1 if model == 'boosting' else 0.01):g}",
        "multiplier_rate": f"{chosen.get('multiplier_rate', 0.1):g}",
    }
    templates = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # Python, no HTML
    )
    before = "\n".join(
        [*_bound(question, rule), *_rows(method, chosen), *_loss(question, method, place, chosen)]
    )
    loop = templates.get_template(f"{place}.jinja").render(context).strip()
    cut = templates.get_template("threshold.jinja").render(context).strip()
    body = "\n\n".join(part for part in (before.strip(), loop + "\n", cut) if part)
    return f"{_imports(body, place, parts=parts)}\n\n{body}\n"


def metric_code(metric: Any) -> str:
    """Return the code of a metric: of a function of your own, its name.

    Examples
    --------
    >>> from functools import partial
    >>> import softset as ss
    >>> from softset_backends.compare.snippets import metric_code
    >>> metric_code(ss.f1), metric_code(partial(ss.fbeta, beta=2.0))
    ('ss.f1', 'partial(ss.fbeta, beta=2.0)')
    """
    frozen = freeze(metric)
    if isinstance(frozen, Bound):
        options = "".join(f", {name}={value!r}" for name, value in frozen.options)
        return f"partial({metric_code(frozen.metric)}{options})"
    name = name_of(frozen)
    return f"ss.{name}" if getattr(ss, name, None) is frozen else name


def _bound(question: Question, rule: str) -> list[str]:
    """Return the bound, where there is one that the code needs."""
    bound = question.subject_to
    if bound is not None and rule != "0.5":
        kind = "at_most" if bound.is_upper else "at_least"
        return [f"bound = ss.{kind}({metric_code(bound.metric)}, {bound.bound:g})"]
    if question.of is None:
        return []
    of = metric_code(question.of)
    return [
        "num_groups = int(groups_train.max()) + 1",
        f"gap = ss.at_most(ss.largest_gap({of}), {question.max_gap:g})",
    ]


def _rows(method: str, chosen: dict[str, float]) -> list[str]:
    """Return what draws training rows again, or weighs them."""
    share = f"{chosen.get('share', 1.0):g}"
    if method == "oversampling":
        return [
            "positives, negatives = np.flatnonzero(y_train), np.flatnonzero(y_train == 0)",
            f"number = int({share} * len(negatives))",
            "again = np.random.default_rng(0).choice(positives, number)",
            "rows = np.concatenate([negatives, again])",
            "x_train, y_train = x_train[rows], y_train[rows]",
        ]
    if method == "smote":
        return [
            f"smote = SMOTE(sampling_strategy={share}, random_state=0)",
            "x_train, y_train = smote.fit_resample(x_train, y_train)",
        ]
    if method == "reweighing":
        wanted = "1.0" if chosen.get("equal") else "of_group.mean() * of_label.mean()"
        return [
            "weights = np.zeros(len(y_train))",
            "for group in np.unique(groups_train):",
            "    for label in (0, 1):",
            "        of_group, of_label = groups_train == group, y_train == label",
            "        both = of_group & of_label",
            f"        weights[both] = {wanted} / max(both.mean(), 1e-9)",
        ]
    return []


def _loss(question: Question, method: str, place: str, chosen: dict[str, float]) -> list[str]:
    """Return what makes the loss, or its parts."""
    metric = metric_code(question.metric)
    entropy = f"entropy = {_ENTROPY.format('')}"
    of_metric = f"ss.as_loss({metric}, from_logits=True)"
    if method == "focal":
        gamma = f"{chosen.get('gamma', 2.0):g}"
        return [
            "",
            "",
            *(line.format(gamma=gamma) for line in _FOCAL["trees" if place in _TREES else place]),
            "",
            "",
        ]
    if method == "pairwise":
        return ["loss = ss.pairwise_loss"]
    if method.startswith("metric"):
        step = _STEPS[method.removeprefix("metric (").removesuffix(")")]
        return [f"loss = ss.as_loss({metric}, step={step}, from_logits=True)"]
    if method == "micro-batches":
        return [f"loss = {of_metric}"]
    if method == "cross-entropy, then metric":
        return [*([] if place in _TREES else [entropy]), f"of_metric = {of_metric}"]
    if method == "cross-entropy + metric":
        weights = f"weights=(1.0, {chosen.get('metric_weight', 1.0):g})"
        parts = f"loss = ss.compound_loss((entropy, of_metric), {weights})"
        return [entropy, f"of_metric = {of_metric}", parts]
    if method in _GROUPED:
        strength = f".penalty({chosen.get('strength', 10.0):g})" if method == "penalty" else ""
        options = "from_logits=True, num_groups=num_groups"
        return [entropy, f"loss = ss.constrained(entropy, (gap,), {options}){strength}"]
    if place in (*_TREES, "sklearn"):
        return []
    weight = f", pos_weight={_weight(chosen)}" if method == "class-weighted" else ""
    return [f"loss = {_ENTROPY.format(weight)}"]


def _weight(chosen: dict[str, float]) -> str:
    known = chosen.get("weight")
    return "float(ss.pos_weight(y_train))" if known is None else f"{known:g}"


def _chosen(settings: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of what was tuned, of each name."""
    names = sorted({name for setting in settings for name in setting})
    found = {name: [x[name] for x in settings if name in x] for name in names}
    return {
        name: statistics.median_low(values)
        for name, values in found.items()
        if all(isinstance(x, (int, float)) and math.isfinite(x) for x in values)
    }


def _imports(body: str, place: str, *, parts: bool) -> str:
    """Return the imports that some code needs."""
    standard = ["from functools import partial"] if "partial(" in body else []
    others = [*_IMPORTS.get(place, ())]
    if "np." in body:
        others.append("import numpy as np")
    for name, line in (
        ("SMOTE(", "from imblearn.over_sampling import SMOTE"),
        ("LogisticRegression(", "from sklearn.linear_model import LogisticRegression"),
        ("LGBMClassifier(", "from lightgbm import LGBMClassifier"),
        ("XGBClassifier(", "from xgboost import XGBClassifier"),
    ):
        others += [line] if name in body else []
    own = ["import softset as ss"] if "ss." in body else []
    helpers = [x for x in ("boosting_objective", "recalibrated") if f"{x}(" in body]
    if helpers:
        own.append(f"from softset_backends.sklearn import {', '.join(helpers)}")
    if parts and place in _IN_PARTS:
        own.append(_IN_PARTS[place])
    others.sort(key=lambda line: (line.startswith("from"), line))
    return "\n\n".join("\n".join(lines) for lines in (standard, others, own) if lines)
