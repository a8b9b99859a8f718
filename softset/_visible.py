"""Whether values can be looked at, and how to look at them."""

from __future__ import annotations

import sys
from typing import Any

from ._dual import Dual
from ._namespace import NUMBERS, is_jax, is_numpy, is_tensorflow, is_torch, stop_gradient


def compiling() -> bool:
    """Tell whether torch.compile or torch.export is reading along."""
    torch: Any = sys.modules.get("torch")
    return hasattr(torch, "compiler") and torch.compiler.is_compiling()


def in_memory(*arrays: Any) -> bool:
    """Tell whether arrays lie in this machine's memory and nothing follows what is done to them.

    Those may be worked on in pieces, and written to.
    """
    for x in arrays:
        if x is None or type(x) in NUMBERS:
            continue
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if numpy is not None and type(x) is numpy.ndarray:
            continue
        if torch is None or type(x) is not torch.Tensor or torch.compiler.is_compiling():
            return False
        if x.requires_grad and torch.is_grad_enabled():
            return False
        if x.device.type != "cpu" or x.is_nested or torch.jit.is_tracing():
            return False
        if torch._C._are_functorch_transforms_active():
            return False
        if torch.autograd.forward_ad._current_level >= 0:
            return False
    return True


def values_visible(*arrays: Any) -> bool:
    """Tell whether looking at values is possible and cheap: not traced, not lazy."""
    for x in arrays:
        while isinstance(x, Dual):
            x = x.value
        if x is None or type(x) in NUMBERS:
            continue
        if is_torch(x):
            torch = sys.modules["torch"]
            if torch.compiler.is_compiling() or torch.jit.is_tracing() or x.device.type == "meta":
                return False
        elif is_tensorflow(x):
            if not sys.modules["tensorflow"].executing_eagerly():
                return False
        elif type(x).__module__.partition(".")[0] in ("dask", "ndonnx"):
            return False
    return True


def at_hand(x: Any) -> Any:
    """Return the values of x as the array that costs least to look at."""
    while isinstance(x, Dual):
        x = x.value
    if is_torch(x):
        return x.detach()
    # Without a copy; on small arrays NumPy's operations take a tenth of the time.
    if is_tensorflow(x) and "CPU" in x.device:
        x = x.numpy()
    elif is_jax(x):
        jax = sys.modules["jax"]
        if isinstance(x, jax.core.Tracer):
            x = stop_gradient(x)  # an array, if only derivatives are traced
        if isinstance(x, jax.core.Tracer) or not x.is_fully_addressable:
            return x
        if any(device.platform != "cpu" for device in x.devices()):
            return x
        x = sys.modules["numpy"].asarray(x)
    if is_numpy(x):  # whose comparisons of bfloat16, of kind V, warn of a NaN
        return x.astype("float32") if x.dtype.kind == "V" else x
    return stop_gradient(x)


def extremes(x: Any) -> tuple[Any, Any]:
    """Return the smallest and the largest value of x, NaN if it holds one.

    Where they are hidden, or may pass over a NaN as XLA's do, it is x itself, twice: what holds
    for both then holds for all of it. They are numbers where no device has to be waited for.
    """
    if 0 in x.shape:  # nothing has no extremes
        return x, x
    if is_torch(x) and x.device.type in ("cpu", "cuda"):
        low, high = sys.modules["torch"].aminmax(x)
        try:
            return (low, high) if x.is_cuda else (low.item(), high.item())
        except RuntimeError:  # what vmap raises
            return x, x
    if is_numpy(x):
        return x.min().item(), x.max().item()
    return x, x


def truth(flag: Any) -> bool | None:
    """Return the value of a 0-d boolean, or None where a transform hides it."""
    try:
        return bool(flag)
    except (TypeError, RuntimeError):  # what jit and vmap of JAX and of torch.func raise
        return None
