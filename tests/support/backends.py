"""The libraries and modes that every kernel test runs in, as classes with the same methods."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import math
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import softset as ss
from softset._arrays import duals, library
from softset.gradients import LinearLoss
from softset.scores import Score


class Backend:
    """One way of calling array code: a library, eager or compiled."""

    name: str
    library: str
    optional = False  # whether tests run on it only where it is asked for by its name
    traced = False  # whether compiled code sees no values
    in_memory = True  # whether arrays lie in this machine's memory
    dtypes: tuple[str, ...] = ("float64", "float32", "float16", "bfloat16")

    @property
    def has_float16(self) -> bool:
        return "float16" in self.dtypes

    @property
    def has_bfloat16(self) -> bool:
        return "bfloat16" in self.dtypes

    @property
    def halves(self) -> tuple[str, ...]:
        return self.dtypes[2:]

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        """Return NumPy data as an array of the library; dtype by name."""
        raise NotImplementedError

    def is_array(self, x: Any) -> bool:
        raise NotImplementedError

    def _to_numpy(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def to_numpy(self, x: Any) -> np.ndarray:
        """Return an array of the library as a NumPy array, and fail for anything else."""
        assert self.is_array(x), f"{type(x)} is no array of {self.library}"
        assert ss.array_namespace(x) is ss.array_namespace(self.asarray(np.zeros(1)))
        found = self._to_numpy(x)
        assert tuple(x.shape) == found.shape
        return found.astype(np.float32) if found.dtype.name == "bfloat16" else found

    def dtype_name(self, x: Any) -> str:
        return str(x.dtype).rpartition(".")[2]

    def compile(self, fn: Callable[..., Any], *arrays: Any) -> Callable[..., Any]:
        """Return fn in this mode, for arrays like these."""
        return fn

    def run(self, fn: Callable[..., Any], *arrays: Any) -> Any:
        return self.compile(fn, *arrays)(*arrays)

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        """Return what gives fn's value and its gradient in one argument, in this mode."""
        raise NotImplementedError

    def value_and_grad(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> tuple[Any, Any]:
        return self.compile_gradient(fn, *arrays, argnum=argnum)(*arrays)


class NumPy(Backend):
    """NumPy, whose gradients are the kernel's own."""

    name = library = "numpy"
    dtypes = ("float64", "float32", "float16") + ("bfloat16",) * (
        find_spec("ml_dtypes") is not None
    )

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        if dtype == "bfloat16":
            dtype = importlib.import_module("ml_dtypes").bfloat16
        return np.array(x, dtype=dtype)

    def is_array(self, x: Any) -> bool:
        return isinstance(x, (np.ndarray, np.generic))

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        if argnum == 1 and len(arrays) == 2 and isinstance(fn, (Score, LinearLoss)):
            return ss.value_and_grad(fn)
        return partial(self.by_duals, fn, argnum=argnum)

    def by_duals(self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1) -> tuple[Any, Any]:
        value, (gradient,) = duals.value_and_gradients(
            lambda x: fn(*arrays[:argnum], x, *arrays[argnum + 1 :]), arrays[argnum]
        )
        return value, gradient


class Strict(NumPy):
    name = library = "array_api_strict"
    dtypes = ("float64", "float32")

    def __init__(self) -> None:
        self.xp = importlib.import_module(self.library)

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        return self.xp.asarray(np.array(x, dtype=dtype))

    def is_array(self, x: Any) -> bool:
        return isinstance(x, type(self.xp.asarray(0)))

    def by_duals(self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1) -> tuple[Any, Any]:
        # Its arrays refuse a dual on their right, so every real argument becomes one.
        real = [i for i, x in enumerate(arrays) if self.xp.isdtype(x.dtype, "real floating")]

        def call(*duals: Any) -> Any:
            given = dict(zip(real, duals, strict=True))
            return fn(*(given.get(i, x) for i, x in enumerate(arrays)))

        value, gradients = duals.value_and_gradients(call, *(arrays[i] for i in real))
        return value, gradients[real.index(argnum)]


class Torch(Backend):
    """PyTorch's tensors, on a GPU with SOFTSET_DEVICE=cuda."""

    name = library = "torch"

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")
        self.device = os.environ.get("SOFTSET_DEVICE", "cpu")
        self.in_memory = self.device == "cpu"

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        x = self.torch.tensor(np.array(x), device=self.device)
        return x if dtype is None else x.to(getattr(self.torch, dtype))

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self.torch.Tensor)

    def _to_numpy(self, x: Any) -> np.ndarray:
        assert x.device.type == self.device
        x = x.detach().cpu()
        return (x.float() if x.dtype == self.torch.bfloat16 else x).numpy()

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        compiled = self.compile(fn, *arrays)

        def call(*arrays: Any) -> tuple[Any, Any]:
            x = arrays[argnum].detach().clone().requires_grad_(True)
            value = compiled(*arrays[:argnum], x, *arrays[argnum + 1 :])
            if not value.requires_grad:
                return value, self.torch.zeros_like(x)
            (gradient,) = self.torch.autograd.grad(value, x, materialize_grads=True)
            return value.detach(), gradient

        return call


class TorchCompiled(Torch):
    """torch.compile without graph breaks; inductor, at seconds a function, has tests of its own."""

    name, traced = "torch-compiled", True
    compiler = "aot_eager"

    def compile(self, fn: Callable[..., Any], *arrays: Any) -> Callable[..., Any]:
        self.torch._dynamo.reset()  # its limit of recompilations counts per code object
        return self.torch.compile(lambda *xs: fn(*xs), fullgraph=True, backend=self.compiler)


class Jax(Backend):
    name = library = "jax"

    def __init__(self) -> None:
        self.jax = importlib.import_module("jax")
        self.in_memory = self.jax.default_backend() == "cpu"

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        return self.jax.numpy.asarray(np.array(x), dtype=dtype)

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self.jax.Array)

    def compile(self, fn: Callable[..., Any], *arrays: Any) -> Callable[..., Any]:
        def strictly(*xs: Any) -> Any:
            with self.jax.numpy_dtype_promotion("strict"):
                return fn(*xs)

        return strictly

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        return self.compile(self.jax.value_and_grad(lambda *xs: fn(*xs), argnums=argnum), *arrays)


class JaxJit(Jax):
    name, traced = "jax-jit", True

    def compile(self, fn: Callable[..., Any], *arrays: Any) -> Callable[..., Any]:
        return self.jax.jit(super().compile(fn, *arrays))


class TensorFlow(Backend):
    name = library = "tensorflow"

    def __init__(self) -> None:
        self.tf = importlib.import_module("tensorflow")
        self.tf.get_logger().setLevel("ERROR")  # a function for each test looks like retracing

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        x = self.tf.constant(np.array(x))
        return x if dtype is None else self.tf.cast(x, dtype)

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self.tf.Tensor)

    def _to_numpy(self, x: Any) -> np.ndarray:
        return np.asarray(x.numpy())

    def dtype_name(self, x: Any) -> str:
        return x.dtype.name

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        def taped(*xs: Any) -> tuple[Any, Any]:
            with self.tf.GradientTape() as tape:
                tape.watch(xs[argnum])
                value = fn(*xs)
            gradient = tape.gradient(value, xs[argnum], unconnected_gradients="zero")
            return value, gradient

        return self.compile(taped, *arrays)


class TFFunction(TensorFlow):
    """tf.function for batches of any length, and with autograph as by default."""

    name, traced = "tf-function", True
    options: ClassVar[dict[str, Any]] = {}

    def compile(self, fn: Callable[..., Any], *arrays: Any) -> Callable[..., Any]:
        shapes = [[None, *x.shape[1:]] if x.shape.rank else [] for x in arrays]
        spec = [self.tf.TensorSpec(s, x.dtype) for s, x in zip(shapes, arrays, strict=True)]
        return self.tf.function(lambda *xs: fn(*xs), input_signature=spec, **self.options)


class TFXLA(TFFunction):
    """tf.function by XLA; without autograph, so that a branch on a tensor's value raises."""

    name = "tf-xla"
    options: ClassVar[dict[str, Any]] = {"jit_compile": True, "autograph": False}


class MLX(Backend):
    """MLX on the CPU, where it has float64; mx.compile, which starts a C++ compiler, has a test."""

    name, library = "mlx", "mlx"
    optional = True

    def __init__(self) -> None:
        self.mx = importlib.import_module("mlx.core")
        self.mx.set_default_device(self.mx.cpu)

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        x = np.array(x)
        return self.mx.array(x, dtype=getattr(self.mx, dtype or _mlx_name(x.dtype)))

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self.mx.array)

    def _to_numpy(self, x: Any) -> np.ndarray:
        return np.asarray(x.astype(self.mx.float32) if x.dtype == self.mx.bfloat16 else x)

    def dtype_name(self, x: Any) -> str:
        return str(x.dtype).rpartition(".")[2].removesuffix("_")

    def compile_gradient(
        self, fn: Callable[..., Any], *arrays: Any, argnum: int = 1
    ) -> Callable[..., tuple[Any, Any]]:
        return self.compile(self.mx.value_and_grad(lambda *xs: fn(*xs), argnums=argnum), *arrays)


def _mlx_name(dtype: np.dtype) -> str:
    return {"bool": "bool_", "complex128": "complex64"}.get(dtype.name) or dtype.name


_KINDS = (NumPy, Strict, Torch, TorchCompiled, Jax, JaxJit, TensorFlow, TFFunction, TFXLA, MLX)
KINDS: dict[str, type[Backend]] = {kind.name: kind for kind in _KINDS}
EAGER = tuple(name for name, kind in KINDS.items() if not kind.traced)
TRACED = tuple(name for name, kind in KINDS.items() if kind.traced)


def lib_of(*arrays):
    """Return the library that arrays share, as the doors find it."""
    return library(tuple(f"argument {i}" for i in range(len(arrays))), arrays)


def jax_as_it_comes() -> Any:
    """Return a context in which JAX has no float64."""
    enable = getattr(importlib.import_module("jax"), "enable_x64", None)
    if enable is None:  # before JAX 0.8
        enable = importlib.import_module("jax.experimental").enable_x64
    return enable(False)


def total(x: Any) -> Any:
    """Return the sum of an array of any library, or of dual numbers."""
    return ss.array_namespace(x).sum(x)


def resident() -> float:
    """Return how many bytes this process has in memory, or no limit where it cannot be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return math.inf
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def forget_compiled(limit: float = 0.0) -> None:
    """Free what the frameworks keep of compiled functions, of which a module makes hundreds.

    What eager JAX compiled for each operation and shape is kept below a number of bytes: it takes
    50 ms each to do so again.
    """
    if often := sys.modules.get("softset._arrays.often"):
        often.forget()
    if dynamo := sys.modules.get("torch._dynamo"):
        dynamo.reset()
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session()
    if resident() <= limit:
        return
    if jax := sys.modules.get("jax"):
        jax.clear_caches()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # glibc keeps for itself what is freed
