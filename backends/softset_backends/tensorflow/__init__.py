"""TensorFlow: gradients by GradientTape, tf.function, XLA, and replicas that share counts."""

from .backend import (
    MODES,
    asarray,
    compile,
    device,
    double_precision,
    fit_mlp,
    synchronize,
    to_numpy,
    value_and_grad,
)
from .collectives import all_reduce
from .parts import value_and_grad_in_parts

__all__ = [
    "MODES",
    "all_reduce",
    "asarray",
    "compile",
    "device",
    "double_precision",
    "fit_mlp",
    "synchronize",
    "to_numpy",
    "value_and_grad",
    "value_and_grad_in_parts",
]
