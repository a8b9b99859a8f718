"""Metrics, steps and options as the plain values that Keras writes to a file, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import keras

from softset import averages, curves, metrics, steps
from softset.losses import Score
from softset.metrics.options import Bound

_STEPS = [x for name in steps.__all__ if isinstance(x := getattr(steps, name), type)]
_AVERAGES = (averages.Macro, averages.Micro, averages.Samples, averages.Weighted)
_KINDS = {kind.__name__: kind for kind in (Bound, *_AVERAGES, *_STEPS)}

_AREAS = (curves.auroc, curves.average_precision)

for _metric in (*(getattr(metrics, name) for name in metrics.__all__), *_AREAS):
    if _metric is not metrics.larger_is_better:
        keras.saving.register_keras_serializable("softset")(_metric)


def options_of(score: Score) -> dict[str, Any]:
    """Return the options that a loss or a score was made with."""
    return {field.name: _describe(getattr(score, field.name)) for field in fields(score)}


def restored(config: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a config was made from."""
    return {name: _restore(value) for name, value in config.items()}


def _describe(value: Any) -> Any:
    kind = type(value).__name__
    if _KINDS.get(kind) is type(value):
        options = {field.name: _describe(getattr(value, field.name)) for field in fields(value)}
        return {"softset": kind, "options": options}
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
