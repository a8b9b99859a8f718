"""The gradient checker: it agrees with what is right, and every part is shown to fail once."""

import importlib
import sys

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from softset_backends.check import cases
from tests.support.backends import lib_of

RNG = np.random.default_rng(3)
Y_TRUE = RNG.uniform(size=24) < 0.4
Y_PROB = RNG.uniform(0.02, 0.98, 24)

OTHERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(name not in sb.available(), reason=f"{name} is not installed"),
    )
    for name in ("torch", "jax", "tensorflow")
]
several = pytest.mark.skipif(len(sb.available()) < 2, reason="only NumPy is installed")


def constant(x):
    return lib_of(x).constant(x)


@pytest.fixture(scope="module")
def quick():
    """All modes but torch's code generation, which takes seconds for each function."""
    return [mode for mode in cases.modes_of(sb.available()) if mode != "compile"]


def library(x):
    return type(x).__module__.partition(".")[0].removesuffix("lib")


def brier(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    return xp.mean((y_prob - xp.astype(y_true, y_prob.dtype)) ** 2)


def detach(x):
    """Return x as a constant to its framework's autodiff."""
    name = library(x)
    if name == "torch":
        return x.detach()
    module = importlib.import_module(name)
    return module.lax.stop_gradient(x) if name == "jax" else module.stop_gradient(x)


def row_of(report, *names):
    (found,) = [r for r in report.rows if (r.backend, r.mode, r.dtype)[: len(names)] == names]
    return found


def test_a_loss_on_every_backend(quick):
    report = sb.check_gradients(ss.as_loss(ss.f1), Y_TRUE, Y_PROB, modes=quick, cases=["f1"])
    modes = sum(len(set(sb.get(name).MODES) & set(quick)) for name in sb.available())
    assert len(report.rows) == 2 * modes
    assert report.passed, f"{report.worst}\n{report}"
    for row in report.rows:
        assert row.cases == 1 and row.error == "" and row.differences is not None
        assert 0 <= row.differences.gradient < (1e-7 if row.dtype == "float64" else 1e-5)
    # Two ways of dual numbers: the chain of four sums, and one direction for each score.
    assert row_of(report, "numpy", "eager", "float64").dual is not None


def test_a_function_of_the_users():
    report = sb.check_gradients(
        brier, Y_TRUE, Y_PROB, modes=["eager"], tolerance=sb.TOLERANCES, differences=True
    )
    assert report.passed
    # Dual numbers on NumPy are the referee; there is nothing to compare them with.
    assert row_of(report, "numpy", "eager", "float64").dual is None
    assert row_of(report, "numpy", "eager", "float32").dual is not None


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("wrong", ["gradient", "value", "nan", "dtype", "error"])
def test_a_function_that_is_wrong_on_one_framework(name, wrong):
    def fn(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        square = y_prob * y_prob
        if library(y_prob) == {"tensorflow": "tensorflow"}.get(name, name):
            if wrong == "gradient":
                square = y_prob * detach(y_prob)
            elif wrong == "value":
                square = square + 1e-6
            elif wrong == "nan":
                # The slope of the branch not taken is infinite, and 0 times it is NaN.
                square = xp.where(y_prob >= 0, square, xp.log(y_prob - detach(y_prob)))
            elif wrong == "dtype":
                other = xp.float32 if "64" in str(y_prob.dtype) else xp.float64
                return xp.astype(xp.mean(square), other)
            elif wrong == "error":
                raise RuntimeError("not here\nreally")
        return xp.mean(square)

    report = sb.check_gradients(
        fn, Y_TRUE, Y_PROB, backends=["numpy", name], modes=["eager"], cases=["mine"]
    )
    right, found = (row_of(report, x, "eager", "float64") for x in ("numpy", name))
    assert not report.passed
    assert report.within({}) is (not found.error)
    assert right.differences.gradient < 1e-7
    assert row_of(report, "numpy", "eager", "float32").dual.largest < 1e-5
    expected = {"gradient": (0, 0.5), "value": (1e-6, 0), "nan": (0, np.inf)}
    value, gradient = expected.get(wrong, (np.inf, np.inf))
    for gap in (found.dual, found.others, found.differences):
        assert gap.value == pytest.approx(value, rel=1e-3, abs=1e-9)
        assert gap.gradient == pytest.approx(gradient, rel=1e-3, abs=1e-7)
        assert gap.case == "mine"
    text = {"dtype": "TypeError: the value should be float64", "error": "RuntimeError: not here"}
    assert found.error.startswith(text.get(wrong, ""))
    assert (found.error in str(report)) and "really" not in str(report)


@several
def test_a_function_whose_frameworks_disagree_at_ties():
    """Each library has its own slope for the maximum of equal numbers."""

    def ties(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        return xp.mean(xp.maximum(y_prob * 2, y_prob + y_prob * 1))

    def clipped(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        return xp.sum(xp.clip(y_prob, min=0.25, max=1.0))

    report = sb.check_gradients(ties, Y_TRUE, Y_PROB, modes=["eager"])
    assert report.passed  # both sides have one slope
    at_the_edge = np.full(4, 0.25)
    report = sb.check_gradients(
        clipped, np.ones(4), at_the_edge, modes=["eager"], differences=False, dtypes=["float64"]
    )
    slopes = {"numpy": 1.0, "torch": 1.0, "jax": 0.5, "tensorflow": 1.0}
    disagree = len({slopes[name] for name in sb.available()}) > 1
    assert report.passed is not disagree


def test_central_differences_see_a_step():
    loss = ss.as_loss(ss.f1, step=ss.StraightThrough(ss.Linear()))
    report = sb.check_gradients(loss, Y_TRUE, Y_PROB, backends=["numpy"])
    assert not report.passed and report.worst.referee == "differences"
    report = sb.check_gradients(loss, Y_TRUE, Y_PROB, backends=["numpy"], differences=False)
    assert report.passed and all(row.differences is None for row in report.rows)


def test_a_wrong_reference():
    loss = ss.as_loss(ss.f1)

    def halved(y_true, y_prob):
        value, gradient = ss.value_and_grad(loss)(y_true, y_prob)
        return value, gradient / 2

    report = sb.check_gradients(loss, Y_TRUE, Y_PROB, backends=["numpy"], reference=halved)
    assert row_of(report, "numpy", "eager", "float64").dual.gradient > 0.1
    assert report.worst.referee == "dual" and "against dual numbers" in str(report.worst)


def test_a_function_that_dual_numbers_cannot_do():
    def squared(y_true, y_prob):
        return ss.array_namespace(y_prob).vecdot(y_prob, y_prob)

    report = sb.check_gradients(squared, Y_TRUE, Y_PROB, backends=["numpy"])
    assert not report.passed
    assert all("dual numbers have no rule for `vecdot`" in row.error for row in report.rows)
    assert row_of(report, "numpy", "eager", "float64").differences == (np.inf, np.inf, "")


def test_a_referee_that_fails():
    def fails(y_true, y_prob):
        raise RuntimeError("no closed form")

    report = sb.check_gradients(brier, Y_TRUE, Y_PROB, backends=["numpy"], reference=fails)
    assert not report.passed
    assert row_of(report, "numpy", "referee").error == "RuntimeError: no closed form"


def test_a_reference_of_another_shape():
    def transposed(y_true, y_prob):
        return np.zeros(2), np.zeros((2, 24))

    report = sb.check_gradients(brier, Y_TRUE, Y_PROB, backends=["numpy"], reference=transposed)
    assert report.worst.gap[:2] == (np.inf, np.inf) and report.worst.referee == "dual"


def test_keyword_arrays_and_masked_nan():
    where = np.arange(24) % 3 > 0
    masked = np.where(where, Y_PROB, np.nan)
    report = sb.check_gradients(
        ss.as_loss(ss.f1),
        Y_TRUE,
        masked,
        modes=["eager"],
        tolerance=sb.TOLERANCES,
        where=where,
        sample_weight=np.random.default_rng(101).uniform(size=24),
    )
    assert report.passed


def test_gradient_in_another_argument(quick):
    def weighted(y_true, y_prob, weight):
        xp = ss.array_namespace(y_true, y_prob, weight)
        return xp.sum(weight * (y_prob - xp.astype(y_true, y_prob.dtype)) ** 2)

    report = sb.check_gradients(
        weighted, Y_TRUE, Y_PROB, Y_PROB[::-1].copy(), argnum=2, modes=quick
    )
    assert report.passed


def test_tolerance_raises_with_the_table():
    tight = {"float64": {"differences": 0.0}}
    with pytest.raises(AssertionError, match=r"disagree; the worst: the function on numpy") as e:
        sb.check_gradients(brier, Y_TRUE, Y_PROB, backends=["numpy"], tolerance=tight)
    assert "dual numbers" in str(e.value) and "float32" in str(e.value)
    # A dtype or a referee that is not named is not judged.
    loose = {"float64": {"differences": 1e-7}, "float32": {}}
    sb.check_gradients(brier, Y_TRUE, Y_PROB, backends=["numpy"], tolerance=loose)


def test_several_values_are_named():
    def two(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        return xp.stack([brier(y_true, y_prob), xp.mean(y_prob) ** 3])

    def reference(y_true, y_prob):
        value, slopes = sb.get("numpy").value_and_grad(two)(y_true, y_prob)
        return value, slopes * [[1.0], [1.5]]

    report = sb.check_gradients(
        two, Y_TRUE, Y_PROB, backends=["numpy"], reference=reference, cases=["brier", "cube"]
    )
    row = row_of(report, "numpy", "eager", "float64")
    assert row.cases == 2 and row.dual.case == "cube"
    assert row.dual.gradient == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "arguments, options, error, message",
    [
        ((3, Y_TRUE, Y_PROB), {}, TypeError, "`fn` must be a function of arrays, got 3"),
        ((brier,), {}, ValueError, "`arrays` must not be empty"),
        ((brier, [1, 0], Y_PROB), {}, TypeError, "`argument 0` must be a NumPy array, got list"),
        ((brier, Y_TRUE, Y_PROB), {"where": [True]}, TypeError, "`where` must be a NumPy array"),
        ((brier, Y_TRUE, Y_PROB), {"argnum": 2}, ValueError, "`argnum` must number one of 2"),
        ((brier, Y_TRUE, Y_PROB), {"argnum": 0}, TypeError, "a floating-point array, got bool"),
        ((brier, Y_TRUE, Y_PROB), {"dtypes": ["half"]}, ValueError, "`dtypes` must be among"),
        ((brier, Y_TRUE, Y_PROB), {"dtypes": []}, ValueError, "`dtypes` must be among"),
        ((brier, Y_TRUE, Y_PROB), {"backends": "numpy"}, TypeError, r"write \['numpy'\]"),
        ((brier, Y_TRUE, Y_PROB), {"backends": []}, ValueError, "at least one backend"),
        ((brier, Y_TRUE, Y_PROB), {"backends": ["cupy"]}, ValueError, "must be one of numpy"),
        ((brier, Y_TRUE, Y_PROB), {"modes": ["fast"]}, ValueError, "`modes` must be among eager"),
        ((brier, Y_TRUE, Y_PROB), {"modes": []}, ValueError, "`modes` must be among eager"),
    ],
)
def test_errors(arguments, options, error, message):
    with pytest.raises(error, match=message):
        sb.check_gradients(*arguments, **options)


def test_backend_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("softset_backends.registry.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"'jax' is not installed; pip install 'softset\[jax\]'"):
        sb.check_gradients(brier, Y_TRUE, Y_PROB, backends=["jax"])


def test_warnings_of_a_users_function_are_the_users():
    def rooted(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        return xp.sum(xp.where(y_prob > 0.5, xp.sqrt(y_prob - 0.5), 0 * y_prob))

    with pytest.warns(RuntimeWarning, match="invalid value"):
        sb.check_gradients(rooted, Y_TRUE, Y_PROB, backends=["numpy"])


def clipped_cross_entropy(y_true, y_prob):
    xp = ss.array_namespace(y_true, y_prob)
    y_true, y_prob = xp.astype(y_true, y_prob.dtype), xp.clip(y_prob, 1e-7, 1 - 1e-7)
    return -xp.mean(y_true * xp.log(y_prob) + (1 - y_true) * xp.log(1 - y_prob))


@pytest.mark.parametrize(
    "loss",
    [
        ss.as_loss(ss.f1),
        ss.as_loss(ss.accuracy),
        ss.pairwise_loss,
        brier,
        ss.cross_entropy,
        clipped_cross_entropy,
    ],
)
def test_probabilities_at_the_ends(loss):
    y_prob = np.asarray([1, 0.2, 0.7, 0, 0.4, 1, 1e-6, 1 - 1e-6, 0])
    y_true = np.asarray([1.0, 0, 1, 0, 1, 1, 0, 1, 0])
    report = sb.check_gradients(loss, y_true, y_prob, modes=["eager"])
    assert report.passed, f"{report.worst}\n{report}"
    # Each dtype has its own least probability, whose logarithm is the loss of a wrong label.
    report = sb.check_gradients(loss, 1 - y_true, y_prob, modes=["eager"], dtypes=["float64"])
    assert report.passed, f"{report.worst}\n{report}"


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_wrong_slope_at_an_end(end):
    def fn(y_true, y_prob):
        xp = ss.array_namespace(y_true, y_prob)
        return xp.mean(xp.where(y_prob == end, constant(y_prob), y_prob) ** 2)

    y_prob = np.asarray([0.3, end, 0.8, 0.6])
    report = sb.check_gradients(fn, np.ones(4), y_prob, modes=["eager"])
    assert report.passed is (end == 0)  # where the slope of a square is 0
    if end:
        assert report.worst.referee == "differences"
        assert row_of(report, "numpy", "eager", "float64").differences.gradient == pytest.approx(
            1, abs=1e-6
        )


def test_differences_at_ends_and_kinks():
    differences = sb.get("numpy").central_differences

    def cube(y_true, y_prob):
        if np.any((y_prob < 0) | (y_prob > 1)):
            raise RuntimeError("no probability")
        return np.sum(y_prob**3 + y_prob * y_true)

    x = np.asarray([0.0, 1.0, 0.5, 4e-6, 1 - 4e-6])
    _, gradient = differences(cube)(np.arange(5), x)
    np.testing.assert_allclose(gradient, 3 * x**2 + np.arange(5), rtol=1e-9, atol=1e-9)
    # NaN beyond an end is no value there.
    _, gradient = differences(lambda y, p: np.sum(np.where(p > 1, np.nan, p**3)))(x, x)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-9, atol=1e-9)
    # What has no ends is moved both ways.
    _, gradient = differences(lambda y, z: np.sum(np.where(z > 0, 2, 1) * z))(x, x - 0.5)
    np.testing.assert_allclose(gradient, [1, 2, np.nan, 1, 2])
    _, gradient = differences(lambda y, z: np.sum(np.exp(z)))(x, np.asarray([0.0, -3, 2, 1]))
    np.testing.assert_allclose(gradient, np.exp([0, -3, 2, 1]), rtol=1e-9)
    with pytest.raises(RuntimeError, match="no probability"):
        differences(cube)(np.arange(5), np.asarray([0.5, 2.0]))


def test_kinks_are_left_to_the_other_referees():
    at_knots = np.asarray([0.25, 0.75, 0.1, 0.5, 0.25, 0.75])
    labels = np.asarray([1, 0, 0, 1, 0, 1])
    assert sb.check_gradients(ss.as_loss(ss.f1), labels, at_knots, modes=["eager"]).passed

    pytest.importorskip("torch", reason="dual numbers have the slope that is meant, 0")

    def rooted(y_true, y_prob):  # whose slope is NaN at its kink
        xp = ss.array_namespace(y_true, y_prob)
        square = (y_prob - 0.5) ** 2
        return xp.mean(xp.where(square > 0, xp.sqrt(square), 0 * square))

    with np.errstate(divide="ignore", invalid="ignore"):
        report = sb.check_gradients(rooted, labels, at_knots, modes=["eager"])
    assert not report.passed and report.worst.gap.gradient == np.inf


def total(x):
    return ss.array_namespace(x).sum(x)


def each(y_true, y_prob):
    return (y_prob - y_true) ** 2


async def waits(y_true, y_prob):
    return brier(y_true, y_prob)


def leaves(y_true, y_prob):
    sys.exit(0)


@pytest.mark.parametrize(
    "fn, error, message",
    [
        (
            ss.f1,
            TypeError,
            r"`fn` must take the arrays.*\(c, zero_division\).* needs softset.as_loss",
        ),
        (ss.macro(ss.f1), TypeError, "`fn` must take the arrays, as fn.*as_loss"),
        (lambda y, p, w: p, TypeError, r"missing a required argument: 'w' \(y, p, w\)"),
        (lambda y, p: (brier(y, p), p), TypeError, r"return one array, got 2 results \(tuple\)"),
        (ss.confusion, TypeError, r"return one array, got 4 results \(Confusion\)"),
        (lambda y, p: float(np.mean(p)), TypeError, "must return an array, got float; .*item"),
        (lambda y, p: None, TypeError, "must return an array, got NoneType"),
        (lambda y, p: (yield p), TypeError, "must return an array, got generator; .*yield"),
        (waits, TypeError, "must return an array, got coroutine; .*async"),
        (lambda y, p: np.sum(p > 0.5), TypeError, "a floating-point loss, got int64"),
        (each, ValueError, r"got the shape \(24,\) for scores of shape \(24,\); return the mean"),
        (lambda y, p: p[:, None] * p, ValueError, r"got the shape \(24, 24\) for scores"),
        (lambda y, p: p[:0], ValueError, r"got the shape \(0,\) for scores"),
        (leaves, RuntimeError, "`fn` must return, got SystemExit: 0; it calls sys.exit"),
        (
            ss.as_score(ss.f1),
            ValueError,
            "must change smoothly with the scores, .* of 0 everywhere",
        ),
        (ss.as_loss(ss.f1, step=ss.Hard()), ValueError, "must change smoothly.*differences=False"),
        (lambda y, p: total(p * 0), ValueError, "must change smoothly.*constant on these"),
        (
            lambda y, p: brier(y, constant(p)) + total(0 * p),
            ValueError,
            "`fn` must keep the slopes of its scores, got a gradient of 0 everywhere, although",
        ),
    ],
)
def test_what_is_no_loss(fn, error, message):
    with pytest.raises(error, match=message) as found:
        sb.check_gradients(fn, Y_TRUE, Y_PROB, backends=["numpy"])
    assert "\n" not in str(found.value)


def test_a_loss_that_is_to_have_no_slope():
    hard = ss.as_loss(ss.f1, step=ss.Hard())
    assert sb.check_gradients(hard, Y_TRUE, Y_PROB, modes=["eager"], differences=False).passed


def test_several_values_have_one_name_or_one_each():
    def rows(y_true, y_prob):
        return each(y_true, ss.array_namespace(y_prob).sum(y_prob, axis=1))

    y_prob = np.reshape(Y_PROB, (6, 4))
    for cases_ in ((), ("row",), tuple("abcdef")):
        report = sb.check_gradients(
            rows, np.ones(6), y_prob, backends=["numpy"], cases=cases_, reference=wrong_reference
        )
        assert report.worst.gap.case in (cases_ or ("",))
    with pytest.raises(ValueError, match="`cases` must name each of 6 losses, got 2 names"):
        sb.check_gradients(rows, np.ones(6), y_prob, backends=["numpy"], cases=["a", "b"])
    # As many losses as scores are meant if all of them are named.
    named = [str(i) for i in range(24)]
    assert sb.check_gradients(each, 1.0 * Y_TRUE, Y_PROB, backends=["numpy"], cases=named).passed


def wrong_reference(y_true, y_prob):
    value = (np.sum(y_prob, axis=1) - y_true) ** 2
    return value, np.ones((6, *y_prob.shape))


@several
@pytest.mark.parametrize("name", ["numpy", *OTHERS])
@pytest.mark.parametrize("every", [True, False])
def test_the_backend_that_most_disagree_with_is_named(name, every):
    def fn(y_true, y_prob):
        xp, wrong = ss.array_namespace(y_prob), {"numpy": "softset"}.get(name, name)
        factor = y_prob
        if library(y_prob) == wrong:
            factor = constant(y_prob)
        return xp.sum(factor * y_prob * y_prob)

    others = [x for x in sb.available() if x != name]
    names = [*others, name] if every else [others[0], name]
    report = sb.check_gradients(fn, Y_TRUE, Y_PROB, backends=names, modes=["eager"])
    assert not report.passed
    assert report.worst.row.backend == name
    assert f"on {name} eager" in str(report.worst)
    assert {row.backend for row in report.rows if row.blamed} == {name}
    (sentence,) = report.findings
    assert sentence.startswith(f"wrong gradient on {name} at score ")


def test_a_wrong_gradient_of_ones_own():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, slope):
            return 2.5 * slope * ctx.saved_tensors[0]

    def fn(y_true, y_prob):
        square = Square.apply if library(y_prob) == "torch" else (lambda x: x * x)
        return ss.array_namespace(y_prob).mean(square(y_prob))

    for differences in (True, False):
        report = sb.check_gradients(
            fn, Y_TRUE, Y_PROB, modes=["eager"], differences=differences, tolerance=None
        )
        assert report.worst.row.backend == "torch"
        others = [row for row in report.rows if row.backend != "torch"]
        assert not any(row.blamed for row in others)
