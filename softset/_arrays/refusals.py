"""What is no array, or means more than its values, and the way out in a line."""

from __future__ import annotations

from typing import Any

_CONVERT = "convert it to an array of your framework first, e.g. numpy.asarray(...)"
_RUN = "pass numpy.asarray(list(...)) of it"

# By the name of a type, and then by the library that it comes from.
_HINTS = {
    "list": _CONVERT,
    "tuple": _CONVERT,
    "dict": "pass one of its values",
    "range": _RUN,
    "generator": _RUN,
    "map": _RUN,
    "filter": _RUN,
    "deque": _RUN,
    "dict_values": _RUN,
    "memoryview": "pass numpy.asarray(...) of it",
    "MaskedArray": "pass its .filled(0) and where=~numpy.ma.getmaskarray(...) of it",
    "MaskedTensor": "pass its .get_data() and where=.get_mask()",
    "NestedTensor": "pass its .to_padded_tensor(0.0) and mask the padding with `where`",
    "DTensor": "pass its .full_tensor(), or its .to_local() and reduce=all_reduce",
    "RaggedTensor": "pass its .to_tensor() and mask the padding with `where`",
    "SparseTensor": "pass tf.sparse.to_dense(...) of it",
    "IndexedSlices": "pass tf.convert_to_tensor(...) of it",
    "KerasTensor": "a symbolic Keras tensor has no values; call softset inside a Loss or a Layer",
}
_HINTS_BY_LIBRARY = {
    "array": "pass numpy.asarray(...) of it",
    "numpy": "pass numpy.asarray(...) of it if its plain values are what is meant",
    "torch": "pass its .as_subclass(torch.Tensor) if its plain values are what is meant",
    "jax": "pass its .todense()",
    "scipy": "pass its .toarray()",
    "sparse": "pass its .todense()",
    "pandas": "pass its .to_numpy(), with a dtype where it has missing values",
    "polars": "pass its .to_numpy()",
    "pyarrow": "pass its .to_numpy()",
    "xarray": "pass its .to_numpy()",
}
# How a library joins arrays, and how it takes one of NumPy's.
_JOINS = {
    "torch": "torch.cat(...)",
    "jax": "jax.numpy.concatenate(...)",
    "tensorflow": "tf.concat(..., 0)",
    "mlx": "mlx.core.concatenate(...)",
}
_TAKES = {
    "torch": "torch.asarray",
    "jax": "jax.numpy.asarray",
    "tensorflow": "tf.convert_to_tensor",
    "mlx": "mlx.core.array",
}


class NotElementwise(TypeError):
    """Raised when a function that was taken for elementwise mixes positions."""


def refusal(name: str, x: Any) -> TypeError:
    """Return the error for what is no array, or one whose values are not all that it means."""
    hint = _HINTS.get(type(x).__name__)
    if isinstance(x, (list, tuple)) and x and getattr(x[0], "ndim", 0):
        joined = _JOINS.get(_framework_of(x[0]), "numpy.concatenate(...)")
        hint = f"it holds arrays: pass one of them, or join them, as by {joined}"
    for kind in type(x).__mro__:
        hint = hint or _HINTS.get(kind.__name__) or _HINTS_BY_LIBRARY.get(library_of(kind))
    if hint is None and (hasattr(x, "__array__") or hasattr(x, "__array_interface__")):
        hint = "pass numpy.asarray(...) of it"
    return TypeError(
        f"`{name}` must be an array (NumPy, PyTorch, JAX, TensorFlow or another array-API "
        f"library), got {kind_of(x)}" + (f"; {hint}" if hint else "")
    )


def not_dense(name: str, layout: str) -> TypeError:
    """Return the error for a tensor of the usual class that holds less than its shape says."""
    hint = _HINTS["NestedTensor"] if layout == "nested" else "pass its .to_dense()"
    return TypeError(f"`{name}` must be a dense tensor, got a {layout} one; {hint}")


def mixture(first: str, x: Any, second: str, y: Any) -> TypeError:
    """Return the error for arrays of two libraries; with NumPy's, the call that takes it over."""
    of = _framework_of(x), _framework_of(y)
    name, other = (first, of[1]) if of[0] == "numpy" else (second, of[0])
    call = f", as by {_TAKES[other]}({name})" if "numpy" in of and other in _TAKES else ""
    return TypeError(
        f"`{first}` and `{second}` must come from one library, got {kind_of(x)} and {kind_of(y)}; "
        f"convert one of them{call}"
    )


def library_of(kind: type) -> str:
    """Return the name of the package that a type comes from."""
    return kind.__module__.partition(".")[0]


def _framework_of(x: Any) -> str:
    """Return the name of the package that an array comes from; JAX's come from two."""
    name = library_of(type(x))
    return "jax" if name == "jaxlib" else name


def kind_of(x: Any) -> str:
    """Return the name of the type of x as errors say it."""
    kind = type(x)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
