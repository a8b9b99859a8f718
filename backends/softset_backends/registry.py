"""The backends by name: which there are, and which are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

NAMES = ("numpy", "torch", "jax", "tensorflow")

# What pip installs them by.
_EXTRAS = {
    "numpy": "numpy",
    "torch": "softset[torch]",
    "jax": "softset[jax]",
    "tensorflow": "softset[tensorflow]",
    "narwhals": "softset[frames]",
}


class Backend(Protocol):
    """The functions that every backend module has."""

    MODES: tuple[str, ...]

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        """Return NumPy data as an array of the framework; dtype by name, such as "float32"."""
        ...

    def to_numpy(self, x: Any) -> Any:
        """Return an array of the framework as a NumPy array."""
        ...

    def double_precision(self) -> AbstractContextManager[Any]:
        """Return a context in which float64 is available."""
        ...

    def device(self) -> str:
        """Return the device that arrays are put on, such as "cpu"."""
        ...

    def compile(self, fn: Callable[..., Any], mode: str) -> Callable[..., Any]:
        """Return the function in one of MODES; the first is eager."""
        ...

    def value_and_grad(
        self, fn: Callable[..., Any], *, argnum: int = 1, mode: str = "eager"
    ) -> Callable[..., tuple[Any, Any]]:
        """Return a function of the same arrays that gives fn's value and its gradient.

        fn may return one number, or a 1-D array of them, one gradient each on a leading axis.
        """
        ...

    def synchronize(self, x: Any) -> None:
        """Wait until x has been computed."""
        ...

    def fit_mlp(
        self,
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
        """Train a ReLU network on logits with the framework's own loop; return its weights."""
        ...


def get(name: str) -> Backend:
    """Return a backend by name.

    Parameters
    ----------
    name : {"numpy", "torch", "jax", "tensorflow"}
        The framework.

    Returns
    -------
    Backend
        A module with the functions of `Backend`.

    Raises
    ------
    ValueError
        If there is no backend of that name.
    ImportError
        If the framework is not installed; the message has the pip command.

    Examples
    --------
    >>> import softset_backends as sb
    >>> print(sb.get("numpy").asarray([1, 2], "float32"))
    [1. 2.]
    """
    if name not in NAMES:
        raise ValueError(f"`name` must be one of {', '.join(NAMES)}, got {name!r}")
    if find_spec(name) is None:
        raise ImportError(f"backend {name!r} is not installed; {pip_command(name)}")
    return cast(Backend, import_module(f".{name}", __package__))


def pip_command(name: str) -> str:
    """Return the command that installs a backend's framework, or narwhals."""
    return f"pip install '{_EXTRAS[name]}'"


def available() -> tuple[str, ...]:
    """Return the names of the backends whose framework is installed.

    Returns
    -------
    tuple of str
        In a fixed order. Nothing is imported to find out.

    Examples
    --------
    >>> import softset_backends as sb
    >>> "numpy" in sb.available()
    True
    """
    return tuple(name for name in NAMES if find_spec(name) is not None)
