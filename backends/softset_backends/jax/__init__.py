"""JAX: gradients by jax.vjp, jax.jit, an optax loop, and devices that share counts."""

from ._backend import (
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

__all__ = [
    "MODES",
    "asarray",
    "compile",
    "device",
    "double_precision",
    "fit_mlp",
    "synchronize",
    "to_numpy",
    "value_and_grad",
]
