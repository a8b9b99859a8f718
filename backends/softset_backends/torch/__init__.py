"""PyTorch: autograd, torch.compile, native objects, and processes that share counts."""

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
