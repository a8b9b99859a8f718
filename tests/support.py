"""The libraries and modes that every kernel test runs in, test data, and assertions."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import itertools
import math
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
import pytest

import softset as ss
from softset._arrays import duals, library
from softset.gradients import LinearLoss
from softset.losses import Score

# Relative to the largest entry that is expected, so that entries which cancel to almost 0 are
# held to the rounding of their terms.
# Autodiff against autodiff, dual numbers and closed forms, in float64: tens of roundings of 1e-16.
EXACT = 1e-13
# Sums in another order, and a chain through one more sum (micro-batches against a whole batch).
SUMMED = 1e-12
# Central differences with h = 1e-5: h**2 of truncation plus 1e-16 / h of rounding.
DIFFERENCES = 1e-7
STEP = 1e-5
# float32 rounds at 6e-8.
SINGLE = 1e-5
# float16 and bfloat16 scores are rounded at 5e-4 and 4e-3, which hundreds of thousands average out.
HALF = 2e-3


class Referee:
    """A module to compare with; a test that calls one of its functions skips without it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(pytest.importorskip(self._module), name)(*args, **kwargs)

        return call


sklearn = Referee("sklearn.metrics")


class Backend:
    """One way of calling array code: a library, eager or compiled."""

    name: str
    library: str
    traced = False  # whether compiled code sees no values
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
    name = library = "torch"

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        x = self.torch.tensor(np.array(x))
        return x if dtype is None else x.to(getattr(self.torch, dtype))

    def is_array(self, x: Any) -> bool:
        return isinstance(x, self.torch.Tensor)

    def _to_numpy(self, x: Any) -> np.ndarray:
        x = x.detach()
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


_KINDS = (NumPy, Strict, Torch, TorchCompiled, Jax, JaxJit, TensorFlow, TFFunction, TFXLA)
KINDS: dict[str, type[Backend]] = {kind.name: kind for kind in _KINDS}
VARIABLE = "SOFTSET_BACKENDS"


def lib_of(*arrays):
    """Return the library that arrays share, as the doors find it."""
    return library(tuple(f"argument {i}" for i in range(len(arrays))), arrays)


def requested() -> list[str]:
    """Return the names that the environment variable asks for, or nothing without it."""
    names = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    return list(KINDS) if names == ["all"] else names


def missing(library: str) -> bool:
    return find_spec(library) is None


def params(*names: str) -> list[Any]:
    """Return what the `backend` fixture runs: those of the names that are asked for."""
    asked, found = requested(), []
    for name in names:
        library = KINDS[name].library
        skip = pytest.mark.skipif(missing(library), reason=f"{library} is not installed")
        if not asked or name in asked:
            found.append(pytest.param(name, marks=skip, id=name))
    return found


def on(*names: str) -> Any:
    """Return a mark that runs a test in these modes only."""
    return pytest.mark.parametrize("backend", params(*names), indirect=True)


EAGER = tuple(name for name, kind in KINDS.items() if not kind.traced)
TRACED = tuple(name for name, kind in KINDS.items() if kind.traced)


def pairwise(*parameters: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return few combinations in which every two values of two parameters meet."""
    values = [tuple(parameter) for parameter in parameters]
    if len(values) == 1 or not all(values):
        return list(itertools.product(*values))
    sides = [[(k, i) for i in range(len(of))] for k, of in enumerate(values)]
    pairs = (itertools.product(*two) for two in itertools.combinations(sides, 2))
    left = dict.fromkeys(itertools.chain.from_iterable(pairs))  # a set that keeps its order
    rows = []
    while left:
        row = list(next(iter(left)))
        for side in sides:
            if side[0][0] not in dict(row):
                row.append(max(side, key=lambda x: sum(p in left for p in _with(x, row))))
        row.sort()
        for pair in itertools.combinations(row, 2):
            left.pop(pair, None)
        rows.append(tuple(values[k][i] for k, i in row))
    return rows


def _with(one: tuple[int, int], others: list[tuple[int, int]]) -> list[Any]:
    return [(min(one, other), max(one, other)) for other in others]


def combined(backend: Iterable[str] = tuple(KINDS), **parameters: Iterable[Any]) -> Any:
    """Return a mark: all combinations in eager modes, and every two values in compiled ones.

    A compiled form takes a second or more, so that each meets every value, and every two values
    meet in one of them.
    """
    eager = [name for name in backend if not KINDS[name].traced]
    traced = [name for name in backend if KINDS[name].traced]
    rows = list(itertools.product(eager, *parameters.values()))
    rows += pairwise(traced, *parameters.values())
    marks = {param.values[0]: param.marks for param in params(*eager, *traced)}
    return pytest.mark.parametrize(
        ("backend", *parameters),
        [
            pytest.param(*row, marks=marks[row[0]], id="-".join(map(str, row)))
            for row in rows
            if row[0] in marks
        ],
        indirect=["backend"],
        scope="session",  # in the order of the backends, as where the fixture stands alone
    )


def forget_compiled() -> None:
    """Free what the frameworks keep of compiled functions, of which a module makes hundreds."""
    if jax := sys.modules.get("jax"):
        jax.clear_caches()
    if dynamo := sys.modules.get("torch._dynamo"):
        dynamo.reset()
    if keras := sys.modules.get("keras"):
        keras.backend.clear_session()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # glibc keeps for itself what is freed


def five_points(p: float, tau: float, delta: float) -> float:
    """Interpolate the knots of Tsoi et al. 2022, section 3.1, one score at a time."""
    half = min(tau, 1 - tau) / 2
    return float(np.interp(p, [0, tau - half, tau, tau + half, 1], [0, delta, 0.5, 1 - delta, 1]))


def raised_cosine(p: float, tau: float, half: float) -> float:
    x = max(-1.0, min(1.0, (p - tau) / half))
    return 0.5 * (1 + x + math.sin(math.pi * x) / math.pi)


# Every step with its definition for one score, written independently of the kernel.
STEPS: dict[str, tuple[Any, Callable[[float, float], float]]] = {
    "hard": (ss.Hard(), lambda p, t: float(p >= t)),
    "linear": (ss.Linear(), lambda p, t: five_points(p, t, 0.2)),
    "linear-sharp": (ss.Linear(delta=0.05), lambda p, t: five_points(p, t, 0.05)),
    "sigmoid": (ss.Sigmoid(), lambda p, t: 1 / (1 + math.exp(-10 * (p - t)))),
    "anyloss": (ss.Sigmoid(k=73.0), lambda p, t: 1 / (1 + math.exp(-73 * (p - t)))),
    "identity": (ss.Identity(), lambda p, t: p),
    "ramp": (ss.Ramp(width=0.3), lambda p, t: max(0.0, min(1.0, (p - t) / 0.3 + 0.5))),
    "cosine": (ss.Cosine(width=0.4), lambda p, t: raised_cosine(p, t, 0.2)),
    "arctan": (ss.Arctan(k=8.0), lambda p, t: 0.5 + math.atan(8 * (p - t)) / math.pi),
    "algebraic": (
        ss.Algebraic(k=6.0),
        lambda p, t: 0.5 + 3 * (p - t) / math.sqrt(1 + 36 * (p - t) ** 2),
    ),
    "straight-through": (ss.StraightThrough(ss.Sigmoid(k=5.0)), lambda p, t: float(p >= t)),
}
SOFT = {name: step for name, (step, _) in STEPS.items() if name not in ("hard", "straight-through")}


def count_by_loop(
    y_true: Any,
    y_prob: Any,
    membership: Callable[[float, float], float],
    tau: Any,
    weights: Any = 1,
) -> ss.Confusion:
    """Count one example after the other, as in Tsoi et al. 2022, Eq. 2 and Eq. 6."""
    y_true, y_prob, tau, weights = np.broadcast_arrays(y_true, y_prob, tau, weights)
    tp = fp = fn = tn = 0.0
    for y, p, t, w in zip(*(x.ravel() for x in (y_true, y_prob, tau, weights)), strict=True):
        h = membership(p, t)
        tp, fp = tp + w * y * h, fp + w * (1.0 - y) * h
        fn, tn = fn + w * y * (1 - h), tn + w * (1.0 - y) * (1 - h)
    return ss.Confusion(*np.asarray([tp, fp, fn, tn]))


def labels_and_scores(
    n: int | tuple[int, ...] = 32, seed: int = 0, positives: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """Return boolean labels and float64 probabilities that know a little about them."""
    rng = np.random.default_rng(seed)
    y_true = rng.uniform(size=n) < positives
    # Odd multiples of 2**-21: kinks at round thresholds are never hit.
    fine = np.floor(np.clip(0.25 * y_true + 0.75 * rng.uniform(size=n), 0.002, 0.998) * 2**20)
    return y_true, (fine + 0.5) / 2**20


def total(x: Any) -> Any:
    """Return the sum of an array of any library, or of dual numbers."""
    return ss.array_namespace(x).sum(x)


def assert_array(x: Any, backend: Backend, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Require an array of the library with this dtype and shape; return it in NumPy."""
    found = backend.to_numpy(x)
    assert backend.dtype_name(x) == dtype
    assert found.shape == shape
    return found


def assert_close(
    x: Any,
    expected: Any,
    backend: Backend,
    rtol: float = EXACT,
    *,
    dtype: str = "float64",
    scale: float | None = None,
) -> None:
    """Require namespace, dtype and shape, then values to rtol of the largest expected one."""
    expected = np.asarray(expected)
    found = assert_array(x, backend, dtype, expected.shape)
    if scale is None:
        scale = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * scale)


def assert_counts(
    c: Any, expected: Any, backend: Backend, rtol: float = EXACT, *, dtype: str = "float64"
) -> None:
    """Require a Confusion of four arrays, equal to rtol of the total."""
    assert isinstance(c, ss.Confusion)
    scale = float(np.max(sum(np.abs(np.asarray(x, dtype=np.float64)) for x in expected)))
    for x, e in zip(c, expected, strict=True):
        assert_close(x, e, backend, rtol, dtype=dtype, scale=scale)


def central_differences(fn: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Return the gradient of a function to one number by central differences."""
    out = np.empty_like(x)
    for i in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[i] += STEP
        low[i] -= STEP
        out[i] = (float(fn(high)) - float(fn(low))) / (high[i] - low[i])
    return out
