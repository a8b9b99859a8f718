"""Dual numbers that are themselves array-API arrays: exact derivatives without a framework."""

from . import rules  # noqa: F401, the rules register themselves
from .dual import Dual, DualNamespace, namespace
from .library import over
from .slopes import slopes, value_and_gradients

__all__ = ["Dual", "DualNamespace", "namespace", "over", "slopes", "value_and_gradients"]
