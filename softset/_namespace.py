"""Which array-API namespace an array belongs to.

Libraries are recognised by type through ``sys.modules`` and never imported: whoever holds
a torch tensor has torch. Only ``_operations`` and ``_visible`` name one too, and ``_tensorflow/``.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from ._dual import Dual, namespace

# By exact type: NumPy's float64 is a Python float too, and an array all the same.
NUMBERS = (bool, int, float, complex)
# By the name of a type, and then by the library that it comes from.
_HINTS = {
    "list": "convert it to an array of your framework first, e.g. numpy.asarray(...)",
    "tuple": "convert it to an array of your framework first, e.g. numpy.asarray(...)",
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
# Tensors of a class of their own that mean what they hold: parameters, what compilers trace
# with, results on their way from another process, and torchvision's images and masks.
_PLAIN_TENSORS = (
    "torch.nn.parameter",
    "torch._subclasses",
    "torch.distributed._functional_collectives",
    "torchvision.tv_tensors",
)


def array_namespace(*arrays: Any) -> Any:
    """Return the array-API namespace that the arrays share.

    It is the first line of a metric that should run on every framework.

    Parameters
    ----------
    *arrays
        Arrays of one library: NumPy, PyTorch, JAX, TensorFlow, Dask, CuPy or any other that
        implements the standard. ``None`` and Python numbers are skipped.

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
    return shared_namespace({f"argument {i}": x for i, x in enumerate(arrays, 1)})


def shared_namespace(arrays: dict[str, Any]) -> Any:
    """Return the namespace of the named arrays; the names go into the error."""
    found, first, depth, known = None, "", 0, None
    for name, x in arrays.items():
        # By exact type: NumPy's float64 is a Python float too, and NumPy sums to it.
        if type(x) is known or x is None or type(x) in (bool, int, float, complex):
            continue
        level = 0
        while isinstance(x, Dual):
            x, level = x.value, level + 1
        xp = _namespace_of(x, name)
        if found is None:
            found, first, known = xp, name, None if level else type(x)
        elif xp is not found:
            raise TypeError(
                f"`{first}` and `{name}` must come from one library, got "
                f"{_kind(arrays[first])} and {_kind(x)}; convert one of them"
            )
        depth = max(depth, level)
    if found is None:
        raise TypeError(f"at least one array is needed among {', '.join(arrays) or 'no arguments'}")
    for _ in range(depth):
        found = namespace(found)
    return found


def argument_namespace(arrays: dict[str, Any]) -> Any:
    """Return the namespace of named arguments that come from outside.

    Of PyTorch's tensors some are of the usual class and hold less than their shape says.
    """
    torch: Any = sys.modules.get("torch")
    for name, x in arrays.items() if hasattr(torch, "Tensor") else ():
        if isinstance(x, torch.Tensor) and (x.is_nested or x.layout is not torch.strided):
            hint = _HINTS["NestedTensor"] if x.is_nested else "pass its .to_dense()"
            layout = "nested" if x.is_nested else str(x.layout).removeprefix("torch.")
            raise TypeError(f"`{name}` must be a dense tensor, got a {layout} one; {hint}")
    return shared_namespace(arrays)


def _namespace_of(x: Any, name: str) -> Any:
    # The common ones before array-api-compat's ladder, which is slow, and whose cache makes
    # torch.compile warn.
    if is_torch(x):
        if type(x) is not sys.modules["torch"].Tensor and not _is_plain_tensor(x):
            raise _refusal(name, x)
        import array_api_compat.torch as xp

        return xp
    if is_numpy(x):
        numpy: Any = sys.modules["numpy"]
        # A subclass gives its values, or its operators, a meaning that is lost on the way.
        if type(x) not in (numpy.ndarray, numpy.memmap) and isinstance(x, numpy.ndarray):
            raise _refusal(name, x)
        import array_api_compat.numpy as xp

        return xp
    if is_tensorflow(x):
        from . import _tensorflow

        return _tensorflow
    import array_api_compat

    if not array_api_compat.is_array_api_obj(x) or _library_of(type(x)) in ("sparse", "xarray"):
        raise _refusal(name, x)
    if array_api_compat.is_dask_array(x):
        _namespace_of(x._meta, name)  # what its blocks are
    return array_api_compat.array_namespace(x)


def _is_plain_tensor(x: Any) -> bool:
    home = type(x).__module__
    return any(home == known or home.startswith(known + ".") for known in _PLAIN_TENSORS)


def _refusal(name: str, x: Any) -> TypeError:
    """Return the error for what is no array, or one whose values are not all that it means."""
    hint = _HINTS.get(type(x).__name__)
    for kind in type(x).__mro__:
        hint = hint or _HINTS.get(kind.__name__) or _HINTS_BY_LIBRARY.get(_library_of(kind))
    return TypeError(
        f"`{name}` must be an array (NumPy, PyTorch, JAX, TensorFlow or another array-API "
        f"library), got {_kind(x)}" + (f"; {hint}" if hint else "")
    )


def _library_of(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def is_tensorflow(x: Any) -> bool:
    """Tell whether x is a dense TensorFlow tensor or variable."""
    tf: Any = sys.modules.get("tensorflow")
    return hasattr(tf, "Variable") and isinstance(x, (tf.Tensor, tf.Variable))


def unwrap(x: Any) -> Any:
    """Return the tensor inside a TensorFlow or Keras variable, and anything else as it is."""
    if x is None or type(x) in NUMBERS or is_numpy(x) or is_torch(x):
        return x
    keras: Any = sys.modules.get("keras")
    if hasattr(keras, "Variable") and isinstance(x, keras.Variable):
        x = x.value
    tf: Any = sys.modules.get("tensorflow")
    if hasattr(tf, "Variable") and isinstance(x, tf.Variable):
        return x.value()
    return x


def static_shape(x: Any) -> tuple[int | None, ...]:
    """Return the shape of x with None for every dimension that is not known yet."""
    if is_torch(x) or is_numpy(x):
        return tuple(x.shape)
    if is_tensorflow(x):
        if x.shape.rank is None:
            raise ValueError(
                "a tensor's number of dimensions must be known, got an unknown rank; "
                "call tensor.set_shape([None]) or give tf.function an input_signature"
            )
        return tuple(x.shape.as_list())
    # Dask says nan for a length that only computing would tell.
    lengths: Any = (None if isinstance(d, float) and math.isnan(d) else d for d in x.shape)
    return tuple(lengths)


def of_one_shape(y_true: Any, y_prob: Any) -> Any:
    """Return the labels; running fails if lengths that only running tells are not the scores'.

    Arithmetic would repeat a single label over all scores.
    """
    if not is_tensorflow(y_prob):
        return y_true
    known, lengths = static_shape(y_prob), static_shape(y_true)
    unknown = sum(a is None or b is None for a, b in zip(lengths, known, strict=True))
    if not unknown:
        return y_true
    tf: Any = sys.modules["tensorflow"]
    if None not in known:  # a reshape to it is dropped before a product with the scores
        return tf.ensure_shape(y_true, known)
    shape = tf.shape(y_prob)
    same = tf.debugging.assert_equal(
        tf.shape(y_true), shape, "`y_true` and `y_prob` must have one shape"
    )
    # XLA drops the assertion, and the optimizer of graphs a reshape to an unknown length. With
    # two lengths unknown a reshape could exchange them.
    with tf.control_dependencies([same]):
        return tf.reshape(y_true, shape) if unknown == 1 else tf.identity(y_true)


def full_like_number(value: Any, like: Any) -> Any:
    """Return numbers as an array with the dtype, the device and the library of `like`."""
    xp = array_namespace(like)
    while isinstance(like, Dual):
        like = like.value
    if is_torch(like):
        return xp.asarray(value, dtype=like.dtype, device=like.device)
    return xp.asarray(value, dtype=like.dtype)


def stop_gradient(x: Any) -> Any:
    """Return x as a constant that no gradient flows through."""
    while isinstance(x, Dual):
        x = x.value
    if is_tensorflow(x):
        from . import _tensorflow

        return _tensorflow.stop_gradient(x)
    if is_torch(x):
        return x.detach()
    if is_jax(x):
        return sys.modules["jax"].lax.stop_gradient(x)
    return x


def is_torch(x: Any) -> bool:
    """Tell whether x is a PyTorch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def is_numpy(x: Any) -> bool:
    """Tell whether x is a NumPy array or scalar."""
    numpy: Any = sys.modules.get("numpy")
    return hasattr(numpy, "generic") and isinstance(x, (numpy.ndarray, numpy.generic))


def is_jax(x: Any) -> bool:
    """Tell whether x is a JAX array or tracer."""
    jax: Any = sys.modules.get("jax")
    return hasattr(jax, "Array") and isinstance(x, jax.Array)


def _kind(x: Any) -> str:
    kind = type(x)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
