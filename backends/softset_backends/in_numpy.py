"""Arrays of any framework in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from softset._arrays import library, unwrap
from softset._arrays.refusals import library_of


def in_numpy(name: str, x: Any) -> Any:
    """Return what ``numpy.asarray`` takes, or a tensor that it does not take; None stays None.

    A tensor's gradient stays behind, and so does its device. Half types that NumPy lacks become
    float32, which holds their values exactly.
    """
    if x is None:
        return None
    x = unwrap(x)
    kind = type(x)
    if kind is np.ma.MaskedArray or library_of(kind) in ("torch", "tensorflow", "jax"):
        library((name,), (x,))  # refuses what means more than its values
    if hasattr(x, "detach"):  # PyTorch
        x = x.detach().cpu()
        return (x.float() if "bfloat16" in str(x.dtype) else x).resolve_neg().numpy()
    x = np.asanyarray(x.numpy() if hasattr(x, "numpy") else x)  # TensorFlow's of no axes has to
    return x.astype(np.float32) if x.dtype.kind == "V" and "float" in x.dtype.name else x
