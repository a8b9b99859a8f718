"""Keras: variables, which hold an array of another library."""

from __future__ import annotations

from typing import Any

import keras

from .library import Variables

LIBRARY = Variables(None)


def recognises(x: Any) -> bool:
    """Tell whether x is a Keras variable."""
    return isinstance(x, keras.Variable)


def unwrap(x: Any) -> Any:
    """Return the array inside a variable, and anything else as it is."""
    return x.value if isinstance(x, keras.Variable) else x
