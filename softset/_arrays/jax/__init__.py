"""JAX: its library, sums that XLA takes in one loop, and the closed form as a derivative."""

from .library import LIBRARY, Jax, recognises

__all__ = ["LIBRARY", "Jax", "recognises"]
