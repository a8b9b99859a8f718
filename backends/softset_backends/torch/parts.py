"""The gradient of a large batch from micro-batches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from softset._arrays.values import checking
from softset._types import Reduce, arrays_of, map_counts, parts_of, reduced
from softset.compound import additive
from softset.gradients import LinearLoss

from ..parts import unpack
from .loss import MetricLoss

_CHANGED = (
    "`parts` and `forward` must give the same in both passes, got {}; pass a list of the parts, "
    "and draw no random numbers but those of torch's default generators"
)


def backward_in_parts(
    loss: Callable[..., Any],
    forward: Callable[[Any], torch.Tensor],
    parts: Iterable[Any],
    *,
    reduce: Reduce | None = None,
) -> torch.Tensor:
    """Add the gradient of the loss of all micro-batches together to ``.grad``.

    It takes two passes: one without gradients adds up the counts of the micro-batches, one
    back-propagates each of them with the slopes that the loss has at these counts. Memory is
    that of the largest micro-batch, time that of one more forward pass.

    Parameters
    ----------
    loss : what `softset.as_loss` returned, or a `MetricLoss`
        The loss of all micro-batches together.
    forward : callable
        Maps the inputs of a micro-batch to scores with gradients. A module itself, rather than
        a function around it, has its buffers (the running statistics of batch normalisation)
        updated by one pass only, and DistributedDataParallel exchanges gradients only once.
    parts : iterable of (inputs, y_true) or (inputs, y_true, options)
        The micro-batches, of any sizes: a list, or a DataLoader. `options` is a dict with
        `sample_weight`, `where` and `groups` of the micro-batch. It is gone through twice.
    reduce : callable, optional
        As for a loss: `all_reduce` sums the counts over processes, for DistributedDataParallel.

    Returns
    -------
    torch.Tensor
        The loss of all micro-batches together, without gradient.

    Raises
    ------
    TypeError
        If `loss` is none, or has no counts that add up; if `parts` can be gone through only
        once, or if a part is no tuple.
    ValueError
        If there are no parts or their number changes, if scores carry no gradient or, while
        `softset.checks` is on, if the second pass finds other scores than the first.

    Notes
    -----
    The second pass starts from the random state of the first: dropout draws the same masks, and
    a shuffling DataLoader without a generator of its own the same order. Batch normalisation in
    training mode normalises by micro-batch; the gradient is exact for the scores that come out.
    After an error ``.grad`` may hold a part of the gradient.

    Examples
    --------
    >>> import torch
    >>> import softset as ss
    >>> from softset_backends.torch import backward_in_parts
    >>> x, y = torch.linspace(-1, 1, 6)[:, None], torch.tensor([0, 0, 1, 0, 1, 1])
    >>> model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Flatten(0))
    >>> loss = ss.as_loss(ss.f1, from_logits=True)
    >>> value = backward_in_parts(loss, model, [(x[:4], y[:4]), (x[4:], y[4:])])
    >>> in_parts = model[0].weight.grad.clone()
    >>> model.zero_grad()
    >>> whole = loss(y, model(x))
    >>> whole.backward()
    >>> torch.allclose(value, whole), torch.allclose(in_parts, model[0].weight.grad)
    (True, True)
    """
    followed = loss if isinstance(loss, MetricLoss) else additive(loss)
    if isinstance(parts, Iterator):
        raise TypeError(
            f"`parts` must be something to go through twice, got {type(parts).__name__}; "
            "pass a list of it"
        )
    with torch.no_grad(), _rewound(forward):
        seen = [_count(followed, forward, part) for part in parts]
    if not seen:
        raise ValueError("`parts` must hold at least one micro-batch, got none")
    total = sum(seen[1:], seen[0])
    total = map_counts(lambda x: x.detach().requires_grad_(), total)
    value = _plain(followed).of_counts(total if reduce is None else reduced(reduce, total))
    # Zeros that PyTorch 2.7 makes here would be followed themselves.
    found = torch.autograd.grad(value, arrays_of(total), materialize_grads=True)
    slopes = iter([x.detach() for x in found])
    linear = LinearLoss(_plain(followed), map_counts(lambda _: next(slopes), total))
    number = 0
    for number, part in enumerate(parts, 1):
        with _exchanging(forward, number >= len(seen)):
            counts = _count(followed, forward, part)
            _check_same(counts, seen, number)
            term = linear.of_counts(counts)
            if not term.requires_grad:
                raise ValueError(
                    f"`forward` must give scores with gradients, got none for part {number}; "
                    "a hard step has none either"
                )
            term.backward()
    if number < len(seen):
        raise ValueError(_CHANGED.format(f"{len(seen)} parts, then {number}"))
    return value.detach()


@contextlib.contextmanager
def _rewound(forward: Any) -> Iterator[None]:
    """Put the random state, and the buffers of a module, back to what they were."""
    buffers = list(forward.buffers()) if isinstance(forward, torch.nn.Module) else []
    saved = [x.clone() for x in buffers]
    # Named devices: without them PyTorch warns where there are several.
    # Without a device PyTorch 2.7 looks for a driver, to count none.
    devices = torch.accelerator.device_count() if torch.accelerator.is_available() else 0
    with torch.random.fork_rng(range(devices)):
        yield
    for buffer, before in zip(buffers, saved, strict=True):
        buffer.copy_(before)


def _exchanging(forward: Any, last: bool) -> contextlib.AbstractContextManager[Any]:
    """Let a data parallel module exchange gradients in the last part only."""
    return (
        contextlib.nullcontext() if last or not hasattr(forward, "no_sync") else forward.no_sync()
    )


def _plain(loss: Any) -> Any:
    # Asked for anew by each part: its backward pass frees the graph of a learned threshold.
    return loss.loss if isinstance(loss, MetricLoss) else loss


def _count(loss: Any, forward: Callable[[Any], Any], part: Any) -> Any:
    inputs, y_true, options = unpack(part)
    return _plain(loss).confusion(y_true, forward(inputs), **options)


def _check_same(counts: Any, seen: list[Any], number: int) -> None:
    """Require the counts of the first pass, up to what rounding in another order changes."""
    if number > len(seen):
        raise ValueError(_CHANGED.format(f"{len(seen)} parts, then more"))
    if not checking():
        return
    for c, before in zip(parts_of(counts), parts_of(seen[number - 1]), strict=True):
        found, expected = (torch.stack(tuple(x)).detach() for x in (c, before))
        tolerance = torch.finfo(expected.dtype).eps ** 0.5
        if found.shape != expected.shape or (
            (found - expected).abs().max() > tolerance * expected.sum()
        ):
            raise ValueError(_CHANGED.format(f"other scores or labels in part {number}"))
