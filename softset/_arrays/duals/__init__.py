"""Dual numbers that are themselves array-API arrays: exact derivatives without a framework."""

from . import rules  # noqa: F401, the rules register themselves
from .dual import Dual, DualNamespace, namespace
from .library import over
from .slopes import gradients_of_sums, slopes, value_and_gradients

__all__ = [
    "Dual",
    "DualNamespace",
    "gradients_of_sums",
    "namespace",
    "over",
    "slopes",
    "value_and_gradients",
]
