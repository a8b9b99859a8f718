"""PyTorch: its library, on the terms of a call, and a closed form in autograd's place."""

try:
    from .library import FREE, LIBRARY, VARIABLES, Torch, recognises, unwrap, wraps
except ModuleNotFoundError as error:
    if error.name != "numpy":
        raise
    # PyTorch does without; here NumPy works on the memory of small tensors.
    message = "PyTorch's tensors need NumPy as well, which is not installed: pip install numpy"
    raise ModuleNotFoundError(message, name="numpy") from error

__all__ = ["FREE", "LIBRARY", "VARIABLES", "Torch", "recognises", "unwrap", "wraps"]
