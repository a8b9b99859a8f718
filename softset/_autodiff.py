"""A function and its gradients, for a framework's autodiff to take as they are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ._dual import Dual
from ._lines import is_ours
from ._namespace import is_jax, is_tensorflow, is_torch
from ._visible import compiling

Both = Callable[..., tuple[Any, tuple[Any, ...]]]


def is_followed(*arrays: Any) -> bool:
    """Tell whether a gradient in one of the arrays may be wanted."""
    for x in arrays:
        if isinstance(x, Dual) or is_tensorflow(x):  # TensorFlow does not tell
            return True
        if is_torch(x) and x.requires_grad:
            return True
        if is_jax(x) and isinstance(x, sys.modules["jax"].core.Tracer):
            return True
    return False


def has_own_parameters(function: Callable[[Any], Any], like: Any) -> bool:
    """Tell whether what a function makes of an array may be differentiated in something else."""
    if is_torch(like):
        found = function(like.detach()[:1])
        return is_torch(found) and found.requires_grad
    if is_jax(like):
        # A plain number becomes a tracer by what the function holds only.
        try:
            return is_followed(function(sys.modules["numpy"].zeros(1, like.dtype)))
        except Exception:  # NumPy's functions take no tracers
            return True
    # TensorFlow does not tell; softset's own hold numbers only.
    return is_tensorflow(like) and not is_ours(function)


def with_gradients(both: Both, *arrays: Any, otherwise: Callable[[], Any]) -> Any:
    """Return the first of what `both` returns, a value, with the second as its gradients.

    `both` is differentiated itself for second derivatives. A gradient may be None, in an array
    that nothing follows. `otherwise` gives the value where a framework cannot be told.
    """
    first = arrays[0]
    if is_torch(first):
        return _by_torch(both, arrays, otherwise)
    if is_jax(first):
        return _by_jax(both, arrays)
    if is_tensorflow(first):
        return _by_tensorflow(both, arrays)
    return both(*arrays)[0] if not isinstance(first, Dual) else otherwise()


def _by_torch(both: Both, arrays: tuple[Any, ...], otherwise: Callable[[], Any]) -> Any:
    torch: Any = sys.modules["torch"]
    forward_mode = torch.autograd.forward_ad._current_level >= 0
    if compiling() or forward_mode or torch._C._are_functorch_transforms_active():
        return otherwise()
    if not (torch.is_grad_enabled() and any(x.requires_grad for x in arrays)):
        return both(*(x.detach() for x in arrays))[0]

    class Closed(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.save_for_backward(*inputs)
            value, ctx.gradients = both(*(x.detach() for x in inputs))
            return value

        @staticmethod
        def backward(ctx: Any, slope: Any) -> Any:
            again = torch.is_grad_enabled()
            found = both(*ctx.saved_tensors)[1] if again else ctx.gradients
            return tuple(None if x is None else slope * x for x in found)

    return Closed.apply(*arrays)


def _by_jax(both: Both, arrays: tuple[Any, ...]) -> Any:
    jax: Any = sys.modules["jax"]

    @jax.custom_jvp
    def value_of(*arrays: Any) -> Any:
        return both(*arrays)[0]

    @value_of.defjvp
    def _(primals: Any, tangents: Any) -> tuple[Any, Any]:
        value, gradients = both(*primals)
        pairs = zip(gradients, tangents, strict=True)
        return value, sum(jax.numpy.sum(x * t) for x, t in pairs if x is not None)

    return value_of(*arrays)


def _by_tensorflow(both: Both, arrays: tuple[Any, ...]) -> Any:
    tf: Any = sys.modules["tensorflow"]

    def value_of(*arrays: Any) -> tuple[Any, Callable[..., Any]]:
        def backward(slope: Any) -> list[Any]:
            return [slope * x for x in both(*arrays)[1]]

        # What it takes to find the value is not kept: the gradient finds it again.
        return both(*map(tf.stop_gradient, arrays))[0], backward

    return tf.custom_gradient(value_of)(*arrays)
