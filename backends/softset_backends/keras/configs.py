"""Metrics, steps and options as the plain values that Keras writes to a file, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import keras

from softset import Confusion, curves, metrics, powers, ranking, steps
from softset.across.aggregates import GroupMean, WorstGroup
from softset.across.disparities import LargestGap, SmallestRatio
from softset.averages.axes import AVERAGES
from softset.compound import CompoundLoss, Ranking
from softset.entropy import CrossEntropy
from softset.metrics.options import Bound
from softset.metrics.tables import TABLES
from softset.scores import Loss
from softset.tables import OneVsRest

_STEPS = [x for name in steps.__all__ if isinstance(x := getattr(steps, name), type)]
_ACROSS = (GroupMean, LargestGap, SmallestRatio, WorstGroup)
_METRICS = (Bound, OneVsRest, powers.Focal, *AVERAGES, *_ACROSS)
_SURROGATES = [x for name in ranking.__all__ if isinstance(x := getattr(ranking, name), type)]
_LOSSES = (Loss, CrossEntropy, Ranking, CompoundLoss, Confusion)
_KINDS = {kind.__name__: kind for kind in (*_METRICS, *_STEPS, *_SURROGATES, *_LOSSES)}

_OTHERS = (curves.auroc, curves.average_precision, ranking.pairwise_loss)

for _metric in (*(getattr(metrics, name) for name in metrics.__all__), *_OTHERS, *TABLES):
    if _metric is not metrics.larger_is_better:
        keras.saving.register_keras_serializable("softset")(_metric)


def options_of(score: Any) -> dict[str, Any]:
    """Return the options that a loss or a score was made with."""
    names = getattr(score, "_fields", None) or [field.name for field in fields(score)]
    return {name: _describe(getattr(score, name)) for name in names}


def restored(config: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a config was made from."""
    return {name: _restore(value) for name, value in config.items()}


def _describe(value: Any) -> Any:
    kind = type(value).__name__
    if _KINDS.get(kind) is type(value):
        return {"softset": kind, "options": options_of(value)}
    if isinstance(value, tuple):
        return [_describe(item) for item in value]
    # Functions by their registered name, and whatever has a get_config.
    return keras.saving.serialize_keras_object(value)


def _restore(config: Any) -> Any:
    if isinstance(config, dict) and "softset" in config:
        return _KINDS[config["softset"]](**restored(config["options"]))
    # There are no lists among the options; JSON has no tuples.
    if isinstance(config, (list, tuple)):
        return tuple(_restore(item) for item in config)
    return keras.saving.deserialize_keras_object(config)
