"""Counts of all processes of torch.distributed together."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
import torch.distributed as dist

from softset import Confusion
from softset._values import checking
from softset._visible import values_visible


def all_reduce(confusion: Confusion, group: Any = None) -> Confusion:
    """Sum counts over all processes, with gradients.

    Passed as `reduce` to a loss it makes data parallel training exact: every process gets the
    loss of the whole batch, and with the mean of gradients that DistributedDataParallel takes
    its gradient. A process's own gradient is the world size times its share of that.

    Parameters
    ----------
    confusion : Confusion
        Counts of this process: four tensors of one shape and dtype, the same ones everywhere.
    group : torch.distributed.ProcessGroup, optional
        The processes to sum over, all by default. As `reduce` of a loss:
        ``functools.partial(all_reduce, group=group)``.

    Returns
    -------
    Confusion
        The sums, equal on all processes. Differentiable, also twice; the backward pass sums as
        well, so every process of the group has to run it.

    Raises
    ------
    RuntimeError
        If no process group is initialised, or if another process is gone or late, after the
        group's timeout at the latest.
    TypeError
        If `confusion` is not a Confusion of tensors.
    ValueError
        If this process is not one of the group or, while `softset.checks` is on, if the shapes
        or dtypes of the processes differ.

    Notes
    -----
    The four counts are one message. The check of shapes is another, of 16 bytes, and waits for
    the device; ``softset.checks(False)``, on all processes, leaves it out. Without it gloo ends
    a process that gets a message of another length, and adds up counts of other shapes.

    Examples
    --------
    >>> import torch
    >>> import softset as ss
    >>> from softset_backends.torch import all_reduce
    >>> store = torch.distributed.HashStore()  # torchrun says how processes find each other
    >>> torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> loss = ss.as_loss(ss.f1)
    >>> y_true, y_prob = torch.tensor([1, 0, 1, 0]), torch.tensor([0.9, 0.6, 0.4, 0.2])
    >>> print(f"{loss(y_true, y_prob, reduce=all_reduce):.4f}")
    0.3627
    >>> torch.distributed.destroy_process_group()
    """
    if not (isinstance(confusion, Confusion) and all(map(torch.is_tensor, confusion))):
        raise TypeError(f"`confusion` must be a Confusion of tensors, got {confusion!r}")
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(
            "all_reduce needs a process group; start the processes with torchrun and call "
            "torch.distributed.init_process_group() in each"
        )
    if dist.get_rank(group) < 0:
        raise ValueError(f"`group` does not hold this process, rank {dist.get_rank()}")
    counts = torch.stack(tuple(confusion))
    if checking() and values_visible(counts):
        _check_kind(counts, group)
    return Confusion(*_Sum.apply(counts, group).unbind())


class _Sum(torch.autograd.Function):
    """A sum over processes whose gradient is summed as well."""

    @staticmethod
    def forward(x: torch.Tensor, group: Any) -> torch.Tensor:
        x = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(x, group=group)
        return x

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.group = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return _Sum.apply(gradients[0], ctx.group), None


def _check_kind(counts: torch.Tensor, group: Any) -> None:
    """Require counts of one shape and dtype on all processes, by a message of a fixed length."""
    kind = f"{counts.dtype} of shape {tuple(counts.shape[1:])}"
    digest = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:7], "big")
    extremes = torch.tensor([digest, -digest], device=counts.device)
    dist.all_reduce(extremes, dist.ReduceOp.MAX, group)
    highest, lowest = extremes.tolist()
    if highest == -lowest:
        return
    kinds: list[Any] = [None] * dist.get_world_size(group)
    dist.all_gather_object(kinds, kind, group)
    found = "; ".join(f"rank {rank}: {kind}" for rank, kind in enumerate(kinds))
    raise ValueError(
        f"`confusion` must have one shape and dtype on all processes, got {found}; counts per row "
        "differ where batches do, those over axis 0 or over all axes do not"
    )
