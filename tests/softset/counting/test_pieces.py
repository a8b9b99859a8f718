"""Two passes over the data, in pieces: the same numbers as at once, and hardly more memory."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import softset as ss
from softset._counting import pieces as _passes
from tests.support import marks
from tests.support.referees import HALF, SINGLE

# Sums of a few thousand numbers in float64, in another order.
SUMMED = 1e-13

RNG = np.random.default_rng(5)

FORMS = {
    "all": ((700,), {}),
    "classes": ((90, 7), {"axis": 0}),
    "rows": ((90, 7), {"axis": 1}),
    "thresholds of classes": ((90, 7), {"axis": 0, "threshold": tuple(np.linspace(0.2, 0.8, 7))}),
    "two axes": ((6, 11, 9), {"axis": (0, 2)}),
    "images": ((6, 11, 9), {"axis": (1, 2)}),
    "few in front": ((2, 400), {}),
    "grid": ((700,), {"thresholds": (0.3, 0.5, 0.7)}),
    "grid of classes": ((90, 7), {"axis": 0, "thresholds": ss.grid(20)}),
    "long grid": ((5000,), {"thresholds": ss.grid(40)}),
    "smooth": ((90, 7), {"axis": 0, "step": ss.Sigmoid()}),
    "smooth grid": ((700,), {"thresholds": (0.3, 0.6), "step": ss.Sigmoid()}),
    "logits": ((700,), {"from_logits": True}),
    "hard in value": ((700,), {"step": ss.StraightThrough(ss.Linear())}),
    "ramp": ((700,), {"step": ss.Ramp(0.4)}),
}
METRIC = partial(ss.fbeta, beta=2.0)


def data(shape, *, logits=False):
    rng = np.random.default_rng(1)
    y = rng.uniform(size=shape) < 0.4
    p = rng.uniform(0.01, 0.99, shape)
    return y, np.log(p / (1 - p)) if logits else p


def options_of(shape):
    """Return weights of one for each row, and a mask that is the same in all rows."""
    weight = RNG.uniform(0.5, 2.0, (shape[0],) + (1,) * (len(shape) - 1))
    where = np.broadcast_to(RNG.uniform(size=(1, *shape[1:])) < 0.8, (1, *shape[1:]))
    return {"sample_weight": weight, "where": np.ascontiguousarray(where)}


# Other libraries' arrays are never taken in pieces.
@marks.on("numpy", "torch")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_pieces_give_the_same_numbers(backend, form, weighted, monkeypatch):
    shape, options = FORMS[form]
    loss = ss.as_loss(METRIC, **options)
    y, p = data(shape, logits=options.get("from_logits", False))
    more = options_of(shape) if weighted else {}

    def both():
        arrays = backend.asarray(y), backend.asarray(p)
        given = {name: backend.asarray(x) for name, x in more.items()}
        c = loss.confusion(*arrays, **given)
        found = (*c, *ss.value_and_grad(loss)(*arrays, **given))
        return [backend.to_numpy(x) for x in found]

    whole = both()
    monkeypatch.setattr(_passes, "_SIZE", 50)
    for x, e in zip(both(), whole, strict=True):
        assert x.shape == e.shape and x.dtype == e.dtype
        np.testing.assert_allclose(x, e, rtol=SUMMED, atol=SUMMED * np.max(np.abs(e)))


def test_there_are_pieces(monkeypatch):
    """The tests above would hold without any."""
    taken = []
    original = _passes.prepare
    monkeypatch.setattr(_passes, "prepare", lambda a, **k: taken.append(1) or original(a, **k))
    y, p = data((_passes._SIZE + 1,))
    ss.value_and_grad(ss.as_loss(ss.f1))(y, p)
    assert len(taken) == 4


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple),
    st.integers(1, 40),
)
@settings(deadline=None)
def test_pieces_are_small_and_cover_everything_once(shape, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_passes, "_SIZE", size)
        y, p = data(shape)
        call, pieces = _passes._split(ss.as_loss(ss.f1).arguments(y, p, None, None))
    times = np.zeros(call.y_prob.shape, dtype=int)
    for piece in pieces:
        times[piece] += 1
        assert times[piece].size <= size or len(pieces) == 1
    assert np.all(times == 1)


def test_strides_and_axes_of_length_one_do_not_matter(monkeypatch):
    monkeypatch.setattr(_passes, "_SIZE", 50)
    loss = ss.value_and_grad(ss.as_loss(ss.f1))
    y, p = data((40, 12))
    value, gradient = loss(np.ascontiguousarray(y[::2, ::-3]), np.ascontiguousarray(p[::2, ::-3]))
    for views in ((y[::2, ::-3], p[::2, ::-3]), (y[::2, ::-3].T, p[::2, ::-3].T)):
        found = loss(*views)
        back = found[1].T if views[0].shape[0] == 4 else found[1]
        np.testing.assert_allclose(found[0], value, rtol=SUMMED)
        np.testing.assert_allclose(back, gradient, rtol=SUMMED)


@pytest.mark.parametrize("wrong", [np.nan, 1.5])
def test_an_error_tells_the_place_among_all_scores(wrong, monkeypatch):
    monkeypatch.setattr(_passes, "_SIZE", 50)
    y, p = data((40, 12))
    p[30, 7] = wrong
    message = f"`y_prob` must hold probabilities .*got {wrong} at flat position {30 * 12 + 7}"
    for call in (ss.confusion, ss.value_and_grad(ss.as_loss(ss.f1))):
        with pytest.raises(ValueError, match=message):
            call(y, p)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": np.ones(40)}, "`sample_weight` must have as many dimensions"),
        ({"sample_weight": np.ones((40, 5))}, "`sample_weight` must have as many dimensions"),
        ({"where": np.ones((3, 12), dtype=bool)}, "`where` must have as many dimensions"),
        ({"threshold": (0.5, 0.5)}, "`threshold` must broadcast"),
        ({"threshold": (0.5,) * 14}, "`threshold` must broadcast"),
        ({"threshold": np.full((80, 1), 0.5)}, "`threshold` must broadcast"),
        ({"threshold": np.full((2, 40, 12), 0.5)}, "`threshold` must broadcast"),
        ({"threshold": np.full((1, 1, 1), 0.5)}, "`threshold` must broadcast"),
        ({"axis": 2}, "`axis` must lie in"),
    ],
)
def test_errors_are_those_of_small_inputs(options, message, monkeypatch):
    monkeypatch.setattr(_passes, "_SIZE", 50)
    with pytest.raises(ValueError, match=message):
        ss.confusion(*data((40, 12)), **options)


@pytest.mark.parametrize("shape", [(80, 12), (40, 24), (39, 12), (40, 1), (480,)])
def test_labels_of_another_shape_are_not_cut_to_the_scores(shape, monkeypatch):
    """Of more labels than scores every piece would fit."""
    monkeypatch.setattr(_passes, "_SIZE", 50)
    y, p = data(shape)[0], data((40, 12))[1]
    for call in (ss.confusion, ss.value_and_grad(ss.as_loss(ss.f1))):
        with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape, got"):
            call(y, p)


def test_a_step_of_ones_own_sees_all_scores(monkeypatch):
    y, p = data((40, 12))
    step = lambda scores, threshold: scores / np.max(scores)  # noqa: E731
    whole = ss.confusion(y, p, step=step)
    monkeypatch.setattr(_passes, "_SIZE", 50)
    assert ss.confusion(y, p, step=step) == whole


class Squared(ss.Linear):
    def __call__(self, y_prob, threshold):
        return y_prob**2


def test_a_step_derived_from_one_of_ours_is_another_step():
    y, p = data((40, 12))
    loss = ss.as_loss(ss.f1, step=Squared())
    value, gradient = ss.value_and_grad(loss)(y, p)
    expected = ss.value_and_grad(ss.as_loss(ss.f1, step=lambda p, t: p**2))(y, p)
    np.testing.assert_allclose(value, expected[0], rtol=SUMMED)
    np.testing.assert_allclose(gradient, expected[1], rtol=SUMMED)
    assert loss(y, p) == value


def test_a_metric_that_returns_a_number_is_an_error():
    y, p = data((40,))
    with pytest.raises(TypeError, match="`metric` must return an array, got"):
        ss.as_loss(lambda c: float(ss.f1(c)))(y, p)
    with pytest.raises(TypeError, match=r"float\(\) would drop the slope"):
        ss.value_and_grad(ss.as_loss(lambda c: float(ss.f1(c))))(y, p)
    with pytest.raises(TypeError, match="`metric` must return an array, got"):
        ss.value_and_grad(ss.as_loss(lambda c: 0.5))(y, p)


def test_float32_counts_do_not_stand_still_over_pieces():
    """2 ** 25 ones, of which a running sum in float32 would count 2 ** 24."""
    n = 2**25
    c = ss.confusion(np.ones(n, dtype=bool), np.ones(n, dtype=np.float32))
    assert c.tp == n and c.tp.dtype == np.float32


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
@pytest.mark.parametrize(
    "options",
    [{}, {"from_logits": True}, {"step": ss.Sigmoid()}],
    ids=["lines", "logits", "smooth"],
)
def test_memory_beside_the_gradient_does_not_grow(dtype, options):
    n, small = 2**23, 64 * 2**20
    y, p = (RNG.uniform(size=n) < 0.3).astype(dtype), RNG.uniform(size=n).astype(np.float32)
    call = ss.value_and_grad(ss.as_loss(ss.f1, **options))
    tracemalloc.start()
    try:
        _, gradient = call(y, p)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Four more arrays of that length would be 128 MB.
    assert peak < gradient.nbytes + small


@marks.on("numpy", "torch")
def test_scores_of_half_precision(backend, monkeypatch):
    y, p = data((700,))
    loss = ss.as_loss(ss.f1)
    arrays = backend.asarray(y), backend.asarray(p, "float16")
    whole = ss.value_and_grad(loss)(*arrays)
    monkeypatch.setattr(_passes, "_SIZE", 50)
    pieces = ss.value_and_grad(loss)(*arrays)
    for x, e, dtype in zip(pieces, whole, ("float32", "float16"), strict=True):
        assert backend.dtype_name(x) == dtype
        tolerance = SINGLE if dtype == "float32" else HALF
        np.testing.assert_allclose(backend.to_numpy(x), backend.to_numpy(e), rtol=tolerance)
