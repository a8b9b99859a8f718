"""Counts of all processes of torch.distributed together."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
import torch.distributed as dist

from softset._arrays import library
from softset._arrays.values import checking
from softset._types import Counts, are_counts


def all_reduce(confusion: Counts, group: Any = None) -> Any:
    """Sum counts over all processes, with gradients.

    Passed as `reduce` to a loss it makes data parallel training exact: every process gets the
    loss of the whole batch, and with the mean of gradients that DistributedDataParallel takes
    its gradient. A process's own gradient is the world size times its share of that.

    Parameters
    ----------
    confusion : Confusion or ConfusionTable
        Counts of this process: four tensors of one shape and dtype, the same ones everywhere.
    group : torch.distributed.ProcessGroup, optional
        The processes to sum over, all by default. As `reduce` of a loss:
        ``functools.partial(all_reduce, group=group)``.

    Returns
    -------
    Confusion or ConfusionTable
        The sums, equal on all processes. Differentiable, also twice; the backward pass sums as
        well, so every process of the group has to run it.

    Raises
    ------
    RuntimeError
        If no process group is initialised, or if another process is gone or late, after the
        group's timeout at the latest.
    TypeError
        If `confusion` is no counts of tensors.
    ValueError
        If this process is not one of the group; on every process, if their shapes or dtypes
        differ.

    Notes
    -----
    The four counts are one message. Shapes and dtypes are another, of 16 bytes, whatever
    `softset.checks` is on this process or that one. It is looked at with ``checks(False)`` too,
    but not on an accelerator, which would have to be waited for. Compiled code does not send it:
    compile on all processes or on none.

    As `reduce` of a loss it is also called with a batch without rows, whose counts are 0. A
    batch that a check refuses is an error on its process alone, which has then sent nothing: the
    others wait until that process ends or the group's timeout.

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
    if not (are_counts(confusion) and all(map(torch.is_tensor, confusion))):
        raise TypeError(
            f"`confusion` must be a Confusion or a ConfusionTable of tensors, got {confusion!r}"
        )
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(
            "all_reduce needs a process group; start the processes with torchrun and call "
            "torch.distributed.init_process_group() in each"
        )
    if dist.get_rank(group) < 0:
        raise ValueError(f"`group` does not hold this process, rank {dist.get_rank()}")
    arrays: Any = tuple(confusion)
    counts = torch.stack(arrays)
    if library(("c",), (counts,)).visible:
        # Sent whatever this process's checks are: the others' may be on.
        _check_kind(counts, group, look=bool(checking() or counts.device.type == "cpu"))
    return type(confusion)(*_Sum.apply(counts, group).unbind())


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


def _check_kind(counts: torch.Tensor, group: Any, *, look: bool) -> None:
    """Require counts of one shape and dtype on all processes, by a message of a fixed length."""
    kind = f"{counts.dtype} of shape {tuple(counts.shape[1:])}"
    digest = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:7], "big")
    extremes = torch.tensor([digest, -digest], device=counts.device)
    dist.all_reduce(extremes, dist.ReduceOp.MAX, group)
    if not look:
        return
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
