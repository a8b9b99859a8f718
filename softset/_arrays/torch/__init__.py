"""PyTorch: its library, on the terms of a call, and a closed form in autograd's place."""

from .library import FREE, LIBRARY, Torch, recognises

__all__ = ["FREE", "LIBRARY", "Torch", "recognises"]
