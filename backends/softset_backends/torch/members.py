"""Many models trained at once in PyTorch: the losses of all by torch.vmap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


def rounds(
    loss: Callable[..., Any], logits: Callable[..., Any], update: Callable[..., Any]
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that makes some updates of many models, as for NumPy."""
    # The first axis is that of splits, the second that of settings, which share rows.
    of_settings = torch.vmap(loss, (None, 0, None, 0, 0))
    of_all = torch.vmap(of_settings, (0, 0, 0, 0, 0))

    def one_by_one(state: Any, batches: Iterable[Any], factors: Any, rates: Any) -> tuple[Any, Any]:
        state = [[torch.as_tensor(x) for x in part] for part in state]
        factors, rates = torch.as_tensor(factors), [torch.as_tensor(x) for x in rates]
        scores = []
        for batch in batches:
            x, *rest = (torch.as_tensor(a) for a in batch)
            params = [p.detach().requires_grad_() for p in state[0]]
            z = logits(params, x)
            slopes = torch.autograd.grad(of_all(rest[0], z, *rest[1:], factors).sum(), params)
            state = update([params, *state[1:]], slopes, rates)
            state = [[a.detach() for a in part] for part in state]
            scores.append(z.detach().numpy())
        return [[a.numpy() for a in part] for part in state], scores

    def advance(*arguments: Any) -> tuple[Any, Any]:
        threads = torch.get_num_threads()
        # Operations this small take longer on several threads, on a busy machine twentyfold.
        torch.set_num_threads(1)
        try:
            return one_by_one(*arguments)
        finally:
            torch.set_num_threads(threads)

    return advance
