"""From what Keras hands to a loss or a metric to the arguments of the kernel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

# Not public, and the only way to a mask on JAX, whose tracers take no attributes.
from keras.src.backend import get_keras_mask

from softset import ConfusionTable
from softset._arrays import shape_of
from softset._arrays.shapes import broadcasts_to, fits
from softset._counting.arguments import Arguments
from softset._counting.hints import for_labels
from softset._counting.names import Names
from softset.scores import Score

_NAMES = Names(y_prob="y_pred")


def arguments(
    score: Score, y_true: Any, y_pred: Any, sample_weight: Any, groups: Any, dtype: str
) -> Arguments:
    """Return what a score or a loss counts, labels and weights in the outputs' dimensions."""
    mask = get_keras_mask(y_pred)
    y_pred = ops.convert_to_tensor(y_pred)
    # Decisions, for the kernel to count beside labels of such a dtype, or to refuse.
    decided = not keras.backend.is_float_dtype(y_pred.dtype)
    if not decided:
        y_pred = ops.cast(y_pred, dtype)
    table = getattr(score, "kind", None) is ConfusionTable
    y_true = ops.convert_to_tensor(y_true)
    if not (table or (decided and not keras.backend.is_float_dtype(y_true.dtype))):
        y_true = ops.cast(y_true, dtype)
    if sample_weight is not None:
        sample_weight = _for_rows(ops.convert_to_tensor(sample_weight, dtype=dtype), y_pred)
    if mask is not None:
        mask = _for_rows(ops.convert_to_tensor(mask, dtype="bool"), y_pred)
    if groups is not None:
        groups = ops.convert_to_tensor(groups)
    labels = _classes(y_true, y_pred) if table else _labels(y_true, y_pred)
    return score.arguments(labels, y_pred, sample_weight, mask, groups, _NAMES)


def _classes(y_true: Any, y_pred: Any) -> Any:
    """Return class numbers, or labels in shares; as in Keras, numbers may have a last axis of 1."""
    true = shape_of(y_true)
    alone = len(true) == len(shape_of(y_pred)) and true[-1:] == (1,)
    return ops.squeeze(y_true, axis=-1) if alone else y_true


def _labels(y_true: Any, y_pred: Any) -> Any:
    """Return the labels in the outputs' shape; as in Keras a last axis of 1 may differ."""
    true, pred = shape_of(y_true), shape_of(y_pred)
    if pred[-1:] == (1,) and len(true) == len(pred) - 1:
        y_true = ops.expand_dims(y_true, axis=-1)
    elif true[-1:] == (1,) and len(true) == len(pred) + 1:
        y_true = ops.squeeze(y_true, axis=-1)
    if fits(shape_of(y_true), pred):
        return y_true
    hint = for_labels(_NAMES, true, pred, "keras.ops.moveaxis")
    hint = hint.replace("one_hot", "softset.one_hot")
    raise ValueError(
        "`y_true` and `y_pred` must have one shape, up to a last axis of length 1, "
        f"got {true} and {pred}; {hint}"
    )


def _for_rows(x: Any, y_pred: Any) -> Any:
    """Give weights or a mask, which begin with the batch, as many axes as the outputs."""
    shape, target = shape_of(x), shape_of(y_pred)
    missing = len(target) - len(shape)
    if missing == -1 and shape[-1] == 1:
        return ops.squeeze(x, axis=-1)
    if not broadcasts_to((*shape, *(1,) * missing), target):
        return x  # an error, which the kernel describes
    for _ in range(missing):
        x = ops.expand_dims(x, axis=-1)
    return x
