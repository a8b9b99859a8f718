"""What MetricScore needs of torchmetrics.Metric, for where torchmetrics is not installed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch.distributed


class Metric(torch.nn.Module):
    """A module with one state that batches add to and `compute` sums over the processes."""

    process_group: Any = None
    update: Callable[..., None]
    compute: Callable[[], Any]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, wrap in (("update", _counted), ("compute", _synced)):
            if name in cls.__dict__:
                setattr(cls, name, wrap(cls.__dict__[name]))

    def __init__(self) -> None:
        super().__init__()
        self._update_count = 0
        self._computed: Any = None  # torchmetrics keeps its last result there
        self._is_synced = False

    @property
    def update_count(self) -> int:
        """How many batches there were since the last reset."""
        return self._update_count

    @property
    def update_called(self) -> bool:
        """Whether there was a batch since the last reset."""
        return self.update_count > 0

    def add_state(self, name: str, default: Any, dist_reduce_fx: str) -> None:
        """Name the state, a tensor that is summed or a list of tensors that are joined."""
        self._state, self._default = name, default
        self.device = torch.device("cpu")
        setattr(self, name, [] if isinstance(default, list) else default)

    def reset(self) -> None:
        """Forget all batches."""
        self._update_count = 0
        self._computed = None
        listed = isinstance(self._default, list)
        setattr(self, self._state, [] if listed else self._default.to(self.device))

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Move the state to another device with the module, but keep it in float64."""
        super()._apply(fn, recurse)
        self.device = fn(torch.zeros((), device=self.device)).device
        state = getattr(self, self._state)
        listed = isinstance(state, list)
        moved = [x.to(self.device) for x in state] if listed else state.to(self.device)
        setattr(self, self._state, moved)
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value of a batch, and add the batch to the others."""
        batch = deepcopy(self)
        batch.reset()
        batch.update(*args, **kwargs)
        setattr(self, self._state, getattr(self, self._state) + getattr(batch, self._state))
        self._update_count += 1
        batch._is_synced = True  # the value of a batch is that of this process
        return batch.compute()

    def sync(
        self,
        dist_sync_fn: Any = None,
        process_group: Any = None,
        should_sync: bool = True,
        distributed_available: Any = None,
    ) -> None:
        """Put the sum over the processes in the place of the state."""
        if should_sync and torch.distributed.is_available() and torch.distributed.is_initialized():
            group = process_group or self.process_group
            state = getattr(self, self._state)
            if isinstance(state, list):
                parts: list[Any] = [None] * torch.distributed.get_world_size(group)
                torch.distributed.all_gather_object(parts, torch.cat(state).cpu(), group=group)
                total: Any = [x.to(self.device) for x in parts]
            else:
                total = state.clone()
                torch.distributed.all_reduce(total, group=group)
            setattr(self, self._state, total)
        self._is_synced = should_sync

    def _plot(self, val: Any = None, ax: Any = None) -> Any:
        raise ModuleNotFoundError(
            "plot draws with torchmetrics and matplotlib; install both, or plot the numbers that "
            "compute() and values() return"
        )

    @contextmanager
    def sync_context(self) -> Iterator[None]:
        """Let the state be that of all processes, which all have to enter this."""
        local = getattr(self, self._state)
        self.sync()
        try:
            yield
        finally:
            setattr(self, self._state, local)
            self._is_synced = False


def _counted(update: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(update)
    def call(self: Metric, *args: Any, **kwargs: Any) -> None:
        with torch.no_grad():
            update(self, *args, **kwargs)
        self._update_count += 1

    return call


def _synced(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(compute)
    def call(self: Metric) -> Any:
        if self._is_synced:
            return compute(self)
        with self.sync_context():
            return compute(self)

    return call
