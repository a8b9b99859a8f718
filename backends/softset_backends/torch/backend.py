"""PyTorch: autograd, torch.compile, and a plain training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

MODES = ("eager", "aot_eager", "compile")

_COMPILERS = {"aot_eager": "aot_eager", "compile": "inductor"}


def asarray(x: Any, dtype: str | None = None) -> Any:
    """Return data as a tensor; dtype by name, such as "float32"."""
    return torch.asarray(x, dtype=None if dtype is None else getattr(torch, dtype))


def to_numpy(x: Any) -> Any:
    """Return a tensor as a NumPy array."""
    return x.detach().cpu().numpy()


def double_precision() -> AbstractContextManager[Any]:
    """Return an empty context: PyTorch always has float64."""
    return nullcontext()


def device() -> str:
    """Return the device that PyTorch would compute on: cpu, or what kind of accelerator."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if found is None else found.type


def compile(fn: Callable[..., Any], mode: str = "compile") -> Callable[..., Any]:
    """Return the function as it is, or by torch.compile without graph breaks.

    "aot_eager" traces both passes as "compile" does, but generates no code for them.
    """
    if mode not in MODES:
        raise ValueError(f"`mode` must be one of {', '.join(MODES)}, got {mode!r}")
    if mode == "eager":
        return fn

    def call(*arrays: Any) -> Any:
        return fn(*arrays)

    # Dynamo keeps few versions of a code object; a copy has its own.
    call.__code__ = call.__code__.replace()
    return torch.compile(call, fullgraph=True, backend=_COMPILERS[mode])


def value_and_grad(
    fn: Callable[..., Any], *, argnum: int = 1, mode: str = "eager"
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives fn's value and its gradient, by autograd."""
    compiled = compile(fn, mode)

    def call(*arrays: Any) -> tuple[Any, Any]:
        x = arrays[argnum].detach().clone().requires_grad_(True)

        def forward() -> Any:
            return compiled(*arrays[:argnum], x, *arrays[argnum + 1 :])

        value = forward()
        if not value.requires_grad:
            return value, torch.zeros(*value.shape, *x.shape, dtype=x.dtype, device=x.device)
        if not value.ndim:
            return value.detach(), _slope(value, x)
        if mode == "eager":
            rows = [_slope(part, x, retain_graph=True) for part in value.unbind()]
        else:  # a compiled backward pass may run only once
            rows = [_slope(forward()[i], x) for i in range(len(value))]
        return value.detach(), torch.stack(rows)

    return call


def _slope(value: Any, x: Any, *, retain_graph: bool = False) -> Any:
    return torch.autograd.grad(
        value, x, retain_graph=retain_graph, allow_unused=True, materialize_grads=True
    )[0].detach()


def synchronize(x: Any) -> None:
    """Wait until x has been computed."""
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


def fit_mlp(
    loss: Callable[..., Any],
    weights: Sequence[Any],
    features: Any,
    labels: Any,
    batches: Iterable[Any],
    *,
    learning_rate: float,
    momentum: float,
    on_step: Callable[[float], None],
) -> list[Any]:
    """Train a ReLU network on logits with torch.optim.SGD; the arguments are as for NumPy."""
    layers: list[torch.nn.Module] = []
    for matrix, bias in zip(weights[::2], weights[1::2], strict=True):
        layer = torch.nn.Linear(*matrix.shape, dtype=asarray(matrix).dtype)
        with torch.no_grad():
            layer.weight.copy_(asarray(matrix).T)
            layer.bias.copy_(asarray(bias))
        layers += [layer, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    inputs, targets = asarray(features), asarray(labels)
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=momentum)
    for rows in batches:
        optimizer.zero_grad()
        value = loss(targets[rows], network(inputs[rows])[:, 0])
        value.backward()
        optimizer.step()
        on_step(value.item())
    return [
        array
        for layer in network
        if isinstance(layer, torch.nn.Linear)
        for array in (to_numpy(layer.weight).T, to_numpy(layer.bias))
    ]
