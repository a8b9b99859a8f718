"""NumPy: its library, and sums of many of its numbers."""

from .adding import added_up
from .library import FREE, LIBRARY, NumPy, recognises

__all__ = ["FREE", "LIBRARY", "NumPy", "added_up", "recognises"]
