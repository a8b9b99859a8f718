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
        self.update_count = 0
        self._is_synced = False

    @property
    def update_called(self) -> bool:
        """Whether there was a batch since the last reset."""
        return self.update_count > 0

    def add_state(self, name: str, default: Any, dist_reduce_fx: str) -> None:
        """Name the state, a tensor that is summed."""
        self._state, self._default = name, default
        setattr(self, name, default)

    def reset(self) -> None:
        """Forget all batches."""
        self.update_count = 0
        setattr(self, self._state, self._default.to(getattr(self, self._state).device))

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Move the state to another device with the module, but keep it in float64."""
        super()._apply(fn, recurse)
        state = getattr(self, self._state)
        setattr(self, self._state, state.to(fn(state).device))
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value of a batch, and add the batch to the others."""
        batch = deepcopy(self)
        batch.reset()
        batch.update(*args, **kwargs)
        setattr(self, self._state, getattr(self, self._state) + getattr(batch, self._state))
        self.update_count += 1
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
            total = getattr(self, self._state).clone()
            torch.distributed.all_reduce(total, group=process_group or self.process_group)
            setattr(self, self._state, total)
        self._is_synced = should_sync

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
        self.update_count += 1

    return call


def _synced(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(compute)
    def call(self: Metric) -> Any:
        if self._is_synced:
            return compute(self)
        with self.sync_context():
            return compute(self)

    return call
