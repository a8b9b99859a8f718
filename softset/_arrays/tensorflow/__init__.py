"""TensorFlow: its library, and the array API's functions on its operations."""

from .library import LIBRARY, recognises, unwrap

__all__ = ["LIBRARY", "recognises", "unwrap"]
