"""The backends: the registry, and the same functions on every framework."""

import subprocess
import sys
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from softset_backends import registry

MODES = {
    "numpy": ("eager",),
    "torch": ("eager", "aot_eager", "compile"),
    "jax": ("eager", "jit"),
    "tensorflow": ("eager", "function", "xla"),
}


def marked(name, *rest):
    missing = name not in sb.available()
    skip = pytest.mark.skipif(missing, reason=f"{name} is not installed")
    return pytest.param(name, *rest, marks=skip, id="-".join((name, *rest)))


NAMES = [marked(name) for name in MODES]
# torch's code generation takes seconds for each function; it has a test of its own.
QUICK = [marked(name, mode) for name in MODES for mode in MODES[name] if mode != "compile"]

Y_TRUE = np.asarray([1, 0, 1, 1, 0, 0, 1, 0])
Y_PROB = np.asarray([0.9, 0.3, 0.45, 0.2, 0.65, 0.1, 0.7, 0.35])


def three(y_true, y_prob):
    """Three values of the same scores, the last one a constant."""
    xp = ss.array_namespace(y_true, y_prob)
    labels = xp.astype(y_true, y_prob.dtype)
    return xp.stack([xp.mean((y_prob - labels) ** 2), xp.sum(y_prob**3), xp.sum(labels)])


THREE_SLOPES = np.stack([2 * (Y_PROB - Y_TRUE) / len(Y_TRUE), 3 * Y_PROB**2, 0 * Y_PROB])


def both(name, mode, fn, *arrays, argnum=1):
    backend = sb.get(name)
    with backend.double_precision():
        given = [backend.asarray(x) for x in arrays]
        value, gradient = backend.value_and_grad(fn, argnum=argnum, mode=mode)(*given)
        backend.synchronize(gradient)
        return backend.to_numpy(value), backend.to_numpy(gradient)


def test_registry_knows_what_is_tested():
    assert tuple(MODES) == registry.NAMES


@pytest.mark.parametrize("name", NAMES)
def test_modes(name):
    assert MODES[name] == sb.get(name).MODES


def test_unknown_backend():
    with pytest.raises(ValueError, match=r"must be one of numpy, torch, jax, .*got 'cupy'"):
        sb.get("cupy")


@pytest.mark.parametrize("name", MODES)
def test_backend_that_is_not_installed(monkeypatch, name):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert sb.available() == ()
    with pytest.raises(ImportError, match=rf"'{name}' is not installed; pip install '.*{name}"):
        sb.get(name)


def test_public_names_are_there():
    needy = {"FrameCounts", "count_table"} if find_spec("narwhals") is None else set()
    assert all(hasattr(sb, name) for name in sb.__all__ if name not in needy)
    for name in needy:
        with pytest.raises(ImportError, match=r"pip install 'softset\[frames\]'"):
            getattr(sb, name)
    with pytest.raises(AttributeError, match="no attribute 'checks'"):
        sb.checks  # noqa: B018


def test_importing_loads_neither_a_framework_nor_numpy():
    program = "import sys, softset_backends; print([x for x in sys.argv[1:] if x in sys.modules])"
    paths = ["-c", program, "numpy", "torch", "jax", "tensorflow", "typer", "rich"]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run(
        [sys.executable, *paths], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
    program = "import numpy, " + program.removeprefix("import ")
    found = subprocess.run(
        [sys.executable, "-c", program, *paths[2:]],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "['numpy']"


@pytest.mark.parametrize("name", NAMES)
def test_arrays_there_and_back(name):
    backend = sb.get(name)
    assert isinstance(backend.device(), str)
    for dtype in ("float32", "float64"):
        with backend.double_precision():
            x = backend.asarray([[0.25, 0.5]], dtype)
            assert dtype in str(x.dtype)
            found = backend.to_numpy(x)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, [[0.25, 0.5]])


def test_jax_without_double_precision_of_its_own(monkeypatch):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    backend = sb.get("jax")
    with jax.enable_x64(False):
        assert backend.asarray(Y_PROB).dtype == "float32"
        with backend.double_precision():
            assert backend.asarray(Y_PROB).dtype == "float64"
    # Before JAX 0.8 the function was elsewhere.
    monkeypatch.setattr("jax.experimental.enable_x64", jax.enable_x64, raising=False)
    monkeypatch.delattr(jax, "enable_x64")
    with backend.double_precision():
        assert backend.asarray(Y_PROB).dtype == "float64"


@pytest.mark.parametrize("name, mode", QUICK)
def test_gradient_of_a_loss(name, mode):
    loss = ss.as_loss(ss.f1)
    value, gradient = both(name, mode, loss, Y_TRUE, Y_PROB)
    expected = ss.value_and_grad(loss)(Y_TRUE, Y_PROB)
    assert value.shape == () and gradient.dtype == np.float64
    np.testing.assert_allclose(value, expected[0], rtol=1e-13)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-13)


@pytest.mark.parametrize("name, mode", QUICK)
def test_gradients_of_several_values(name, mode):
    value, gradient = both(name, mode, three, Y_TRUE, Y_PROB)
    np.testing.assert_allclose(value, three(Y_TRUE, Y_PROB), rtol=1e-14)
    np.testing.assert_allclose(gradient, THREE_SLOPES, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name, mode", QUICK)
def test_gradients_in_two_dimensions(name, mode):
    def columns(y_true, y_prob):
        return ss.array_namespace(y_prob).sum(y_prob**2, axis=0)

    y_prob = np.reshape(Y_PROB, (4, 2))
    value, gradient = both(name, mode, columns, np.reshape(Y_TRUE, (4, 2)), y_prob)
    expected = np.stack([2 * y_prob * [1, 0], 2 * y_prob * [0, 1]])
    np.testing.assert_allclose(value, np.sum(y_prob**2, axis=0), rtol=1e-14)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)


@pytest.mark.parametrize("name, mode", QUICK)
def test_gradient_in_another_argument(name, mode):
    def weighted(y_true, y_prob, weight):
        return ss.array_namespace(y_prob, weight).sum(y_prob * weight)

    for argnum, expected in ((1, Y_PROB[::-1]), (2, Y_PROB)):
        arrays = Y_TRUE, Y_PROB, Y_PROB[::-1].copy()
        _, gradient = both(name, mode, weighted, *arrays, argnum=argnum)
        np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("name, mode", QUICK)
def test_constants_have_a_gradient_of_zero(name, mode):
    hard = ss.as_loss(ss.f1, step=ss.Hard())
    value, gradient = both(name, mode, hard, Y_TRUE, Y_PROB)
    assert value == pytest.approx(1 - ss.as_score(ss.f1)(Y_TRUE, Y_PROB))
    np.testing.assert_array_equal(gradient, np.zeros(8))

    def labels_only(y_true, y_prob):
        return ss.array_namespace(y_true).astype(y_true, y_prob.dtype)

    _, gradient = both(name, mode, labels_only, Y_TRUE, Y_PROB)
    np.testing.assert_array_equal(gradient, np.zeros((8, 8)))


@pytest.mark.parametrize("name, mode", QUICK)
def test_compiled_functions_take_any_length(name, mode):
    backend = sb.get(name)
    with backend.double_precision():
        fn = backend.compile(ss.as_loss(ss.f1), mode)
        for n in (8, 5):
            found = fn(backend.asarray(Y_TRUE[:n]), backend.asarray(Y_PROB[:n]))
            expected = ss.as_loss(ss.f1)(Y_TRUE[:n], Y_PROB[:n])
            np.testing.assert_allclose(backend.to_numpy(found), expected, rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_mode(name):
    with pytest.raises(ValueError, match=r"`mode` must be one of eager.*, got 'fast'"):
        sb.get(name).compile(three, "fast")


@pytest.mark.parametrize("name, mode", [marked("torch", "aot_eager"), marked("jax", "jit")])
def test_many_functions_can_be_compiled(name, mode):
    """PyTorch's limit of versions counts per code object, which these functions share."""
    for k in range(10):
        value, _ = both(name, mode, partial(scaled, float(k)), Y_TRUE, Y_PROB)
        assert value == pytest.approx(k * np.sum(Y_PROB))


def scaled(factor, y_true, y_prob):
    return ss.array_namespace(y_prob).sum(y_prob * factor)


def test_generated_code():
    pytest.importorskip("torch", reason="torch is not installed")
    value, gradient = both("torch", "compile", three, Y_TRUE, Y_PROB)
    np.testing.assert_allclose(value, three(Y_TRUE, Y_PROB), rtol=1e-14)
    np.testing.assert_allclose(gradient, THREE_SLOPES, rtol=1e-13, atol=1e-16)


def test_central_differences():
    value, gradient = sb.get("numpy").central_differences(three)(Y_TRUE, Y_PROB)
    np.testing.assert_array_equal(value, three(Y_TRUE, Y_PROB))
    np.testing.assert_allclose(gradient, THREE_SLOPES, rtol=1e-9, atol=1e-10)
    assert not np.allclose(gradient, THREE_SLOPES[::-1])
    _, gradient = sb.get("numpy").central_differences(scaled, argnum=2)(3.0, Y_TRUE, Y_PROB)
    np.testing.assert_allclose(gradient, np.full(8, 3.0), rtol=1e-9)
