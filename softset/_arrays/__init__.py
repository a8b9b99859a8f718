"""Which library arrays belong to: asked once, at the door of a call.

A framework is imported by the file of its name here and by no other, and that file is loaded when
the first of its arrays arrives: whoever holds a torch tensor has torch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .library import NUMBERS, Library
from .refusals import library_of, mixture, refusal

__all__ = ["NUMBERS", "Library", "array_namespace", "arrive", "library", "shape_of", "unwrap"]

# The libraries of types that have been met, and what finds the library of arrays over others.
_KNOWN: dict[type, Library] = {}
OVER: dict[type, Callable[[str, Any], Library]] = {}
_OTHERS: dict[Any, Library] = {}


def array_namespace(*arrays: Any) -> Any:
    """Return the array-API namespace that the arrays share.

    It is the first line of a metric that should run on every framework.

    Parameters
    ----------
    *arrays
        Arrays of one library: NumPy, PyTorch, JAX, TensorFlow, MLX, Dask, CuPy or any other
        that implements the standard. ``None`` and Python numbers are skipped.

    Returns
    -------
    module
        A namespace with the functions of the array API standard. The one for TensorFlow is
        softset's own and holds the functions that metrics need.

    Raises
    ------
    TypeError
        If an argument is not an array, or if two libraries are mixed.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> xp = ss.array_namespace(np.asarray([0.25, 1.0]))
    >>> print(xp.sqrt(np.asarray([0.25, 1.0])))
    [0.5 1. ]
    """
    names = tuple(f"argument {i}" for i in range(1, len(arrays) + 1))
    return arrive(names, arrays)[0].xp


def arrive(names: tuple[str, ...], arrays: tuple[Any, ...]) -> tuple[Library, tuple[Any, ...]]:
    """Return the library that the named arrays share, and the arrays out of their variables."""
    lib = library(names, arrays)
    if not lib.variables:
        return lib, arrays
    arrays = tuple(map(unwrap, arrays))
    return library(names, arrays), arrays


def library(names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
    """Return the library that the named arrays share; the names go into the error."""
    found: Any = None
    kind: Any = None
    for i, x in enumerate(arrays):
        if x is None or type(x) is kind or type(x) in NUMBERS:
            continue
        one = _KNOWN.get(type(x))
        if one is None:
            one = _recognised(names[i], x)
        elif found is None:
            kind = type(x)
        found = one if found is None or one is found else _shared(found, one, names, arrays)
    if found is None:
        raise TypeError(f"at least one array is needed among {', '.join(names) or 'no arguments'}")
    return found.of(names, arrays)


def shape_of(x: Any) -> tuple[int | None, ...]:
    """Return the shape of an array, with None for a length that is not known yet."""
    return library(("x",), (x,)).shape(x)


def unwrap(x: Any) -> Any:
    """Return the tensor inside a variable or another tensor, and anything else as it is."""
    if x is None or type(x) in NUMBERS:
        return x
    one = _KNOWN.get(type(x))
    if one is not None and not one.variables and library_of(type(x)) != "tensorflow":
        return x
    loaded = sys.modules
    if hasattr(loaded.get("keras"), "Variable"):
        from . import keras

        x = keras.unwrap(x)
    if hasattr(loaded.get("tensorflow"), "Variable"):
        from . import tensorflow

        x = tensorflow.unwrap(x)
    if hasattr(loaded.get("torch"), "Tensor"):
        from . import torch

        x = torch.unwrap(x)
    return x


def _recognised(name: str, x: Any) -> Library:
    """Recognise an array of a type that has not been met, and remember the type."""
    if type(x) in OVER:
        return OVER[type(x)](name, x)
    found = _of_framework(name, x)
    if found is not None:
        _KNOWN[type(x)] = found
        return found
    import array_api_compat

    if not array_api_compat.is_array_api_obj(x) or library_of(type(x)) in ("sparse", "xarray"):
        raise refusal(name, x)
    xp = array_api_compat.array_namespace(x)
    if xp not in _OTHERS:
        _OTHERS[xp] = Library(xp)
        _OTHERS[xp].visible = library_of(type(x)) != "ndonnx"
    return _OTHERS[xp]


def _of_framework(name: str, x: Any) -> Library | None:
    """Ask the frameworks that are loaded, by plain imports, which torch.compile follows."""
    loaded = sys.modules
    if hasattr(loaded.get("torch"), "Tensor"):
        from . import torch

        if torch.recognises(name, x):
            return torch.VARIABLES if torch.wraps(x) else torch.LIBRARY
    if hasattr(loaded.get("numpy"), "generic"):
        from . import numpy

        if numpy.recognises(name, x):
            return numpy.LIBRARY
    if hasattr(loaded.get("tensorflow"), "Variable"):
        from . import tensorflow

        if tensorflow.recognises(x):
            return tensorflow.LIBRARY
    if hasattr(loaded.get("jax"), "Array"):
        from . import jax

        if jax.recognises(x):
            return jax.LIBRARY
    if hasattr(loaded.get("dask.array"), "Array"):
        from . import dask

        if dask.recognises(x):
            return dask.LIBRARY
    if hasattr(loaded.get("mlx.core"), "array"):
        from . import mlx

        if mlx.recognises(x):
            return mlx.LIBRARY
    if hasattr(loaded.get("keras"), "Variable"):
        from . import keras

        if keras.recognises(x):
            return keras.LIBRARY
    return None


def _shared(one: Any, other: Any, names: tuple[str, ...], arrays: tuple[Any, ...]) -> Library:
    """Return the library of both: of variables, or of dual numbers over the other one."""
    if one.variables or other.variables:
        return one if one.variables else other
    deep, flat = (one, other) if _depth(one) >= _depth(other) else (other, one)
    base = deep
    while _depth(base) > _depth(flat):
        base = base.base
    if base.xp == flat.xp:
        return deep
    several = [
        (name, x)
        for name, x in zip(names, arrays, strict=True)
        if x is not None and type(x) not in NUMBERS
    ]
    # Each by itself first: what is no plain array of its library is said so.
    bases = [_base_of(library((name,), (x,))) for name, x in several]
    (first, x), *_ = several
    second, y = several[[base.xp == bases[0].xp for base in bases].index(False)]
    raise mixture(first, x, second, y)


def _base_of(library: Any) -> Library:
    while hasattr(library, "base"):
        library = library.base
    return library


def _depth(library: Any) -> int:
    return 1 + _depth(library.base) if hasattr(library, "base") else 0
