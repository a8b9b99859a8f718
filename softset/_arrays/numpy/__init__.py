"""NumPy: its library, and sums of many of its numbers."""

from .library import FREE, LIBRARY, NumPy, recognises

__all__ = ["FREE", "LIBRARY", "NumPy", "recognises"]
