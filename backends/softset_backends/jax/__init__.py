"""JAX: gradients by jax.vjp, jax.jit, an optax loop, and devices that share counts."""

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
from .collectives import psum
from .parts import value_and_grad_in_parts

__all__ = [
    "MODES",
    "asarray",
    "compile",
    "device",
    "double_precision",
    "fit_mlp",
    "psum",
    "synchronize",
    "to_numpy",
    "value_and_grad",
    "value_and_grad_in_parts",
]
