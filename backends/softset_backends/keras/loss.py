"""A metric, or a sum of losses, as a Keras loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from softset import as_loss, compound_loss
from softset._types import Metric, Step, Threshold

from .collectives import add_up, replicas
from .configs import options_of, restored
from .inputs import arguments


class _Loss(keras.losses.Loss):
    """A loss of the kernel, with weights and masks inside the counts."""

    loss: Any

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, groups: Any = None
    ) -> Any:
        """Return the loss of a batch."""
        call = arguments(self.loss, y_true, y_pred, sample_weight, groups, self.dtype)
        number = replicas()
        if number == 1:
            return self.loss.of_arguments(call, None)
        # Each replica has the gradient of all replicas' loss, and Keras adds the gradients up.
        return self.loss.of_arguments(call, add_up) / number

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of a batch without weights."""
        return self(y_true, y_pred)


@keras.saving.register_keras_serializable("softset")
class MetricLoss(_Loss):
    """A metric as a loss for ``compile``, with weights and masks inside the counts.

    Parameters
    ----------
    metric, step, threshold, thresholds, axis, from_logits, maximize, num_groups
        As for `softset.as_loss`. `axis` speaks of the axes of `y_pred`.
    name : str, optional
        The name of the loss.
    dtype : str, optional
        The dtype that labels and outputs are cast to, ``keras.config.floatx()`` by default.
        Sums are float32 at least, under mixed precision too.

    Raises
    ------
    TypeError, ValueError
        As `as_loss` does; when called, if shapes do not fit or, where values can be seen, if
        they are out of range.

    Notes
    -----
    Called as ``loss(y_true, y_pred, sample_weight=None, groups=None)`` it gives a scalar,
    differentiable in `y_pred`. Labels may lack the last axis of outputs of shape (n, 1), or have
    one too many; nothing else is broadcast. `sample_weight` of shape (n,) or (n, 1) weights rows,
    one of the shape of `y_pred` single entries; the mask that `y_pred` carries counts nothing
    where it is False. There is no `reduction`: the metric of a batch is one number. On
    TensorFlow, under a tf.distribute strategy, the counts are those of all replicas.

    Keras hands no groups to the loss of ``compile``. A loss with `num_groups` is to be called in
    the model's own ``compute_loss``, which has them from the inputs.

    Examples
    --------
    >>> import keras, softset as ss
    >>> from softset_backends.keras import MetricLoss
    >>> loss = MetricLoss(ss.f1)
    >>> y_true, y_pred = [1, 0, 1, 0], [[0.9], [0.6], [0.4], [0.2]]
    >>> print(round(float(loss(y_true, keras.ops.array(y_pred))), 4))
    0.3627
    """

    def __init__(
        self,
        metric: Metric,
        *,
        step: Step | None = None,
        threshold: Threshold = 0.5,
        thresholds: tuple[float, ...] | Any | None = None,
        axis: int | tuple[int, ...] | None = None,
        from_logits: bool = False,
        maximize: bool | None = None,
        num_groups: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.loss = as_loss(
            metric,
            step=step,
            threshold=threshold,
            thresholds=thresholds,
            axis=axis,
            from_logits=from_logits,
            maximize=maximize,
            num_groups=num_groups,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the options as plain values."""
        return {**options_of(self.loss), "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MetricLoss:
        """Return the loss that a config was made from."""
        return cls(**restored(config))


@keras.saving.register_keras_serializable("softset")
class CompoundLoss(_Loss):
    """A sum of losses for ``compile``, such as cross-entropy and a metric.

    Parameters
    ----------
    losses : sequence of losses
        As for `softset.compound_loss`: what `softset.as_loss` returned, or
        `softset.cross_entropy`, bare or with options fixed by functools.partial.
    weights : sequence of floats, optional
        The factor of each loss, all 1 by default.
    name : str, optional
        The name of the loss.
    dtype : str, optional
        The dtype that labels and outputs are cast to, ``keras.config.floatx()`` by default.

    Raises
    ------
    TypeError, ValueError
        As `softset.compound_loss` does; when called, as `MetricLoss` does.

    Notes
    -----
    Called as `MetricLoss` is, and like it without a `reduction`: cross-entropy is the mean over
    all entries by `sample_weight`. For other weights, as of a later epoch, compile the model again
    with the optimizer that it has.

    Examples
    --------
    >>> import keras, softset as ss
    >>> from softset_backends.keras import CompoundLoss
    >>> loss = CompoundLoss((ss.cross_entropy, ss.as_loss(ss.f1)), weights=(1.0, 0.5))
    >>> y_true, y_pred = [1, 0, 1, 0], [[0.9], [0.6], [0.4], [0.2]]
    >>> print(round(float(loss(y_true, keras.ops.array(y_pred))), 4))
    0.7216
    """

    def __init__(
        self,
        losses: Sequence[Callable[..., Any]],
        *,
        weights: Sequence[float] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.loss = compound_loss(losses, weights=weights)

    def get_config(self) -> dict[str, Any]:
        """Return the options as plain values."""
        return {**options_of(self.loss), "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CompoundLoss:
        """Return the loss that a config was made from."""
        return cls(**restored(config))
